/*
 * Renewal: the protocol wants another session. The wish is noted in its slots, and
 * the connection is asked behind them. How a session is left is leave.c's.
 */
#include "client/renew.h"

#include "client/client.h"

void
stay__renew_begin(struct stay_session *session)
{
	session->renew.why = NULL;
}

void
stay__renew_want(struct stay_session *session, const char *why)
{
	if (stay__session_state(session) == STAY__SESSION_READY)
		session->renew.why = why;
}

bool
stay__renew_is_wanted(const struct stay_session *session)
{
	return session->renew.why != NULL;
}

bool
stay__session_is_ready(const struct stay_session *session)
{
	return stay__session_state(session) == STAY__SESSION_READY &&
	       session->condemned == STAY_OK && session->renew.why == NULL;
}

void
stay__renew_ask(struct stay_session *session)
{
	struct stay_conn *conn = session->client->conn;

	if (session->renew.why == NULL ||
	    stay__session_state(session) != STAY__SESSION_READY)
		return;
	stay__conn_fail(
	    conn, STAY_E_NOT_READY, STAY__PHASE_SESSION, session->renew.why);
	stay_conn_reconnect(conn, STAY_E_NOT_READY);
}
