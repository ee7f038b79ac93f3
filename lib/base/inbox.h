/*
 * An inbox: many threads put items in, and one thread takes them out, all at once. No
 * lock is taken, and nothing is allocated: an item is a member of what is sent. The
 * inbox does not know what that is, nor how its reader is woken.
 *
 *	newest --> item 3 --> item 2 --> item 1        NULL: it is empty
 *
 * A writer swings `newest` to its item. The reader takes the whole chain, leaves NULL,
 * and turns the chain round: so the items of one writer come in their order. Nobody
 * else takes anything out, so an item cannot come back while a writer looks at it.
 *
 * One wake-up a batch: the writer that has found NULL wakes the reader. All items that
 * are put in before the reader comes lie in front of that one, and need no other.
 *
 * The order of memory:
 *  - To put an item in is a release, and to take the chain an acquire: what a writer
 *    has written before is seen by the reader. This holds for all items of a chain,
 *    because each writer has read and changed the same word.
 *  - The count is only a bound. But whoever waits for room says so and then looks at
 *    the count, and the reader lowers the count and then looks for those: that needs
 *    one order for both, so the count is sequentially consistent.
 */
#ifndef STAY__INBOX_H
#define STAY__INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* In front of everything that other threads see: where a test of all orders goes on
 * with another thread. */
#ifndef STAY__INBOX_STEP
#define STAY__INBOX_STEP(word) ((void)(word))
#endif

struct stay__inbox_item {
	struct stay__inbox_item *next; /* the one before it; taken: behind it */
};

struct stay__inbox {
	_Atomic(struct stay__inbox_item *) newest;
	struct stay__inbox_item closed; /* newest points here: for ever */
	atomic_size_t count;
	size_t max; /* of items that wait */
};

enum stay__inbox_put {
	STAY__INBOX_PUT,
	STAY__INBOX_PUT_FIRST, /* the reader is to be woken */
	STAY__INBOX_FULL,
	STAY__INBOX_CLOSED
};

static inline void
stay__inbox_init(struct stay__inbox *inbox, size_t max)
{
	atomic_init(&inbox->newest, NULL);
	atomic_init(&inbox->count, 0);
	inbox->closed.next = NULL;
	inbox->max = max;
}

/* ---- in any thread ---- */

/* False: it is full. Nobody counts in vain, not even for a moment: who waits for room
 * would take it for an item, and nobody would ever take that out. */
static inline bool
stay__inbox_reserve(struct stay__inbox *inbox)
{
	size_t count;

	STAY__INBOX_STEP(&inbox->count);
	count = atomic_load(&inbox->count);
	do {
		if (count >= inbox->max)
			return false;
		STAY__INBOX_STEP(&inbox->count);
	} while (
	    !atomic_compare_exchange_weak(&inbox->count, &count, count + 1));
	return true;
}

static inline bool
stay__inbox_is_closed(const struct stay__inbox *inbox)
{
	STAY__INBOX_STEP(&inbox->newest);
	return atomic_load(&inbox->newest) == &inbox->closed;
}

/* Put an item in that has its place. */
static inline enum stay__inbox_put
stay__inbox_push(struct stay__inbox *inbox, struct stay__inbox_item *item)
{
	struct stay__inbox_item *newest;

	STAY__INBOX_STEP(&inbox->newest);
	newest = atomic_load_explicit(&inbox->newest, memory_order_relaxed);
	do {
		if (newest == &inbox->closed)
			return STAY__INBOX_CLOSED;
		item->next = newest;
		STAY__INBOX_STEP(&inbox->newest);
	} while (!atomic_compare_exchange_weak_explicit(&inbox->newest, &newest,
	    item, memory_order_release, memory_order_relaxed));
	return newest == NULL ? STAY__INBOX_PUT_FIRST : STAY__INBOX_PUT;
}

static inline enum stay__inbox_put
stay__inbox_put(struct stay__inbox *inbox, struct stay__inbox_item *item)
{
	if (stay__inbox_reserve(inbox))
		return stay__inbox_push(inbox, item);
	return stay__inbox_is_closed(inbox) ? STAY__INBOX_CLOSED
					    : STAY__INBOX_FULL;
}

/* The same past the bound, for what may not be refused. */
static inline enum stay__inbox_put
stay__inbox_put_anyway(struct stay__inbox *inbox, struct stay__inbox_item *item)
{
	STAY__INBOX_STEP(&inbox->count);
	atomic_fetch_add(&inbox->count, 1);
	return stay__inbox_push(inbox, item);
}

/* ---- in the reader's ---- */

/* Turn the chain round, and take its items out of the count. */
static inline struct stay__inbox_item *
stay__inbox_turn(struct stay__inbox *inbox, struct stay__inbox_item *newest)
{
	struct stay__inbox_item *oldest = NULL;
	size_t count = 0;

	while (newest != NULL) {
		struct stay__inbox_item *before = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = before;
		count++;
	}
	STAY__INBOX_STEP(&inbox->count);
	atomic_fetch_sub(&inbox->count, count);
	return oldest;
}

/* Take all items, the oldest first; NULL: there is none. The inbox is open. */
static inline struct stay__inbox_item *
stay__inbox_take(struct stay__inbox *inbox)
{
	STAY__INBOX_STEP(&inbox->newest);
	return stay__inbox_turn(inbox, atomic_exchange_explicit(&inbox->newest,
					   NULL, memory_order_acquire));
}

/* The same, and no other will come in. It is closed once. */
static inline struct stay__inbox_item *
stay__inbox_close(struct stay__inbox *inbox)
{
	STAY__INBOX_STEP(&inbox->newest);
	return stay__inbox_turn(
	    inbox, atomic_exchange_explicit(
		       &inbox->newest, &inbox->closed, memory_order_acquire));
}

#endif
