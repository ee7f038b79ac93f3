/*
 * Parses RESP2 and RESP3 from bytes to a tape. It can stop and go on at any
 * byte, and it has no recursion: while an aggregate is open, its node says how
 * many children are still to come and which aggregate contains it. So the tape
 * is the stack. Memory is allocated as nodes arrive, never because of a count
 * that the server announced. This file knows nothing of calls; sessions and
 * pushes are session.c's, the meaning of errors is words.c's.
 */
#include "reply_tape.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"

/* A tape starts small; past SPARE nodes it shrinks when it is hardly used. */
#define TAPE_FIRST 4u
#define TAPE_SPARE 2048u

struct kind;

/* Take the element whose line is bytes[from .. to), CRLF excluded. Returns what
 * is wrong with it, or NULL. */
typedef const char *take_fn(struct stay_redis__parser *parser,
    const struct kind *kind, char *bytes, size_t from, size_t to);

/* Begin what has so many bytes, or children. */
typedef const char *begin_fn(
    struct stay_redis__parser *parser, const struct kind *kind, uint64_t count);

/* What the marker of an element means. */
struct kind {
	take_fn *take;
	begin_fn *begin;   /* of a type whose line is a count; else NULL */
	uint32_t line_max; /* of the marker and its line; longer is nonsense */
	uint8_t type;
	uint8_t children; /* how many a count of one stands for */
	bool has_nil;     /* -1 is RESP2's nil */
	begin_fn
	    *stream; /* begin what is of unknown length; NULL: nothing is */
};

static const char too_long[] = "a line is too long for its type";
static const char no_crlf[] = "a line does not end in CRLF";
static const char no_memory[] = "there is no memory for the reply";
static const char too_many[] = "a reply has more than elements_max elements";
static const char too_long_text[] = "a string is longer than reply_bytes_max";
static const char no_crlf_behind[] = "a string is not followed by CRLF";
static const char no_format[] = "a verbatim string has no format";

/* Room for another node; false, and parser->why, if there is none. */
static bool
grow(struct stay_redis__parser *parser)
{
	uint32_t max = parser->elements_max + 1, cap = TAPE_FIRST;
	struct stay_redis_reply *nodes;

	parser->why = too_many;
	if (parser->used >= max)
		return false;
	if (parser->cap > 0)
		cap = parser->cap > max / 2 ? max : parser->cap * 2;
	if (cap > max)
		cap = max;
	parser->why = no_memory;
	nodes = realloc(parser->nodes, cap * sizeof(*nodes));
	if (nodes == NULL)
		return false;
	parser->nodes = nodes;
	parser->cap = cap;
	return true;
}

/* A tape that one large reply has grown is not kept for small ones. */
static void
shrink(struct stay_redis__parser *parser)
{
	if (parser->cap <= TAPE_SPARE || parser->used > parser->cap / 4)
		return;
	free(parser->nodes);
	parser->nodes = NULL;
	parser->cap = 0;
}

static void
begin(struct stay_redis__parser *parser)
{
	shrink(parser);
	parser->used = 1;
	parser->open = parser->depth = parser->attribute = 0;
	parser->pos = parser->scan = 0;
	parser->state = STAY_REDIS__AT_LINE;
}

/* Append a node; NULL, and parser->why, if there is no room. */
static inline struct stay_redis_reply *
add(struct stay_redis__parser *parser, unsigned type, size_t offset, size_t len)
{
	struct stay_redis_reply *node;

	if (parser->used >= parser->cap && !grow(parser))
		return NULL;
	node = &parser->nodes[parser->used];
	node->at.offset = offset;
	node->len = len;
	node->index = parser->used++;
	node->attribute = parser->attribute;
	node->type = (uint8_t)type;
	node->last = type == STAY_REDIS_ATTRIBUTE || parser->open == 0 ||
		     parser->nodes[parser->open].at.left == 1;
	parser->attribute = 0;
	return node;
}

/* A node is whole, and so may be the aggregates that it is the last of. */
static inline void
finish(struct stay_redis__parser *parser, struct stay_redis_reply *node)
{
	uint32_t child;

	for (;;) {
		node->next = parser->used;
		if (node->type == STAY_REDIS_ATTRIBUTE) {
			parser->attribute = node->index;
			break;
		}
		if (parser->open == 0) {
			parser->state = STAY_REDIS__AT_FRAME;
			return;
		}
		child = node->index;
		node = &parser->nodes[parser->open];
		if (node->at.left >= STAY_REDIS__STREAMED) {
			node->at.left = STAY_REDIS__STREAMED | child;
			node->len++;
			break;
		}
		if (--node->at.left > 0)
			break;
		parser->open = node->next;
		parser->depth--;
	}
	parser->state = STAY_REDIS__AT_LINE;
}

