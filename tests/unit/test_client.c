/* A client of a small protocol: how it starts, greets and ends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <stay/transport.h>

#include "client/protocol.h"
#include "suites.h"
#include "support/line_rig.h"
#include "support/secret.h"

static struct line_rig rig;

/* ---- starting ---- */

static enum stay_status
start_with(const char *url, const struct stay_protocol *protocol,
    const struct stay_client_options *options)
{
	struct line_config config = {
		.notes = &rig.notes, .finis = &rig.finis, .inits = &rig.inits
	};
	struct stay_client_options ours = { STAY_CLIENT_OPTIONS };
	struct stay_client *client = (struct stay_client *)(void *)&rig;
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	enum stay_status status;

	rig.notes.len = 0;
	if (options != NULL)
		ours = *options;
	ours.config = &config;
	status = stay_client_start(&client, loop, protocol, url, &ours);
	if (status == STAY_OK) {
		stay_client_stop(client, STAY_OK);
		while (stay_loop_live(loop) > 0)
			stay_loop_turn(loop);
	} else {
		ck_assert_ptr_null(client);
	}
	EXPECT_OK(stay_loop_free(loop));
	return status;
}

TEST(client_urls_are_checked_at_the_start)
{
	static const struct {
		const char *url;
		enum stay_status status;
	} rows[] = {
		{ "line://host", STAY_OK }, { "line://", STAY_OK },
		{ "line://user:secret@host:1/path?query=1", STAY_OK },
		{ "line+unix:///run/x.sock", STAY_OK },
		{ "line+unix://", STAY_E_URL }, { "tcp://host", STAY_OK },
		{ "unix:///run/x.sock", STAY_OK }, { "fd:3,4", STAY_OK },
		{ "fd:x", STAY_E_URL }, { "fd:", STAY_E_URL },
		{ "fd:1234567,1234567", STAY_OK },
		{ "fd:12345678", STAY_E_URL }, { "fd:1,12345678", STAY_E_URL },
		{ "fd:1,2,3", STAY_E_URL }, { "unix://h/run", STAY_E_URL },
		{ "lines://host", STAY_E_NO_TLS },
		{ "linen://host", STAY_E_URL }, { "http://host", STAY_E_URL },
		{ "nonsense", STAY_E_URL },
		{ "line://bad@host",
		    STAY_E_URL }, /* says the protocol's init */
	};

	for (size_t i = 0; i < LEN(rows); i++)
		ck_assert_msg(start_with(rows[i].url, &line_protocol, NULL) ==
				  rows[i].status,
		    "%s", rows[i].url);
	ck_assert_int_eq(
	    start_with("line://host", &line_bare_protocol, NULL), STAY_E_URL);
	EXPECT_OK(start_with("line://host:1", &line_bare_protocol, NULL));
}

/* A path of so many bytes; the kernel's bound is 107. */
static enum stay_status
start_at_path(const char *scheme, int len)
{
	char url[256];

	ck_assert_int_lt(len, 200);
	snprintf(url, sizeof(url), "%s:///%0*d", scheme, len - 1, 0);
	return start_with(url, &line_protocol, NULL);
}

TEST(client_start_knows_a_path_too_long)
{
	EXPECT_OK(start_at_path("unix", 107));
	ck_assert_int_eq(start_at_path("unix", 108), STAY_E_URL);
	EXPECT_OK(start_at_path("line+unix", 107));
	ck_assert_int_eq(start_at_path("line+unix", 108), STAY_E_URL);
}

static enum stay_status closed_with;
static char closed_for[256];

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	closed_with = reason;
	snprintf(closed_for, sizeof(closed_for), "%s", stay_conn_failure(conn));
}

static bool
has_ended(void *loop)
{
	return stay_loop_live(loop) == 0;
}

