/* The promises of the engine, by their numbers, one after the other. */
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

static const struct line_request quiet = { .text = "quiet", .replies = 1 };

/* A session whose peer takes in only so many bytes of what is sent, and none
 * after. */
static void
stall_after(size_t bytes)
{
	struct sim_limits limits = { .send_buffer = bytes };

	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
}

/* ---- 1: exactly once, or refused ---- */

TEST(promise_1_a_refused_call_never_completes)
{
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.queue_calls_max = 1));
	line_call(&rig, "a", LINE("say +1"));
	ck_assert_int_eq(line_try(&rig, "b", LINE("say +2")), STAY_E_FULL);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "say +1;");
	ck_assert_uint_eq(rig.calls[1].told, 0);
}

/* The end of a client is the end of all its calls, wherever they are. */
TEST(promise_1_a_stop_completes_every_call)
{
	struct line_call *cancelled;

	line_begin(&rig, OPTIONS(.inflight_calls_max = 2));
	line_call(&rig, "flying", &quiet);
	cancelled = line_call(&rig, "cancelled", &quiet);
	line_run(&rig, 10);
	line_call(&rig, "queued", &quiet);
	stay_client_cancel(rig.client, cancelled->id);
	stay_client_stop(rig.client, STAY_OK);
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "cancelled E_CANCELLED/maybe executed;down E_STOPPED;"
	    "flying E_STOPPED/maybe executed;queued E_STOPPED/not sent;"
	    "closed OK;");
}

/* ---- 2: a reply reaches the call it answers ---- */

TEST(promise_2_a_late_reply_is_an_orphan)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 100));
	line_call(&rig, "a", &quiet);
	LINE_TELLS(&rig, 110, "a E_TIMEOUT/maybe executed;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 1);
	line_call(&rig, "b", &quiet);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+for a\n+for b\n");
	LINE_TELLS(&rig, 10, "orphan +for a;b OK/replied +for b;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
	ck_assert_uint_eq(line_counts(&rig).orphans, 1);
}

/* The machine was asleep past the deadline, and the reply lies in the kernel. */
TEST(promise_6_what_came_while_it_slept_is_read_first)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 100));
	line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+in time\n");
	sim_sleep_ms(rig.world, 200);
	LINE_TELLS(&rig, 0, "a OK/replied +in time;");
}

/* Nothing came: it is told at once, and nothing that has waited too long is
 * sent. */
TEST(promise_6_sleeping_makes_no_deadline_later)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 100));
	line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	line_got(&rig);
	line_call(&rig, "b", &quiet);
	sim_sleep_ms(rig.world, 200);
	LINE_TELLS(&rig, 0, "a E_TIMEOUT/maybe executed;b E_TIMEOUT/not sent;");
	ck_assert_str_eq(line_got(&rig), "");
}

/* The same of a late answer: its peer is not silent. */
TEST(promise_8_what_came_while_it_slept_is_a_sign_of_life)
{
	line_begin(
	    &rig, OPTIONS(.call_timeout_ms = 100, .tombstone_age_ms = 500));
	line_call(&rig, "a", &quiet);
	line_run(&rig, 150);
	sim_peer_print(rig.peer, "+late\n");
	sim_sleep_ms(rig.world, 1000);
	LINE_TELLS(&rig, 10, "a E_TIMEOUT/maybe executed;orphan +late;");
}

static void
take_long(struct stay_session *session, const char *text)
{
	(void)session;
	(void)text;
	sim_sleep_ms(rig.world, 5);
}

/* A program that never comes to the end of its pushes, each of which takes longer
 * than a turn may, cannot keep a call waiting for ever. */
TEST(promise_6_unread_bytes_excuse_no_call_for_ever)
{
	uint64_t slept_ms;

	line_prepare(&rig);
	rig.config.on_push = take_long;
	line_start(&rig, OPTIONS(.call_timeout_ms = 100, .turn_calls_max = 1));
	line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	for (int i = 0; i < 400; i++)
		sim_peer_print(rig.peer, ">x\n");
	sim_sleep_ms(rig.world, 200);
	slept_ms = sim_now_ms(rig.world);
	while (rig.calls[0].told == 0)
		sim_step(rig.world);
	ck_assert_uint_ge(rig.calls[0].told_ms, slept_ms + 900);
	ck_assert_uint_le(rig.calls[0].told_ms, slept_ms + 1100);
}

