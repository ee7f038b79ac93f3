/*
 * stay/runner.h - connections for programs with threads.
 *
 * A runner runs loops, each in a thread of its own. A *remote* is a client on one of
 * them, as the other threads see it. Any number of threads may share it:
 *
 *	struct stay_runner *runner;
 *	struct stay_remote *quotes;
 *
 *	if (stay_runner_start(&runner, NULL) != STAY_OK ||
 *	    stay_remote_start(&quotes, runner, &protocol, url, NULL) != STAY_OK)
 *		return 1;
 *	...in any thread:
 *	struct stay_future *price = stay_remote_future(quotes, "ACME", NULL);
 *
 *	if (stay_future_wait(price, 200) == STAY_OK)
 *		use(stay_future_result(price));
 *	stay_future_free(price);
 *	...in the end:
 *	stay_remote_free(quotes);
 *	stay_runner_free(runner);
 *
 * The future is that of <stay/future.h>: how it is waited for, asked and freed stands
 * there. The one difference is who runs the loop. There, nobody else does, and the wait
 * drives it; here, a thread of the runner does, and the wait blocks. So the connection
 * is kept also while nobody waits. <stay/redis_remote.h> has the same for Redis.
 *
 * What runs where:
 *  - A request is encoded in the thread that calls. That thread puts it into the inbox
 *    of the loop, which takes no lock; one wake-up is for all that are put in before
 *    the loop comes. The loop's thread sends, and reads the replies.
 *  - `done`, notices, jobs and observers run on the loop's thread. They may call
 *    everything, and must not block: a future is not waited for there
 *    (STAY_E_REENTRANT).
 *  - A reply that a future keeps is handed over as it is, and may be read and freed in
 *    any thread. stay_held_new gives such a reply, too.
 *
 * A process that forks leaves runners to the parent: in the child all functions return
 * STAY_E_FORKED, and no thread runs a loop: a future that has not completed there never
 * does, and is not waited for. What the child needs it starts itself.
 *
 * All functions may be called in any thread, except where it says otherwise.
 */
#ifndef STAY_RUNNER_H
#define STAY_RUNNER_H

#include <stay/future.h>

STAY_BEGIN

struct stay_runner;
struct stay_remote;

/* ---- the runner ------------------------------------------------------ */

/* What happens to a call while the inbox of its loop is full. */
enum stay_inbox_full {
	STAY_INBOX_REJECT, /* it is rejected with STAY_E_FULL */
	STAY_INBOX_BLOCK   /* it waits for room; on a loop's thread: rejected */
};

/* Zero means the default, which each comment ends with. */
struct stay_runner_options {
	size_t size;        /* STAY_RUNNER_OPTIONS sets it */
	uint64_t loops;     /* and threads, 1024 at most: 1 */
	uint64_t inbox_max; /* calls that wait for one loop: 65536 */
	enum stay_inbox_full full;
	uintptr_t reserved[4];
};

#define STAY_RUNNER_OPTIONS .size = sizeof(struct stay_runner_options)

/*
 * Start loops and their threads. The threads block all signals. `options` may be NULL,
 * and is only read inside this function. *runner is for stay_runner_free.
 * Returns: STAY_OK; STAY_E_ARG for an option out of its bounds; STAY_E_ABI;
 * STAY_E_NOMEM, also if the system has no thread, or no descriptor for a loop. Unless
 * it returns STAY_OK, nothing was started and *runner is NULL.
 */
STAY_API STAY_USE enum stay_status stay_runner_start(
    struct stay_runner **runner, const struct stay_runner_options *options);

/* Make a loop that nobody runs, and that can be driven alone; NULL: no memory, or no
 * descriptor. */
typedef struct stay_loop *stay_make_loop_fn(void);

/*
 * The same on loops that `make_loop` makes, as stay_loop_poll does; it is called in this
 * function, once a loop. stay_runner_start is this one with stay_loop_alone, which needs
 * libev. The loops are freed with the runner.
 */
STAY_API STAY_USE enum stay_status stay_runner_start_on(
    struct stay_runner **runner, const struct stay_runner_options *options,
    stay_make_loop_fn *make_loop);

