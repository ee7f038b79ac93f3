/*
 * What the rooms of the resolver share: the names to look up, and the threads that
 * do it. The threads share nothing else with the world. The last user frees it.
 */
#ifndef STAY__EV_LOOKUPS_H
#define STAY__EV_LOOKUPS_H

#include "base/list.h"
#include "world/ev_job.h"
#include "world/monitor.h"

#define STAY__RESOLVER_THREADS     4    /* lookups at once, slow ones aside */
#define STAY__RESOLVER_SLOW_MS     1000 /* from this age on one is slow */
#define STAY__RESOLVER_THREADS_MAX 16   /* slow ones included */
#define STAY__RESOLVER_REPEATS_MAX 12   /* of them, for running names */

struct stay__lookups {
	/* Over everything below; what changes is that there is one more name, which
	 * may have a place where that of an idle thread has none, or no world. */
	struct stay__monitor monitor;
	struct stay__list waiting;
	struct stay__list running; /* in threads, the oldest first */
	struct stay__list done;
	unsigned threads;
	unsigned idle;          /* threads without a job */
	unsigned waiting_count; /* jobs in `waiting` */
	unsigned refs;          /* the world's, and one a thread */
	int wake_fd;            /* negative: the world is gone */
};

#endif
