/*
 * Names, off the loop's thread: getaddrinfo in threads that live only while there
 * is something to look up. Four lookups run at once; one that hangs in the system
 * gives its place to the next name, and its thread stays till it returns. While
 * names wait for a place one thread watches for that. The threads share nothing
 * with the world but this object, which the last of them frees. Knows nothing of
 * the library above.
 */
#include "world/ev_resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "base/list.h"
#include "base/mem.h"
#include "world/ev_socket.h"

#define SLOW_NS ((uint64_t)STAY__RESOLVER_SLOW_MS * 1000000)
#define S_NS    UINT64_C(1000000000)

struct stay__lookups {
	pthread_mutex_t lock; /* over everything below */
	pthread_cond_t ended; /* the world is gone */
	struct stay__list waiting;
	struct stay__list running; /* in threads, the oldest first */
	struct stay__list done;
	unsigned threads;
	unsigned idle;    /* of them: without a job */
	unsigned waiters; /* jobs in `waiting` */
	unsigned refs;    /* the world's, and one a thread */
	int wake_fd;      /* negative: the world is gone */
};

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE };

struct job {
	struct stay__list node; /* in the list of its state */
	enum job_state state;
	uint64_t begun_at; /* once it runs */
	struct stay__lookups *lookups;
	struct stay_lookup *lookup; /* NULL: cancelled */
	int error;
	const char *text;
	struct stay_address *addresses;
	size_t count;
	const char *port; /* behind the host, in the same block */
	char host[];
};

static struct job *
job_new(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	size_t host_size = strlen(lookup->host) + 1;
	size_t port_size = strlen(lookup->port) + 1;
	struct job *job = stay__zalloc(sizeof(*job) + host_size + port_size);

	if (job == NULL)
		return NULL;
	stay__list_init(&job->node);
	job->lookups = lookups;
	job->lookup = lookup;
	memcpy(job->host, lookup->host, host_size);
	memcpy(job->host + host_size, lookup->port, port_size);
	job->port = job->host + host_size;
	return job;
}

static void
job_free(struct job *job)
{
	stay__list_remove(&job->node);
	stay__free(job->addresses);
	stay__free(job);
}

static void
job_fail(struct job *job, int error)
{
	job->error = error == EAI_SYSTEM && errno != 0 ? -errno : error;
	job->text = gai_strerror(error);
}

static void
job_fill(struct job *job, const struct addrinfo *found)
{
	const struct addrinfo *info;
	size_t count = 0;

	for (info = found; info != NULL; info = info->ai_next)
		count++;
	if (count > STAY__ADDRESSES_MAX)
		count = STAY__ADDRESSES_MAX;
	job->addresses = stay__calloc(count, sizeof(*job->addresses));
	if (job->addresses == NULL) {
		job_fail(job, EAI_MEMORY);
		return;
	}
	for (info = found; job->count < count; info = info->ai_next) {
		struct stay_address *to = &job->addresses[job->count++];

		to->len = info->ai_addrlen;
		memcpy(&to->storage, info->ai_addr, info->ai_addrlen);
	}
}

static void
job_resolve(struct job *job)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
	};
	const char *port = job->port[0] == '\0' ? NULL : job->port;
	struct addrinfo *found = NULL;
	int error = getaddrinfo(job->host, port, &hints, &found);

	if (error != 0) {
		job_fail(job, error);
		return;
	}
	job_fill(job, found);
	freeaddrinfo(found);
}

/* ---- places ---- */

static uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * S_NS + (uint64_t)now.tv_nsec;
}

static struct job *
job_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct job, node);
}

struct load {
	unsigned running;
	unsigned brisk;     /* of them: do not hang (yet) */
	uint64_t change_at; /* when the first of those will, if it does */
};

static struct load
load_of(const struct stay__lookups *lookups, uint64_t now)
{
	struct load load = { 0, 0, now + SLOW_NS };
	struct stay__list *node = lookups->running.next;

	for (; node != &lookups->running; node = node->next) {
		uint64_t slow_at = job_of(node)->begun_at + SLOW_NS;

		load.running++;
		if (slow_at <= now)
			continue;
		if (load.brisk++ == 0)
			load.change_at = slow_at;
	}
	return load;
}

static bool
runs_already(const struct stay__lookups *lookups, const char *host)
{
	struct stay__list *node = lookups->running.next;

	for (; node != &lookups->running; node = node->next)
		if (strcmp(job_of(node)->host, host) == 0)
			return true;
	return false;
}

/*
 * The oldest that has a place: the last threads are not for names that have one
 * already, which may hang time after time.
 */
static struct job *
job_choose(const struct stay__lookups *lookups, const struct load *load)
{
	struct stay__list *node = lookups->waiting.next;

	if (load->brisk >= STAY__RESOLVER_THREADS)
		return NULL;
	for (; node != &lookups->waiting; node = node->next)
		if (load->running < STAY__RESOLVER_REPEATS_MAX ||
		    !runs_already(lookups, job_of(node)->host))
			return job_of(node);
	return NULL;
}

/* ---- in the threads ---- */

static int threads_fill(struct stay__lookups *lookups);

static void
wait_for_place(struct stay__lookups *lookups, uint64_t until)
{
	struct timespec at = {
		.tv_sec = (time_t)(until / S_NS),
		.tv_nsec = (long)(until % S_NS),
	};

	pthread_cond_timedwait(&lookups->ended, &lookups->lock, &at);
}

