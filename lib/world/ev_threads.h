/* The threads that run lookups. They live only while there is something to look
 * up. */
#ifndef STAY__EV_THREADS_H
#define STAY__EV_THREADS_H

#include "world/ev_lookups.h"

/*
 * Start a thread if the waiting lookups need one: as many as there are places, and
 * one more that waits for a place. Call with the lock held, so that a thread cannot
 * find the queue empty before the job is in it. Fails only if no thread is left to
 * look for the job: a thread that returns takes the next one.
 */
int stay__threads_fill(struct stay__lookups *lookups);

/* Give up one reference; the last one frees. Call without the lock. */
void stay__lookups_drop(struct stay__lookups *lookups);

#endif
