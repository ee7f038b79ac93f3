/*
 * Answers by tag: in any order, beside answers in order; tags that are taken, free,
 * let go of and used up; and what a lost session makes of calls out of order.
 */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"
#include "support/line_tagged.h"
#include "support/scarce.h"

static struct line_rig rig;
static struct line_tagging tagging;

static void
begin_with(const struct stay_protocol *protocol, struct line_tagging how,
    const struct stay_client_options *options)
{
	tagging = how;
	line_begin_as(&rig, protocol, &tagging, options);
}

static void
begin(struct line_tagging how, const struct stay_client_options *options)
{
	begin_with(line_tagged_protocol(), how, options);
}

/* The server says so of its own accord. */
static const char *
answer(const char *text)
{
	return line_hear(&rig, text);
}

static const char *
sent(void)
{
	line_run(&rig, 1);
	return line_got(&rig);
}

static void
call(const char *name)
{
	line_call(&rig, name, TAGGED("get @000"));
}

static void
call_with(const char *name, uint32_t flags)
{
	line_call(&rig, name, TAGGED_WITH("get @000", flags));
}

TEST(client_tags_are_answered_in_any_order)
{
	begin((struct line_tagging){ .tells = true }, NULL);
	call("a");
	line_call(&rig, "b", TAGGED_WITH("get @000", 0));
	call("c");
	ck_assert_str_eq(sent(), "get @001;get @002;get @003;");
	LINE_HEARS(&rig, "+@2 x\n-@3 y\n!@1 z\n",
	    "over 2 of 0 replied;b OK/replied +@2 x;"
	    "over 3 of 0 replied;c E_SERVER/replied -@3 y;"
	    "over 1 of 0 refused;a E_SERVER/refused !@1 z;");
}

TEST(client_tags_stand_beside_answers_in_order)
{
	begin((struct line_tagging){ 0 }, NULL);
	call("a");
	line_call(&rig, "o", LINE("plain"));
	call("b");
	line_call(&rig, "p", LINE("plain"));
	ck_assert_str_eq(sent(), "get @001;plain;get @002;plain;");
	LINE_HEARS(&rig, "+o\n+@2\n", "o OK/replied +o;b OK/replied +@2;");
	LINE_HEARS(&rig, "*@1 1\n+p\n+@1 2\n",
	    "a part OK *@1 1;p OK/replied +p;a OK/replied +@1 2;");
	LINE_HEARS(
	    &rig, "+q\n", "down E_UNASKED;"); /* nothing in order is due */
}

/* No call has it, a queued one has none yet, and an answered one no more. */
TEST(client_tags_unknown_end_the_session)
{
	static const char *const said[] = { "+@9 x\n", "+@2 x\n", "*@7 x\n",
		"+@1\n+@1\n" };

	for (size_t i = 0; i < 4; i++) {
		begin((struct line_tagging){ 0 },
		    OPTIONS(.inflight_calls_max = 1));
		call("a");
		call("b");
		ck_assert_str_eq(sent(), "get @001;");
		EXPECT_IN(answer(said[i]), "down E_UNASKED");
		line_end(&rig);
	}
	begin((struct line_tagging){ .skips = true }, NULL);
	call("a");
	sent();
	LINE_HEARS(&rig, "+@9 x\n+@1\n+@1\n", "a OK/replied +@1;");
}

/* The tag of a call that was given up is taken until its late answer. */
TEST(client_tags_are_free_at_the_late_answer)
{
	begin((struct line_tagging){ .max = 2, .tells = true }, NULL);
	line_call_with(&rig, "a", TAGGED("get @000"), WITHIN(100));
	call("b");
	call("c");
	ck_assert_str_eq(sent(), "get @001;get @002;");
	LINE_TELLS(&rig, 100, "given up 1;a E_TIMEOUT/maybe executed;");
	ck_assert_str_eq(sent(), "");
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	LINE_HEARS(
	    &rig, "+@1 late\n", "orphan +@1 late;over 1 of 0 maybe executed;");
	ck_assert_str_eq(sent(), "get @001;");
	LINE_HEARS(&rig, "+@1\n+@2\n",
	    "over 1 of 0 replied;c OK/replied +@1;"
	    "over 2 of 0 replied;b OK/replied +@2;");
}

