/*
 * What a connection says about itself: to its observer, in its failure
 * sentence, and to who asks what it is doing. It changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"

struct stay_subject
stay__conn_subject(const struct stay_conn *conn)
{
	struct stay_subject who = { .number = conn->number,
		.label = conn->label,
		.now_ms = stay_loop_now_ms(conn->loop) };

	return who;
}

/* ---- turns of machines ---- */

static void
tell(struct stay_conn *conn, const struct stay_machine *machine,
    const struct stay__turn *turn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);
	struct stay_transition transition = { .machine = machine->name,
		.from = machine->states[turn->from].label,
		.event = machine->events[turn->event],
		.action = machine->actions[turn->action],
		.to = machine->states[turn->to].label,
		.because = turn->because,
		.kept = turn->verb == STAY_KEEP };

	if (observer->on_transition != NULL)
		observer->on_transition(observer->arg, &who, &transition);
}

void
stay__conn_tell_turns(struct stay_conn *conn)
{
	struct stay__noted_turn *turns = conn->turns;
	unsigned count = conn->turn_count;

	conn->turns = NULL;
	conn->turn_count = 0;
	for (unsigned i = 0; i < count; i++)
		tell(conn, turns[i].machine, &turns[i].turn);
	stay__free(turns);
}

void
stay__conn_turned(struct stay_conn *conn, const struct stay_machine *machine,
    const struct stay__turn *turn)
{
	stay__conn_tell_turns(conn);
	tell(conn, machine, turn);
}

/* Past the bound (a callback that dials again and again), and without memory,
 * the latest is lost. */
void
stay__conn_note_turn(struct stay_conn *conn, const struct stay_machine *machine,
    const struct stay__turn *turn)
{
	if (conn->turns == NULL)
		conn->turns =
		    stay__zalloc(STAY__TURNS_MAX * sizeof(*conn->turns));
	if (conn->turns == NULL || conn->turn_count == STAY__TURNS_MAX)
		return;
	conn->turns[conn->turn_count++] =
	    (struct stay__noted_turn){ machine, *turn };
	stay__conn_nudge(conn);
}

/* ---- text ---- */

/* "350 ms", "1.2 s", "3 min". */
static void
add_duration(struct stay__text *text, uint64_t ms)
{
	if (ms < 1000)
		stay__text_add(text, "%u ms", (unsigned)ms);
	else if (ms < 10 * 1000)
		stay__text_add(text, "%u.%u s", (unsigned)(ms / 1000),
		    (unsigned)(ms % 1000 / 100));
	else if (ms < 600 * 1000)
		stay__text_add(text, "%u s", (unsigned)(ms / 1000));
	else
		stay__text_add(
		    text, "%llu min", (unsigned long long)(ms / 60000));
}

static uint64_t
until_ms(const struct stay_conn *conn, uint64_t at)
{
	uint64_t now = stay__loop_now(conn->loop);

	if (at == UINT64_MAX)
		return STAY_FOREVER;
	return at <= now ? 0 : (at - now) / STAY__TICK_NS;
}

uint64_t
stay_conn_due_ms(const struct stay_conn *conn)
{
	return until_ms(conn, conn->timer.at);
}

/* What comes next, in the state it is in. */
static void
add_next(struct stay__text *text, const struct stay_conn *conn)
{
	switch (stay__conn_state(conn)) {
	case STAY_BACKING_OFF:
		if (conn->attempts > 0)
			stay__text_add(text, "attempt %u, ", conn->attempts);
		if (stay_conn_due_ms(conn) == STAY_FOREVER) {
			stay__text_add(text, "no next one by itself");
			break;
		}
		stay__text_add(text, "next in ");
		add_duration(text, stay_conn_due_ms(conn));
		break;
	case STAY_CONNECTING:
		stay__text_add(text, "attempt %u begins", conn->attempts);
		break;
	case STAY_STARTING:
	case STAY_IDLE:
	case STAY_CONNECTED:
	case STAY_DISCONNECTING:
		stay__text_add(text, "idle");
		break;
	case STAY_STOPPING:
	case STAY_STOPPED:
		stay__text_add(text, "stopped");
		break;
	}
}

/* ---- failures ---- */

/* How much of so many bytes there was room for. */
static size_t
fitting(int len, size_t size)
{
	if (len < 0)
		return 0;
	return (size_t)len < size ? (size_t)len : size - 1;
}