/* The peer goes, and the number may be somebody else's by now. */
TEST(client_takes_descriptors_once)
{
	struct line_config config = { .notes = &rig.notes };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .on_closed = on_closed };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_client *client;
	struct sim_peer *peer;
	char url[32], said[256];
	int fd;

	rig.notes.len = 0;
	closed_with = STAY_OK;
	peer = sim_adopted(world, NULL, NULL, &fd);
	snprintf(url, sizeof(url), "fd:%d", fd);
	EXPECT_OK(stay_client_start(
	    &client, loop, &line_bare_protocol, url, &options));
	sim_run_ms(world, 10);
	ck_assert_uint_eq(stay_loop_live(loop), 1);
	sim_peer_close(peer);
	ck_assert(sim_run_until(world, has_ended, loop, 1000));
	ck_assert_int_eq(closed_with, STAY_E_STATE);
	snprintf(said, sizeof(said),
	    "connect %s: the descriptors of the URL are used up: %s closed by "
	    "the peer; stopped",
	    url, url);
	ck_assert_str_eq(closed_for, said);
	EXPECT_OK(stay_loop_free(loop));
}

TEST(client_refuses_what_it_does_not_know)
{
	const struct stay_call_ops wrong_call = { 0 };
	const struct stay_session_ops wrong_session = {
		.size = sizeof(wrong_session) + 1
	};
	const struct stay_keep_ops wrong_keep = { .size = sizeof(size_t) - 1 };
	struct stay_protocol protocol = line_protocol;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	protocol.flags = 1u << 31;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ABI);
	protocol = line_protocol;
	protocol.abi++;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ABI);
	protocol = line_protocol;
	protocol.call = &wrong_call;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ABI);
	protocol = line_protocol;
	protocol.session = &wrong_session;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ABI);
	protocol = line_protocol;
	protocol.keep = &wrong_keep;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ABI);
	protocol = line_protocol;
	protocol.decode = NULL;
	ck_assert_int_eq(start_with(LINE_URL, &protocol, NULL), STAY_E_ARG);
	options.offline = (enum stay_offline)7;
	ck_assert_int_eq(
	    start_with(LINE_URL, &line_protocol, &options), STAY_E_ARG);
	options.offline = STAY_OFFLINE_QUEUE;
	options.backoff.kind = (enum stay_backoff_kind)9;
	ck_assert_int_eq(
	    start_with(LINE_URL, &line_protocol, &options), STAY_E_ARG);
	options.backoff.kind = STAY_BACKOFF_PROPORTIONAL;
	options.backoff.jitter = (enum stay_jitter)9;
	ck_assert_int_eq(
	    start_with(LINE_URL, &line_protocol, &options), STAY_E_ARG);
	options.backoff.jitter = STAY_JITTER_EQUAL;
	options.size++;
	ck_assert_int_eq(
	    start_with(LINE_URL, &line_protocol, &options), STAY_E_ABI);
	ck_assert_int_eq(start_with(NULL, &line_protocol, NULL), STAY_E_ARG);
}

/* A size that wraps around would be a block of nothing. */
TEST_ROWS(client_refuses_blocks_of_any_size, 4)
{
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	struct stay_protocol protocol = line_bare_protocol;
	struct stay_client *client;

	*(_i % 2 == 0 ? &protocol.session_size : &protocol.keep_size) =
	    _i < 2 ? SIZE_MAX : SIZE_MAX / 2;
	ck_assert_int_eq(
	    stay_client_start(&client, loop, &protocol, LINE_URL, NULL),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(loop),
	    "session_size or keep_size of the protocol is too large");
	EXPECT_OK(stay_loop_free(loop));
}

/* What a protocol leaves out does nothing, and can be called. */
TEST(client_fills_in_the_slots_that_are_missing)
{
	const struct stay_protocol least = { STAY_PROTOCOL };
	struct stay__protocol full;

	stay__protocol_fill(&full, &least);
	ck_assert_int_eq(full.top.hello(NULL, NULL).kind, stay_hello_up().kind);
	full.top.on_push(NULL, NULL);
	full.call.on_orphan(NULL, NULL);
	ck_assert_int_eq(
	    full.session.on_up(NULL, NULL).kind, stay_hello_up().kind);
	full.session.on_down(NULL, STAY_OK);
	full.session.on_control(NULL, NULL);
	full.session.on_aside(NULL, NULL);
	full.session.on_drained(NULL);
	full.session.tick(NULL);
	full.session.bye(NULL);
	full.session.on_leaving(NULL);
	EXPECT_OK(full.keep.init(NULL, NULL, NULL));
	full.keep.fini(NULL);
	full.keep.rest(NULL);
	ck_assert(!full.keep.wake(NULL));
	full.keep.end(NULL, STAY_OK);
	ck_assert(!full.keep.lingers(NULL));
	full.keep.adopt(NULL, NULL);
}

