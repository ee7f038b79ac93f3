/*
 * One conversion of a format: %[flags][width][.precision][size]letter, written
 * into the open word. Numbers are written as Redis reads them, in every locale.
 * This file knows nothing of words.
 */
#include "format.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "format_writer.h"

/* A wider or more precise number is a mistake in the format. */
#define FIELD_MAX 4096

/* The longest "%f" of a double: a sign, 309 digits, a point. */
#define REAL_MAX 320

/* One conversion: %[flags][width][.precision][size]letter */
struct field {
	unsigned flags;
	int width;
	int precision; /* -1: none */
	int size;
	char letter; /* lower case */
	bool upper;  /* the letter was upper case: so are digits and "inf" */
};

#define FLAG_LEFT     1u
#define FLAG_PLUS     2u
#define FLAG_FORM     4u
#define FLAG_ZERO     8u
#define FLAG_SPACE    16u
#define HAS_WIDTH     32u
#define HAS_PRECISION 64u
#define HAS_SIZE      128u

enum size {
	SIZE_NONE,
	SIZE_HH,
	SIZE_H,
	SIZE_L,
	SIZE_LL,
	SIZE_Z,
	SIZE_J,
	SIZE_T
};

typedef bool put_fn(struct stay_redis__writer *writer,
    const struct field *field, struct stay_redis__arguments *arguments);

static bool
fail(struct stay_redis__writer *writer, const char *why)
{
	writer->status = STAY_E_FORMAT;
	writer->why = why;
	return false;
}

/*
 * Pad the text from `place` on to the width: with spaces on one side, or with zeros
 * behind its first `zeros` bytes.
 */
static bool
pad(struct stay_redis__writer *writer, const struct field *field, size_t place,
    size_t zeros)
{
	size_t len = stay_redis__writer_tell(writer) - place;
	size_t fill = (size_t)field->width - len;
	bool zero = (field->flags & FLAG_ZERO) != 0 && zeros != SIZE_MAX;
	char *text;

	if (len >= (size_t)field->width)
		return true;
	if (!stay_redis__room(writer, fill))
		return false;
	text = stay_redis__writer_seek(writer, place);
	writer->at += fill;
	if ((field->flags & FLAG_LEFT) != 0) {
		memset(text + len, ' ', fill);
		return true;
	}
	if (zero) {
		text += zeros;
		len -= zeros;
	}
	memmove(text + fill, text, len);
	memset(text, zero ? '0' : ' ', fill);
	return true;
}

static bool
put_string(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	const char *text = va_arg(arguments->list, const char *);
	size_t place = stay_redis__writer_tell(writer), len;

	if (text == NULL)
		return fail(writer, stay_redis__word_is_null);
	len = field->precision < 0 ? strlen(text)
				   : strnlen(text, (size_t)field->precision);
	return stay_redis__put_bytes(writer, text, len) &&
	       pad(writer, field, place, SIZE_MAX);
}

static bool
put_block(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	const char *bytes = va_arg(arguments->list, const void *);
	size_t len = va_arg(arguments->list, size_t);

	(void)field;
	if (bytes == NULL && len > 0)
		return fail(writer, stay_redis__word_is_null);
	return stay_redis__put_bytes(writer, bytes, len);
}

static bool
put_byte(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	char byte = (char)va_arg(arguments->list, int);
	size_t place = stay_redis__writer_tell(writer);

	return stay_redis__put_bytes(writer, &byte, 1) &&
	       pad(writer, field, place, SIZE_MAX);
}

static char
sign_of(const struct field *field, bool negative)
{
	if (negative)
		return '-';
	if ((field->flags & FLAG_PLUS) != 0)
		return '+';
	return (field->flags & FLAG_SPACE) != 0 ? ' ' : '\0';
}

/* A whole number: its sign or prefix, and its digits. */
struct whole {
	char prefix[3];
	size_t prefix_len;
	char digits[23]; /* 64 bits in octal, and the zero of the flag # */
	size_t len;
};

/* Write the prefix and the digits. A precision is the least number of digits, and
 * makes the flag 0 void, as in printf. */
