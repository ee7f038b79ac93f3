/* Which of the waiting lookups may run now. Call with the lock held. */
#ifndef STAY__EV_PLACES_H
#define STAY__EV_PLACES_H

#include "world/ev_lookups.h"

struct stay__places {
	unsigned running; /* lookups in threads */
	unsigned taken;   /* by those of them that are not slow yet */
	uint64_t free_at; /* when the next place becomes free, if none ends */
};

/* `now` is the monotonic clock, in nanoseconds. */
struct stay__places stay__places_now(
    const struct stay__lookups *lookups, uint64_t now);

/* The oldest waiting lookup that has a place, or NULL. */
struct stay__job *stay__places_choose(
    const struct stay__lookups *lookups, const struct stay__places *places);

#endif
