/*
 * The behaviour core, verdict by verdict: a story for every (callback, verdict,
 * T) of the design's table. Each tells the order of callbacks, what the caller
 * got, and, by letting time pass, which timers were left armed.
 */
#include <check.h>

#include "probe.h"
#include "suites.h"

/* Connected from the start, and its trace. */
#define UP   "init: connect(1) connect: ok "
#define T_UP "init connect(1) "

/* Backing off for 400 ms from the start. */
#define AWAY "init: backoff(400) "

/* clang-format off */
static const struct story of_init[] = {
	{ "init: ok is idle, and no timer runs",
	  "init: ok", "start run(10000) state",
	  "init @10000 =idle" },
	{ "init: ok with T",
	  "init: ok/50", "start run(10000) state",
	  "init @50 timeout @10000 =idle" },
	{ "init: ok with T = 0 fires at once, the mailbox being empty",
	  "init: ok/0", "start run(10000)",
	  "init timeout" },
	{ "init: ok and hibernate",
	  "init: ok/h", "start run(100) cast(2) run(10000)",
	  "init @100 cast(2)" },
	{ "init: connect",
	  "init: connect(7)", "start state run(10000) state",
	  "init =starting connect(7) @10000 =connected" },
	{ "init: connect takes its status along",
	  "init: connect(7:LOST)", "start run(1)",
	  "init connect(7:LOST)" },
	{ "init: backoff",
	  "init: backoff(40)", "start run(1) state run(10000)",
	  "init @1 =backing_off @40 connect(backoff)" },
	{ "init: backoff with a shorter T",
	  "init: backoff(40)/10", "start run(10000)",
	  "init @10 timeout @40 connect(backoff)" },
	{ "init: backoff with a longer T, which connect ends",
	  "init: backoff(40)/60", "start run(10000)",
	  "init @40 connect(backoff)" },
	{ "init: backoff and hibernate leaves the timer running",
	  "init: backoff(40)/h", "start run(10000)",
	  "init @40 connect(backoff)" },
	{ "init: backoff for ever arms no timer",
	  "init: backoff(inf)", "start run(1000000) state",
	  "init @1000000 =backing_off" },
	{ "init: backoff for ever with T",
	  "init: backoff(inf)/50", "start run(10000) state",
	  "init @50 timeout @10000 =backing_off" },
	{ "init: ignore is start's status, and nothing else comes",
	  "init: ignore", "start run(10000)",
	  "init start()!IGNORED" },
	{ "init: stop is start's status",
	  "init: stop(IO)", "start run(10000)",
	  "init start()!IO" },
	{ "init: stop with OK is STOPPED",
	  "init: stop(OK)", "start run(10000)",
	  "init start()!STOPPED" },
};

static const struct story of_connect[] = {
	{ "connect: ok",
	  UP, "start run(10000) state",
	  T_UP "@10000 =connected" },
	{ "connect: ok with T",
	  "init: connect(1) connect: ok/50", "start run(10000)",
	  T_UP "@50 timeout" },
	{ "connect: ok with T = 0",
	  "init: connect(1) connect: ok/0", "start run(10000)",
	  T_UP "timeout" },
	{ "connect: ok and hibernate",
	  "init: connect(1) connect: ok/h", "start run(10) cast(2) run(10000)",
	  T_UP "@10 cast(2)" },
	{ "connect: backoff, with no disconnect in between",
	  "init: connect(1) connect: backoff(40) backoff(60) ok",
	  "start run(50) state run(10000) state",
	  T_UP "@40 connect(backoff) @50 =backing_off @100 connect(backoff) "
	  "@10050 =connected" },
	{ "connect: backoff with T",
	  "init: connect(1) connect: backoff(40)/10", "start run(10000)",
	  T_UP "@10 timeout @40 connect(backoff)" },
	{ "connect: backoff and hibernate",
	  "init: connect(1) connect: backoff(40)/h", "start run(10000)",
	  T_UP "@40 connect(backoff)" },
	{ "connect: backoff for ever",
	  "init: connect(1) connect: backoff(inf)", "start run(1000000) state",
	  T_UP "@1000000 =backing_off" },
	{ "connect: backoff of nothing",
	  "init: connect(1) connect: backoff(0)", "start run(100) state",
	  T_UP "connect(backoff) @100 =connected" },
	{ "connect: stop has nothing to undo",
	  "init: connect(1) connect: stop(IO)", "start run(10000)",
	  T_UP "terminate(IO) closed(IO)" },
	{ "connect: stop, normally",
	  "init: connect(1) connect: stop(OK)", "start run(10000)",
	  T_UP "terminate(OK) closed(OK)" },
	{ "connect: pending till its budget is spent",
	  "init: connect(1) connect: pending(50)", "start run(1) state run(10000) state",
	  T_UP "@1 =connecting @50 pending_expired disconnect(expired:TIMEOUT) "
	  "@10001 =idle" },
	{ "connect: pending for ever",
	  "init: connect(1) connect: pending(inf)", "start run(1000000) state",
	  T_UP "@1000000 =connecting" },
};