/* Deadline and reply come in one moment. */
TEST(promise_2_an_orphan_comes_after_its_call)
{
	const struct sim_limits late = { .latency_ms = 91 };

	line_begin(&rig, OPTIONS(.call_timeout_ms = 100));
	line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	sim_peer_limits(rig.peer, &late);
	sim_peer_print(rig.peer, "+late\n");
	LINE_TELLS(&rig, 100, "a E_TIMEOUT/maybe executed;orphan +late;");
}

/* A request that no answer is due to is nobody's answer, even half sent. */
TEST(promise_2_a_reply_to_nobody)
{
	line_begin(&rig, NULL);
	stall_after(2);
	line_call(&rig, "a", LINE_NOTE("note"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10, "down E_UNASKED;");
}

TEST(promise_2_a_cancelled_call_keeps_its_place)
{
	const struct line_request two = { .text = "quiet", .replies = 2 };
	struct line_call *a, *b;

	line_begin(&rig, NULL);
	a = line_call(&rig, "a", &two);
	line_run(&rig, 10);
	b = line_call(&rig, "b", &quiet);
	line_call(&rig, "c", &quiet);
	EXPECT_OK(stay_client_cancel(rig.client, a->id));
	EXPECT_OK(stay_client_cancel(rig.client, b->id));
	ck_assert_int_eq(stay_client_cancel(rig.client, a->id), STAY_E_STALE);
	LINE_TELLS(
	    &rig, 10, "a E_CANCELLED/maybe executed;b E_CANCELLED/not sent;");
	sim_peer_print(rig.peer, "*a\n+a\n+a\n+c\n");
	LINE_TELLS(&rig, 10, "orphan *a;orphan +a;orphan +a;c OK/replied +c;");
	ck_assert_str_eq(line_got(&rig), "quiet;quiet;");
}

TEST(promise_2_tombstones_are_bounded_in_number)
{
	struct line_call *calls[4];

	line_begin(&rig, OPTIONS(.tombstones_max = 2));
	for (int i = 0; i < 4; i++)
		calls[i] = line_call(&rig, "x", &quiet);
	line_run(&rig, 10);
	stay_client_cancel(rig.client, calls[0]->id);
	stay_client_cancel(rig.client, calls[1]->id);
	LINE_TELLS(&rig, 10,
	    "x E_CANCELLED/maybe executed;x E_CANCELLED/maybe executed;");
	stay_client_cancel(rig.client, calls[2]->id);
	LINE_TELLS(&rig, 10,
	    "x E_CANCELLED/maybe executed;down E_SILENT;"
	    "x E_LOST/maybe executed;");
}

TEST(promise_2_tombstones_are_bounded_in_age)
{
	line_begin(
	    &rig, OPTIONS(.tombstone_age_ms = 300, .call_timeout_ms = 100));
	line_call(&rig, "a", &quiet);
	LINE_TELLS(&rig, 390, "a E_TIMEOUT/maybe executed;");
	LINE_TELLS(&rig, 20, "down E_SILENT;");
}

/* A token names one call of one client, and nothing once that is over. */
TEST(promise_2_a_token_names_one_call)
{
	struct stay_call_id none = { { 0, 0 } };
	struct line_call *a;
	struct stay_client *other;
	struct stay_call_options options = { STAY_CALL_OPTIONS };
	struct line_config config = { .notes = &rig.notes };
	struct stay_client_options start = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_call_id id;

	line_begin(&rig, NULL);
	a = line_call(&rig, "a", &quiet);
	ck_assert_int_eq(stay_client_cancel(rig.client, none), STAY_E_STALE);
	EXPECT_OK(stay_client_start(
	    &other, rig.loop, &line_bare_protocol, LINE_URL, &start));
	options.id = &id;
	EXPECT_OK(stay_client_call_with(other, &quiet, &options, NULL, NULL));
	ck_assert_int_eq(stay_client_cancel(other, a->id), STAY_E_STALE);
	ck_assert_int_eq(stay_client_cancel(rig.client, id), STAY_E_STALE);
	EXPECT_OK(stay_client_cancel(other, id));
	stay_client_stop(other, STAY_OK);
}

/* ---- 3: the outcome is true for ever after ---- */

#define CUT_REQUEST "say +123"
#define CUT_LEN     (sizeof(CUT_REQUEST)) /* with its newline */

/* The request leaves up to a byte, then the connection breaks. */
static const char *
cut_at(size_t bytes, const struct stay_protocol *protocol, uint32_t flags)
{
	const struct line_request request = {
		.text = CUT_REQUEST, .replies = 1, .flags = flags
	};

	line_prepare(&rig);
	rig.protocol = protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	stall_after(bytes);
	line_call(&rig, "a", &request);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 1);
	ck_assert_uint_eq(line_counts(&rig).bytes_out, bytes);
	line_told(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	return line_told(&rig);
}

TEST(promise_3_a_cut_request_was_not_sent)
{
	for (size_t n = 1; n <= CUT_LEN; n++) {
		ck_assert_str_eq(
		    cut_at(n, &line_bare_protocol, STAY_THIS_SESSION),
		    n < CUT_LEN ? "a E_LOST/not sent;"
				: "a E_LOST/maybe executed;");
		line_end(&rig);
		/* In a queue it waits for the next session. */
		ck_assert_str_eq(cut_at(n, &line_bare_protocol, 0),
		    n < CUT_LEN ? "a OK/replied +123;"
				: "a E_LOST/maybe executed;");
		ck_assert_uint_eq(line_counts(&rig).resent, 0);
		line_end(&rig);
	}
}

TEST(promise_3_servers_may_act_on_parts)
{
	for (size_t n = 1; n <= CUT_LEN; n++) {
		ck_assert_str_eq(cut_at(n, &line_parts_protocol, 0),
		    "a E_LOST/maybe executed;");
		line_end(&rig);
		/* or only on those of this request */
		ck_assert_str_eq(
		    cut_at(n, &line_bare_protocol, STAY_ACTS_ON_PARTS),
		    "a E_LOST/maybe executed;");
		line_end(&rig);
		ck_assert_str_eq(
		    cut_at(n, &line_parts_protocol, STAY_IDEMPOTENT),
		    "a OK/replied +123;");
		ck_assert_uint_eq(line_counts(&rig).resent, 1);
		line_end(&rig);
	}
}

TEST(promise_3_an_idempotent_call_is_sent_again)
{
	for (size_t n = 1; n <= CUT_LEN; n++) {
		ck_assert_str_eq(
		    cut_at(n, &line_bare_protocol, STAY_IDEMPOTENT),
		    "a OK/replied +123;");
		ck_assert_uint_eq(line_counts(&rig).resent, n == CUT_LEN);
		line_end(&rig);
	}
}

/* What stands in front of it blocks: nobody is to blame. */
TEST(promise_3_sending_again_is_bounded)
{
	line_begin(&rig, OPTIONS(.resends_max = 2));
	line_call(&rig, "b",
	    LINE_WITH(
		"b", .flags = STAY_BLOCKS | STAY_READ_ONLY, .blocks_ms = 9000));
	line_call(&rig, "a", LINE_WITH("reset", .flags = STAY_IDEMPOTENT));
	LINE_TELLS(&rig, 2000,
	    "down E_RESET;hello -;up;down E_RESET;hello -;up;down E_RESET;"
	    "b E_LOST/maybe executed;a E_LOST/maybe executed;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "b;reset;|b;reset;|b;reset;|");
}

/* A piece of the answer is out: asking again would give it twice. */
TEST(promise_3_half_an_answer_is_not_asked_for_again)
{
	const struct line_request two = {
		.text = "say +1", .replies = 2, .flags = STAY_IDEMPOTENT
	};

	line_begin(&rig, NULL);
	line_call(&rig, "a", &two);
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	line_call(&rig, "b", LINE_WITH("say *1", .flags = STAY_IDEMPOTENT));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10,
	    "a part OK +1;down E_RESET;a E_LOST/maybe executed;hello -;up;"
	    "b part OK *1;down E_RESET;b E_LOST/maybe executed;");
}

/* Waiting to be sent again, it is not a call that was never sent. */
TEST(promise_3_a_lost_call_is_never_not_sent)
{
	const struct line_request again = {
		.text = "quiet", .replies = 1, .flags = STAY_IDEMPOTENT
	};
	struct line_call *b;

	line_begin(&rig, OPTIONS(.call_timeout_ms = 500));
	line_call(&rig, "a", &again);
	b = line_call(&rig, "b", &again);
	line_run(&rig, 10);
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 100);
	ck_assert_uint_eq(line_counts(&rig).queued, 2);
	stay_client_cancel(rig.client, b->id);
	LINE_TELLS(&rig, 1000,
	    "down E_RESET;b E_CANCELLED/maybe executed;"
	    "a E_TIMEOUT/maybe executed;");
}

