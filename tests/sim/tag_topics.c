/*
 * What a session of the protocol with tags restores: its topics. A message comes
 * once and in order, or lies in a gap between two sessions.
 */
#include "tag.h"

#include <inttypes.h>
#include <string.h>

void
tag_topics_open(struct user *user)
{
	unsigned count = draw_below(user->run, 4);

	/* What an earlier client of it has said may come late. */
	if (user->life == 1)
		user->topics = count;
	memset(user->heard, 0, sizeof(user->heard));
	tag_topics_lose(user);
}

static enum stay_status
say_topic(struct stay_session *session, unsigned topic)
{
	struct stay_buf *out = stay_session_control(session);
	enum stay_status status = stay_buf_printf(out, "sub %u\n", topic);

	return status == STAY_OK ? stay_session_expect(session, 1) : status;
}

/* Now and then more than the lane takes is said among them. */
static enum stay_status
restore_notes(struct stay_session *session)
{
	return draw_mille(the_run, 20) ? tag_lane_fill(session)
				       : tag_lane_go_on(session);
}

/* In turns, as the lane has room. */
struct stay_hello
tag_topics_restore(struct stay_session *session)
{
	struct tag_topics *topics = &tag_data_of(session)->topics;
	const struct user *user = tag_user_of(session);
	enum stay_status status = STAY_OK;

	while (topics->said < user->topics && status == STAY_OK) {
		status = say_topic(session, topics->said);
		topics->said += status == STAY_OK;
	}
	if (status == STAY_OK)
		status = restore_notes(session);
	if (status == STAY_OK && !topics->ready) {
		status = tag_say(session, 1, "ready", 0);
		topics->ready = status == STAY_OK;
	}
	tag_user_of(session)->lane.restores = status == STAY_E_FULL;
	if (status == STAY_E_FULL)
		return stay_hello_wait();
	if (status != STAY_OK)
		return stay_hello_retry("no memory to be ready");
	return draw_mille(the_run, 500) ? stay_hello_wait() : stay_hello_up();
}

void
tag_topics_take(struct stay_session *session, uint64_t number)
{
	struct tag_topics *topics = &tag_data_of(session)->topics;

	if (number != (TAG_NONE | topics->acked) ||
	    topics->acked >= topics->said)
		broken(2, "topic %" PRIu64 " is restored behind %u",
		    number & ~TAG_NONE, topics->acked);
	topics->acked++;
}

/* In a session none is left out. */
void
tag_topics_hear(struct stay_session *session, uint64_t number)
{
	const struct tag_topics *topics = &tag_data_of(session)->topics;
	struct user *user = tag_user_of(session);
	uint64_t topic = number % TAG_TOPICS, last = user->heard[topic];
	bool gap = user->gap_before[topic];

	number /= TAG_TOPICS;
	if (topic >= topics->acked)
		broken(2, "topic %" PRIu64 " is heard of before it is restored",
		    topic);
	if (number <= last || (!gap && number != last + 1))
		broken(2, "message %" PRIu64 " comes behind %" PRIu64, number,
		    last);
	user->heard[topic] = number;
	user->gap_before[topic] = false;
}

void
tag_topics_lose(struct user *user)
{
	for (unsigned i = 0; i < TAG_TOPICS; i++)
		user->gap_before[i] = true;
}
