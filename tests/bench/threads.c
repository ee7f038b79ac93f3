/*
 * threads WAY THREADS SECONDS: threads that each ask for one value after the other and
 * wait for it, at the server of REDIS_PORT. The ways:
 *
 *	stay     all of them through one connection, which a runner runs
 *	each     hiredis, with a connection for each thread
 *	mutex    hiredis, with one connection behind a mutex
 *
 * Prints samples as bench.h has them: calls a second, CPU a call, and what half of the
 * calls and 99 of 100 took at most.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stay/redis_remote.h>

#include "bench.h"

#ifdef __has_include
#if __has_include(<hiredis/hiredis.h>)
#include <hiredis/hiredis.h>
#define HAS_HIREDIS
#endif
#endif

#define THREADS_MAX 256
#define CALLS_MAX   4000000

struct way {
	const char *name;
	void (*open)(int port, int threads);
	/* One GET, in this thread; false: it has failed. */
	bool (*get)(int thread);
	void (*close)(int threads);
};

static const struct way *way;
static atomic_bool is_over;

static struct asker {
	pthread_t thread;
	int number;
	uint32_t *took; /* ns, of each call */
	size_t calls;
	size_t room;
} askers[THREADS_MAX];

/* ---- stay ---- */

static struct stay_runner *runner;
static struct stay_remote *redis;

static void
stay_open(int port, int threads)
{
	char url[64];

	(void)threads;
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", port);
	bench_need(
	    stay_runner_start(&runner, NULL) == STAY_OK &&
		stay_redis_remote_start(&redis, runner, url, NULL) == STAY_OK &&
		stay_redis_remote_wait(redis, NULL, "PING") == STAY_OK,
	    "stay does not start");
}

static bool
stay_get(int thread)
{
	struct stay_future *value;
	bool is_good;

	(void)thread;
	is_good =
	    stay_redis_remote_wait(redis, &value, "GET " BENCH_KEY) ==
		STAY_OK &&
	    stay_redis_len(stay_future_reply(value)) == sizeof(BENCH_VALUE) - 1;
	stay_future_free(value);
	return is_good;
}

static void
stay_close(int threads)
{
	(void)threads;
	stay_remote_free(redis);
	bench_need(stay_runner_free(runner) == STAY_OK, "stay does not end");
}

/* ---- hiredis ---- */

#ifdef HAS_HIREDIS
static redisContext *contexts[THREADS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
each_open(int port, int threads)
{
	for (int i = 0; i < threads; i++) {
		contexts[i] = redisConnect("127.0.0.1", port);
		bench_need(contexts[i] != NULL && contexts[i]->err == 0,
		    "hiredis does not connect");
	}
}

static void
mutex_open(int port, int threads)
{
	(void)threads;
	each_open(port, 1);
}

static bool
get_on(redisContext *context)
{
	redisReply *reply = redisCommand(context, "GET " BENCH_KEY);
	bool is_good = reply != NULL && reply->len == sizeof(BENCH_VALUE) - 1;

	freeReplyObject(reply);
	return is_good;
}

static bool
each_get(int thread)
{
	return get_on(contexts[thread]);
}

static bool
mutex_get(int thread)
{
	bool is_good;

	(void)thread;
	pthread_mutex_lock(&lock);
	is_good = get_on(contexts[0]);
	pthread_mutex_unlock(&lock);
	return is_good;
}

static void
each_close(int threads)
{
	for (int i = 0; i < threads; i++)
		if (contexts[i] != NULL)
			redisFree(contexts[i]);
}
#endif

static const struct way ways[] = {
	{ "stay", stay_open, stay_get, stay_close },
#ifdef HAS_HIREDIS
	{ "each", each_open, each_get, each_close },
	{ "mutex", mutex_open, mutex_get, each_close },
#endif
};

/* ---- the work ---- */

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *
ask(void *arg)
{
	struct asker *asker = arg;

	while (!atomic_load(&is_over) && asker->calls < asker->room) {
		uint64_t before = now_ns();

		bench_need(way->get(asker->number), "a GET has failed");
		asker->took[asker->calls++] = (uint32_t)(now_ns() - before);
	}
	return NULL;
}

static int
by_time(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static void
report(int threads)
{
	size_t count = 0, at = 0;
	uint32_t *all;
	char name[64];

	for (int i = 0; i < threads; i++)
		count += askers[i].calls;
	all = malloc(count * sizeof(*all));
	bench_need(all != NULL && count > 0, "no memory");
	for (int i = 0; i < threads; i++) {
		memcpy(
		    all + at, askers[i].took, askers[i].calls * sizeof(*all));
		at += askers[i].calls;
	}
	qsort(all, count, sizeof(*all), by_time);
	snprintf(name, sizeof(name), "%d threads wait for a GET", threads);
	bench_samples_of(name, &bench_calls, way->name, count);
	bench_sample(name, "p50 us", way->name, all[count / 2] / 1e3);
	bench_sample(name, "p99 us", way->name, all[count / 100 * 99] / 1e3);
	free(all);
}

static void
measure(int threads, int seconds)
{
	const struct timespec length = { .tv_sec = seconds };

	for (int i = 0; i < threads; i++) {
		struct asker *asker = &askers[i];

		asker->number = i;
		asker->room = CALLS_MAX / (size_t)threads;
		asker->took = calloc(asker->room, sizeof(*asker->took));
		bench_need(asker->took != NULL, "no memory");
	}
	bench_watch_start();
	for (int i = 0; i < threads; i++)
		bench_need(pthread_create(
			       &askers[i].thread, NULL, ask, &askers[i]) == 0,
		    "no thread");
	nanosleep(&length, NULL);
	atomic_store(&is_over, true);
	for (int i = 0; i < threads; i++)
		pthread_join(askers[i].thread, NULL);
	bench_watch_stop();
}

int
main(int argc, char **argv)
{
	const char *port = getenv("REDIS_PORT");
	int threads = argc == 4 ? atoi(argv[2]) : 0;

	bench_need(port != NULL && threads > 0 && threads <= THREADS_MAX,
	    "with_redis threads WAY THREADS SECONDS");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, argv[1]) == 0)
			way = &ways[i];
	bench_need(way != NULL, "this way was not built");
	way->open(atoi(port), threads);
	measure(threads, atoi(argv[3]));
	report(threads);
	way->close(threads);
	return 0;
}
