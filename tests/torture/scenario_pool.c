/*
 * Scenarios of pools: more users than connections, some of which end in a user's hands.
 */
#include <stay/redis_pool.h>

#include "fault.h"
#include "scenario.h"

#define USERS 4

struct user {
	struct rig *rig;
	bool is_accepted;
	unsigned told;
	unsigned answered;
	unsigned asked;
	const char *says;
};

struct pooled {
	struct stay_pool *pool;
	unsigned closed;
};

static void
on_pool_closed(void *arg, struct stay_pool *pool, enum stay_status reason)
{
	struct pooled *pooled = arg;

	(void)pool;
	(void)reason;
	pooled->closed++;
	pooled->pool = NULL;
}

static void
on_answer(void *arg, const struct stay_result *result)
{
	struct user *user = arg;

	(void)result;
	user->answered++;
}

static void
on_lease(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct user *user = arg;

	user->told++;
	if (status != STAY_OK)
		return;
	user->asked = stay_redis_command(stay_redis_lent(lease), on_answer,
			  user, user->says) == STAY_OK;
	stay_pool_check_in(lease);
}

static void
open_pool(struct rig *rig, struct pooled *pooled, const struct server *server)
{
	struct stay_redis_options redis = rig_redis_options();
	struct stay_pool_options options = { STAY_POOL_OPTIONS,
		.on_closed = on_pool_closed, .arg = pooled,
		.connections_max = 2, .idle_ms = 20, .wait_timeout_ms = 300 };

	redis.client.leave_budget_ms = 50;
	rig_enter(rig);
	if (stay_redis_pool_start(&pooled->pool, rig->loop,
		door_url(&server->door, "redis"), &redis, &options) != STAY_OK)
		rig_expect(false, "a pool can be started");
	rig_leave(rig);
}

static void
want(struct pooled *pooled, struct user *user)
{
	if (pooled->pool == NULL)
		return;
	rig_enter(user->rig);
	user->is_accepted =
	    stay_pool_check_out(pooled->pool, NULL, on_lease, user) == STAY_OK;
	rig_leave(user->rig);
}

void
scenario_pool(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct pooled pooled = { NULL, 0 };
	/* The second leaves something behind, the third has a long answer. */
	struct user users[USERS] = { { .rig = rig, .says = "PING" },
		{ .rig = rig, .says = "MULTI" },
		{ .rig = rig, .says = "BIG 70000" },
		{ .rig = rig, .says = "PING" } };

	open_pool(rig, &pooled, server);
	for (int i = 0; i < USERS; i++)
		want(&pooled, &users[i]);
	rig_run(rig, 400);
	if (pooled.pool != NULL)
		stay_pool_stop(pooled.pool, STAY_OK);
	rig_finish(rig);
	for (int i = 0; i < USERS; i++)
		if (users[i].told != (users[i].is_accepted ? 1 : 0) ||
		    users[i].answered != users[i].asked)
			fault_violation(
			    "a check-out is told %u times", users[i].told);
	if (pooled.pool != NULL)
		fault_violation("a pool has not closed");
}
