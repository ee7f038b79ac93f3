/*
 * The life of a connection: what NULL callbacks mean, its notices, awaiting it,
 * draining it, stopping and freeing its loop, and what start refuses.
 */
#include <stdint.h>
#include <string.h>

#include <check.h>

#include "probe.h"
#include "suites.h"

#define UP   "init: connect(1) connect: ok "
#define T_UP "init connect(1) "
#define AWAY "init: backoff(400) "
#define TRY  "init: connect(1) connect: pending(500) "
#define END  "terminate(IO) closed(IO)"
#define LAST "disconnect(stopping:IO) " END

/* clang-format off */
static const struct story defaults[] = {
	{ "no init: connect",
	  "connect: ok", "null(init) start run(10) state",
	  "connect(0) @10 =connected" },
	{ "no connect: stop, with nothing to undo",
	  "init: connect(1)", "null(connect) start run(10)",
	  "init terminate(BAD_CONNECT) closed(BAD_CONNECT)" },
	{ "no connect, and none is asked for",
	  "init: ok", "null(connect) start run(10) state", "init @10 =idle" },
	{ "no disconnect: stop",
	  UP "cast: disconnect(7)", "null(disconnect) start cast(2) run(10)",
	  T_UP "cast(2) terminate(BAD_DISCONNECT) closed(BAD_DISCONNECT)" },
	{ "no disconnect, and the attempt is over its budget",
	  "init: connect(1) connect: pending(5)", "null(disconnect) start run(10)",
	  T_UP "@5 pending_expired terminate(BAD_DISCONNECT) closed(BAD_DISCONNECT)" },
	{ "no handle_call: stop",
	  UP, "null(call) start call(2) run(10)",
	  T_UP "disconnect(stopping:BAD_CALL) terminate(BAD_CALL) "
	  "done(2)!STOPPED closed(BAD_CALL)" },
	{ "no handle_call, idle: stop",
	  "init: ok", "null(call) start call(2) run(10)",
	  "init terminate(BAD_CALL) done(2)!STOPPED closed(BAD_CALL)" },
	{ "no handle_cast: stop",
	  UP, "null(cast) start cast(2) run(10)",
	  T_UP "disconnect(stopping:BAD_CAST) terminate(BAD_CAST) closed(BAD_CAST)" },
	{ "no handle_info: a message is ignored",
	  UP, "null(info) start send(2) run(10) state", T_UP "@10 =connected" },
	{ "no handle_info: a spent budget of connect is disconnect",
	  "init: connect(1) connect: pending(5)", "null(info) start run(10)",
	  T_UP "@5 disconnect(expired:TIMEOUT)" },
	{ "no handle_info: a spent budget of disconnect is the default backoff",
	  UP "cast: disconnect(7) disconnect: pending(5)",
	  "null(info) backoff(70) start cast(2) run(100)",
	  T_UP "cast(2) disconnect(7) @75 connect(backoff)" },
	{ "no handle_info: T is ignored",
	  "init: ok/5", "null(info) start run(10) state", "init @10 =idle" },
	{ "no terminate",
	  UP, "null(terminate) start run(1) stop(IO) run(10)",
	  T_UP "@1 disconnect(stopping:IO) closed(IO)" },
	{ "no code_change: refused",
	  UP, "null(code_change) start run(1) upgrade cast(2) run(10)",
	  T_UP "@1 upgraded=UNSUPPORTED cast(2)" },
	{ "no entered", UP, "null(entered) start run(10) state", T_UP "@10 =connected" },
};

