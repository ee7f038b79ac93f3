/*
 * What the server is asked for, on the control lane: one command for each topic, one
 * at a time for each, and a bounded number of them under way, so that 100,000 topics
 * neither fill the lane nor keep calls waiting. Each answer makes room for the next.
 */
#include "session.h"
#include "subscriptions.h"
#include "words.h"

#define ASKED_MAX  256u
#define BYTES_MAX  (64u << 10)
#define REFUSED_MS 1000u /* before a server that can't now is asked again */

/* The session that commands may be sent in; NULL: none, or not now. */
static struct stay_session *
session_of(const struct stay_redis__hub *hub)
{
	struct stay_session *session = hub->rising;
	const struct stay_redis__session *own;

	if (session == NULL && hub->carrier != NULL)
		session = stay_client_session(hub->carrier->client);
	if (session == NULL)
		return NULL;
	own = stay_session_data(session);
	return own->in_multi ? NULL : session;
}

/* ---- asking ---- */

static bool
write_command(struct stay_buf *out, const struct stay_redis__topic *topic)
{
	static const char *const begin[][2] = {
		[STAY_REDIS_CHANNEL] = { "$9\r\nSUBSCRIBE",
		    "$11\r\nUNSUBSCRIBE" },
		[STAY_REDIS_PATTERN] = { "$10\r\nPSUBSCRIBE",
		    "$12\r\nPUNSUBSCRIBE" },
		[STAY_REDIS_SHARD] = { "$10\r\nSSUBSCRIBE",
		    "$12\r\nSUNSUBSCRIBE" },
	};
	bool ends = topic->wire == STAY_REDIS__WIRE_ON;

	return stay_buf_printf(out, "*2\r\n%s\r\n$%zu\r\n",
		   begin[topic->kind][ends], topic->len) == STAY_OK &&
	       stay_buf_append(out, topic->name, topic->len) == STAY_OK &&
	       stay_buf_puts(out, "\r\n") == STAY_OK;
}

/* Half a command is taken back here: the slot that runs may be another client's. */
static bool
ask(struct stay_redis__hub *hub, struct stay_session *session,
    struct stay_redis__topic *topic)
{
	struct stay_buf *out = stay_session_control(session);
	size_t before = stay_buf_len(out);

	if (!write_command(out, topic)) {
		stay_buf_cut(out, before);
		return false;
	}
	if (stay_session_expect(session, 1) != STAY_OK)
		return false;
	if (topic->wire == STAY_REDIS__WIRE_ON)
		hub->counts.acknowledged--;
	topic->wire = topic->wire == STAY_REDIS__WIRE_ON
			  ? STAY_REDIS__WIRE_ENDING
			  : STAY_REDIS__WIRE_ASKED;
	topic->asked_ms = stay_redis__hub_now(hub);
	stay_redis__ring_push(&hub->asked, &topic->work);
	hub->asked_count++;
	return true;
}

static bool
has_room(const struct stay_redis__hub *hub, struct stay_session *session)
{
	return hub->asked_count < ASKED_MAX &&
	       stay_buf_len(stay_session_control(session)) < BYTES_MAX;
}

/* Without memory it goes on with the next answer, which may be that to a probe. */
void
stay_redis__hub_pump(struct stay_redis__hub *hub)
{
	struct stay_session *session = session_of(hub);
	struct stay_redis__ring *todo = &hub->todo;

	if (session == NULL || stay_redis__hub_now(hub) < hub->held_ms)
		return;
	while (!stay_redis__ring_is_empty(todo) && has_room(hub, session))
		if (!ask(hub, session,
			STAY_REDIS__OF(
			    todo->next, struct stay_redis__topic, work)))
			return;
}

