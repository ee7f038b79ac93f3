/*
 * stay/future.h - wait for calls, without callbacks of one's own.
 *
 * A future is one call whose result is kept until somebody asks for it. It goes in
 * place of `done`, with every protocol:
 *
 *	struct stay_future *price = stay_future_new(client);
 *
 *	stay_future_begin(price,
 *	    quote_call(client, "ACME", stay_future_done, price));
 *	...more calls, each with a future of its own; they leave together...
 *	if (stay_future_wait(price, STAY_FOREVER) == STAY_OK)
 *		use(stay_future_result(price));
 *	stay_future_free(price);
 *
 * There are two ways to wait. In a program without threads, as here, who waits drives
 * the loop, which must not be running: the connection is dialled and kept, other calls
 * are answered and callbacks run while it waits, and at no other time. In a program
 * with threads a runner runs the loop, and who waits is blocked: such futures come from
 * stay_remote_future of <stay/runner.h>, and all else is the same.
 *
 * Every call has a timeout, so a wait has an end: a call that is not answered
 * completes, too, and its result says what became of it.
 *
 * A call that was rejected has nothing to wait for. So that time passes for a program that
 * only waits, the first wait for such a future looks once for what is due and what has
 * come, without waiting, as one with a budget of 0 does: a session comes up, a queue
 * drains, a backoff ends, and a later call is accepted. In a callback it does not.
 *
 * <stay/redis_future.h> has stay_redis_command_wait, which does all of that at once.
 *
 * All functions are for the loop's thread; with a future of a runner for any thread,
 * but for one at a time. A future that is NULL, because there was no
 * memory for it, is one that has completed with STAY_E_NOMEM, as not sent: so only the
 * result need be looked at.
 */
#ifndef STAY_FUTURE_H
#define STAY_FUTURE_H

#include <stay/client.h>

STAY_BEGIN

struct stay_future;

/*
 * A future for one call of `client`, for stay_future_free. It may outlive the client,
 * but not the loop: while it keeps a reply, stay_loop_free returns STAY_E_LIVE. May be
 * called in every callback. NULL: no memory.
 */
STAY_API struct stay_future *stay_future_new(struct stay_client *client);

/*
 * The `done` of the call, whose `arg` is the future. It keeps the reply, by
 * stay_held_new; so the bounds held_replies_max and held_bytes_max hold for futures,
 * too. If it cannot be kept, the result has the status of stay_held_new, and no reply;
 * its outcome is still what became of the call: the value is lost, and of a reply that
 * is larger than held_bytes_max (STAY_E_TOO_BIG) it will be each time. Take those in a
 * `done` of your own, or in pieces. A reply that is NULL need not be kept.
 */
STAY_API void stay_future_done(void *future, const struct stay_result *result);

/*
 * What the submission returned, once for each future, at once. With another status than
 * STAY_OK, `done` never runs, and the future has completed, with this status and as not
 * sent; `why` has its words, or what is wrong with the request, or what keeps the client
 * without a session. Returns `status`. May be called in every callback; `future` may be NULL.
 */
STAY_API enum stay_status stay_future_begin(
    struct stay_future *future, enum stay_status status);

/*
 * Wait until the call has completed, `budget_ms` at most (STAY_FOREVER: as long as the
 * call takes; 0: look once, and do not wait). To wait for several, wait for each of them
 * in turn: none is answered later for it.
 * Returns: STAY_OK: it has completed, and stay_future_result says how; STAY_E_TIMEOUT:
 * not yet, and it may be waited for again; STAY_E_REENTRANT inside a callback, or on a
 * thread of a runner, unless it has completed; STAY_E_STATE: its call was not
 * submitted; STAY_E_NOMEM: the system has nothing to wait with; STAY_E_FORKED: it is of a
 * runner of the parent process, and has not completed.
 */
STAY_API STAY_USE enum stay_status stay_future_wait(
    struct stay_future *future, uint64_t budget_ms);

/*
 * Wait until one of `count` futures has completed; all belong to clients of one loop,
 * or all to loops of runners. One may stand in several places. If several have, the first
 * in the array counts. *which is its place; `which` may be NULL.
 * Returns as stay_future_wait; STAY_E_ARG if `count` is 0 or `futures` is NULL; or, while
 * none has completed, if their clients belong to two loops, or only some to runners.
 */
STAY_API STAY_USE enum stay_status stay_future_wait_any(
    struct stay_future *const *futures, size_t count, uint64_t budget_ms,
    size_t *which);

/* How the call ended, with its reply; NULL: it has not completed yet. All of it lives
 * until stay_future_free. May be called in every callback. */
STAY_API const struct stay_result *stay_future_result(
    const struct stay_future *future);

/* What stay_future_result has of these; while it has not completed: NULL, and "". */
STAY_API const void *stay_future_reply(const struct stay_future *future);
STAY_API const char *stay_future_why(const struct stay_future *future);

/* Free a future; NULL is fine. If the call has not completed, it goes on, and what it
 * brings is dropped. (To give it up, see stay_client_cancel and
 * stay_remote_cancel.) May be called in every
 * callback. */
STAY_API void stay_future_free(struct stay_future *future);

STAY_END

#endif
