/*
 * What comes before what: a verdict's event before anything that is queued,
 * what was asked inside a callback right after it, stops among that; and
 * connects that are too many.
 */
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
static const struct story stops_inside[] = {
	{ "init: its connect counts as ok",
	  "init: {stop(IO)} connect(7)", "show(entered) start run(10)",
	  "init starting>idle idle>stopped " END },
	{ "init: ok",
	  "init: {stop(IO)} ok", "start run(10)", "init " END },
	{ "init: backoff",
	  "init: {stop(IO)} backoff(5)", "start run(10)", "init " END },
	{ "init: ignore, so there is nothing to stop",
	  "init: {stop(IO)} ignore", "start run(10)", "init start()!IGNORED" },
	{ "connect: ok is taken first, so there is a session to undo",
	  "init: connect(1) connect: {stop(IO)} ok", "start run(10)",
	  T_UP LAST },
	{ "connect: backoff is taken first, so there is nothing to undo",
	  "init: connect(1) connect: {stop(IO)} backoff(5)", "start run(10)",
	  T_UP END },
	{ "connect: pending is taken first, so there is an attempt to undo",
	  "init: connect(1) connect: {stop(IO)} pending(5)", "start run(10)",
	  T_UP LAST },
	{ "connect: its own stop is taken first",
	  "init: connect(1) connect: {stop(IO)} stop(IO)", "start run(10)",
	  T_UP END },
	{ "disconnect: its connect counts as noconnect",
	  UP "cast: disconnect(7) disconnect: {stop(IO)} connect(8)",
	  "show(entered) start cast(2) run(10)",
	  "init starting>connecting connect(1) connecting>connected cast(2) "
	  "connected>disconnecting disconnect(7) disconnecting>idle "
	  "idle>stopped " END },
	{ "disconnect: noconnect",
	  UP "cast: disconnect(7) disconnect: {stop(IO)} noconnect",
	  "start cast(2) run(10)", T_UP "cast(2) disconnect(7) " END },
	{ "disconnect: backoff",
	  UP "cast: disconnect(7) disconnect: {stop(IO)} backoff(5)",
	  "start cast(2) run(10)", T_UP "cast(2) disconnect(7) " END },
	{ "disconnect: pending, so it is the last one",
	  UP "cast: disconnect(7) disconnect: {stop(IO)} pending(5)",
	  "stop_budget(80) start cast(2) run(100)",
	  T_UP "cast(2) disconnect(7) @80 " END },
	{ "disconnect: its own stop",
	  UP "cast: disconnect(7) disconnect: {stop(IO)} stop(IO)",
	  "start cast(2) run(10)", T_UP "cast(2) disconnect(7) " END },
	{ "the last disconnect: the first reason stands",
	  UP "disconnect: {stop(LOST)} noconnect",
	  "start run(1) stop(IO) run(10)", T_UP "@1 " LAST },
	{ "call: reply goes first",
	  UP "call: {stop(IO)} reply(5)", "start call(2) run(10)",
	  T_UP "call(2) done(2)=5 " LAST },
	{ "call: noreply",
	  UP "call: {stop(IO)} noreply", "start call(2) run(10)",
	  T_UP "call(2) disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED closed(IO)" },
	{ "call: connect doesn't run, its reply is sent",
	  UP "call: {stop(IO)} connect(7)+reply(5)", "start call(2) run(10)",
	  T_UP "call(2) done(2)=5 " LAST },
	{ "call: disconnect doesn't run, its reply is sent",
	  UP "call: {stop(IO)} disconnect(7)+reply(5)", "start call(2) run(10)",
	  T_UP "call(2) done(2)=5 " LAST },
	{ "call: its own stop",
	  UP "call: {stop(IO)} stop(IO)+reply(5)", "start call(2) run(10)",
	  T_UP "call(2) done(2)=5 " LAST },
	{ "call: postpone",
	  UP "call: {stop(IO)} postpone", "start call(2) run(10)",
	  T_UP "call(2) disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED closed(IO)" },
	{ "cast: connect doesn't run",
	  UP "cast: {stop(IO)} connect(7)", "start cast(2) run(10)",
	  T_UP "cast(2) " LAST },
	{ "cast, idle: disconnect doesn't run",
	  "cast: {stop(IO)} disconnect(7)", "start cast(2) run(10)",
	  "init cast(2) " END },
	{ "cast: T is not waited for, nor what is queued",
	  UP "cast: {stop(IO)} noreply/50", "start cast(2) cast(3) send(4) run(100)",
	  T_UP "cast(2) " LAST },
	{ "info: noreply",
	  UP "info: {stop(IO)} noreply", "start send(2) run(10)",
	  T_UP "info(2) " LAST },
	{ "info, backing off: connect doesn't run",
	  AWAY "info: {stop(IO)} connect(7)", "start send(2) run(10)",
	  "init info(2) " END },
	{ "info, connect pending: ok is taken first",
	  TRY "info: {stop(IO)} ok", "show(entered) start send(2) run(10)",
	  "init starting>connecting connect(1) info(2) connecting>connected "
	  "connected>stopping disconnect(stopping:IO) stopping>stopped " END },
	{ "info, connect pending: backoff is taken first",
	  TRY "info: {stop(IO)} backoff(5)", "start send(2) run(10)",
	  T_UP "info(2) " END },
	{ "info, connect pending: connect doesn't run",
	  TRY "info: {stop(IO)} connect(7)", "start send(2) run(10)",
	  T_UP "info(2) " LAST },
	{ "info, connect pending: disconnect doesn't run but as the last one",
	  TRY "info: {stop(IO)} disconnect(7)", "start send(2) run(10)",
	  T_UP "info(2) " LAST },
	{ "info, disconnect pending: speaking for it, connect counts as noconnect",
	  UP "cast: disconnect(7) disconnect: pending(500) "
	  "info: {stop(IO)} connect(8)", "start cast(2) send(3) run(10)",
	  T_UP "cast(2) disconnect(7) info(3) " END },
	{ "info, disconnect pending: noreply, so it is the last one",
	  UP "cast: disconnect(7) disconnect: pending(500) "
	  "info: {stop(IO)} noreply", "stop_budget(80) start cast(2) send(3) run(100)",
	  T_UP "cast(2) disconnect(7) info(3) @80 " END },
	{ "a next event",
	  UP "cast: {next(3)} noreply info: {stop(IO)} noreply",
	  "start cast(2) run(10)", T_UP "cast(2) next(3) " LAST },
	{ "T",
	  UP "cast: noreply/5 info: {stop(IO)} noreply",
	  "start cast(2) run(10)", T_UP "cast(2) @5 timeout " LAST },
	{ "code_change: it is taken, and the new behaviour is stopped",
	  UP "code_change: {stop(IO)} accept", "start run(1) upgrade run(10)",
	  T_UP "@1 code_change upgraded=OK disconnect'(stopping:IO) "
	  "terminate'(IO) closed(IO)" },
	{ "terminate: the first reason stands",
	  UP "terminate: {stop(LOST) stop(OK)}", "start run(1) stop(IO) run(10)",
	  T_UP "@1 " LAST },
	{ "entered connecting: connect still runs",
	  UP "entered: {stop(IO)}", "start run(10)", T_UP LAST },
	{ "entered connected",
	  UP "entered: {} {stop(IO)}", "start run(10)", T_UP LAST },
	{ "entered idle",
	  "init: ok entered: {stop(IO)}", "start run(10)", "init " END },
	{ "done",
	  UP "call: reply(5) done: {stop(IO)}", "start call(2) run(10)",
	  T_UP "call(2) done(2)=5 " LAST },
	{ "on_started",
	  UP "started: {stop(IO)}", "show(started) start run(10)",
	  T_UP "started(OK) " LAST },
	{ "upgraded",
	  UP "upgraded: {stop(IO)}", "start run(1) upgrade run(10)",
	  T_UP "@1 code_change upgraded=OK disconnect'(stopping:IO) "
	  "terminate'(IO) closed(IO)" },
	{ "on_closed: it has stopped",
	  UP "closed: {stop(LOST)}", "start run(1) stop(IO) run(10)",
	  T_UP "@1 " LAST },
};