/* What waits first can be given up, and what is behind it goes on. */
TEST(client_tags_let_the_queue_wait_and_go_on)
{
	struct line_call *b;

	begin((struct line_tagging){ .max = 1 }, NULL);
	call("a");
	b = line_call(&rig, "b", TAGGED("get @000"));
	line_call(&rig, "o", LINE("plain"));
	ck_assert_str_eq(sent(), "get @001;");
	EXPECT_OK(stay_client_cancel(rig.client, b->id));
	ck_assert_str_eq(sent(), "plain;");
	ck_assert_str_eq(line_told(&rig), "b E_CANCELLED/not sent;");
}

TEST(client_tags_prepare_fails_one_call_alone)
{
	begin((struct line_tagging){ .tells = true }, NULL);
	tagging.says = STAY_E_FORMAT;
	call("a");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(
	    line_told(&rig), "over - of 0 not sent;a E_FORMAT/not sent;");
	tagging.says = STAY_OK;
	tagging.fixed = 7;
	call("b");
	call("c");
	call("d");
	ck_assert_str_eq(sent(), "get @007;");
	ck_assert_str_eq(line_told(&rig),
	    "over - of 0 not sent;c E_ARG/not sent;"
	    "over - of 0 not sent;d E_ARG/not sent;");
	LINE_HEARS(&rig, "+@7\n", "over 7 of 0 replied;b OK/replied +@7;");
}

/* Sent again it has another tag; and b, which was acted on, overtakes a and not c. */
TEST(promise_3_4_tags_out_of_order_are_judged_in_order)
{
	begin((struct line_tagging){ .tells = true }, NULL);
	call_with("a", STAY_IDEMPOTENT);
	call_with("b", STAY_IDEMPOTENT);
	call_with("r", STAY_READ_ONLY);
	call_with("c", STAY_IDEMPOTENT);
	call_with("s", STAY_READ_ONLY);
	sent();
	answer("+@2\n+@5\n");
	sim_peer_print(rig.peer, "nonsense\n");
	line_run(&rig, 1);
	ck_assert_str_eq(line_told(&rig),
	    "down E_PROTOCOL;over - of 0 maybe executed;"
	    "a E_LOST/maybe executed;");
	line_got(&rig);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !006;get !007;");
	line_told(&rig);
	LINE_HEARS(&rig, "+@7\n+@6\n",
	    "over 7 of 0 replied;c OK/replied +@7;"
	    "over 6 of 0 replied;r OK/replied +@6;");
}

/* a, refused, was sent in front of b, which waits, and behind c. */
TEST(promise_4_tags_refused_go_back_in_order)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "c", TAGGED("get @000 c"));
	line_call(&rig, "a", TAGGED("get @000 a"));
	line_call(&rig, "b", TAGGED("get @000 b"));
	sent();
	LINE_HEARS(
	    &rig, "!@3\n+@1\n!@2\n", "c OK/replied +@1;down E_NOT_READY;");
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !004 a;");
	line_told(&rig);
	answer("+@4\n");
	ck_assert_str_eq(sent(), "get !005 b;");
	LINE_HEARS(&rig, "+@5\n", "b OK/replied +@5;");
}

/* What is sent again though it was not refused keeps its place in front. */
TEST(promise_4_tags_lost_and_refused_go_back_in_order)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", TAGGED_WITH("get @000 a", STAY_READ_ONLY));
	line_call(&rig, "b", TAGGED("get @000 b"));
	line_call(&rig, "c", TAGGED_WITH("get @000 c", STAY_READ_ONLY));
	sent();
	LINE_HEARS(&rig, "!@2\n", "");
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !004 a;");
	answer("+@4\n");
	ck_assert_str_eq(sent(), "get !005 b;get !006 c;");
	answer("+@5\n+@6\n");
}

