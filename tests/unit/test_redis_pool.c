/* A pool of connections to Redis. */
#include <stay/redis_pool.h>

#include <string.h>

#include "suites.h"
#include "support/redis_virtual.h"

#define URL "redis://me:secret@10.0.0.1/3"

static struct redis_virtual here;
static struct stay_pool *pool;

static const struct peer_row greeting[] = {
	ON("AUTH", "+OK\r\n"),
	NO_MORE,
};

static void
begin(const struct stay_pool_options *options)
{
	const struct stay_redis_options redis = { STAY_REDIS_OPTIONS,
		.client_name = "pooled" };

	redis_virtual_open(&here, greeting);
	EXPECT_OK(
	    stay_redis_pool_start(&pool, here.loop, URL, &redis, options));
	sim_run_ms(here.world, 10);
}

static void
end(void)
{
	stay_pool_stop(pool, STAY_OK);
	ck_assert(sim_run(here.world, 60000));
	EXPECT_OK(stay_loop_free(here.loop));
}

static void
on_value(void *arg, const struct stay_result *result)
{
	bool *good = arg;

	*good = strcmp(stay_redis_str(result->reply), "v") == 0;
}

/* Each is greeted as one alone would be, and none has what the last user left. */
TEST(redis_pool_lends)
{
	struct stay_lease *lease;
	bool good = false;

	begin(NULL);
	ck_assert_str_eq(here.log.text,
	    "|HELLO 3 AUTH me secret SETNAME pooled;SELECT 3;PING;");
	peer_log_clear(&here.server);
	EXPECT_OK(stay_pool_try(pool, &lease));
	EXPECT_OK(
	    stay_redis_command(stay_redis_lent(lease), NULL, NULL, "WATCH k"));
	EXPECT_OK(stay_redis_command(
	    stay_redis_lent(lease), on_value, &good, "GET k"));
	stay_pool_check_in(lease);
	sim_run_ms(here.world, 10);
	ck_assert(good);
	ck_assert_str_eq(here.log.text, "WATCH k;GET k;UNWATCH;");
	ck_assert_ptr_null(stay_redis_shared(pool));
	end();
}

TEST(redis_pool_shares)
{
	const struct stay_pool_options options = { STAY_POOL_OPTIONS,
		.use = STAY_POOL_SHARED, .connections_max = 2 };
	bool good = false;

	begin(&options);
	EXPECT_OK(stay_redis_command(
	    stay_redis_shared(pool), on_value, &good, "GET k"));
	sim_run_ms(here.world, 10);
	ck_assert(good);
	ck_assert_uint_eq(here.server.accepted, 2);
	end();
}

TEST(redis_pool_is_rejected)
{
	const struct stay_pool_options strange = { .size = 1000 };

	redis_virtual_open(&here, NULL);
	ck_assert_int_eq(stay_redis_pool_start(&pool, here.loop, URL,
			     REDIS(.depth_max = UINT64_MAX), NULL),
	    STAY_E_ARG);
	ck_assert_ptr_null(pool);
	ck_assert_int_eq(
	    stay_redis_pool_start(&pool, here.loop, URL, NULL, &strange),
	    STAY_E_ABI);
	EXPECT_OK(stay_loop_free(here.loop));
}

/* What is idle is greeted anew, with other words; what is lent, when it is back. */
TEST(redis_pool_changes)
{
	struct stay_lease *lease;

	begin(NULL);
	EXPECT_OK(stay_pool_try(pool, &lease));
	peer_log_clear(&here.server);
	EXPECT_OK(
	    stay_redis_pool_reconfigure(pool, "redis://me:other@10.0.0.1/4",
		REDIS(.client_name = "renewed"), NULL));
	sim_run_ms(here.world, 500);
	ck_assert_str_eq(here.log.text, "");
	stay_pool_check_in(lease);
	sim_run_ms(here.world, 500);
	ck_assert_str_eq(here.log.text,
	    "|HELLO 3 AUTH me other SETNAME renewed;SELECT 4;PING;");
	ck_assert_int_eq(
	    stay_redis_pool_reconfigure(pool, "redis://10.0.0.1/x", NULL, NULL),
	    STAY_E_URL);
	end();
}

TEST_SUITE(redis_pool)
