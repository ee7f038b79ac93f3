/*
 * What calls leave behind in a session: an open transaction, keys that are watched, and
 * what a few commands set up. The first two are undone, so that the next user finds a
 * session as new. RESET would undo them all, and the login, too: it would cost as much
 * as another session.
 */
#include "reset.h"

#include "commands.h"
#include "reply_types.h"
#include "subscriptions.h"

/* No key of it is watched any more. */
static void
end_multi(struct stay_redis__session *own)
{
	if (own->in_multi)
		own->watches = false;
	own->in_multi = false;
}

/* The reply OK to MULTI opens a transaction. After EXEC there is none, whatever the
 * reply; but a DISCARD that is refused, for a word too many or by an ACL, leaves it. */
void
stay_redis__follow(
    struct stay_redis__session *own, unsigned kind, unsigned type)
{
	bool good = type != STAY_REDIS_ERROR;

	if (kind == STAY_REDIS__TAG_EXEC ||
	    (kind == STAY_REDIS__TAG_DISCARD && good))
		end_multi(own);
	else if (kind == STAY_REDIS__TAG_MULTI && good)
		own->in_multi = true;
	else if (kind == STAY_REDIS__TAG_WATCH && good)
		own->watches = true;
	else if (kind == STAY_REDIS__TAG_UNWATCH && good)
		own->watches = false;
	else if (kind == STAY_REDIS__TAG_ALTERS ||
		 kind == STAY_REDIS__TAG_QUEUED_ALTERS)
		own->is_altered = true;
}

bool
stay_redis__reset_answered(
    struct stay_redis__session *own, const struct stay_frame *frame)
{
	const struct stay_redis_reply *reply = frame->reply;

	if (!own->is_reset)
		return false;
	own->is_reset = false;
	if (stay_redis_type_of(reply) == STAY_REDIS_ERROR)
		own->is_altered = true;
	own->in_multi = own->watches = false;
	return true;
}

static struct stay_hello
say(struct stay_session *session, const char *command)
{
	struct stay_redis__session *own = stay_session_data(session);

	if (stay_buf_puts(stay_session_control(session), command) != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return stay_hello_retry("no memory to reset the session");
	own->is_reset = true;
	return stay_hello_wait();
}

/* What is given up is nobody's, though its owner may not be told yet. */
static bool
has_subscriptions(const struct stay_redis *redis)
{
	return redis->hub != NULL &&
	       redis->hub->counts.subscriptions > redis->hub->ending;
}

/* Nobody wants them any more, but the server was not told yet. */
static bool
has_channels(const struct stay_redis *redis)
{
	return redis->hub != NULL && redis->hub->carrier == redis &&
	       redis->hub->counts.channels > 0;
}

struct stay_hello
stay_redis__session_reset(struct stay_session *session)
{
	const struct stay_redis__session *own = stay_session_data(session);
	const struct stay_redis *redis = stay_session_keep(session);

	if (has_subscriptions(redis))
		return stay_hello_denied("it has subscriptions");
	if (has_channels(redis))
		return stay_hello_retry("a channel is still subscribed");
	if (own->is_altered)
		return stay_hello_retry("a command has changed the session");
	if (own->in_multi)
		return say(session, "*1\r\n$7\r\nDISCARD\r\n");
	if (own->watches)
		return say(session, "*1\r\n$7\r\nUNWATCH\r\n");
	return stay_hello_up();
}
