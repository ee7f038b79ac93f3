/* Sentences: one line, printable, bounded. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "suites.h"

static bool
is_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

TEST(text_escapes_what_is_not_printable)
{
	char room[64];
	struct stay__text text = { room, sizeof(room), 0 };

	stay__text_add(&text, "%s", "a\r\nb\033[2J\177\300\233 ~\\");
	ck_assert_str_eq(room, "a\\x0d\\x0ab\\x1b[2J\\x7f\\xc0\\x9b ~\\");
	ck_assert_uint_eq(text.len, strlen(room));
}

/* Whatever its room: it fits, no escape is cut, and the length is the same. */
TEST(text_is_cut_between_characters)
{
	static const char words[] = "ab\ncd\001ef";
	static const char whole[] = "ab\\x0acd\\x01ef";
	char *room;

	for (size_t size = 1; size <= sizeof(whole) + 2; size++) {
		struct stay__text text = { room = malloc(size), size, 0 };

		ck_assert_ptr_nonnull(room);
		room[0] = '\0';
		stay__text_put(&text, words);
		ck_assert_uint_eq(text.len, sizeof(whole) - 1);
		ck_assert_uint_lt(strlen(room), size);
		ck_assert(strncmp(room, whole, strlen(room)) == 0);
		ck_assert(strlen(room) + 4 >= size || size > sizeof(whole));
		ck_assert(is_line(room));
		ck_assert(strlen(room) < 3 || room[strlen(room) - 1] != 'x');
		free(room);
	}
}

TEST(text_of_any_byte_is_a_line)
{
	char byte[] = "?", room[8];

	for (int c = 1; c < 256; c++) {
		struct stay__text text = { room, sizeof(room), 0 };

		byte[0] = (char)c;
		stay__text_put(&text, byte);
		ck_assert(is_line(room));
	}
}

TEST(text_clause_that_is_too_long_ends_in_dots)
{
	char words[2000], room[3000];
	struct stay__text text = { room, sizeof(room), 0 };

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	stay__text_add(&text, "%s", words);
	ck_assert_uint_eq(strlen(room), STAY__CLAUSE_MAX - 1);
	ck_assert_str_eq(room + STAY__CLAUSE_MAX - 4, "...");
}

TEST(text_copy_is_whole)
{
	char *copy = stay__text_copy("a\nb");

	ck_assert_str_eq(copy, "a\\x0ab");
	stay__free(copy);
	copy = stay__text_copy("");
	ck_assert_str_eq(copy, "");
	stay__free(copy);
}

TEST_SUITE(text)
