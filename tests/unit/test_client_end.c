/* A protocol ends its session, in the words of the server; and what is aside. */
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

static void
prepare(enum stay_status with)
{
	line_prepare(&rig);
	rig.config.ends_with = with;
}

static void
begin(enum stay_status with)
{
	prepare(with);
	line_start(&rig, OPTIONS(.backoff = stay_backoff_constant(1000),
			     .fatal_backoff_ms = 1000));
	line_run(&rig, 10);
	line_told(&rig);
}

/* ---- in the middle of a session ---- */

static void
ask_behind(struct line_call *call)
{
	line_call(call->rig, "c", LINE("say +c"));
}

/* The call that the frame answers has its answer, whatever the others have; what
 * comes behind it is not looked at. */
TEST(client_end_hands_out_the_frame)
{
	begin(STAY_E_NOT_READY);
	line_call(&rig, "a", LINE("x"))->then = ask_behind;
	line_call(&rig, "b", LINE("y"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "-FATAL ends: 57P01 going down\n+b\n");
	LINE_TELLS(&rig, 100,
	    "a E_SERVER/replied -FATAL ends: 57P01 going down;"
	    "down E_NOT_READY;b E_LOST/maybe executed;");
	EXPECT_IN(line_failure(&rig),
	    "session line://10.0.0.1:7777: 57P01 going down");
	LINE_TELLS(&rig, 3000, "hello -;up;c OK/replied +c;");
}

/* Also if those it overtakes are more than a turn may tell: no other turn comes. */
TEST(client_end_hands_out_the_frame_in_a_full_turn)
{
	prepare(STAY_E_NOT_READY);
	line_start(
	    &rig, OPTIONS(.backoff = stay_backoff_constant(1000),
		      .on_refused = STAY_REFUSED_RESEND, .turn_calls_max = 1));
	line_run(&rig, 10);
	for (int i = 0; i < 3; i++)
		line_call(&rig, "r", LINE("x"));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	line_told(&rig);
	sim_peer_print(rig.peer, "!1\n!2\n!3\n+ends: stale\n");
	LINE_TELLS(&rig, 10,
	    "r E_SERVER/refused !1;r E_SERVER/refused !2;"
	    "r E_SERVER/refused !3;a OK/replied +ends: stale;"
	    "down E_NOT_READY;");
}

static const struct moment {
	const char *frame;
	const char *told;
} moments[] = {
	{ "#ends: stale\n>behind\n", "down E_NOT_READY;" },
	{ ">ends: stale\n>behind\n", "push >ends: stale;down E_NOT_READY;" },
	{ "~ends: stale\n>behind\n", "aside ~ends: stale;down E_NOT_READY;" },
	/* The end counts, not what is wrong with the frame. */
	{ "?ends: stale\n", "down E_NOT_READY;" },
	{ "9ends: stale\n", "down E_NOT_READY;" },
};

TEST_ROWS(client_end_in_decode, LEN(moments))
{
	begin(STAY_E_NOT_READY);
	sim_peer_print(rig.peer, moments[_i].frame);
	LINE_TELLS(&rig, 10, moments[_i].told);
	EXPECT_IN(line_failure(&rig), ": stale");
}

/* As a greeting that was denied: what waits is told, and attempts go on slowly. */
TEST(client_end_as_denied)
{
	begin(STAY_E_DENIED);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	sim_peer_freeze(rig.peer, true);
	sim_peer_print(rig.peer, "#ends: user deleted\n");
	LINE_TELLS(&rig, 10, "down E_DENIED;a E_LOST/maybe executed;");
	ck_assert_int_eq(line_try(&rig, "b", LINE("y")), STAY_E_DENIED);
	LINE_TELLS(&rig, 3000, "hello -;up;");
}

/* Its own heartbeat names the suspect, as the engine's would. */
TEST(client_end_as_silent)
{
	begin(STAY_E_SILENT);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "#ends: no heartbeat\n");
	LINE_TELLS(&rig, 10, "down E_SILENT;a E_SILENT/maybe executed;");
}

TEST(client_end_as_denied_may_stop)
{
	prepare(STAY_E_DENIED);
	line_start(&rig, OPTIONS(.on_fatal = STAY_FATAL_STOP));
	line_run(&rig, 10);
	line_told(&rig);
	sim_peer_print(rig.peer, "#ends: user deleted\n");
	LINE_TELLS(&rig, 10, "down E_DENIED;closed E_DENIED;");
}

/* In a slot that decode did not lead to; only the first one counts. */
static void
end_twice(struct stay_session *session)
{
	EXPECT_OK(stay_session_end(session, STAY_E_PROTOCOL, "a\0b\xff", 4));
	EXPECT_OK(stay_session_end(session, STAY_E_DENIED, "second", 6));
	ck_assert_int_eq(
	    stay_session_end(session, STAY_E_CLOSED, NULL, 0), STAY_E_ARG);
}

