/*
 * Calls that the server refuses to act on, for a client that sends them again:
 * in the next session, in order, and only if nothing behind them was acted on.
 */
#include <string.h>

#include <stay/future.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

static void
begin(struct stay_client_options options)
{
	options.on_refused = STAY_REFUSED_RESEND;
	line_begin(&rig, &options);
}

/* The server answers so from now on. */
static void
answer(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 1);
}

static void
call(const char *name, uint32_t flags, uint32_t replies)
{
	const struct line_request request = {
		.text = name, .replies = replies, .flags = flags
	};

	line_call(&rig, name, &request);
}

/* Plain ones, called by their letters, and all of them in flight. */
static void
call_each(const char *letters)
{
	static const char names[][2] = { "a", "b", "c", "d", "e" };

	for (; *letters != '\0'; letters++)
		call(names[*letters - 'a'], 0, 1);
	line_run(&rig, 1);
}

TEST(client_refused_is_told_by_default)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say !no"));
	LINE_TELLS(&rig, 10, "a E_SERVER/refused !no;");
}

TEST(promise_3_4_what_is_refused_is_sent_again_in_order)
{
	begin((struct stay_client_options){ 0 });
	call_each("ab");
	answer("!no\n");
	call("c", 0, 1);
	LINE_TELLS(&rig, 10, "");
	ck_assert_str_eq(line_got(&rig), "a;b;"); /* c waits for b's answer */
	LINE_HEARS(&rig, "!no\n", "down E_NOT_READY;");
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig), "|a;"); /* one alone, at first */
	answer("+a\n");
	ck_assert_str_eq(line_got(&rig), "b;c;");
	LINE_HEARS(&rig, "+b\n+c\n",
	    "hello -;up;a OK/replied +a;b OK/replied +b;c OK/replied +c;");
	ck_assert_uint_eq(line_counts(&rig).resent, 2);
}

/* b was acted on: a can't come before it any more, and is told first. */
TEST(promise_4_what_was_overtaken_is_not_sent_again)
{
	begin((struct stay_client_options){ 0 });
	call_each("abc");
	answer("!no\n");
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	LINE_HEARS(&rig, "+b\n", "a E_SERVER/refused !no;b OK/replied +b;");
	LINE_HEARS(&rig, "+c\n", "c OK/replied +c;");
}

/* The refusal of a call that was given up undoes nothing, nor does an answer to what
 * the client has asked itself. */
TEST_ROWS(promise_4_who_overtakes_nobody, 2)
{
	struct stay_session *session;

	begin((struct stay_client_options){ 0 });
	session = stay_client_session(rig.client);
	call_each(_i == 0 ? "ab" : "a");
	if (_i == 0)
		stay_client_cancel(rig.client, rig.calls[1].id);
	else if (stay_buf_puts(stay_session_control(session), "x\n") == STAY_OK)
		(void)stay_session_expect(session, 1);
	line_run(&rig, 1);
	call_each("c");
	line_told(&rig);
	LINE_HEARS(&rig, _i == 0 ? "!no\n!no\n" : "!no\n+x\n",
	    _i == 0 ? "orphan !no;" : "control +x;");
	LINE_HEARS(&rig, "!no\n", "down E_NOT_READY;");
	line_run(&rig, 100);
	answer("+a\n");
	LINE_HEARS(&rig, "+c\n", "hello -;up;a OK/replied +a;c OK/replied +c;");
}

/* One at a time, until one is not refused: c is, at first. */
TEST(promise_13_half_a_refusal_is_no_answer)
{
	begin((struct stay_client_options){ 0 });
	call_each("ab");
	answer("!no\n!no\n");
	call("c", 0, 2);
	call("d", 0, 1);
	stay_client_cancel(rig.client, rig.calls[0].id);
	stay_client_cancel(rig.client, rig.calls[1].id);
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig), "a;b;|c;");
	answer("!no\n");
	ck_assert_str_eq(line_got(&rig), "");
	answer("+c\n");
	ck_assert_str_eq(line_got(&rig), "d;");
	answer("+d\n");
}

/* What only reads undoes nothing: a and c keep their order. */
TEST(promise_4_a_read_overtakes_nobody)
{
	begin((struct stay_client_options){ 0 });
	call_each("a");
	call("r", STAY_READ_ONLY, 1);
	call("c", 0, 1);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!no\n+r\n", "r OK/replied +r;");
	LINE_HEARS(&rig, "!no\n", "down E_NOT_READY;");
	line_got(&rig);
	line_run(&rig, 100);
	answer("+a\n");
	LINE_HEARS(&rig, "+c\n", "hello -;up;a OK/replied +a;c OK/replied +c;");
}

