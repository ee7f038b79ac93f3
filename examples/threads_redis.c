/*
 * The lesson: threads that share one connection, and wait for its answers.
 *
 * A runner runs the connection in a thread of its own. Each of the eight threads asks
 * as if it were alone: what they ask at the same time leaves together, and no reply
 * reaches the wrong one. The connection is dialled again while they wait.
 *
 *	threads_redis [redis://[user:password@]host[:port][/db]]
 */
#include <pthread.h>
#include <stdio.h>

#include <stay/redis_remote.h>

#define THREADS 8

static void *
ask(void *redis)
{
	struct stay_future *value;

	for (int i = 0; i < 100; i++) {
		stay_redis_remote_wait(redis, NULL, "INCR asked");
		stay_redis_remote_wait(redis, &value, "GET asked");
		if (stay_future_reply(value) == NULL)
			fprintf(stderr, "%s\n", stay_future_why(value));
		else if (i == 99)
			puts(stay_redis_str(stay_future_reply(value)));
		stay_future_free(value);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *url = argc > 1 ? argv[1] : "redis://localhost";
	struct stay_runner *runner;
	struct stay_remote *redis;
	pthread_t threads[THREADS];

	if (stay_runner_start(&runner, NULL) != STAY_OK ||
	    stay_redis_remote_start(&redis, runner, url, NULL) != STAY_OK)
		return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask, redis);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stay_remote_free(redis);
	return stay_runner_free(runner) != STAY_OK;
}
