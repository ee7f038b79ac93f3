/*
 * A session of Redis: the greeting at its beginning, then replies, pushes and
 * late replies, each as a frame for the engine. It remembers only what the greeting
 * has agreed on and whether a transaction is open. What a reply says is for its
 * reader, but a server that is no primary any more is left.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "moving.h"
#include "pieces.h"
#include "reset.h"
#include "script_load.h"
#include "sentinel.h"
#include "subscriptions.h"
#include "too_big.h"
#include "words.h"

/* The kind of the call that is answered; 0: nothing is known of it. */
static unsigned
kind_due(const struct stay_session *session)
{
	const uint64_t *tag = stay_session_oldest(session);

	return tag == NULL ? 0 : stay_redis__tag_kind(*tag);
}

/* A script may have changed data before it returned this error. */
static bool
is_script(const struct stay_session *session)
{
	unsigned kind = kind_due(session);

	return kind == STAY_REDIS__TAG_SCRIPT || kind == STAY_REDIS__TAG_DIGEST;
}

/* Whether the server refused the command without running it. */
static bool
is_refusal(const struct stay_session *session, enum stay_redis__meaning meaning)
{
	if (meaning == STAY_REDIS__WORD_REFUSED)
		return !is_script(session);
	return meaning == STAY_REDIS__WORD_BLOCKED &&
	       kind_due(session) == STAY_REDIS__TAG_WAITS;
}

/* The same of a script whose source follows, see script.c: it is no use to send the
 * digest again. */
static bool
lacks_script(
    const struct stay_session *session, enum stay_redis__meaning meaning)
{
	return meaning == STAY_REDIS__WORD_NO_SCRIPT &&
	       kind_due(session) == STAY_REDIS__TAG_DIGEST;
}

static const char replica_on_purpose[] =
    "READONLY: the server is a replica, as it was when it was greeted; what "
    "writes is refused";
static const char no_role[] =
    "READONLY: the server is a replica, and had told no role";

/* What the server has said that it is, in its greeting or after. */
static enum stay_redis_role
role_of(const struct stay_redis *redis)
{
	return redis->greeting != NULL ? redis->greeting->agreed.role
				       : redis->agreed.role;
}

/* A server that says READONLY: one that was a primary is left; a replica that was
 * greeted as one is kept, which is told once. Who told no role is left, and told
 * from the right one only by a write that succeeds. */
static void
take_readonly(struct stay_session *session, const char *why)
{
	struct stay_redis *redis = stay_session_keep(session);

	if (role_of(redis) == STAY_REDIS_PRIMARY) {
		stay_session_renew(session, why);
	} else if (role_of(redis) == STAY_REDIS_ROLE_UNKNOWN) {
		redis->lessons.is_doubted = true;
		stay_session_renew_in_doubt(session, no_role);
	} else if (!redis->lessons.told_replica) {
		redis->lessons.told_replica = true;
		stay_session_note(session, replica_on_purpose);
	}
}

/* The session that follows asks for names and credentials again, and so may find
 * the server that is the primary now. */
static void
renew_for(struct stay_session *session, enum stay_redis__renew renew)
{
	static const char *const why[] = {
		[STAY_REDIS__RENEW_LOGIN] =
		    "the server asks for a login in the middle of a session",
		[STAY_REDIS__RENEW_REPLICA] =
		    "READONLY: the server was a primary and is a replica now",
		[STAY_REDIS__RENEW_CUT_OFF] =
		    "MASTERDOWN: the server was a primary and has lost its own",
		[STAY_REDIS__RENEW_LOADING] =
		    "LOADING: the server was a primary and loads its data now",
	};
	const struct stay_redis *redis = stay_session_keep(session);

	if (renew == STAY_REDIS__RENEW_NO)
		return;
	if (renew == STAY_REDIS__RENEW_REPLICA)
		take_readonly(session, why[renew]);
	else if (renew == STAY_REDIS__RENEW_LOGIN
		     ? !is_script(session)
		     : role_of(redis) == STAY_REDIS_PRIMARY)
		stay_session_renew(session, why[renew]);
}

/* A replica that is kept refuses writes in the next session as well; and there is
 * nothing there that EXEC could execute. */
static struct stay_frame
refused(struct stay_session *session, size_t len,
    const struct stay_redis_reply *reply, enum stay_redis__renew renew)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const char *text = stay_redis_str(reply);

	return (renew == STAY_REDIS__RENEW_REPLICA &&
		   role_of(redis) == STAY_REDIS_REPLICA) ||
		       stay_redis__cause_of(text) != text
		   ? stay_frame_refused_for_good(len, reply)
		   : stay_frame_refused(len, reply);
}

