/*
 * Tokens: names of objects, harmless when the object is gone. A table finds the
 * object of a token. Each entry has a generation, which is raised when the entry is
 * freed; so an old token finds nothing. A token of another kind finds nothing
 * either. Freed entries are used again: in a steady state nothing is allocated.
 */
#ifndef STAY__IDS_H
#define STAY__IDS_H

#include <stdint.h>

#include <stay/conn.h>

struct stay__ids_entry {
	void *object;        /* NULL: the entry is free */
	uint32_t generation; /* never 0: a zeroed token names nothing */
	union {
		uint32_t kind;
		uint32_t next_free;
	};
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

/* Returns STAY_OK or STAY_E_NOMEM. `object` must not be NULL. The owner of the
 * table numbers the kinds. */
enum stay_status stay__ids_take(struct stay__ids *ids, uint32_t kind,
    void *object, struct stay_token *token);

/* The object. NULL: the token is stale, or of another kind. */
void *stay__ids_find(
    const struct stay__ids *ids, uint32_t kind, struct stay_token token);

/* Forget a live token. */
void stay__ids_give(struct stay__ids *ids, struct stay_token token);

#endif
