/*
 * A server that says that it moves: when its session is left, and where the client goes
 * then. Other news of maintenance disturb nothing.
 */
#include <stdio.h>
#include <string.h>

#include <stay/redis_subscribe.h>

#include "../../adapters/redis/session.h"
#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

#define URL   "redis://10.0.0.1"
#define OTHER "10.0.0.2"
#define NIL   "_\r\n"
#define PLACE "+" OTHER ":6379\r\n"
#define MOVING(seconds, place)                                                 \
	">4\r\n$6\r\nMOVING\r\n:7\r\n:" #seconds "\r\n" place

static struct redis_virtual here;
static struct peer other;
static unsigned pushes;

static void
on_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)redis;
	(void)push;
	pushes++;
}

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)arg;
	(void)subscription;
	(void)message;
}

/* The client, its server, and one at the other place. */
static void
open_both(const struct peer_row *rows, const char *url)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.on_push = on_push };

	pushes = 0;
	redis_virtual_open(&here, rows);
	other =
	    (struct peer){ .rows = redis_usual, .reads = peer_reads_commands };
	peer_listen(&other, here.world, OTHER, 6379);
	redis_virtual_start(&here, url, &options);
}

static uint64_t
now(void)
{
	return sim_now_ms(here.world);
}

static bool
has_left(void *arg)
{
	(void)arg;
	return here.server.accepted + other.accepted > 1;
}

/* ---- the greeting ---- */

static const struct {
	const char *url;
	const char *asked; /* NULL: nothing */
	const char *answer;
} asked[] = {
	{ URL, NULL, "+OK\r\n" },
	{ URL "?moving=none", "none", "+OK\r\n" },
	{ URL "?moving=internal-ip", "internal-ip", "+OK\r\n" },
	{ URL "?moving=internal-fqdn", "internal-fqdn", "+OK\r\n" },
	{ URL "?moving=external-ip", "external-ip", "+OK\r\n" },
	{ URL "?moving=external-fqdn", "external-fqdn", "+OK\r\n" },
	{ URL "?moving=none", "none", "-ERR unknown subcommand\r\n" },
	{ URL "?moving=none&protocol=2", NULL, "+OK\r\n" },
};

TEST_ROWS(redis_moving_is_asked_for, LEN(asked))
{
	const struct peer_row rows[] = { ON("CLIENT MAINT_NOTIFICATIONS",
					     asked[_i].answer),
		REDIS_GREETS, NO_MORE };
	char line[128] = "MAINT_NOTIFICATIONS";
	const char *found;

	if (asked[_i].asked != NULL)
		snprintf(line, sizeof(line),
		    ";CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type %s;",
		    asked[_i].asked);
	open_both(rows, asked[_i].url);
	found = strstr(here.log.text, line);
	ck_assert_msg(
	    (found != NULL) == (asked[_i].asked != NULL), "%s", here.log.text);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 1);
	redis_virtual_end(&here);
}

/* The option goes before the URL. */
TEST(redis_moving_is_asked_for_by_option)
{
	redis_virtual_open(&here, NULL);
	redis_virtual_start(&here, URL "?moving=none",
	    REDIS(.moving = STAY_REDIS_MOVING_EXTERNAL_NAME));
	EXPECT_IN(here.log.text, "moving-endpoint-type external-fqdn;");
}

/* ---- it moves ---- */

/* Between these two times; and whether to the other place. */
static const struct {
	const char *push;
	uint64_t from_ms, to_ms;
	unsigned others;
} moves[] = {
	{ MOVING(30, PLACE), 0, 15000, 1 },
	{ MOVING(0, PLACE), 0, 1, 1 },
	{ MOVING(0, "+" OTHER ":006379\r\n"), 0, 1, 1 },
	{ MOVING(30, NIL), 15000, 22500, 0 },
	{ MOVING(1, "$-1\r\n"), 500, 750, 0 },
	{ MOVING(3, NIL), 1500, 2250, 0 },
	{ MOVING(5, NIL), 2500, 3750, 0 },
	{ MOVING(0, NIL), 0, 1, 0 },
	{ MOVING(30, "$0\r\n\r\n"), 15000, 22500, 0 },
	{ MOVING(30, "+http://" OTHER "\r\n"), 0, 15000, 0 },
	{ MOVING(30, "+?\r\n"), 0, 14999, 0 },
	{ MOVING(9223372036854775807, NIL), 1800000, 2700000, 0 },
	{ MOVING(-1, NIL), 1800000, 2700000, 0 },
	/* of several the earliest counts */
	{ MOVING(1, PLACE) MOVING(9000, PLACE), 0, 500, 1 },
	{ MOVING(9000, NIL) MOVING(1, PLACE), 0, 500, 1 },
};

TEST_ROWS(redis_moving_is_left_in_time, LEN(moves))
{
	uint64_t since;

	open_both(NULL, URL);
	since = now();
	redis_virtual_say(&here, moves[_i].push);
	sim_run_until(here.world, has_left, NULL, 100000000);
	ck_assert_uint_ge(now() - since, moves[_i].from_ms);
	ck_assert_uint_le(now() - since, moves[_i].to_ms + 100);
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(other.accepted, moves[_i].others);
	ck_assert_uint_eq(here.server.accepted, 2 - moves[_i].others);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
	ck_assert_uint_gt(pushes, 0);
}

