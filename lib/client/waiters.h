/*
 * Who waits for room in the queue: a line in front of it.
 */
#ifndef STAY__WAITERS_H
#define STAY__WAITERS_H

#include <stay/client.h>

#include "loop/loop.h"

struct stay__waiters {
	struct stay__list waiting; /* struct waiter.node, in order */
	struct stay__list over;    /* decided, and not yet told */
	uint64_t count;            /* in both */
	bool serving;              /* one of them is being told */
	struct stay__task task;
};

void stay__waiters_init(struct stay_client *client);
void stay__waiters_fini(struct stay_client *client);
/* The end: all of them are told. */
void stay__waiters_end(struct stay_client *client);
/* Give up the one that `token` names, if it is one of this client. */
bool stay__waiters_cancel(struct stay_client *client, struct stay_token token);

#endif
