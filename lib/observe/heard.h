/*
 * What each connection has said last, and how often since: a table by its
 * number that grows with those that have something to say. It knows nothing of
 * sentences, nor of when one may come again.
 */
#ifndef STAY__HEARD_H
#define STAY__HEARD_H

#include <stddef.h>
#include <stdint.h>

/* One sentence. Zeroed: none yet. */
struct stay__heard {
	uint64_t hash;
	uint64_t since_ms;
	uint64_t more; /* times that it was kept quiet */
};

struct stay__speaker {
	uint64_t number; /* of the connection; 0: a free place */
	struct stay__heard failure;
	struct stay__heard lost_call;
};

/* Zeroed: nobody has said anything, and no memory is taken. */
struct stay__speakers {
	struct stay__speaker *places;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void stay__speakers_fini(struct stay__speakers *speakers);

/* NULL: it has said nothing. What is found stands there until another one
 * comes or goes. */
struct stay__speaker *stay__speakers_find(
    const struct stay__speakers *speakers, uint64_t number);

/* Who is not found has a place from now on; NULL: no memory for it. */
struct stay__speaker *stay__speakers_meet(
    struct stay__speakers *speakers, uint64_t number);

/* One that was found. */
void stay__speakers_forget(
    struct stay__speakers *speakers, struct stay__speaker *speaker);

#endif
