/*
 * A reply as a tape: one flat array of nodes over the bytes of one frame, in
 * the order of the wire. Text is named by its offset, so the bytes may move in
 * memory until the frame is complete. Nothing is allocated per node.
 *
 *	*2 $3 foo *1 :7      [0] base   [1] array, 2, next 5
 *	                     [2] "foo", next 3   [3] array, 1, last, next 5
 *	                     [4] "7", last, next 5
 *
 * The chunks of a streamed string are joined in the bytes themselves.
 *
 * An attribute comes before the node it belongs to, as on the wire. A reader
 * that walks the children skips it.
 */
#ifndef STAY_REDIS__REPLY_TAPE_H
#define STAY_REDIS__REPLY_TAPE_H

#include <stay/redis.h>

struct stay_redis_reply {
	union {
		const char *base; /* of node 0: the bytes of the frame */
		size_t offset;    /* of a scalar: where its text begins */
		size_t left;      /* of an open aggregate: children to come,
				   * or STAY_REDIS__STREAMED and which was the
				   * last one to come */
	} at;
	size_t len;         /* of the text; of an aggregate: its children */
	uint32_t index;     /* of this node, so that node - index is node 0 */
	uint32_t next;      /* the node behind all of its own; while open, its
			     * parent */
	uint32_t attribute; /* the attribute in front of it; 0: none */
	uint8_t type;       /* enum stay_redis_type */
	bool last;          /* no sibling follows */
};

/* How many children are to come is not known. */
#define STAY_REDIS__STREAMED (SIZE_MAX / 2 + 1)

enum stay_redis__parsed {
	STAY_REDIS__MORE,  /* the frame is not whole yet */
	STAY_REDIS__WHOLE, /* nodes[1] is the reply, `pos` its length in bytes
			    */
	STAY_REDIS__BAD    /* `why` says what is wrong */
};

/* What the parser is about to read. */
enum stay_redis__state {
	STAY_REDIS__AT_FRAME, /* the first byte of a frame */
	STAY_REDIS__AT_LINE,  /* an element: its marker and line */
	STAY_REDIS__AT_TEXT,  /* the bytes that a line has promised */
	STAY_REDIS__AT_CHUNK, /* of a streamed string: the line of a chunk */
	STAY_REDIS__AT_CHUNK_TEXT /* its bytes */
};

/* Zeroed, then given its bounds; must not be copied. */
struct stay_redis__parser {
	struct stay_redis_reply *nodes;
	uint32_t used; /* nodes, node 0 included */
	uint32_t cap;
	uint32_t open;      /* the innermost open aggregate; 0: none */
	uint32_t depth;     /* how many are open */
	uint32_t attribute; /* read, and about the next node; 0: none */
	uint32_t depth_max; /* bounds, none of them 0 */
	uint32_t elements_max;
	size_t text_max;
	enum stay_redis__state state;
	uint8_t type;     /* AT_TEXT: whose text, */
	size_t text_len;  /* and how long it is without its CRLF */
	size_t joined;    /* of a streamed string: where its text begins, */
	size_t joined_to; /* and ends */
	size_t pos;       /* where the element or text begins */
	size_t scan;      /* AT_LINE: up to here lies no end of the line */
	const char *why;
};

/*
 * Read on. `bytes` holds what it held the last time, maybe elsewhere, and more
 * behind it. The CR behind every text is overwritten with NUL as it is passed.
 */
enum stay_redis__parsed stay_redis__parse(
    struct stay_redis__parser *parser, char *bytes, size_t len);

/* The reply of a whole frame, behind the attributes in front of it; it lives
 * until the next frame is begun. */
static inline const struct stay_redis_reply *
stay_redis__parser_reply(const struct stay_redis__parser *parser)
{
	const struct stay_redis_reply *node = &parser->nodes[1];

	while (node->type == STAY_REDIS_ATTRIBUTE)
		node = &parser->nodes[node->next];
	return node;
}

/*
 * Copy the tape that `reply` is a node of, for bytes that will begin at `base`,
 * to `to` (NULL: not at all); *kept is `reply` there. Returns its size, 0 if
 * `reply` is no node of this tape.
 */
size_t stay_redis__parser_copy(const struct stay_redis__parser *parser,
    const struct stay_redis_reply *reply, const char *base,
    struct stay_redis_reply *to, const struct stay_redis_reply **kept);

/* How many bytes the frame has at least, as far as is known; 0: unknown. */
size_t stay_redis__parser_hope(const struct stay_redis__parser *parser);

/* Whether what is bad about the frame is that it is larger than its bound. */
bool stay_redis__parser_is_over(const struct stay_redis__parser *parser);

/* Forget a frame that was cut; the tape and the bounds stay. */
void stay_redis__parser_reset(struct stay_redis__parser *parser);
/* Give the tape back, unless a frame is there in part. */
void stay_redis__parser_rest(struct stay_redis__parser *parser);
void stay_redis__parser_fini(struct stay_redis__parser *parser);

#endif
