/*
 * Client-side caching as docs/redis.md tells it: while another client writes, and sessions
 * and the server are killed, what is in the cache is never older than what was written
 * before the last answer came.
 */
#include <string.h>

#include "suites.h"
#include "support/redis_bed.h"

#define ROUNDS 120

static struct {
	struct stay_redis *redis;
	uint64_t tracked; /* the session that tells what changes; 0: none */
	bool is_full;
	int64_t value;
	unsigned kept, told;
} cache;

static void
on_tracked(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status == STAY_OK)
		cache.tracked = result->session;
}

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	const struct stay_call_options here = { STAY_CALL_OPTIONS,
		.flags = STAY_THIS_SESSION };

	(void)arg;
	(void)client;
	cache.is_full = false;
	cache.tracked = 0;
	if (status == STAY_OK)
		EXPECT_OK(stay_redis_command_with(cache.redis, &here,
		    on_tracked, NULL, "CLIENT TRACKING ON"));
}

static void
on_push(void *arg, struct stay_redis *of, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)of;
	ck_assert_str_eq(stay_redis_str(stay_redis_first(push)), "invalidate");
	cache.is_full = false;
	cache.told++;
}

static void
on_value(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status != STAY_OK || result->session != cache.tracked)
		return;
	cache.is_full = true;
	cache.value = stay_redis_integer(result->reply, NULL);
	cache.kept++;
}

/* It is rejected if that session is over: then nothing is to be kept. */
static void
fill(void)
{
	const struct stay_call_options tracked = { STAY_CALL_OPTIONS,
		.session = cache.tracked };

	if (cache.tracked != 0 && !cache.is_full)
		(void)stay_redis_command_with(
		    cache.redis, &tracked, on_value, NULL, "GET k");
}

static void
disturb(int round)
{
	struct answer answer;

	if (round % 7 == 0)
		ask_now(
		    &rig, admin, &answer, "CLIENT KILL TYPE normal SKIPME yes");
	if (round % 40 == 0) {
		redis_server_kill(&server);
		redis_server_restart(&server);
	}
}

TEST(redis_tracking_keeps_a_cache_that_is_never_stale)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .on_session = on_session },
		.on_push = on_push };
	struct answer answer;

	memset(&cache, 0, sizeof(cache));
	cache.redis = rig_start(&rig, server.url, &options);
	for (int round = 1; round <= ROUNDS; round++) {
		fill();
		disturb(round);
		ask_now(&rig, admin, &answer, "SET k %d", round);
		EXPECT_OK(answer.status);
		fill();
		ask_now(&rig, cache.redis, &answer, "ECHO a");
		ck_assert_str_eq(answer.text, "a");
		ck_assert(!cache.is_full || cache.value == round);
	}
	ck_assert_uint_gt(cache.kept, ROUNDS / 2);
	ck_assert_uint_gt(cache.told, ROUNDS / 4);
}

TEST_SUITE_WITH(
    redis_tracking, .before = bed_open_with_admin, .after = bed_close)