/* "Refused" speaks for the second time only. */
TEST(promise_3_a_refusal_of_the_second_time_is_no_refusal)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE_WITH("hold", .flags = STAY_IDEMPOTENT));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	sim_peer_print(rig.peer, "!not me\n");
	LINE_TELLS(&rig, 10,
	    "down E_RESET;hello -;up;a E_SERVER/maybe executed !not me;");
}

/* Given up with half of it on the wire: the other half still has to go. */
TEST(promise_3_a_half_sent_call_that_is_given_up)
{
	line_begin(&rig, OPTIONS(.call_timeout_ms = 100));
	stall_after(3);
	line_call(&rig, "a", LINE("say +1"));
	line_call_with(&rig, "b", LINE("say +2"), WITHIN(5000));
	LINE_TELLS(&rig, 110, "a E_TIMEOUT/maybe executed;");
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "orphan +1;b OK/replied +2;");
	stall_after(3);
	line_call(&rig, "c", LINE_NOTE("noted"));
	line_run(&rig, 110);
	sim_peer_freeze(rig.peer, false);
	line_call(&rig, "d", LINE("say +4"));
	LINE_TELLS(&rig, 10, "c E_TIMEOUT/maybe executed;d OK/replied +4;");
	ck_assert_str_eq(line_got(&rig), "say +1;say +2;noted;say +4;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
}

