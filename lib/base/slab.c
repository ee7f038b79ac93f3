/*
 * Hands out input memory and takes it back. Spare slabs all have one size; a larger
 * slab is freed with its last reference. This file does not know what is read into
 * them.
 */
#include "base/slab.h"

#include <assert.h>

#include "base/mem.h"

/* Enough for a turn in which several connections are left with part of a frame. */
#define SPARE_MAX 4

void
stay__slabs_init(struct stay__slabs *slabs)
{
	stay__list_init(&slabs->spare);
	slabs->count = 0;
}

struct stay__slab *
stay__slab_take(struct stay__slabs *slabs, size_t cap)
{
	struct stay__list *spare;
	struct stay__slab *slab;

	if (cap <= STAY__SLAB_SIZE) {
		cap = STAY__SLAB_SIZE;
		spare = stay__list_pop(&slabs->spare);
		if (spare != NULL) {
			slabs->count--;
			slab = STAY__CONTAINER(spare, struct stay__slab, node);
			slab->refs = 1;
			slab->place = (struct stay__place){ 0 };
			return slab;
		}
	}
	slab = stay__realloc(NULL, sizeof(*slab) + cap);
	if (slab == NULL)
		return NULL;
	stay__list_init(&slab->node);
	slab->refs = 1;
	slab->place = (struct stay__place){ 0 };
	slab->cap = cap;
	return slab;
}

void
stay__slab_hold(struct stay__slab *slab)
{
	slab->refs++;
}

void
stay__slab_drop(struct stay__slabs *slabs, struct stay__slab *slab)
{
	assert(slab->refs > 0);
	if (--slab->refs > 0)
		return;
	if (slab->cap > STAY__SLAB_SIZE || slabs->count >= SPARE_MAX) {
		stay__free(slab);
		return;
	}
	stay__list_push_front(&slabs->spare, &slab->node);
	slabs->count++;
}

void
stay__slabs_trim(struct stay__slabs *slabs)
{
	struct stay__list *spare;

	while ((spare = stay__list_pop(&slabs->spare)) != NULL)
		stay__free(STAY__CONTAINER(spare, struct stay__slab, node));
	slabs->count = 0;
}
