/*
 * Waiting in a thread that has no loop. The time is that of the worlds on POSIX, which
 * nobody sets.
 */
#include "world/bell.h"

#include <time.h>

#include <stay/status.h>

#include "world/ev_clock.h"

static bool
init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	bool made;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	made = pthread_cond_init(cond, &attributes) == 0;
	pthread_condattr_destroy(&attributes);
	return made;
}

bool
stay__bell_init(struct stay__bell *bell)
{
	bell->rings = 0;
	if (!init_cond(&bell->rung))
		return false;
	if (pthread_mutex_init(&bell->lock, NULL) == 0)
		return true;
	pthread_cond_destroy(&bell->rung);
	return false;
}

void
stay__bell_fini(struct stay__bell *bell)
{
	pthread_mutex_destroy(&bell->lock);
	pthread_cond_destroy(&bell->rung);
}

/* Inside of the lock: whoever has heard it may end the bell. */
void
stay__bell_ring(struct stay__bell *bell)
{
	pthread_mutex_lock(&bell->lock);
	bell->rings++;
	pthread_cond_broadcast(&bell->rung);
	pthread_mutex_unlock(&bell->lock);
}

uint64_t
stay__bell_rings(struct stay__bell *bell)
{
	uint64_t rings;

	pthread_mutex_lock(&bell->lock);
	rings = bell->rings;
	pthread_mutex_unlock(&bell->lock);
	return rings;
}

/* False: the time is up. */
static bool
wait_once(struct stay__bell *bell, uint64_t deadline)
{
	struct timespec at = {
		.tv_sec = (time_t)(deadline / STAY__NS_PER_S),
		.tv_nsec = (long)(deadline % STAY__NS_PER_S),
	};

	if (deadline == UINT64_MAX)
		return pthread_cond_wait(&bell->rung, &bell->lock) == 0;
	return pthread_cond_timedwait(&bell->rung, &bell->lock, &at) == 0;
}

bool
stay__bell_wait(struct stay__bell *bell, uint64_t rings, uint64_t deadline)
{
	bool heard;

	pthread_mutex_lock(&bell->lock);
	while (bell->rings < rings && wait_once(bell, deadline))
		continue;
	heard = bell->rings >= rings;
	pthread_mutex_unlock(&bell->lock);
	return heard;
}

uint64_t
stay__bell_after(uint64_t ms)
{
	return ms > UINT64_MAX / 4 / STAY__NS_PER_S
		   ? UINT64_MAX
		   : stay__clock_ns(CLOCK_MONOTONIC) + ms * 1000000;
}