/* An answer may come before the request has left whole. */
TEST(promise_3_an_early_answer_does_not_shift_the_boundary)
{
	line_begin(&rig, NULL);
	stall_after(3);
	line_call(&rig, "a", &quiet);
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "-too long\n");
	LINE_TELLS(&rig, 10, "a E_SERVER/replied -too long;");
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
	ck_assert_str_eq(line_got(&rig), "quiet;say +2;");
}

/* A server that has answered a part has acted, whatever its kind does. */
TEST(promise_3_half_sent_and_half_answered)
{
	line_begin(&rig, NULL);
	stall_after(3);
	line_call(&rig, "a", &quiet);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "*1\n");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(
	    &rig, 10, "a part OK *1;down E_RESET;a E_LOST/maybe executed;");
}

static const struct line_request only = {
	.text = "quiet", .replies = 1, .flags = STAY_THIS_SESSION
};

static void
end_transaction(struct line_call *call)
{
	(void)call;
	ck_assert_int_eq(line_try(&rig, "c", &only), STAY_E_OFFLINE);
}

static void
leave_at_a_push(struct stay_session *session, const char *text)
{
	(void)text;
	stay_session_renew(session, "the peer says goodbye");
	ck_assert_int_eq(line_try(&rig, "c", &only), STAY_E_OFFLINE);
}

/* Without one that is ready it is rejected at once, and leaves no trace. */
TEST(promise_3_a_call_for_this_session_needs_one)
{
	line_prepare(&rig);
	rig.config.on_push = leave_at_a_push;
	line_start(&rig, NULL);
	ck_assert_int_eq(line_try(&rig, "a", &only), STAY_E_OFFLINE);
	line_run(&rig, 10);
	line_call(&rig, "b", &only)->then = end_transaction;
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_uint_eq(rig.calls[0].told, 1);
	ck_assert_uint_eq(line_counts(&rig).sessions, 2);
	sim_peer_print(rig.peer, ">leave\n");
	line_run(&rig, 1000);
	ck_assert_uint_eq(line_counts(&rig).sessions, 3);
	ck_assert_uint_eq(line_counts(&rig).rejected, 3);
	ck_assert_str_eq(line_got(&rig), "quiet;||");
}

