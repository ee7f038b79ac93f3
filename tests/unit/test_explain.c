/* What a connection says about itself, whole sentences, in every state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn/outage.h"
#include "probe.h"
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

#define CONN "conn 1 line://10.0.0.1:7777: "

static struct line_rig rig;
static char said[1024];

static const char *
explain(const struct stay_conn *conn)
{
	ck_assert_int_lt(
	    stay_conn_explain(conn, said, sizeof(said)), (int)sizeof(said));
	return said;
}

static const char *
explained(void)
{
	return explain(stay_client_conn(rig.client));
}

/* ---- outside of a turn ---- */

/* The program was busy: the loop has not looked at the clock for long. */
TEST(explain_knows_the_time_outside_of_a_turn)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	struct stay_conn *conn;

	options.backoff = stay_backoff_constant(1000);
	options.backoff.jitter = STAY_JITTER_NONE;
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, &options);
	conn = stay_client_conn(rig.client);
	line_run(&rig, 1);
	ck_assert_uint_eq(stay_conn_due_ms(conn), 999);
	sim_sleep_ms(rig.world, 300);
	ck_assert_uint_eq(stay_conn_due_ms(conn), 699);
	ck_assert_str_eq(explained(),
	    CONN "backing off for 301 ms after attempt 1; its last attempt "
		 "failed: 10.0.0.1:7777 refused (ECONNREFUSED); the next "
		 "attempt begins in 699 ms");
}

static void
take_time(struct stay_session *session)
{
	(void)session;
	sim_sleep_ms(rig.world, 300);
}

/* What was set in a callback counts from its end, and so it says. */
TEST(explain_knows_the_time_a_callback_took)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	options.backoff = stay_backoff_constant(1000);
	options.backoff.jitter = STAY_JITTER_NONE;
	line_begin(&rig, &options);
	rig.config.on_down = take_time;
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 0, "down E_RESET;");
	ck_assert_uint_eq(line_due_ms(&rig), 1000);
	rig.config.on_down = NULL;
}

/* ---- a client ---- */

static void
start(const struct stay_client_options *given)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	if (given != NULL)
		options = *given;
	options.backoff = stay_backoff_constant(1000);
	options.backoff.jitter = STAY_JITTER_NONE;
	line_start(&rig, &options);
}

static void
be_up(void)
{
	start(NULL);
	line_run(&rig, 20);
}

static void
start_alone(void)
{
	start(NULL);
}

/* Another client's dial to the same target fails. */
static void
fail_another(void)
{
	struct stay_client *other;

	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	EXPECT_OK(stay_client_start(
	    &other, rig.loop, &line_bare_protocol, LINE_URL, NULL));
	line_run(&rig, 1);
	stay_client_stop(other, STAY_OK);
	line_run(&rig, 1);
}

static void
wait_for_the_governor(void)
{
	be_up();
	fail_another();
	EXPECT_OK(stay_loop_set_dials_stagger_ms(rig.loop, 500));
	stay_client_reconnect(rig.client, STAY_OK);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 30);
}

static void
resolve(void)
{
	sim_name_set(rig.world, "db", "10.0.0.1", SIM_FOREVER, 0);
	rig.url = "line://user:secret@db:7777";
	start(NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1200);
}

static void
dial(void)
{
	sim_address_set(rig.world, LINE_HOST, LINE_PORT, SIM_BLACK_HOLE, 0);
	start(NULL);
	line_run(&rig, 1200);
}

static void
dial_again(void)
{
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	start(NULL);
	line_run(&rig, 500);
	sim_address_set(rig.world, LINE_HOST, LINE_PORT, SIM_BLACK_HOLE, 0);
	line_run(&rig, 600);
}

static void
greet(void)
{
	rig.config.hello = "quiet";
	start(NULL);
	line_call(&rig, "a", LINE("x"));
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 250);
}

