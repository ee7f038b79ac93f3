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

/* Give back a tape that one large reply has grown. */
void stay_redis__tape_shrink(struct stay_redis__tape *tape);

/* Make room for another node; false if there is none. */
bool stay_redis__tape_grow(struct stay_redis__tape *tape);

extern const char stay_redis__too_many_elements[], stay_redis__push_inside[],
    stay_redis__too_deep[], stay_redis__no_type[];

/* Why the last node was not added. */
const char *stay_redis__tape_why(const struct stay_redis__tape *tape);

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

/* Forget the last reply. */
static inline void
stay_redis__tape_begin(struct stay_redis__tape *tape)
{
	if (tape->cap > STAY_REDIS__TAPE_SPARE)
		stay_redis__tape_shrink(tape);
	tape->used = 1;
	tape->open = tape->depth = tape->attribute = 0;
}

/* Make room for a node; false if there is none. */
static inline bool
stay_redis__tape_room(struct stay_redis__tape *tape)
{
	return tape->used < tape->cap || stay_redis__tape_grow(tape);
}

/* Append a node, whose `next` is not known yet. There is room. */
static inline struct stay_redis_reply *
stay_redis__tape_add(
    struct stay_redis__tape *tape, unsigned type, size_t offset, size_t len)
{
	struct stay_redis_reply *node = &tape->nodes[tape->used];

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

/* Whether an aggregate of so many children may come next: NULL, or what is wrong
 * with it. They count against the bound before they arrive. */
static inline const char *
stay_redis__tape_refuses(
    const struct stay_redis__tape *tape, unsigned type, uint64_t children)
{
	if (tape->used + children > tape->elements_max)
		return stay_redis__too_many_elements;
	if (type == STAY_REDIS_PUSH && tape->open != 0)
		return stay_redis__push_inside;
	if (tape->depth >= tape->depth_max)
		return stay_redis__too_deep;
	return NULL;
}

/* Append an aggregate; the next nodes are its children. There is room. */
static inline void
stay_redis__tape_open(
    struct stay_redis__tape *tape, unsigned type, size_t left, size_t len)
{
	struct stay_redis_reply *node =
	    stay_redis__tape_add(tape, type, left, len);

	node->next = tape->open;
	tape->open = node->index;
	tape->depth++;
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

/*
 * Append a scalar that no attribute stands in front of. There is room. `parent` is
 * the open aggregate, or node 0 with one child to come. Most scalars are not the last
 * of their siblings: these are counted here, and complete nothing. Returns NULL for
 * them, and else what is still to be finished: the node, or the parent that it was the
 * last child of.
 */
static inline struct stay_redis_reply *
stay_redis__tape_put(struct stay_redis__tape *tape,
    struct stay_redis_reply *parent, unsigned type, size_t offset, size_t len)
{
	struct stay_redis_reply *node = &tape->nodes[tape->used];

	*node = (struct stay_redis_reply){ .at.offset = offset,
		.len = len,
		.index = tape->used,
		.next = tape->used + 1,
		.type = (uint8_t)type };
	tape->used++;
	if (parent->at.left > 1 && parent->at.left < STAY_REDIS__STREAMED) {
		parent->at.left--;
		return NULL;
	}
	node->last = parent->at.left == 1;
	if (!node->last || tape->open == 0)
		return node;
	parent->at.left = 0;
	tape->open = parent->next;
	tape->depth--;
	return parent;
}

/* Whether the reply is complete: a node is there, and nothing is open. */
static inline bool
stay_redis__tape_is_whole(const struct stay_redis__tape *tape)
{
	return tape->used > 1 && tape->open == 0 && tape->attribute == 0;
}

/* Whether a lone scalar fits without growing or shrinking. */
static inline bool
stay_redis__tape_fits_one(const struct stay_redis__tape *tape)
{
	return tape->cap >= 2 && tape->cap <= STAY_REDIS__TAPE_SPARE;
}

/* The whole reply is the scalar of `len` bytes at base + offset. */
static inline void
stay_redis__tape_set_one(struct stay_redis__tape *tape, const char *base,
    unsigned type, size_t offset, size_t len)
{
	tape->nodes[0].at.base = base;
	tape->nodes[1] = (struct stay_redis_reply){ .at.offset = offset,
		.len = len,
		.index = 1,
		.next = 2,
		.type = (uint8_t)type,
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
