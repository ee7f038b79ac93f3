/* One clause after the other into a buffer of somebody else's. */
#include "base/text.h"

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
