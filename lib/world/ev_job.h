/* One name to look up: the question, and what getaddrinfo has answered. */
#ifndef STAY__EV_JOB_H
#define STAY__EV_JOB_H

#include <stay/world.h>

#include "base/list.h"

enum stay__job_state { STAY__JOB_WAITING, STAY__JOB_RUNNING, STAY__JOB_DONE };

struct stay__job {
	struct stay__list node; /* in the list of its state */
	enum stay__job_state state;
	uint64_t begun_at; /* monotonic, in nanoseconds, once it runs */
	struct stay_lookup *lookup; /* NULL: cancelled */
	int error;
	const char *text;
	struct stay_address *addresses;
	size_t count;
	const char *port; /* behind the host, in the same block */
	char host[];
};

/* NULL: out of memory. */
struct stay__job *stay__job_new(struct stay_lookup *lookup);
void stay__job_free(struct stay__job *job);

/* Look the name up. Blocks: call it in a thread of its own, without the lock. */
void stay__job_resolve(struct stay__job *job);

static inline struct stay__job *
stay__job_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__job, node);
}

#endif