/* Nor does one whose session ends before it is answered. */
TEST(promise_4_a_lost_read_overtakes_nobody)
{
	begin((struct stay_client_options){ 0 });
	call_each("a");
	call("r", STAY_READ_ONLY, 1);
	line_run(&rig, 1);
	answer("!no\n");
	sim_peer_close(rig.peer);
	line_run(&rig, 200);
	answer("+a\n");
	answer("+r\n");
	EXPECT_IN(line_told(&rig), "a OK/replied +a;");
}

/* So it is if what came behind was given up, or has begun to be answered. */
TEST(promise_4_a_late_reply_overtakes_too)
{
	begin((struct stay_client_options){ 0 });
	call_each("abc");
	stay_client_cancel(rig.client, rig.calls[1].id);
	answer("!no\n");
	line_told(&rig);
	LINE_HEARS(&rig, "+b\n", "a E_SERVER/refused !no;orphan +b;");
	answer("!no\n"); /* c, alone */
	line_run(&rig, 100);
	LINE_HEARS(
	    &rig, "+c\n", "down E_NOT_READY;hello -;up;c OK/replied +c;");
}

TEST(promise_4_a_part_overtakes_too)
{
	begin((struct stay_client_options){ 0 });
	call_each("ab");
	LINE_HEARS(&rig, "!no\n*b\n", "a E_SERVER/refused !no;b part OK *b;");
	LINE_HEARS(&rig, "+b\n", "b OK/replied +b;");
}

/* The session breaks while b may have been acted on. */
TEST(promise_4_a_lost_call_overtakes_too)
{
	begin((struct stay_client_options){ 0 });
	call_each("ab");
	answer("!no\n");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;a E_SERVER/refused !no;b E_LOST/maybe executed;");
}

/* What was cut is known not to have been acted on: it overtakes nobody. */
TEST(promise_4_half_a_request_does_not_overtake)
{
	begin((struct stay_client_options){ 0 });
	call_each("a");
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 1));
	sim_peer_freeze(rig.peer, true);
	call_each("b");
	answer("!no\n");
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	answer("+a\n");
	LINE_HEARS(&rig, "+b\n",
	    "down E_RESET;hello -;up;a OK/replied +a;b OK/replied +b;");
	ck_assert_str_eq(line_got(&rig), "a;|a;b;");
}

/* All that the server has had of it whole, it has refused. */
TEST(promise_3_a_refusal_stands_while_half_of_the_call_leaves)
{
	static const struct peer_row stalling[] = {
		ON(PEER_ACCEPTS, PEER_STALLS), NO_MORE
	};

	begin((struct stay_client_options){ 0 });
	call_each("a");
	sim_limits_set(rig.world, LIMITS(.send_buffer = 1));
	rig.server.rows = stalling;
	answer("!no\n");
	line_run(&rig, 100);
	ck_assert_uint_eq(line_counts(&rig).in_flight, 1);
	ck_assert_str_eq(line_got(&rig), "a;|");
	line_told(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_cancel(rig.client, rig.calls[0].id));
	LINE_TELLS(&rig, 1, "down E_RESET;a E_CANCELLED/refused;");
}

/* Its deadline is the end of it, and the backoff grows meanwhile. */
TEST(promise_13_what_is_refused_is_not_sent_for_ever)
{
	unsigned sessions;

	begin((struct stay_client_options){
	    .resends_max = 1, .call_timeout_ms = 5000 });
	line_call(&rig, "a", LINE("say !no"));
	line_run(&rig, 4990);
	ck_assert_ptr_null(strstr(line_told(&rig), "a E_"));
	line_run(&rig, 20);
	EXPECT_IN(line_told(&rig), "a E_TIMEOUT/refused");
	sessions = (unsigned)line_counts(&rig).sessions;
	ck_assert_uint_gt(sessions, 10);
	ck_assert_uint_lt(sessions, 70);
	ck_assert_uint_le(line_counts(&rig).resent, sessions);
}

/* However many were refused: to be refused again costs one sending. */
TEST(promise_13_sending_refused_calls_again_has_a_budget)
{
	begin((struct stay_client_options){ .resend_burst = 1 });
	call_each("ab");
	answer("!no\n!no\n");
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig), "a;b;|a;");
	line_told(&rig);
	LINE_HEARS(&rig, "!no\n", "down E_NOT_READY;a E_SERVER/refused !no;");
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig), "|b;");
}

