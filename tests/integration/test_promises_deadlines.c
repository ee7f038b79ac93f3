/*
 * Promise 6 with a real redis-server: the deadline of a call is kept in every
 * state of its connection, in the turn that reaches it and not before, and
 * fails that call alone. Measured by the loop's own clock, so that a busy
 * machine makes the turns late and not the calls in them.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_bed.h"

#define CALLS    40
#define FIRST_MS 500 /* so long a busy machine has to send them */
#define STEP_MS  5   /* between two deadlines */
#define TICK_MS  1

/* ---- calls with a deadline ---- */

struct timed {
	struct answer answer;
	unsigned overdue; /* looks that found it past its time */
	uint64_t due_ms;  /* of the loop's clock; 0: none */
	uint64_t told_ms;
};

static struct timed calls[CALLS];

static void
on_done(void *arg, const struct stay_result *result)
{
	struct timed *call = arg;

	call->told_ms = stay_loop_now_ms(rig.loop);
	note_answer(&call->answer, result);
}

static void
ask_within(
    struct stay_redis *redis, struct timed *call, uint64_t ms, int number)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = ms };

	memset(call, 0, sizeof(*call));
	EXPECT_OK(stay_redis_command_with(redis, &options, on_done, call,
	    "SETNX call:%d %d", number, number));
	if (ms != STAY_FOREVER)
		call->due_ms = stay_loop_now_ms(rig.loop) + ms;
}

/* Every other call has a deadline, and they are not in order. */
static bool
is_timed(int i)
{
	return i % 2 == 1;
}

static uint64_t
timeout_of(int i)
{
	return is_timed(i) ? FIRST_MS + (uint64_t)(i * 7 % CALLS) * STEP_MS
			   : STAY_FOREVER;
}

static void
ask_all(struct stay_redis *redis)
{
	for (int i = 0; i < CALLS; i++)
		ask_within(redis, &calls[i], timeout_of(i), i);
}

/* ---- the loop's clock ---- */

/* Looked at behind each turn: what this turn has reached is over; or behind the
 * next but one, if this one came late and listens first. */
static bool
all_timed_out(void *arg)
{
	uint64_t now = stay_loop_now_ms(rig.loop);
	bool all = true;

	(void)arg;
	for (int i = 0; i < CALLS; i++) {
		if (!is_timed(i)) {
			ck_assert_uint_eq(calls[i].answer.told, 0);
			continue;
		}
		if (now > calls[i].due_ms + TICK_MS &&
		    calls[i].answer.told == 0)
			ck_assert_uint_le(++calls[i].overdue, 2);
		all = all && calls[i].answer.told > 0;
	}
	return all;
}

static void
check_timed_out(enum stay_outcome outcome)
{
	for (int i = 1; i < CALLS; i += 2) {
		ck_assert_uint_ge(calls[i].told_ms, calls[i].due_ms);
		ck_assert_int_eq(calls[i].answer.status, STAY_E_TIMEOUT);
		ck_assert_int_eq(calls[i].answer.outcome, outcome);
	}
}

static bool
all_told(void *arg)
{
	(void)arg;
	for (int i = 0; i < CALLS; i++)
		if (calls[i].answer.told == 0)
			return false;
	return true;
}

/* The others get their answers, and each its own. */
static void
check_others(struct stay_redis *redis, bool executed)
{
	struct answer value;

	rig_until(&rig, all_told, NULL, 10);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(calls[i].answer.told, 1);
		if (!is_timed(i)) {
			EXPECT_OK(calls[i].answer.status);
			ck_assert_int_eq(calls[i].answer.integer, 1);
		}
		ask_now(&rig, redis, &value, "GET call:%d", i);
		if (executed || !is_timed(i))
			ck_assert_int_eq(value.integer, i);
		else
			ck_assert_int_eq(value.type, STAY_REDIS_NIL);
	}
	check_counts(redis);
}

/* ---- in every state ---- */

/* Frozen, it has got them and will execute them; nobody is told of that. */
TEST(promise_6_a_deadline_in_flight_fails_that_call_alone)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_client_counts counts;

	redis_server_freeze(&server);
	ask_all(redis);
	rig_until(&rig, all_timed_out, NULL, 10);
	check_timed_out(STAY_MAYBE_EXECUTED);
	redis_server_thaw(&server);
	check_others(redis, true);
	counts = counts_of(stay_redis_client(redis));
	ck_assert_uint_eq(counts.sessions, 1);
	ck_assert_uint_eq(counts.orphans, CALLS / 2);
	ck_assert_uint_eq(counts.tombstones, 0);
}

TEST(promise_6_a_deadline_covers_waiting_while_offline)
{
	struct stay_redis *redis;

	redis_server_kill(&server);
	redis = rig_start(&rig, server.url, NULL);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	ask_all(redis);
	rig_until(&rig, all_timed_out, NULL, 10);
	check_timed_out(STAY_NOT_SENT);
	redis_server_restart(&server);
	check_others(redis, false);
}

/* The kernel of a frozen server connects, and its hello waits. */
TEST(promise_6_a_deadline_covers_the_greeting)
{
	struct stay_redis *redis;

	redis_server_freeze(&server);
	redis = rig_start(&rig, server.url, NULL);
	rig_until_state(&rig, redis, STAY_CONNECTING, 20);
	ask_all(redis);
	rig_until(&rig, all_timed_out, NULL, 10);
	ck_assert_int_eq(
	    stay_conn_state(stay_redis_conn(redis)), STAY_CONNECTING);
	check_timed_out(STAY_NOT_SENT);
	redis_server_thaw(&server);
	check_others(redis, false);
}

/* A deadline that was met is none any more. */
TEST(promise_6_a_deadline_does_not_outlive_its_call)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);

	for (int i = 0; i < CALLS; i++)
		ask_within(redis, &calls[i], 2000, i);
	rig_until(&rig, all_told, NULL, 10);
	rig_run(&rig, 2.1);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(calls[i].answer.told, 1);
		EXPECT_OK(calls[i].answer.status);
	}
	check_counts(redis);
}

/* ---- on time ---- */

static bool
is_told(void *arg)
{
	return ((const struct timed *)arg)->answer.told > 0;
}

#define TRIES 1000

/*
 * Nothing else wakes the loop: it is the library that has to. The least delay
 * of many is the library's, whatever the machine added to the others; the busier
 * that is, the more there are.
 */
TEST(promise_6_a_deadline_wakes_the_loop_by_itself)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	uint64_t least = UINT64_MAX;

	redis_server_freeze(&server);
	for (int i = 0; i < CALLS || (i < TRIES && least > 2 * TICK_MS); i++) {
		struct timed *call = &calls[0];

		ask_within(redis, call, 5 + (uint64_t)i % 10, i);
		rig_until(&rig, is_told, call, 20);
		ck_assert_uint_ge(call->told_ms, call->due_ms);
		if (call->told_ms - call->due_ms < least)
			least = call->told_ms - call->due_ms;
	}
	ck_assert_uint_le(least, 2 * TICK_MS);
	redis_server_thaw(&server);
}

TEST_SUITE_WITH(
    promises_deadlines, .before = bed_open, .after = bed_close, .seconds = 60)