/* It is connected; a cast asks for disconnect. */
#define DOWN   UP "cast: disconnect(7) disconnect: "
#define T_DOWN T_UP "cast(2) disconnect(7) "

static const struct story of_disconnect[] = {
	{ "disconnect: connect",
	  DOWN "connect(8)", "start cast(2) run(10000) state",
	  T_DOWN "connect(8) @10000 =connected" },
	{ "disconnect: backoff",
	  DOWN "backoff(40)", "start cast(2) run(1) state run(10000)",
	  T_DOWN "@1 =backing_off @40 connect(backoff)" },
	{ "disconnect: backoff with T",
	  DOWN "backoff(40)/10", "start cast(2) run(10000)",
	  T_DOWN "@10 timeout @40 connect(backoff)" },
	{ "disconnect: backoff and hibernate",
	  DOWN "backoff(40)/h", "start cast(2) run(10000)",
	  T_DOWN "@40 connect(backoff)" },
	{ "disconnect: backoff for ever",
	  DOWN "backoff(inf)", "start cast(2) run(1000000) state",
	  T_DOWN "@1000000 =backing_off" },
	{ "disconnect: noconnect",
	  DOWN "noconnect", "start cast(2) run(10000) state",
	  T_DOWN "@10000 =idle" },
	{ "disconnect: noconnect with T",
	  DOWN "noconnect/50", "start cast(2) run(10000)",
	  T_DOWN "@50 timeout" },
	{ "disconnect: noconnect with T = 0",
	  DOWN "noconnect/0", "start cast(2) run(10000)",
	  T_DOWN "timeout" },
	{ "disconnect: noconnect and hibernate",
	  DOWN "noconnect/h", "start cast(2) run(10) send(3) run(10000)",
	  T_DOWN "@10 info(3)" },
	{ "disconnect: stop is not undone twice",
	  DOWN "stop(IO)", "start cast(2) run(10000)",
	  T_DOWN "terminate(IO) closed(IO)" },
	{ "disconnect: pending till its budget is spent: the default backoff",
	  DOWN "pending(50)", "backoff(70) start cast(2) run(1) state run(10000) state",
	  T_DOWN "@1 =disconnecting @50 pending_expired @120 connect(backoff) "
	  "@10001 =connected" },
	{ "disconnect: pending for ever",
	  DOWN "pending(inf)", "start cast(2) run(1000000) state",
	  T_DOWN "@1000000 =disconnecting" },
};

