/* The parser of RESP: every type, wherever the bytes are cut, and nonsense. */
#include <string.h>

#include "support/resp.h"

#include "expect.h"
#include "suites.h"

struct example {
	const char *wire;
	const char *shown;
};

/* clang-format off */
static const struct example examples[] = {
	{ "+OK\r\n", "+OK" },
	{ "+\r\n", "+" },
	{ "-ERR no\r\n", "-ERR no" },
	{ ":0\r\n", ":0" },
	{ ":-7\r\n", ":-7" },
	{ ":+7\r\n", ":+7" },
	{ ":9223372036854775807\r\n", ":9223372036854775807" },
	{ ":0000000000000000000000000000001\r\n", ":0000000000000000000000000000001" }, /* the longest */
	{ ":-9223372036854775808\r\n", ":-9223372036854775808" },
	{ "$5\r\nhello\r\n", "\"hello\"" },
	{ "$0\r\n\r\n", "\"\"" },
	{ "$4\r\n\r\n\r\n\r\n", "\"\\x0d\\x0a\\x0d\\x0a\"" },
	{ "$3\r\n$1\r\r\n", "\"$1\\x0d\"" },
	{ "$-1\r\n", "nil" },
	{ "*-1\r\n", "nil" },
	{ "_\r\n", "nil" },
	{ "#t\r\n", "#t" },
	{ "#f\r\n", "#f" },
	{ ",1\r\n", ",1" },
	{ ",-1.5e+300\r\n", ",-1.5e+300" },
	{ ",inf\r\n", ",inf" },
	{ ",-inf\r\n", ",-inf" },
	{ ",nan\r\n", ",nan" },
	{ "(3492890328409238509324850943850943825024385\r\n", "(3492890328409238509324850943850943825024385" },
	{ "(-1\r\n", "(-1" },
	{ "!10\r\nERR a\r\nb c\r\n", "-ERR a\\x0d\\x0ab c" },
	{ "=8\r\ntxt:text\r\n", "txt\"text\"" },
	{ "=4\r\nmkd:\r\n", "mkd\"\"" },
	{ "*0\r\n", "[]" },
	{ "*3\r\n:1\r\n$1\r\na\r\n_\r\n", "[:1 \"a\" nil]" },
	{ "*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n*1\r\n:2\r\n", "[[:1 []] [[:2]]]" },
	{ "%0\r\n", "{}" },
	{ "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n%1\r\n:2\r\n_\r\n", "{+a :1 +b [{:2 nil}]}" },
	{ "~2\r\n+a\r\n+b\r\n", "~[+a +b]" },
	{ ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", ">[\"invalidate\" [\"k\"]]" },
	{ ">0\r\n", ">[]" },

	/* attributes: in front of anything, of each other, inside each other */
	{ "|1\r\n+ttl\r\n:3\r\n:7\r\n", "|{+ttl :3}:7" },
	{ "|0\r\n$1\r\na\r\n", "|{}\"a\"" },
	{ "*3\r\n:1\r\n|1\r\n+k\r\n*1\r\n:9\r\n:2\r\n:3\r\n", "[:1 |{+k [:9]}:2 :3]" },
	{ "*2\r\n:1\r\n|1\r\n+k\r\n+v\r\n:2\r\n", "[:1 |{+k +v}:2]" },
	{ "|1\r\n+k\r\n+v\r\n*1\r\n|0\r\n*0\r\n", "|{+k +v}[|{}[]]" },
	{ "|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n:1\r\n", "|{+a +b}|{+c +d}:1" },
	{ "|1\r\n|1\r\n+x\r\n+y\r\n+k\r\n|0\r\n+v\r\n:1\r\n", "|{|{+x +y}+k |{}+v}:1" },
	{ "|1\r\n+k\r\n+v\r\n>1\r\n+p\r\n", "|{+k +v}>[+p]" },
	{ "%1\r\n|1\r\n+k\r\n+v\r\n+a\r\n|1\r\n+k\r\n+w\r\n+b\r\n", "{|{+k +v}+a |{+k +w}+b}" },

	/* streamed types: their length comes with their end */
	{ "$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;2\r\nld\r\n;0\r\n", "\"Hello world\"" },
	{ "$?\r\n;0\r\n", "\"\"" },
	{ "$?\r\n;1\r\n;\r\n;2\r\n\r\n\r\n;0\r\n", "\";\\x0d\\x0a\"" },
	{ "*2\r\n$?\r\n;1\r\na\r\n;0\r\n:1\r\n", "[\"a\" :1]" },
	{ "*?\r\n:1\r\n:2\r\n:3\r\n.\r\n", "[:1 :2 :3]" },
	{ "*?\r\n.\r\n", "[]" },
	{ "%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n", "{+a :1 +b :2}" },
	{ "~?\r\n+a\r\n+b\r\n.\r\n", "~[+a +b]" },
	{ "*?\r\n*?\r\n:1\r\n.\r\n*2\r\n:2\r\n%?\r\n.\r\n$?\r\n;1\r\na\r\n;0\r\n.\r\n", "[[:1] [:2 {}] \"a\"]" },
	{ "*3\r\n*?\r\n.\r\n:1\r\n:2\r\n", "[[] :1 :2]" },
	{ "*?\r\n|1\r\n+k\r\n+v\r\n:1\r\n:2\r\n.\r\n", "[|{+k +v}:1 :2]" },
	{ "|1\r\n+k\r\n*?\r\n:1\r\n.\r\n*?\r\n:2\r\n.\r\n", "|{+k [:1]}[:2]" },
};

static const struct example nonsense[] = {
	{ "?\r\n", NO_TYPE },
	{ "\r\n", NO_TYPE },
	{ "HTTP/1.1 400 Bad Request\r\n", NO_TYPE },
	{ "*2\r\n:1\r\n;4\r\n", NO_TYPE },
	{ "+OK\n", "a line does not end in CRLF" },
	{ "+a\rb\r\n", "a line does not end in CRLF" },
	{ "+a\nb\r\n", "a line does not end in CRLF" },
	{ "-\n", "a line does not end in CRLF" },
	{ ":\r\n", "not a 64-bit integer" },
	{ ":1a\r\n", "not a 64-bit integer" },
	{ ": 1\r\n", "not a 64-bit integer" },
	{ ":--1\r\n", "not a 64-bit integer" },
	{ ":1.0\r\n", "not a 64-bit integer" },
	{ ":9223372036854775808\r\n", "not a 64-bit integer" },
	{ ":-9223372036854775809\r\n", "not a 64-bit integer" },
	{ ":99999999999999999999\r\n", "not a 64-bit integer" },
	{ ":00000000000000000000000000000001\r\n", "a line is too long for its type" },
	{ "$\r\n", "not a count" },
	{ "$-2\r\n", "not a count" },
	{ "$+1\r\n", "not a count" },
	{ "$-01\r\n", "not a count" },
	{ "$1x\r\n", "not a count" },
	{ "$3x\r\n", "not a count" },
	{ "$1:\r\n", "not a count" },
	{ "$1/\r\n", "not a count" },
	{ "$1\rxa\r\n", "not a count" },
	{ "$1x\na\r\n", "a line does not end in CRLF" },
	{ "$99999999999999999999\r\n", "not a count" },
	{ "$999999999999\r\n", "a string is longer than reply_bytes_max" },
	{ "$3\r\nfoobar\r\n", "a string is not followed by CRLF" },
	{ "$3\r\nfoo\n\r\n", "a string is not followed by CRLF" },
	{ "$3\r\nfoo\r\r", "a string is not followed by CRLF" },
	{ "$3\r\nfoo\n\n", "a string is not followed by CRLF" },
	{ "$?\r\n;1\r\na\r\r", "a string is not followed by CRLF" },
	{ "$?\r\n;1\r\na\n\n", "a string is not followed by CRLF" },
	{ "$??\r\n", "not a count" },
	{ ">?\r\n", "not a count" },
	{ "|?\r\n", "not a count" },
	{ "!?\r\n", "not a count" },
	{ "$?\r\n+a\r\n", "a chunk of a streamed string is missing" },
	{ "$?\r\n;x\r\n", "not a count" },
	{ "$?\r\n;1\r\nab\r\n", "a string is not followed by CRLF" },
	{ "$?\r\n;999999999999\r\n", "a string is longer than reply_bytes_max" },
	{ ".\r\n", "an end of nothing" },
	{ "*1\r\n.\r\n", "an end of nothing" },
	{ "*?\r\n*1\r\n.\r\n", "an end of nothing" },
	{ "*?\r\n.x\r\n", "an end of nothing" },
	{ "*?\r\n|0\r\n.\r\n", "an attribute is about nothing" },
	{ "%?\r\n+a\r\n.\r\n", "a key has no value" },
	{ "*?\r\n>1\r\n+a\r\n", "a push is inside a reply" },
	{ "*\r\n", "not a count" },
	{ "*-2\r\n", "not a count" },
	{ "*1 \r\n", "not a count" },
	{ "%-1\r\n", "not a count" },
	{ "~-1\r\n", "not a count" },
	{ ">-1\r\n", "not a count" },
	{ "|-1\r\n", "not a count" },
	{ "*4194304\r\n", "a reply has more than elements_max elements" },
	{ "%2097152\r\n", "a reply has more than elements_max elements" },
	{ "%9223372036854775807\r\n", "not a count" },
	{ "%999999999999999999\r\n", "a reply has more than elements_max elements" },
	{ "_x\r\n", "a null has a value" },
	{ "#\r\n", "a boolean is neither t nor f" },
	{ "#T\r\n", "a boolean is neither t nor f" },
	{ "#tt\r\n", "a boolean is neither t nor f" },
	{ ",\r\n", "not a double" },
	{ ",.5\r\n", "not a double" },
	{ ",5.\r\n", "not a double" },
	{ ",1e\r\n", "not a double" },
	{ ",1e+\r\n", "not a double" },
	{ ",1,5\r\n", "not a double" },
	{ ",0x1p3\r\n", "not a double" },
	{ ",infin\r\n", "not a double" },
	{ ",nanx\r\n", "not a double" },
	{ ",nan(\r\n", "not a double" },
	{ ",na\r\n", "not a double" },
	{ "(\r\n", "not a big number" },
	{ "(1.5\r\n", "not a big number" },
	{ "(-\r\n", "not a big number" },
	{ "!-1\r\n", "not a count" },
	{ "=-1\r\n", "not a count" },
	{ "=3\r\n", "a verbatim string has no format" },
	{ "=3\r\ntxt\r\n", "a verbatim string has no format" },
	{ "=5\r\ntxt-a\r\n", "a verbatim string has no format" },
	{ "*1\r\n>1\r\n", "a push is inside a reply" },
	{ "|1\r\n>0\r\n", "a push is inside a reply" },
};
/* clang-format on */

static void
assert_shown(const struct resp *resp, const struct example *example)
{
	struct stay_buf out;

	stay_buf_init(&out, 0);
	resp_dump(resp_reply(resp), &out);
	EXPECT_OK(stay_buf_append(&out, "", 1));
	ck_assert_str_eq(stay_buf_bytes(&out).data, example->shown);
	ck_assert_uint_eq(resp->parser.pos, strlen(example->wire));
	stay_buf_fini(&out);
}

TEST_ROWS(resp_every_type_in_one_piece, LEN(examples))
{
	const struct example *example = &examples[_i];
	struct resp resp;

	resp_init(&resp);
	resp_parse(&resp, example->wire);
	assert_shown(&resp, example);
	resp_fini(&resp);
}

TEST_ROWS(resp_every_type_byte_by_byte, LEN(examples))
{
	const struct example *example = &examples[_i];
	size_t len = strlen(example->wire);
	struct resp resp;

	resp_init(&resp);
	for (size_t i = 0; i < len - 1; i++)
		ck_assert_int_eq(
		    resp_feed(&resp, example->wire + i, 1), STAY_REDIS__MORE);
	ck_assert_int_eq(
	    resp_feed(&resp, example->wire + len - 1, 1), STAY_REDIS__WHOLE);
	assert_shown(&resp, example);
	resp_fini(&resp);
}

TEST_ROWS(resp_every_type_cut_anywhere, LEN(examples))
{
	const struct example *example = &examples[_i];
	size_t len = strlen(example->wire);
	struct resp resp;

	for (size_t cut = 0; cut < len; cut++) {
		resp_init(&resp);
		ck_assert_int_eq(
		    resp_feed(&resp, example->wire, cut), STAY_REDIS__MORE);
		ck_assert_int_eq(
		    resp_feed(&resp, example->wire + cut, len - cut),
		    STAY_REDIS__WHOLE);
		assert_shown(&resp, example);
		resp_fini(&resp);
	}
}

TEST(resp_frames_one_behind_the_other)
{
	struct stay_buf all;
	struct resp resp;

	stay_buf_init(&all, 0);
	for (size_t i = 0; i < LEN(examples); i++)
		EXPECT_OK(stay_buf_puts(&all, examples[i].wire));
	resp_init(&resp);
	ck_assert_int_eq(
	    resp_feed(&resp, stay_buf_bytes(&all).data, stay_buf_len(&all)),
	    STAY_REDIS__WHOLE);
	for (size_t i = 0; i < LEN(examples); i++) {
		assert_shown(&resp, &examples[i]);
		resp_next(&resp);
		if (i + 1 < LEN(examples))
			ck_assert_int_eq(
			    resp_feed(&resp, NULL, 0), STAY_REDIS__WHOLE);
	}
	ck_assert_uint_eq(resp.len, 0);
	resp_fini(&resp);
	stay_buf_fini(&all);
}

TEST_ROWS(resp_nonsense_is_named, LEN(nonsense))
{
	const struct example *example = &nonsense[_i];
	struct resp resp;

	resp_init(&resp);
	ck_assert_int_eq(resp_feed(&resp, example->wire, strlen(example->wire)),
	    STAY_REDIS__BAD);
	ck_assert_str_eq(resp.parser.why, example->shown);
	resp_fini(&resp);
}

/* A lone string behind another frame is read in another way than the first. */
TEST_ROWS(resp_nonsense_is_the_same_behind_a_frame, LEN(nonsense))
{
	const struct example *example = &nonsense[_i];
	struct resp resp;

	resp_init(&resp);
	resp_parse(&resp, "+OK\r\n");
	resp_next(&resp);
	ck_assert_int_eq(resp_feed(&resp, example->wire, strlen(example->wire)),
	    STAY_REDIS__BAD);
	ck_assert_str_eq(resp.parser.why, example->shown);
	resp_fini(&resp);
}

TEST_ROWS(resp_nonsense_is_the_same_byte_by_byte, LEN(nonsense))
{
	const struct example *example = &nonsense[_i];
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	struct resp resp;

	resp_init(&resp);
	for (size_t i = 0;
	     parsed == STAY_REDIS__MORE && example->wire[i] != '\0'; i++)
		parsed = resp_feed(&resp, example->wire + i, 1);
	ck_assert_int_eq(parsed, STAY_REDIS__BAD);
	ck_assert_str_eq(resp.parser.why, example->shown);
	resp_fini(&resp);
}

TEST_SUITE(resp)
