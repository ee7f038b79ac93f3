/*
 * The timers of a connection. A timer that has fired leaves a note in the
 * mailbox; a note that is not delivered yet can be taken back. So a timer can
 * be stopped even after it has fired. What follows from a timer is deliver.c's.
 */
#include "conn/timing.h"

#include <assert.h>

#include "conn/conn.h"

static void
state_timer_fired(struct stay_conn *conn)
{
	/* The end of a time budget goes before other mail, the end of a backoff
	 * behind it. */
	if (stay__conn_state(conn) == STAY_BACKING_OFF)
		stay__mailbox_note(&conn->mail, STAY__NOTE_EXPIRED);
	else
		stay__mailbox_note_first(&conn->mail, STAY__NOTE_EXPIRED);
}

static void
timeout_fired(struct stay__timer *timer)
{
	struct stay__alarms *alarms =
	    STAY__CONTAINER(timer, struct stay__alarms, timeout);

	stay__mailbox_note(&alarms->conn->mail, STAY__NOTE_TIMEOUT);
}

static void
state_timeout_fired(struct stay_conn *conn)
{
	stay__mailbox_note(&conn->mail, STAY__NOTE_STATE_TIMEOUT);
}

static void
fire(struct stay__timer *first)
{
	static void (*const fired[])(struct stay_conn *) = {
		[STAY__CLOCK_DUE] = state_timer_fired,
		[STAY__CLOCK_STATE_TIMEOUT] = state_timeout_fired,
		[STAY__CLOCK_DRAIN] = stay__conn_drained,
		[STAY__CLOCK_RENEWAL] = stay__conn_renew,
	};
	struct stay_conn *conn =
	    STAY__CONTAINER(first, struct stay_conn, timers.first);
	int which;

	while (
	    (which = stay__timers_take(&conn->loop->wheel, &conn->timers)) >= 0)
		if (which < STAY__CLOCK_CLIENT)
			fired[which](conn);
		else
			stay__conn_client(conn)->fire(
			    conn->state, (enum stay__client_clock)(
					     which - STAY__CLOCK_CLIENT));
}

static void
init_alarms(struct stay_conn *conn, struct stay__alarms *alarms)
{
	alarms->conn = conn;
	stay__timer_init(&alarms->timeout, timeout_fired);
}

void
stay__timing_init(struct stay_conn *conn)
{
	stay__timers_init(&conn->timers, fire);
	if (conn->rare->alarms != NULL)
		init_alarms(conn, conn->rare->alarms);
}

/* Nobody sets the state timeout of a client's connection; but who does, may. */
static bool
has_alarms(struct stay_conn *conn)
{
	struct stay__alarms *alarms;

	if (conn->rare->alarms != NULL)
		return true;
	alarms =
	    stay__conn_rare_begin(conn) ? stay__zalloc(sizeof(*alarms)) : NULL;
	if (alarms == NULL)
		return false;
	init_alarms(conn, alarms);
	conn->rare->alarms = alarms;
	return true;
}

void
stay__timing_timeout_stop(struct stay_conn *conn)
{
	struct stay__alarms *alarms = conn->rare->alarms;

	/* Else there is neither the timer nor its note. */
	if (alarms == NULL || !alarms->timeout_on)
		return;
	alarms->timeout_on = false;
	stay__timer_stop(&alarms->timeout);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_TIMEOUT);
}

void
stay__timing_timeout_restart(struct stay_conn *conn)
{
	struct stay__alarms *alarms = conn->rare->alarms;

	if (alarms == NULL || !alarms->timeout_on)
		return;
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_TIMEOUT);
	if (alarms->timeout_ms == 0)
		stay__mailbox_note(&conn->mail, STAY__NOTE_TIMEOUT);
	else
		stay__loop_timer(conn->loop, &alarms->timeout,
		    stay__loop_after(conn->loop, alarms->timeout_ms));
}

void
stay__timing_timeout_start(struct stay_conn *conn, uint64_t ms)
{
	assert(conn->rare->alarms != NULL); /* no client returns one */
	conn->rare->alarms->timeout_on = true;
	conn->rare->alarms->timeout_ms = ms;
	stay__timing_timeout_restart(conn);
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
	stay__timing_set(
	    conn->loop, &conn->timers, STAY__CLOCK_STATE_TIMEOUT, UINT64_MAX);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STATE_TIMEOUT);
	if (conn->rare->alarms != NULL)
		drop_message(&conn->rare->alarms->state_message);
}

/* The timeout is for the state that the callback's verdict leads to. So it
 * starts only when the verdict has been taken. */
void
stay__timing_ask(struct stay_conn *conn, uint64_t ms)
{
	conn->timing.asked_at = stay__loop_after(conn->loop, ms);
	stay__conn_ask(conn, STAY__ASKED_STATE_TIMEOUT);
}

enum stay_status
stay_conn_set_state_timeout(
    struct stay_conn *conn, uint64_t ms, struct stay_message message)
{
	enum stay_status status;

	assert(conn != NULL);
	if (stay__conn_state(conn) == STAY_STOPPED)
		return STAY_E_STATE;
	if (!has_alarms(conn))
		return STAY_E_NOMEM;
	status = stay__mailbox_drop(&conn->mail, conn->settings->mailbox_max,
	    &conn->rare->alarms->asked_message);
	if (status != STAY_OK)
		return status;
	conn->rare->alarms->asked_message = message;
	stay__timing_ask(conn, ms);
	return STAY_OK;
}

