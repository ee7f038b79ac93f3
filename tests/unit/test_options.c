/* Defaults, bounds and structs of other versions. */
#include <string.h>

#include "options.h"
#include "suites.h"

struct today {
	size_t size;
	const char *label;
	uint64_t timeout_ms;
	uint64_t queue_max;
	uint64_t added_later;
};

/* What a program built with an older header has. */
struct yesterday {
	size_t size;
	const char *label;
	uint64_t timeout_ms;
};

/* clang-format off */
static const struct stay__option rows[] = {
	{ "timeout_ms", offsetof(struct today, timeout_ms), 5000, 1, UINT64_MAX },
	{ "queue_max", offsetof(struct today, queue_max), 1024, 2, 4096 },
	{ "added_later", offsetof(struct today, added_later), 7, 1, 10 },
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static enum stay_status
fill(struct today *to, const void *from, const char **culprit)
{
	memset(to, 0xa5, sizeof(*to));
	return stay__options_fill(to, sizeof(*to), from, rows, ROWS, culprit);
}

START_TEST(test_options_without_a_struct_are_the_defaults)
{
	struct today options;

	ck_assert_int_eq(fill(&options, NULL, NULL), STAY_OK);
	ck_assert_uint_eq(options.size, sizeof(options));
	ck_assert_ptr_null(options.label);
	ck_assert_uint_eq(options.timeout_ms, 5000);
	ck_assert_uint_eq(options.queue_max, 1024);
	ck_assert_uint_eq(options.added_later, 7);
}
END_TEST

START_TEST(test_options_given_ones_are_kept)
{
	struct today given = { .size = sizeof(given),
		.label = "mine",
		.timeout_ms = UINT64_MAX,
		.queue_max = 2 };
	struct today options;
	const char *culprit = "set";

	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_OK);
	ck_assert_str_eq(options.label, "mine");
	ck_assert_uint_eq(options.timeout_ms, UINT64_MAX);
	ck_assert_uint_eq(options.queue_max, 2);
	ck_assert_uint_eq(options.added_later, 7);
	ck_assert_ptr_null(culprit);
}
END_TEST

START_TEST(test_options_an_older_struct_lacks_the_new_fields)
{
	struct yesterday given = { .size = sizeof(given), .timeout_ms = 9 };
	struct today options;

	ck_assert_int_eq(fill(&options, &given, NULL), STAY_OK);
	ck_assert_uint_eq(options.size, sizeof(options));
	ck_assert_uint_eq(options.timeout_ms, 9);
	ck_assert_uint_eq(options.queue_max, 1024);
	ck_assert_uint_eq(options.added_later, 7);
}
END_TEST

START_TEST(test_options_half_a_field_is_none)
{
	struct today given = { .queue_max = UINT64_MAX };
	struct today options;

	given.size = offsetof(struct today, queue_max) + 4;
	ck_assert_int_eq(fill(&options, &given, NULL), STAY_OK);
	ck_assert_uint_eq(options.queue_max, 1024);
}
END_TEST

START_TEST(test_options_of_unknown_size_are_refused)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1,
		sizeof(struct today) + 1, SIZE_MAX };
	struct today given = { 0 }, options;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		given.size = sizes[i];
		ck_assert_int_eq(fill(&options, &given, NULL), STAY_E_ABI);
	}
	given.size = sizeof(size_t);
	ck_assert_int_eq(fill(&options, &given, NULL), STAY_OK);
}
END_TEST

START_TEST(test_options_out_of_bounds_are_named)
{
	struct today given = { .size = sizeof(given), .queue_max = 1 };
	struct today options;
	const char *culprit = NULL;

	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_E_ARG);
	ck_assert_str_eq(culprit, "queue_max");
	given.queue_max = 4097;
	ck_assert_int_eq(fill(&options, &given, NULL), STAY_E_ARG);
	given.queue_max = 4096;
	given.added_later = 11;
	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_E_ARG);
	ck_assert_str_eq(culprit, "added_later");
	given.added_later = 10;
	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_OK);
}
END_TEST

Suite *
suite_options(void)
{
	Suite *suite = suite_create("options");
	TCase *fields = tcase_create("fields");

	tcase_add_test(fields, test_options_without_a_struct_are_the_defaults);
	tcase_add_test(fields, test_options_given_ones_are_kept);
	tcase_add_test(
	    fields, test_options_an_older_struct_lacks_the_new_fields);
	tcase_add_test(fields, test_options_half_a_field_is_none);
	tcase_add_test(fields, test_options_of_unknown_size_are_refused);
	tcase_add_test(fields, test_options_out_of_bounds_are_named);
	suite_add_tcase(suite, fields);
	return suite;
}
