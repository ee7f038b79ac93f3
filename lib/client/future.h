/*
 * A future, as those see it that make it complete. Its owner and its call may be in two
 * threads: each has a reference, and `waiter` is where they meet.
 */
#ifndef STAY__FUTURE_H
#define STAY__FUTURE_H

#include <stay/future.h>

#include <stdatomic.h>

#include "loop/errands.h"
#include "world/bell.h"
#include "world/ev_process.h"

enum stay__future_stage {
	STAY__FUTURE_NEW, /* its call was not submitted yet */
	STAY__FUTURE_BEGUN,
	STAY__FUTURE_REJECTED /* and nobody has waited for it */
};

struct stay_future {
	atomic_uint refs; /* of its owner, of its call, of who gives that up */
	/* Rung when it completes; NULL: nobody waits; &stay__future_complete: it has,
	 * and what follows from here on can be read. */
	_Atomic(struct stay__bell *) waiter;
	enum stay__future_stage stage; /* its owner's */
	/* Of which another thread runs the loop; NULL: none does. */
	const struct stay__process *process;
	struct stay_client *client; /* until it is complete */
	struct stay_loop *loop;
	struct stay_held *held; /* NULL: there is no reply */
	char *words;            /* a copy; NULL: `why` is static */
	struct stay_result result;
	/* Of a remote one: to give its call up. */
	struct stay__errand give_up;
	atomic_bool is_given_up;
	struct stay_call_id id;
};

extern struct stay__bell stay__future_complete;

/* One whose call another thread of this process will submit. NULL: no memory. */
struct stay_future *stay__future_new_remote(
    struct stay_loop *loop, const struct stay__process *process);
void stay__future_hold(struct stay_future *future);
void stay__future_drop(struct stay_future *future);
bool stay__future_is_complete(const struct stay_future *future);

/* A result without a reply: not sent. */
struct stay_result stay__future_rejection(enum stay_status status);

#endif