void
stay_redis__hub_ping(struct stay_redis__hub *hub)
{
	struct stay_session *session = session_of(hub);

	if (session == NULL || !stay_redis__ring_is_empty(&hub->ping))
		return;
	if (stay_buf_puts(stay_session_control(session),
		"*1\r\n$4\r\nPING\r\n") != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return;
	hub->ping_ms = stay_redis__hub_now(hub);
	stay_redis__ring_push(&hub->asked, &hub->ping);
	hub->asked_count++;
}

/* ---- what is wanted ---- */

static void
restore_subscribers(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	struct stay_redis__ring *node = topic->subscribers.next;

	(void)hub;
	for (; node != &topic->subscribers; node = node->next)
		stay_redis__subscription_restored(STAY_REDIS__OF(
		    node, struct stay_redis_subscription, of_topic));
}

/* It is acknowledged, or never will be: who asks once more has lost nothing. With the
 * last one the gaps are over. */
static void
settle(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	if (!topic->restores)
		return;
	topic->restores = false;
	if (--hub->restoring == 0)
		stay_redis__topic_each(hub, restore_subscribers);
}

void
stay_redis__topic_changed(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	bool wanted = !stay_redis__ring_is_empty(&topic->subscribers);

	if (topic->wire == STAY_REDIS__WIRE_ASKED ||
	    topic->wire == STAY_REDIS__WIRE_ENDING)
		return; /* the answer decides */
	if (wanted != (topic->wire == STAY_REDIS__WIRE_ON)) {
		if (stay_redis__ring_is_empty(&topic->work))
			stay_redis__ring_push(&hub->todo, &topic->work);
		stay_redis__hub_wake(hub);
		return;
	}
	stay_redis__ring_remove(&topic->work);
	if (wanted)
		return;
	settle(hub, topic);
	stay_redis__topic_unlink(hub, topic);
}

/* ---- a session ---- */

static void
restore(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	topic->restores = true;
	hub->restoring++;
	stay_redis__ring_push(&hub->todo, &topic->work);
}

void
stay_redis__hub_up(struct stay_redis__hub *hub, struct stay_redis *carrier,
    struct stay_session *session)
{
	hub->carrier = carrier;
	hub->held_ms = 0;
	hub->proven_ms = hub->ping_ms = stay_redis__hub_now(hub);
	stay_redis__topic_each(hub, restore);
	hub->rising = session;
	stay_redis__hub_pump(hub);
	hub->rising = NULL;
	stay_redis__stall_up(hub);
}

static void
lose(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	struct stay_redis__ring *node = topic->subscribers.next;

	topic->wire = STAY_REDIS__WIRE_OFF;
	topic->restores = false;
	stay_redis__ring_remove(&topic->work);
	if (node == &topic->subscribers) {
		stay_redis__topic_unlink(hub, topic);
		return;
	}
	for (; node != &topic->subscribers; node = node->next)
		stay_redis__subscription_lost(
		    STAY_REDIS__OF(
			node, struct stay_redis_subscription, of_topic),
		    hub->why);
}

void
stay_redis__hub_over(struct stay_redis__hub *hub, enum stay_status why)
{
	stay_redis__stall_over(hub);
	hub->carrier = NULL;
	hub->why = why;
	hub->restoring = hub->asked_count = 0;
	hub->counts.acknowledged = 0;
	hub->counts.lost += hub->counts.channels > 0;
	stay_redis__ring_remove(&hub->ping);
	stay_redis__topic_each(hub, lose);
}

void
stay_redis__hub_revoked(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	bool wanted = !stay_redis__ring_is_empty(&topic->subscribers);

	if (topic->wire != STAY_REDIS__WIRE_ON)
		return;
	hub->why = STAY_E_LOST;
	hub->counts.acknowledged--;
	lose(hub, topic);
	if (!wanted)
		return;
	topic->restores = true;
	hub->restoring++;
	stay_redis__topic_changed(hub, topic);
}

/* ---- answers ---- */

static void
acknowledged(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	struct stay_redis__ring *node = topic->subscribers.next;
	bool ended = topic->wire == STAY_REDIS__WIRE_ENDING;

	topic->wire = ended ? STAY_REDIS__WIRE_OFF : STAY_REDIS__WIRE_ON;
	hub->counts.acknowledged += !ended;
	for (; !ended && node != &topic->subscribers; node = node->next)
		stay_redis__subscription_joined(STAY_REDIS__OF(
		    node, struct stay_redis_subscription, of_topic));
	settle(hub, topic);
	stay_redis__topic_changed(hub, topic);
}

/* The server can't now. It is not asked in a hurry. */
static void
ask_later(struct stay_redis__hub *hub)
{
	struct stay_session *session = session_of(hub);

	hub->held_ms = stay_redis__hub_now(hub) + REFUSED_MS;
	if (session != NULL)
		(void)stay_session_tick_after(session, REFUSED_MS);
}

/* An owner may subscribe to it again, which is another question. */
static void
refuse_all(
    struct stay_redis__topic *topic, const struct stay_redis_reply *reply)
{
	bool denied = stay_redis__begins_with(stay_redis_str(reply), "NOPERM");
	struct stay_redis__ring all, *node;

	stay_redis__ring_init(&all);
	while ((node = topic->subscribers.next) != &topic->subscribers)
		stay_redis__ring_push(&all, node);
	while ((node = all.next) != &all)
		stay_redis__subscription_refuse(
		    STAY_REDIS__OF(
			node, struct stay_redis_subscription, of_topic),
		    denied ? STAY_E_DENIED : STAY_E_SERVER, reply);
}

static void
turn_off(struct stay_redis__hub *hub, struct stay_redis__topic *topic)
{
	topic->wire = STAY_REDIS__WIRE_OFF;
	stay_redis__topic_changed(hub, topic);
}

/* An owner may as well move the client, which takes the carrier away, and the topic. */
static void
refuse_for_good(struct stay_redis__hub *hub, struct stay_redis__topic *topic,
    const struct stay_redis_reply *reply)
{
	topic->users++;
	refuse_all(topic, reply);
	if (!topic->unlinked) {
		settle(hub, topic);
		turn_off(hub, topic);
	}
	stay_redis__topic_leave(hub, topic);
}

static void
refused(struct stay_redis__hub *hub, struct stay_redis__topic *topic,
    const struct stay_redis_reply *reply)
{
	const struct stay_redis__word *word =
	    stay_redis__word_of(stay_redis_str(reply));
	bool for_good = topic->wire == STAY_REDIS__WIRE_ASKED &&
			word->meaning != STAY_REDIS__WORD_REFUSED;

	if (for_good) {
		refuse_for_good(hub, topic, reply);
		return;
	}
	if (topic->wire == STAY_REDIS__WIRE_ASKED)
		ask_later(hub);
	turn_off(hub, topic);
}

static void
answered_topic(struct stay_redis__hub *hub, struct stay_redis__topic *topic,
    const struct stay_redis_reply *reply)
{
	enum stay_redis_type type = stay_redis_type_of(reply);
	struct stay_session *session;

	if (type == STAY_REDIS_ERROR) {
		refused(hub, topic, reply);
	} else if (type == STAY_REDIS_PUSH || type == STAY_REDIS_ARRAY) {
		acknowledged(hub, topic);
	} else if ((session = session_of(hub)) != NULL) {
		stay_session_renew(session,
		    "the server has put a SUBSCRIBE into a transaction");
	}
}

void
stay_redis__hub_answered(
    struct stay_redis__hub *hub, const struct stay_redis_reply *reply)
{
	struct stay_redis__ring *node = hub->asked.next;
	struct stay_redis__topic *topic;

	if (node == &hub->asked)
		return;
	stay_redis__ring_remove(node);
	hub->asked_count--;
	if (node == &hub->ping) {
		hub->proven_ms = hub->ping_ms;
	} else {
		topic = STAY_REDIS__OF(node, struct stay_redis__topic, work);
		hub->proven_ms = topic->asked_ms;
		answered_topic(hub, topic, reply);
	}
	stay_redis__hub_pump(hub);
}
