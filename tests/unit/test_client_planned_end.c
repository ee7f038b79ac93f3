/*
 * The end of a session for a call that was given up is planned: it is no failed
 * attempt, and the next session follows as after a first failure. But nobody comes
 * back together with others, or at once again and again.
 */
#include "suites.h"
#include "support/line_rig.h"

#define TIMEOUT_MS 100
#define STABLE_MS  5000

static struct line_rig rig;

/* Without jitter, so that each delay is known. */
static struct stay_client_options
doubling(void)
{
	return (struct stay_client_options){
		.backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		    .jitter = STAY_JITTER_NONE,
		    .initial_ms = 10,
		    .cap_ms = 80,
		    .stable_ms = STABLE_MS }
	};
}

static void
begin(void)
{
	struct stay_client_options options = doubling();

	line_begin(&rig, &options);
}

/* Sent, and cancelled with nobody else in flight. */
static void
give_up(void)
{
	struct line_call *call = line_call(&rig, "a", LINE_BLOCKS("block"));

	line_run(&rig, 1);
	EXPECT_OK(stay_client_cancel(rig.client, call->id));
	line_run(&rig, 1);
}

/* ---- one after the other ---- */

static const uint64_t delays[] = { 10, 20, 40, 80, 80 };

TEST(client_planned_end_is_no_failed_attempt)
{
	struct stay_client_options options = doubling();

	options.backoff.attempts_max = 1;
	line_begin(&rig, &options);
	for (size_t i = 0; i < LEN(delays); i++) {
		give_up();
		ck_assert_uint_eq(line_due_ms(&rig), delays[i] - 1);
		line_run(&rig, 100);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	}
	/* The one attempt is still there. */
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* Whoever never tries again after a failure is back after this, though not at once. */
TEST(client_planned_end_comes_back_whatever_the_policy)
{
	struct stay_client_options options = {
		.backoff = { .initial_ms = STAY_FOREVER }
	};
	unsigned waits = 0;

	line_begin(&rig, &options);
	for (unsigned i = 0; i < 4; i++) {
		give_up();
		waits += line_state(&rig) == STAY_BACKING_OFF;
		line_run(&rig, i == 0 ? 50 : 5000);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	}
	ck_assert_uint_gt(waits, 0);
}

/* Failures that a stable session has ended are not remembered for it, either. */
TEST(client_planned_end_ends_a_stable_session_as_any)
{
	begin();
	for (int i = 0; i < 3; i++) {
		sim_peer_reset(rig.peer);
		line_run(&rig, 80);
	}
	line_run(&rig, STABLE_MS);
	give_up();
	ck_assert_uint_eq(line_due_ms(&rig), 9);
	line_run(&rig, 20);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	ck_assert_uint_eq(line_due_ms(&rig), 9);
}

/* The peer was not away while the session was up. */
TEST(client_planned_end_leaves_its_time_out_of_an_outage)
{
	struct stay_client_options options = { .backoff = {
						   .jitter = STAY_JITTER_NONE,
						   .initial_ms = 10,
						   .stable_ms = STABLE_MS } };

	line_begin(&rig, &options);
	sim_peer_reset(rig.peer);
	line_run(&rig, STABLE_MS - 100);
	give_up();
	line_run(&rig, 20);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	ck_assert_uint_eq(line_due_ms(&rig), 9);
}

TEST(client_planned_end_again_and_again_waits_longer)
{
	begin();
	for (size_t i = 0; i < LEN(delays); i++) {
		give_up();
		ck_assert_uint_eq(line_due_ms(&rig), delays[i] - 1);
		line_run(&rig, 100);
	}
	line_run(&rig, STABLE_MS);
	give_up();
	ck_assert_uint_eq(line_due_ms(&rig), delays[0] - 1);
}

/* With the default policy: 25 to 50 ms. */
TEST(client_planned_end_comes_back_at_its_own_time)
{
	unsigned seen[64] = { 0 }, distinct = 0;

	line_begin(&rig, NULL);
	for (int i = 0; i < 40; i++) {
		give_up();
		ck_assert_uint_ge(line_due_ms(&rig), 24);
		ck_assert_uint_le(line_due_ms(&rig), 50);
		distinct += seen[line_due_ms(&rig)]++ == 0;
		line_run(&rig, STABLE_MS + 60);
	}
	ck_assert_uint_ge(distinct, 10);
	line_told(&rig);
}

/* ---- a crowd ---- */

#define CROWD 40

static struct line_notes crowd_notes;

static void
on_crowd_done(void *arg, const struct stay_result *result)
{
	ck_assert_int_eq(result->status, STAY_E_TIMEOUT);
	++*(unsigned *)arg;
}

static struct stay_client *
start_worker(const struct line_config *config)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = config };
	struct stay_client *worker;

	EXPECT_OK(stay_client_start(
	    &worker, rig.loop, &line_protocol, LINE_URL, &options));
	return worker;
}

static void
submit_in_time(struct stay_client *worker, unsigned *told)
{
	const struct stay_call_options timed = { STAY_CALL_OPTIONS,
		.timeout_ms = TIMEOUT_MS };

	EXPECT_OK(stay_client_call_with(
	    worker, LINE_BLOCKS("block"), &timed, on_crowd_done, told));
}

/* How many of them come back at the same time. */
static unsigned
count_together(struct stay_client *const workers[CROWD])
{
	unsigned at[64] = { 0 }, most = 0;

	for (int i = 0; i < CROWD; i++) {
		struct stay_conn *conn = stay_client_conn(workers[i]);
		uint64_t due = stay_conn_due_ms(conn);

		ck_assert_int_eq(stay_conn_state(conn), STAY_BACKING_OFF);
		ck_assert_uint_lt(due, 64);
		if (++at[due] > most)
			most = at[due];
	}
	return most;
}

/* Their timeouts are over in one turn. */
TEST(client_planned_end_by_a_crowd_does_not_come_back_at_once)
{
	unsigned told = 0, finis = 0;
	const struct line_config config = { .notes = &crowd_notes,
		.finis = &finis };
	struct stay_client *workers[CROWD];

	line_begin(&rig, NULL);
	crowd_notes = (struct line_notes){ 0 };
	for (int i = 0; i < CROWD; i++)
		workers[i] = start_worker(&config);
	line_run(&rig, 100);
	for (int i = 0; i < CROWD; i++)
		submit_in_time(workers[i], &told);
	line_run(&rig, TIMEOUT_MS + 1);
	ck_assert_uint_eq(told, CROWD);
	ck_assert_uint_le(count_together(workers), CROWD / 4);
	line_run(&rig, 100);
	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(stay_conn_state(stay_client_conn(workers[i])),
		    STAY_CONNECTED);
		stay_client_stop(workers[i], STAY_OK);
	}
	line_told(&rig);
	line_end(&rig);
	ck_assert_uint_eq(finis, CROWD);
}

TEST_SUITE_WITH(client_planned_end, .after = line_after)