/* A crowd does not move at once: when so much of the time is over, some have left. */
static const struct {
	const char *answer;
	uint64_t until_ms;
} crowds[] = {
	{ MOVING(30, PLACE) "+OK\r\n", 7500 },
	{ MOVING(30, NIL) "+OK\r\n", 18750 },
};

TEST_ROWS(redis_moving_is_jittered, LEN(crowds))
{
	const struct peer_row rows[] = { ON("PING now", crowds[_i].answer),
		NO_MORE };
	struct stay_redis *crowd[16];
	unsigned left;

	open_both(rows, URL);
	for (unsigned i = 0; i < LEN(crowd); i++) {
		EXPECT_OK(stay_redis_start(&crowd[i], here.loop, URL, NULL));
		stay_redis_command(crowd[i], NULL, NULL, "PING now");
	}
	sim_run_ms(here.world, crowds[_i].until_ms);
	left = here.server.accepted + other.accepted - 1 - (unsigned)LEN(crowd);
	ck_assert_uint_gt(left, 0);
	ck_assert_uint_lt(left, LEN(crowd));
	sim_run_ms(here.world, 30000);
	ck_assert_uint_eq(
	    here.server.accepted + other.accepted, 1 + 2 * LEN(crowd));
	for (unsigned i = 0; i < LEN(crowd); i++)
		stay_redis_stop(crowd[i]);
	redis_virtual_end(&here);
}

static unsigned notes;

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	(void)text;
	notes++;
}

/* The tick is also the subscriptions'. */
TEST(redis_moving_is_left_once)
{
	static const struct stay_observer observer = { STAY_OBSERVER,
		.on_note = on_note };

	notes = 0;
	open_both(NULL, URL);
	stay_loop_set_observer(here.loop, &observer);
	redis_virtual_say(&here, MOVING(3600, NIL));
	sim_run_ms(here.world, 1800000);
	ck_assert_uint_eq(notes, 1);
	stay_redis__session_tick(
	    stay_client_session(stay_redis_client(here.redis)));
	sim_run_ms(here.world, 6000);
	ck_assert_uint_eq(notes, 1);
	ck_assert_uint_eq(here.server.accepted, 1);
}

static unsigned joined;

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	(void)arg;
	(void)subscription;
	joined += notice->kind == STAY_REDIS_SUBSCRIBED;
}

/* What has been put off to the tick is not put off until the server has moved. */
TEST(redis_moving_lets_others_have_the_tick)
{
	const struct peer_row rows[] = { ON_FIRST(1, "SUBSCRIBE",
					     "-BUSY not now\r\n"),
		ON("SUBSCRIBE",
		    ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
		NO_MORE };
	const struct stay_redis_subscription_options news = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "news",
		.on_message = on_message, .on_notice = on_notice
	};

	joined = 0;
	open_both(rows, URL);
	ck_assert_int_eq(
	    stay_redis_subscribe(here.redis, &news, NULL), STAY_OK);
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, MOVING(3600, NIL));
	sim_run_ms(here.world, 2000);
	ck_assert_uint_eq(joined, 1);
	redis_virtual_end(&here);
}

/* ---- what is none, and what else is told ---- */

static const char *const nothing[] = {
	">3\r\n$9\r\nMIGRATING\r\n:1\r\n:10\r\n",
	">4\r\n$9\r\nMIGRATING\r\n:1\r\n:10\r\n*1\r\n$1\r\n3\r\n",
	">3\r\n$8\r\nMIGRATED\r\n:2\r\n*1\r\n$1\r\n3\r\n",
	">4\r\n$12\r\nFAILING_OVER\r\n:3\r\n:10\r\n*1\r\n$1\r\n3\r\n",
	">3\r\n$11\r\nFAILED_OVER\r\n:4\r\n*1\r\n$1\r\n3\r\n",
	(">4\r\n$6\r\nMOVING\r\n:7\r\n$4\r\nsoon\r\n" PLACE),
	">2\r\n$6\r\nMOVING\r\n:7\r\n",
	">1\r\n*0\r\n",
	">0\r\n",
};

/* Neither with subscriptions, which have pushes of their own, nor without. */
TEST_ROWS(redis_moving_is_nothing_else, 2 * LEN(nothing))
{
	static const char subscribed[] =
	    ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
	static const struct peer_row rows[] = { ON("SUBSCRIBE", subscribed),
		NO_MORE };
	const struct stay_redis_subscription_options news = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "news",
		.on_message = on_message
	};

	open_both(rows, URL);
	if (_i % 2 == 1)
		EXPECT_OK(stay_redis_subscribe(here.redis, &news, NULL));
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, nothing[_i / 2]);
	sim_run_ms(here.world, 100000);
	ck_assert_uint_eq(here.server.accepted + other.accepted, 1);
	ck_assert_uint_eq(pushes, 1);
}

TEST_SUITE_WITH(redis_moving, .after = redis_virtual_after)
