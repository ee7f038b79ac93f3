/*
 * The slower half of format_writer.h: more room in the buffer, errors, and
 * headers that turn out longer than expected.
 */
#include "format_writer.h"

#define TEN(tens)                                                              \
	"$" tens "0\r\n", "$" tens "1\r\n", "$" tens "2\r\n",                  \
	    "$" tens "3\r\n", "$" tens "4\r\n", "$" tens "5\r\n",              \
	    "$" tens "6\r\n", "$" tens "7\r\n", "$" tens "8\r\n",              \
	    "$" tens "9\r\n"

const char stay_redis__headers[100][8] = { TEN(""), TEN("1"), TEN("2"),
	TEN("3"), TEN("4"), TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9") };

/* How much room is reserved at once, if the buffer's bound allows. */
#define CHUNK 128u

bool
stay_redis__writer_grow(struct stay_redis__writer *writer, size_t len)
{
	size_t chunk = len < CHUNK ? CHUNK : len;
	char *room;

	if (writer->at != writer->start)
		stay_redis__writer_commit(writer);
	room = stay_buf_reserve(writer->out, chunk);
	if (room == NULL) {
		chunk = len;
		room = stay_buf_reserve(writer->out, chunk);
	}
	writer->start = writer->at = writer->end = room;
	if (room == NULL) {
		writer->status = stay_buf_room(writer->out) < len
				     ? STAY_E_TOO_BIG
				     : STAY_E_NOMEM;
		return false;
	}
	writer->end = room + stay_redis__room_there(writer->out);
	return true;
}

enum stay_status
stay_redis__writer_cancel(
    struct stay_redis__writer *writer, enum stay_status status)
{
	stay_buf_cut(writer->out, writer->base);
	return status;
}

bool
stay_redis__widen_gap(
    struct stay_redis__writer *writer, size_t place, size_t number)
{
	size_t len = stay_redis__writer_tell(writer) - place - STAY_REDIS__GAP;
	size_t header, more;
	char text[STAY_REDIS__HEADER_MAX], *gap;

	header = (size_t)(stay_redis__put_header(text, '?', number) - text);
	more = header - STAY_REDIS__GAP;
	if (!stay_redis__room(writer, more))
		return false;
	gap = stay_redis__writer_seek(writer, place);
	memmove(gap + header, gap + STAY_REDIS__GAP, len);
	memcpy(gap + 1, text + 1, header - 1);
	writer->at += more;
	return true;
}
