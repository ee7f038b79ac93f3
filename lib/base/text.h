/* Text that grows at its end and is cut at its bound. */
#ifndef STAY__TEXT_H
#define STAY__TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stay/status.h>

struct stay__text {
	char *at;
	size_t cap;
	size_t len; /* what it would be without the bound */
};

void stay__text_add(struct stay__text *text, const char *format, ...)
    STAY_PRINTF(2, 3);

/* A duration, as people say it: "350 ms", "1.2 s", "40 s", "12 min". */
struct stay__duration {
	char text[32];
};

struct stay__duration stay__duration_of(uint64_t ms);

/* "350 ms", "1.2 s", "3 min". */
void stay__text_add_ms(struct stay__text *text, uint64_t ms);

#endif