/* As a program has it that was built when the group had one slot. */
TEST(client_takes_a_group_that_ends_early)
{
	struct stay_protocol protocol = line_protocol;
	const struct stay_session_ops early = {
		.size = offsetof(struct stay_session_ops, on_down),
		.on_up = line_protocol.session->on_up,
		.on_down = line_protocol.session->on_down,
	};

	line_prepare(&rig);
	protocol.session = &early;
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;");
	line_end(&rig);
	ck_assert_ptr_null(strstr(rig.notes.text, "down"));
}

struct secret_config {
	struct line_config line;
	char secret[16];
};

TEST(client_label_has_no_secret)
{
	line_prepare(&rig);
	rig.url = "line://user:secret@10.0.0.1:7777/path?token=secret";
	line_start(&rig, NULL);
	ck_assert_str_eq(stay_conn_label(stay_client_conn(rig.client)),
	    "line://10.0.0.1:7777/path");
}

/* Whether it has started or not. A config that is copied may have one, too. */
TEST_ROWS(client_gives_back_no_secret, 4)
{
	static const struct {
		const char *url;
		const char *const urls[2];
		size_t config;
	} rows[] = {
		{ "line://me:s3cret@10.0.0.1:7777/?token=s3cret", { NULL }, 0 },
		{ "line://me:s3cret@10.0.0.9:7777",
		    { "line://me:s3cret@10.0.0.1:7777" }, 0 },
		{ "line://me:s3cret@10.0.0.1:777777", { NULL }, 0 },
		{ LINE_URL, { NULL }, sizeof(struct secret_config) },
	};
	struct secret_config config = { .secret = "s3cret" };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_size = rows[_i].config,
		.urls = rows[_i].urls[0] == NULL ? NULL : rows[_i].urls };

	line_prepare(&rig);
	config.line.notes = &rig.notes;
	secret_watch("s3cret");
	if (stay_client_start(&rig.client, rig.loop, &line_bare_protocol,
		rows[_i].url, &options) == STAY_OK) {
		line_run(&rig, 1000);
	} else {
		ck_assert_int_eq(_i, 2);
	}
	line_end(&rig);
	ck_assert_uint_eq(secret_freed(), 0);
}

TEST(client_has_a_host_and_a_port_by_default)
{
	line_prepare(&rig);
	sim_name_set(rig.world, "localhost", LINE_HOST, 0, 0);
	rig.url = "line://";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 1);
}

TEST(client_dials_a_host_of_one_letter)
{
	line_prepare(&rig);
	sim_name_set(rig.world, "localhost", "10.0.0.9", 0, 0);
	sim_name_set(rig.world, "a", LINE_HOST, 0, 0);
	rig.url = "line://a";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 1);
}

TEST(client_gives_its_blocks_and_its_config)
{
	line_begin(&rig, NULL);
	ck_assert_mem_eq(stay_client_keep(rig.client), "kkkkkkkk", 8);
	ck_assert_ptr_eq(stay_client_config(rig.client), &rig.config);
	ck_assert_ptr_eq(
	    stay_client_of(stay_client_conn(rig.client)), rig.client);
}

/* ---- the greeting ---- */

static struct stay_hello
mumble(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_hello hello = stay_hello_up();

	(void)session;
	(void)frame;
	hello.kind = (enum stay_hello_kind)99;
	return hello;
}

/* That is a mistake of the protocol's, and nobody was denied anything. */
TEST(client_hello_of_an_unknown_kind)
{
	struct stay_protocol protocol = line_protocol;

	protocol.hello = mumble;
	line_prepare(&rig);
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	EXPECT_IN(line_failure(&rig), "hello says what nobody knows");
	EXPECT_OK(line_try(&rig, "a", LINE("x")));
}

