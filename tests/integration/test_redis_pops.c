/*
 * A worker that pops with deadlines, at a real redis-server that freezes now and
 * then: what it gives up stays with the server, and every value that is missing
 * belongs to a call that was told MAYBE_EXECUTED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_bed.h"

#define PUSHES     1000
#define A_ROUND    20
#define ROUNDS     (PUSHES / A_ROUND)
#define TIMEOUT_MS 20 /* of a pop, at first */
#define PATIENCE_S 20

/* Values are the numbers from 1, pushed and popped in order: what is missing in
 * front of one was popped by calls given up since the one before. */
static struct worker {
	struct stay_redis *redis;
	uint64_t short_ms;
	uint64_t timeout_ms; /* that, or STAY_FOREVER */
	bool pauses;         /* it pops no more... */
	int goal;            /* ...from this value on; 0: of none */
	int last;            /* the newest value */
	int since;           /* calls maybe executed, behind that */
	int given_up;        /* all of them */
	int missing;         /* values */
	int unaccounted;     /* values that no call given up can have taken */
} worker;

static void pop(void);

/* What lies between the last value and this one was popped for nobody. */
static void
account(int value)
{
	int lost = value - worker.last - 1;

	ck_assert_int_gt(value, worker.last);
	worker.missing += lost;
	if (lost > worker.since)
		worker.unaccounted += lost - worker.since;
	worker.last = value;
	worker.since = 0;
	worker.pauses |= value == worker.goal;
}

static void
on_pop(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status == STAY_OK) {
		account(atoi(stay_redis_str(stay_redis_at(result->reply, 1))));
	} else if (result->outcome == STAY_MAYBE_EXECUTED) {
		worker.since++;
		worker.given_up++;
	}
	if (result->status != STAY_E_STOPPED && !worker.pauses)
		pop();
}

static void
pop(void)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = worker.timeout_ms };

	EXPECT_OK(stay_redis_command_with(
	    worker.redis, &options, on_pop, NULL, "BLPOP jobs 0"));
}

/* ---- the server ---- */

static long
blocked(void)
{
	struct answer answer;
	const char *at;

	ask_now(&rig, admin, &answer, "INFO clients");
	at = strstr(answer.text, "blocked_clients:");
	ck_assert_ptr_nonnull(at);
	return strtol(at + strlen("blocked_clients:"), NULL, 10);
}

/* It knows of a call that blocks, or of none any more. */
static void
await_blocked(long count)
{
	double until = ev_time() + PATIENCE_S;

	while (blocked() != count)
		ck_assert_double_lt(ev_time(), until);
}

/* It knows that the list is empty, and somebody waits: all that it has popped was
 * taken or lost. */
static void
await_empty(void)
{
	struct answer answer;
	double until = ev_time() + PATIENCE_S;

	do {
		ck_assert_double_lt(ev_time(), until);
		ask_now(&rig, admin, &answer, "LLEN jobs");
	} while (answer.integer != 0);
	await_blocked(1);
}

/* The same call is in flight all the while: under a freeze its time runs out. Where the
 * server takes longer to say so than a call has, later calls have more. */
static void
await_popping(void)
{
	double until = ev_time() + PATIENCE_S;
	int before;

	for (;;) {
		ck_assert_double_lt(ev_time(), until);
		before = worker.given_up;
		await_blocked(1);
		if (before == worker.given_up &&
		    counts_of(stay_redis_client(worker.redis)).in_flight == 1)
			return;
		if (worker.given_up > before + 1)
			worker.short_ms *= 2;
		worker.timeout_ms = worker.short_ms;
	}
}

static bool
has_given_up(void *arg)
{
	return worker.given_up > *(const int *)arg;
}

static bool
has_reached(void *arg)
{
	return worker.last >= *(const int *)arg;
}

static bool
is_answered(void *arg)
{
	return ((const struct answer *)arg)->told > 0;
}

/* ---- the pushes ---- */

static struct answer pushed[PUSHES];

static void
push(struct stay_redis *pusher, int round)
{
	for (int i = round * A_ROUND; i < (round + 1) * A_ROUND; i++)
		ask(pusher, &pushed[i], "RPUSH jobs %d", i + 1);
}

static void
await_pushes(int round)
{
	rig_until(&rig, is_answered, &pushed[(round + 1) * A_ROUND - 1], 20);
	for (int i = round * A_ROUND; i < (round + 1) * A_ROUND; i++)
		EXPECT_OK(pushed[i].status);
}

/* Comes back soon, so that a thousand pushes are over soon. */
static struct stay_redis *
start_worker(void)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS };

	options.client.backoff = stay_backoff_constant(4);
	worker =
	    (struct worker){ .redis = rig_connect(&rig, server.url, &options),
		    .short_ms = TIMEOUT_MS,
		    .timeout_ms = TIMEOUT_MS };
	return rig_connect(&rig, server.url, NULL);
}

