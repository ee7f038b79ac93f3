/* The table of tags: against a plain array, and what is let go of. */
#include <stdlib.h>
#include <string.h>

#include "client/tags.h"
#include "suites.h"

#define TAG_COUNT 300u

static struct stay__tags rig;
static int owners[TAG_COUNT];

static void
put(uint64_t tag, uint64_t word, void *owner)
{
	ck_assert(stay__tags_reserve(&rig));
	stay__tags_put(&rig, tag, word, owner);
}

/* Tags far apart and side by side, put in and taken out at random. */
TEST(tags_are_found_until_they_are_taken_out)
{
	unsigned short seed[3] = { 1, 2, 3 };
	bool in[TAG_COUNT] = { false };
	size_t count = 0;

	rig = (struct stay__tags){ 0 };
	for (unsigned i = 0; i < 20000; i++) {
		size_t at = (size_t)nrand48(seed) % TAG_COUNT;
		uint64_t tag = at % 2 == 0 ? at : at << 32;
		struct stay__tag *slot = stay__tags_find(&rig, tag);

		ck_assert_int_eq(slot != NULL, in[at]);
		if (slot == NULL) {
			put(tag, at + 7, &owners[at]);
		} else {
			ck_assert_ptr_eq(slot->owner, &owners[at]);
			ck_assert_uint_eq(slot->word, at + 7);
			stay__tags_take(&rig, slot);
		}
		in[at] = !in[at];
		count += in[at] ? 1 : (size_t)-1;
		ck_assert_uint_eq(rig.count, count);
	}
	stay__tags_clear(&rig);
	ck_assert_ptr_null(stay__tags_find(&rig, 0));
	stay__tags_fini(&rig);
}

/* The one that became free is given last; 0 if there is none. */
TEST(tags_free_ones_go_round)
{
	rig = (struct stay__tags){ 0 };
	for (uint64_t tag = 1; tag <= 5; tag++) {
		ck_assert_uint_eq(stay__tags_free_one(&rig, 5), tag);
		put(tag, 0, owners);
	}
	ck_assert_uint_eq(stay__tags_free_one(&rig, 5), 0);
	stay__tags_take(&rig, stay__tags_find(&rig, 5));
	stay__tags_take(&rig, stay__tags_find(&rig, 2));
	ck_assert_uint_eq(stay__tags_free_one(&rig, 5), 2);
	ck_assert_uint_eq(stay__tags_free_one(&rig, 5), 5);
	stay__tags_fini(&rig);
}

/* The oldest is forgotten when there are too many. */
TEST(tags_let_go_of_are_kept_and_bounded)
{
	uint64_t last = STAY__TAGS_GONE_MAX + 2;

	rig = (struct stay__tags){ 0 };
	put(0, 0, owners);
	for (uint64_t tag = 1; tag <= last; tag++) {
		put(tag, 0, owners);
		stay__tags_let_go(&rig, stay__tags_find(&rig, tag));
	}
	ck_assert_uint_eq(rig.gone, STAY__TAGS_GONE_MAX);
	ck_assert_uint_eq(rig.count, STAY__TAGS_GONE_MAX + 1);
	ck_assert_ptr_null(stay__tags_find(&rig, 2));
	ck_assert(stay__tag_is_gone(&rig, stay__tags_find(&rig, 3)));
	ck_assert(stay__tag_is_gone(&rig, stay__tags_find(&rig, last)));
	ck_assert(!stay__tag_is_gone(&rig, stay__tags_find(&rig, 0)));
	stay__tags_fini(&rig);
}

/* Of many only those stay that were let go of, and are found. */
TEST(tags_are_trimmed_to_what_is_there)
{
	rig = (struct stay__tags){ 0 };
	for (uint64_t tag = 1; tag <= 200; tag++)
		put(tag, tag, owners);
	for (uint64_t tag = 3; tag <= 200; tag++)
		stay__tags_take(&rig, stay__tags_find(&rig, tag));
	stay__tags_let_go(&rig, stay__tags_find(&rig, 2));
	stay__tags_trim(&rig);
	ck_assert_uint_eq(rig.cap, 16);
	ck_assert_uint_eq(stay__tags_find(&rig, 1)->word, 1);
	ck_assert(stay__tag_is_gone(&rig, stay__tags_find(&rig, 2)));
	for (uint64_t tag = 3; tag <= 13; tag++)
		put(tag, 0, owners);
	stay__tags_trim(&rig);
	ck_assert_uint_eq(rig.cap, 32);
	stay__tags_clear(&rig);
	stay__tags_trim(&rig);
	ck_assert_ptr_null(rig.slots);
	ck_assert_uint_eq(rig.cap, 0);
}

TEST_SUITE(tags)
