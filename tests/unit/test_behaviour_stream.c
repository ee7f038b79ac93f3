/*
 * The stream of a behaviour: its news in every state, when the core closes it,
 * and what may be asked of it. The server's side stands in brackets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include <stay/filter.h>

#include "probe.h"
#include "suites.h"
#include "support/heap.h"
#include "support/inside.h"
#include "support/peer_virtual.h"

/* A connect that dials; what handle_info says begins with STREAM_UP. */
#define DIAL   "init: connect(1) connect: {dial} pending(500) info: "
#define T_DIAL "init connect(1) "

/* Connected over a stream. */
#define UP   DIAL "ok "
#define T_UP T_DIAL "up "

/* clang-format off */
static const struct story news[] = {
	{ "up, and ok is connected",
	  UP, "listen show(peer) start run(1) state stream",
	  T_DIAL "up [accepted] @1 =connected stream=open" },
	{ "up, and noreply is still pending",
	  DIAL "noreply", "listen start run(1000)",
	  T_UP "@500 pending_expired disconnect(expired:TIMEOUT)" },
	{ "refused: noreply is disconnect with why",
	  DIAL "noreply", "start run(1) state",
	  T_DIAL "down(NO_LISTENER) disconnect(lost:NO_LISTENER) @1 =idle" },
	{ "refused: a disconnect that names no reason leaves it at that",
	  DIAL "disconnect(7)", "show(started) start run(1)",
	  T_DIAL "down(NO_LISTENER) started(NO_LISTENER) disconnect(7)" },
	{ "refused: backoff without a disconnect",
	  DIAL "backoff(40) noreply connect: ok", "start run(100)",
	  T_DIAL "down(NO_LISTENER) @40 connect(backoff)" },
	{ "refused: another attempt",
	  DIAL "connect(7) connect: ok", "start run(100)",
	  T_DIAL "down(NO_LISTENER) connect(7)" },
	{ "refused: stop speaks for connect",
	  DIAL "stop(IO)", "start run(100)",
	  T_DIAL "down(NO_LISTENER) terminate(IO) closed(IO)" },
	{ "refused: dialled again while pending",
	  DIAL "{dial} pending(500) noreply", "start run(100)",
	  T_DIAL "down(NO_LISTENER) @1 down(NO_LISTENER) disconnect(lost:NO_LISTENER)" },
	{ "no answer: the budget covers it",
	  DIAL "noreply", "black_hole start run(1000) stream",
	  T_DIAL "@500 pending_expired disconnect(expired:TIMEOUT) "
	  "@1000 stream=none" },
	{ "data while connect is pending",
	  DIAL "noreply ok noreply",
	  "listen start run(1) peer_send(hi) run(1) peer_send(ho) run(1) state",
	  T_UP "@1 data(hi) @2 data(ho) @3 =connected" },
	{ "a stream is none the worse for a budget that is spent",
	  DIAL "noreply ok noreply cast: {stream write(hello)} noreply",
	  "listen show(peer) start run(500) cast(2) run(1) peer_send(hi) run(1)",
	  T_DIAL "up [accepted] @500 pending_expired cast(2) stream=open "
	  "[got hello] @501 data(hi)" },
	{ "nor for one spent while it was dialled",
	  DIAL "pending(500) noreply ok noreply",
	  "listen slow(600) start run(700) peer_send(hi) run(1) peer_send(ho) run(1)",
	  T_DIAL "@500 pending_expired @600 up @700 data(hi) @701 data(ho)" },
	{ "data while connected",
	  UP, "listen start run(1) peer_send(hello) run(1)", T_UP "@1 data(hello)" },
	{ "the peer closes: noreply is disconnect",
	  UP "noreply", "listen start run(1) peer_close run(1) state",
	  T_UP "@1 down(CLOSED) disconnect(lost:CLOSED) @2 =idle" },
	{ "the peer resets: noreply is disconnect",
	  UP "noreply", "listen start run(1) peer_reset run(1)",
	  T_UP "@1 down(RESET) disconnect(lost:RESET)" },
	{ "data and the end come in order",
	  UP, "listen start run(1) peer_send(bye) peer_close run(1)",
	  T_UP "@1 data(bye) down(CLOSED) disconnect(lost:CLOSED)" },
	{ "down: its own disconnect",
	  UP "disconnect(7)", "listen start run(1) peer_close run(1)",
	  T_UP "@1 down(CLOSED) disconnect(7)" },
	{ "down: connect at once, without disconnect",
	  UP "connect(7) ok", "listen start run(1) peer_close run(1) state",
	  T_UP "@1 down(CLOSED) connect(7) @2 =connected" },
	{ "down: stop, which undoes the session",
	  UP "stop(IO)", "listen start run(1) peer_close run(1)",
	  T_UP "@1 down(CLOSED) disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "down while disconnect is pending: noreply is the default backoff",
	  UP "noreply cast: disconnect(7) disconnect: pending(500) connect: ok",
	  "backoff(70) listen start run(1) cast(2) run(1) peer_close run(100)",
	  T_UP "@1 cast(2) disconnect(7) @2 down(CLOSED) @72 connect(backoff)" },
	{ "down while disconnect is pending: noconnect",
	  UP "noconnect cast: disconnect(7) disconnect: pending(500)",
	  "listen start run(1) cast(2) run(1) peer_close run(1000) state",
	  T_UP "@1 cast(2) disconnect(7) @2 down(CLOSED) @1002 =idle" },
	{ "down while disconnect is pending: disconnect is as noreply",
	  UP "disconnect(8) cast: disconnect(7) disconnect: pending(500) connect: ok",
	  "backoff(70) listen start run(1) cast(2) run(1) peer_close run(100)",
	  T_UP "@1 cast(2) disconnect(7) @2 down(CLOSED) @72 connect(backoff)" },
	{ "data while disconnect is pending",
	  UP "noconnect cast: disconnect(7) disconnect: pending(500)",
	  "listen start run(1) cast(2) run(1) peer_send(hi) run(1) state",
	  T_UP "@1 cast(2) disconnect(7) @2 data(hi) @3 =idle" },
	{ "down while stopping: noreply is done",
	  UP "noreply disconnect: pending(500)",
	  "listen start run(1) stop(IO) run(10) peer_close run(1)",
	  T_UP "@1 disconnect(stopping:IO) @11 down(CLOSED) terminate(IO) closed(IO)" },
	{ "down while stopping: so is disconnect",
	  UP "disconnect(8) disconnect: pending(500)",
	  "listen start run(1) stop(IO) run(10) peer_close run(1)",
	  T_UP "@1 disconnect(stopping:IO) @11 down(CLOSED) terminate(IO) closed(IO)" },
	{ "down, and a stop inside the callback: that disconnect is the last",
	  UP "{stop(IO)} noreply", "listen start run(1) peer_close run(1)",
	  T_UP "@1 down(CLOSED) disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "data while stopping, behind the end of its budget",
	  UP "noreply disconnect: pending(5)",
	  "stop_budget(10) listen start run(1) stop(IO) run(1) peer_send(hi) "
	  "skip(20) run(1)",
	  T_UP "@1 disconnect(stopping:IO) @22 terminate(IO) closed(IO)" },
	{ "data while stopping",
	  UP "noreply noconnect disconnect: pending(500)",
	  "listen start run(1) stop(IO) run(10) peer_send(a) run(1) "
	  "peer_send(b) run(1)",
	  T_UP "@1 disconnect(stopping:IO) @11 data(a) @12 data(b) "
	  "terminate(IO) closed(IO)" },
	{ "news end T",
	  UP "noreply cast: noreply/50",
	  "listen start run(1) cast(2) run(20) peer_send(hi) run(100)",
	  T_UP "@1 cast(2) @21 data(hi)" },
	{ "news may bring T",
	  UP "noreply/50", "listen start run(1) peer_send(hi) run(100)",
	  T_UP "@1 data(hi) @51 timeout" },
	{ "news are not for postponing: while connected",
	  UP "postpone", "listen start run(1) peer_send(hi) run(1)",
	  T_UP "@1 data(hi) disconnect(stopping:BAD_RETURN) "
	  "terminate(BAD_RETURN) closed(BAD_RETURN)" },
	{ "news are not for postponing: while connect is pending",
	  DIAL "postpone", "listen start run(1)",
	  T_UP "terminate(BAD_RETURN) closed(BAD_RETURN)" },
};

