/* Names of objects: found while they live, never afterwards. */
#include <stdbool.h>
#include <stdlib.h>

#include "base/ids.h"
#include "expect.h"
#include "suites.h"

#define KIND 7

static int objects[1000];
static struct stay__ids ids;

static void
begin(void)
{
	stay__ids_init(&ids);
}

static void
end(void)
{
	stay__ids_fini(&ids);
}

static bool
same(struct stay_token a, struct stay_token b)
{
	return a.index == b.index && a.generation == b.generation;
}

TEST(ids_a_zeroed_id_names_nothing)
{
	struct stay_token zero = { 0 }, id;

	ck_assert_ptr_null(stay__ids_find(&ids, KIND, zero));
	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[0], &id));
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, zero));
	ck_assert_uint_ne(id.generation, 0);
	stay__ids_give(&ids, id);
}

TEST(ids_are_found_until_given_back)
{
	struct stay_token taken[1000];

	for (size_t i = 0; i < 1000; i++)
		EXPECT_OK(stay__ids_take(&ids, KIND, &objects[i], &taken[i]));
	ck_assert_uint_eq(ids.live, 1000);
	for (size_t i = 0; i < 1000; i += 2)
		stay__ids_give(&ids, taken[i]);
	ck_assert_uint_eq(ids.live, 500);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_ptr_eq(stay__ids_find(&ids, KIND, taken[i]),
		    i % 2 == 0 ? NULL : &objects[i]);
	stay__ids_fini(&ids);
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, taken[1]));
}

TEST(ids_a_stale_one_does_not_find_its_successor)
{
	struct stay_token first, second;

	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[0], &first));
	stay__ids_give(&ids, first);
	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[1], &second));
	ck_assert_uint_eq(first.index, second.index);
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, first));
	ck_assert_ptr_eq(stay__ids_find(&ids, KIND, second), &objects[1]);
}

TEST(ids_nonsense_finds_nothing)
{
	struct stay_token id, wrong;

	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[0], &id));
	wrong = (struct stay_token){ id.index + 1, id.generation };
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, wrong));
	wrong = (struct stay_token){ UINT32_MAX, id.generation };
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, wrong));
	wrong = (struct stay_token){ id.index, id.generation + 1 };
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, wrong));
	stay__ids_give(&ids, id);
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, wrong));
}

TEST(ids_a_token_of_another_kind_finds_nothing)
{
	struct stay_token one, other;

	EXPECT_OK(stay__ids_take(&ids, 0, &objects[0], &one));
	EXPECT_OK(stay__ids_take(&ids, 1, &objects[1], &other));
	ck_assert_ptr_eq(stay__ids_find(&ids, 0, one), &objects[0]);
	ck_assert_ptr_null(stay__ids_find(&ids, 1, one));
	ck_assert_ptr_eq(stay__ids_find(&ids, 1, other), &objects[1]);
	ck_assert_ptr_null(stay__ids_find(&ids, 0, other));
	stay__ids_give(&ids, one);
	for (uint32_t kind = 0; kind < 3; kind++)
		ck_assert_ptr_null(stay__ids_find(&ids, kind, one));
}

TEST(ids_a_steady_state_needs_no_memory)
{
	struct stay__ids_entry *entries;
	struct stay_token id[3];
	uint32_t cap;

	for (int i = 0; i < 3; i++)
		EXPECT(
		    stay__ids_take(&ids, KIND, &objects[i], &id[i]) == STAY_OK);
	entries = ids.entries;
	cap = ids.cap;
	for (int i = 0; i < 10000; i++) {
		stay__ids_give(&ids, id[i % 3]);
		EXPECT(stay__ids_take(&ids, KIND, &objects[0], &id[i % 3]) ==
		       STAY_OK);
	}
	for (int i = 0; i < 3; i++)
		stay__ids_give(&ids, id[i]);
	for (int i = 0; i < 3; i++)
		EXPECT(
		    stay__ids_take(&ids, KIND, &objects[i], &id[i]) == STAY_OK);
	EXPECT(ids.entries == entries);
	EXPECT(ids.cap == cap);
	EXPECT(ids.count == 3);
}

TEST(ids_an_entry_out_of_generations_is_not_used_again)
{
	struct stay_token first, last, next;

	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[0], &first));
	stay__ids_give(&ids, first);
	ids.entries[first.index].generation = UINT32_MAX;
	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[1], &last));
	ck_assert_uint_eq(last.generation, UINT32_MAX);
	ck_assert_ptr_eq(stay__ids_find(&ids, KIND, last), &objects[1]);
	stay__ids_give(&ids, last);
	EXPECT_OK(stay__ids_take(&ids, KIND, &objects[2], &next));
	ck_assert_uint_ne(next.index, last.index);
	ck_assert_uint_ne(next.generation, 0);
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, first));
	ck_assert_ptr_null(stay__ids_find(&ids, KIND, last));
	ck_assert_ptr_null(
	    stay__ids_find(&ids, KIND, (struct stay_token){ last.index, 0 }));
	ck_assert_uint_eq(ids.live, 1);
}

/* A table at its bound, made up: it refuses before it asks for memory. */
TEST(ids_too_many_are_refused)
{
	struct stay_token id;

	ids.count = ids.cap = UINT32_MAX / 32;
	ck_assert_int_eq(
	    stay__ids_take(&ids, KIND, &objects[0], &id), STAY_E_NOMEM);
	ck_assert_uint_eq(ids.live, 0);
	ck_assert_uint_eq(ids.count, UINT32_MAX / 32);
}

TEST(ids_random_walk_finds_exactly_the_living)
{
	enum { PLACES = 300 };
	struct stay_token id[PLACES], old[PLACES] = { 0 };
	bool alive[PLACES] = { false };

	srand(11);
	for (int i = 0; i < 100000; i++) {
		int place = rand() % PLACES;

		if (alive[place]) {
			EXPECT(stay__ids_find(&ids, KIND, id[place]) ==
			       &objects[place]);
			stay__ids_give(&ids, id[place]);
			old[place] = id[place];
		} else {
			EXPECT(stay__ids_take(&ids, KIND, &objects[place],
				   &id[place]) == STAY_OK);
			EXPECT(!same(id[place], old[place]));
		}
		alive[place] = !alive[place];
		EXPECT(stay__ids_find(&ids, KIND, old[place]) == NULL);
	}
}

TEST_SUITE_WITH(ids, .before = begin, .after = end)
