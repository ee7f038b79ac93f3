/*
 * One turn of a connection: first it carries out what was asked of it, then it
 * delivers one piece of mail after the other until its budget for this turn is
 * spent. A connection that has stopped is closed here. What mail does is
 * deliver.c's; when a connection runs is the loop's.
 */
#include "conn/run.h"

#include <assert.h>

#include "conn/conn.h"
#include "conn/deliver.h"
#include "conn/settings.h"
#include "conn/upgrade.h"

/* ---- the end ---- */

void
stay__conn_release(struct stay_conn *conn)
{
	stay__stream_fini(conn);
	stay__timing_fini(conn);
	stay__mailbox_fini(&conn->mail);
	stay__callers_rest(&conn->rare->callers);
	stay__report_end(conn);
	stay__conn_rare_fini(conn);
	stay__drive_fini(conn);
	stay__step_fini(conn);
	stay__report_fini(conn);
	stay__outage_fini(conn);
	stay__conn_free(conn);
}

/* Complete the upgrades that come too late. */
static void
fail_upgrades(struct stay_conn *conn)
{
	struct stay__mail *upgrade;

	while ((upgrade = stay__mailbox_take_upgrade(&conn->mail)) != NULL)
		stay__upgrade_run(conn, upgrade);
}

static void
close_conn(struct stay_conn *conn)
{
	stay__callers_fail(conn->rare->callers);
	fail_upgrades(conn);
	stay__mailbox_fini(&conn->mail);
	stay__conn_tell_closed(conn);
	stay__loop_leave(conn->loop, &conn->member);
	stay__conn_release(conn);
}

/* ---- what was asked for ---- */

static struct stay__step
step_reconnect(struct stay_conn *conn)
{
	struct stay_info info = stay_info_status(conn->requests.reconnect_why);

	info.tag = STAY_INFO_RECONNECT;
	switch (stay__conn_state(conn)) {
	case STAY_CONNECTED:
		return stay__step_disconnect(info);
	case STAY_IDLE:
	case STAY_CONNECTING:
	case STAY_BACKING_OFF:
		return stay__step_connect(conn, info);
	case STAY_STARTING:
	case STAY_DISCONNECTING:
	case STAY_STOPPING:
	case STAY_STOPPED:
		break;
	}
	return (struct stay__step){ 0 };
}

/* Carry out one request, if there is one; requests come before any mail. */
static bool
serve_request(struct stay_conn *conn)
{
	if (conn->requests.asked == 0)
		return false;
	if (stay__conn_take_asked(conn, STAY__ASKED_STOP)) {
		stay__drive(conn, stay__step_stop(conn->requests.reason));
		return true;
	}
	if (stay__conn_take_asked(conn, STAY__ASKED_RECONNECT)) {
		stay__drive_reconnect(conn, step_reconnect(conn));
		return true;
	}
	return false;
}

static bool
is_drained(const struct stay_conn *conn)
{
	stay_busy_fn *busy = conn->behaviour->busy;

	return conn->mail.shelf->messages == 0 &&
	       conn->mail.shelf->upgrades == 0 &&
	       conn->rare->callers->count == 0 &&
	       (busy == NULL || busy(conn, conn->state) == 0);
}

static void
check_drained(struct stay_conn *conn)
{
	if (conn->requests.admission != STAY__ADMIT_DRAINING ||
	    !is_drained(conn))
		return;
	stay_conn_stop(conn, STAY_OK);
}

/* ---- mail ---- */

/* The kinds of mail that may be delivered now. While a connect or a disconnect
 * is pending, calls and casts wait, unless the behaviour wants them. While the
 * connection stops, no message is delivered any more. */
static unsigned
passing(const struct stay_conn *conn)
{
	const unsigned from_outside =
	    STAY__KIND(STAY__MAIL_CALL) | STAY__KIND(STAY__MAIL_CAST) |
	    STAY__KIND(STAY__MAIL_MESSAGE) | STAY__KIND(STAY__MAIL_NEXT_EVENT) |
	    STAY__KIND(STAY__NOTE_INTERRUPT);
	enum stay_state state = stay__conn_state(conn);
	unsigned flags = conn->behaviour->flags;
	unsigned pass = STAY__EVERY_KIND;

	if (state >= STAY_STOPPING)
		return pass & ~from_outside;
	if (state != STAY_CONNECTING && state != STAY_DISCONNECTING)
		return pass;
	if ((flags & STAY_CALLS_WHILE_PENDING) == 0)
		pass &= ~STAY__KIND(STAY__MAIL_CALL);
	if ((flags & STAY_CASTS_WHILE_PENDING) == 0)
		pass &= ~STAY__KIND(STAY__MAIL_CAST);
	return pass;
}

static inline void
take_state_timeout(struct stay_conn *conn)
{
	if (conn->requests.asked != 0)
		stay__timing_take_asked(conn);
}

static bool
run_once(struct stay_conn *conn)
{
	struct stay__mail *mail;

	if (serve_request(conn))
		return true;
	if (!stay__mailbox_has_mail(&conn->mail))
		return false;
	mail = stay__mailbox_next(&conn->mail, passing(conn));
	if (mail == NULL)
		return false;
	stay__deliver(conn, mail);
	stay__callers_settle(conn->rare->callers);
	stay__mailbox_settle(&conn->mail);
	take_state_timeout(conn);
	return true;
}

/* ---- its turn ---- */

/* What holds whenever no callback runs. */
static void
check_invariants(const struct stay_conn *conn)
{
	const struct stay__callers *callers = conn->rare->callers;
	bool waits = !stay__list_is_empty(&callers->waiting) ||
		     !stay__list_is_empty(&callers->answered);

	/* A connection that stops admits nothing new. */
	assert(stay__conn_state(conn) < STAY_STOPPING ||
	       conn->requests.admission == STAY__ADMIT_CLOSED);
	/* There is a stream only in the states that have one. */
	assert(stay__conn_row(conn->machine.now)->stream ||
	       conn->stream.link.machine.now == STAY__LINK_CLOSED);
	/* Every caller is counted, because a drain waits for all of them. */
	assert(waits == (callers->count > 0));
}

static bool
lingers(const struct stay_conn *conn)
{
	return stay__conn_client(conn) != NULL &&
	       stay__conn_client(conn)->lingers(conn->state);
}

void
stay__conn_run(struct stay__task *task)
{
	struct stay_conn *conn =
	    STAY__CONTAINER(task, struct stay_conn, mail.task);
	uint64_t budget = conn->settings->turn_budget;

	check_invariants(conn);
	if (conn->stream.link.is_due)
		stay__stream_run(conn);
	stay__callers_settle(conn->rare->callers);
	stay__mailbox_settle(&conn->mail);
	if (stay__step_has_first(&conn->throttle))
		stay__drive_first(conn);
	else
		take_state_timeout(conn);
	while (budget-- > 0 && stay__conn_state(conn) != STAY_STOPPED)
		if (!run_once(conn))
			break;
	if (stay__conn_client(conn) != NULL)
		stay__conn_client(conn)->run(conn->state);
	if (conn->report.noted_count > 0)
		stay__conn_tell_noted(conn);
	check_drained(conn);
	if (stay__conn_state(conn) == STAY_STOPPED) {
		if (!lingers(conn))
			close_conn(conn);
	} else if (stay__mailbox_has_mail(&conn->mail) ||
		   (conn->requests.asked & STAY__ASKED_STOP) != 0) {
		stay__conn_nudge(conn);
	}
}
