/*
 * What a connection reports: to its observer, to the program that started it,
 * and to stay_conn_await. The last failure is kept as a sentence until it is
 * reported together with what happens next. This file does not know when there
 * is something to report.
 */
#include "conn/report.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"
#include "conn/metered.h"
#include "conn/settings.h"
#include "loop/recorder.h"

/* Wakes an observer that has named a time. */
struct stay__alarm_clock {
	struct stay_conn *conn;
	uint64_t at_ms; /* STAY_FOREVER: none */
	struct stay__timer timer;
	struct stay__task task;
};

static void
come_time(struct stay__timer *timer)
{
	struct stay__alarm_clock *clock =
	    STAY__CONTAINER(timer, struct stay__alarm_clock, timer);

	stay__loop_run_soon(clock->conn->loop, &clock->task);
}

void
stay__report_init(struct stay_conn *conn)
{
	conn->report.told = STAY__TOLD_FAILURE; /* there is none */
}

void
stay__report_end(struct stay_conn *conn)
{
	struct stay__alarm_clock *clock = conn->rare->clock;

	if (clock == NULL)
		return;
	stay__timer_stop(&clock->timer);
	stay__task_cancel(&clock->task);
	stay__free(clock);
	conn->rare->clock = NULL;
}

void
stay__report_fini(struct stay_conn *conn)
{
	stay__free(conn->report.sentence);
	stay__free(conn->report.noted);
}

/* A word for the observer to keep something in; a new observer finds NULL. */
static void **
own_word(struct stay_conn *conn)
{
	if (conn->report.observers != conn->loop->observers) {
		conn->report.own = NULL;
		if (conn->rare->clock != NULL)
			conn->rare->clock->at_ms = STAY_FOREVER;
	}
	conn->report.observers = conn->loop->observers;
	return &conn->report.own;
}

/* Where the observer names a time. Who never does has no clock: the loop has a word
 * for all of them, to be looked at when the observer has returned. */
static uint64_t *
wish_of(struct stay_conn *conn)
{
	if (conn->rare->clock != NULL)
		return &conn->rare->clock->at_ms;
	conn->loop->wish_ms = STAY_FOREVER;
	return &conn->loop->wish_ms;
}

/* The observer's table may be older, and end before this slot. */
#define HAS_SLOT(observer, slot)                                               \
	((observer)->size >= offsetof(struct stay_observer, slot) +            \
				 sizeof((observer)->slot) &&                   \
	    (observer)->slot != NULL)

struct stay_subject
stay__conn_subject(struct stay_conn *conn)
{
	void **own = own_word(conn);

	return (struct stay_subject){ .number = conn->number,
		.label = stay__conn_label(conn),
		.now_ms = stay_loop_now_ms(conn->loop),
		.own = own,
		.wake_ms = wish_of(conn) };
}

static void wake(struct stay__task *task);

static struct stay__alarm_clock *
clock_of(struct stay_conn *conn)
{
	struct stay__alarm_clock *clock = conn->rare->clock;

	if (clock != NULL)
		return clock;
	clock =
	    stay__conn_rare_begin(conn) ? stay__zalloc(sizeof(*clock)) : NULL;
	if (clock == NULL)
		return NULL;
	conn->rare->clock = clock;
	clock->conn = conn;
	clock->at_ms = conn->loop->wish_ms;
	stay__timer_init(&clock->timer, come_time);
	stay__task_init(&clock->task, wake);
	return clock;
}

/* The observer has returned, and may have named a time. Without memory for a clock
 * it is tried again when it is told of something else. */
static void
observed(struct stay_conn *conn)
{
	struct stay__alarm_clock *clock;
	uint64_t at;

	if (conn->rare->clock == NULL && conn->loop->wish_ms == STAY_FOREVER)
		return;
	clock = clock_of(conn);
	if (clock == NULL || clock->at_ms == STAY_FOREVER)
		return;
	at = clock->at_ms > UINT64_MAX / STAY__TICK_NS
		 ? UINT64_MAX
		 : clock->at_ms * STAY__TICK_NS;
	stay__loop_timer(conn->loop, &clock->timer, at);
}

