/* Text that grows at its end and is cut at its bound. */
#ifndef STAY__TEXT_H
#define STAY__TEXT_H

#include <stddef.h>

#include <stay/status.h>

struct stay__text {
	char *at;
	size_t cap;
	size_t len; /* what it would be without the bound */
};

void stay__text_add(struct stay__text *text, const char *format, ...)
    STAY_PRINTF(2, 3);

#endif