/* The scalar bytes[from .. to) is whole. */
static inline const char *
scalar(struct stay_redis__parser *parser, unsigned type, char *bytes,
    size_t from, size_t to)
{
	struct stay_redis_reply *node = add(parser, type, from, to - from);

	if (node == NULL)
		return parser->why;
	bytes[to] = '\0';
	finish(parser, node);
	return NULL;
}

static const char *
take_scalar(struct stay_redis__parser *parser, unsigned type, char *bytes,
    size_t from, size_t to)
{
	return scalar(parser, type, bytes, from, to);
}

static const char *
take_text(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	if (memchr(bytes + from, '\r', to - from) != NULL)
		return no_crlf;
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
take_integer(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	int64_t value;

	if (!stay_redis__to_int64(bytes + from, to - from, &value))
		return "not a 64-bit integer";
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
take_big_number(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	if (!stay_redis__is_integer(bytes + from, to - from))
		return "not a big number";
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
take_double(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	if (!stay_redis__is_double(bytes + from, to - from))
		return "not a double";
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
take_bool(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	if (to - from != 1 || (bytes[from] != 't' && bytes[from] != 'f'))
		return "a boolean is neither t nor f";
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
take_null(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	if (from != to)
		return "a null has a value";
	return take_scalar(parser, kind->type, bytes, from, to);
}

static const char *
begin_text(
    struct stay_redis__parser *parser, const struct kind *kind, uint64_t count)
{
	if (count > parser->text_max)
		return too_long_text;
	if (kind->type == STAY_REDIS_VERBATIM && count < 4)
		return no_format;
	parser->state = STAY_REDIS__AT_TEXT;
	parser->type = kind->type;
	parser->text_len = (size_t)count;
	return NULL;
}

/* An aggregate is open from now on. */
static const char *
open_aggregate(struct stay_redis__parser *parser, const struct kind *kind,
    size_t left, size_t len)
{
	struct stay_redis_reply *node;

	if (kind->type == STAY_REDIS_PUSH && parser->open != 0)
		return "a push is inside a reply";
	if (parser->depth >= parser->depth_max)
		return "a reply is nested deeper than depth_max";
	node = add(parser, kind->type, left, len);
	if (node == NULL)
		return parser->why;
	if (left == 0) {
		finish(parser, node);
		return NULL;
	}
	node->next = parser->open;
	parser->open = node->index;
	parser->depth++;
	parser->state = STAY_REDIS__AT_LINE;
	return NULL;
}

/* What is promised and what has come are bounded together. */
static const char *
begin_aggregate(
    struct stay_redis__parser *parser, const struct kind *kind, uint64_t count)
{
	count *= kind->children;
	if (parser->used > parser->elements_max ||
	    count > parser->elements_max - parser->used)
		return too_many;
	return open_aggregate(parser, kind, (size_t)count, (size_t)count);
}

/* ---- streamed types: their length comes with their end ---- */

static const char *
stream_aggregate(
    struct stay_redis__parser *parser, const struct kind *kind, uint64_t count)
{
	(void)count;
	return open_aggregate(parser, kind, STAY_REDIS__STREAMED, 0);
}

static const char *
stream_text(
    struct stay_redis__parser *parser, const struct kind *kind, uint64_t count)
{
	(void)count;
	parser->type = kind->type;
	parser->joined = SIZE_MAX;
	parser->state = STAY_REDIS__AT_CHUNK;
	return NULL;
}

/* `.`: the innermost aggregate, a streamed one, is whole. */
static const char *
take_end(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	struct stay_redis_reply *node;

	(void)kind;
	(void)bytes;
	if (from != to || parser->open == 0)
		return "an end of nothing";
	node = &parser->nodes[parser->open];
	if (node->at.left < STAY_REDIS__STREAMED)
		return "an end of nothing";
	if (parser->attribute != 0)
		return "an attribute is about nothing";
	if (node->type == STAY_REDIS_MAP && node->len % 2 != 0)
		return "a key has no value";
	if (node->len > 0)
		parser->nodes[node->at.left - STAY_REDIS__STREAMED].last = true;
	parser->open = node->next;
	parser->depth--;
	finish(parser, node);
	return NULL;
}

/* `;4`: so many bytes follow, and with none of them the string is whole. */
static const char *
take_chunk(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	uint64_t count;

	(void)kind;
	if (!stay_redis__to_count(bytes + from, to - from, &count))
		return "not a count";
	if (parser->joined == SIZE_MAX)
		parser->joined = parser->joined_to = from;
	if (count > parser->text_max - (parser->joined_to - parser->joined))
		return too_long_text;
	if (count == 0)
		return take_scalar(parser, parser->type, bytes, parser->joined,
		    parser->joined_to);
	parser->text_len = (size_t)count;
	parser->state = STAY_REDIS__AT_CHUNK_TEXT;
	return NULL;
}

static const char *
take_counted(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t from, size_t to)
{
	const char *line = bytes + from;
	size_t len = to - from;
	uint64_t count;

	if (stay_redis__to_count(line, len, &count))
		return kind->begin(parser, kind, count);
	if (kind->has_nil && len == 2 && line[0] == '-' && line[1] == '1')
		return take_scalar(parser, STAY_REDIS_NIL, bytes, to, to);
	if (kind->stream != NULL && len == 1 && line[0] == '?')
		return kind->stream(parser, kind, 0);
	return "not a count";
}

/* clang-format off */
#define NUMBER_LINE 32u /* a sign and 20 digits, and some zeros */
#define ANY_LINE (UINT32_MAX - 2)

static const struct kind kinds[256] = {
	/* take             begin            line                    type
	 * children nil stream */
	['+'] = { take_text,       NULL,            ANY_LINE,               STAY_REDIS_STATUS,     0, false, NULL },
	['-'] = { take_text,       NULL,            ANY_LINE,               STAY_REDIS_ERROR,      0, false, NULL },
	[':'] = { take_integer,    NULL,            NUMBER_LINE,            STAY_REDIS_INTEGER,    0, false, NULL },
	['$'] = { take_counted,    begin_text,      NUMBER_LINE,            STAY_REDIS_STRING,     0, true, stream_text },
	['*'] = { take_counted,    begin_aggregate, NUMBER_LINE,            STAY_REDIS_ARRAY,      1, true, stream_aggregate },
	['_'] = { take_null,       NULL,            NUMBER_LINE,            STAY_REDIS_NIL,        0, false, NULL },
	['#'] = { take_bool,       NULL,            NUMBER_LINE,            STAY_REDIS_BOOL,       0, false, NULL },
	[','] = { take_double,     NULL,            STAY_REDIS__DOUBLE_MAX, STAY_REDIS_DOUBLE,     0, false, NULL },
	['('] = { take_big_number, NULL,            ANY_LINE,               STAY_REDIS_BIG_NUMBER, 0, false, NULL },
	['!'] = { take_counted,    begin_text,      NUMBER_LINE,            STAY_REDIS_ERROR,      0, false, NULL },
	['='] = { take_counted,    begin_text,      NUMBER_LINE,            STAY_REDIS_VERBATIM,   0, false, NULL },
	['%'] = { take_counted,    begin_aggregate, NUMBER_LINE,            STAY_REDIS_MAP,        2, false, stream_aggregate },
	['~'] = { take_counted,    begin_aggregate, NUMBER_LINE,            STAY_REDIS_SET,        1, false, stream_aggregate },
	['>'] = { take_counted,    begin_aggregate, NUMBER_LINE,            STAY_REDIS_PUSH,       1, false, NULL },
	['|'] = { take_counted,    begin_aggregate, NUMBER_LINE,            STAY_REDIS_ATTRIBUTE,  2, false, NULL },
	['.'] = { take_end,        NULL,            NUMBER_LINE,            0,                     0, false, NULL },
};
/* Only where a chunk is to come. */
static const struct kind chunk = { take_chunk, NULL, NUMBER_LINE, 0, 0, false, NULL };
/* clang-format on */

static enum stay_redis__parsed
bad(struct stay_redis__parser *parser, const char *why)
{
	parser->why = why;
	return STAY_REDIS__BAD;
}

/* The text that a line has promised. WHOLE here means: the element is. */
static enum stay_redis__parsed
read_text(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	size_t from = parser->pos, end = from + parser->text_len;

	if (len - from < parser->text_len + 2)
		return STAY_REDIS__MORE;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return bad(parser, no_crlf_behind);
	if (parser->type == STAY_REDIS_VERBATIM) {
		if (bytes[from + 3] != ':')
			return bad(parser, no_format);
		bytes[from + 3] = '\0';
		from += 4;
	}
	if (scalar(parser, parser->type, bytes, from, end) != NULL)
		return STAY_REDIS__BAD;
	parser->pos = end + 2;
	return STAY_REDIS__WHOLE;
}

/*
 * The usual line of a counted type, a few digits and CRLF all there, is taken
 * while it is looked for. Returns what is behind it; 0: it is something else.
 */
static inline size_t
short_count(const char *bytes, size_t pos, size_t len, uint64_t *count)
{
	size_t at = pos, end = len - pos < 10 ? len : pos + 10;
	unsigned digit;

	*count = 0;
	for (; at < end; at++) {
		digit = (unsigned)(unsigned char)bytes[at] - '0';
		if (digit > 9)
			break;
		*count = *count * 10 + digit;
	}
	if (at == pos || len - at < 2 || bytes[at] != '\r' ||
	    bytes[at + 1] != '\n')
		return 0;
	return at + 2;
}

/* Any line, wherever it ends. */
static enum stay_redis__parsed
read_long_line(struct stay_redis__parser *parser, const struct kind *kind,
    char *bytes, size_t len)
{
	size_t pos = parser->pos, end = len;
	size_t scan = parser->scan > pos ? parser->scan : pos;
	const char *newline = memchr(bytes + scan, '\n', len - scan);

	if (newline != NULL)
		end = (size_t)(newline - bytes);
	if (end - pos >= (size_t)kind->line_max + 2)
		return bad(parser, too_long);
	if (newline == NULL) {
		parser->scan = len;
		return STAY_REDIS__MORE;
	}
	if (end - pos < 2 || bytes[end - 1] != '\r')
		return bad(parser, no_crlf);
	parser->why = kind->take(parser, kind, bytes, pos + 1, end - 1);
	if (parser->why != NULL)
		return STAY_REDIS__BAD;
	parser->pos = end + 1;
	return STAY_REDIS__WHOLE;
}

/* A marker and its line. */
static inline enum stay_redis__parsed
read_line(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	const struct kind *kind = &kinds[(unsigned char)bytes[parser->pos]];
	uint64_t count;
	size_t end;

	if (kind->take == NULL)
		return bad(parser, "an unknown type");
	if (kind->begin == NULL || parser->scan > parser->pos)
		return read_long_line(parser, kind, bytes, len);
	end = short_count(bytes, parser->pos + 1, len, &count);
	if (end == 0)
		return read_long_line(parser, kind, bytes, len);
	parser->why = kind->begin(parser, kind, count);
	if (parser->why != NULL)
		return STAY_REDIS__BAD;
	parser->pos = end;
	return STAY_REDIS__WHOLE;
}

/* A chunk joins the ones before it. */
static enum stay_redis__parsed
read_chunk_text(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	size_t from = parser->pos, end = from + parser->text_len;

	if (len - from < parser->text_len + 2)
		return STAY_REDIS__MORE;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return bad(parser, no_crlf_behind);
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
	return read_long_line(parser, &chunk, bytes, len);
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

/*
 * What most replies are: one string, all of it there. It needs no state on the
 * way. False: nothing was read, and it has to go the long way.
 */
static inline bool
read_lone_string(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	uint64_t count;
	size_t from, end;

	if (bytes[0] != '$' || parser->cap < 2 || parser->cap > TAPE_SPARE)
		return false;
	from = short_count(bytes, 1, len, &count);
	if (from == 0 || count > parser->text_max || len - from < count + 2)
		return false;
	end = from + (size_t)count;
	if (bytes[end] != '\r' || bytes[end + 1] != '\n')
		return false;
	bytes[end] = '\0';
	parser->nodes[0].at.base = bytes;
	parser->nodes[1] = (struct stay_redis_reply){ .at.offset = from,
		.len = (size_t)count,
		.index = 1,
		.next = 2,
		.type = STAY_REDIS_STRING,
		.last = true };
	parser->used = 2;
	parser->pos = end + 2;
	return true;
}

enum stay_redis__parsed
stay_redis__parse(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	enum stay_redis__parsed parsed;

	if (parser->state == STAY_REDIS__AT_FRAME) {
		if (read_lone_string(parser, bytes, len))
			return STAY_REDIS__WHOLE;
		begin(parser);
	}
	while (parser->pos < len) {
		parsed = read_element(parser, bytes, len);
		if (parsed != STAY_REDIS__WHOLE)
			return parsed;
		if (parser->state == STAY_REDIS__AT_FRAME) {
			parser->nodes[0].at.base = bytes;
			return STAY_REDIS__WHOLE;
		}
	}
	return STAY_REDIS__MORE;
}

size_t
stay_redis__parser_copy(const struct stay_redis__parser *parser,
    const struct stay_redis_reply *reply, const char *base,
    struct stay_redis_reply *to, const struct stay_redis_reply **kept)
{
	size_t size = parser->used * sizeof(*to);
	uintptr_t at = (uintptr_t)reply - (uintptr_t)parser->nodes;

	if (at >= size)
		return 0;
	if (to != NULL) {
		memcpy(to, parser->nodes, size);
		to[0].at.base = base;
		*kept = to + reply->index;
	}
	return size;
}

bool
stay_redis__parser_is_over(const struct stay_redis__parser *parser)
{
	return parser->why == too_long_text;
}

size_t
stay_redis__parser_hope(const struct stay_redis__parser *parser)
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
stay_redis__parser_rest(struct stay_redis__parser *parser)
{
	if (parser->state == STAY_REDIS__AT_FRAME)
		stay_redis__parser_fini(parser);
}

void
stay_redis__parser_fini(struct stay_redis__parser *parser)
{
	free(parser->nodes);
	parser->nodes = NULL;
	parser->cap = parser->used = 0;
	parser->state = STAY_REDIS__AT_FRAME;
}
