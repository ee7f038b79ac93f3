/*
 * stay/pool.h - several connections to one place: lent, or shared.
 *
 * An *exclusive* pool lends connections, as the blocking clients of old do: for what
 * needs one for itself, as a transaction, a lock, a command that blocks. Who checks out
 * gets a *lease*, and its client (<stay/client.h>) until it is checked in:
 *
 *	static void
 *	on_lease(void *arg, struct stay_lease *lease, enum stay_status status)
 *	{
 *		if (status == STAY_OK)
 *			transact(arg, stay_lease_client(lease), lease);
 *		else
 *			give_up(arg, status);
 *	}
 *
 *	stay_pool_check_out(pool, NULL, on_lease, job);
 *	...
 *	stay_pool_check_in(lease);
 *
 * Who can't wait asks stay_pool_try, and is told STAY_E_CHECKED_OUT at once. A program
 * without callbacks has stay_pool_check_out_wait.
 *
 *  - Who waits is served in order, until his timeout. The connection that came back
 *    last is lent first, so that those which are not needed grow old, and end.
 *  - A lease is for one session. When that ends, calls fail (STAY_E_OFFLINE), and a
 *    notice tells the borrower, who checks in as ever (stay_lease_on_lost).
 *  - A connection that comes back is made as new before it is lent again: calls in
 *    flight are waited for, and the protocol undoes what they have left behind, or the
 *    session is replaced. See <stay/lend.h>, and `reset` of <stay/protocol.h>.
 *  - An idle connection is probed by its client: a dead one is found and replaced.
 *
 * A *shared* pool is for more than one connection can carry: each call takes one of two
 * that were drawn, the one with less to do. It has no leases:
 *
 *	stay_client_call(stay_pool_client(pool), request, done, job);
 *
 * Both keep their size. A session that is lost comes back by its client's own backoff; a
 * client that has ended is replaced by the same one. While no session is up, one
 * connection asks for all; so a wrong password is told once, and tried again slowly.
 *
 * The pool is a connection of its own (stay_pool_conn), which never dials: a behaviour,
 * stopped with its loop, explained by stay_conn_explain. All functions are for the loop's
 * thread, and may be called in every callback, but for stay_pool_check_out_wait.
 */
#ifndef STAY_POOL_H
#define STAY_POOL_H

#include <stay/lend.h>

STAY_BEGIN

struct stay_pool;
struct stay_lease;

/* ---- the pool -------------------------------------------------------- */

/* The pool has ended, and so have all its connections. Runs exactly once, as the last
 * of its callbacks; the pool, and leases that were not checked in, are freed when it
 * returns. */
typedef void stay_pool_closed_fn(
    void *arg, struct stay_pool *pool, enum stay_status reason);

/* What a pool is for. */
enum stay_pool_use { STAY_POOL_EXCLUSIVE, STAY_POOL_SHARED };

/* Zero means the default, which each comment ends with; docs/options.md has the
 * bounds. All of it is copied. */
struct stay_pool_options {
	size_t size; /* STAY_POOL_OPTIONS sets it */
	/*
	 * Of each connection; only read inside the function. NULL: all defaults.
	 * Its notices are the pool's own: they are not called. `endpoints` is, with
	 * the `arg` beside it. With STAY_FATAL_STOP the pool stops when no session is
	 * up. Of an exclusive pool `offline` is STAY_OFFLINE_FAIL, and `max_age_ms` is
	 * never reached in the hands of a borrower. `attempts_max` of its backoff ends
	 * a connection, and the pool begins another. A config is released when the pool
	 * has closed; a filter is to live as long.
	 */
	const struct stay_client_options *client;
	enum stay_pool_use use;
	stay_pool_closed_fn *on_closed; /* NULL: nobody is told */
	void *arg;                      /* for it */
	/* How many are kept, idle or not. A shared pool keeps connections_max: 1 */
	uint64_t connections_min;
	uint64_t connections_max; /* at most so many: 8 */
	/* One that was idle for so long ends, unless the pool would be smaller
	 * than connections_min: 60000 */
	uint64_t idle_ms;
	uint64_t waiters_max;     /* who wait for a connection: 1024 */
	uint64_t wait_timeout_ms; /* how long they do: 5000 */
	/*
	 * Controlled delay, so that too much work fails fast. When for all of
	 * shed_interval_ms somebody had waited longer than shed_target_ms, the pool is
	 * overloaded until nobody waits any more. Until then, who has waited for
	 * shed_target_ms is told STAY_E_OVERLOADED. (After CoDel, RFC 8289, as servers
	 * have it: "Fail at Scale", ACM Queue 13.8.) The default: never
	 */
	uint64_t shed_target_ms;
	uint64_t shed_interval_ms; /* see shed_target_ms: 100 */
	uintptr_t reserved[4];
};

