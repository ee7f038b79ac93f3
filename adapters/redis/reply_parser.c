/*
 * Cuts the bytes of a reply into lines and texts, and knows how far it has read.
 * What a line means is reply_types.c's, and the nodes are reply_tape.c's. This
 * file knows nothing of calls: sessions and pushes are session.c's, the meaning of
 * errors is words.c's.
 *
 * It reads whatever may come, and in pieces of any size. What is usual and has
 * arrived in one piece is read by reply_lone.c and reply_usual.c, which leave all
 * else to this file: all that is wrong is found here.
 *
 * Of the results below, STAY_REDIS__WHOLE says that the element is complete; only
 * stay_redis__parse_on says it of the frame.
 */
#include "reply_parser.h"

#include <string.h>

#include "reply_types.h"
#include "reply_usual.h"

static const char line_too_long[] = "a line is too long for its type";
static const char no_crlf[] = "a line does not end in CRLF";
static const char text_not_ended[] = "a string is not followed by CRLF";

static enum stay_redis__parsed
bad(struct stay_redis__parser *parser, const char *why)
{
	parser->why = why;
	return STAY_REDIS__BAD;
}

/* Read the text that a line has announced. */
static enum stay_redis__parsed
read_text(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	size_t from = parser->pos, end = from + parser->text_len;

	if (len - from < parser->text_len + 2)
		return STAY_REDIS__MORE;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return bad(parser, text_not_ended);
	if (parser->type == STAY_REDIS_VERBATIM) {
		if (bytes[from + 3] != ':')
			return bad(parser, "a verbatim string has no format");
		bytes[from + 3] = '\0';
		from += 4;
	}
	parser->why =
	    stay_redis__take_scalar(parser, parser->type, bytes, from, end);
	if (parser->why != NULL)
		return STAY_REDIS__BAD;
	parser->pos = end + 2;
	return STAY_REDIS__WHOLE;
}

/* Read a line of any length, when its end has arrived. */
static enum stay_redis__parsed
read_long_line(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, char *bytes, size_t len)
{
	size_t pos = parser->pos, end = len;
	size_t scan = parser->scan > pos ? parser->scan : pos;
	const char *newline = memchr(bytes + scan, '\n', len - scan);

	if (newline != NULL)
		end = (size_t)(newline - bytes);
	if (end - pos >= (size_t)type->line_max + 2)
		return bad(parser, line_too_long);
	if (newline == NULL) {
		parser->scan = len;
		return STAY_REDIS__MORE;
	}
	if (end - pos < 2 || bytes[end - 1] != '\r')
		return bad(parser, no_crlf);
	parser->why = type->take(parser, type, bytes, pos + 1, end - 1);
	if (parser->why != NULL)
		return STAY_REDIS__BAD;
	parser->pos = end + 1;
	return STAY_REDIS__WHOLE;
}

/* Read a marker and its line. */
static enum stay_redis__parsed
read_line(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	const struct stay_redis__type *type =
	    &stay_redis__types[(unsigned char)bytes[parser->pos]];

	if (type->take == NULL)
		return bad(parser, stay_redis__no_type);
	return read_long_line(parser, type, bytes, len);
}

/* Move the text of a chunk to the end of the chunks before it. */
static enum stay_redis__parsed
read_chunk_text(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	size_t from = parser->pos, end = from + parser->text_len;

	if (len - from < parser->text_len + 2)
		return STAY_REDIS__MORE;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return bad(parser, text_not_ended);
	memmove(bytes + parser->joined_to, bytes + from, parser->text_len);
	parser->joined_to += parser->text_len;
	parser->pos = end + 2;
	parser->state = STAY_REDIS__AT_CHUNK;
	return STAY_REDIS__WHOLE;
}

static enum stay_redis__parsed
read_chunk_line(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	if (bytes[parser->pos] != ';')
		return bad(parser, "a chunk of a streamed string is missing");
	return read_long_line(parser, &stay_redis__chunk, bytes, len);
}

static enum stay_redis__parsed
read_stream(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	return parser->state == STAY_REDIS__AT_CHUNK
		   ? read_chunk_line(parser, bytes, len)
		   : read_chunk_text(parser, bytes, len);
}

static inline enum stay_redis__parsed
read_element(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	if (parser->state == STAY_REDIS__AT_TEXT)
		return read_text(parser, bytes, len);
	if (parser->state == STAY_REDIS__AT_LINE)
		return read_line(parser, bytes, len);
	return read_stream(parser, bytes, len);
}

/* ---- a frame ---- */

static void
begin(struct stay_redis__parser *parser)
{
	stay_redis__tape_begin(&parser->tape);
	parser->pos = parser->scan = 0;
	parser->state = STAY_REDIS__AT_LINE;
}

enum stay_redis__parsed
stay_redis__parse_on(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	enum stay_redis__parsed parsed = STAY_REDIS__WHOLE;

	if (parser->state == STAY_REDIS__AT_FRAME)
		begin(parser);
	while (parsed == STAY_REDIS__WHOLE) {
		if (parser->state == STAY_REDIS__AT_LINE &&
		    parser->scan <= parser->pos)
			stay_redis__read_usual(parser, bytes, len);
		if (parser->state == STAY_REDIS__AT_FRAME) {
			parser->tape.nodes[0].at.base = bytes;
			return STAY_REDIS__WHOLE;
		}
		parsed = parser->pos < len ? read_element(parser, bytes, len)
					   : STAY_REDIS__MORE;
	}
	return parsed;
}

bool
stay_redis__parser_has_met_bound(const struct stay_redis__parser *parser)
{
	return parser->why == stay_redis__text_too_long ||
	       parser->why == stay_redis__too_many_elements;
}

size_t
stay_redis__parser_bytes_min(const struct stay_redis__parser *parser)
{
	if (parser->state != STAY_REDIS__AT_TEXT &&
	    parser->state != STAY_REDIS__AT_CHUNK_TEXT)
		return 0;
	return parser->pos + parser->text_len + 2;
}

void
stay_redis__parser_reset(struct stay_redis__parser *parser)
{
	parser->state = STAY_REDIS__AT_FRAME;
}

void
stay_redis__parser_fini(struct stay_redis__parser *parser)
{
	stay_redis__tape_fini(&parser->tape);
	parser->state = STAY_REDIS__AT_FRAME;
}