/* In idle, connected and backing off, a call is handled alike. */
static const struct story of_call[] = {
	{ "call, idle: reply",
	  "call: reply(5)", "start run(1) call(2) run(10000) state",
	  "init @1 call(2) done(2)=5 @10001 =idle" },
	{ "call, connected: reply",
	  UP "call: reply(5)", "start call(2) run(10000) state",
	  T_UP "call(2) done(2)=5 @10000 =connected" },
	{ "call, backing off: reply leaves the backoff running",
	  AWAY "call: reply(5)", "start run(1) call(2) run(10000)",
	  "init @1 call(2) done(2)=5 @400 connect(backoff)" },
	{ "call: reply with T",
	  UP "call: reply(5)/50", "start call(2) run(10000)",
	  T_UP "call(2) done(2)=5 @50 timeout" },
	{ "call: reply with T = 0",
	  UP "call: reply(5)/0", "start call(2) run(10000)",
	  T_UP "call(2) done(2)=5 timeout" },
	{ "call: reply and hibernate",
	  UP "call: reply(5)/h", "start call(2) run(1) call(3) run(1)",
	  T_UP "call(2) done(2)=5 @1 call(3)" },
	{ "call, backing off: reply with T",
	  AWAY "call: reply(5)/50", "start call(2) run(10000)",
	  "init call(2) done(2)=5 @50 timeout @400 connect(backoff)" },
	{ "call: noreply leaves the caller waiting till its timeout",
	  UP "call: noreply", "start call(2) run(10000)",
	  T_UP "call(2) @5000 done(2)!TIMEOUT" },
	{ "call: noreply, answered later",
	  UP "call: noreply", "start call(2) run(10) answer(2,5) run(10000)",
	  T_UP "call(2) @10 done(2)=5" },
	{ "call: noreply with T",
	  UP "call: noreply/50", "start call(2) run(10000)",
	  T_UP "call(2) @50 timeout @5000 done(2)!TIMEOUT" },
	{ "call: noreply and hibernate",
	  UP "call: noreply/h", "start call(2) run(10000)",
	  T_UP "call(2) @5000 done(2)!TIMEOUT" },
	{ "call, backing off: noreply with T",
	  AWAY "call: noreply/50", "start call(2,100) run(10000)",
	  "init call(2) @50 timeout @100 done(2)!TIMEOUT @400 connect(backoff)" },
	{ "call, idle: connect",
	  "call: connect(7)", "start run(1) call(2,100) run(10000) state",
	  "init @1 call(2) connect(7) @101 done(2)!TIMEOUT @10001 =connected" },
	{ "call, connected: connect, without a disconnect",
	  UP "call: connect(7)", "start call(2,100) run(10000)",
	  T_UP "call(2) connect(7) @100 done(2)!TIMEOUT" },
	{ "call, backing off: connect cancels the backoff",
	  AWAY "call: connect(7)", "start call(2,100) run(10000)",
	  "init call(2) connect(7) @100 done(2)!TIMEOUT" },
	{ "call, idle: connect with a reply, which is sent first",
	  "call: connect(7)+reply(5)", "start call(2) run(10000)",
	  "init call(2) done(2)=5 connect(7)" },
	{ "call, connected: connect with a reply",
	  UP "call: connect(7)+reply(5)", "start call(2) run(10000)",
	  T_UP "call(2) done(2)=5 connect(7)" },
	{ "call, backing off: connect with a reply",
	  AWAY "call: connect(7)+reply(5)", "start call(2) run(10000)",
	  "init call(2) done(2)=5 connect(7)" },
	{ "call, idle: disconnect",
	  "call: disconnect(7)", "start call(2,100) run(10000) state",
	  "init call(2) disconnect(7) @100 done(2)!TIMEOUT @10000 =idle" },
	{ "call, connected: disconnect",
	  UP "call: disconnect(7)", "start call(2,100) run(10000)",
	  T_UP "call(2) disconnect(7) @100 done(2)!TIMEOUT" },
	{ "call, backing off: disconnect cancels the backoff",
	  AWAY "call: disconnect(7)", "start call(2,100) run(10000) state",
	  "init call(2) disconnect(7) @100 done(2)!TIMEOUT @10000 =idle" },
	{ "call, connected: disconnect with a reply, which is sent first",
	  UP "call: disconnect(7)+reply(5)", "start call(2) run(10000)",
	  T_UP "call(2) done(2)=5 disconnect(7)" },
	{ "call, backing off: disconnect with a reply",
	  AWAY "call: disconnect(7)+reply(5)", "start call(2) run(10000)",
	  "init call(2) done(2)=5 disconnect(7)" },
	{ "call, idle: stop, and the caller is told last",
	  "call: stop(IO)", "start call(2) run(10000)",
	  "init call(2) terminate(IO) done(2)!STOPPED closed(IO)" },
	{ "call, connected: stop",
	  UP "call: stop(IO)", "start call(2) run(10000)",
	  T_UP "call(2) disconnect(stopping:IO) terminate(IO) "
	  "done(2)!STOPPED closed(IO)" },
	{ "call, backing off: stop",
	  AWAY "call: stop(IO)", "start call(2) run(10000)",
	  "init call(2) terminate(IO) done(2)!STOPPED closed(IO)" },
	{ "call, idle: stop with a reply, which goes first",
	  "call: stop(IO)+reply(5)", "start call(2) run(10000)",
	  "init call(2) done(2)=5 terminate(IO) closed(IO)" },
	{ "call, connected: stop with a reply, which goes first",
	  UP "call: stop(IO)+reply(5)", "start call(2) run(10000)",
	  T_UP "call(2) done(2)=5 disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "call, connected: postpone, till the state differs",
	  UP "call: postpone reply(5) cast: disconnect(7)",
	  "start call(2) run(10) cast(3) run(10000)",
	  T_UP "call(2) @10 cast(3) disconnect(7) call(2) done(2)=5" },
	{ "call, idle: postpone",
	  "call: postpone reply(5) cast: connect(7)",
	  "start call(2) run(10) cast(3) run(10000)",
	  "init call(2) @10 cast(3) connect(7) call(2) done(2)=5" },
	{ "call, backing off: postpone",
	  AWAY "call: postpone reply(5)", "start call(2) run(10000)",
	  "init call(2) @400 connect(backoff) call(2) done(2)=5" },
	{ "call: postponed, and its caller gives up",
	  UP "call: postpone*", "start call(2,100) run(10000)",
	  T_UP "call(2) @100 done(2)!TIMEOUT" },
};

