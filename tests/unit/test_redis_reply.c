/* Reading a Redis reply: texts, numbers, children, keys, and no reply at all.
 */
#include <math.h>
#include <string.h>

#include "support/comma.h"
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

static const struct stay_redis_reply *
parse(const char *wire)
{
	resp_fini(&resp);
	resp_init(&resp);
	return resp_parse(&resp, wire);
}

static void
assert_type(const char *wire, enum stay_redis_type type)
{
	ck_assert_int_eq(stay_redis_type_of(parse(wire)), type);
}

TEST(redis_reply_no_reply_is_nil)
{
	bool ok = true;

	ck_assert_int_eq(stay_redis_type_of(NULL), STAY_REDIS_NIL);
	ck_assert_str_eq(stay_redis_str(NULL), "");
	ck_assert_uint_eq(stay_redis_len(NULL), 0);
	ck_assert_int_eq(stay_redis_integer(NULL, &ok), 0);
	ck_assert(!ok);
	ok = true;
	ck_assert(stay_redis_double(NULL, &ok) == 0);
	ck_assert(!ok);
	ck_assert(!stay_redis_bool(NULL));
	ck_assert_str_eq(stay_redis_verbatim_format(NULL), "");
	ck_assert_uint_eq(stay_redis_count(NULL), 0);
	ck_assert_ptr_null(stay_redis_at(NULL, 0));
	ck_assert_ptr_null(stay_redis_first(NULL));
	ck_assert_ptr_null(stay_redis_next(NULL));
	ck_assert_ptr_null(stay_redis_map_get(NULL, "key"));
	ck_assert_ptr_null(stay_redis_attribute(NULL));
}

TEST(redis_reply_types)
{
	assert_type("$-1\r\n", STAY_REDIS_NIL);
	assert_type("*-1\r\n", STAY_REDIS_NIL);
	assert_type("_\r\n", STAY_REDIS_NIL);
	assert_type("+a\r\n", STAY_REDIS_STATUS);
	assert_type("-a\r\n", STAY_REDIS_ERROR);
	assert_type("!1\r\na\r\n", STAY_REDIS_ERROR);
	assert_type(":1\r\n", STAY_REDIS_INTEGER);
	assert_type("$1\r\na\r\n", STAY_REDIS_STRING);
	assert_type("*0\r\n", STAY_REDIS_ARRAY);
	assert_type("#t\r\n", STAY_REDIS_BOOL);
	assert_type(",1\r\n", STAY_REDIS_DOUBLE);
	assert_type("(1\r\n", STAY_REDIS_BIG_NUMBER);
	assert_type("=4\r\ntxt:\r\n", STAY_REDIS_VERBATIM);
	assert_type("%0\r\n", STAY_REDIS_MAP);
	assert_type("~0\r\n", STAY_REDIS_SET);
	assert_type(">0\r\n", STAY_REDIS_PUSH);
	ck_assert_int_eq(
	    stay_redis_type_of(stay_redis_attribute(parse("|0\r\n:1\r\n"))),
	    STAY_REDIS_ATTRIBUTE);
}

TEST(redis_reply_type_names)
{
	ck_assert_str_eq(stay_redis_type_name(STAY_REDIS_NIL), "nil");
	ck_assert_str_eq(
	    stay_redis_type_name(STAY_REDIS_BIG_NUMBER), "big number");
	ck_assert_str_eq(
	    stay_redis_type_name(STAY_REDIS_ATTRIBUTE), "attribute");
	ck_assert_str_eq(
	    stay_redis_type_name((enum stay_redis_type)99), "unknown");
}

TEST(redis_reply_a_text_may_hold_nul)
{
	static const char wire[] = "$3\r\na\0b\r\n";

	ck_assert_int_eq(
	    resp_feed(&resp, wire, sizeof(wire) - 1), STAY_REDIS__WHOLE);
	ck_assert_uint_eq(stay_redis_len(resp_reply(&resp)), 3);
	ck_assert_int_eq(
	    memcmp(stay_redis_str(resp_reply(&resp)), "a\0b", 4), 0);
}

/* ---- numbers ---- */

struct integer {
	const char *wire;
	int64_t value;
	bool ok;
};