/* Nobody waits for what is to be answered behind one that may never be. */
TEST_ROWS(promise_4_tags_refused_beside_what_is_not_awaited, 2)
{
	static const uint32_t flags[] = { STAY_BLOCKS, STAY_MAY_GO_UNANSWERED };

	begin((struct line_tagging){ 0 },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	call_with("b", flags[_i]);
	call("a");
	sent();
	LINE_HEARS(&rig, "!@2\n", "a E_SERVER/refused !@2;");
	answer("+@1\n");
	/* which is over */
	call("c");
	sent();
	LINE_HEARS(&rig, "!@3\n", "down E_NOT_READY;");
}

/* Sent to two servers, a and b and c; the first may have acted on all of them. */
static void
begin_second_session(enum stay_on_refused on_refused)
{
	begin((struct line_tagging){ 0 }, OPTIONS(.on_refused = on_refused));
	call("first"); /* which is to blame */
	call_with("a", STAY_IDEMPOTENT);
	call_with("b", STAY_IDEMPOTENT);
	call_with("c", STAY_IDEMPOTENT);
	sent();
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !005;get !006;get !007;");
	line_told(&rig);
}

/* b is refused by the second server, and may have been done by the first: a behind it
 * would undo that. So it is when b was to be sent again, until c was acted on. */
TEST_ROWS(promise_4_tags_refused_by_one_of_two_overtake, 2)
{
	static const struct {
		enum stay_on_refused on_refused;
		const char *at_once, *at_the_end;
	} rows[] = {
		{ STAY_REFUSED_TELL, "b E_SERVER/maybe executed !@6;", "" },
		{ STAY_REFUSED_RESEND, "", "b E_SERVER/maybe executed !@6;" },
	};
	char told[128];

	begin_second_session(rows[_i].on_refused);
	LINE_HEARS(&rig, "!@6\n", rows[_i].at_once);
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	snprintf(told, sizeof(told),
	    "down E_RESET;%sa E_LOST/maybe executed;hello -;up;",
	    rows[_i].at_the_end);
	ck_assert_str_eq(line_told(&rig), told);
	ck_assert_str_eq(line_got(&rig), "|get !008;");
}

/* What is in flight before it has not overtaken it: both go again, in order. */
TEST(promise_4_tags_refused_behind_one_in_flight_goes_again)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", TAGGED_WITH("get @000 a", STAY_IDEMPOTENT));
	line_call(&rig, "b", TAGGED("get @000 b"));
	sent();
	LINE_HEARS(&rig, "!@2\n", "");
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !003 a;");
	ck_assert_str_eq(line_told(&rig), "down E_RESET;hello -;up;");
	answer("+@3\n");
	ck_assert_str_eq(sent(), "get !004 b;");
	answer("+@4\n");
}

/* Behind one that was refused another was acted on. */
TEST(promise_4_tags_refused_and_overtaken_are_told)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	call("a");
	call("b");
	call("c");
	sent();
	LINE_HEARS(&rig, "!@1\n+@3\n!@2\n",
	    "a E_SERVER/refused !@1;c OK/replied +@3;b E_SERVER/refused !@2;");
}

/* ---- without an answer ---- */

TEST(client_tags_may_go_unanswered)
{
	begin((struct line_tagging){ .max = 2, .tells = true },
	    OPTIONS(.tombstone_age_ms = 50, .silence_ms = 500));
	line_call_with(&rig, "a",
	    TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED), WITHIN(2000));
	sent();
	LINE_TELLS(&rig, 2100,
	    "given up 1;over - of 0 maybe executed;"
	    "a E_TIMEOUT/maybe executed;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
	call("b");
	call("c");
	ck_assert_str_eq(sent(), "get @002;"); /* 1 is not given again */
	LINE_HEARS(&rig, "+@1 late\n", "orphan +@1 late;");
	LINE_HEARS(&rig, "+@2\n", "over 2 of 0 replied;b OK/replied +@2;");
	ck_assert_str_eq(sent(), "get @002;");
	answer("+@2\n");
}

