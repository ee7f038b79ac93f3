/*
 * Promise 9 with real redis-servers: whatever one connection is busy with, the
 * others on its loop get on. Progress is counted in calls, not in seconds: how
 * fast this machine is does not matter.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "suites.h"
#include "support/counts.h"
#include "support/descriptors.h"
#include "support/peer_loopback.h"
#include "support/redis_bed.h"

#define LIGHTS  8
#define WAIT_MS 10000

/* The socket of the one that has connected last. */
static int
newest_socket(const struct descriptors *before)
{
	struct descriptors opened;

	descriptors_list_new(&opened, before);
	for (size_t i = 0; i < opened.count; i++)
		if (descriptor_is_socket(opened.fds[i]))
			return opened.fds[i];
	ck_abort_msg("no new socket");
}

static struct stay_redis *
connect_over(int *fd, const char *url)
{
	struct descriptors before;
	struct stay_redis *redis;

	descriptors_list(&before);
	redis = rig_connect(&rig, url, NULL);
	*fd = newest_socket(&before);
	return redis;
}

/* ---- light ones: one small call after the other ---- */

struct light {
	struct stay_redis *redis;
	int fd;
	uint64_t told;
};

static struct light lights[LIGHTS];

static void
on_light(void *arg, const struct stay_result *result)
{
	struct light *light = arg;

	if (result->status != STAY_OK)
		return;
	light->told++;
	stay_redis_command(light->redis, on_light, light, "PING");
}

static void
start_lights(const char *url)
{
	memset(lights, 0, sizeof(lights));
	for (int i = 0; i < LIGHTS; i++) {
		struct light *light = &lights[i];

		light->redis = connect_over(&light->fd, url);
		EXPECT_OK(
		    stay_redis_command(light->redis, on_light, light, "PING"));
	}
}

static uint64_t
least_told(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < LIGHTS; i++)
		if (lights[i].told < least)
			least = lights[i].told;
	return least;
}

static bool
all_got_on(void *arg)
{
	return least_told() >= *(const uint64_t *)arg;
}

static void
see_them_get_on(uint64_t calls)
{
	uint64_t wanted = least_told() + calls;

	rig_until(&rig, all_got_on, &wanted, 20);
}

/* ---- a socket full of replies ---- */

#define BACKLOG (1024 * 1024)

/* Of this one the replies wait in its socket. */
struct hoard {
	struct stay_redis *redis;
	int fd;
	uint64_t bytes; /* received before */
};

static uint64_t
bytes_in(const struct hoard *hoard)
{
	return counts_of(stay_redis_client(hoard->redis)).bytes_in;
}

static void
hoard_ask(struct hoard *hoard, const char *key, int times)
{
	for (int i = 0; i < times; i++)
		EXPECT_OK(stay_redis_command(
		    hoard->redis, NULL, NULL, "GET %s", key));
	hoard->bytes = bytes_in(hoard);
}

/* The kernel takes so much in for us before anybody reads. */
static void
await_bytes(int fd, int least)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least)), 0);
	ck_assert_int_eq(poll(&ready, 1, WAIT_MS), 1);
}

static bool
all_sent(void *arg)
{
	struct hoard *hoards = arg;

	for (int i = 0; i < 2; i++) {
		struct stay_client_counts counts =
		    counts_of(stay_redis_client(hoards[i].redis));

		if (counts.queued > 0)
			return false;
	}
	return true;
}

static void
store(const char *key, unsigned len)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, "SETRANGE %s %u x", key, len - 1);
	EXPECT_OK(answer.status);
}

/* Frozen until all is asked; then nobody turns the loop until it is there: of
 * one in many pieces, of the other in one, of the light ones their answer. */
