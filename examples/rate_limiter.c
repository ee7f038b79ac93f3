/*
 * The lesson: one question and its answer, from a program that has no loop. It is asked by
 * a script, which the server keeps from one run to the next.
 *
 * May WHO do it once more? He may LIMIT times in SECONDS. Redis counts, for all programs
 * that ask: the first time in a window starts its clock, in the same step.
 *
 *	rate_limiter WHO LIMIT SECONDS [redis://[user:password@]host[:port][/db]]
 *
 * Ends with status 0: he may; 1: not now; 2: nobody knows, and the caller has to choose.
 */
#include <stdio.h>
#include <stdlib.h>

#include <stay/redis_future.h>

#define COUNT_UP                                                               \
	"local used = redis.call('INCR', KEYS[1]) if used == 1 then "          \
	"redis.call('EXPIRE', KEYS[1], ARGV[1]) end return used"

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 2000 } };

int
main(int argc, char **argv)
{
	struct stay_loop *loop = stay_loop_alone();
	struct stay_redis_script count_up;
	struct stay_redis *redis;
	struct stay_future *used;
	int denied = 2;

	if (argc < 4 ||
	    stay_redis_script_init(&count_up, COUNT_UP, 0) != STAY_OK ||
	    stay_redis_start(&redis, loop,
		argc > 4 ? argv[4] : "redis://localhost", &options) != STAY_OK)
		return 2;
	if (stay_redis_script_wait(redis, &count_up, &used, "1 rate:%s %s",
		argv[1], argv[3]) == STAY_OK)
		denied = stay_redis_integer(stay_future_reply(used), NULL) >
			 strtol(argv[2], NULL, 10);
	else
		fprintf(stderr, "%s\n", stay_future_why(used));
	stay_future_free(used);
	return stay_loop_close(loop, 1000) == STAY_OK ? denied : 2;
}
