/*
 * The short way of most commands: words so few and short that all headers are of the
 * kind that is copied, and that what any of them needs is room enough for this one. They
 * are written in one pass, to where `room` bytes may be written. Returns the end of the
 * command; NULL: it is none of these, and the arguments of a format may not be used
 * again.
 *
 * It is compiled into the front, and into what writes to a buffer: both are short.
 */
#ifndef STAY_REDIS__FORMAT_USUAL_H
#define STAY_REDIS__FORMAT_USUAL_H

#include "format.h"
#include "format_writer.h"

/* Fewer words are few: their number has a header of the kind that is copied. */
#define STAY_REDIS__FEW_MAX 64u

/* ---- from words ---- */

/* Room is asked for once, and nothing is called: all that it needs is in registers. */
static inline __attribute__((always_inline)) char *
stay_redis__put_few(char *start, size_t room, size_t argc,
    const char *const *argv, const size_t *lens)
{
	const char *last;
	char *at;

	if (argc >= STAY_REDIS__FEW_MAX || room < 2 * STAY_REDIS__SHORT_ROOM)
		return NULL;
	last = start + room - STAY_REDIS__SHORT_ROOM;
	at = stay_redis__put_short_header(start, argc);
	*start = '*';
	for (size_t i = 0; i < argc; i++) {
		if (lens[i] >= STAY_REDIS__SHORT_MAX || argv[i] == NULL ||
		    at > last)
			return NULL;
		at = stay_redis__put_short_argument(at, argv[i], lens[i]);
	}
	return at;
}

/* ---- from a format ---- */

/* What ends a literal text. */
extern const bool stay_redis__ends[256];

static inline const char *
stay_redis__literal_end(const char *at)
{
	while (!stay_redis__ends[(unsigned char)*at])
		at++;
	return at;
}

static inline const char *
stay_redis__skip_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* Whether the word at `at`, which is a literal up to `end`, is "%s" or "%b" and nothing
 * else. */
static inline bool
stay_redis__is_alone(const char *at, const char *end)
{
	return at == end && (at[1] == 's' || at[1] == 'b') &&
	       (at[2] == ' ' || at[2] == '\0');
}

/* No word is as long: it is neither one literal nor one string. */
#define STAY_REDIS__UNUSUAL SIZE_MAX

/* Find a word, and return its end in the format. */
static inline const char *
stay_redis__find_usual(const char *at, struct stay_redis__arguments *arguments,
    struct stay_bytes *word)
{
	const char *end = *at == '%' ? at : stay_redis__literal_end(at + 1);

	*word = (struct stay_bytes){ at, (size_t)(end - at) };
	if (*end != '%')
		return end;
	word->len = STAY_REDIS__UNUSUAL;
	if (!stay_redis__is_alone(at, end))
		return end;
	word->data = va_arg(arguments->list, const char *);
	if (word->data == NULL)
		return end;
	word->len = end[1] == 'b' ? va_arg(arguments->list, size_t)
				  : strlen(word->data);
	return end + 2;
}

/* Each word is a literal or a string; where the next byte goes is in a register. */
static inline __attribute__((always_inline)) char *
stay_redis__put_usual(char *start, size_t room, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_bytes word;
	const char *last;
	size_t words = 0;
	char *at;

	if (room < 2 * STAY_REDIS__SHORT_ROOM)
		return NULL;
	at = start + STAY_REDIS__GAP;
	last = start + room - STAY_REDIS__SHORT_ROOM;
	while (*(format = stay_redis__skip_spaces(format)) != '\0') {
		format = stay_redis__find_usual(format, arguments, &word);
		if (word.len >= STAY_REDIS__SHORT_MAX || at > last)
			return NULL;
		at = stay_redis__put_short_argument(at, word.data, word.len);
		words++;
	}
	if (words == 0 || words > 9)
		return NULL;
	memcpy(start, "*0\r\n", STAY_REDIS__GAP);
	start[1] = (char)('0' + words);
	return at;
}

#endif
