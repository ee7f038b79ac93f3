/*
 * Farewell: the protocol's goodbye is written, and our half of the stream is
 * closed. What the peer still has to say is read until it closes its half. A
 * close with unread input would reset the stream, and the goodbye could be
 * lost. This file knows neither why a session ends nor what follows.
 */
#include "client/client.h"

/* What a peer has that owes nothing, to close its half: time for a round trip,
 * and the bytes that fast networks hold meanwhile. */
#define LISTEN_MS  300
#define LISTEN_MAX (16u << 20)

void
stay__farewell_begin(struct stay_session *session)
{
	session->farewell.stage = STAY__FAREWELL_NONE;
}

/* Replies, also those to calls that were given up. */
static bool
is_owed(const struct stay_session *session)
{
	return !stay__list_is_empty(&session->client->calls->in_flight);
}

static uint32_t
bytes_read(const struct stay_session *session)
{
	return (uint32_t)session->client->traffic.bytes_in;
}

static void
wait_for_end(struct stay_session *session)
{
	session->farewell.bytes = bytes_read(session);
	stay__conn_state_timeout(session->client->conn, LISTEN_MS);
}

/* What the last bytes of all are to be answered with, if that is control. */
struct debt {
	struct stay__list *last;
	uint32_t due;
};

static struct debt
debt_of(const struct stay_client *client)
{
	struct stay__list *last = client->calls->in_flight.prev;
	struct debt debt = { last, 0 };

	if (last != &client->calls->in_flight &&
	    stay__call_of(last)->stage == STAY__CALL_CONTROL)
		debt.due = stay__call_of(last)->due;
	return debt;
}

/* In order, or with a tag: nothing is said behind it. */
static bool
is_asking(const struct stay_session *session)
{
	return session->farewell.is_asking && debt_of(session->client).due > 0;
}

static void
say(struct stay_session *session)
{
	struct stay_client *client = session->client;
	struct debt before = debt_of(client), after;

	stay__output_forget(session);
	client->profile->protocol.session.bye(session);
	stay__output_forget(session);
	after = debt_of(client);
	session->farewell.is_asking =
	    after.last != before.last || after.due != before.due;
	session->farewell.stage = STAY__FAREWELL_SAID;
	stay__output_ask(client);
}

static void
close_half(struct stay_session *session)
{
	if (!stay__stream_shutdown(session->client->conn)) {
		session->farewell.stage = STAY__FAREWELL_OVER;
		return;
	}
	session->farewell.stage = STAY__FAREWELL_HEARD;
	wait_for_end(session);
}

bool
stay__farewell_goes_on(struct stay_session *session)
{
	if (session->farewell.stage == STAY__FAREWELL_NONE) {
		if (stay__output_is_full(session))
			return true; /* there is no room to say it */
		say(session);
	}
	if (session->farewell.stage == STAY__FAREWELL_SAID) {
		if (!stay__output_is_flushed(session->client) ||
		    is_asking(session))
			return true;
		close_half(session);
	}
	return session->farewell.stage != STAY__FAREWELL_OVER;
}

/* While something is owed, only the budget of the close counts. */
void
stay__farewell_follow(
    struct stay_session *session, const struct stay_event *event)
{
	struct stay__farewell *farewell = &session->farewell;

	if (farewell->stage != STAY__FAREWELL_HEARD)
		return;
	if (is_owed(session))
		wait_for_end(session);
	else if (event->type == STAY_STATE_TIMEOUT ||
		 bytes_read(session) - farewell->bytes > LISTEN_MAX)
		farewell->stage = STAY__FAREWELL_OVER;
}

void
stay__farewell_moved(struct stay_session *session)
{
	if (session->farewell.stage == STAY__FAREWELL_HEARD)
		wait_for_end(session);
}
