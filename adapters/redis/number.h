/*
 * Numbers to text and back, strict and independent of the locale: a text is a
 * number only as a whole.
 */
#ifndef STAY_REDIS__NUMBER_H
#define STAY_REDIS__NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits only, at most 18 of them: what a length or a count may be. */
bool stay_redis__to_count(const char *text, size_t len, uint64_t *value);

/* [+-]digits; false also when it does not fit. */
bool stay_redis__to_int64(const char *text, size_t len, int64_t *value);

/* [+-]digits, of any length. */
bool stay_redis__is_integer(const char *text, size_t len);

/* RESP3's double: [+-]digits[.digits][e[+-]digits], inf, -inf, nan; and what
 * older servers write for the latter: -nan, NaN, Infinity, nan(ind). */
bool stay_redis__is_double(const char *text, size_t len);

/* The same by value; false also when it is longer than STAY_REDIS__DOUBLE_MAX
 * or finite but too large, *value is then infinite. */
#define STAY_REDIS__DOUBLE_MAX 512
bool stay_redis__to_double(const char *text, size_t len, double *value);

char *stay_redis__put_long_number(char *at, uint64_t value);

/* Write `value` at `at`, at most 20 digits and no NUL; returns their end. Most
 * numbers of a command are the lengths of short words. */
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
