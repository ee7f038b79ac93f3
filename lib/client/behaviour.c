/*
 * The behaviour that runs a client: what each callback of <stay/conn.h> means
 * for a protocol on a stream. It decides when to dial. The life of a session is
 * session.c's, the life of a call calls.c's.
 */
#include "client/behaviour.h"
#include <stay/filter.h>

#include "client/client.h"
#include "client/pour.h"
#include "client/reset.h"
#include "client/secure.h"

static struct stay_client *
client_of(void *state)
{
	return state;
}

static bool
lingers(const void *state)
{
	const struct stay_client *client = state;

	return client->calls->untold > 0 || stay__waiters_count(client) > 0 ||
	       stay__wake_is_due(client) ||
	       client->profile->protocol.keep.lingers(
		   stay__client_keep(client));
}

static const char *
label(const void *state)
{
	return stay__client_label(state);
}

static const char *
place(const void *state)
{
	const struct stay_client *client = state;

	return client->rare->place;
}

static const char *
protocol(const void *state)
{
	const struct stay_client *client = state;

	return client->profile->protocol.top.name;
}

static void
fire(void *state, enum stay__client_clock clock)
{
	struct stay_session *session = &client_of(state)->session;

	if (clock == STAY__CLIENT_SILENCE)
		stay__health_check_silence(session);
	else
		stay__health_check_idle(session);
}

static void
run_errands(void *state)
{
	stay__health_run(&client_of(state)->session);
}

const struct stay__client_ops stay__client_conn_ops = {
	.threat = stay__client_threat,
	.lingers = lingers,
	.label = label,
	.place = place,
	.protocol = protocol,
	.run = run_errands,
	.fire = fire,
};

static struct stay_verdict
run_init(struct stay_conn *conn, void *state, void *arg)
{
	struct stay_client *client = arg;

	assert(client_of(state) == client);
	client->conn = conn;
	client->admission = stay__conn_admission(conn);
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

/* ---- connect, disconnect ---- */

/* Who is given descriptors is given them once: closed with their stream, the
 * numbers are somebody else's. */
static enum stay_status
dial(struct stay_client *client, const char **why)
{
	const struct stay__target *target = stay__endpoints_choose(client);
	enum stay_status status;

	if (target == NULL)
		return stay__endpoints_lack(client, why);
	status = stay_stream_set_filter(
	    client->conn, target->secure ? target->filter : NULL, NULL);
	if (status == STAY_OK)
		status = stay_stream_dial_to(client->conn, &target->dial, 1);
	*why = stay_strerror(status);
	if (status == STAY_OK)
		stay__endpoints_dialled(client);
	return status;
}

/* A place that the program has not given itself may be another one next time. */
static bool
is_named_anew(const struct stay_client *client)
{
	return client->profile->options.endpoints != NULL ||
	       stay__detour_now(client->rare->detour) != NULL;
}

static struct stay_verdict
begin_attempt(struct stay_client *client)
{
	const char *why;
	enum stay_status status = dial(client, &why);

	if (status == STAY_OK)
		return stay_verdict_pending(
		    client->profile->options.connect_budget_ms);
	if (stay_status_class(status) != STAY_CLASS_CALLER ||
	    is_named_anew(client)) {
		stay__conn_fail(client->conn, status, STAY__PHASE_CONNECT, why);
		return stay__session_lost(client, status);
	}
	stay__conn_fail_finally(client->conn, status, STAY__PHASE_CONNECT, why);
	return stay__session_give_up(client, status);
}

/* A connect may replace a session that no disconnect has ended. */
static struct stay_verdict
run_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct stay_client *client = client_of(state);

	(void)conn;
	stay__session_over(&client->session,
	    info.status == STAY_OK ? STAY_E_RECONNECT : info.status,
	    STAY_E_LOST);
	client->rejecting = STAY_OK;
	stay__calls_rest(client);
	stay__reconfigure_take(client);
	if (stay__endpoints_ask(client))
		return stay_verdict_pending(
		    client->profile->options.connect_budget_ms);
	return begin_attempt(client);
}

static struct stay_verdict
run_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct stay_client *client = client_of(state);

	(void)conn;
	if (info.tag == STAY_INFO_STOPPING)
		return stay__leave_to_stop(client, info.status);
	if (info.tag == STAY_INFO_RECONNECT)
		return stay__leave_to_change(client, info);
	return stay__session_lost(client, info.status);
}

/* ---- news ---- */

static struct stay_verdict
on_secure(struct stay_session *session)
{
	stay__secure_end(session);
	return stay__session_verdict(
	    session, stay__session_greet(session, NULL));
}

static struct stay_verdict
on_up(struct stay_client *client, const struct stay_event *event)
{
	(void)event;
	if (stay__secure_is_on(&client->session))
		return on_secure(&client->session);
	stay__receive_begin(&client->session);
	stay__renew_begin(&client->session);
	return stay__session_open(&client->session);
}

static struct stay_verdict
on_data(struct stay_client *client, const struct stay_event *event)
{
	return stay__receive(client, event->bytes);
}

