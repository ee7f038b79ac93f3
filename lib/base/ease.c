/*
 * When a buffer shrinks, and to what. This file does not know what the bytes
 * are for.
 */
#include "base/ease.h"

/* Without memory for the smaller one the larger one stays. */
static void
shrink(struct stay_buf *buf)
{
	size_t live = buf->tail - buf->head;
	struct stay_buf small = { .limit = buf->limit };

	if (live > 0 &&
	    stay_buf_append(&small, buf->data + buf->head, live) != STAY_OK)
		return;
	stay_buf_fini(buf);
	*buf = small;
}

void
stay__ease_large(struct stay_buf *buf, size_t used, uint8_t *uses)
{
	if (used > buf->cap / 8) {
		*uses = 0;
		return;
	}
	if (++*uses < STAY__EASE_USES)
		return;
	*uses = 0;
	shrink(buf);
}
