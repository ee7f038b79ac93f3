/*
 * What becomes of a frame past a bound. A reply to a call is read past. So is a push of
 * which subscriptions expect nothing. All else ends the session: an answer to what the
 * client asks of its own accord is never that big, and a message that was missed lies
 * in a gap which the end of the session tells. Where the frame ends is reply_skip.c's.
 */
#include "too_big.h"

#include "reply_skip.h"
#include "session.h"

static bool
is_push(uint8_t type)
{
	return type == STAY_REDIS_PUSH;
}

/* One whose type is not known yet may be. */
static bool
may_be_missed(struct stay_session *session, uint8_t type)
{
	const struct stay_redis *redis = stay_session_keep(session);

	if (type == STAY_REDIS__ANY_TYPE)
		return true;
	return is_push(type) ? redis->hub == NULL
			     : stay_session_awaits(session) == STAY_AWAITS_CALL;
}

/* The session ends as if nobody could read past it. Which bound it was, the parser
 * knows; if not, it is that of the bytes. */
static struct stay_frame
refuse(const struct stay_redis *redis)
{
	struct stay_frame frame = stay_frame_more_of(SIZE_MAX);

	frame.why = redis->parser->why;
	return frame;
}

static struct stay_frame
end_of(struct stay_session *session, uint8_t type, size_t len)
{
	if (is_push(type))
		return stay_frame_push(len, NULL);
	stay_redis__session_answered(session, type);
	return stay_frame_too_big(len);
}

/* The last byte of a push is a frame of its own. */
static struct stay_frame
end(struct stay_session *session)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__skip *skip = redis->skip;
	uint8_t type = skip->type;
	size_t len = skip->pos;

	if (is_push(type) && len > 1) {
		skip->pos = 1;
		return stay_frame_swallow(len - 1);
	}
	stay_redis__too_big_end(session);
	return end_of(session, type, len);
}

struct stay_frame
stay_redis__too_big_on(struct stay_session *session, struct stay_bytes in)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__skip *skip = redis->skip;
	enum stay_redis__parsed parsed =
	    stay_redis__skip_on(skip, in.data, in.len);
	size_t done = skip->pos;

	if (parsed == STAY_REDIS__BAD)
		return stay_frame_bad(skip->why);
	if (!may_be_missed(session, skip->type))
		return refuse(redis);
	if (parsed == STAY_REDIS__WHOLE)
		return end(session);
	skip->pos = 0;
	return done == 0 ? stay_frame_more() : stay_frame_swallow(done);
}

struct stay_frame
stay_redis__too_big(struct stay_session *session, struct stay_bytes in)
{
	struct stay_redis *redis = stay_session_keep(session);

	redis->skip = stay_redis__skip_new(redis->parser);
	if (redis->skip == NULL)
		return refuse(redis);
	stay_redis__parser_fini(redis->parser);
	return stay_redis__too_big_on(session, in);
}

struct stay_frame
stay_redis__too_big_whole(struct stay_session *session)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__parser *parser = redis->parser;
	uint8_t type = stay_redis__tape_reply(&parser->tape)->type;

	parser->why = NULL;
	if (!may_be_missed(session, type))
		return refuse(redis);
	if (!is_push(type))
		return end_of(session, type, parser->pos);
	redis->skip = stay_redis__skip_new(parser);
	if (redis->skip == NULL)
		return refuse(redis);
	redis->skip->type = type;
	return end(session);
}

void
stay_redis__too_big_end(struct stay_session *session)
{
	struct stay_redis *redis = stay_session_keep(session);

	stay_redis__skip_free(redis->skip);
	redis->skip = NULL;
}
