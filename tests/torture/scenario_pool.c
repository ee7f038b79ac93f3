/*
 * Scenarios of pools: more users than connections, some of which end in a user's hands;
 * and connections that are shared.
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
	struct stay_lease *lease; /* that he keeps; NULL: none */
	unsigned lost;
	bool returns; /* when he is told of the loss */
};

struct pooled {
	struct stay_pool *pool;
	unsigned closed;
	enum stay_pool_use use;
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

static struct stay_pool_options
pool_options(struct pooled *pooled)
{
	return (struct stay_pool_options){ STAY_POOL_OPTIONS,
		.on_closed = on_pool_closed, .arg = pooled, .use = pooled->use,
		.connections_max = 2, .idle_ms = 20, .wait_timeout_ms = 300 };
}

static struct stay_redis_options
redis_options(void)
{
	struct stay_redis_options redis = rig_redis_options();

	redis.client.leave_budget_ms = 50;
	return redis;
}

static void
open_pool(struct rig *rig, struct pooled *pooled, const struct server *server)
{
	const struct stay_redis_options redis = redis_options();
	const struct stay_pool_options options = pool_options(pooled);

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
	struct pooled pooled = { .pool = NULL };
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

/* ---- leases that are lost ---- */

static void
on_lost(void *arg, struct stay_lease *lease, enum stay_status why)
{
	struct user *user = arg;

	(void)why;
	user->lost++;
	if (!user->returns)
		return;
	user->lease = NULL;
	stay_pool_check_in(lease);
}

static void
on_kept(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct user *user = arg;

	user->told++;
	if (status != STAY_OK)
		return;
	user->lease = lease;
	stay_lease_on_lost(lease, on_lost, user);
	user->asked = stay_redis_command(stay_redis_lent(lease), on_answer,
			  user, user->says) == STAY_OK;
}

static void
keep(struct pooled *pooled, struct user *user)
{
	if (pooled->pool == NULL)
		return;
	rig_enter(user->rig);
	user->is_accepted =
	    stay_pool_check_out(pooled->pool, NULL, on_kept, user) == STAY_OK;
	rig_leave(user->rig);
}

static void
stop(struct rig *rig, struct pooled *pooled)
{
	rig_enter(rig);
	if (pooled->pool != NULL)
		stay_pool_stop(pooled->pool, STAY_OK);
	rig_leave(rig);
	rig_finish(rig);
	if (pooled->pool != NULL)
		fault_violation("a pool has not closed");
}

/* The first gives his back when he is told; the second keeps it, the third gets one
 * after the loss, and the fourth waits until the end. */
void
scenario_pool_lost(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct pooled pooled = { .pool = NULL };
	struct user users[USERS] = {
		{ .rig = rig, .says = "PING", .returns = true },
		{ .rig = rig, .says = "MULTI" }, { .rig = rig, .says = "PING" },
		{ .rig = rig, .says = "PING" }
	};

	open_pool(rig, &pooled, server);
	keep(&pooled, &users[0]);
	keep(&pooled, &users[1]);
	rig_run(rig, 100);
	server_hang_up(server, true);
	rig_run(rig, 20);
	keep(&pooled, &users[2]);
	rig_run(rig, 200);
	rig_expect(
	    users[0].lost == 1 && users[1].lost == 1 && users[2].lease != NULL,
	    "what is lost is told, and replaced");
	keep(&pooled, &users[3]);
	rig_run(rig, 20);
	stop(rig, &pooled);
	for (int i = 0; i < USERS; i++)
		if (users[i].told != (users[i].is_accepted ? 1 : 0) ||
		    users[i].answered != users[i].asked || users[i].lost > 1 ||
		    (users[i].lease != NULL && users[i].lost == 0))
			fault_violation("a lease is told %u times, lost %u",
			    users[i].told, users[i].lost);
}

/* ---- shared ---- */

static void
share(struct pooled *pooled, struct user *user, unsigned count)
{
	while (pooled->pool != NULL && count-- > 0) {
		struct stay_redis *redis;

		rig_enter(user->rig);
		redis = stay_redis_shared(pooled->pool);
		if (redis != NULL && stay_redis_command(redis, on_answer, user,
					 "PING") == STAY_OK)
			user->asked++;
		rig_leave(user->rig);
	}
}

/* Calls before there is a session, with two, and after both were lost. */
void
scenario_pool_shared(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct pooled pooled = { .pool = NULL, .use = STAY_POOL_SHARED };
	struct user user = { .rig = rig };

	open_pool(rig, &pooled, server);
	share(&pooled, &user, 4);
	rig_run(rig, 100);
	share(&pooled, &user, 4);
	server_hang_up(server, true);
	rig_run(rig, 20);
	share(&pooled, &user, 4);
	rig_run(rig, 100);
	rig_expect(user.asked == 12, "a shared pool takes calls");
	stop(rig, &pooled);
	if (user.answered != user.asked)
		fault_violation("of %u shared calls %u are told", user.asked,
		    user.answered);
}

/* ---- another place ---- */

static void
move(struct rig *rig, struct pooled *pooled, const struct server *server)
{
	const struct stay_redis_options redis = redis_options();
	const struct stay_pool_options options = pool_options(pooled);
	enum stay_status status;

	if (pooled->pool == NULL)
		return;
	rig_enter(rig);
	status = stay_redis_pool_reconfigure(
	    pooled->pool, door_url(&server->door, "redis"), &redis, &options);
	rig_leave(rig);
	rig_expect(status == STAY_OK, "a pool is changed");
}

/* One is idle, the other lent, and is given back when nobody listens at the old place. */
void
scenario_pool_moved(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct server *other = server_listen(SERVER_REDIS, false);
	struct pooled pooled = { .pool = NULL };
	struct user users[USERS] = { { .rig = rig, .says = "PING" },
		{ .rig = rig, .says = "PING" }, { .rig = rig, .says = "PING" },
		{ .rig = rig, .says = "PING" } };

	open_pool(rig, &pooled, server);
	want(&pooled, &users[0]);
	keep(&pooled, &users[1]);
	rig_run(rig, 100);
	move(rig, &pooled, other);
	move(rig, &pooled, other);
	want(&pooled, &users[2]);
	rig_run(rig, 100);
	server_unlisten(server);
	rig_enter(rig);
	stay_pool_check_in(users[1].lease);
	rig_leave(rig);
	want(&pooled, &users[3]);
	rig_run(rig, 300);
	rig_expect(users[2].answered == 1 && users[3].answered == 1,
	    "a pool serves at its other place");
	stop(rig, &pooled);
	for (int i = 0; i < USERS; i++)
		if (users[i].told != (users[i].is_accepted ? 1 : 0) ||
		    users[i].answered != users[i].asked)
			fault_violation(
			    "a check-out is told %u times", users[i].told);
}