void
stay__timing_take_asked(struct stay_conn *conn)
{
	struct stay__alarms *alarms = conn->rare->alarms;

	if (!stay__conn_take_asked(conn, STAY__ASKED_STATE_TIMEOUT))
		return;
	stop_state_timeout(conn);
	if (conn->timing.asked_at == UINT64_MAX ||
	    stay__conn_state(conn) == STAY_STOPPED) {
		if (alarms != NULL)
			drop_message(&alarms->asked_message);
		return;
	}
	if (alarms != NULL) {
		alarms->state_message = alarms->asked_message;
		alarms->asked_message = (struct stay_message){ 0 };
	}
	/* A timer would take a tick for it. */
	if (conn->timing.asked_at <= stay__loop_now(conn->loop))
		stay__mailbox_note(&conn->mail, STAY__NOTE_STATE_TIMEOUT);
	else
		stay__timing_set(conn->loop, &conn->timers,
		    STAY__CLOCK_STATE_TIMEOUT, conn->timing.asked_at);
}

struct stay_message
stay__timing_take_message(struct stay_conn *conn)
{
	struct stay_message message = { 0 };

	if (conn->rare->alarms == NULL)
		return message;
	message = conn->rare->alarms->state_message;
	conn->rare->alarms->state_message = (struct stay_message){ 0 };
	return message;
}

/* No state timeout is asked for: a stop has taken the last one. */
void
stay__timing_fini(struct stay_conn *conn)
{
	stay__timing_disarm(conn);
	stay__timing_timeout_stop(conn);
	stay__timers_fini(&conn->timers);
	if (stay__conn_client(conn) == NULL || conn->rare->alarms == NULL)
		return;
	stay__free(conn->rare->alarms);
	conn->rare->alarms = NULL;
}

static void
arm(struct stay_conn *conn, uint64_t ms)
{
	conn->timing.due_ms = ms;
	stay__timing_set(conn->loop, &conn->timers, STAY__CLOCK_DUE,
	    stay__loop_after(conn->loop, ms));
}

/* The budget of an attempt does not run while its dial waits for the governor. */
static void
arm_pending(struct stay_conn *conn, const struct stay__step *step)
{
	if (step->event != STAY__CONN_PENDING)
		return;
	conn->timing.granted_later =
	    stay__conn_state(conn) == STAY_CONNECTING &&
	    conn->stream.link.machine.now == STAY__LINK_QUEUED;
	conn->timing.due_ms = step->ms;
	if (!conn->timing.granted_later)
		arm(conn, step->ms);
}

void
stay__timing_granted(struct stay_conn *conn)
{
	if (conn->timing.granted_later)
		arm(conn, conn->timing.due_ms);
	conn->timing.granted_later = false;
}

/* What a client connects with carries no data. */
static void
keep_info(struct stay_conn *conn, const struct stay_info *info)
{
	conn->timing.throttled_tag = info->tag;
	conn->timing.throttled_status = info->status;
	if (stay__conn_client(conn) == NULL)
		conn->rare->alarms->throttled = *info;
	else
		assert(info->data == NULL);
}

struct stay_info
stay__timing_throttled(const struct stay_conn *conn)
{
	struct stay_info info = stay_info_status(conn->timing.throttled_status);

	info.tag = conn->timing.throttled_tag;
	return stay__conn_client(conn) == NULL ? conn->rare->alarms->throttled
					       : info;
}

static void
arm_backoff(struct stay_conn *conn, const struct stay__step *step)
{
	uint64_t ms = step->ms;

	conn->timing.throttled = step->event == STAY__CONN_THROTTLED;
	if (conn->timing.throttled)
		keep_info(conn, &step->info);
	if (step->event == STAY__CONN_EXPIRED)
		ms = stay__conn_pace(
		    conn, &conn->timing.pace, &conn->settings->backoff);
	arm(conn, ms);
}

static void
arm_stop(struct stay_conn *conn, const struct stay__step *step)
{
	(void)step;
	arm(conn, conn->settings->stop_budget_ms);
}

static void
arm_nothing(struct stay_conn *conn, const struct stay__step *step)
{
	(void)conn;
	(void)step;
}

/* Each state says in its table row which timer it runs. */
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

	arms[stay__conn_row(conn->machine.now)->timer](conn, step);
}

void
stay__timing_disarm(struct stay_conn *conn)
{
	conn->timing.granted_later = false;
	stay__timing_set(
	    conn->loop, &conn->timers, STAY__CLOCK_DUE, UINT64_MAX);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_EXPIRED);
	stop_state_timeout(conn);
}

/* ---- asking about it ---- */

uint64_t
stay_conn_due_ms(const struct stay_conn *conn)
{
	assert(conn != NULL);
	if (stay__mailbox_is_noted(&conn->mail, STAY__NOTE_EXPIRED))
		return 0; /* behind other mail */
	return stay__loop_until_ms(
	    conn->loop, stay__timing_at(&conn->timers, STAY__CLOCK_DUE));
}

struct stay__pace *
stay__conn_own_pace(struct stay_conn *conn)
{
	return &conn->timing.pace;
}

uint64_t
stay__conn_pace(struct stay_conn *conn, struct stay__pace *pace,
    const struct stay_backoff_policy *policy)
{
	return stay__pace_step(pace, policy,
	    stay__loop_now(conn->loop) / STAY__TICK_NS, conn->history.up_ms,
	    stay__loop_random(conn->loop));
}

uint64_t
stay_backoff_next(struct stay_conn *conn, struct stay_backoff *backoff)
{
	struct stay__pace pace = { backoff->since_ms, backoff->attempt };
	uint64_t ms;

	assert(conn != NULL);
	ms = stay__conn_pace(conn, &pace, &backoff->policy);
	backoff->since_ms = pace.since_ms;
	backoff->attempt = pace.attempt;
	return ms;
}
