/* What a user leaves behind in a session of Redis, and what is made of it. */
#include <stdio.h>
#include <string.h>

#include <stay/lend.h>
#include <stay/redis_subscribe.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

#define URL "redis://10.0.0.1"

static struct redis_virtual here;
static unsigned ready;
static bool closed;

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	ready += status == STAY_OK;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	EXPECT_OK(reason);
	closed = true;
}

static void
lend_with(const struct peer_row *rows, unsigned protocol)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.protocol = protocol,
		.client = { STAY_CLIENT_OPTIONS, .offline = STAY_OFFLINE_FAIL,
		    .on_session = on_session, .on_closed = on_closed } };

	ready = 0;
	closed = false;
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, URL, &options);
	ck_assert_uint_eq(ready, 1);
	EXPECT_OK(stay_client_lend(stay_redis_client(here.redis)));
	peer_log_clear(&here.server);
}

static void
lend(const struct peer_row *rows)
{
	lend_with(rows, 0);
}

/* "a;b;" */
static void
submit(const char *commands)
{
	char copy[256], *word, *more = copy;

	snprintf(copy, sizeof(copy), "%s", commands);
	while ((word = strsep(&more, ";")) != NULL && *word != '\0')
		EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, word));
}

static const struct peer_row answers[] = {
	ON("FAIL", "-ERR no\r\n"),
	ON("WATCH bad", "-ERR no\r\n"),
	ON("MULTI bad", "-ERR no\r\n"),
	ON("UNWATCH bad", "-ERR no\r\n"),
	ON("EXEC bad", "-EXECABORT no\r\n"),
	ON("DISCARD bad", "-ERR wrong number of arguments\r\n"),
	ON("DISCARD denied", "-NOPERM no\r\n"),
	NO_MORE,
};

#define REPLACED "|HELLO 3;PING;"

/* What the server gets when the user has said this, and that is all. */
static const struct row {
	const char *commands;
	const char *undone;
} rows[] = {
	{ "", "" },
	{ "GET a;SET a 1;", "" },
	{ "MULTI;SET a 1;", "DISCARD;" },
	{ "MULTI;EXEC;", "" },
	{ "MULTI;DISCARD;", "" },
	{ "MULTI;DISCARD bad;", "DISCARD;" },
	{ "MULTI;DISCARD denied;", "DISCARD;" },
	{ "MULTI;DISCARD bad;DISCARD;", "" },
	{ "WATCH a;DISCARD bad;", "UNWATCH;" },
	{ "MULTI bad;", "" },
	{ "MULTI;EXEC bad;", "" },
	{ "WATCH a;", "UNWATCH;" },
	{ "WATCH bad;", "" },
	{ "WATCH a;UNWATCH;", "" },
	{ "WATCH a;UNWATCH bad;", "UNWATCH;" },
	{ "WATCH a;MULTI;", "DISCARD;" },
	{ "WATCH a;MULTI;EXEC;", "" },
	{ "WATCH a;MULTI;UNWATCH;", "DISCARD;" },
	{ "WATCH a;EXEC bad;", "UNWATCH;" },
	{ "CLIENT TRACKING ON;", REPLACED },
	{ "CLIENT ID;", "" },
	{ "READONLY;", REPLACED },
	{ "MULTI;CLIENT NO-EVICT ON;", REPLACED },
};

static void
check_reset(const struct row *row)
{
	char got[256];

	snprintf(got, sizeof(got), "%s%s", row->commands, row->undone);
	ck_assert_str_eq(here.log.text, got);
	ck_assert_uint_eq(ready, 2);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions,
	    row->undone[0] == '|' ? 2 : 1);
}

TEST_ROWS(redis_lend_resets, LEN(rows))
{
	lend(answers);
	submit(rows[_i].commands);
	sim_run_ms(here.world, 10);
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 10);
	check_reset(&rows[_i]);
}

/* The user's last commands are still under way. */
TEST_ROWS(redis_lend_resets_when_all_is_answered, LEN(rows))
{
	lend(answers);
	submit(rows[_i].commands);
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 10);
	check_reset(&rows[_i]);
}

/* In a group a command stands for more than its place in it. */
static const struct row groups[] = {
	{ "GET a;", "" },
	{ "CLIENT ID;", "" },
	{ "CLIENT SETNAME x;", REPLACED },
	{ "GET a;CLIENT TRACKING ON;GET b;", REPLACED },
	{ "READONLY;", REPLACED },
};

static void
fill(struct stay_redis_group *group, const char *commands)
{
	char copy[256], *word, *more = copy;

	snprintf(copy, sizeof(copy), "%s", commands);
	while ((word = strsep(&more, ";")) != NULL && *word != '\0')
		EXPECT_OK(stay_redis_group_add(group, word));
	EXPECT_OK(stay_redis_group_send(group, NULL, NULL, NULL));
}

TEST_ROWS(redis_lend_resets_what_a_group_has_set_up, 2 * LEN(groups))
{
	const struct row *row = &groups[_i / 2];
	bool multi = _i % 2 != 0;
	char got[256];

	lend(answers);
	fill(multi ? stay_redis_multi_new(here.redis)
		   : stay_redis_pipeline_new(here.redis),
	    row->commands);
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 10);
	snprintf(got, sizeof(got), "%s%s%s%s", multi ? "MULTI;" : "",
	    row->commands, multi ? "EXEC;" : "", row->undone);
	ck_assert_str_eq(here.log.text, got);
	ck_assert_uint_eq(ready, 2);
}

static const struct peer_row denying[] = {
	ON("DISCARD", "-NOPERM no\r\n"),
	NO_MORE,
};

