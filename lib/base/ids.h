/*
 * Names that stay harmless: {index, generation} resolved through a table. An
 * entry that is given back raises its generation, so an old name finds nothing.
 * Entries come from a free list; in a steady state nothing is allocated.
 */
#ifndef STAY__IDS_H
#define STAY__IDS_H

#include <stdint.h>

#include <stay/status.h>

struct stay__id {
	uint32_t index;
	uint32_t generation; /* never 0: a zeroed id names nothing */
};

struct stay__ids_entry {
	void *object;
	uint32_t generation;
	uint32_t next_free;
};

struct stay__ids {
	struct stay__ids_entry *entries;
	uint32_t count;
	uint32_t cap;
	uint32_t first_free;
	uint32_t live;
};

void stay__ids_init(struct stay__ids *ids);
void stay__ids_fini(struct stay__ids *ids);

/* STAY_OK or STAY_E_NOMEM. `object` must not be NULL. */
enum stay_status stay__ids_take(
    struct stay__ids *ids, void *object, struct stay__id *id);

/* The object, or NULL. */
void *stay__ids_find(const struct stay__ids *ids, struct stay__id id);

/* Forget a live id. */
void stay__ids_give(struct stay__ids *ids, struct stay__id id);

#endif
