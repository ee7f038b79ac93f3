/*
 * Graceful close: the client ends a session by its own decision, to stop or to
 * replace it. No further call is sent. Before a replacement the replies to
 * calls in flight are awaited. Then farewell is said. This file knows neither
 * how that is done nor why the session is replaced.
 */
#include "client/client.h"

void
stay__leave_now(struct stay_client *client, enum stay_status reason)
{
	stay__session_over(&client->session,
	    reason == STAY_OK ? STAY_E_STOPPED : reason, STAY_E_STOPPED);
}

/* No further call is sent. What would go on for ever in the session, its protocol ends
 * now. False: no session is up. */
static bool
begin(struct stay_client *client)
{
	struct stay_session *session = &client->session;

	if (!stay__session_leave(session))
		return false;
	stay__output_forget(session);
	client->profile->protocol.session.on_leaving(session);
	stay__output_forget(session);
	stay__output_ask(client);
	return true;
}

/* ---- because the peer goes away ---- */

/* A crowd does not leave in one moment. */
void
stay__leave_within(struct stay_session *session, uint64_t ms)
{
	uint64_t random = stay__loop_random(session->client->loop);

	if (session->leave.wished != (uint32_t)session->generation)
		session->leave.wished_now = false;
	session->leave.wished = (uint32_t)session->generation;
	session->leave.wished_now |= ms == 0;
	stay__conn_renew_within(
	    session->client->conn, ms < STAY_FOREVER ? random % (ms + 1) : ms);
}

/* ---- to stop ---- */

struct stay_verdict
stay__leave_to_stop(struct stay_client *client, enum stay_status reason)
{
	struct stay_session *session = &client->session;

	if (begin(client) &&
	    (session->condemned != STAY_OK || stay__farewell_goes_on(session)))
		return stay_verdict_pending(
		    client->profile->options.stop_budget_ms);
	stay__leave_now(client, reason);
	return stay_verdict_noconnect();
}

/* ---- for a call that was given up ---- */

/* No farewell: the server would read it only when the call is over. */
void
stay__leave_given_up(struct stay_session *session)
{
	stay__session_condemn(session, STAY_E_RECONNECT,
	    "a call that blocks was given up, and ends its session so that the "
	    "server keeps the value");
}

/* ---- the close ---- */

/* A server that goes away as soon as it is there is not asked again at once. */
static struct stay_verdict
go_over(struct stay_client *client)
{
	const struct stay__leave *leave = &client->session.leave;
	struct stay_info why = stay_info_status(leave->why);

	why.tag = leave->tag;
	if (stay__renew_is_wanted(&client->session))
		return stay__session_lost(client, why.status);
	stay__session_over(&client->session, why.status, STAY_E_LOST);
	if (leave->wished == (uint32_t)client->session.generation &&
	    !stay__session_was_stable(&client->session))
		return stay__session_come_back(client);
	return stay_verdict_connect(why);
}

/* Late replies are awaited, too, whether on_orphan wants them or not: no call of the next
 * session shall overtake at the server what was given up. */
static bool
is_answered(const struct stay_client *client)
{
	const struct stay__call_counts *counts = &client->calls->counts;

	return counts->in_flight == 0 && counts->tombstones == 0;
}

struct stay_verdict
stay__leave_to_change(struct stay_client *client, struct stay_info why)
{
	struct stay_session *session = &client->session;

	assert(why.data == NULL); /* the core has none to tell */
	session->leave.tag = why.tag;
	if (why.status == STAY_OK)
		why.status = STAY_E_RECONNECT;
	session->leave.why = why.status;
	if (begin(client) &&
	    (session->condemned != STAY_OK || !is_answered(client) ||
		stay__farewell_goes_on(session)))
		return stay_verdict_pending(
		    client->profile->options.leave_budget_ms);
	return go_over(client);
}

/* ---- meanwhile ---- */

/* A peer that closes the stream after the farewell does what was asked. And if the
 * last call is given up, nothing is left to wait for. */
static struct stay_verdict
break_off(struct stay_client *client, enum stay_status why)
{
	if (client->session.farewell.stage != STAY__FAREWELL_NONE ||
	    why == STAY_E_RECONNECT)
		return go_over(client);
	return stay__session_lost(client, why);
}

static struct stay_verdict
go_on_to_stop(struct stay_client *client, const struct stay_event *event)
{
	struct stay_session *session = &client->session;

	if (event->type == STAY_STREAM_DOWN)
		return stay_verdict_noreply();
	if (session->condemned == STAY_OK &&
	    ((session->farewell.stage == STAY__FAREWELL_NONE &&
		 !is_answered(client)) ||
		stay__farewell_goes_on(session)))
		return stay_verdict_noreply();
	stay__leave_now(client, stay__conn_reason(client->conn));
	return stay_verdict_noconnect();
}

/*
 * A stop may come in between. Then disconnect is not run anew; the graceful
 * close goes on within the stop budget.
 */
struct stay_verdict
stay__leave_go_on(struct stay_client *client, const struct stay_event *event)
{
	struct stay_session *session = &client->session;

	stay__farewell_follow(session, event);
	if (stay_conn_state(client->conn) == STAY_STOPPING)
		return go_on_to_stop(client, event);
	if (session->condemned != STAY_OK)
		return break_off(client, session->condemned);
	if (event->type == STAY_STREAM_DOWN)
		return break_off(client, event->status);
	if (event->type == STAY_PENDING_EXPIRED)
		return go_over(client);
	if (!is_answered(client) || stay__farewell_goes_on(session))
		return stay_verdict_noreply();
	return go_over(client);
}
