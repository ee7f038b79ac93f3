/*
 * The observer and this connection: what it is given with all that it is told, what it
 * keeps here, and when it wants to be woken. What there is to tell is report.c's and
 * outage.c's.
 */
#include "conn/observed.h"

#include "conn/conn.h"

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
stay__observed_end(struct stay_conn *conn)
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