void
stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    const char *phase, const char *text)
{
	int lead;

	conn->why = status;
	conn->unreported = true;
	conn->failed = status;
	conn->failed_in = phase;
	if (conn->failure == NULL)
		conn->failure = stay__zalloc(STAY__FAILURE_MAX);
	if (conn->failure == NULL)
		return;
	lead = snprintf(
	    conn->failure, STAY__FAILURE_MAX, "%s %s: ", phase, conn->label);
	conn->failure_at = fitting(lead, STAY__FAILURE_MAX);
	lead = snprintf(conn->failure + conn->failure_at,
	    STAY__FAILURE_MAX - conn->failure_at, "%s", text);
	conn->failure_len = fitting(lead, STAY__FAILURE_MAX - conn->failure_at);
}

static void
say_next(struct stay_conn *conn)
{
	struct stay__text text = { conn->failure, STAY__FAILURE_MAX, 0 };

	if (conn->failure == NULL)
		return;
	text.len = strlen(conn->failure);
	stay__text_add(&text, "; ");
	add_next(&text, conn);
}

void
stay__conn_report(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (!conn->unreported)
		return;
	conn->unreported = false;
	say_next(conn);
	if (observer->on_failure != NULL)
		observer->on_failure(
		    observer->arg, &who, conn->why, stay_conn_failure(conn));
}

/* Its status speaks if there was no memory for a sentence. */
const char *
stay_conn_failure(const struct stay_conn *conn)
{
	if (conn->failure != NULL)
		return conn->failure;
	return conn->why == STAY_OK ? "" : stay_strerror(conn->why);
}

/* ---- what it is doing: one sentence ---- */

static void
add_attempt(struct stay__text *text, const struct stay_conn *conn)
{
	static const char *const links[] = {
		[STAY__LINK_CLOSED] = "",
		[STAY__LINK_QUEUED] = ", waiting for the dial governor",
		[STAY__LINK_RESOLVING] = ", resolving its name",
		[STAY__LINK_DIALING] = ", dialing",
		[STAY__LINK_OPEN] = "",
	};
	enum stay_state state = stay__conn_state(conn);

	if (state == STAY_BACKING_OFF && conn->starved)
		stay__text_add(text, " after too many connects in a row");
	else if (state == STAY_BACKING_OFF && conn->attempts > 0)
		stay__text_add(text, " after attempt %u", conn->attempts);
	if (state != STAY_CONNECTING)
		return;
	if (conn->attempts > 1)
		stay__text_add(text, " in attempt %u", conn->attempts);
	stay__text_add(text, "%s", links[conn->link.machine.now]);
}

static void
add_doing(struct stay__text *text, const struct stay_conn *conn)
{
	static const char *const doing[] = {
		[STAY_STARTING] = "starting",
		[STAY_IDLE] = "idle",
		[STAY_CONNECTING] = "connecting",
		[STAY_CONNECTED] = "connected",
		[STAY_DISCONNECTING] = "disconnecting",
		[STAY_BACKING_OFF] = "backing off",
		[STAY_STOPPING] = "stopping",
		[STAY_STOPPED] = "stopped",
	};
	uint64_t now = stay__loop_now(conn->loop);

	stay__text_add(text, "conn %llu %s: %s for ",
	    (unsigned long long)conn->number, conn->label,
	    doing[stay__conn_state(conn)]);
	add_duration(text, (now - conn->since) / STAY__TICK_NS);
	add_attempt(text, conn);
	if (stay_stream_is_open(conn))
		stay__text_add(text, " with %s", conn->link.peer);
}

static void
add_count(
    struct stay__text *text, size_t count, const char *one, const char *many)
{
	if (count > 0)
		stay__text_add(
		    text, ", %zu %s", count, count == 1 ? one : many);
}

static size_t
callers_of(const struct stay_conn *conn)
{
	const struct stay__list *node = conn->callers.next;
	size_t count = 0;

	for (; node != &conn->callers; node = node->next)
		count++;
	return count;
}

static void
add_waiting(struct stay__text *text, const struct stay_conn *conn)
{
	char words[192];

	if (conn->behaviour->describe != NULL &&
	    conn->behaviour->describe(conn, conn->state, words, sizeof(words)) >
		0)
		stay__text_add(text, ", %s", words);
	add_count(text, conn->letters, "message waits", "messages wait");
	add_count(text, callers_of(conn), "caller waits for an answer",
	    "callers wait for an answer");
	add_count(text, stay_buf_len(&conn->out), "byte is to be sent",
	    "bytes are to be sent");
}

/* The last failure, in the words of its phase. */
static void
add_failure(struct stay__text *text, const struct stay_conn *conn)
{
	static const struct {
		const char *phase;
		const char *words;
	} phases[] = {
		{ "connect", "its last attempt failed: " },
		{ "hello", "its last hello failed: " },
		{ "session", "its last session ended: " },
		{ "stop", "the reason: " },
	};

	stay__text_add(text, "; ");
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
		if (strcmp(phases[i].phase, conn->failed_in) == 0)
			stay__text_add(text, "%s", phases[i].words);
	if (conn->failure == NULL)
		stay__text_add(text, "%s", stay_strerror(conn->failed));
	else
		stay__text_add(text, "%.*s", (int)conn->failure_len,
		    conn->failure + conn->failure_at);
}

