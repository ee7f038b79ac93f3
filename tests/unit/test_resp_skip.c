/*
 * Reading past a reply: it ends where the parser says that it ends, wherever it was
 * begun and in pieces of any size, and keeps nothing but its levels.
 */
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/reply_skip.h"

#include "support/resp.h"
#include "support/resp_maker.h"
#include "support/scarce.h"

#include "suites.h"

#define SEEDS 300

static struct resp resp;
static struct stay_redis__skip *skip;

static void
setup(void)
{
	resp_init(&resp);
}

static void
teardown(void)
{
	stay_redis__skip_free(skip);
	skip = NULL;
	resp_fini(&resp);
}

/* In pieces: what is not done with comes again, in memory of its own size. */
static enum stay_redis__parsed
read_past(struct stay_bytes wire, size_t piece, size_t *used)
{
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	size_t from = 0, to = 0, len;
	char *bytes;

	while (parsed == STAY_REDIS__MORE && to < wire.len) {
		to = wire.len - to < piece ? wire.len : to + piece;
		len = to - from;
		bytes = malloc(len);
		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes, wire.data + from, len);
		parsed = stay_redis__skip_on(skip, bytes, len);
		free(bytes);
		ck_assert_uint_le(skip->pos, len);
		from += skip->pos;
		skip->pos = 0;
	}
	*used = from;
	return parsed;
}

/* The parser reads `head` bytes of it, and the rest is read past. */
static void
read_from(struct stay_bytes wire, size_t head, size_t piece)
{
	struct stay_bytes rest;
	size_t used, done;

	if (resp_feed(&resp, wire.data, head) != STAY_REDIS__MORE)
		return;
	skip = stay_redis__skip_new(&resp.parser);
	ck_assert_ptr_nonnull(skip);
	done = skip->pos;
	skip->pos = 0;
	rest = (struct stay_bytes){ wire.data + done, wire.len - done };
	ck_assert_msg(read_past(rest, piece, &used) == STAY_REDIS__WHOLE,
	    "after %zu bytes, in pieces of %zu: %s in %.*s", head, piece,
	    skip->why != NULL ? skip->why : "no end", (int)wire.len, wire.data);
	ck_assert_uint_eq(used, rest.len);
}

TEST(resp_skip_ends_where_the_parser_does)
{
	struct stay_bytes wire;
	struct maker maker;
	unsigned type;

	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		maker_value(&maker);
		wire = stay_buf_bytes(&maker.wire);
		ck_assert_int_eq(
		    resp_feed(&resp, wire.data, wire.len), STAY_REDIS__WHOLE);
		type = resp_reply(&resp)->type;
		teardown();
		setup();
		read_from(wire, 1 + maker_draw(&maker, wire.len),
		    1 + maker_draw(&maker, 40));
		if (skip != NULL)
			ck_assert_uint_eq(skip->type, type);
		teardown();
		setup();
		maker_fini(&maker);
	}
}

/* Each at every place, in pieces of one byte and of all. */
static const char *const whole[] = {
	"$5\r\nab\r\nc\r\n",
	"*2\r\n$1\r\na\r\n*-1\r\n",
	"%2\r\n+a\r\n*1\r\n:1\r\n+b\r\n|1\r\n+x\r\n+y\r\n#t\r\n",
	"*?\r\n:1\r\n~?\r\n.\r\n*0\r\n.\r\n",
	"$?\r\n;2\r\nab\r\n;1\r\nc\r\n;0\r\n",
	"|1\r\n+a\r\n|0\r\n+b\r\n=5\r\ntxt:a\r\n",
	"-ERR a line\r\n",
	",1.5\r\n",
	"(12345678901234567890\r\n",
	">2\r\n+a\r\n_\r\n",
	"!3\r\nERR\r\n",
};
#define WHOLE ((int)(LEN(whole)))

TEST_ROWS(resp_skip_reads_all_types, WHOLE)
{
	const char *text = whole[_i];
	size_t len = strlen(text);
	unsigned type;

	type = resp_parse(&resp, text)->type;
	for (size_t head = 1; head < 2 * len; head++) {
		teardown();
		setup();
		read_from((struct stay_bytes){ text, len }, 1 + head / 2 % len,
		    head % 2 == 0 ? 1 : len);
		if (skip != NULL)
			ck_assert_uint_eq(skip->type, type);
	}
}