static struct stay_frame
error_of(struct stay_session *session, const struct stay_redis__parser *parser,
    const struct stay_redis_reply *reply)
{
	const char *text = stay_redis_str(reply);
	const struct stay_redis__word *word =
	    stay_redis__word_of(stay_redis__cause_of(text));
	struct stay_frame frame = stay_frame_error(parser->pos, reply);

	if (is_refusal(session, word->meaning))
		frame = refused(session, parser->pos, reply, word->renew);
	else if (lacks_script(session, word->meaning))
		frame = stay_frame_refused_for_good(parser->pos, reply);

	renew_for(session, word->renew);
	return stay_frame_with_text(frame, text, stay_redis_len(reply));
}

/* What a call leaves behind in the session, its reply says. */
static void
follow(struct stay_session *session, unsigned type)
{
	struct stay_redis__session *own = stay_session_data(session);
	const struct stay_redis *redis = stay_session_keep(session);
	const uint64_t *tag = stay_session_oldest(session);

	if (tag == NULL)
		return;
	stay_redis__follow(own, stay_redis__tag_kind(*tag), type);
	if (redis->hub != NULL && !own->in_multi)
		stay_redis__hub_wake(redis->hub);
}

/* A write has succeeded, and so the server is the right one. Of a script, of EXEC and
 * of what is only queued nobody knows. */
static void
believe(struct stay_session *session, unsigned type)
{
	struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis__session *own = stay_session_data(session);
	const uint64_t *tag = stay_session_oldest(session);

	if (tag == NULL || stay_redis__tag_kind(*tag) != 0 ||
	    type == STAY_REDIS_ERROR || own->in_multi)
		return;
	redis->lessons.is_doubted = false;
	stay_session_trust(session);
}

void
stay_redis__session_answered(struct stay_session *session, unsigned type)
{
	const struct stay_redis *redis = stay_session_keep(session);

	if (redis->lessons.is_doubted)
		believe(session, type);
	if (type != STAY_REDIS_STRING)
		follow(session, type);
}

/* Whether it may be a frame of a subscription. */
static bool
is_subscribers(const struct stay_redis *redis, unsigned type)
{
	return type == (redis->is_apart ? STAY_REDIS_ARRAY : STAY_REDIS_PUSH);
}

/* The acknowledgement of a command in a multi says nothing more, and is not kept. */
static bool
is_queued(struct stay_session *session, const struct stay_redis_reply *reply)
{
	unsigned kind = kind_due(session);

	return (kind == STAY_REDIS__TAG_QUEUED ||
		   kind == STAY_REDIS__TAG_QUEUED_ALTERS) &&
	       strcmp(stay_redis_str(reply), "QUEUED") == 0;
}

/* What may be more than a reply. A function of its own, so that what is nothing but
 * a reply does not pay for it. */
static __attribute__((noinline)) struct stay_frame
frame_of(struct stay_session *session, const struct stay_redis *redis)
{
	enum stay_frame_kind kind;
	const struct stay_redis__parser *parser = redis->parser;
	const struct stay_redis_reply *reply =
	    stay_redis__tape_reply(&parser->tape);
	unsigned type = reply->type;

	if (parser->pos > parser->text_max)
		return stay_redis__too_big_whole(session);
	if (redis->hub != NULL && is_subscribers(redis, type) &&
	    (kind = stay_redis__hub_frame(session, reply)) != STAY_FRAME_REPLY)
		return stay_frame_of(kind, parser->pos, reply);
	if (type == STAY_REDIS_PUSH)
		return stay_frame_push(parser->pos, reply);
	if (redis->hub != NULL && stay_redis__hub_is_misled(session, reply))
		return stay_frame_bad(
		    "SUBSCRIBE is answered by something else");
	stay_redis__session_answered(session, type);
	if (type == STAY_REDIS_STATUS && is_queued(session, reply))
		return stay_frame_reply(parser->pos, NULL);
	if (type != STAY_REDIS_ERROR)
		return stay_frame_reply(parser->pos, reply);
	return error_of(session, parser, reply);
}

static struct stay_frame
wait_for_rest(struct stay_session *session, struct stay_bytes in)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis__parser *parser = redis->parser;
	size_t least = stay_redis__parser_bytes_min(parser);

	if (in.len < parser->text_max && least <= parser->text_max)
		return stay_frame_more_of(least);
	redis->parser->why = NULL;
	return stay_redis__too_big(session, in);
}

/* The short way of most replies: a string says nothing to the session, unless there
 * are subscriptions or the server is in doubt. */
static inline bool
is_only_reply(
    const struct stay_redis *redis, const struct stay_redis_reply *reply)
{
	return reply->type == STAY_REDIS_STRING && redis->hub == NULL &&
	       !redis->lessons.is_doubted &&
	       redis->parser->pos <= redis->parser->text_max;
}

