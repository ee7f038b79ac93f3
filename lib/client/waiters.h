/* The line of callers that wait for room in the queue. */
#ifndef STAY__WAITERS_H
#define STAY__WAITERS_H

#include <stay/client.h>

#include "loop/loop.h"

/* There is a line only while somebody stands in it, or did a while ago. */
struct stay__waiters {
	struct stay_client *client;
	struct stay__list waiting; /* struct waiter.node, in order */
	struct stay__list over;    /* decided; the callback has not run yet */
	uint64_t count;            /* in both lists */
	bool at_work;              /* waiters are told */
	bool serving; /* a waiter that got room is in its callback */
	struct stay__task task;
};

/* No line, if nobody stands in it. */
void stay__waiters_rest(struct stay_client *client);
void stay__waiters_fini(struct stay_client *client);
/* The client ends: run the callbacks of all waiters. */
void stay__waiters_end(struct stay_client *client);
/* Give up the waiter that `token` names, if it is this client's. */
bool stay__waiters_cancel(struct stay_client *client, struct stay_token token);

#endif
