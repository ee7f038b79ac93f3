/*
 * Step 1, the silly way: each call opens a connection, asks, and closes it again.
 *
 * There is nothing to keep, and nothing that could break between two calls. But the
 * server greets somebody new for each answer, and while it is down every call finds that
 * out by itself.
 */
#include <stay/redis_future.h>

#include "story.h"

/* There is one attempt, and no second one. */
static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	if (status != STAY_OK)
		stay_client_stop(client, STAY_OK);
}

static const struct stay_redis_options once = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .on_session = on_session } };

static enum stay_outcome
ask(const char *command)
{
	struct stay_loop *loop = stay_loop_alone();
	enum stay_outcome outcome = STAY_NOT_SENT;
	struct stay_future *future;
	struct stay_redis *redis;

	if (stay_redis_start(&redis, loop, story_url(), &once) == STAY_OK) {
		stay_redis_command_wait(redis, &future, command);
		outcome = stay_future_result(future)->outcome;
		stay_future_free(future);
	}
	(void)stay_loop_close(loop, 1000);
	return outcome;
}

static void *
call(void *arg)
{
	struct caller *caller = arg;

	while (story_next(caller))
		story_done(caller, ask(caller->command));
	return NULL;
}

static void
work(struct caller callers[STORY_CALLERS])
{
	story_threads(callers, call);
}

static const struct story silly = {
	.name = "1 silly",
	.codes = "each caller's thread",
	.start = "nothing: there is none",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&silly, argc, argv);
}