static void
fill_sockets(struct hoard *hoards)
{
	redis_server_freeze(&server);
	hoard_ask(&hoards[0], "small", 4096);
	hoard_ask(&hoards[1], "large", 2);
	rig_until(&rig, all_sent, hoards, 20);
	redis_server_thaw(&server);
	for (int i = 0; i < 2; i++)
		await_bytes(hoards[i].fd, BACKLOG);
	for (int i = 0; i < 2; i++)
		await_bytes(hoards[i].fd, 1);
	for (int i = 0; i < LIGHTS; i++)
		await_bytes(lights[i].fd, 1);
}

/* By the time each light one has its answer, the heavy ones have not read half
 * of what waits for them; in whatever order their sockets are served. */
TEST(promise_9_a_full_socket_does_not_hold_up_the_others)
{
	struct hoard hoards[2];

	store("small", 1024);
	store("large", 4 * BACKLOG);
	hoards[0].redis = connect_over(&hoards[0].fd, server.url);
	start_lights(server.url);
	hoards[1].redis = connect_over(&hoards[1].fd, server.url);
	see_them_get_on(10);
	fill_sockets(hoards);
	see_them_get_on(1);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_le(
		    bytes_in(&hoards[i]) - hoards[i].bytes, BACKLOG / 2);
}

/* ---- peers that take nothing ---- */

/* However long the others take, it is not given up. */
static const struct stay_redis_options patient = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = STAY_FOREVER,
	    .connect_budget_ms = 60000, .silence_ms = 60000 } };

/* Its dial gets no answer. */
TEST(promise_9_a_dial_that_hangs_holds_up_nobody)
{
	struct door door;
	struct stay_redis *hanging;

	start_lights(server.url);
	door_open(&door, NULL, NULL, DOOR_STUFFED);
	hanging = rig_start(&rig, door_url(&door, "redis"), &patient);
	rig_until_state(&rig, hanging, STAY_CONNECTING, 20);
	see_them_get_on(200);
	ck_assert_int_eq(
	    stay_conn_state(stay_redis_conn(hanging)), STAY_CONNECTING);
	door_close(&door);
}

/* More than any socket holds waits to be written. */
TEST(promise_9_a_peer_that_reads_nothing_holds_up_nobody)
{
	static const char value[64 * 1024];
	struct stay_client_counts counts;
	struct stay_redis *stuck;
	struct redis_server other;

	ck_assert(redis_server_start(&other, NULL));
	start_lights(other.url);
	stuck = rig_connect(&rig, server.url, &patient);
	redis_server_freeze(&server);
	for (int i = 0; i < 512; i++)
		EXPECT_OK(stay_redis_command(stuck, NULL, NULL, "SET key:%d %b",
		    i, value, sizeof(value)));
	see_them_get_on(200);
	counts = counts_of(stay_redis_client(stuck));
	ck_assert_uint_gt(counts.queued, 0);
	redis_server_thaw(&server);
	redis_server_end(&other);
}

/* ---- descriptors ---- */

static void
check_nonblock(const struct descriptors *at_first)
{
	struct descriptors ours;
	unsigned sockets = 0;

	descriptors_list_new(&ours, at_first);
	for (size_t i = 0; i < ours.count; i++) {
		if (!descriptor_is_socket(ours.fds[i]))
			continue;
		ck_assert(descriptor_is_nonblock(ours.fds[i]));
		sockets++;
	}
	ck_assert_uint_ge(sockets, 2);
}

/* Being dialled, connected, and connected again. */
TEST(promise_9_no_socket_ever_blocks)
{
	struct door door;
	struct descriptors at_first;
	struct stay_redis *redis;

	door_open(&door, NULL, NULL, DOOR_STUFFED);
	descriptors_list(&at_first);
	rig_start(&rig, door_url(&door, "redis"), &patient);
	redis = rig_start(&rig, server.url, NULL);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	check_nonblock(&at_first);
	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	redis_server_restart(&server);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	rig_until_state(&rig, admin, STAY_CONNECTED, 20);
	check_nonblock(&at_first);
	door_close(&door);
}

TEST_SUITE_WITH(promises_fairness, .before = bed_open_with_admin,
    .after = bed_close, .seconds = 60)
