#include "inside.h"

#include <string.h>

#include "client/client.h"
#include "client/pour.h"
#include "client/tagged.h"
#include "conn/conn.h"
#include "loop/loop.h"
#include "loop/recorder.h"
#include "observe/metrics.h"
#include "stream/dialing.h"

/* ---- a client ---- */

unsigned
inside_buffers(const struct stay_client *client)
{
	unsigned buffers = inside_stream_buffers(client->conn);

	if (client->calls->sendbuf.buf.data != NULL)
		buffers |= INSIDE_REQUESTS;
	if (client->calls->spare != NULL)
		buffers |= INSIDE_RECORDS;
	if (client->session.output.lane->buf.data != NULL)
		buffers |= INSIDE_CONTROL;
	return buffers;
}

bool
inside_has_calls(const struct stay_client *client)
{
	return !stay__calls_are_at_rest(client);
}

const struct stay_client_options *
inside_options(const struct stay_client *client)
{
	return &client->profile->options;
}

enum stay_status
inside_rejects(const struct stay_client *client)
{
	return client->rejecting;
}

bool
inside_is_at_rest(const struct stay_client *client)
{
	const struct stay__calls *calls = client->calls;

	return !stay__calls_await(calls) && calls->half == NULL &&
	       stay__list_is_empty(&calls->in_flight) &&
	       stay__list_is_empty(&calls->queued) &&
	       stay__list_is_empty(&calls->finished) &&
	       stay_buf_len(&client->session.output.lane->buf) == 0;
}

size_t
inside_request_memory(const struct stay_client *client)
{
	return client->calls->sendbuf.buf.cap;
}

size_t
inside_request_len(const struct stay_client *client)
{
	return stay_buf_len(&client->calls->sendbuf.buf);
}

uint64_t
inside_unsent_bytes(const struct stay_client *client)
{
	return client->calls->sendbuf.live;
}

uint64_t
inside_request_bytes(const struct stay_client *client)
{
	const struct stay__sendbuf *sendbuf = &client->calls->sendbuf;

	return sendbuf->live + sendbuf->committed - sendbuf->base;
}

bool
inside_pours(const struct stay_client *client)
{
	return stay__poured(client->calls) != NULL;
}

uint64_t
inside_lane(const struct stay_client *client)
{
	return client->session.output.lane->settled;
}

uint64_t
inside_set_aside(const struct stay_client *client)
{
	const struct stay__list *refused = &client->calls->refused;
	const struct stay__list *node = refused->next;
	uint64_t count = 0;

	for (; node != refused; node = node->next)
		count++;
	return count;
}

uint64_t
inside_untold(const struct stay_client *client)
{
	return client->calls->untold;
}

bool
inside_change_waits(const struct stay_client *client)
{
	return client->rare->changes != NULL &&
	       client->rare->changes->next != NULL;
}

unsigned
inside_replaced_changes(const struct stay_client *client)
{
	return client->rare->changes == NULL
		   ? 0
		   : client->rare->changes->dropped_count;
}

/* ---- its session ---- */

bool
inside_session_is_ready(const struct stay_client *client)
{
	return stay__session_is_ready(&client->session);
}

enum stay_status
inside_condemned(const struct stay_client *client)
{
	return client->session.condemned;
}

bool
inside_is_content(const struct stay_client *client)
{
	return client->session.is_content;
}

bool
inside_says_goodbye(const struct stay_client *client)
{
	return client->session.farewell.stage != STAY__FAREWELL_NONE;
}

uint64_t
inside_heard_at(const struct stay_client *client)
{
	return client->session.health.last_heard;
}

uint16_t
inside_ended(const struct stay_client *client, uint32_t *since_ms)
{
	*since_ms = client->session.ended_since_ms;
	return client->session.ended;
}

bool
inside_has_frame(const struct stay_client *client)
{
	return client->session.reading->frame.len > 0;
}

void
inside_quote(const struct stay_client *client, struct stay__text *to,
    struct stay_bytes words)
{
	stay__session_quote(&client->session, to, words);
}

/* ---- a connection ---- */

enum stay__admission
inside_admission(const struct stay_conn *conn)
{
	return conn->requests.admission;
}

