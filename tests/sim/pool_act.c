/*
 * What a program does with a pool, from outside and from inside of callbacks.
 */
#include "pool_sim.h"

static void
ask_some(struct pool_sim *pool)
{
	unsigned count = 1 + draw_below(pool->run, 6);
	struct borrower *borrower;

	while (count-- > 0 && pool->pool != NULL &&
	       (borrower = borrower_any(pool, AWAY)) != NULL)
		borrower_asks(pool, borrower);
}

static void
call_some(struct pool_sim *pool, struct borrower *borrower)
{
	unsigned count = 1 + draw_below(pool->run, 5);

	while (count-- > 0)
		pool_call(pool, borrower);
}

/* ---- how it ends ---- */

static void
end(struct pool_sim *pool)
{
	uint64_t ms = draw_mille(pool->run, 200)
			  ? STAY_FOREVER
			  : draw_between(pool->run, 0, 3000);
	struct stay_conn *conn = stay_pool_conn(pool->pool);

	if (draw_mille(pool->run, 400)) {
		/* Of a pool that has been stopped nothing is drained. */
		if (conn != NULL)
			pool_drains(pool, ms);
		INSIDE(stay_pool_drain(pool->pool, ms));
		return;
	}
	pool_stops(pool);
	if (draw_mille(pool->run, 300) && conn != NULL)
		INSIDE(stay_conn_stop(conn, STAY_OK));
	else
		INSIDE(stay_pool_stop(pool->pool, STAY_OK));
}

/* ---- what it is for ---- */

static void
share(struct pool_sim *pool, unsigned which)
{
	if (which < 50)
		host_push(&pool->user.host);
	else
		call_some(pool, NULL);
}

static void
with_lease(struct pool_sim *pool, unsigned which)
{
	struct borrower *borrower = borrower_any(pool, HAS);

	if (borrower == NULL)
		return;
	if (which < 400)
		call_some(pool, borrower);
	else if (which < 450)
		borrower_listens(pool, borrower);
	else
		borrower_leaves(pool, borrower);
}

/* `deed` to somebody in that state. */
static void
with(struct pool_sim *pool, enum borrower_state state,
    void (*deed)(struct pool_sim *pool, struct borrower *borrower))
{
	struct borrower *borrower = borrower_any(pool, state);

	if (borrower != NULL)
		deed(pool, borrower);
}

static void
lend(struct pool_sim *pool, unsigned which)
{
	if (which < 30)
		host_push(&pool->user.host);
	else if (which < 80)
		pool_cancel_some(pool);
	else if (which < 150)
		with(pool, WAITS, borrower_gives_up);
	else if (which < 700)
		with_lease(pool, which - 150);
	else if (which < 770)
		with(pool, AWAY, borrower_tries);
	else if (which < 790 && pool->run->inside == 0 && !pool->run->healing)
		with(pool, AWAY, borrower_waits);
	else
		ask_some(pool);
}

void
pool_acts(struct pool_sim *pool)
{
	struct run *run = pool->run;

	run->acted_at++;
	if (pool->pool == NULL)
		pool_start(pool);
	else if (draw_mille(run, run->plan.per_end))
		end(pool);
	else if (draw_mille(run, 15))
		pool_change(pool);
	else if (pool->options.use == STAY_POOL_SHARED)
		share(pool, draw_below(run, 1000));
	else
		lend(pool, draw_below(run, 1000));
}

void
pool_acts_inside(struct pool_sim *pool)
{
	struct run *run = pool->run;

	if (run->healing || !draw_mille(run, run->plan.per_inside))
		return;
	run->figures->inside++;
	pool_acts(pool);
}