/* Why it is in this state, if not because all is well. */
static void
add_why(struct stay__text *text, const struct stay_conn *conn)
{
	bool stops = stay__conn_state(conn) >= STAY_STOPPING;
	bool normal = conn->reason == STAY_OK || conn->reason == STAY_E_STOPPED;

	if (stops && normal)
		stay__text_add(text, ", as asked");
	else if (conn->failed == STAY_E_RECONNECT)
		stay__text_add(text, "; a reconnect was asked for");
	else if (conn->failed != STAY_OK)
		add_failure(text, conn);
	else if (conn->reconnects)
		stay__text_add(text, "; a reconnect was asked for");
}

/* What follows in each state: when its timer ends, and without one. */
static const struct {
	const char *within;
	const char *other;
} following[] = {
	[STAY_STARTING] = { "", "init's verdict is taken next" },
	[STAY_IDLE] = { "", "it waits for somebody to ask for a connection" },
	[STAY_CONNECTING] = { "it gives up in ",
	    "it waits for connect's verdict" },
	[STAY_CONNECTED] = { "", "it stays connected" },
	[STAY_DISCONNECTING] = { "it gives up in ",
	    "it waits for disconnect's verdict" },
	[STAY_BACKING_OFF] = { "the next attempt begins in ",
	    "no attempt follows by itself" },
	[STAY_STOPPING] = { "it ends at the latest in ", "it ends" },
	[STAY_STOPPED] = { "", "the closed notice follows" },
};

/* What the state's own timer says. */
static void
add_due(struct stay__text *text, const struct stay_conn *conn)
{
	enum stay_state state = stay__conn_state(conn);
	uint64_t due_ms = stay_conn_due_ms(conn);

	if (due_ms == STAY_FOREVER) {
		stay__text_add(text, "%s", following[state].other);
		return;
	}
	if (state == STAY_DISCONNECTING && conn->reconnects)
		stay__text_add(text, "it connects anew at the latest in ");
	else
		stay__text_add(text, "%s", following[state].within);
	add_duration(text, due_ms);
}

static void
add_end_of_drain(struct stay__text *text, const struct stay_conn *conn)
{
	stay__text_add(text, "it stops when nothing is left to do");
	if (!stay__timer_is_set(&conn->drain))
		return;
	stay__text_add(text, ", at the latest in ");
	add_duration(text, until_ms(conn, conn->drain.at));
}

/* What it is to do by itself, if its end does not come first. */
static bool
is_renewed(const struct stay_conn *conn)
{
	return stay__timer_is_set(&conn->renewal) &&
	       (!stay__timer_is_set(&conn->drain) ||
		   conn->renewal.at < conn->drain.at);
}

/* What it does next, unless it is stopped; false: nothing, it stays up. */
static bool
add_step(struct stay__text *text, const struct stay_conn *conn)
{
	bool up = stay__conn_state(conn) == STAY_CONNECTED;

	if (conn->reconnect_asked) {
		stay__text_add(text, "it reconnects next, as asked");
	} else if (conn->granted_later) {
		stay__text_add(text, "its budget of ");
		add_duration(text, conn->timer_ms);
		stay__text_add(text, " begins when it is let go");
	} else if (up && conn->failed != STAY_OK) {
		stay__text_add(text, "it disconnects next");
	} else if (up && is_renewed(conn)) {
		stay__text_add(text, "it leaves for a new session in ");
		add_duration(text, until_ms(conn, conn->renewal.at));
	} else if (!up) {
		add_due(text, conn);
	} else {
		return false;
	}
	return true;
}

static void
add_following(struct stay__text *text, const struct stay_conn *conn)
{
	bool draining = conn->admission == STAY__ADMIT_DRAINING;
	bool stays;

	if (conn->stop_asked) {
		stay__text_add(text, "it stops next, as asked");
		return;
	}
	stays = !add_step(text, conn);
	if (stays && !draining)
		add_due(text, conn);
	if (!stays && draining)
		stay__text_add(text, ", and ");
	if (draining)
		add_end_of_drain(text, conn);
}

int
stay_conn_explain(const struct stay_conn *conn, char *buffer, size_t len)
{
	struct stay__text text = { buffer, len, 0 };

	if (len > 0)
		buffer[0] = '\0';
	add_doing(&text, conn);
	add_waiting(&text, conn);
	add_why(&text, conn);
	stay__text_add(&text, "; ");
	add_following(&text, conn);
	return (int)text.len;
}
