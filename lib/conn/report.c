/*
 * What a connection tells: to its observer, to the program that started it, and
 * to stay_conn_await. The last failure is kept here as a sentence, until it is told with what
 * happens next. When there is something to tell is not known here.
 */
#include "conn/report.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"

void
stay__report_init(struct stay_conn *conn)
{
	conn->report.told = STAY__TOLD_FAILURE; /* there is none */
}

void
stay__report_fini(struct stay_conn *conn)
{
	stay__free(conn->report.sentence);
	stay__free(conn->report.turns);
}

/* What one observer has kept here means nothing to the next. */
static void **
own_word(struct stay_conn *conn)
{
	if (conn->report.observers != conn->loop->observers)
		conn->report.own = NULL;
	conn->report.observers = conn->loop->observers;
	return &conn->report.own;
}

struct stay_subject
stay__conn_subject(struct stay_conn *conn)
{
	return (struct stay_subject){ .number = conn->number,
		.label = conn->label,
		.now_ms = stay_loop_now_ms(conn->loop),
		.own = own_word(conn) };
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
	struct stay__noted_turn *turns = conn->report.turns;
	unsigned count = conn->report.turn_count;

	conn->report.turns = NULL;
	conn->report.turn_count = 0;
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
	if (conn->report.turns == NULL)
		conn->report.turns =
		    stay__calloc(STAY__TURNS_MAX, sizeof(*conn->report.turns));
	if (conn->report.turns == NULL ||
	    conn->report.turn_count == STAY__TURNS_MAX)
		return;
	conn->report.turns[conn->report.turn_count++] =
	    (struct stay__noted_turn){ machine, *turn };
	stay__conn_nudge(conn);
}

/* What comes next, in the state it is in. */
static void
add_next(struct stay__text *text, const struct stay_conn *conn)
{
	switch (stay__conn_state(conn)) {
	case STAY_BACKING_OFF:
		if (conn->history.attempts > 0)
			stay__text_add(
			    text, "attempt %u, ", conn->history.attempts);
		if (stay_conn_due_ms(conn) == STAY_FOREVER) {
			stay__text_add(text, "no next one by itself");
			break;
		}
		stay__text_add(text, "next in ");
		stay__text_add_ms(text, stay_conn_due_ms(conn));
		break;
	case STAY_CONNECTING:
		stay__text_add(
		    text, "attempt %u begins", conn->history.attempts);
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

/* How much of it there was room for. */
static unsigned
fitting(const struct stay__text *text)
{
	return (unsigned)strlen(text->at);
}

void
stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    const char *phase, const char *text)
{
	struct stay__text sentence;

	conn->report.why = status;
	conn->report.told &= ~STAY__TOLD_FAILURE;
	conn->report.failed = status;
	conn->report.failed_in = phase;
	if (conn->report.sentence == NULL)
		conn->report.sentence = stay__zalloc(STAY__FAILURE_MAX);
	if (conn->report.sentence == NULL)
		return;
	sentence =
	    (struct stay__text){ conn->report.sentence, STAY__FAILURE_MAX, 0 };
	stay__text_add(&sentence, "%s %s", phase, conn->label);
	stay__text_put(&sentence, ": ");
	conn->report.text_at = fitting(&sentence);
	stay__text_add(&sentence, "%s", text);
	conn->report.text_len = fitting(&sentence) - conn->report.text_at;
}

static void
say_next(struct stay_conn *conn)
{
	struct stay__text text = { conn->report.sentence, STAY__FAILURE_MAX,
		0 };

	if (conn->report.sentence == NULL)
		return;
	text.len = strlen(conn->report.sentence);
	stay__text_add(&text, "; ");
	add_next(&text, conn);
}

void
stay__conn_report(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if ((conn->report.told & STAY__TOLD_FAILURE) != 0)
		return;
	conn->report.told |= STAY__TOLD_FAILURE;
	say_next(conn);
	if (observer->on_failure != NULL)
		observer->on_failure(observer->arg, &who, conn->report.why,
		    stay_conn_failure(conn));
}

/* Its status speaks if there was no memory for a sentence. */
const char *
stay_conn_failure(const struct stay_conn *conn)
{
	assert(conn != NULL);
	if (conn->report.sentence != NULL)
		return conn->report.sentence;
	return conn->report.why == STAY_OK ? ""
					   : stay_strerror(conn->report.why);
}

void
stay__report_begin(struct stay_conn *conn)
{
	conn->report.why = STAY_OK;
}

void
stay__report_up(struct stay_conn *conn)
{
	conn->report.why = STAY_OK;
	conn->report.failed = STAY_OK;
}

/* ---- notices ---- */

void
stay__conn_tell_started(struct stay_conn *conn, enum stay_status status)
{
	if (conn->awaiter != NULL && !conn->awaiter->decided) {
		conn->awaiter->decided = true;
		conn->awaiter->status = status;
	}
	if ((conn->report.told & STAY__TOLD_STARTED) != 0)
		return;
	conn->report.told |= STAY__TOLD_STARTED;
	if (conn->options.on_started != NULL)
		conn->options.on_started(conn->options.arg, conn, status);
}

static void
tell_closed(struct stay_conn *conn, enum stay_status reason)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (observer->on_closed != NULL)
		observer->on_closed(
		    observer->arg, &who, reason, stay_strerror(reason));
	if (conn->options.on_closed != NULL)
		conn->options.on_closed(conn->options.arg, conn, reason);
}

void
stay__conn_tell_closed(struct stay_conn *conn)
{
	enum stay_status reason = conn->requests.reason;

	stay__conn_tell_started(
	    conn, reason == STAY_OK ? STAY_E_STOPPED : reason);
	if (conn->awaiter != NULL)
		conn->awaiter->gone = true;
	stay__conn_tell_turns(conn);
	tell_closed(conn, reason);
}