TEST(client_is_up_at_once_without_hello)
{
	line_prepare(&rig);
	rig.protocol = &line_bare_protocol;
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 10, "a OK/replied +1;");
}

/* Only control bytes flow before hello is content; then on_up, then calls. */
TEST(client_greets_before_the_calls)
{
	line_prepare(&rig);
	rig.config.hello = "say +wait|>early|+welcome";
	rig.config.on_up = "say +subscribed";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;hello +wait;push >early;hello +welcome;up;"
	    "control +subscribed;a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig),
	    "say +wait|>early|+welcome;say +subscribed;say +1;");
}

TEST(client_waits_for_a_server_that_speaks_first)
{
	static const struct peer_row welcoming[] = {
		ON(PEER_ACCEPTS, "+welcome\n"), NO_MORE
	};

	line_prepare(&rig);
	rig.config.speaks_first = true;
	rig.server.rows = welcoming;
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;hello +welcome;up;");
}

/* Frames behind the one that brought it up are for the session that is up. */
TEST(client_goes_on_with_the_bytes_behind_the_greeting)
{
	static const struct peer_row welcoming[] = {
		ON(PEER_ACCEPTS, "+welcome\n>news\nnonsense\n"), NO_MORE
	};

	line_prepare(&rig);
	rig.config.speaks_first = true;
	rig.server.rows = welcoming;
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;hello +welcome;up;push >news;"
	    "down E_PROTOCOL;");
}

TEST(client_that_is_refused_comes_back)
{
	line_prepare(&rig);
	rig.config.hello = "say !busy";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(
	    &rig, 40, "init 10.0.0.1;hello -;hello !busy;down E_NOT_READY;");
	EXPECT_IN(line_failure(&rig),
	    "hello line://10.0.0.1:7777: !busy; attempt 1, next in ");
	rig.config.hello = "say +ok";
	LINE_TELLS(&rig, 1000, "hello -;hello +ok;up;a OK/replied +1;");
}

/* The calls hear the reason at once; a rotation of passwords heals by itself.
 */
TEST(client_that_is_denied_fails_its_calls_and_comes_back_slowly)
{
	struct line_call *call;

	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, OPTIONS(.fatal_backoff_ms = 1000));
	call = line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 400,
	    "init 10.0.0.1;hello -;hello -wrong password;down E_DENIED;"
	    "a E_DENIED/not sent;");
	EXPECT_IN(call->result.why, "wrong password");
	rig.config.hello = "say +ok";
	LINE_TELLS(&rig, 700, "hello -;hello +ok;up;");
}

#define FATAL_MS 1000
#define DENIALS  20

/* Of all that one password shuts out, not two come back at the same time. */
TEST(promise_13_who_is_denied_comes_back_with_jitter)
{
	uint64_t due_ms, least = FATAL_MS, most = 0;

	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, OPTIONS(.fatal_backoff_ms = FATAL_MS));
	for (int i = 0; i < DENIALS; i++) {
		line_run(&rig, 10);
		due_ms = line_due_ms(&rig);
		ck_assert_uint_le(due_ms, FATAL_MS);
		least = due_ms < least ? due_ms : least;
		most = due_ms > most ? due_ms : most;
		line_run(&rig, due_ms);
		line_told(&rig);
	}
	ck_assert_uint_gt(most - least, FATAL_MS / 5);
	ck_assert_uint_ge(least, FATAL_MS / 2 - 10);
}

/* A proxy, say, whose server is gone: it lets everybody in, for a moment. */
TEST_ROWS(promise_13_who_is_thrown_out_again_and_again_comes_less_often, 4)
{
	static const uint64_t holds[] = { 1, 5, 20, 100 };
	unsigned early;

	line_begin(&rig, NULL);
	for (uint64_t end = 10000; end <= 100000; end += 90000) {
		early = rig.server.accepted;
		while (sim_now_ms(rig.world) < end) {
			line_run(&rig, holds[_i]);
			if (line_state(&rig) == STAY_CONNECTED)
				sim_peer_reset(rig.peer);
			line_told(&rig);
		}
	}
	ck_assert_uint_ge(early, 15);
	ck_assert_uint_le(rig.server.accepted - early, 60);
}

