/*
 * Pausing: no byte of a session that is up is read, and none that was read is handed
 * out, until who has paused it goes on. What is said meanwhile waits in the kernel,
 * which lets the peer send no more. A greeting is always read.
 */
#include "client/pause.h"

#include "client/client.h"

/* What is awaited is awaited from now on. */
static void
go_on(struct stay_session *session)
{
	session->pause = STAY__PAUSE_NONE;
	stay__stream_resume(session->client->conn);
	stay__health_watch(session, true);
}

uint64_t
stay__pause_over_at(const struct stay_session *session)
{
	return stay__pause_is_on(session)
		   ? stay__loop_now(session->client->loop)
		   : session->health.since;
}

void
stay__pause_begin(struct stay_session *session)
{
	if (session->client->pauses == 0)
		return;
	session->pause = STAY__PAUSE_ASKED;
	stay__health_lean(session);
	stay__stream_pause(session->client->conn);
}

static bool
is_up(const struct stay_session *session)
{
	enum stay__session_state state = stay__session_state(session);

	return state == STAY__SESSION_READY || state == STAY__SESSION_LEAVING;
}

void
stay_client_pause(struct stay_client *client)
{
	assert(client != NULL);
	if (client->pauses++ == 0 && is_up(&client->session))
		stay__pause_begin(&client->session);
}

void
stay_client_resume(struct stay_client *client)
{
	assert(client != NULL);
	if (client->pauses == 0 || --client->pauses > 0)
		return;
	if (stay__pause_is_on(&client->session))
		go_on(&client->session);
}

void
stay__pause_end(struct stay_client *client)
{
	if (client->pauses > 1)
		client->pauses = 1;
	stay_client_resume(client);
}

bool
stay_client_is_paused(const struct stay_client *client)
{
	assert(client != NULL);
	return client->pauses > 0;
}
