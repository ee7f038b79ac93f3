/*
 * stay/backoff.h - how long to wait before the next attempt.
 *
 * A policy is plain data. The delay is a pure function of policy, attempt,
 * elapsed time and a random number, so it can be printed, tested and simulated.
 *
 *	struct stay_backoff backoff = { .policy = stay_backoff_default() };
 *	...
 *	return stay_verdict_backoff(stay_backoff_next(conn, &state->backoff));
 *
 * stay_backoff_next is declared in <stay/conn.h>, as it takes the clock, the
 * random numbers and the uptime of a connection. The functions of this header
 * keep nothing, and may be called in any thread.
 *
 * Why there is jitter by default: a thousand clients that lost one server in
 * the same moment must not come back in the same moment.
 */
#ifndef STAY_BACKOFF_H
#define STAY_BACKOFF_H

#include <stdbool.h>

#include <stay/status.h>

STAY_BEGIN

enum stay_backoff_kind {
	STAY_BACKOFF_PROPORTIONAL, /* the time already away / divisor */
	STAY_BACKOFF_CONSTANT,     /* initial_ms */
	STAY_BACKOFF_EXPONENTIAL,  /* initial_ms * factor^(attempt - 1) */
	STAY_BACKOFF_CUSTOM        /* what `delay` returns */
};

enum stay_jitter {
	STAY_JITTER_EQUAL, /* half fixed, half random: [delay/2, delay] */
	STAY_JITTER_FULL,  /* all of it random: [0, delay] */
	STAY_JITTER_NONE
};

struct stay_backoff_policy;

/*
 * A delay of your own, in ms before the jitter. `attempt` counts from 1.
 * `elapsed_ms` is how long the peer has been away: since the connection was
 * lost, or since the first attempt failed. The result is brought between
 * initial_ms and cap_ms; STAY_FOREVER means: give up. The function must be
 * pure, and must not call the library.
 */
typedef uint64_t stay_delay_fn(const struct stay_backoff_policy *policy,
    uint32_t attempt, uint64_t elapsed_ms);

/* Zero means the default, which each comment ends with. */
struct stay_backoff_policy {
	enum stay_backoff_kind kind;
	enum stay_jitter jitter;
	uint64_t initial_ms;   /* the least delay, before jitter: 50 */
	uint64_t cap_ms;       /* the longest delay, before jitter: 30000 */
	uint32_t factor;       /* EXPONENTIAL: growth with each attempt: 2 */
	uint32_t divisor;      /* PROPORTIONAL: one part in so many: 10 */
	uint32_t attempts_max; /* the attempt after these gives up: never */
	uint64_t stable_ms;    /* an uptime that resets the count: 5000 */
	stay_delay_fn *delay;  /* CUSTOM: the function */
	void *delay_arg;       /* for `delay`, which finds it in its policy */
	uintptr_t reserved[2];
};

/* A sequence of attempts. Zeroed: at its beginning, with the default policy. */
struct stay_backoff {
	struct stay_backoff_policy policy;
	uint32_t attempt;  /* delays handed out since the last reset */
	uint64_t since_ms; /* when the first was, uptime since left out */
	uintptr_t reserved[2];
};

/* A tenth of the time already away, from 50 ms to 30 s, with equal jitter; it
 * never gives up. */
STAY_API struct stay_backoff_policy stay_backoff_default(void);

/* Always `delay_ms`, with equal jitter; it never gives up. */
STAY_API struct stay_backoff_policy stay_backoff_constant(uint64_t delay_ms);

/* From `initial_ms`, doubled with each attempt, up to `cap_ms`; equal jitter;
 * it never gives up. */
STAY_API struct stay_backoff_policy stay_backoff_exponential(
    uint64_t initial_ms, uint64_t cap_ms);

/*
 * The delay in ms before attempt number `attempt`, which counts from 1.
 * `elapsed_ms` is how long the peer has been away, as for stay_delay_fn;
 * `random` is uniform over 64 bits.
 * Returns STAY_FOREVER when the policy gives up.
 */
STAY_API uint64_t stay_backoff_delay(const struct stay_backoff_policy *policy,
    uint32_t attempt, uint64_t elapsed_ms, uint64_t random);

/*
 * The next delay in ms of a sequence. It counts the attempt in `backoff`.
 * `now_ms` is the time of any clock that never goes back. `up_ms` is how long
 * the connection had been up, 0 if it was not. An uptime of stable_ms starts
 * the sequence anew. A shorter uptime does not reset the count; it is only left
 * out of `elapsed_ms`.
 * Returns STAY_FOREVER when the policy gives up.
 */
STAY_API uint64_t stay_backoff_step(struct stay_backoff *backoff,
    uint64_t now_ms, uint64_t up_ms, uint64_t random);

STAY_END

#endif
