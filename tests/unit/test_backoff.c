/* Delays: their size, their spread, their ends. */
#include <stay/backoff.h>

#include <stay/conn.h>

#include "expect.h"
#include "sim/world_sim.h"
#include "suites.h"

/* Seeded, so that every run sees the same numbers (splitmix64). */
static uint64_t
next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static struct stay_backoff_policy
without_jitter(struct stay_backoff_policy policy)
{
	policy.jitter = STAY_JITTER_NONE;
	return policy;
}

static uint64_t
delay(struct stay_backoff_policy policy, uint32_t attempt, uint64_t elapsed_ms)
{
	return stay_backoff_delay(&policy, attempt, elapsed_ms, 0);
}

TEST(backoff_zero_fields_are_the_defaults)
{
	struct stay_backoff_policy zero = { 0 };
	struct stay_backoff_policy full = stay_backoff_default();
	uint64_t seed = 1;

	for (uint32_t i = 0; i < 1000; i++) {
		uint64_t random = next_random(&seed);

		ck_assert_uint_eq(stay_backoff_delay(&zero, i, 100 * i, random),
		    stay_backoff_delay(&full, i, 100 * i, random));
	}
	zero.kind = STAY_BACKOFF_EXPONENTIAL;
	zero.jitter = STAY_JITTER_NONE;
	ck_assert_uint_eq(delay(zero, 1, 0), 50);
	ck_assert_uint_eq(delay(zero, 2, 0), 100);
	ck_assert_uint_eq(delay(zero, 1000, 0), 30000);
}

TEST(backoff_proportional_follows_the_outage)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_default());

	ck_assert_uint_eq(delay(policy, 1, 0), 50);
	ck_assert_uint_eq(delay(policy, 1, 500), 50);
	ck_assert_uint_eq(delay(policy, 9, 510), 51);
	ck_assert_uint_eq(delay(policy, 2, 20000), 2000);
	ck_assert_uint_eq(delay(policy, 2, 300000), 30000);
	ck_assert_uint_eq(delay(policy, 2, UINT64_MAX), 30000);
	policy.divisor = 4;
	ck_assert_uint_eq(delay(policy, 2, 20000), 5000);
	policy.divisor = UINT32_MAX;
	ck_assert_uint_eq(delay(policy, 2, 20000), 50);
}

TEST(backoff_constant_is_constant)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_constant(60000));

	ck_assert_uint_eq(delay(policy, 1, 0), 60000);
	ck_assert_uint_eq(delay(policy, UINT32_MAX, UINT64_MAX), 60000);
}

TEST(backoff_exponential_grows_to_the_cap)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_exponential(100, 1000));

	ck_assert_uint_eq(delay(policy, 0, 0), 100);
	ck_assert_uint_eq(delay(policy, 1, 0), 100);
	ck_assert_uint_eq(delay(policy, 2, 0), 200);
	ck_assert_uint_eq(delay(policy, 4, 0), 800);
	ck_assert_uint_eq(delay(policy, 5, 0), 1000);
	ck_assert_uint_eq(delay(policy, UINT32_MAX, 0), 1000);
	policy.factor = 3;
	ck_assert_uint_eq(delay(policy, 3, 0), 900);
	policy.initial_ms =
	    111; /* three times three of it is not the cap yet */
	ck_assert_uint_eq(delay(policy, 3, 0), 999);
	policy.initial_ms = 100;
	policy.factor = 1;
	ck_assert_uint_eq(delay(policy, UINT32_MAX, 0), 100);
}

TEST(backoff_nothing_overflows)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_exponential(1, UINT64_MAX));
	uint64_t seed = 2, ms, last = 0;

	for (uint32_t attempt = 1; attempt < 100; attempt++) {
		ms = delay(policy, attempt, 0);
		ck_assert_uint_ge(ms, last);
		ck_assert_uint_ne(ms, STAY_FOREVER);
		last = ms;
	}
	ck_assert_uint_eq(last, UINT64_MAX - 1);
	policy.factor = UINT32_MAX;
	policy.initial_ms = UINT64_MAX - 1;
	policy.jitter = STAY_JITTER_FULL;
	for (int i = 0; i < 1000; i++)
		EXPECT(stay_backoff_delay(&policy, UINT32_MAX, UINT64_MAX,
			   next_random(&seed)) != STAY_FOREVER);
	policy = without_jitter(stay_backoff_default());
	policy.divisor = 1;
	ck_assert_uint_eq(delay(policy, 1, UINT64_MAX), 30000);
}

TEST(backoff_the_cap_is_above_all)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_exponential(5000, 1000));

	ck_assert_uint_eq(delay(policy, 1, 0), 1000);
	policy.kind = STAY_BACKOFF_CONSTANT;
	ck_assert_uint_eq(delay(policy, 1, 0), 1000);
	policy.kind = STAY_BACKOFF_PROPORTIONAL;
	ck_assert_uint_eq(delay(policy, 1, 0), 1000);
}