/* That the loss before it was the first one is over. */
TEST(promise_13_sending_refused_calls_again_is_free_no_longer)
{
	begin((struct stay_client_options){ .resend_burst = 1,
	    .resend_percent = 1,
	    .backoff = { .stable_ms = 1000 } });
	call("r", STAY_READ_ONLY, 1);
	call("s", STAY_READ_ONLY, 1);
	line_run(&rig, 1000);
	sim_peer_reset(rig.peer);
	line_run(&rig, 500);
	answer("+1\n");
	answer("+2\n");
	for (int i = 0; i < 2; i++) {
		call("a", 0, 1);
		line_run(&rig, 1);
		line_told(&rig);
		LINE_HEARS(&rig, "!no\n",
		    i == 0 ? "down E_NOT_READY;"
			   : "down E_NOT_READY;a E_SERVER/refused !no;");
		line_run(&rig, 100);
		answer("+3\n");
	}
}

/* The words of a refusal are kept if they may be; the call is, in any case. */
TEST(promise_7_more_refusals_than_may_be_held)
{
	begin((struct stay_client_options){ .held_replies_max = 1 });
	call_each("abc");
	LINE_HEARS(&rig, "!1\n!2\n+c\n",
	    "a E_SERVER/refused !1;b E_SERVER/refused;c OK/replied +c;");
	call_each("de");
	answer("!1\n!2\n");
	line_run(&rig, 100);
	answer("+d\n");
	LINE_HEARS(&rig, "+e\n",
	    "down E_NOT_READY;hello -;up;d OK/replied +d;e OK/replied +e;");
}

/* Its deadline goes on; what the server said of it stays true. */
TEST(promise_6_a_deadline_holds_for_what_is_set_aside)
{
	begin((struct stay_client_options){ .call_timeout_ms = 100 });
	call("a", 0, 1);
	line_run(&rig, 50);
	call("b", 0, 1);
	line_run(&rig, 10);
	answer("!no\n");
	LINE_TELLS(&rig, 42, "a E_TIMEOUT/refused;");
	call("c", 0, 1);
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "a;b;c;"); /* nothing is held up */
}

TEST(promise_6_a_deadline_holds_until_it_is_sent_again)
{
	begin((struct stay_client_options){ .call_timeout_ms = 100 });
	call("a", 0, 1);
	line_run(&rig, 10);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	answer("!no\n");
	LINE_TELLS(&rig, 100, "down E_NOT_READY;a E_TIMEOUT/refused;");
}

TEST(promise_1_a_stop_completes_what_is_set_aside)
{
	begin((struct stay_client_options){ 0 });
	call_each("ab");
	answer("!no\n");
	stay_client_cancel(rig.client, rig.calls[0].id);
	LINE_TELLS(&rig, 1, "a E_CANCELLED/refused;");
	call_each("c");
	answer("!no\n");
	stay_client_stop(rig.client, STAY_OK);
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "down E_STOPPED;b E_SERVER/refused !no;"
	    "c E_STOPPED/maybe executed;closed OK;");
}

/* What may not be sent again is told at once, behind those that wait. */
TEST(client_refused_and_not_to_be_sent_again)
{
	begin((struct stay_client_options){ 0 });
	call("a", 0, 1);
	call("b", STAY_THIS_SESSION, 1);
	line_run(&rig, 1);
	LINE_HEARS(
	    &rig, "!1\n!2\n", "a E_SERVER/refused !1;b E_SERVER/refused !2;");
	call("c", 0, 2);
	line_run(&rig, 1);
	LINE_HEARS(
	    &rig, "!3\n!4\n", "c part E_SERVER !3;c E_SERVER/refused !4;");
}

/* Behind it something blocks: nobody waits for that. */
TEST(client_refused_in_front_of_what_blocks)
{
	begin((struct stay_client_options){ 0 });
	call("a", 0, 1);
	call("b", STAY_BLOCKS, 1);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!no\n", "a E_SERVER/refused !no;");
}

/* What an earlier session may have done, no refusal takes back. */
TEST(promise_3_a_refusal_speaks_for_one_sending)
{
	begin((struct stay_client_options){ .call_timeout_ms = 500 });
	call("a", STAY_IDEMPOTENT, 1);
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	answer("!no\n");
	line_run(&rig, 200);
	answer("!no\n");
	ck_assert_str_eq(line_got(&rig), "a;|a;|a;");
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 200);
	EXPECT_IN(line_told(&rig), "a E_TIMEOUT/maybe executed;");
}

static struct stay_held *kept;

/* `frees` says whether it is given back at once. */
static void
hold_it(void *frees, const struct stay_result *result)
{
	struct stay_held *again;

	ck_assert_int_eq(result->status, STAY_E_SERVER);
	ck_assert_int_eq(
	    stay_held_new(rig.client, "another", &again), STAY_E_STATE);
	EXPECT_OK(stay_held_new(rig.client, result->reply, &kept));
	ck_assert_ptr_eq(stay_held_reply(kept), result->reply);
	ck_assert_int_eq(
	    stay_held_new(rig.client, result->reply, &again), STAY_E_STATE);
	if (frees != NULL)
		stay_held_free(kept);
}

