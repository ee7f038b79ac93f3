/*
 * How many dials of a loop may be under way at once (promise 13). Links join,
 * are granted in order, and leave when their dial is decided or given up.
 */
#ifndef STAY__GOVERNOR_H
#define STAY__GOVERNOR_H

#include "link.h"

/* The link's `soon` is run when it is granted: at once if there is room. */
void stay__governor_join(struct stay__link *link);
/* Granted or not: exactly once for each join. */
void stay__governor_leave(struct stay__link *link);
bool stay__governor_has_granted(const struct stay__link *link);

/* Grant what there is room for; after `max` was raised. */
void stay__governor_grant(struct stay_loop *loop);

#endif
