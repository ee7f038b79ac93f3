/*
 * Where a reply ends that is read past. What a line may be is reply_types.c's; what
 * its reader is told is too_big.c's.
 */
#include "reply_skip.h"

#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "reply_types.h"

#define LEVELS_MIN 16u
#define UNKNOWN    UINT64_MAX /* how many elements are to come */

static enum stay_redis__parsed
bad(struct stay_redis__skip *skip, const char *why)
{
	skip->why = why;
	return STAY_REDIS__BAD;
}

/* ---- levels ---- */

static bool
make_room(struct stay_redis__skip *skip, uint32_t depth)
{
	uint32_t room = depth < LEVELS_MIN ? LEVELS_MIN : depth * 2;
	struct stay_redis__level *levels;

	if (depth <= skip->room)
		return true;
	levels = realloc(skip->levels, room * sizeof(*levels));
	if (levels == NULL)
		return false;
	skip->levels = levels;
	skip->room = room;
	return true;
}

/* The aggregates that the parser has open are its stack. */
static void
take_levels(struct stay_redis__skip *skip, const struct stay_redis__tape *tape)
{
	uint32_t open = tape->open;

	for (uint32_t i = tape->depth; i > 0; i--) {
		const struct stay_redis_reply *node = &tape->nodes[open];
		struct stay_redis__level *level = &skip->levels[i - 1];

		level->left = node->at.left < STAY_REDIS__STREAMED
				  ? node->at.left
				  : UNKNOWN;
		level->is_attribute = node->type == STAY_REDIS_ATTRIBUTE;
		if (i == 1 && !level->is_attribute)
			skip->type = node->type;
		open = node->next;
	}
	skip->depth = tape->depth;
}

struct stay_redis__skip *
stay_redis__skip_new(const struct stay_redis__parser *parser)
{
	struct stay_redis__skip *skip = calloc(1, sizeof(*skip));

	if (skip == NULL || !make_room(skip, parser->tape.depth)) {
		stay_redis__skip_free(skip);
		return NULL;
	}
	skip->depth_max = parser->tape.depth_max;
	skip->state = parser->state;
	skip->text_left = parser->text_len;
	skip->pos = parser->pos;
	skip->type = STAY_REDIS__ANY_TYPE;
	if (parser->state != STAY_REDIS__AT_LINE && parser->tape.depth == 0)
		skip->type = parser->type;
	take_levels(skip, &parser->tape);
	return skip;
}

void
stay_redis__skip_free(struct stay_redis__skip *skip)
{
	if (skip != NULL)
		free(skip->levels);
	free(skip);
}

/* An element is complete, and so may be those that it is the last child of. An
 * attribute is none: it comes on top of its count. */
static void
finish(struct stay_redis__skip *skip)
{
	struct stay_redis__level *level;

	skip->state = STAY_REDIS__AT_LINE;
	while (skip->depth > 0) {
		level = &skip->levels[skip->depth - 1];
		if (level->left == UNKNOWN || --level->left > 0)
			return;
		skip->depth--;
		if (level->is_attribute)
			return;
	}
	skip->state = STAY_REDIS__AT_FRAME;
}

static enum stay_redis__parsed
finished(struct stay_redis__skip *skip)
{
	finish(skip);
	return STAY_REDIS__WHOLE;
}

/* ---- lines ---- */

static enum stay_redis__parsed
open_level(struct stay_redis__skip *skip, uint8_t type, uint64_t left)
{
	bool is_attribute = type == STAY_REDIS_ATTRIBUTE;

	if (type == STAY_REDIS_PUSH && skip->depth > 0)
		return bad(skip, stay_redis__push_inside);
	if (skip->depth >= skip->depth_max)
		return bad(skip, stay_redis__too_deep);
	if (left == 0)
		return is_attribute ? STAY_REDIS__WHOLE : finished(skip);
	if (!make_room(skip, skip->depth + 1))
		return bad(skip, "there is no memory to read past the reply");
	skip->levels[skip->depth++] =
	    (struct stay_redis__level){ left, is_attribute };
	return STAY_REDIS__WHOLE;
}

static enum stay_redis__parsed
begin_text(struct stay_redis__skip *skip, uint64_t len)
{
	skip->state = STAY_REDIS__AT_TEXT;
	skip->text_left = len;
	return STAY_REDIS__WHOLE;
}

static enum stay_redis__parsed
take_count(struct stay_redis__skip *skip, const struct stay_redis__type *type,
    const char *line, size_t len)
{
	uint64_t count;

	if (stay_redis__to_count(line, len, &count))
		return type->children > 0 ? open_level(skip, type->type,
						count * type->children)
					  : begin_text(skip, count);
	if (type->has_nil && len == 2 && memcmp(line, "-1", 2) == 0)
		return finished(skip);
	if (type->stream == NULL || len != 1 || line[0] != '?')
		return bad(skip, "not a count");
	if (type->children > 0)
		return open_level(skip, type->type, UNKNOWN);
	skip->state = STAY_REDIS__AT_CHUNK;
	return STAY_REDIS__WHOLE;
}

