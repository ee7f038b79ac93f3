/*
 * Promise 9: how much of a turn one connection may have. What is over its share
 * is put off until the others had theirs, and is neither lost nor out of order.
 */
#include <errno.h>
#include <string.h>

#include "loop/loop.h"
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

#define quiet (*LINE("quiet"))

/* Another client of the same loop; its server's end; its calls say "other;". */
static struct stay_client *other;
static struct sim_peer *other_peer;
static struct line_config other_config;

static void
note_other(void *arg, const struct stay_result *result)
{
	(void)arg;
	line_note(&rig.notes, "other %s;",
	    result->status == STAY_OK ? "OK"
				      : stay_status_name(result->status));
}

/* Two sessions that are up, the rig's with `count` calls in flight and the
 * other with one. */
static void
begin(const struct stay_client_options *options, unsigned count)
{
	struct stay_client_options mine = { STAY_CLIENT_OPTIONS };
	struct sim_peer *peer;

	line_begin(&rig, options);
	peer = rig.peer;
	other_config = (struct line_config){ .notes = &rig.notes };
	mine.config = &other_config;
	EXPECT_OK(stay_client_start(
	    &other, rig.loop, &line_bare_protocol, LINE_URL, &mine));
	EXPECT_OK(stay_client_call(other, &quiet, note_other, NULL));
	while (count-- > 0)
		line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	other_peer = rig.peer;
	rig.peer = peer;
	line_told(&rig);
}

static void
end(void)
{
	if (other != NULL)
		stay_client_stop(other, STAY_OK);
	other = NULL;
	line_after();
}

/* What is put off behind the greeting does not hide that the session is up. */
TEST(client_turn_that_ends_with_the_greeting)
{
	static const struct peer_row welcoming[] = {
		ON(PEER_ACCEPTS, "+welcome\n>news\n"), NO_MORE
	};

	line_prepare(&rig);
	rig.config.speaks_first = true;
	rig.server.rows = welcoming;
	line_start(&rig, OPTIONS(.turn_calls_max = 1));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

TEST(promise_9_many_replies_at_once_leave_a_turn_to_others)
{
	begin(OPTIONS(.turn_calls_max = 2), 5);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n+4\n+5\n");
	sim_peer_print(other_peer, "+x\n");
	LINE_TELLS(&rig, 0,
	    "a OK/replied +1;a OK/replied +2;other OK;a OK/replied +3;"
	    "a OK/replied +4;a OK/replied +5;");
}

/* All that was put off comes without another byte, over several turns. */
TEST(promise_9_what_is_put_off_needs_no_byte_more)
{
	struct stay_client_counts counts;

	begin(OPTIONS(.turn_calls_max = 1), 20);
	for (int i = 0; i < 20; i++)
		sim_peer_print(rig.peer, "+x\n");
	line_run(&rig, 0);
	counts = line_counts(&rig);
	ck_assert_uint_eq(counts.replied, 20);
	ck_assert_uint_eq(counts.bytes_in, 60);
}

/* The rest may be more than one frame may be. */
TEST(promise_9_the_bound_of_a_frame_is_not_that_of_a_turn)
{
	begin(OPTIONS(.turn_calls_max = 1, .reply_bytes_max = 4), 3);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n");
	LINE_TELLS(&rig, 0, "a OK/replied +1;a OK/replied +2;a OK/replied +3;");
}

TEST(promise_1_9_what_is_put_off_precedes_the_end)
{
	begin(OPTIONS(.turn_calls_max = 1), 4);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n+4\n");
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 0,
	    "a OK/replied +1;a OK/replied +2;a OK/replied +3;a OK/replied +4;"
	    "down E_CLOSED;");
}

static void
submit_another(struct line_call *call)
{
	line_call(call->rig, "b", &quiet);
}

