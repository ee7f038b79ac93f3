/*
 * A subscriber that reads nothing, and a publisher that floods it: memory stays bounded,
 * and afterwards all comes in order, or lies in a gap that was told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/redis_subscribe.h>

#include "suites.h"
#include "support/heap.h"
#include "support/redis_bed.h"

#define PUBLISHED 4096
#define AT_ONCE   32
#define BYTES     16384
#define KEPT      16
#define HEAP_MAX  ((size_t)4 << 20)

static struct {
	unsigned begun, done;
	size_t heap; /* the most in use meanwhile */
} flood;

static struct {
	struct stay_redis_subscription *subscription;
	unsigned subscribed, lost, restored, dropped;
	unsigned next; /* message */
	unsigned last; /* before the gap */
} ear;

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	unsigned number = (unsigned)atoi(message->payload.data);

	(void)arg;
	(void)subscription;
	if (number != ear.next) {
		ck_assert_uint_gt(ear.lost, 0);
		ck_assert_uint_gt(number, ear.next);
		ear.last = ear.next;
	}
	ear.next = number + 1;
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	(void)arg;
	(void)subscription;
	ear.subscribed += notice->kind == STAY_REDIS_SUBSCRIBED;
	ear.lost += notice->kind == STAY_REDIS_LOST;
	ear.restored += notice->kind == STAY_REDIS_RESTORED;
	ear.dropped += notice->kind == STAY_REDIS_DROPPED;
}

static void publish(void);

static void
on_published(void *arg, const struct stay_result *result)
{
	size_t heap = heap_in_use();

	(void)arg;
	EXPECT_OK(result->status);
	flood.done++;
	if (heap > flood.heap)
		flood.heap = heap;
	if (flood.begun < PUBLISHED)
		publish();
}

static void
publish(void)
{
	char text[BYTES];

	memset(text, ' ', sizeof(text));
	snprintf(text, sizeof(text), "%u", flood.begun++);
	EXPECT_OK(stay_redis_command(admin, on_published, NULL,
	    "PUBLISH news %b", (const void *)text, sizeof(text)));
}

static bool
reaches(void *arg)
{
	return *(const unsigned *)arg >= PUBLISHED;
}

static bool
is_there(void *arg)
{
	return *(const unsigned *)arg > 0;
}

static void
subscribe(struct stay_redis *redis)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "news",
		.on_message = on_message, .on_notice = on_notice,
		.slow = STAY_REDIS_SLOW_PAUSE, .kept_max = KEPT
	};

	memset(&ear, 0, sizeof(ear));
	EXPECT_OK(stay_redis_subscribe(redis, &options, &ear.subscription));
	rig_until(&rig, is_there, &ear.subscribed, 10);
	stay_redis_subscription_pause(ear.subscription);
}

static void
publish_all(void)
{
	memset(&flood, 0, sizeof(flood));
	for (unsigned i = 0; i < AT_ONCE; i++)
		publish();
	rig_until(&rig, reaches, &flood.done, 60);
}

static const struct {
	const char *limit; /* of what the server keeps for a subscriber */
	bool loses;
} patience[] = { { "pubsub 0 0 0", false }, { "pubsub 8mb 8mb 0", true } };

TEST_ROWS(redis_pause_bounds_memory, LEN(patience))
{
	size_t heap = heap_in_use();
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;

	ask_now(&rig, admin, &answer,
	    "CONFIG SET client-output-buffer-limit %s", patience[_i].limit);
	ck_assert_str_eq(answer.text, "OK");
	subscribe(redis);
	publish_all();
	ck_assert_uint_lt(flood.heap - heap, HEAP_MAX);
	ck_assert_uint_eq(ear.next, 0);
	ck_assert(stay_client_is_paused(stay_redis_client(redis)));
	stay_redis_subscription_resume(ear.subscription);
	if (patience[_i].loses) {
		rig_until(&rig, is_there, &ear.restored, 30);
		ck_assert_uint_gt(ear.next, KEPT);
		flood.begun = PUBLISHED - 1;
		publish();
	}
	rig_until(&rig, reaches, &ear.next, 60);
	ck_assert_uint_eq(ear.dropped, 0);
	ck_assert_uint_eq(ear.lost, patience[_i].loses);
	ck_assert_uint_eq(ear.last > 0, patience[_i].loses);
}

TEST_SUITE_WITH(redis_pause, .before = bed_open_with_admin, .after = bed_close,
    .seconds = 200)
