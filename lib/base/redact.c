/*
 * Finds words in the spellings that servers give them. This file knows no protocol,
 * and not which words are secret.
 */
#include "base/redact.h"

#include <stdbool.h>
#include <string.h>

#include "base/percent.h"

/* So many characters of a word tell too much. */
#define ENOUGH 4u

/* No word of a sentence has so many letters. */
#define LETTERS_MAX 16u

/* How much of a word was found, and how much of the text that takes. */
struct match {
	size_t word;
	size_t text;
};

static bool
is_plain(char c)
{
	return c > ' ' && c <= '~';
}

/* A server replaces a character that it does not print by one that it does. */
static bool
is_same(char seen, char meant)
{
	return seen == meant ||
	       (!is_plain(meant) &&
		   (seen == ' ' || seen == '?' || seen == '.'));
}

/* The letter behind a backslash. */
static char
meaning_of(char letter)
{
	static const char letters[] = "nrtabfv0";
	static const char meanings[] = "\n\r\t\a\b\f\v";
	const char *at = strchr(letters, letter);

	return at == NULL ? letter : meanings[at - letters];
}

/* The byte that a hexadecimal escape stands for, or -1; *len is its length. */
static int
take_hex(const char *text, size_t *len)
{
	*len = 3;
	if (text[0] == '%')
		return stay__hex_pair(text + 1);
	*len = 4;
	if (text[0] == '\\' && (text[1] == 'x' || text[1] == 'X'))
		return stay__hex_pair(text + 2);
	return -1;
}

/* Read one character that may be escaped. Returns how many bytes it takes. */
static size_t
take_escaped(const char *text, char *c)
{
	size_t len;
	int value = take_hex(text, &len);

	if (value >= 0) {
		*c = (char)value;
		return len;
	}
	*c = text[0];
	if (text[0] != '\\' || text[1] == '\0')
		return 1;
	*c = meaning_of(text[1]);
	return 2;
}

static struct match
match_word(const char *text, const char *word, bool escaped)
{
	struct match match = { 0, 0 };
	size_t len = 1;
	char c;

	while (word[match.word] != '\0' && text[match.text] != '\0') {
		c = text[match.text];
		if (escaped)
			len = take_escaped(text + match.text, &c);
		if (!is_same(c, word[match.word]))
			break;
		match.word++;
		match.text += len;
	}
	return match;
}

/* ---- words of a sentence ---- */

/* Whether what was found may be a part of another word, as "e" and "pass" are of
 * "password": so short, or letters alone. */
static bool
may_be_inside(const char *word, size_t len)
{
	size_t letters = 0;

	while (letters < len && stay__is_letter(word[letters]))
		letters++;
	return len < ENOUGH || (letters == len && len < LETTERS_MAX);
}

/* Of something as short as "1" a digit tells that, too. */
static bool
goes_on(char c, size_t len)
{
	return stay__is_letter(c) || (len < ENOUGH && stay__is_digit(c));
}

/* Whether the bytes in front of `at` are an escape, whatever letters they have. */
static bool
is_behind_escape(const char *begin, const char *at)
{
	size_t before = (size_t)(at - begin), len;

	if (before >= 2 && at[-2] == '\\')
		return true;
	if (before >= 3 && at[-3] == '%' && take_hex(at - 3, &len) >= 0)
		return true;
	return before >= 4 && at[-4] == '\\' && take_hex(at - 4, &len) >= 0;
}

/* A hole in the middle of a word would tell what fits into it. */
static bool
is_inside(const char *begin, const char *at, const char *word,
    const struct match *match)
{
	size_t len = match->word;

	if (!may_be_inside(word, len))
		return false;
	return goes_on(at[match->text], len) ||
	       (at > begin && goes_on(at[-1], len) &&
		   !is_behind_escape(begin, at));
}

/* ---- secrets ---- */

/* How many bytes at `text` are secret. */
static size_t
hidden(const char *begin, const char *text, const char *word)
{
	size_t len = strlen(word), longest = 0;
	struct match match;

	for (int escaped = 0; escaped <= 1; escaped++) {
		match = match_word(text, word, escaped == 1);
		if (match.word > 0 &&
		    (match.word == len || match.word >= ENOUGH) &&
		    match.text > longest &&
		    !is_inside(begin, text, word, &match))
			longest = match.text;
	}
	return longest;
}

static size_t
hidden_of_all(
    const char *begin, const char *text, const char *const *words, size_t count)
{
	size_t longest = 0, len;

	for (size_t i = 0; i < count; i++) {
		len = words[i] == NULL ? 0 : hidden(begin, text, words[i]);
		if (len > longest)
			longest = len;
	}
	return longest;
}

void
stay__redact(char *to, size_t size, const char *text, const char *const *words,
    size_t count)
{
	static const char hole[] = "***";
	const char *begin = text;
	size_t used = 0, len;

	while (*text != '\0') {
		len = hidden_of_all(begin, text, words, count);
		if (used + (len > 0 ? sizeof(hole) - 1 : 1) >= size)
			break;
		if (len > 0) {
			memcpy(to + used, hole, sizeof(hole) - 1);
			used += sizeof(hole) - 1;
			text += len;
		} else {
			to[used++] = *text++;
		}
	}
	to[used] = '\0';
}
