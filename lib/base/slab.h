/*
 * Input memory: slabs, refcounted, one per loop as long as nobody holds one.
 * Frames are decoded where they were read.
 */
#ifndef STAY__SLAB_H
#define STAY__SLAB_H

#include <stay/status.h>

#include "base/list.h"

struct stay_loop;

struct stay__slab {
	struct stay__list node; /* in loop->slabs while spare */
	unsigned refs;
	size_t cap;
	char bytes[];
};

/* Of at least `cap` bytes, with one reference. NULL: no memory. */
struct stay__slab *stay__slab_take(struct stay_loop *loop, size_t cap);
void stay__slab_hold(struct stay__slab *slab);
/* The last reference makes it spare, or frees it when large or too many are. */
void stay__slab_drop(struct stay_loop *loop, struct stay__slab *slab);
/* Free all spare ones. */
void stay__slab_trim(struct stay_loop *loop);

#endif