TEST(redis_lend_is_not_let_reset)
{
	lend(denying);
	submit("MULTI;");
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(here.log.text, "MULTI;DISCARD;|HELLO 3;PING;");
	ck_assert_uint_eq(ready, 2);
}

/* A probe is said in a session that was reset, and one that was reset is probed. */
TEST(redis_lend_is_probed)
{
	lend(answers);
	submit("WATCH a;");
	sim_run_ms(here.world, 5500);
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 5500);
	ck_assert_str_eq(here.log.text, "WATCH a;PING;UNWATCH;PING;");
	ck_assert_uint_eq(ready, 2);
}

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)arg;
	(void)subscription;
	(void)message;
}

static struct stay_redis_subscription *
subscribe(void)
{
	static const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "c",
		.on_message = on_message
	};
	struct stay_redis_subscription *subscription;

	EXPECT_OK(stay_redis_subscribe(here.redis, &options, &subscription));
	return subscription;
}

static const struct peer_row subscribing[] = {
	ON("SUBSCRIBE", ">3\r\n+subscribe\r\n$1\r\nc\r\n:1\r\n"),
	ON("UNSUBSCRIBE", ">3\r\n+unsubscribe\r\n$1\r\nc\r\n:0\r\n"),
	NO_MORE,
};

/* It would be restored in every session. Others that have ended make no difference. */
TEST_ROWS(redis_lend_ends_with_a_subscription, 2)
{
	struct stay_redis_subscription *subscription;

	lend(subscribing);
	for (int i = 0; i <= _i; i++) {
		subscription = subscribe();
		sim_run_ms(here.world, 10);
		if (i < _i)
			stay_redis_unsubscribe(subscription);
		sim_run_ms(here.world, 10);
	}
	stay_client_take_back(stay_redis_client(here.redis));
	ck_assert(sim_run(here.world, 1000));
	ck_assert(closed);
	here.redis = NULL; /* it has ended */
}

/* Nor is it forgotten when a session ends before its user is back. */
TEST(redis_lend_ends_with_a_subscription_that_was_lost)
{
	lend(subscribing);
	(void)subscribe();
	sim_run_ms(here.world, 10);
	peer_do(here.server.ends, 0, PEER_CLOSE);
	sim_run_ms(here.world, 1);
	ck_assert_int_eq(stay_client_take_back(stay_redis_client(here.redis)),
	    STAY_E_OFFLINE);
	ck_assert(sim_run(here.world, 5000));
	ck_assert(closed);
	ck_assert_uint_eq(ready, 1);
	here.redis = NULL; /* it has ended */
}

/* What is still subscribed when a client is as new. */
static uint64_t
channels(void)
{
	struct stay_redis_subscription_counts counts = {
		STAY_REDIS_SUBSCRIPTION_COUNTS
	};

	stay_redis_get_subscription_counts(here.redis, &counts);
	return counts.channels;
}

/* For so many ms its user has had it, and for so many given it up when he is back: with
 * every answer under way, or not. The client never ends. */
TEST_ROWS(redis_lend_waits_for_the_end_of_a_subscription, 25)
{
	struct stay_redis_subscription *subscription;

	lend(subscribing);
	subscription = subscribe();
	sim_run_ms(here.world, (uint64_t)_i / 5);
	stay_redis_unsubscribe(subscription);
	sim_run_ms(here.world, (uint64_t)_i % 5);
	stay_client_take_back(stay_redis_client(here.redis));
	for (unsigned i = 0; i < 100 && ready < 2; i++)
		sim_run_ms(here.world, 1);
	ck_assert_uint_eq(ready, 2);
	ck_assert_uint_eq(channels(), 0);
}

static const struct peer_row subscribing_apart[] = {
	ON("SUBSCRIBE", "*3\r\n+subscribe\r\n$1\r\nc\r\n:1\r\n"),
	ON("UNSUBSCRIBE", "*3\r\n+unsubscribe\r\n$1\r\nc\r\n:0\r\n"),
	NO_MORE,
};

/* So many that their owners are told in several turns. */
TEST_ROWS(redis_lend_waits_for_the_end_of_many_subscriptions, 2)
{
	static struct stay_redis_subscription *all[600];

	lend_with(_i == 0 ? subscribing : subscribing_apart, _i == 0 ? 3 : 2);
	for (size_t i = 0; i < LEN(all); i++)
		all[i] = subscribe();
	sim_run_ms(here.world, 20);
	for (size_t i = 0; i < LEN(all); i++)
		stay_redis_unsubscribe(all[i]);
	stay_client_take_back(stay_redis_client(here.redis));
	sim_run_ms(here.world, 100);
	ck_assert(!closed);
	ck_assert_uint_eq(ready, 2);
	ck_assert_uint_eq(channels(), 0);
	/* It costs no session. */
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 1);
}

/* The transaction that he left open holds back what his subscription had to say. */
TEST(redis_lend_leaves_no_channel_behind_a_transaction)
{
	struct stay_redis_subscription *subscription;

	lend(subscribing);
	subscription = subscribe();
	sim_run_ms(here.world, 10);
	submit("MULTI;");
	sim_run_ms(here.world, 10);
	stay_redis_unsubscribe(subscription);
	sim_run_ms(here.world, 10);
	stay_client_take_back(stay_redis_client(here.redis));
	for (unsigned i = 0; i < 100 && ready < 2; i++)
		sim_run_ms(here.world, 1);
	ck_assert_uint_eq(channels(), 0);
}

TEST_SUITE_WITH(redis_lend, .after = redis_virtual_after)
