/*
 * Writes a command into a stay_buf. The room that the buffer has anyway is the first
 * piece, and more is reserved in pieces: a command of the usual size costs one commit
 * and no reserve. A header may be written after the words it counts.
 */
#ifndef STAY_REDIS__FORMAT_WRITER_H
#define STAY_REDIS__FORMAT_WRITER_H

#include <stdbool.h>
#include <string.h>

#include <stay/buf.h>

#include "number.h"

/* `$` or `*`, 20 digits, CRLF, and the CRLF behind a word. */
#define STAY_REDIS__HEADER_MAX 25u

struct stay_redis__writer {
	struct stay_buf *out;
	char *start; /* of the bytes not committed yet */
	char *at;
	char *end;
	size_t base;             /* bytes that the buffer had before */
	enum stay_status status; /* why there was no room */
	const char *why;         /* with STAY_E_FORMAT: a static sentence */
};

extern const char stay_redis__word_is_null[];

/* What can be written without asking for more. */
static inline size_t
stay_redis__room_there(const struct stay_buf *out)
{
	size_t room = out->cap - out->tail;

	if (out->limit > 0 && room > out->limit - (out->tail - out->head))
		room = out->limit - (out->tail - out->head);
	return room;
}

/* Where the next byte of a buffer goes; NULL: it has no memory yet. */
static inline char *
stay_redis__room_at(const struct stay_buf *out)
{
	return out->data == NULL ? NULL : out->data + out->tail;
}

static inline void
stay_redis__writer_init(struct stay_redis__writer *writer, struct stay_buf *out)
{
	size_t room = stay_redis__room_there(out);

	writer->out = out;
	writer->start = writer->at = writer->end = NULL;
	if (room > 0) {
		writer->start = writer->at = out->data + out->tail;
		writer->end = writer->start + room;
	}
	writer->base = out->tail - out->head;
	writer->status = STAY_OK;
	writer->why = NULL;
}

/* Add the whole command to the buffer. Returns writer->status: not STAY_OK, and
 * nothing is added. */
static inline enum stay_status
stay_redis__writer_commit(struct stay_redis__writer *writer)
{
	stay_buf_commit(writer->out, (size_t)(writer->at - writer->start));
	return STAY_OK;
}

enum stay_status stay_redis__writer_cancel(
    struct stay_redis__writer *writer, enum stay_status status);

/* Make room for `len` more bytes at `at`. False: no room, writer->status says
 * why. */
bool stay_redis__writer_grow(struct stay_redis__writer *writer, size_t len);

static inline bool
stay_redis__room(struct stay_redis__writer *writer, size_t len)
{
	return (size_t)(writer->end - writer->at) >= len ||
	       stay_redis__writer_grow(writer, len);
}

/* `$0\r\n` to `$99\r\n`: nearly all words have one of these headers. All eight bytes of
 * one are copied at once, which costs less than to make it. */
extern const char stay_redis__headers[100][8];

/* `count` is below 100. There is room for eight bytes. */
static inline char *
stay_redis__put_short_header(char *at, size_t count)
{
	memcpy(at, stay_redis__headers[count], sizeof(stay_redis__headers[0]));
	return at + (count < 10 ? 4 : 5);
}

static inline char *
stay_redis__put_crlf(char *at)
{
	memcpy(at, "\r\n", 2);
	return at + 2;
}

/* `*3\r\n`: three words follow. `$3\r\n`: a text of three bytes follows. There is room
 * for STAY_REDIS__HEADER_MAX bytes. */
static inline char *
stay_redis__put_header(char *at, char marker, size_t count)
{
	char *end;

	if (count < 100)
		end = stay_redis__put_short_header(at, count);
	else
		end = stay_redis__put_crlf(
		    stay_redis__put_long_number(at + 1, count));
	*at = marker;
	return end;
}