/* What is for one session does not go into the next. */
TEST(promise_3_a_call_for_this_session_ends_with_it)
{
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.inflight_calls_max = 1));
	line_run(&rig, 10);
	line_call(&rig, "a", &only);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 1);
	line_call(&rig, "b", &only);
	line_call(&rig, "c", LINE("say +3"));
	line_run(&rig, 10);
	line_told(&rig);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1000,
	    "down E_RESET;a E_LOST/maybe executed;b E_LOST/not sent;"
	    "hello -;up;c OK/replied +3;");
}

/* ---- 4: in the order given ---- */

TEST(promise_4_order_holds_over_a_reconnect)
{
	const struct line_request again[] = {
		{ .text = "1", .replies = 1, .flags = STAY_READ_ONLY },
		{ .text = "3", .replies = 1, .flags = STAY_IDEMPOTENT },
	};

	line_begin(&rig, NULL);
	line_call(&rig, "1", &again[0]);
	line_call(&rig, "2", LINE("2"));
	line_call(&rig, "3", &again[1]);
	line_run(&rig, 10);
	stall_after(2);
	line_call(&rig, "4", LINE("4 is cut"));
	line_call(&rig, "5", LINE("5"));
	line_run(&rig, 10);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 5);
	line_call(&rig, "6", LINE("6"));
	line_run(&rig, 1000);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "|1;3;4 is cut;5;6;");
	sim_peer_print(rig.peer, "+3\n+4\n+5\n+6\n");
	LINE_TELLS(&rig, 10,
	    "down E_RESET;2 E_LOST/maybe executed;hello -;up;"
	    "1 OK/replied +1;3 OK/replied +3;4 OK/replied +4;"
	    "5 OK/replied +5;6 OK/replied +6;");
}

/* Bytes that are kept for sending again hold their place among those that are
 * taken out. */
TEST(promise_4_order_holds_with_holes)
{
	struct line_call *calls[6];

	line_prepare(&rig);
	line_start(&rig, NULL);
	for (int i = 0; i < 6; i++) {
		static const char *const texts[] = { "a", "b", "c", "d", "e",
			"f" };

		calls[i] = line_call(&rig, texts[i], LINE(texts[i]));
	}
	stay_client_cancel(rig.client, calls[0]->id);
	stay_client_cancel(rig.client, calls[3]->id);
	stay_client_cancel(rig.client, calls[5]->id);
	line_call(&rig, "g", LINE("g"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "b;c;e;g;");
}

/* ---- 5: nothing inside a public call, nothing after closed ---- */

TEST(promise_5_no_completion_inside_a_call)
{
	struct line_call *queued, *flying;

	line_begin(&rig, NULL);
	flying = line_call(&rig, "flying", &quiet);
	line_run(&rig, 10);
	queued = line_call(&rig, "queued", &quiet);
	stay_client_cancel(rig.client, flying->id);
	stay_client_cancel(rig.client, queued->id);
	stay_client_stop(rig.client, STAY_OK);
	ck_assert_uint_eq(flying->told + queued->told, 0);
	ck_assert_str_eq(line_told(&rig), "");
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "flying E_CANCELLED/maybe executed;queued E_CANCELLED/not sent;"
	    "down E_STOPPED;closed OK;");
}

static void
call_again(struct line_call *call)
{
	ck_assert_int_eq(line_try(call->rig, "late", &quiet), STAY_E_DRAINING);
	ck_assert_int_eq(
	    stay_client_cancel(call->rig->client, call->id), STAY_E_STALE);
}

TEST(promise_5_nothing_new_at_the_end)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", &quiet)->then = call_again;
	line_run(&rig, 10);
	line_call(&rig, "b", &quiet)->then = call_again;
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "down E_STOPPED;a E_STOPPED/maybe executed;b E_STOPPED/not sent;"
	    "closed OK;");
}

/* ---- 6: deadlines ---- */

