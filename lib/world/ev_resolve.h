/*
 * Names, off the loop's thread: getaddrinfo in threads that live only while there is
 * something to look up. No call waits for them.
 *
 *	ev_job       one lookup: getaddrinfo, and its answer
 *	ev_places    which of the waiting lookups may run
 *	ev_threads   the threads
 */
#ifndef STAY__EV_RESOLVE_H
#define STAY__EV_RESOLVE_H

#include <stay/world.h>

struct stay__lookups;

/* NULL: out of memory. Threads write to `wake_fd`, which stays the caller's, when
 * there is something to deliver. */
struct stay__lookups *stay__lookups_new(int wake_fd);

/* End. The answer of a lookup that still runs is thrown away. */
void stay__lookups_free(struct stay__lookups *lookups);

/* Returns 0, or a negative errno and then `done` does not run. */
int stay__lookups_start(
    struct stay__lookups *lookups, struct stay_lookup *lookup);

/* `done` does not run any more. */
void stay__lookups_cancel(
    struct stay__lookups *lookups, struct stay_lookup *lookup);

/* On the loop's thread: run `done` of all lookups that are answered. */
void stay__lookups_deliver(struct stay__lookups *lookups);

#endif
