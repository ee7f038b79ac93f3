/*
 * The drive of a connection: a callback returns a verdict, the verdict becomes
 * an event, the machine takes the event, and its action runs the next callback.
 * This is a loop, never a recursion. Only machine.c changes the state; run.c
 * decides which mail may be delivered.
 */
#include "conn/drive.h"

#include "conn/conn.h"
#include "conn/metered.h"

static const struct stay__step no_step;

/* Why an attempt or a session ended with this step. */
static enum stay_status
why_it_ended(const struct stay_conn *conn, const struct stay__step *step)
{
	switch ((int)step->event) {
	case STAY__CONN_STOP:
	case STAY__CONN_QUIT:
		return step->reason == STAY_OK ? STAY_E_STOPPED : step->reason;
	case STAY__CONN_DISCONNECT:
		if (step->info.status != STAY_OK)
			return step->info.status;
		break;
	default:
		break;
	}
	return conn->outage.why == STAY_OK ? STAY_E_OFFLINE : conn->outage.why;
}

static void
attempt_ended(struct stay_conn *conn, const struct stay__step *step)
{
	enum stay_status why = why_it_ended(conn, step);

	if (conn->outage.why == STAY_OK && why != STAY_E_STOPPED)
		stay__conn_fail(
		    conn, why, STAY__PHASE_CONNECT, stay_strerror(why));
	stay__conn_tell_started(conn, why);
}

static void
session_ended(struct stay_conn *conn, const struct stay__step *step)
{
	uint64_t now = stay__loop_now(conn->loop);

	conn->history.up_ms = (now - conn->history.since) / STAY__TICK_NS;
	if (step->event == STAY__CONN_DISCONNECT &&
	    conn->outage.why == STAY_OK && step->info.status != STAY_OK)
		stay__conn_fail(conn, step->info.status, STAY__PHASE_SESSION,
		    stay_strerror(step->info.status));
}

/* What the change of state means for the history of the connection. */
static void
note_change(struct stay_conn *conn, const struct stay__transition *transition,
    const struct stay__step *step)
{
	stay__metered_change(conn, (enum stay_state)transition->from,
	    (enum stay_state)transition->to);
	if (transition->from == STAY_CONNECTED)
		session_ended(conn, step);
	if (transition->from == STAY_CONNECTING &&
	    transition->to != STAY_CONNECTED &&
	    step->event != STAY__CONN_THROTTLED)
		attempt_ended(conn, step);
	conn->history.since = stay__loop_now(conn->loop);
	if (transition->to == STAY_CONNECTED || transition->to == STAY_IDLE)
		conn->history.reconnects = false;
	if (transition->to != STAY_CONNECTED)
		return;
	stay__outage_over(conn);
	stay__report_rest(conn);
	conn->history.attempts = 0;
	stay__conn_tell_started(conn, STAY_OK);
}

static void
tell_entered(struct stay_conn *conn, const struct stay__transition *transition)
{
	if (conn->behaviour->entered != NULL)
		conn->behaviour->entered(conn, conn->state,
		    (enum stay_state)transition->from,
		    (enum stay_state)transition->to);
}

/* Carry out what came with a verdict: a message timeout T, or hibernation. */
static void
carry_out(struct stay_conn *conn, const struct stay__step *step)
{
	if ((step->with & STAY__WITH_TIMEOUT) != 0)
		stay__timing_timeout_start(conn, step->timeout_ms);
	if ((step->with & STAY__WITH_HIBERNATE) != 0)
		stay__stream_hibernate(conn);
}

/* The first backoff behind a session knows how long that was up, also when
 * dials came in between. */
static void
forget_session(struct stay_conn *conn,
    const struct stay__transition *transition, const struct stay__step *step)
{
	if (transition->to == STAY_BACKING_OFF &&
	    step->event != STAY__CONN_THROTTLED)
		conn->history.up_ms = 0;
}

static void
enter(struct stay_conn *conn, const struct stay__transition *transition,
    const struct stay__step *step)
{
	stay__timing_disarm(conn);
	if (transition->action == STAY__ACT_CONNECT) {
		conn->history.attempts++;
		stay__metered_dial(conn);
	}
	if (transition->from != transition->to)
		note_change(conn, transition, step);
	if (!stay__conn_row(transition->to)->stream ||
	    transition->action == STAY__ACT_CONNECT)
		stay__stream_close(conn);
	stay__timing_arm(conn, step);
	forget_session(conn, transition, step);
	if (transition->from != transition->to) {
		stay__mailbox_recall(&conn->mail);
		tell_entered(conn, transition);
	}
	carry_out(conn, step);
	if (transition->to != STAY_DISCONNECTING &&
	    transition->to != STAY_STOPPING)
		stay__outage_tell(conn);
	if (transition->to == STAY_STOPPED)
		stay__conn_nudge(conn);
}

/* Any end but a normal one is reported as a failure. */
static void
note_reason(struct stay_conn *conn)
{
	bool normal = conn->requests.reason == STAY_OK ||
		      conn->requests.reason == STAY_E_STOPPED;

	if (conn->requests.reason == STAY_E_ATTEMPTS)
		stay__conn_fail_finally(conn, STAY_E_ATTEMPTS, STAY__PHASE_STOP,
		    stay_strerror(STAY_E_ATTEMPTS));
	else if (!normal && conn->outage.why != conn->requests.reason)
		stay__conn_fail(conn, conn->requests.reason, STAY__PHASE_STOP,
		    stay_strerror(conn->requests.reason));
}

