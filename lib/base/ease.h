/*
 * Lets a buffer shrink that one large message has grown: it is made smaller
 * when many uses in a row needed little of it. Then a steady stream of messages
 * neither keeps the memory of a large one, nor allocates for each of its own.
 */
#ifndef STAY__EASE_H
#define STAY__EASE_H

#include <stdint.h>

#include <stay/buf.h>

/* A buffer of so many bytes never shrinks. */
#define STAY__EASE_CAP  65536u
/* So many uses in a row have to need an eighth of it, or less. */
#define STAY__EASE_USES 64u

void stay__ease_large(struct stay_buf *buf, size_t used, uint8_t *uses);

/* A use that needed `used` bytes of the buffer is over. *uses counts those that
 * needed little of a large buffer, in a row; it begins as 0. */
static inline void
stay__ease(struct stay_buf *buf, size_t used, uint8_t *uses)
{
	if (buf->cap > STAY__EASE_CAP)
		stay__ease_large(buf, used, uses);
}

#endif
