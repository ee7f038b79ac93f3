/*
 * Numbers to text and back, in every locale. A text is a number only if all of it
 * is.
 */
#ifndef STAY_REDIS__NUMBER_H
#define STAY_REDIS__NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read a length or a count: digits only, at most 18 of them. */
bool stay_redis__to_count(const char *text, size_t len, uint64_t *value);

/* Read [+-]digits. False also if the number does not fit. */
bool stay_redis__to_int64(const char *text, size_t len, int64_t *value);

/* Whether the text is [+-]digits, of any length. */
bool stay_redis__is_integer(const char *text, size_t len);

/* Whether the text is a double of RESP3: [+-]digits[.digits][e[+-]digits], inf, -inf
 * or nan. The spellings of older servers count, too: -nan, NaN, Infinity,
 * nan(ind). */
bool stay_redis__is_double(const char *text, size_t len);

/* Read such a double. False also if it is longer than STAY_REDIS__DOUBLE_MAX, or
 * finite but too large; *value is infinite then. */
#define STAY_REDIS__DOUBLE_MAX 512
bool stay_redis__to_double(const char *text, size_t len, double *value);

char *stay_redis__put_long_number(char *at, uint64_t value);

/* Write `value` at `at`: at most 20 digits, no NUL. Returns their end. Numbers below
 * 100 are inline, because most are the lengths of short words. */
static inline char *
stay_redis__put_number(char *at, uint64_t value)
{
	unsigned small = (unsigned)value;

	if (value >= 100)
		return stay_redis__put_long_number(at, value);
	if (small >= 10) {
		*at++ = (char)('0' + small / 10);
		small %= 10;
	}
	*at++ = (char)('0' + small);
	return at;
}

#endif