#define STAY_POOL_OPTIONS .size = sizeof(struct stay_pool_options)

/*
 * Start a pool, and its first connection. `protocol` must outlive it; `url` is copied;
 * `options` may be NULL. *pool is valid until on_closed returns.
 * Returns as stay_client_start. Unless it returns STAY_OK, *pool is NULL, and no notice
 * comes.
 *
 * <stay/redis_pool.h> has the same for Redis.
 */
STAY_API STAY_USE enum stay_status stay_pool_start(struct stay_pool **pool,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_pool_options *options);

/* Stop the pool: who waits is told STAY_E_STOPPED, leases end, and the connections stop
 * as by stay_client_stop. The first reason counts. stay_loop_stop stops it, too. */
STAY_API void stay_pool_stop(struct stay_pool *pool, enum stay_status reason);

/* Finish what is under way, then stop: nobody else checks out (STAY_E_DRAINING), who
 * waits is served, and leases go on until they are checked in, for `budget_ms` at most.
 * Of a shared pool all connections are drained as by stay_client_drain. */
STAY_API void stay_pool_drain(struct stay_pool *pool, uint64_t budget_ms);

/*
 * Give the pool another URL, other options, or both, while it runs. A `url` that is NULL
 * stays; `options` that are NULL stay, but for the places: a URL replaces the old `urls`.
 *  - Connections that nobody has are changed now, as by stay_client_reconfigure: their
 *    sessions are replaced, and those of a shared pool take their queues along. What is
 *    lent is changed when it is checked in. Those that begin have the new options.
 *  - `options` replaces all of the old ones, so that 0 means the default again; `client`
 *    that is NULL, too. `on_closed` and `arg` stay, and so must `use`.
 *  - With a smaller connections_max those that are too many end: now if nobody has them,
 *    else when they are checked in. Who waits already keeps his timeout and his place.
 *  - After a fatal failure it is tried at once, and who checks out waits for that.
 *  - The old config is released in the loop's turn when no connection has it any more,
 *    unless it is also the new one.
 * Returns as stay_pool_start; STAY_E_ARG for another `use`; STAY_E_STOPPED if the pool has
 * been stopped; STAY_E_FULL if 16 replaced configs wait to be released. Unless it returns
 * STAY_OK, nothing changes, and the config stays the caller's.
 */
STAY_API STAY_USE enum stay_status stay_pool_reconfigure(struct stay_pool *pool,
    const char *url, const struct stay_pool_options *options);

/* The pool as a connection: for stay_conn_explain, stay_conn_admits. NULL once it has
 * been stopped. */
STAY_API struct stay_conn *stay_pool_conn(struct stay_pool *pool);

/* ---- check-out and check-in ------------------------------------------ */

/* A connection was checked out: `lease` is the caller's until stay_pool_check_in. Or
 * `status` says why not, and `lease` is NULL: STAY_E_TIMEOUT, STAY_E_CANCELLED,
 * STAY_E_OVERLOADED, STAY_E_STOPPED, the status of a fatal failure. Runs in the loop's
 * turn, and may call everything. */
typedef void stay_checked_out_fn(
    void *arg, struct stay_lease *lease, enum stay_status status);

struct stay_check_out_options {
	size_t size;         /* STAY_CHECK_OUT_OPTIONS sets it */
	uint64_t timeout_ms; /* 0: wait_timeout_ms; STAY_FOREVER: none */
	uint64_t *ticket;    /* filled in, for stay_pool_give_up; may be NULL */
	uintptr_t reserved[2];
};

#define STAY_CHECK_OUT_OPTIONS .size = sizeof(struct stay_check_out_options)

/*
 * Check a connection out, or wait in line for one. `done` runs exactly once, with `arg`.
 * `options` may be NULL, and is only read inside this function.
 * Returns: STAY_OK. Or it is rejected, and `done` never runs: STAY_E_FULL (waiters_max);
 * STAY_E_DRAINING; after a fatal failure its status, until an attempt succeeds or fails
 * otherwise; STAY_E_ABI; STAY_E_NOMEM; STAY_E_UNSUPPORTED: the pool is shared.
 */
STAY_API STAY_USE enum stay_status stay_pool_check_out(struct stay_pool *pool,
    const struct stay_check_out_options *options, stay_checked_out_fn *done,
    void *arg);

