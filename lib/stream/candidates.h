/*
 * The places a dial may go to: its targets in order of preference, each with
 * the addresses of its name once they are known.
 */
#ifndef STAY__CANDIDATES_H
#define STAY__CANDIDATES_H

#include "base/failure.h"
#include "stream/resolve.h"
#include "stream/transport.h"

/* One place to try; lives as long as the candidates do. */
struct stay__candidate {
	const struct stay_transport *transport;
	const struct stay_target *target;
	const struct stay_address *address; /* NULL: the target has no host */
};

struct stay__candidates;
typedef void stay__candidates_fn(struct stay__candidates *candidates);

/* Copies the targets. STAY_OK, STAY_E_ARG, STAY_E_UNSUPPORTED, STAY_E_NOMEM. */
enum stay_status stay__candidates_new(struct stay__candidates **candidates,
    struct stay_loop *loop, const struct stay_target *targets, size_t count);
void stay__candidates_free(struct stay__candidates *candidates);

/*
 * Ask for all names at once. `changed` runs after every answer, never in here;
 * names without an address go into `failure`.
 */
void stay__candidates_begin(struct stay__candidates *candidates,
    stay__candidates_fn *changed, void *owner, struct stay__failure *failure);
void *stay__candidates_owner(const struct stay__candidates *candidates);

/* The best one not yet handed out; false: none now. */
bool stay__candidates_next(
    struct stay__candidates *candidates, struct stay__candidate *candidate);
/* Whether there is one now, and whether a better one may still come. */
bool stay__candidates_ready(const struct stay__candidates *candidates);
bool stay__candidates_better_coming(const struct stay__candidates *candidates);
/* Whether any name is still being looked up. */
bool stay__candidates_coming(const struct stay__candidates *candidates);

/* "db still resolving" for each such name. */
void stay__candidates_explain(
    const struct stay__candidates *candidates, struct stay__failure *failure);

#endif
