/* Words that must not be seen, in the spellings of servers. */
#include <string.h>

#include "base/redact.h"
#include "suites.h"

static const struct {
	const char *word;
	const char *text;
	const char *shown;
} cases[] = {
	{ "s3cret", "args: `s3cret`, ", "args: `***`, " },
	{ "s3cret", "s3crets3cret", "******" },
	{ "s3cret", "cut: `s3cr`", "cut: `***`" },
	{ "s3cret", "sec s3c", "sec s3c" },
	{ "ab", "a ab abc b", "a *** abc b" },
	/* words of a sentence have no holes */
	{ "a", "invalid username a, `a`", "invalid username ***, `***`" },
	{ "1", "at 10.0.0.1:16379 1", "at 10.0.0.***:16379 ***" },
	{ "e", "e\\ne e%0Ae \\x0Ae", "***\\n*** ***%0A*** \\x0A***" },
	{ "pass", "passwords pass bypass", "passwords *** bypass" },
	{ "passphrase", "password pass`", "password ***`" },
	{ "passw0rd", "password passw0rds xpassw0rd", "password ***s x***" },
	{ "abcd", "1abcd2 abcde", "1***2 abcde" },
	{ "abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnop" },
	{ "abcdefghijklmnop", "xabcdefghijklmnopx", "x***x" },
	{ "pass", "\\npass \\x0apass %0apass", "\\n*** \\x0a*** %0a***" },
	{ "pass", "0apass xapass %zapass", "0apass xapass %zapass" },
	{ "", "nothing", "nothing" },
	{ NULL, "nothing", "nothing" },
	/* as Redis repeats arguments */
	{ "a\r\nb", "`a  b`", "`***`" },
	{ "p\001\377w", "p??w p..w", "*** ***" },
	/* as others do */
	{ "a\"b\\c", "a\\\"b\\\\c", "***" },
	{ "a\nb\tc", "a\\nb\\tc", "***" },
	{ "a\nb", "a\\x0Ab a\\x0ab a%0Ab", "*** *** ***" },
	{ "a\rb\ac\bd\fe\vf", "a\\rb\\ac\\bd\\fe\\vf", "***" },
	{ "a\nb", "a\\X0ab", "***" },
	{ "a b:c", "a%20b%3ac", "***" },
	{ "100%", "100% is 100%25", "*** is ***" },
	/* what an escape means is in the word itself */
	{ "\\\\x41", "`\\\\x41`", "`***`" },
	{ "x%41y", "x%41y", "***" },
	{ "abcd%41y", "abcd%41y", "***" },
};

TEST_ROWS(redact_finds_each_spelling, (LEN(cases)))
{
	const char *words[] = { NULL, cases[_i].word };
	char shown[64];

	stay__redact(shown, sizeof(shown), cases[_i].text, words, 2);
	ck_assert_str_eq(shown, cases[_i].shown);
}

/* In no room of any size a part of a word is left over. */
TEST(redact_is_cut_outside_of_a_word)
{
	const char *words[] = { "s3cret", "user" };
	char shown[32];

	for (size_t size = 1; size < sizeof(shown); size++) {
		memset(shown, '#', sizeof(shown));
		stay__redact(shown, size, "x user s3cret!", words, 2);
		ck_assert_uint_lt(strlen(shown), size);
		ck_assert(strncmp(shown, "x *** ***!", strlen(shown)) == 0);
		ck_assert_int_eq(shown[size], '#');
	}
}

TEST(redact_hides_the_longest)
{
	const char *words[] = { "pass", "password" };
	char shown[32];

	stay__redact(shown, sizeof(shown), "password!", words, 2);
	ck_assert_str_eq(shown, "***!");
}

TEST_SUITE(redact)