static const struct story closing[] = {
	{ "becoming idle closes it",
	  UP "cast: disconnect(7)",
	  "listen show(peer) start run(1) cast(2) run(1) stream peer_send(hi) run(1)",
	  T_DIAL "up [accepted] @1 cast(2) disconnect(7) [closed] @2 stream=none" },
	{ "backing off closes it",
	  UP "backoff(40) cast: disconnect(7) disconnect: backoff(40) connect: ok",
	  "listen show(peer) start run(1) cast(2) run(1) stream run(100)",
	  T_DIAL "up [accepted] @1 cast(2) disconnect(7) [closed] @2 stream=none "
	  "@41 connect(backoff)" },
	{ "an attempt that backs off closes it",
	  DIAL "backoff(40) connect: ok", "listen show(peer) start run(1) run(100)",
	  T_DIAL "up [accepted] [closed] @40 connect(backoff)" },
	{ "connect closes it before it runs",
	  UP "cast: connect(7) connect: {stream} ok",
	  "listen show(peer) start run(1) cast(2) run(1)",
	  T_DIAL "up [accepted] @1 cast(2) connect(7) stream=none [closed]" },
	{ "stopping keeps it for disconnect, stopped closes it",
	  UP "disconnect: {stream} noconnect terminate: {stream}",
	  "listen show(peer) start run(1) stop(IO) run(1)",
	  T_DIAL "up [accepted] @1 disconnect(stopping:IO) stream=open "
	  "terminate(IO) stream=none closed(IO) [closed]" },
	{ "disconnect still has it",
	  UP "cast: disconnect(7) disconnect: {stream} noconnect",
	  "listen start run(1) cast(2) run(1)",
	  T_UP "@1 cast(2) disconnect(7) stream=open" },
	{ "who hears of a change of state finds it as it is then",
	  UP "cast: disconnect(7) entered: {state} {state} {stream} {stream}",
	  "listen start run(1) cast(2) run(1)",
	  "init =connecting connect(1) up =connected @1 cast(2) stream=open "
	  "disconnect(7) stream=none" },
	{ "disconnect has none that is down",
	  UP "noreply disconnect: {stream} noconnect",
	  "listen start run(1) peer_close run(1)",
	  T_UP "@1 down(CLOSED) disconnect(lost:CLOSED) stream=none" },
	{ "news of a closed stream are not delivered: data",
	  UP "cast: disconnect(7)",
	  "listen start run(1) cast(2) peer_send(hi) skip(1) run(10) state",
	  T_UP "@2 cast(2) disconnect(7) @12 =idle" },
	{ "news of a closed stream are not delivered: its end",
	  UP "cast: connect(7) connect: ok",
	  "listen start run(1) cast(2) peer_close skip(1) run(10) state",
	  T_UP "@2 cast(2) connect(7) @12 =connected" },
	{ "news of a closed stream are not delivered: waiting behind mail, data",
	  UP "noreply disconnect(7)",
	  "turn_budget(1) listen start run(1) send(2) send(3) peer_send(hi) "
	  "run(10) state",
	  T_UP "@1 info(2) info(3) disconnect(7) @11 =idle" },
	{ "news of a closed stream are not delivered: waiting behind mail, a refusal",
	  DIAL "noreply disconnect(7)",
	  "turn_budget(1) refuse(5) start run(1) send(2) send(3) skip(10) run(10) "
	  "state",
	  T_DIAL "@11 info(2) info(3) disconnect(7) @21 =idle" },
	{ "room that was wanted of a closed stream is not news of the next",
	  DIAL "ok ok cast: {want} connect(7) connect: {dial} pending(500)",
	  "listen start run(1) cast(2) run(10) state",
	  T_UP "@1 cast(2) connect(7) up @11 =connected" },
	{ "nor is that the kernel has none",
	  DIAL "{write(hi)} ok {write(ho)} ok cast: {write(abcdefghij)} noreply "
	  "connect(7) connect: {dial} pending(500)",
	  "narrow(4) listen show(peer) start run(50) cast(2) run(1) cast(3) run(49) "
	  "state",
	  T_DIAL "@20 up [accepted] @30 [got hi] @50 cast(2) @51 cast(3) connect(7) "
	  "@60 [got abcd] @61 [closed] @71 up [accepted] @81 [got ho] "
	  "@100 =connected" },
	{ "news of a closed stream are not delivered: waiting behind mail, its "
	  "beginning",
	  DIAL "noreply noreply noreply noreply disconnect(7)",
	  "turn_budget(1) listen slow(5) start run(1) send(2) send(3) send(4) "
	  "send(5) send(6) skip(10) run(10) state",
	  T_DIAL "@11 info(2) info(3) info(4) info(5) info(6) disconnect(7) "
	  "@21 =idle" },
	{ "an abandoned dial says nothing more",
	  DIAL "disconnect(7)", "start send(2) run(10) state",
	  T_DIAL "info(2) disconnect(7) @10 =idle" },
};

