/*
 * The behaviour that runs a client: what each callback of <stay/conn.h> means
 * for a protocol on a stream. It decides when to dial and when to come back; a
 * session's inner life is session.c's, a call's is calls.c's.
 */
#include <inttypes.h>

#include "base/text.h"
#include "client/client.h"

static struct stay_client *
client_of(void *state)
{
	return *(struct stay_client **)state;
}

static struct stay_verdict
init(struct stay_conn *conn, void *state, void *arg)
{
	struct stay_client *client = arg;

	*(struct stay_client **)state = client;
	client->conn = conn;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

/* ---- coming back ---- */

/* No attempts left: nobody waits for what will not come. */
static struct stay_verdict
give_up(struct stay_client *client, enum stay_status why)
{
	stay__calls_drop_queue(&client->calls, 0, why);
	return stay_verdict_stop(why);
}

static struct stay_verdict
come_back(struct stay_client *client)
{
	uint64_t ms = stay_backoff_next(client->conn, &client->backoff);

	if (ms == STAY_FOREVER)
		return give_up(client, STAY_E_ATTEMPTS);
	return stay_verdict_backoff(ms);
}

/* Until somebody acts every attempt fails alike: the calls hear it at once, and
 * a rotation of credentials heals by itself. */
static struct stay_verdict
come_back_slowly(struct stay_client *client, enum stay_status why)
{
	struct stay_backoff_policy policy =
	    stay_backoff_constant(client->options.fatal_backoff_ms);

	if (client->options.on_fatal == STAY_FATAL_STOP)
		return give_up(client, why);
	stay__calls_drop_queue(&client->calls, 0, why);
	client->barred = why;
	stay__wait_move(client);
	return stay_verdict_backoff(
	    stay_backoff_delay(&policy, 1, 0, stay__loop_random(client->loop)));
}

/* ---- connect, disconnect ---- */

/* A connect may replace a session that no disconnect has ended. */
static struct stay_verdict
run_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct stay_client *client = client_of(state);
	enum stay_status status;

	stay__session_over(&client->session,
	    info.status == STAY_OK ? STAY_E_RECONNECT : info.status,
	    STAY_E_LOST);
	client->barred = STAY_OK;
	stay__change_take(client);
	status = stay_stream_dial_to(conn, &client->aim.target, 1);
	if (status == STAY_OK)
		return stay_verdict_pending(client->options.connect_budget_ms);
	stay__conn_fail(conn, status, "connect", stay_strerror(status));
	if (stay_status_class(status) == STAY_CLASS_CALLER)
		return give_up(client, status);
	return stay__engine_lost(client, status);
}

struct stay_verdict
stay__engine_lost(struct stay_client *client, enum stay_status why)
{
	stay__session_over(&client->session, why, STAY_E_LOST);
	if (stay_status_class(why) == STAY_CLASS_FATAL)
		return come_back_slowly(client, why);
	return come_back(client);
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
	return stay__engine_lost(client, info.status);
}

/* ---- news ---- */

static struct stay_verdict
on_up(struct stay_client *client, const struct stay_event *event)
{
	(void)event;
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
	(void)event;
	stay__output_write(client);
	return stay_verdict_noreply();
}

/* The session was condemned, and may have ended by itself meanwhile. */
static struct stay_verdict
on_condemned(struct stay_client *client, const struct stay_event *event)
{
	struct stay_session *session = &client->session;

	if (event->message.tag != STAY__CONDEMNED ||
	    session->condemned == STAY_OK ||
	    stay__session_state(session) == STAY__SESSION_DOWN)
		return stay_verdict_noreply();
	return stay__session_verdict(session, STAY__END);
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
		[STAY_NEXT_EVENT] = on_condemned,
		[STAY_STATE_TIMEOUT] = on_other,
		[STAY_TIMEOUT] = on_other,
		[STAY_PENDING_EXPIRED] = on_other,
		[STAY_STREAM_UP] = on_up,
		[STAY_STREAM_DATA] = on_data,
		[STAY_STREAM_WRITABLE] = on_writable,
		[STAY_STREAM_DOWN] = on_other,
	};

	struct stay_client *client = client_of(state);
	struct stay_verdict verdict = on[event->type](client, event);

	(void)conn;
	if (stay__session_state(&client->session) == STAY__SESSION_LEAVING)
		return stay__leave_go_on(client, event);
	return verdict;
}

/* ---- the end ---- */

static void
terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct stay_client *client = client_of(state);

	(void)conn;
	stay__leave_now(client, reason);
	stay__calls_drop_queue(&client->calls, 0, STAY_E_STOPPED);
	stay__calls_tell(&client->calls);
	stay__wait_end(client);
}

static size_t
busy(const struct stay_conn *conn, const void *state)
{
	const struct stay_client *client = *(struct stay_client *const *)state;

	(void)conn;
	return (size_t)(client->calls.counts.queued +
			client->calls.counts.in_flight);
}

/* ---- words ---- */

/* "1 call queued, 2 in flight": the first part names what is counted. */
static const char *
noun(const struct stay__text *text, uint64_t count)
{
	if (text->len > 0)
		return "";
	return count == 1 ? " call" : " calls";
}

/* What there is none of is not spoken of. */
static void
add_calls(struct stay__text *text, const struct stay_client *client)
{
	const struct stay_client_counts *counts = &client->calls.counts;
	const struct {
		uint64_t count;
		const char *where;
	} parts[] = {
		{ counts->queued, "queued" },
		{ counts->in_flight, "in flight" },
		{ counts->tombstones, "given up and still to be answered" },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].count > 0)
			stay__text_add(text, "%s%" PRIu64 "%s %s",
			    text->len > 0 ? ", " : "", parts[i].count,
			    noun(text, parts[i].count), parts[i].where);
	if (client->line.count > 0)
		stay__text_add(text, "%s%" PRIu64 " in line for room",
		    text->len > 0 ? ", " : "", client->line.count);
}

static const char *
session_words(const struct stay_client *client)
{
	const struct stay_session *session = &client->session;

	if (stay__session_state(session) == STAY__SESSION_GREETING)
		return "greeting the server";
	if (stay__session_state(session) == STAY__SESSION_LEAVING)
		return session->parted ? "saying goodbye"
				       : "finishing what is in flight";
	return client->barred == STAY_OK
		   ? ""
		   : "refusing calls till the next attempt";
}

static int
describe(
    const struct stay_conn *conn, const void *state, char *text, size_t len)
{
	const struct stay_client *client = *(struct stay_client *const *)state;
	struct stay__text words = { text, len, 0 };
	char calls[128] = "";
	struct stay__text counted = { calls, sizeof(calls), 0 };
	const char *doing = session_words(client);

	(void)conn;
	add_calls(&counted, client);
	stay__text_add(&words, "%s%s%s", doing,
	    doing[0] != '\0' && calls[0] != '\0' ? ", " : "", calls);
	return (int)words.len;
}

const struct stay_behaviour stay__engine = {
	STAY_BEHAVIOUR,
	.name = "client",
	.state_size = sizeof(struct stay_client *),
	.init = init,
	.connect = run_connect,
	.disconnect = run_disconnect,
	.handle_info = handle_info,
	.terminate = terminate,
	.busy = busy,
	.describe = describe,
};
