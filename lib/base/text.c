/*
 * Writes one clause after the other into the caller's buffer. A clause may hold words
 * of a peer: what is not printable is escaped here, and nowhere else.
 */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* An escape is written whole or not at all. Nothing follows a character that had no
 * room. */
static void
put(struct stay__text *text, const char *from, size_t len)
{
	if (text->len + len < text->cap) {
		memcpy(text->at + text->len, from, len);
		text->at[text->len + len] = '\0';
	} else if (text->len < text->cap) {
		text->at[text->len] = '\0';
		text->cap = text->len;
	}
	text->len += len;
}

static void
put_escaped(struct stay__text *text, char c)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned byte = (unsigned char)c;
	const char escape[] = { '\\', 'x', digits[byte >> 4],
		digits[byte & 15] };

	put(text, escape, sizeof(escape));
}

void
stay__text_put(struct stay__text *text, const char *from)
{
	for (; *from != '\0'; from++)
		if (*from >= ' ' && *from <= '~')
			put(text, from, 1);
		else
			put_escaped(text, *from);
}

void
stay__text_vadd(struct stay__text *text, const char *format, va_list arguments)
{
	static const char more[] = "...";
	char clause[STAY__CLAUSE_MAX];
	int len = vsnprintf(clause, sizeof(clause), format, arguments);

	if (len < 0)
		return;
	if ((size_t)len >= sizeof(clause))
		memcpy(
		    clause + sizeof(clause) - sizeof(more), more, sizeof(more));
	stay__text_put(text, clause);
}

void
stay__text_add(struct stay__text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stay__text_vadd(text, format, arguments);
	va_end(arguments);
}

char *
stay__text_copy(const char *from)
{
	struct stay__text text = { NULL, 0, 0 };

	stay__text_put(&text, from);
	text.cap = text.len + 1;
	text.at = stay__zalloc(text.cap);
	text.len = 0;
	if (text.at != NULL)
		stay__text_put(&text, from);
	return text.at;
}

struct stay__duration
stay__duration_of(uint64_t ms)
{
	struct stay__duration is;
	const unsigned tenths = (unsigned)(ms / 100 % 10);

	if (ms < 1000)
		snprintf(is.text, sizeof(is.text), "%" PRIu64 " ms", ms);
	else if (ms >= UINT64_C(600) * 1000)
		snprintf(
		    is.text, sizeof(is.text), "%" PRIu64 " min", ms / 60000);
	else if (tenths == 0)
		snprintf(is.text, sizeof(is.text), "%" PRIu64 " s", ms / 1000);
	else
		snprintf(is.text, sizeof(is.text), "%" PRIu64 ".%u s",
		    ms / 1000, tenths);
	return is;
}
