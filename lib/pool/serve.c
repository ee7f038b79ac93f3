/*
 * What is due in a pool, in one go: those who have left the line or lost their lease are
 * told, connections are lent to those who wait, and the pool is brought to its size.
 */
#include "pool/pool.h"

/* ---- lending ---- */

static void
lend(struct stay__pooled *member)
{
	struct stay_pool *pool = member->pool;
	struct stay_lease *lease = stay__line_next(pool);

	stay__lease_begin(lease, member);
	lease->done(lease->arg, lease, STAY_OK);
}

static void
lend_all(struct stay_pool *pool)
{
	while (pool->waiting > 0 && !stay__list_is_empty(&pool->idle)) {
		struct stay__pooled *member = stay__member_take(pool);

		if (member != NULL)
			lend(member);
	}
}

/* ---- after a fatal failure ---- */

/* One connection asks for all, if there is one that nobody has. An end asks for the next
 * turn. */
static void
keep_one(struct stay_pool *pool)
{
	struct stay__pooled *const *member = pool->members;

	if (pool->in[STAY__MEMBER_DOWN] < 2)
		return;
	while ((*member)->state != STAY__MEMBER_DOWN)
		member++;
	stay__member_end(*member);
}

static void
give_way(struct stay_pool *pool)
{
	if (pool->fatal == STAY_OK || stay__pool_up(pool) > 0)
		return;
	stay__line_drop_all(pool, pool->fatal);
	keep_one(pool);
	if (pool->template->stops && pool->conn != NULL)
		stay_conn_stop(pool->conn, pool->fatal);
}

/* ---- its size ---- */

/* What was begun in the last hands may take as long as leave_budget_ms, twice. So long it
 * is not waited for while there is room. */
#define SOON_MS UINT64_C(100)

/* Its session is left, or is about to be: it was asked to a moment ago. */
static bool
is_left(const struct stay__pooled *member)
{
	enum stay_state state =
	    stay_conn_state(stay_client_conn(member->client));

	return member->state == STAY__MEMBER_DOWN &&
	       (state == STAY_CONNECTED || state == STAY_DISCONNECTING);
}

/* When nobody counts on a connection any more that has such calls; UINT64_MAX: it has
 * none, for all that is known here. */
static uint64_t
slow_at(const struct stay__pooled *member)
{
	return is_left(member) || member->state == STAY__MEMBER_RETURNING
		   ? stay__later(member->since, SOON_MS)
		   : UINT64_MAX;
}

/* How many of this state are about to be ready. */
static size_t
count_soon(const struct stay_pool *pool, enum stay__member_state state)
{
	uint64_t now = stay__pool_now(pool);
	size_t count = pool->in[state];

	for (size_t i = 0; i < pool->count && count > 0; i++)
		count -= pool->members[i]->state == state &&
			 slow_at(pool->members[i]) <= now;
	return count;
}

/* More people wait than connections are about to be ready. */
static bool
is_crowded(const struct stay_pool *pool)
{
	return pool->waiting > 0 &&
	       count_soon(pool, STAY__MEMBER_DOWN) +
		       count_soon(pool, STAY__MEMBER_RETURNING) <
		   pool->waiting;
}

/* Without a session only one asks for all, also after a fatal failure. One that is lost
 * asks for nobody: it may be long in the hands of its borrower. */
static bool
is_asking(const struct stay_pool *pool)
{
	return stay__pool_up(pool) == 0 &&
	       count_soon(pool, STAY__MEMBER_DOWN) > 0;
}

/* Whether one more would be of use: the pool is too small, or crowded. Who drains serves
 * no others. */
static bool
is_short(const struct stay_pool *pool)
{
	size_t size = stay__pool_size(pool);

	if (size >= pool->options.connections_max || is_asking(pool))
		return false;
	if (!stay_conn_admits(pool->conn))
		return is_crowded(pool);
	return size < pool->options.connections_min || is_crowded(pool);
}

static void
grow(struct stay_pool *pool)
{
	while (is_short(pool) && pool->open_at <= stay__pool_now(pool) &&
	       stay__member_open(pool) == STAY_OK)
		continue;
}