static const struct story asking[] = {
	{ "want: who has written the last of it is drained",
	  UP "{busy(0)} noreply",
	  "busy(1) listen start run(1) want drain(50) run(100)",
	  T_UP "@1 writable disconnect(stopping) terminate(OK) closed(OK)" },
	{ "dial: not while idle",
	  "init: ok cast: {dial} noreply", "listen start cast(2) run(1)",
	  "init cast(2) dial()!STATE" },
	{ "dial: not in init",
	  "init: {dial} ok", "listen start run(1)", "init dial()!STATE" },
	{ "dial: not while connected",
	  UP "cast: {dial} noreply", "listen start run(1) cast(2) run(1) stream",
	  T_UP "@1 cast(2) dial()!STATE @2 stream=open" },
	{ "dial: not in disconnect",
	  UP "cast: disconnect(7) disconnect: {dial} noconnect",
	  "listen start run(1) cast(2) run(1)",
	  T_UP "@1 cast(2) disconnect(7) dial()!STATE" },
	{ "dial: not while backing off",
	  "init: backoff(400) cast: {dial} noreply", "listen start cast(2) run(1)",
	  "init cast(2) dial()!STATE" },
	{ "dial: later, while connect is pending",
	  "init: connect(1) connect: pending(500) info: {dial} noreply ok",
	  "listen start send(2) run(1) state", T_DIAL "info(2) up @1 =connected" },
	{ "dial: from outside, while connect is pending",
	  "init: connect(1) connect: pending(500) info: ok",
	  "listen start run(1) dial run(1) state",
	  T_DIAL "@1 up @2 =connected" },
	{ "dial twice: the first is closed, without a word",
	  "init: connect(1) connect: {dial dial} pending(500) info: ok",
	  "listen show(peer) start run(2) state",
	  T_DIAL "@1 up [accepted] @2 =connected" },
	{ "dial again: an open one is closed first",
	  DIAL "{dial} noreply ok", "listen show(peer) start run(2) state",
	  T_DIAL "up [accepted] [closed] up [accepted] @2 =connected" },
	{ "send: all of a turn in one piece",
	  UP "cast: {write(one ) write(two)} noreply {write(, three)} noreply",
	  "listen show(peer) start run(1) cast(2) cast(3) run(1)",
	  T_DIAL "up [accepted] @1 cast(2) cast(3) [got one two, three]" },
	{ "send: while connect is pending",
	  DIAL "{write(hello)} noreply ok",
	  "listen show(peer) start run(1) peer_send(welcome) run(1) state",
	  T_DIAL "up [accepted] [got hello] @1 data(welcome) @2 =connected" },
	{ "send: not without a stream",
	  "init: ok cast: {write(hi)} noreply", "start cast(2) run(1)",
	  "init cast(2) write(hi)!STATE" },
	{ "send: what does not fit leaves when there is room",
	  UP "cast: {write(abcdefghij)} noreply",
	  "narrow(4) listen show(peer) start run(30) cast(2) run(100)",
	  T_DIAL "@20 up [accepted] @30 cast(2) @40 [got abcd] @50 [got efgh] "
	  "@60 [got ij]" },
	{ "adopt: a stream that is open already",
	  "init: connect(1) connect: {adopt} pending(500) "
	  "info: {write(hello)} ok noreply",
	  "show(peer) start run(1) peer_send(hi) run(1) state",
	  T_DIAL "up [accepted] [got hello] @1 data(hi) @2 =connected" },
	{ "adopt: an open stream is closed first",
	  DIAL "{adopt} noreply ok", "listen show(peer) start run(1) state",
	  T_DIAL "up up [accepted] [closed] [accepted] @1 =connected" },
	{ "adopt: not while connected",
	  UP "cast: {adopt} noreply", "listen start run(1) cast(2) run(1) stream",
	  T_UP "@1 cast(2) adopt()!STATE @2 stream=open" },
	{ "want: only when there is room",
	  UP "noreply cast: {write(abcdef)} noreply {want} noreply",
	  "narrow(4) listen start run(30) cast(2) run(1) cast(3) run(100)",
	  T_DIAL "@20 up @30 cast(2) @31 cast(3) @40 writable" },
	{ "want: its verdict may be the end",
	  UP "stop(IO)", "listen start run(1) want run(10)",
	  T_UP "@1 writable disconnect(stopping:IO) terminate(IO) closed(IO)" },
	{ "want: room, once a request",
	  UP "noreply cast: {want want} noreply",
	  "listen start run(1) cast(2) run(10)", T_UP "@1 cast(2) writable" },
	{ "want: not again with the next bytes that leave",
	  UP "noreply cast: {want} noreply {write(hi)} noreply",
	  "listen start run(1) cast(2) run(1) cast(3) run(10)",
	  T_UP "@1 cast(2) writable @2 cast(3)" },
	{ "keep: the bytes come again in front of the next",
	  UP "{keep(2)} noreply noreply noreply",
	  "listen start run(1) peer_send(abcd) run(1) peer_send(ef) run(1) "
	  "peer_send(gh) run(1)",
	  T_UP "@1 data(abcd) @2 data(cdef) @3 data(gh)" },
	{ "keep: forgotten with the stream",
	  UP "{keep(2)} noreply noreply ok noreply connect: {dial} pending(500) "
	  "disconnect: connect(7)",
	  "listen start run(1) peer_send(abcd) run(1) peer_close run(1) "
	  "peer_send(ef) run(1)",
	  T_UP "@1 data(abcd) @2 down(CLOSED) disconnect(lost:CLOSED) connect(7) up "
	  "@3 data(ef)" },
};
/* clang-format on */

