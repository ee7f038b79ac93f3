/*
 * Numbers as Redis writes them. This file knows nothing of replies. It takes a
 * text and its length, because a text may contain any byte, NUL too.
 */
#include "number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ten to these powers is exact in a double. */
static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
	1e22 };
#define TENS_MAX 22

/* What is left to read of a text. */
struct text {
	const char *at;
	const char *end;
};

/* The parts of a decimal number. */
struct decimal {
	bool negative;
	bool exact; /* mantissa and exponent hold all of it */
	uint64_t mantissa;
	int64_t exponent; /* of ten */
};

char *
stay_redis__put_long_number(char *at, uint64_t value)
{
	char *end = at + 1;

	for (uint64_t rest = value; rest >= 10; rest /= 10)
		end++;
	for (char *digit = end; digit > at; value /= 10)
		*--digit = (char)('0' + value % 10);
	return end;
}

bool
stay_redis__to_count(const char *text, size_t len, uint64_t *value)
{
	uint64_t sum = 0;

	if (len == 0 || len > 18)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

/* Pass a sign, if there is one. */
static bool
take_sign(struct text *text)
{
	bool negative = text->at < text->end && *text->at == '-';

	if (negative || (text->at < text->end && *text->at == '+'))
		text->at++;
	return negative;
}

/* Digits only; `limit` is the largest value allowed. */
static bool
to_limited(struct text text, uint64_t limit, uint64_t *value)
{
	uint64_t sum = 0;

	for (; text.at < text.end; text.at++) {
		unsigned digit = (unsigned)(unsigned char)*text.at - '0';

		if (digit > 9 || sum > (limit - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

bool
stay_redis__to_int64(const char *bytes, size_t len, int64_t *value)
{
	struct text text = { bytes, bytes + len };
	bool negative = take_sign(&text);
	uint64_t limit = (uint64_t)INT64_MAX + negative, sum;

	len = (size_t)(text.end - text.at);
	if (!stay_redis__to_count(text.at, len, &sum) &&
	    (len == 0 || !to_limited(text, limit, &sum)))
		return false;
	*value = (int64_t)(negative ? 0 - sum : sum);
	return true;
}

/* Pass digits; `decimal` gathers them, each worth 10^exponent less than the one
 * before when `fraction`. Returns how many there were. */
static size_t
take_digits(struct text *text, struct decimal *decimal, bool fraction)
{
	const char *start = text->at;

	for (; text->at < text->end; text->at++) {
		unsigned digit = (unsigned)(unsigned char)*text->at - '0';

		if (digit > 9)
			break;
		if (decimal->mantissa > (UINT64_MAX - 9) / 10)
			decimal->exact = false;
		else {
			decimal->mantissa = decimal->mantissa * 10 + digit;
			decimal->exponent -= fraction;
		}
	}
	return (size_t)(text->at - start);
}

bool
stay_redis__is_integer(const char *bytes, size_t len)
{
	struct text text = { bytes, bytes + len };
	struct decimal decimal = { 0 };

	take_sign(&text);
	return take_digits(&text, &decimal, false) > 0 && text.at == text.end;
}

/* e[+-]digits, if it is there. */
static bool
take_exponent(struct text *text, struct decimal *decimal)
{
	struct decimal power = { .exact = true };

	if (text->at == text->end || (*text->at != 'e' && *text->at != 'E'))
		return true;
	text->at++;
	power.negative = take_sign(text);
	if (take_digits(text, &power, false) == 0)
		return false;
	if (!power.exact || power.mantissa > INT32_MAX)
		decimal->exact = false;
	else
		decimal->exponent += power.negative ? -(int64_t)power.mantissa
						    : (int64_t)power.mantissa;
	return true;
}

static bool
read_decimal(const char *bytes, size_t len, struct decimal *decimal)
{
	struct text text = { bytes, bytes + len };

	*decimal = (struct decimal){ .exact = true };
	decimal->negative = take_sign(&text);
	if (take_digits(&text, decimal, false) == 0)
		return false;
	if (text.at < text.end && *text.at == '.') {
		text.at++;
		if (take_digits(&text, decimal, true) == 0)
			return false;
	}
	return take_exponent(&text, decimal) && text.at == text.end;
}

/* Case does not matter; `word` is lower case. */
static bool
take_word(struct text *text, const char *word)
{
	const char *at = text->at;

	for (; *word != '\0'; word++, at++)
		if (at == text->end || (*at | 0x20) != *word)
			return false;
	text->at = at;
	return true;
}

/* What some C libraries write behind a NaN: "nan(ind)". */
static void
take_payload(struct text *text)
{
	if (text->at < text->end && *text->at == '(' && text->end[-1] == ')')
		text->at = text->end;
}

/* Read inf or nan. Servers before 7.2 let the C library write them: a NaN may have a
 * sign, upper case or a payload. */
static bool
read_special(const char *bytes, size_t len, double *value)
{
	struct text text = { bytes, bytes + len };
	bool negative = take_sign(&text);

	if (take_word(&text, "nan")) {
		take_payload(&text);
		*value = NAN;
	} else if (take_word(&text, "inf")) {
		(void)take_word(&text, "inity");
		*value = negative ? -INFINITY : INFINITY;
	} else {
		return false;
	}
	return text.at == text.end;
}

bool
stay_redis__is_double(const char *text, size_t len)
{
	struct decimal decimal;
	double value;

	return read_decimal(text, len, &decimal) ||
	       read_special(text, len, &value);
}

/*
 * strtod expects the point of the locale, so the text is given that point. It is
 * taken from "0.5" as printf writes it, which is right for a thread's locale, too.
 */
static double
convert(const char *text, size_t len)
{
	char local[STAY_REDIS__DOUBLE_MAX + 16], half[16];
	const char *point = memchr(text, '.', len);
	size_t whole = point == NULL ? len : (size_t)(point - text);
	size_t radix;

	if (point == NULL) {
		memcpy(local, text, len);
		local[len] = '\0';
		return strtod(local, NULL);
	}
	radix = (size_t)snprintf(half, sizeof(half), "%.1f", 0.5) - 2;
	memcpy(local, text, whole);
	memcpy(local + whole, half + 1, radix);
	memcpy(local + whole + radix, point + 1, len - whole - 1);
	local[len - 1 + radix] = '\0';
	return strtod(local, NULL);
}

/* Whether mantissa and power are exact, so that one rounding is all there is. There are
 * two where the machine calculates with more digits than a double has. */
static bool
is_exact(const struct decimal *decimal)
{
	return FLT_EVAL_METHOD == 0 && decimal->exact &&
	       decimal->mantissa >> 53 == 0 && decimal->exponent <= TENS_MAX &&
	       decimal->exponent >= -TENS_MAX;
}

static double
calculate(const struct decimal *decimal)
{
	double value = (double)decimal->mantissa;

	if (decimal->exponent < 0)
		value /= tens[-decimal->exponent];
	else
		value *= tens[decimal->exponent];
	return decimal->negative ? -value : value;
}

bool
stay_redis__to_double(const char *text, size_t len, double *value)
{
	struct decimal decimal;

	if (len > STAY_REDIS__DOUBLE_MAX)
		return false;
	if (!read_decimal(text, len, &decimal))
		return read_special(text, len, value);
	if (is_exact(&decimal)) {
		*value = calculate(&decimal);
		return true;
	}
	*value = convert(text, len);
	return isfinite(*value);
}
