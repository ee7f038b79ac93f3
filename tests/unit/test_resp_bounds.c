/* The parser of RESP: its bounds, its memory, and how much it reads twice. */
#include <stdio.h>
#include <string.h>

#include "support/resp.h"

#include "expect.h"
#include "suites.h"

static struct resp resp;

static void
setup(void)
{
	resp_init(&resp);
}

static void
teardown(void)
{
	resp_fini(&resp);
}

static enum stay_redis__parsed
feed(const char *wire)
{
	return resp_feed(&resp, wire, strlen(wire));
}

/* `count` open arrays of one child each, one in the other. */
static enum stay_redis__parsed
feed_nested(size_t count)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;

	while (parsed == STAY_REDIS__MORE && count-- > 0)
		parsed = feed("*1\r\n");
	return parsed;
}

TEST(resp_bounds_depth_max_is_allowed)
{
	ck_assert_int_eq(feed_nested(1024), STAY_REDIS__MORE);
	ck_assert_int_eq(feed(":1\r\n"), STAY_REDIS__WHOLE);
}

TEST(resp_bounds_depth_max_is_not_passed)
{
	ck_assert_int_eq(feed_nested(1024), STAY_REDIS__MORE);
	ck_assert_int_eq(feed("*0\r\n"), STAY_REDIS__BAD);
	ck_assert_str_eq(
	    resp.parser.why, "a reply is nested deeper than depth_max");
}

TEST(resp_bounds_depth_is_of_what_is_open)
{
	resp.parser.tape.depth_max = 2;
	ck_assert_int_eq(feed("*3\r\n*1\r\n:1\r\n%1\r\n:1\r\n:2\r\n|1\r\n:1\r\n"
			      ":2\r\n~1\r\n:1\r\n"),
	    STAY_REDIS__WHOLE);
}

TEST(resp_bounds_attributes_count_for_depth)
{
	resp.parser.tape.depth_max = 1;
	ck_assert_int_eq(feed("*1\r\n|1\r\n"), STAY_REDIS__BAD);
}

#define TOO_MANY "a reply has more than elements_max elements"
#define TOO_LONG "a string is longer than reply_bytes_max"

/* With elements_max and text_max of 3: what still fits (NULL: not tried), and a
 * reply that goes past the bound with its last piece. */
static const struct {
	const char *label;
	const char *fits;
	const char *begins;
	const char *exceeds;
	const char *why;
} threes[] = {
	{ "scalars count", "*2\r\n:1\r\n:2\r\n", "|1\r\n:1\r\n:2\r\n", ":3\r\n",
	    TOO_MANY },
	{ "announced children count", NULL, "*2\r\n*1\r\n", "*1\r\n",
	    TOO_MANY },
	{ "an aggregate is an element itself", "*2\r\n:1\r\n:2\r\n", "",
	    "*3\r\n", TOO_MANY },
	{ "elements of streamed types count", NULL, "*?\r\n:1\r\n:2\r\n",
	    ":3\r\n", TOO_MANY },
	{ "texts of streamed types count", NULL, "*?\r\n:1\r\n:2\r\n",
	    "$1\r\n3\r\n", TOO_MANY },
	{ "chunks are one string", "$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n",
	    "$?\r\n;2\r\nab\r\n", ";2\r\n", TOO_LONG },
};
#define THREES ((int)(LEN(threes)))

TEST_ROWS(resp_bounds_three_is_allowed_and_no_more, THREES)
{
	resp.parser.tape.elements_max = 3;
	resp.parser.text_max = 3;
	if (threes[_i].fits != NULL) {
		ck_assert_msg(feed(threes[_i].fits) == STAY_REDIS__WHOLE,
		    "%s: refused", threes[_i].label);
		resp_next(&resp);
	}
	ck_assert_int_eq(feed(threes[_i].begins), STAY_REDIS__MORE);
	ck_assert_msg(feed(threes[_i].exceeds) == STAY_REDIS__BAD,
	    "%s: let through", threes[_i].label);
	ck_assert_str_eq(resp.parser.why, threes[_i].why);
}

