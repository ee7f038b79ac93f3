/* Topics by kind and name, in a hash table that grows; and the block of them all. */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "subscriptions.h"

#define PLACES_MIN 16u

struct stay_redis__hub *
stay_redis__hub_new(struct stay_redis *front)
{
	struct stay_redis__hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return NULL;
	hub->table = calloc(PLACES_MIN, sizeof(struct stay_redis__topic *));
	if (hub->table == NULL) {
		free(hub);
		return NULL;
	}
	hub->mask = PLACES_MIN - 1;
	hub->front = front;
	stay_redis__ring_init(&hub->topics);
	stay_redis__ring_init(&hub->todo);
	stay_redis__ring_init(&hub->asked);
	stay_redis__ring_init(&hub->ping);
	stay_redis__ring_init(&hub->due);
	return hub;
}

void
stay_redis__hub_free(struct stay_redis__hub *hub)
{
	if (hub == NULL)
		return;
	free(hub->table);
	free(hub);
}

uint64_t
stay_redis__hub_now(const struct stay_redis__hub *hub)
{
	return stay_loop_now_ms(
	    stay_conn_loop(stay_client_conn(hub->front->client)));
}

/* It has woken up before, and so has the memory for it. */
void
stay_redis__hub_wake(struct stay_redis__hub *hub)
{
	(void)stay_client_wake(hub->front->client);
}

/* ---- the table ---- */

/* Once more through all bits. The start is not known to who may choose the names. */
static uint32_t
hash_of(
    const struct stay_redis__hub *hub, unsigned kind, struct stay_bytes name)
{
	uint64_t hash = stay_redis__hash(
	    STAY_REDIS__HASH_START ^ (uintptr_t)hub ^ kind, name);

	hash ^= hash >> 32;
	return (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

struct stay_redis__topic *
stay_redis__topic_find(
    const struct stay_redis__hub *hub, unsigned kind, struct stay_bytes name)
{
	uint32_t hash = hash_of(hub, kind, name);
	struct stay_redis__topic *topic = hub->table[hash & hub->mask];

	while (
	    topic != NULL && (topic->hash != hash || topic->kind != kind ||
				 topic->len != name.len ||
				 memcmp(topic->name, name.data, name.len) != 0))
		topic = topic->chain;
	return topic;
}

/* Without memory the chains grow longer. */
static void
grow(struct stay_redis__hub *hub)
{
	uint32_t mask = hub->mask * 2 + 1;
	struct stay_redis__topic **table =
	    calloc((size_t)mask + 1, sizeof(struct stay_redis__topic *));
	struct stay_redis__topic *topic, **place;

	if (table == NULL)
		return;
	for (uint32_t i = 0; i <= hub->mask; i++) {
		while ((topic = hub->table[i]) != NULL) {
			hub->table[i] = topic->chain;
			place = &table[topic->hash & mask];
			topic->chain = *place;
			*place = topic;
		}
	}
	free(hub->table);
	hub->table = table;
	hub->mask = mask;
}

struct stay_redis__topic *
stay_redis__topic_new(
    struct stay_redis__hub *hub, unsigned kind, struct stay_bytes name)
{
	struct stay_redis__topic *topic = calloc(1, sizeof(*topic) + name.len);
	struct stay_redis__topic **place;

	if (topic == NULL)
		return NULL;
	stay_redis__ring_init(&topic->subscribers);
	stay_redis__ring_init(&topic->work);
	stay_redis__ring_init(&topic->all);
	stay_redis__ring_push(&hub->topics, &topic->all);
	topic->kind = (uint8_t)kind;
	topic->len = name.len;
	memcpy(topic->name, name.data, name.len);
	topic->hash = hash_of(hub, kind, name);
	place = &hub->table[topic->hash & hub->mask];
	topic->chain = *place;
	*place = topic;
	hub->counts.bytes += sizeof(*topic) + name.len;
	if (hub->counts.channels++ > hub->mask)
		grow(hub);
	return topic;
}

static void
free_unused(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	if (!topic->unlinked || topic->users > 0)
		return;
	hub->counts.bytes -= sizeof(*topic) + topic->len;
	free(topic);
}

void
stay_redis__topic_unlink(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	struct stay_redis__topic **at = &hub->table[topic->hash & hub->mask];

	while (*at != topic)
		at = &(*at)->chain;
	*at = topic->chain;
	stay_redis__ring_remove(&topic->work);
	stay_redis__ring_remove(&topic->all);
	hub->counts.channels--;
	topic->unlinked = true;
	free_unused(hub, topic);
}

void
stay_redis__topic_leave(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	topic->users--;
	free_unused(hub, topic);
}

void
stay_redis__topic_each(struct stay_redis__hub *hub,
    void (*each)(struct stay_redis__hub *hub, struct stay_redis__topic *topic))
{
	struct stay_redis__ring *node = hub->topics.next, *next;

	for (; node != &hub->topics; node = next) {
		next = node->next;
		each(hub, STAY_REDIS__OF(node, struct stay_redis__topic, all));
	}
}