/* Not a byte is read or written after it, and none of its bytes are kept. */
TEST(client_tags_let_go_of_leave_no_bytes)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.probe_ms = STAY_FOREVER, .silence_ms = 5000));
	line_call_with(&rig, "a",
	    TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED | STAY_READ_ONLY),
	    WITHIN(100));
	sent();
	LINE_TELLS(&rig, 110, "given up 1;a E_TIMEOUT/maybe executed;");
	ck_assert_uint_ne(inside_buffers(rig.client) & INSIDE_REQUESTS, 0);
	line_run(&rig, 2500);
	ck_assert_uint_eq(inside_buffers(rig.client), 0);
}

TEST(client_tags_are_let_go_of_by_the_protocol)
{
	struct stay_session *session;

	begin(
	    (struct line_tagging){
		.tells = true, .lets_go = true, .gives_up = "cancel" },
	    OPTIONS(.tombstone_age_ms = 50));
	line_call_with(&rig, "a", TAGGED("get @000"), WITHIN(100));
	call("b");
	sent();
	LINE_TELLS(&rig, 1000,
	    "given up 1;over - of 0 maybe executed;"
	    "a E_TIMEOUT/maybe executed;");
	ck_assert_str_eq(sent(), "cancel 1;");
	session = stay_client_session(rig.client);
	EXPECT_OK(stay_session_let_go(session, 2));
	ck_assert_int_eq(stay_session_let_go(session, 2), STAY_E_STALE);
	LINE_TELLS(&rig, 1, "over - of 0 sent;b OK/sent;");
	tagging.lets_go = false;
	line_call_with(&rig, "c", TAGGED("get @000"), WITHIN(10));
	LINE_TELLS(&rig, 20, "given up 3;c E_TIMEOUT/maybe executed;");
	EXPECT_OK(stay_session_let_go(session, 3));
	LINE_TELLS(&rig, 1000, "over - of 0 maybe executed;");
	LINE_HEARS(&rig, "+@3\n", "orphan +@3;");
}

/* No call in flight will free a tag: only another session has some. */
TEST(client_tags_that_are_all_let_go_of_end_the_session)
{
	begin((struct line_tagging){ .max = 2 }, NULL);
	line_call_with(&rig, "a",
	    TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED), WITHIN(100));
	line_call_with(&rig, "b",
	    TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED), WITHIN(100));
	sent();
	line_run(&rig, 200);
	line_told(&rig);
	call("c");
	LINE_TELLS(&rig, 300, "down E_NOT_READY;hello -;up;");
	ck_assert_str_eq(sent(), "|get @001;");
	answer("+@1\n");
}

static struct line_call *to_cancel;

static void
cancel_it(void)
{
	struct line_call *call = to_cancel;

	to_cancel = NULL;
	if (call != NULL)
		EXPECT_OK(stay_client_cancel(rig.client, call->id));
}

/* Of a tombstone that ends with its session is told when all is decided: whoever
 * hears of it may cancel what was to be sent again. */
TEST(client_tags_cancel_as_a_session_ends)
{
	begin((struct line_tagging){ .tells = true, .over = cancel_it }, NULL);
	to_cancel = line_call_with(
	    &rig, "b", TAGGED_WITH("get @000", STAY_IDEMPOTENT), WITHIN(1000));
	line_call_with(
	    &rig, "a", TAGGED_WITH("get @000", STAY_READ_ONLY), WITHIN(10));
	sent();
	LINE_TELLS(&rig, 20, "given up 2;a E_TIMEOUT/maybe executed;");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;over - of 0 maybe executed;"
	    "over - of 0 maybe executed;b E_CANCELLED/maybe executed;");
}

/* ---- several steps, several calls, the control lane ---- */

static void
cancel_as_it_ends(struct stay_session *session)
{
	(void)session;
	cancel_it();
}

/* Its session has ended before it is told: there is nobody to be told to stop. */
TEST(client_tags_given_up_as_a_session_ends)
{
	begin((struct line_tagging){ .tells = true }, NULL);
	rig.config.on_down = cancel_as_it_ends;
	to_cancel = line_call(
	    &rig, "a", TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED));
	sent();
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;over - of 0 maybe executed;"
	    "a E_CANCELLED/maybe executed;");
}

