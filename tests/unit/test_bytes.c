/* Lines, words, numbers and fields of what has arrived, up to their last byte. */
#include <string.h>

#include <stay/bytes.h>

#include "suites.h"

#define BYTES(str)                                                             \
	(struct stay_bytes)                                                    \
	{                                                                      \
		str, sizeof(str) - 1                                           \
	}

/* ---- lines and words ---- */

TEST(bytes_a_line_is_looked_for_once)
{
	char text[] = "one\ntwo\n";
	size_t seen = 0;

	ck_assert_uint_eq(
	    stay_bytes_line((struct stay_bytes){ text, 3 }, &seen), 0);
	ck_assert_uint_eq(seen, 3);
	text[1] = '\n'; /* behind what was seen, and not seen again */
	ck_assert_uint_eq(
	    stay_bytes_line((struct stay_bytes){ text, 8 }, &seen), 4);
	ck_assert_uint_eq(seen, 0);
	ck_assert_uint_eq(
	    stay_bytes_line((struct stay_bytes){ text + 4, 4 }, &seen), 4);
	ck_assert_uint_eq(
	    stay_bytes_line((struct stay_bytes){ text, 0 }, &seen), 0);
}

static const struct {
	const char *line;
	size_t count;
	const char *words; /* those that there is room for */
} lines[] = {
	{ "", 0, "" },
	{ " \t\r\n", 0, "" },
	{ "one", 1, "one;" },
	{ "MSG  a\tbc 3\r\n", 4, "MSG;a;bc;" },
	{ " a b c", 3, "a;b;c;" },
};

TEST_ROWS(bytes_words_of_a_line, LEN(lines))
{
	struct stay_bytes words[4] = { { NULL, 0 } };
	char seen[32] = "";
	size_t count =
	    stay_bytes_words(stay_bytes_of(lines[_i].line), words, 3);

	ck_assert_uint_eq(count, lines[_i].count);
	for (size_t i = 0; i < count && i < 3; i++) {
		strncat(seen, words[i].data, words[i].len);
		strcat(seen, ";");
	}
	ck_assert_str_eq(seen, lines[_i].words);
	ck_assert_ptr_null(words[3].data);
}

/* The bytes behind a view are not looked at. */
TEST(bytes_word_ends_with_the_view)
{
	struct stay_bytes word, view = { "abc", 2 };

	ck_assert_uint_eq(stay_bytes_words(view, &word, 1), 1);
	ck_assert_uint_eq(word.len, 2);
	ck_assert(stay_bytes_begin(view, "ab"));
	ck_assert(!stay_bytes_begin(view, "abc"));
	ck_assert_ptr_null(stay_bytes_behind(view, "bc").data);
}

TEST(bytes_are_a_text_or_begin_with_it)
{
	const struct stay_bytes none = { NULL, 0 };

	ck_assert(stay_bytes_is(stay_bytes_of("PING"), "PING"));
	ck_assert(!stay_bytes_is(stay_bytes_of("PINGS"), "PING"));
	ck_assert(!stay_bytes_is(stay_bytes_of("PONG"), "PING"));
	ck_assert(stay_bytes_begin(stay_bytes_of("PINGS"), "PING"));
	ck_assert(!stay_bytes_begin(stay_bytes_of("XPING"), "PING"));
	ck_assert(stay_bytes_is(none, ""));
	ck_assert(stay_bytes_begin(none, ""));
	ck_assert(!stay_bytes_is(none, "x"));
	ck_assert_uint_eq(stay_bytes_words(none, NULL, 0), 0);
}

TEST(bytes_behind_a_text_and_before_an_end)
{
	struct stay_bytes line = stay_bytes_of("a=1,b=22,b=3");
	struct stay_bytes rest = stay_bytes_behind(line, "b=");

	ck_assert(stay_bytes_is(rest, "22,b=3"));
	ck_assert(stay_bytes_is(stay_bytes_until(rest, ";,"), "22"));
	ck_assert(stay_bytes_is(stay_bytes_until(rest, ";"), "22,b=3"));
	ck_assert(
	    stay_bytes_is(stay_bytes_until(BYTES("a\0b,"), ","), "a") == false);
	ck_assert_uint_eq(stay_bytes_until(BYTES("a\0b,"), ",").len, 3);
	rest = stay_bytes_behind(line, "=3");
	ck_assert_ptr_nonnull(rest.data);
	ck_assert_uint_eq(rest.len, 0);
	ck_assert(stay_bytes_has(line, "=3"));
	ck_assert(!stay_bytes_has(line, "c="));
	rest = stay_bytes_behind(line, "c=");
	ck_assert_ptr_null(rest.data);
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_ptr_null(stay_bytes_behind(rest, "c=").data);
	ck_assert(stay_bytes_has(stay_bytes_of("x"), "x"));
	ck_assert(stay_bytes_has(stay_bytes_of(""), ""));
	ck_assert_uint_eq(stay_bytes_until(rest, ",").len, 0);
}

