/*
 * The tags of one session: which tag belongs to which owner. Every operation is
 * O(1) on average.
 *
 * A tag that was let go of has no owner and stays in the table, so that it is not
 * given again. Of so many of them, the oldest is forgotten first.
 */
#ifndef STAY__TAGS_H
#define STAY__TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as a protocol with 16 bits for its tags can have. */
#define STAY__TAGS_GONE_MAX 65536u

struct stay__tag {
	uint64_t tag;
	uint64_t word; /* of the owner; of a tag let go of: the next of those */
	void *owner;   /* the table itself: let go of; NULL: the slot is free */
};

struct stay__tags {
	struct stay__tag *slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
	uint64_t last; /* what stay__tags_free_one found last */
	size_t gone;
	uint64_t gone_first; /* the oldest that was let go of... */
	uint64_t gone_last;  /* ...and the newest */
};

void stay__tags_fini(struct stay__tags *tags);

/* Make room for one more. False: no memory. */
bool stay__tags_reserve(struct stay__tags *tags);
/* Keep no more memory than they need. */
void stay__tags_trim(struct stay__tags *tags);
/* The tag must not be in the table, and there must be room. */
void stay__tags_put(
    struct stay__tags *tags, uint64_t tag, uint64_t word, void *owner);
/* NULL: the tag is free. It moves when another is put in or taken out. */
struct stay__tag *stay__tags_find(const struct stay__tags *tags, uint64_t tag);
void stay__tags_take(struct stay__tags *tags, struct stay__tag *slot);
void stay__tags_let_go(struct stay__tags *tags, struct stay__tag *slot);
/* Forget all; the session is over. */
void stay__tags_clear(struct stay__tags *tags);

/* A free tag from 1 to `max`, none of those that were found last; 0: there is
 * none. */
uint64_t stay__tags_free_one(struct stay__tags *tags, uint64_t max);

static inline bool
stay__tag_is_gone(const struct stay__tags *tags, const struct stay__tag *slot)
{
	return slot->owner == tags;
}

#endif