/*
 * Stop all clients of all loops, as stay_client_stop does with STAY_OK, and then the
 * threads. Returns at once; may be called in every callback, and any number of times.
 * A call that races with it completes once, as every call: it is answered, or fails
 * with STAY_E_STOPPED.
 */
STAY_API void stay_runner_stop(struct stay_runner *runner);

/*
 * Stop the runner, wait until its threads have ended, and free it. NULL is fine. Once,
 * by one thread, and none of the runner's own. No other thread may be inside of a
 * function on it or on its remotes.
 * Returns: STAY_OK; STAY_E_LIVE: a remote, or a reply of a future, is not freed yet.
 * The threads have ended then, and it may be called again. STAY_E_REENTRANT in a
 * callback; STAY_E_FORKED.
 */
STAY_API enum stay_status stay_runner_free(struct stay_runner *runner);

/* Whether this thread is one of a runner's: then it runs a callback, and must not wait. */
STAY_API bool stay_runner_is_here(void);

/* How many loops it has. */
STAY_API size_t stay_runner_loops(const struct stay_runner *runner);

/* A piece of work for a loop's thread. There it may use all functions of the loop, as
 * in a callback. */
typedef void stay_job_fn(void *arg, struct stay_loop *loop);

/*
 * Run a job on the thread of this loop, one of stay_runner_loops counted from 0, and
 * wait until it has returned. Jobs and calls that one thread gives to a loop run in the
 * order given. There is always room for a job.
 *
 *	static void
 *	watch(void *observer, struct stay_loop *loop)
 *	{
 *		stay_loop_set_observer(loop, observer);
 *	}
 *
 * Returns: STAY_OK; and, when it has not run: STAY_E_ARG (no such loop);
 * STAY_E_STOPPED; STAY_E_REENTRANT on a loop's thread; STAY_E_FORKED; STAY_E_NOMEM.
 */
STAY_API STAY_USE enum stay_status stay_runner_do(
    struct stay_runner *runner, size_t loop, stay_job_fn *job, void *arg);

/* ---- remotes --------------------------------------------------------- */

/*
 * Start a client on a loop of the runner, the next one in turn, as stay_client_start
 * does; and wait until that has returned, not for the connection. *remote is for
 * stay_remote_free. `config` must live until then, unless it has a config_size; and
 * there is no config_release (STAY_E_ARG). encode sees this config also after a
 * reconfiguration. The notices of the options run on the loop's thread.
 * Returns as stay_client_start; STAY_E_STOPPED; STAY_E_REENTRANT on a loop's thread.
 * Unless it returns STAY_OK, nothing was started and *remote is NULL, and
 * stay_remote_rejection may say more.
 */
STAY_API STAY_USE enum stay_status stay_remote_start(
    struct stay_remote **remote, struct stay_runner *runner,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options);

/* Start a client, on the loop's thread: *client is set if it returns STAY_OK. */
typedef enum stay_status stay_starter_fn(
    void *arg, struct stay_loop *loop, struct stay_client **client);

/* The same for adapters that have a start of their own, which `starter` calls with
 * `arg`. A client with a config_release is stopped again: STAY_E_ARG. */
STAY_API STAY_USE enum stay_status stay_remote_start_by(
    struct stay_remote **remote, struct stay_runner *runner,
    stay_starter_fn *starter, void *arg);

/*
 * Why the last start of a remote by this thread was rejected, or the last call that was, as
 * stay_loop_rejection says it. "" if it was not, or if the status says all. Lives until the
 * next of them by this thread.
 *
 *	if (stay_redis_remote_start(&redis, runner, url, NULL) != STAY_OK)
 *		errx(1, "%s: %s", url, stay_remote_rejection());
 */
STAY_API const char *stay_remote_rejection(void);

/*
 * Give a remote back, once, when no other thread uses it. NULL is fine. Its client is
 * stopped, if it still runs; calls that are under way complete with that.
 */
STAY_API void stay_remote_free(struct stay_remote *remote);

/* As stay_client_stop with STAY_OK. Returns at once; again is harmless. Calls from then
 * on fail with STAY_E_STOPPED. */
STAY_API void stay_remote_stop(struct stay_remote *remote);

