/*
 * The table behind {index, generation}. Knows nothing of the objects but their
 * addresses.
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
stay__ids_take(struct stay__ids *ids, void *object, struct stay__id *id)
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
	*id = (struct stay__id){ index, entry->generation };
	return STAY_OK;
}

static inline struct stay__ids_entry *
entry_of(const struct stay__ids *ids, struct stay__id id)
{
	struct stay__ids_entry *entry;

	if (id.index >= ids->count)
		return NULL;
	entry = &ids->entries[id.index];
	return entry->generation == id.generation ? entry : NULL;
}

/* A free entry matches the id it would be handed out with; its object is NULL.
 */
void *
stay__ids_find(const struct stay__ids *ids, struct stay__id id)
{
	const struct stay__ids_entry *entry = entry_of(ids, id);

	return entry == NULL ? NULL : entry->object;
}

/*
 * An entry that has been through all its generations is left out for good: 16
 * bytes in four thousand million, and no old name ever finds a new object.
 */
void
stay__ids_give(struct stay__ids *ids, struct stay__id id)
{
	struct stay__ids_entry *entry = entry_of(ids, id);

	assert(entry != NULL && entry->object != NULL);
	entry->object = NULL;
	ids->live--;
	if (++entry->generation == 0)
		return;
	entry->next_free = ids->first_free;
	ids->first_free = id.index;
}
