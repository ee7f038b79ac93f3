/* One clause after the other into a buffer of somebody else's. */
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void
stay__text_add(struct stay__text *text, const char *format, ...)
{
	size_t used = text->len < text->cap ? text->len : text->cap;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text->cap > 0 ? text->at + used : NULL,
	    text->cap - used, format, arguments);
	va_end(arguments);
	if (len > 0)
		text->len += (size_t)len;
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

void
stay__text_add_ms(struct stay__text *text, uint64_t ms)
{
	if (ms < 1000)
		stay__text_add(text, "%u ms", (unsigned)ms);
	else if (ms < 10 * 1000)
		stay__text_add(text, "%u.%u s", (unsigned)(ms / 1000),
		    (unsigned)(ms % 1000 / 100));
	else if (ms < 600 * 1000)
		stay__text_add(text, "%u s", (unsigned)(ms / 1000));
	else
		stay__text_add(
		    text, "%llu min", (unsigned long long)(ms / 60000));
}
