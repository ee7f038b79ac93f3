/*
 * Input memory: slabs with a reference count, from a pool that keeps a few spare
 * ones. Frames are decoded in the slab they were read into, without a copy.
 */
#ifndef STAY__SLAB_H
#define STAY__SLAB_H

#include <stay/status.h>

#include "base/list.h"

#define STAY__SLAB_SIZE ((size_t)64 * 1024)

struct stay__slabs {
	struct stay__list spare;
	size_t count; /* spare slabs */
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
	struct stay__list node; /* in the pool while spare */
	unsigned refs;
	struct stay__place place; /* of the one who reads into it */
	size_t cap;
	char bytes[];
};

void stay__slabs_init(struct stay__slabs *slabs);
/* Free all spare slabs. */
void stay__slabs_trim(struct stay__slabs *slabs);

/* Get a slab of at least `cap` bytes, with one reference. NULL: no memory. */
struct stay__slab *stay__slab_take(struct stay__slabs *slabs, size_t cap);
void stay__slab_hold(struct stay__slab *slab);
/* Drop a reference. A slab without references becomes spare. It is freed if it is
 * large, or if there are enough spare ones. */
void stay__slab_drop(struct stay__slabs *slabs, struct stay__slab *slab);

#endif
