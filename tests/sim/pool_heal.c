/*
 * A pool once all is well: nobody starves, its size is as asked for, and everybody is
 * served. And the same pool in a forked child.
 */
#include "pool_sim.h"

#include <inttypes.h>

#define SLACK_MS 1000

/* ---- what must come to be ---- */

static uint64_t
patience_ms(const struct pool_sim *pool)
{
	const struct run *run = pool->run;

	return run_patience_ms(run) + 3 * pool->ever.return_ms +
	       pool->client.call_timeout_ms + SLACK_MS;
}

static bool
has_closed(void *arg)
{
	const struct pool_sim *pool = arg;

	return pool->pool == NULL;
}

static bool
none(struct pool_sim *pool, enum borrower_state state)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		if (pool->borrowers[i].state == state)
			return false;
	return true;
}

/* What was given up is answered late. */
static bool
is_busy(const struct pool_sim *pool)
{
	const struct peer_end *end = pool->user.host.server.ends;

	for (; end != NULL; end = end->next)
		if (sim_peer_is_open(end->wire) && peer_is_busy(end))
			return true;
	return false;
}

/* It has no less than it keeps, no more than it may, each with a session; and nobody
 * waits. */
static bool
is_well(void *arg)
{
	struct pool_sim *pool = arg;
	struct stay_pool_counts c = pool_counts(pool);

	return c.connections >= pool->options.connections_min &&
	       c.connections <= pool->options.connections_max &&
	       c.up == c.connections && c.returning == 0 &&
	       pool->open_calls == 0 && !is_busy(pool) && none(pool, WAITS) &&
	       none(pool, HAS);
}

static void
await_well(struct pool_sim *pool, uint64_t ms)
{
	struct stay_pool_counts c;

	if (sim_run_until(pool->run->world, is_well, pool, ms))
		return;
	c = pool_counts(pool);
	broken(13,
	    "a pool is not well: of %" PRIu64 " connections %" PRIu64
	    " are up, %" PRIu64 " return, %" PRIu64 " are lent, %" PRIu64
	    " wait, %" PRIu64 " calls are open",
	    c.connections, c.up, c.returning, c.lent, c.waiting,
	    pool->open_calls);
}

/* ---- whoever has one gives it back ---- */

static void
give_all_back(struct pool_sim *pool)
{
	while (!none(pool, HAS))
		borrower_leaves(pool, borrower_any(pool, HAS));
}

static void
start_anew(struct pool_sim *pool)
{
	if (pool->pool != NULL && !pool->leaving)
		return;
	if (!sim_run_until(
		pool->run->world, has_closed, pool, patience_ms(pool)))
		broken(5, "a pool does not stop");
	pool_start(pool);
}

/* ---- everybody is served ---- */

static void
lend_to_all(struct pool_sim *pool)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		if (pool->borrowers[i].state == AWAY)
			borrower_asks(pool, &pool->borrowers[i]);
}

static void
share_with_all(struct pool_sim *pool)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		pool_call(pool, NULL);
}

static void
check_service(struct pool_sim *pool)
{
	pool->serves = pool->client.max_age_ms == 0;
	if (pool->options.use == STAY_POOL_SHARED)
		share_with_all(pool);
	else
		lend_to_all(pool);
	await_well(pool, patience_ms(pool) + 120000);
	pool->serves = false;
}

/* Those that nobody needs have gone, and no more than those; sessions that are too old
 * have been replaced. */
static void
check_size(struct pool_sim *pool)
{
	struct stay_pool_counts c;

	sim_run_ms(pool->run->world, pool->options.idle_ms +
					 pool->client.stop_budget_ms +
					 pool->client.max_age_ms + SLACK_MS);
	await_well(pool, patience_ms(pool));
	c = pool_counts(pool);
	if (pool->client.max_age_ms > 0 ||
	    pool->options.use == STAY_POOL_SHARED)
		return;
	if (c.connections != pool->options.connections_min ||
	    c.connections != pool->clients)
		broken(7,
		    "an idle pool has %" PRIu64 " connections, %" PRIu64
		    " are alive, and %" PRIu64 " are to be kept",
		    c.connections, pool->clients,
		    pool->options.connections_min);
}

void
pool_heal(struct run *run)
{
	struct pool_sim *pool = run->pool;

	if (pool == NULL)
		return;
	give_all_back(pool);
	start_anew(pool);
	await_well(pool, patience_ms(pool));
	check_service(pool);
	check_size(pool);
}

/* ---- in a child ---- */

void
pool_fork(struct run *run)
{
	struct pool_sim *pool = run->pool;

	if (pool == NULL)
		return;
	for (unsigned acts = draw_below(run, 10); acts > 0; acts--)
		if (pool->pool != NULL)
			pool_acts(pool);
	if (!run->sim->forked)
		pool->forked_at = pool->call_count;
}
