/*
 * Which frames are of subscriptions: messages, and acknowledgements. RESP3 marks them
 * as pushes. In RESP2 they are arrays; there the connection has no calls. An
 * acknowledgement answers its command, unless the server speaks by itself, as when a
 * slot with its sharded channels has moved.
 */
#include <string.h>

#include "session.h"
#include "subscriptions.h"

enum sense { SENSE_NONE, SENSE_MESSAGE, SENSE_BEGUN, SENSE_ENDED };

struct word {
	const char *text;
	enum stay_redis_subscription_kind kind;
	enum sense sense;
};

static const struct word words[] = {
	{ "message", STAY_REDIS_CHANNEL, SENSE_MESSAGE },
	{ "pmessage", STAY_REDIS_PATTERN, SENSE_MESSAGE },
	{ "smessage", STAY_REDIS_SHARD, SENSE_MESSAGE },
	{ "subscribe", STAY_REDIS_CHANNEL, SENSE_BEGUN },
	{ "psubscribe", STAY_REDIS_PATTERN, SENSE_BEGUN },
	{ "ssubscribe", STAY_REDIS_SHARD, SENSE_BEGUN },
	{ "unsubscribe", STAY_REDIS_CHANNEL, SENSE_ENDED },
	{ "punsubscribe", STAY_REDIS_PATTERN, SENSE_ENDED },
	{ "sunsubscribe", STAY_REDIS_SHARD, SENSE_ENDED },
};

static struct stay_bytes
bytes_of(const struct stay_redis_reply *reply)
{
	return (
	    struct stay_bytes){ stay_redis_str(reply), stay_redis_len(reply) };
}

/* NULL: it is something else. A message of a pattern has one element more. */
static const struct word *
word_of(const struct stay_redis_reply *reply)
{
	size_t count = stay_redis_count(reply);
	const char *text = stay_redis_str(stay_redis_first(reply));

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].text) == 0)
			return count == (i == 1 ? 4 : 3) ? &words[i] : NULL;
	return NULL;
}

/* The channel, the pattern: what was subscribed to. */
static struct stay_bytes
name_of(const struct stay_redis_reply *reply)
{
	return bytes_of(stay_redis_next(stay_redis_first(reply)));
}

struct stay_redis_message
stay_redis_message_of(const void *reply)
{
	const struct stay_redis_reply *all = reply, *at;
	struct stay_redis_message message = { .reply = all };

	at = stay_redis_next(stay_redis_first(all));
	if (stay_redis_count(all) == 4)
		at = stay_redis_next(at);
	message.channel = bytes_of(at);
	message.payload = bytes_of(stay_redis_next(at));
	return message;
}

/* ---- for decode ---- */

/* Whether it is what the oldest command waits for. */
static bool
answers(const struct stay_redis__hub *hub, const struct word *word,
    struct stay_bytes name)
{
	const struct stay_redis__ring *node = hub->asked.next;
	const struct stay_redis__topic *topic;
	enum stay_redis__wire wire = word->sense == SENSE_BEGUN
					 ? STAY_REDIS__WIRE_ASKED
					 : STAY_REDIS__WIRE_ENDING;

	if (node == &hub->asked || node == &hub->ping)
		return false;
	topic = STAY_REDIS__OF(node, const struct stay_redis__topic, work);
	return topic->kind == word->kind && topic->wire == wire &&
	       topic->len == name.len &&
	       memcmp(topic->name, name.data, name.len) == 0;
}

enum stay_frame_kind
stay_redis__hub_frame(
    struct stay_session *session, const struct stay_redis_reply *reply)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis__hub *hub = redis->hub;
	const struct word *word = word_of(reply);

	if (word == NULL)
		return STAY_FRAME_REPLY;
	if (word->sense == SENSE_MESSAGE || hub->carrier != redis ||
	    stay_session_oldest(session) != NULL ||
	    !answers(hub, word, name_of(reply)))
		return STAY_FRAME_PUSH;
	return redis->is_apart ? STAY_FRAME_REPLY : STAY_FRAME_ANSWERING_PUSH;
}

bool
stay_redis__hub_is_misled(
    struct stay_session *session, const struct stay_redis_reply *reply)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis__hub *hub = redis->hub;
	const struct stay_redis__session *own = stay_session_data(session);
	const struct stay_redis__ring *node = hub->asked.next;
	enum stay_redis_type type;

	if (hub->carrier != redis || node == &hub->asked ||
	    node == &hub->ping || own->pings > 0 || own->loads > 0 ||
	    stay_session_oldest(session) != NULL)
		return false;
	type = stay_redis_type_of(reply);
	if (type == STAY_REDIS_STATUS)
		return strcmp(stay_redis_str(reply), "QUEUED") != 0;
	return type != STAY_REDIS_ERROR &&
	       (!redis->is_apart || word_of(reply) == NULL);
}

/* ---- for on_push ---- */

/* Now and then it is proved that nothing is missing, so that a gap that follows is
 * known to have begun late. */
#define PROOF_MS 1000u

static void
take_message(struct stay_redis__hub *hub, const struct word *word,
    const struct stay_redis_reply *reply)
{
	struct stay_redis__topic *topic =
	    stay_redis__topic_find(hub, word->kind, name_of(reply));
	struct stay_redis_message message;

	if (stay_redis__hub_now(hub) - hub->ping_ms >= PROOF_MS)
		stay_redis__hub_ping(hub);
	if (topic == NULL || topic->wire == STAY_REDIS__WIRE_OFF)
		return;
	message = stay_redis_message_of(reply);
	hub->speaker = hub->carrier;
	stay_redis__deliver(hub, topic, &message);
}

bool
stay_redis__hub_push(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__hub *hub = redis->hub;
	const struct word *word = word_of(frame->reply);
	struct stay_redis__topic *topic;

	if (word == NULL)
		return false;
	if (hub->carrier != redis)
		return true;
	if (word->sense == SENSE_MESSAGE) {
		take_message(hub, word, frame->reply);
	} else if (word->sense == SENSE_ENDED &&
		   frame->kind == STAY_FRAME_PUSH) {
		topic = stay_redis__topic_find(
		    hub, word->kind, name_of(frame->reply));
		if (topic != NULL)
			stay_redis__hub_revoked(hub, topic);
	}
	return true;
}
