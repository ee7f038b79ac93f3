/*
 * Makes input memory. Spare slabs all have one size; a larger slab is freed with its
 * last reference. This file does not know what is read into them.
 */
#include "base/slab.h"

void
stay__slabs_init(struct stay__slabs *slabs)
{
	*slabs = (struct stay__slabs){ 0 };
}

struct stay__slab *
stay__slab_new(size_t cap)
{
	struct stay__slab *slab;

	if (cap < STAY__SLAB_SIZE)
		cap = STAY__SLAB_SIZE;
	slab = stay__realloc(NULL, sizeof(*slab) + cap);
	if (slab == NULL)
		return NULL;
	slab->next = NULL;
	slab->refs = 1;
	slab->place = (struct stay__place){ 0 };
	slab->cap = cap;
	return slab;
}

void
stay__slabs_trim(struct stay__slabs *slabs)
{
	struct stay__slab *spare;

	while ((spare = slabs->spare) != NULL) {
		slabs->spare = spare->next;
		stay__free(spare);
	}
	slabs->count = 0;
}
