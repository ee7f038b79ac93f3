/*
 * A lock, and what may be waited for inside of it. The time is that of the worlds on
 * POSIX, which nobody sets.
 */
#ifndef STAY__MONITOR_H
#define STAY__MONITOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct stay__monitor {
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/* False: the system has none to give. */
bool stay__monitor_init(struct stay__monitor *monitor);
void stay__monitor_fini(struct stay__monitor *monitor);

/* With the lock held: wait until it may have changed, or until `deadline`, in ns;
 * UINT64_MAX: never. False: the time is up. */
bool stay__monitor_wait(struct stay__monitor *monitor, uint64_t deadline);

#endif
