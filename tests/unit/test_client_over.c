/*
 * The end of a call by tag, where several things meet: it is given up, let go of,
 * answered late and lost, in whatever order; and it is over once all the same.
 */
#include "suites.h"
#include "support/line_rig.h"
#include "support/line_tagged.h"

static struct line_rig rig;
static struct line_tagging tagging;

static void
begin(const struct stay_client_options *options)
{
	tagging = (struct line_tagging){ .tells = true };
	line_begin_as(&rig, line_tagged_protocol(), &tagging, options);
}

static const char *
answer(const char *text)
{
	return line_hear(&rig, text);
}

static struct line_call *
call(const char *name)
{
	struct line_call *mine = line_call(&rig, name, TAGGED("get @000"));

	line_run(&rig, 1);
	return mine;
}

static void
cancel_the_first(struct line_call *mine)
{
	(void)mine;
	EXPECT_OK(stay_client_cancel(rig.client, rig.calls[0].id));
}

static void
let_go_of_the_first(struct line_call *mine)
{
	(void)mine;
	EXPECT_OK(stay_session_let_go(stay_client_session(rig.client), 1));
}

static void
let_go_of_the_third(struct line_call *mine)
{
	(void)mine;
	EXPECT_OK(stay_session_let_go(stay_client_session(rig.client), 3));
}

/* ---- given up, and answered at once ---- */

/* Nobody was told yet: it is over in its turn, and the server need not leave it. */
TEST(client_over_once_if_the_answer_comes_before_it_is_told)
{
	begin(NULL);
	call("a");
	call("b")->then = cancel_the_first;
	LINE_HEARS(&rig, "+@2\n+@1 late\n",
	    "over 2 of 0 replied;b OK/replied +@2;orphan +@1 late;"
	    "over 1 of 0 maybe executed;a E_CANCELLED/maybe executed;");
	call("c");
	ck_assert_str_eq(line_got(&rig), "get @001;get @002;get @003;");
}

/* ---- let go of ---- */

/* No slot runs inside of it. */
TEST(promise_5_client_over_is_not_told_inside_of_let_go)
{
	begin(NULL);
	line_call_with(&rig, "a", TAGGED("get @000"), WITHIN(100));
	LINE_TELLS(&rig, 110, "given up 1;a E_TIMEOUT/maybe executed;");
	let_go_of_the_first(NULL);
	ck_assert_str_eq(line_told(&rig), "");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
	LINE_HEARS(
	    &rig, "+@1 late\n", "over - of 0 maybe executed;orphan +@1 late;");
}

TEST(client_over_comes_behind_a_done_that_lets_go)
{
	begin(NULL);
	line_call_with(&rig, "a", TAGGED("get @000"), WITHIN(100))->then =
	    let_go_of_the_first;
	LINE_TELLS(&rig, 110,
	    "given up 1;a E_TIMEOUT/maybe executed;"
	    "over - of 0 maybe executed;");
	LINE_HEARS(&rig, "+@1 late\n", "orphan +@1 late;");
}

/* The reply is there already, behind the frame in whose callback it was let go of. */
TEST(client_over_let_go_of_and_answered_in_one_turn)
{
	begin(NULL);
	call("a");
	call("b")->then = let_go_of_the_first;
	LINE_HEARS(&rig, "+@2\n+@1 late\n",
	    "over 2 of 0 replied;b OK/replied +@2;orphan +@1 late;"
	    "over - of 0 sent;a OK/sent;");
}

