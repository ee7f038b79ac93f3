/* A mutex and a condition, made together. Knows nothing of what they are for. */
#include "world/monitor.h"

#include <time.h>

#include "world/ev_clock.h"

/* Attributes cannot fail on Linux. */
static bool
init_changed(pthread_cond_t *changed)
{
	pthread_condattr_t attributes;
	bool made;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	made = pthread_cond_init(changed, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	return made;
}

bool
stay__monitor_init(struct stay__monitor *monitor)
{
	if (!init_changed(&monitor->changed))
		return false;
	if (pthread_mutex_init(&monitor->lock, NULL) == 0)
		return true;
	pthread_cond_destroy(&monitor->changed);
	return false;
}

void
stay__monitor_fini(struct stay__monitor *monitor)
{
	pthread_mutex_destroy(&monitor->lock);
	pthread_cond_destroy(&monitor->changed);
}

bool
stay__monitor_wait(struct stay__monitor *monitor, uint64_t deadline)
{
	struct timespec at = {
		.tv_sec = (time_t)(deadline / STAY__NS_PER_S),
		.tv_nsec = (long)(deadline % STAY__NS_PER_S),
	};

	if (deadline == UINT64_MAX)
		return pthread_cond_wait(&monitor->changed, &monitor->lock) ==
		       0;
	return pthread_cond_timedwait(&monitor->changed, &monitor->lock, &at) ==
	       0;
}