/* "a" is refused, and is told so since "b" is not. */
static void
refuse(stay_done_fn *done, void *arg, struct stay_future *future)
{
	const struct line_request request = { .text = "a", .replies = 1 };
	enum stay_status status =
	    stay_client_call(rig.client, &request, done, arg);

	EXPECT_OK(stay_future_begin(future, status));
	call("b", 0, 1);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!no\n+b\n", "b OK/replied +b;");
}

/* It is no part of the frame that is being handed out, but was kept before: whoever is
 * told takes that over. */
TEST_ROWS(client_refused_words_may_be_held, 2)
{
	begin((struct stay_client_options){ 0 });
	refuse(hold_it, _i == 0 ? NULL : &rig, NULL);
	ck_assert_uint_eq(line_counts(&rig).held, _i == 0);
	if (_i == 0) {
		ck_assert_str_eq(stay_held_reply(kept), "!no");
		stay_held_free(kept);
	}
	ck_assert_uint_eq(line_counts(&rig).held, 0);
}

/* So a future says what the server has said. */
TEST(client_refused_is_told_to_a_future)
{
	struct stay_future *future;

	begin((struct stay_client_options){ 0 });
	future = stay_future_new(rig.client);
	refuse(stay_future_done, future, future);
	ck_assert_int_eq(stay_future_result(future)->status, STAY_E_SERVER);
	ck_assert_int_eq(stay_future_result(future)->outcome, STAY_REFUSED);
	ck_assert_ptr_nonnull(stay_future_reply(future));
	stay_future_free(future);
}

static void
cancel_next(struct line_call *call)
{
	EXPECT_OK(stay_client_cancel(call->rig->client, call[1].id));
}

/* Who is told of the refusal gives up the very call that is being answered: the
 * answer finds a tombstone. */
TEST(promise_1_2_who_overtakes_may_be_given_up)
{
	begin((struct stay_client_options){ 0 });
	call("a", 0, 1);
	call("b", 0, 1);
	rig.calls[0].then = cancel_next;
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!no\n+b\n",
	    "a E_SERVER/refused !no;b E_CANCELLED/maybe executed;orphan +b;");
	call("c", 0, 1);
	call("d", 0, 1);
	rig.calls[2].then = cancel_next;
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!no\n*d\n+d\n",
	    "c E_SERVER/refused !no;d E_CANCELLED/maybe executed;orphan *d;"
	    "orphan +d;");
}

/* What no answer is due to may have been acted on, and nobody will hear. */
TEST(promise_4_what_left_without_an_answer_overtakes)
{
	begin((struct stay_client_options){ 0 });
	call("a", 0, 1);
	call("p", 0, 0);
	call_each("b");
	line_told(&rig);
	LINE_HEARS(&rig, "!1\n", "a E_SERVER/refused !1;");
	answer("!2\n"); /* nothing of that kind is behind b */
	line_run(&rig, 100);
	LINE_HEARS(
	    &rig, "+b\n", "down E_NOT_READY;hello -;up;b OK/replied +b;");
}

/* So it may when the rest of it is still to leave. */
TEST(promise_4_what_leaves_without_an_answer_overtakes)
{
	begin((struct stay_client_options){ 0 });
	call_each("a");
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 1));
	sim_peer_freeze(rig.peer, true);
	call("p", 0, 0);
	line_run(&rig, 1);
	answer("!no\n");
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "a E_SERVER/refused !no;p OK/sent;");
}

/* Of another session, it has left nothing behind. */
TEST(promise_4_what_an_earlier_session_sent_overtakes_nobody)
{
	begin((struct stay_client_options){ 0 });
	call("a", STAY_READ_ONLY, 1);
	call("p", 0, 0);
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	line_told(&rig);
	LINE_HEARS(&rig, "!no\n", "down E_NOT_READY;");
}

/* It takes bytes of the queue, and none of the flight. */
TEST(promise_7_what_is_set_aside_is_counted_in_bytes)
{
	begin((struct stay_client_options){ .inflight_bytes_max = 5 });
	call("aa", 0, 1);
	call_each("b");
	answer("!no\n");
	call("c", 0, 1);
	ck_assert_uint_eq(line_counts(&rig).queued_bytes, 3 + 2);
	ck_assert_uint_eq(line_counts(&rig).in_flight_bytes, 2);
	EXPECT_OK(stay_client_cancel(rig.client, rig.calls[0].id));
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "aa;b;c;");
	ck_assert_uint_eq(line_counts(&rig).queued_bytes, 0);
	ck_assert_uint_eq(line_counts(&rig).in_flight_bytes, 4);
}

TEST_SUITE_WITH(client_refused, .after = line_after)
