/*
 * What is delivered and when: mail and its bound, postponing, next events,
 * state timeouts, T, and calls whose callers give up. Who releases what is
 * checked by every story.
 */
#include <check.h>

#include "probe.h"
#include "suites.h"

#define UP   "init: connect(1) connect: ok "
#define T_UP "init connect(1) "
#define AWAY "init: backoff(400) "
#define TRY  "init: connect(1) connect: pending(500) "

/* clang-format off */
static const struct story postponing[] = {
	{ "postponed mail returns oldest first, before what came later",
	  UP "cast: postpone postpone disconnect(7)",
	  "start cast(2) cast(3) cast(4) cast(5) run(10)",
	  T_UP "cast(2) cast(3) cast(4) disconnect(7) cast(2) cast(3) cast(5)" },
	{ "of all kinds, in the order they came",
	  UP "cast: postpone disconnect(7) info: postpone call: postpone reply(6)",
	  "start call(2) cast(3) send(4) cast(5) run(10)",
	  T_UP "call(2) cast(3) info(4) cast(5) disconnect(7) call(2) done(2)=6 "
	  "cast(3) info(4)" },
	{ "and may be postponed again",
	  UP "cast: postpone disconnect(7) postpone connect(8) noreply",
	  "start cast(2) cast(3) cast(4) run(10)",
	  T_UP "cast(2) cast(3) disconnect(7) cast(2) cast(4) connect(8) cast(2)" },
	{ "not by a change to the same state",
	  TRY "info: postpone pending(100) noreply",
	  "start send(2) run(20) send(3) run(1000)",
	  T_UP "info(2) @20 info(3) @120 pending_expired "
	  "disconnect(expired:TIMEOUT) info(2)" },
	{ "not by another attempt in the same state",
	  TRY "pending(100) info: postpone connect(7) ok noreply",
	  "start send(2) run(20) send(3) run(20) send(4) run(10)",
	  T_UP "info(2) @20 info(3) connect(7) @40 info(4) info(2)" },
	{ "by connect while connected, which passes another state",
	  UP "cast: postpone connect(7)", "start cast(2) cast(3) run(10)",
	  T_UP "cast(2) cast(3) connect(7) cast(2)" },
	{ "no message but a message can be postponed: T",
	  UP "cast: noreply/5 info: postpone", "start cast(2) run(10)",
	  T_UP "cast(2) @5 timeout disconnect(stopping:BAD_RETURN) "
	  "terminate(BAD_RETURN) closed(BAD_RETURN)" },
	{ "nor a state timeout",
	  UP "cast: {statetimeout(9,5)} noreply info: postpone",
	  "start cast(2) run(10)",
	  T_UP "cast(2) @5 statetimeout(9) disconnect(stopping:BAD_RETURN) "
	  "terminate(BAD_RETURN) closed(BAD_RETURN)" },
	{ "nor the news of a spent budget, which speaks for connect",
	  TRY "info: postpone", "start run(1000)",
	  T_UP "@500 pending_expired terminate(BAD_RETURN) closed(BAD_RETURN)" },
};

static const struct story bounds[] = {
	{ "a full mailbox refuses, and what is refused stays its sender's",
	  UP "call: reply(9)",
	  "mailbox_max(3) start cast(2) send(3) call(4) cast(5) send(6) call(7) "
	  "run(1) cast(8) run(1)",
	  "init cast(5)!FULL send(6)!FULL call(7)!FULL connect(1) cast(2) info(3) "
	  "call(4) done(4)=9 @1 cast(8)" },
	{ "what is postponed counts",
	  UP "cast: postpone*",
	  "mailbox_max(2) start cast(2) cast(3) run(1) cast(4) send(5) run(1)",
	  T_UP "cast(2) cast(3) @1 cast(4)!FULL send(5)!FULL" },
	{ "so does what waits while connect is pending",
	  TRY "info: ok",
	  "mailbox_max(2) start cast(2) call(3) send(4) run(1) send(5) run(1)",
	  "init send(4)!FULL connect(1) @1 send(5)!FULL" },
	{ "inside callbacks too",
	  UP "cast: {cast(3) cast(4) cast(5)} noreply",
	  "mailbox_max(3) start cast(2) run(1)",
	  T_UP "cast(2) cast(5)!FULL cast(3) cast(4)" },
	{ "where what is being delivered may be postponed yet, and counts",
	  UP "cast: {cast(3) cast(4) send(5) next(6) call(7)} postpone postpone",
	  "mailbox_max(2) start cast(2) run(1) cast(8)",
	  T_UP "cast(2) cast(4)!FULL send(5)!FULL next(6)!FULL call(7)!FULL "
	  "cast(3) @1 cast(8)!FULL" },
	{ "but no more once its verdict is carried out",
	  UP "cast: disconnect(7) disconnect: {cast(3) cast(4)} noconnect",
	  "mailbox_max(1) start cast(2) run(1)",
	  T_UP "cast(2) disconnect(7) cast(4)!FULL cast(3)" },
	{ "a full one takes an upgrade, which may be what helps",
	  UP "cast: postpone*",
	  "mailbox_max(1) start cast(2) run(1) upgrade upgrade run(1)",
	  T_UP "cast(2) @1 upgrade()!FULL code_change upgraded=OK" },
	{ "a turn has a budget, and nothing is lost over it",
	  UP, "turn_budget(1) start cast(2) send(3) cast(4) cast(5) run(1)",
	  T_UP "cast(2) info(3) cast(4) cast(5)" },
};