/* `.` */
static enum stay_redis__parsed
take_end(struct stay_redis__skip *skip, size_t len)
{
	if (len > 0 || skip->depth == 0 ||
	    skip->levels[skip->depth - 1].left != UNKNOWN)
		return bad(skip, "an end of nothing");
	skip->depth--;
	return finished(skip);
}

static enum stay_redis__parsed
take_chunk(struct stay_redis__skip *skip, const char *line, size_t len)
{
	uint64_t count;

	if (!stay_redis__to_count(line, len, &count))
		return bad(skip, "not a count");
	if (count == 0)
		return finished(skip);
	skip->state = STAY_REDIS__AT_CHUNK_TEXT;
	skip->text_left = count;
	return STAY_REDIS__WHOLE;
}

static enum stay_redis__parsed
take_line(struct stay_redis__skip *skip, const struct stay_redis__type *type,
    const char *line, size_t len)
{
	if (type == &stay_redis__chunk)
		return take_chunk(skip, line, len);
	if (type->begin != NULL)
		return take_count(skip, type, line, len);
	if (type->is_valid == NULL)
		return take_end(skip, len);
	return type->is_valid(line, len) ? finished(skip)
					 : bad(skip, type->invalid);
}

/* A line that is short enough to wait for its end. */
static enum stay_redis__parsed
read_short(struct stay_redis__skip *skip, const struct stay_redis__type *type,
    const char *bytes, size_t len)
{
	size_t from = skip->pos;
	const char *newline = memchr(bytes + from, '\n', len - from);
	size_t end = newline == NULL ? len : (size_t)(newline - bytes);

	if (end - from >= (size_t)type->line_max + 2)
		return bad(skip, "a line is too long for its type");
	if (newline == NULL)
		return STAY_REDIS__MORE;
	if (end - from < 2 || bytes[end - 1] != '\r')
		return bad(skip, "a line does not end in CRLF");
	skip->pos = end + 1;
	return take_line(skip, type, bytes + from + 1, end - from - 2);
}

/* One of any length. The last byte waits for the next one: it may be the CR. So there
 * is always a byte before the end, if only the marker. */
static enum stay_redis__parsed
read_any(struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	const char *newline = memchr(bytes + skip->pos, '\n', len - skip->pos);

	skip->in_line = newline == NULL;
	if (newline == NULL) {
		skip->pos = len - 1;
		return STAY_REDIS__MORE;
	}
	if (newline[-1] != '\r')
		return bad(skip, "a line does not end in CRLF");
	skip->pos = (size_t)(newline - bytes) + 1;
	return finished(skip);
}

static enum stay_redis__parsed
read_line(struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	const struct stay_redis__type *type =
	    &stay_redis__types[(unsigned char)bytes[skip->pos]];

	if (skip->in_line)
		return read_any(skip, bytes, len);
	if (type->take == NULL)
		return bad(skip, stay_redis__no_type);
	if (skip->depth == 0 && type->type != STAY_REDIS_ATTRIBUTE)
		skip->type = type->type;
	return type->line_max > STAY_REDIS__DOUBLE_MAX
		   ? read_any(skip, bytes, len)
		   : read_short(skip, type, bytes, len);
}

/* ---- the rest ---- */

static enum stay_redis__parsed
read_text(struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	size_t some = len - skip->pos;

	if (some > skip->text_left)
		some = (size_t)skip->text_left;
	skip->pos += some;
	skip->text_left -= some;
	if (len - skip->pos < 2)
		return STAY_REDIS__MORE;
	if (memcmp(bytes + skip->pos, "\r\n", 2) != 0)
		return bad(skip, "a string is not followed by CRLF");
	skip->pos += 2;
	if (skip->state == STAY_REDIS__AT_TEXT)
		return finished(skip);
	skip->state = STAY_REDIS__AT_CHUNK;
	return STAY_REDIS__WHOLE;
}

static enum stay_redis__parsed
read_chunk(struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	if (bytes[skip->pos] != ';')
		return bad(skip, "a chunk of a streamed string is missing");
	return read_short(skip, &stay_redis__chunk, bytes, len);
}

static enum stay_redis__parsed
read_one(struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	if (skip->pos == len)
		return STAY_REDIS__MORE;
	if (skip->state == STAY_REDIS__AT_LINE)
		return read_line(skip, bytes, len);
	if (skip->state == STAY_REDIS__AT_CHUNK)
		return read_chunk(skip, bytes, len);
	return read_text(skip, bytes, len);
}

enum stay_redis__parsed
stay_redis__skip_on(
    struct stay_redis__skip *skip, const char *bytes, size_t len)
{
	enum stay_redis__parsed parsed = STAY_REDIS__WHOLE;

	while (
	    parsed == STAY_REDIS__WHOLE && skip->state != STAY_REDIS__AT_FRAME)
		parsed = read_one(skip, bytes, len);
	return parsed;
}
