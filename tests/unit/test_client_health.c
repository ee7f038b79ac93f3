/* Promise 8 for a client: a silent peer is found, a living one is let live. */
#include <errno.h>
#include <string.h>

#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

static struct line_rig rig;

TEST(promise_8_probes_an_idle_session)
{
	line_prepare(&rig);
	rig.config.ping = "say +pong";
	line_start(&rig, OPTIONS(.probe_ms = 1000, .silence_ms = 500));
	line_run(&rig, 10);
	line_told(&rig);
	LINE_TELLS(&rig, 1000, "ping;control +pong;");
	LINE_TELLS(&rig, 1010, "ping;control +pong;");
	sim_peer_freeze(rig.peer, true);
	LINE_TELLS(&rig, 1400, "ping;");
	LINE_TELLS(&rig, 110, "down E_SILENT;");
}

/* Half a message from outside leaves with no probe, nor does a probe that expects
 * nothing leave with a message from outside. */
TEST_ROWS(client_probes_leave_alone, 2)
{
	struct stay_session *session;

	line_prepare(&rig);
	rig.config.ping = _i == 0 ? "say +pong" : NULL;
	rig.config.mumbles = _i == 1;
	line_start(&rig, OPTIONS(.probe_ms = 1000));
	line_run(&rig, 10);
	session = stay_client_session(rig.client);
	if (_i == 0)
		(void)stay_buf_puts(stay_session_control(session), "half ");
	line_run(&rig, 1100);
	if (_i == 1) {
		(void)stay_buf_puts(stay_session_control(session), "say +x\n");
		(void)stay_session_expect(session, 1);
	}
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), _i == 0 ? "say +pong;" : "say +x;");
}

/* What is sent, and not answered, shows no life. */
TEST(promise_8_sending_puts_no_probe_off)
{
	line_prepare(&rig);
	rig.config.ping = "say +pong";
	line_start(&rig, OPTIONS(.probe_ms = 4000));
	line_run(&rig, 3900);
	line_told(&rig);
	line_call(&rig, "a", LINE_NOTE("x"));
	LINE_TELLS(&rig, 120, "a OK/sent;ping;control +pong;");
}

/* Whoever sets nothing is told of a peer that died within some ten seconds. */
TEST(promise_8_probes_after_5_s_by_default)
{
	line_prepare(&rig);
	rig.config.ping = "say +pong";
	line_start(&rig, NULL);
	line_run(&rig, 4900);
	line_told(&rig);
	LINE_TELLS(&rig, 200, "ping;control +pong;");
}

TEST(promise_8_does_not_wait_for_a_blocking_call_too_short)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500, .block_margin_ms = 200));
	line_call(&rig, "a",
	    LINE_WITH("block", .flags = STAY_BLOCKS, .blocks_ms = 2000));
	LINE_TELLS(&rig, 2190, "");
	sim_peer_print(rig.peer, "+late\n");
	LINE_TELLS(&rig, 5, "a OK/replied +late;");
}

static void
forget(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
}

/* Also of one that has nothing else out of the ordinary. */
TEST(promise_8_waits_for_a_plain_call_that_blocks)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500, .block_margin_ms = 200));
	EXPECT_OK(stay_client_call(rig.client,
	    LINE_WITH("block", .flags = STAY_BLOCKS, .blocks_ms = 2000), forget,
	    NULL));
	LINE_TELLS(&rig, 2190, "");
	sim_peer_print(rig.peer, "+late\n");
	LINE_TELLS(&rig, 5, "");
	ck_assert_uint_eq(line_counts(&rig).replied, 1);
}

/* A call that blocks for less than that leaves the others their patience. */
TEST(promise_8_a_short_block_is_no_haste)
{
	line_begin(&rig, OPTIONS(.silence_ms = 2000, .block_margin_ms = 200));
	line_call_with(&rig, "a",
	    LINE_WITH("block", .flags = STAY_BLOCKS, .blocks_ms = 100),
	    WITHIN(STAY_FOREVER));
	LINE_TELLS(&rig, 1990, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;a E_LOST/maybe executed;");
}

/* Room is awaited no more when nothing is left to be written. */
TEST(promise_8_who_is_written_no_more_awaits_no_room)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 2));
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "a", LINE("a"));
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 10);
	stay_client_cancel(rig.client, rig.calls[1].id);
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+a\n");
	LINE_TELLS(&rig, 2000, "b E_CANCELLED/not sent;a OK/replied +a;");
}

