/*
 * A string whose call takes it in pieces: its text goes to the call as it arrives,
 * whatever its length, and `done` gets an empty one at its end. All other replies, and
 * all that is wrong in the first line, are left to the parser.
 */
#include "pieces.h"

#include <string.h>

#include "number.h"

#define LINE_BYTES 21u /* "$", a count of 18 digits at most, CRLF */
#define FORMAT_LEN 4u  /* of a verbatim string: "txt:" */
#define END_LEN    2u  /* CRLF; every reply that is read whole is longer */

/* The line of a counted string: its length and the count. False: it is none, or its end
 * has not come. */
static bool
read_line(struct stay_bytes in, size_t *len, uint64_t *count)
{
	size_t max = in.len < LINE_BYTES ? in.len : LINE_BYTES;
	const char *newline = memchr(in.data, '\n', max);

	if (newline == NULL || newline[-1] != '\r')
		return false;
	*len = (size_t)(newline - in.data) + 1;
	return stay_redis__to_count(in.data + 1, *len - 3, count);
}

static bool
is_whole_line(struct stay_bytes in)
{
	return in.len >= LINE_BYTES || memchr(in.data, '\n', in.len) != NULL;
}

/* Nil and a streamed string have no count, and a verbatim one has its format. */
static bool
begins(struct stay_bytes in)
{
	uint64_t count;
	size_t len;

	if (in.data[0] != '$' && in.data[0] != '=')
		return false;
	if (!is_whole_line(in))
		return true;
	return read_line(in, &len, &count) &&
	       (in.data[0] == '$' || count >= FORMAT_LEN);
}

bool
stay_redis__pieces_come(
    const struct stay_redis__parser *parser, struct stay_bytes in)
{
	return parser->state == STAY_REDIS__AT_PIECES || begins(in);
}

static struct stay_frame
begin(struct stay_redis__parser *parser, struct stay_bytes in)
{
	uint64_t count;
	size_t from;

	if (!is_whole_line(in))
		return stay_frame_more();
	if (!read_line(in, &from, &count) || (size_t)count != count)
		return stay_frame_bad("a string of an impossible length");
	if (in.data[0] == '=') {
		from += FORMAT_LEN;
		count -= FORMAT_LEN;
		if (in.len < from)
			return stay_frame_more();
		if (in.data[from - 1] != ':')
			return stay_frame_bad(
			    "a verbatim string has no format");
	}
	parser->state = STAY_REDIS__AT_PIECES;
	parser->text_len = (size_t)count;
	return stay_frame_piece(from, from);
}

/* The text of `done` is empty, and may be kept like any other. */
static struct stay_frame
end(struct stay_session *session, struct stay_redis__parser *parser,
    struct stay_bytes in)
{
	if (in.len < END_LEN)
		return stay_frame_more();
	if (memcmp(in.data, "\r\n", END_LEN) != 0)
		return stay_frame_bad("a string is not followed by CRLF");
	stay_redis__tape_begin(&parser->tape);
	if (!stay_redis__tape_room(&parser->tape))
		return stay_frame_bad("no memory to read a reply");
	stay_redis__tape_set_one(
	    &parser->tape, in.data, STAY_REDIS_STRING, 0, 0);
	*stay_session_input(session) = '\0';
	stay_redis__parser_reset(parser);
	stay_redis__session_answered(session, STAY_REDIS_STRING);
	return stay_frame_reply(END_LEN, stay_redis__tape_reply(&parser->tape));
}

bool
stay_redis__pieces_are_over(const struct stay_frame *frame)
{
	return frame->len == END_LEN;
}

struct stay_frame
stay_redis__pieces_decode(struct stay_session *session, struct stay_bytes in)
{
	const struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__parser *parser = redis->parser;
	size_t len = in.len;

	if (parser->state != STAY_REDIS__AT_PIECES)
		return begin(parser, in);
	if (parser->text_len == 0)
		return end(session, parser, in);
	if (len > parser->text_len)
		len = parser->text_len;
	parser->text_len -= len;
	return stay_frame_piece(len, 0);
}
