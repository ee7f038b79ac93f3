/*
 * Names on their way to addresses. One young lookup a name is in flight, shared
 * by all who ask; it goes on when they lose interest, and nobody waits for its
 * end. Who asks when it is no longer young begins another.
 */
#ifndef STAY__RESOLVE_H
#define STAY__RESOLVE_H

#include <stay/world.h>

#include "base/list.h"

/* A lookup older than that is not joined any more. */
#define STAY__LOOKUP_JOIN_MS 1000

struct stay__query;
typedef void stay__query_fn(struct stay__query *query, int error,
    const char *text, const struct stay_address *addresses, size_t count);

/* One per loop. */
struct stay__resolver {
	struct stay_loop *loop;
	struct stay__list flights; /* lookups under way */
};

/* A query for a name. Its owner embeds it, and calls stay__query_init before
 * anything else. */
struct stay__query {
	struct stay__list node;
	stay__query_fn *done;
};

void stay__query_init(struct stay__query *query, stay__query_fn *done);

/*
 * Ask; `done` runs once, never in here, with what stay_lookup_fn gets. 0 or a
 * negative errno: then it never runs.
 */
int stay__resolve(struct stay__resolver *resolver, struct stay__query *query,
    const char *host, const char *port);

/* No longer interested: `done` never runs. Harmless if nothing was asked. */
void stay__query_cancel(struct stay__query *query);

void stay__resolver_init(
    struct stay__resolver *resolver, struct stay_loop *loop);
/* Cancel every lookup. All queries must have ended. */
void stay__resolver_fini(struct stay__resolver *resolver);

#endif
