/*
 * Random bytes from the kernel. If the kernel has none, this file makes a substitute
 * that is good enough for jitter: two loops, two processes or two machines must not
 * draw the same numbers (promise 13).
 */
#include "world/ev_entropy.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "world/ev_clock.h"

/* One step of splitmix64 (Steele, Lea and Flood). */
static uint64_t
next_word(uint64_t *state)
{
	uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

/* Mixes both clocks, the pid, and the address of this world, which the kernel has
 * made random. */
static void
substitute(char *to, size_t len, const void *address)
{
	uint64_t state = stay__clock_ns(CLOCK_REALTIME);
	uint64_t word;
	size_t part;

	state = next_word(&state) ^ stay__clock_ns(CLOCK_MONOTONIC);
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
