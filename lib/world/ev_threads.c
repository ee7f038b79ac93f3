/*
 * A thread takes a job, looks it up without the lock, and posts the answer. While
 * jobs wait for a place, one thread waits for it with them. This file does not know
 * who asks, nor what becomes of the answer.
 */
#include "world/ev_threads.h"

#include <errno.h>

#include "base/mem.h"
#include "world/ev_clock.h"
#include "world/ev_places.h"
#include "world/ev_socket.h"
#include "world/thread.h"

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
		(void)stay__monitor_wait(&lookups->monitor, places.free_at);
	}
	lookups->idle--;
	lookups->threads--;
	return NULL;
}

static struct stay__job *
job_take(struct stay__lookups *lookups)
{
	struct stay__job *job;

	pthread_mutex_lock(&lookups->monitor.lock);
	job = job_take_locked(lookups);
	pthread_mutex_unlock(&lookups->monitor.lock);
	return job;
}

static void
job_post(struct stay__lookups *lookups, struct stay__job *job)
{
	bool wanted;

	pthread_mutex_lock(&lookups->monitor.lock);
	stay__list_remove(&job->node);
	job->state = STAY__JOB_DONE;
	lookups->idle++;
	wanted = job->lookup != NULL && lookups->wake_fd >= 0;
	if (wanted) {
		stay__list_push(&lookups->done, &job->node);
		stay__wake(lookups->wake_fd);
	}
	pthread_mutex_unlock(&lookups->monitor.lock);
	if (!wanted)
		stay__job_free(job);
}

void
stay__lookups_drop(struct stay__lookups *lookups)
{
	bool last;

	pthread_mutex_lock(&lookups->monitor.lock);
	last = --lookups->refs == 0;
	pthread_mutex_unlock(&lookups->monitor.lock);
	if (!last)
		return;
	stay__monitor_fini(&lookups->monitor);
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

static int
thread_start(struct stay__lookups *lookups)
{
	pthread_t thread;

	if (!stay__thread_create(&thread, thread_run, lookups))
		return -EAGAIN;
	pthread_detach(thread);
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