static void
be_busy(void)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.inflight_calls_max = 3 };
	struct line_call *call;

	start(&options);
	line_run(&rig, 20);
	call = line_call(&rig, "a", LINE("quiet"));
	for (int i = 0; i < 3; i++)
		line_call(&rig, "b", LINE("quiet"));
	line_run(&rig, 10);
	stay_client_cancel(rig.client, call->id);
}

static void
drain(void)
{
	be_up();
	line_call(&rig, "a", LINE("quiet"));
	stay_client_drain(rig.client, 1000);
	line_run(&rig, 100);
}

static void
drain_without_end(void)
{
	be_up();
	line_call(&rig, "a", LINE("quiet"));
	stay_client_drain(rig.client, STAY_FOREVER);
	line_run(&rig, 100);
}

static void
change(void)
{
	be_up();
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_OK);
	line_call(&rig, "b", LINE("quiet"));
	line_run(&rig, 10);
}

static void
change_over(void)
{
	be_up();
	sim_address_set(rig.world, LINE_HOST, LINE_PORT, SIM_BLACK_HOLE, 0);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 1000);
}

/* Too short for chance to make it shorter. */
static void
be_up_for_a_while(void)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.max_age_ms = 3 };

	start(&options);
	while (rig.server.accepted == 0)
		line_run(&rig, 1);
}

static void
drain_by_and_by(void)
{
	be_up_for_a_while();
	line_call(&rig, "a", LINE("quiet"));
	stay_client_drain(rig.client, 1000);
	line_run(&rig, 1);
}

static void
drain_soon(void)
{
	be_up_for_a_while();
	line_call(&rig, "a", LINE("quiet"));
	stay_client_drain(rig.client, 1);
}

static void
ask_for_a_change(void)
{
	be_up();
	stay_client_reconnect(rig.client, STAY_OK);
}

static void
ask_for_a_stop(void)
{
	be_up();
	stay_client_stop(rig.client, STAY_OK);
}

static void
lose(void)
{
	be_up();
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 10);
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
	line_call(&rig, "b", LINE("quiet"));
	line_run(&rig, 10);
	line_call(&rig, "c", LINE("quiet"));
	line_run(&rig, 110);
}

static void
say_goodbye(void)
{
	const struct sim_limits narrow = { .send_buffer = 1 };

	rig.config.bye = "bye";
	be_up();
	sim_peer_limits(rig.peer, &narrow);
	sim_peer_freeze(rig.peer, true);
	stay_client_stop(rig.client, STAY_E_IO);
	line_run(&rig, 100);
}

static void
be_up_for_a_second(void)
{
	be_up();
	line_run(&rig, 980);
}

static void
be_up_for_ten_seconds(void)
{
	be_up();
	line_run(&rig, 9980);
}

static void
be_up_for_ten_minutes(void)
{
	be_up();
	line_run(&rig, 599980);
}

