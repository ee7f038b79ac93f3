/*
 * Parses RESP2 and RESP3 from bytes to a tape. The parser can stop and go on at
 * any byte, and it has no recursion.
 */
#ifndef STAY_REDIS__REPLY_PARSER_H
#define STAY_REDIS__REPLY_PARSER_H

#include "reply_tape.h"

enum stay_redis__parsed {
	STAY_REDIS__MORE,  /* the frame is not complete yet */
	STAY_REDIS__WHOLE, /* the tape has the reply, `pos` is its length */
	STAY_REDIS__BAD    /* `why` says what is wrong */
};

/* What the parser reads next. */
enum stay_redis__state {
	STAY_REDIS__AT_FRAME, /* the first byte of a frame */
	STAY_REDIS__AT_LINE,  /* an element: its marker and line */
	STAY_REDIS__AT_TEXT,  /* the bytes that a line has announced */
	STAY_REDIS__AT_CHUNK, /* of a streamed string: the line of a chunk */
	STAY_REDIS__AT_CHUNK_TEXT, /* of a streamed string: the bytes of a chunk */
	STAY_REDIS__AT_PIECES /* it reads nothing: a string is pieces.c's */
};

/* Zeroed, then given its bounds; must not be copied. */
struct stay_redis__parser {
	struct stay_redis__tape tape;
	size_t text_max; /* the longest text, in bytes */
	enum stay_redis__state state;
	uint8_t type;     /* of the text that is read */
	size_t text_len;  /* of what is left of a text, without its CRLF */
	size_t joined;    /* of a streamed string: where its text begins */
	size_t joined_to; /* of a streamed string: where its text ends */
	size_t pos;       /* where the element or text begins */
	size_t scan;      /* AT_LINE: no end of the line lies before it */
	const char *why;
};

/*
 * Read on. `bytes` holds at least one byte: what it held the last time, maybe
 * elsewhere, and more behind it. The CR behind every text becomes a NUL, and the
 * chunks of a streamed string are joined in place.
 */
enum stay_redis__parsed stay_redis__parse(
    struct stay_redis__parser *parser, char *bytes, size_t len);

/* The same, but for what reply_lone.c reads. */
enum stay_redis__parsed stay_redis__parse_on(
    struct stay_redis__parser *parser, char *bytes, size_t len);

/* How many bytes the frame has at least; 0: unknown. */
size_t stay_redis__parser_bytes_min(const struct stay_redis__parser *parser);

/* Whether the frame is bad only because it is larger than a bound: in its depth it is
 * not. */
bool stay_redis__parser_has_met_bound(const struct stay_redis__parser *parser);

/* Forget an incomplete frame; the tape and the bounds stay. */
void stay_redis__parser_reset(struct stay_redis__parser *parser);
void stay_redis__parser_fini(struct stay_redis__parser *parser);

#endif
