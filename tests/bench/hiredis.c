/*
 * hiredis as its documentation would have it: the asynchronous client on libev,
 * and its reader alone for the parsing. Where it isn't installed this program
 * measures nothing.
 */
#include "bench.h"

#if __has_include(<hiredis/adapters/libev.h>)

#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

/* So much hiredis itself reads at once. */
#define READ_SIZE ((size_t)16 * 1024)

/* ---- GET ---- */

static struct {
	redisAsyncContext *context;
	uint64_t unasked;
	uint64_t unanswered;
} client;

static void
on_connect(const redisAsyncContext *context, int status)
{
	(void)context;
	bench_need(status == REDIS_OK, "hiredis cannot connect");
}

static redisAsyncContext *
connect_to(int port)
{
	redisAsyncContext *context = redisAsyncConnect("127.0.0.1", port);

	bench_need(context != NULL && context->err == 0 &&
		       redisLibevAttach(EV_DEFAULT, context) == REDIS_OK,
	    "hiredis cannot connect");
	redisAsyncSetConnectCallback(context, on_connect);
	return context;
}

static void
open_client(int port)
{
	client.context = connect_to(port);
}

static void on_reply(redisAsyncContext *context, void *data, void *arg);

static void
ask(void)
{
	static const char *words[] = { "GET", BENCH_KEY };
	static const size_t lens[] = { 3, sizeof(BENCH_KEY) - 1 };

	bench_need(redisAsyncCommandArgv(client.context, on_reply, &client, 2,
		       words, lens) == REDIS_OK,
	    "hiredis takes no command");
	client.unasked--;
}

static void
on_reply(redisAsyncContext *context, void *data, void *arg)
{
	const redisReply *reply = data;

	(void)context;
	(void)arg;
	bench_need(reply != NULL && reply->len == sizeof(BENCH_VALUE) - 1,
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

/* ---- idle ---- */

static void
on_pong(redisAsyncContext *context, void *reply, void *arg)
{
	unsigned *missing = arg;

	(void)context;
	bench_need(reply != NULL, "no pong");
	if (--*missing == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
idle(int port, unsigned count)
{
	unsigned missing = count;

	for (unsigned i = 0; i < count; i++)
		bench_need(redisAsyncCommand(connect_to(port), on_pong,
			       &missing, "PING") == REDIS_OK,
		    "hiredis takes no command");
	ev_run(EV_DEFAULT, 0);
}

/* ---- parsing ---- */

static uint64_t
drain(redisReader *reader)
{
	uint64_t count = 0;
	void *reply;

	for (;;) {
		bench_need(redisReaderGetReply(reader, &reply) == REDIS_OK,
		    "hiredis cannot parse");
		if (reply == NULL)
			return count;
		freeReplyObject(reply);
		count++;
	}
}

static void
parse(struct bench_feed *feed)
{
	redisReader *reader = redisReaderCreate();
	char bytes[READ_SIZE];
	uint64_t count = 0;
	size_t got;

	bench_watch_start();
	while ((got = bench_feed_read(feed, bytes, READ_SIZE)) > 0) {
		redisReaderFeed(reader, bytes, got);
		count += drain(reader);
	}
	bench_watch_stop();
	bench_need(count == feed->replies, "a reply was lost");
	redisReaderFree(reader);
}

static const struct bench_contender hiredis = { "hiredis", open_client, get,
	idle, parse };
const struct bench_contender *const bench_contender = &hiredis;

#else
const struct bench_contender *const bench_contender = NULL;
#endif
