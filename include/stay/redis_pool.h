/*
 * stay/redis_pool.h - pools of connections to Redis.
 *
 * A part of <stay/redis.h>, of its own because few programs need it: commands of
 * everybody share one connection, and are fast there. A connection of its own is for
 *  - WATCH, what is read after it, and EXEC: it is one session's;
 *  - commands that block: one that waits lets nobody else through.
 *
 *	if (stay_redis_pool_start(&pool, loop, url, NULL, NULL) != STAY_OK)
 *		return 1;
 *	...
 *	if (stay_pool_check_out_wait(pool, 1000, &lease) == STAY_OK) {
 *		redis = stay_redis_lent(lease);
 *		stay_redis_command_wait(redis, NULL, "WATCH stock");
 *		...
 *		stay_pool_check_in(lease);
 *	}
 *
 * What a borrower leaves behind is undone before the next one: an open MULTI gets
 * DISCARD, keys that are watched UNWATCH. What can't be undone costs the session (CLIENT
 * TRACKING, SETNAME and the like, READONLY), or the connection (a subscription). A
 * borrower who looks at nothing but his own commands need not clean up.
 */
#ifndef STAY_REDIS_POOL_H
#define STAY_REDIS_POOL_H

#include <stay/pool.h>
#include <stay/redis.h>

STAY_BEGIN

/*
 * Start a pool. `redis` says how each connection is, `options` what the pool is for; its
 * `client` is not looked at, since redis->client is in its place. Both may be NULL. Push
 * and orphan callbacks get the connection that they are of.
 * Returns as stay_pool_start and stay_redis_start.
 */
STAY_API STAY_USE enum stay_status stay_redis_pool_start(
    struct stay_pool **pool, struct stay_loop *loop, const char *url,
    const struct stay_redis_options *redis,
    const struct stay_pool_options *options);

/*
 * Change to another URL and other options, as stay_pool_reconfigure does. Here `url` must
 * be given, and `redis` or `options` that are NULL mean all defaults; `use` stays.
 * Returns as stay_pool_reconfigure and stay_redis_start.
 */
STAY_API STAY_USE enum stay_status stay_redis_pool_reconfigure(
    struct stay_pool *pool, const char *url,
    const struct stay_redis_options *redis,
    const struct stay_pool_options *options);

/* Redis, of a lease, and of a shared pool for the next command: as stay_lease_client and
 * stay_pool_client, and NULL when these are. */
STAY_API struct stay_redis *stay_redis_lent(const struct stay_lease *lease);
STAY_API struct stay_redis *stay_redis_shared(struct stay_pool *pool);

STAY_END

#endif