static const struct {
	void (*live)(void);
	const char *says;
} of_clients[] = {
	{ start_alone, CONN "starting for 0 ms; init's verdict is taken next" },
	{ wait_for_the_governor,
	    CONN "connecting for 30 ms, waiting for the dial governor, 1 call "
		 "queued; a reconnect was asked for; its budget of 5 s "
		 "begins when it is let go" },
	{ resolve, "conn 1 line://db:7777: connecting for 1.2 s, resolving its "
		   "name, 1 call queued; it gives up in 3.8 s" },
	{ dial, CONN "connecting for 1.2 s, dialing; it gives up in 3.8 s" },
	{ dial_again,
	    CONN "connecting for 99 ms in attempt 2, dialing; its last "
		 "attempt failed: 10.0.0.1:7777 refused (ECONNREFUSED); it "
		 "gives up in 4.9 s" },
	{ greet, CONN "connecting for 250 ms with 10.0.0.1:7777, greeting the "
		      "server, 2 calls queued; it gives up in 4.7 s" },
	{ be_up,
	    CONN "connected for 20 ms with 10.0.0.1:7777; it stays connected" },
	{ be_up_for_a_second,
	    CONN "connected for 1 s with 10.0.0.1:7777; it stays connected" },
	{ be_up_for_ten_seconds,
	    CONN "connected for 10 s with 10.0.0.1:7777; it stays connected" },
	{ be_up_for_ten_minutes, CONN
	    "connected for 10 min with 10.0.0.1:7777; it stays connected" },
	{ be_up_for_a_while,
	    CONN "connected for 1 ms with 10.0.0.1:7777; it leaves for a new "
		 "session in 2 ms" },
	{ drain_by_and_by,
	    CONN "connected for 2 ms with 10.0.0.1:7777, 1 call in flight; "
		 "nothing was heard for 2 ms, and without a sign of life it "
		 "ends in 9.9 s; it leaves for a new session in 1 ms, and it "
		 "stops when nothing "
		 "is left to do, at the latest in 999 ms" },
	{ drain_soon,
	    CONN "connected for 1 ms with 10.0.0.1:7777, 1 call queued; it "
		 "stops when nothing is left to do, at the latest in 1 ms" },
	{ be_busy,
	    CONN "connected for 30 ms with 10.0.0.1:7777, 1 call queued, 2 in "
		 "flight, 1 given up and still to be answered; nothing was "
		 "heard for 30 ms, and without a sign of life it ends in 9.9 "
		 "s" },
	{ drain, CONN
	    "connected for 120 ms with 10.0.0.1:7777, 1 call in flight; "
	    "nothing was heard for 120 ms, and without a sign of life it ends "
	    "in 9.9 s; it stops when nothing is left to do, at the latest in "
	    "900 ms" },
	{ drain_without_end,
	    CONN "connected for 120 ms with 10.0.0.1:7777, 1 call in flight; "
		 "nothing was heard for 120 ms, and without a sign of life it "
		 "ends in 9.9 s; it stops when nothing is left to do" },
	{ ask_for_a_change,
	    CONN "connected for 20 ms with 10.0.0.1:7777; it reconnects next, "
		 "as asked" },
	{ change,
	    CONN "disconnecting for 10 ms with 10.0.0.1:7777, finishing what "
		 "is in flight, 1 call queued, 1 in flight; a reconnect was "
		 "asked for; it connects anew at the latest in 4.9 s" },
	{ change_over,
	    CONN "connecting for 1 s, dialing; a reconnect was asked for; it "
		 "gives up in 4 s" },
	{ lose, CONN "backing off for 120 ms, 1 call queued; its last session "
		     "ended: 10.0.0.1:7777 reset by the peer (ECONNRESET); the "
		     "next attempt begins in 880 ms" },
	{ ask_for_a_stop,
	    CONN "connected for 20 ms with 10.0.0.1:7777; it stops next, as "
		 "asked" },
	{ say_goodbye,
	    CONN "stopping for 100 ms with 10.0.0.1:7777, saying goodbye; the "
		 "reason: input or output failed; it ends at the latest in "
		 "900 ms" },
};

/* The label alone is longer than the sentence of a failure may be. */
TEST(explain_a_label_that_leaves_no_room_for_the_failure)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	const struct stay_conn *conn;
	char label[2 * STAY__FAILURE_MAX];

	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	options.label = label;
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, &options);
	line_run(&rig, 1);
	conn = stay_client_conn(rig.client);
	ck_assert_uint_lt(strlen(stay_conn_failure(conn)), STAY__FAILURE_MAX);
	ck_assert_uint_lt(inside_failure_end(conn), STAY__FAILURE_MAX);
}

TEST_ROWS(explain_a_client_says_all, (LEN(of_clients)))
{
	line_prepare(&rig);
	of_clients[_i].live();
	ck_assert_str_eq(explained(), of_clients[_i].says);
	line_end(&rig);
}

/* When it comes back is a matter of chance, but it is said. */
TEST(explain_who_is_denied_says_when_it_comes_back)
{
	static const char says[] =
	    CONN "backing off for 10 ms after attempt 1, refusing calls till "
		 "the next attempt; its last hello failed: -wrong password; "
		 "the next attempt begins in ";

	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	start(NULL);
	line_run(&rig, 10);
	explained();
	ck_assert_msg(strncmp(said, says, strlen(says)) == 0, "%s", said);
	ck_assert_int_gt(atoi(said + strlen(says)), 9);
	EXPECT_IN(said, " s, but somebody has to mend this");
}