/* The suspension ends with the call that blocks. */
TEST(promise_8_finds_silence_behind_a_blocking_call)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	line_call(&rig, "a",
	    LINE_WITH(
		"block", .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER));
	line_call_with(&rig, "b", LINE("x"), WITHIN(STAY_FOREVER));
	line_run(&rig, 60000);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 490, "a OK/replied +1;");
	LINE_TELLS(&rig, 20, "down E_SILENT;b E_SILENT/maybe executed;");
}

TEST(promise_8_patience_ends_with_the_call_that_blocks)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	line_call(&rig, "a",
	    LINE_WITH("block", .flags = STAY_BLOCKS, .blocks_ms = 4000));
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 1000);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 490, "a OK/replied +1;");
	LINE_TELLS(&rig, 20, "down E_SILENT;b E_SILENT/maybe executed;");
}

/* While an answer is due anyway no probe is sent, and an idle client gives
 * memory back, also if its protocol has no probe. */
TEST(promise_8_only_an_idle_session_is_probed)
{
	struct stay_client_options options = { .probe_ms = 1000,
		.silence_ms = 4000 };

	line_prepare(&rig);
	rig.config.ping = "say +pong";
	line_start(&rig, &options);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 3500);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;a OK/replied +1;");
	ck_assert_uint_ne(inside_buffers(rig.client) & INSIDE_REQUESTS, 0);
	LINE_TELLS(&rig, 1000, "ping;control +pong;");
	line_end(&rig);
	line_prepare(&rig);
	rig.protocol = &line_bare_protocol;
	line_start(&rig, &options);
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 3000);
	ck_assert_uint_eq(inside_buffers(rig.client), 0);
}

/* A second after the last byte, whenever the next probe is due; and when the
 * session ends, though calls wait for the next one. */
TEST(promise_8_a_protocol_is_asked_for_its_memory)
{
	unsigned rests = 0;

	line_prepare(&rig);
	rig.config.rests = &rests;
	line_start(&rig, OPTIONS(.probe_ms = 60000, .silence_ms = 60000));
	line_run(&rig, 1500);
	ck_assert_uint_eq(rests, 1);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 3000);
	ck_assert_uint_eq(rests, 1);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 990);
	ck_assert_uint_eq(rests, 1);
	line_run(&rig, 20);
	ck_assert_uint_eq(rests, 2);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_call(&rig, "b", LINE_WITH("x", .flags = STAY_READ_ONLY));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	ck_assert_uint_eq(rests, 3);
	line_end(&rig);
}

/* A kernel that takes bytes for a process that does not is no sign of life. */
TEST(promise_8_sending_is_no_sign_of_life)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	sim_peer_freeze(rig.peer, true);
	for (int i = 0; i < 5; i++) {
		ck_assert_str_eq(line_told(&rig), "");
		line_call(&rig, "a", LINE("x"));
		line_run(&rig, 98);
	}
	line_run(&rig, 20);
	ck_assert_uint_eq(line_counts(&rig).maybe_executed, 5);
}

TEST(promise_8_any_byte_is_a_sign_of_life)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	line_call(&rig, "a", LINE("x"));
	for (int i = 0; i < 4; i++) {
		line_run(&rig, 400);
		sim_peer_print(rig.peer, i == 3 ? "1\n" : "+");
		if (i == 0)
			sim_peer_print(rig.peer, "");
	}
	LINE_TELLS(&rig, 10, "a OK/replied +++1;");
}

/* An upload in progress is a sign of life, a full buffer is not. */
TEST(promise_8_an_upload_is_a_sign_of_life)
{
	struct sim_limits limits = { .send_buffer = 4, .latency_ms = 200 };

	line_prepare(&rig);
	sim_limits_set(rig.world, &limits);
	line_start(&rig, OPTIONS(.silence_ms = 500));
	line_run(&rig, 500);
	line_told(&rig);
	line_call(&rig, "a", LINE("say +0123456789012345678901234567890"));
	LINE_TELLS(
	    &rig, 4000, "a OK/replied +0123456789012345678901234567890;");
	line_call(&rig, "b", LINE("say +0123456789012345678901234567890"));
	sim_peer_freeze(rig.peer, true);
	LINE_TELLS(&rig, 900, "down E_SILENT;b E_SILENT/not sent;");
}

/* Requests that no answer is due to, whole ones. */
static void
note_again(void)
{
	line_call(&rig, "n", LINE_NOTE("123"));
	line_run(&rig, 1);
	line_told(&rig);
}

static void
be_stuck(void)
{
	const struct sim_limits narrow = { .send_buffer = 8 };

	line_begin(&rig, OPTIONS(.silence_ms = 500, .call_timeout_ms = 100));
	sim_peer_limits(rig.peer, &narrow);
	sim_peer_freeze(rig.peer, true);
	for (int i = 0; i < 3; i++)
		note_again();
}

