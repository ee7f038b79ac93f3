/* What observers are told of failures and recoveries, word by word; and verdicts. */
#include <string.h>

#include <stay/stream.h>

#include "conn/verdict.h"
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;
static char said[2048];

static void
say(const char *text)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s\n", text);
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	ck_assert_int_ne(status, STAY_OK);
	say(text);
}

static void
on_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	(void)arg;
	(void)who;
	say(up->text);
}

/* Before what follows from it. */
static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *turn)
{
	(void)arg;
	(void)who;
	if (strcmp(turn->machine, "conn") == 0 &&
	    strcmp(turn->to, "connected") == 0)
		say("connected");
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_transition = on_transition, .on_failure = on_failure,
	.on_up = on_up };

static void
begin(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	options.backoff = stay_backoff_constant(1000);
	options.backoff.jitter = STAY_JITTER_NONE;
	said[0] = '\0';
	line_prepare(&rig);
	stay_loop_set_observer(rig.loop, &observer);
	line_start(&rig, &options);
}

TEST(report_of_a_recovery)
{
	begin();
	line_run(&rig, 20);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1500);
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 1000);
	ck_assert_str_eq(said,
	    "connected\nup, with 10.0.0.1:7777\n"
	    "session line://10.0.0.1:7777: 10.0.0.1:7777 reset by the peer "
	    "(ECONNRESET); next in 1 s\n"
	    "connect line://10.0.0.1:7777: 10.0.0.1:7777 refused "
	    "(ECONNREFUSED); attempt 1, next in 1 s\n"
	    "connected\nup again after 2 s, attempt 2, with 10.0.0.1:7777\n");
}

/* A behaviour whose first dial fails, and which dials elsewhere in the same attempt. */
static struct stay_verdict
dial_nowhere(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	EXPECT_OK(stay_stream_dial(conn, "tcp://10.0.0.9:1"));
	return stay_verdict_pending(1000);
}

static struct stay_verdict
dial_again(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)state;
	if (event->type == STAY_STREAM_UP)
		return stay_verdict_ok();
	EXPECT_OK(stay_stream_dial(conn, "tcp://" LINE_HOST ":7777"));
	return stay_verdict_noreply();
}

static struct stay_verdict
wait_a_second(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_backoff(1000);
}

/* What has failed on the way up is no reason for the end of the session. */
TEST(report_of_a_session_whose_attempt_failed_first)
{
	static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
		.name = "x", .connect = dial_nowhere, .handle_info = dial_again,
		.disconnect = wait_a_second };
	struct stay_conn *conn;

	begin();
	EXPECT_OK(stay_conn_start(&conn, rig.loop, &behaviour, NULL, NULL));
	line_run(&rig, 100);
	ck_assert_int_eq(stay_conn_state(conn), STAY_CONNECTED);
	EXPECT_IN(said, "connect x: 10.0.0.9:1 refused (ECONNREFUSED); "
			"connected\nup after 0 ms, with 10.0.0.1:7777\n");
	said[0] = '\0';
	stay_conn_reconnect(conn, STAY_E_IO);
	line_run(&rig, 100);
	ck_assert_str_eq(
	    said, "session x: input or output failed; next in 1 s\n");
	stay_conn_stop(conn, STAY_OK);
}

static struct stay_verdict
wait_for_it(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_pending(1000);
}

/* To be stopped is no failure, wherever that finds it. */
TEST(report_of_an_attempt_that_is_stopped)
{
	static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
		.name = "x", .connect = wait_for_it };
	struct stay_conn *conn;

	begin();
	EXPECT_OK(stay_conn_start(&conn, rig.loop, &behaviour, NULL, NULL));
	line_run(&rig, 100);
	stay_conn_stop(conn, STAY_OK);
	line_run(&rig, 100);
	ck_assert_str_eq(said, "connected\nup, with 10.0.0.1:7777\n");
}

/* Of a connection alone, as of a client. */
TEST_ROWS(report_of_a_backoff_that_is_none, 2)
{
	static const struct stay_conn_options rows[] = {
		{ STAY_CONN_OPTIONS,
		    .backoff = { .kind = (enum stay_backoff_kind)99 } },
		{ STAY_CONN_OPTIONS,
		    .backoff = { .jitter = (enum stay_jitter)99 } },
	};
	static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
		.name = "x" };
	struct stay_conn *conn;

	line_prepare(&rig);
	ck_assert_int_eq(
	    stay_conn_start(&conn, rig.loop, &behaviour, NULL, &rows[_i]),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.loop),
	    "the kind or the jitter of the backoff is none of its values");
}

/* A callback whose verdict is none. */
TEST(report_of_a_verdict_that_is_none)
{
	const struct stay_verdict none = { .kind = STAY__VERDICT_COUNT };

	for (int i = 0; i < STAY__SITUATION_COUNT; i++)
		ck_assert_int_eq(
		    stay__verdict_rule((enum stay__situation)i, &none).kind,
		    STAY__BAD);
}

TEST(report_of_a_verdict_with_a_reply)
{
	const struct stay_reply reply = { .status = STAY_E_DENIED };

	ck_assert_int_eq(
	    stay_verdict_with_reply(stay_verdict_ok(), reply).reply.status,
	    STAY_E_DENIED);
}

TEST_SUITE_WITH(report, .after = line_after)