TEST(client_tags_in_one_frame_are_answered_one_by_one)
{
	begin((struct line_tagging){ 0 }, OPTIONS(.turn_calls_max = 2));
	call("a");
	call("b");
	call("c");
	call("d");
	sent();
	LINE_HEARS(&rig, "+@3\n+@1-4\n",
	    "c OK/replied +@3;a OK/replied +@1-4;b OK/replied +@1-4;"
	    "d OK/replied +@1-4;");
}

/* A push that names its call is a step: the call is not sent again. */
TEST(client_tags_of_a_push_are_a_step)
{
	begin((struct line_tagging){ 0 }, NULL);
	call_with("a", STAY_IDEMPOTENT);
	call_with("b", STAY_READ_ONLY);
	sent();
	LINE_HEARS(
	    &rig, ">@1 rec\n>@9 stray\n", "push >@1 rec;push >@9 stray;");
	sim_peer_print(rig.peer, "nonsense\n");
	line_run(&rig, 200);
	ck_assert_str_eq(line_told(&rig),
	    "down E_PROTOCOL;a E_LOST/maybe executed;hello -;up;");
	ck_assert_str_eq(sent(), "|get !003;");
	answer("+@3\n");
}

static void
say_tagged(
    const char *text, unsigned replies, uint64_t tag, enum stay_status status)
{
	struct stay_session *session = stay_client_session(rig.client);

	(void)stay_buf_puts(stay_session_control(session), text);
	ck_assert_int_eq(
	    stay_session_expect_tagged(session, replies, tag), status);
}

TEST(client_tags_of_the_control_lane)
{
	struct stay_session *session;

	begin((struct line_tagging){ 0 }, NULL);
	session = stay_client_session(rig.client);
	ck_assert_int_eq(stay_session_awaits(session), STAY_AWAITS_NOTHING);
	say_tagged("sub 5\n", 2, 5, STAY_OK);
	say_tagged("sub 5\n", 1, 5, STAY_E_ARG);
	say_tagged("sub 6\n", 0, 6, STAY_E_ARG);
	ck_assert_int_eq(stay_session_awaits(session), STAY_AWAITS_NOTHING);
	(void)stay_buf_puts(stay_session_control(session), "plain\n");
	EXPECT_OK(stay_session_expect(session, 1));
	ck_assert_int_eq(stay_session_awaits(session), STAY_AWAITS_CONTROL);
	line_call(&rig, "o", LINE("call"));
	ck_assert_str_eq(sent(), "sub 5;plain;call;");
	LINE_HEARS(&rig, "+@5 1\n+plain\n", "control +@5 1;control +plain;");
	ck_assert_int_eq(stay_session_awaits(session), STAY_AWAITS_CALL);
	ck_assert_ptr_nonnull(stay_session_tagged(session, 5));
	LINE_HEARS(&rig, "+@5 2\n+o\n", "control +@5 2;o OK/replied +o;");
	ck_assert_ptr_null(stay_session_tagged(session, 5));
}

/* It is no call, so that nothing of it is told. */
TEST(client_tags_of_the_control_lane_are_let_go_of)
{
	struct stay_session *session;

	begin((struct line_tagging){ .tells = true }, NULL);
	session = stay_client_session(rig.client);
	say_tagged("sub 5\n", 2, 5, STAY_OK);
	ck_assert_str_eq(sent(), "sub 5;");
	LINE_HEARS(&rig, "+@5 1\n", "control +@5 1;");
	EXPECT_OK(stay_session_let_go(session, 5));
	ck_assert_int_eq(stay_session_let_go(session, 5), STAY_E_STALE);
	LINE_TELLS(&rig, 10, "");
	say_tagged("sub 5\n", 1, 5, STAY_E_ARG);
	LINE_HEARS(&rig, "+@5 2\n", "orphan +@5 2;");
}