/* ---- a call that has timed out ---- */

static char whys[2][1024];

static void
note_why(void *arg, const struct stay_result *result)
{
	snprintf(arg, sizeof(whys[0]), "%s", result->why);
}

static void
ask(char why[], const struct line_request *request)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 1000 };

	EXPECT_OK(stay_client_call_with(
	    rig.client, request, &options, note_why, why));
}

/* Where it was, and for how long; and what has kept it there. */
TEST(explain_why_a_call_has_timed_out)
{
	line_prepare(&rig);
	start(OPTIONS(.inflight_calls_max = 1));
	line_run(&rig, 20);
	ask(whys[0], LINE("quiet"));
	line_run(&rig, 400);
	ask(whys[1], LINE("x"));
	line_run(&rig, 1100);
	ck_assert_str_eq(whys[0],
	    "timed out after 1 s, of these 0 ms queued and 1 s since it "
	    "was sent");
	ck_assert_str_eq(
	    whys[1], "timed out after 1 s in the queue, never sent");
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 10);
	ask(whys[0], LINE("x"));
	line_run(&rig, 1100);
	EXPECT_IN(whys[0],
	    "timed out after 1 s in the queue, never sent; connect line://");
	EXPECT_IN(whys[0], "ECONNREFUSED");
}

TEST(explain_why_a_call_has_timed_out_behind_a_greeting)
{
	line_prepare(&rig);
	rig.config.hello = "hi";
	start(NULL);
	ask(whys[0], LINE("x"));
	line_run(&rig, 1100);
	ck_assert_str_eq(whys[0],
	    "timed out after 1 s in the queue, never sent; the greeting with "
	    "the server is not over");
}

/* ---- a behaviour ---- */

static void
said_at_the_end(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	explain(conn);
	probe_closed(arg, conn, reason);
}

