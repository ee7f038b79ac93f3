/*
 * A file of tests is a suite, and a test adds itself to it. In a file:
 *
 *	TEST(redact_hides_a_password)
 *	{
 *		...
 *	}
 *
 *	TEST_ROWS(redact_rows, LEN(rows))      once a row, _i is its number
 *	{
 *		...
 *	}
 *
 *	TEST_SUITE(redact)                     at the end of the file, or
 *	TEST_SUITE_WITH(redact, .before = begin, .after = end)
 *
 * Tests run in the order in which they stand in the file.
 */
#ifndef STAY_TESTS_SUITE_H
#define STAY_TESTS_SUITE_H

#include <check.h>

#include "expect.h"

struct suite_test {
	const TTest *const *test; /* what START_TEST defines */
	int line;
	int (*rows)(void); /* asked when the suite is made */
	struct suite_test *next;
};

struct suite_options {
	const char *name;
	void (*before)(void); /* each test; NULL: nothing */
	void (*after)(void);
	void (*first)(void); /* once, before all tests; NULL: nothing */
	void (*last)(void);  /* once, behind them */
	double seconds;      /* a test may take; 0: as long as check has it */
};

/* Called before main, in any order. */
void suite_add(struct suite_test **tests, struct suite_test *test);
Suite *suite_make(
    const struct suite_test *tests, const struct suite_options *options);

/* Of this file. */
static struct suite_test *suite_tests __attribute__((unused));

#define TEST_ROWS(name, count)                                                 \
	static const TTest *test_##name;                                       \
	static int rows_of_##name(void)                                        \
	{                                                                      \
		return (int)(count);                                           \
	}                                                                      \
	__attribute__((constructor)) static void add_##name(void)              \
	{                                                                      \
		static struct suite_test test = { &test_##name, __LINE__,      \
			rows_of_##name, NULL };                                \
		suite_add(&suite_tests, &test);                                \
	}                                                                      \
	START_TEST(test_##name)

#define TEST(name) TEST_ROWS(name, 1)

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define TEST_SUITE_WITH(name_, ...)                                            \
	Suite *suite_##name_(void)                                             \
	{                                                                      \
		return suite_make(suite_tests,                                 \
		    &(struct suite_options){ .name = #name_, __VA_ARGS__ });   \
	}

#define TEST_SUITE(name) TEST_SUITE_WITH(name, .seconds = 0)

#endif