static void
say_before(struct stay_session *session)
{
	(void)stay_buf_puts(stay_session_control(session), "before\n");
	EXPECT_OK(stay_session_expect(session, 1));
}

/* What is said while several are prepared leaves before all of them, and so its
 * answers come before theirs. */
TEST(client_tags_are_given_before_a_write)
{
	begin((struct line_tagging){ .preparing = say_before }, NULL);
	call("a");
	line_call(&rig, "o", LINE("plain"));
	call("b");
	ck_assert_str_eq(
	    sent(), "before;before;before;get @001;plain;get @002;");
	LINE_HEARS(&rig, "+1\n+2\n+3\n+@2\n+4\n+@1\n",
	    "control +1;control +2;control +3;b OK/replied +@2;"
	    "o OK/replied +4;a OK/replied +@1;");
}

static void
say_half(void)
{
	(void)stay_buf_puts(
	    stay_session_control(stay_client_session(rig.client)), "half ");
}

/* A front that gives up in the middle of a message leaves nothing to what a slot says
 * next. */
TEST(client_tags_leave_half_a_message_behind)
{
	struct line_call *a;

	begin((struct line_tagging){ .preparing = say_before,
		  .gives_up = "leave" },
	    NULL);
	say_half();
	a = line_call(&rig, "a", TAGGED("get @000"));
	ck_assert_str_eq(sent(), "before;get @001;");
	say_half();
	EXPECT_OK(stay_client_cancel(rig.client, a->id));
	ck_assert_str_eq(sent(), "leave 1;");
	answer("+1\n+@1\n");
}

/* ---- silence ---- */

/* Silent for as long as all that is awaited may block; and no longer, if another
 * call is. */
TEST(promise_8_tags_a_silent_server_is_found)
{
	const struct stay_client_options *options =
	    OPTIONS(.silence_ms = 500, .block_margin_ms = 100,
		.call_timeout_ms = 60000, .tombstone_age_ms = 60000);

	begin((struct line_tagging){ 0 }, options);
	line_call(&rig, "a",
	    LINE_WITH("get @000", .flags = STAY_BY_TAG | STAY_BLOCKS,
		.blocks_ms = 3000));
	call_with("b", STAY_MAY_GO_UNANSWERED);
	LINE_TELLS(&rig, 2900, "");
	line_call(&rig, "c", TAGGED("get @000"));
	line_run(&rig, 510);
	EXPECT_IN(line_told(&rig), "down E_SILENT");
}

static void
block(const char *name, uint64_t ms)
{
	line_call_with(&rig, name,
	    LINE_WITH("get @000", .flags = STAY_BY_TAG | STAY_BLOCKS,
		.blocks_ms = ms),
	    WITHIN(60000));
}

/* With what is awaited its time is over. */
TEST(promise_8_tags_silence_is_measured_by_what_is_awaited)
{
	const struct stay_client_options *options =
	    OPTIONS(.silence_ms = 500, .block_margin_ms = 100,
		.call_timeout_ms = 60000, .tombstone_age_ms = 60000);

	begin((struct line_tagging){ 0 }, options);
	block("a", 3000);
	LINE_TELLS(&rig, 2000, "");
	LINE_HEARS(&rig, "+@1\n", "a OK/replied +@1;");
	LINE_TELLS(&rig, 2000, "");
	block("a", 1000);
	LINE_TELLS(&rig, 1090, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;a E_LOST/maybe executed;");
	line_run(&rig, 1000);
	line_told(&rig);
	call("b");
	LINE_TELLS(&rig, 490, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;b E_SILENT/maybe executed;");
}

/* While nothing is awaited but what has yet to leave. */
TEST(promise_8_tags_half_a_note_awaits_nothing)
{
	begin((struct line_tagging){ 0 }, NULL);
	call("a");
	sent();
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 5));
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "n", LINE_NOTE("a note of some length"));
	line_run(&rig, 1);
	LINE_HEARS(&rig, "+@1\n", "a OK/replied +@1;");
	LINE_HEARS(&rig, "+1\n", "down E_UNASKED;");
}

