/*
 * Random replies, written and read back; random damage, which must be taken in
 * good order. A failing seed tells all.
 */
#include <stdlib.h>
#include <string.h>

#include "support/resp.h"
#include "support/resp_maker.h"

#include "expect.h"
#include "suites.h"

#define SEEDS     400
#define MUTATIONS 20

/* Feed `wire` in pieces of random lengths. */
static enum stay_redis__parsed
feed(struct maker *maker, struct resp *resp, struct stay_bytes wire)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	size_t piece;

	while (parsed == STAY_REDIS__MORE && wire.len > 0) {
		piece = 1 + maker_draw(maker,
				maker_draw(maker, 2) == 0 ? 8 : wire.len);
		if (piece > wire.len)
			piece = wire.len;
		parsed = resp_feed(resp, wire.data, piece);
		wire.data += piece;
		wire.len -= piece;
	}
	return wire.len == 0 || parsed == STAY_REDIS__BAD ? parsed
							  : STAY_REDIS__MORE;
}

static void
assert_read_back(struct maker *maker, int seed)
{
	struct stay_bytes want = stay_buf_bytes(&maker->shown), have;
	struct stay_buf shown;
	struct resp resp;

	resp_init(&resp);
	stay_buf_init(&shown, 0);
	ck_assert_msg(feed(maker, &resp, stay_buf_bytes(&maker->wire)) ==
			  STAY_REDIS__WHOLE,
	    "seed %d is not read", seed);
	resp_dump(resp_reply(&resp), &shown);
	have = stay_buf_bytes(&shown);
	ck_assert_msg(
	    have.len == want.len && memcmp(have.data, want.data, want.len) == 0,
	    "seed %d is read as something else", seed);
	stay_buf_fini(&shown);
	resp_fini(&resp);
}

TEST(resp_random_replies_are_read_back)
{
	struct maker maker;

	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		maker_value(&maker);
		assert_read_back(&maker, seed);
		maker_fini(&maker);
	}
}

/* Whatever comes of it can be read. */
static void
take_damaged(struct maker *maker, struct stay_bytes wire)
{
	struct stay_buf shown;
	struct resp resp;

	resp_init(&resp);
	stay_buf_init(&shown, 0);
	switch (feed(maker, &resp, wire)) {
	case STAY_REDIS__WHOLE:
		resp_dump(resp_reply(&resp), &shown);
		break;
	case STAY_REDIS__BAD:
		EXPECT(resp.parser.why != NULL);
		break;
	case STAY_REDIS__MORE:
		break;
	}
	stay_buf_fini(&shown);
	resp_fini(&resp);
}

TEST(resp_random_damage_is_survived)
{
	struct stay_bytes wire;
	struct maker maker;
	char *copy;

	for (int seed = 0; seed < SEEDS * MUTATIONS; seed++) {
		maker_init(&maker, seed / MUTATIONS);
		maker_value(&maker);
		maker.random += (uint64_t)seed;
		wire = stay_buf_bytes(&maker.wire);
		copy = malloc(wire.len);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, wire.data, wire.len);
		if (wire.len < 4000)
			take_damaged(
			    &maker, maker_damage(&maker, copy, wire.len));
		free(copy);
		maker_fini(&maker);
	}
}

TEST_SUITE_WITH(resp_random, .seconds = 60)