/* clang-format off */
static const struct integer integers[] = {
	{ ":7\r\n", 7, true },
	{ ":-7\r\n", -7, true },
	{ ":9223372036854775807\r\n", INT64_MAX, true },
	{ ":-9223372036854775808\r\n", INT64_MIN, true },
	{ "$2\r\n42\r\n", 42, true },
	{ "$3\r\n+42\r\n", 42, true },
	{ "+42\r\n", 42, true },
	{ "=6\r\ntxt:42\r\n", 42, true },
	{ "(42\r\n", 42, true },
	{ ",42\r\n", 42, true },
	{ "#t\r\n", 1, true },
	{ "#f\r\n", 0, true },
	{ "$19\r\n9223372036854775808\r\n", 0, false },
	{ "(9223372036854775808\r\n", 0, false },
	{ "$0\r\n\r\n", 0, false },
	{ "$1\r\n-\r\n", 0, false },
	{ "$3\r\n 42\r\n", 0, false },
	{ "$3\r\n42 \r\n", 0, false },
	{ "$3\r\n4.2\r\n", 0, false },
	{ "$4\r\n0x10\r\n", 0, false },
	{ "$3\r\nabc\r\n", 0, false },
	{ ",4.2\r\n", 0, false },
	{ "-42\r\n", 0, false },
	{ "_\r\n", 0, false },
	{ "*1\r\n:1\r\n", 0, false },
};

struct real {
	const char *wire;
	double value;
	bool ok;
};

static const struct real reals[] = {
	{ ",0\r\n", 0, true },
	{ ",1.5\r\n", 1.5, true },
	{ ",-1.5\r\n", -1.5, true },
	{ ",+1.5\r\n", 1.5, true },
	{ ",0.1\r\n", 0.1, true },
	{ ",3.0999999999999996\r\n", 3.0999999999999996, true },
	{ ",5817599931165367e-15\r\n", 0x1.74538ea9644b7p+2, true }, /* not rounded twice */
	{ ",4088840455134814e18\r\n", 0x1.9330d8209eba7p+111, true },
	{ ",16762598676101163e-3\r\n", 0x1.e7db17aad0a53p+43, true }, /* 54 bits */
	{ ",1e22\r\n", 1e22, true },
	{ ",1e23\r\n", 1e23, true },
	{ ",1.7976931348623157e308\r\n", 1.7976931348623157e308, true },
	{ ",2.2250738585072014e-308\r\n", 2.2250738585072014e-308, true },
	{ ",5e-324\r\n", 5e-324, true },
	{ ",123456789012345678901234567890\r\n", 123456789012345678901234567890., true },
	{ ",0.000000000000000000000000000001234567890123456789012\r\n", 0.000000000000000000000000000001234567890123456789012, true },
	{ ",1e-400\r\n", 0, true },
	{ ",1e99999999999999999999\r\n", 0, false },
	{ ",inf\r\n", INFINITY, true },
	{ ",-inf\r\n", -INFINITY, true },
	{ ":7\r\n", 7, true },
	{ "(7\r\n", 7, true },
	{ "$3\r\n1.5\r\n", 1.5, true },
	{ "$3\r\ninf\r\n", INFINITY, true },
	{ "+1e3\r\n", 1000, true },
	{ "$5\r\n1e400\r\n", 0, false },
	{ "$4\r\n 1.5\r\n", 0, false },
	{ "$4\r\n1.5 \r\n", 0, false },
	{ "$3\r\n1,5\r\n", 0, false },
	{ "$0\r\n\r\n", 0, false },
	{ "$1\r\n.\r\n", 0, false },
	{ "#t\r\n", 0, false },
	{ "-1.5\r\n", 0, false },
	{ "_\r\n", 0, false },
};
/* clang-format on */

TEST_ROWS(redis_reply_integers, (LEN(integers)))
{
	const struct stay_redis_reply *reply = parse(integers[_i].wire);
	bool ok = !integers[_i].ok;

	ck_assert_int_eq(stay_redis_integer(reply, &ok), integers[_i].value);
	ck_assert_int_eq(ok, integers[_i].ok);
	ck_assert_int_eq(stay_redis_integer(reply, NULL), integers[_i].value);
}

static void
assert_real(const struct real *real)
{
	const struct stay_redis_reply *reply = parse(real->wire);
	bool ok = !real->ok;

	ck_assert_msg(stay_redis_double(reply, &ok) == real->value,
	    "not %.17g: %s", real->value, real->wire);
	ck_assert_int_eq(ok, real->ok);
	ck_assert(stay_redis_double(reply, NULL) == real->value);
}

