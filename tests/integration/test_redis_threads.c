/*
 * Sixty-four threads, or as many as STAY_THREADS says, share one connection to a real
 * redis-server, which is killed and started again under them. Each thread counts up a
 * key of its own, and knows of each call how it ended: so at the end the server's number
 * is between the calls that were replied and those with the ones that may have been
 * executed.
 */
#include <stay/redis_remote.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "suites.h"
#include "support/redis_server.h"

#define THREADS 64
#define ROUNDS  3

static int threads;

static struct redis_server server;
static struct stay_runner *runner;
static struct stay_remote *redis;

static struct worker {
	pthread_t thread;
	int number;
	long replied, maybe, not_sent, odd;
} workers[THREADS];

/* What all of them have had replied, for who waits for it. */
static struct progress {
	pthread_mutex_t lock;
	pthread_cond_t more;
	long replied;
	bool ends;
} progress = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER };

static void
wait_for(long replied)
{
	pthread_mutex_lock(&progress.lock);
	while (progress.replied < replied)
		pthread_cond_wait(&progress.more, &progress.lock);
	pthread_mutex_unlock(&progress.lock);
}

static bool
goes_on(bool replied)
{
	bool ends;

	pthread_mutex_lock(&progress.lock);
	progress.replied += replied;
	ends = progress.ends;
	pthread_cond_signal(&progress.more);
	pthread_mutex_unlock(&progress.lock);
	return !ends;
}

static void
account(struct worker *worker, const struct stay_result *result)
{
	if (result->status == STAY_OK && result->outcome == STAY_REPLIED)
		worker->replied++;
	else if (result->outcome == STAY_MAYBE_EXECUTED)
		worker->maybe++;
	else if (result->outcome == STAY_NOT_SENT)
		worker->not_sent++;
	else
		worker->odd++;
}

/* Every third call is one of two that are under way together, and every seventh is
 * given up at once. */
static void
call(struct worker *worker, int turn)
{
	struct stay_future *futures[2] = { NULL, NULL };
	int count = turn % 3 == 0 ? 2 : 1;

	for (int i = 0; i < count; i++)
		futures[i] = stay_redis_remote_future(
		    redis, "INCR key:%d", worker->number);
	if (turn % 7 == 0)
		(void)stay_remote_cancel(redis, futures[0]);
	for (int i = 0; i < count; i++) {
		worker->odd +=
		    stay_future_wait(futures[i], STAY_FOREVER) != STAY_OK;
		account(worker, stay_future_result(futures[i]));
		stay_future_free(futures[i]);
	}
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	long before;
	int turn = 0;

	do {
		before = worker->replied;
		call(worker, ++turn);
	} while (goes_on(worker->replied > before));
	return NULL;
}

static long
a_round(void)
{
	return threads * 50L;
}

/* ---- the books ---- */

static long
value_of(int number)
{
	struct stay_future *future;
	long value;

	EXPECT_OK(stay_redis_remote_wait(redis, &future, "GET key:%d", number));
	value = (long)stay_redis_integer(stay_future_reply(future), NULL);
	stay_future_free(future);
	return value;
}

static void
check_books(void)
{
	long replied = 0, maybe = 0;

	for (int i = 0; i < threads; i++) {
		const struct worker *worker = &workers[i];
		long value = value_of(i);

		ck_assert_int_eq(worker->odd, 0);
		ck_assert_int_ge(value, worker->replied);
		ck_assert_int_le(value, worker->replied + worker->maybe);
		replied += worker->replied;
		maybe += worker->maybe;
	}
	printf("threads: %ld replied, %ld maybe executed\n", replied, maybe);
	ck_assert_int_ge(replied, ROUNDS * a_round());
}

TEST(redis_threads_share_a_connection_that_breaks)
{
	static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .initial_ms = 5, .cap_ms = 50 } } };

	ck_assert(redis_server_start(&server, NULL));
	EXPECT_OK(stay_runner_start(&runner, NULL));
	EXPECT_OK(
	    stay_redis_remote_start(&redis, runner, server.url, &options));
	for (int i = 0; i < threads; i++) {
		workers[i].number = i;
		ck_assert_int_eq(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		    0);
	}
	for (int round = 1; round <= ROUNDS; round++) {
		wait_for(round * a_round());
		redis_server_kill(&server);
		redis_server_restart(&server);
	}
	goes_on(false);
	pthread_mutex_lock(&progress.lock);
	progress.ends = true;
	pthread_mutex_unlock(&progress.lock);
	for (int i = 0; i < threads; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	check_books();
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
	redis_server_end(&server);
}

/* Those that wait when the runner stops complete, too, and those that come later. */
static void *
work_until_stopped(void *arg)
{
	struct worker *worker = arg;
	enum stay_status status;

	do {
		struct stay_future *future = stay_redis_remote_future(
		    redis, "INCR key:%d", worker->number);

		worker->odd +=
		    stay_future_wait(future, STAY_FOREVER) != STAY_OK;
		account(worker, stay_future_result(future));
		status = stay_future_result(future)->status;
		stay_future_free(future);
		(void)goes_on(status == STAY_OK);
	} while (status != STAY_E_STOPPED);
	return NULL;
}

TEST(redis_threads_end_with_their_runner)
{
	ck_assert(redis_server_start(&server, NULL));
	EXPECT_OK(stay_runner_start(&runner, NULL));
	EXPECT_OK(stay_redis_remote_start(&redis, runner, server.url, NULL));
	progress.replied = 0;
	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .number = i };
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
				     work_until_stopped, &workers[i]),
		    0);
	}
	wait_for(a_round());
	stay_runner_stop(runner);
	for (int i = 0; i < threads; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
		ck_assert_int_eq(workers[i].odd, 0);
	}
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
	redis_server_end(&server);
}

static void
count_threads(void)
{
	const char *wish = getenv("STAY_THREADS");
	int count = wish != NULL ? atoi(wish) : 0;

	threads = count > 0 && count < THREADS ? count : THREADS;
}

TEST_SUITE_WITH(redis_threads, .before = count_threads, .seconds = 120)