static bool
put_whole(struct stay_redis__writer *writer, const struct field *field,
    const struct whole *whole)
{
	size_t place = stay_redis__writer_tell(writer);
	size_t least = field->precision < 0 ? 0 : (size_t)field->precision;

	if (!stay_redis__room(
		writer, least + sizeof(whole->digits) + sizeof(whole->prefix)))
		return false;
	for (size_t i = 0; i < whole->prefix_len; i++)
		*writer->at++ = whole->prefix[i];
	for (; least > whole->len; least--)
		*writer->at++ = '0';
	memcpy(writer->at, whole->digits, whole->len);
	writer->at += whole->len;
	return field->width == 0 ||
	       pad(writer, field, place,
		   field->precision < 0 ? whole->prefix_len : SIZE_MAX);
}

/* A zero with a precision of 0 has no digits, as in printf. */
static bool
has_digits(const struct field *field, uintmax_t value)
{
	return value != 0 || field->precision != 0;
}

static bool
put_decimal(struct stay_redis__writer *writer, const struct field *field,
    uintmax_t value, char sign)
{
	struct whole whole = { .prefix = { sign }, .prefix_len = sign != '\0' };

	if (has_digits(field, value))
		whole.len =
		    (size_t)(stay_redis__put_number(whole.digits, value) -
			     whole.digits);
	return put_whole(writer, field, &whole);
}

static intmax_t
fetch_signed(int size, struct stay_redis__arguments *arguments)
{
	switch ((enum size)size) {
	case SIZE_HH:
		return (signed char)va_arg(arguments->list, int);
	case SIZE_H:
		return (short)va_arg(arguments->list, int);
	case SIZE_L:
		return va_arg(arguments->list, long);
	case SIZE_LL:
		return va_arg(arguments->list, long long);
	case SIZE_Z:
	case SIZE_T:
		return va_arg(arguments->list, ptrdiff_t);
	case SIZE_J:
		return va_arg(arguments->list, intmax_t);
	case SIZE_NONE:
		break;
	}
	return va_arg(arguments->list, int);
}

static uintmax_t
fetch_unsigned(int size, struct stay_redis__arguments *arguments)
{
	switch ((enum size)size) {
	case SIZE_HH:
		return (unsigned char)va_arg(arguments->list, unsigned);
	case SIZE_H:
		return (unsigned short)va_arg(arguments->list, unsigned);
	case SIZE_L:
		return va_arg(arguments->list, unsigned long);
	case SIZE_LL:
		return va_arg(arguments->list, unsigned long long);
	case SIZE_Z:
	case SIZE_T:
		return va_arg(arguments->list, size_t);
	case SIZE_J:
		return va_arg(arguments->list, uintmax_t);
	case SIZE_NONE:
		break;
	}
	return va_arg(arguments->list, unsigned);
}

static bool
put_signed(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	intmax_t value = fetch_signed(field->size, arguments);
	uintmax_t magnitude = (uintmax_t)value;

	return put_decimal(writer, field, value < 0 ? 0 - magnitude : magnitude,
	    sign_of(field, value < 0));
}

static bool
put_unsigned(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	return put_decimal(
	    writer, field, fetch_unsigned(field->size, arguments), '\0');
}

/* The flag # puts 0x in front of a number that is not zero. */
static bool
put_hex(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	const char *digits =
	    field->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	uintmax_t value = fetch_unsigned(field->size, arguments);
	struct whole whole = { .prefix = { '0', field->upper ? 'X' : 'x' } };
	unsigned shift = 60;

	if ((field->flags & FLAG_FORM) != 0 && value != 0)
		whole.prefix_len = 2;
	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (; has_digits(field, value); shift -= 4) {
		whole.digits[whole.len++] = digits[value >> shift & 15];
		if (shift == 0)
			break;
	}
	return put_whole(writer, field, &whole);
}

/* The flag # makes the first digit a zero. */
static bool
put_octal(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	uintmax_t value = fetch_unsigned(field->size, arguments);
	struct whole whole = { .prefix_len = 0 };
	unsigned shift = 63;

	while (shift > 0 && value >> shift == 0)
		shift -= 3;
	for (; has_digits(field, value); shift -= 3) {
		whole.digits[whole.len++] = (char)('0' + (value >> shift & 7));
		if (shift == 0)
			break;
	}
	if ((field->flags & FLAG_FORM) != 0 &&
	    (whole.len == 0 || whole.digits[0] != '0') &&
	    field->precision <= (int)whole.len) {
		memmove(whole.digits + 1, whole.digits, whole.len);
		whole.digits[0] = '0';
		whole.len++;
	}
	return put_whole(writer, field, &whole);
}