static const struct story stops_outside[] = {
	{ "starting: init's connect counts as ok",
	  UP, "start stop(IO) run(10)", "init " END },
	{ "idle", "init: ok", "start run(1) stop(IO) run(10)", "init @1 " END },
	{ "connect pending",
	  TRY, "start run(1) stop(IO) run(10)", T_UP "@1 " LAST },
	{ "connected",
	  UP, "start run(1) stop(IO) run(10)", T_UP "@1 " LAST },
	{ "disconnect pending: it is the last one, under the stop budget",
	  UP "cast: disconnect(7) disconnect: {statetimeout(9,30)} pending(50)",
	  "stop_budget(80) start cast(2) run(10) stop(IO) run(1) state run(200)",
	  T_UP "cast(2) disconnect(7) @11 =stopping @90 " END },
	{ "backing off",
	  AWAY, "start run(1) stop(IO) run(10000)", "init @1 " END },
	{ "backing off for ever",
	  "init: backoff(inf)", "start run(1) stop(IO) run(10)", "init @1 " END },
	{ "the first reason stands",
	  UP, "start run(1) stop(IO) stop(LOST) stop(OK) run(10)",
	  T_UP "@1 " LAST },
	{ "a normal end",
	  UP, "start run(1) stop(OK) run(10)",
	  T_UP "@1 disconnect(stopping) terminate(OK) closed(OK)" },
	{ "another normal end",
	  UP, "start run(1) stop(STOPPED) run(10)",
	  T_UP "@1 disconnect(stopping:STOPPED) terminate(STOPPED) closed(STOPPED)" },
	{ "the last disconnect is pending: the budget, and nobody is asked",
	  UP "disconnect: pending(5)",
	  "stop_budget(80) start run(1) stop(IO) run(200)",
	  T_UP "@1 disconnect(stopping:IO) @81 " END },
	{ "the default stop budget",
	  UP "disconnect: pending(inf)", "start run(1) stop(IO) run(5000)",
	  T_UP "@1 disconnect(stopping:IO) @1001 " END },
	{ "the last disconnect hears of timers, and says done",
	  UP "disconnect: {statetimeout(9,20)} pending(5) info: noconnect",
	  "start run(1) stop(IO) run(5000)",
	  T_UP "@1 disconnect(stopping:IO) @21 statetimeout(9) " END },
	{ "whatever it says means done: backoff",
	  UP "disconnect: {statetimeout(9,20)} pending(5) info: backoff(1)",
	  "start run(1) stop(IO) run(5000)",
	  T_UP "@1 disconnect(stopping:IO) @21 statetimeout(9) " END },
	{ "whatever it says means done: connect",
	  UP "disconnect: connect(8)", "start run(1) stop(IO) run(5000)",
	  T_UP "@1 " LAST },
	{ "whatever it says means done: its own stop, but not its reason",
	  UP "disconnect: stop(LOST)", "start run(1) stop(IO) run(5000)",
	  T_UP "@1 " LAST },
	{ "whatever it says means done: a verdict out of place",
	  UP "disconnect: ok", "start run(1) stop(IO) run(5000)",
	  T_UP "@1 " LAST },
	{ "noreply is not done yet, nor is pending, and the budget runs on",
	  UP "disconnect: {statetimeout(9,20)} pending(5) "
	  "info: {statetimeout(8,20)} noreply pending(5000)",
	  "stop_budget(80) start run(1) stop(IO) run(5000)",
	  T_UP "@1 disconnect(stopping:IO) @21 statetimeout(9) "
	  "@41 statetimeout(8) @81 " END },
	{ "mail is not delivered any more",
	  UP "cast: {stop(IO)} noreply disconnect: pending(5)",
	  "let(casts) let(calls) stop_budget(80) "
	  "start cast(2) cast(3) send(4) call(5) run(200)",
	  T_UP "cast(2) disconnect(stopping:IO) @80 terminate(IO) "
	  "done(5)!STOPPED closed(IO)" },
	{ "postponed mail is given up",
	  UP "info: postpone call: postpone",
	  "start send(2) call(3) run(1) stop(IO) run(10)",
	  T_UP "info(2) call(3) @1 disconnect(stopping:IO) terminate(IO) "
	  "done(3)!STOPPED closed(IO)" },
	{ "tokens work in terminate",
	  UP "call: noreply terminate: {answer(2,5) answer(2,6)}",
	  "start call(2) run(1) stop(IO) run(10)",
	  T_UP "call(2) @1 disconnect(stopping:IO) terminate(IO) "
	  "answer(2,6)!STALE done(2)=5 closed(IO)" },
	{ "tokens work in the last disconnect",
	  UP "call: noreply disconnect: {answer(2,5)} pending(5)",
	  "stop_budget(80) start call(2) run(1) stop(IO) run(200)",
	  T_UP "call(2) @1 disconnect(stopping:IO) done(2)=5 @81 " END },
	{ "tokens are over in on_closed",
	  UP "call: noreply closed: {answer(2,5)}",
	  "start call(2) run(1) stop(IO) run(10)",
	  T_UP "call(2) @1 disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED closed(IO) answer(2,5)!STALE" },
	{ "a disconnect that does not exist is not asked",
	  UP, "null(disconnect) start run(1) stop(IO) run(10)", T_UP "@1 " END },
};

