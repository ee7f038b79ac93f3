/*
 * stay/buf.h - bytes on their way out.
 *
 * A growing run of bytes that `encode` writes into. It grows by doubling up to
 * its limit; past the limit, or without memory, an append says so and leaves
 * the bytes already there untouched.
 *
 *	static enum stay_status
 *	encode(struct stay_request *request, struct stay_buf *out)
 *	{
 *		const char *text = request->data;
 *
 *		return stay_buf_printf(out, "%s\r\n", text);
 *	}
 *
 * A buffer belongs to one thread at a time. None of these functions calls back.
 */
#ifndef STAY_BUF_H
#define STAY_BUF_H

#include <stay/status.h>

STAY_BEGIN

/* The live bytes are data[head .. tail). Read the fields, don't write them. */
struct stay_buf {
	char *data;
	size_t head;
	size_t tail;
	size_t cap;
	size_t limit; /* most live bytes; 0: no bound but memory */
};

/* An empty buffer; allocates nothing yet. `limit` is in bytes. */
STAY_API void stay_buf_init(struct stay_buf *buf, size_t limit);

/* Gives the memory back; the buffer is then as after stay_buf_init. */
STAY_API void stay_buf_fini(struct stay_buf *buf);

/*
 * Room for `len` more bytes at the end, written by the caller and then counted
 * in with stay_buf_commit. The pointer lives until the next call on `buf`.
 * NULL: STAY_E_TOO_BIG past the limit, else no memory (ask stay_buf_room).
 */
STAY_API char *stay_buf_reserve(struct stay_buf *buf, size_t len);
STAY_API void stay_buf_commit(struct stay_buf *buf, size_t len);

/* How many more bytes the limit admits; SIZE_MAX without one. */
STAY_API size_t stay_buf_room(const struct stay_buf *buf);

/*
 * Append bytes, a string, or formatted text (as printf, locale included; no
 * bytes are appended unless all are).
 * Returns: STAY_OK, STAY_E_TOO_BIG past the limit, STAY_E_NOMEM, STAY_E_FORMAT.
 */
STAY_API enum stay_status stay_buf_append(
    struct stay_buf *buf, const void *bytes, size_t len);
STAY_API enum stay_status stay_buf_puts(struct stay_buf *buf, const char *text);
STAY_API enum stay_status stay_buf_printf(
    struct stay_buf *buf, const char *format, ...) STAY_PRINTF(2, 3);

/* Drop `len` bytes at the front (take) or all but the first `len` (cut). */
STAY_API void stay_buf_take(struct stay_buf *buf, size_t len);
STAY_API void stay_buf_cut(struct stay_buf *buf, size_t len);

/* The live bytes; the view lives until the next call on `buf`. */
STAY_API struct stay_bytes stay_buf_bytes(const struct stay_buf *buf);
STAY_API size_t stay_buf_len(const struct stay_buf *buf);

STAY_END

#endif
