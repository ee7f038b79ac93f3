/* The system's clocks, in nanoseconds. */
#ifndef STAY__EV_CLOCK_H
#define STAY__EV_CLOCK_H

#include <stdint.h>
#include <time.h>

#define STAY__NS_PER_S UINT64_C(1000000000)

static inline uint64_t
stay__clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * STAY__NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
