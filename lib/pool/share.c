/*
 * Sharing: one of two connections that were drawn, the one with less to do. That is
 * nearly as good as the best of all, costs no look at all of them, and a crowd does not
 * run to the same one. (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 2001.)
 */
#include "pool/pool.h"

static bool
is_ready(const struct stay__pooled *member)
{
	return stay_client_session_number(member->client) != 0;
}

/* The first from here on that has a session; without one, this. One that ends is the
 * last choice. */
static struct stay__pooled *
ready_from(const struct stay_pool *pool, size_t place)
{
	struct stay__pooled *fallback = NULL;

	for (size_t i = 0; i < pool->count; i++) {
		struct stay__pooled *member =
		    pool->members[(place + i) % pool->count];

		if (member->state == STAY__MEMBER_ENDING)
			continue;
		if (is_ready(member))
			return member;
		if (fallback == NULL)
			fallback = member;
	}
	return fallback;
}

struct stay_client *
stay_pool_client(struct stay_pool *pool)
{
	struct stay__pooled *one, *other;
	uint64_t random;

	assert(pool != NULL);
	if (pool->options.use != STAY_POOL_SHARED || stay__pool_size(pool) == 0)
		return NULL;
	random = stay__loop_random(pool->loop);
	one = ready_from(pool, (uint32_t)random % pool->count);
	other = ready_from(pool, (random >> 32) % pool->count);
	return stay_client_load(other->client) < stay_client_load(one->client)
		   ? other->client
		   : one->client;
}