static int
print_real(char *at, size_t room, const struct field *field, double value)
{
	int precision = field->precision;
	bool form = (field->flags & FLAG_FORM) != 0;

	switch (field->letter) {
	case 'f':
		return form ? snprintf(at, room, "%#.*f", precision, value)
			    : snprintf(at, room, "%.*f", precision, value);
	case 'a':
		return form ? snprintf(at, room, "%#.*a", precision, value)
			    : snprintf(at, room, "%.*a", precision, value);
	case 'e':
		return form ? snprintf(at, room, "%#.*e", precision, value)
			    : snprintf(at, room, "%.*e", precision, value);
	default:
		return form ? snprintf(at, room, "%#.*g", precision, value)
			    : snprintf(at, room, "%.*g", precision, value);
	}
}

/* Replace the point of the locale, of one byte or more, by '.'. Returns the
 * length. */
static size_t
unlocalise(char *text)
{
	static const char own[] = "+-0123456789abcdefinpx";
	size_t whole = strspn(text, own);
	size_t radix = strcspn(text + whole, own);

	if (radix > 0) {
		text[whole] = '.';
		memmove(text + whole + 1, text + whole + radix,
		    strlen(text + whole + radix) + 1);
	}
	return whole + strlen(text + whole);
}

static void
raise_letters(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'a' && *text <= 'z')
			*text -= 'a' - 'A';
}

/* Where padding zeros go: behind the sign and 0x. An infinity gets none. */
static size_t
zeros_from(const struct field *field, double value, size_t signs)
{
	if (!isfinite(value))
		return SIZE_MAX;
	return field->letter == 'a' ? signs + 2 : signs;
}

static bool
put_real(struct stay_redis__writer *writer, const struct field *field,
    struct stay_redis__arguments *arguments)
{
	double value = va_arg(arguments->list, double);
	size_t place = stay_redis__writer_tell(writer);
	char sign = sign_of(field, signbit(value) != 0);
	size_t room = REAL_MAX + FIELD_MAX;
	char *text;

	if (field->precision < 64)
		room = REAL_MAX + 64;
	if (!stay_redis__room(writer, room + 1))
		return false;
	if (sign != '\0' && sign != '-')
		*writer->at++ = sign;
	text = writer->at;
	if (print_real(text, room, field, value) < 0)
		return fail(writer, "a number of the command cannot be "
				    "written");
	writer->at += unlocalise(text);
	if (field->upper)
		raise_letters(text);
	return pad(
	    writer, field, place, zeros_from(field, value, sign != '\0'));
}

/* clang-format off */
#define FOR_TEXT (FLAG_LEFT | HAS_WIDTH)
#define FOR_WHOLE (FOR_TEXT | FLAG_ZERO | HAS_PRECISION | HAS_SIZE)
#define FOR_SIGNED (FOR_WHOLE | FLAG_PLUS | FLAG_SPACE)
#define FOR_REAL (FOR_TEXT | FLAG_ZERO | FLAG_PLUS | FLAG_SPACE | FLAG_FORM | HAS_PRECISION)

static const struct conversion {
	put_fn *put;
	unsigned allows;
	bool has_upper;
} conversions['z' - 'a' + 1] = {
	['a' - 'a'] = { put_real,     FOR_REAL,               true },
	['b' - 'a'] = { put_block,    0,                      false },
	['c' - 'a'] = { put_byte,     FOR_TEXT,               false },
	['d' - 'a'] = { put_signed,   FOR_SIGNED,             false },
	['e' - 'a'] = { put_real,     FOR_REAL,               true },
	['f' - 'a'] = { put_real,     FOR_REAL,               true },
	['g' - 'a'] = { put_real,     FOR_REAL,               true },
	['i' - 'a'] = { put_signed,   FOR_SIGNED,             false },
	['o' - 'a'] = { put_octal,    FOR_WHOLE | FLAG_FORM,  false },
	['s' - 'a'] = { put_string,   FOR_TEXT | HAS_PRECISION, false },
	['u' - 'a'] = { put_unsigned, FOR_WHOLE,              false },
	['x' - 'a'] = { put_hex,      FOR_WHOLE | FLAG_FORM,  true },
};
/* clang-format on */

