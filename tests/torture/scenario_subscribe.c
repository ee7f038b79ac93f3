/*
 * Scenarios about subscriptions: in RESP3 beside calls, in RESP2 on a second
 * connection. Whatever fails, each one that was accepted ends once, and what it is
 * told comes in its order.
 */
#include <stay/redis_subscribe.h>

#include "fault.h"
#include "scenario.h"

#define LONG_MS 3000

/* Each acknowledgement has a message behind it. */
#define ROWS(mark)                                                             \
	ON("SUBSCRIBE a", mark "3\r\n+subscribe\r\n+a\r\n:1\r\n" mark          \
			       "3\r\n+message\r\n+a\r\n+1\r\n"),               \
	    ON("SUBSCRIBE b", mark "3\r\n+subscribe\r\n+b\r\n:1\r\n"),         \
	    ON("UNSUBSCRIBE a", mark "3\r\n+unsubscribe\r\n+a\r\n:0\r\n"),     \
	    ON("UNSUBSCRIBE b", mark "3\r\n+unsubscribe\r\n+b\r\n:0\r\n"),     \
	    ON("SUBSCRIBE c", "-NOPERM not you\r\n")

static const struct peer_row resp3[] = { ROWS(">"), NO_MORE };
static const struct peer_row resp2[] = {
	ON("HELLO", "-ERR unknown command 'HELLO'\r\n"), ROWS("*"), NO_MORE
};

#define MESSAGE ">3\r\n+message\r\n+a\r\n+1\r\n"

static const struct peer_row flooding[] = {
	ON("SUBSCRIBE a",
	    ">3\r\n+subscribe\r\n+a\r\n:1\r\n" MESSAGE MESSAGE MESSAGE MESSAGE),
	NO_MORE
};

struct ear {
	struct rig_member *member;
	struct stay_redis_subscription *subscription;
	bool is_accepted, is_subscribed, is_lost, is_paused;
	unsigned messages, restored, ended;
	enum stay_status status;
};

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct ear *ear = arg;

	(void)message;
	rig_called_back(ear->member, "on_message");
	if (subscription != ear->subscription || !ear->is_subscribed ||
	    ear->is_paused || ear->ended > 0)
		fault_violation("a message to nobody");
	ear->messages++;
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct ear *ear = arg;

	(void)subscription;
	rig_called_back(ear->member, "on_notice");
	switch (notice->kind) {
	case STAY_REDIS_SUBSCRIBED:
		if (ear->is_subscribed)
			fault_violation("it is subscribed twice");
		ear->is_subscribed = true;
		return;
	case STAY_REDIS_LOST:
	case STAY_REDIS_RESTORED:
		if (ear->is_lost != (notice->kind == STAY_REDIS_RESTORED))
			fault_violation("a gap has one end");
		ear->is_lost = notice->kind == STAY_REDIS_LOST;
		ear->restored += notice->kind == STAY_REDIS_RESTORED;
		return;
	case STAY_REDIS_DROPPED:
		return;
	case STAY_REDIS_ENDED:
		ear->ended++;
		ear->status = notice->status;
	}
}

static void
subscribe(struct rig_member *member, struct ear *ear, const char *name)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = name,
		.on_message = on_message, .on_notice = on_notice, .arg = ear,
		.slow = STAY_REDIS_SLOW_PAUSE, .kept_max = 2
	};

	*ear = (struct ear){ .member = member };
	if (member->redis == NULL)
		return;
	rig_enter(member->rig);
	ear->is_accepted = stay_redis_subscribe(member->redis, &options,
			       &ear->subscription) == STAY_OK;
	rig_leave(member->rig);
}

static void
hold_up(struct ear *ear, bool paused)
{
	ear->is_paused = paused;
	if (!ear->is_accepted || ear->ended > 0)
		return;
	if (paused)
		stay_redis_subscription_pause(ear->subscription);
	else
		stay_redis_subscription_resume(ear->subscription);
}

static void
expect_ends(const struct ear *ears, int count)
{
	for (int i = 0; i < count; i++)
		if (ears[i].ended != (ears[i].is_accepted ? 1 : 0))
			fault_violation("one ends %u times", ears[i].ended);
}

/* Two of a channel, one of another, one that is refused; one of them is slow. All are
 * cut off, and restored. */
static void
subscribe_and_lose(struct rig *rig, const struct peer_row *rows)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis;
	struct ear ears[4];

	server->peer.rows = rows;
	redis = rig_redis(rig, door_url(&server->door, "redis"), NULL);
	subscribe(redis, &ears[0], "a");
	subscribe(redis, &ears[1], "b");
	subscribe(redis, &ears[2], "c");
	rig_run(rig, 200);
	subscribe(redis, &ears[3], "a");
	hold_up(&ears[0], true);
	rig_ask_many(redis, server, 3);
	rig_run_told(rig, LONG_MS);
	server_hang_up(server, false);
	rig_run(rig, 300);
	hold_up(&ears[0], false);
	if (ears[1].is_accepted && ears[1].ended == 0)
		stay_redis_unsubscribe(ears[1].subscription);
	rig_run(rig, 200);
	rig_expect(ears[0].messages >= 2 && ears[0].restored == 1 &&
		       ears[1].restored == 1 && ears[1].ended == 1,
	    "both are restored");
	rig_expect(ears[2].status == STAY_E_DENIED, "one is refused");
	rig_finish(rig);
	expect_ends(ears, 4);
}

void
scenario_subscriptions(struct rig *rig)
{
	subscribe_and_lose(rig, resp3);
}

void
scenario_subscriptions_apart(struct rig *rig)
{
	subscribe_and_lose(rig, resp2);
}

/* There are more messages than may be kept for it: calls wait as well, and the program
 * makes them wait a little longer. */
void
scenario_subscription_stalls(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_client *client;
	struct rig_member *redis;
	struct ear ears[2];

	server->peer.rows = flooding;
	redis = rig_redis(rig, door_url(&server->door, "redis"), NULL);
	subscribe(redis, &ears[0], "a");
	subscribe(redis, &ears[1], "a");
	hold_up(&ears[0], true);
	rig_run(rig, 200);
	rig_ask_many(redis, server, 3);
	rig_run(rig, 100);
	rig_expect(ears[1].messages == 2, "reading waits");
	client = redis->redis == NULL ? NULL : stay_redis_client(redis->redis);
	if (client != NULL)
		stay_client_pause(client);
	hold_up(&ears[0], false);
	rig_run(rig, 100);
	rig_expect(
	    ears[0].messages == 2 && ears[1].messages == 2, "it still does");
	if (client != NULL && redis->redis != NULL)
		stay_client_resume(client);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	rig_expect(
	    ears[0].messages == 4 && ears[1].messages == 4, "all have come");
	rig_finish(rig);
	expect_ends(ears, 2);
}
