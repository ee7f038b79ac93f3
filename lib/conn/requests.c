/*
 * The public functions that ask something of a connection, and the few that
 * read from it. None of them runs a callback; run.c carries a request out.
 */
#include <assert.h>

#include "conn/conn.h"

void
stay__conn_nudge(struct stay_conn *conn)
{
	stay__mailbox_wake(&conn->mail);
}

void
stay__conn_ask(struct stay_conn *conn, unsigned what)
{
	conn->requests.asked |= (uint8_t)what;
	stay__conn_nudge(conn);
}

bool
stay__conn_take_asked(struct stay_conn *conn, unsigned what)
{
	bool was_asked = (conn->requests.asked & what) != 0;

	conn->requests.asked &= (uint8_t)~what;
	return was_asked;
}

/* ---- calls and messages ---- */

enum stay_status
stay_conn_call(struct stay_conn *conn, struct stay_message request,
    uint64_t timeout_ms, stay_called_fn *done, void *arg,
    struct stay_from *from)
{
	struct stay__caller *caller;
	struct stay__mail *mail;
	enum stay_status status;

	assert(conn != NULL);
	if (done == NULL)
		return STAY_E_ARG;
	if (conn->requests.admission != STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (conn->rare->callers->count >= conn->settings->callers_max)
		return STAY_E_FULL;
	if (!stay__conn_rare_begin(conn) ||
	    !stay__callers_begin(&conn->rare->callers, &conn->mail))
		return STAY_E_NOMEM;
	caller = stay__caller_new(conn->rare->callers, done, arg);
	if (caller == NULL)
		return STAY_E_NOMEM;
	status = stay__mailbox_post(&conn->mail, conn->settings->mailbox_max,
	    STAY__MAIL_CALL, &request, stay__caller_token(caller), &mail);
	if (status != STAY_OK) {
		stay__caller_undo(caller);
		return status;
	}
	stay__caller_await(caller, mail,
	    timeout_ms == 0 ? conn->settings->call_timeout_ms : timeout_ms);
	if (from != NULL)
		*from = stay__caller_token(caller);
	return STAY_OK;
}

/* Post a message that has no caller. */
static enum stay_status
post(struct stay_conn *conn, enum stay__mail_kind kind,
    const struct stay_message *message)
{
	const struct stay_from nobody = { { 0, 0 } };

	return stay__mailbox_post(&conn->mail, conn->settings->mailbox_max,
	    kind, message, nobody, NULL);
}

enum stay_status
stay_conn_cast(struct stay_conn *conn, struct stay_message message)
{
	assert(conn != NULL);
	if (!stay__conn_admits(conn))
		return STAY_E_DRAINING;
	return post(conn, STAY__MAIL_CAST, &message);
}

enum stay_status
stay_conn_send(struct stay_conn *conn, struct stay_message message)
{
	assert(conn != NULL);
	if (conn->requests.admission == STAY__ADMIT_CLOSED)
		return STAY_E_DRAINING;
	return post(conn, STAY__MAIL_MESSAGE, &message);
}

enum stay_status
stay_conn_next_event(struct stay_conn *conn, struct stay_message message)
{
	assert(conn != NULL);
	if (conn->requests.admission == STAY__ADMIT_CLOSED)
		return STAY_E_DRAINING;
	return post(conn, STAY__MAIL_NEXT_EVENT, &message);
}

/* ---- the end, and beginning anew ---- */

void
stay__conn_admit(struct stay_conn *conn)
{
	if (conn->requests.admission == STAY__ADMIT_CASTS)
		conn->requests.admission = STAY__ADMIT_OPEN;
}

void
stay__conn_close_admission(struct stay_conn *conn, enum stay_status reason)
{
	if (conn->requests.admission == STAY__ADMIT_CLOSED)
		return;
	conn->requests.admission = STAY__ADMIT_CLOSED;
	conn->requests.reason = reason;
}

void
stay_conn_stop(struct stay_conn *conn, enum stay_status reason)
{
	assert(conn != NULL);
	if (conn->requests.admission == STAY__ADMIT_CLOSED)
		return;
	stay__conn_close_admission(conn, reason);
	stay__conn_ask(conn, STAY__ASKED_STOP);
}

void
stay__conn_drained(struct stay_conn *conn)
{
	stay_conn_stop(conn, STAY_OK);
}

void
stay_conn_drain(struct stay_conn *conn, uint64_t budget_ms)
{
	assert(conn != NULL);
	if (conn->requests.admission == STAY__ADMIT_CLOSED)
		return;
	conn->requests.admission = STAY__ADMIT_DRAINING;
	stay__timing_set(conn->loop, &conn->timers, STAY__CLOCK_DRAIN,
	    stay__loop_after(conn->loop, budget_ms));
	stay__conn_nudge(conn);
}

void
stay_conn_reconnect(struct stay_conn *conn, enum stay_status why)
{
	enum stay_state state;

	assert(conn != NULL);
	state = stay__conn_state(conn);
	if (state == STAY_DISCONNECTING || state >= STAY_STOPPING)
		return;
	conn->requests.reconnect_why = why;
	stay__conn_ask(conn, STAY__ASKED_RECONNECT);
}

bool
stay__conn_is_to_reconnect(const struct stay_conn *conn)
{
	return (conn->requests.asked & STAY__ASKED_RECONNECT) != 0;
}

void
stay__conn_renew(struct stay_conn *conn)
{
	stay_conn_reconnect(conn, STAY_E_RECONNECT);
}

void
stay__conn_renew_after(struct stay_conn *conn, uint64_t ms)
{
	stay__timing_set(conn->loop, &conn->timers, STAY__CLOCK_RENEWAL,
	    stay__loop_after(conn->loop, ms));
}

void
stay__conn_renew_within(struct stay_conn *conn, uint64_t ms)
{
	if (stay__loop_after(conn->loop, ms) <
	    stay__timing_at(&conn->timers, STAY__CLOCK_RENEWAL))
		stay__conn_renew_after(conn, ms);
}

void
stay__conn_interrupt(struct stay_conn *conn)
{
	if (conn->requests.admission != STAY__ADMIT_CLOSED)
		stay__mailbox_note_urgent(&conn->mail, STAY__NOTE_INTERRUPT);
}

/* ---- asking about it ---- */

enum stay_state
stay_conn_state(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return stay__conn_state(conn);
}

struct stay_loop *
stay_conn_loop(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return conn->loop;
}

uint64_t
stay_conn_number(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return conn->number;
}

const char *
stay_conn_label(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return stay__conn_label(conn);
}

void *
stay_conn_data(struct stay_conn *conn)
{
	assert(conn != NULL);
	return conn->state;
}

bool
stay_conn_admits(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return stay__conn_admits(conn);
}
