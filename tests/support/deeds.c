/* The table of deeds, and the entries of what is told exactly once. */
#include "deeds.h"

#include <stdlib.h>

#include "sim/sim.h"

#define DEED(name, needs, drawn, weight, because)                              \
	_Static_assert(((weight) == 0) == (sizeof(because) > 1),               \
	    #name " has a weight, or says why it has none");
#include "deeds.def"
#undef DEED

const struct deed deeds[] = {
#define DEED(name, needs, drawn, weight, because)                              \
	{ #name, do_##name, NEEDS_##needs, DRAWN_##drawn, weight },
#include "deeds.def"
#undef DEED
};

const size_t deed_count = sizeof(deeds) / sizeof(deeds[0]);

struct stay__list deed_entries;
uint64_t deeds_others;

struct deed_entry *
deed_entry_at(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct deed_entry, node);
}

/* A test that has failed may have left some. */
void
deeds_open(void)
{
	struct stay__list *node;

	if (deed_entries.next == NULL)
		stay__list_init(&deed_entries);
	while ((node = stay__list_pop(&deed_entries)) != NULL)
		free(deed_entry_at(node));
}

void
deeds_close(void)
{
	for (struct stay__list *node = deed_entries.next; node != &deed_entries;
	     node = node->next)
		if (deed_entry_at(node)->told != 1)
			books_fail(
			    __FILE__, __LINE__, deed_entry_at(node)->what);
	deeds_open();
}

struct deed_entry *
deed_accept(const struct deed_at *at, enum deed_kind kind, const char *what)
{
	struct deed_entry *entry = sim_alloc(sizeof(*entry));

	entry->kind = kind;
	entry->what = what;
	entry->user = at->user;
	stay__list_init(&entry->node);
	stay__list_push(&deed_entries, &entry->node);
	return entry;
}

void
deed_refuse(struct deed_entry *entry)
{
	HOLDS(entry->told == 0);
	entry->told = 1;
}

void
deed_told(struct deed_entry *entry, enum stay_status status)
{
	HOLDS(entry->told == 0);
	entry->told++;
	books_told(entry, status);
}
