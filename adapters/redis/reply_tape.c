/*
 * The memory of a tape, and which aggregate is open. Memory is allocated as nodes
 * arrive, never because of a count that the server announced.
 */
#include "reply_tape.h"

#include <stdlib.h>
#include <string.h>

#define TAPE_FIRST 4u

const char stay_redis__too_many_elements[] =
    "a reply has more than elements_max elements";
const char stay_redis__no_type[] = "a value begins with a byte that is no type "
				   "of RESP: is this a Redis server?";
const char stay_redis__push_inside[] = "a push is inside a reply";
const char stay_redis__too_deep[] = "a reply is nested deeper than depth_max";

bool
stay_redis__tape_grow(struct stay_redis__tape *tape)
{
	uint32_t max = tape->elements_max + 1, cap = TAPE_FIRST;
	struct stay_redis_reply *nodes;

	if (tape->used >= max)
		return false;
	if (tape->cap > 0)
		cap = tape->cap > max / 2 ? max : tape->cap * 2;
	if (cap > max)
		cap = max;
	nodes = realloc(tape->nodes, cap * sizeof(*nodes));
	if (nodes == NULL)
		return false;
	tape->nodes = nodes;
	tape->cap = cap;
	return true;
}

const char *
stay_redis__tape_why(const struct stay_redis__tape *tape)
{
	return tape->used > tape->elements_max
		   ? stay_redis__too_many_elements
		   : "there is no memory for the reply";
}

/* One that is used well is kept. */
void
stay_redis__tape_shrink(struct stay_redis__tape *tape)
{
	if (tape->used <= tape->cap / 4)
		stay_redis__tape_fini(tape);
}

struct stay_redis_reply *
stay_redis__tape_leave(struct stay_redis__tape *tape)
{
	struct stay_redis_reply *node = &tape->nodes[tape->open];

	if (node->len > 0)
		tape->nodes[node->at.left - STAY_REDIS__STREAMED].last = true;
	tape->open = node->next;
	tape->depth--;
	return node;
}

size_t
stay_redis__tape_copy(const struct stay_redis__tape *tape,
    const struct stay_redis_reply *reply, const char *base,
    struct stay_redis_reply *to, const struct stay_redis_reply **kept)
{
	size_t size = tape->used * sizeof(*to);
	uintptr_t at = (uintptr_t)reply - (uintptr_t)tape->nodes;

	if (at >= size)
		return 0;
	if (to != NULL) {
		memcpy(to, tape->nodes, size);
		to[0].at.base = base;
		*kept = to + reply->index;
	}
	return size;
}

void
stay_redis__tape_fini(struct stay_redis__tape *tape)
{
	free(tape->nodes);
	tape->nodes = NULL;
	tape->cap = tape->used = 0;
}
