/*
 * The door of a loop: other threads knock, and the loop answers in its next turn. A
 * knock outlives whoever waited for it, and the loop itself: then nobody answers.
 */
#ifndef STAY__DOOR_H
#define STAY__DOOR_H

#include <stay/status.h>

#include "base/list.h"

struct stay_loop;
struct stay__door;
struct stay__knock;

/* In the loop's turn. It runs no callback of the program. */
typedef void stay__answer_fn(struct stay__knock *knock);

/* The first member of a block of stay__alloc, which ends with its last reference. */
struct stay__knock {
	struct stay__list node; /* in the door's list */
	struct stay__door *door;
	stay__answer_fn *answer;
	unsigned refs; /* under the door's lock */
};

/* On the loop's thread: with one reference. STAY_OK, STAY_E_NOMEM. */
enum stay_status stay__knock_init(
    struct stay__knock *knock, struct stay_loop *loop, stay__answer_fn *answer);

/* In any thread, with a reference. */
void stay__knock_hold(struct stay__knock *knock);
void stay__knock_drop(struct stay__knock *knock);
void stay__knock_now(struct stay__knock *knock);

/* On the loop's thread: answer all that have knocked; the loop ends. `loop->door`
 * is not NULL. */
void stay__door_answer(struct stay_loop *loop);
void stay__door_close(struct stay_loop *loop);

#endif
