/* The control lane of a client: what a protocol itself says, and when it leaves. */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;

static void
subscribe(struct stay_session *session, const char *text)
{
	if (strcmp(text, ">ping") != 0)
		return;
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "say +pong\n"));
	EXPECT_OK(stay_session_expect(session, 1));
}

static struct stay_session *remembered;

static void
remember(struct stay_session *session, const char *text)
{
	(void)text;
	remembered = session;
}

/* With a place for its reply, or without memory for one. */
static void
ask_with_or_without(struct stay_session *session, const char *text)
{
	bool with = strcmp(text, ">with") == 0;
	enum stay_status status;

	EXPECT_OK(stay_buf_puts(stay_session_control(session),
	    with ? "say +with\n" : "say +without\n"));
	if (!with)
		scarce_drought();
	status = stay_session_expect(session, 1);
	scarce_disarm();
	ck_assert_int_eq(status, with ? STAY_OK : STAY_E_NOMEM);
}

static void
push(const char *lines)
{
	line_run(&rig, 5000); /* what is spare is given back */
	sim_peer_print(rig.peer, lines);
	line_run(&rig, 10);
}

/* What was written behind those whose replies are expected is taken back, in
 * this session and in the next one. */
TEST(client_control_without_a_place_is_taken_back)
{
	struct sim_limits limits = { .send_buffer = 3 };

	line_prepare(&rig);
	rig.config.on_push = ask_with_or_without;
	line_start(&rig, NULL);
	push(">without\n");
	ck_assert_str_eq(line_got(&rig), "");
	push(">with\n");
	ck_assert_str_eq(line_got(&rig), "say +with;");
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
	push(">with\n");
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_uint_eq(rig.server.accepted, 2);
	line_got(&rig);
	push(">without\n");
	ck_assert_str_eq(line_got(&rig), "");
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "a OK/replied +1;");
}

/* What a slot appends and never expects is dropped when the slot returns: no
 * other slot sends it, and no call is glued to it. */
TEST(client_control_never_expected_is_never_sent)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 50 };

	line_prepare(&rig);
	rig.config.mumbles = true;
	rig.config.hello = "say +hello|>ping";
	rig.config.on_up = "say +control";
	rig.config.on_push = subscribe;
	rig.config.ping = "say +pong";
	rig.config.bye = "bye";
	line_start(&rig, OPTIONS(.probe_ms = 1000));
	line_run(&rig, 10);
	line_call_with(&rig, "a", LINE("hold"), options);
	line_run(&rig, 100);
	rig.server.ends->deaf = false;
	sim_peer_print(rig.peer, "+late\n>ping\n");
	line_run(&rig, 10);
	line_call(&rig, "b", LINE("say +1"));
	line_run(&rig, 1500);
	stay_conn_stop(stay_client_conn(rig.client), STAY_OK);
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig),
	    "say +hello|>ping;say +control;say +pong;hold;say "
	    "+pong;say +1;say +pong;bye;");
}

/* Bytes that no slot appended wait for the next write, and go no further. */
TEST(client_control_from_outside_is_not_sent_either)
{
	struct stay_session *session;

	line_prepare(&rig);
	rig.config.on_push = remember;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, ">who\n");
	line_run(&rig, 10);
	session = remembered;
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "half a "));
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 10);
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "say +2\n"));
	EXPECT_OK(stay_session_expect(session, 1));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "say +1;say +2;");
}

/* The peer takes three bytes and no more, for the time being. */
static void
begin_stuck(void)
{
	const struct sim_limits limits = { .send_buffer = 3 };

	line_prepare(&rig);
	rig.config.on_push = subscribe;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
}

/* Control bytes come first, but never inside of a request. */
TEST(client_control_goes_first_at_a_boundary)
{
	begin_stuck();
	line_call(&rig, "a", LINE("say +1"));
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 1);
	sim_peer_print(rig.peer, ">ping\n");
	line_run(&rig, 10);
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "say +1;say +pong;say +2;");
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.1;hello -;up;push >ping;a OK/replied +1;"
	    "control +pong;b OK/replied +2;");
}

/* What the control lane still held ends with the session. */
TEST(client_control_does_not_outlive_its_session)
{
	begin_stuck();
	rig.config.hello = "say +hi";
	sim_peer_print(rig.peer, ">ping\n");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;push >ping;down E_RESET;hello -;"
	    "hello +hi;up;a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "|say +hi;say +1;");
}

/* From outside: while there is a session that is ready, and by expect alone. */
TEST(client_control_from_outside)
{
	struct stay_session *session;

	line_prepare(&rig);
	line_start(&rig, NULL);
	ck_assert_ptr_null(stay_client_session(rig.client));
	line_run(&rig, 10);
	session = stay_client_session(rig.client);
	ck_assert_ptr_nonnull(session);
	line_got(&rig);
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "say +one\n"));
	EXPECT_OK(stay_session_expect(session, 1));
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "say +two\n"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "say +one;");
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	ck_assert_ptr_null(stay_client_session(rig.client));
	sim_peer_print(rig.peer, "+late\n");
	line_run(&rig, 100);
	ck_assert_ptr_nonnull(stay_client_session(rig.client));
}

/* Who is at rest has no lane, and may find no memory for one. */
TEST(client_control_needs_memory_to_speak_again)
{
	struct stay_session *session;
	enum stay_status status[2];

	line_prepare(&rig);
	line_start(&rig, NULL);
	line_run(&rig, 5000);
	session = stay_client_session(rig.client);
	ck_assert_ptr_nonnull(session);
	line_got(&rig);
	scarce_arm(1);
	status[0] = stay_buf_puts(stay_session_control(session), "say +one\n");
	status[1] = stay_session_expect(session, 0);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status[0], STAY_E_NOMEM);
	EXPECT_OK(status[1]);
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "say +two\n"));
	EXPECT_OK(stay_session_expect(session, 1));
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;control +two;");
	ck_assert_str_eq(line_got(&rig), "say +two;");
}

TEST_SUITE_WITH(client_control, .after = line_after)
