/*
 * One line of text that grows at its end and is cut at its bound. A byte that is not
 * printable ASCII becomes "\xNN", so the text may go into a log.
 */
#ifndef STAY__TEXT_H
#define STAY__TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stay/status.h>

struct stay__text {
	char *at;
	size_t cap;
	size_t len; /* of the text without the bound */
};

/* The most that one call of stay__text_add adds; a longer text ends in "...". */
#define STAY__CLAUSE_MAX 512

void stay__text_put(struct stay__text *text, const char *from);
void stay__text_vadd(struct stay__text *text, const char *format,
    va_list arguments) STAY_PRINTF(2, 0);
void stay__text_add(struct stay__text *text, const char *format, ...)
    STAY_PRINTF(2, 3);

/* A copy of all of `from`, escaped like that. The caller frees it. NULL: out of
 * memory. */
char *stay__text_copy(const char *from);

/* Write a duration for people: "350 ms", "1.2 s", "40 s", "12 min". */
struct stay__duration {
	char text[32];
};

struct stay__duration stay__duration_of(uint64_t ms);

#endif
