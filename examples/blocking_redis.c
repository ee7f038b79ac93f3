/*
 * The lesson: a program that waits, without callbacks and without libev of its own.
 *
 * stay_redis_command_wait returns when the command has completed, and dials or dials
 * again while it waits. Each wait has an end: here after a second at most. Two
 * commands that are both asked for before the first is waited for leave together.
 *
 *	blocking_redis [redis://[user:password@]host[:port][/db]]
 */
#include <stdio.h>

#include <stay/redis_future.h>

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 1000 } };

static int
print(struct stay_future *future)
{
	int failed = stay_future_wait(future, STAY_FOREVER) != STAY_OK ||
		     stay_future_result(future)->status != STAY_OK;

	printf("%s\n", failed ? stay_future_why(future)
			      : stay_redis_str(stay_future_reply(future)));
	stay_future_free(future);
	return failed;
}

int
main(int argc, char **argv)
{
	struct stay_loop *loop = stay_loop_alone();
	struct stay_redis *redis;
	struct stay_future *hello, *count;
	int failures;

	if (stay_redis_start(&redis, loop,
		argc > 1 ? argv[1] : "redis://localhost", &options) != STAY_OK)
		return 1;
	stay_redis_command_wait(redis, NULL, "SET greeting %s", "hello, world");
	hello = stay_redis_command_future(redis, "GET greeting");
	count = stay_redis_command_future(redis, "INCR greetings");
	failures = print(hello) + print(count);
	return stay_loop_close(loop, 1000) != STAY_OK || failures > 0;
}
