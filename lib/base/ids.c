/*
 * The table that tokens refer to. It knows the address of each object and a
 * number for its kind, nothing else.
 */
#include "base/ids.h"

#include <assert.h>

#include "base/mem.h"

#define NONE    UINT32_MAX
#define CAP_MIN 16u

/* Leaves NONE free as an index, and the size of the table below SIZE_MAX. */
#define CAP_MAX (UINT32_MAX / 32)

void
stay__ids_init(struct stay__ids *ids)
{
	*ids = (struct stay__ids){ .first_free = NONE };
}

void
stay__ids_fini(struct stay__ids *ids)
{
	stay__free(ids->entries);
	stay__ids_init(ids);
}

static enum stay_status
grow(struct stay__ids *ids)
{
	uint32_t cap = ids->cap == 0 ? CAP_MIN : ids->cap * 2;
	struct stay__ids_entry *entries;

	if (ids->cap > CAP_MAX / 2)
		return STAY_E_NOMEM;
	entries = stay__realloc_many(ids->entries, cap, sizeof(entries[0]));
	if (entries == NULL)
		return STAY_E_NOMEM;
	ids->entries = entries;
	ids->cap = cap;
	return STAY_OK;
}

enum stay_status
stay__ids_take(struct stay__ids *ids, uint32_t kind, void *object,
    struct stay_token *token)
{
	uint32_t index = ids->first_free;
	struct stay__ids_entry *entry;

	assert(object != NULL);
	if (index == NONE) {
		if (ids->count == ids->cap && grow(ids) != STAY_OK)
			return STAY_E_NOMEM;
		index = ids->count++;
		ids->entries[index].generation = 1;
		ids->entries[index].next_free = NONE;
	}
	entry = &ids->entries[index];
	ids->first_free = entry->next_free;
	ids->live++;
	entry->object = object;
	entry->kind = kind;
	*token = (struct stay_token){ index, entry->generation };
	return STAY_OK;
}

static inline struct stay__ids_entry *
entry_of(const struct stay__ids *ids, struct stay_token token)
{
	struct stay__ids_entry *entry;

	if (token.index >= ids->count)
		return NULL;
	entry = &ids->entries[token.index];
	return entry->generation == token.generation ? entry : NULL;
}

/* A free entry has the generation of its next token, which nobody has been given
 * yet. Its object is NULL. */
void *
stay__ids_find(
    const struct stay__ids *ids, uint32_t kind, struct stay_token token)
{
	const struct stay__ids_entry *entry = entry_of(ids, token);

	return entry == NULL || entry->kind != kind ? NULL : entry->object;
}

/*
 * An entry that has been through all its generations is never used again. That costs
 * 16 bytes in four thousand million, and no old token ever finds a new object.
 */
void
stay__ids_give(struct stay__ids *ids, struct stay_token token)
{
	struct stay__ids_entry *entry = entry_of(ids, token);

	assert(entry != NULL && entry->object != NULL);
	entry->object = NULL;
	ids->live--;
	if (++entry->generation == 0)
		return;
	entry->next_free = ids->first_free;
	ids->first_free = token.index;
}
