/*
 * The table of RESP's types, and what each does with its line: a scalar is checked
 * and becomes a node, a count announces text or children. This file does not know
 * where a line ends; that is reply_parser.c's.
 */
#include "reply_types.h"

#include <string.h>

#include "number.h"

const char stay_redis__text_too_long[] =
    "a string is longer than reply_bytes_max";

static const char no_stream[] = "an end of nothing";

/* ---- scalars ---- */

static bool
is_line(const char *text, size_t len)
{
	return memchr(text, '\r', len) == NULL;
}

static bool
is_int64(const char *text, size_t len)
{
	int64_t value;

	return stay_redis__to_int64(text, len, &value);
}

static bool
is_bool(const char *text, size_t len)
{
	return len == 1 && (text[0] == 't' || text[0] == 'f');
}

static bool
is_empty(const char *text, size_t len)
{
	(void)text;
	return len == 0;
}

static const char *
take_scalar(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, char *bytes, size_t from, size_t to)
{
	if (!type->is_valid(bytes + from, to - from))
		return type->invalid;
	return stay_redis__take_scalar(parser, type->type, bytes, from, to);
}

/* ---- what is counted ---- */

static const char *
begin_text(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, uint64_t count)
{
	if (count > parser->text_max)
		return stay_redis__text_too_long;
	if (type->type == STAY_REDIS_VERBATIM && count < 4)
		return "a verbatim string has no format";
	parser->state = STAY_REDIS__AT_TEXT;
	parser->type = type->type;
	parser->text_len = (size_t)count;
	return NULL;
}

static const char *
open_aggregate(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, size_t left, uint64_t count)
{
	struct stay_redis__tape *tape = &parser->tape;
	const char *why = stay_redis__tape_refuses(tape, type->type, count);
	size_t len = (size_t)count;

	if (why != NULL)
		return why;
	if (!stay_redis__tape_room(tape))
		return stay_redis__tape_why(tape);
	if (left == 0) {
		stay_redis__finish(
		    parser, stay_redis__tape_add(tape, type->type, left, len));
		return NULL;
	}
	stay_redis__tape_open(tape, type->type, left, len);
	parser->state = STAY_REDIS__AT_LINE;
	return NULL;
}

static const char *
begin_aggregate(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, uint64_t count)
{
	count *= type->children;
	return open_aggregate(parser, type, (size_t)count, count);
}

static const char *
take_counted(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, char *bytes, size_t from, size_t to)
{
	const char *line = bytes + from;
	size_t len = to - from;
	uint64_t count;

	if (stay_redis__to_count(line, len, &count))
		return type->begin(parser, type, count);
	if (type->has_nil && len == 2 && line[0] == '-' && line[1] == '1')
		return stay_redis__take_scalar(
		    parser, STAY_REDIS_NIL, bytes, to, to);
	if (type->stream != NULL && len == 1 && line[0] == '?')
		return type->stream(parser, type, 0);
	return "not a count";
}

/* ---- streamed types: their length comes with their end ---- */

static const char *
stream_aggregate(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, uint64_t count)
{
	(void)count;
	return open_aggregate(parser, type, STAY_REDIS__STREAMED, 0);
}

static const char *
stream_text(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, uint64_t count)
{
	(void)count;
	parser->type = type->type;
	parser->joined = SIZE_MAX;
	parser->state = STAY_REDIS__AT_CHUNK;
	return NULL;
}

/* `.`: the innermost aggregate, a streamed one, is complete. */
static const char *
take_end(struct stay_redis__parser *parser, const struct stay_redis__type *type,
    char *bytes, size_t from, size_t to)
{
	struct stay_redis__tape *tape = &parser->tape;
	const struct stay_redis_reply *node;

	(void)type;
	(void)bytes;
	if (from != to || tape->open == 0)
		return no_stream;
	node = &tape->nodes[tape->open];
	if (node->at.left < STAY_REDIS__STREAMED)
		return no_stream;
	if (tape->attribute != 0)
		return "an attribute is about nothing";
	if (node->type == STAY_REDIS_MAP && node->len % 2 != 0)
		return "a key has no value";
	stay_redis__finish(parser, stay_redis__tape_leave(tape));
	return NULL;
}

/* `;4`: four bytes follow. `;0`: the string is complete. */
static const char *
take_chunk(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, char *bytes, size_t from, size_t to)
{
	uint64_t count;

	(void)type;
	if (!stay_redis__to_count(bytes + from, to - from, &count))
		return "not a count";
	if (parser->joined == SIZE_MAX)
		parser->joined = parser->joined_to = from;
	if (count > parser->text_max - (parser->joined_to - parser->joined))
		return stay_redis__text_too_long;
	if (count == 0)
		return stay_redis__take_scalar(parser, parser->type, bytes,
		    parser->joined, parser->joined_to);
	parser->text_len = (size_t)count;
	parser->state = STAY_REDIS__AT_CHUNK_TEXT;
	return NULL;
}

/* ---- the table ---- */

#define SHORT 32u /* a sign and 20 digits, and some zeros */
#define ANY   (UINT32_MAX - 2)

#define SCALAR(name, line, valid, wrong)                                       \
	{                                                                      \
		.take = take_scalar, .is_valid = valid, .invalid = wrong,      \
		.line_max = line, .type = STAY_REDIS_##name                    \
	}
#define TEXT(name, ...)                                                        \
	{                                                                      \
		.take = take_counted, .begin = begin_text, .line_max = SHORT,  \
		.type = STAY_REDIS_##name, __VA_ARGS__                         \
	}
#define AGGREGATE(name, each, ...)                                             \
	{                                                                      \
		.take = take_counted, .begin = begin_aggregate,                \
		.line_max = SHORT, .type = STAY_REDIS_##name,                  \
		.children = each, __VA_ARGS__                                  \
	}

/* clang-format off */
const struct stay_redis__type stay_redis__types[256] = {
	['+'] = SCALAR(STATUS, ANY, is_line, "a line does not end in CRLF"),
	['-'] = SCALAR(ERROR, ANY, is_line, "a line does not end in CRLF"),
	[':'] = SCALAR(INTEGER, SHORT, is_int64, "not a 64-bit integer"),
	['('] = SCALAR(BIG_NUMBER, ANY, stay_redis__is_integer, "not a big number"),
	[','] = SCALAR(DOUBLE, STAY_REDIS__DOUBLE_MAX, stay_redis__is_double, "not a double"),
	['#'] = SCALAR(BOOL, SHORT, is_bool, "a boolean is neither t nor f"),
	['_'] = SCALAR(NIL, SHORT, is_empty, "a null has a value"),
	['$'] = TEXT(STRING, .has_nil = true, .stream = stream_text),
	['!'] = TEXT(ERROR, .stream = NULL),
	['='] = TEXT(VERBATIM, .stream = NULL),
	['*'] = AGGREGATE(ARRAY, 1, .has_nil = true, .stream = stream_aggregate),
	['%'] = AGGREGATE(MAP, 2, .stream = stream_aggregate),
	['~'] = AGGREGATE(SET, 1, .stream = stream_aggregate),
	['>'] = AGGREGATE(PUSH, 1, .stream = NULL),
	['|'] = AGGREGATE(ATTRIBUTE, 2, .stream = NULL),
	['.'] = { .take = take_end, .line_max = SHORT },
};
/* clang-format on */

const struct stay_redis__type stay_redis__chunk = { .take = take_chunk,
	.line_max = SHORT };
