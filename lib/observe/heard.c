/*
 * Open addressing: a speaker stands at its home or behind it, with no free
 * place in between. Who goes lets those behind move up.
 */
#include "observe/heard.h"

#include <stdbool.h>

#include "base/mem.h"

#define CAP_MIN 16u

static size_t
home_of(const struct stay__speakers *speakers, uint64_t number)
{
	uint64_t mixed = number * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 32) & (speakers->cap - 1);
}

/* Where it stands, or would: there is always a free place. */
static struct stay__speaker *
place_of(const struct stay__speakers *speakers, uint64_t number)
{
	size_t at = home_of(speakers, number);

	while (speakers->places[at].number != 0 &&
	       speakers->places[at].number != number)
		at = (at + 1) & (speakers->cap - 1);
	return &speakers->places[at];
}

/* Everybody finds a new home; false: no memory, all is as it was. */
static bool
grow(struct stay__speakers *speakers)
{
	struct stay__speakers grown = { .count = speakers->count };

	grown.cap = speakers->cap == 0 ? CAP_MIN : speakers->cap * 2;
	grown.places = stay__zalloc(grown.cap * sizeof(grown.places[0]));
	if (grown.places == NULL)
		return false;
	for (size_t i = 0; i < speakers->cap; i++)
		if (speakers->places[i].number != 0)
			*place_of(&grown, speakers->places[i].number) =
			    speakers->places[i];
	stay__free(speakers->places);
	*speakers = grown;
	return true;
}

/* Without memory to grow it gets crowded, up to the last free place. */
static bool
has_room(struct stay__speakers *speakers)
{
	return speakers->count < speakers->cap / 4 * 3 || grow(speakers) ||
	       speakers->count + 1 < speakers->cap;
}

void
stay__speakers_fini(struct stay__speakers *speakers)
{
	stay__free(speakers->places);
	*speakers = (struct stay__speakers){ 0 };
}

struct stay__speaker *
stay__speakers_find(const struct stay__speakers *speakers, uint64_t number)
{
	struct stay__speaker *place;

	if (speakers->cap == 0)
		return NULL;
	place = place_of(speakers, number);
	return place->number == number ? place : NULL;
}

struct stay__speaker *
stay__speakers_meet(struct stay__speakers *speakers, uint64_t number)
{
	struct stay__speaker *place = stay__speakers_find(speakers, number);

	if (place != NULL)
		return place;
	if (!has_room(speakers))
		return NULL;
	place = place_of(speakers, number);
	place->number = number;
	speakers->count++;
	return place;
}

/* Whether who stands at `at` may stand at `hole` as well: not before its home.
 */
static bool
may_move(const struct stay__speakers *speakers, size_t at, size_t hole)
{
	size_t mask = speakers->cap - 1;
	size_t home = home_of(speakers, speakers->places[at].number);

	return ((at - home) & mask) >= ((at - hole) & mask);
}

void
stay__speakers_forget(
    struct stay__speakers *speakers, struct stay__speaker *speaker)
{
	struct stay__speaker *places = speakers->places;
	size_t mask = speakers->cap - 1;
	size_t hole = (size_t)(speaker - places);

	for (size_t at = (hole + 1) & mask; places[at].number != 0;
	     at = (at + 1) & mask)
		if (may_move(speakers, at, hole)) {
			places[hole] = places[at];
			hole = at;
		}
	places[hole] = (struct stay__speaker){ 0 };
	speakers->count--;
}
