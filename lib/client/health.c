/*
 * Health (promise 8): a silent peer is found. A session has two timers:
 * `silence` while answers are expected or output is stuck, `probe` otherwise. A
 * timer is set anew only when it fires. So a call costs neither a timer nor a
 * look at the clock.
 */
#include "client/client.h"
#include "client/pause.h"
#include "client/pour.h"
#include "client/tagged.h"

/* Whether all that is awaited may block, and for how long. */
static bool
is_blocked(const struct stay__calls *calls, uint64_t *ms)
{
	const struct stay__tagged *tagged = calls->tagged;
	const struct stay__call *oldest = stay__calls_oldest(calls);

	if (oldest != NULL && !(oldest->flags & STAY_BLOCKS))
		return false;
	*ms = oldest == NULL ? 0 : stay__call_extras(oldest)->blocks_ms;
	if (tagged == NULL || tagged->awaited == 0)
		return oldest != NULL;
	if (*ms < tagged->blocks_ms)
		*ms = tagged->blocks_ms;
	return tagged->awaited == tagged->blocking;
}

/* How long the oldest reply may take without a sign of life. */
static uint64_t
patience_ms(const struct stay_client *client)
{
	uint64_t ms = client->profile->options.silence_ms;
	uint64_t margin = client->profile->options.block_margin_ms, blocks;

	if (!is_blocked(client->calls, &blocks))
		return ms;
	if (blocks > UINT64_MAX - margin)
		return STAY_FOREVER;
	blocks += margin;
	return blocks > ms ? blocks : ms;
}

/* A call that has yet to leave whole is not awaited, nor is what waits behind it. */
static bool
awaits(const struct stay__calls *calls)
{
	const struct stay__list *oldest = calls->in_flight.next;

	return stay__calls_await(calls) &&
	       (stay__poured(calls) == NULL || oldest != &calls->half->node);
}

bool
stay__health_is_idle(const struct stay_session *session)
{
	return !awaits(session->client->calls) && !session->health.awaits_room;
}

uint64_t
stay__health_silent_at(const struct stay_session *session)
{
	uint64_t since = session->health.last_heard > session->health.since
			     ? session->health.last_heard
			     : session->health.since;
	uint64_t sealed = stay__stream_heard_at(session->client->conn);

	if (stay__health_is_idle(session) || stay__pause_is_on(session))
		return UINT64_MAX;
	if (sealed > since)
		since = sealed;
	return stay__later(since, patience_ms(session->client));
}

void
stay__health_lean(struct stay_session *session)
{
	if (session->health.leans)
		return;
	session->health.leans = true;
	stay__stream_keep_alive(session->client->conn);
}

/* While a call that blocks is the oldest, or a body waits for its program, nobody
 * expects a byte. */
static bool
may_be_silent(const struct stay__calls *calls)
{
	return calls->has_blocked || stay__poured(calls) != NULL;
}

/* After a short write the kernel has room again only when the peer has taken
 * bytes. Only then a write is a sign of life. */
static void
note_write(
    struct stay_session *session, bool idle, struct stay__written written)
{
	if (written.is_down || written.offered == 0)
		return;
	if (session->health.was_full && written.taken > 0)
		stay__health_heard(session);
	session->health.was_full = written.taken < written.offered;
	session->health.awaits_room = session->health.was_full;
	stay__health_watch(session, idle);
	if (may_be_silent(session->client->calls))
		stay__health_lean(session);
}

/* With nothing left to write no room is expected any more. What the stream takes
 * next is a sign of life all the same, for it was full. */
void
stay__health_wrote(
    struct stay_session *session, bool idle, struct stay__written written)
{
	if (written.offered == 0)
		session->health.awaits_room = false;
	note_write(session, idle, written);
}

/* Nobody has said that there is room. If nothing is left to write, room
 * is expected all the same: only a write it asked for shows that there is some.
 */
static void
try_to_write(struct stay_session *session)
{
	bool idle = stay__health_is_idle(session);

	if (session->health.awaits_room)
		note_write(session, idle, stay__output_write(session->client));
}

/*
 * Before the peer is called silent, read and write once more, once per silence.
 * If this process was stopped or busy, bytes of the peer may be waiting to be
 * read. And to a peer that reads slowly the kernel reports room only when there
 * is a lot of it.
 */
static bool
has_not_listened(struct stay_session *session)
{
	struct stay_conn *conn = session->client->conn;

	if (!session->health.looked) {
		session->health.looked = true;
		stay__stream_look(conn);
		try_to_write(session);
	}
	return !session->health.looked || stay__stream_is_unread(conn) ||
	       !stay_stream_is_open(conn);
}

/* One of the two timers. */
static void
set(struct stay_session *session, enum stay__client_clock clock, uint64_t at)
{
	stay__conn_set_clock(session->client->conn, clock, at);
}

void
stay__health_check_silence(struct stay_session *session)
{
	struct stay_loop *loop = session->client->loop;
	uint64_t at = stay__health_silent_at(session),
		 now = stay__loop_now(loop);

	if (session->condemned != STAY_OK)
		return;
	if (at > now)
		set(session, STAY__CLIENT_SILENCE, at);
	else if (has_not_listened(session))
		set(session, STAY__CLIENT_SILENCE, stay__later(now, 1));
	else
		stay__session_condemn(session, STAY_E_SILENT,
		    "no answer, and not a byte for too long");
}

