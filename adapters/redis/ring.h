/* A ring of nodes that lie in what they link: in and out in constant time. */
#ifndef STAY_REDIS__RING_H
#define STAY_REDIS__RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stay_redis__ring {
	struct stay_redis__ring *prev;
	struct stay_redis__ring *next;
};

/* What a node lies in. */
#define STAY_REDIS__OF(node, type, member)                                     \
	((type *)((uintptr_t)(node)-offsetof(type, member)))

static inline void
stay_redis__ring_init(struct stay_redis__ring *ring)
{
	ring->prev = ring->next = ring;
}

/* No node; of a node: it is in no ring. */
static inline bool
stay_redis__ring_is_empty(const struct stay_redis__ring *ring)
{
	return ring->next == ring;
}

static inline void
stay_redis__ring_remove(struct stay_redis__ring *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	stay_redis__ring_init(node);
}

/* To the end, wherever it was. */
static inline void
stay_redis__ring_push(
    struct stay_redis__ring *ring, struct stay_redis__ring *node)
{
	stay_redis__ring_remove(node);
	node->prev = ring->prev;
	node->next = ring;
	ring->prev->next = node;
	ring->prev = node;
}

#endif