static const struct story of_cast[] = {
	{ "cast, idle: noreply",
	  "cast: noreply", "start cast(2) run(10000) state",
	  "init cast(2) @10000 =idle" },
	{ "cast, connected: noreply",
	  UP "cast: noreply", "start cast(2) run(10000) state",
	  T_UP "cast(2) @10000 =connected" },
	{ "cast, backing off: noreply",
	  AWAY "cast: noreply", "start cast(2) run(10000)",
	  "init cast(2) @400 connect(backoff)" },
	{ "cast: noreply with T",
	  UP "cast: noreply/50", "start cast(2) run(10000)",
	  T_UP "cast(2) @50 timeout" },
	{ "cast: noreply with T = 0",
	  UP "cast: noreply/0", "start cast(2) run(10000)",
	  T_UP "cast(2) timeout" },
	{ "cast: noreply and hibernate",
	  UP "cast: noreply/h", "start cast(2) run(5) cast(3) run(10000)",
	  T_UP "cast(2) @5 cast(3)" },
	{ "cast, backing off: noreply with T",
	  AWAY "cast: noreply/50", "start cast(2) run(10000)",
	  "init cast(2) @50 timeout @400 connect(backoff)" },
	{ "cast, idle: connect",
	  "cast: connect(7)", "start cast(2) run(10000) state",
	  "init cast(2) connect(7) @10000 =connected" },
	{ "cast, connected: connect, without a disconnect",
	  UP "cast: connect(7)", "start cast(2) run(10000) state",
	  T_UP "cast(2) connect(7) @10000 =connected" },
	{ "cast, backing off: connect cancels the backoff",
	  AWAY "cast: connect(7)", "start cast(2) run(10000)",
	  "init cast(2) connect(7)" },
	{ "cast, idle: disconnect runs without a connection",
	  "cast: disconnect(7)", "start cast(2) run(10000) state",
	  "init cast(2) disconnect(7) @10000 =idle" },
	{ "cast, connected: disconnect",
	  UP "cast: disconnect(7:IO)", "start cast(2) run(10000) state",
	  T_UP "cast(2) disconnect(7:IO) @10000 =idle" },
	{ "cast, backing off: disconnect cancels the backoff",
	  AWAY "cast: disconnect(7)", "start cast(2) run(10000) state",
	  "init cast(2) disconnect(7) @10000 =idle" },
	{ "cast, idle: stop",
	  "cast: stop(IO)", "start cast(2) run(10000)",
	  "init cast(2) terminate(IO) closed(IO)" },
	{ "cast, connected: stop",
	  UP "cast: stop(OK)", "start cast(2) run(10000)",
	  T_UP "cast(2) disconnect(stopping) terminate(OK) closed(OK)" },
	{ "cast, backing off: stop",
	  AWAY "cast: stop(IO)", "start cast(2) run(10000)",
	  "init cast(2) terminate(IO) closed(IO)" },
	{ "cast, connected: postpone",
	  UP "cast: postpone noreply info: disconnect(7)",
	  "start cast(2) run(10) send(3) run(10000)",
	  T_UP "cast(2) @10 info(3) disconnect(7) cast(2)" },
};

