/*
 * The lesson: the shortest program.
 *
 * No line waits for the connection. Both commands are accepted at once, and
 * sent together when the connection is up. Each completes exactly once,
 * whatever happens on the way: here within a second, so that you soon hear why
 * if there is no server. ev_run returns when the connection has closed.
 *
 *	redis_hello [redis://[user:password@]host[:port][/db]]
 */
#include <stdio.h>

#include <ev.h>
#include <stay/redis.h>

static int failures;

static void
on_greeting(void *arg, const struct stay_result *result)
{
	if (result->status == STAY_OK)
		printf("%s\n", stay_redis_str(result->reply));
	else
		failures += printf("%s, %s\n",
		    stay_outcome_name(result->outcome), result->why);
	stay_redis_stop(arg);
}

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 1000 } };

int
main(int argc, char **argv)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_redis *redis;
	enum stay_status status = stay_redis_start(
	    &redis, loop, argc > 1 ? argv[1] : "redis://localhost", &options);

	if (status != STAY_OK) { /* a bad URL, no memory: nothing was started */
		fprintf(stderr, "%s: %s\n", stay_strerror(status),
		    stay_loop_rejection(loop));
		return 1;
	}
	stay_redis_command(
	    redis, NULL, NULL, "SET greeting %s", "hello, world");
	stay_redis_command(redis, on_greeting, redis, "GET greeting");
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	return failures > 0 ? 1 : 0;
}
