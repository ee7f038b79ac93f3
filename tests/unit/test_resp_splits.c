/*
 * The short ways of the parser against the general one: random replies, some of them
 * damaged, byte by byte and split in two at every place.
 */
#include <string.h>

#include "support/resp.h"
#include "support/resp_maker.h"

#include "../../adapters/redis/reply_usual.h"
#include "expect.h"
#include "suites.h"

#define SEEDS 1200

/* Longer ones have too many splits. */
#define SPLIT_MAX 400u

static void
restart(struct resp *resp)
{
	stay_redis__parser_reset(&resp->parser);
	resp->len = 0;
}

/* Byte by byte, no element is ever there in one piece: nothing is read by the short
 * ways of the parser. */
static enum stay_redis__parsed
feed_bytes(struct resp *resp, struct stay_bytes wire)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;

	restart(resp);
	for (size_t i = 0; parsed == STAY_REDIS__MORE && i < wire.len; i++)
		parsed = resp_feed(resp, wire.data + i, 1);
	return parsed;
}

static enum stay_redis__parsed
feed_halves(struct resp *resp, struct stay_bytes wire, size_t split)
{
	enum stay_redis__parsed parsed;

	restart(resp);
	parsed = resp_feed(resp, wire.data, split);
	if (parsed == STAY_REDIS__MORE)
		parsed = resp_feed(resp, wire.data + split, wire.len - split);
	return parsed;
}

static bool
is_same_node(
    const struct stay_redis_reply *one, const struct stay_redis_reply *other)
{
	return one->at.offset == other->at.offset && one->len == other->len &&
	       one->index == other->index && one->next == other->next &&
	       one->attribute == other->attribute && one->type == other->type &&
	       one->last == other->last;
}

/* Node by node, byte by byte. */
static bool
is_same_reply(const struct resp *one, const struct resp *other)
{
	const struct stay_redis__tape *tape = &one->parser.tape;

	if (one->parser.pos != other->parser.pos ||
	    tape->used != other->parser.tape.used)
		return false;
	for (uint32_t i = 1; i < tape->used; i++)
		if (!is_same_node(
			&tape->nodes[i], &other->parser.tape.nodes[i]))
			return false;
	return memcmp(one->bytes, other->bytes, one->parser.pos) == 0;
}

static void
assert_same(const struct resp *slow, const struct resp *fast,
    enum stay_redis__parsed want, enum stay_redis__parsed have, int seed)
{
	ck_assert_msg(have == want, "seed %d: %d and not %d", seed, have, want);
	if (want == STAY_REDIS__BAD)
		ck_assert_msg(fast->parser.why == slow->parser.why,
		    "seed %d: %s and not %s", seed, fast->parser.why,
		    slow->parser.why);
	if (want == STAY_REDIS__WHOLE)
		ck_assert_msg(is_same_reply(slow, fast),
		    "seed %d is read as something else", seed);
}

static void
try_splits(
    struct resp *slow, struct resp *fast, struct stay_bytes wire, int seed)
{
	enum stay_redis__parsed want = feed_bytes(slow, wire), have;

	for (size_t split = 0; split < wire.len; split++) {
		have = feed_halves(fast, wire, split);
		assert_same(slow, fast, want, have, seed);
	}
}

static void
try_wire(struct maker *maker, struct resp *slow, struct resp *fast, int seed)
{
	struct stay_bytes wire = stay_buf_bytes(&maker->wire);

	if (wire.len > SPLIT_MAX)
		return;
	try_splits(slow, fast, wire, seed);
	wire = maker_damage(maker, maker->wire.data, wire.len);
	try_splits(slow, fast, wire, seed);
}

/* The tape of `fast` stays, so it is as large as most replies need. */
TEST(resp_splits_make_no_difference)
{
	struct resp slow, fast;
	struct maker maker;

	resp_init(&slow);
	resp_init(&fast);
	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		if (seed % 3 == 0)
			maker_value(&maker);
		else if (seed % 3 == 1)
			maker_usual(&maker);
		else
			maker_usual_array(&maker);
		try_wire(&maker, &slow, &fast, seed);
		maker_fini(&maker);
	}
	resp_fini(&slow);
	resp_fini(&fast);
}

/* Digits up to a byte of any value, and something behind it. */
TEST(resp_splits_digits_end_where_they_end)
{
	static const char behind[] = "0:\xff\x80";
	bool is_digit;
	char text[8];

	for (size_t place = 0; place < 8; place++)
		for (unsigned byte = 0; byte < 256 * 4; byte++) {
			memset(text, '0' + (int)place, place);
			memset(text + place, behind[byte / 256], 8 - place);
			text[place] = (char)(byte % 256);
			is_digit = byte % 256 >= '0' && byte % 256 <= '9';
			ck_assert_uint_eq(stay_redis__eight_digits(text),
			    !is_digit         ? place
			    : byte / 256 == 0 ? 8
					      : place + 1);
		}
}

TEST_SUITE_WITH(resp_splits, .seconds = 60)
