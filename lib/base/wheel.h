/*
 * Timers: a hierarchical timing wheel with a tick of one millisecond. Setting
 * and stopping are O(1); a timer fires in the first tick that begins at or
 * after its time: never early, at most one tick late.
 */
#ifndef STAY__WHEEL_H
#define STAY__WHEEL_H

#include <stdint.h>

#include "base/list.h"

#define STAY__TICK_NS     UINT64_C(1000000)
#define STAY__WHEEL_BITS  6
#define STAY__WHEEL_SLOTS (1 << STAY__WHEEL_BITS)
#define STAY__WHEEL_LEVELS                                                     \
	8 /* 2^48 ms: more than 2^64 ns, nothing is too far */

struct stay__timer;
typedef void stay__timer_fn(struct stay__timer *timer);

/* Owned by whoever embeds it; stay__timer_init before anything else. */
struct stay__timer {
	struct stay__list node;
	uint64_t at; /* ns */
	stay__timer_fn *fire;
	uint8_t level;
	uint8_t slot;
};

struct stay__wheel {
	uint64_t tick; /* all ticks up to and with this one have been fired */
	uint64_t occupied[STAY__WHEEL_LEVELS]; /* bit per slot */
	struct stay__list slots[STAY__WHEEL_LEVELS][STAY__WHEEL_SLOTS];
	struct stay__list due;    /* being fired */
	struct stay__list recent; /* set, and not yet in a slot */
};

void stay__wheel_init(struct stay__wheel *wheel, uint64_t now);

/*
 * Fire what is due: earliest tick first, within a tick as they were set. `fire`
 * may set and stop any timer; what it sets fires in a later tick than `now`'s.
 */
void stay__wheel_advance(struct stay__wheel *wheel, uint64_t now);

/* When to advance next: UINT64_MAX if no timer is set; maybe early, never late.
 */
uint64_t stay__wheel_next(struct stay__wheel *wheel);

/*
 * Move the timers set since the last call by `late` ns. The code that set them
 * ran for that long after its reading of the clock, and no timer may be early
 * for that. Timers that are not settled before the wheel is read count as 0
 * late.
 */
void stay__wheel_settle(struct stay__wheel *wheel, uint64_t late);

void stay__timer_init(struct stay__timer *timer, stay__timer_fn *fire);

static inline bool
stay__timer_is_set(const struct stay__timer *timer)
{
	return !stay__list_is_empty(&timer->node);
}

/*
 * A timer in `due` or `recent` still names the slot it was in last; asking
 * whether that is empty is right for it too.
 */
static inline void
stay__timer_stop(struct stay__wheel *wheel, struct stay__timer *timer)
{
	unsigned level = timer->level, slot = timer->slot;

	if (!stay__timer_is_set(timer))
		return;
	stay__list_remove(&timer->node);
	if (stay__list_is_empty(&wheel->slots[level][slot]))
		wheel->occupied[level] &= ~(UINT64_C(1) << slot);
}

/* Set, or set anew. UINT64_MAX stops it. */
static inline void
stay__timer_set(
    struct stay__wheel *wheel, struct stay__timer *timer, uint64_t at)
{
	stay__timer_stop(wheel, timer);
	timer->at = at;
	if (at != UINT64_MAX)
		stay__list_push(&wheel->recent, &timer->node);
}

#endif
