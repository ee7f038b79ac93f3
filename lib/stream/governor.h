/*
 * How many dials of a loop may be under way at once, and how soon a dial to a
 * doubtful target may follow the dial before it (promise 13). A ticket stands for a
 * dial: it joins, is granted, and leaves when the dial is decided or given up.
 *
 * The dials to one target keep no other from being dialled: targets take turns. A
 * target that failed last time, or was never reached, is doubtful. Doubtful targets
 * get half of the places at most, and half of that half only with no dial of theirs
 * under way. If there is only one place, doubtful and sound targets alternate.
 */
#ifndef STAY__GOVERNOR_H
#define STAY__GOVERNOR_H

#include "loop/loop.h"

/* How much is remembered of targets: a power of two. */
#define STAY__GOVERNOR_SLOTS 128

/* What is known of a target. Of two targets in one slot the later is remembered. */
struct stay__target_slot {
	struct stay__list
	    heads;         /* tickets of `lane`: one a target that waits */
	uint64_t reached;  /* the target that was reached last; 0: none */
	unsigned doubtful; /* dials under way of doubtful targets */
};

/* Sound: reached last time. Doubtful: failed last time, or never reached. */
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
	unsigned doubtful; /* granted dials of doubtful targets */
	uint64_t stagger_ms;
	uint64_t granted_at; /* ns: when the last dial began */
	bool has_granted;
	struct stay__timer timer; /* set while a ticket waits for the stagger */
	struct stay__list lanes[STAY__LANES]; /* heads, by whose turn it is */
	enum stay__lane last;                 /* whose turn it was */
	struct stay__target_slot slots[STAY__GOVERNOR_SLOTS];
};

struct stay__ticket;
/* The dial may begin, but not before the loop runs a task: no function of the governor
 * is to be called from here. */
typedef void stay__granted_fn(struct stay__ticket *ticket);

/* A place in line. Zeroed and initialized by its owner. */
struct stay__ticket {
	uint64_t target;
	struct stay__list node; /* in a lane, or behind a head, until granted */
	struct stay__list slot; /* of a head: in the slot of its target */
	struct stay__list behind; /* of a head: tickets of the same target */
	stay__granted_fn *granted;
	enum stay__lane lane; /* of a head, or when it was granted */
};

void stay__governor_init(
    struct stay__governor *governor, struct stay_loop *loop);
void stay__ticket_init(struct stay__ticket *ticket, stay__granted_fn *granted);

/* Wait for a grant. ticket->granted then runs: in this call, if there is room and the
 * stagger allows. `target` is a number, not 0, that stands for
 * scheme, host and port. */
void stay__governor_join(struct stay__governor *governor,
    struct stay__ticket *ticket, uint64_t target);
/* Give the ticket up, granted or not: exactly once for each join. */
void stay__governor_leave(struct stay__governor *governor,
    struct stay__ticket *ticket, enum stay__dial_end end);
/* Whether a ticket that has joined is granted. */
bool stay__ticket_is_granted(const struct stay__ticket *ticket);

/* Both hold for tickets that wait already, too. */
void stay__governor_set_max(struct stay__governor *governor, unsigned max);
void stay__governor_set_stagger(struct stay__governor *governor, uint64_t ms);

#endif
