/*
 * The short way of most replies: one string, status or integer in one piece, that says
 * nothing to the session. They are given as they are found. What they may say otherwise
 * is session.c's, to which all else is left.
 */
#include <stay/direct.h>

#include "commands.h"
#include "reply_usual.h"
#include "session.h"

/* Whether replies are only for their calls: there are no subscriptions, and the server
 * is not in doubt. Of these only a subscription may come while replies are given. */
static inline bool
are_only_replies(const struct stay_redis *redis)
{
	return redis->skip == NULL && !redis->lessons.is_doubted &&
	       redis->parser != NULL &&
	       redis->parser->state == STAY_REDIS__AT_FRAME &&
	       stay_redis__tape_fits_one(&redis->parser->tape);
}

/* A status may say that a transaction has begun or ended, or that a command is queued
 * in it: the call knows. */
static inline bool
says_nothing_else(struct stay_session *session, unsigned type)
{
	const uint64_t *tag;

	if (type == STAY_REDIS_STRING)
		return true;
	tag = stay_session_oldest(session);
	return tag != NULL &&
	       (stay_redis__tag_kind(*tag) == 0 ||
		   stay_redis__tag_kind(*tag) == STAY_REDIS__TAG_READS);
}

/* False: it was not given, and nothing is changed. One that is too long is not. */
static inline bool
give(struct stay_session *session, struct stay_redis__parser *parser,
    char *bytes, const struct stay_redis__scalar *scalar)
{
	size_t len = (size_t)(scalar->to - bytes) + 2;

	if (!says_nothing_else(session, scalar->type))
		return false;
	stay_redis__take_lone(parser, bytes, scalar);
	if (stay_session_reply(session, len, &parser->tape.nodes[1]))
		return true;
	bytes[len - 2] = '\r';
	return false;
}

void
stay_redis__session_replies(struct stay_session *session, struct stay_bytes in)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__scalar scalar;
	char *bytes = stay_session_input(session), *end = bytes + in.len;

	if (!are_only_replies(redis))
		return;
	while (redis->hub == NULL && bytes < end &&
	       stay_redis__find_scalar(redis->parser, bytes, end, &scalar) &&
	       give(session, redis->parser, bytes, &scalar))
		bytes += scalar.to + 2 - bytes;
}