static const struct {
	const char *text;
	unsigned base;
	uint64_t max;
	bool well;
	uint64_t value;
} numbers[] = {
	{ "0", 10, 0, true, 0 },
	{ "1", 10, 0, false, 0 },
	{ "0042", 10, 42, true, 42 },
	{ "43", 10, 42, false, 0 },
	{ "50", 10, 42, false, 0 },
	{ "18446744073709551615", 10, UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", 10, UINT64_MAX, false, 0 },
	{ "99999999999999999999", 10, UINT64_MAX, false, 0 },
	{ "fF", 16, 255, true, 255 },
	{ "100", 16, 255, false, 0 },
	{ "9f", 10, UINT64_MAX, false, 0 },
	{ "12", 2, UINT64_MAX, false, 0 },
	{ "g", 16, UINT64_MAX, false, 0 },
	{ "", 10, UINT64_MAX, false, 0 },
	{ "-1", 10, UINT64_MAX, false, 0 },
	{ "+1", 10, UINT64_MAX, false, 0 },
	{ " 1", 10, UINT64_MAX, false, 0 },
	{ "1 ", 10, UINT64_MAX, false, 0 },
};

TEST_ROWS(bytes_are_a_number, LEN(numbers))
{
	uint64_t value = 7;

	ck_assert_int_eq(stay_bytes_number(stay_bytes_of(numbers[_i].text),
			     numbers[_i].base, numbers[_i].max, &value),
	    numbers[_i].well);
	ck_assert_uint_eq(value, numbers[_i].well ? numbers[_i].value : 7);
}

/* ---- fields ---- */

TEST(bytes_fields_are_read_in_order)
{
	struct stay_reader reader = stay_reader_of(
	    BYTES("\xfe\xdc\xba\x98\x76\x54\x32\1\2\3\4\5\6\7\x08"
		  "name\0\0ab"));

	ck_assert_uint_eq(stay_reader_u8(&reader), 0xfe);
	ck_assert_uint_eq(stay_reader_u16(&reader), 0xdcba);
	ck_assert_uint_eq(stay_reader_u32(&reader), 0x98765432);
	ck_assert_uint_eq(stay_reader_u64(&reader), 0x0102030405060708);
	ck_assert_str_eq(stay_reader_string(&reader).data, "name");
	ck_assert_uint_eq(stay_reader_string(&reader).len, 0);
	ck_assert(!stay_reader_is_done(&reader));
	ck_assert(stay_bytes_is(stay_reader_bytes(&reader, 2), "ab"));
	ck_assert(stay_reader_is_done(&reader));
	ck_assert_uint_eq(stay_reader_bytes(&reader, 0).len, 0);
	ck_assert(stay_reader_is_done(&reader));
}

static uint64_t
read_u8(struct stay_reader *reader)
{
	return stay_reader_u8(reader);
}

static uint64_t
read_u16(struct stay_reader *reader)
{
	return stay_reader_u16(reader);
}

static uint64_t
read_u32(struct stay_reader *reader)
{
	return stay_reader_u32(reader);
}

static uint64_t
read_string(struct stay_reader *reader)
{
	return stay_reader_string(reader).len;
}

static uint64_t
read_bytes(struct stay_reader *reader)
{
	return stay_reader_bytes(reader, 8).len;
}

static const struct {
	uint64_t (*read)(struct stay_reader *reader);
	size_t len; /* one byte less than is needed */
} short_ones[] = { { read_u8, 0 }, { read_u16, 1 }, { read_u32, 3 },
	{ stay_reader_u64, 7 }, { read_string, 7 }, { read_bytes, 7 } };

/* And what would be enough for the next field is not read any more. */
TEST_ROWS(bytes_field_past_the_end_is_nothing, LEN(short_ones))
{
	struct stay_bytes bytes = { "1234567", short_ones[_i].len };
	struct stay_reader reader = stay_reader_of(bytes);

	ck_assert_uint_eq(short_ones[_i].read(&reader), 0);
	ck_assert(reader.failed);
	ck_assert_uint_eq(reader.rest.len, 0);
	ck_assert_uint_eq(stay_reader_u8(&reader), 0);
	ck_assert_str_eq(stay_reader_string(&reader).data, "");
	ck_assert(!stay_reader_is_done(&reader));
}

/* Of what was not found, say. */
TEST(bytes_of_nothing_are_read)
{
	struct stay_reader reader =
	    stay_reader_of(stay_bytes_behind(stay_bytes_of("a"), "b"));
	size_t seen = 0;

	ck_assert_uint_eq(stay_bytes_line(reader.rest, &seen), 0);
	ck_assert_uint_eq(seen, 0);
	ck_assert_uint_eq(stay_reader_bytes(&reader, 0).len, 0);
	ck_assert(stay_reader_is_done(&reader));
}

TEST_SUITE(bytes)