static const struct story notices[] = {
	{ "on_started: the first success",
	  UP, "show(started) start run(10)", T_UP "started(OK)" },
	{ "on_started: not by being idle, but by what comes of it",
	  "init: ok cast: connect(7)",
	  "show(started) start run(10) cast(2) run(10)",
	  "init @10 cast(2) connect(7) started(OK)" },
	{ "on_started: not by backing off, but by what comes of it",
	  "init: backoff(40)", "show(started) start run(100)",
	  "init @40 connect(backoff) started(OK)" },
	{ "on_started: the first failure, and no success after it",
	  "init: connect(1) connect: backoff(5)", "show(started) start run(100)",
	  T_UP "started(OFFLINE) @5 connect(backoff)" },
	{ "on_started: the budget is spent",
	  "init: connect(1) connect: pending(5)", "show(started) start run(100)",
	  T_UP "@5 pending_expired started(TIMEOUT) disconnect(expired:TIMEOUT)" },
	{ "on_started: stopped before there was an attempt",
	  "init: ok", "show(started) start run(1) stop(IO) run(100)",
	  "init @1 terminate(IO) started(IO) closed(IO)" },
	{ "on_started: a normal end is no success either",
	  "init: ok", "show(started) start run(1) stop(OK) run(100)",
	  "init @1 terminate(OK) started(STOPPED) closed(OK)" },
	{ "no notices at all",
	  UP, "null(started) start run(10) state", T_UP "@10 =connected" },
};

static const struct story awaiting[] = {
	{ "until it is up",
	  "init: backoff(40)", "start await(1000) run(1) state",
	  "init @40 connect(backoff) await=OK @41 =connected" },
	{ "it is up already", UP, "start run(1) await(1000)", T_UP "@1 await=OK" },
	{ "until the attempt has failed",
	  "init: connect(1) connect: backoff(40)", "start await(1000)",
	  T_UP "await=OFFLINE" },
	{ "the attempt is over its budget",
	  "init: connect(1) connect: pending(5)", "start await(1000)",
	  T_UP "@5 pending_expired disconnect(expired:TIMEOUT) await=TIMEOUT" },
	{ "until the time is over",
	  TRY, "start await(20) state", T_UP "@20 await=TIMEOUT =connecting" },
	{ "and again after the time was over",
	  TRY "info: ok", "start await(20) send(2) await(20)",
	  T_UP "@20 await=TIMEOUT info(2) await=OK" },
	{ "not when idle", "init: ok", "start run(1) await(20)", "init @1 await=STATE" },
	{ "nor when becoming idle", "init: ok", "start await(20)", "init await=STATE" },
	{ "not inside a callback",
	  UP "cast: {await(20)} noreply", "start cast(2) run(1)",
	  T_UP "cast(2) await=REENTRANT" },
	{ "nor inside a completion",
	  UP "call: reply(5) done: {await(20)}", "start call(2) run(1)",
	  T_UP "call(2) done(2)=5 await=REENTRANT" },
	{ "it stops meanwhile, normally",
	  TRY, "start run(1) stop(OK) await(20)",
	  T_UP "@1 disconnect(stopping) terminate(OK) closed(OK) await=STOPPED" },
	{ "connect itself stops: why the attempt failed",
	  "init: connect(1) connect: stop(IO)", "start await(20)",
	  T_UP "terminate(IO) closed(IO) await=IO" },
	{ "other callbacks run meanwhile",
	  TRY "info: ok", "let(casts) start cast(2) send(3) await(20)",
	  T_UP "cast(2) info(3) await=OK" },
};

