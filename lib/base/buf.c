/*
 * The growing run of bytes of <stay/buf.h>. This file knows neither what the
 * bytes mean nor where they go.
 */
#include <stay/buf.h>

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/bar.h"
#include "base/mem.h"

#define CAP_MIN 256u

/* From here on it grows by a quarter. */
#define CAP_LARGE ((size_t)256 << 10)

/* Half of the address space is no buffer; below it no sum here can overflow. */
#define CAP_MAX (SIZE_MAX / 4)

void
stay_buf_init(struct stay_buf *buf, size_t limit)
{
	*buf = (struct stay_buf){ .limit = limit };
}

void
stay_buf_fini(struct stay_buf *buf)
{
	stay__free(buf->data);
	stay_buf_init(buf, buf->limit);
}

/* The bytes of a buffer that gets no memory. */
static char barred[1];

void
stay__buf_bar(struct stay_buf *buf)
{
	*buf = (struct stay_buf){ .data = barred };
}

static inline size_t
room_of(const struct stay_buf *buf)
{
	if (buf->limit == 0)
		return SIZE_MAX;
	return buf->limit - (buf->tail - buf->head);
}

static void
compact(struct stay_buf *buf)
{
	size_t live = buf->tail - buf->head;

	if (buf->head > 0)
		memmove(buf->data, buf->data + buf->head, live);
	buf->head = 0;
	buf->tail = live;
}

/* A small buffer grows to twice its size. Of a large one that would leave as much
 * again unused, and it is mostly moved by the kernel, page by page. */
static size_t
next_cap(size_t cap)
{
	return cap < CAP_LARGE ? cap * 2 : cap + cap / 4;
}

/*
 * Make more than `len` bytes free behind the tail. The bytes are moved to the front
 * only if that frees at least as many bytes as it moves. Otherwise many small takes
 * from a long run would each move all of it.
 */
static bool
make_room(struct stay_buf *buf, size_t len)
{
	size_t live = buf->tail - buf->head;
	size_t cap = buf->cap < CAP_MIN ? CAP_MIN : buf->cap;
	bool won = buf->head >= live, fits;
	char *data;

	if (len >= CAP_MAX - live || buf->data == barred)
		return false;
	compact(buf);
	fits = buf->cap > live + len;
	if (fits && won)
		return true;
	if (fits)
		cap = next_cap(cap);
	while (cap <= live + len)
		cap = next_cap(cap);
	data = stay__realloc(buf->data, cap);
	if (data == NULL)
		return fits;
	buf->data = data;
	buf->cap = cap;
	return true;
}

/*
 * One byte more than asked for is always there. printf's NUL goes into it, and
 * reserving 0 bytes returns a valid pointer.
 */
static inline char *
reserve(struct stay_buf *buf, size_t len)
{
	if (len > room_of(buf))
		return NULL;
	if (len >= buf->cap - buf->tail && !make_room(buf, len))
		return NULL;
	return buf->data + buf->tail;
}

static enum stay_status
refusal(const struct stay_buf *buf, size_t len)
{
	return len > room_of(buf) ? STAY_E_TOO_BIG : STAY_E_NOMEM;
}

/* As append, with a look for room. */
static __attribute__((noinline)) enum stay_status
append_far(struct stay_buf *buf, const void *bytes, size_t len)
{
	char *end;

	if (len == 0)
		return STAY_OK;
	end = reserve(buf, len);
	if (end == NULL)
		return refusal(buf, len);
	memcpy(end, bytes, len);
	buf->tail += len;
	return STAY_OK;
}

/* Mostly there is room. */
static inline enum stay_status
append(struct stay_buf *buf, const void *bytes, size_t len)
{
	size_t tail = buf->tail;

	if (len == 0 || len >= buf->cap - tail || len > room_of(buf))
		return append_far(buf, bytes, len);
	buf->tail = tail + len;
	memcpy(buf->data + tail, bytes, len);
	return STAY_OK;
}

char *
stay_buf_reserve(struct stay_buf *buf, size_t len)
{
	return reserve(buf, len);
}

