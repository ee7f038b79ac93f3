/*
 * stay/bytes.h - bytes that have arrived.
 *
 * What most `decode` functions need: lines and words where a protocol is text, and
 * fields where it is binary.
 *
 *	"VALUE key 42 5\r\n"
 *
 *	struct stay_bytes words[4];
 *	uint64_t flags, len;
 *
 *	if (stay_bytes_words(line, words, 4) != 4 ||
 *	    !stay_bytes_number(words[2], 10, UINT32_MAX, &flags) ||
 *	    !stay_bytes_number(words[3], 10, VALUE_LEN_MAX, &len))
 *		return stay_frame_bad("a VALUE line that makes no sense");
 *
 * All views that these functions return point into the bytes that they were given, and
 * live as long as those. Nothing is copied, and nothing is allocated. A view may be
 * empty; its `data` is NULL only where that is said. The functions may be called in any
 * thread, and from every callback.
 */
#ifndef STAY_BYTES_H
#define STAY_BYTES_H

#include <stdbool.h>
#include <string.h>

#include <stay/status.h>

STAY_BEGIN

/* ---- lines and words ---- */

/* A view of a text, without its NUL. */
static inline struct stay_bytes
stay_bytes_of(const char *text)
{
	struct stay_bytes bytes = { text, strlen(text) };

	return bytes;
}

/*
 * For `decode`: how many bytes the first line of `in` has, with its "\n"; 0 if it is
 * not whole yet. *seen (0 at first, at home in the session block) is how far was
 * looked: the next time only new bytes are. It is 0 again after a whole line.
 */
STAY_API size_t stay_bytes_line(struct stay_bytes in, size_t *seen);

/*
 * Cut `line` into words, between which there are spaces, tabs, "\r" or "\n".
 * Returns how many there are, which may be more than `max`: `words` gets the first
 * `max` of them.
 */
STAY_API size_t stay_bytes_words(
    struct stay_bytes line, struct stay_bytes *words, size_t max);

/* Whether the bytes are this text; or have it at their front. */
STAY_API bool stay_bytes_is(struct stay_bytes bytes, const char *text);
STAY_API bool stay_bytes_begin(struct stay_bytes bytes, const char *text);

/* What stands behind the first `text` in the bytes, up to their end. `data` is NULL if
 * the text is not there. */
STAY_API struct stay_bytes stay_bytes_behind(
    struct stay_bytes bytes, const char *text);

/* Whether the text is somewhere in the bytes. */
static inline bool
stay_bytes_has(struct stay_bytes bytes, const char *text)
{
	return stay_bytes_behind(bytes, text).data != NULL;
}

/* What stands before the first byte that is one of `ends`; all, if none is. */
STAY_API struct stay_bytes stay_bytes_until(
    struct stay_bytes bytes, const char *ends);

/*
 * The number that the bytes are, all of them: digits of this base (2 to 16), without a
 * sign, and not more than `max`.
 * Returns: whether they are; else *value is as it was.
 */
STAY_API bool stay_bytes_number(
    struct stay_bytes bytes, unsigned base, uint64_t max, uint64_t *value);

/* ---- fields ---- */

/* The integer at `bytes`, the most significant byte first; they need no alignment. */
static inline uint8_t
stay_bytes_u8(const char *bytes)
{
	return (uint8_t)*bytes;
}

static inline uint16_t
stay_bytes_u16(const char *bytes)
{
	return (uint16_t)(stay_bytes_u8(bytes) << 8 | stay_bytes_u8(bytes + 1));
}

static inline uint32_t
stay_bytes_u32(const char *bytes)
{
	return (uint32_t)stay_bytes_u16(bytes) << 16 |
	       stay_bytes_u16(bytes + 2);
}

static inline uint64_t
stay_bytes_u64(const char *bytes)
{
	return (uint64_t)stay_bytes_u32(bytes) << 32 |
	       stay_bytes_u32(bytes + 4);
}

/*
 * Bytes that are read from their front, field by field. Reading past the end gives 0 or
 * an empty view, and so does all reading behind it: it is enough to look at `failed`
 * once, when all is read.
 *
 *	struct stay_reader body = stay_reader_of(bytes);
 *	uint16_t id = stay_reader_u16(&body);
 *	struct stay_bytes topic =
 *	    stay_reader_bytes(&body, stay_reader_u16(&body));
 *
 *	if (!stay_reader_is_done(&body))
 *		return stay_frame_bad("a message of another length");
 */
struct stay_reader {
	struct stay_bytes rest; /* what is not read yet */
	bool failed;            /* there was less than was to be read */
};

static inline struct stay_reader
stay_reader_of(struct stay_bytes bytes)
{
	struct stay_reader reader = { bytes, false };

	return reader;
}

/* The next integer, the most significant byte first. */
STAY_API uint8_t stay_reader_u8(struct stay_reader *reader);
STAY_API uint16_t stay_reader_u16(struct stay_reader *reader);
STAY_API uint32_t stay_reader_u32(struct stay_reader *reader);
STAY_API uint64_t stay_reader_u64(struct stay_reader *reader);

/* The next `len` bytes; or the text up to the next NUL, which is read, too. Such a text
 * is a C string; so is the empty one that is returned where there is no NUL. */
STAY_API struct stay_bytes stay_reader_bytes(
    struct stay_reader *reader, size_t len);
STAY_API struct stay_bytes stay_reader_string(struct stay_reader *reader);

/* Whether all bytes were read, and there were enough. */
STAY_API bool stay_reader_is_done(const struct stay_reader *reader);

STAY_END

#endif