TEST(client_that_is_denied_stops_if_told_so)
{
	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, OPTIONS(.on_fatal = STAY_FATAL_STOP));
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;hello -wrong password;down E_DENIED;"
	    "a E_DENIED/not sent;closed E_DENIED;");
}

/* connect_budget_ms covers the greeting. */
TEST(client_gives_up_a_greeting_that_does_not_end)
{
	line_prepare(&rig);
	rig.config.hello = "nothing";
	line_start(&rig, OPTIONS(.connect_budget_ms = 500));
	LINE_TELLS(&rig, 499, "init 10.0.0.1;hello -;");
	LINE_TELLS(&rig, 5, "down E_TIMEOUT;");
}

static char last_words[256];

static void
keep_words(struct line_call *call)
{
	snprintf(last_words, sizeof(last_words), "%s", call->result.why);
}

/* Whoever asks why hears what has failed, too. */
TEST(client_runs_out_of_attempts)
{
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, OPTIONS(.backoff.attempts_max = 2));
	line_call(&rig, "a", LINE("say +1"))->then = keep_words;
	LINE_TELLS(&rig, 1000,
	    "init 10.0.0.1;a E_ATTEMPTS/not sent;closed E_ATTEMPTS;");
	EXPECT_IN(last_words,
	    ": no attempts are left: 10.0.0.1:7777 refused (ECONNREFUSED)");
}

/* Descriptors that can't be taken over are tried once, and that once tells why. */
TEST(client_says_why_its_descriptors_were_none)
{
	char url[32];
	int fd;

	line_prepare(&rig);
	sim_adopted(rig.world, NULL, NULL, &fd);
	snprintf(url, sizeof(url), "fd:%d", fd);
	rig.url = url;
	sim_fail(rig.world, SIM_ADOPT, 1, -EBADF);
	line_start(&rig, OPTIONS(.backoff = stay_backoff_constant(1)));
	line_call(&rig, "a", LINE("say +1"))->then = keep_words;
	LINE_TELLS(&rig, 1000, "init ;a E_STATE/not sent;closed E_STATE;");
	EXPECT_IN(last_words, ": the descriptors of the URL are used up: fd:");
	EXPECT_IN(last_words, "(EBADF)");
	rig.world->ops->close(rig.world, fd); /* never taken over */
}

/* ---- ends ---- */

static void
stop_client(struct line_call *call)
{
	stay_client_stop(call->rig->client, STAY_OK);
	stay_client_stop(call->rig->client, STAY_E_IO);
}

TEST(client_stops_from_inside_done)
{
	line_prepare(&rig);
	rig.config.bye = "bye";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"))->then = stop_client;
	line_call(&rig, "b", LINE("quiet"));
	LINE_TELLS(&rig, 100,
	    "init 10.0.0.1;hello -;up;a OK/replied +1;bye;down E_STOPPED;"
	    "b E_STOPPED/maybe executed;closed OK;");
	ck_assert_str_eq(line_got(&rig), "say +1;quiet;bye;");
}

TEST(client_stops_with_a_queue)
{
	line_prepare(&rig);
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	line_call(&rig, "b", LINE("say +2"));
	stay_client_stop(rig.client, STAY_E_CANCELLED);
	ck_assert_int_eq(line_try(&rig, "c", LINE("say +3")), STAY_E_DRAINING);
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;a E_STOPPED/not sent;b E_STOPPED/not sent;"
	    "closed E_CANCELLED;");
}

/* A peer that takes nothing in cannot hold up the end. */
TEST(client_stops_in_spite_of_a_stuck_peer)
{
	struct sim_limits limits = { .send_buffer = 3 };

	line_prepare(&rig);
	rig.config.bye = "bye";
	line_start(&rig, OPTIONS(.stop_budget_ms = 100));
	line_run(&rig, 10);
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 10);
	line_told(&rig);
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 90, "bye;");
	LINE_TELLS(&rig, 20, "down E_STOPPED;a E_STOPPED/not sent;closed OK;");
}

