/*
 * What a connection reports: to its observer, which may ask to be woken, to the program
 * that started it, and to stay_conn_await. Its failures are outage.c's. This file does
 * not know when there is something to report.
 */
#include "conn/report.h"

#include <assert.h>

#include "conn/conn.h"
#include "conn/metered.h"
#include "conn/settings.h"
#include "loop/recorder.h"

/* ---- the observer ---- */

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

void
stay__observed(struct stay_conn *conn)
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
	if (STAY__HAS_SLOT(observer, on_wake))
		observer->on_wake(observer->arg, &who);
	stay__observed(conn);
}

void
stay__report_fini(struct stay_conn *conn)
{
	stay__free(conn->report.noted);
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
	stay__observed(conn);
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

/* ---- calls ---- */

void
stay__conn_tell_lost_call(
    struct stay_conn *conn, enum stay_status status, const char *text)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (observer->on_lost_call != NULL)
		observer->on_lost_call(observer->arg, &who, status, text);
	stay__observed(conn);
}

void
stay__conn_tell_note(struct stay_conn *conn, const char *text)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (STAY__HAS_SLOT(observer, on_note))
		observer->on_note(observer->arg, &who, STAY_OK, text);
	stay__observed(conn);
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
	if (conn->report.has_started)
		return;
	conn->report.has_started = true;
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