/* Beside one that blocks another is awaited as ever. */
TEST(promise_8_tags_that_do_not_block_are_awaited)
{
	begin((struct line_tagging){ 0 },
	    OPTIONS(.silence_ms = 500, .call_timeout_ms = 60000));
	line_call(&rig, "a",
	    LINE_WITH("get @000", .flags = STAY_BY_TAG | STAY_BLOCKS,
		.blocks_ms = 3000));
	call("b");
	LINE_TELLS(&rig, 490, "");
	line_run(&rig, 20);
	EXPECT_IN(line_told(&rig), "down E_SILENT");
}

/* ---- bounds ---- */

/* A slow call that may be sent again does not keep what others were sent. */
TEST(promise_7_tags_a_slow_one_does_not_pin_the_others)
{
	char text[64];

	begin((struct line_tagging){ 0 },
	    OPTIONS(.inflight_bytes_max = 20000, .call_timeout_ms = 60000));
	line_call(&rig, "slow", TAGGED_WITH("get @000 slow", STAY_IDEMPOTENT));
	call_with("slow2", STAY_READ_ONLY);
	for (unsigned i = 3; i < 500; i++) {
		line_call(&rig, "x",
		    TAGGED_WITH("get @000 --------------------------------"
				"--------------------------------------------",
			STAY_READ_ONLY));
		line_run(&rig, 1);
		snprintf(text, sizeof(text), "+@%u\n", i);
		answer(text);
		line_got(&rig);
	}
	ck_assert_uint_eq(line_counts(&rig).replied, 497);
	ck_assert_uint_lt(inside_request_len(rig.client), 10000);
	sim_peer_print(rig.peer, "nonsense\n");
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !500 slow;"); /* a suspect */
	line_told(&rig);
	LINE_HEARS(&rig, "+@500\n", "slow OK/replied +@500;");
	ck_assert_str_eq(sent(), "get !501;");
	answer("+@501\n");
}

/* In a session that has ended no answer is due. */
TEST(client_tags_need_a_session)
{
	struct stay_session *session;

	begin((struct line_tagging){ 0 }, NULL);
	session = stay_client_session(rig.client);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	ck_assert_int_eq(
	    stay_session_expect_tagged(session, 1, 1), STAY_E_STATE);
	line_told(&rig);
}

TEST(client_tags_are_of_no_other_protocol)
{
	struct stay_session *session;

	begin_with(&line_protocol, (struct line_tagging){ 0 }, NULL);
	session = stay_client_session(rig.client);
	ck_assert_uint_eq(stay_session_free_tag(session, 9), 0);
	ck_assert_uint_eq(stay_session_sent_ms(session), STAY_FOREVER);
}

TEST(client_tags_need_prepare)
{
	begin_with(line_heard_protocol(),
	    (struct line_tagging){ .tells = true, .gives_up = "cancel" }, NULL);
	ck_assert_int_eq(line_try(&rig, "a", TAGGED("x @000")), STAY_E_ARG);
	ck_assert_int_eq(line_try(&rig, "a",
			     LINE_WITH("x", .flags = STAY_MAY_GO_UNANSWERED)),
	    STAY_E_ARG);
	say_tagged("x", 1, 1, STAY_E_UNSUPPORTED);
	/* But any protocol may hear of the end of a call. */
	line_call_with(&rig, "a", LINE_WITH("x", .tag = 4), WITHIN(50));
	line_call(&rig, "b", LINE_WITH("y", .tag = 5));
	LINE_TELLS(&rig, 60, "given up 4;a E_TIMEOUT/maybe executed;");
	ck_assert_str_eq(sent(), "x;y;cancel 4;");
	LINE_HEARS(&rig, "+x\n+y\n",
	    "orphan +x;over 4 of 4 maybe executed;"
	    "over 5 of 5 replied;b OK/replied +y;");
	line_call(&rig, "c", LINE_WITH("z", .tag = 6));
	sent();
	LINE_HEARS(&rig, "+z\n+z\n",
	    "over 6 of 6 replied;c OK/replied +z;down E_UNASKED;");
}

