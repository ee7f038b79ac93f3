/*
 * Secure: hello has agreed with the server, in clear, to go on in TLS. What was said
 * leaves first; then the stream goes through a filter, and hello is asked again. What
 * the peer sends in clear meanwhile may be anybody's, and must not pass for what was
 * sealed. How a stream is secured is the link's.
 */
#include "client/secure.h"

#include "client/client.h"

/* hello has made a mistake; NULL: none. */
static const char *
fault_of(const struct stay_session *session)
{
	if (stay__session_state(session) != STAY__SESSION_GREETING)
		return "on_up asks for TLS, which only hello may";
	if (stay__stream_is_sealed(session->client->conn))
		return "hello asks for TLS, and the stream is secure already";
	return NULL;
}

enum stay__flow
stay__secure_want(struct stay_session *session)
{
	struct stay_client *client = session->client;
	const char *fault = fault_of(session);
	enum stay_status status;
	char why[256];

	if (fault != NULL)
		return stay__session_break(session, STAY_E_NOT_READY, fault);
	if (session->kept > 0)
		return stay__secure_refuse_clear(session);
	status = stay__target_secure(stay__endpoints_now(client),
	    client->profile->options.filter, why, sizeof(why));
	if (status != STAY_OK)
		return stay__session_break(session, status, why);
	session->pause = STAY__PAUSE_CLEAR;
	stay__secure_nudge(session);
	return STAY__GO_ON;
}

bool
stay__secure_is_on(const struct stay_session *session)
{
	return session->pause >= STAY__PAUSE_CLEAR;
}

static bool
is_due(const struct stay_session *session)
{
	return session->pause == STAY__PAUSE_CLEAR &&
	       stay__output_is_flushed(session->client);
}

void
stay__secure_nudge(struct stay_session *session)
{
	if (is_due(session))
		stay__conn_interrupt(session->client->conn);
}

/* A stream that is down already says why itself. */
enum stay__flow
stay__secure_go_on(struct stay_session *session)
{
	struct stay__target *target = stay__endpoints_now(session->client);
	enum stay_status status;

	if (!is_due(session))
		return STAY__GO_ON;
	session->pause = STAY__PAUSE_SECURING;
	status = stay__stream_secure(
	    session->client->conn, target->filter, target->dial.host);
	return status == STAY_E_NOMEM
		   ? stay__session_break(session, status, NULL)
		   : STAY__GO_ON;
}

/* Who has filled the lane before is not told that it has drained: this is it. */
void
stay__secure_end(struct stay_session *session)
{
	session->pause = STAY__PAUSE_NONE;
	(void)stay__output_drained(session);
}

enum stay__flow
stay__secure_refuse_clear(struct stay_session *session)
{
	return stay__session_break(session, STAY_E_PROTOCOL,
	    "the peer sends more in clear where TLS was to begin");
}