/* What its answer overtakes is told first, and lets go of it. */
TEST(client_over_let_go_of_by_who_is_overtaken)
{
	begin(OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	call("a");
	line_call(&rig, "b", TAGGED_WITH("get @000", STAY_IDEMPOTENT))->then =
	    let_go_of_the_third;
	line_run(&rig, 1);
	call("c");
	LINE_HEARS(&rig, "!@2\n+@3 late\n",
	    "over 2 of 0 refused;b E_SERVER/refused !@2;over - of 0 sent;"
	    "c OK/sent;orphan +@3 late;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
	answer("+@1\n");
}

static void
submit_one(struct line_call *mine)
{
	(void)mine;
	line_call(&rig, "e", TAGGED("get @000"));
}

static void
let_go_and_cancel(struct line_call *mine)
{
	let_go_of_the_third(mine);
	cancel_the_first(mine);
}

/* The same of a part; and the record of the call is already that of another one. */
TEST(client_over_let_go_of_by_who_is_overtaken_by_a_part)
{
	begin(OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	call("a")->then = submit_one;
	line_call(&rig, "b", TAGGED_WITH("get @000", STAY_IDEMPOTENT))->then =
	    let_go_and_cancel;
	line_run(&rig, 1);
	call("c");
	LINE_HEARS(&rig, "!@2\n*@3 late\n",
	    "over 2 of 0 refused;b E_SERVER/refused !@2;over - of 0 sent;"
	    "c OK/sent;given up 1;a E_CANCELLED/maybe executed;"
	    "orphan *@3 late;");
	answer("+@1\n+@4\n");
}

/* Late pieces are handed out, and the answer alone is counted. */
TEST(client_over_counts_late_answers_without_their_pieces)
{
	begin(NULL);
	call("a");
	let_go_of_the_first(NULL);
	LINE_HEARS(&rig, "*@1 1\n*@1 2\n+@1 3\n",
	    "over - of 0 sent;a OK/sent;"
	    "orphan *@1 1;orphan *@1 2;orphan +@1 3;");
	ck_assert_uint_eq(line_counts(&rig).orphans, 1);
}

/* ---- and lost ---- */

/* The server may have acted on what was let go of: a is not sent again behind it. */
TEST(promise_4_client_over_what_was_let_go_of_overtakes)
{
	begin(NULL);
	line_call(&rig, "a", TAGGED_WITH("get @000", STAY_IDEMPOTENT));
	line_call_with(&rig, "b", TAGGED("get @000"), WITHIN(100));
	line_call(&rig, "c", TAGGED_WITH("get @000", STAY_IDEMPOTENT));
	line_run(&rig, 110);
	EXPECT_OK(stay_session_let_go(stay_client_session(rig.client), 2));
	line_run(&rig, 1);
	line_told(&rig);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;over - of 0 maybe executed;a E_LOST/maybe executed;");
	line_got(&rig);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !004;"); /* that is c */
	answer("+@4\n");
}

/* b was refused before the older a was answered: a's bytes are needed still. */
TEST(promise_13_client_over_refused_keeps_what_is_older)
{
	begin(OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", TAGGED_WITH("get @000 a", STAY_IDEMPOTENT));
	line_call(&rig, "b", TAGGED_WITH("get @000 b", STAY_IDEMPOTENT));
	line_run(&rig, 1);
	LINE_HEARS(&rig, "!@2\n", "");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1, "down E_RESET;");
	line_got(&rig);
	line_run(&rig, 200);
	ck_assert_str_eq(line_got(&rig), "|get !003 a;");
	line_told(&rig);
	answer("+@3\n");
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "get !004 b;");
}

/* One frame for several calls: of those, the protocol names who still waits. */
TEST(promise_2_client_over_let_go_of_and_passed_over)
{
	struct stay_session *session;

	begin(NULL);
	call("a");
	call("b");
	call("c");
	session = stay_client_session(rig.client);
	ck_assert_int_eq(stay_session_awaits_tag(session, 1), STAY_AWAITS_CALL);
	let_go_of_the_first(NULL);
	ck_assert_int_eq(
	    stay_session_awaits_tag(session, 1), STAY_AWAITS_NOTHING);
	ck_assert_ptr_nonnull(stay_session_tagged(session, 1));
	LINE_HEARS(&rig, "+@1-3\n",
	    "over - of 0 sent;a OK/sent;"
	    "over 2 of 0 replied;b OK/replied +@1-3;"
	    "over 3 of 0 replied;c OK/replied +@1-3;");
	ck_assert_int_eq(
	    stay_session_awaits_tag(session, 2), STAY_AWAITS_NOTHING);
	(void)stay_buf_puts(stay_session_control(session), "ping\n");
	EXPECT_OK(stay_session_expect_tagged(session, 1, 9));
	ck_assert_int_eq(
	    stay_session_awaits_tag(session, 9), STAY_AWAITS_CONTROL);
	answer("+@9\n");
}

/* A frame of no length for it would come for ever. */
TEST(client_over_let_go_of_and_answered_by_nothing)
{
	begin(NULL);
	call("a");
	let_go_of_the_first(NULL);
	line_run(&rig, 1);
	line_told(&rig);
	LINE_HEARS(&rig, "0@1\n", "down E_UNASKED;");
}

TEST(promise_4_client_over_what_was_answered_late_overtakes)
{
	begin(NULL);
	line_call(&rig, "a", TAGGED_WITH("get @000", STAY_IDEMPOTENT));
	call("b");
	stay_client_cancel(rig.client, rig.calls[1].id);
	line_run(&rig, 1);
	answer("+@2 late\n");
	line_told(&rig);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;over - of 0 maybe executed;a E_LOST/maybe executed;");
}

/* The late answer itself lets go of it, and so of its second one. */
TEST(client_over_let_go_of_by_a_late_answer)
{
	const struct line_request two = {
		.text = "get @000", .flags = STAY_BY_TAG, .replies = 2
	};

	begin(NULL);
	tagging.lets_go_late = true;
	line_call(&rig, "a", &two);
	line_run(&rig, 1);
	stay_client_cancel(rig.client, rig.calls[0].id);
	LINE_TELLS(&rig, 1, "given up 1;a E_CANCELLED/maybe executed;");
	LINE_HEARS(
	    &rig, "+@1 late\n", "orphan +@1 late;over - of 0 maybe executed;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
}

TEST_SUITE_WITH(client_over, .after = line_after)
