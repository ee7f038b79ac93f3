/*
 * Promise 10 as the kernel and the heap see it: after whole lives with killed,
 * frozen and restarted servers, refused and hanging dials, stops in every
 * state, the process has what it had before. In between each descriptor is
 * closed over an exec.
 */
#include <stdio.h>

#include "suites.h"
#include "support/descriptors.h"
#include "support/free_port.h"
#include "support/heap.h"
#include "support/peer_loopback.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#define LIVES 16

static struct redis_rig rig;
static struct redis_server server;
static struct door deaf; /* dials to it hang */

static void
begin(void)
{
	ck_assert(redis_server_start(&server, NULL));
	door_open(&deaf, NULL, NULL, DOOR_STUFFED);
}

static void
end(void)
{
	door_close(&deaf);
	redis_server_end(&server);
}

static const struct stay_redis_options brisk = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 1, .cap_ms = 5 }, .silence_ms = 20 } };

/* ---- lives ---- */

static unsigned failures;

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	(void)text;
	failures++;
}

static const struct stay_observer observer = { STAY_OBSERVER, NULL, NULL,
	on_failure, NULL, NULL };

static bool
have_failed(void *arg)
{
	return failures >= *(const unsigned *)arg;
}

static void
see_failures(unsigned count)
{
	unsigned wanted = failures + count;

	rig_until(&rig, have_failed, &wanted, 20);
}

static void
ask_some(struct stay_redis *redis)
{
	for (int i = 0; i < 100; i++)
		EXPECT_OK(stay_redis_command(
		    redis, NULL, NULL, "SET key:%d %d", i, i));
}

/* It answers, dies with calls in flight, refuses, and comes back. */
static void
live_through_a_kill(void)
{
	struct stay_redis *redis = rig_start(&rig, server.url, &brisk);
	struct answer answer;

	ask_now(&rig, redis, &answer, "GET key:1");
	ask_some(redis);
	redis_server_kill(&server);
	see_failures(3);
	ask_some(redis);
	redis_server_restart(&server);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
}

/* It falls silent, and is found to be, and answers again. */
static void
live_through_a_freeze(void)
{
	struct stay_redis *redis = rig_connect(&rig, server.unix_url, &brisk);

	redis_server_freeze(&server);
	ask_some(redis);
	see_failures(1);
	redis_server_thaw(&server);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
}

/* It is never there. */
static void
live_refused(void)
{
	struct stay_redis *redis;
	char url[64];

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", free_port());
	redis = rig_start(&rig, url, &brisk);
	ask_some(redis);
	see_failures(5);
}

/* The end comes in the middle of a dial. */
static void
live_unheard(void)
{
	struct stay_redis *redis =
	    rig_start(&rig, door_url(&deaf, "redis"), &brisk);

	ask_some(redis);
	rig_until_state(&rig, redis, STAY_CONNECTING, 20);
}

/* By name there are two addresses, of which one refuses. */
static void
live_by_name(void)
{
	struct stay_redis *redis;
	struct answer answer;
	char url[64];

	snprintf(url, sizeof(url), "redis://localhost:%d", server.port);
	redis = rig_connect(&rig, url, &brisk);
	ask_now(&rig, redis, &answer, "PING");
	stay_client_reconnect(stay_redis_client(redis), STAY_OK);
	ask_now(&rig, redis, &answer, "PING");
}

typedef void live_fn(void);

/* The first takes its time, and is left out where there are to be many. */
static live_fn *const lives[] = { live_through_a_kill, live_through_a_freeze,
	live_refused, live_unheard, live_by_name };

#define KINDS (int)(LEN(lives))

static void
live(int kind)
{
	rig_open(&rig);
	stay_loop_set_observer(rig.loop, &observer);
	lives[kind]();
	rig_close(&rig);
}

/* ---- what is left of them ---- */

TEST_ROWS(promise_10_descriptors_are_what_they_were, KINDS)
{
	struct descriptors before, after;

	live(_i);
	descriptors_list(&before);
	live(_i);
	descriptors_list(&after);
	ck_assert(descriptors_equal(&before, &after));
}

/* A leak grows it in each of them; what malloc keeps for itself, in fewer and
 * fewer. */
TEST_ROWS(promise_10_the_heap_is_what_it_was, KINDS - 1)
{
	unsigned grew = 0;

	for (int i = 0; i < LIVES; i++)
		live(1 + _i);
	for (int i = 0; i < LIVES; i++) {
		size_t before = heap_in_use();

		live(1 + _i);
		grew += heap_in_use() > before;
	}
	ck_assert_uint_lt(grew, LIVES * 3 / 4);
}

/* ---- an exec ---- */

/* At least so many of them, and none that a child would inherit. */
static void
check_cloexec(const struct descriptors *before, size_t least)
{
	struct descriptors ours;

	descriptors_list_new(&ours, before);
	ck_assert_uint_ge(ours.count, least);
	for (size_t i = 0; i < ours.count; i++)
		ck_assert(descriptor_is_cloexec(ours.fds[i]));
}

/* epoll, the wake-up, and a socket for each that is connected or dials. */
TEST(promise_10_no_descriptor_survives_an_exec)
{
	struct descriptors before;
	struct stay_redis *redis;

	descriptors_list(&before);
	rig_open(&rig);
	rig_start(&rig, door_url(&deaf, "redis"), NULL);
	redis = rig_connect(&rig, server.url, &brisk);
	rig_connect(&rig, server.unix_url, &brisk);
	check_cloexec(&before, 5);
	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	redis_server_restart(&server);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	check_cloexec(&before, 4);
	rig_close(&rig);
}

TEST_SUITE_WITH(promises_leaks, .before = begin, .after = end, .seconds = 60)
