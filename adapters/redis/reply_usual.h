/*
 * What is usual in a reply, found where it lies in one piece: strings, statuses,
 * integers, and counts of children. These functions keep no state between marker,
 * line and text, and they write nothing. Who does not find what it looks for leaves
 * it to reply_parser.c, which knows whether it is incomplete, rare or wrong.
 *
 * They are most of what a reply costs. So they are inline, and ask first for what
 * nearly all replies are.
 */
#ifndef STAY_REDIS__REPLY_USUAL_H
#define STAY_REDIS__REPLY_USUAL_H

#include <string.h>

#include "reply_parser.h"

/* A number of so many digits fits into 64 bits. */
#define STAY_REDIS__DIGITS_MAX 18

/* So many bytes has the shortest that is looked for: `:1\r\n`. */
#define STAY_REDIS__USUAL_MIN 4

/* A scalar that has arrived in one piece. */
struct stay_redis__scalar {
	unsigned type;
	const char *from; /* its text */
	const char *to;   /* its CRLF */
};

/* Read as many usual elements as there are, and stop in front of any other. The state
 * is STAY_REDIS__AT_LINE; it is STAY_REDIS__AT_FRAME if the reply is complete. */
void stay_redis__read_usual(
    struct stay_redis__parser *parser, char *bytes, size_t len);

/* One comparison, where two bytes would be two. */
static inline bool
stay_redis__is_crlf(const char *at)
{
	uint16_t two, crlf;

	memcpy(&two, at, sizeof(two));
	memcpy(&crlf, "\r\n", sizeof(crlf));
	return two == crlf;
}

static inline unsigned
stay_redis__digit(char byte)
{
	return (unsigned)(unsigned char)byte - '0';
}

/* A count of up to ten digits, and CRLF. Returns what is behind; NULL: this is
 * something else. */
static inline const char *
stay_redis__find_long_count(const char *at, const char *end, size_t *count)
{
	const char *from = at;
	unsigned digit;

	for (*count = 0; at < end && at - from < 10; at++) {
		digit = stay_redis__digit(*at);
		if (digit > 9)
			break;
		*count = *count * 10 + digit;
	}
	return at > from && end - at >= 2 && stay_redis__is_crlf(at) ? at + 2
								     : NULL;
}

/* The same. Nearly all counts have one digit or two, which need no loop. */
static inline const char *
stay_redis__find_count(const char *at, const char *end, size_t *count)
{
	unsigned first, second;

	if (end - at >= 4 && stay_redis__digit(at[0]) <= 9) {
		first = stay_redis__digit(at[0]);
		second = stay_redis__digit(at[1]);
		*count = first;
		if (second <= 9) {
			*count = first * 10 + second;
			at++;
		}
		if (stay_redis__is_crlf(at + 1))
			return at + 3;
		at -= second <= 9;
	}
	return stay_redis__find_long_count(at, end, count);
}

static inline bool
stay_redis__find_string(const struct stay_redis__parser *parser, const char *at,
    const char *end, struct stay_redis__scalar *scalar)
{
	size_t count;

	scalar->type = STAY_REDIS_STRING;
	scalar->from = stay_redis__find_count(at + 1, end, &count);
	if (scalar->from == NULL || count > parser->text_max ||
	    (size_t)(end - scalar->from) < count + 2)
		return false;
	scalar->to = scalar->from + count;
	return stay_redis__is_crlf(scalar->to);
}

/* The first byte below a space is the CR: so neither CR nor LF is in the text. */
static inline bool
stay_redis__find_status(
    const char *at, const char *end, struct stay_redis__scalar *scalar)
{
	const char *last = end - 1;

	scalar->type = STAY_REDIS_STATUS;
	scalar->from = ++at;
	while (at < last && (unsigned char)*at >= ' ')
		at++;
	scalar->to = at;
	return at < last && stay_redis__is_crlf(at);
}

/* The first byte is the least significant: one load, where the machine has its
 * numbers so. */
static inline uint32_t
stay_redis__four_bytes(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;

	return (uint32_t)byte[0] | (uint32_t)byte[1] << 8 |
	       (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

static inline uint64_t
stay_redis__eight_bytes(const char *at)
{
	return stay_redis__four_bytes(at) |
	       (uint64_t)stay_redis__four_bytes(at + 4) << 32;
}

/*
 * How many of the eight bytes at `at`, from the first on, are digits. In `others` the
 * highest bit of a byte says that it is none. The addition may carry into a byte, but
 * only from one before it that is no digit either: so the first such bit is right.
 */
static inline size_t
stay_redis__eight_digits(const char *at)
{
	uint64_t bytes = stay_redis__eight_bytes(at), others;

	bytes ^= UINT64_C(0x3030303030303030);
	others = bytes | (bytes + UINT64_C(0x7676767676767676));
	others &= UINT64_C(0x8080808080808080);
	return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
}

static inline const char *
stay_redis__skip_digits(const char *at, const char *end)
{
	size_t some;

	for (; end - at >= 8; at += 8) {
		some = stay_redis__eight_digits(at);
		if (some < 8)
			return at + some;
	}
	while (at < end && stay_redis__digit(*at) <= 9)
		at++;
	return at;
}

/* So few digits that the number fits. */
static inline bool
stay_redis__find_integer(
    const char *at, const char *end, struct stay_redis__scalar *scalar)
{
	const char *digits, *last = end - 1;

	scalar->type = STAY_REDIS_INTEGER;
	scalar->from = ++at;
	digits = at + (*at == '-');
	at = stay_redis__skip_digits(digits, last);
	scalar->to = at;
	return at < last &&
	       (size_t)(at - digits) - 1 < STAY_REDIS__DIGITS_MAX &&
	       stay_redis__is_crlf(at);
}

/* `at` is before `end`. */
static inline bool
stay_redis__find_scalar(const struct stay_redis__parser *parser, const char *at,
    const char *end, struct stay_redis__scalar *scalar)
{
	if (*at == '$')
		return stay_redis__find_string(parser, at, end, scalar);
	if (end - at < STAY_REDIS__USUAL_MIN)
		return false;
	if (*at == '+')
		return stay_redis__find_status(at, end, scalar);
	if (*at == ':')
		return stay_redis__find_integer(at, end, scalar);
	return false;
}

/* Make it a reply of its own: its CR becomes the end of its text. The tape has room for
 * one. */
static inline void
stay_redis__take_lone(struct stay_redis__parser *parser, char *bytes,
    const struct stay_redis__scalar *scalar)
{
	size_t from = (size_t)(scalar->from - bytes);
	size_t to = (size_t)(scalar->to - bytes);

	bytes[to] = '\0';
	stay_redis__tape_set_one(
	    &parser->tape, bytes, scalar->type, from, to - from);
}

#endif