/* Every other round the pushes come before the worker gives up: it is their value
 * that the server then gives away. */
static void
freeze_and_push(struct stay_redis *pusher, int round)
{
	int before;

	await_popping();
	redis_server_freeze(&server);
	before = worker.given_up;
	if (round % 2 == 0)
		push(pusher, round);
	rig_until(&rig, has_given_up, &before, 20);
	if (round % 2 != 0)
		push(pusher, round);
	redis_server_thaw(&server);
	await_pushes(round);
}

TEST(promise_3_what_a_worker_misses_was_maybe_executed)
{
	struct stay_redis *pusher = start_worker();

	pop();
	for (int round = 0; round < ROUNDS; round++)
		freeze_and_push(pusher, round);
	await_empty();
	worker.pauses = true;
	rig_stop(&rig, worker.redis);
	account(PUSHES + 1);
	ck_assert_int_eq(worker.unaccounted, 0);
	ck_assert_int_gt(worker.missing, 0);
	ck_assert_int_le(worker.missing, worker.given_up);
}

/* The worker gives up under the freeze, and the server sees that before there is
 * something to pop. */
static void
give_up_and_push(struct stay_redis *pusher, int round)
{
	int before;

	worker.goal = (round + 1) * A_ROUND;
	worker.timeout_ms = worker.short_ms;
	worker.pauses = false;
	pop();
	await_popping();
	redis_server_freeze(&server);
	before = worker.given_up;
	worker.pauses = true;
	rig_until(&rig, has_given_up, &before, 20);
	redis_server_thaw(&server);
	await_blocked(0);
	push(pusher, round);
	worker.timeout_ms = STAY_FOREVER;
	worker.pauses = false;
	pop();
	await_pushes(round);
	rig_until(&rig, has_reached, &worker.goal, 20);
}

TEST(promise_3_nothing_is_missing_once_the_server_has_seen_the_end)
{
	struct stay_redis *pusher = start_worker();

	for (int round = 0; round < ROUNDS; round++)
		give_up_and_push(pusher, round);
	ck_assert_int_eq(worker.last, PUSHES);
	ck_assert_int_eq(worker.missing, 0);
	ck_assert_int_ge(worker.given_up, ROUNDS);
}

/* ---- one by one ---- */

static struct answer given_up, late;

static void
note_orphan(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *orphan)
{
	(void)arg;
	(void)redis;
	late.told++;
	snprintf(late.text, sizeof(late.text), "%s %s",
	    stay_redis_str(stay_redis_at(orphan, 0)),
	    stay_redis_str(stay_redis_at(orphan, 1)));
}

/* A BLPOP that the server knows of is cancelled. */
static struct stay_redis *
cancel_a_pop(enum stay_on_given_up on_given_up)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.on_given_up = on_given_up, .on_orphan = note_orphan };
	struct stay_redis *popper = rig_connect(&rig, server.url, &options);
	struct stay_call_id id;
	struct stay_call_options call = { STAY_CALL_OPTIONS, .id = &id };

	given_up = late = (struct answer){ 0 };
	EXPECT_OK(stay_redis_command_with(
	    popper, &call, note_answer, &given_up, "BLPOP jobs 0"));
	await_blocked(1);
	EXPECT_OK(stay_client_cancel(stay_redis_client(popper), id));
	await_answer(&rig, &given_up, 20);
	ck_assert_int_eq(given_up.status, STAY_E_CANCELLED);
	ck_assert_int_eq(given_up.outcome, STAY_MAYBE_EXECUTED);
	return popper;
}

TEST(promise_2_a_value_that_nobody_waits_for_stays)
{
	struct stay_redis *popper = cancel_a_pop(STAY_GIVEN_UP_END);
	struct answer answer;

	await_blocked(0);
	ask_now(&rig, admin, &answer, "RPUSH jobs precious");
	ask_now(&rig, popper, &answer, "LLEN jobs");
	ck_assert_int_eq(answer.integer, 1);
	ck_assert_uint_eq(late.told, 0);
	ck_assert_uint_eq(sessions_of(popper), 2);
}

/* The server knows nothing of the cancel: it pops. */
TEST(promise_2_a_value_popped_for_nobody_is_handed_over)
{
	struct stay_redis *popper = cancel_a_pop(STAY_GIVEN_UP_WAIT);
	struct answer answer;

	ask_now(&rig, admin, &answer, "RPUSH jobs precious");
	await_answer(&rig, &late, 20);
	ck_assert_str_eq(late.text, "jobs precious");
	ask_now(&rig, popper, &answer, "LLEN jobs");
	ck_assert_int_eq(answer.integer, 0);
	ck_assert_uint_eq(late.told, 1);
	ck_assert_uint_eq(sessions_of(popper), 1);
}

TEST_SUITE_WITH(redis_pops, .before = bed_open_with_admin, .after = bed_close,
    .seconds = 60)
