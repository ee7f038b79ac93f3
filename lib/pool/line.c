/*
 * The line: who waits for a connection, for how long, and who is told that it takes too
 * long. Nobody is told inside of a public function.
 *
 * Shedding looks at the wait of the one in front, as nobody waits longer. While it is
 * short, all is well. When it has been too long for a whole interval, the line does not
 * become shorter by itself: from then on, until it is empty, nobody waits longer than the
 * target. So those who are served are those who can still make use of it.
 */
#include "pool/pool.h"

void
stay__line_join(struct stay_pool *pool, struct stay_lease *lease)
{
	stay__list_push(&pool->line, &lease->node);
	pool->waiting++;
	pool->first_until = stay__sooner(pool->first_until, lease->until);
	stay__pool_wake(pool);
}

static void
be_calm(struct stay_pool *pool)
{
	pool->overloaded = false;
	pool->slow_since = UINT64_MAX;
}

/* Nobody waits now, be it only until the callback that is about to run. */
static void
step_out(struct stay_lease *lease)
{
	struct stay_pool *pool = lease->pool;

	stay__list_remove(&lease->node);
	if (--pool->waiting == 0)
		be_calm(pool);
}

void
stay__line_leave(struct stay_lease *lease, enum stay_status why)
{
	step_out(lease);
	lease->status = why;
	stay__list_push(&lease->pool->left, &lease->node);
	stay__pool_wake(lease->pool);
}

struct stay_lease *
stay__line_next(struct stay_pool *pool)
{
	struct stay_lease *first = stay__lease_of(pool->line.next);

	step_out(first);
	return first;
}

void
stay__line_drop_all(struct stay_pool *pool, enum stay_status why)
{
	struct stay__list *node;

	while ((node = stay__list_first(&pool->line)) != NULL)
		stay__line_leave(stay__lease_of(node), why);
}

void
stay__line_tell(struct stay_pool *pool)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&pool->left)) != NULL) {
		struct stay_lease *lease = stay__lease_of(node);

		pool->counts.timed_out += lease->status == STAY_E_TIMEOUT;
		pool->counts.given_up += lease->status == STAY_E_CANCELLED;
		pool->counts.shed += lease->status == STAY_E_OVERLOADED;
		stay__pool_metered_left(lease);
		lease->done(lease->arg, NULL, lease->status);
		stay__free(lease);
	}
}

/* ---- whose time is up ---- */

static void
expire(struct stay_pool *pool, uint64_t now)
{
	struct stay__list *node = pool->line.next, *next;
	struct stay_lease *lease;

	pool->first_until = UINT64_MAX;
	for (; node != &pool->line; node = next) {
		next = node->next;
		lease = stay__lease_of(node);
		if (lease->until <= now)
			stay__line_leave(lease, STAY_E_TIMEOUT);
		else
			pool->first_until =
			    stay__sooner(pool->first_until, lease->until);
	}
}

/* ---- shedding ---- */

/* When the wait of the one in front is too long. */
static uint64_t
slow_at(const struct stay_pool *pool)
{
	const struct stay_lease *lease = stay__lease_of(pool->line.next);

	return stay__later(lease->since, pool->options.shed_target_ms);
}

static uint64_t
overloaded_at(const struct stay_pool *pool)
{
	return stay__later(pool->slow_since, pool->options.shed_interval_ms);
}

static void
judge(struct stay_pool *pool, uint64_t now)
{
	if (stay__list_is_empty(&pool->line))
		return;
	if (slow_at(pool) > now || pool->slow_since == UINT64_MAX)
		pool->slow_since = slow_at(pool);
	if (overloaded_at(pool) <= now)
		pool->overloaded = true;
}

static void
shed(struct stay_pool *pool, uint64_t now)
{
	while (pool->overloaded && !stay__list_is_empty(&pool->line) &&
	       slow_at(pool) <= now)
		stay__line_leave(
		    stay__lease_of(pool->line.next), STAY_E_OVERLOADED);
}

/* ---- both ---- */

void
stay__line_look(struct stay_pool *pool)
{
	uint64_t now = stay__pool_now(pool);

	if (pool->first_until <= now)
		expire(pool, now);
	if (pool->options.shed_target_ms == 0)
		return;
	judge(pool, now);
	shed(pool, now);
}

static uint64_t
shed_due(const struct stay_pool *pool)
{
	if (pool->options.shed_target_ms == 0 ||
	    stay__list_is_empty(&pool->line))
		return UINT64_MAX;
	return pool->overloaded ? slow_at(pool) : overloaded_at(pool);
}

uint64_t
stay__line_due(const struct stay_pool *pool)
{
	return stay__sooner(pool->first_until, shed_due(pool));
}
