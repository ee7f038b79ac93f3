/*
 * The front of the parser. Most replies are one string, status or integer that has
 * arrived in one piece: they are read here, and no state is set up for them. It is a
 * file of its own so that what looks for them is compiled into it, without a call.
 */
#include "reply_usual.h"

/* False: nothing was read. */
static inline bool
read_lone(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	struct stay_redis__scalar scalar;

	if (!stay_redis__tape_fits_one(&parser->tape) ||
	    !stay_redis__find_scalar(parser, bytes, bytes + len, &scalar))
		return false;
	stay_redis__take_lone(parser, bytes, &scalar);
	parser->pos = (size_t)(scalar.to - bytes) + 2;
	return true;
}

enum stay_redis__parsed
stay_redis__parse(struct stay_redis__parser *parser, char *bytes, size_t len)
{
	if (parser->state == STAY_REDIS__AT_FRAME &&
	    read_lone(parser, bytes, len))
		return STAY_REDIS__WHOLE;
	return stay_redis__parse_on(parser, bytes, len);
}