/* Nothing is in flight and nobody owes an answer; the peer just reads nothing.
 */
TEST(promise_8_who_takes_nothing_is_silent)
{
	be_stuck();
	ck_assert_uint_eq(line_counts(&rig).in_flight, 0);
	line_run(&rig, 200);
	note_again();
	LINE_TELLS(&rig, 280, "n E_TIMEOUT/not sent;");
	LINE_TELLS(&rig, 25, "down E_SILENT;");
}

TEST(promise_8_who_takes_something_is_not_silent)
{
	be_stuck();
	for (int i = 0; i < 5; i++) {
		line_run(&rig, 400);
		sim_peer_freeze(rig.peer, false);
		line_run(&rig, 2);
		sim_peer_freeze(rig.peer, true);
		note_again();
		note_again();
		note_again();
	}
	ck_assert_uint_eq(rig.server.accepted, 1);
	line_run(&rig, 510);
	EXPECT_IN(line_told(&rig), "down E_SILENT;");
}

/* So little that the kernel says nothing of it. */
TEST(promise_8_who_takes_little_is_not_silent)
{
	const struct line_request many = { .text = "1234567", .replies = 0 };

	line_begin(&rig, OPTIONS(.silence_ms = 500));
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 10, .latency_ms = 100));
	line_call(&rig, "a", LINE_NOTE("1"));
	line_run(&rig, 50);
	line_call(&rig, "b", &many);
	line_call(&rig, "c", &many);
	line_run(&rig, 60);
	ck_assert_str_eq(line_got(&rig), "1;");
	sim_peer_freeze(rig.peer, true);
	LINE_TELLS(&rig, 480, "a OK/sent;b OK/sent;");
	LINE_TELLS(&rig, 440, "");
	LINE_TELLS(&rig, 30, "down E_SILENT;c E_SILENT/not sent;");
}

/* The same again: each silence is looked at. */
TEST(promise_8_who_takes_little_again_is_not_silent)
{
	const struct line_request many = { .text = "1234567", .replies = 0 };

	line_begin(&rig, OPTIONS(.silence_ms = 500));
	sim_peer_limits(
	    rig.peer, LIMITS(.send_buffer = 10, .latency_ms = 1050));
	line_call(&rig, "a", LINE_NOTE("1"));
	line_run(&rig, 300);
	line_call(&rig, "b", LINE_NOTE("2"));
	line_run(&rig, 300);
	line_call(&rig, "c", &many);
	line_call(&rig, "d", &many);
	LINE_TELLS(&rig, 1700, "a OK/sent;b OK/sent;c OK/sent;d OK/sent;");
}

/* The call that had no room is over when there is room: nothing is written, and
 * what leaves next shows that the peer has read. */
TEST(promise_8_room_that_nobody_needed_is_a_sign_of_life)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500));
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 8));
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "a", LINE("1234567"));
	line_call_with(&rig, "b", LINE("x"), WITHIN(100));
	LINE_TELLS(&rig, 400, "b E_TIMEOUT/not sent;");
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 2);
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "c", LINE("y"));
	LINE_TELLS(&rig, 480, "");
	LINE_TELLS(&rig, 30,
	    "down E_SILENT;a E_SILENT/maybe executed;c E_LOST/maybe executed;");
}

/* Also of a greeting that the peer has answered before it had all of it. */
TEST_ROWS(promise_8_the_rest_of_a_greeting_is_a_sign_of_life, 4)
{
	struct sim_limits limits = { .send_buffer = 4, .latency_ms = 200 };

	line_prepare(&rig);
	rig.config.hello = "0123456789012345678901234567890123456789";
	rig.config.on_up = "say +ok";
	sim_limits_set(rig.world, &limits);
	line_start(&rig, OPTIONS(.silence_ms = 300));
	line_run(&rig, 700 + 50 * (uint64_t)_i);
	sim_peer_print(rig.peer, "+hi\n");
	LINE_TELLS(&rig, 1000, "init 10.0.0.1;hello -;hello +hi;up;");
	ck_assert_ptr_null(strchr(line_got(&rig), ';')); /* not all of it */
}

/* The machine was asleep, or a callback took its time: what the peer has said
 * meanwhile is still to be read. If it has said nothing, it is silent. */
