/*
 * The timers of a connection: its state's, T of the last verdict, the state
 * timeout of the behaviour. They only ever leave a note in the mailbox; a note
 * that is not yet delivered can be taken back, so a fired timer can be too.
 */
#include "conn/conn.h"

static void
state_timer_fired(struct stay__timer *timer)
{
	struct stay_conn *conn =
	    STAY__CONTAINER(timer, struct stay_conn, timer);

	/* The end of a budget precedes other mail; a backoff takes its turn. */
	if (stay__conn_state(conn) == STAY_BACKING_OFF)
		stay__mail_note(conn, STAY__NOTE_EXPIRED);
	else
		stay__mail_note_first(conn, STAY__NOTE_EXPIRED);
}

static void
timeout_fired(struct stay__timer *timer)
{
	stay__mail_note(STAY__CONTAINER(timer, struct stay_conn, timeout),
	    STAY__NOTE_TIMEOUT);
}

static void
state_timeout_fired(struct stay__timer *timer)
{
	stay__mail_note(STAY__CONTAINER(timer, struct stay_conn, state_timeout),
	    STAY__NOTE_STATE_TIMEOUT);
}

void
stay__timing_init(struct stay_conn *conn)
{
	stay__timer_init(&conn->timer, state_timer_fired);
	stay__timer_init(&conn->timeout, timeout_fired);
	stay__timer_init(&conn->state_timeout, state_timeout_fired);
	stay__loop_timer(conn->loop, &conn->timer, UINT64_MAX);
	conn->backoff.policy = conn->options.backoff;
	conn->since = stay__loop_now(conn->loop);
}

void
stay__timing_timeout_stop(struct stay_conn *conn)
{
	conn->timeout_on = false;
	stay__loop_timer_stop(conn->loop, &conn->timeout);
	stay__mail_unnote(conn, STAY__NOTE_TIMEOUT);
}

void
stay__timing_timeout_restart(struct stay_conn *conn)
{
	if (!conn->timeout_on)
		return;
	stay__mail_unnote(conn, STAY__NOTE_TIMEOUT);
	if (conn->timeout_ms == 0)
		stay__mail_note(conn, STAY__NOTE_TIMEOUT);
	else
		stay__loop_timer(conn->loop, &conn->timeout,
		    stay__loop_after(conn->loop, conn->timeout_ms));
}

void
stay__timing_company(struct stay_conn *conn, unsigned with, uint64_t timeout_ms)
{
	if ((with & STAY__WITH_TIMEOUT) != 0) {
		conn->timeout_on = true;
		conn->timeout_ms = timeout_ms;
		stay__timing_timeout_restart(conn);
	}
	if ((with & STAY__WITH_HIBERNATE) != 0)
		stay__stream_hibernate(conn);
}

static void
drop_message(struct stay_message *message)
{
	struct stay_message dropped = *message;

	*message = (struct stay_message){ 0 };
	if (dropped.release != NULL)
		dropped.release(dropped.data);
}

static void
stop_state_timeout(struct stay_conn *conn)
{
	stay__loop_timer_stop(conn->loop, &conn->state_timeout);
	stay__mail_unnote(conn, STAY__NOTE_STATE_TIMEOUT);
	drop_message(&conn->state_message);
}

/* It is for the state that the callback's own verdict leads to: it waits. */
enum stay_status
stay_conn_set_state_timeout(
    struct stay_conn *conn, uint64_t ms, struct stay_message message)
{
	enum stay_status status;

	if (conn == NULL)
		return STAY_E_ARG;
	if (stay__conn_state(conn) == STAY_STOPPED)
		return STAY_E_STATE;
	status = stay__mail_drop(conn, &conn->asked_message);
	if (status != STAY_OK)
		return status;
	conn->asked_message = message;
	conn->asked_state_at = stay__loop_after(conn->loop, ms);
	conn->state_timeout_asked = true;
	stay__conn_nudge(conn);
	return STAY_OK;
}

void
stay__timing_take_asked(struct stay_conn *conn)
{
	if (!conn->state_timeout_asked)
		return;
	conn->state_timeout_asked = false;
	stop_state_timeout(conn);
	if (conn->asked_state_at == UINT64_MAX ||
	    stay__conn_state(conn) == STAY_STOPPED) {
		drop_message(&conn->asked_message);
		return;
	}
	conn->state_message = conn->asked_message;
	conn->asked_message = (struct stay_message){ 0 };
	stay__loop_timer(
	    conn->loop, &conn->state_timeout, conn->asked_state_at);
}

void
stay__timing_fini(struct stay_conn *conn)
{
	stay__timing_disarm(conn);
	stay__timing_timeout_stop(conn);
	drop_message(&conn->asked_message);
}

static void
arm(struct stay_conn *conn, uint64_t ms)
{
	conn->timer_ms = ms;
	stay__loop_timer(
	    conn->loop, &conn->timer, stay__loop_after(conn->loop, ms));
}

/* A pending budget does not run while the dial waits for its grant. */
static void
arm_pending(struct stay_conn *conn, const struct stay__step *step)
{
	if (step->event != STAY__CONN_PENDING)
		return;
	conn->granted_later = conn->link.machine.now == STAY__LINK_QUEUED;
	conn->timer_ms = step->ms;
	if (!conn->granted_later)
		arm(conn, step->ms);
}

void
stay__timing_granted(struct stay_conn *conn)
{
	if (conn->granted_later)
		arm(conn, conn->timer_ms);
	conn->granted_later = false;
}

static void
arm_backoff(struct stay_conn *conn, const struct stay__step *step)
{
	uint64_t ms = step->ms;

	conn->starved = step->event == STAY__CONN_THROTTLED;
	if (conn->starved)
		conn->starved_info = step->info;
	if (step->event == STAY__CONN_EXPIRED)
		ms = stay_backoff_next(conn, &conn->backoff);
	arm(conn, ms);
}

static void
arm_stop(struct stay_conn *conn, const struct stay__step *step)
{
	(void)step;
	arm(conn, conn->options.stop_budget_ms);
}

static void
arm_nothing(struct stay_conn *conn, const struct stay__step *step)
{
	(void)conn;
	(void)step;
}

/* The timer a state runs is a property of the state. */
void
stay__timing_arm(struct stay_conn *conn, const struct stay__step *step)
{
	static void (*const arms[])(
	    struct stay_conn *, const struct stay__step *) = {
		[STAY__TIMER_NONE] = arm_nothing,
		[STAY__TIMER_PENDING] = arm_pending,
		[STAY__TIMER_BACKOFF] = arm_backoff,
		[STAY__TIMER_STOP] = arm_stop,
	};

	arms[conn->machine.table->states[conn->machine.now].timer](conn, step);
}

void
stay__timing_disarm(struct stay_conn *conn)
{
	conn->granted_later = false;
	stay__loop_timer(conn->loop, &conn->timer, UINT64_MAX);
	stay__mail_unnote(conn, STAY__NOTE_EXPIRED);
	stop_state_timeout(conn);
}
