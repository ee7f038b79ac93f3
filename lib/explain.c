/*
 * What a connection says about itself: to its observer, in its failure
 * sentence, and to who asks what it is doing. It changes nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"

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

/* Text that grows at its end and is cut at its bound. */
struct text {
	char *at;
	size_t cap;
	size_t len; /* what it would be without the bound */
};

static void add(struct text *text, const char *format, ...) STAY_PRINTF(2, 3);

static void
add(struct text *text, const char *format, ...)
{
	size_t used = text->len < text->cap ? text->len : text->cap;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text->cap > 0 ? text->at + used : NULL,
	    text->cap - used, format, arguments);
	va_end(arguments);
	if (len > 0)
		text->len += (size_t)len;
}

/* "350 ms", "1.2 s", "3 min". */
static void
add_duration(struct text *text, uint64_t ms)
{
	if (ms < 1000)
		add(text, "%u ms", (unsigned)ms);
	else if (ms < 10 * 1000)
		add(text, "%u.%u s", (unsigned)(ms / 1000),
		    (unsigned)(ms % 1000 / 100));
	else if (ms < 600 * 1000)
		add(text, "%u s", (unsigned)(ms / 1000));
	else
		add(text, "%llu min", (unsigned long long)(ms / 60000));
}

uint64_t
stay_conn_due_ms(const struct stay_conn *conn)
{
	uint64_t now = conn->loop->now;

	if (conn->timer_at == UINT64_MAX)
		return STAY_FOREVER;
	return conn->timer_at <= now ? 0
				     : (conn->timer_at - now) / STAY__TICK_NS;
}

/* What comes next, in the state it is in. */
static void
add_next(struct text *text, const struct stay_conn *conn)
{
	switch (stay__conn_state(conn)) {
	case STAY_BACKING_OFF:
		if (conn->attempts > 0)
			add(text, "attempt %u, ", conn->attempts);
		if (stay_conn_due_ms(conn) == STAY_FOREVER) {
			add(text, "no next one by itself");
			break;
		}
		add(text, "next in ");
		add_duration(text, stay_conn_due_ms(conn));
		break;
	case STAY_CONNECTING:
		add(text, "attempt %u begins", conn->attempts + 1);
		break;
	case STAY_STARTING:
	case STAY_IDLE:
	case STAY_CONNECTED:
	case STAY_DISCONNECTING:
		add(text, "idle");
		break;
	case STAY_STOPPING:
	case STAY_STOPPED:
		add(text, "stopped");
		break;
	}
}

/* ---- failures ---- */

void
stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    const char *phase, const char *text)
{
	conn->why = status;
	conn->unreported = true;
	if (conn->failure == NULL)
		conn->failure = stay__zalloc(STAY__FAILURE_MAX);
	if (conn->failure != NULL)
		snprintf(conn->failure, STAY__FAILURE_MAX, "%s %s: %s", phase,
		    conn->label, text);
}

static void
say_next(struct stay_conn *conn)
{
	struct text text = { conn->failure, STAY__FAILURE_MAX, 0 };

	if (conn->failure == NULL)
		return;
	text.len = strlen(conn->failure);
	add(&text, "; ");
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

/* ---- what it is doing ---- */

/* What the behaviour has to say. */
static void
add_words(struct text *text, const struct stay_conn *conn)
{
	char words[128];

	if (conn->behaviour->describe != NULL &&
	    conn->behaviour->describe(conn, conn->state, words, sizeof(words)) >
		0)
		add(text, ", %s", words);
}

static void
add_waiting(struct text *text, const struct stay_conn *conn)
{
	static const char *const links[] = {
		[STAY__LINK_CLOSED] = "",
		[STAY__LINK_QUEUED] = ", waiting for the dial governor",
		[STAY__LINK_RESOLVING] = ", resolving its name",
		[STAY__LINK_DIALING] = ", dialing",
		[STAY__LINK_OPEN] = ", its stream is open",
	};

	if (stay__conn_state(conn) == STAY_CONNECTING)
		add(text, "%s", links[conn->link.machine.now]);
	if (stay_conn_due_ms(conn) != STAY_FOREVER) {
		add(text, ", %s ends in ",
		    conn->machine.table->timers
			[conn->machine.table->states[conn->machine.now].timer]);
		add_duration(text, stay_conn_due_ms(conn));
	}
	add_words(text, conn);
	if (conn->letters > 0)
		add(text, ", %zu messages wait", conn->letters);
	if (conn->admission == STAY__ADMIT_DRAINING)
		add(text, ", draining");
}

int
stay_explain(const struct stay_conn *conn, char *buffer, size_t len)
{
	struct text text = { buffer, len, 0 };
	uint64_t for_ms = (conn->loop->now - conn->since) / STAY__TICK_NS;

	if (len > 0)
		buffer[0] = '\0';
	add(&text, "conn %llu %s: %s for ", (unsigned long long)conn->number,
	    conn->label, stay_state_name(stay__conn_state(conn)));
	add_duration(&text, for_ms);
	if (stay_stream_is_open(conn))
		add(&text, " with %s", conn->link.peer);
	add_waiting(&text, conn);
	if (conn->why != STAY_OK)
		add(&text, "; the last failure: %s", stay_conn_failure(conn));
	else
		add(&text, "; waiting for %s",
		    conn->machine.table->states[conn->machine.now].waits);
	return (int)text.len;
}