TEST(promise_8_who_did_not_listen_blames_nobody)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500, .call_timeout_ms = 60000));
	for (int i = 0; i < 2; i++) {
		line_call(&rig, "a", LINE("quiet"));
		line_run(&rig, 400);
		sim_peer_print(rig.peer, "+late\n");
		sim_sleep_ms(rig.world, 3000);
		LINE_TELLS(&rig, 5, "a OK/replied +late;");
	}
	line_call(&rig, "b", LINE("quiet"));
	line_run(&rig, 400);
	sim_sleep_ms(rig.world, 3000);
	LINE_TELLS(&rig, 5, "down E_SILENT;b E_SILENT/maybe executed;");
}

static void
take_time(struct line_call *call)
{
	sim_sleep_ms(call->rig->world, 200);
}

static void
call_slowly(unsigned count)
{
	while (count-- > 0)
		line_call(&rig, "a", LINE("quiet"))->then = take_time;
	line_run(&rig, 1);
}

/* Who is busy with what the peer has said cannot say that it is silent. */
TEST(promise_8_what_is_put_off_was_heard)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500, .turn_calls_max = 2,
			     .call_timeout_ms = 60000));
	call_slowly(9);
	sim_peer_print(rig.peer, "+\n+\n+\n+\n+\n+\n+\n+\n");
	line_run(&rig, 5);
	ck_assert_uint_eq(line_counts(&rig).replied, 8);
	line_run(&rig, 80);
	sim_peer_print(rig.peer, "+9\n");
	line_run(&rig, 5);
	ck_assert_uint_eq(line_counts(&rig).replied, 9);
}

static struct line_config other_config;

static void
take_time_too(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	sim_sleep_ms(rig.world, 100);
}

/* Another client of the loop; who is at the other end of it. */
static struct sim_peer *
start_other(struct stay_client **other)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &other_config };

	other_config = (struct line_config){ .notes = &rig.notes };
	EXPECT_OK(stay_client_start(
	    other, rig.loop, &line_bare_protocol, LINE_URL, &options));
	EXPECT_OK(stay_client_call(*other, LINE("quiet"), take_time_too, NULL));
	line_run(&rig, 10);
	return rig.peer;
}

#define OTHERS 32

/* Neither can who has not come to read it because of others. */
TEST(promise_8_what_is_to_be_read_was_heard)
{
	struct stay_client *others[OTHERS];
	struct sim_peer *peers[OTHERS], *peer;

	line_begin(&rig, OPTIONS(.silence_ms = 500, .call_timeout_ms = 60000));
	peer = rig.peer;
	for (int i = 0; i < OTHERS; i++)
		peers[i] = start_other(&others[i]);
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 400);
	for (int i = 0; i < OTHERS; i++)
		sim_peer_print(peers[i], "+\n");
	sim_peer_print(peer, "+1\n");
	line_run(&rig, 10);
	ck_assert_str_eq(rig.calls[0].reply, "+1");
	for (int i = 0; i < OTHERS; i++)
		stay_client_stop(others[i], STAY_OK);
}

/* Whether TCP keepalive is on, with the bound of the silence. */
static bool
kernel_looks(void)
{
	const struct stay_socket_options *socket = sim_peer_options(rig.peer);

	ck_assert_uint_eq(socket->keepalive_ms, 1600);
	return !socket->keepalive_later;
}

/* What the engine cannot see, as under a call that blocks for ever, the kernel
 * finds, and within the same bound. */
static const struct {
	const struct stay_protocol *protocol;
	uint64_t probe_ms, connect_ms;
	bool at_once;
} sockets[] = {
	{ &line_protocol, 4000, 4000, false },
	{ &line_protocol, 4001, 4000, true },      /* it is probed too late */
	{ &line_protocol, 4000, 4001, true },      /* it may greet for longer */
	{ &line_bare_protocol, 4000, 4000, true }, /* it can't be probed */
};

TEST_ROWS(promise_8_the_sockets_keep_the_same_bound, LEN(sockets))
{
	const struct stay_socket_options *socket;

	line_prepare(&rig);
	rig.protocol = sockets[_i].protocol;
	line_start(
	    &rig, OPTIONS(.silence_ms = 4000, .probe_ms = sockets[_i].probe_ms,
		      .connect_budget_ms = sockets[_i].connect_ms));
	line_run(&rig, 10);
	socket = sim_peer_options(rig.peer);
	ck_assert(socket->nodelay);
	ck_assert_uint_eq(socket->user_timeout_ms, 4000);
	ck_assert(kernel_looks() == sockets[_i].at_once);
}

#define ENGINE_LOOKS                                                           \
	OPTIONS(.silence_ms = 4000, .probe_ms = 4000, .connect_budget_ms = 4000)

