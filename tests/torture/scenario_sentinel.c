/*
 * Sentinels by URL: one that knows nothing, one that knows where the primary is, and says
 * then that it is somewhere else, which is the same server by another name. Whatever fails,
 * the client that asks them ends before the other, and calls are told once.
 */
#include <stdio.h>

#include "fault.h"
#include "scenario.h"

#define SUBSCRIBED ">3\r\n+subscribe\r\n++switch-master\r\n:1\r\n"

static const struct peer_row ignorant[] = { ON("SENTINEL", "_\r\n"),
	ON("SUBSCRIBE", SUBSCRIBED), NO_MORE };

static void
name(char answer[64], const char *host, const struct server *server)
{
	snprintf(answer, 64, "*2\r\n+%s\r\n+%d\r\n", host, server->door.port);
}

static void
publish(const struct server *sentinel)
{
	fault_spare(true);
	if (sentinel->peer.ends != NULL)
		peer_say(sentinel->peer.ends,
		    ">3\r\n+message\r\n++switch-master\r\n+it a 1 b 2\r\n");
	fault_spare(false);
}

void
scenario_redis_sentinels(struct rig *rig)
{
	char answer[64], url[128];
	const struct peer_row knowing[] = { ON("SENTINEL", answer),
		ON("SUBSCRIBE", SUBSCRIBED), NO_MORE };
	struct server *primary = server_listen(SERVER_REDIS, false);
	struct server *first = server_listen(SERVER_REDIS, false);
	struct server *second = server_listen(SERVER_REDIS, false);
	struct rig_member *redis;

	name(answer, "127.0.0.1", primary);
	first->peer.rows = ignorant;
	second->peer.rows = knowing;
	snprintf(url, sizeof(url),
	    "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d/it", first->door.port,
	    second->door.port);
	redis = rig_redis(rig, url, NULL);
	rig_ask_many(redis, primary, 3);
	rig_run_told(rig, 3000);
	name(answer, "localhost", primary);
	publish(second);
	rig_run(rig, 300);
	rig_ask_many(redis, primary, 3);
	rig_run_told(rig, 3000);
	rig_expect(primary->peer.accepted == 2, "it has moved");
	rig_expect_calls(rig, 6, STAY_OK, STAY_REPLIED);
	rig_finish(rig);
}
