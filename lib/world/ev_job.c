/* getaddrinfo, and its answer in this library's terms. Knows nothing of threads. */
#include "world/ev_job.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "base/mem.h"

struct stay__job *
stay__job_new(struct stay_lookup *lookup)
{
	size_t host_size = strlen(lookup->host) + 1;
	size_t port_size = strlen(lookup->port) + 1;
	struct stay__job *job =
	    stay__zalloc(sizeof(*job) + host_size + port_size);

	if (job == NULL)
		return NULL;
	stay__list_init(&job->node);
	job->lookup = lookup;
	memcpy(job->host, lookup->host, host_size);
	memcpy(job->host + host_size, lookup->port, port_size);
	job->port = job->host + host_size;
	return job;
}

void
stay__job_free(struct stay__job *job)
{
	stay__list_remove(&job->node);
	stay__free(job->addresses);
	stay__free(job);
}

static void
job_fail(struct stay__job *job, int error)
{
	job->error = error == EAI_SYSTEM && errno != 0 ? -errno : error;
	job->text = gai_strerror(error);
}

static void
job_fill(struct stay__job *job, const struct addrinfo *found)
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

void
stay__job_resolve(struct stay__job *job)
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
