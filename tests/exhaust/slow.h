/* RESP decoded slowly: see slow.c. And how a reply is written down. */
#ifndef STAY_TESTS_SLOW_H
#define STAY_TESTS_SLOW_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Small, so that few bytes come to them. */
#define SLOW_DEPTH_MAX    2
#define SLOW_ELEMENTS_MAX 4
#define SLOW_TEXT_MAX     4

enum slow_end { SLOW_MORE, SLOW_WHOLE, SLOW_BAD };

/* What an input came to; with SLOW_WHOLE its length and its tree. */
struct slow_outcome {
	enum slow_end end;
	size_t used;
	size_t len;
	char tree[192]; /* each node as a type, its values and its end */
};

struct slow_outcome slow_decode(const char *bytes, size_t len);

static inline void
slow_put(struct slow_outcome *outcome, const void *bytes, size_t len)
{
	if (len > sizeof(outcome->tree) - outcome->len)
		len = sizeof(outcome->tree) - outcome->len;
	memcpy(outcome->tree + outcome->len, bytes, len);
	outcome->len += len;
}

static inline void
slow_put_number(struct slow_outcome *outcome, uint64_t number)
{
	slow_put(outcome, &number, sizeof(number));
}

#endif
