/* The types of RESP2 and RESP3: what each marker, the first byte of an element,
 * means. */
#ifndef STAY_REDIS__REPLY_TYPES_H
#define STAY_REDIS__REPLY_TYPES_H

#include "reply_parser.h"

struct stay_redis__type;

/* Take the element whose line is bytes[from .. to), CRLF excluded. Returns what
 * is wrong with it, or NULL. */
typedef const char *stay_redis__take_fn(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, char *bytes, size_t from, size_t to);

/* Begin an element of so many bytes or children. Returns what is wrong with it,
 * or NULL. */
typedef const char *stay_redis__begin_fn(struct stay_redis__parser *parser,
    const struct stay_redis__type *type, uint64_t count);

struct stay_redis__type {
	stay_redis__take_fn *take;    /* NULL: no type has this marker */
	stay_redis__begin_fn *begin;  /* NULL: the line is no count */
	stay_redis__begin_fn *stream; /* NULL: the type is never streamed */
	bool (*is_valid)(const char *text, size_t len); /* of a scalar */
	const char *invalid; /* what is wrong with a text that is not valid */
	uint32_t line_max;   /* bytes of the marker and its line */
	uint8_t type;        /* enum stay_redis_type */
	uint8_t children;    /* how many a count of one stands for */
	bool has_nil;        /* -1 is RESP2's nil */
};

extern const struct stay_redis__type stay_redis__types[256];

/* The chunk of a streamed string: no element of its own. */
extern const struct stay_redis__type stay_redis__chunk;

extern const char stay_redis__text_too_long[];

/* The node is complete. */
static inline void
stay_redis__finish(
    struct stay_redis__parser *parser, struct stay_redis_reply *node)
{
	parser->state = stay_redis__tape_finish(&parser->tape, node)
			    ? STAY_REDIS__AT_FRAME
			    : STAY_REDIS__AT_LINE;
}

/* Take the scalar bytes[from .. to). Returns what is wrong, or NULL. */
static inline const char *
stay_redis__take_scalar(struct stay_redis__parser *parser, unsigned type,
    char *bytes, size_t from, size_t to)
{
	struct stay_redis__tape *tape = &parser->tape;

	if (!stay_redis__tape_room(tape))
		return stay_redis__tape_why(tape);
	bytes[to] = '\0';
	stay_redis__finish(
	    parser, stay_redis__tape_add(tape, type, from, to - from));
	return NULL;
}

#endif
