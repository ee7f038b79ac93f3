/*
 * Step 7, two ways to start, and what each of them hands out.
 *
 * A synchronous start waits for the first connection. When it returns, the connection is
 * available, or the start says why not. An asynchronous start returns at once: what is
 * available is the connection manager, which accepts calls while it dials.
 *
 *	7_start [redis://host:port [sync | async]]
 */
#include <stdio.h>
#include <string.h>

#include <ev.h>
#include <stay/redis.h>

#include "story.h"

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .backoff = { .cap_ms = 200 } } };

static bool waits; /* for the first connection */
static struct stay_redis *redis;

static enum stay_status
start(struct stay_loop *loop, const char *url)
{
	enum stay_status status = stay_redis_start(&redis, loop, url, &options);

	if (status == STAY_OK && waits)
		status = stay_conn_await(stay_redis_conn(redis), 2000);
	return status;
}

static void go_on(struct caller *caller);

static void
on_reply(void *caller, const struct stay_result *result)
{
	story_done(caller, result->outcome);
	go_on(caller);
}

static void
go_on(struct caller *caller)
{
	while (story_next(caller)) {
		if (stay_redis_command(
			redis, on_reply, caller, caller->command) == STAY_OK)
			return;
		story_done(caller, STAY_NOT_SENT);
	}
	if (story_callers_left() == 0)
		stay_redis_stop(redis);
}

static void
work(struct caller callers[STORY_CALLERS])
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (start(loop, story_url()) != STAY_OK)
		return;
	for (int i = 0; i < STORY_CALLERS; i++)
		go_on(&callers[i]);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
}

/* What a start says where nobody listens. */
static const char *
start_without_server(void)
{
	struct stay_loop *loop = stay_loop_alone();
	enum stay_status status = start(loop, "redis://127.0.0.1:1");

	(void)stay_loop_close(loop, 1000);
	return status == STAY_OK ? "started all the same"
				 : stay_strerror(status);
}

int
main(int argc, char **argv)
{
	char promise[160];
	struct story story = {
		.codes = "the loop's thread", .start = promise, .work = work
	};

	waits = argc > 2 && strcmp(argv[2], "sync") == 0;
	story.name = waits ? "7 started sync" : "7 started async";
	snprintf(promise, sizeof(promise),
	    "the %s is available; without a server: %s",
	    waits ? "connection" : "manager", start_without_server());
	return story_tell(&story, argc, argv);
}
