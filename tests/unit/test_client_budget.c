/*
 * The budget for sending again is for losses in a row, and tombstones end no
 * session before something else does.
 */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

#define CALLS 20

static struct line_rig rig;
static char why[512];

static void
keep_why(struct line_call *call)
{
	if (call->result.outcome == STAY_MAYBE_EXECUTED)
		snprintf(why, sizeof(why), "%s", call->result.why);
}

static void
begin(void)
{
	why[0] = '\0';
	line_begin(
	    &rig, OPTIONS(.silence_ms = 60000, .call_timeout_ms = 60000,
		      .resend_burst = 3,
		      .backoff = {
			  .initial_ms = 10, .cap_ms = 10, .stable_ms = 1000 }));
}

static void
read_all(void)
{
	for (int i = 0; i < CALLS; i++)
		line_call(
		    &rig, "a", LINE_WITH("quiet", .flags = STAY_READ_ONLY))
		    ->then = keep_why;
	line_run(&rig, 10);
}

static void
lose(void)
{
	sim_peer_reset(rig.peer);
	line_run(&rig, 50);
	sim_peer_print(rig.peer, "+1\n"); /* to the suspect */
	line_run(&rig, 10);
	line_told(&rig);
}

/* It is not told of what it takes to be lost. */
static uint64_t
lost(void)
{
	return line_counts(&rig).maybe_executed;
}

TEST(client_budget_is_not_for_the_first_loss)
{
	begin();
	line_run(&rig, 1000);
	read_all();
	lose();
	ck_assert_uint_eq(lost(), 0);
	ck_assert_uint_eq(line_counts(&rig).resent, CALLS);
	lose();
	ck_assert_uint_eq(lost(), CALLS - 1 - 3);
}

TEST(client_budget_that_is_spent_is_told)
{
	begin();
	read_all();
	lose();
	ck_assert_uint_eq(lost(), CALLS - 3);
	ck_assert_ptr_eq(strstr(why, "not sent again, as the budget for that "
				     "(resend_percent) is used up: session "),
	    why);
}

/* Who was not to be sent again anyway is not told of a budget. */
TEST(client_budget_is_spoken_of_only_where_it_counts)
{
	begin();
	line_call(&rig, "a", LINE("quiet"))->then = keep_why;
	line_run(&rig, 10);
	lose();
	ck_assert_uint_eq(lost(), 1);
	ck_assert_ptr_null(strstr(why, "budget"));
}

static void
forget(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
}

static void
read_quietly(unsigned calls)
{
	for (unsigned i = 0; i < calls; i++)
		EXPECT_OK(stay_client_call(rig.client,
		    LINE_WITH("quiet", .flags = STAY_READ_ONLY), forget, NULL));
	line_run(&rig, 10);
}

/* Neither a hundredth of a call more, nor less. */
TEST(client_budget_is_a_number_of_calls)
{
	line_begin(
	    &rig, OPTIONS(.silence_ms = 60000, .call_timeout_ms = 60000,
		      .resend_burst = 100,
		      .backoff = {
			  .initial_ms = 10, .cap_ms = 10, .stable_ms = 1000 }));
	read_quietly(101);
	lose();
	ck_assert_uint_eq(line_counts(&rig).resent, 100);
	ck_assert_uint_eq(lost(), 1);
}

/* Ninety-nine hundredths are no call. */
TEST(client_budget_is_of_whole_calls)
{
	line_begin(
	    &rig, OPTIONS(.silence_ms = 60000, .call_timeout_ms = 60000,
		      .resend_burst = 1, .resend_percent = 99,
		      .backoff = {
			  .initial_ms = 10, .cap_ms = 10, .stable_ms = 1000 }));
	for (int i = 0; i < 2; i++) {
		read_quietly(1);
		lose();
		ck_assert_uint_eq(line_counts(&rig).resent, 1);
		ck_assert_uint_eq(lost(), (uint64_t)i);
	}
}

/* A stall that is a little longer than the deadline: what is younger is
 * answered in the same session. */
TEST(client_budget_of_tombstones_is_what_may_be_in_flight)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 500, .silence_ms = 60000));
	for (int i = 0; i < 1100; i++) {
		EXPECT_OK(
		    stay_client_call(rig.client, LINE("quiet"), forget, NULL));
		if (i % 100 == 0)
			line_run(&rig, 1);
	}
	line_run(&rig, 490);
	line_call(&rig, "z", LINE("quiet"));
	line_run(&rig, 100);
	ck_assert_uint_eq(line_counts(&rig).tombstones, 1100);
	for (int i = 0; i <= 1100; i++) {
		sim_peer_print(rig.peer, "+1\n");
		line_run(&rig, i % 100 == 0);
		line_told(&rig);
	}
	line_run(&rig, 10);
	EXPECT_OK(rig.calls[0].result.status);
	ck_assert_uint_eq(line_counts(&rig).sessions, 1);
	line_told(&rig);
}

TEST(client_budget_of_tombstones_follows_what_may_be_in_flight)
{
	struct stay_client_options options = { .inflight_calls_max = 1 << 20 };

	line_begin(&rig, &options);
	ck_assert_uint_eq(inside_options(rig.client)->tombstones_max, 1 << 20);
	line_end(&rig);
	options.tombstones_max = 7;
	line_begin(&rig, &options);
	ck_assert_uint_eq(inside_options(rig.client)->tombstones_max, 7);
}

TEST_SUITE_WITH(client_budget, .after = line_after)