/* Memory is given back so long after the last byte, unless a probe is due
 * sooner. */
#define QUIET_MS 1000

static uint64_t
quiet_ms(const struct stay_client *client)
{
	uint64_t probe_ms = client->profile->options.probe_ms;

	return probe_ms < QUIET_MS ? probe_ms : QUIET_MS;
}

static void
give_back(struct stay_session *session)
{
	struct stay_client *client = session->client;

	if (!stay__calls_are_at_rest(client)) {
		stay__calls_release(client->calls);
		stay__calls_trim(client->calls);
	}
	stay__waiters_rest(client);
	stay__rare_rest(client);
	stay__output_trim(session);
	stay__conn_rest(client->conn);
	client->profile->protocol.keep.rest(stay__client_keep(client));
}

/* Send a probe, unless a farewell was sent: nothing may follow that. */
static void
send_probe(struct stay_session *session)
{
	struct stay_client *client = session->client;

	if (session->farewell.stage != STAY__FAREWELL_NONE ||
	    stay__calls_await(client->calls))
		return;
	stay__output_forget(session);
	client->profile->protocol.session.ping(session);
	stay__output_forget(session);
}

/* Not from here: a callback may use what is given back, and a timer must not run the
 * protocol's code. */
static void
send_for_errand(struct stay_session *session)
{
	session->health.has_errand = true;
	stay__conn_nudge(session->client->conn);
}

void
stay__health_run(struct stay_session *session)
{
	if (!session->health.has_errand)
		return;
	session->health.has_errand = false;
	if (stay__session_state(session) != STAY__SESSION_DOWN)
		send_probe(session);
	else if (stay__calls_are_none(session->client->calls))
		give_back(session);
}

/* Returns when to look again. */
static uint64_t
probe_soon(struct stay_session *session)
{
	struct stay_client *client = session->client;

	if (client->profile->protocol.session.ping == NULL ||
	    stay__pause_is_on(session) ||
	    session->farewell.stage != STAY__FAREWELL_NONE)
		return UINT64_MAX;
	send_for_errand(session);
	return stay__loop_after(client->loop, quiet_ms(client));
}

/* An idle session first gives back memory, and later sends a probe. */
void
stay__health_check_idle(struct stay_session *session)
{
	struct stay_client *client = session->client;
	uint64_t now = stay__loop_now(client->loop);
	uint64_t at = stay__later(session->health.last_heard, quiet_ms(client));

	session->health.at_rest = true;
	if (stay__calls_await(client->calls)) {
		at = stay__later(now, client->profile->options.probe_ms);
	} else if (at > now) {
		session->health.at_rest = false;
	} else {
		give_back(session);
		stay__calls_rest(client);
		at = stay__later(session->health.last_heard,
		    client->profile->options.probe_ms);
		if (at <= now)
			at = probe_soon(session);
	}
	set(session, STAY__CLIENT_PROBE, at);
}

void
stay__health_open(struct stay_session *session)
{
	session->health.has_errand = false;
	session->health.awaits_room = session->health.was_full = false;
	session->health.leans = false;
}

void
stay__health_begin(struct stay_session *session)
{
	stay__health_heard(session);
	stay__health_watch(session, true);
}

void
stay__health_end(struct stay_session *session)
{
	set(session, STAY__CLIENT_SILENCE, UINT64_MAX);
	set(session, STAY__CLIENT_PROBE, UINT64_MAX);
	session->health.has_errand = false;
}

void
stay__health_heard(struct stay_session *session)
{
	session->health.last_heard = stay__loop_now(session->client->loop);
	session->health.looked = false;
}

/* The timer is to come in a quiet second, or before. */
static void
await_quiet(struct stay_session *session)
{
	struct stay_client *client = session->client;
	uint64_t set_to = stay__conn_clock(client->conn, STAY__CLIENT_PROBE);
	uint64_t at;

	if (set_to != UINT64_MAX && !session->health.at_rest)
		return;
	session->health.at_rest = false;
	at = stay__loop_after(client->loop, quiet_ms(client));
	if (at < set_to)
		set(session, STAY__CLIENT_PROBE, at);
}

void
stay__health_rest(struct stay_session *session)
{
	enum stay__session_state state = stay__session_state(session);
	struct stay_client *client = session->client;

	if (state == STAY__SESSION_DOWN && stay__calls_are_none(client->calls))
		send_for_errand(session);
	if (state == STAY__SESSION_READY || state == STAY__SESSION_LEAVING)
		await_quiet(session);
}

/* A timer may fire too early, and then waits on; it may never be late. */
void
stay__health_watch(struct stay_session *session, bool idle)
{
	struct stay_client *client = session->client;
	uint64_t at;

	if (idle)
		session->health.since = stay__loop_now(client->loop);
	if (stay__session_is_greeting(session))
		return;
	stay__health_rest(session);
	at = stay__health_silent_at(session);
	if (at < stay__conn_clock(client->conn, STAY__CLIENT_SILENCE))
		set(session, STAY__CLIENT_SILENCE, at);
}