unsigned
inside_stream_buffers(const struct stay_conn *conn)
{
	return (conn->stream.out != NULL ? INSIDE_OUTPUT : 0) |
	       (conn->stream.input.slab != NULL ? INSIDE_INPUT : 0);
}

size_t
inside_unread(const struct stay_conn *conn)
{
	return stay__input_view(&conn->stream.input).len;
}

enum stay__link_state
inside_link(const struct stay_conn *conn)
{
	return (enum stay__link_state)conn->stream.link.machine.now;
}

size_t
inside_letters(const struct stay_conn *conn)
{
	return conn->mail.shelf->messages;
}

bool
inside_is_to_reconnect(const struct stay_conn *conn)
{
	return stay__conn_is_to_reconnect(conn);
}

unsigned
inside_failure_end(const struct stay_conn *conn)
{
	return conn->outage.text_at + conn->outage.text_len;
}

const uint64_t *
inside_setting(const struct stay_conn *conn, const char *name)
{
	const struct {
		const char *name;
		const uint64_t *kept;
	} settings[] = {
		{ "call_timeout_ms", &conn->settings->call_timeout_ms },
		{ "throttle_burst", &conn->settings->throttle_burst },
		{ "throttle_ms", &conn->settings->throttle_ms },
		{ "callers_max", &conn->settings->callers_max },
		{ "turn_budget", &conn->settings->turn_budget },
		{ "stop_budget_ms", &conn->settings->stop_budget_ms },
		{ "mailbox_max", &conn->settings->mailbox_max },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].kept;
	return NULL;
}

/* ---- a loop ---- */

unsigned
inside_profiles(const struct stay_loop *loop)
{
	unsigned count = 0;

	for (unsigned i = 0; i < STAY__PROFILE_BUCKETS; i++)
		for (const struct stay__profile *profile = loop->profiles[i];
		     profile != NULL; profile = profile->next)
			count++;
	return count;
}

uint64_t
inside_excused(const struct stay_loop *loop)
{
	return loop->excused;
}

size_t
inside_loop_bytes(const struct stay_loop *loop)
{
	return sizeof(*loop) + sizeof(*loop->dialing) +
	       sizeof(*loop->recorder) +
	       loop->slabs.count *
		   (sizeof(struct stay__slab) + STAY__SLAB_SIZE) +
	       loop->ids.cap * sizeof(loop->ids.entries[0]);
}

/* ---- metrics ---- */

/* A block of numbers is an array of them. */
static void
add_numbers(struct stay__numbers *to, const struct stay__numbers *from)
{
	uint64_t *sum = (uint64_t *)(void *)to;
	const uint64_t *more = (const uint64_t *)(const void *)from;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += more[i];
}

void
inside_numbers(struct stay_metrics *metrics, struct stay__numbers *sum)
{
	memset(sum, 0, sizeof(*sum));
	stay__metrics_refresh(metrics);
	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++) {
		const struct stay__system *system = &metrics->meter.systems[i];

		if (system->name[0] == '\0')
			continue;
		add_numbers(sum, &system->past);
		add_numbers(sum, &system->live);
	}
}

static uint64_t
values_of(const struct stay__histogram *histogram)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < STAY__METER_BUCKETS; i++)
		sum += histogram->counts[i];
	return sum;
}

static void
add_values(struct inside_values *to, const struct stay__durations *from)
{
	to->create += values_of(from->CREATE);
	to->uptime += values_of(from->UPTIME);
	to->outage += values_of(from->OUTAGE);
	to->pool_wait += values_of(from->POOL_WAIT);
	to->pool_use += values_of(from->POOL_USE);
	for (size_t i = 0; i < STAY__METER_LATENCIES; i++)
		to->latency[i % STAY_OUTCOME_COUNT] +=
		    values_of(&from->LATENCY[i]);
}

struct inside_values
inside_values(const struct stay_metrics *metrics)
{
	struct inside_values sum = { 0 };

	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++)
		if (metrics->meter.systems[i].name[0] != '\0')
			add_values(&sum, &metrics->meter.systems[i].durations);
	return sum;
}
