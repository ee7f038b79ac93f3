/* Waiting in a thread that has no loop. */
#include "world/bell.h"

#include <stay/status.h>

#include "world/ev_clock.h"

bool
stay__bell_init(struct stay__bell *bell)
{
	bell->rings = 0;
	return stay__monitor_init(&bell->monitor);
}

void
stay__bell_fini(struct stay__bell *bell)
{
	stay__monitor_fini(&bell->monitor);
}

/* Inside of the lock: whoever has heard it may end the bell. */
void
stay__bell_ring(struct stay__bell *bell)
{
	pthread_mutex_lock(&bell->monitor.lock);
	bell->rings++;
	pthread_cond_broadcast(&bell->monitor.changed);
	pthread_mutex_unlock(&bell->monitor.lock);
}

uint64_t
stay__bell_rings(struct stay__bell *bell)
{
	uint64_t rings;

	pthread_mutex_lock(&bell->monitor.lock);
	rings = bell->rings;
	pthread_mutex_unlock(&bell->monitor.lock);
	return rings;
}

bool
stay__bell_wait(struct stay__bell *bell, uint64_t rings, uint64_t deadline)
{
	bool heard;

	pthread_mutex_lock(&bell->monitor.lock);
	while (
	    bell->rings < rings && stay__monitor_wait(&bell->monitor, deadline))
		continue;
	heard = bell->rings >= rings;
	pthread_mutex_unlock(&bell->monitor.lock);
	return heard;
}

uint64_t
stay__bell_after(uint64_t ms)
{
	return ms > UINT64_MAX / 4 / STAY__NS_PER_S
		   ? UINT64_MAX
		   : stay__clock_ns(CLOCK_MONOTONIC) + ms * 1000000;
}