void
stay_buf_commit(struct stay_buf *buf, size_t len)
{
	assert(len <= buf->cap - buf->tail && len <= room_of(buf));
	buf->tail += len;
}

size_t
stay_buf_room(const struct stay_buf *buf)
{
	return room_of(buf);
}

enum stay_status
stay_buf_append(struct stay_buf *buf, const void *bytes, size_t len)
{
	return append(buf, bytes, len);
}

enum stay_status
stay_buf_puts(struct stay_buf *buf, const char *text)
{
	return append(buf, text, strlen(text));
}

/* ---- integers ---- */

static void
put(char *to, uint64_t value, size_t size)
{
	while (size-- > 0) {
		to[size] = (char)(value & 0xff);
		value >>= 8;
	}
}

static enum stay_status
append_integer(struct stay_buf *buf, uint64_t value, size_t size)
{
	char bytes[sizeof(value)];

	put(bytes, value, size);
	return append(buf, bytes, size);
}

static void
set_integer(struct stay_buf *buf, size_t at, uint64_t value, size_t size)
{
	assert(size <= buf->tail - buf->head &&
	       at <= buf->tail - buf->head - size);
	put(buf->data + buf->head + at, value, size);
}

/* clang-format off */
#define INTEGER(type, name)                                                    \
	enum stay_status                                                       \
	stay_buf_##name(struct stay_buf *buf, type value)                      \
	{                                                                      \
		return append_integer(buf, value, sizeof(value));              \
	}                                                                      \
                                                                               \
	void                                                                   \
	stay_buf_set_##name(struct stay_buf *buf, size_t at, type value)       \
	{                                                                      \
		set_integer(buf, at, value, sizeof(value));                    \
	}

INTEGER(uint8_t, u8)
INTEGER(uint16_t, u16)
INTEGER(uint32_t, u32)
INTEGER(uint64_t, u64)
/* clang-format on */

/* ---- text ---- */

/* Print into the free space, cut at its end. Returns what the text needs. */
STAY_PRINTF(2, 0)
static int
print(struct stay_buf *buf, const char *format, va_list args)
{
	char *end = buf->data == NULL ? NULL : buf->data + buf->tail;

	return vsnprintf(end, buf->cap - buf->tail, format, args);
}

/*
 * Mostly the text fits at once. If not, its length is known then, and it fits the
 * second time, unless the arguments change meanwhile.
 */
enum stay_status
stay_buf_printf(struct stay_buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = print(buf, format, args);
	va_end(args);
	if (len >= 0 && (size_t)len >= buf->cap - buf->tail) {
		if (reserve(buf, (size_t)len) == NULL)
			return refusal(buf, (size_t)len);
		va_start(args, format);
		len = print(buf, format, args);
		va_end(args);
	}
	if (len < 0 || (size_t)len >= buf->cap - buf->tail)
		return STAY_E_FORMAT;
	if ((size_t)len > room_of(buf))
		return STAY_E_TOO_BIG;
	buf->tail += (size_t)len;
	return STAY_OK;
}

/* An empty buffer begins again at its front, so that nothing has to be moved. */
static inline void
rewind_if_empty(struct stay_buf *buf)
{
	if (buf->head == buf->tail)
		buf->head = buf->tail = 0;
}

void
stay_buf_take(struct stay_buf *buf, size_t len)
{
	assert(len <= buf->tail - buf->head);
	buf->head += len;
	rewind_if_empty(buf);
}

void
stay_buf_cut(struct stay_buf *buf, size_t len)
{
	assert(len <= buf->tail - buf->head);
	buf->tail = buf->head + len;
	rewind_if_empty(buf);
}

struct stay_bytes
stay_buf_bytes(const struct stay_buf *buf)
{
	if (buf->data == NULL)
		return (struct stay_bytes){ "", 0 };
	return (
	    struct stay_bytes){ buf->data + buf->head, buf->tail - buf->head };
}

size_t
stay_buf_len(const struct stay_buf *buf)
{
	return buf->tail - buf->head;
}