/* Behind "*?", with at most two levels. */
static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	{ "?\r\n", NO_TYPE },
	{ ":x\r\n", "not a 64-bit integer" },
	{ "#x\r\n", "a boolean is neither t nor f" },
	{ "$x\r\n", "not a count" },
	{ "%-1\r\n", "not a count" },
	{ "%?x\r\n", "not a count" },
	{ "!?\r\n", "not a count" },
	{ "$3\r\nabcd\r\n", "a string is not followed by CRLF" },
	{ "$?\r\n:1\r\n", "a chunk of a streamed string is missing" },
	{ "$?\r\n;x\r\n", "not a count" },
	{ "$?\r\n;1\r\nab\r\n", "a string is not followed by CRLF" },
	{ "*1\r\n.\r\n", "an end of nothing" },
	{ ">1\r\n", "a push is inside a reply" },
	{ "*1\r\n*1\r\n", "a reply is nested deeper than depth_max" },
	{ "*1\r\n*0\r\n", "a reply is nested deeper than depth_max" },
	{ ":12\n", "a line does not end in CRLF" },
	{ "+12\n", "a line does not end in CRLF" },
	{ "+\n", "a line does not end in CRLF" },
	{ ":\n", "a line does not end in CRLF" },
	{ ":123456789012345678901234567890123\r\n",
	    "a line is too long for its type" },
	{ ":123456789012345678901234567890123",
	    "a line is too long for its type" },
	{ ".x\r\n", "an end of nothing" },
};
#define WRONG ((int)(LEN(wrong)))

TEST_ROWS(resp_skip_finds_what_is_wrong, WRONG)
{
	struct stay_bytes wire = { wrong[_i].text, strlen(wrong[_i].text) };
	size_t used;

	for (size_t piece = 1; piece <= wire.len; piece += wire.len - 1) {
		resp.parser.tape.depth_max = 2;
		resp_feed(&resp, "*?\r\n", 4);
		skip = stay_redis__skip_new(&resp.parser);
		skip->pos = 0;
		ck_assert_msg(read_past(wire, piece, &used) == STAY_REDIS__BAD,
		    "%s is read", wire.data);
		ck_assert_str_eq(skip->why, wrong[_i].why);
		teardown();
		setup();
	}
}

/* An end of what was never begun. */
TEST(resp_skip_at_the_top)
{
	size_t used;

	resp_feed(&resp, "|1\r\n+a\r\n+b\r\n", 12);
	skip = stay_redis__skip_new(&resp.parser);
	ck_assert_uint_eq(skip->type, STAY_REDIS__ANY_TYPE);
	skip->pos = 0;
	ck_assert_int_eq(read_past((struct stay_bytes){ ".\r\n", 3 }, 3, &used),
	    STAY_REDIS__BAD);
}

/* Levels are all that takes memory. */
TEST(promise_9_resp_skip_without_memory)
{
	static const char open[] = "*1\r\n";
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	unsigned deeper = 0;

	for (int i = 0; i < 20; i++)
		resp_feed(&resp, open, 4);
	for (unsigned nth = 1; nth <= 2; nth++) {
		scarce_arm(nth);
		skip = stay_redis__skip_new(&resp.parser);
		ck_assert(scarce_disarm());
		ck_assert_ptr_null(skip);
	}
	skip = stay_redis__skip_new(&resp.parser);
	skip->pos = 0;
	scarce_arm(1);
	while (parsed == STAY_REDIS__MORE) {
		parsed = stay_redis__skip_on(skip, open, 4);
		skip->pos = 0;
		deeper++;
	}
	ck_assert(scarce_disarm());
	ck_assert_uint_eq(deeper, 21);
	ck_assert_int_eq(parsed, STAY_REDIS__BAD);
	ck_assert_str_eq(
	    skip->why, "there is no memory to read past the reply");
}

TEST_SUITE_WITH(resp_skip, .before = setup, .after = teardown)