/* Two calls are submitted `after_ms`; one has a deadline of 100 ms. */
static void
expect_deadline(uint64_t after_ms, enum stay_outcome outcome)
{
	struct line_call *a, *b;

	line_run(&rig, after_ms);
	a = line_call_with(&rig, "a", &quiet, WITHIN(100));
	b = line_call(&rig, "b", &quiet);
	line_run(&rig, 99);
	ck_assert_uint_eq(a->told, 0);
	line_run(&rig, 2);
	ck_assert_uint_eq(a->told, 1);
	ck_assert_int_eq(a->result.status, STAY_E_TIMEOUT);
	ck_assert_int_eq(a->result.outcome, outcome);
	ck_assert_uint_eq(b->told, 0);
	line_end(&rig);
}

TEST(promise_6_deadlines_hold_in_every_state)
{
	struct sim_limits slow = { .latency_ms = 400 };

	/* connecting */
	line_prepare(&rig);
	sim_limits_set(rig.world, &slow);
	line_start(&rig, NULL);
	expect_deadline(0, STAY_NOT_SENT);
	/* greeting */
	line_prepare(&rig);
	rig.config.hello = "nothing";
	line_start(&rig, NULL);
	expect_deadline(10, STAY_NOT_SENT);
	/* backing off */
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, NULL);
	expect_deadline(1, STAY_NOT_SENT);
	/* in flight */
	line_begin(&rig, NULL);
	expect_deadline(10, STAY_MAYBE_EXECUTED);
}

static void
take_time(struct line_call *call)
{
	sim_sleep_ms(call->rig->world, 200);
}

/* What becomes due while a callback takes its time is not sent behind it. */
TEST(promise_6_a_slow_callback_makes_no_call_late)
{
	line_begin(
	    &rig, OPTIONS(.inflight_calls_max = 1, .call_timeout_ms = 1000));
	line_call(&rig, "slow", LINE("say +1"))->then = take_time;
	line_call_with(&rig, "due", LINE("say +2"), WITHIN(100));
	LINE_TELLS(&rig, 10, "slow OK/replied +1;due E_TIMEOUT/not sent;");
	ck_assert_str_eq(line_got(&rig), "say +1;");
}

/* A callback that takes its time, and only then submits. */
static void
dawdle(void)
{
	sim_sleep_ms(rig.world, 70);
	line_call_with(&rig, "late", &quiet, WITHIN(100));
}

static void
dawdle_when_done(struct line_call *call)
{
	(void)call;
	dawdle();
}

static void
dawdle_when_called(void *arg, const struct stay_reply *reply)
{
	(void)arg;
	ck_assert_int_eq(reply->status, STAY_E_TIMEOUT);
	dawdle();
}

static void
dawdle_in_ping(struct stay_session *session)
{
	(void)session;
	if (rig.call_count == 0)
		dawdle();
}

TEST(promise_6_a_slow_callback_makes_no_deadline_early)
{
	struct line_call *call;

	line_begin(&rig, NULL);
	call = line_call(&rig, "a", LINE("say +a"));
	call->then = dawdle_when_done;
	LINE_TELLS(&rig, 99, "a OK/replied +a;");
	LINE_TELLS(&rig, 69, "");
	LINE_TELLS(&rig, 4, "late E_TIMEOUT/maybe executed;");
}

/* So it is where a timer is at the bottom of it. */
TEST(promise_6_a_slow_completion_of_a_caller)
{
	line_prepare(&rig);
	rig.config.hello = "nothing";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	EXPECT_OK(stay_conn_call(stay_client_conn(rig.client),
	    (struct stay_message){ .tag = 1 }, 30, dawdle_when_called, NULL,
	    NULL));
	LINE_TELLS(&rig, 31 + 70 + 95, "init 10.0.0.1;hello -;");
	LINE_TELLS(&rig, 10, "late E_TIMEOUT/not sent;");
}

TEST(promise_6_a_slow_probe)
{
	line_prepare(&rig);
	rig.config.on_ping = dawdle_in_ping;
	line_start(&rig, OPTIONS(.probe_ms = 50));
	LINE_TELLS(&rig, 51 + 70 + 95, "init 10.0.0.1;hello -;up;");
	LINE_TELLS(&rig, 10, "late E_TIMEOUT/maybe executed;");
}

TEST(promise_6_a_call_out_of_time_is_never_sent)
{
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, OPTIONS(.call_timeout_ms = 100));
	line_call(&rig, "a", LINE("a"));
	line_run(&rig, 150);
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	line_call(&rig, "b", LINE("say +b"));
	LINE_TELLS(&rig, 90,
	    "init 10.0.0.1;a E_TIMEOUT/not sent;hello -;up;"
	    "b OK/replied +b;");
	ck_assert_str_eq(line_got(&rig), "say +b;");
}