/* One in flight at a time, by the protocol's own count; no tag becomes free. */
static bool busy;

static void
take_one(struct stay_session *session)
{
	(void)session;
	tagging.says = busy ? STAY_E_FULL : STAY_OK;
	busy = true;
}

static void
give_one(void)
{
	busy = false;
}

TEST(client_tags_prepare_is_asked_again_when_a_call_is_over)
{
	busy = false;
	begin((struct line_tagging){ .preparing = take_one, .over = give_one },
	    NULL);
	for (int i = 0; i < 3; i++)
		line_call(&rig, "a", LINE_NOTE("x"));
	ck_assert_str_eq(sent(), "x;x;x;");
	ck_assert_str_eq(line_told(&rig), "a OK/sent;a OK/sent;a OK/sent;");
}

static void
let_go_on(struct stay_session *session)
{
	(void)session;
	tagging.says = STAY_OK;
}

static void
let_go_on_behind(struct stay_session *session, const char *text)
{
	(void)text;
	let_go_on(session);
}

TEST(client_tags_prepare_is_asked_again_behind_a_frame)
{
	begin((struct line_tagging){ .says = STAY_E_FULL }, NULL);
	rig.config.on_push = let_go_on_behind;
	call("a");
	ck_assert_str_eq(sent(), "");
	answer(">room\n");
	ck_assert_str_eq(sent(), "get @001;");
}

TEST(client_tags_prepare_is_asked_again_behind_a_tick)
{
	begin((struct line_tagging){ .says = STAY_E_FULL }, NULL);
	rig.config.on_tick = let_go_on;
	call("a");
	ck_assert_str_eq(sent(), "");
	EXPECT_OK(stay_session_tick_after(stay_client_session(rig.client), 1));
	line_run(&rig, 2);
	ck_assert_str_eq(sent(), "get @001;");
}

static unsigned prepared;

static void
count_prepared(struct stay_session *session)
{
	(void)session;
	prepared++;
}

/* Whatever there is no memory for: who was prepared in vain hears of the session. */
TEST(client_tags_without_memory_are_not_prepared)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		begin((struct line_tagging){ .tells = true,
			  .preparing = count_prepared },
		    NULL);
		prepared = 0;
		scarce_arm(nth);
		(void)line_try(&rig, "a", TAGGED("get @000"));
		line_run(&rig, 1);
		failed = scarce_disarm();
		if (strstr(line_told(&rig), "over - of 0") != NULL)
			ck_assert_uint_eq(prepared, 0);
		line_end(&rig);
	}
	ck_assert_uint_eq(prepared, 1);
}

/* Who has to wait for a place is given no tag; and the others leave in one write. */
TEST_ROWS(client_tags_are_given_to_who_is_written, 2)
{
	uint64_t writes;

	begin((struct line_tagging){ .preparing = count_prepared },
	    _i == 0 ? OPTIONS(.inflight_bytes_max = 20)
		    : OPTIONS(.inflight_calls_max = 2));
	prepared = 0;
	writes = sim_calls(rig.world, SIM_WRITE);
	call("a");
	call("b");
	call("c");
	ck_assert_str_eq(sent(), "get @001;get @002;");
	ck_assert_uint_eq(prepared, 2);
	ck_assert_uint_eq(sim_calls(rig.world, SIM_WRITE) - writes, 1);
	answer("+@1\n+@2\n");
	answer("+@3\n");
}

/* Nor is who would leave in a later write. */
TEST(client_tags_are_not_given_before_their_turn)
{
	static char text[100000] = "get @000";

	begin((struct line_tagging){ .preparing = count_prepared },
	    OPTIONS(.inflight_bytes_max = 1 << 20));
	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	prepared = 0;
	rig.server.log = NULL;
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 100));
	sim_peer_freeze(rig.peer, true);
	for (int i = 0; i < 5; i++)
		line_call(&rig, "a", TAGGED(text));
	line_run(&rig, 1);
	ck_assert_uint_eq(prepared, 3);
}

TEST_SUITE_WITH(client_tags, .after = line_after)