static void
wake(struct stay__task *task)
{
	struct stay__alarm_clock *clock =
	    STAY__CONTAINER(task, struct stay__alarm_clock, task);
	struct stay_conn *conn = clock->conn;
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (clock->at_ms > who.now_ms)
		return;
	clock->at_ms = STAY_FOREVER;
	if (HAS_SLOT(observer, on_wake))
		observer->on_wake(observer->arg, &who);
	observed(conn);
}

/* ---- transitions of machines ---- */

static void
tell(struct stay_conn *conn, const struct stay_machine *machine,
    const struct stay__transition *transition)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);
	struct stay_transition told = { .machine = machine->name,
		.from = machine->states[transition->from].label,
		.event = machine->events[transition->event],
		.action = machine->actions[transition->action],
		.to = machine->states[transition->to].label,
		.because = transition->because,
		.kept = transition->verb == STAY_KEEP };

	if (observer->on_transition != NULL)
		observer->on_transition(observer->arg, &who, &told);
	observed(conn);
}

void
stay__conn_tell_noted(struct stay_conn *conn)
{
	struct stay__noted_transition *noted = conn->report.noted;
	unsigned count = conn->report.noted_count;

	conn->report.noted = NULL;
	conn->report.noted_count = 0;
	for (unsigned i = 0; i < count; i++)
		tell(conn, noted[i].machine, &noted[i].transition);
	if (conn->report.noted == NULL &&
	    stay__conn_state(conn) == STAY_CONNECTING)
		conn->report.noted = noted; /* more are to come */
	else
		stay__free(noted);
}

void
stay__report_rest(struct stay_conn *conn)
{
	if (conn->report.noted_count > 0)
		return;
	stay__free(conn->report.noted);
	conn->report.noted = NULL;
}

/* Steps that change nothing are not worth a place. */
static void
record(struct stay_conn *conn, const struct stay_machine *machine,
    const struct stay__transition *transition)
{
	if (transition->verb != STAY_KEEP)
		stay__record(conn->loop, conn->number, STAY__RECORD_STEP,
		    (uintptr_t)machine,
		    transition->from << 16 | transition->event << 8 |
			transition->to);
}

void
stay__conn_tell_transition(struct stay_conn *conn,
    const struct stay_machine *machine,
    const struct stay__transition *transition)
{
	record(conn, machine, transition);
	stay__conn_tell_noted(conn);
	tell(conn, machine, transition);
}

/* Past the bound (a callback that dials again and again), and without memory,
 * this transition is not reported. */
void
stay__conn_note_transition(struct stay_conn *conn,
    const struct stay_machine *machine,
    const struct stay__transition *transition)
{
	record(conn, machine, transition);
	if (conn->report.noted == NULL)
		conn->report.noted = stay__realloc(
		    NULL, STAY__NOTED_MAX * sizeof(*conn->report.noted));
	if (conn->report.noted == NULL ||
	    conn->report.noted_count == STAY__NOTED_MAX)
		return;
	conn->report.noted[conn->report.noted_count++] =
	    (struct stay__noted_transition){ machine, *transition };
	stay__conn_nudge(conn);
}

/* What the connection does next, given its state. */
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
		stay__text_add(
		    text, "%s", stay__duration_of(stay_conn_due_ms(conn)).text);
		if (stay_status_class(conn->report.why) == STAY_CLASS_FATAL)
			stay__text_add(text, ", but somebody has to mend this");
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
static uint16_t
fitting(const struct stay__text *text)
{
	return (uint16_t)strlen(text->at);
}

