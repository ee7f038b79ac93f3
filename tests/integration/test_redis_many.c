/* Ten thousand connections live on one loop, in one process. */
#include <sys/resource.h>

#include "suites.h"
#include "support/redis_bed.h"

#define MANY 10000

/* What else the process has open. */
#define OTHERS 100

static struct stay_redis *all[MANY];
static size_t count, told;

static void
begin(void)
{
	static const char *const extra[] = { "--maxclients", "10100", NULL };
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	count = limit.rlim_max < MANY + OTHERS ? limit.rlim_max - OTHERS : MANY;
	bed_open_as(extra);
}

static void
done(void *arg, const struct stay_result *result)
{
	(void)arg;
	EXPECT_OK(result->status);
	told++;
}

static bool
are_told(void *arg)
{
	return told == *(const size_t *)arg;
}

static void
ask_all(void)
{
	told = 0;
	for (size_t i = 0; i < count; i++)
		EXPECT_OK(stay_redis_command(all[i], done, NULL, "PING"));
	rig_until(&rig, are_told, &count, 60);
}

/* Each is asked before it is connected, and when all are. */
TEST(redis_many_live_on_one_loop)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 60000 } };

	for (size_t i = 0; i < count; i++)
		all[i] = rig_start(&rig, server.unix_url, &options);
	ask_all();
	ck_assert_uint_eq(stay_loop_live(rig.loop), count);
	ask_all();
}

TEST_SUITE_WITH(redis_many, .before = begin, .after = bed_close, .seconds = 180)
