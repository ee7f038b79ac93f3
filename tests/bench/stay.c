/*
 * stay as a program would use it: the Redis adapter on libev. Replies are
 * parsed on a world of memory: their calls are in flight before the stopwatch
 * starts, so what it sees is the way of a reply from the stream to its `done`.
 */
#include <stay/redis.h>

#include <stdio.h>
#include <string.h>

#include <ev.h>

#include <stay/loop.h>

#include "bench.h"
#include "memory_world.h"

/* Nothing gives up during a measurement. */
#define CLIENT_OPTIONS                                                         \
	{                                                                      \
		STAY_CLIENT_OPTIONS, .call_timeout_ms = 60000                  \
	}

static struct {
	struct stay_loop *loop;
	struct stay_redis *redis;
	uint64_t unasked;
	uint64_t unanswered;
} client;

static struct stay_redis *
connect_to(int port)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = CLIENT_OPTIONS };
	struct stay_redis *redis;
	char url[32];

	if (client.loop == NULL)
		client.loop = stay_loop_ev(EV_DEFAULT);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", port);
	bench_need(
	    stay_redis_start(&redis, client.loop, url, &options) == STAY_OK,
	    "stay does not start");
	return redis;
}

/* ---- GET ---- */

static void
open_client(int port)
{
	client.redis = connect_to(port);
}

static void on_reply(void *arg, const struct stay_result *result);

static void
ask(void)
{
	static const char *const words[] = { "GET", BENCH_KEY };
	static const size_t lens[] = { 3, sizeof(BENCH_KEY) - 1 };

	bench_need(stay_redis_argv(client.redis, NULL, on_reply, &client, 2,
		       words, lens) == STAY_OK,
	    "stay takes no command");
	client.unasked--;
}

static void
on_reply(void *arg, const struct stay_result *result)
{
	(void)arg;
	bench_need(result->status == STAY_OK &&
		       stay_redis_len(result->reply) == sizeof(BENCH_VALUE) - 1,
	    "a wrong reply");
	client.unanswered--;
	if (client.unasked > 0)
		ask();
	else if (client.unanswered == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
get(unsigned in_flight, uint64_t calls)
{
	client.unasked = client.unanswered = calls;
	for (unsigned i = 0; i < in_flight && client.unasked > 0; i++)
		ask();
	ev_run(EV_DEFAULT, 0);
}

/* ---- many connections ---- */

static void
on_pong(void *arg, const struct stay_result *result)
{
	unsigned *missing = arg;

	bench_need(result->status == STAY_OK, "no pong");
	if (--*missing == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
enough(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

/* Idle is who has been so for a while: by then memory is given back. */
static void
rest(void)
{
	ev_timer timer;

	ev_timer_init(&timer, enough, 2.5, 0);
	ev_timer_start(EV_DEFAULT, &timer);
	ev_run(EV_DEFAULT, 0);
}

static void
crowd(int port, unsigned count)
{
	unsigned missing = count;

	for (unsigned i = 0; i < count; i++)
		bench_need(stay_redis_command(connect_to(port), on_pong,
			       &missing, "PING") == STAY_OK,
		    "stay takes no command");
	ev_run(EV_DEFAULT, 0);
}

static void
hurry(void)
{
	client.loop = stay_loop_ev(EV_DEFAULT);
	bench_need(stay_loop_set_dials_max(client.loop, UINT32_MAX) == STAY_OK,
	    "the dials are not let go");
}

/* ---- parsing ---- */

static bool
feed_has(void *arg)
{
	const struct bench_feed *feed = arg;

	return feed->left > 0;
}

static size_t
feed_give(void *arg, void *to, size_t room)
{
	return bench_feed_read(arg, to, room);
}

static void
forget(void *arg, const struct iovec *parts, int count)
{
	(void)arg;
	(void)parts;
	(void)count;
}

static void
serve(struct stay_world *world, struct bench_feed *feed)
{
	const struct memory_peer peer = { feed, feed_has, feed_give, forget };

	memory_world_peer(world, &peer);
	memory_world_settle(world);
	memory_world_peer(world, NULL);
}

static void
on_parsed(void *arg, const struct stay_result *result)
{
	uint64_t *count = arg;

	bench_need(result->status == STAY_OK, "a wrong reply");
	++*count;
}

/* RESP2, so that the greeting is CLIENT SETINFO twice and PING. */
static struct stay_redis *
connect_to_memory(struct stay_world *world, struct stay_loop *loop)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = CLIENT_OPTIONS, .protocol = 2 };
	struct bench_feed pong = { "+OK\r\n+OK\r\n+PONG\r\n", 17, 0, 17, 1 };
	struct stay_redis *redis;

	bench_need(stay_redis_start(&redis, loop, "redis://127.0.0.1:1",
		       &options) == STAY_OK,
	    "stay does not start");
	memory_world_settle(world);
	serve(world, &pong);
	bench_need(stay_conn_state(stay_redis_conn(redis)) == STAY_CONNECTED,
	    "stay does not connect");
	return redis;
}

static void
parse(struct bench_feed *feed)
{
	struct stay_world *world = memory_world_new();
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_redis *redis = connect_to_memory(world, loop);
	uint64_t count = 0;

	for (uint64_t i = 0; i < feed->replies; i++)
		bench_need(stay_redis_command(
			       redis, on_parsed, &count, "PING") == STAY_OK,
		    "stay takes no command");
	memory_world_settle(world);
	bench_watch_start();
	serve(world, feed);
	bench_watch_stop();
	bench_need(count == feed->replies, "a reply was lost");
	stay_redis_stop(redis);
	memory_world_settle(world);
	bench_need(stay_loop_free(loop) == STAY_OK, "stay does not stop");
}

static const struct bench_contender contender = { "stay", open_client, get,
	crowd, rest, hurry, parse };
const struct bench_contender *const bench_contender = &contender;
