/* The functions of <stay/redis_subscribe.h>: what the program says is checked here. */
#include <stay/redis_subscribe.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "session.h"
#include "subscriptions.h"

#define NAME_MAX_BYTES ((size_t)1 << 20)
#define KEPT_MAX       256u
#define KEPT_BYTES_MAX ((uint64_t)1 << 20)

/* ---- checking ---- */

static enum stay_status
take_options(struct stay_redis_subscription_options *own,
    const struct stay_redis_subscription_options *options)
{
	memset(own, 0, sizeof(*own));
	if (options == NULL)
		return STAY_E_ARG;
	if (options->size < sizeof(options->size) ||
	    options->size > sizeof(*own))
		return STAY_E_ABI;
	memcpy(own, options, options->size);
	if (own->name == NULL || own->on_message == NULL ||
	    (unsigned)own->kind > STAY_REDIS_SHARD ||
	    (unsigned)own->slow > STAY_REDIS_SLOW_PAUSE)
		return STAY_E_ARG;
	if (own->name_len == 0)
		own->name_len = strlen(own->name);
	if (own->kept_max == 0)
		own->kept_max = KEPT_MAX;
	if (own->kept_max > UINT32_MAX)
		return STAY_E_ARG;
	if (own->kept_bytes_max == 0)
		own->kept_bytes_max = KEPT_BYTES_MAX;
	return own->name_len > NAME_MAX_BYTES ? STAY_E_TOO_BIG : STAY_OK;
}

/* The first subscription of a client. */
static struct stay_redis__hub *
hub_of(struct stay_redis *redis)
{
	struct stay_redis__hub *hub;

	if (redis->hub != NULL)
		return redis->hub;
	hub = stay_redis__hub_new(redis);
	if (hub == NULL || stay_client_wake(redis->client) != STAY_OK) {
		stay_redis__hub_free(hub);
		return NULL;
	}
	redis->hub = hub;
	return hub;
}

static bool
has_room(const struct stay_redis__hub *hub, size_t bytes)
{
	const struct stay_redis__config *config =
	    stay_client_config(hub->front->client);

	return hub->counts.subscriptions < config->subscriptions_max &&
	       hub->counts.bytes + bytes <= config->subscription_bytes_max;
}

/* ---- subscribing ---- */

static void
fill(struct stay_redis_subscription *own,
    const struct stay_redis_subscription_options *options)
{
	stay_redis__ring_init(&own->of_topic);
	stay_redis__ring_init(&own->due);
	stay_redis__ring_init(&own->kept);
	own->on_message = options->on_message;
	own->on_notice = options->on_notice;
	own->arg = options->arg;
	own->slow = (uint8_t)options->slow;
	own->kept_max = (uint32_t)options->kept_max;
	own->kept_bytes_max = options->kept_bytes_max;
}

/* What is being delivered just now is of before. */
static void
enlist(struct stay_redis__hub *hub, struct stay_redis__topic *topic,
    struct stay_redis_subscription *own)
{
	own->hub = hub;
	own->topic = topic;
	own->after = hub->message;
	topic->users++;
	stay_redis__ring_push(&topic->subscribers, &own->of_topic);
	hub->counts.subscriptions++;
	hub->counts.bytes += sizeof(*own);
	stay_redis__topic_changed(hub, topic);
	if (topic->wire == STAY_REDIS__WIRE_ON)
		stay_redis__subscription_joined(own);
}

static enum stay_status
subscribe(struct stay_redis *redis,
    const struct stay_redis_subscription_options *options,
    struct stay_redis_subscription **made)
{
	const struct stay_bytes name = { options->name, options->name_len };
	struct stay_redis__hub *hub = hub_of(redis);
	struct stay_redis_subscription *own;
	struct stay_redis__topic *topic;

	if (hub == NULL)
		return STAY_E_NOMEM;
	topic = stay_redis__topic_find(hub, options->kind, name);
	if (!has_room(hub,
		sizeof(*own) + (topic == NULL ? sizeof(*topic) + name.len : 0)))
		return STAY_E_FULL;
	own = calloc(1, sizeof(*own));
	if (own != NULL && topic == NULL)
		topic = stay_redis__topic_new(hub, options->kind, name);
	if (own == NULL || topic == NULL) {
		free(own);
		return STAY_E_NOMEM;
	}
	fill(own, options);
	enlist(hub, topic, own);
	*made = own;
	return STAY_OK;
}

enum stay_status
stay_redis_subscribe(struct stay_redis *redis,
    const struct stay_redis_subscription_options *options,
    struct stay_redis_subscription **subscription)
{
	struct stay_redis_subscription_options own;
	struct stay_redis_subscription *made = NULL;
	enum stay_status status = take_options(&own, options);

	assert(redis != NULL);
	if (status == STAY_OK && !stay_conn_admits(stay_redis_conn(redis)))
		status = STAY_E_DRAINING;
	if (status == STAY_OK)
		status = subscribe(redis, &own, &made);
	if (subscription != NULL)
		*subscription = made;
	return status;
}

void
stay_redis_unsubscribe(struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	if (!subscription->ends)
		stay_redis__subscription_end(subscription, STAY_OK);
}

/* ---- a slow owner ---- */

void
stay_redis_subscription_pause(struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	subscription->paused = true;
}

void
stay_redis_subscription_resume(struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	subscription->paused = false;
	stay_redis__subscription_due(subscription);
}

enum stay_status
stay_redis_message_hold(
    struct stay_redis_subscription *subscription, struct stay_held **held)
{
	struct stay_redis__given *given;

	assert(subscription != NULL);
	if (held == NULL)
		return STAY_E_ARG;
	*held = NULL;
	given = &subscription->hub->given;
	if (given->to != subscription || given->reply == NULL)
		return STAY_E_STATE;
	if (given->held == NULL)
		return stay_held_new(
		    subscription->hub->speaker->client, given->reply, held);
	*held = given->held;
	*given = (struct stay_redis__given){ .to = subscription };
	return STAY_OK;
}

/* ---- asking ---- */

struct stay_redis *
stay_redis_subscription_redis(
    const struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	return subscription->hub->front;
}

enum stay_redis_subscription_kind
stay_redis_subscription_kind_of(
    const struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	return (enum stay_redis_subscription_kind)subscription->topic->kind;
}

struct stay_bytes
stay_redis_subscription_name(const struct stay_redis_subscription *subscription)
{
	assert(subscription != NULL);
	return (struct stay_bytes){ subscription->topic->name,
		subscription->topic->len };
}

/* The program's struct may be older, and so shorter, than the library's; or newer. */
void
stay_redis_get_subscription_counts(const struct stay_redis *redis,
    struct stay_redis_subscription_counts *counts)
{
	static const struct stay_redis_subscription_counts none = { 0 };
	const struct stay_redis_subscription_counts *all;
	size_t size;

	assert(redis != NULL && counts != NULL);
	all = redis->hub != NULL ? &redis->hub->counts : &none;
	size = counts->size;
	memcpy(counts, all, size < sizeof(*all) ? size : sizeof(*all));
	counts->size = size;
}
