/* Commands from a format and from words: every conversion, never injected. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/format.h"

#include "support/comma.h"

#include "expect.h"
#include "suites.h"

static struct stay_buf out;

static void
setup(void)
{
	stay_buf_init(&out, 0);
}

static void
teardown(void)
{
	stay_buf_fini(&out);
}

/* What has no room yet is written word for word, and comes to the same. */
static void
assert_same_without_room(const char *format,
    struct stay_redis__arguments *arguments, enum stay_status status)
{
	struct stay_bytes want = stay_buf_bytes(&out), have;
	struct stay_buf slow;

	stay_buf_init(&slow, out.limit);
	ck_assert_int_eq(
	    stay_redis__write_format(&slow, format, arguments), status);
	have = stay_buf_bytes(&slow);
	ck_assert_uint_eq(have.len, want.len);
	ck_assert_mem_eq(have.data, want.data, want.len);
	stay_buf_fini(&slow);
}

static enum stay_status
write_format(const char *format, ...)
{
	struct stay_redis__arguments arguments, again;
	enum stay_status status;

	stay_buf_cut(&out, 0);
	(void)stay_buf_reserve(&out, out.limit > 0 ? out.limit : 256);
	va_start(arguments.list, format);
	va_copy(again.list, arguments.list);
	status = stay_redis__write_format(&out, format, &arguments);
	assert_same_without_room(format, &again, status);
	va_end(again.list);
	va_end(arguments.list);
	return status;
}

static void
assert_wrote(const char *wire, size_t len)
{
	struct stay_bytes bytes = stay_buf_bytes(&out);

	ck_assert_msg(bytes.len == len && memcmp(bytes.data, wire, len) == 0,
	    "not what was expected: %.*s", (int)bytes.len, bytes.data);
}

#define assert_format(wire, ...)                                               \
	do {                                                                   \
		EXPECT_OK(write_format(__VA_ARGS__));                          \
		assert_wrote(wire, sizeof(wire) - 1);                          \
	} while (0)

#define assert_refused(...)                                                    \
	do {                                                                   \
		ck_assert_int_eq(write_format(__VA_ARGS__), STAY_E_FORMAT);    \
		ck_assert_uint_eq(stay_buf_len(&out), 0);                      \
	} while (0)

