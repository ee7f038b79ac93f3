/*
 * Pools: each connection is started with what one alone would be started with. What a
 * pool is, this file does not know.
 */
#include <stay/redis_pool.h>
#include <stay/redis_remote.h>

#include <string.h>

#include "session.h"
#include "start.h"

/* The struct of the program may be older, and so shorter, than ours; what is wrong with
 * its size, stay_pool_start says. */
static struct stay_pool_options
take_options(const struct stay_pool_options *options)
{
	struct stay_pool_options own = { STAY_POOL_OPTIONS };

	if (options == NULL)
		return own;
	if (options->size <= sizeof(own))
		memcpy(&own, options, options->size);
	own.size = options->size;
	return own;
}

enum stay_status
stay_redis_pool_start(struct stay_pool **pool, struct stay_loop *loop,
    const char *url, const struct stay_redis_options *redis,
    const struct stay_pool_options *options)
{
	struct stay_pool_options ours = take_options(options);
	struct stay_redis__start start;
	enum stay_status status = stay_redis__prepare(loop, &start, url, redis);

	*pool = NULL;
	ours.client = &start.options.client;
	if (status == STAY_OK)
		status = stay_pool_start(
		    pool, loop, &stay_redis__protocol, start.url, &ours);
	stay_redis__prepared(&start);
	return status;
}

enum stay_status
stay_redis_pool_reconfigure(struct stay_pool *pool, const char *url,
    const struct stay_redis_options *redis,
    const struct stay_pool_options *options)
{
	struct stay_pool_options ours = take_options(options);
	const struct stay_conn *conn = stay_pool_conn(pool);
	struct stay_redis__start start;
	struct stay_loop *loop;
	enum stay_status status;

	if (conn == NULL)
		return STAY_E_STOPPED;
	loop = stay_conn_loop(conn);
	status = stay_redis__prepare(loop, &start, url, redis);
	ours.client = &start.options.client;
	if (status == STAY_OK)
		status = stay_pool_reconfigure(pool, start.url, &ours);
	stay_redis__prepared(&start);
	return status;
}

struct stay_redis *
stay_redis_lent(const struct stay_lease *lease)
{
	return stay_redis_of(stay_lease_client(lease));
}

struct stay_redis *
stay_redis_shared(struct stay_pool *pool)
{
	return stay_redis_of(stay_pool_client(pool));
}