/* A write finds the connection gone while replies of it are put off. */
TEST(promise_1_9_what_is_put_off_precedes_a_broken_write)
{
	begin(OPTIONS(.turn_calls_max = 1), 3);
	rig.calls[0].then = submit_another;
	sim_fail(rig.world, SIM_WRITE, 1, -ECONNRESET);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n");
	LINE_TELLS(&rig, 0,
	    "a OK/replied +1;a OK/replied +2;a OK/replied +3;down E_RESET;");
}

/* A frame cut behind what was put off is whole when the rest is there. */
TEST(promise_9_a_cut_frame_behind_the_share)
{
	begin(OPTIONS(.turn_calls_max = 1), 3);
	sim_peer_print(rig.peer, "+1\n+2\n+lo");
	line_run(&rig, 1);
	LINE_HEARS(&rig, "ng\n",
	    "a OK/replied +1;a OK/replied +2;a OK/replied +long;");
}

/* A stop does not wait for what is put off, and completes all of it. */
TEST(promise_5_9_a_stop_while_replies_are_put_off)
{
	begin(OPTIONS(.turn_calls_max = 1), 2);
	sim_peer_print(rig.peer, "+1\n+2\n");
	stay_client_stop(rig.client, STAY_OK);
	if (other != NULL)
		stay_client_stop(other, STAY_OK);
	other = NULL;
	line_after();
	ck_assert_uint_eq(rig.calls[0].told, 1);
	ck_assert_uint_eq(rig.calls[1].told, 1);
}

static struct stay__task mark;

static void
note_mark(struct stay__task *task)
{
	(void)task;
	line_note(&rig.notes, "next;");
}

static void
mark_next(struct line_call *call)
{
	stay__loop_run_soon(call->rig->loop, &mark);
}

/* Set aside over several turns, and told over several when one of them is acted
 * on: a share by who reads, and a share by who tells. */
static void
overtake(const char *answer, const char *expected)
{
	const struct stay_client_options options = { .turn_calls_max = 2,
		.on_refused = STAY_REFUSED_RESEND };

	begin(&options, 6);
	stay__task_init(&mark, note_mark);
	rig.calls[0].then = mark_next;
	sim_peer_print(rig.peer, "!1\n!2\n!3\n!4\n!5\n");
	sim_peer_print(rig.peer, answer);
	line_run(&rig, 0);
	ck_assert_str_eq(line_told(&rig), expected);
	end();
}

TEST(promise_9_what_was_overtaken_is_told_in_shares)
{
	overtake("+6\n", "a E_SERVER/refused !1;a E_SERVER/refused !2;"
			 "a E_SERVER/refused !3;a E_SERVER/refused !4;next;"
			 "a E_SERVER/refused !5;a OK/replied +6;");
}

TEST(promise_9_a_part_waits_for_what_it_overtakes)
{
	overtake("*6\n+7\n",
	    "a E_SERVER/refused !1;a E_SERVER/refused !2;"
	    "a E_SERVER/refused !3;a E_SERVER/refused !4;next;"
	    "a E_SERVER/refused !5;a part OK *6;a OK/replied +7;");
}

TEST(promise_9_a_push_that_answers_waits_and_comes_once)
{
	overtake("=6\n", "a E_SERVER/refused !1;a E_SERVER/refused !2;"
			 "a E_SERVER/refused !3;a E_SERVER/refused !4;next;"
			 "a E_SERVER/refused !5;push =6;a OK/replied =6;");
}

/* Calls that all end in one instant are told in shares, too, and before what
 * answers another. */
TEST(promise_4_9_many_ends_at_once_precede_a_reply)
{
	const struct sim_limits late = { .latency_ms = 21 };

	begin(OPTIONS(.turn_calls_max = 2, .call_timeout_ms = 100), 5);
	line_call_with(&rig, "b", &quiet, WITHIN(1000));
	line_run(&rig, 70);
	sim_peer_limits(rig.peer, &late);
	sim_peer_print(rig.peer, "+1\n+2\n+3\n+4\n+5\n+b\n");
	LINE_TELLS(&rig, 40,
	    "a E_TIMEOUT/maybe executed;a E_TIMEOUT/maybe executed;"
	    "a E_TIMEOUT/maybe executed;a E_TIMEOUT/maybe executed;"
	    "a E_TIMEOUT/maybe executed;orphan +1;orphan +2;orphan +3;"
	    "orphan +4;orphan +5;b OK/replied +b;");
}

