/*
 * Names, off the loop's thread: getaddrinfo in up to four threads that live
 * only while there is something to look up. The threads share nothing with the
 * world but this object, which the last of them frees: a lookup that hangs in
 * the system holds up nobody. Knows nothing of the library above.
 */
#include "world/ev_resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/address.h"
#include "base/list.h"
#include "base/mem.h"
#include "world/ev_socket.h"

struct stay__lookups {
	pthread_mutex_t lock; /* over everything below */
	struct stay__list waiting;
	struct stay__list done;
	unsigned threads;
	unsigned refs; /* the world's, and one a thread */
	int wake_fd;   /* negative: the world is gone */
};

/* In `waiting`, or in `done`, or in no list: in a thread. */
struct job {
	struct stay__list node;
	struct stay__lookups *lookups;
	struct stay_lookup *lookup; /* NULL: nobody wants it any more */
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

/* ---- in the threads ---- */

static struct job *
job_take(struct stay__lookups *lookups)
{
	struct stay__list *node;

	pthread_mutex_lock(&lookups->lock);
	node = stay__list_pop(&lookups->waiting);
	if (node == NULL)
		lookups->threads--;
	pthread_mutex_unlock(&lookups->lock);
	return node == NULL ? NULL : STAY__CONTAINER(node, struct job, node);
}

static void
job_post(struct job *job)
{
	struct stay__lookups *lookups = job->lookups;
	bool wanted;

	pthread_mutex_lock(&lookups->lock);
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
	lookups->refs++;
	return 0;
}

/* ---- on the loop's thread ---- */

struct stay__lookups *
stay__lookups_new(int wake_fd)
{
	struct stay__lookups *lookups = stay__zalloc(sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	if (pthread_mutex_init(&lookups->lock, NULL) != 0) {
		stay__free(lookups);
		return NULL;
	}
	stay__list_init(&lookups->waiting);
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
		job_free(STAY__CONTAINER(node, struct job, node));
}

void
stay__lookups_free(struct stay__lookups *lookups)
{
	if (lookups == NULL)
		return;
	pthread_mutex_lock(&lookups->lock);
	jobs_free(&lookups->waiting);
	jobs_free(&lookups->done);
	lookups->wake_fd = -1;
	pthread_mutex_unlock(&lookups->lock);
	lookups_drop(lookups);
}

/*
 * The lock is held while a thread starts, so that it cannot find the queue
 * empty before the job is in it.
 */
int
stay__lookups_start(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct job *job = job_new(lookups, lookup);
	int error = 0;

	if (job == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&lookups->lock);
	if (lookups->threads < STAY__RESOLVER_THREADS)
		error = thread_start(lookups);
	if (error == 0) {
		stay__list_push(&lookups->waiting, &job->node);
		lookup->world = job;
	}
	pthread_mutex_unlock(&lookups->lock);
	if (error != 0)
		job_free(job);
	return error;
}

void
stay__lookups_cancel(struct stay__lookups *lookups, struct stay_lookup *lookup)
{
	struct job *job = lookup->world;

	if (job == NULL)
		return;
	lookup->world = NULL;
	pthread_mutex_lock(&lookups->lock);
	job->lookup = NULL;
	if (!stay__list_is_empty(&job->node))
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