TEST_ROWS(redis_reply_doubles, (LEN(reals)))
{
	assert_real(&reals[_i]);
}

TEST(redis_reply_doubles_in_a_locale_with_a_comma)
{
	if (!comma_begin(COMMA))
		return;
	for (size_t i = 0; i < LEN(reals); i++)
		assert_real(&reals[i]);
	comma_end();
}

TEST(redis_reply_not_a_number)
{
	static const char *const wires[] = { ",nan\r\n", ",-nan\r\n",
		",NaN\r\n", ",-NaN\r\n", ",NAN\r\n", ",+nan\r\n",
		",-nan(ind)\r\n", "$4\r\n-nan\r\n", "+NaN\r\n" };

	for (size_t i = 0; i < LEN(wires); i++) {
		bool ok = false;

		ck_assert(isnan(stay_redis_double(parse(wires[i]), &ok)));
		ck_assert(ok);
		resp_next(&resp);
	}
}

TEST(redis_reply_infinities)
{
	static const char *const wires[] = { ",inf\r\n", ",+inf\r\n",
		",Inf\r\n", ",INFINITY\r\n", "$8\r\nInfinity\r\n" };

	for (size_t i = 0; i < LEN(wires); i++) {
		ck_assert(stay_redis_double(parse(wires[i]), NULL) == INFINITY);
		resp_next(&resp);
	}
	ck_assert(
	    stay_redis_double(parse(",-Infinity\r\n"), NULL) == -INFINITY);
}

TEST(redis_reply_a_text_past_the_length_of_a_double)
{
	struct stay_buf wire;
	bool ok = true;

	stay_buf_init(&wire, 0);
	EXPECT_OK(stay_buf_printf(&wire, "$600\r\n0.%0598d\r\n", 1));
	ck_assert_int_eq(
	    resp_feed(&resp, stay_buf_bytes(&wire).data, stay_buf_len(&wire)),
	    STAY_REDIS__WHOLE);
	ck_assert(stay_redis_double(resp_reply(&resp), &ok) == 0);
	ck_assert(!ok);
	stay_buf_fini(&wire);
}

TEST(redis_reply_bools)
{
	ck_assert(stay_redis_bool(parse("#t\r\n")));
	ck_assert(!stay_redis_bool(parse("#f\r\n")));
	ck_assert(stay_redis_bool(parse(":1\r\n")));
	ck_assert(!stay_redis_bool(parse(":0\r\n")));
	ck_assert(!stay_redis_bool(parse("_\r\n")));
	ck_assert(!stay_redis_bool(parse("-t\r\n")));
}

/* ---- aggregates ---- */

TEST(redis_reply_children_in_order)
{
	const struct stay_redis_reply *reply =
	    parse("*3\r\n*2\r\n:1\r\n:2\r\n|1\r\n+k\r\n+v\r\n:3\r\n:4\r\n");
	const struct stay_redis_reply *child = stay_redis_first(reply);

	ck_assert_uint_eq(stay_redis_count(reply), 3);
	ck_assert_ptr_eq(stay_redis_at(reply, 0), child);
	ck_assert_uint_eq(stay_redis_count(child), 2);
	child = stay_redis_next(child);
	ck_assert_ptr_eq(stay_redis_at(reply, 1), child);
	ck_assert_int_eq(stay_redis_integer(child, NULL), 3);
	child = stay_redis_next(child);
	ck_assert_ptr_eq(stay_redis_at(reply, 2), child);
	ck_assert_int_eq(stay_redis_integer(child, NULL), 4);
	ck_assert_ptr_null(stay_redis_next(child));
	ck_assert_ptr_null(stay_redis_at(reply, 3));
	ck_assert_ptr_null(stay_redis_at(reply, SIZE_MAX));
	ck_assert_ptr_null(stay_redis_next(reply));
}

TEST(redis_reply_the_last_child_is_the_last)
{
	const struct stay_redis_reply *reply =
	    parse("*2\r\n*1\r\n*1\r\n:1\r\n:2\r\n");
	const struct stay_redis_reply *inner =
	    stay_redis_first(stay_redis_first(reply));

	ck_assert_ptr_null(stay_redis_next(inner));
	ck_assert_ptr_null(stay_redis_next(stay_redis_first(inner)));
}