static void
drain_client(struct line_call *call)
{
	stay_client_drain(call->rig->client, 1000);
}

TEST(client_drains_what_it_has_accepted)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"))->then = drain_client;
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 10);
	ck_assert_int_eq(line_try(&rig, "c", LINE("y")), STAY_E_DRAINING);
	ck_assert(!rig.closed);
	sim_peer_print(rig.peer, "+2\n");
	LINE_TELLS(&rig, 10,
	    "a OK/replied +1;b OK/replied +2;down E_STOPPED;closed OK;");
}

/* The last call may end without the stream: the drain must see that too. */
TEST(client_drains_when_a_deadline_takes_the_last_call)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 200));
	line_call(&rig, "a", LINE("x"));
	stay_client_drain(rig.client, 10000);
	line_run(&rig, 250);
	ck_assert(rig.closed);
}

TEST(client_reconnects_when_asked)
{
	line_begin(&rig, OPTIONS(.leave_budget_ms = 2));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	line_call(&rig, "b", LINE("say +1"));
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	LINE_TELLS(&rig, 10,
	    "down E_RECONNECT;a E_LOST/maybe executed;hello -;up;"
	    "b OK/replied +1;");
}

static void
submit_more(struct line_call *call)
{
	struct line_rig *of = call->rig;

	if (of->call_count < 4)
		line_call(of, "next", LINE("say +2"))->then = submit_more;
	else
		ck_assert_int_eq(
		    stay_client_cancel(of->client, of->calls[1].id),
		    STAY_E_STALE);
}

/* Without a disconnect in between: the greeting that is given up is told. */
TEST(client_reconnects_while_greeting)
{
	line_prepare(&rig);
	rig.config.hello = "nothing";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	rig.config.hello = "say +ok";
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;down E_RECONNECT;hello -;hello +ok;up;");
}

TEST(client_says_the_whole_farewell)
{
	struct sim_limits limits = { .send_buffer = 3, .latency_ms = 1 };

	line_prepare(&rig);
	rig.config.bye = "a farewell of some length";
	sim_limits_set(rig.world, &limits);
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("quiet, but long"));
	line_run(&rig, 3);
	stay_client_stop(rig.client, STAY_E_IO);
	line_run(&rig, 100);
	ck_assert_str_eq(
	    line_got(&rig), "quiet, but long;a farewell of some length;");
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.1;hello -;up;bye;down E_IO;"
	    "a E_STOPPED/maybe executed;closed E_IO;");
}

static void
stop_session(struct stay_session *session, const char *text)
{
	(void)text;
	stay_client_stop(stay_session_client(session), STAY_OK);
}

/* To a peer that talks nonsense no farewell is said. */
TEST(client_says_no_farewell_to_nonsense)
{
	line_prepare(&rig);
	rig.config.bye = "bye";
	rig.config.on_push = stop_session;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, ">stop\nnonsense\n");
	line_run(&rig, 10);
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.1;hello -;up;push >stop;down E_STOPPED;closed OK;");
}

static void
look_around(struct stay_session *session, const char *text)
{
	const struct stay_url *url = stay_session_url(session);

	(void)text;
	ck_assert_ptr_eq(stay_session_client(session), rig.client);
	line_note(&rig.notes, "%s|%s|%s;", url->scheme, url->host, url->path);
}

TEST(client_session_knows_where_it_is)
{
	line_prepare(&rig);
	rig.url = "line://user:secret@10.0.0.1:7777/there";
	rig.config.on_push = look_around;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, ">look\n");
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "line|10.0.0.1|/there;");
}

static char asked_for[128];

static int
open_nothing(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	(void)state;
	(void)world;
	(void)address;
	(void)options;
	(void)fds;
	snprintf(asked_for, sizeof(asked_for), "%s|%s|%s|%s", target->scheme,
	    target->host, target->port, target->path);
	return -ECONNREFUSED;
}