/* Also behind one that does not block; and of the next session it is news. */
TEST(promise_8_the_kernel_looks_under_a_call_that_blocks)
{
	line_begin(&rig, ENGINE_LOOKS);
	line_call_with(&rig, "a", LINE("hold"), WITHIN(60000));
	line_run(&rig, 10);
	ck_assert(!kernel_looks());
	line_call(&rig, "b",
	    LINE_WITH("x", .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER));
	line_run(&rig, 10);
	ck_assert(kernel_looks());
	ck_assert_uint_eq(sim_calls(rig.world, SIM_KEEP_ALIVE), 1);
	line_call(&rig, "c",
	    LINE_WITH("x", .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER));
	line_run(&rig, 10);
	ck_assert_uint_eq(sim_calls(rig.world, SIM_KEEP_ALIVE), 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	line_call(&rig, "plain", LINE("say +"));
	line_run(&rig, 5000);
	ck_assert_uint_eq(rig.server.accepted, 2);
	ck_assert(!kernel_looks());
	line_call(&rig, "d",
	    LINE_WITH("x", .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER));
	line_run(&rig, 10);
	ck_assert(kernel_looks());
}

/* In each session. */
TEST(promise_8_the_kernel_looks_while_reading_pauses)
{
	line_begin(&rig, ENGINE_LOOKS);
	ck_assert(!kernel_looks());
	stay_client_pause(rig.client);
	ck_assert(kernel_looks());
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 6000);
	ck_assert_uint_eq(rig.server.accepted, 2);
	ck_assert(kernel_looks());
}

static const struct {
	uint64_t silence_ms;
	uint64_t keepalive_ms;
} fifths[] = { { 1, 1 }, { 2, 1 }, { 7, 2 }, { 9, 3 }, { 4000, 1600 } };

/* Two fifths, and something. */
TEST_ROWS(promise_8_the_kernel_looks_before_the_bound, LEN(fifths))
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	line_prepare(&rig);
	line_start(&rig, OPTIONS(.silence_ms = fifths[_i].silence_ms));
	stay_client_get_options(rig.client, &options);
	ck_assert_uint_eq(
	    options.socket->keepalive_ms, fifths[_i].keepalive_ms);
}

/* As if the dial had failed for it. */
TEST(promise_8_a_session_that_cannot_be_looked_after_ends)
{
	line_begin(&rig, ENGINE_LOOKS);
	sim_fail(rig.world, SIM_KEEP_ALIVE, 1, -ENOBUFS);
	line_call(&rig, "a",
	    LINE_WITH("say +x", .flags = STAY_BLOCKS, .blocks_ms = 100));
	LINE_TELLS(&rig, 10, "down E_NOMEM;a E_LOST/maybe executed;");
}

TEST(promise_8_without_a_bound_the_sockets_have_none)
{
	const struct stay_socket_options *socket;

	line_begin(&rig, OPTIONS(.silence_ms = STAY_FOREVER));
	socket = sim_peer_options(rig.peer);
	ck_assert(socket->nodelay);
	ck_assert_uint_eq(socket->user_timeout_ms, 0);
	ck_assert_uint_eq(socket->keepalive_ms, 0);
}

TEST(promise_8_socket_options_that_are_given_stand)
{
	const struct stay_socket_options given = { .keepalive_ms = 7000 };
	const struct stay_socket_options *socket;

	line_begin(&rig, OPTIONS(.socket = &given));
	socket = sim_peer_options(rig.peer);
	ck_assert(!socket->nodelay);
	ck_assert_uint_eq(socket->user_timeout_ms, 0);
	ck_assert_uint_eq(socket->keepalive_ms, 7000);
}

/* Casts that wait until a disconnect is over fill the mailbox: that must not
 * keep a silent session alive. */
TEST(promise_8_a_full_mailbox_keeps_no_session)
{
	struct stay_conn *conn;
	enum stay_status status;

	line_begin(&rig, OPTIONS(.silence_ms = 500, .leave_budget_ms = 60000));
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 10);
	conn = stay_client_conn(rig.client);
	ck_assert_int_eq(stay_conn_state(conn), STAY_DISCONNECTING);
	do
		status = stay_conn_cast(conn, stay_message_make(1, NULL));
	while (status == STAY_OK);
	ck_assert_int_eq(status, STAY_E_FULL);
	line_told(&rig);
	LINE_TELLS(&rig, 470, "");
	line_run(&rig, 20);
	/* Then the casts are delivered, and a client knows none. */
	ck_assert_str_eq(line_told(&rig),
	    "down E_SILENT;a E_SILENT/maybe executed;closed E_BAD_CAST;");
}

TEST_SUITE_WITH(client_health, .after = line_after)
