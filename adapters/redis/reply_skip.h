/*
 * Reads past a reply of RESP2 or RESP3 that nobody is to have. No byte of it is kept,
 * and there is no recursion: what is remembered is how many elements are still to come
 * on each level.
 */
#ifndef STAY_REDIS__REPLY_SKIP_H
#define STAY_REDIS__REPLY_SKIP_H

#include "reply_parser.h"

/* No type is known yet. */
#define STAY_REDIS__ANY_TYPE UINT8_MAX

struct stay_redis__level {
	uint64_t left; /* elements to come; UINT64_MAX: unknown */
	bool is_attribute;
};

/* The rest is zero. `pos` is set back when the bytes before it are done with. */
struct stay_redis__skip {
	struct stay_redis__level *levels; /* the outermost first */
	uint32_t depth;
	uint32_t room;
	uint32_t depth_max;
	enum stay_redis__state state;
	bool in_line;       /* AT_LINE: in one of any length */
	uint8_t type;       /* of the reply, or STAY_REDIS__ANY_TYPE */
	uint64_t text_left; /* AT_TEXT, AT_CHUNK_TEXT: without its CRLF */
	size_t pos;         /* so many bytes are done with */
	const char *why;
};

/* Go on where the parser is, which has read a frame in part. NULL: no memory. */
struct stay_redis__skip *stay_redis__skip_new(
    const struct stay_redis__parser *parser);
void stay_redis__skip_free(struct stay_redis__skip *skip);

/*
 * Read on, from `pos` on. STAY_REDIS__WHOLE: the frame ends at `pos`. After
 * STAY_REDIS__MORE come the bytes behind `pos`, which is 0 then, and more. Text is not
 * looked at, but for where it ends.
 */
enum stay_redis__parsed stay_redis__skip_on(
    struct stay_redis__skip *skip, const char *bytes, size_t len);

#endif