/* ---- 7: bytes in flight ---- */

TEST(promise_7_bytes_in_flight_are_bounded)
{
	struct stay_client_counts counts;

	line_begin(&rig, OPTIONS(.inflight_bytes_max = 18));
	for (int i = 0; i < 5; i++)
		line_call(&rig, "a", LINE("12345678"));
	line_run(&rig, 10);
	counts = line_counts(&rig);
	ck_assert_uint_eq(counts.in_flight, 2);
	ck_assert_uint_eq(counts.in_flight_bytes, 18);
	ck_assert_uint_eq(counts.queued_bytes, 27);
	/* The place of a call that was given up is taken until it is answered.
	 */
	stay_client_cancel(rig.client, rig.calls[0].id);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight_bytes, 18);
	sim_peer_print(rig.peer, "+late\n+1\n");
	line_run(&rig, 10);
	counts = line_counts(&rig);
	ck_assert_uint_eq(counts.in_flight, 2);
	ck_assert_uint_eq(counts.queued, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	ck_assert_uint_eq(line_counts(&rig).in_flight_bytes, 0);
}

TEST(promise_7_a_large_request_goes_alone)
{
	line_begin(&rig, OPTIONS(.inflight_bytes_max = 5));
	line_call(&rig, "a", LINE("say +1"));
	line_call(&rig, "b", LINE("say +2"));
	LINE_TELLS(&rig, 10, "a OK/replied +1;b OK/replied +2;");
	ck_assert_str_eq(line_got(&rig), "say +1;say +2;");
}

/* ---- the end of a client ---- */

static unsigned waiters_told;

static void
note_waiter(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	ck_assert_int_eq(status, STAY_E_STOPPED);
	waiters_told++;
}

/* A task of every round, which counts what ran between two of them. */
static struct {
	struct stay__task task;
	const unsigned *told;
	unsigned before;
	unsigned most;
} share;

static void
count_share(struct stay__task *task)
{
	unsigned ran = *share.told - share.before;

	if (ran > share.most)
		share.most = ran;
	share.before = *share.told;
	stay__loop_run_soon(rig.loop, task);
}

/* Stop the client; the most callbacks that ran while others waited. */
static unsigned
largest_share(const unsigned *told)
{
	memset(&share, 0, sizeof(share));
	share.told = told;
	stay__task_init(&share.task, count_share);
	stay_client_stop(rig.client, STAY_OK);
	count_share(&share.task);
	while (!rig.closed)
		stay_loop_turn(rig.loop);
	stay__task_cancel(&share.task);
	return share.most;
}

static unsigned calls_told;

static void
note_call(void *arg, const struct stay_result *result)
{
	(void)arg;
	ck_assert_int_eq(result->outcome, STAY_NOT_SENT);
	calls_told++;
}

TEST(promise_9_a_stop_tells_a_long_queue_in_shares)
{
	calls_told = 0;
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.turn_calls_max = 3));
	for (int i = 0; i < 10; i++)
		EXPECT_OK(
		    stay_client_call(rig.client, &quiet, note_call, NULL));
	ck_assert_uint_eq(largest_share(&calls_told), 3);
	ck_assert_uint_eq(calls_told, 10);
}

TEST(promise_9_a_stop_tells_a_long_line_in_shares)
{
	waiters_told = 0;
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.turn_calls_max = 3, .queue_calls_max = 1));
	line_call(&rig, "a", &quiet);
	for (int i = 0; i < 10; i++)
		EXPECT_OK(
		    stay_client_wait_room(rig.client, NULL, note_waiter, NULL));
	ck_assert_uint_eq(largest_share(&waiters_told), 3);
	ck_assert_uint_eq(waiters_told, 10);
}

TEST_SUITE_WITH(client_turn, .after = end)