static const struct story draining[] = {
	{ "nothing to do: it ends",
	  UP, "start run(1) admits drain(50) admits run(100)",
	  T_UP "@1 open shut disconnect(stopping) terminate(OK) closed(OK)" },
	{ "no more calls and casts are admitted, messages are",
	  UP "call: noreply",
	  "start call(2) run(1) drain(50) call(3) cast(4) send(5) run(10) "
	  "answer(2,9) run(100)",
	  T_UP "call(2) @1 call(3)!DRAINING cast(4)!DRAINING info(5) @11 done(2)=9 "
	  "disconnect(stopping) terminate(OK) closed(OK)" },
	{ "what is queued is handled",
	  UP "call: reply(9)", "start cast(2) call(3) drain(50) run(100)",
	  T_UP "cast(2) call(3) done(3)=9 disconnect(stopping) terminate(OK) "
	  "closed(OK)" },
	{ "reconnects go on while it drains",
	  UP "call: noreply cast: disconnect(7) disconnect: backoff(20)",
	  "start call(2) cast(3) run(1) drain(100) run(50) answer(2,9) run(100)",
	  T_UP "call(2) cast(3) disconnect(7) @20 connect(backoff) @51 done(2)=9 "
	  "disconnect(stopping) terminate(OK) closed(OK)" },
	{ "at the latest when its budget is spent",
	  UP "call: noreply", "start call(2) run(1) drain(50) run(100)",
	  T_UP "call(2) @51 disconnect(stopping) terminate(OK) done(2)!STOPPED "
	  "closed(OK)" },
	{ "mail that waits for the end of an attempt keeps it",
	  TRY "info: ok", "start cast(2) run(1) drain(50) run(10) send(3) run(100)",
	  T_UP "@11 info(3) cast(2) disconnect(stopping) terminate(OK) closed(OK)" },
	{ "postponed mail keeps it till its budget is spent",
	  UP "cast: postpone", "start cast(2) run(1) drain(50) run(100)",
	  T_UP "cast(2) @51 disconnect(stopping) terminate(OK) closed(OK)" },
	{ "the behaviour may say that it is busy",
	  UP "info: {busy(0)} noreply",
	  "busy(1) start run(1) drain(50) run(20) send(2) run(100)",
	  T_UP "@21 info(2) disconnect(stopping) terminate(OK) closed(OK)" },
	{ "so does what was asked inside a callback",
	  UP "cast: {next(3) drain(50)} noreply",
	  "turn_budget(1) start cast(2) run(100)",
	  T_UP "cast(2) next(3) disconnect(stopping) terminate(OK) closed(OK)" },
	{ "a stop does not wait for it",
	  UP "call: noreply", "start call(2) run(1) drain(50) stop(IO) run(100)",
	  T_UP "call(2) @1 disconnect(stopping:IO) terminate(IO) done(2)!STOPPED "
	  "closed(IO)" },
	{ "inside a callback",
	  UP "cast: {drain(50)} noreply", "start cast(2) cast(3) run(100)",
	  T_UP "cast(2) cast(3) disconnect(stopping) terminate(OK) closed(OK)" },
};

static const struct story loops[] = {
	{ "a loop with a live connection is not freed",
	  UP, "start loopfree run(10) loopfree stop(IO) run(10) loopfree",
	  "init loopfree()!LIVE connect(1) @10 loopfree()!LIVE " LAST },
	{ "nor inside one of its turns",
	  UP "closed: {loopfree}", "start run(1) stop(IO) run(10)",
	  T_UP "@1 " LAST " loopfree()!REENTRANT" },
	{ "a loop without connections is freed",
	  "init: ignore", "start loopfree", "init start()!IGNORED" },
	{ "stopping a loop stops its connection",
	  UP, "start run(1) loopstop(IO) run(10)", T_UP "@1 " LAST },
	{ "inside a callback too",
	  UP "cast: {loopstop(IO)} noreply", "start cast(2) run(10)",
	  T_UP "cast(2) " LAST },
	{ "the first reason counts, whoever gives another",
	  UP "cast: {stop(IO)} stop(LOST)", "start cast(2) run(10)",
	  T_UP "cast(2) " LAST },
	{ "a connection that a verdict stops admits nothing",
	  UP "cast: stop(IO) disconnect: {call(2) cast(3) admits} noconnect",
	  "start cast(2) run(10)",
	  T_UP "cast(2) disconnect(stopping:IO) call(2)!DRAINING "
	  "cast(3)!DRAINING shut " END },
	{ "a connection that has stopped admits nothing",
	  UP "terminate: {call(2) cast(3) send(4) next(5) admits}",
	  "start run(1) stop(IO) run(10)",
	  T_UP "@1 disconnect(stopping:IO) terminate(IO) call(2)!DRAINING "
	  "cast(3)!DRAINING send(4)!DRAINING next(5)!DRAINING shut closed(IO)" },
};
/* clang-format on */

TEST_ROWS(behaviour_life_defaults, STORIES(defaults))
{
	story_check(&defaults[_i]);
}

TEST_ROWS(behaviour_life_notices, STORIES(notices))
{
	story_check(&notices[_i]);
}

TEST_ROWS(behaviour_life_awaiting, STORIES(awaiting))
{
	story_check(&awaiting[_i]);
}

TEST_ROWS(behaviour_life_draining, STORIES(draining))
{
	story_check(&draining[_i]);
}