static __attribute__((noinline)) struct stay_frame
frame_of_rest(struct stay_session *session, struct stay_bytes in,
    enum stay_redis__parsed parsed)
{
	const struct stay_redis *redis = stay_session_keep(session);

	if (parsed == STAY_REDIS__MORE)
		return wait_for_rest(session, in);
	return stay_redis__parser_has_met_bound(redis->parser)
		   ? stay_redis__too_big(session, in)
		   : stay_frame_bad(redis->parser->why);
}

static void
begin_parser(struct stay_redis *redis, const struct stay_redis__config *config)
{
	struct stay_redis__parser *parser = redis->parser;
	bool greets = redis->greeting != NULL;

	stay_redis__parser_reset(parser);
	parser->tape.depth_max = config->depth_max;
	parser->tape.elements_max = config->elements_max;
	parser->text_max = config->text_max;
	if (greets && config->elements_max < STAY_REDIS__GREETING_ELEMENTS)
		parser->tape.elements_max = STAY_REDIS__GREETING_ELEMENTS;
	if (greets && config->text_max < STAY_REDIS__GREETING_BYTES)
		parser->text_max = STAY_REDIS__GREETING_BYTES;
}

/* The first bytes since the session has rested. False: no memory. */
static __attribute__((noinline)) bool
take_parser(struct stay_redis *redis, const struct stay_redis__config *config)
{
	redis->parser = calloc(1, sizeof(*redis->parser));
	if (redis->parser == NULL)
		return false;
	begin_parser(redis, config);
	return true;
}

void
stay_redis__session_rest(struct stay_redis *redis)
{
	if (redis->parser == NULL || redis->skip != NULL ||
	    redis->parser->state != STAY_REDIS__AT_FRAME)
		return;
	stay_redis__session_fini(redis);
}

void
stay_redis__session_fini(struct stay_redis *redis)
{
	if (redis->parser != NULL)
		stay_redis__parser_fini(redis->parser);
	free(redis->parser);
	redis->parser = NULL;
}

struct stay_frame
stay_redis__session_decode(struct stay_session *session, struct stay_bytes in)
{
	struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis_reply *reply;
	enum stay_redis__parsed parsed;

	if (redis->skip != NULL)
		return stay_redis__too_big_on(session, in);
	if (redis->parser == NULL &&
	    !take_parser(redis, stay_session_config(session)))
		return stay_frame_bad("no memory to read a reply");
	if (stay_session_takes_pieces(session) &&
	    stay_redis__pieces_come(redis->parser, in))
		return stay_redis__pieces_decode(session, in);
	parsed = stay_redis__parse(
	    redis->parser, stay_session_input(session), in.len);
	if (parsed != STAY_REDIS__WHOLE)
		return frame_of_rest(session, in, parsed);
	reply = stay_redis__tape_reply(&redis->parser->tape);
	return is_only_reply(redis, reply)
		   ? stay_frame_reply(redis->parser->pos, reply)
		   : frame_of(session, redis);
}

void
stay_redis__session_push(
    struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay_redis__config *config = stay_session_config(session);
	struct stay_redis *redis = stay_session_keep(session);

	if (redis->greeting != NULL)
		redis->greeting->heard = true;
	if (redis->hub != NULL && stay_redis__hub_push(session, frame))
		return;
	stay_redis__moving_hear(session, frame->reply);
	if (config->on_push != NULL)
		config->on_push(config->on_push_arg, redis, frame->reply);
}

/* The subscriptions know what they have asked for, in its order. Scripts, and probes of
 * before their first one, come first. A reset is said when no other answer is due. */
void
stay_redis__session_control(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_redis__session *own = stay_session_data(session);
	struct stay_redis *redis = stay_session_keep(session);

	if (stay_redis__script_is_loaded(own) ||
	    stay_redis__reset_answered(own, frame))
		return;
	if (own->pings > 0)
		own->pings--;
	else if (redis->hub != NULL && redis->hub->carrier == redis)
		stay_redis__hub_answered(redis->hub, frame->reply);
}

void
stay_redis__session_orphan(
    struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay_redis__config *config = stay_session_config(session);

	if (config->on_orphan != NULL)
		config->on_orphan(config->on_orphan_arg,
		    stay_session_keep(session),
		    stay_redis__pieces_are_over(frame) ? NULL : frame->reply);
}

size_t
stay_redis__session_retain(
    struct stay_session *session, struct stay_retain *keep)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis_reply *kept = NULL;
	size_t size = stay_redis__tape_copy(
	    &redis->parser->tape, keep->reply, keep->moved, keep->to, &kept);

	keep->kept = kept;
	return size;
}

/* ---- a session ---- */

/* A session may have another config than the one before, whose parser was given back
 * when it ended. False: no memory. */