TEST_ROWS(behaviour_stream_news, STORIES(news))
{
	story_check(&news[_i]);
}

TEST_ROWS(behaviour_stream_is_closed_by_the_core, STORIES(closing))
{
	story_check(&closing[_i]);
}

TEST_ROWS(behaviour_stream_is_asked_for, STORIES(asking))
{
	story_check(&asking[_i]);
}

/* ---- the governor ---- */

static struct stay_verdict
block(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	if (stay_stream_dial(conn, "tcp://10.0.0.9:9") != STAY_OK)
		return stay_verdict_stop(STAY_E_URL);
	return stay_verdict_pending(STAY_FOREVER);
}

static const struct stay_behaviour blocker = { STAY_BEHAVIOUR,
	.name = "blocker", .connect = block };

/*
 * "The budget begins when the loop's dial governor grants the dial": of one that
 * waits for it; of another that it waits for in turn, or that it does not. That of a
 * disconnect begins at once.
 */
static const struct {
	const char *drive;
	const char *trace;
} granted[] = {
#define GIVEN_UP " pending_expired"
#define EXPIRED  GIVEN_UP " disconnect(expired:TIMEOUT)"
	{ "run(200) state", "@201 =connecting @251" EXPIRED " @301" GIVEN_UP },
	{ "run(100) dial run(100) state",
	    "@201 =connecting @251" EXPIRED " @301" GIVEN_UP },
	{ "run(100) adopt run(100)", "@101 up @151" EXPIRED " @201" GIVEN_UP },
	{ "run(100) cast(2) run(100)",
	    "@101 cast(2) disconnect(7) @151" GIVEN_UP },
};