TEST(redis_format_literal_words)
{
	assert_format("*10\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"
		      "$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n$1\r\nh\r\n"
		      "$1\r\ni\r\n$1\r\nj\r\n",
	    "a b c d e f g h i j");
	assert_format("*1\r\n$4\r\nPING\r\n", "PING");
	assert_format("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "GET k");
	assert_format("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "  GET   k  ");
	assert_format("*2\r\n$3\r\nGET\r\n$3\r\n\"a\"\r\n", "GET \"a\"");
	assert_format("*2\r\n$3\r\nGET\r\n$3\r\na\tb\r\n", "GET a\tb");
}

TEST(redis_format_an_argument_stays_in_its_word)
{
	assert_format("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\na b\r\n",
	    "SET %s %s", "k", "a b");
	assert_format("*2\r\n$3\r\nGET\r\n$14\r\nx\r\n$3\r\nDEL\r\n%s\r\n",
	    "GET %s", "x\r\n$3\r\nDEL\r\n%s");
	assert_format("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "GET %s", "");
	assert_format("*2\r\n$3\r\nGET\r\n$1\r\n \r\n", "GET %c", ' ');
	assert_format(
	    "*2\r\n$3\r\nGET\r\n$5\r\na b:c\r\n", "GET %s:%s", "a b", "c");
}

TEST(redis_format_bytes)
{
	assert_format(
	    "*2\r\n$3\r\nGET\r\n$3\r\na\0b\r\n", "GET %b", "a\0b", (size_t)3);
	assert_format("*2\r\n$3\r\nGET\r\n$5\r\n<a\0b>\r\n", "GET <%b>", "a\0b",
	    (size_t)3);
	assert_format(
	    "*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "GET %b", (void *)NULL, (size_t)0);
	assert_format("*2\r\n$3\r\nGET\r\n$1\r\n.\r\n", "GET .%b", (void *)NULL,
	    (size_t)0);
}

TEST(redis_format_mixed_words)
{
	assert_format("*3\r\n$3\r\nSET\r\n$6\r\nkey:42\r\n$1\r\nv\r\n",
	    "SET key:%d %b", 42, "v", (size_t)1);
	assert_format("*1\r\n$5\r\n100%!\r\n", "100%%!");
	assert_format("*1\r\n$1\r\n%\r\n", "%%");
	assert_format("*1\r\n$4\r\n%%a%\r\n", "%%%%%s%%", "a");
	assert_format("*1\r\n$2\r\n%s\r\n", "%%s");
	assert_format("*2\r\n$3\r\nGET\r\n$4\r\nk: 5\r\n", "GET k:% d", 5);
	assert_format("*2\r\n$1\r\n%\r\n$1\r\nd\r\n", "%% d");
}

/* The header of a word grows with its length. */
TEST(redis_format_mixed_words_of_any_length)
{
	static char text[2000];
	char wire[4200];
	int len;

	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		memset(text, 'x', size);
		text[size] = '\0';
		len = snprintf(wire, sizeof(wire),
		    "*2\r\n$%zu\r\n:%s\r\n$%zu\r\n%s\r\n", size + 1, text, size,
		    text);
		EXPECT_OK(write_format(":%s %s", text, text));
		assert_wrote(wire, (size_t)len);
	}
}

TEST(redis_format_sizes)
{
	assert_format("*1\r\n$3\r\n1-1\r\n", "%hhd%hhd", 257, 255);
	assert_format("*1\r\n$2\r\n-1\r\n", "%hd", 65535);
	assert_format("*1\r\n$11\r\n-2147483648\r\n", "%d", INT_MIN);
	assert_format("*1\r\n$10\r\n2147483647\r\n", "%i", INT_MAX);
	assert_format("*1\r\n$10\r\n4294967295\r\n", "%u", UINT_MAX);
	assert_format("*1\r\n$20\r\n-9223372036854775808\r\n", "%ld", LONG_MIN);
	assert_format(
	    "*1\r\n$20\r\n-9223372036854775808\r\n", "%lld", LLONG_MIN);
	assert_format(
	    "*1\r\n$20\r\n18446744073709551615\r\n", "%llu", ULLONG_MAX);
	assert_format(
	    "*1\r\n$20\r\n18446744073709551615\r\n", "%lu", ULONG_MAX);
	assert_format("*1\r\n$20\r\n18446744073709551615\r\n", "%zu", SIZE_MAX);
	assert_format("*1\r\n$2\r\n-1\r\n", "%zd", (ptrdiff_t)-1);
	assert_format("*1\r\n$2\r\n-1\r\n", "%td", (ptrdiff_t)-1);
	assert_format("*1\r\n$2\r\n-1\r\n", "%jd", (intmax_t)-1);
	assert_format(
	    "*1\r\n$20\r\n18446744073709551615\r\n", "%ju", UINTMAX_MAX);
	assert_format("*1\r\n$3\r\n255\r\n", "%hhu", 511u);
	assert_format("*1\r\n$5\r\n65535\r\n", "%hu", 131071u);
}

/* ---- as printf's: every combination is compared with printf itself ---- */

static const char *const flags[] = { "", "-", "0", "-0", "0-" };
static const char *const signed_flags[] = { "+", " ", "+ ", " 0", "- ", "+0" };
static const char *const form_flags[] = { "#", "#0", "-#", "0#-" };
static const char *const real_flags[] = { "", "-", "0", "+", "#", "+0", "+-",
	"#0", "+#", "-+0#", " ", " 0", " +", "- #" };
static const char *const amounts[] = { "", "1", "5", "12", ".", ".0", ".1",
	".4", ".17", "3.1", "10.3", "15.12", "1.0" };

/* The one word that was written is `text`. */
static void
assert_word(const char *format, const char *text)
{
	char wire[512];
	int len = snprintf(
	    wire, sizeof(wire), "*1\r\n$%zu\r\n%s\r\n", strlen(text), text);
	struct stay_bytes bytes = stay_buf_bytes(&out);

	ck_assert_msg(bytes.len == (size_t)len &&
			  memcmp(bytes.data, wire, bytes.len) == 0,
	    "%s: printf has \"%s\", we have %.*s", format, text, (int)bytes.len,
	    bytes.data);
}

/* The format is made here, so no compiler can look at it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

#define compare(format, value)                                                 \
	do {                                                                   \
		char text_[400];                                               \
		snprintf(text_, sizeof(text_), format, value);                 \
		EXPECT_OK(write_format(format, value));                        \
		assert_word(format, text_);                                    \
	} while (0)

static void
make(char format[32], const char *flag, const char *amount, char letter)
{
	snprintf(format, 32, "%%%s%s%c", flag, amount, letter);
}

TEST(redis_format_integers_are_as_printfs)
{
	static const int values[] = { 0, 1, -1, 7, 42, -12345, INT_MAX,
		INT_MIN };
	char format[32];

	for (size_t f = 0; f < LEN(flags); f++)
		for (size_t a = 0; a < LEN(amounts); a++)
			for (size_t v = 0; v < LEN(values); v++) {
				make(format, flags[f], amounts[a], 'd');
				compare(format, values[v]);
				make(format, flags[f], amounts[a], 'u');
				compare(format, (unsigned)values[v]);
			}
	for (size_t f = 0; f < LEN(signed_flags); f++)
		for (size_t a = 0; a < LEN(amounts); a++)
			for (size_t v = 0; v < LEN(values); v++) {
				make(format, signed_flags[f], amounts[a], 'd');
				compare(format, values[v]);
			}
}

static void
compare_in_other_bases(const char *flag, const char *amount, unsigned value)
{
	char format[32];

	for (const char *letter = "xXo"; *letter != '\0'; letter++) {
		make(format, flag, amount, *letter);
		compare(format, value);
	}
}

TEST(redis_format_other_bases_are_as_printfs)
{
	static const unsigned values[] = { 0, 1, 7, 8, 0xdeadbeef, 4096,
		UINT_MAX };

	for (size_t a = 0; a < LEN(amounts); a++)
		for (size_t v = 0; v < LEN(values); v++) {
			for (size_t f = 0; f < LEN(flags); f++)
				compare_in_other_bases(
				    flags[f], amounts[a], values[v]);
			for (size_t f = 0; f < LEN(form_flags); f++)
				compare_in_other_bases(
				    form_flags[f], amounts[a], values[v]);
		}
	compare("%llx", ULLONG_MAX);
	compare("%#llo", ULLONG_MAX);
	compare("%hhX", (unsigned char)0xab);
	compare("%zx", SIZE_MAX / 3);
}

TEST(redis_format_doubles_are_as_printfs)
{
	static const double values[] = { 0, -0.0, 1, -1.5, 0.1,
		3.14159265358979, 1e21, -2.5e-7, 123456789.125, 5e-324,
		INFINITY, -INFINITY };
	char format[32];

	for (size_t f = 0; f < LEN(real_flags); f++)
		for (size_t a = 0; a < LEN(amounts); a++)
			for (size_t v = 0; v < LEN(values); v++)
				for (const char *letter = "fegaFEGA";
				     *letter != '\0'; letter++) {
					make(format, real_flags[f], amounts[a],
					    *letter);
					compare(format, values[v]);
				}
	compare("%f", 1.7976931348623157e308);
	compare("%.17g", 0.1);
}

TEST(redis_format_texts_are_as_printfs)
{
	static const char *const widths[] = { "", "1", "5", "-5", "-1" };
	static const char *const precisions[] = { "", ".", ".0", ".2", ".9" };
	static const char *const values[] = { "", "a", "abc", "abcdefghijk" };
	char format[32];

	for (size_t w = 0; w < LEN(widths); w++)
		for (size_t p = 0; p < LEN(precisions); p++)
			for (size_t v = 0; v < LEN(values); v++) {
				make(format, widths[w], precisions[p], 's');
				compare(format, values[v]);
			}
	compare("%5c", 'x');
	compare("%-5c", 'x');
}
#pragma GCC diagnostic pop

TEST(redis_format_stars_are_arguments)
{
	assert_format("*1\r\n$5\r\n   42\r\n", "%*d", 5, 42);
	assert_format("*1\r\n$5\r\n42   \r\n", "%*d", -5, 42);
	assert_format("*1\r\n$3\r\n042\r\n", "%.*d", 3, 42);
	assert_format("*1\r\n$2\r\n42\r\n", "%.*d", -3, 42);
	assert_format("*1\r\n$2\r\nab\r\n", "%.*s", 2, "abc");
	assert_format("*1\r\n$3\r\nabc\r\n", "%.*s", -1, "abc");
	assert_format("*1\r\n$3\r\nabc\r\n", "%.*s", INT_MAX, "abc");
	assert_format("*1\r\n$3\r\nabc\r\n", "%.99999999999s", "abc");
	assert_format("*1\r\n$4\r\n 1.5\r\n", "%*.*f", 4, 1, 1.5);
}

/* A text cut by its precision need not end in NUL. */
TEST(redis_format_a_precise_text_is_not_read_past)
{
	char *text = malloc(2);

	ck_assert_ptr_nonnull(text);
	memcpy(text, "ab", 2);
	assert_format("*1\r\n$2\r\nab\r\n", "%.2s", text);
	free(text);
}

/* What a width or precision written as digits does, one given as '*' does. */
TEST(redis_format_amounts_are_as_printfs)
{
	static const char *const before[] = { "", ".", "-" };
	char format[32], word[512], wire[600];

	for (int i = 0; i <= 3 * 130; i++) {
		int amount = i / 3, kind = i % 3, len;

		snprintf(format, sizeof(format), "%%%s%.*dd", before[kind],
		    amount > 0, amount);
		if (kind == 0)
			len = snprintf(word, sizeof(word), "%*d", amount, 42);
		else if (kind == 1)
			len = snprintf(word, sizeof(word), "%.*d", amount, 42);
		else
			len = snprintf(word, sizeof(word), "%-*d", amount, 42);
		len = snprintf(
		    wire, sizeof(wire), "*1\r\n$%d\r\n%s\r\n", len, word);
		EXPECT_OK(write_format(format, 42));
		assert_wrote(wire, (size_t)len);
	}
}

TEST(redis_format_a_locale_with_a_comma)
{
	if (!comma_begin(COMMA))
		return;
	assert_format("*1\r\n$3\r\n1.5\r\n", "%g", 1.5);
	assert_format("*1\r\n$8\r\n1.500000\r\n", "%f", 1.5);
	assert_format("*1\r\n$5\r\n1e+20\r\n", "%g", 1e20);
	comma_end();
}

TEST(redis_format_a_locale_with_a_long_point)
{
	if (!comma_begin(COMMA_OF_TWO_BYTES))
		return;
	assert_format("*1\r\n$3\r\n1.5\r\n", "%g", 1.5);
	assert_format("*1\r\n$9\r\n-1.500000\r\n", "%f", -1.5);
	assert_format("*1\r\n$8\r\n1.25e+20\r\n", "%g", 1.25e20);
	assert_format("*1\r\n$6\r\n  1.50\r\n", "%6.2f", 1.5);
	comma_end();
}

TEST(redis_format_what_is_wrong_is_refused)
{
	assert_refused("");
	assert_refused("   ");
	assert_refused("GET %");
	assert_refused("GET % s", "");
	assert_refused("GET % u", 1);
	assert_refused("GET % x", 1);
	assert_refused("GET %#u", 1);
	assert_refused("GET %+x", 1);
	assert_refused("GET %D", 1);
	assert_refused("GET %O", 1);
	assert_refused("GET %B", "", (size_t)0);
	assert_refused("GET %-");
	assert_refused("GET %5");
	assert_refused("GET %l");
	assert_refused("GET %.");
	assert_refused("GET %n", 1);
	assert_refused("GET %p", "");
	assert_refused("GET %q", 1);
	assert_refused("GET %S", "");
	assert_refused("GET %Lf", 1.0);
	assert_refused("GET %lf", 1.0);
	assert_refused("GET %ls", "");
	assert_refused("GET %lc", 1);
	assert_refused("GET %'d", 1);
	assert_refused("GET %#d", 1);
	assert_refused("GET %+u", 1);
	assert_refused("GET %+s", "");
	assert_refused("GET %05s", "");
	assert_refused("GET %.3c", 'a');
	assert_refused("GET %5b", "a", (size_t)1);
	assert_refused("GET %.5b", "a", (size_t)1);
	assert_refused("GET %5%");
	assert_refused("GET %lld%lllu", 1LL, 1ULL);
	assert_refused("GET %4097d", 1);
	assert_refused("GET %.4097d", 1);
	assert_refused("GET %*d", INT_MIN, 1);
	assert_refused("GET %s", (void *)NULL);
	assert_refused("GET a%s", (void *)NULL);
	assert_refused("GET %b", (void *)NULL, (size_t)1);
	assert_refused("GET a%b", (void *)NULL, (size_t)1);
	assert_refused("GET k %s %y", "v");
}

TEST(redis_format_the_widest_number)
{
	EXPECT_OK(write_format("%4096d", 1));
	ck_assert_uint_eq(stay_buf_len(&out), 4 + 7 + 4096 + 2);
	EXPECT_OK(write_format("%.4096f", 1e308));
	ck_assert_uint_eq(stay_buf_len(&out), 4 + 7 + 309 + 1 + 4096 + 2);
}

/* One of few digits does not take the room of one of many. */
TEST(redis_format_room_for_a_number)
{
	stay_buf_fini(&out);
	EXPECT_OK(write_format("SET k %.63f", 1e300));
	ck_assert_uint_lt(out.cap, 1024);
	EXPECT_OK(write_format("SET k %.64f", 1e300));
	ck_assert_uint_gt(out.cap, 4096);
}

TEST(redis_format_past_the_limit_nothing_is_written)
{
	char text[100] = { 0 };

	memset(text, 'x', 99);
	for (size_t limit = 1; limit < 330; limit++) {
		struct stay_redis__arguments none;
		enum stay_status status;
		const char *argv[] = { "SET", text };

		teardown();
		stay_buf_init(&out, limit);
		if (write_format("SET %s:%s %d", "k", text, 1) != STAY_OK)
			ck_assert_uint_eq(stay_buf_len(&out), 0);
		status = stay_redis__write_argv(&out, 2, argv, NULL);
		ck_assert(status == STAY_OK || status == STAY_E_TOO_BIG);
		memset(&none, 0, sizeof(none));
		status = stay_redis__write_format(&out, "PING", &none);
		ck_assert(status == STAY_OK || status == STAY_E_TOO_BIG);
	}
}

TEST(redis_format_appends)
{
	const char *argv[] = { "GET", "k" };

	EXPECT_OK(write_format("PING"));
	EXPECT_OK(stay_redis__write_argv(&out, 2, argv, NULL));
	assert_wrote("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", 34);
	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 0, argv, NULL), STAY_E_FORMAT);
	ck_assert_uint_eq(stay_buf_len(&out), 34);
}

/* Whatever room there is, all of it is written or nothing; and with room for the
 * longest header it is written. */
TEST(redis_format_up_to_the_limit)
{
	char word[140];

	for (size_t len = 60; len < 130; len++)
		for (size_t limit = 1; limit < 300; limit++) {
			size_t all = 13 + 2 * (len + (len < 100 ? 7 : 8));
			enum stay_status status;

			memset(word, 'x', len);
			word[len] = '\0';
			stay_buf_fini(&out);
			stay_buf_init(&out, limit);
			status = write_format("SET %s %s", word, word);
			ck_assert(
			    status == STAY_OK
				? limit >= all
				: limit < all + 20 && status == STAY_E_TOO_BIG);
			ck_assert_uint_eq(
			    stay_buf_len(&out), status == STAY_OK ? all : 0);
		}
}

TEST(redis_format_many_words)
{
	struct stay_buf format;
	char count[16];

	stay_buf_init(&format, 0);
	for (int i = 0; i < 1000; i++)
		EXPECT_OK(stay_buf_puts(&format, "ab "));
	EXPECT_OK(stay_buf_append(&format, "", 1));
	EXPECT_OK(write_format(stay_buf_bytes(&format).data));
	ck_assert_uint_eq(stay_buf_len(&out), 7 + 1000 * 8);
	memcpy(count, stay_buf_bytes(&out).data, 7);
	ck_assert_int_eq(memcmp(count, "*1000\r\n", 7), 0);
	stay_buf_fini(&format);
}

TEST(redis_format_words_of_argv)
{
	const char *argv[] = { "SET", "k\0y", "", "a b\r\n" };
	const size_t lens[] = { 3, 3, 0, 5 };

	EXPECT_OK(stay_redis__write_argv(&out, 4, argv, lens));
	assert_wrote(
	    "*4\r\n$3\r\nSET\r\n$3\r\nk\0y\r\n$0\r\n\r\n$5\r\na b\r\n\r\n",
	    4 + 9 + 9 + 6 + 11);
}

TEST(redis_format_words_of_argv_that_are_not_there)
{
	const char *argv[] = { "SET", NULL };
	const size_t lens[] = { 3, 1 }, nothing[] = { 3, 0 };

	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 2, NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 2, argv, NULL), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 2, argv, lens), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 0, NULL, NULL), STAY_E_FORMAT);
	ck_assert_uint_eq(stay_buf_len(&out), 0);
	EXPECT_OK(stay_redis__write_argv(&out, 2, argv, nothing));
}

TEST_SUITE_WITH(redis_format, .before = setup, .after = teardown)
