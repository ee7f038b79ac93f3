/*
 * Load on one client that checks itself: so many calls are always under way,
 * every other one an echo of a number that is never used twice, the rest
 * counting up a key of the load's own. What fails is asked anew at the next
 * redis_load_fill.
 */
#ifndef STAY_TESTS_REDIS_LOAD_H
#define STAY_TESTS_REDIS_LOAD_H

#include <stay/redis.h>

#define LOAD_CALLS 64

struct redis_load;

struct load_call {
	struct redis_load *load;
	uint64_t nonce; /* 0: this place is free */
	bool echoes;
};

struct redis_load {
	struct stay_redis *redis;
	char key[16];
	struct load_call calls[LOAD_CALLS];
	unsigned under_way;
	bool over;
	int64_t counter; /* the last answer to INCR */

	uint64_t submitted;
	uint64_t refused; /* at submission, as the server denies access */
	uint64_t echoed;  /* numbers that came back to the right call */
	uint64_t counted; /* answers to INCR */
	uint64_t unsure;  /* INCR that may have been executed */
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t wrong; /* anything that must not be */
};

/* `name`: of the key; the client's calls are the load's alone. */
void redis_load_begin(
    struct redis_load *load, struct stay_redis *redis, const char *name);
/* Let every place have its call again. */
void redis_load_fill(struct redis_load *load);
/* No more calls; the client is drained, and gone when it has closed. */
void redis_load_end(struct redis_load *load, uint64_t budget_ms);
/* After that: every call has ended, none in a way that cannot be. `counter` is
 * what the server says of the key. */
void redis_load_check(const struct redis_load *load, int64_t counter);

#endif