static const struct story order[] = {
	{ "connect asked by init runs before any message",
	  "init: {cast(2) send(3)} connect(1)", "start cast(4) run(10)",
	  T_UP "cast(2) info(3) cast(4)" },
	{ "connect asked by disconnect runs before any message",
	  UP "cast: disconnect(7) disconnect: {cast(5)} connect(8)",
	  "start cast(2) cast(3) send(4) run(10)",
	  T_UP "cast(2) disconnect(7) connect(8) cast(3) info(4) cast(5)" },
	{ "a backoff that has fired is flushed by connect",
	  AWAY "cast: connect(7)", "start run(1) cast(2) skip(1000) run(1000)",
	  "init @1001 cast(2) connect(7)" },
	{ "a backoff that has fired is flushed by disconnect",
	  AWAY "cast: disconnect(7)",
	  "start run(1) cast(2) skip(1000) run(1000) state",
	  "init @1001 cast(2) disconnect(7) @2001 =idle" },
	{ "a backoff that has fired comes after older mail",
	  AWAY "cast: noreply", "start run(1) cast(2) skip(1000) run(1)",
	  "init @1001 cast(2) connect(backoff)" },
	{ "a reply is sent before connect runs, and mail waits for both",
	  UP "call: connect(7)+reply(5)", "start call(2) cast(3) run(10)",
	  T_UP "call(2) done(2)=5 connect(7) cast(3)" },
	{ "what a callback asks comes after its verdict's event",
	  UP "cast: {next(3) cast(4) send(5)} connect(7)",
	  "start cast(2) run(10)",
	  T_UP "cast(2) connect(7) next(3) cast(4) info(5)" },
	{ "reconnect, connected: disconnect",
	  UP "disconnect: connect(8)", "start run(1) reconnect(DENIED) run(10)",
	  T_UP "@1 disconnect(reconnect:DENIED) connect(8)" },
	{ "reconnect, idle: connect",
	  "init: ok", "start run(1) reconnect(RECONNECT) run(10) state",
	  "init @1 connect(reconnect:RECONNECT) @11 =connected" },
	{ "reconnect, connect pending: connect",
	  TRY "ok", "start run(1) reconnect(RECONNECT) run(10) state",
	  T_UP "@1 connect(reconnect:RECONNECT) @11 =connected" },
	{ "reconnect, backing off: connect, and no backoff is left",
	  AWAY, "start run(1) reconnect(RECONNECT) run(1000) state",
	  "init @1 connect(reconnect:RECONNECT) @1001 =connected" },
	{ "reconnect, disconnect pending: nothing",
	  UP "cast: disconnect(7) disconnect: pending(50) info: noconnect",
	  "start cast(2) run(1) reconnect(RECONNECT) run(1000) state",
	  T_UP "cast(2) disconnect(7) @50 pending_expired @1001 =idle" },
	{ "reconnect, stopping: nothing",
	  UP "disconnect: pending(50)",
	  "stop_budget(80) start run(1) stop(IO) run(1) reconnect(LOST) run(1000)",
	  T_UP "@1 disconnect(stopping:IO) @81 " END },
	{ "a stop that it asks for comes before mail",
	  UP "disconnect: {stop(IO)} noconnect",
	  "start run(1) reconnect(IO) cast(2) run(10)",
	  T_UP "@1 disconnect(reconnect:IO) terminate(IO) closed(IO)" },
	{ "reconnect inside a callback comes after its verdict's event",
	  UP "cast: {reconnect(RECONNECT)} noreply", "start cast(2) run(10)",
	  T_UP "cast(2) disconnect(reconnect:RECONNECT)" },
	{ "the default backoff grows, till a session was stable",
	  UP "ok ok cast: disconnect(7)* disconnect: pending(5)*",
	  "growing(10) start cast(2) run(100) cast(3) run(6000) cast(4) run(100)",
	  T_UP "cast(2) disconnect(7) @5 pending_expired @15 connect(backoff) "
	  "@100 cast(3) disconnect(7) @105 pending_expired @125 connect(backoff) "
	  "@6100 cast(4) disconnect(7) @6105 pending_expired "
	  "@6115 connect(backoff)" },
	{ "entered tells each change, before what it brings",
	  "init: connect(1) connect: pending(500) info: ok",
	  "show(entered) start send(2) cast(3) run(10)",
	  "init starting>connecting connect(1) info(2) connecting>connected "
	  "cast(3)" },
	{ "entered does not tell of a change to the same state",
	  TRY "ok info: pending(20) connect(7)",
	  "show(entered) start send(2) send(3) run(10)",
	  "init starting>connecting connect(1) info(2) info(3) connect(7) "
	  "connecting>connected" },
};