/* Most texts are so short that a call of memcpy would cost more than the copy. */
static inline char *
stay_redis__put_text(char *at, const char *text, size_t len)
{
	if (len > 16) {
		memcpy(at, text, len);
	} else if (len >= 8) {
		memcpy(at, text, 8);
		memcpy(at + len - 8, text + len - 8, 8);
	} else if (len >= 4) {
		memcpy(at, text, 4);
		memcpy(at + len - 4, text + len - 4, 4);
	} else {
		if ((len & 1) != 0)
			*at = *text;
		if ((len & 2) != 0)
			memcpy(at + (len & 1), text + (len & 1), 2);
	}
	return at + len;
}

static inline bool
stay_redis__put_bytes(
    struct stay_redis__writer *writer, const char *bytes, size_t len)
{
	if (!stay_redis__room(writer, len))
		return false;
	writer->at = stay_redis__put_text(writer->at, bytes, len);
	return true;
}

/* Write `$3\r\nabc\r\n`. The caller has made room. */
static inline char *
stay_redis__put_argument(char *at, const char *text, size_t len)
{
	at = stay_redis__put_header(at, '$', len);
	at = stay_redis__put_text(at, text, len);
	return stay_redis__put_crlf(at);
}

/* Nearly all words are shorter, and so have a header of the kind that is copied. Any
 * of them fits with it into so much. */
#define STAY_REDIS__SHORT_MAX  64u
#define STAY_REDIS__SHORT_ROOM (STAY_REDIS__SHORT_MAX + STAY_REDIS__HEADER_MAX)

/* As stay_redis__put_text, without a call: sixteen at a time, the last sixteen with
 * what was copied already. */
static inline char *
stay_redis__put_short_text(char *at, const char *text, size_t len)
{
	if (len <= 16)
		return stay_redis__put_text(at, text, len);
	for (size_t i = 0; i < len - 16; i += 16)
		memcpy(at + i, text + i, 16);
	memcpy(at + len - 16, text + len - 16, 16);
	return at + len;
}

static inline char *
stay_redis__put_short_argument(char *at, const char *text, size_t len)
{
	at = stay_redis__put_short_header(at, len);
	at = stay_redis__put_short_text(at, text, len);
	return stay_redis__put_crlf(at);
}

static inline bool
stay_redis__put_word(
    struct stay_redis__writer *writer, const char *text, size_t len)
{
	if (len > SIZE_MAX - STAY_REDIS__HEADER_MAX) {
		writer->status = STAY_E_TOO_BIG;
		return false;
	}
	if (!stay_redis__room(writer, len + STAY_REDIS__HEADER_MAX))
		return false;
	writer->at = stay_redis__put_argument(writer->at, text, len);
	return true;
}

/* Where the next byte goes, as a number that stays true when memory moves; and
 * back. */
static inline size_t
stay_redis__writer_tell(const struct stay_redis__writer *writer)
{
	return writer->out->tail - writer->out->head +
	       (size_t)(writer->at - writer->start);
}

static inline char *
stay_redis__writer_seek(const struct stay_redis__writer *writer, size_t place)
{
	return writer->out->data + writer->out->head + place;
}

/*
 * Leave a gap for a header whose number is not known yet, and write it later. The gap
 * has room for one digit. If there are more, the bytes behind the gap are moved.
 */
#define STAY_REDIS__GAP 4u

static inline bool
stay_redis__gap(struct stay_redis__writer *writer, char marker, size_t *place)
{
	if (!stay_redis__room(writer, STAY_REDIS__GAP))
		return false;
	*place = stay_redis__writer_tell(writer);
	memcpy(writer->at, "?0\r\n", STAY_REDIS__GAP);
	writer->at[0] = marker;
	writer->at += STAY_REDIS__GAP;
	return true;
}

bool stay_redis__widen_gap(
    struct stay_redis__writer *writer, size_t place, size_t number);

static inline bool
stay_redis__fill_gap(
    struct stay_redis__writer *writer, size_t place, size_t number)
{
	if (number >= 10)
		return stay_redis__widen_gap(writer, place, number);
	stay_redis__writer_seek(writer, place)[1] = (char)('0' + number);
	return true;
}

#endif
