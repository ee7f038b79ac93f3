/* The world on libev and POSIX: what a loop waits in. */
#ifndef STAY__EV_H
#define STAY__EV_H

#include <stay/world.h>

struct ev_loop;

/*
 * A world that waits in ev_run(ev). NULL: out of memory. It belongs to the process
 * that made it. In a forked child every operation on a descriptor or a name fails
 * with -EPERM, so that the child cannot speak on its parent's connections.
 */
struct stay_world *stay__world_ev_new(struct ev_loop *ev);

/* The same on a loop of its own, which ends with it. */
struct stay_world *stay__world_ev_alone(void);

#endif
