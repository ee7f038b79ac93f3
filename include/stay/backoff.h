/*
 * stay/backoff.h - how long to wait before the next attempt.
 *
 * A policy is plain data; the delay is a pure function of (policy, attempt,
 * elapsed, random), so it can be printed, tested and simulated. Jitter is on by
 * default, for every re-attempt: a thousand clients that lost one server at the
 * same instant must not come back at the same instant.
 *
 *	struct stay_backoff backoff = { .policy = stay_backoff_default() };
 *	...
 *	return stay_verdict_backoff(stay_backoff_next(conn, &state->backoff));
 *
 * stay_backoff_next is declared in <stay/conn.h>: it takes the connection's
 * clock, entropy and uptime.
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
	STAY_BACKOFF_CUSTOM        /* the user's `delay` */
};

enum stay_jitter {
	STAY_JITTER_EQUAL, /* half of it fixed, half of it random: [d/2, d] */
	STAY_JITTER_FULL,  /* all of it random: [0, d] */
	STAY_JITTER_NONE
};

struct stay_backoff_policy;

/*
 * A user's own delay in ms before the jitter; `attempt` counts from 1,
 * `elapsed_ms` since the connection was last up or the attempts began. It is
 * held between initial_ms and cap_ms, but STAY_FOREVER gives up. Pure: must not
 * call the library.
 */
typedef uint64_t stay_delay_fn(const struct stay_backoff_policy *policy,
    uint32_t attempt, uint64_t elapsed_ms);

/* Zero means the default, with which a comment ends. */
struct stay_backoff_policy {
	enum stay_backoff_kind kind;
	enum stay_jitter jitter;
	uint64_t initial_ms;   /* least delay before jitter: 50 */
	uint64_t cap_ms;       /* most delay before jitter: 30000 */
	uint32_t factor;       /* exponential growth: 2 */
	uint32_t divisor;      /* proportional share, one of so many: 10 */
	uint32_t attempts_max; /* after so many, STAY_FOREVER: never */
	uint64_t stable_ms;    /* up so long resets the count: 5000 */
	stay_delay_fn *delay;  /* STAY_BACKOFF_CUSTOM */
	void *delay_arg;       /* for `delay`, which finds it in its policy */
	uintptr_t reserved[2];
};

/* Where a connection is in its policy. Zeroed: at the beginning, default
 * policy. */
struct stay_backoff {
	struct stay_backoff_policy policy;
	uint32_t attempt;  /* delays handed out since the last reset */
	uint64_t since_ms; /* when the first of them was, plus uptime since */
	uintptr_t reserved[2];
};

/* Proportional, a tenth, from 50 ms to 30 s, equal jitter, no end. */
STAY_API struct stay_backoff_policy stay_backoff_default(void);
STAY_API struct stay_backoff_policy stay_backoff_constant(uint64_t delay_ms);
STAY_API struct stay_backoff_policy stay_backoff_exponential(
    uint64_t initial_ms, uint64_t cap_ms);

/*
 * The delay in ms before attempt number `attempt` (from 1), the last success or
 * the first failure `elapsed_ms` ago, with `random` uniform over 64 bits.
 * STAY_FOREVER past attempts_max. Pure; any thread.
 */
STAY_API uint64_t stay_backoff_delay(const struct stay_backoff_policy *policy,
    uint32_t attempt, uint64_t elapsed_ms, uint64_t random);

/*
 * The next delay of a sequence: counts the attempt, and starts over when the
 * connection had been up for stable_ms (`up_ms`; 0 when it never came up). What
 * it was up for less than that is not counted as an outage, and no more.
 * `now_ms` is any clock that does not go back. Pure but for `backoff`.
 */
STAY_API uint64_t stay_backoff_step(struct stay_backoff *backoff,
    uint64_t now_ms, uint64_t up_ms, uint64_t random);

STAY_END

#endif
