/*
 * The drive of a connection: a callback returns a verdict, the verdict becomes
 * an event, the machine takes it, its action runs the next callback. It loops
 * and never recurses; the state is machine.c's to change, and what may be
 * delivered is mail.c's to say.
 */
#include "conn/conn.h"

static const struct stay__step no_step;

void
stay__drive_tell_started(struct stay_conn *conn, enum stay_status status)
{
	if (conn->awaiter != NULL && !conn->awaiter->decided) {
		conn->awaiter->decided = true;
		conn->awaiter->status = status;
	}
	if (conn->told_started)
		return;
	conn->told_started = true;
	if (conn->options.on_started != NULL)
		conn->options.on_started(conn->options.arg, conn, status);
}

/* Why an attempt or a session ended with this step. */
static enum stay_status
why_it_ended(const struct stay_conn *conn, const struct stay__step *step)
{
	switch ((int)step->event) {
	case STAY__CONN_STOP:
	case STAY__CONN_QUIT:
		return step->reason == STAY_OK ? STAY_E_STOPPED : step->reason;
	case STAY__CONN_DISCONNECT:
	case STAY__CONN_EXPIRED:
		return step->info.status;
	default:
		return conn->why == STAY_OK ? STAY_E_OFFLINE : conn->why;
	}
}

static void
attempt_ended(struct stay_conn *conn, const struct stay__step *step)
{
	enum stay_status why = why_it_ended(conn, step);

	if (why == STAY_OK)
		why = STAY_E_OFFLINE;
	if (conn->why == STAY_OK && why != STAY_E_STOPPED)
		stay__conn_fail(conn, why, "connect", stay_strerror(why));
	stay__drive_tell_started(conn, why);
}

static void
session_ended(struct stay_conn *conn, const struct stay__step *step)
{
	uint64_t now = stay__loop_now(conn->loop);

	conn->up_ms = (now - conn->since) / STAY__TICK_NS;
	if (step->event == STAY__CONN_DISCONNECT && conn->why == STAY_OK &&
	    step->info.status != STAY_OK)
		stay__conn_fail(conn, step->info.status, "session",
		    stay_strerror(step->info.status));
}

/* What the change of state means for the story of the connection. */
static void
note_change(struct stay_conn *conn, const struct stay__turn *turn,
    const struct stay__step *step)
{
	if (turn->from == STAY_CONNECTED)
		session_ended(conn, step);
	if (turn->from == STAY_CONNECTING && turn->to != STAY_CONNECTED &&
	    step->event != STAY__CONN_THROTTLED)
		attempt_ended(conn, step);
	conn->since = stay__loop_now(conn->loop);
	if (turn->to != STAY_CONNECTED)
		return;
	conn->attempts = 0;
	conn->why = STAY_OK;
	conn->failed = STAY_OK;
	conn->reconnects = false;
	stay__drive_tell_started(conn, STAY_OK);
}

static void
tell_entered(struct stay_conn *conn, const struct stay__turn *turn)
{
	if (conn->behaviour->entered != NULL)
		conn->behaviour->entered(conn, conn->state,
		    (enum stay_state)turn->from, (enum stay_state)turn->to);
}

static void
enter(struct stay_conn *conn, const struct stay__turn *turn,
    const struct stay__step *step)
{
	stay__timing_disarm(conn);
	if (turn->action == STAY__ACT_CONNECT)
		conn->attempts++;
	if (turn->from != turn->to)
		note_change(conn, turn, step);
	if (!conn->machine.table->states[turn->to].stream ||
	    turn->action == STAY__ACT_CONNECT)
		stay__stream_close(conn);
	stay__timing_arm(conn, step);
	if (turn->from != turn->to) {
		stay__mail_recall(conn);
		tell_entered(conn, turn);
	}
	stay__timing_company(conn, step->with, step->timeout_ms);
	if (turn->to != STAY_DISCONNECTING && turn->to != STAY_STOPPING)
		stay__conn_report(conn);
	if (turn->to == STAY_STOPPED)
		stay__conn_nudge(conn);
}

/* The first reason stands. */
static void
decide_reason(struct stay_conn *conn, enum stay_status reason)
{
	if (conn->admission == STAY__ADMIT_CLOSED)
		return;
	conn->admission = STAY__ADMIT_CLOSED;
	conn->reason = reason;
}

/* Anything but a normal end is a failure to tell of. */
static void
note_reason(struct stay_conn *conn)
{
	bool normal = conn->reason == STAY_OK || conn->reason == STAY_E_STOPPED;

	if (!normal && conn->why != conn->reason)
		stay__conn_fail(
		    conn, conn->reason, "stop", stay_strerror(conn->reason));
}

static struct stay__turn
take(struct stay_conn *conn, const struct stay__step *step)
{
	struct stay__turn turn;

	if (step->event == STAY__CONN_STOP || step->event == STAY__CONN_QUIT) {
		decide_reason(conn, step->reason);
		note_reason(conn);
	}
	turn = stay__machine_take(&conn->machine, step->event);
	stay__conn_turned(conn, conn->machine.table, &turn);
	if (turn.verb == STAY_GO)
		enter(conn, &turn, step);
	stay__timing_take_asked(conn);
	return turn;
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

struct stay__step
stay__drive_start(struct stay_conn *conn, void *arg)
{
	struct stay__step step = run_init(conn, arg);

	/* Nobody hears of a connection that did not start. */
	if (step.event == STAY__CONN_QUIT)
		stay__machine_take(&conn->machine, step.event);
	return step;
}

static struct stay__step
run_connect(struct stay_conn *conn, const struct stay__step *step)
{
	struct stay_verdict verdict = stay_verdict_stop(STAY_E_BAD_CONNECT);

	stay__timing_timeout_stop(conn);
	conn->up_ms = 0;
	conn->why = STAY_OK;
	if (conn->behaviour->connect != NULL)
		verdict =
		    conn->behaviour->connect(conn, conn->state, step->info);
	stay__callers_settle(conn);
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
		info = stay_info_status(conn->reason);
		info.tag = STAY_INFO_STOPPING;
	}
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->disconnect != NULL)
		verdict = conn->behaviour->disconnect(conn, conn->state, info);
	stay__callers_settle(conn);
	return stay__step_judge(conn, STAY__IN_DISCONNECT, &verdict);
}

static struct stay__step
run_terminate(struct stay_conn *conn, const struct stay__step *step)
{
	(void)step;
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->terminate != NULL)
		conn->behaviour->terminate(conn, conn->state, conn->reason);
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
		struct stay__turn turn = take(conn, &step);

		step = actions[turn.action](conn, &step);
	}
}
