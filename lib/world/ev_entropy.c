/*
 * Random bytes from the kernel. If the kernel has none, a substitute is made
 * that is good enough for jitter: two loops, two processes, two machines must
 * not draw the same numbers (promise 13).
 */
#include "world/ev_entropy.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* splitmix64 (Steele, Lea and Flood): one step of it is a good mixer, too. */
static uint64_t
next_word(uint64_t *state)
{
	uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

static uint64_t
now_of(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) +
	       (uint64_t)now.tv_nsec;
}

/* Both clocks, the process, and an address: of this world, and random
 * itself. */
static void
substitute(char *to, size_t len, const void *address)
{
	uint64_t state = now_of(CLOCK_REALTIME);
	uint64_t word;
	size_t part;

	state = next_word(&state) ^ now_of(CLOCK_MONOTONIC);
	state = next_word(&state) ^ (uint64_t)getpid();
	state = next_word(&state) ^ (uint64_t)(uintptr_t)address;
	for (; len > 0; to += part, len -= part) {
		word = next_word(&state);
		part = len < sizeof(word) ? len : sizeof(word);
		memcpy(to, &word, part);
	}
}

void
stay__ev_entropy(struct stay_world *world, void *bytes, size_t len)
{
	char *to = bytes;

	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			substitute(to, len, world);
			return;
		}
		to += got;
		len -= (size_t)got;
	}
}
