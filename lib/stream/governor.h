/*
 * How many dials of a loop may be under way at once, and how close one may
 * follow another (promise 13). Tickets join, are granted in order, and leave when
 * the dial they stand for is decided or given up.
 */
#ifndef STAY__GOVERNOR_H
#define STAY__GOVERNOR_H

#include "loop/loop.h"

struct stay__governor {
	struct stay_loop *loop;
	unsigned max;
	unsigned active;
	uint64_t stagger_ms;
	uint64_t granted_at; /* ns: the last grant, if there was one */
	bool has_granted;
	struct stay__timer timer; /* set while a ticket waits for the stagger */
	struct stay__list waiting; /* struct stay__ticket.node */
};

/* A place in line. Zeroed and initialized by its owner. */
struct stay__ticket {
	struct stay__list node;     /* in governor.waiting until granted */
	struct stay__task *granted; /* run in the loop's turn once it is */
};

void stay__governor_init(
    struct stay__governor *governor, struct stay_loop *loop);
void stay__ticket_init(struct stay__ticket *ticket, struct stay__task *granted);

/* `granted` is run when its time has come: in this turn if there is room and the
 * last grant is long enough ago. */
void stay__governor_join(
    struct stay__governor *governor, struct stay__ticket *ticket);
/* Granted or not: exactly once for each join. */
void stay__governor_leave(
    struct stay__governor *governor, struct stay__ticket *ticket);
/* Of one that has joined. */
bool stay__ticket_is_granted(const struct stay__ticket *ticket);

/* Both hold for those that wait already, too. */
void stay__governor_set_max(struct stay__governor *governor, unsigned max);
void stay__governor_set_stagger(struct stay__governor *governor, uint64_t ms);

#endif
