/* The words for statuses, classes and outcomes. */
#include <stdio.h>

#include <stay/status.h>

#include "suites.h"

/* Every number there is, and some there are not. */
#define BEYOND (STAY_STATUS_COUNT + 3)

TEST(status_ok_is_zero)
{
	ck_assert_int_eq(STAY_OK, 0);
	ck_assert_int_eq(stay_status_class(STAY_OK), STAY_CLASS_NONE);
	ck_assert_str_eq(stay_strerror(STAY_OK), "ok");
}

TEST(status_rows_are_found)
{
	ck_assert_str_eq(stay_status_name(STAY_E_TIMEOUT), "STAY_E_TIMEOUT");
	ck_assert_str_eq(stay_strerror(STAY_E_TIMEOUT), "timed out");
	ck_assert_int_eq(
	    stay_status_class(STAY_E_TIMEOUT), STAY_CLASS_TRANSIENT);
	ck_assert_int_eq(stay_status_class(STAY_E_URL), STAY_CLASS_CALLER);
	ck_assert_int_eq(stay_status_class(STAY_E_DENIED), STAY_CLASS_FATAL);
	ck_assert_int_eq(
	    stay_status_class(STAY_E_PROTOCOL), STAY_CLASS_PROTOCOL);
}

TEST(status_only_ok_is_of_no_class)
{
	for (int i = 1; i < BEYOND; i++)
		ck_assert_int_ne(
		    stay_status_class((enum stay_status)i), STAY_CLASS_NONE);
}

TEST(status_names_and_texts_differ)
{
	for (int i = 0; i < STAY_STATUS_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			enum stay_status a = (enum stay_status)i;
			enum stay_status b = (enum stay_status)j;

			ck_assert_str_ne(
			    stay_status_name(a), stay_status_name(b));
			ck_assert_str_ne(stay_strerror(a), stay_strerror(b));
		}
	}
}

TEST(status_no_status_has_words_too)
{
	enum stay_status none[] = { STAY_STATUS_COUNT,
		(enum stay_status)(STAY_STATUS_COUNT + 1),
		(enum stay_status) - 1, (enum stay_status)0x7fffffff };

	for (size_t i = 0; i < LEN(none); i++) {
		ck_assert_str_eq(stay_strerror(none[i]), "unknown status");
		ck_assert_str_eq(stay_status_name(none[i]), "STAY_E_UNKNOWN");
		ck_assert_int_eq(stay_status_class(none[i]), STAY_CLASS_FATAL);
	}
}

TEST(status_classes_have_names)
{
	ck_assert_str_eq(stay_class_name(STAY_CLASS_NONE), "none");
	ck_assert_str_eq(stay_class_name(STAY_CLASS_PROTOCOL), "protocol");
	ck_assert_str_eq(stay_class_name((enum stay_class)99), "unknown");
	ck_assert_str_eq(stay_class_name((enum stay_class) - 1), "unknown");
}

TEST(status_outcomes_have_names)
{
	ck_assert_str_eq(stay_outcome_name(STAY_REPLIED), "replied");
	ck_assert_str_eq(
	    stay_outcome_name(STAY_MAYBE_EXECUTED), "maybe executed");
	ck_assert_str_eq(
	    stay_outcome_name((enum stay_outcome)STAY_OUTCOME_COUNT),
	    "unknown");
	ck_assert_str_eq(stay_outcome_name((enum stay_outcome) - 1), "unknown");
}

TEST(status_version_has_three_numbers)
{
	unsigned major, minor, patch;
	char end;

	ck_assert_str_eq(stay_version(), "0.1.0");
	ck_assert_int_eq(
	    sscanf(stay_version(), "%u.%u.%u%c", &major, &minor, &patch, &end),
	    3);
}

TEST_SUITE(status)