static const struct story of_info[] = {
	{ "info, idle: noreply",
	  "info: noreply", "start send(2) run(10000) state",
	  "init info(2) @10000 =idle" },
	{ "info, connected: noreply",
	  UP "info: noreply", "start send(2) run(10000) state",
	  T_UP "info(2) @10000 =connected" },
	{ "info, backing off: noreply",
	  AWAY "info: noreply", "start send(2) run(10000)",
	  "init info(2) @400 connect(backoff)" },
	{ "info: noreply with T, again and again",
	  UP "info: noreply/50 noreply/50 noreply", "start send(2) run(10000)",
	  T_UP "info(2) @50 timeout @100 timeout" },
	{ "info: noreply with T = 0",
	  UP "info: noreply/0", "start send(2) run(10000)",
	  T_UP "info(2) timeout" },
	{ "info: noreply and hibernate",
	  UP "info: noreply/h", "start send(2) run(5) send(3) run(10000)",
	  T_UP "info(2) @5 info(3)" },
	{ "info, backing off: noreply with T",
	  AWAY "info: noreply/50", "start send(2) run(10000)",
	  "init info(2) @50 timeout @400 connect(backoff)" },
	{ "info, idle: connect",
	  "info: connect(7)", "start send(2) run(10000) state",
	  "init info(2) connect(7) @10000 =connected" },
	{ "info, connected: connect",
	  UP "info: connect(7)", "start send(2) run(10000)",
	  T_UP "info(2) connect(7)" },
	{ "info, backing off: connect",
	  AWAY "info: connect(7)", "start send(2) run(10000)",
	  "init info(2) connect(7)" },
	{ "info, idle: disconnect",
	  "info: disconnect(7)", "start send(2) run(10000)",
	  "init info(2) disconnect(7)" },
	{ "info, connected: disconnect",
	  UP "info: disconnect(7)", "start send(2) run(10000)",
	  T_UP "info(2) disconnect(7)" },
	{ "info, backing off: disconnect",
	  AWAY "info: disconnect(7)", "start send(2) run(10000)",
	  "init info(2) disconnect(7)" },
	{ "info, idle: stop",
	  "info: stop(IO)", "start send(2) run(10000)",
	  "init info(2) terminate(IO) closed(IO)" },
	{ "info, connected: stop",
	  UP "info: stop(IO)", "start send(2) run(10000)",
	  T_UP "info(2) disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "info, backing off: stop",
	  AWAY "info: stop(IO)", "start send(2) run(10000)",
	  "init info(2) terminate(IO) closed(IO)" },
	{ "info, connected: postpone",
	  UP "info: postpone noreply cast: disconnect(7)",
	  "start send(2) run(10) cast(3) run(10000)",
	  T_UP "info(2) @10 cast(3) disconnect(7) info(2)" },
};
/* clang-format on */

START_TEST(test_behaviour_init_verdicts)
{
	story_check(&of_init[_i]);
}
END_TEST

START_TEST(test_behaviour_connect_verdicts)
{
	story_check(&of_connect[_i]);
}
END_TEST

START_TEST(test_behaviour_disconnect_verdicts)
{
	story_check(&of_disconnect[_i]);
}
END_TEST

START_TEST(test_behaviour_call_verdicts)
{
	story_check(&of_call[_i]);
}
END_TEST

START_TEST(test_behaviour_cast_verdicts)
{
	story_check(&of_cast[_i]);
}
END_TEST

START_TEST(test_behaviour_info_verdicts)
{
	story_check(&of_info[_i]);
}
END_TEST

Suite *
suite_behaviour(void)
{
	Suite *suite = suite_create("behaviour");
	TCase *tcase = tcase_create("verdicts");

	tcase_add_loop_test(
	    tcase, test_behaviour_init_verdicts, 0, STORIES(of_init));
	tcase_add_loop_test(
	    tcase, test_behaviour_connect_verdicts, 0, STORIES(of_connect));
	tcase_add_loop_test(tcase, test_behaviour_disconnect_verdicts, 0,
	    STORIES(of_disconnect));
	tcase_add_loop_test(
	    tcase, test_behaviour_call_verdicts, 0, STORIES(of_call));
	tcase_add_loop_test(
	    tcase, test_behaviour_cast_verdicts, 0, STORIES(of_cast));
	tcase_add_loop_test(
	    tcase, test_behaviour_info_verdicts, 0, STORIES(of_info));
	suite_add_tcase(suite, tcase);
	return suite;
}
