/*
 * How long to wait before a retry, as a pure function. It knows no clock, no
 * entropy and no connection: the numbers are passed in.
 */
#include "base/backoff.h"

static const struct stay_backoff_policy defaults = {
	.kind = STAY_BACKOFF_PROPORTIONAL,
	.jitter = STAY_JITTER_EQUAL,
#define BACKOFF(field, unit, fallback, least, most, promise, text)             \
	.field = (fallback),
#include "base/options.def"
};

struct stay_backoff_policy
stay_backoff_default(void)
{
	return defaults;
}

struct stay_backoff_policy
stay_backoff_constant(uint64_t ms)
{
	struct stay_backoff_policy policy = stay_backoff_default();

	policy.kind = STAY_BACKOFF_CONSTANT;
	policy.initial_ms = policy.cap_ms = ms;
	return policy;
}

struct stay_backoff_policy
stay_backoff_exponential(uint64_t initial_ms, uint64_t cap_ms)
{
	struct stay_backoff_policy policy = stay_backoff_default();

	policy.kind = STAY_BACKOFF_EXPONENTIAL;
	policy.initial_ms = initial_ms;
	policy.cap_ms = cap_ms;
	return policy;
}

/*
 * The policy with its zeroes replaced. The cap stays below STAY_FOREVER, because a
 * delay of STAY_FOREVER means to give up.
 */
static struct stay_backoff_policy
filled(const struct stay_backoff_policy *policy)
{
	struct stay_backoff_policy full = *policy;

#define BACKOFF(field, unit, fallback, least, most, promise, text)             \
	if (full.field == 0)                                                   \
		full.field = defaults.field;
#include "base/options.def"
	if (full.cap_ms == STAY_FOREVER)
		full.cap_ms--;
	return full;
}

static uint64_t
delay_proportional(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	(void)attempt;
	return elapsed_ms / policy->divisor;
}

static uint64_t
delay_constant(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	(void)attempt;
	(void)elapsed_ms;
	return policy->initial_ms;
}

/* At most 64 rounds, whatever the attempt: each at least doubles the delay, up to
 * the cap. */
static uint64_t
delay_exponential(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	uint64_t ms = policy->initial_ms;

	(void)elapsed_ms;
	if (policy->factor == 1)
		return ms;
	for (; attempt > 1 && ms < policy->cap_ms; attempt--) {
		if (ms > policy->cap_ms / policy->factor)
			return policy->cap_ms;
		ms *= policy->factor;
	}
	return ms;
}

/* The delay by the kind of the policy. A custom policy comes here only if it lacks
 * its function. */
static stay_delay_fn *const delays[] = {
	[STAY_BACKOFF_PROPORTIONAL] = delay_proportional,
	[STAY_BACKOFF_CONSTANT] = delay_constant,
	[STAY_BACKOFF_EXPONENTIAL] = delay_exponential,
	[STAY_BACKOFF_CUSTOM] = delay_proportional,
};

static uint64_t
clamped(uint64_t ms, const struct stay_backoff_policy *full)
{
	if (ms < full->initial_ms)
		ms = full->initial_ms;
	return ms < full->cap_ms ? ms : full->cap_ms;
}

/* `full` is `policy` with its zeroes replaced. The program's function is passed the
 * program's own struct. */
static uint64_t
delay_of(const struct stay_backoff_policy *policy,
    const struct stay_backoff_policy *full, uint32_t attempt,
    uint64_t elapsed_ms)
{
	size_t kind = (size_t)policy->kind;
	uint64_t ms;

	if (kind == STAY_BACKOFF_CUSTOM && policy->delay != NULL) {
		ms = policy->delay(policy, attempt, elapsed_ms);
		return ms == STAY_FOREVER ? ms : clamped(ms, full);
	}
	if (kind >= sizeof(delays) / sizeof(delays[0]))
		kind = STAY_BACKOFF_PROPORTIONAL;
	return clamped(delays[kind](full, attempt, elapsed_ms), full);
}

/* The remainder is biased by far less than a millisecond. */
static uint64_t
jittered(uint64_t ms, enum stay_jitter jitter, uint64_t random)
{
	uint64_t fixed = jitter == STAY_JITTER_FULL ? 0 : ms / 2;

	if (jitter == STAY_JITTER_NONE)
		return ms;
	return fixed + random % (ms - fixed + 1);
}

uint64_t
stay_backoff_delay(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms, uint64_t random)
{
	struct stay_backoff_policy full = filled(policy);
	uint64_t ms;

	if (attempt == 0)
		attempt = 1;
	if (full.initial_ms == STAY_FOREVER ||
	    (full.attempts_max != 0 && attempt > full.attempts_max))
		return STAY_FOREVER;
	ms = delay_of(policy, &full, attempt, elapsed_ms);
	return ms == STAY_FOREVER ? ms : jittered(ms, full.jitter, random);
}

/* A session too short to reset the count is no outage either: its time is left out
 * of elapsed_ms. */
static uint64_t
away_ms(const struct stay__pace *pace, uint64_t now_ms, uint64_t up_ms)
{
	uint64_t ms = now_ms > pace->since_ms ? now_ms - pace->since_ms : 0;

	return ms > up_ms ? ms - up_ms : 0;
}

bool
stay__backoff_is_known(const struct stay_backoff_policy *policy)
{
	return (unsigned)policy->kind <= STAY_BACKOFF_CUSTOM &&
	       (unsigned)policy->jitter <= STAY_JITTER_NONE;
}

bool
stay__backoff_is_stable(
    const struct stay_backoff_policy *policy, uint64_t up_ms)
{
	return up_ms >= filled(policy).stable_ms;
}

uint64_t
stay__pace_step(struct stay__pace *pace,
    const struct stay_backoff_policy *policy, uint64_t now_ms, uint64_t up_ms,
    uint64_t random)
{
	uint64_t elapsed_ms = away_ms(pace, now_ms, up_ms);

	if (stay__backoff_is_stable(policy, up_ms))
		pace->attempt = 0;
	if (pace->attempt == 0)
		elapsed_ms = 0;
	if (pace->attempt < UINT32_MAX)
		pace->attempt++;
	pace->since_ms = now_ms - elapsed_ms;
	return stay_backoff_delay(policy, pace->attempt, elapsed_ms, random);
}

uint64_t
stay_backoff_step(struct stay_backoff *backoff, uint64_t now_ms, uint64_t up_ms,
    uint64_t random)
{
	struct stay__pace pace = { backoff->since_ms, backoff->attempt };
	uint64_t ms =
	    stay__pace_step(&pace, &backoff->policy, now_ms, up_ms, random);

	backoff->since_ms = pace.since_ms;
	backoff->attempt = pace.attempt;
	return ms;
}
