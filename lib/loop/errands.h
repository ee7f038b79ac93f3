/*
 * Errands: what other threads want done on the loop's thread. They are given from
 * there, and done in a turn, in the order in which they were given. This file does not
 * know what they are.
 */
#ifndef STAY__ERRANDS_H
#define STAY__ERRANDS_H

#include <stay/status.h>

#include "base/inbox.h"
#include "loop/door.h"
#include "loop/loop.h"

struct stay__errand;
struct stay__errands;

/* Do the errand, on the loop's thread, as a callback that may call everything. From
 * here on it is nobody else's. */
typedef void stay__errand_fn(struct stay__errand *errand);

struct stay__errand {
	struct stay__inbox_item item;
	stay__errand_fn *run;
};

/* There is room again, or there never will be. */
typedef void stay__room_fn(void *arg);
/* Something of the loop has ended that other threads may know of. */
typedef void stay__gone_fn(void *arg, const void *what);

/* Those of a loop, in a block of its own. */
struct stay__errands {
	struct stay__knock knock; /* first: it frees the block */
	struct stay_loop *loop;
	struct stay__inbox given;
	struct stay__inbox put_off;     /* until there is a turn anyway */
	struct stay__inbox_item *batch; /* taken, to be done */
	struct stay__task task;
	stay__room_fn *on_room; /* these two run on the loop's thread */
	stay__gone_fn *on_gone; /* NULL: nobody knows of any */
	void *arg;
};

/* On the loop's thread, which has none yet. `max` may wait. NULL: no memory. */
struct stay__errands *stay__errands_new(struct stay_loop *loop, size_t max);
/* On the loop's thread: no more are taken; those that are there will be done. */
void stay__errands_close(struct stay__errands *errands);
/* Whether those that were taken are done. */
bool stay__errands_are_done(const struct stay__errands *errands);
/* On the loop's thread, which may be another one now: do what was put off. */
void stay__errands_settle(struct stay__errands *errands);
/* Closed and settled: they end. */
void stay__errands_free(struct stay__errands *errands);

/* In any thread. STAY_OK; STAY_E_FULL; STAY_E_STOPPED: it is still the caller's. */
enum stay_status stay__errands_give(
    struct stay__errands *errands, struct stay__errand *errand);
/* The same past the bound. STAY_OK, STAY_E_STOPPED. */
enum stay_status stay__errands_give_anyway(
    struct stay__errands *errands, struct stay__errand *errand);
/* Have it done some time, which cannot fail. `soon`: wake the loop for it. */
void stay__errands_put_off(
    struct stay__errands *errands, struct stay__errand *errand, bool soon);

#endif
