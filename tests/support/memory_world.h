/*
 * A world with one connection and nothing around it: its other end is a pair of
 * functions, its clock stands still, it allocates nothing. So whatever else is
 * counted while it runs is the library's own cost.
 */
#ifndef STAY_TESTS_MEMORY_WORLD_H
#define STAY_TESTS_MEMORY_WORLD_H

#include <stdbool.h>

#include <stay/world.h>

/* The other end. */
struct memory_peer {
	void *arg;
	/* Whether it has bytes to be read. */
	bool (*has)(void *arg);
	/* At most `room` of them, at least one if it has any. */
	size_t (*give)(void *arg, void *to, size_t room);
	/* What was written. */
	void (*take)(void *arg, const struct iovec *parts, int count);
};

struct memory_counts {
	uint64_t waits;
	uint64_t reads;
	uint64_t writes;
	uint64_t watches;
};

/* For stay_loop_new; one at a time. */
struct stay_world *memory_world_new(void);

/* Who is there from now on; not copied. NULL: somebody who takes everything and
 * says nothing. */
void memory_world_peer(
    struct stay_world *world, const struct memory_peer *peer);

/* Wait once, which is: see what can be read or written, and a turn. False:
 * there was nothing to wait for. */
bool memory_world_wait(struct stay_world *world);

/* Till there is nothing more to wait for. */
void memory_world_settle(struct stay_world *world);

struct memory_counts memory_world_counts(struct stay_world *world);

#endif
