/*
 * The short way of the parser, for replies of many elements.
 */
#include "reply_usual.h"

/* Returns what is behind the count of an array; NULL: nothing was read. */
static inline const char *
open_array(struct stay_redis__tape *tape, const char *at, const char *end)
{
	size_t count;

	if (*at != '*')
		return NULL;
	at = stay_redis__find_count(at + 1, end, &count);
	if (at == NULL || count == 0 ||
	    stay_redis__tape_refuses(tape, STAY_REDIS_ARRAY, count) != NULL)
		return NULL;
	stay_redis__tape_open(tape, STAY_REDIS_ARRAY, count, count);
	return at;
}

/*
 * Returns where it stopped. `tape` is a copy, so that it can be in registers: for all
 * the compiler knows, a text that is written to might be a part of the original. For
 * the same reason the parent is not looked up again for each of its children.
 */
static inline const char *
read_elements(const struct stay_redis__parser *parser,
    struct stay_redis__tape *tape, char *bytes, const char *end)
{
	struct stay_redis_reply *parent = &tape->nodes[tape->open], *node;
	struct stay_redis__scalar scalar;
	const char *at = bytes + parser->pos, *next;
	bool more = true;

	while (more && end - at >= STAY_REDIS__USUAL_MIN &&
	       tape->used < tape->cap) {
		if (stay_redis__find_scalar(parser, at, end, &scalar)) {
			bytes[scalar.to - bytes] = '\0';
			node = stay_redis__tape_put(tape, parent, scalar.type,
			    (size_t)(scalar.from - bytes),
			    (size_t)(scalar.to - scalar.from));
			at = scalar.to + 2;
			if (node == NULL)
				continue;
			more = !stay_redis__tape_finish(tape, node) &&
			       tape->attribute == 0;
		} else {
			next = open_array(tape, at, end);
			if (next == NULL)
				break;
			at = next;
		}
		parent = &tape->nodes[tape->open];
	}
	return at;
}

/* The reply as a whole is the only child of node 0, so that it needs no question of
 * its own. */
void
stay_redis__read_usual(
    struct stay_redis__parser *parser, char *bytes, size_t len)
{
	struct stay_redis__tape tape = parser->tape;
	const char *at;

	if (tape.cap == 0 || tape.attribute != 0)
		return;
	tape.nodes[0].at.left = 1;
	at = read_elements(parser, &tape, bytes, bytes + len);
	parser->tape = tape;
	parser->pos = (size_t)(at - bytes);
	if (stay_redis__tape_is_whole(&tape))
		parser->state = STAY_REDIS__AT_FRAME;
}