static bool
begin(struct stay_session *session)
{
	const struct stay_redis__config *config = stay_session_config(session);
	struct stay_redis *redis = stay_session_keep(session);

	redis->client = stay_session_client(session);
	redis->reads_once = !config->resend_reads;
	if (config->sentinels == 0)
		stay_redis__sentinel_drop(redis);
	free(redis->greeting);
	redis->greeting = calloc(1, sizeof(*redis->greeting));
	return redis->greeting != NULL;
}

static void
end_greeting(struct stay_redis *redis)
{
	free(redis->greeting);
	redis->greeting = NULL;
}

static uint64_t
now_ms(struct stay_session *session)
{
	const struct stay_conn *conn =
	    stay_client_conn(stay_session_client(session));

	return stay_loop_now_ms(stay_conn_loop(conn));
}

/* The reply to HELLO is larger than most; do not keep its memory. */
static void
come_up(struct stay_redis *redis, const struct stay_redis__config *config)
{
	redis->agreed = redis->greeting->agreed;
	end_greeting(redis);
	stay_redis__sentinel_found(redis);
	if (redis->parser == NULL)
		return;
	stay_redis__parser_fini(redis->parser);
	begin_parser(redis, config);
}

static const char no_memory[] = "no memory for the greeting";

struct stay_hello
stay_redis__session_hello(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__exchange exchange = { .config = stay_session_config(
						     session),
		.lessons = &redis->lessons,
		.url = stay_session_url(session),
		.now_ms = now_ms(session),
		.reply = frame == NULL ? NULL : frame->reply,
		.out = stay_session_control(session) };
	struct stay_hello answer;

	if (frame == NULL && !begin(session))
		return stay_hello_retry(no_memory);
	answer = stay_redis__greeting_answer(redis->greeting, &exchange);
	stay_session_set_login(session, redis->greeting->login.user,
	    redis->greeting->login.password);
	if (exchange.due > 0 &&
	    stay_session_expect(session, exchange.due) != STAY_OK)
		return stay_hello_retry(no_memory);
	if (answer.kind == STAY_HELLO_UP)
		come_up(redis, exchange.config);
	return answer;
}

/* The greeting has failed. An incomplete reply counts as an answer, too. */
static void
fail_greeting(struct stay_redis *redis, enum stay_status why)
{
	if (redis->parser != NULL &&
	    redis->parser->state != STAY_REDIS__AT_FRAME)
		redis->greeting->heard = true;
	stay_redis__greeting_over(redis->greeting, &redis->lessons, why);
	end_greeting(redis);
}

void
stay_redis__session_down(struct stay_session *session, enum stay_status why)
{
	struct stay_redis *redis = stay_session_keep(session);

	if (redis->greeting != NULL)
		fail_greeting(redis, why);
	if (redis->parser != NULL)
		stay_redis__parser_reset(redis->parser);
	stay_redis__too_big_end(session);
	redis->agreed = (struct stay_redis__agreement){ .protocol = 0 };
	if (redis->hub != NULL && redis->hub->carrier == redis)
		stay_redis__hub_over(redis->hub, why);
}

/* Calls come behind what begins to restore the subscriptions; the rest of it goes on
 * beside them. */
struct stay_hello
stay_redis__session_up(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__hub *hub = redis->hub;

	(void)frame;
	if (!redis->is_apart)
		stay_redis__scripts_load(session);
	if (hub == NULL)
		return stay_hello_up();
	if (!redis->is_apart) {
		stay_redis__apart_follow(hub, session);
	} else if (hub->apart == redis) {
		stay_redis__hub_up(hub, redis, session);
	}
	return stay_hello_up();
}

/* Something has been put off. */
void
stay_redis__session_tick(struct stay_session *session)
{
	struct stay_redis *redis = stay_session_keep(session);

	if (redis->hub != NULL)
		stay_redis__hub_wake(redis->hub);
	stay_redis__moving_tick(session);
}

int
stay_redis__session_describe(
    struct stay_session *session, char *text, size_t len)
{
	const struct stay_redis *redis = stay_session_keep(session);

	return stay_redis__agreement_describe(&redis->agreed, text, len);
}

/* In a transaction PING would be queued as one of its commands. */
void
stay_redis__session_ping(struct stay_session *session)
{
	struct stay_redis__session *own = stay_session_data(session);
	struct stay_redis *redis = stay_session_keep(session);

	if (own->in_multi)
		return;
	if (redis->hub != NULL)
		stay_redis__hub_wake(redis->hub);
	if (redis->hub != NULL && redis->hub->carrier == redis)
		stay_redis__hub_ping(redis->hub);
	else if (stay_buf_puts(stay_session_control(session),
		     "*1\r\n$4\r\nPING\r\n") == STAY_OK &&
		 stay_session_expect(session, 1) == STAY_OK)
		own->pings++;
}
