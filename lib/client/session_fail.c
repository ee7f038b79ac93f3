/*
 * A session that must not go on: it is marked with the reason, from then on no
 * call is committed, and the verdict that ends it is the behaviour's, when its
 * connection asks next. Ending it is session.c's.
 */
#include "client/client.h"

void
stay__session_acquit(struct stay_session *session)
{
	session->condemned = STAY_OK;
}

enum stay__flow
stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text)
{
	const char *phase =
	    stay__session_state(session) == STAY__SESSION_GREETING ? "hello"
								   : "session";

	if (text == NULL)
		text = stay_strerror(why);
	session->condemned = why;
	stay__conn_fail(session->client->conn, why, phase, text);
	return STAY__END;
}

/*
 * The verdict that ends it is behaviour.c's, when it is asked next. Until then
 * nothing more is committed.
 */
void
stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text)
{
	if (session->condemned != STAY_OK ||
	    stay__session_state(session) == STAY__SESSION_DOWN)
		return;
	stay__session_break(session, why, text);
	stay__conn_interrupt(session->client->conn);
}

struct stay_verdict
stay__session_verdict(const struct stay_session *session, enum stay__flow flow)
{
	if (flow == STAY__END)
		return stay_verdict_disconnect(
		    stay_info_status(session->condemned));
	return flow == STAY__COME_UP ? stay_verdict_ok()
				     : stay_verdict_noreply();
}
