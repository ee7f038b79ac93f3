/*
 * What the simulator has found in the library: each once more, as small as it
 * can be told.
 */
#include <check.h>

#include "line_rig.h"
#include "suites.h"
#include "support/inside.h"

/*
 * The clock was looked at once between two turns: a call that was submitted
 * after a long piece of work got its deadline from before it.
 */
TEST(promise_6_deadline_counts_from_a_call_outside_of_turns)
{
	struct line_rig rig;
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 100 };

	line_begin(&rig, NULL);
	line_call_with(&rig, "a", LINE("hold"), options);
	sim_sleep_ms(rig.world, 90);
	line_call_with(&rig, "b", LINE("b"), options);
	LINE_TELLS(&rig, 50, "a E_TIMEOUT/maybe executed;");
	LINE_TELLS(&rig, 60, "b E_TIMEOUT/maybe executed;");
	line_end(&rig);
}

static void
expect_too_many(struct stay_session *session, const char *text)
{
	(void)text;
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "x\n"));
	EXPECT_OK(stay_session_expect(session, 1));
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "y\n"));
	ck_assert_int_eq(stay_session_expect(session, UINT32_MAX), STAY_E_FULL);
}

/*
 * Bytes of the control lane whose answers could not be expected left all the
 * same, and were answered to the next call.
 */
TEST(promise_2_control_bytes_that_cannot_be_expected_do_not_leave)
{
	struct line_rig rig;

	line_prepare(&rig);
	rig.config.on_push = expect_too_many;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("say >go|+a"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "say >go|+a;x;");
	line_end(&rig);
}

/*
 * A farewell that found no room was followed by a probe.
 */
TEST(promise_8_nothing_is_asked_after_the_farewell)
{
	struct line_rig rig;

	line_prepare(&rig);
	rig.config.ping = "ping";
	rig.config.bye = "bye";
	line_start(&rig, OPTIONS(.probe_ms = 20, .stop_budget_ms = 1000));
	line_run(&rig, 10);
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 1));
	sim_peer_freeze(rig.peer, true);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 500);
	sim_peer_freeze(rig.peer, false);
	ck_assert(sim_run(rig.world, 60000));
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "bye;");
	line_end(&rig);
}

/*
 * What was taken out of the queue between two requests left a hole behind the
 * last one that was sent, and with it an idle client kept its buffer.
 */
TEST(promise_7_an_idle_client_keeps_no_buffer_for_a_hole)
{
	struct line_rig rig;
	struct line_call *b, *c;

	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"));
	b = line_call(&rig, "b", LINE("b"));
	c = line_call(&rig, "c", LINE("c"));
	EXPECT_OK(stay_client_cancel(rig.client, b->id));
	EXPECT_OK(stay_client_cancel(rig.client, c->id));
	line_run(&rig, 3000);
	ck_assert_str_eq(line_got(&rig), "say +a;");
	ck_assert_uint_eq(inside_buffers(rig.client), 0);
	line_end(&rig);
}

TEST_SUITE(regressions_sim)