/*
 * Submit a call, as stay_client_call_with does; `options` may be NULL. It has no body
 * and no `id`. `request` and `options` are only read inside this function. `done` runs
 * once on the loop's thread, maybe before this returns, also if the client itself
 * rejects the call; what it is told is then what stay_client_call_with returns, and `why` is
 * what keeps the client without a session. `done`
 * that is NULL: nobody asks, and a failure goes to the observer; what the client rejects
 * is only counted. A timeout counts from
 * when the loop takes the call over, moments later.
 * Returns: STAY_OK. Or `done` never runs: what encode returned; STAY_E_FULL (the
 * inbox); STAY_E_STOPPED; STAY_E_NOMEM; STAY_E_ARG; STAY_E_ABI; STAY_E_UNSUPPORTED;
 * STAY_E_FORKED.
 */
STAY_API STAY_USE enum stay_status stay_remote_call(struct stay_remote *remote,
    const void *request, const struct stay_call_options *options,
    stay_done_fn *done, void *arg);

/*
 * Submit a call and do not wait: its future, for stay_future_free. Never fails: a
 * rejected call is a future that has completed, and NULL is one without memory. One
 * thread at a time uses a future. Of several, stay_future_wait_any waits for the first,
 * also if they belong to several loops. `options` have
 * neither `part` nor `piece` (STAY_E_UNSUPPORTED).
 */
STAY_API struct stay_future *stay_remote_future(struct stay_remote *remote,
    const void *request, const struct stay_call_options *options);

/*
 * Give the call of a future of this remote up, as stay_client_cancel does. Returns at
 * once: the future completes soon, with STAY_E_CANCELLED, or with a reply that has come
 * before.
 * Returns: STAY_OK; STAY_E_STALE: it has completed already; STAY_E_ARG: it is one of
 * another loop, or of no remote (stay_client_cancel gives such a call up); STAY_E_FORKED.
 */
STAY_API enum stay_status stay_remote_cancel(
    struct stay_remote *remote, struct stay_future *future);

/* A piece of work with a remote's client, as stay_job_fn. `client` is NULL if it has
 * closed. */
typedef void stay_remote_job_fn(void *arg, struct stay_client *client);

/*
 * Run a job on the loop's thread with the client of this remote, and wait until it has
 * returned: for all that has no function here, as to subscribe, to reconfigure, to ask
 * for counts or stay_conn_explain. The client must not be used outside.
 * Returns as stay_runner_do.
 */
STAY_API STAY_USE enum stay_status stay_remote_do(
    struct stay_remote *remote, stay_remote_job_fn *job, void *arg);

/* ---- how its connection is ------------------------------------------- */

/* What is known of the connection of a remote. */
struct stay_connectivity {
	size_t size;      /* STAY_CONNECTIVITY sets it */
	uint64_t changes; /* of the state, so far */
	/* The last failure since it was up; STAY_OK: none. Once it stops, the reason. */
	enum stay_status why;
	enum stay_state state; /* STAY_CONNECTED: it is up */
	uintptr_t reserved[2];
};

#define STAY_CONNECTIVITY .size = sizeof(struct stay_connectivity)

/*
 * Fill in how the connection is now, as far as the size says, which must be set. Takes no
 * lock and waits for nothing. May also be called on a loop's thread.
 */
STAY_API void stay_remote_get_connectivity(
    struct stay_remote *remote, struct stay_connectivity *connectivity);

/*
 * Wait until the state has changed more often than `changes`, or for `timeout_ms`. Several
 * threads may wait. To wait until it is up:
 *
 *	struct stay_connectivity now = { STAY_CONNECTIVITY };
 *
 *	do
 *		stay_remote_get_connectivity(remote, &now);
 *	while (now.state != STAY_CONNECTED &&
 *	       stay_remote_await_change(remote, now.changes, 1000) == STAY_OK);
 *
 * Returns: STAY_OK: it has; STAY_E_TIMEOUT; STAY_E_STOPPED: the client has ended, and no
 * change follows; STAY_E_REENTRANT on a loop's thread; STAY_E_FORKED.
 */
STAY_API enum stay_status stay_remote_await_change(
    struct stay_remote *remote, uint64_t changes, uint64_t timeout_ms);

STAY_END

#endif
