/* The operation `entropy` of a world on POSIX. */
#ifndef STAY__EV_ENTROPY_H
#define STAY__EV_ENTROPY_H

#include <stay/world.h>

void stay__ev_entropy(struct stay_world *world, void *bytes, size_t len);

#endif