TEST_ROWS(promise_13_behaviour_stream_budget_begins_at_the_grant, LEN(granted))
{
	char told[256];
	struct probe *probe = probe_new();
	struct stay_conn *first;
	static char trace[PROBE_TRACE_MAX];
	const char *fault;

	EXPECT_OK(stay_loop_set_dials_max(probe->loop, 1));
	sim_address_set(probe->world, "10.0.0.9", 9, SIM_BLACK_HOLE, 0);
	EXPECT_OK(stay_conn_start(&first, probe->loop, &blocker, NULL, NULL));
	probe_script(probe, "init: connect(1) connect: {dial} pending(50) "
			    "cast: disconnect(7) disconnect: pending(50)");
	probe_drive(probe, "let(casts) backoff(999) black_hole run(1) start");
	probe_drive(probe, granted[_i].drive);
	stay_conn_stop(first, STAY_OK);
	probe_drive(probe, "run(200)");
	memcpy(trace, probe->trace, sizeof(trace));
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
	snprintf(
	    told, sizeof(told), "@1 init connect(1) %s", granted[_i].trace);
	ck_assert_str_eq(trace, told);
}

/* The same of a grant that only the one before holds up. */
TEST(promise_13_budget_begins_when_the_stagger_is_over)
{
	struct probe *probe = probe_new();
	struct stay_conn *first;
	static char trace[PROBE_TRACE_MAX];
	const char *fault;

	EXPECT_OK(stay_loop_set_dials_stagger_ms(probe->loop, 200));
	sim_address_set(probe->world, "10.0.0.9", 9, SIM_BLACK_HOLE, 0);
	EXPECT_OK(stay_conn_start(&first, probe->loop, &blocker, NULL, NULL));
	probe_script(probe, "init: connect(1) connect: {dial} pending(50)");
	probe_drive(probe, "black_hole run(1) start run(198) state run(200)");
	stay_conn_stop(first, STAY_OK);
	memcpy(trace, probe->trace, sizeof(trace));
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
	ck_assert_str_eq(trace,
	    "@1 init connect(1) @199 =connecting @250 pending_expired "
	    "disconnect(expired:TIMEOUT)");
}

/* ---- bytes that are put off ---- */

/* Takes one byte at a time; what it has taken, and that the stream is down. */
struct slow {
	char text[16];
	size_t len;
	bool waits;  /* for more than there is, on second thoughts */
	bool breaks; /* at once, and not at the end of the turn */
	bool down;
};

static struct stay_verdict
slow_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	ck_assert_int_eq(stay_stream_dial(conn, "tcp://10.0.0.1"), STAY_E_URL);
	EXPECT_OK(stay_stream_dial(conn, "tcp://10.0.0.1:7777"));
	return stay_verdict_pending(1000);
}

static struct stay_verdict
slow_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct slow *slow = *(struct slow **)state;
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	if (event->type == STAY_STREAM_UP)
		return stay_verdict_ok();
	slow->down = event->type == STAY_STREAM_DOWN;
	if (slow->down)
		return stay_verdict_stop(STAY_OK);
	slow->text[slow->len++] = event->bytes.data[0];
	if (slow->len == 1 && slow->breaks)
		ck_assert_int_eq(
		    stay_stream_write(conn, &part, 1, &taken), STAY_E_RESET);
	else if (slow->len == 1 && !slow->waits)
		EXPECT_OK(stay_stream_send(conn, "x", 1));
	if (event->bytes.len > 1)
		EXPECT_OK(stay_stream_again(conn, event->bytes.len - 1));
	if (slow->waits)
		EXPECT_OK(stay_stream_keep(conn, event->bytes.len - 1, 0));
	return stay_verdict_noreply();
}

