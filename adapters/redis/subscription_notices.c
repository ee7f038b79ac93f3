/*
 * What each owner is told, and when: messages as they are read, notices in a turn of
 * their own, or before the next message. For an owner that has paused, messages are
 * kept, and the places of the gaps among them. A callback may end every subscription,
 * its own, too: one that ends leaves its topic at once, and is freed behind ENDED.
 */
#include <stdlib.h>

#include "session.h"
#include "subscriptions.h"

/* Callbacks in one turn. */
#define TELL_MAX 256u

struct kept {
	struct stay_redis__ring node;
	struct stay_held *held;
	uint64_t bytes;
};

static struct stay_redis_subscription *
of_due(struct stay_redis__ring *node)
{
	return STAY_REDIS__OF(node, struct stay_redis_subscription, due);
}

static void
notify(struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	if (subscription->on_notice != NULL)
		subscription->on_notice(
		    subscription->arg, subscription, notice);
}

void
stay_redis__subscription_due(struct stay_redis_subscription *subscription)
{
	struct stay_redis__hub *hub = subscription->hub;

	stay_redis__ring_push(&hub->due, &subscription->due);
	stay_redis__hub_wake(hub);
}

/* ---- kept messages ---- */

static void
forget_first(struct stay_redis_subscription *subscription)
{
	struct stay_redis__ring *node = subscription->kept.next;
	struct kept *kept = STAY_REDIS__OF(node, struct kept, node);

	stay_redis__ring_remove(node);
	subscription->kept_count--;
	subscription->kept_bytes -= kept->bytes;
	subscription->hub->counts.kept--;
	free(kept);
}

static struct stay_held *
first_held(const struct stay_redis_subscription *subscription)
{
	return STAY_REDIS__OF(subscription->kept.next, const struct kept, node)
	    ->held;
}

/* Reading waits when no more may be kept, till half of that is taken. */
static void
stall(struct stay_redis_subscription *subscription)
{
	if (subscription->slow == STAY_REDIS_SLOW_PAUSE &&
	    (subscription->kept_count >= subscription->kept_max ||
		subscription->kept_bytes >= subscription->kept_bytes_max))
		stay_redis__stall(subscription);
}

static void
unstall(struct stay_redis_subscription *subscription)
{
	if (subscription->kept_count <= subscription->kept_max / 2 &&
	    subscription->kept_bytes <= subscription->kept_bytes_max / 2)
		stay_redis__unstall(subscription);
}

/* With STAY_REDIS_SLOW_PAUSE the last message may pass the bound in bytes. */
static bool
may_be_kept(const struct stay_redis_subscription *subscription, uint64_t bytes)
{
	if (subscription->dropped > 0)
		return false;
	return subscription->slow == STAY_REDIS_SLOW_PAUSE ||
	       (subscription->kept_count < subscription->kept_max &&
		   bytes <=
		       subscription->kept_bytes_max - subscription->kept_bytes);
}

static bool
keep(struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct stay_redis__hub *hub = subscription->hub;
	uint64_t bytes = message->channel.len + message->payload.len;
	struct kept *kept;

	if (!may_be_kept(subscription, bytes))
		return false;
	kept = calloc(1, sizeof(*kept));
	if (kept == NULL)
		return false;
	if (stay_held_new(hub->speaker->client, message->reply, &kept->held) !=
	    STAY_OK) {
		free(kept);
		return false;
	}
	kept->bytes = bytes;
	stay_redis__ring_init(&kept->node);
	stay_redis__ring_push(&subscription->kept, &kept->node);
	subscription->kept_count++;
	subscription->kept_bytes += bytes;
	hub->counts.kept++;
	stall(subscription);
	return true;
}

/* Its owner is too slow. */
static void
overflow(struct stay_redis_subscription *subscription)
{
	struct stay_redis__hub *hub = subscription->hub;

	if (subscription->dropped++ == 0)
		subscription->dropped_since_ms = stay_redis__hub_now(hub);
	hub->counts.dropped++;
	if (subscription->slow == STAY_REDIS_SLOW_END)
		stay_redis__subscription_end(subscription, STAY_E_FULL);
}