TEST(redis_reply_aggregates_have_no_text)
{
	const struct stay_redis_reply *reply = parse("%1\r\n+a\r\n+b\r\n");

	ck_assert_str_eq(stay_redis_str(reply), "");
	ck_assert_uint_eq(stay_redis_len(reply), 0);
	ck_assert_uint_eq(stay_redis_count(reply), 2);
	ck_assert_uint_eq(stay_redis_count(stay_redis_first(reply)), 0);
	ck_assert_ptr_null(stay_redis_first(stay_redis_first(reply)));
}

static void
assert_value(
    const struct stay_redis_reply *reply, const char *key, int64_t value)
{
	ck_assert_ptr_nonnull(stay_redis_map_get(reply, key));
	ck_assert_int_eq(
	    stay_redis_integer(stay_redis_map_get(reply, key), NULL), value);
}

TEST(redis_reply_keys_of_a_map)
{
	const struct stay_redis_reply *reply = parse(
	    "%4\r\n+a\r\n:1\r\n$2\r\nab\r\n:2\r\n:3\r\n:3\r\n$0\r\n\r\n:4\r\n");

	assert_value(reply, "a", 1);
	assert_value(reply, "ab", 2);
	assert_value(reply, "3", 3);
	assert_value(reply, "", 4);
	ck_assert_ptr_null(stay_redis_map_get(reply, "b"));
	ck_assert_ptr_null(stay_redis_map_get(reply, "abc"));
	ck_assert_ptr_null(stay_redis_map_get(reply, "1"));
}

TEST(redis_reply_keys_of_a_flat_array)
{
	const struct stay_redis_reply *reply =
	    parse("*5\r\n+a\r\n:1\r\n+b\r\n:2\r\n+c\r\n");

	assert_value(reply, "a", 1);
	assert_value(reply, "b", 2);
	ck_assert_ptr_null(stay_redis_map_get(reply, "c"));
}

TEST(redis_reply_keys_of_nothing_else)
{
	ck_assert_ptr_null(
	    stay_redis_map_get(parse("~2\r\n+a\r\n:1\r\n"), "a"));
	ck_assert_ptr_null(
	    stay_redis_map_get(parse(">2\r\n+a\r\n:1\r\n"), "a"));
	ck_assert_ptr_null(stay_redis_map_get(parse("+a\r\n"), "a"));
	ck_assert_ptr_null(stay_redis_map_get(parse("*0\r\n"), "a"));
	ck_assert_ptr_null(stay_redis_map_get(parse("%1\r\n*0\r\n:1\r\n"), ""));
}

TEST(redis_reply_attributes)
{
	const struct stay_redis_reply *reply = parse(
	    "|1\r\n+outer\r\n:1\r\n*2\r\n:1\r\n|1\r\n+inner\r\n:2\r\n:2\r\n");
	const struct stay_redis_reply *attribute = stay_redis_attribute(reply);
	const struct stay_redis_reply *child = stay_redis_first(reply);

	assert_value(attribute, "outer", 1);
	ck_assert_ptr_null(stay_redis_next(attribute));
	ck_assert_ptr_null(stay_redis_attribute(child));
	child = stay_redis_next(child);
	assert_value(stay_redis_attribute(child), "inner", 2);
	ck_assert_ptr_null(stay_redis_next(stay_redis_attribute(child)));
	child = stay_redis_first(parse("*2\r\n|1\r\n+k\r\n:1\r\n:1\r\n:2\r\n"));
	ck_assert_ptr_null(stay_redis_next(stay_redis_attribute(child)));
	ck_assert_int_eq(stay_redis_integer(stay_redis_next(child), NULL), 2);
}

TEST(redis_reply_verbatim)
{
	const struct stay_redis_reply *reply = parse("=8\r\nmkd:text\r\n");

	ck_assert_str_eq(stay_redis_verbatim_format(reply), "mkd");
	ck_assert_str_eq(stay_redis_str(reply), "text");
	ck_assert_uint_eq(stay_redis_len(reply), 4);
	ck_assert_str_eq(stay_redis_verbatim_format(parse("+txt\r\n")), "");
}

TEST_SUITE_WITH(redis_reply, .before = setup, .after = teardown)
