/* The table of what connections have said: who is in it, and who is not. */
#include <stdbool.h>
#include <stdlib.h>

#include "observe/heard.h"
#include "suites.h"

#define CROWD 500
#define TURNS 20000

static struct stay__speakers speakers;

static void
check_all(const bool *known, unsigned first)
{
	size_t count = 0;

	for (uint64_t i = 0; i < CROWD; i++) {
		const struct stay__speaker *found =
		    stay__speakers_find(&speakers, first + i * UINT64_C(64));

		ck_assert_int_eq(found != NULL, known[i]);
		ck_assert(found == NULL || found->failure.hash == first + i);
		count += known[i] ? 1 : 0;
	}
	ck_assert_uint_eq(speakers.count, count);
}

/* As a set of bits does, but that numbers may be far apart. */
START_TEST(test_heard_knows_who_has_come_and_not_gone)
{
	bool known[CROWD] = { false };
	unsigned first = 1 + (unsigned)_i * 1000003;

	srand((unsigned)_i);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		unsigned i = (unsigned)rand() % CROWD;
		struct stay__speaker *one =
		    stay__speakers_meet(&speakers, first + i * UINT64_C(64));

		ck_assert_ptr_nonnull(one);
		ck_assert_uint_eq(one->failure.hash, known[i] ? first + i : 0);
		one->failure.hash = first + i;
		if (known[i])
			stay__speakers_forget(&speakers, one);
		known[i] = !known[i];
		if (turn % 1000 == 0)
			check_all(known, first);
	}
	check_all(known, first);
	stay__speakers_fini(&speakers);
}
END_TEST

START_TEST(test_heard_has_no_size_for_those_who_have_gone)
{
	for (uint64_t number = 1; number < 100000; number++)
		stay__speakers_forget(
		    &speakers, stay__speakers_meet(&speakers, number));
	ck_assert_uint_eq(speakers.count, 0);
	ck_assert_uint_le(speakers.cap, 16);
	stay__speakers_fini(&speakers);
}
END_TEST

START_TEST(test_heard_is_empty_without_memory)
{
	ck_assert_ptr_null(stay__speakers_find(&speakers, 1));
	ck_assert_ptr_null(speakers.places);
	stay__speakers_fini(&speakers);
}
END_TEST

Suite *
suite_heard(void)
{
	Suite *suite = suite_create("heard");
	TCase *tcase = tcase_create("heard");

	tcase_add_loop_test(
	    tcase, test_heard_knows_who_has_come_and_not_gone, 0, 5);
	tcase_add_test(tcase, test_heard_has_no_size_for_those_who_have_gone);
	tcase_add_test(tcase, test_heard_is_empty_without_memory);
	suite_add_tcase(suite, tcase);
	return suite;
}