TEST(promise_6_a_call_that_blocks_has_its_own_time)
{
	const struct line_request blocking = { .text = "block",
		.replies = 1,
		.flags = STAY_BLOCKS,
		.blocks_ms = 1000 };
	struct line_call *a, *b, *c;

	line_begin(
	    &rig, OPTIONS(.call_timeout_ms = 100, .block_margin_ms = 50));
	a = line_call(&rig, "a", &blocking);
	b = line_call_with(&rig, "b", &blocking, WITHIN(200));
	c = line_call(&rig, "c",
	    LINE_WITH(
		"block", .flags = STAY_BLOCKS, .blocks_ms = STAY_FOREVER));
	line_run(&rig, 199);
	ck_assert_uint_eq(b->told, 0);
	line_run(&rig, 3);
	ck_assert_uint_eq(b->told, 1);
	line_run(&rig, 847);
	ck_assert_uint_eq(a->told, 0);
	line_run(&rig, 2);
	ck_assert_uint_eq(a->told, 1);
	ck_assert_uint_eq(c->told, 0);
}

/* ---- 7: bounds ---- */

TEST(promise_7_the_queue_is_bounded_in_calls_and_bytes)
{
	struct line_call *a;

	line_prepare(&rig);
	line_start(&rig, OPTIONS(.queue_calls_max = 3, .queue_bytes_max = 20));
	a = line_call(&rig, "a", LINE("123456789"));
	line_call(&rig, "b", LINE("12345678"));
	ck_assert_int_eq(line_try(&rig, "c", LINE("1")), STAY_E_FULL);
	ck_assert_int_eq(line_try(&rig, "c", LINE("")), STAY_E_ARG);
	stay_client_cancel(rig.client, a->id);
	line_call(&rig, "d", LINE("1"));
	line_call(&rig, "e", LINE("2"));
	ck_assert_int_eq(line_try(&rig, "f", LINE("3")), STAY_E_FULL);
	line_run(&rig, 10);
	ck_assert_int_eq(
	    line_try(&rig, "g", LINE("12345678901234567890")), STAY_E_TOO_BIG);
	ck_assert_str_eq(line_got(&rig), "12345678;1;2;");
	line_call(&rig, "h", LINE("1234567890123456789")); /* and a byte */
	ck_assert_int_eq(line_try(&rig, "i", LINE("1")), STAY_E_FULL);
}

/* What is on the wire and kept for sending again holds up what comes after. */
TEST(promise_7_kept_bytes_are_bounded)
{
	const struct line_request again = {
		.text = "12345678", .replies = 1, .flags = STAY_IDEMPOTENT
	};

	line_begin(&rig, OPTIONS(.inflight_bytes_max = 30));
	for (int i = 0; i < 3; i++) {
		line_call(&rig, "a", &again);
		line_run(&rig, 10);
	}
	ck_assert_uint_eq(line_counts(&rig).in_flight, 3);
	line_call(&rig, "d", &again);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 3);
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 3);
	ck_assert_uint_eq(line_counts(&rig).queued, 0);
}

/* What was accepted is never dropped for a bound: memory is bounded by both. */
TEST(promise_7_after_a_loss_the_sum_of_two_bounds_is_queued)
{
	const struct line_request again = {
		.text = "quiet", .replies = 1, .flags = STAY_IDEMPOTENT
	};

	line_begin(
	    &rig, OPTIONS(.queue_calls_max = 2, .inflight_calls_max = 3));
	for (int i = 0; i < 5; i++) {
		line_call(&rig, "a", &again);
		line_run(&rig, 1);
	}
	ck_assert_int_eq(line_try(&rig, "b", &again), STAY_E_FULL);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	ck_assert_uint_eq(line_counts(&rig).queued, 5);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(line_try(&rig, "b", &again), STAY_E_FULL);
		stay_client_cancel(rig.client, rig.calls[i].id);
		line_run(&rig, 1);
	}
	EXPECT_OK(line_try(&rig, "b", &again));
}

TEST_SUITE_WITH(promises, .after = line_after)