static void
end_pushed(struct stay_session *session, const char *text)
{
	(void)text;
	end_twice(session);
}

/* From on_down the session has ended already. */
static void
end_ended(struct stay_session *session)
{
	ck_assert_int_eq(
	    stay_session_end(session, STAY_E_DENIED, NULL, 0), STAY_E_STATE);
}

TEST(client_end_in_on_push)
{
	begin(STAY_OK);
	rig.config.on_push = end_pushed;
	rig.config.on_down = end_ended;
	sim_peer_print(rig.peer, ">one\n>two\n");
	LINE_TELLS(&rig, 10, "push >one;down E_PROTOCOL;");
	EXPECT_IN(line_failure(&rig), ": a b\\xff");
}

static void
end_when_done(struct line_call *call)
{
	end_twice(stay_client_session(call->rig->client));
}

TEST(client_end_in_done)
{
	begin(STAY_OK);
	line_call(&rig, "a", LINE("say +a|+b"))->then = end_when_done;
	line_call(&rig, "b", LINE("y"));
	LINE_TELLS(&rig, 10,
	    "a OK/replied +a;down E_PROTOCOL;b E_PROTOCOL/maybe executed;");
}

TEST(client_end_in_tick)
{
	begin(STAY_OK);
	rig.config.on_tick = end_twice;
	EXPECT_OK(stay_session_tick_after(stay_client_session(rig.client), 5));
	LINE_TELLS(&rig, 10, "tick;down E_PROTOCOL;");
}

/* Without words it has those of its status. */
TEST(client_end_from_outside)
{
	begin(STAY_OK);
	EXPECT_OK(stay_session_end(
	    stay_client_session(rig.client), STAY_E_NOT_READY, NULL, 0));
	ck_assert_ptr_null(stay_client_session(rig.client));
	LINE_TELLS(&rig, 10, "down E_NOT_READY;");
	EXPECT_IN(line_failure(&rig), ": the server is not ready");
}

/* ---- while greeting ---- */

static struct stay_hello
end_in_restore(struct stay_session *session, const struct stay_frame *frame)
{
	(void)frame;
	end_twice(session);
	return stay_hello_up();
}

TEST(client_end_in_on_up)
{
	prepare(STAY_OK);
	rig.config.restore = end_in_restore;
	line_start(&rig, OPTIONS(.backoff = stay_backoff_constant(1000)));
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;down E_PROTOCOL;");
	ck_assert_uint_eq(line_counts(&rig).sessions, 0);
}

/* hello is content, and the session has ended all the same: no on_up. */
TEST(client_end_in_hello)
{
	prepare(STAY_E_DENIED);
	rig.config.hello = "say +ends: go";
	line_start(&rig, NULL);
	LINE_TELLS(
	    &rig, 10, "init 10.0.0.1;hello -;hello +ends: go;down E_DENIED;");
	EXPECT_IN(line_failure(&rig), "hello line://10.0.0.1:7777: go");
}

static void
end_drained(struct stay_session *session)
{
	end_twice(session);
}

TEST(client_end_in_on_drained)
{
	struct stay_session *session;
	unsigned count = 0;

	begin(STAY_OK);
	rig.server.log = NULL;
	rig.config.on_drained = end_drained;
	session = stay_client_session(rig.client);
	do
		EXPECT_OK(stay_buf_printf(
		    stay_session_control(session), "%01000d\n", (int)count++));
	while (stay_session_expect(session, 0) == STAY_OK);
	LINE_TELLS(&rig, 100, "drained;down E_PROTOCOL;");
}

/* ---- aside ---- */

/* It is for nobody: neither for hello, nor for the call that waits, and no push. */
TEST(client_aside_in_every_phase)
{
	prepare(STAY_OK);
	rig.config.speaks_first = true;
	rig.config.pong = "PONG";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "~PING\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "PONG;");
	sim_peer_print(rig.peer, "+hello\n");
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "~PING\n+a\n");
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;aside ~PING;hello +hello;up;aside ~PING;"
	    "a OK/replied +a;");
	ck_assert_str_eq(line_got(&rig), "x;PONG;");
	ck_assert_uint_eq(line_counts(&rig).pushes, 0);
}

TEST(client_aside_without_a_slot_is_dropped)
{
	line_prepare(&rig);
	rig.protocol = &line_bare_protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("say ~PING|+a"));
	LINE_TELLS(&rig, 10, "a OK/replied +a;");
}

TEST_SUITE_WITH(client_end, .after = line_after)