static ssize_t
read_nothing(void *state, struct stay_world *world, void *bytes, size_t len)
{
	(void)state;
	(void)world;
	(void)bytes;
	(void)len;
	return -EIO;
}

static ssize_t
write_nothing(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	(void)state;
	(void)world;
	(void)parts;
	(void)count;
	return -EIO;
}

static void
close_nothing(void *state, struct stay_world *world)
{
	(void)state;
	(void)world;
}

TEST(client_dials_by_a_transport_of_the_program)
{
	static const struct stay_transport nothing = { STAY_TRANSPORT,
		.scheme = "nothing", .open = open_nothing, .read = read_nothing,
		.write = write_nothing, .close = close_nothing };

	line_prepare(&rig);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &nothing));
	rig.url = "nothing://10.0.0.9:12/path";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_str_eq(asked_for, "nothing|10.0.0.9|12|/path");
}

/* Without a port it is the protocol's, too. */
TEST(client_dials_by_a_transport_at_the_port_of_the_protocol)
{
	static const struct stay_transport nothing = { STAY_TRANSPORT,
		.scheme = "nothing", .open = open_nothing, .read = read_nothing,
		.write = write_nothing, .close = close_nothing };

	line_prepare(&rig);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &nothing));
	rig.url = "nothing://10.0.0.9/path";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_str_eq(asked_for, "nothing|10.0.0.9|7777|/path");
}

/* Of a host there must be one; a path has none. */
TEST(client_needs_a_port_of_a_host)
{
	static const struct stay_transport nothing = { STAY_TRANSPORT,
		.scheme = "nothing", .open = open_nothing, .read = read_nothing,
		.write = write_nothing, .close = close_nothing };
	static const struct {
		const char *url;
		enum stay_status status;
	} rows[] = { { "line://10.0.0.9", STAY_E_URL },
		{ "nothing://10.0.0.9", STAY_E_URL },
		{ "nothing:///path", STAY_OK } };
	const struct stay_protocol portless = { STAY_PROTOCOL, .name = "line",
		.encode = line_protocol.encode,
		.decode = line_protocol.decode };
	struct stay_client *client;

	line_prepare(&rig);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &nothing));
	for (size_t i = 0; i < LEN(rows); i++) {
		ck_assert_int_eq(stay_client_start(&client, rig.loop, &portless,
				     rows[i].url, NULL),
		    rows[i].status);
		ck_assert_str_eq(stay_loop_rejection(rig.loop),
		    rows[i].status == STAY_OK
			? ""
			: "the URL has no port, and line none to go by");
	}
	stay_client_stop(client, STAY_OK);
	ck_assert(sim_run(rig.world, 60000));
}

static void
use_dead_session(struct stay_session *session)
{
	ck_assert_int_eq(stay_session_expect(session, 1), STAY_E_STATE);
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "late\n"));
}

/* Nothing of one session goes into the next. */
TEST(client_sessions_begin_with_nothing)
{
	line_prepare(&rig);
	rig.config.on_down = use_dead_session;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+cut");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	line_call(&rig, "b", LINE("say +1"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;down E_RESET;a E_LOST/maybe executed;"
	    "hello -;up;b OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "hold;|say +1;");
	ck_assert_uint_eq(line_counts(&rig).bytes_in, 7);
}

/* Mail that somebody sends to the connection means nothing to a client. */
TEST(client_ignores_messages)
{
	line_begin(&rig, NULL);
	for (int tag = 0; tag < 4; tag++) {
		EXPECT_OK(stay_conn_next_event(stay_client_conn(rig.client),
		    stay_message_make(tag, NULL)));
		EXPECT_OK(stay_conn_send(stay_client_conn(rig.client),
		    stay_message_make(tag, NULL)));
	}
	LINE_TELLS(&rig, 10, "");
}

TEST(client_may_be_called_inside_done)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"))->then = submit_more;
	LINE_TELLS(&rig, 10,
	    "a OK/replied +1;next OK/replied +2;next OK/replied +2;"
	    "next OK/replied +2;");
}

TEST_SUITE_WITH(client, .after = line_after)
