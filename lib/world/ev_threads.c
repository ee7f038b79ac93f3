/*
 * A thread takes a job, looks it up without the lock, and posts the answer. While
 * jobs wait for a place, one thread waits for it with them. This file does not know
 * who asks, nor what becomes of the answer.
 */
#include "world/ev_threads.h"

#include <errno.h>
#include <signal.h>

#include "base/mem.h"
#include "world/ev_clock.h"
#include "world/ev_places.h"
#include "world/ev_socket.h"

static void
wait_for_place(struct stay__lookups *lookups, uint64_t until)
{
	struct timespec at = {
		.tv_sec = (time_t)(until / STAY__NS_PER_S),
		.tv_nsec = (long)(until % STAY__NS_PER_S),
	};

	pthread_cond_timedwait(&lookups->ended, &lookups->lock, &at);
}

static void
job_begin(struct stay__lookups *lookups, struct stay__job *job, uint64_t now)
{
	stay__list_remove(&job->node);
	stay__list_push(&lookups->running, &job->node);
	job->state = STAY__JOB_RUNNING;
	job->begun_at = now;
	lookups->waiting_count--;
	lookups->idle--;
	stay__threads_fill(lookups);
}

/*
 * A thread without a job waits for a place, but one such thread is enough. The
 * others end: a thread that returns from a lookup takes the next job itself.
 */
static struct stay__job *
job_take_locked(struct stay__lookups *lookups)
{
	while (lookups->waiting_count > 0) {
		uint64_t now = stay__clock_ns(CLOCK_MONOTONIC);
		struct stay__places places = stay__places_now(lookups, now);
		struct stay__job *job = stay__places_choose(lookups, &places);

		if (job != NULL) {
			job_begin(lookups, job, now);
			return job;
		}
		if (lookups->idle > 1)
			break;
		wait_for_place(lookups, places.free_at);
	}
	lookups->idle--;
	lookups->threads--;
	return NULL;
}

static struct stay__job *
job_take(struct stay__lookups *lookups)
{
	struct stay__job *job;

	pthread_mutex_lock(&lookups->lock);
	job = job_take_locked(lookups);
	pthread_mutex_unlock(&lookups->lock);
	return job;
}

static void
job_post(struct stay__lookups *lookups, struct stay__job *job)
{
	bool wanted;

	pthread_mutex_lock(&lookups->lock);
	stay__list_remove(&job->node);
	job->state = STAY__JOB_DONE;
	lookups->idle++;
	wanted = job->lookup != NULL && lookups->wake_fd >= 0;
	if (wanted) {
		stay__list_push(&lookups->done, &job->node);
		stay__wake(lookups->wake_fd);
	}
	pthread_mutex_unlock(&lookups->lock);
	if (!wanted)
		stay__job_free(job);
}

void
stay__lookups_drop(struct stay__lookups *lookups)
{
	bool last;

	pthread_mutex_lock(&lookups->lock);
	last = --lookups->refs == 0;
	pthread_mutex_unlock(&lookups->lock);
	if (!last)
		return;
	pthread_cond_destroy(&lookups->ended);
	pthread_mutex_destroy(&lookups->lock);
	stay__free(lookups);
}

static void *
thread_run(void *arg)
{
	struct stay__lookups *lookups = arg;
	struct stay__job *job;

	while ((job = job_take(lookups)) != NULL) {
		stay__job_resolve(job);
		job_post(lookups, job);
	}
	stay__lookups_drop(lookups);
	return NULL;
}

/* The program's signals are for the program's threads. */
static int
thread_start(struct stay__lookups *lookups)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (pthread_attr_init(&attributes) != 0)
		return -EAGAIN;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, thread_run, lookups);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		return -EAGAIN;
	lookups->threads++;
	lookups->idle++;
	lookups->refs++;
	return 0;
}

int
stay__threads_fill(struct stay__lookups *lookups)
{
	unsigned taken =
	    stay__places_now(lookups, stay__clock_ns(CLOCK_MONOTONIC)).taken;
	int error = 0;

	if (lookups->waiting_count > lookups->idle &&
	    lookups->threads < STAY__RESOLVER_THREADS_MAX &&
	    (lookups->idle == 0 ||
		taken + lookups->idle < STAY__RESOLVER_THREADS))
		error = thread_start(lookups);
	return lookups->threads > 0 ? 0 : error;
}