/* ---- handing out ---- */

static void
hand(struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message, struct stay_held *held)
{
	struct stay_redis__given *given = &subscription->hub->given;

	*given =
	    (struct stay_redis__given){ subscription, message->reply, held };
	subscription->hub->counts.delivered++;
	subscription->on_message(subscription->arg, subscription, message);
	given->to = NULL;
	stay_held_free(given->held);
}

static void
hand_first(struct stay_redis_subscription *subscription)
{
	struct stay_held *held = first_held(subscription);
	const struct stay_redis_message message =
	    stay_redis_message_of(stay_held_reply(held));
	struct stay_redis__gap *gap = &subscription->gap;

	forget_first(subscription);
	unstall(subscription);
	gap->begin_behind -= gap->begin_behind > 0;
	gap->end_behind -= gap->end_behind > 0;
	hand(subscription, &message, held);
}

static void
tell_subscribed(struct stay_redis_subscription *subscription)
{
	subscription->told = true;
	notify(subscription,
	    &(const struct stay_redis_notice){ .kind = STAY_REDIS_SUBSCRIBED });
}

static void
tell_dropped(struct stay_redis_subscription *subscription)
{
	const struct stay_redis_notice notice = { .kind = STAY_REDIS_DROPPED,
		.since_ms = subscription->dropped_since_ms,
		.until_ms = stay_redis__hub_now(subscription->hub),
		.dropped = subscription->dropped };

	subscription->dropped = 0;
	notify(subscription, &notice);
}

static void
tell_gap(struct stay_redis_subscription *subscription)
{
	struct stay_redis__gap *gap = &subscription->gap;
	const struct stay_redis_notice notice = {
		.kind = gap->is_told ? STAY_REDIS_RESTORED : STAY_REDIS_LOST,
		.status = gap->is_told ? STAY_OK : gap->status,
		.since_ms = gap->since_ms,
		.until_ms = gap->is_told ? gap->until_ms : 0
	};

	gap->is_open = !gap->is_told;
	gap->is_told = true;
	notify(subscription, &notice);
}

/* The end of a gap that was told, or the beginning of one, comes next. */
static bool
is_gap_next(const struct stay_redis__gap *gap)
{
	if (!gap->is_open)
		return false;
	return gap->is_told ? gap->is_over && gap->end_behind == 0
			    : gap->begin_behind == 0;
}

/* One callback. False: there is none to run. */
static bool
step(struct stay_redis_subscription *subscription)
{
	if (subscription->ends || subscription->paused)
		return false;
	if (subscription->joined && !subscription->told)
		tell_subscribed(subscription);
	else if (subscription->dropped > 0 && subscription->kept_count == 0)
		tell_dropped(subscription);
	else if (is_gap_next(&subscription->gap))
		tell_gap(subscription);
	else if (subscription->kept_count > 0)
		hand_first(subscription);
	else
		return false;
	return true;
}

static void
give(struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	if (!subscription->joined ||
	    subscription->after == subscription->hub->message)
		return;
	while (subscription->kept_count == 0 && step(subscription))
		continue;
	if (subscription->ends)
		return;
	if (!subscription->paused && subscription->kept_count == 0)
		hand(subscription, message, NULL);
	else if (!keep(subscription, message))
		overflow(subscription);
}

void
stay_redis__deliver(struct stay_redis__hub *hub,
    struct stay_redis__topic *topic, const struct stay_redis_message *message)
{
	struct stay_redis__ring *node = topic->subscribers.next;

	hub->message++;
	for (; node != &topic->subscribers; node = hub->cursor) {
		hub->cursor = node->next;
		give(STAY_REDIS__OF(
			 node, struct stay_redis_subscription, of_topic),
		    message);
	}
	hub->cursor = NULL;
}

/* ---- what has happened ---- */

void
stay_redis__subscription_joined(struct stay_redis_subscription *subscription)
{
	if (subscription->joined)
		return;
	subscription->joined = true;
	stay_redis__subscription_due(subscription);
}

