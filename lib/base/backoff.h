/* What a backoff policy says of a session that was up. */
#ifndef STAY__BACKOFF_H
#define STAY__BACKOFF_H

#include <stay/backoff.h>

/* How far a sequence of delays has come. Whoever has it knows the policy. */
struct stay__pace {
	uint64_t since_ms;
	uint32_t attempt;
};

/* As stay_backoff_step. */
uint64_t stay__pace_step(struct stay__pace *pace,
    const struct stay_backoff_policy *policy, uint64_t now_ms, uint64_t up_ms,
    uint64_t random);

/* Whether its kind and its jitter are some that there are. */
bool stay__backoff_is_known(const struct stay_backoff_policy *policy);

/* Whether the session was up for long enough to count attempts from 1 again. */
bool stay__backoff_is_stable(
    const struct stay_backoff_policy *policy, uint64_t up_ms);

#endif