static struct stay__transition
take(struct stay_conn *conn, const struct stay__step *step)
{
	struct stay__transition transition;

	if (step->event == STAY__CONN_STOP || step->event == STAY__CONN_QUIT) {
		stay__conn_close_admission(conn, step->reason);
		note_reason(conn);
	}
	transition = stay__machine_take(
	    &conn->machine, stay_machine_conn(), step->event);
	stay__conn_tell_transition(conn, stay_machine_conn(), &transition);
	if (transition.verb == STAY_GO)
		enter(conn, &transition, step);
	stay__timing_take_asked(conn);
	return transition;
}

/* ---- actions: the callbacks a machine runs ---- */

static struct stay__step
run_init(struct stay_conn *conn, void *arg)
{
	struct stay_verdict verdict =
	    stay_verdict_connect(stay_info_status(STAY_OK));

	if (conn->behaviour->init != NULL)
		verdict = conn->behaviour->init(conn, conn->state, arg);
	return stay__step_judge(conn, STAY__IN_INIT, &verdict);
}

static struct stay__step
run_connect(struct stay_conn *conn, const struct stay__step *step)
{
	struct stay_verdict verdict = stay_verdict_stop(STAY_E_BAD_CONNECT);

	stay__timing_timeout_stop(conn);
	stay__outage_try(conn);
	if (conn->behaviour->connect != NULL)
		verdict =
		    conn->behaviour->connect(conn, conn->state, step->info);
	stay__callers_settle(conn->rare->callers);
	return stay__step_judge(conn, STAY__IN_CONNECT, &verdict);
}

static struct stay__step
run_disconnect(struct stay_conn *conn, const struct stay__step *step)
{
	bool stopping = step->event == STAY__CONN_STOP;
	struct stay_info info = step->info;
	struct stay_verdict verdict =
	    stopping ? stay_verdict_noconnect()
		     : stay_verdict_stop(STAY_E_BAD_DISCONNECT);

	if (stopping) {
		info = stay_info_status(conn->requests.reason);
		info.tag = STAY_INFO_STOPPING;
	}
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->disconnect != NULL)
		verdict = conn->behaviour->disconnect(conn, conn->state, info);
	stay__callers_settle(conn->rare->callers);
	return stay__step_judge(conn, STAY__IN_DISCONNECT, &verdict);
}

static struct stay__step
run_terminate(struct stay_conn *conn, const struct stay__step *step)
{
	(void)step;
	if (conn->behaviour->terminate != NULL)
		conn->behaviour->terminate(
		    conn, conn->state, conn->requests.reason);
	return no_step;
}

static struct stay__step
run_nothing(struct stay_conn *conn, const struct stay__step *step)
{
	(void)conn;
	(void)step;
	return no_step;
}

void
stay__drive(struct stay_conn *conn, struct stay__step step)
{
	static struct stay__step (*const actions[])(
	    struct stay_conn *, const struct stay__step *) = {
		[STAY__ACT_NONE] = run_nothing,
		[STAY__ACT_CONNECT] = run_connect,
		[STAY__ACT_DISCONNECT] = run_disconnect,
		[STAY__ACT_TERMINATE] = run_terminate,
	};

	while (step.due) {
		struct stay__transition transition = take(conn, &step);

		step = actions[transition.action](conn, &step);
	}
	carry_out(conn, &step);
}

/* ---- the first step, and a reconnect ---- */

void
stay__drive_init(struct stay_conn *conn)
{
	conn->history.since = stay__loop_now(conn->loop);
}

void
stay__drive_fini(struct stay_conn *conn)
{
	struct stay__connects *of = conn->throttle.connects;

	if (of == NULL)
		return;
	stay__free(of->first);
	of->first = NULL;
}

enum stay_status
stay__drive_start(struct stay_conn *conn, void *arg)
{
	struct stay__step *first = stay__zalloc(sizeof(*first));

	if (first == NULL) {
		stay__machine_take(
		    &conn->machine, stay_machine_conn(), STAY__CONN_QUIT);
		return STAY_E_NOMEM;
	}
	conn->throttle.connects->first = first;
	*first = run_init(conn, arg);
	/* A connection that did not start has no on_closed. */
	if (first->event == STAY__CONN_QUIT) {
		stay__machine_take(
		    &conn->machine, stay_machine_conn(), first->event);
		stay__timing_take_asked(conn);
	}
	return first->reason;
}

/* If it is to stop already, it begins nothing. */
void
stay__drive_first(struct stay_conn *conn)
{
	struct stay__step step = *conn->throttle.connects->first;

	stay__drive_fini(conn);
	if ((conn->requests.asked & STAY__ASKED_STOP) != 0)
		step.event = STAY__CONN_OK;
	stay__drive(conn, step);
}

void
stay__drive_reconnect(struct stay_conn *conn, struct stay__step step)
{
	conn->history.reconnects = conn->history.reconnects || step.due;
	stay__drive(conn, step);
}