static const struct story replaced[] = {
	{ "state timeouts replaced in one turn are as many as the mailbox holds",
	  UP, "mailbox_max(2) start run(1) statetimeout(2,9) statetimeout(3,9) "
	  "statetimeout(4,9) statetimeout(5,9) run(1) statetimeout(6,9) run(20)",
	  T_UP "@1 statetimeout(5,9)!FULL @11 statetimeout(6)" },
};

static const struct story open_calls[] = {
	{ "what handle_call leaves open counts until it is told",
	  UP "call: noreply*",
	  "callers_max(2) start call(2) run(1) call(3) call(4) run(1) call(5) "
	  "answer(2,9) call(6) run(1) call(7)",
	  T_UP "call(2) @1 call(4)!FULL call(3) @2 call(5)!FULL call(6)!FULL "
	  "done(2)=9" },
	{ "not while it is told: its completion may call again",
	  UP "call: reply(8) reply(9) done: {call(3) call(4)}",
	  "callers_max(1) start call(2) call(5) run(1)",
	  "init call(5)!FULL connect(1) call(2) done(2)=8 call(4)!FULL call(3) "
	  "done(3)=9" },
	{ "what is given up counts until that is told",
	  UP "call: reply(9)",
	  "callers_max(1) start call(2) cancel(2) call(3) run(1) call(4) run(1)",
	  "init call(3)!FULL done(2)!CANCELLED connect(1) @1 call(4) done(4)=9" },
	{ "casts and messages are no calls",
	  UP "call: noreply", "callers_max(1) start call(2) run(1) cast(3) send(4) run(1)",
	  T_UP "call(2) @1 cast(3) info(4)" },
};

static const struct story next_events[] = {
	{ "a next event comes before what is queued",
	  UP "cast: {next(9)} noreply", "start cast(2) cast(3) run(10)",
	  T_UP "cast(2) next(9) cast(3)" },
	{ "several in the order they were asked for",
	  UP "cast: {next(8) next(9)} noreply", "start cast(2) cast(3) run(10)",
	  T_UP "cast(2) next(8) next(9) cast(3)" },
	{ "one from a next event",
	  UP "cast: {next(8)} noreply info: {next(9)} noreply",
	  "start cast(2) cast(3) run(10)",
	  T_UP "cast(2) next(8) next(9) cast(3)" },
	{ "after connect, which precedes everything",
	  "init: {next(9)} connect(1)", "start cast(2) run(10)",
	  T_UP "next(9) cast(2)" },
	{ "while connect is pending, for which it may speak",
	  "init: connect(1) connect: {next(9)} pending(50) info: ok",
	  "start cast(2) run(1000) state",
	  T_UP "next(9) cast(2) @1000 =connected" },
	{ "it ends T",
	  UP "cast: {next(9)} noreply/50", "start cast(2) run(1000)",
	  T_UP "cast(2) next(9)" },
	{ "before postponed mail",
	  UP "cast: postpone {next(9)} disconnect(7)",
	  "start cast(2) cast(3) run(10)",
	  T_UP "cast(2) cast(3) disconnect(7) next(9) cast(2)" },
	{ "never after a stop",
	  UP "cast: {next(9)} stop(IO)", "start cast(2) run(10)",
	  T_UP "cast(2) disconnect(stopping:IO) terminate(IO) closed(IO)" },
};