TEST(backoff_attempts_end)
{
	struct stay_backoff_policy policy = stay_backoff_default();

	policy.attempts_max = 3;
	ck_assert_uint_ne(delay(policy, 3, 0), STAY_FOREVER);
	ck_assert_uint_eq(delay(policy, 4, 0), STAY_FOREVER);
	ck_assert_uint_eq(delay(policy, UINT32_MAX, 0), STAY_FOREVER);
	policy.attempts_max = 0;
	ck_assert_uint_ne(delay(policy, UINT32_MAX, 0), STAY_FOREVER);
	policy = stay_backoff_constant(STAY_FOREVER);
	ck_assert_uint_eq(delay(policy, 1, 0), STAY_FOREVER);
}

/* Within [least, most], both ends reached, ten equal parts equally often. */
static void
assert_uniform(
    const struct stay_backoff_policy *policy, uint64_t least, uint64_t most)
{
	enum { DRAWS = 100000, PARTS = 10 };
	unsigned hits[PARTS] = { 0 };
	uint64_t seed = 3, ms, low = UINT64_MAX, high = 0;
	double sum = 0, middle = (double)(least + most) / 2;

	for (int i = 0; i < DRAWS; i++) {
		ms = stay_backoff_delay(policy, 1, 0, next_random(&seed));
		EXPECT(ms >= least && ms <= most);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
		sum += (double)ms;
		hits[(ms - least) * PARTS / (most - least + 1)]++;
	}
	ck_assert_uint_eq(low, least);
	ck_assert_uint_eq(high, most);
	ck_assert_double_eq_tol(sum / DRAWS, middle, middle / 100);
	for (int i = 0; i < PARTS; i++)
		ck_assert_double_eq_tol(
		    hits[i], DRAWS / PARTS, DRAWS / PARTS * 0.1);
}

TEST(promise_13_equal_jitter_spreads_over_the_upper_half)
{
	struct stay_backoff_policy policy = stay_backoff_constant(2000);

	ck_assert_int_eq(policy.jitter, STAY_JITTER_EQUAL);
	assert_uniform(&policy, 1000, 2000);
	policy = stay_backoff_constant(1999);
	assert_uniform(&policy, 999, 1999);
}

TEST(promise_13_full_jitter_spreads_over_all)
{
	struct stay_backoff_policy policy = stay_backoff_constant(2000);

	policy.jitter = STAY_JITTER_FULL;
	assert_uniform(&policy, 0, 2000);
}

TEST(promise_13_delays_at_the_cap_have_jitter_too)
{
	struct stay_backoff_policy policy = stay_backoff_exponential(1, 2000);
	uint64_t seed = 4, first, ms;
	bool differ = false;

	first = stay_backoff_delay(&policy, 99, 0, next_random(&seed));
	for (int i = 0; i < 100; i++) {
		ms = stay_backoff_delay(&policy, 99, 0, next_random(&seed));
		ck_assert_uint_ge(ms, 1000);
		ck_assert_uint_le(ms, 2000);
		differ = differ || ms != first;
	}
	ck_assert(differ);
}

TEST(backoff_the_smallest_delays_survive_jitter)
{
	struct stay_backoff_policy policy = stay_backoff_constant(1);

	for (uint64_t random = 0; random < 10; random++)
		ck_assert_uint_le(stay_backoff_delay(&policy, 1, 0, random), 1);
}

static uint64_t
linear(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	const uint64_t *step = policy->delay_arg;

	ck_assert_uint_eq(policy->factor, 0); /* the program's own struct */
	return elapsed_ms == UINT64_MAX ? STAY_FOREVER : *step * attempt;
}

TEST(backoff_custom_is_held_in_bounds_or_gives_up)
{
	uint64_t step = 70;
	struct stay_backoff_policy policy = { .kind = STAY_BACKOFF_CUSTOM,
		.jitter = STAY_JITTER_NONE,
		.cap_ms = 1000,
		.initial_ms = 100,
		.delay = linear,
		.delay_arg = &step };

	ck_assert_uint_eq(delay(policy, 1, 0), 100);
	ck_assert_uint_eq(delay(policy, 3, 0), 210);
	ck_assert_uint_eq(delay(policy, 99, 0), 1000);
	ck_assert_uint_eq(delay(policy, 1, UINT64_MAX), STAY_FOREVER);
	step = 150;
	ck_assert_uint_eq(delay(policy, 0, 0), 150);
	step = 70;
	policy.jitter = STAY_JITTER_EQUAL;
	ck_assert_uint_eq(delay(policy, 3, 0), 105);
}

TEST(backoff_unknown_kinds_are_the_default)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_default());

	policy.kind = STAY_BACKOFF_CUSTOM;
	ck_assert_uint_eq(delay(policy, 1, 20000), 2000);
	policy.kind = (enum stay_backoff_kind)77;
	ck_assert_uint_eq(delay(policy, 1, 20000), 2000);
}

