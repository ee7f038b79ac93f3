/* The text log: what it prints, and what it prints only once in a while. */
#include <stdlib.h>
#include <string.h>

#include <stay/observer.h>

#include "suites.h"

static struct stay_log *text_log;
static FILE *stream;
static char *printed;
static size_t printed_len;
static size_t seen;
static uint64_t now_ms;

static void
setup(void)
{
	stream = open_memstream(&printed, &printed_len);
	ck_assert_ptr_nonnull(stream);
	text_log = stay_log_new(stream, STAY_LOG_CONN);
	ck_assert_ptr_nonnull(text_log);
	now_ms = 1000000;
	seen = 0;
}

static void
teardown(void)
{
	stay_log_free(text_log);
	fclose(stream);
	free(printed);
}

static void
failed(uint64_t number, const char *text)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = {
		.number = number, .label = "x", .now_ms = now_ms
	};

	to->on_failure(to->arg, &who, STAY_E_NO_LISTENER, text);
}

static void
expect(const char *text)
{
	fflush(stream);
	ck_assert_str_eq(printed + seen, text);
	seen = printed_len;
}

START_TEST(test_promise_13_a_failure_that_repeats_is_logged_once_in_a_while)
{
	failed(1, "connect x: refused; attempt 1, next in 20 ms");
	expect("conn 1: connect x: refused; attempt 1, next in 20 ms "
	       "[transient]\n");
	for (unsigned i = 0; i < 12; i++) {
		now_ms += 2000;
		failed(1, "connect x: refused; attempt 2, next in 40 ms");
	}
	expect("");
	now_ms += 6000;
	failed(1, "connect x: refused; attempt 14, next in 1.2 s");
	expect("conn 1: connect x: refused; attempt 14, next in 1.2 s; 12 more "
	       "like it in 30 s [transient]\n");
	now_ms += 30000;
	failed(1, "connect x: refused; attempt 15, next in 1.2 s");
	expect("conn 1: connect x: refused; attempt 15, next in 1.2 s "
	       "[transient]\n");
}
END_TEST

START_TEST(test_text_log_another_failure_is_news)
{
	failed(1, "connect x: refused; next");
	failed(1, "connect x: refused; next");
	failed(2, "connect x: refused; next");
	expect("conn 1: connect x: refused; next [transient]\n"
	       "conn 2: connect x: refused; next [transient]\n");
	now_ms += 5000;
	failed(1, "connect x: timed out; next");
	expect("conn 1: 1 more like the last failure in 5 s\n"
	       "conn 1: connect x: timed out; next [transient]\n");
}
END_TEST

/* What was kept quiet is told at the end at the latest. */
START_TEST(test_text_log_tells_the_rest_when_it_closes)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = { .number = 1, .label = "x" };

	failed(1, "connect x: refused");
	failed(1, "connect x: refused");
	failed(1, "connect x: refused");
	who.now_ms = now_ms + 1000;
	to->on_closed(to->arg, &who, STAY_OK, "ok");
	expect("conn 1: connect x: refused [transient]\n"
	       "conn 1: 2 more like the last failure in 1 s\n"
	       "conn 1 x: closed, ok\n");
}
END_TEST

START_TEST(test_text_log_lost_calls_are_not_a_flood)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = {
		.number = 1, .label = "x", .now_ms = now_ms
	};

	for (int i = 0; i < 1000; i++) {
		to->on_lost_call(to->arg, &who, STAY_E_TIMEOUT, "timed out");
		failed(1, "session x: reset");
	}
	expect("conn 1: a call that nobody waits for: timed out [transient]\n"
	       "conn 1: session x: reset [transient]\n");
}
END_TEST

static void
closed(uint64_t number)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = {
		.number = number, .label = "x", .now_ms = now_ms
	};

	to->on_closed(to->arg, &who, STAY_OK, "ok");
}

static unsigned
lines(void)
{
	unsigned count = 0;

	fflush(stream);
	for (; seen < printed_len; seen++)
		count += printed[seen] == '\n';
	return count;
}

static const unsigned crowds[] = { 1, 64, 65, 128, 1000 };
#define CROWDS ((int)(sizeof(crowds) / sizeof(crowds[0])))

static void
everybody_fails(unsigned crowd)
{
	const struct stay_observer *to = stay_log_observer(text_log);

	for (unsigned number = 1; number <= crowd; number++) {
		struct stay_subject who = {
			.number = number, .label = "x", .now_ms = now_ms
		};

		failed(number, "connect x: refused; next");
		to->on_lost_call(to->arg, &who, STAY_E_TIMEOUT, "timed out");
	}
}

/* However many there are, nobody's sentences are forgotten for another's. */
START_TEST(test_promise_13_any_number_that_fail_are_each_logged_once)
{
	unsigned crowd = crowds[_i];

	everybody_fails(crowd);
	ck_assert_uint_eq(lines(), 2 * crowd);
	for (unsigned i = 0; i < 14; i++) {
		now_ms += 2000;
		everybody_fails(crowd);
	}
	ck_assert_uint_eq(lines(), 0);
	now_ms += 2000;
	everybody_fails(crowd);
	ck_assert_uint_eq(lines(), 2 * crowd);
}
END_TEST

/* Who is closed is forgotten, and nobody else is for that. */
START_TEST(test_text_log_the_closed_make_nobody_talk)
{
	everybody_fails(1000);
	for (unsigned number = 1; number <= 1000; number += 3)
		closed(number);
	ck_assert_uint_eq(lines(), 2 * 1000 + 334);
	for (unsigned number = 1; number <= 1000; number++)
		failed(number, "connect x: refused; next");
	ck_assert_uint_eq(lines(), 334);
}
END_TEST

Suite *
suite_text_log(void)
{
	Suite *suite = suite_create("text_log");
	TCase *tcase = tcase_create("text_log");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
	    test_promise_13_a_failure_that_repeats_is_logged_once_in_a_while);
	tcase_add_test(tcase, test_text_log_another_failure_is_news);
	tcase_add_test(tcase, test_text_log_tells_the_rest_when_it_closes);
	tcase_add_test(tcase, test_text_log_lost_calls_are_not_a_flood);
	tcase_add_loop_test(tcase,
	    test_promise_13_any_number_that_fail_are_each_logged_once, 0,
	    CROWDS);
	tcase_add_test(tcase, test_text_log_the_closed_make_nobody_talk);
	suite_add_tcase(suite, tcase);
	return suite;
}
