/*
 * What a client says of itself: its counts, and its part of the sentence that
 * stay_conn_explain makes.
 */
#include <inttypes.h>

#include "base/text.h"
#include "client/behaviour.h"
#include "client/client.h"

static struct stay_client_counts
counts_of(const struct stay_client *client)
{
	const struct stay__call_counts *now = &client->calls->counts;
	const struct stay__traffic *traffic = &client->traffic;
	const struct stay__tally all = stay__calls_tally(client);
	const uint64_t *of = all.outcomes;
	const struct stay__holds *holds = client->rare->holds;

	return (struct stay_client_counts){ .submitted = all.submitted,
		.replied = of[STAY_REPLIED],
		.sent = of[STAY_SENT],
		.refused = of[STAY_REFUSED],
		.not_sent = of[STAY_NOT_SENT],
		.maybe_executed = of[STAY_MAYBE_EXECUTED],
		.queued = now->queued,
		.in_flight = now->in_flight,
		.tombstones = now->tombstones,
		.orphans = traffic->orphans,
		.rejected = traffic->rejected,
		.resent = all.resent,
		.pushes = traffic->pushes,
		.sessions = traffic->sessions,
		.bytes_out = traffic->bytes_out,
		.bytes_in = traffic->bytes_in,
		.queued_bytes = now->queued_bytes + client->calls->sendbuf.live,
		.in_flight_bytes = now->in_flight_bytes,
		.waiting = stay__waiters_count(client),
		.held = holds == NULL ? 0 : holds->count,
		.held_bytes = holds == NULL ? 0 : holds->bytes };
}

void
stay_client_get_counts(
    const struct stay_client *client, struct stay_client_counts *counts)
{
	struct stay_client_counts all;

	assert(client != NULL && counts->size >= sizeof(counts->size));
	all = counts_of(client);
	all.size = counts->size < sizeof(all) ? counts->size : sizeof(all);
	memcpy(counts, &all, all.size);
}

/* "1 call queued, 2 in flight": the first part names what is counted. */
static const char *
name_counted(const struct stay__text *text, uint64_t count)
{
	if (text->len > 0)
		return "";
	return count == 1 ? " call" : " calls";
}

/* Counts of zero are left out. */
static void
add_calls(struct stay__text *text, const struct stay_client *client)
{
	const struct stay__call_counts *counts = &client->calls->counts;
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
			    name_counted(text, parts[i].count), parts[i].where);
	if (stay__waiters_count(client) > 0)
		stay__text_add(text, "%s%" PRIu64 " in line for room",
		    text->len > 0 ? ", " : "", stay__waiters_count(client));
}

static const char *
farewell_words(const struct stay_session *session)
{
	static const char *const words[] = {
		[STAY__FAREWELL_NONE] = "finishing what is in flight",
		[STAY__FAREWELL_SAID] = "saying goodbye",
		[STAY__FAREWELL_HEARD] =
		    "goodbye is said, and the peer may finish",
		[STAY__FAREWELL_OVER] = "goodbye is said",
	};

	return words[session->farewell.stage];
}

static const char *
session_words(const struct stay_client *client)
{
	const struct stay_session *session = &client->session;

	if (stay__session_state(session) == STAY__SESSION_GREETING)
		return "greeting the server";
	if (stay__session_state(session) == STAY__SESSION_RESTORING)
		return "restoring the session";
	if (stay__session_state(session) == STAY__SESSION_LEAVING)
		return farewell_words(session);
	if (stay__endpoints_are_awaited(client))
		return "asking endpoints where to dial";
	return client->rejecting == STAY_OK
		   ? ""
		   : "refusing calls till the next attempt";
}

/* What the protocol says of the session, if it is up. */
static const char *
agreement(struct stay_client *client, char *text, size_t len)
{
	struct stay_session *session = &client->session;
	char said[96] = "";

	if (stay__session_state(session) == STAY__SESSION_READY &&
	    client->profile->protocol.session.describe != NULL)
		(void)client->profile->protocol.session.describe(
		    session, said, sizeof(said));
	stay__session_show(session, said, text, len);
	return text;
}

/* What it agreed on is the protocol's to say, whose slot is not const. */
static struct stay_client *
client_of(const void *state)
{
	return (struct stay_client *)(uintptr_t)state;
}

int
stay__client_describe(
    const struct stay_conn *conn, const void *state, char *text, size_t len)
{
	struct stay_client *client = client_of(state);
	struct stay__text words = { text, len, 0 };
	char calls[128] = "";
	struct stay__text counted = { calls, sizeof(calls), 0 };
	const char *doing = session_words(client);
	char agreed[96] = "";

	(void)conn;
	if (doing[0] == '\0')
		doing = agreement(client, agreed, sizeof(agreed));
	add_calls(&counted, client);
	stay__text_add(&words, "%s%s%s", doing,
	    doing[0] != '\0' && calls[0] != '\0' ? ", " : "", calls);
	return (int)words.len;
}

/* Nothing is heard of the peer, though something should be. */
int
stay__client_threat(const void *state, char *text, size_t len)
{
	struct stay_client *client = client_of(state);
	const struct stay_session *session = &client->session;
	uint64_t at = stay__health_silent_at(session);
	uint64_t now = stay__loop_now(client->loop);
	struct stay__text words = { text, len, 0 };

	if (at == UINT64_MAX)
		return 0;
	stay__text_add(&words, "nothing was heard for ");
	stay__text_add(&words, "%s",
	    stay__duration_of(
		(now - session->health.last_heard) / STAY__TICK_NS)
		.text);
	stay__text_add(&words, ", and without a sign of life it ends in ");
	stay__text_add(&words, "%s",
	    stay__duration_of(stay__loop_until_ms(client->loop, at)).text);
	return (int)words.len;
}