TEST(backoff_step_counts_and_measures)
{
	struct stay_backoff backoff = { .policy = without_jitter(
					    stay_backoff_default()) };

	ck_assert_uint_eq(stay_backoff_step(&backoff, 70000, 0, 0), 50);
	ck_assert_uint_eq(backoff.attempt, 1);
	ck_assert_uint_eq(backoff.since_ms, 70000);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 75000, 0, 0), 500);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 90000, 0, 0), 2000);
	ck_assert_uint_eq(backoff.attempt, 3);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 10, 0, 0), 50);
}

TEST(backoff_step_starts_over_only_after_a_stable_time)
{
	struct stay_backoff backoff = { 0 };

	backoff.policy = without_jitter(stay_backoff_exponential(100, 10000));
	ck_assert_uint_eq(stay_backoff_step(&backoff, 0, 0, 0), 100);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 1, 4999, 0), 200);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 2, 1, 0), 400);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 9000, 5000, 0), 100);
	ck_assert_uint_eq(backoff.since_ms, 9000);
	backoff.policy.stable_ms = 60000;
	ck_assert_uint_eq(stay_backoff_step(&backoff, 9001, 5000, 0), 200);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 9002, 60000, 0), 100);
}

/* Only what it was down is an outage; a peer that lets in and throws out earns
 * nothing by it. */
TEST_ROWS(promise_13_a_short_session_does_not_end_an_outage, 5)
{
	static const uint64_t holds[] = { 0, 5, 20, 100, 4999 };
	struct stay_backoff backoff = { .policy = without_jitter(
					    stay_backoff_default()) };
	uint64_t now = 7000, down = 0, ms;

	stay_backoff_step(&backoff, now, 9000, 0);
	while (down < 100000) {
		ms =
		    stay_backoff_step(&backoff, now += holds[_i], holds[_i], 0);
		ck_assert_uint_eq(ms, down < 500 ? 50 : down / 10);
		now += ms;
		down += ms;
	}
	ck_assert_uint_eq(
	    stay_backoff_step(&backoff, now += 5000, 5000, 0), 50);
}

/* However many there were: it is not counted up to them. */
TEST(backoff_that_does_not_grow_costs_nothing)
{
	struct stay_backoff_policy policy =
	    without_jitter(stay_backoff_exponential(10, 1000));

	policy.factor = 1;
	for (uint32_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(delay(policy, UINT32_MAX - i, 0), 10);
}

TEST(backoff_step_ends_and_begins_again)
{
	struct stay_backoff backoff = { 0 };

	backoff.policy.attempts_max = 2;
	ck_assert_uint_ne(stay_backoff_step(&backoff, 0, 0, 0), STAY_FOREVER);
	ck_assert_uint_ne(stay_backoff_step(&backoff, 0, 0, 0), STAY_FOREVER);
	ck_assert_uint_eq(stay_backoff_step(&backoff, 0, 0, 0), STAY_FOREVER);
	ck_assert_uint_ne(
	    stay_backoff_step(&backoff, 0, 9999, 0), STAY_FOREVER);
	backoff.attempt = UINT32_MAX;
	ck_assert_uint_eq(stay_backoff_step(&backoff, 0, 0, 0), STAY_FOREVER);
	ck_assert_uint_eq(backoff.attempt, UINT32_MAX);
}

/* The first dial fails, the second does not, and the third one waits for the throttle,
 * behind a session of 5 s. */
static struct stay_backoff behind_throttle;

static struct stay_verdict
dial(struct stay_conn *conn, void *state, struct stay_info info)
{
	unsigned *dials = state;

	(void)info;
	return ++*dials == 2 ? stay_verdict_ok()
			     : stay_verdict_backoff(
				   stay_backoff_next(conn, &behind_throttle));
}

static struct stay_verdict
dial_anew(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	return stay_verdict_connect(info);
}

/* A wait that is no backoff forgets no session. */
TEST(backoff_knows_the_session_before_a_throttled_dial)
{
	const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
		.state_size = sizeof(unsigned), .connect = dial,
		.disconnect = dial_anew };
	const struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.throttle_burst = 1, .throttle_ms = 30000 };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;

	behind_throttle.policy = stay_backoff_constant(100);
	behind_throttle.policy.stable_ms = 4000;
	EXPECT_OK(stay_conn_start(&conn, loop, &behaviour, NULL, &options));
	sim_run_ms(world, 5200);
	ck_assert_int_eq(stay_conn_state(conn), STAY_CONNECTED);
	stay_conn_reconnect(conn, STAY_E_IO);
	sim_run_ms(world, 24000);
	ck_assert_int_eq(stay_conn_state(conn), STAY_BACKING_OFF);
	ck_assert_uint_eq(*(unsigned *)stay_conn_data(conn), 2);
	sim_run_ms(world, 850);
	ck_assert_uint_eq(*(unsigned *)stay_conn_data(conn), 3);
	ck_assert_uint_eq(behind_throttle.attempt, 1);
	stay_conn_stop(conn, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

TEST_SUITE(backoff)