/* Check a connection out if one is free now, and nobody waits.
 * Returns as stay_pool_check_out, and STAY_E_CHECKED_OUT: none is. Unless it returns
 * STAY_OK, *lease is NULL. */
STAY_API STAY_USE enum stay_status stay_pool_try(
    struct stay_pool *pool, struct stay_lease **lease);

/*
 * The same for a program without callbacks: wait for a connection, `timeout_ms` at most,
 * which is as in struct stay_check_out_options. Who waits drives the loop; who is rejected
 * looks once for what has come, so that he is not for ever. A pool with STAY_FATAL_STOP may
 * end in here, and is freed then: on_closed says so, and no status does for sure.
 * Returns as stay_pool_check_out, and what `done` is told; STAY_E_REENTRANT inside a
 * callback. Unless it returns STAY_OK, *lease is NULL.
 */
STAY_API STAY_USE enum stay_status stay_pool_check_out_wait(
    struct stay_pool *pool, uint64_t timeout_ms, struct stay_lease **lease);

/* Leave the line: `done` runs in the loop's next turn, with STAY_E_CANCELLED.
 * Returns: STAY_OK; STAY_E_STALE: it has run, or is about to. */
STAY_API enum stay_status stay_pool_give_up(
    struct stay_pool *pool, uint64_t ticket);

/* Give a connection back; once for each lease, lost or not, and `lease` is dead. Calls
 * in flight go on, for leave_budget_ms of the client's options: then the session is
 * replaced. Who waits meanwhile gets another connection after 100 ms, if there may be
 * one more. NULL is fine. */
STAY_API void stay_pool_check_in(struct stay_lease *lease);

/* ---- a lease --------------------------------------------------------- */

/* The client to call on. It lives until check-in; NULL: it has ended, because it, the
 * pool or the loop was stopped. Only calls are a borrower's to make: how it connects,
 * pauses and ends is the pool's. */
STAY_API struct stay_client *stay_lease_client(const struct stay_lease *lease);

/* STAY_OK; or why it is lost: STAY_E_LOST, STAY_E_STOPPED. */
STAY_API enum stay_status stay_lease_status(const struct stay_lease *lease);

/* The lease is lost: `why` as stay_lease_status. Calls that it had in flight complete
 * by themselves, before or after. It is still to be checked in; that may be done here. */
typedef void stay_lost_fn(
    void *arg, struct stay_lease *lease, enum stay_status why);

/* Tell whoever has the lease when it is lost, in the loop's turn; also if it is lost
 * already. Once the pool has stopped, who asks late is told right before on_closed. NULL:
 * nobody is told, and calls show it. */
STAY_API void stay_lease_on_lost(
    struct stay_lease *lease, stay_lost_fn *on_lost, void *arg);

/* ---- sharing --------------------------------------------------------- */

/*
 * The client of a shared pool for the next call: of two that are drawn, the one with less
 * to do; without a session only if there is none that has one. It may be another one each
 * time, and lives until the loop's next turn: what is to stay in order goes to one that
 * was asked for once.
 * NULL: there is none just now, as after a stop; or the pool is not shared.
 */
STAY_API struct stay_client *stay_pool_client(struct stay_pool *pool);

/* ---- asking about it ------------------------------------------------- */

/* What it has now, and what it has done. */
struct stay_pool_counts {
	size_t size;          /* STAY_POOL_COUNTS sets it */
	uint64_t connections; /* those that end not counted */
	uint64_t up;          /* of them, with a session that can be used */
	uint64_t idle;        /* may be checked out now */
	uint64_t lent;      /* leases that were not checked in, lost ones too */
	uint64_t returning; /* being made as new */
	uint64_t waiting;   /* in line */
	uint64_t check_outs; /* served, ever */
	uint64_t timed_out;  /* told STAY_E_TIMEOUT */
	uint64_t given_up;   /* STAY_E_CANCELLED */
	uint64_t shed;       /* STAY_E_OVERLOADED */
	uint64_t lost;       /* leases */
	uint64_t started;    /* connections */
	uint64_t culled;     /* that were idle for too long */
	uint64_t aged;       /* sessions replaced for their age */
};

#define STAY_POOL_COUNTS .size = sizeof(struct stay_pool_counts)

/* Fill `counts`, as far as its size says. The size must be set. */
STAY_API void stay_pool_get_counts(
    const struct stay_pool *pool, struct stay_pool_counts *counts);

STAY_END

#endif
