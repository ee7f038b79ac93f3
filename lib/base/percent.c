/*
 * Characters and percent-escapes of URLs. This file knows which characters each
 * part of a URL may have, but not how the parts are put together.
 */
#include "base/percent.h"

#include <string.h>

/* Section 2 of the RFC; letters and digits are in every set. */
#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* What may stand in a part unescaped, and what is said about the rest. */
struct rule {
	const char *plain;
	const char *control;
	const char *unescaped;
	const char *escape;
	const char *nul;
};

/*
 * A '@' in user or password should be escaped, but is accepted: the last '@' of the
 * authority is the separator, so there is only one way to read the URL.
 */
/* clang-format off */
static const struct rule rules[] = {
#define RULE(part, noun, plain)                                                \
	[STAY__PART_##part] = { plain,                                         \
	    "the " noun " contains a control character",                       \
	    "the " noun " contains a character that must be percent-escaped",  \
	    "the " noun " contains a bad percent-escape",                      \
	    "the " noun " contains an escaped NUL" },
	RULE(SCHEME,   "scheme",       "+-.")
	RULE(USER,     "user",         UNRESERVED SUB_DELIMS "@")
	RULE(PASSWORD, "password",     UNRESERVED SUB_DELIMS "@:")
	RULE(HOST,     "host",         UNRESERVED SUB_DELIMS)
	RULE(ADDRESS,  "IPv6 address", UNRESERVED ":")
	RULE(PATH,     "path",         UNRESERVED SUB_DELIMS "@:/")
	RULE(QUERY,    "query",        UNRESERVED SUB_DELIMS "@:/?")
#undef RULE
};
/* clang-format on */

bool
stay__part_admits(enum stay__part part, char c)
{
	if (stay__is_letter(c) || stay__is_digit(c))
		return true;
	return c != '\0' && strchr(rules[part].plain, c) != NULL;
}

/* The value of a hexadecimal digit, or -1. */
static int
hex_value(char c)
{
	if (stay__is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
stay__hex_pair(const char *digits)
{
	int high = hex_value(digits[0]);
	int low = high < 0 ? -1 : hex_value(digits[1]);

	return low < 0 ? -1 : high * 16 + low;
}

/* The byte that an escape at the front of `text` stands for, or -1. */
static int
escaped_value(struct stay_bytes text)
{
	return text.len < 3 ? -1 : stay__hex_pair(text.data + 1);
}

char
stay__percent_take(struct stay_bytes *text)
{
	bool escaped = text->data[0] == '%';
	char c = escaped ? (char)escaped_value(*text) : text->data[0];
	size_t used = escaped ? 3 : 1;

	text->data += used;
	text->len -= used;
	return c;
}

const char *
stay__part_fault(enum stay__part part, struct stay_bytes text)
{
	const struct rule *rule = &rules[part];

	for (; text.len > 0; stay__percent_take(&text)) {
		unsigned char c = (unsigned char)text.data[0];
		int value = c == '%' ? escaped_value(text) : c;

		if (value < 0)
			return rule->escape;
		if (value == 0)
			return rule->nul;
		if (c < 0x20 || c == 0x7f)
			return rule->control;
		if (c != '%' && !stay__part_admits(part, (char)c))
			return rule->unescaped;
	}
	return NULL;
}

size_t
stay__percent_put(char to[3], enum stay__part part, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	to[0] = c;
	if (stay__part_admits(part, c))
		return 1;
	to[0] = '%';
	to[1] = digits[(unsigned char)c >> 4];
	to[2] = digits[(unsigned char)c & 15];
	return 3;
}

void
stay__percent_write(
    char *to, size_t size, enum stay__part part, const char *text)
{
	static const char more[] = "...";
	char piece[3];
	size_t used = 0, len;

	for (; *text != '\0'; text++, used += len) {
		len = stay__percent_put(piece, part, *text);
		if (used + len >= size)
			break;
		memcpy(to + used, piece, len);
	}
	to[used] = '\0';
	if (*text != '\0' && size >= sizeof(more))
		memcpy(to + size - sizeof(more), more, sizeof(more));
}
