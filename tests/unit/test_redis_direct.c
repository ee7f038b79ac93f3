/*
 * Commands of a callback, which mostly go the short way: they are written and told as
 * any other, and what is more than a question with one answer is seen.
 */
#include <stdio.h>
#include <string.h>

#include <stay/redis_prepared.h>

#include "suites.h"
#include "support/redis_virtual.h"

static struct redis_virtual here;
static char told[256];
static void (*ask)(void); /* by the last of the first calls */

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s;",
	    stay_status_name(result->status) + 5);
}

static void
on_first(void *arg, const struct stay_result *result)
{
	unsigned *left = arg;

	EXPECT_OK(result->status);
	if (--*left == 0)
		ask();
}

static void
run(void (*then)(void), const struct stay_redis_options *options, uint64_t ms)
{
	static const struct peer_row rows[] = { ON("GET lost", PEER_CLOSES),
		ON("GET never", ""), ON("BLPOP", ""), NO_MORE };
	unsigned left = 6;

	told[0] = '\0';
	ask = then;
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1", options);
	peer_log_clear(&here.server);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_OK(stay_redis_command(
		    here.redis, on_first, &left, "GET first"));
	sim_run_ms(here.world, ms);
	ck_assert_uint_eq(left, 0);
}

static void
argv(const struct stay_call_options *options, const char *name, const char *key)
{
	const char *words[] = { name, key };
	const size_t lens[] = { strlen(name), strlen(key) };

	EXPECT_OK(stay_redis_argv(
	    here.redis, options, on_done, NULL, 2, words, lens));
}

static void
listed(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	EXPECT_OK(
	    stay_redis_vcommand(here.redis, NULL, on_done, NULL, format, list));
	va_end(list);
}

static void
prepared(const char *format, const char *first, const char *second)
{
	const struct stay_bytes words[] = { { first, strlen(first) },
		{ second, strlen(second) } };
	struct stay_redis_prepared command;

	EXPECT_OK(stay_redis_prepare(&command, format));
	EXPECT_OK(stay_redis_call(here.redis, &command, NULL, on_done, NULL,
	    *second == '\0' ? 1 : 2, words));
}

static void
ask_in_each_form(void)
{
	argv(NULL, "GET", "argv-of-more-than-sixteen-letters");
	EXPECT_OK(stay_redis_command(
	    here.redis, on_done, NULL, "SET %s %b", "format", "x", (size_t)1));
	prepared("GET %b", "prepared", "");
	listed("GET %s", "listed");
	argv(NULL, "GET", "");
}

TEST(redis_direct_is_what_is_sent)
{
	static const char sent[] =
	    "GET argv-of-more-than-sixteen-letters;SET format x;"
	    "GET prepared;GET listed;GET ;";
	size_t len;

	run(ask_in_each_form, NULL, 100);
	len = strlen(here.log.text);
	ck_assert_uint_gt(len, strlen(sent));
	ck_assert_str_eq(here.log.text + len - strlen(sent), sent);
	ck_assert_str_eq(told, "OK;OK;OK;OK;OK;");
}

static void
ask_with_less(void)
{
	const char *words[] = { "GET", "bare" };
	const size_t lens[] = { 3, 4 };

#define ARGV(argc, argv, lens)                                                 \
	stay_redis_argv(here.redis, NULL, on_done, NULL, argc, argv, lens)
	ck_assert_int_eq(ARGV(2, NULL, lens), STAY_E_ARG);
	ck_assert_int_eq(ARGV(0, words, lens), STAY_E_FORMAT);
	EXPECT_OK(ARGV(2, words, NULL));
#undef ARGV
}

TEST(redis_direct_is_given_less)
{
	run(ask_with_less, NULL, 100);
	ck_assert_str_eq(told, "OK;");
	EXPECT_IN(here.log.text, "GET bare;");
}

static void
ask_within_5(void)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 5 };

	argv(&options, "GET", "never");
}

TEST(redis_direct_has_options)
{
	run(ask_within_5, NULL, 50);
	ck_assert_str_eq(told, "E_TIMEOUT;");
}

static void
block(void)
{
	const char *words[] = { "BLPOP", "list", "0" };
	const size_t lens[] = { 5, 4, 1 };

	prepared("BLPOP %b %b", "list", "0");
	EXPECT_OK(
	    stay_redis_argv(here.redis, NULL, on_done, NULL, 3, words, lens));
	EXPECT_OK(stay_redis_command(
	    here.redis, on_done, NULL, "BLPOP %s 0", "list"));
}

/* They have no timeout of their own. */
TEST(redis_direct_may_block)
{
	run(block, REDIS(.client.call_timeout_ms = 20), 200);
	ck_assert_str_eq(told, "");
}

static void
read_what_is_lost(void)
{
	argv(NULL, "GET", "lost");
}

TEST_ROWS(redis_direct_reads_again, 2)
{
	const char *first;

	run(read_what_is_lost,
	    REDIS(.resend_reads = _i == 0 ? STAY_REDIS_YES : STAY_REDIS_NO),
	    5000);
	first = strstr(here.log.text, "GET lost;");
	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(strstr(first + 1, "GET lost;") != NULL, _i == 0);
}

static void
open_multi(void)
{
	EXPECT_OK(stay_redis_command(here.redis, on_done, NULL, "MULTI"));
}

/* What the answer says to the session is heard: nothing of ours is queued in a
 * transaction. */
TEST(redis_direct_opens_a_transaction)
{
	run(open_multi, REDIS(.client.probe_ms = 100), 1000);
	ck_assert_str_eq(told, "OK;");
	ck_assert_ptr_null(strstr(strstr(here.log.text, "MULTI;"), "PING;"));
}

TEST_SUITE_WITH(redis_direct, .after = redis_virtual_after)