static struct stay_verdict
slow_init(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	*(void **)state = arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static const struct stay_behaviour slow_behaviour = { STAY_BEHAVIOUR,
	.name = "slow", .state_size = sizeof(struct slow *), .init = slow_init,
	.connect = slow_connect, .handle_info = slow_info };

static const struct peer_row abcd[] = { ON(PEER_ACCEPTS, "abcd"), NO_MORE };

/* The end of the stream comes behind all that was read of it. */
TEST_ROWS(behaviour_stream_bytes_put_off_precede_its_end, 2)
{
	struct peer server = { .rows = abcd };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;
	struct slow slow = { .breaks = _i == 1 };

	peer_listen(&server, world, "10.0.0.1", 7777);
	sim_fail(world, SIM_WRITE, 1, -ECONNRESET);
	EXPECT_OK(stay_conn_start(&conn, loop, &slow_behaviour, &slow, NULL));
	ck_assert(sim_run(world, 1000));
	ck_assert(slow.down);
	ck_assert_str_eq(slow.text, "abcd");
	EXPECT_OK(stay_loop_free(loop));
}

TEST(behaviour_stream_the_last_word_on_what_is_kept_stands)
{
	struct peer server = { .rows = abcd };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;
	struct slow slow = { .waits = true };

	peer_listen(&server, world, "10.0.0.1", 7777);
	EXPECT_OK(stay_conn_start(&conn, loop, &slow_behaviour, &slow, NULL));
	sim_run_ms(world, 10);
	ck_assert_str_eq(slow.text, "a");
	peer_say(server.ends, "e");
	sim_run_ms(world, 10);
	ck_assert_str_eq(slow.text, "ab");
	stay_conn_stop(conn, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- what goes with a stream ---- */

static unsigned fresh;

static struct stay_verdict
leave_it(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)state;
	if (event->type == STAY_STREAM_UP)
		return stay_verdict_ok();
	ck_assert_int_eq(event->type, STAY_STREAM_DATA);
	ck_assert_uint_eq(event->bytes.len, 4);
	if (++fresh > 1)
		return stay_verdict_noreply();
	EXPECT_OK(stay_stream_again(conn, 3));
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
change_filter(
    struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)state;
	ck_assert_int_eq(event->type, STAY_STREAM_UP);
	ck_assert(stay_stream_is_open(conn));
	EXPECT_OK(stay_stream_set_filter(conn, NULL, NULL));
	ck_assert(!stay_stream_is_open(conn));
	fresh++;
	return stay_verdict_stop(STAY_OK);
}

static void
ask_too_much(struct stay_conn *conn)
{
	stay_stream_set_keep_max(conn, 2);
	ck_assert_int_eq(stay_stream_keep(conn, 5, 0), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_keep(conn, 3, 0), STAY_E_TOO_BIG);
	ck_assert_int_eq(stay_stream_keep(conn, 2, 3), STAY_E_TOO_BIG);
	EXPECT_OK(stay_stream_keep(conn, 2, 2));
	ck_assert_int_eq(stay_stream_again(conn, 0), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_again(conn, 5), STAY_E_ARG);
	EXPECT_OK(stay_stream_again(conn, 4));
	EXPECT_OK(stay_stream_keep(conn, 0, 0));
}

static struct stay_verdict
ask(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	char peer[32];

	(void)state;
	ck_assert_int_eq(stay_stream_describe(conn, peer, sizeof(peer)), 13);
	ck_assert_str_eq(peer, "10.0.0.1:7777");
	if (event->type == STAY_STREAM_UP)
		return stay_verdict_ok();
	ask_too_much(conn);
	fresh++;
	return stay_verdict_noreply();
}

#define MUCH ((size_t)200000)

static struct stay_verdict
dial_on_bytes(
    struct stay_conn *conn, void *state, const struct stay_event *event)
{
	bool are_there = true;

	(void)state;
	if (event->type == STAY_STREAM_UP)
		return stay_verdict_noreply();
	if (event->bytes.len < MUCH) {
		EXPECT_OK(stay_stream_keep(conn, event->bytes.len, MUCH));
		return stay_verdict_noreply();
	}
	EXPECT_OK(stay_stream_dial(conn, "tcp://10.0.0.1:7777"));
	for (size_t i = 0; i < event->bytes.len; i++)
		are_there = are_there && event->bytes.data[i] == 'x';
	ck_assert(are_there);
	fresh++;
	return stay_verdict_stop(STAY_OK);
}

/* "It lives, with its bytes, until handle_info returns", whatever that does. */
TEST(behaviour_stream_bytes_outlive_their_stream)
{
	static char much[MUCH];
	struct stay_behaviour behaviour = slow_behaviour;
	struct peer server = { .rows = NULL };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;

	fresh = 0;
	memset(much, 'x', sizeof(much));
	behaviour.handle_info = dial_on_bytes;
	peer_listen(&server, world, "10.0.0.1", 7777);
	EXPECT_OK(stay_conn_start(&conn, loop, &behaviour, NULL, NULL));
	sim_run_ms(world, 10);
	sim_peer_send(server.ends->wire, much, sizeof(much));
	ck_assert(sim_run(world, 1000));
	ck_assert_uint_eq(fresh, 1);
	EXPECT_OK(stay_loop_free(loop));
}

/* Whom it is to, and how much of it is kept. */
TEST(behaviour_stream_answers)
{
	struct stay_behaviour behaviour = slow_behaviour;
	struct peer server = { .rows = abcd };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct iovec part = { (char[]){ "x" }, 1 };
	struct stay_conn *conn;
	size_t taken = 7;
	char peer[32];

	fresh = 0;
	behaviour.handle_info = ask;
	peer_listen(&server, world, "10.0.0.1", 7777);
	EXPECT_OK(stay_conn_start(&conn, loop, &behaviour, NULL, NULL));
	ck_assert_int_eq(stay_stream_describe(conn, peer, sizeof(peer)), 0);
	ck_assert_int_eq(
	    stay_stream_write(conn, &part, 1, &taken), STAY_E_STATE);
	ck_assert_uint_eq(taken, 0);
	sim_run_ms(world, 100);
	ck_assert_uint_eq(fresh, 1);
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

/* The bytes put off (row 0), and the stream itself if its filter changes. */
TEST_ROWS(behaviour_stream_takes_along_what_is_its_own, 2)
{
	struct stay_behaviour behaviour = slow_behaviour;
	struct peer server = { .rows = abcd };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;

	fresh = 0;
	behaviour.handle_info = _i == 0 ? leave_it : change_filter;
	peer_listen(&server, world, "10.0.0.1", 7777);
	EXPECT_OK(stay_conn_start(&conn, loop, &behaviour, NULL, NULL));
	sim_run_ms(world, 100);
	ck_assert_uint_eq(fresh, _i == 0 ? 2 : 1);
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

/*
 * It breaks when it is written to: at the end of one turn, and is let go of at the
 * next; before there was news of its beginning; before there was room.
 */
static const struct story breaking[] = {
	{ "let go of",
	    UP "cast: {write(hi)} noreply noreply disconnect(7) "
	       "disconnect: noconnect",
	    "turn_budget(1) listen start run(5)|"
	    "cast(2) cast(3) cast(4) run(5)",
	    T_UP "@5 cast(2) cast(3) cast(4) disconnect(7)" },
	{ "not told that it is up",
	    DIAL "noreply noreply noreply noreply {write(hi)} noreply noreply",
	    "turn_budget(1) listen slow(5) start run(1)|"
	    "send(2) send(3) send(4) send(5) send(6) send(7) skip(10) run(5)",
	    T_DIAL "@11 info(2) info(3) info(4) info(5) info(6) info(7) "
		   "down(RESET) disconnect(lost:RESET)" },
	{ "not told of room", UP "noreply cast: {write(hi) want} noreply",
	    "listen start run(5)|cast(2) run(5)",
	    T_UP "@5 cast(2) down(RESET) disconnect(lost:RESET)" },
};

TEST_ROWS(behaviour_stream_that_breaks_has_no_other_news, STORIES(breaking))
{
	const char *then = strchr(breaking[_i].drive, '|');
	struct probe *probe = probe_new();
	static char trace[PROBE_TRACE_MAX];
	const char *fault;

	probe_script(probe, breaking[_i].script);
	probe_act(
	    probe, breaking[_i].drive, (size_t)(then - breaking[_i].drive));
	sim_fail(probe->world, SIM_WRITE, 1, -ECONNRESET);
	probe_drive(probe, then + 1);
	memcpy(trace, probe->trace, sizeof(trace));
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
	ck_assert_str_eq(trace, breaking[_i].trace);
}

/* Whether memory for bytes to be sent is there after "cast: {write} <verdict>",
 * which is asked for with a kernel that has room, or none. */
static bool
keeps_room_after(const char *verdict, bool full)
{
	static const struct sim_limits none = { .send_buffer = 1 };
	struct probe *probe = probe_new();
	char script[64];
	bool keeps;
	const char *fault;

	snprintf(script, sizeof(script), "cast: {write(hi)} %s", verdict);
	probe_script(probe, UP);
	probe_script(probe, script);
	probe_drive(probe, "listen start run(5)");
	if (full) {
		sim_peer_limits(probe->peer, &none);
		sim_peer_freeze(probe->peer, true);
	}
	probe_drive(probe, "cast(2) run(5)");
	if (full) {
		ck_assert_uint_ne(
		    inside_stream_buffers(probe->conn) & INSIDE_OUTPUT, 0);
		sim_peer_freeze(probe->peer, false);
		probe_drive(probe, "run(5)");
	}
	keeps = (inside_stream_buffers(probe->conn) & INSIDE_OUTPUT) != 0;
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
	return keeps;
}

/* What the callback itself has sent has to leave first. */
TEST(behaviour_stream_hibernates_once_it_is_flushed)
{
	ck_assert(keeps_room_after("noreply", false));
	ck_assert(!keeps_room_after("noreply/h", false));
	ck_assert(!keeps_room_after("noreply/h", true));
}

/* What one large piece took is given back behind many small ones. */
TEST(behaviour_stream_eases_what_it_sends)
{
	static char much[300000];
	struct probe *probe = probe_new();
	size_t before;
	const char *fault;

	probe_script(probe, UP);
	probe_drive(probe, "listen start run(5)");
	EXPECT_OK(stay_stream_send(probe->conn, much, sizeof(much)));
	probe_drive(probe, "run(50)");
	before = heap_in_use();
	for (int i = 0; i < 100; i++) {
		EXPECT_OK(stay_stream_send(probe->conn, "x", 1));
		probe_drive(probe, "run(1)");
	}
	ck_assert(!heap_is_exact() || before == 0 ||
		  heap_in_use() < before - sizeof(much) / 2);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* Nor is what was asked of one stream asked of the next. */
TEST(behaviour_stream_hibernates_once)
{
	static const struct sim_limits none = { .send_buffer = 1 };
	struct probe *probe = probe_new();
	const char *fault;

	probe_script(probe,
	    UP "ok cast: {write(hi)} noreply/h connect(7) "
	       "{write(ho)} noreply connect: {dial} pending(9)");
	probe_drive(probe, "listen start run(5)");
	sim_peer_limits(probe->peer, &none);
	sim_peer_freeze(probe->peer, true);
	probe_drive(probe, "cast(2) run(5) cast(3) run(5) cast(4) run(5)");
	ck_assert_uint_ne(
	    inside_stream_buffers(probe->conn) & INSIDE_OUTPUT, 0);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* ---- socket options ---- */

/* The options of the socket that a connection with these has dialled. */
static struct stay_socket_options
dialled_with(const struct stay_socket_options *options)
{
	struct probe *probe = probe_new();
	struct stay_socket_options found;
	const char *fault;

	probe->options.socket = options;
	probe_script(probe, UP);
	probe_drive(probe, "listen start run(1)");
	ck_assert_ptr_nonnull(probe->peer);
	found = *sim_peer_options(probe->peer);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
	return found;
}

TEST(behaviour_stream_is_dialled_with_its_options)
{
	struct stay_socket_options options = { .nodelay = false,
		.keepalive_later = true, /* nobody would */
		.keepalive_ms = 7000,
		.user_timeout_ms = 9000 };
	struct stay_socket_options found = dialled_with(&options);

	ck_assert(!found.nodelay && !found.keepalive_later);
	ck_assert_uint_eq(found.keepalive_ms, 7000);
	ck_assert_uint_eq(found.user_timeout_ms, 9000);
	found = dialled_with(NULL);
	ck_assert(found.nodelay);
	ck_assert_uint_eq(found.keepalive_ms, 0);
}

/* ---- what is said of it, and what it keeps ---- */

static const struct {
	const char *script;
	const char *drive;
	const char *failure;
} spent[] = {
	{ DIAL "noreply", "black_hole start run(1000)",
	    "connect probe: 10.0.0.1:7777 timed out after 500 ms; idle" },
	{ DIAL "noreply noreply", "listen start run(1000)",
	    "connect probe: 10.0.0.1:7777 open, but not ready after 500 ms; "
	    "idle" },
	{ "init: connect(1) connect: pending(500) info: noreply",
	    "start run(1000)", "connect probe: timed out; idle" },
	/* what was waited for once is no part of what fails later */
	{ DIAL "noreply ok noreply", "listen start run(600) peer_close run(1)",
	    "session probe: 10.0.0.1:7777 closed by the peer; idle" },
	{ DIAL "backoff(10) noreply connect: pending(50)", "start run(1000)",
	    "connect probe: timed out; idle" },
	{ UP "noreply cast: disconnect(7) disconnect: pending(50)",
	    "backoff(70) listen start run(1) cast(2) run(1) peer_close run(1)",
	    "session probe: 10.0.0.1:7777 closed by the peer; next in " },
	{ "init: connect(1) connect: backoff(10) backoff(inf)",
	    "start run(100)",
	    "connect probe: not connected; attempt 2, no next one by itself" },
	/* what the end of a session was is not what its disconnect waits for */
	{ UP "disconnect(7) disconnect: pending(50)",
	    "listen start run(1) peer_close run(1000)",
	    "session probe: 10.0.0.1:7777 closed by the peer; " },
};

TEST_ROWS(behaviour_stream_a_spent_budget_says_what_it_waited_for, LEN(spent))
{
	struct probe *probe = probe_new();
	const char *fault;

	probe_script(probe, spent[_i].script);
	probe_drive(probe, spent[_i].drive);
	ck_assert_ptr_eq(
	    strstr(stay_conn_failure(probe->conn), spent[_i].failure),
	    stay_conn_failure(probe->conn));
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* Not while some of it is still to be written. */
TEST(behaviour_stream_hibernate_gives_its_memory_back)
{
	struct probe *probe = probe_new();
	const char *fault;

	probe_script(probe, UP "cast: {write(hello)} noreply noreply/h "
			       "{write(hello)} noreply/h {write(x)} noreply/h");
	probe_drive(probe, "listen start run(1) cast(2) run(1)");
	ck_assert_uint_ne(
	    inside_stream_buffers(probe->conn) & INSIDE_OUTPUT, 0);
	probe_drive(probe, "cast(3) run(1)");
	ck_assert_uint_eq(
	    inside_stream_buffers(probe->conn) & INSIDE_OUTPUT, 0);
	probe_drive(probe, "show(peer) cast(4) run(1)");
	EXPECT_IN(probe->trace, "[got hello]");
	probe_drive(probe, "cast(5) run(1)");
	EXPECT_IN(probe->trace, "[got x]");
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* Nobody has said that there is something to read. */
TEST(behaviour_stream_is_not_read_when_it_writes)
{
	struct probe *probe = probe_new();
	const char *fault;
	uint64_t reads;

	probe_script(probe, UP "cast: {write(hello)} noreply");
	probe_drive(probe, "listen start run(1)");
	reads = sim_calls(probe->world, SIM_READ);
	probe_drive(probe, "cast(2) run(1)");
	ck_assert_uint_eq(sim_calls(probe->world, SIM_READ), reads);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

/* ---- descriptors, by their numbers ---- */

static char descriptor[32]; /* "fd:3" */

static struct stay_verdict
dial_descriptor(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	if (stay_stream_dial(conn, descriptor) != STAY_OK)
		return stay_verdict_stop(STAY_E_IO);
	return stay_verdict_pending(1000);
}

static struct stay_verdict
come_up(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)conn;
	(void)state;
	return event->type == STAY_STREAM_UP ? stay_verdict_ok()
					     : stay_verdict_noreply();
}

TEST(behaviour_stream_is_dialled_by_a_descriptor)
{
	const struct stay_behaviour behaviour = { STAY_BEHAVIOUR, .name = "fd",
		.connect = dial_descriptor, .handle_info = come_up };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;
	int fd;

	sim_adopted(world, NULL, NULL, &fd);
	snprintf(descriptor, sizeof(descriptor), "fd:%d", fd);
	EXPECT_OK(stay_conn_start(&conn, loop, &behaviour, NULL, NULL));
	sim_run_ms(world, 10);
	ck_assert_int_eq(stay_conn_state(conn), STAY_CONNECTED);
	stay_conn_stop(conn, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

TEST_SUITE(behaviour_stream)