static void
job_begin(struct stay__lookups *lookups, struct job *job, uint64_t now)
{
	stay__list_remove(&job->node);
	stay__list_push(&lookups->running, &job->node);
	job->state = JOB_RUNNING;
	job->begun_at = now;
	lookups->waiters--;
	lookups->idle--;
	threads_fill(lookups);
}

/*
 * One thread without a job is enough to wait for a place, and none is needed when
 * no job waits. Every thread that returns looks for a job itself.
 */
static struct job *
job_take_locked(struct stay__lookups *lookups)
{
	while (lookups->waiters > 0) {
		uint64_t now = clock_ns();
		struct load load = load_of(lookups, now);
		struct job *job = job_choose(lookups, &load);

		if (job != NULL) {
			job_begin(lookups, job, now);
			return job;
		}
		if (lookups->idle > 1)
			break;
		wait_for_place(lookups, load.change_at);
	}
	lookups->idle--;
	lookups->threads--;
	return NULL;
}

static struct job *
job_take(struct stay__lookups *lookups)
{
	struct job *job;

	pthread_mutex_lock(&lookups->lock);
	job = job_take_locked(lookups);
	pthread_mutex_unlock(&lookups->lock);
	return job;
}

static void
job_post(struct job *job)
{
	struct stay__lookups *lookups = job->lookups;
	bool wanted;

	pthread_mutex_lock(&lookups->lock);
	stay__list_remove(&job->node);
	job->state = JOB_DONE;
	lookups->idle++;
	wanted = job->lookup != NULL && lookups->wake_fd >= 0;
	if (wanted) {
		stay__list_push(&lookups->done, &job->node);
		stay__wake(lookups->wake_fd);
	}
	pthread_mutex_unlock(&lookups->lock);
	if (!wanted)
		job_free(job);
}

static void
lookups_drop(struct stay__lookups *lookups)
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
	struct job *job;

	while ((job = job_take(lookups)) != NULL) {
		job_resolve(job);
		job_post(job);
	}
	lookups_drop(lookups);
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

/*
 * Enough threads for those that wait: as many as there are places, and one that
 * waits for a place. The lock is held, so that a thread cannot find the queue
 * empty before the job is in it. It matters only without any thread if there is
 * no other: one that returns looks for a job.
 */
static int
threads_fill(struct stay__lookups *lookups)
{
	unsigned brisk = load_of(lookups, clock_ns()).brisk;
	int error = 0;

	if (lookups->waiters > lookups->idle &&
	    lookups->threads < STAY__RESOLVER_THREADS_MAX &&
	    (lookups->idle == 0 ||
		brisk + lookups->idle < STAY__RESOLVER_THREADS))
		error = thread_start(lookups);
	return lookups->threads > 0 ? 0 : error;
}

/* ---- on the loop's thread ---- */

static int
locks_init(struct stay__lookups *lookups)
{
	pthread_condattr_t attributes;
	int error = pthread_mutex_init(&lookups->lock, NULL);

	if (error != 0)
		return error;
	error = pthread_condattr_init(&attributes);
	if (error == 0) {
		pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		error = pthread_cond_init(&lookups->ended, &attributes);
		pthread_condattr_destroy(&attributes);
	}
	if (error != 0)
		pthread_mutex_destroy(&lookups->lock);
	return error;
}

struct stay__lookups *
stay__lookups_new(int wake_fd)
{
	struct stay__lookups *lookups = stay__zalloc(sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	if (locks_init(lookups) != 0) {
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
		job_free(job_of(node));
}

void
stay__lookups_free(struct stay__lookups *lookups)
{
	if (lookups == NULL)
		return;
	pthread_mutex_lock(&lookups->lock);
	jobs_free(&lookups->waiting);
	jobs_free(&lookups->done);
	lookups->waiters = 0;
	lookups->wake_fd = -1;
	pthread_cond_broadcast(&lookups->ended);
	pthread_mutex_unlock(&lookups->lock);
	lookups_drop(lookups);
}

int
stay__lookups_start(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct job *job = job_new(lookups, lookup);
	int error;

	if (job == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&lookups->lock);
	stay__list_push(&lookups->waiting, &job->node);
	lookups->waiters++;
	error = threads_fill(lookups);
	if (error != 0) {
		lookups->waiters--;
		job_free(job);
	} else {
		lookup->world = job;
	}
	pthread_mutex_unlock(&lookups->lock);
	return error;
}

/* In a thread it is left to that thread. */
void
stay__lookups_cancel(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct job *job = lookup->world;

	if (job == NULL)
		return;
	lookup->world = NULL;
	pthread_mutex_lock(&lookups->lock);
	job->lookup = NULL;
	if (job->state == JOB_WAITING)
		lookups->waiters--;
	if (job->state != JOB_RUNNING)
		job_free(job);
	pthread_mutex_unlock(&lookups->lock);
}

static struct job *
job_collect(struct stay__lookups *lookups)
{
	struct stay__list *node;

	pthread_mutex_lock(&lookups->lock);
	node = stay__list_pop(&lookups->done);
	pthread_mutex_unlock(&lookups->lock);
	return node == NULL ? NULL : STAY__CONTAINER(node, struct job, node);
}

void
stay__lookups_deliver(struct stay__lookups *lookups)
{
	struct job *job;

	while ((job = job_collect(lookups)) != NULL) {
		struct stay_lookup *lookup = job->lookup;

		lookup->world = NULL;
		lookup->done(
		    lookup, job->error, job->text, job->addresses, job->count);
		job_free(job);
	}
}
