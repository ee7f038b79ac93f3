/*
 * How many dials of a loop may be under way at once, and how close one may
 * follow another (promise 13). Links join, are granted in order, and leave when
 * their dial is decided or given up.
 */
#ifndef STAY__GOVERNOR_H
#define STAY__GOVERNOR_H

#include "stream/link.h"

void stay__governor_init(struct stay_loop *loop);

/* The link's `soon` is run when it is granted: at once if there is room and the
 * last grant is long enough ago. */
void stay__governor_join(struct stay__link *link);
/* Granted or not: exactly once for each join. */
void stay__governor_leave(struct stay__link *link);
bool stay__governor_has_granted(const struct stay__link *link);

/* Grant what may be granted now; after a change of `max` or `stagger_ms`. */
void stay__governor_grant(struct stay_loop *loop);

#endif
