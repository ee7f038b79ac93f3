/*
 * A reply as a tape: one flat array of nodes over the bytes of one frame, in
 * the order of the wire. Text is named by its offset, so the bytes may move in
 * memory until the frame is complete. Nothing is allocated per node.
 *
 *	*2 $3 foo *1 :7      [0] base   [1] array, 2, next 5
 *	                     [2] "foo", next 3   [3] array, 1, last, next 5
 *	                     [4] "7", last, next 5
 *
 * While an aggregate is open, its node says how many children are still to come
 * and which aggregate contains it. So the tape is the stack of the parser, too.
 *
 * An attribute comes before the node it belongs to, as on the wire. A reader
 * that walks the children skips it. The tape knows no bytes and no types but
 * attributes and maps.
 */
#ifndef STAY_REDIS__REPLY_TAPE_H
#define STAY_REDIS__REPLY_TAPE_H

#include <stay/redis.h>

struct stay_redis_reply {
	union {
		const char *base; /* of node 0: the bytes of the frame */
		size_t offset;    /* of a scalar: where its text begins */
		size_t left;      /* of an open aggregate: children to come, or
				   * STAY_REDIS__STREAMED and the index of the
				   * last child so far */
	} at;
	size_t len;         /* of the text; of an aggregate: its children */
	uint32_t index;     /* of this node, so that node - index is node 0 */
	uint32_t next;      /* the node behind this one and its children; while
			     * this one is open, its parent */
	uint32_t attribute; /* the attribute in front of it; 0: none */
	uint8_t type;       /* enum stay_redis_type */
	bool last;          /* no sibling follows */
};

/* The aggregate is streamed: its length comes with its end. */
#define STAY_REDIS__STREAMED (SIZE_MAX / 2 + 1)

/* A tape with more nodes than this shrinks when it is hardly used. */
#define STAY_REDIS__TAPE_SPARE 2048u

/* Zeroed, then given its bounds; must not be copied. */
struct stay_redis__tape {
	struct stay_redis_reply *nodes;
	uint32_t used; /* nodes, node 0 included */
	uint32_t cap;
	uint32_t open;         /* the innermost open aggregate; 0: none */
	uint32_t depth;        /* how many aggregates are open */
	uint32_t attribute;    /* the attribute of the next node; 0: none */
	uint32_t depth_max;    /* never 0 */
	uint32_t elements_max; /* never 0 */
};

/* Forget the last reply. */
void stay_redis__tape_begin(struct stay_redis__tape *tape);

/* Make room for another node; false if there is none. */
bool stay_redis__tape_grow(struct stay_redis__tape *tape);

extern const char stay_redis__too_many_elements[];

/* Why the last node was not added. */
const char *stay_redis__tape_why(const struct stay_redis__tape *tape);

/* Let the next nodes be children of `node`, an aggregate. */
void stay_redis__tape_enter(
    struct stay_redis__tape *tape, struct stay_redis_reply *node);

/* End the innermost aggregate, a streamed one; returns its node. */
struct stay_redis_reply *stay_redis__tape_leave(struct stay_redis__tape *tape);

/*
 * Copy the tape that `reply` is a node of, for bytes that will begin at `base`,
 * to `to` (NULL: only the size is wanted); *kept is `reply` in the copy.
 * Returns the size in bytes, 0 if `reply` is no node of this tape.
 */
size_t stay_redis__tape_copy(const struct stay_redis__tape *tape,
    const struct stay_redis_reply *reply, const char *base,
    struct stay_redis_reply *to, const struct stay_redis_reply **kept);

void stay_redis__tape_fini(struct stay_redis__tape *tape);

/* Append a node; NULL if there is no room. */
static inline struct stay_redis_reply *
stay_redis__tape_add(
    struct stay_redis__tape *tape, unsigned type, size_t offset, size_t len)
{
	struct stay_redis_reply *node;

	if (tape->used >= tape->cap && !stay_redis__tape_grow(tape))
		return NULL;
	node = &tape->nodes[tape->used];
	node->at.offset = offset;
	node->len = len;
	node->index = tape->used++;
	node->attribute = tape->attribute;
	node->type = (uint8_t)type;
	node->last = type == STAY_REDIS_ATTRIBUTE || tape->open == 0 ||
		     tape->nodes[tape->open].at.left == 1;
	tape->attribute = 0;
	return node;
}

/*
 * A node is complete, and so may be the aggregates that it is the last child of.
 * Returns whether the reply is.
 */
static inline bool
stay_redis__tape_finish(
    struct stay_redis__tape *tape, struct stay_redis_reply *node)
{
	uint32_t child;

	for (;;) {
		node->next = tape->used;
		if (node->type == STAY_REDIS_ATTRIBUTE) {
			tape->attribute = node->index;
			return false;
		}
		if (tape->open == 0)
			return true;
		child = node->index;
		node = &tape->nodes[tape->open];
		if (node->at.left >= STAY_REDIS__STREAMED) {
			node->at.left = STAY_REDIS__STREAMED | child;
			node->len++;
			return false;
		}
		if (--node->at.left > 0)
			return false;
		tape->open = node->next;
		tape->depth--;
	}
}

/* Whether a lone string fits without growing or shrinking. */
static inline bool
stay_redis__tape_fits_one(const struct stay_redis__tape *tape)
{
	return tape->cap >= 2 && tape->cap <= STAY_REDIS__TAPE_SPARE;
}

/* The whole reply is the string of `len` bytes at base + offset. */
static inline void
stay_redis__tape_set_string(
    struct stay_redis__tape *tape, const char *base, size_t offset, size_t len)
{
	tape->nodes[0].at.base = base;
	tape->nodes[1] = (struct stay_redis_reply){ .at.offset = offset,
		.len = len,
		.index = 1,
		.next = 2,
		.type = STAY_REDIS_STRING,
		.last = true };
	tape->used = 2;
}

/* A whole reply, without the attributes in front of it. Valid until the next
 * frame is begun. */
static inline const struct stay_redis_reply *
stay_redis__tape_reply(const struct stay_redis__tape *tape)
{
	const struct stay_redis_reply *node = &tape->nodes[1];

	while (node->type == STAY_REDIS_ATTRIBUTE)
		node = &tape->nodes[node->next];
	return node;
}

#endif