/* One that nobody knows of yet is as if it had never been. A gap that was not told to
 * its end goes on. */
void
stay_redis__subscription_lost(
    struct stay_redis_subscription *subscription, enum stay_status why)
{
	struct stay_redis__gap *gap = &subscription->gap;

	if (!subscription->told && subscription->kept_count == 0 &&
	    subscription->dropped == 0)
		subscription->joined = false;
	if (!subscription->joined)
		return;
	gap->is_over = false;
	if (gap->is_open)
		return;
	*gap = (struct stay_redis__gap){ .is_open = true,
		.since_ms = subscription->hub->proven_ms,
		.begin_behind = subscription->kept_count,
		.status = why };
	stay_redis__subscription_due(subscription);
}

void
stay_redis__subscription_restored(struct stay_redis_subscription *subscription)
{
	struct stay_redis__gap *gap = &subscription->gap;

	if (!gap->is_open || gap->is_over)
		return;
	gap->is_over = true;
	gap->until_ms = stay_redis__hub_now(subscription->hub);
	gap->end_behind = subscription->kept_count;
	stay_redis__subscription_due(subscription);
}

/* ---- the end ---- */

/* It is in no ring of its topic any more. */
static void
leave(struct stay_redis_subscription *subscription, enum stay_status status)
{
	struct stay_redis__hub *hub = subscription->hub;

	if (hub->cursor == &subscription->of_topic)
		hub->cursor = subscription->of_topic.next;
	stay_redis__ring_remove(&subscription->of_topic);
	stay_redis__unstall(subscription);
	subscription->ends = true;
	subscription->status = status;
	hub->ending++;
}

void
stay_redis__subscription_end(
    struct stay_redis_subscription *subscription, enum stay_status status)
{
	struct stay_redis__hub *hub = subscription->hub;

	leave(subscription, status);
	stay_redis__topic_changed(hub, subscription->topic);
	stay_redis__subscription_due(subscription);
}

/* Tell the last of it, and free it. */
static void
finish(struct stay_redis_subscription *subscription,
    const struct stay_redis_reply *reply)
{
	struct stay_redis__hub *hub = subscription->hub;
	const struct stay_redis_notice notice = { .kind = STAY_REDIS_ENDED,
		.status = subscription->status,
		.dropped = subscription->dropped + subscription->kept_count,
		.reply = reply };

	while (subscription->kept_count > 0) {
		stay_held_free(first_held(subscription));
		forget_first(subscription);
	}
	notify(subscription, &notice);
	/* Its owner may have resumed it even then. */
	stay_redis__ring_remove(&subscription->due);
	hub->ending--;
	hub->counts.subscriptions--;
	hub->counts.bytes -= sizeof(*subscription);
	stay_redis__topic_leave(hub, subscription->topic);
	free(subscription);
}

void
stay_redis__subscription_refuse(struct stay_redis_subscription *subscription,
    enum stay_status status, const struct stay_redis_reply *reply)
{
	subscription->hub->counts.refused++;
	leave(subscription, status);
	finish(subscription, reply);
}

static void
end_topic(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	struct stay_redis__ring *node;

	topic->users++;
	while ((node = topic->subscribers.next) != &topic->subscribers)
		stay_redis__subscription_end(
		    STAY_REDIS__OF(
			node, struct stay_redis_subscription, of_topic),
		    hub->why);
	stay_redis__topic_leave(hub, topic);
}

void
stay_redis__end_all(struct stay_redis__hub *hub, enum stay_status status)
{
	hub->why = status == STAY_OK ? STAY_E_STOPPED : status;
	stay_redis__topic_each(hub, end_topic);
}

bool
stay_redis__tell_due(struct stay_redis__hub *hub)
{
	struct stay_redis__ring *due = &hub->due, *node;

	for (unsigned i = 0; i < TELL_MAX && (node = due->next) != due; i++) {
		stay_redis__ring_push(due, node);
		if (of_due(node)->ends)
			finish(of_due(node), NULL);
		else if (!step(of_due(node)))
			stay_redis__ring_remove(node);
	}
	return !stay_redis__ring_is_empty(due);
}
