/*
 * Packets dropped between client and server, in one direction or in both:
 * promise 8 where no end of a connection ever hears of it. Needs the right to
 * make network namespaces; elsewhere each test says that it is skipped.
 */
#include <stdio.h>

#include "suites.h"
#include "support/counts.h"
#include "support/netns.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#define SILENCE_MS 300
#define PROBE_MS   200
#define SLACK_S    0.5 /* the machine has other things to do, too */
#define AT_ONCE_S  3. /* the kernels say it again in 0.2, 0.4, 0.8 seconds... */

static struct netns netns;
static struct redis_rig rig;
static struct redis_server server;
static struct stay_redis *admin; /* over the unix socket: not on the cable */
static char url[64];
static bool skipped;

static const struct stay_redis_options quick = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 10, .cap_ms = 50 },
	    .connect_budget_ms = 500, .probe_ms = PROBE_MS,
	    .silence_ms = SILENCE_MS } };

static void
begin(void)
{
	static const char *const extra[] = { "--bind", NETNS_SERVER,
		"--protected-mode", "no", NULL };

	skipped = !netns_open(&netns);
	if (skipped)
		return;
	netns_enter(&netns, NETNS_AT_SERVER);
	ck_assert(redis_server_start(&server, extra));
	netns_enter(&netns, NETNS_AT_CLIENT);
	snprintf(url, sizeof(url), "redis://" NETNS_SERVER ":%d", server.port);
	rig_open(&rig);
	admin = rig_connect(&rig, server.unix_url, NULL);
}

static void
end(void)
{
	if (skipped)
		return;
	rig_close(&rig);
	redis_server_end(&server);
	netns_close(&netns);
}

/* Which directions are cut: to the server, to the client, both. */
static const bool cuts[][2] = {
	{ [NETNS_AT_CLIENT] = true },
	{ [NETNS_AT_SERVER] = true },
	{ [NETNS_AT_CLIENT] = true, [NETNS_AT_SERVER] = true },
};
#define CUTS ((int)(LEN(cuts)))

static double
cut(int which)
{
	for (int side = 0; side < 2; side++)
		if (cuts[which][side])
			netns_pass(&netns, (enum netns_side)side, false);
	return ev_time();
}

static void
heal(void)
{
	netns_pass(&netns, NETNS_AT_SERVER, true);
	netns_pass(&netns, NETNS_AT_CLIENT, true);
}

TEST_ROWS(promise_8_dropped_packets_are_found_within_the_bound, CUTS)
{
	struct stay_redis *redis;
	struct answer lost, again, counter;
	double since;

	if (skipped)
		return;
	redis = rig_connect(&rig, url, &quick);
	since = cut(_i);
	ask(redis, &lost, "INCR counter");
	await_answer(&rig, &lost, 20);
	ck_assert_int_eq(lost.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_double_le(lost.at - since, SILENCE_MS / 1000. + SLACK_S);
	ask(redis, &again, "ECHO again");
	rig_run(&rig, 1.2); /* attempts come to nothing, too */
	ck_assert_uint_eq(again.told, 0);
	heal();
	await_answer(&rig, &again, 20);
	ck_assert_str_eq(again.text, "again");
	check_counts(redis);
	ask_now(&rig, admin, &counter, "GET counter");
	ck_assert_int_eq(counter.integer, !cuts[_i][NETNS_AT_CLIENT]);
}

TEST_ROWS(promise_8_dropped_packets_are_found_while_nobody_asks, CUTS)
{
	struct stay_redis *redis;
	double since;

	if (skipped)
		return;
	redis = rig_connect(&rig, url, &quick);
	since = cut(_i);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	ck_assert_double_le(
	    ev_time() - since, (PROBE_MS + SILENCE_MS) / 1000. + SLACK_S);
	heal();
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
}

/* The kernel counts in whole seconds: two of them, and one for its rounding. */
TEST_ROWS(promise_8_dropped_packets_are_found_under_a_call_that_blocks, CUTS)
{
	struct stay_redis_options options = quick;
	struct stay_redis *redis;
	struct answer blocked;
	double since;

	if (skipped)
		return;
	options.client.silence_ms = 2000;
	redis = rig_connect(&rig, url, &options);
	ask(redis, &blocked, "BLPOP nothing 0");
	rig_run(&rig, 0.1);
	since = cut(_i);
	await_answer(&rig, &blocked, 10);
	ck_assert_int_eq(blocked.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_double_le(blocked.at - since, 3.);
	heal();
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
}

/* And while nothing is dropped the kernel lets it live. */
TEST(promise_8_a_call_that_blocks_outlives_the_bound)
{
	struct stay_redis_options options = quick;
	struct stay_redis *redis;
	struct answer blocked, pushed;

	if (skipped)
		return;
	options.client.silence_ms = 1000;
	redis = rig_connect(&rig, url, &options);
	ask(redis, &blocked, "BLPOP list 0");
	rig_run(&rig, 3.5);
	ck_assert_uint_eq(blocked.told, 0);
	ask_now(&rig, admin, &pushed, "RPUSH list element");
	await_answer(&rig, &blocked, 20);
	ck_assert_uint_eq(blocked.count, 2);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

TEST_ROWS(promise_8_a_gap_shorter_than_the_bound_is_survived, CUTS)
{
	struct stay_redis_options options = quick;
	struct stay_redis *redis;
	struct answer answer;

	if (skipped)
		return;
	options.client.silence_ms = 3000;
	redis = rig_connect(&rig, url, &options);
	cut(_i);
	ask(redis, &answer, "ECHO through");
	rig_run(&rig, 0.3);
	ck_assert_uint_eq(answer.told, 0);
	heal();
	await_answer(&rig, &answer, 20);
	ck_assert_str_eq(answer.text, "through");
	ck_assert_uint_eq(sessions_of(redis), 1);
}

static bool
is_in_flight(void *arg)
{
	return counts_of(stay_redis_client(arg)).in_flight == 1;
}

/* The server died unheard and is there again: it knows nothing of us. The request is
 * under way before its kernel can say so: the end of the old connection, which that
 * repeats, would come first now and then, and the request be sent anew. */
TEST(promise_3_8_a_half_open_connection_is_found_at_once)
{
	struct stay_redis_options options = quick;
	struct stay_redis *redis;
	struct answer lost, again;
	double since;

	if (skipped)
		return;
	options.client.silence_ms = 10000;
	options.client.probe_ms = 10000;
	redis = rig_connect(&rig, url, &options);
	cut(2);
	redis_server_kill(&server);
	netns_enter(&netns, NETNS_AT_SERVER);
	redis_server_restart(&server);
	netns_enter(&netns, NETNS_AT_CLIENT);
	netns_pass(&netns, NETNS_AT_CLIENT, true);
	ask(redis, &lost, "INCR lost");
	rig_until(&rig, is_in_flight, redis, 20);
	heal();
	since = ev_time();
	await_answer(&rig, &lost, 20);
	ck_assert_int_eq(lost.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_double_le(lost.at - since, AT_ONCE_S);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	ask_now(&rig, redis, &again, "ECHO again");
	ck_assert_str_eq(again.text, "again");
}

TEST_SUITE_WITH(netns, .before = begin, .after = end, .seconds = 60)
