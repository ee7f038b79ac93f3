/*
 * A ring of nodes, each a member of the struct that is listed. Every operation is
 * O(1) and allocates nothing.
 */
#ifndef STAY__LIST_H
#define STAY__LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/* A head that points at itself is an empty list. A node that points at itself is
 * in no list. */
struct stay__list {
	struct stay__list *next;
	struct stay__list *prev;
};

static inline void
stay__list_init(struct stay__list *list)
{
	list->next = list->prev = list;
}

static inline bool
stay__list_is_empty(const struct stay__list *list)
{
	return list->next == list;
}

/* Insert before `at`. Before the head is the end of the list. */
static inline void
stay__list_insert(struct stay__list *at, struct stay__list *node)
{
	node->next = at;
	node->prev = at->prev;
	at->prev->next = node;
	at->prev = node;
}

static inline void
stay__list_push(struct stay__list *list, struct stay__list *node)
{
	stay__list_insert(list, node);
}

static inline void
stay__list_push_front(struct stay__list *list, struct stay__list *node)
{
	stay__list_insert(list->next, node);
}

static inline void
stay__list_remove(struct stay__list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	stay__list_init(node);
}

static inline struct stay__list *
stay__list_first(const struct stay__list *list)
{
	return stay__list_is_empty(list) ? NULL : list->next;
}

static inline struct stay__list *
stay__list_pop(struct stay__list *list)
{
	struct stay__list *first = stay__list_first(list);

	if (first != NULL)
		stay__list_remove(first);
	return first;
}

/* Move the nodes from `first` to `last`, of a list that nobody asks any more, to the
 * end of `to`. */
static inline void
stay__list_append_run(
    struct stay__list *to, struct stay__list *first, struct stay__list *last)
{
	first->prev = to->prev;
	to->prev->next = first;
	last->next = to;
	to->prev = last;
}

/* Make `to` a list of all that is in `from`, which is not empty. */
static inline void
stay__list_take_all(struct stay__list *to, struct stay__list *from)
{
	*to = *from;
	to->next->prev = to->prev->next = to;
	stay__list_init(from);
}

/* Move all of `from` to the front of `to`, in order. */
static inline void
stay__list_prepend_all(struct stay__list *to, struct stay__list *from)
{
	if (stay__list_is_empty(from))
		return;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
	from->next->prev = to;
	stay__list_init(from);
}

/* Move all of `from` to the end of `to`, in order. */
static inline void
stay__list_append_all(struct stay__list *to, struct stay__list *from)
{
	if (stay__list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	to->prev = from->prev;
	from->prev->next = to;
	stay__list_init(from);
}

#endif
