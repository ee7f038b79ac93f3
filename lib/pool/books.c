/*
 * The books of a pool: which connection is in which state, and when the pool is to act.
 * What it does then is serve.c's.
 */
#include "pool/pool.h"

/* The next turn is sooner than the shortest timeout, but takes memory. */
void
stay__pool_wake(struct stay_pool *pool)
{
	const struct stay_message nothing = { 0 };

	if (pool->woken || pool->conn == NULL)
		return;
	pool->woken = true;
	if (stay_conn_next_event(pool->conn, nothing) != STAY_OK)
		(void)stay_conn_set_state_timeout(pool->conn, 0, nothing);
}

/* Whole milliseconds, one at least, and none too few. */
void
stay__pool_wake_at(struct stay_pool *pool, uint64_t at)
{
	const struct stay_message nothing = { 0 };
	uint64_t now = stay__pool_now(pool);
	uint64_t ns = at > now ? at - now : 0;

	if (pool->woken || pool->conn == NULL)
		return;
	(void)stay_conn_set_state_timeout(pool->conn,
	    at == UINT64_MAX
		? STAY_FOREVER
		: (ns + STAY__TICK_NS - 1) / STAY__TICK_NS + (ns == 0),
	    nothing);
}

void
stay__member_become(struct stay__pooled *member, enum stay__member_state state)
{
	struct stay_pool *pool = member->pool;

	stay__list_remove(&member->node);
	pool->in[member->state]--;
	pool->in[state]++;
	member->state = state;
	member->since = stay__pool_now(pool);
	if (state == STAY__MEMBER_IDLE)
		stay__list_push_front(&pool->idle, &member->node);
	stay__pool_wake(pool);
}

size_t
stay__pool_size(const struct stay_pool *pool)
{
	return pool->count - pool->in[STAY__MEMBER_ENDING];
}

size_t
stay__pool_up(const struct stay_pool *pool)
{
	return pool->in[STAY__MEMBER_IDLE] + pool->in[STAY__MEMBER_LENT] +
	       pool->in[STAY__MEMBER_RETURNING];
}

enum stay_status
stay__pool_closed_to_all(const struct stay_pool *pool)
{
	if (pool->ending || !stay_conn_admits(pool->conn))
		return STAY_E_DRAINING;
	return stay__pool_up(pool) == 0 ? pool->fatal : STAY_OK;
}
