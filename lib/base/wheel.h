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

/* A member of the struct that it wakes. Call stay__timer_init first. */
struct stay__timer {
	struct stay__list node;
	uint64_t at; /* ns */
	stay__timer_fn *fire;
};

struct stay__wheel {
	uint64_t tick;  /* the last one fired */
	uint64_t until; /* ns: when it is over */
	uint64_t first; /* in no earlier tick does a slot with timers begin */
	/* A bit per level, and per slot of it; where all timers were stopped it may
	 * be still set. */
	unsigned levels;
	uint64_t occupied[STAY__WHEEL_LEVELS];
	struct stay__list slots[STAY__WHEEL_LEVELS][STAY__WHEEL_SLOTS];
	struct stay__list due;    /* being fired */
	struct stay__list recent; /* set, and not yet in a slot */
	struct stay__list joint;  /* the same of struct stay__timers */
};

/*
 * Several timers of one owner, with one entry in the wheel: that of the first of
 * them. Each is as exact as one alone; those that are due in one call of
 * stay__wheel_advance fire one after the other.
 */
#define STAY__TIMERS_MAX 6

struct stay__timers {
	struct stay__timer first;
	unsigned fresh;                /* bits: set, and not yet settled */
	uint64_t at[STAY__TIMERS_MAX]; /* ns; UINT64_MAX: not set */
};

void stay__wheel_init(struct stay__wheel *wheel, uint64_t now);

/*
 * Move the timers set since the last call `late` ns into the future. The code that
 * set them counted from a clock that was read `late` ns ago, and a timer is never
 * early. A timer that is not settled before the wheel is read is not moved.
 */
void stay__wheel_settle_recent(struct stay__wheel *wheel, uint64_t late);

/* Mostly no timer was set: inline, because every task is followed by this. */
static inline void
stay__wheel_settle(struct stay__wheel *wheel, uint64_t late)
{
	if (!stay__list_is_empty(&wheel->recent) ||
	    !stay__list_is_empty(&wheel->joint))
		stay__wheel_settle_recent(wheel, late);
}

/* Whether all timers are in their slots. */
static inline bool
stay__wheel_is_settled(const struct stay__wheel *wheel)
{
	return stay__list_is_empty(&wheel->recent) &&
	       stay__list_is_empty(&wheel->joint);
}

/* Of a wheel that is settled, and on which some level may have timers. */
uint64_t stay__wheel_first(struct stay__wheel *wheel);

/* When to advance next, maybe too early, never too late. UINT64_MAX: no timer is
 * set. */
static inline uint64_t
stay__wheel_next(struct stay__wheel *wheel)
{
	stay__wheel_settle(wheel, 0);
	return wheel->levels == 0 ? UINT64_MAX : stay__wheel_first(wheel);
}

void stay__wheel_advance_tick(struct stay__wheel *wheel, uint64_t now);

/*
 * Fire the timers that are due: the earliest tick first, within a tick in the order
 * they were set. `fire` may set and stop any timer. A timer that it sets fires in a
 * later tick than that of `now`. Mostly the tick is not over yet, nor has a timer been
 * set: inline, because every task is followed by this, too.
 */
static inline void
stay__wheel_advance(struct stay__wheel *wheel, uint64_t now)
{
	if (now >= wheel->until || !stay__wheel_is_settled(wheel))
		stay__wheel_advance_tick(wheel, now);
}

void stay__timer_init(struct stay__timer *timer, stay__timer_fn *fire);

static inline bool
stay__timer_is_set(const struct stay__timer *timer)
{
	return !stay__list_is_empty(&timer->node);
}

static inline void
stay__timer_stop(struct stay__timer *timer)
{
	stay__list_remove(&timer->node);
}

/* Set a timer that is not set, and not to UINT64_MAX. */
static inline void
stay__timer_start(
    struct stay__wheel *wheel, struct stay__timer *timer, uint64_t at)
{
	timer->at = at;
	stay__list_push(&wheel->recent, &timer->node);
}

/* Set a timer, or set it anew. UINT64_MAX stops it. */
static inline void
stay__timer_set(
    struct stay__wheel *wheel, struct stay__timer *timer, uint64_t at)
{
	stay__timer_stop(timer);
	timer->at = at;
	if (at != UINT64_MAX)
		stay__list_push(&wheel->recent, &timer->node);
}

/* ---- several with one entry ---- */

/* `fire` gets `first`, and takes what is due. */
void stay__timers_init(struct stay__timers *timers, stay__timer_fn *fire);
/* Set or set anew. UINT64_MAX stops it. */
void stay__timers_set(struct stay__wheel *wheel, struct stay__timers *timers,
    unsigned which, uint64_t at);
/* In `fire`: the next one that is due, and is set no more; -1: there is none, and the
 * others wait on. What is set meanwhile is not due before a later tick. */
int stay__timers_take(struct stay__wheel *wheel, struct stay__timers *timers);
/* Stop all of them. */
void stay__timers_fini(struct stay__timers *timers);

static inline bool
stay__timers_is_set(const struct stay__timers *timers, unsigned which)
{
	return timers->at[which] != UINT64_MAX;
}

#endif
