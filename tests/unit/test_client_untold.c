/*
 * Promise 7 for calls that are over and still to be told, which is what giving
 * up in the same turn makes: bounded, and in nobody's way.
 */
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

#define QUEUE_MAX    3
#define INFLIGHT_MAX 1
#define UNTOLD_MAX   (QUEUE_MAX + INFLIGHT_MAX)

static struct line_rig rig;

static const struct stay_client_options small = {
	.queue_calls_max = QUEUE_MAX,
	.inflight_calls_max = INFLIGHT_MAX,
	.call_timeout_ms = 100,
};

static void
give_up_at_once(const char *name, unsigned times)
{
	while (times-- > 0)
		stay_client_cancel(
		    rig.client, line_call(&rig, name, LINE("quiet"))->id);
}

/* One in flight, the others queued. */
static void
fill(void)
{
	for (int i = 0; i < UNTOLD_MAX; i++) {
		line_call(&rig, "a", LINE("quiet"));
		line_run(&rig, 1);
	}
}

static void
give_all_up(void)
{
	for (int i = 0; i < UNTOLD_MAX; i++)
		stay_client_cancel(rig.client, rig.calls[i].id);
}

static void
check_told(unsigned each)
{
	for (size_t i = 0; i < rig.call_count; i++)
		ck_assert_uint_eq(rig.calls[i].told, each);
}

TEST(promise_7_calls_over_and_untold_are_bounded)
{
	line_begin(&rig, &small);
	give_up_at_once("a", UNTOLD_MAX);
	ck_assert_uint_eq(line_counts(&rig).queued, 0);
	ck_assert_int_eq(line_try(&rig, "b", LINE("quiet")), STAY_E_FULL);
	check_told(0);
	line_run(&rig, 1);
	check_told(1);
	give_up_at_once("a", UNTOLD_MAX);
	ck_assert_int_eq(line_try(&rig, "b", LINE("quiet")), STAY_E_FULL);
}

/* So does who stands in line: "there is room" is true. */
static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	ck_assert_ptr_eq(client, arg);
	line_note(&rig.notes, "ready %d;", (int)status);
	EXPECT_OK(line_try(&rig, "w", LINE("quiet")));
}

TEST(promise_7_room_comes_when_calls_are_told)
{
	line_begin(&rig, &small);
	fill();
	EXPECT_OK(stay_client_wait_room(rig.client, NULL, ready, rig.client));
	give_all_up();
	LINE_TELLS(&rig, 10,
	    "a E_CANCELLED/maybe executed;a E_CANCELLED/not sent;"
	    "a E_CANCELLED/not sent;a E_CANCELLED/not sent;ready 0;");
}

static void
call_again(struct line_call *call)
{
	line_call(call->rig, "n", LINE("quiet"));
}

/* As many as there may be are over together: each is told, and calls again. */
TEST(promise_7_a_completion_may_call_again)
{
	line_begin(&rig, &small);
	fill();
	for (int i = 0; i < QUEUE_MAX; i++)
		rig.calls[i].then = call_again;
	give_all_up();
	ck_assert_int_eq(line_try(&rig, "b", LINE("quiet")), STAY_E_FULL);
	line_run(&rig, 1);
	ck_assert_uint_eq(rig.call_count, UNTOLD_MAX + QUEUE_MAX);
}

/* Answers are told as they come: of a whole pipeline in one read none is in the
 * way of what the first completion submits. */
TEST(promise_7_a_pipeline_answered_at_once_is_in_nobodys_way)
{
	struct stay_client_options options = small;

	options.inflight_calls_max = 8;
	options.queue_calls_max = 8;
	line_begin(&rig, &options);
	for (int i = 0; i < 8; i++)
		line_call(&rig, "a", LINE("quiet"))->then = call_again;
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+1\n+1\n+1\n+1\n+1\n+1\n+1\n+1\n");
	line_run(&rig, 1);
	ck_assert_uint_eq(rig.call_count, 16);
	ck_assert_uint_eq(line_counts(&rig).replied, 8);
}

TEST(promise_7_other_bounds_let_more_be_untold)
{
	struct stay_client_options options;

	line_begin(&rig, &small);
	options = *inside_options(rig.client);
	options.queue_calls_max++;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 10);
	give_up_at_once("a", UNTOLD_MAX + 1);
	ck_assert_int_eq(line_try(&rig, "b", LINE("quiet")), STAY_E_FULL);
}

TEST_SUITE_WITH(client_untold, .after = line_after)
