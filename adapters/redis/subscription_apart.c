/*
 * The second client: in RESP2 a connection that has subscribed can do nothing else.
 * It goes where the first one goes, with the same options and rights, and has no
 * calls. It is started when the first session finds that it is needed, and stopped
 * when a later one speaks RESP3, goes elsewhere or has other options.
 */
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

/* What is the program's alone, and what the second one does otherwise. */
static void
change_options(struct stay_client_options *options,
    struct stay_redis__config *config, const char *label)
{
	config->protocol = 2;
	config->on_push = NULL;
	config->on_orphan = NULL;
	options->config = config;
	options->label = label;
	options->on_started = NULL;
	options->on_session = NULL;
	options->on_closed = on_closed;
	options->on_high_water = options->on_low_water = NULL;
	options->arg = NULL;
	options->on_fatal = STAY_FATAL_RETRY;
}

/* Its end is in it, or "a" and "bc" were "ab" and "c". */
static uint64_t
mix(uint64_t hash, const char *text)
{
	return stay_redis__hash(
	    hash, (struct stay_bytes){ text, strlen(text) + 1 });
}

/* A number for the place of a session. */
static uint64_t
place_of(struct stay_session *session)
{
	const struct stay_url *url = stay_session_url(session);
	uint64_t hash = mix(STAY_REDIS__HASH_START, url->scheme);

	return mix(mix(mix(hash, url->host), url->port), url->path);
}

static enum stay_status
start(struct stay_redis__hub *hub)
{
	struct stay_client *front = hub->front->client, *client;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	struct stay_redis__config *config;
	char label[LABEL_MAX];
	enum stay_status status;

	stay_client_get_options(front, &options);
	config = stay_redis__config_copy(options.config);
	if (config == NULL)
		return STAY_E_NOMEM;
	snprintf(label, sizeof(label), "%.480s (subscriptions)", options.label);
	change_options(&options, config, label);
	status = stay_client_start_beside(&client, front, &options);
	stay_redis__config_free(config);
	if (status != STAY_OK)
		return status;
	hub->apart = stay_client_keep(client);
	hub->apart->client = client;
	hub->apart->hub = hub;
	hub->apart->is_apart = true;
	hub->aparts++;
	return STAY_OK;
}

/* Without memory it is tried again a little later. */
static void
start_or_wait(struct stay_redis__hub *hub, struct stay_session *session)
{
	enum stay_status status = start(hub);

	hub->place = place_of(session);
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

	if (session == NULL || hub->ended || hub->apart_waits)
		return;
	if (front->agreed.protocol == 3) {
		stay_redis__apart_drop(hub);
		hub->apart_waits = false;
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
	if (hub->apart != NULL &&
	    (hub->has_changed || hub->place != place_of(session)))
		stay_redis__apart_drop(hub);
	hub->has_changed = false;
	hub->apart_waits = false;
	stay_redis__apart_choose(hub, session);
}

void
stay_redis__apart_drop(struct stay_redis__hub *hub)
{
	struct stay_redis *apart = hub->apart;

	hub->apart_waits = true;
	if (apart == NULL)
		return;
	hub->apart = NULL;
	if (hub->carrier == apart)
		stay_redis__hub_over(hub, STAY_E_RECONNECT);
	stay_client_stop(apart->client, STAY_OK);
}
