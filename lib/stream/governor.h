/*
 * How many dials of a loop may be under way at once, and how close one may
 * follow another, if its target is doubtful (promise 13). Tickets join, are granted, and leave when the dial
 * they stand for is decided or given up.
 *
 * Nobody's dials keep another from being dialled. Targets take turns. Those that
 * failed last time, or were never reached, are doubtful: they have half of the
 * places at most, and half of that half is for those without a dial under way.
 * With one place they take turns with the others.
 */
#ifndef STAY__GOVERNOR_H
#define STAY__GOVERNOR_H

#include "loop/loop.h"

/* How much is remembered of targets: a power of two. */
#define STAY__GOVERNOR_SLOTS 128

/* Where a target stands. Two targets in one slot: the later one is remembered. */
struct stay__target_slot {
	struct stay__list
	    heads;         /* tickets of `lane`: one a target that waits */
	uint64_t reached;  /* the target that was, last time; 0: none */
	unsigned doubtful; /* dials under way of doubtful targets */
};

/* Reached last time, or not (yet). */
enum stay__lane { STAY__LANE_SOUND, STAY__LANE_DOUBTFUL, STAY__LANES };

enum stay__dial_end {
	STAY__DIAL_GIVEN_UP, /* says nothing of the target */
	STAY__DIAL_FAILED,
	STAY__DIAL_REACHED
};

struct stay__governor {
	struct stay_loop *loop;
	unsigned max;
	unsigned active;
	unsigned doubtful; /* of those */
	uint64_t stagger_ms;
	uint64_t granted_at; /* ns: when the last dial was let begin */
	bool has_granted;
	struct stay__timer timer; /* set while a ticket waits for the stagger */
	struct stay__list lanes[STAY__LANES]; /* heads, by whose turn it is */
	enum stay__lane last;                 /* whose turn it was */
	struct stay__target_slot slots[STAY__GOVERNOR_SLOTS];
};

/* A place in line. Zeroed and initialized by its owner. */
struct stay__ticket {
	uint64_t target;
	struct stay__list node; /* in a lane, or behind a head, until granted */
	struct stay__list slot; /* of a head: in the slot of its target */
	struct stay__list behind;   /* of a head: tickets of the same target */
	struct stay__task *granted; /* run in the loop's turn once it is */
	enum stay__lane lane;       /* of a head, or when it was granted */
};

void stay__governor_init(
    struct stay__governor *governor, struct stay_loop *loop);
void stay__ticket_init(struct stay__ticket *ticket, struct stay__task *granted);

/* `granted` is run when its time has come: in this turn if there is room and the
 * last grant is long enough ago. `target` is any number but 0 that stands for
 * scheme, host and port. */
void stay__governor_join(struct stay__governor *governor,
    struct stay__ticket *ticket, uint64_t target);
/* Granted or not: exactly once for each join. */
void stay__governor_leave(struct stay__governor *governor,
    struct stay__ticket *ticket, enum stay__dial_end end);
/* Of one that has joined. */
bool stay__ticket_is_granted(const struct stay__ticket *ticket);

/* Both hold for those that wait already, too. */
void stay__governor_set_max(struct stay__governor *governor, unsigned max);
void stay__governor_set_stagger(struct stay__governor *governor, uint64_t ms);

#endif
