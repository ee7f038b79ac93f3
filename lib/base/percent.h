/*
 * Percent-escapes (RFC 3986, section 2): which characters may appear unescaped
 * in which part of a URL, and how the others are decoded.
 */
#ifndef STAY__PERCENT_H
#define STAY__PERCENT_H

#include <stdbool.h>

#include <stay/status.h>

enum stay__part {
	STAY__PART_SCHEME,
	STAY__PART_USER,
	STAY__PART_PASSWORD,
	STAY__PART_HOST,
	STAY__PART_ADDRESS, /* a host in brackets */
	STAY__PART_PATH,
	STAY__PART_QUERY
};

/* The functions of <ctype.h> follow the locale; these don't. */
static inline bool
stay__is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
stay__is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The byte that two hexadecimal digits name, or -1. The second is not read if the
 * first is no digit. */
int stay__hex_pair(const char *digits);

/* Whether `c` may stand unescaped in `part`. */
bool stay__part_admits(enum stay__part part, char c);

/* What is wrong with `text` as this part: a static sentence, or NULL. */
const char *stay__part_fault(enum stay__part part, struct stay_bytes text);

/* Take one character, decoded, off the front of well-formed text. */
char stay__percent_take(struct stay_bytes *text);

/* Write `c` as it may stand in `part`, itself or its escape. Returns how many bytes
 * that is. */
size_t stay__percent_put(char to[3], enum stay__part part, char c);
/* Write a whole text like that and a NUL. At `size`, which is not 0, it is cut, and
 * then ends in "...", if these have room. */
void stay__percent_write(
    char *to, size_t size, enum stay__part part, const char *text);

#endif