static const struct {
	const char *script;
	const char *drive;
	const char *says;
} of_behaviours[] = {
	{ "", "start",
	    "conn 1 probe: starting for 0 ms; init's verdict is taken "
	    "next" },
	{ "init: ok", "start run(5000)",
	    "conn 1 probe: idle for 5 s; it waits for somebody to ask "
	    "for a connection" },
	{ "init: connect(1) connect: pending(500)", "start run(100)",
	    "conn 1 probe: connecting for 100 ms; it gives up in 400 ms" },
	{ "init: connect(1) connect: pending(inf)",
	    "start cast(1) call(2) call(3) send(4) run(100)",
	    "conn 1 probe: connecting for 100 ms, 3 messages wait, 2 "
	    "callers wait for an answer; it waits for connect's verdict" },
	{ "init: ok connect: ok* cast: connect(1)*",
	    "burst(2) start cast(2) cast(3) cast(4) run(3)",
	    "conn 1 probe: backing off for 3 ms after too many connects "
	    "in a row; the next attempt begins in 97 ms" },
	{ "init: connect(1) connect: backoff(inf)", "start run(20)",
	    "conn 1 probe: backing off for 20 ms after attempt 1; its "
	    "last attempt failed: not connected; no attempt follows by "
	    "itself" },
	{ "init: backoff(700)", "start run(20)",
	    "conn 1 probe: backing off for 20 ms; the next attempt "
	    "begins in 680 ms" },
	{ "init: connect(1) connect: ok call: noreply cast: postpone",
	    "start call(1) cast(2) cast(3) run(100)",
	    "conn 1 probe: connected for 100 ms, 1 message waits, 1 "
	    "caller waits for an answer; it stays connected" },
	{ "init: connect(1) connect: ok cast: disconnect(7) "
	  "disconnect: pending(300)",
	    "start cast(2) run(100)",
	    "conn 1 probe: disconnecting for 100 ms; it gives up in 200 "
	    "ms" },
	{ "init: connect(1) connect: ok cast: disconnect(7) "
	  "disconnect: pending(300)",
	    "start cast(2) run(100) reconnect(OK) run(10)",
	    "conn 1 probe: disconnecting for 110 ms; it gives up in 190 "
	    "ms" },
	{ "init: connect(1) connect: ok* cast: disconnect(7) "
	  "disconnect: connect(2) pending(300)",
	    "start run(1) reconnect(OK) run(10) cast(2) run(100)",
	    "conn 1 probe: disconnecting for 100 ms; it gives up in 200 "
	    "ms" },
	{ "init: connect(1) connect: ok cast: {reconnect(OK)} disconnect(7) "
	  "disconnect: pending(300)",
	    "start cast(2) run(100)",
	    "conn 1 probe: disconnecting for 100 ms; it gives up in 200 "
	    "ms" },
	{ "init: connect(1) connect: ok cast: disconnect(7:IO) "
	  "disconnect: noconnect",
	    "start cast(2) run(100)",
	    "conn 1 probe: idle for 100 ms; its last session ended: "
	    "input or output failed; it waits for somebody to ask for a "
	    "connection" },
	{ "init: connect(1) connect: ok disconnect: noconnect",
	    "start run(1) reconnect(OK) run(100)",
	    "conn 1 probe: idle for 100 ms; it waits for somebody to ask "
	    "for a connection" },
	{ "init: connect(1) connect: ok pending(500) disconnect: noconnect "
	  "cast: connect(2)",
	    "start run(1) reconnect(OK) run(10) cast(2) run(100)",
	    "conn 1 probe: connecting for 100 ms; it gives up in 400 ms" },
	{ "init: connect(1) connect: ok disconnect: noconnect pending(300) "
	  "cast: disconnect(7)",
	    "start run(1) reconnect(OK) run(10) cast(2) run(100)",
	    "conn 1 probe: disconnecting for 100 ms; it gives up in 200 "
	    "ms" },
	{ "init: connect(1) connect: ok disconnect: pending(300)",
	    "stop_budget(900) start run(10) stop(IO) run(100)",
	    "conn 1 probe: stopping for 100 ms; the reason: input or "
	    "output failed; it ends at the latest in 800 ms" },
	{ "init: connect(1) connect: ok disconnect: pending(300)",
	    "stop_budget(900) start run(10) stop(OK) run(100)",
	    "conn 1 probe: stopping for 100 ms, as asked; it ends at the "
	    "latest in 800 ms" },
	{ "init: connect(1) connect: ok cast: ok", "start cast(1) run(10)",
	    "conn 1 probe: stopped for 0 ms; a callback returned a "
	    "verdict that it may not return; the closed notice follows" },
	{ "init: connect(1) connect: ok", "start run(10) stop(OK) run(10)",
	    "conn 1 probe: stopped for 0 ms, as asked; the closed notice "
	    "follows" },
};

TEST_ROWS(explain_a_behaviour_says_all, (LEN(of_behaviours)))
{
	struct probe *probe = probe_new();
	const char *fault;

	said[0] = '\0';
	probe->options.on_closed = said_at_the_end;
	probe_script(probe, of_behaviours[_i].script);
	probe_drive(probe, of_behaviours[_i].drive);
	if (probe->conn != NULL)
		explain(probe->conn);
	ck_assert_str_eq(said, of_behaviours[_i].says);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* Its backoff is over, but older mail comes first. */
TEST(explain_knows_that_a_backoff_is_over)
{
	struct probe *probe = probe_new();
	const char *fault;

	probe_script(probe, "init: backoff(10) cast: noreply*");
	probe_drive(probe, "turn_budget(1) start run(1) cast(1) cast(2) "
			   "cast(3) cast(4) cast(5) cast(6) skip(20)");
	while (inside_letters(probe->conn) > 3)
		stay_loop_turn(probe->loop);
	ck_assert_uint_eq(stay_conn_due_ms(probe->conn), 0);
	EXPECT_IN(explain(probe->conn), "; the next attempt begins in 0 ms");
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

TEST_SUITE_WITH(explain, .after = line_after)