TEST(resp_bounds_attributes_count_as_elements)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	size_t count = 0;

	resp.parser.tape.elements_max = 100;
	for (; parsed == STAY_REDIS__MORE; count++)
		parsed = feed("|0\r\n");
	ck_assert_int_eq(parsed, STAY_REDIS__BAD);
	ck_assert_uint_eq(count, 101);
}

TEST(resp_bounds_a_string_as_long_as_allowed)
{
	resp.parser.text_max = 3;
	ck_assert_int_eq(feed("$3\r\nabc\r\n"), STAY_REDIS__WHOLE);
	resp_next(&resp);
	ck_assert_int_eq(feed("$4\r\n"), STAY_REDIS__BAD);
}

TEST(resp_bounds_a_promise_takes_no_memory)
{
	resp.parser.tape.elements_max = UINT32_MAX / 2;
	ck_assert_int_eq(feed("*1000000000\r\n"), STAY_REDIS__MORE);
	ck_assert_int_eq(feed("*1000000000\r\n"), STAY_REDIS__MORE);
	ck_assert_int_eq(feed("%1000000000\r\n"), STAY_REDIS__MORE);
	ck_assert_int_eq(feed("$500000000\r\n"), STAY_REDIS__MORE);
	ck_assert_uint_le(resp.parser.tape.cap, 8);
}

TEST(resp_bounds_a_promised_string_is_hoped_for)
{
	ck_assert_int_eq(feed("*2\r\n"), STAY_REDIS__MORE);
	ck_assert_uint_eq(stay_redis__parser_bytes_min(&resp.parser), 0);
	ck_assert_int_eq(feed("$100\r\nabc"), STAY_REDIS__MORE);
	ck_assert_uint_eq(
	    stay_redis__parser_bytes_min(&resp.parser), 4 + 6 + 102);
}

TEST(resp_bounds_no_byte_of_a_line_is_searched_twice)
{
	ck_assert_int_eq(feed("+"), STAY_REDIS__MORE);
	for (size_t i = 2; i < 300; i++) {
		ck_assert_int_eq(feed("x"), STAY_REDIS__MORE);
		ck_assert_uint_eq(resp.parser.scan, i);
	}
}

TEST(resp_bounds_what_was_read_is_not_read_again)
{
	ck_assert_int_eq(feed("*3\r\n:1\r\n$5\r\nab"), STAY_REDIS__MORE);
	memset(resp.bytes, '?', resp.parser.pos);
	ck_assert_int_eq(feed("cde\r\n:2\r\n"), STAY_REDIS__WHOLE);
	ck_assert_str_eq(
	    stay_redis_str(stay_redis_at(resp_reply(&resp), 1)), "abcde");
}

TEST(resp_bounds_the_tape_is_kept)
{
	const struct stay_redis_reply *nodes;

	ck_assert_int_eq(feed("*1\r\n:1\r\n"), STAY_REDIS__WHOLE);
	nodes = resp.parser.tape.nodes;
	for (size_t i = 0; i < 100; i++) {
		resp_next(&resp);
		ck_assert_int_eq(feed("*1\r\n:1\r\n"), STAY_REDIS__WHOLE);
		ck_assert_ptr_eq(resp.parser.tape.nodes, nodes);
	}
}

/* It doubles as the elements come, up to its bound and one for the root. */
TEST(resp_bounds_the_tape_doubles_up_to_its_bound)
{
	char head[16];

	for (uint32_t max = 2; max < 70; max++) {
		uint32_t cap = 4;

		resp_fini(&resp);
		resp_init(&resp);
		resp.parser.tape.elements_max = max;
		snprintf(head, sizeof(head), "*%u\r\n", max - 1);
		ck_assert_int_eq(feed(head), STAY_REDIS__MORE);
		for (uint32_t used = 3; used <= max + 1; used++) {
			ck_assert_int_eq(feed(":1\r\n"),
			    used <= max ? STAY_REDIS__MORE : STAY_REDIS__WHOLE);
			cap = cap < used ? cap * 2 : cap;
			ck_assert_uint_eq(resp.parser.tape.cap,
			    cap < max + 1 ? cap : max + 1);
		}
	}
}