TEST_ROWS(behaviour_life_loops, STORIES(loops))
{
	story_check(&loops[_i]);
}

/* ---- what start refuses ---- */

/* What starting with these gives; nothing may have been started. */
static enum stay_status
refusal(const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct probe *probe = probe_new();
	struct stay_conn *conn = (struct stay_conn *)probe;
	enum stay_status status =
	    stay_conn_start(&conn, probe->loop, behaviour, probe, options);
	const char *fault = probe_end(probe);

	ck_assert_ptr_null(conn);
	ck_assert_msg(fault == NULL, "%s", fault);
	return status;
}

TEST(behaviour_life_start_refuses_unknown_behaviours)
{
	struct stay_behaviour behaviour = probe_behaviour;

	behaviour.size = 0;
	ck_assert_int_eq(refusal(&behaviour, NULL), STAY_E_ABI);
	behaviour = probe_behaviour;
	behaviour.abi = STAY_ABI + 1;
	ck_assert_int_eq(refusal(&behaviour, NULL), STAY_E_ABI);
	behaviour = probe_behaviour;
	behaviour.flags = 1u << 31;
	ck_assert_int_eq(refusal(&behaviour, NULL), STAY_E_ABI);
	ck_assert_int_eq(refusal(NULL, NULL), STAY_E_ARG);
}

TEST(behaviour_life_start_refuses_unknown_options)
{
	struct stay_conn_options options = { STAY_CONN_OPTIONS };

	options.size = 0;
	ck_assert_int_eq(refusal(&probe_behaviour, &options), STAY_E_ABI);
	options.size = sizeof(options) + 8;
	ck_assert_int_eq(refusal(&probe_behaviour, &options), STAY_E_ABI);
	options = (struct stay_conn_options){ STAY_CONN_OPTIONS,
		.throttle_burst = 1u << 20 };
	ck_assert_int_eq(refusal(&probe_behaviour, &options), STAY_E_ARG);
}

TEST(behaviour_life_upgrade_refuses_unknown_behaviours)
{
	struct probe *probe = probe_new();
	struct stay_behaviour next = probe_behaviour;
	const char *fault;

	probe_script(probe, UP);
	probe_drive(probe, "start run(1)");
	next.abi = STAY_ABI + 1;
	ck_assert_int_eq(
	    stay_conn_upgrade(probe->conn, &next, NULL, NULL, NULL),
	    STAY_E_ABI);
	next = probe_behaviour;
	next.flags = 1u << 31;
	ck_assert_int_eq(
	    stay_conn_upgrade(probe->conn, &next, NULL, NULL, NULL),
	    STAY_E_ABI);
	ck_assert_int_eq(
	    stay_conn_upgrade(probe->conn, NULL, NULL, NULL, NULL), STAY_E_ARG);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* ---- what it says about itself ---- */

TEST(behaviour_life_a_connection_knows_itself)
{
	struct probe *probe = probe_new();
	const char *fault;
	char text[256];

	probe->options.label = "the one";
	probe_script(probe, UP);
	probe_drive(probe, "start run(1)");
	ck_assert_str_eq(stay_conn_label(probe->conn), "the one");
	ck_assert_ptr_eq(stay_conn_loop(probe->conn), probe->loop);
	ck_assert_ptr_nonnull(stay_conn_data(probe->conn));
	ck_assert_uint_eq(stay_conn_number(probe->conn), 1);
	ck_assert_uint_eq(stay_loop_live(probe->loop), 1);
	ck_assert_str_eq(stay_conn_failure(probe->conn), "");
	ck_assert_int_gt(stay_conn_explain(probe->conn, text, sizeof(text)), 0);
	ck_assert_int_eq((int)strlen(text),
	    stay_conn_explain(probe->conn, text, sizeof(text)));
	ck_assert_int_gt(stay_conn_explain(probe->conn, text, 5), 4);
	ck_assert_uint_eq(strlen(text), 4);
	ck_assert_int_gt(stay_conn_explain(probe->conn, text, 1), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_gt(stay_conn_explain(probe->conn, NULL, 0), 0);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

TEST_SUITE(behaviour_life)