static const struct story throttle[] = {
	{ "the fifth connect within the time waits, with its own info",
	  "cast: connect(11) connect(12) connect(13) connect(14) connect(15)",
	  "start cast(1) cast(2) cast(3) cast(4) cast(5) run(50) state run(1000)",
	  "init cast(1) connect(11) cast(2) connect(12) cast(3) connect(13) "
	  "cast(4) connect(14) cast(5) @50 =backing_off @100 connect(15)" },
	{ "the fifth after the time does not wait",
	  "cast: connect(7)*",
	  "start cast(1) cast(2) cast(3) cast(4) run(100) cast(5) run(1)",
	  "init cast(1) connect(7) cast(2) connect(7) cast(3) connect(7) "
	  "cast(4) connect(7) @100 cast(5) connect(7)" },
	{ "the next backoff is an ordinary one",
	  UP "ok backoff(20) cast: connect(2) disconnect(3) disconnect: backoff(9)",
	  "burst(1) throttle(30) start cast(2) run(40) cast(3) run(1000)",
	  T_UP "cast(2) @30 connect(2) @40 cast(3) disconnect(3) "
	  "@49 connect(backoff) @69 connect(backoff)" },
	{ "burst and time are options, and init's connect counts",
	  UP "cast: disconnect(7) disconnect: connect(8)",
	  "burst(1) throttle(30) start run(10) cast(2) run(1000) state",
	  T_UP "@10 cast(2) disconnect(7) @30 connect(8) @1010 =connected" },
	{ "never early by a part of a millisecond",
	  UP "cast: connect(7)",
	  "burst(1) throttle(30) cost(400000) start run(10) cast(2) run(1000)",
	  "init @1 connect(1) @11 cast(2) @32 connect(7)" },
	{ "connects after a backoff are not asked for",
	  "init: connect(1) connect: backoff(10) ok cast: connect(7)",
	  "burst(1) start run(100) cast(2) run(1)",
	  T_UP "@10 connect(backoff) @100 cast(2) connect(7)" },
	{ "another connect in the meantime takes its place",
	  UP "cast: connect(7) connect(8)",
	  "burst(1) start cast(2) run(50) cast(3) run(1000)",
	  T_UP "cast(2) @50 cast(3) @100 connect(8)" },
	{ "disconnect in the meantime cancels it",
	  UP "cast: connect(7) disconnect(8)",
	  "burst(1) start cast(2) run(50) cast(3) run(1000) state",
	  T_UP "cast(2) @50 cast(3) disconnect(8) @1050 =idle" },
	{ "stop in the meantime ends it",
	  UP "cast: connect(7)",
	  "burst(1) start cast(2) run(50) stop(IO) run(1000)",
	  T_UP "cast(2) @50 " END },
	{ "an attempt abandoned for one too many",
	  TRY "info: connect(7)", "burst(1) show(started) start run(10) send(2) run(20) state run(500)",
	  T_UP "@10 info(2) @30 =backing_off @100 connect(7) started(OK)" },
	{ "a request is throttled too",
	  UP "disconnect: noconnect",
	  "burst(1) start run(10) reconnect(IO) run(10) reconnect(LOST) run(500)",
	  T_UP "@10 disconnect(reconnect:IO) @100 connect(reconnect:LOST)" },
};

