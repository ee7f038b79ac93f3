/*
 * The asynchronous client on libev as its documentation would have it, and its reader
 * alone for the parsing: of hiredis, and of libvalkey, which has other names for the
 * same. Whoever includes this has included its headers, and named it BENCH_PEER.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <ev.h>

/* So much hiredis itself reads at once. */
#define READ_SIZE ((size_t)16 * 1024)

/* ---- GET ---- */

static struct {
	redisAsyncContext *context;
	uint64_t unasked;
	uint64_t unanswered;
} client;

static redisAsyncContext *
connect_to(int port)
{
	redisAsyncContext *context = redisAsyncConnect("127.0.0.1", port);

	bench_need(context != NULL && context->err == 0 &&
		       redisLibevAttach(EV_DEFAULT, context) == REDIS_OK,
	    BENCH_PEER " cannot connect");
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
	    BENCH_PEER " takes no command");
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

/* ---- many connections ---- */

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
crowd(int port, unsigned count)
{
	unsigned missing = count;

	for (unsigned i = 0; i < count; i++)
		bench_need(redisAsyncCommand(connect_to(port), on_pong,
			       &missing, "PING") == REDIS_OK,
		    BENCH_PEER " takes no command");
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
		    BENCH_PEER " cannot parse");
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

static const struct bench_contender contender = { BENCH_PEER, open_client, get,
	crowd, NULL, NULL, parse };
const struct bench_contender *const bench_contender = &contender;
