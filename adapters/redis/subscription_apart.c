/*
 * The second client: in RESP2 a connection that has subscribed can do nothing else.
 * It goes where the first one goes, with the same options and rights, and has no
 * calls. It is started when the first session finds that it is needed, and stopped
 * when a later one speaks RESP3, goes elsewhere or has other options; until that is
 * up, it stays.
 */
#include <stay/world.h>

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "session.h"
#include "subscriptions.h"

#define LABEL_MAX 512u
#define RETRY_MS  1000u

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_redis *redis = stay_client_keep(stay_client_of(conn));
	struct stay_redis__hub *hub = redis->hub;

	(void)arg;
	hub->aparts--;
	if (hub->apart == redis) {
		hub->apart = NULL;
		stay_redis__end_all(hub, reason);
	}
	stay_redis__hub_wake(hub);
}

/* What it is made of. */
struct plan {
	struct stay_client_options options;
	struct stay_redis__config *config; /* a copy */
	char label[LABEL_MAX];
	uint64_t number; /* equal plans have the same */
};

/* What is the program's alone, or of calls, and what the second one does otherwise. */
static void
change_options(struct stay_client_options *options, const char *label)
{
	options->label = label;
	options->on_started = NULL;
	options->on_session = NULL;
	options->on_closed = on_closed;
	options->on_high_water = options->on_low_water = NULL;
	options->on_fatal = STAY_FATAL_RETRY;
	options->call_timeout_ms = options->block_margin_ms = 0;
	options->queue_calls_max = options->queue_bytes_max = 0;
	options->queue_high_percent = options->queue_low_percent = 0;
	options->waiters_max = 0;
	options->resends_max = options->resend_percent = 0;
	options->resend_burst = 0;
}

static void
change_config(struct stay_redis__config *config)
{
	config->protocol = 2;
	config->on_push = NULL;
	config->on_push_arg = NULL;
	config->on_orphan = NULL;
	config->on_orphan_arg = NULL;
}

static uint64_t
mix_bytes(uint64_t hash, const void *bytes, size_t len)
{
	return stay_redis__hash(hash, (struct stay_bytes){ bytes, len });
}

/* Its end is in it, or "a" and "bc" were "ab" and "c". */
static uint64_t
mix(uint64_t hash, const char *text)
{
	return mix_bytes(hash, text, strlen(text) + 1);
}

static uint64_t
mix_place(uint64_t hash, const struct stay_url *url)
{
	hash = mix(mix(mix(hash, url->scheme), url->host), url->port);
	return mix(mix(mix(hash, url->path), url->user), url->password);
}

/* What its pointers lead to is in it, not where that is. What a client says of its options
 * has nothing between two fields. */
static uint64_t
number_of(const struct plan *plan, struct stay_session *session)
{
	struct stay_client_options options = plan->options;
	uint64_t hash =
	    mix_place(STAY_REDIS__HASH_START, stay_session_url(session));

	hash = mix_bytes(hash, plan->config, plan->config->size);
	hash = mix_bytes(hash, options.socket, sizeof(*options.socket));
	hash = mix(hash, options.label);
	options.config = NULL;
	options.socket = NULL;
	options.label = NULL;
	return mix_bytes(hash, &options, sizeof(options));
}

/* False: no memory, and then it equals none. */
static bool
make_plan(struct plan *plan, const struct stay_redis__hub *hub,
    struct stay_session *session)
{
	struct stay_client_options *options = &plan->options;

	memset(plan, 0, sizeof(*plan));
	options->size = sizeof(*options);
	stay_client_get_options(hub->front->client, options);
	plan->config = stay_redis__config_copy(options->config);
	if (plan->config == NULL)
		return false;
	snprintf(plan->label, sizeof(plan->label), "%.480s (subscriptions)",
	    options->label);
	change_options(options, plan->label);
	change_config(plan->config);
	options->config = plan->config;
	plan->number = number_of(plan, session);
	return true;
}

static enum stay_status
start(struct stay_redis__hub *hub, struct stay_session *session)
{
	struct stay_client *client;
	struct plan plan;
	enum stay_status status;

	if (!make_plan(&plan, hub, session))
		return STAY_E_NOMEM;
	status = stay_client_start_beside(
	    &client, hub->front->client, &plan.options);
	stay_redis__config_free(plan.config);
	if (status != STAY_OK)
		return status;
	hub->apart = stay_client_keep(client);
	hub->apart->client = client;
	hub->apart->hub = hub;
	hub->apart->is_apart = true;
	hub->apart_number = plan.number;
	hub->aparts++;
	return STAY_OK;
}

/* Whether one that was started now would be another. */
static bool
has_changed(const struct stay_redis__hub *hub, struct stay_session *session)
{
	struct plan plan;

	(void)make_plan(&plan, hub, session);
	stay_redis__config_free(plan.config);
	return plan.number != hub->apart_number;
}

/* Without memory it is tried again a little later. */
static void
start_or_wait(struct stay_redis__hub *hub, struct stay_session *session)
{
	enum stay_status status = start(hub, session);

	if (status == STAY_E_UNSUPPORTED)
		stay_redis__end_all(hub, status);
	else if (status != STAY_OK)
		(void)stay_session_tick_after(session, RETRY_MS);
}

void
stay_redis__apart_choose(
    struct stay_redis__hub *hub, struct stay_session *session)
{
	struct stay_redis *front = hub->front;

	if (session == NULL || hub->ended)
		return;
	if (front->agreed.protocol == 3) {
		stay_redis__apart_drop(hub);
		if (hub->carrier != front)
			stay_redis__hub_up(hub, front, session);
	} else if (hub->apart == NULL && hub->counts.channels > 0) {
		start_or_wait(hub, session);
	}
}

void
stay_redis__apart_follow(
    struct stay_redis__hub *hub, struct stay_session *session)
{
	if (hub->apart != NULL && has_changed(hub, session))
		stay_redis__apart_drop(hub);
	stay_redis__apart_choose(hub, session);
}

void
stay_redis__apart_drop(struct stay_redis__hub *hub)
{
	struct stay_redis *apart = hub->apart;

	if (apart == NULL)
		return;
	hub->apart = NULL;
	if (hub->carrier == apart)
		stay_redis__hub_over(hub, STAY_E_RECONNECT);
	stay_client_stop(apart->client, STAY_OK);
}