/* ---- those that are not to stay ---- */

static uint64_t
idle_until(const struct stay__pooled *member)
{
	return stay__later(member->since, member->pool->options.idle_ms);
}

/* The one that was idle for longest, if the pool can do without. */
static struct stay__pooled *
spare_one(const struct stay_pool *pool)
{
	if (stay__list_is_empty(&pool->idle) ||
	    stay__pool_size(pool) <= pool->options.connections_min)
		return NULL;
	return stay__pooled_of(pool->idle.prev);
}

/* An end asks for the next turn. */
static void
cull(struct stay_pool *pool)
{
	struct stay__pooled *member = spare_one(pool);

	if (member == NULL || idle_until(member) > stay__pool_now(pool))
		return;
	pool->counts.culled++;
	stay__member_end(member);
}

/* One of too many that nobody has: the last that was cold, else the last. NULL: none. None
 * is idle: when there may be fewer, all of them have been changed. */
static struct stay__pooled *
surplus(const struct stay_pool *pool)
{
	struct stay__pooled *last = NULL;

	if (stay__pool_size(pool) <= pool->options.connections_max)
		return NULL;
	for (size_t i = pool->count; i-- > 0;) {
		struct stay__pooled *member = pool->members[i];

		if (member->state != STAY__MEMBER_DOWN)
			continue;
		if (!member->was_up)
			return member;
		if (last == NULL)
			last = member;
	}
	return last;
}

/* There may be fewer than there were. */
static void
trim(struct stay_pool *pool)
{
	struct stay__pooled *member;

	while ((member = surplus(pool)) != NULL)
		stay__member_retire(member);
}

/* When a connection is to be looked at again, for its age or because it takes too long
 * to become as new. */
static uint64_t
due_at(const struct stay__pooled *member)
{
	if (member->state == STAY__MEMBER_IDLE)
		return member->old_at;
	if (member->state == STAY__MEMBER_RETURNING)
		return stay__later(
		    member->since, member->pool->template->leave_budget_ms);
	return UINT64_MAX;
}

/* Returns when the next one is due. */
static uint64_t
renew_due(struct stay_pool *pool)
{
	uint64_t now = stay__pool_now(pool), next = UINT64_MAX, at;

	for (size_t i = 0; i < pool->count; i++) {
		struct stay__pooled *member = pool->members[i];

		at = due_at(member);
		if (at > now) {
			next = stay__sooner(next, at);
			continue;
		}
		pool->counts.aged += member->state == STAY__MEMBER_IDLE;
		stay__member_renew(member);
	}
	return next;
}

/* ---- all of it ---- */

/* One that is counted on now may be slow soon. */
static uint64_t
growth_at(const struct stay_pool *pool)
{
	uint64_t now = stay__pool_now(pool), next = UINT64_MAX, at;

	if (is_short(pool))
		return pool->open_at;
	for (size_t i = 0; i < pool->count && pool->waiting > 0; i++) {
		at = slow_at(pool->members[i]);
		if (at > now)
			next = stay__sooner(next, at);
	}
	return next;
}

static uint64_t
cull_at(const struct stay_pool *pool)
{
	const struct stay__pooled *member = spare_one(pool);

	return member != NULL ? idle_until(member) : UINT64_MAX;
}

/* Callbacks run in the first half; they may change everything, and have the pool woken
 * for it. */
void
stay__pool_serve(struct stay_pool *pool)
{
	uint64_t next;

	pool->woken = false;
	give_way(pool);
	stay__line_look(pool);
	stay__pool_tell_lost(pool);
	stay__line_tell(pool);
	stay__members_settle(pool);
	stay__templates_sweep(pool);
	trim(pool);
	lend_all(pool);
	next = renew_due(pool);
	cull(pool);
	grow(pool);
	next = stay__sooner(next, stay__line_due(pool));
	next = stay__sooner(next, growth_at(pool));
	stay__pool_wake_at(pool, stay__sooner(next, cull_at(pool)));
}