/* A frame of `count` elements. */
static void
feed_large(size_t count)
{
	struct stay_buf wire;

	stay_buf_init(&wire, 0);
	EXPECT_OK(stay_buf_printf(&wire, "*%zu\r\n", count));
	for (size_t i = 0; i < count; i++)
		EXPECT_OK(stay_buf_puts(&wire, ":1\r\n"));
	ck_assert_int_eq(
	    resp_feed(&resp, stay_buf_bytes(&wire).data, stay_buf_len(&wire)),
	    STAY_REDIS__WHOLE);
	stay_buf_fini(&wire);
	resp_next(&resp);
}

TEST(resp_bounds_a_large_tape_is_given_back)
{
	uint32_t large;

	feed_large(10000);
	large = resp.parser.tape.cap;
	feed_large(10000);
	ck_assert_uint_eq(resp.parser.tape.cap, large);
	feed_large(1);
	feed_large(1);
	ck_assert_uint_le(resp.parser.tape.cap, 8);
}

/* A quarter of it is hardly used. */
TEST_ROWS(resp_bounds_a_tape_that_is_used_well_is_kept, 2)
{
	uint32_t large;

	feed_large(10000);
	large = resp.parser.tape.cap;
	feed_large(large / 4 - 2 + (size_t)_i);
	feed_large(1);
	ck_assert_uint_eq(resp.parser.tape.cap == large, _i == 1);
}

/* Whether it is read in one step, which leaves the state of the others alone. */
static bool
is_read_at_once(const char *wire)
{
	bool at_once;

	resp.parser.text_len = SIZE_MAX;
	feed(wire);
	at_once = resp.parser.state == STAY_REDIS__AT_FRAME &&
		  resp.parser.text_len == SIZE_MAX;
	stay_redis__parser_reset(&resp.parser);
	resp.len = 0;
	return at_once;
}

static const struct {
	const char *wire;
	bool at_once;
} lone[] = {
	{ "$3\r\nabc\r\n", true },
	{ "$0\r\n\r\n", true },
	{ "$9\r\n012345678\r\n", true },
	{ "$3\r\nabc\r\n+OK\r\n", true },
	{ "$20\r\n01234567890123456789\r\n", true }, /* text_max */
	{ "$0000000003\r\nabc\r\n", true },          /* ten digits */
	{ "$00000000003\r\nabc\r\n", false },
	{ "$3\r\nabc\r", false },
	{ "$1\r", false },
	{ "=5\r\ntxt:a\r\n", false },
	{ "!3\r\nERR\r\n", false },
};

TEST_ROWS(resp_bounds_a_lone_string_is_read_at_once, (LEN(lone)))
{
	resp.parser.text_max = 20;
	ck_assert(!is_read_at_once("$3\r\nabc\r\n")); /* no tape yet */
	ck_assert_msg(is_read_at_once(lone[_i].wire) == lone[_i].at_once, "%s",
	    lone[_i].wire);
}

TEST(resp_bounds_a_lone_string_shrinks_a_large_tape)
{
	feed_large(STAY_REDIS__TAPE_SPARE - 2);
	ck_assert_uint_eq(resp.parser.tape.cap, STAY_REDIS__TAPE_SPARE);
	ck_assert(is_read_at_once("$3\r\nabc\r\n"));
	feed_large(STAY_REDIS__TAPE_SPARE);
	/* The first finds the tape full, the second hardly used: it gets another. */
	ck_assert(is_read_at_once("$3\r\nabc\r\n"));
	ck_assert(!is_read_at_once("$3\r\nabc\r\n"));
	ck_assert_uint_le(resp.parser.tape.cap, 8);
}

TEST(resp_bounds_a_cut_frame_is_forgotten)
{
	ck_assert_int_eq(
	    feed("*2\r\n|1\r\n+k\r\n+v\r\n$3\r\na"), STAY_REDIS__MORE);
	stay_redis__parser_reset(&resp.parser);
	resp.len = 0;
	ck_assert_int_eq(feed("+OK\r\n"), STAY_REDIS__WHOLE);
	ck_assert_str_eq(stay_redis_str(resp_reply(&resp)), "OK");
	ck_assert_ptr_null(stay_redis_attribute(resp_reply(&resp)));
	ck_assert_ptr_null(stay_redis_next(resp_reply(&resp)));
}

TEST_SUITE_WITH(resp_bounds, .before = setup, .after = teardown)
