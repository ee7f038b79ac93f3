/* A session is left as planned, and what goes on for ever in it is ended before. */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"

#define STABLE_MS 5001

static struct line_rig rig;

/* IDLE is answered when it is told that it is done, and not before. */
static void
done(struct peer_end *end, const struct peer_request *request)
{
	(void)request;
	peer_say(end, "+over\n");
}

static const struct peer_row rows[] = { DO("DONE", done), ON("LOGOUT", ""),
	NO_MORE };

static void
begin_with(const struct stay_client_options *options)
{
	line_prepare(&rig);
	rig.config.ends_long = "DONE";
	rig.config.bye = "LOGOUT";
	rig.server.rows = rows;
	line_start(&rig, options);
	line_run(&rig, STABLE_MS);
	(void)line_told(&rig);
	(void)line_got(&rig);
}

static void
begin(void)
{
	begin_with(NULL);
}

static void
idle(void)
{
	line_call(&rig, "idle", LINE_BLOCKS("IDLE"));
	line_run(&rig, 1000);
}

/* ---- what it is for ---- */

TEST(client_leaving_ends_what_would_go_on)
{
	begin();
	idle();
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 5,
	    "leaving;idle OK/replied +over;bye;down E_RECONNECT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "IDLE;DONE;LOGOUT;|");
}

/* Without it nothing but the budget ends it. */
TEST(client_leaving_unsaid_loses_it)
{
	begin();
	rig.config.ends_long = NULL;
	idle();
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 4990, "");
	LINE_TELLS(&rig, 20,
	    "down E_RECONNECT;idle E_LOST/maybe executed;hello -;up;");
}

TEST(client_leaving_comes_before_a_stop)
{
	begin();
	idle();
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 5,
	    "leaving;bye;idle OK/replied +over;down E_STOPPED;closed OK;");
	ck_assert_str_eq(line_got(&rig), "IDLE;DONE;LOGOUT;");
}

/* A drain waits, and then it is a stop. */
TEST(client_leaving_waits_for_a_drain)
{
	begin();
	idle();
	stay_client_drain(rig.client, 100);
	LINE_TELLS(&rig, 99, "");
	LINE_TELLS(&rig, 5,
	    "leaving;bye;idle OK/replied +over;down E_STOPPED;closed OK;");
}

/* So it is whoever wants the session to be left. */
static void
age(void)
{
	line_run(&rig, 20000);
}

static void
renew(void)
{
	sim_peer_print(rig.peer, "#renew\n");
	line_run(&rig, 1);
}

static void
move(void)
{
	EXPECT_OK(
	    stay_session_leave(stay_client_session(rig.client), NULL, 0, 0));
	line_run(&rig, 1);
}

static void
reconfigure(void)
{
	EXPECT_OK(stay_client_reconfigure(rig.client, LINE_URL "/other", NULL));
	line_run(&rig, 1);
}

static void (*const causes[])(void) = { age, renew, move, reconfigure };

TEST_ROWS(client_leaving_has_many_causes, 4)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.max_age_ms = _i == 0 ? 10000 : 0 };

	begin_with(&options);
	causes[_i]();
	EXPECT_IN(line_told(&rig), "leaving;bye;");
}

/* ---- when ---- */

/* Nothing is sent behind it, but what the protocol says. */
TEST(client_leaving_is_behind_the_last_call)
{
	begin();
	rig.server.rows = NULL;
	line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	line_call(&rig, "b", LINE("say +b"));
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "a;DONE;");
	sim_peer_print(rig.peer, "+over\n");
	LINE_TELLS(&rig, 5,
	    "leaving;a OK/replied +over;bye;down E_RECONNECT;"
	    "hello -;up;b OK/replied +b;");
	ck_assert_str_eq(line_got(&rig), "LOGOUT;|say +b;");
}

TEST(client_leaving_is_told_once)
{
	begin();
	rig.server.rows = NULL;
	idle();
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10, "leaving;");
	sim_peer_print(rig.peer, "+late\n");
	LINE_TELLS(
	    &rig, 10, "idle OK/replied +late;bye;down E_STOPPED;closed OK;");
}

/* Nor is it of a session that is lost, or not up. */
TEST(client_leaving_is_planned)
{
	begin();
	idle();
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1, "down E_RESET;idle E_LOST/maybe executed;");
	line_end(&rig);
	line_prepare(&rig);
	rig.config.ends_long = "DONE";
	rig.config.hello = "login";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
	ck_assert_ptr_null(strstr(line_told(&rig), "leaving"));
}

/* ---- what may be done in it ---- */

static void
end_it(struct stay_session *session)
{
	EXPECT_OK(stay_session_end(session, STAY_E_NOT_READY, "enough", 6));
}

/* It is no planned change any more. */
TEST_ROWS(client_leaving_may_end_the_session, 2)
{
	begin();
	if (_i == 0)
		idle();
	rig.config.on_leaving = end_it;
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	ck_assert_str_eq(line_told(&rig),
	    _i == 0 ? "leaving;down E_NOT_READY;idle E_LOST/maybe executed;"
		    : "leaving;down E_NOT_READY;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	EXPECT_IN(line_failure(&rig), "enough");
}

TEST(client_leaving_to_stop_may_end_the_session)
{
	begin();
	idle();
	rig.config.on_leaving = end_it;
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 1,
	    "leaving;down E_STOPPED;idle E_STOPPED/maybe executed;closed OK;");
}

static void
cancel_all(struct stay_session *session)
{
	(void)session;
	stay_client_cancel(rig.client, rig.calls[0].id);
}

/* A tombstone is awaited as its call was. */
TEST(client_leaving_may_give_calls_up)
{
	begin();
	line_call(&rig, "a", LINE("IDLE"));
	line_run(&rig, 1);
	rig.config.on_leaving = cancel_all;
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 5,
	    "leaving;a E_CANCELLED/maybe executed;"
	    "orphan +over;bye;down E_RECONNECT;hello -;up;");
}

static void
stop_it(struct stay_session *session)
{
	(void)session;
	stay_client_stop(rig.client, STAY_OK);
}

TEST(client_leaving_may_stop_the_client)
{
	begin();
	idle();
	rig.config.on_leaving = stop_it;
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 5);
	ck_assert_str_eq(line_told(&rig),
	    "leaving;idle OK/replied +over;bye;down E_STOPPED;closed OK;");
}

TEST_SUITE_WITH(client_leaving, .after = line_after)