static struct stay_verdict
on_writable(struct stay_client *client, const struct stay_event *event)
{
	bool idle = stay__health_is_idle(&client->session);

	(void)event;
	stay__output_granted(client);
	if (client->calls->half != NULL || client->calls->bodies > 0)
		stay__pour(client);
	stay__health_wrote(&client->session, idle, stay__output_write(client));
	stay__secure_nudge(&client->session);
	if (client->calls->tagged != NULL)
		stay__renew_ask(&client->session); /* no tag is left */
	return stay_verdict_noreply();
}

static struct stay_verdict
on_down(struct stay_client *client, const struct stay_event *event)
{
	(void)event;
	return client->profile->protocol.session.at_end == NULL
		   ? stay_verdict_noreply()
		   : stay__receive_end(client);
}

/* It is known where to dial. Or the session has failed, or what it waited for has
 * come; it may have ended by itself meanwhile, or its attempt is put off. */
static struct stay_verdict
on_interrupt(struct stay_client *client, const struct stay_event *event)
{
	struct stay_session *session = &client->session;

	(void)event;
	if (stay__endpoints_are_answered(client))
		return begin_attempt(client);
	if (stay__session_state(session) == STAY__SESSION_DOWN ||
	    stay_conn_state(client->conn) == STAY_BACKING_OFF)
		return stay_verdict_noreply();
	if (session->condemned != STAY_OK)
		return stay__session_verdict(session, STAY__END);
	return stay__session_verdict(session, stay__session_go_on(session));
}

/* Nobody has said where to dial. */
static struct stay_verdict
on_expired(struct stay_client *client, const struct stay_event *event)
{
	if (stay__endpoints_are_awaited(client))
		stay__conn_fail(client->conn, event->status,
		    STAY__PHASE_CONNECT,
		    "endpoints has not said in time where to dial");
	return stay_verdict_noreply();
}

static struct stay_verdict
on_other(struct stay_client *client, const struct stay_event *event)
{
	(void)client;
	(void)event;
	return stay_verdict_noreply();
}

static struct stay_verdict
handle_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	static struct stay_verdict (*const on[])(
	    struct stay_client *, const struct stay_event *) = {
		[STAY_MESSAGE] = on_other,
		[STAY_NEXT_EVENT] = on_interrupt,
		[STAY_STATE_TIMEOUT] = on_other,
		[STAY_TIMEOUT] = on_other,
		[STAY_PENDING_EXPIRED] = on_expired,
		[STAY_STREAM_UP] = on_up,
		[STAY_STREAM_DATA] = on_data,
		[STAY_STREAM_WRITABLE] = on_writable,
		[STAY_STREAM_DOWN] = on_down,
	};

	struct stay_client *client = client_of(state);
	struct stay_verdict verdict = on[event->type](client, event);

	if (stay__session_state(&client->session) == STAY__SESSION_LEAVING)
		return stay__leave_go_on(client, event);
	if (stay__lend_is_coming_back(client) &&
	    stay_conn_state(conn) == STAY_CONNECTED)
		stay__reset_go_on(client);
	return verdict;
}

/* The session that there was has ended by now: of one that is replaced as planned, at
 * the next attempt; else before the backoff. */
static bool
has_none(enum stay_state from, enum stay_state to)
{
	return to == STAY_BACKING_OFF ||
	       (to == STAY_CONNECTING && from == STAY_DISCONNECTING);
}

/* And a stop in the middle of a graceful close. */
static void
on_entered(struct stay_conn *conn, void *state, enum stay_state from,
    enum stay_state to)
{
	struct stay_client *client = client_of(state);

	if (client->rare->watch != NULL)
		client->rare->watch->changed(client->rare->watch, to,
		    to >= STAY_STOPPING ? stay__conn_reason(conn)
					: stay__conn_failed(conn));
	if (to == STAY_STOPPING)
		stay__farewell_moved(&client->session);
	else if (to == STAY_CONNECTED)
		stay__reset_begin(client);
	else if (has_none(from, to))
		stay__reset_tell(client, client->rejecting != STAY_OK
					     ? client->rejecting
					     : STAY_E_OFFLINE);
}

/* ---- the end ---- */

/* What is left of the calls is decided here; their completions run in shares,
 * as everywhere, and on_closed waits for the last of them. */
static void
run_terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct stay_client *client = client_of(state);

	(void)conn;
	stay__leave_now(client, reason);
	stay__calls_drop_queue(client->calls, 0, STAY_E_STOPPED);
	stay__waiters_end(client);
	(void)stay__calls_tell_some(client->calls);
	client->profile->protocol.keep.end(stay__client_keep(client), reason);
}

static size_t
count_busy(const struct stay_conn *conn, const void *state)
{
	const struct stay_client *client = state;

	(void)conn;
	return (size_t)client->calls->counts.queued +
	       client->calls->counts.in_flight;
}

const struct stay_behaviour stay__client_behaviour = {
	STAY_BEHAVIOUR,
	.name = "client",
	.init = run_init,
	.connect = run_connect,
	.disconnect = run_disconnect,
	.handle_info = handle_info,
	.terminate = run_terminate,
	.entered = on_entered,
	.busy = count_busy,
	.describe = stay__client_describe,
};

struct stay_client *
stay_client_of(struct stay_conn *conn)
{
	assert(conn != NULL);
	if (stay__conn_behaviour(conn) != &stay__client_behaviour)
		return NULL;
	return client_of(stay_conn_data(conn));
}
