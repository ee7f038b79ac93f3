/*
 * What a protocol may say about its session: that the peer is none of its kind,
 * that the session is worth no further call, what was agreed on. And what a
 * planned change costs when its dial fails.
 */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

static void
answer(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 1);
}

static bool
explains(const char *words)
{
	char text[512];

	stay_conn_explain(stay_client_conn(rig.client), text, sizeof(text));
	return strstr(text, words) != NULL;
}

/* ---- renewed ---- */

/* What is in flight is answered there, what is queued waits for the next. */
TEST(client_renew_lets_calls_finish)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_call(&rig, "b", LINE("y"));
	line_run(&rig, 1);
	answer("!renew\n");
	line_call(&rig, "c", LINE("say +c"));
	line_run(&rig, 500);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	ck_assert_str_eq(line_got(&rig), "x;y;");
	ck_assert(explains("worth no more"));
	answer("+b\n");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert_str_eq(line_told(&rig),
	    "a E_SERVER/refused !renew;b OK/replied +b;down E_NOT_READY;");
	LINE_TELLS(&rig, 100, "hello -;up;c OK/replied +c;");
}

TEST(client_renew_waits_no_longer_than_its_budget)
{
	line_begin(&rig, OPTIONS(.leave_budget_ms = 300));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	answer(">renew\n");
	line_run(&rig, 290);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	LINE_TELLS(
	    &rig, 20, "push >renew;down E_NOT_READY;a E_LOST/maybe executed;");
}

/* One that ends already, or is not up yet, is let be. */
TEST(client_renew_is_for_a_session_that_is_up)
{
	line_prepare(&rig);
	rig.config.hello = "hi";
	line_start(&rig, NULL);
	line_run(&rig, 1);
	answer("+renew\n");
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	answer("+renew\n");
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTING);
	answer("+hi\n");
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	ck_assert_uint_eq(line_counts(&rig).sessions, 2);
}

/* With what was refused in it, it ends as any session that refuses all. */
TEST(client_renew_of_a_session_that_refuses)
{
	line_begin(&rig, OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	answer("!renew\n");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig), "x;|x;");
	LINE_HEARS(
	    &rig, "+a\n", "down E_NOT_READY;hello -;up;a OK/replied +a;");
}

/* ---- another protocol ---- */

TEST(client_renew_hello_may_hear_another_protocol)
{
	line_prepare(&rig);
	rig.config.hello = "hi";
	line_start(&rig, NULL);
	line_run(&rig, 1);
	answer("+bad\n");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.1;hello -;hello +bad;down E_PROTOCOL;");
	ck_assert(explains("its last hello failed: not this protocol"));
}

/* ---- what was agreed on ---- */

TEST(client_renew_explains_what_was_agreed_on)
{
	line_prepare(&rig);
	rig.config.agreed = "line 7";
	rig.config.hello = "hi";
	line_start(&rig, NULL);
	line_run(&rig, 1);
	ck_assert(!explains("line 7"));
	answer("+hi\n");
	ck_assert(explains("10.0.0.1:7777, line 7; it stays"));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	ck_assert(explains("10.0.0.1:7777, line 7, 1 call in flight; nothing"));
	sim_peer_close(rig.peer);
	line_run(&rig, 1);
	ck_assert(!explains("line 7"));
}

/* ---- a change whose dial fails ---- */

#define OUTAGE_MS 100000

/* The delay behind a first dial that fails, of a change in an old session. */
static uint64_t
due_after_a_change(uint64_t up_ms)
{
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, OUTAGE_MS);
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	while (line_state(&rig) != STAY_CONNECTED)
		line_run(&rig, 10);
	line_run(&rig, up_ms);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	stay_client_reconnect(rig.client, STAY_OK);
	while (line_state(&rig) != STAY_BACKING_OFF)
		line_run(&rig, 1);
	return line_due_ms(&rig);
}

/* An outage is over once a session was stable; a shorter one is part of it. */
TEST(promise_13_a_change_does_not_pay_for_an_old_outage)
{
	line_begin(&rig, OPTIONS(.backoff = { .jitter = STAY_JITTER_NONE,
				     .stable_ms = 5000 }));
	ck_assert_uint_le(due_after_a_change(3600 * 1000), 50);
	ck_assert_uint_ge(due_after_a_change(1000), OUTAGE_MS / 10);
}

TEST_SUITE_WITH(client_renew, .after = line_after)
