/*
 * A real loop between the test and a world under test: what the loop itself
 * wishes of timer, again and hold goes nowhere, so that the test can drive the
 * world's operations alone, and see the turns.
 */
#ifndef STAY_TESTS_WORLD_SEAM_H
#define STAY_TESTS_WORLD_SEAM_H

#include <stay/world.h>

#include "loop/loop.h"

struct seam {
	struct stay_world base;   /* what the loop takes for its world */
	struct stay_world *world; /* the one under test */
	const struct stay_world_ops *ops; /* of that */
	struct stay_loop *loop;
	struct stay__task task;
	bool turned;
	bool passes_again; /* a loop that has overslept asks for it */
};

/* The world is freed by seam_fini. */
void seam_init(struct seam *seam, struct stay_world *world);
void seam_fini(struct seam *seam);

/* From now on `turned` says whether there was a turn. */
void seam_arm(struct seam *seam);

#endif
