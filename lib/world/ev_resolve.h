/* Name lookups in threads of their own. */
#ifndef STAY__EV_RESOLVE_H
#define STAY__EV_RESOLVE_H

#include <stay/world.h>

#define STAY__RESOLVER_THREADS     4    /* lookups that run at once */
#define STAY__RESOLVER_SLOW_MS     1000 /* a lookup older than that hangs */
#define STAY__RESOLVER_THREADS_MAX 16   /* those that hang included */
#define STAY__RESOLVER_REPEATS_MAX 12   /* of them, for a name that has one */

struct stay__lookups;

/* `wake_fd` is woken, from other threads, when there is something to deliver.
 */
struct stay__lookups *stay__lookups_new(int wake_fd);

/* Close. Never waits: the result of a lookup still running is thrown away. */
void stay__lookups_free(struct stay__lookups *lookups);

int stay__lookups_start(
    struct stay__lookups *lookups, struct stay_lookup *lookup);
void stay__lookups_cancel(
    struct stay__lookups *lookups, struct stay_lookup *lookup);

/* On the loop's thread: run `done` of all lookups that have ended. */
void stay__lookups_deliver(struct stay__lookups *lookups);

#endif