/* `place` is where it was; NULL: the text or the label says so. */
static void
fail_at(struct stay_conn *conn, const char *place, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	struct stay__text sentence;

	stay__record(conn->loop, conn->number, STAY__RECORD_FAILURE,
	    (uintptr_t)stay__phase_name(phase), status);
	if (conn->report.failed == STAY_OK)
		conn->report.down_since = stay__loop_now(conn->loop);
	conn->report.why = status;
	conn->report.told &= (uint8_t)~STAY__TOLD_FAILURE;
	conn->report.failed = status;
	conn->report.failed_in = (uint8_t)phase;
	if (conn->report.sentence == NULL)
		conn->report.sentence = stay__zalloc(STAY__FAILURE_MAX);
	if (conn->report.sentence == NULL)
		return;
	sentence =
	    (struct stay__text){ conn->report.sentence, STAY__FAILURE_MAX, 0 };
	stay__text_add(&sentence, "%s %s", stay__phase_name(phase),
	    stay__conn_label(conn));
	stay__text_put(&sentence, ": ");
	conn->report.text_at = fitting(&sentence);
	if (place != NULL)
		stay__text_add(&sentence, "at %s: ", place);
	stay__text_add(&sentence, "%s", text);
	conn->report.text_len =
	    (uint16_t)(fitting(&sentence) - conn->report.text_at);
}

void
stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	fail_at(conn, stay__conn_place(conn), status, phase, text);
}

/* The place stands in the cause already. */
void
stay__conn_fail_finally(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	char whole[STAY__FAILURE_MAX];
	struct stay__text with = { whole, sizeof(whole), 0 };
	const char *place = stay__conn_place(conn);

	stay__text_put(&with, text);
	if (conn->report.failed != STAY_OK && conn->report.sentence != NULL) {
		stay__text_add(&with, ": %.*s", (int)conn->report.text_len,
		    conn->report.sentence + conn->report.text_at);
		place = NULL;
	}
	fail_at(conn, place, status, phase, whole);
}

enum stay_status
stay__conn_failed(const struct stay_conn *conn)
{
	return conn->report.failed;
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
	stay__metered_failure(conn);
	say_next(conn);
	if (observer->on_failure != NULL)
		observer->on_failure(observer->arg, &who, conn->report.why,
		    stay_conn_failure(conn));
	observed(conn);
}

/* Without memory for a sentence, the words of the status. */
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

/* ---- up ---- */

static void
add_lost(struct stay__text *text, const struct stay_up *up)
{
	if (up->maybe_executed > 0)
		stay__text_add(text, "; %llu %s maybe executed",
		    (unsigned long long)up->maybe_executed,
		    up->maybe_executed == 1 ? "call" : "calls");
	if (up->not_sent > 0 && up->maybe_executed > 0)
		stay__text_add(
		    text, ", %llu not sent", (unsigned long long)up->not_sent);
	else if (up->not_sent > 0)
		stay__text_add(text, "; %llu %s not sent",
		    (unsigned long long)up->not_sent,
		    up->not_sent == 1 ? "call" : "calls");
}

/* "up again after 5.2 s, attempt 7, with 10.0.0.7:6379, RESP3 ...; ..." */
static void
say_up(const struct stay_conn *conn, const struct stay_up *up,
    struct stay__text *text)
{
	char words[256];

	stay__text_add(text, "up");
	if (conn->report.failed != STAY_OK) {
		stay__text_add(
		    text, conn->report.was_up ? " again after " : " after ");
		stay__text_add(text, "%s", stay__duration_of(up->down_ms).text);
	}
	if (up->attempts > 1)
		stay__text_add(text, ", attempt %u", up->attempts);
	if (stay__link_is_open(&conn->stream.link))
		stay__text_add(
		    text, ", with %s", stay__link_peer(&conn->stream.link));
	if (conn->behaviour->describe != NULL &&
	    conn->behaviour->describe(conn, conn->state, words, sizeof(words)) >
		0)
		stay__text_add(text, ", %s", words);
	add_lost(text, up);
}