static const struct story state_timeouts[] = {
	{ "no state timeout follows a terminate",
	  UP "terminate: {statetimeout(9,0)}", "start run(1) stop(IO) run(100)",
	  T_UP "@1 disconnect(stopping:IO) terminate(IO) "
	  "statetimeout(9,0)!STATE closed(IO)" },
	{ "a state timeout", UP "cast: {statetimeout(9,30)} noreply",
	  "start cast(2) run(1000)", T_UP "cast(2) @30 statetimeout(9)" },
	{ "of nothing", UP "cast: {statetimeout(9,0)} noreply",
	  "start cast(2) run(1000)", T_UP "cast(2) statetimeout(9)" },
	{ "replaced", UP "cast: {statetimeout(8,30) statetimeout(9,50)} noreply",
	  "start cast(2) run(1000)", T_UP "cast(2) @50 statetimeout(9)" },
	{ "replaced later", UP "cast: {statetimeout(8,30)} noreply {statetimeout(9,5)} noreply",
	  "start cast(2) cast(3) run(1000)",
	  T_UP "cast(2) cast(3) @5 statetimeout(9)" },
	{ "cancelled", UP "cast: {statetimeout(8,30)} noreply {statetimeout(9,inf)} noreply",
	  "start cast(2) cast(3) run(1000)", T_UP "cast(2) cast(3)" },
	{ "cancelled by a change of state",
	  UP "cast: {statetimeout(9,30)} noreply disconnect(7)",
	  "start cast(2) run(10) cast(3) run(1000)",
	  T_UP "cast(2) @10 cast(3) disconnect(7)" },
	{ "cancelled by a change to the same state",
	  TRY "info: {statetimeout(9,30)} noreply pending(100) ok",
	  "start send(2) run(10) send(3) run(1000)",
	  T_UP "info(2) @10 info(3) @110 pending_expired" },
	{ "cancelled when it has fired already",
	  UP "cast: {statetimeout(9,30)} noreply disconnect(7)",
	  "start cast(2) run(1) cast(3) skip(100) run(1000)",
	  T_UP "cast(2) @101 cast(3) disconnect(7)" },
	{ "not cancelled by mail, nor by T",
	  UP "cast: {statetimeout(9,30)} noreply noreply/5",
	  "start cast(2) run(10) cast(3) run(1000)",
	  T_UP "cast(2) @10 cast(3) @15 timeout @30 statetimeout(9)" },
	{ "not cancelled by what changes nothing",
	  UP "cast: disconnect(7) disconnect: {statetimeout(9,30)} pending(50) "
	  "info: disconnect(8) noreply noconnect",
	  "start cast(2) send(3) run(1000)",
	  T_UP "cast(2) disconnect(7) info(3) @30 statetimeout(9) "
	  "@50 pending_expired" },
	{ "asked in connect: of the state that its verdict leads to",
	  "init: connect(1) connect: {statetimeout(9,30)} ok",
	  "start run(1000) state", T_UP "@30 statetimeout(9) @1000 =connected" },
	{ "asked in a connect that is pending",
	  "init: connect(1) connect: {statetimeout(9,30)} pending(500) info: ok",
	  "start run(1000)", T_UP "@30 statetimeout(9)" },
	{ "asked in init",
	  "init: {statetimeout(9,30)} ok", "start run(1000)",
	  "init @30 statetimeout(9)" },
	{ "its verdict counts",
	  UP "cast: {statetimeout(9,30)} noreply info: disconnect(7)",
	  "start cast(2) run(1000)",
	  T_UP "cast(2) @30 statetimeout(9) disconnect(7)" },
	{ "it runs while idle and while backing off",
	  "init: {statetimeout(9,30)} backoff(400) info: {statetimeout(9,30)} "
	  "noreply", "start run(1000)",
	  "init @30 statetimeout(9) @60 statetimeout(9) @400 connect(backoff)" },
	{ "given back by the last disconnect",
	  UP "disconnect: {statetimeout(9,30)} noconnect",
	  "start run(1) stop(IO) run(100)",
	  T_UP "@1 disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "given back by an init that ignores",
	  "init: {statetimeout(9,30)} ignore", "start run(100)",
	  "init start()!IGNORED" },
	{ "given up when stopped",
	  UP "cast: {statetimeout(9,30)} noreply", "start cast(2) run(1) stop(IO) run(100)",
	  T_UP "cast(2) @1 disconnect(stopping:IO) terminate(IO) closed(IO)" },
};

