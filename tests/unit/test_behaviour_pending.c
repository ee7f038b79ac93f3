/*
 * While connect or disconnect is pending: what may be said then, budgets and
 * their end, and what waits meanwhile.
 */
#include <check.h>

#include "probe.h"
#include "suites.h"

/* A connect that is pending, and a disconnect that is. */
#define TRY    "init: connect(1) connect: pending(500) "
#define T_TRY  "init connect(1) "
#define UNDO   "init: ok cast: disconnect(1) disconnect: pending(500) "
#define T_UNDO "init cast(1) disconnect(1) "

/* clang-format off */
static const struct story connecting_info[] = {
	{ "noreply: still pending, and the budget runs on",
	  TRY "info: noreply", "start run(20) send(2) run(1) state run(10000)",
	  T_TRY "@20 info(2) @21 =connecting @500 pending_expired "
	  "disconnect(expired:TIMEOUT)" },
	{ "ok",
	  TRY "info: ok", "start run(20) send(2) run(10000) state",
	  T_TRY "@20 info(2) @10020 =connected" },
	{ "ok with T",
	  TRY "info: ok/50", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @70 timeout" },
	{ "ok with T = 0",
	  TRY "info: ok/0", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) timeout" },
	{ "ok and hibernate",
	  TRY "info: ok/h", "start send(2) run(10000) state",
	  T_TRY "info(2) @10000 =connected" },
	{ "backoff",
	  TRY "info: backoff(40)", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @60 connect(backoff)" },
	{ "backoff with T",
	  TRY "info: backoff(40)/10", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @30 timeout @60 connect(backoff)" },
	{ "backoff and hibernate",
	  TRY "info: backoff(40)/h", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @60 connect(backoff)" },
	{ "backoff for ever",
	  TRY "info: backoff(inf)", "start send(2) run(1000000) state",
	  T_TRY "info(2) @1000000 =backing_off" },
	{ "pending: a longer budget replaces the first",
	  TRY "info: pending(700)", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @720 pending_expired disconnect(expired:TIMEOUT)" },
	{ "pending: a shorter budget replaces the first",
	  TRY "info: pending(10)", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) @30 pending_expired disconnect(expired:TIMEOUT)" },
	{ "pending: no budget replaces the first",
	  TRY "info: pending(inf)", "start run(20) send(2) run(1000000) state",
	  T_TRY "@20 info(2) @1000020 =connecting" },
	{ "connect: the attempt is abandoned for another, with a budget of its own",
	  TRY "pending(100) info: connect(7)", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) connect(7) @120 pending_expired "
	  "disconnect(expired:TIMEOUT)" },
	{ "disconnect: the attempt is abandoned",
	  TRY "info: disconnect(7)", "start run(20) send(2) run(10000) state",
	  T_TRY "@20 info(2) disconnect(7) @10020 =idle" },
	{ "stop speaks for connect: nothing is undone",
	  TRY "info: stop(IO)", "start run(20) send(2) run(10000)",
	  T_TRY "@20 info(2) terminate(IO) closed(IO)" },
	{ "postpone",
	  TRY "info: postpone ok noreply",
	  "start send(2) run(20) send(3) run(10000)",
	  T_TRY "info(2) @20 info(3) info(2)" },
};

static const struct story disconnecting_info[] = {
	{ "noreply: still pending, and the budget runs on",
	  UNDO "info: noreply",
	  "backoff(70) start cast(1) run(20) send(2) run(1) state run(10000)",
	  T_UNDO "@20 info(2) @21 =disconnecting @500 pending_expired "
	  "@570 connect(backoff)" },
	{ "connect",
	  UNDO "info: connect(7)", "start cast(1) run(20) send(2) run(10000) state",
	  T_UNDO "@20 info(2) connect(7) @10020 =connected" },
	{ "backoff",
	  UNDO "info: backoff(40)", "start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @60 connect(backoff)" },
	{ "backoff with T",
	  UNDO "info: backoff(40)/10", "start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @30 timeout @60 connect(backoff)" },
	{ "backoff and hibernate",
	  UNDO "info: backoff(40)/h", "start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @60 connect(backoff)" },
	{ "backoff for ever",
	  UNDO "info: backoff(inf)", "start cast(1) send(2) run(1000000) state",
	  T_UNDO "info(2) @1000000 =backing_off" },
	{ "noconnect",
	  UNDO "info: noconnect", "start cast(1) run(20) send(2) run(10000) state",
	  T_UNDO "@20 info(2) @10020 =idle" },
	{ "noconnect with T",
	  UNDO "info: noconnect/50", "start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @70 timeout" },
	{ "noconnect and hibernate",
	  UNDO "info: noconnect/h", "start cast(1) send(2) run(10000) state",
	  T_UNDO "info(2) @10000 =idle" },
	{ "pending: a longer budget replaces the first",
	  UNDO "info: pending(700)",
	  "backoff(70) start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @720 pending_expired @790 connect(backoff)" },
	{ "pending: a shorter budget replaces the first",
	  UNDO "info: pending(10)",
	  "backoff(70) start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @30 pending_expired @100 connect(backoff)" },
	{ "disconnect is as noreply: it is being done",
	  UNDO "info: disconnect(7)",
	  "backoff(70) start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) @500 pending_expired @570 connect(backoff)" },
	{ "stop speaks for disconnect",
	  UNDO "info: stop(IO)", "start cast(1) run(20) send(2) run(10000)",
	  T_UNDO "@20 info(2) terminate(IO) closed(IO)" },
	{ "postpone",
	  UNDO "info: postpone noconnect noreply",
	  "start cast(1) send(2) run(20) send(3) run(10000)",
	  T_UNDO "info(2) @20 info(3) info(2)" },
};

/* Calls and casts that are let through. */
static const struct story let_through[] = {
	{ "call, connecting: reply, still pending",
	  TRY "call: reply(5)", "let(calls) start call(2) run(20) state run(10000)",
	  T_TRY "call(2) done(2)=5 @20 =connecting @500 pending_expired "
	  "disconnect(expired:TIMEOUT)" },
	{ "call, connecting: noreply, still pending",
	  TRY "call: noreply", "let(calls) start call(2,100) run(10000)",
	  T_TRY "call(2) @100 done(2)!TIMEOUT @500 pending_expired "
	  "disconnect(expired:TIMEOUT)" },
	{ "call, connecting: connect abandons the attempt",
	  TRY "ok call: connect(7)", "let(calls) start call(2,100) run(10000)",
	  T_TRY "call(2) connect(7) @100 done(2)!TIMEOUT" },
	{ "call, connecting: connect with a reply",
	  TRY "ok call: connect(7)+reply(5)", "let(calls) start call(2) run(10000)",
	  T_TRY "call(2) done(2)=5 connect(7)" },
	{ "call, connecting: disconnect",
	  TRY "call: disconnect(7)", "let(calls) start call(2,100) run(10000)",
	  T_TRY "call(2) disconnect(7) @100 done(2)!TIMEOUT" },
	{ "call, connecting: disconnect with a reply",
	  TRY "call: disconnect(7)+reply(5)", "let(calls) start call(2) run(10000)",
	  T_TRY "call(2) done(2)=5 disconnect(7)" },
	{ "call, connecting: stop does not speak for connect, so it is undone",
	  TRY "call: stop(IO)", "let(calls) start call(2) run(10000)",
	  T_TRY "call(2) disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED closed(IO)" },
	{ "call, connecting: stop with a reply",
	  TRY "call: stop(IO)+reply(5)", "let(calls) start call(2) run(10000)",
	  T_TRY "call(2) done(2)=5 disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "call, connecting: postpone",
	  TRY "call: postpone reply(5) info: ok",
	  "let(calls) start call(2) run(20) send(3) run(10000)",
	  T_TRY "call(2) @20 info(3) call(2) done(2)=5" },
	{ "cast, connecting: noreply, still pending",
	  TRY "cast: noreply", "let(casts) start cast(2) run(10000)",
	  T_TRY "cast(2) @500 pending_expired disconnect(expired:TIMEOUT)" },
	{ "cast, connecting: connect",
	  TRY "ok cast: connect(7)", "let(casts) start cast(2) run(10000) state",
	  T_TRY "cast(2) connect(7) @10000 =connected" },
	{ "cast, connecting: disconnect",
	  TRY "cast: disconnect(7)", "let(casts) start cast(2) run(10000)",
	  T_TRY "cast(2) disconnect(7)" },
	{ "cast, connecting: stop",
	  TRY "cast: stop(IO)", "let(casts) start cast(2) run(10000)",
	  T_TRY "cast(2) disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "cast, connecting: postpone",
	  TRY "cast: postpone noreply info: ok",
	  "let(casts) start cast(2) run(20) send(3) run(10000)",
	  T_TRY "cast(2) @20 info(3) cast(2)" },
	{ "call, disconnecting: reply, still pending",
	  UNDO "call: reply(5)",
	  "let(calls) backoff(70) start cast(1) call(2) run(10000)",
	  T_UNDO "call(2) done(2)=5 @500 pending_expired @570 connect(backoff)" },
	{ "call, disconnecting: noreply, still pending",
	  UNDO "call: noreply",
	  "let(calls) backoff(70) start cast(1) call(2,100) run(10000)",
	  T_UNDO "call(2) @100 done(2)!TIMEOUT @500 pending_expired "
	  "@570 connect(backoff)" },
	{ "call, disconnecting: stop makes the disconnect under way the last one",
	  UNDO "call: stop(IO)",
	  "let(calls) start cast(1) run(20) call(2) run(1) state run(10000)",
	  T_UNDO "@20 call(2) @21 =stopping @1020 terminate(IO) "
	  "done(2)!STOPPED closed(IO)" },
	{ "call, disconnecting: stop with a reply",
	  UNDO "call: stop(IO)+reply(5)",
	  "let(calls) start cast(1) run(20) call(2) run(10000)",
	  T_UNDO "@20 call(2) done(2)=5 @1020 terminate(IO) closed(IO)" },
	{ "call, disconnecting: postpone",
	  UNDO "call: postpone reply(5) info: noconnect",
	  "let(calls) start cast(1) call(2) run(20) send(3) run(10000)",
	  T_UNDO "call(2) @20 info(3) call(2) done(2)=5" },
	{ "cast, disconnecting: noreply, still pending",
	  UNDO "noreply",
	  "let(casts) backoff(70) start cast(1) cast(2) run(10000)",
	  T_UNDO "cast(2) @500 pending_expired @570 connect(backoff)" },
	{ "cast, disconnecting: stop",
	  "init: ok cast: disconnect(1) stop(IO) disconnect: pending(500)",
	  "let(casts) stop_budget(80) start cast(1) cast(2) run(10000)",
	  T_UNDO "cast(2) @80 terminate(IO) closed(IO)" },
	{ "cast, disconnecting: postpone",
	  "init: ok cast: disconnect(1) postpone noreply "
	  "disconnect: pending(500) info: noconnect",
	  "let(casts) start cast(1) cast(2) run(20) send(3) run(10000)",
	  T_UNDO "cast(2) @20 info(3) cast(2)" },
};

static const struct story budgets[] = {
	{ "the news of a spent budget precedes other mail",
	  "init: connect(1) connect: pending(50)",
	  "start run(1) send(2) send(3) skip(100) run(1)",
	  T_TRY "@101 pending_expired disconnect(expired:TIMEOUT) info(2) info(3)" },
	{ "of a disconnect too",
	  "init: ok cast: disconnect(1) disconnect: pending(50)",
	  "backoff(70) start cast(1) run(1) send(2) skip(100) run(1) state",
	  T_UNDO "@101 pending_expired info(2) @102 =backing_off" },
	{ "a budget of nothing is spent at once",
	  "init: connect(1) connect: pending(0)", "start run(10)",
	  T_TRY "pending_expired disconnect(expired:TIMEOUT)" },
	{ "at its end: ok",
	  TRY "info: ok", "start run(10000) state",
	  T_TRY "@500 pending_expired @10000 =connected" },
	{ "at its end: backoff",
	  TRY "info: backoff(40)", "start run(10000)",
	  T_TRY "@500 pending_expired @540 connect(backoff)" },
	{ "at its end: more of it",
	  TRY "info: pending(100) ok", "start run(10000)",
	  T_TRY "@500 pending_expired @600 pending_expired" },
	{ "at its end: another attempt",
	  TRY "ok info: connect(7)", "start run(10000)",
	  T_TRY "@500 pending_expired connect(7)" },
	{ "at its end: disconnect with an info of its own",
	  TRY "info: disconnect(7)", "start run(10000)",
	  T_TRY "@500 pending_expired disconnect(7)" },
	{ "at its end: stop",
	  TRY "info: stop(IO)", "start run(10000)",
	  T_TRY "@500 pending_expired terminate(IO) closed(IO)" },
	{ "at the end of a disconnect's: noconnect",
	  UNDO "info: noconnect", "start cast(1) run(10000) state",
	  T_UNDO "@500 pending_expired @10000 =idle" },
	{ "at the end of a disconnect's: connect",
	  UNDO "info: connect(7)", "start cast(1) run(10000)",
	  T_UNDO "@500 pending_expired connect(7)" },
	{ "at the end of a disconnect's: more of it",
	  UNDO "info: pending(100) noconnect", "start cast(1) run(10000) state",
	  T_UNDO "@500 pending_expired @600 pending_expired @10000 =idle" },
	{ "at the end of a disconnect's: disconnect is as noreply",
	  UNDO "info: disconnect(7)", "backoff(70) start cast(1) run(10000)",
	  T_UNDO "@500 pending_expired @570 connect(backoff)" },
	{ "at the end of a disconnect's: stop",
	  UNDO "info: stop(IO)", "start cast(1) run(10000)",
	  T_UNDO "@500 pending_expired terminate(IO) closed(IO)" },
	{ "an attempt that is up has no budget left",
	  TRY "info: ok noreply", "start run(400) send(2) run(10000) state",
	  T_TRY "@400 info(2) @10400 =connected" },
};

static const struct story waiting[] = {
	{ "calls and casts wait while connect is pending, messages do not",
	  TRY "info: noreply ok call: reply(5)",
	  "start call(2) cast(3) send(4) run(20) send(7) run(1)",
	  T_TRY "info(4) @20 info(7) call(2) done(2)=5 cast(3)" },
	{ "calls and casts wait while disconnect is pending",
	  UNDO "info: noreply noconnect call: reply(5)",
	  "start cast(1) call(2) cast(3) send(4) run(20) send(7) run(1)",
	  T_UNDO "info(4) @20 info(7) call(2) done(2)=5 cast(3)" },
	{ "let through: calls only",
	  TRY "info: ok call: reply(5)",
	  "let(calls) start cast(3) call(2) run(20) send(7) run(1)",
	  T_TRY "call(2) done(2)=5 @20 info(7) cast(3)" },
	{ "let through: casts only",
	  TRY "info: ok call: reply(5)",
	  "let(casts) start call(2) cast(3) run(20) send(7) run(1)",
	  T_TRY "cast(3) @20 info(7) call(2) done(2)=5" },
	{ "they wait on, over the end of the attempt",
	  "init: connect(1) connect: pending(50) pending(50) info: noreply* "
	  "disconnect: connect(7)",
	  "start cast(3) run(60) state",
	  T_TRY "@50 pending_expired disconnect(expired:TIMEOUT) connect(7) "
	  "@60 =connecting" },
	{ "they are delivered while backing off",
	  "init: connect(1) connect: pending(50) info: backoff(100)",
	  "start cast(3) run(60)",
	  T_TRY "@50 pending_expired cast(3)" },
};
/* clang-format on */

TEST_ROWS(behaviour_pending_connect_hears_info, STORIES(connecting_info))
{
	story_check(&connecting_info[_i]);
}

TEST_ROWS(behaviour_pending_disconnect_hears_info, STORIES(disconnecting_info))
{
	story_check(&disconnecting_info[_i]);
}

TEST_ROWS(behaviour_pending_lets_through, STORIES(let_through))
{
	story_check(&let_through[_i]);
}

TEST_ROWS(behaviour_pending_has_a_budget, STORIES(budgets))
{
	story_check(&budgets[_i]);
}

TEST_ROWS(behaviour_pending_makes_others_wait, STORIES(waiting))
{
	story_check(&waiting[_i]);
}

TEST_SUITE(behaviour_pending)
