/*
 * stay/buf.h - bytes on their way out.
 *
 * A growing run of bytes, which a protocol's `encode` writes into. It grows by
 * doubling, up to its limit. If an append fails, the bytes already there stay
 * as they are.
 *
 *	static enum stay_status
 *	encode(struct stay_request *request, struct stay_buf *out)
 *	{
 *		const char *text = request->data;
 *
 *		return stay_buf_printf(out, "%s\r\n", text);
 *	}
 *
 * A buffer may be used in any thread, by one thread at a time. None of these
 * functions runs a callback.
 */
#ifndef STAY_BUF_H
#define STAY_BUF_H

#include <stay/bytes.h>
#include <stay/status.h>

STAY_BEGIN

/* The bytes are data[head .. tail). Read the fields, don't write them. */
struct stay_buf {
	char *data;
	size_t head;
	size_t tail;
	size_t cap;
	size_t limit; /* of bytes held at once; 0: no bound but memory */
};

/* Make an empty buffer. `limit` is in bytes; 0: none. Allocates nothing yet. */
STAY_API void stay_buf_init(struct stay_buf *buf, size_t limit);

/* Free the memory. The buffer is then as after stay_buf_init. */
STAY_API void stay_buf_fini(struct stay_buf *buf);

/*
 * Append bytes, a string, or formatted text. All is appended, or nothing. The
 * format is that of printf, the locale included.
 * Returns: STAY_OK; STAY_E_TOO_BIG past the limit; STAY_E_NOMEM; STAY_E_FORMAT
 * if printf fails.
 */
STAY_API enum stay_status stay_buf_append(
    struct stay_buf *buf, const void *bytes, size_t len);
STAY_API enum stay_status stay_buf_puts(struct stay_buf *buf, const char *text);
STAY_API enum stay_status stay_buf_printf(
    struct stay_buf *buf, const char *format, ...) STAY_PRINTF(2, 3);

/*
 * Append an integer, the most significant byte first ("network order", RFC 1700).
 * Returns as stay_buf_append.
 */
STAY_API enum stay_status stay_buf_u8(struct stay_buf *buf, uint8_t value);
STAY_API enum stay_status stay_buf_u16(struct stay_buf *buf, uint16_t value);
STAY_API enum stay_status stay_buf_u32(struct stay_buf *buf, uint32_t value);
STAY_API enum stay_status stay_buf_u64(struct stay_buf *buf, uint64_t value);

/*
 * Write over an integer that was appended before, `at` bytes behind the first:
 * a length that is known only when the rest is there.
 *
 *	size_t at = stay_buf_len(out);
 *	enum stay_status status = stay_buf_u32(out, 0);
 *
 *	if (status == STAY_OK)
 *		status = append_the_rest(out);
 *	if (status == STAY_OK)
 *		stay_buf_set_u32(out, at, (uint32_t)(stay_buf_len(out) - at));
 */
STAY_API void stay_buf_set_u8(struct stay_buf *buf, size_t at, uint8_t value);
STAY_API void stay_buf_set_u16(struct stay_buf *buf, size_t at, uint16_t value);
STAY_API void stay_buf_set_u32(struct stay_buf *buf, size_t at, uint32_t value);
STAY_API void stay_buf_set_u64(struct stay_buf *buf, size_t at, uint64_t value);

/*
 * Make room for `len` more bytes at the end. The caller writes up to so many
 * there, and appends so many of them with stay_buf_commit.
 * Returns where to write, until the next call on `buf`; NULL past the limit
 * (stay_buf_room is then less than `len`) or without memory.
 *
 * Where there is such room, appending up to so many bytes does not fail (with
 * stay_buf_printf, one less). So what has many fields is made room for first, and
 * then the status of each append needs no look:
 *
 *	if (stay_buf_reserve(out, HEAD_LEN + text.len) == NULL)
 *		return stay_buf_room(out) < HEAD_LEN + text.len ? STAY_E_TOO_BIG
 *								: STAY_E_NOMEM;
 *	(void)stay_buf_u8(out, TEXT);
 *	(void)stay_buf_u32(out, (uint32_t)text.len);
 *	return stay_buf_append(out, text.data, text.len);
 */
STAY_API char *stay_buf_reserve(struct stay_buf *buf, size_t len);
STAY_API void stay_buf_commit(struct stay_buf *buf, size_t len);

/* How many more bytes the limit allows; SIZE_MAX without a limit. */
STAY_API size_t stay_buf_room(const struct stay_buf *buf);

/* Remove the first `len` bytes; there must be so many. */
STAY_API void stay_buf_take(struct stay_buf *buf, size_t len);

/* Keep the first `len` bytes, and remove the others; there must be so many. */
STAY_API void stay_buf_cut(struct stay_buf *buf, size_t len);

/* The bytes, until the next call on `buf`; and how many there are. */
STAY_API struct stay_bytes stay_buf_bytes(const struct stay_buf *buf);
STAY_API size_t stay_buf_len(const struct stay_buf *buf);

STAY_END

#endif