static const struct story message_timeouts[] = {
	{ "T ends with the next call",
	  UP "cast: noreply/50 call: reply(9)",
	  "start cast(2) run(20) call(3) run(1000)",
	  T_UP "cast(2) @20 call(3) done(3)=9" },
	{ "T ends with the next cast",
	  UP "cast: noreply/50", "start cast(2) run(20) cast(3) run(1000)",
	  T_UP "cast(2) @20 cast(3)" },
	{ "T ends with the next message",
	  UP "cast: noreply/50", "start cast(2) run(20) send(3) run(1000)",
	  T_UP "cast(2) @20 info(3)" },
	{ "T ends with connect",
	  AWAY "cast: noreply/50", "start run(380) cast(2) run(1000)",
	  "init @380 cast(2) @400 connect(backoff)" },
	{ "T ends with disconnect",
	  UP "cast: noreply/50", "start cast(2) run(20) reconnect(IO) run(1000)",
	  T_UP "cast(2) @20 disconnect(reconnect:IO)" },
	{ "T ends with the next T",
	  UP "cast: noreply/50 noreply/70", "start cast(2) run(20) cast(3) run(1000)",
	  T_UP "cast(2) @20 cast(3) @90 timeout" },
	{ "T that has fired already ends with older mail",
	  UP "cast: noreply/50", "start cast(2) run(1) cast(3) skip(100) run(1000)",
	  T_UP "cast(2) @101 cast(3)" },
	{ "T = 0 fires once the mailbox is empty",
	  UP "cast: noreply/0 noreply/0 noreply/0",
	  "start cast(2) cast(3) cast(4) run(1000)",
	  T_UP "cast(2) cast(3) cast(4) timeout" },
	{ "a completion leaves T",
	  UP "call: noreply cast: noreply/50",
	  "start call(2) cast(3) run(20) answer(2,9) run(1000)",
	  T_UP "call(2) cast(3) @20 done(2)=9 @50 timeout" },
	{ "a caller that gives up leaves T",
	  UP "call: noreply cast: noreply/50",
	  "start call(2,20) cast(3) run(1000)",
	  T_UP "call(2) cast(3) @20 done(2)!TIMEOUT @50 timeout" },
	{ "entered and on_started leave T",
	  "init: connect(1) connect: ok/50",
	  "show(started) start run(1000)",
	  T_UP "started(OK) @50 timeout" },
	{ "T is given anew by its own verdict only",
	  UP "cast: noreply/50 info: noreply/30", "start cast(2) run(1000)",
	  T_UP "cast(2) @50 timeout @80 timeout" },
};

