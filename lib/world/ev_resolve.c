/*
 * Names, off the loop's thread: the part that runs on it. A lookup becomes a job for
 * the threads, and its answer is delivered when they have woken the loop. Knows
 * nothing of the library above.
 */
#include "world/ev_resolve.h"

#include <errno.h>

#include "base/mem.h"
#include "world/ev_job.h"
#include "world/ev_threads.h"

struct stay__lookups *
stay__lookups_new(int wake_fd)
{
	struct stay__lookups *lookups = stay__zalloc(sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	if (!stay__monitor_init(&lookups->monitor)) {
		stay__free(lookups);
		return NULL;
	}
	stay__list_init(&lookups->waiting);
	stay__list_init(&lookups->running);
	stay__list_init(&lookups->done);
	lookups->refs = 1;
	lookups->wake_fd = wake_fd;
	return lookups;
}

static void
jobs_free(struct stay__list *jobs)
{
	struct stay__list *node;

	while ((node = stay__list_first(jobs)) != NULL)
		stay__job_free(stay__job_of(node));
}

void
stay__lookups_free(struct stay__lookups *lookups)
{
	pthread_mutex_lock(&lookups->monitor.lock);
	jobs_free(&lookups->waiting);
	jobs_free(&lookups->done);
	lookups->waiting_count = 0;
	lookups->wake_fd = -1;
	pthread_cond_broadcast(&lookups->monitor.changed);
	pthread_mutex_unlock(&lookups->monitor.lock);
	stay__lookups_drop(lookups);
}

int
stay__lookups_start(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct stay__job *job = stay__job_new(lookup);
	int error;

	if (job == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&lookups->monitor.lock);
	stay__list_push(&lookups->waiting, &job->node);
	lookups->waiting_count++;
	error = stay__threads_fill(lookups);
	if (error != 0) {
		lookups->waiting_count--;
		stay__job_free(job);
	} else {
		lookup->world = job;
		pthread_cond_signal(&lookups->monitor.changed);
	}
	pthread_mutex_unlock(&lookups->monitor.lock);
	return error;
}

/* A job that runs is freed by its thread. */
void
stay__lookups_cancel(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct stay__job *job = lookup->world;

	if (job == NULL)
		return;
	lookup->world = NULL;
	pthread_mutex_lock(&lookups->monitor.lock);
	job->lookup = NULL;
	if (job->state == STAY__JOB_WAITING)
		lookups->waiting_count--;
	if (job->state != STAY__JOB_RUNNING)
		stay__job_free(job);
	pthread_mutex_unlock(&lookups->monitor.lock);
}

static struct stay__job *
job_collect(struct stay__lookups *lookups)
{
	struct stay__list *node;

	pthread_mutex_lock(&lookups->monitor.lock);
	node = stay__list_pop(&lookups->done);
	pthread_mutex_unlock(&lookups->monitor.lock);
	return node == NULL ? NULL : stay__job_of(node);
}

void
stay__lookups_deliver(struct stay__lookups *lookups)
{
	struct stay__job *job;

	while ((job = job_collect(lookups)) != NULL) {
		struct stay_lookup *lookup = job->lookup;

		lookup->world = NULL;
		lookup->done(
		    lookup, job->error, job->text, job->addresses, job->count);
		stay__job_free(job);
	}
}
