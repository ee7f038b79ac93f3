/*
 * Input memory: slabs with a reference count, from a pool that keeps a few spare
 * ones. Frames are decoded in the slab they were read into, without a copy.
 */
#ifndef STAY__SLAB_H
#define STAY__SLAB_H

#include <assert.h>

#include <stay/status.h>

#include "base/mem.h"

#define STAY__SLAB_SIZE ((size_t)64 * 1024)

/* Enough for a turn in which several connections are left with part of a frame. */
#define STAY__SLABS_SPARE_MAX 4

struct stay__slabs {
	struct stay__slab *spare; /* the first of them; NULL: none */
	size_t count;             /* spare slabs */
};

/* How far a reader has come in the bytes of his slab: input.c. A reader without bytes
 * has no slab, and so no place. */
struct stay__place {
	size_t start; /* live bytes: bytes[start .. end) */
	size_t end;
	size_t wanted; /* how many in all the behaviour would like */
	size_t
	    kept; /* of a delivery: how many of its bytes are to be kept... */
	size_t want; /* ...until so many are there */
};

struct stay__slab {
	struct stay__slab *next; /* of the spare ones, while it is spare */
	unsigned refs;
	struct stay__place place; /* of the one who reads into it */
	size_t cap;
	char bytes[];
};

void stay__slabs_init(struct stay__slabs *slabs);
/* Free all spare slabs. */
void stay__slabs_trim(struct stay__slabs *slabs);

/* Without a look at the spare ones. */
struct stay__slab *stay__slab_new(size_t cap);

/* Get a slab of at least `cap` bytes, with one reference. NULL: no memory. Inline, and
 * so is stay__slab_drop, because each read that leaves nothing borrows one. */
static inline struct stay__slab *
stay__slab_take(struct stay__slabs *slabs, size_t cap)
{
	struct stay__slab *slab = slabs->spare;

	if (slab == NULL || cap > STAY__SLAB_SIZE)
		return stay__slab_new(cap);
	slabs->spare = slab->next;
	slabs->count--;
	slab->refs = 1;
	slab->place = (struct stay__place){ 0 };
	return slab;
}

static inline void
stay__slab_hold(struct stay__slab *slab)
{
	slab->refs++;
}

/* Drop a reference. A slab without references becomes spare. It is freed if it is
 * large, or if there are enough spare ones. */
static inline void
stay__slab_drop(struct stay__slabs *slabs, struct stay__slab *slab)
{
	assert(slab->refs > 0);
	if (--slab->refs > 0)
		return;
	if (slab->cap > STAY__SLAB_SIZE ||
	    slabs->count >= STAY__SLABS_SPARE_MAX) {
		stay__free(slab);
		return;
	}
	slab->next = slabs->spare;
	slabs->spare = slab;
	slabs->count++;
}

#endif
