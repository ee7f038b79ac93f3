/*
 * The lesson: a connection of one's own, for what commands of others must not get into.
 *
 * WATCH and EXEC belong to one session, and a command that blocks lets nobody through.
 * So each user checks a connection out of a pool, and back in. What he leaves behind, as
 * the key that is still watched when nothing is in stock, the pool undoes.
 *
 *	pool_redis [redis://[user:password@]host[:port][/db]]
 */
#include <stdio.h>

#include <stay/redis_future.h>
#include <stay/redis_pool.h>

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 1000 } };

static long
ask_stock(struct stay_redis *redis)
{
	struct stay_future *stock;
	long left;

	stay_redis_command_wait(redis, &stock, "GET stock");
	left = (long)stay_redis_integer(stay_future_reply(stock), NULL);
	stay_future_free(stock);
	return left;
}

/* False: nothing is left, or somebody has changed the stock in between. */
static bool
take_one(struct stay_redis *redis)
{
	struct stay_future *done;
	bool taken;
	long left;

	stay_redis_command_wait(redis, NULL, "WATCH stock");
	left = ask_stock(redis);
	if (left == 0)
		return false;
	stay_redis_command_wait(redis, NULL, "MULTI");
	stay_redis_command_wait(redis, NULL, "SET stock %ld", left - 1);
	stay_redis_command_wait(redis, &done, "EXEC");
	taken = stay_redis_type_of(stay_future_reply(done)) == STAY_REDIS_ARRAY;
	stay_future_free(done);
	return taken;
}

static bool
sell(struct stay_pool *pool)
{
	struct stay_lease *lease;
	bool sold;

	if (stay_pool_check_out_wait(pool, 1000, &lease) != STAY_OK)
		return false;
	sold = take_one(stay_redis_lent(lease));
	stay_pool_check_in(lease);
	return sold;
}

/* One connection waits for a job; another one brings it. */
static void
hand_over(struct stay_pool *pool)
{
	struct stay_lease *worker = NULL, *boss = NULL;
	struct stay_future *job;

	if (stay_pool_check_out_wait(pool, 1000, &worker) == STAY_OK &&
	    stay_pool_check_out_wait(pool, 1000, &boss) == STAY_OK) {
		job = stay_redis_command_future(
		    stay_redis_lent(worker), "BLPOP jobs 5");
		stay_redis_command_wait(
		    stay_redis_lent(boss), NULL, "RPUSH jobs sweep");
		if (stay_future_wait(job, STAY_FOREVER) == STAY_OK)
			printf("job: %s\n", stay_redis_str(stay_redis_at(
						stay_future_reply(job), 1)));
		stay_future_free(job);
	}
	stay_pool_check_in(worker);
	stay_pool_check_in(boss);
}

int
main(int argc, char **argv)
{
	struct stay_loop *loop = stay_loop_alone();
	struct stay_lease *lease;
	struct stay_pool *pool;
	int sold = 0;

	if (stay_redis_pool_start(&pool, loop,
		argc > 1 ? argv[1] : "redis://localhost", &options,
		NULL) != STAY_OK)
		return 1;
	if (stay_pool_check_out_wait(pool, 1000, &lease) == STAY_OK)
		stay_redis_command_wait(
		    stay_redis_lent(lease), NULL, "SET stock 3");
	stay_pool_check_in(lease);
	while (sell(pool))
		sold++;
	printf("sold: %d\n", sold);
	hand_over(pool);
	return stay_loop_close(loop, 1000) != STAY_OK || sold != 3;
}