static void
tell_up(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);
	char words[STAY__FAILURE_MAX] = "";
	struct stay__text text = { words, sizeof(words), 0 };
	struct stay_up up = { .text = words,
		.attempts = conn->history.attempts,
		.maybe_executed = conn->report.maybe_executed,
		.not_sent = conn->report.not_sent };

	if (!HAS_SLOT(observer, on_up))
		return;
	if (conn->report.failed != STAY_OK)
		up.down_ms =
		    (stay__loop_now(conn->loop) - conn->report.down_since) /
		    STAY__TICK_NS;
	say_up(conn, &up, &text);
	observer->on_up(observer->arg, &who, &up);
	observed(conn);
}

void
stay__report_up(struct stay_conn *conn)
{
	tell_up(conn);
	conn->report.why = STAY_OK;
	conn->report.failed = STAY_OK;
	conn->report.maybe_executed = conn->report.not_sent = 0;
	conn->report.was_up = true;
	stay__report_rest(conn);
}

/* ---- calls ---- */

static void
count_one(uint32_t *count)
{
	if (*count < UINT32_MAX)
		(*count)++;
}

void
stay__conn_call_over(struct stay_conn *conn, enum stay_outcome outcome)
{
	if (conn->report.failed == STAY_OK)
		return;
	if (outcome == STAY_MAYBE_EXECUTED)
		count_one(&conn->report.maybe_executed);
	if (outcome == STAY_NOT_SENT)
		count_one(&conn->report.not_sent);
}

void
stay__conn_tell_lost_call(
    struct stay_conn *conn, enum stay_status status, const char *text)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (observer->on_lost_call != NULL)
		observer->on_lost_call(observer->arg, &who, status, text);
	observed(conn);
}

void
stay__conn_tell_note(struct stay_conn *conn, const char *text)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (HAS_SLOT(observer, on_note))
		observer->on_note(observer->arg, &who, STAY_OK, text);
	observed(conn);
}

void
stay__conn_tell_wire(struct stay_conn *conn, const char *text)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	observer->on_wire(observer->arg, &who, STAY_OK, text);
}

/* ---- notices ---- */

static void *
notice_arg(const struct stay_conn *conn)
{
	return stay__conn_client(conn) != NULL ? conn->state
					       : conn->settings->notices.arg;
}

struct stay__awaiter *
stay__awaiter_of(const struct stay_conn *conn)
{
	struct stay__awaiter *awaiter = conn->loop->awaiters;

	while (awaiter != NULL && awaiter->conn != conn)
		awaiter = awaiter->next;
	return awaiter;
}

void
stay__conn_tell_started(struct stay_conn *conn, enum stay_status status)
{
	struct stay__awaiter *awaiter = stay__awaiter_of(conn);

	if (awaiter != NULL && !awaiter->decided) {
		awaiter->decided = true;
		awaiter->status = status;
	}
	if ((conn->report.told & STAY__TOLD_STARTED) != 0)
		return;
	conn->report.told |= STAY__TOLD_STARTED;
	if (conn->settings->notices.on_started != NULL)
		conn->settings->notices.on_started(
		    notice_arg(conn), conn, status);
}

/* Whoever is told frees what he has lent, and says so. */
static void
tell_last(struct stay_conn *conn, enum stay_status reason)
{
	stay_closed_fn *on_closed = conn->settings->notices.on_closed;

	if (on_closed != NULL)
		on_closed(notice_arg(conn), conn, reason);
}

static void
tell_closed(struct stay_conn *conn, enum stay_status reason)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	stay__metered_closed(conn);
	stay__record(conn->loop, conn->number, STAY__RECORD_CLOSED, 0, reason);
	if (observer->on_closed != NULL)
		observer->on_closed(
		    observer->arg, &who, reason, stay_strerror(reason));
	tell_last(conn, reason);
}

void
stay__conn_tell_closed(struct stay_conn *conn)
{
	enum stay_status reason = conn->requests.reason;
	struct stay__awaiter *awaiter = stay__awaiter_of(conn);

	stay__conn_tell_started(
	    conn, reason == STAY_OK ? STAY_E_STOPPED : reason);
	if (awaiter != NULL)
		awaiter->conn = NULL;
	stay__conn_tell_noted(conn);
	tell_closed(conn, reason);
}
