/*
 * Step 6, closed: the connection breaks, waits (backoff) and comes back, while calls are
 * accepted all the time.
 *
 * What is new is not in this file: the library dials again, and each call is told the
 * truth. One that was not sent waits for the next session; one that only reads is sent
 * again; one that may have been executed says so. Here threads share the connection
 * through a runner: each encodes its own calls, and sleeps until its reply is there.
 */
#include <stay/redis_remote.h>

#include "story.h"

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .backoff = { .cap_ms = 200 } } };

static struct stay_remote *redis;

static void *
call(void *arg)
{
	struct caller *caller = arg;
	struct stay_future *future;

	while (story_next(caller)) {
		stay_redis_remote_wait(redis, &future, caller->command);
		story_done(caller, stay_future_result(future)->outcome);
		stay_future_free(future);
	}
	return NULL;
}

static void
work(struct caller callers[STORY_CALLERS])
{
	struct stay_runner *runner;

	if (stay_runner_start(&runner, NULL) != STAY_OK)
		return;
	if (stay_redis_remote_start(&redis, runner, story_url(), &options) ==
	    STAY_OK)
		story_threads(callers, call);
	stay_remote_free(redis);
	stay_runner_free(runner);
}

static const struct story closed = {
	.name = "6 comes back",
	.codes = "encoded by the caller's thread, decoded by the loop's",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&closed, argc, argv);
}