/* Behaviours that never rest. */
static const struct story cycles[] = {
	{ "connect, next event, connect ...",
	  "init: connect(1) connect: {next(2)} ok* info: connect(7)*", "", "" },
	{ "connect, next event, disconnect, connect ...",
	  "init: connect(1) connect: {next(2)} ok* info: disconnect(7)* "
	  "disconnect: connect(8)*", "", "" },
	{ "connect abandoned for another, again and again",
	  "init: connect(1) connect: {next(2)} pending(50)* info: connect(7)*",
	  "", "" },
	{ "connect, request, disconnect, connect ...",
	  "init: connect(1) connect: {reconnect(IO)} ok* disconnect: connect(8)*",
	  "", "" },
};
/* clang-format on */

TEST_ROWS(behaviour_order_stop_inside_a_callback, STORIES(stops_inside))
{
	story_check(&stops_inside[_i]);
}

TEST_ROWS(behaviour_order_stop_from_outside, STORIES(stops_outside))
{
	story_check(&stops_outside[_i]);
}

TEST_ROWS(behaviour_order_of_everything_else, STORIES(order))
{
	story_check(&order[_i]);
}

TEST_ROWS(behaviour_order_connects_are_throttled, STORIES(throttle))
{
	story_check(&throttle[_i]);
}

static unsigned
count(const char *text, const char *word)
{
	unsigned found = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		found++;
	}
	return found;
}

/* Four in 100 ms and the one that waited for them, for a second. */
TEST_ROWS(behaviour_order_cycles_leave_the_loop_alive, STORIES(cycles))
{
	struct probe *probe = probe_new();
	unsigned connects;
	const char *fault;

	probe_script(probe, cycles[_i].script);
	probe_drive(probe, "start run(999)");
	connects = count(probe->trace, " connect(");
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s: %s", cycles[_i].name, fault);
	ck_assert_uint_le(connects, 50);
	ck_assert_uint_ge(connects, 36);
}

TEST_SUITE(behaviour_order)