static const char *
read_flags(const char *at, struct field *field)
{
	for (;; at++)
		switch (*at) {
		case '-':
			field->flags |= FLAG_LEFT;
			break;
		case '+':
			field->flags |= FLAG_PLUS;
			break;
		case '#':
			field->flags |= FLAG_FORM;
			break;
		case ' ':
			field->flags |= FLAG_SPACE;
			break;
		case '0':
			field->flags |= FLAG_ZERO;
			break;
		default:
			return at;
		}
}

/* Digits, or the argument that '*' stands for. */
static const char *
read_amount(
    const char *at, struct stay_redis__arguments *arguments, int *amount)
{
	if (*at == '*') {
		*amount = va_arg(arguments->list, int);
		return at + 1;
	}
	for (*amount = 0; *at >= '0' && *at <= '9'; at++)
		*amount = *amount < INT_MAX / 10 ? *amount * 10 + (*at - '0')
						 : INT_MAX;
	return at;
}

/* A negative width means the flag -, a negative precision means none. */
static const char *
read_amounts(const char *at, struct stay_redis__arguments *arguments,
    struct field *field)
{
	if (*at == '*' || (*at >= '1' && *at <= '9')) {
		field->flags |= HAS_WIDTH;
		at = read_amount(at, arguments, &field->width);
	}
	if (field->width < 0) {
		field->flags |= FLAG_LEFT;
		field->width =
		    field->width == INT_MIN ? INT_MAX : -field->width;
	}
	if (*at == '.') {
		field->flags |= HAS_PRECISION;
		at = read_amount(at + 1, arguments, &field->precision);
	}
	if (field->precision < 0)
		field->precision = -1;
	return at;
}

static const char *
read_size(const char *at, struct field *field)
{
	static const struct {
		char text[3];
		unsigned char len;
		unsigned char size;
	} sizes[] = { { "hh", 2, SIZE_HH }, { "h", 1, SIZE_H },
		{ "ll", 2, SIZE_LL }, { "l", 1, SIZE_L }, { "z", 1, SIZE_Z },
		{ "j", 1, SIZE_J }, { "t", 1, SIZE_T } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (strncmp(at, sizes[i].text, sizes[i].len) == 0) {
			field->flags |= HAS_SIZE;
			field->size = sizes[i].size;
			return at + sizes[i].len;
		}
	return at;
}

static bool
is_allowed(const struct conversion *conversion, const struct field *field)
{
	if ((field->flags & ~conversion->allows) != 0)
		return false;
	return field->width <= FIELD_MAX &&
	       (field->precision <= FIELD_MAX || field->letter == 's');
}

/* NULL: there is no such letter. */
static const struct conversion *
conversion_of(struct field *field, char letter)
{
	const struct conversion *conversion;

	field->upper = letter >= 'A' && letter <= 'Z';
	field->letter = (char)(field->upper ? letter + ('a' - 'A') : letter);
	if (field->letter < 'a' || field->letter > 'z')
		return NULL;
	conversion = &conversions[field->letter - 'a'];
	if (conversion->put == NULL || (field->upper && !conversion->has_upper))
		return NULL;
	return conversion;
}

const char *
stay_redis__put_field(struct stay_redis__writer *writer, const char *at,
    struct stay_redis__arguments *arguments)
{
	struct field field = { .precision = -1 };
	const struct conversion *conversion;

	if (*at < 'a') {
		at = read_flags(at, &field);
		at = read_amounts(at, arguments, &field);
	}
	at = read_size(at, &field);
	conversion = conversion_of(&field, *at);
	if (conversion == NULL || !is_allowed(conversion, &field)) {
		fail(writer, "the format of the command has a percent sign "
			     "without a conversion, or one that is not known");
		return NULL;
	}
	return conversion->put(writer, &field, arguments) ? at + 1 : NULL;
}
