/*
 * Another behaviour takes over a live connection, between two callbacks: state,
 * timers, mail and callers stay. Its callbacks bear a mark: cast'(2).
 */
#include <check.h>

#include "probe.h"
#include "suites.h"

#define UP   "init: connect(1) connect: ok "
#define T_UP "init connect(1) "
#define AWAY "init: backoff(400) "
#define TRY  "init: connect(1) connect: pending(500) "
#define UNDO UP "cast: disconnect(7) disconnect: pending(500) "

/* clang-format off */
static const struct story changes[] = {
	{ "idle: accepted",
	  "init: ok", "start run(1) upgrade cast(2) run(1)",
	  "init @1 code_change upgraded=OK cast'(2)" },
	{ "idle: refused",
	  "init: ok code_change: refuse(IO)", "start run(1) upgrade cast(2) run(1)",
	  "init @1 code_change upgraded=IO cast(2)" },
	{ "connecting: accepted, the budget runs on",
	  TRY, "start run(100) upgrade run(1000)",
	  T_UP "@100 code_change upgraded=OK @500 pending_expired' "
	  "disconnect'(expired:TIMEOUT)" },
	{ "connecting: refused, the budget runs on",
	  TRY "code_change: refuse(IO)", "start run(100) upgrade run(1000)",
	  T_UP "@100 code_change upgraded=IO @500 pending_expired "
	  "disconnect(expired:TIMEOUT)" },
	{ "connected: accepted",
	  UP, "start run(1) upgrade run(1) state stop(IO) run(1)",
	  T_UP "@1 code_change upgraded=OK @2 =connected "
	  "disconnect'(stopping:IO) terminate'(IO) closed(IO)" },
	{ "what the new one lacks is missing from now on",
	  UP, "start cast(2) run(1) upgrade(cast) run(1) cast(3) run(1)",
	  T_UP "cast(2) @1 code_change upgraded=OK @2 "
	  "disconnect'(stopping:BAD_CAST) terminate'(BAD_CAST) closed(BAD_CAST)" },
	{ "connected: refused",
	  UP "code_change: refuse(IO)",
	  "start run(1) upgrade run(1) state stop(IO) run(1)",
	  T_UP "@1 code_change upgraded=IO @2 =connected "
	  "disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "disconnecting: accepted, the budget runs on",
	  UNDO, "backoff(70) start cast(2) run(100) upgrade run(1000)",
	  T_UP "cast(2) disconnect(7) @100 code_change upgraded=OK "
	  "@500 pending_expired' @570 connect'(backoff)" },
	{ "disconnecting: refused, the budget runs on",
	  UNDO "code_change: refuse(IO)",
	  "backoff(70) start cast(2) run(100) upgrade run(1000)",
	  T_UP "cast(2) disconnect(7) @100 code_change upgraded=IO "
	  "@500 pending_expired @570 connect(backoff)" },
	{ "backing off: accepted, the backoff runs on",
	  AWAY, "start run(100) upgrade run(1000)",
	  "init @100 code_change upgraded=OK @400 connect'(backoff)" },
	{ "backing off: refused, the backoff runs on",
	  AWAY "code_change: refuse(IO)", "start run(100) upgrade run(1000)",
	  "init @100 code_change upgraded=IO @400 connect(backoff)" },
	{ "starting: not possible",
	  "init: {upgrade} ok", "start upgrade run(1)",
	  "init upgrade()!STATE upgrade()!STATE" },
	{ "stopping: not possible",
	  UP "disconnect: {upgrade} noconnect", "start run(1) stop(IO) run(1)",
	  T_UP "@1 disconnect(stopping:IO) upgrade()!STATE terminate(IO) closed(IO)" },
	{ "stopped: not possible",
	  UP "terminate: {upgrade}", "start run(1) stop(IO) run(1)",
	  T_UP "@1 disconnect(stopping:IO) terminate(IO) upgrade()!STATE closed(IO)" },
	{ "before what is queued",
	  UP "cast: {upgrade} noreply", "start cast(2) cast(3) run(1)",
	  T_UP "cast(2) code_change upgraded=OK cast'(3)" },
	{ "after the verdict of the callback that asked for it",
	  UP "cast: {upgrade} disconnect(7)", "start cast(2) cast(3) run(1)",
	  T_UP "cast(2) disconnect(7) code_change upgraded=OK cast'(3)" },
	{ "asked in connect",
	  "init: connect(1) connect: {upgrade} ok", "start cast(2) run(1)",
	  T_UP "code_change upgraded=OK cast'(2)" },
	{ "in the order of what else was asked",
	  UP "cast: {next(3) upgrade next(4)} noreply", "start cast(2) run(1)",
	  T_UP "cast(2) next(3) code_change upgraded=OK next'(4)" },
	{ "calls of the old one are answered by the new one",
	  UP "call: noreply cast: {answer(2,9)} noreply",
	  "start call(2) run(1) upgrade cast(3) run(1)",
	  T_UP "call(2) @1 code_change upgraded=OK cast'(3) done(2)=9" },
	{ "answers inside code_change",
	  UP "call: noreply code_change: {answer(2,9)} accept",
	  "start call(2) run(1) upgrade run(1)",
	  T_UP "call(2) @1 code_change upgraded=OK done(2)=9" },
	{ "postponed mail stays",
	  UP "cast: postpone disconnect(7)",
	  "start cast(2) run(1) upgrade cast(3) run(1)",
	  T_UP "cast(2) @1 code_change upgraded=OK cast'(3) disconnect'(7) "
	  "cast'(2)" },
	{ "what waits while connect is pending stays",
	  TRY "info: ok", "start cast(2) run(1) upgrade send(3) run(1)",
	  T_UP "@1 code_change upgraded=OK info'(3) cast'(2)" },
	{ "calls that waited come at once if the new one takes them, in order",
	  TRY, "start call(2) cast(3) call(4) run(1) upgrade(calls) call(5) run(1)",
	  T_UP "@1 code_change upgraded=OK call'(2) call'(4) call'(5)" },
	{ "casts too, and what else waits stays in its order",
	  TRY "info: ok",
	  "start call(2) cast(3) call(4) cast(5) run(1) upgrade(casts) run(1) "
	  "send(6) run(1)",
	  T_UP "@1 code_change upgraded=OK cast'(3) cast'(5) @2 info'(6) "
	  "call'(2) call'(4)" },
	{ "also while disconnect is pending",
	  UNDO, "start cast(2) call(3) run(1) upgrade(calls) run(1)",
	  T_UP "cast(2) disconnect(7) @1 code_change upgraded=OK call'(3)" },
	{ "where nothing is pending, what was put aside stays so",
	  UP "cast: postpone disconnect(7)",
	  "start cast(2) run(1) upgrade(casts) cast(3) run(1)",
	  T_UP "cast(2) @1 code_change upgraded=OK cast'(3) disconnect'(7) "
	  "cast'(2)" },
	{ "T begins anew",
	  UP "cast: noreply/50", "start cast(2) run(30) upgrade run(100)",
	  T_UP "cast(2) @30 code_change upgraded=OK @80 timeout'" },
	{ "T that has fired already, too",
	  UP "cast: noreply/50", "start cast(2) run(1) upgrade skip(100) run(100)",
	  T_UP "cast(2) @101 code_change upgraded=OK @151 timeout'" },
	{ "T that was ended does not",
	  UP "cast: noreply/50 noreply",
	  "start cast(2) cast(3) run(1) upgrade run(100)",
	  T_UP "cast(2) cast(3) @1 code_change upgraded=OK" },
	{ "T = 0 too",
	  UP "cast: {upgrade} noreply/0", "start cast(2) run(100)",
	  T_UP "cast(2) code_change upgraded=OK timeout'" },
	{ "the state timeout runs on",
	  UP "cast: {statetimeout(9,50)} noreply",
	  "start cast(2) run(30) upgrade run(100)",
	  T_UP "cast(2) @30 code_change upgraded=OK @50 statetimeout'(9)" },
	{ "twice", "init: ok", "start run(1) upgrade upgrade cast(2) run(1)",
	  "init @1 code_change upgraded=OK code_change upgraded=OK cast'(2)" },
	{ "asked, and stopped before it runs: told all the same",
	  "init: ok cast: {stop(IO) upgrade} noreply", "start cast(2) run(1)",
	  "init cast(2) terminate(IO) upgraded=STATE closed(IO)" },
};
/* clang-format on */

TEST_ROWS(behaviour_change_of_code, STORIES(changes))
{
	story_check(&changes[_i]);
}

TEST_SUITE(behaviour_change)
