/*
 * A hash table with open addressing: a slot is searched from where its tag
 * belongs up to the next free one. Taking a slot out moves those behind it back, so
 * no mark is left. This file knows neither calls nor sessions.
 */
#include "client/tags.h"

#include <assert.h>

#include "base/mem.h"

#define CAP_MIN 16u

static size_t
home_of(const struct stay__tags *tags, uint64_t tag)
{
	return (size_t)((tag * 0x9E3779B97F4A7C15u) >> 32) & (tags->cap - 1);
}

static size_t
behind(const struct stay__tags *tags, size_t at)
{
	return (at + 1) & (tags->cap - 1);
}

void
stay__tags_fini(struct stay__tags *tags)
{
	stay__free(tags->slots);
	*tags = (struct stay__tags){ .last = tags->last };
}

static void
insert(struct stay__tags *tags, const struct stay__tag *slot)
{
	size_t at = home_of(tags, slot->tag);

	while (tags->slots[at].owner != NULL)
		at = behind(tags, at);
	tags->slots[at] = *slot;
}

/* At least a quarter of the slots is free, so that searches are short. */
static bool
is_roomy(size_t cap, size_t count)
{
	return count < cap / 4 * 3;
}

static bool
resize(struct stay__tags *tags, size_t cap)
{
	struct stay__tags other = *tags;

	other.cap = cap;
	other.slots = stay__calloc(cap, sizeof(*other.slots));
	if (other.slots == NULL)
		return false;
	for (size_t i = 0; i < tags->cap; i++)
		if (tags->slots[i].owner != NULL)
			insert(&other, &tags->slots[i]);
	stay__free(tags->slots);
	*tags = other;
	return true;
}

bool
stay__tags_reserve(struct stay__tags *tags)
{
	return is_roomy(tags->cap, tags->count) ||
	       resize(tags, tags->cap == 0 ? CAP_MIN : tags->cap * 2);
}

void
stay__tags_trim(struct stay__tags *tags)
{
	size_t cap = CAP_MIN;

	if (tags->count == 0) {
		stay__tags_fini(tags);
		return;
	}
	while (!is_roomy(cap, tags->count))
		cap *= 2;
	if (cap < tags->cap)
		(void)resize(tags, cap);
}

void
stay__tags_put(
    struct stay__tags *tags, uint64_t tag, uint64_t word, void *owner)
{
	const struct stay__tag slot = { tag, word, owner };

	assert(tags->count < tags->cap && stay__tags_find(tags, tag) == NULL);
	insert(tags, &slot);
	tags->count++;
}

struct stay__tag *
stay__tags_find(const struct stay__tags *tags, uint64_t tag)
{
	size_t at;

	if (tags->count == 0)
		return NULL;
	for (at = home_of(tags, tag); tags->slots[at].owner != NULL;
	     at = behind(tags, at))
		if (tags->slots[at].tag == tag)
			return &tags->slots[at];
	return NULL;
}

/* Whether a slot at `at` may be moved to `hole`: its search begins there or
 * before. */
static bool
may_move(const struct stay__tags *tags, size_t at, size_t hole)
{
	size_t home = home_of(tags, tags->slots[at].tag);

	return ((at - home) & (tags->cap - 1)) >=
	       ((at - hole) & (tags->cap - 1));
}

void
stay__tags_take(struct stay__tags *tags, struct stay__tag *slot)
{
	size_t hole = (size_t)(slot - tags->slots), at = behind(tags, hole);

	for (; tags->slots[at].owner != NULL; at = behind(tags, at)) {
		if (!may_move(tags, at, hole))
			continue;
		tags->slots[hole] = tags->slots[at];
		hole = at;
	}
	tags->slots[hole].owner = NULL;
	tags->count--;
}

static void
forget_oldest(struct stay__tags *tags)
{
	struct stay__tag *oldest = stay__tags_find(tags, tags->gone_first);

	tags->gone_first = oldest->word;
	tags->gone--;
	stay__tags_take(tags, oldest);
}

void
stay__tags_let_go(struct stay__tags *tags, struct stay__tag *slot)
{
	uint64_t tag = slot->tag;

	slot->owner = tags;
	if (tags->gone == 0)
		tags->gone_first = tag;
	else
		stay__tags_find(tags, tags->gone_last)->word = tag;
	tags->gone_last = tag;
	if (++tags->gone > STAY__TAGS_GONE_MAX)
		forget_oldest(tags);
}

void
stay__tags_clear(struct stay__tags *tags)
{
	for (size_t i = 0; i < tags->cap; i++)
		tags->slots[i].owner = NULL;
	tags->count = tags->gone = 0;
}

uint64_t
stay__tags_free_one(struct stay__tags *tags, uint64_t max)
{
	uint64_t tag = tags->last;

	if (tags->count >= max)
		return 0;
	do {
		tag = tag >= max ? 1 : tag + 1;
	} while (stay__tags_find(tags, tag) != NULL);
	tags->last = tag;
	return tag;
}