static const struct story callers[] = {
	{ "the default timeout is an option",
	  UP, "call_timeout(70) start call(2) run(1000)",
	  T_UP "call(2) @70 done(2)!TIMEOUT" },
	{ "a timeout of one's own",
	  UP, "start call(2,30) run(1000)", T_UP "call(2) @30 done(2)!TIMEOUT" },
	{ "none", UP, "start call(2,inf) run(1000000) answer(2,9) run(1)",
	  T_UP "call(2) @1000000 done(2)=9" },
	{ "it runs while connect is pending",
	  TRY, "start call(2,30) run(100)", T_UP "@30 done(2)!TIMEOUT" },
	{ "it runs while backing off for ever",
	  "init: backoff(inf) call: postpone", "start call(2,30) run(100)",
	  "init call(2) @30 done(2)!TIMEOUT" },
	{ "an answer after the timeout goes nowhere",
	  UP, "start call(2,30) run(100) answer(2,9) run(1)",
	  T_UP "call(2) @30 done(2)!TIMEOUT @100 answer(2,9)!STALE" },
	{ "a second answer goes nowhere",
	  UP, "start call(2) run(1) answer(2,8) answer(2,9) run(1)",
	  T_UP "call(2) @1 answer(2,9)!STALE done(2)=8" },
	{ "an answer from another callback",
	  UP "call: noreply cast: {answer(2,9)} noreply",
	  "start call(2) cast(3) run(1)", T_UP "call(2) cast(3) done(2)=9" },
	{ "an answer inside handle_call, besides its verdict",
	  UP "call: {answer(2,9)} noreply", "start call(2) run(1)",
	  T_UP "call(2) done(2)=9" },
	{ "an answer inside handle_call, before its verdict is carried out",
	  UP "call: noreply {answer(2,9)} connect(7)",
	  "start call(2) call(3) run(1)",
	  T_UP "call(2) call(3) done(2)=9 connect(7)" },
	{ "nor is that of handle_cast",
	  UP "call: noreply cast: {answer(2,9)} connect(7)",
	  "start call(2) cast(3) run(1)",
	  T_UP "call(2) cast(3) done(2)=9 connect(7)" },
	{ "nor is that of handle_info",
	  UP "call: noreply cast: noreply/5 info: {answer(2,9)} connect(7)",
	  "start call(2) cast(3) run(10)",
	  T_UP "call(2) cast(3) @5 timeout done(2)=9 connect(7)" },
	{ "nor that of a disconnect or a connect",
	  UP "call: noreply* cast: disconnect(7) disconnect: {answer(2,9)} "
	  "connect(8) connect: {answer(3,8)} backoff(50)",
	  "show(entered) start call(2) call(3) cast(4) run(1)",
	  "init starting>connecting connect(1) connecting>connected call(2) "
	  "call(3) cast(4) connected>disconnecting disconnect(7) done(2)=9 "
	  "disconnecting>connecting connect(8) done(3)=8 "
	  "connecting>backing_off" },
	{ "answers come in the order they were given",
	  UP "cast: {answer(3,8) answer(2,9)} noreply",
	  "start call(2) call(3) cast(4) run(1)",
	  T_UP "call(2) call(3) cast(4) done(3)=8 done(2)=9" },
	{ "an answer that one of the last completions gives to another caller",
	  UP "call: noreply done: {answer(3,9)}",
	  "start call(2) call(3) run(1) stop(IO) run(1)",
	  T_UP "call(2) call(3) @1 disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED done(3)=9 closed(IO)" },
	{ "a token that never was",
	  UP, "start run(1) answer(9,5)", T_UP "@1 answer(9,5)!STALE" },
	{ "cancelled: told soon, and only once",
	  UP, "start call(2) run(1) cancel(2) cancel(2) run(10)",
	  T_UP "call(2) @1 cancel(2)!STALE done(2)!CANCELLED" },
	{ "an answer after it was cancelled goes nowhere",
	  UP, "start call(2) run(1) cancel(2) answer(2,9) run(10)",
	  T_UP "call(2) @1 answer(2,9)!STALE done(2)!CANCELLED" },
	{ "cancelled after its answer: too late",
	  UP "call: reply(9)", "start call(2) run(1) cancel(2) run(10)",
	  T_UP "call(2) done(2)=9 @1 cancel(2)!STALE" },
	{ "cancelled inside handle_call: its reply goes nowhere",
	  UP "call: {cancel(2)} reply(9)", "start call(2) run(10)",
	  T_UP "call(2) done(2)!CANCELLED" },
	{ "cancelled inside handle_call, which postpones it",
	  UP "call: {cancel(2)} postpone cast: disconnect(7)",
	  "start call(2) cast(3) run(10)",
	  T_UP "call(2) done(2)!CANCELLED cast(3) disconnect(7)" },
	{ "cancelled while postponed",
	  UP "call: postpone*", "start call(2) run(1) cancel(2) run(10)",
	  T_UP "call(2) @1 done(2)!CANCELLED" },
	{ "a completion may call again",
	  UP "call: reply(8) reply(9) done: {call(3)}", "start call(2) run(1)",
	  T_UP "call(2) done(2)=8 call(3) done(3)=9" },
	{ "a call from inside a callback",
	  UP "cast: {call(3)} noreply call: reply(9)", "start cast(2) run(1)",
	  T_UP "cast(2) call(3) done(3)=9" },
	{ "what is sent in init waits for connect",
	  "init: {cast(3) send(4) cast(5)} connect(1)",
	  "start run(1)", T_UP "cast(3) info(4) cast(5)" },
	{ "a call in init is refused: there may never be anybody to complete it",
	  "init: {call(2)} connect(1)", "start call(2) run(1)",
	  "init call(2)!DRAINING connect(1) call(2)" },
	{ "what was sent in an init that ignores is given back",
	  "init: {cast(3) send(4)} ignore", "start run(1)",
	  "init start()!IGNORED" },
};
/* clang-format on */

TEST_ROWS(behaviour_mail_postponed, STORIES(postponing))
{
	story_check(&postponing[_i]);
}

TEST_ROWS(promise_7_mail_is_bounded, STORIES(bounds))
{
	story_check(&bounds[_i]);
}

TEST_ROWS(promise_7_what_is_replaced_is_bounded, STORIES(replaced))
{
	story_check(&replaced[_i]);
}

TEST_ROWS(promise_7_open_calls_are_bounded, STORIES(open_calls))
{
	story_check(&open_calls[_i]);
}

TEST_ROWS(behaviour_mail_next_events, STORIES(next_events))
{
	story_check(&next_events[_i]);
}

TEST_ROWS(behaviour_mail_state_timeouts, STORIES(state_timeouts))
{
	story_check(&state_timeouts[_i]);
}

TEST_ROWS(behaviour_mail_message_timeouts, STORIES(message_timeouts))
{
	story_check(&message_timeouts[_i]);
}

TEST_ROWS(behaviour_mail_callers, STORIES(callers))
{
	story_check(&callers[_i]);
}

TEST_SUITE(behaviour_mail)
