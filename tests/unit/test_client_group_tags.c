/*
 * Groups whose requests are prepared: each has a tag of its own, all of them or none;
 * their answers come in any order, and what becomes of one of them becomes of it alone.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/group_rig.h"
#include "support/line_tagged.h"
#include "support/scarce.h"

static struct line_tagging tagging;

static void
begin_with(struct line_tagging how, const struct stay_client_options *options)
{
	group_told = 0;
	tagging = how;
	line_begin_as(&groups, line_tagged_protocol(), &tagging, options);
}

static void
begin(struct line_tagging how)
{
	begin_with(how, NULL);
}

static const char *
answer(const char *text)
{
	return line_hear(&groups, text);
}

static const char *
sent(void)
{
	line_run(&groups, 1);
	return line_got(&groups);
}

static void
call(const char *name)
{
	line_call(&groups, name, TAGGED("call@000"));
}

/* ---- answers ---- */

TEST(client_group_tags_are_answered_in_any_order)
{
	begin((struct line_tagging){ .tells = true });
	call("x");
	group_send("TTT", "a@000,b@000,c@000");
	call("y");
	ck_assert_str_eq(sent(), "call@001;a@002;b@003;c@004;call@005;");
	ck_assert_uint_eq(counts_of(groups.client).in_flight, 5);
	LINE_HEARS(&groups, "+@4 c\n-@2 a\n", "");
	LINE_HEARS(
	    &groups, "+@5 y\n", "over 5 of 0 replied;y OK/replied +@5 y;");
	LINE_HEARS(&groups, "+@3 b\n",
	    "over 2 of 97 replied;over 3 of 98 replied;over 4 of 99 replied;"
	    "g E_SERVER/replied: E_SERVER/replied -@2 a OK/replied +@3 b "
	    "OK/replied +@4 c;");
	answer("+@1\n");
}

/* One is answered in two, one not at all, and parts come between. */
TEST(client_group_tags_count_the_answers_of_each)
{
	begin((struct line_tagging){ 0 });
	group_send("PQT", "a@000,b@000,c@000");
	ck_assert_str_eq(sent(), "a@001;b@002;c@003;");
	LINE_HEARS(
	    &groups, "+@1 1\n*@3 half\n", "g part +@1 1;g part *@3 half;");
	LINE_HEARS(&groups, "+@3\n", "");
	LINE_HEARS(&groups, "+@1 2\n",
	    "g OK/replied: OK/replied +@1 2 OK/sent OK/replied +@3;");
}

TEST(client_group_tags_all_refused)
{
	begin((struct line_tagging){ 0 });
	group_send("TT", "a@000,b@000");
	sent();
	LINE_HEARS(&groups, "!@2 b\n!@1 a\n",
	    "g E_SERVER/refused: E_SERVER/refused !@1 a E_SERVER/refused !@2 "
	    "b;");
}

/* A request has its answer: no other one may name its tag. */
TEST(client_group_tags_answered_twice_end_the_session)
{
	begin((struct line_tagging){ 0 });
	group_send("TT", "a@000,b@000");
	sent();
	LINE_HEARS(&groups, "+@2\n+@2\n",
	    "down E_UNASKED;g E_LOST/maybe executed: E_LOST/maybe executed "
	    "OK/replied +@2;");
}

/* What decode is told of a tag is the word of its request. */
static const uint64_t *
word_of(uint64_t tag)
{
	return stay_session_tagged(stay_client_session(groups.client), tag);
}

TEST(client_group_tags_name_their_requests)
{
	begin((struct line_tagging){ 0 });
	group_send("TT", "a@000,b@000");
	sent();
	ck_assert_uint_eq(*word_of(1), 'a');
	ck_assert_uint_eq(*word_of(2), 'b');
	answer("+@1\n");
	ck_assert_ptr_null(word_of(1));
	answer("+@2\n");
}

/* Also without a tag each of them is prepared, and is over by itself. */
TEST(client_group_tags_are_not_needed_to_be_prepared)
{
	begin((struct line_tagging){ .tells = true });
	group_send("wtw", "a,b,c");
	ck_assert_str_eq(sent(), "a;b;c;");
	LINE_HEARS(&groups, "+1\n+2\n",
	    "over 97 of 97 replied;over 98 of 98 sent;over 99 of 99 replied;"
	    "g OK/replied: OK/replied +1 OK/sent OK/replied +2;");
}

/* ---- all tags or none ---- */

/* Whatever there is no memory for: what was prepared is over, or taken back. */
TEST(client_group_tags_without_memory_are_not_given)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		const char *told;

		begin((struct line_tagging){ .tells = true });
		scarce_arm(nth);
		(void)group_try("TT", "a@000,b@000", 0);
		line_run(&groups, 1);
		failed = scarce_disarm();
		told = line_told(&groups);
		if (strstr(told, "E_NOMEM") != NULL)
			EXPECT_IN(told, "over - of 97 not sent;over - of 98 ");
		line_end(&groups);
	}
	ck_assert_uint_eq(group_told, 1);
}

static bool
can_take_tag(uint64_t tag)
{
	struct stay_session *session = stay_client_session(groups.client);

	EXPECT_OK(stay_buf_puts(stay_session_control(session), "control\n"));
	return stay_session_expect_tagged(session, 1, tag) == STAY_OK;
}

/* It waits whole: nothing of it has left, and others may have its tags. */
TEST(client_group_tags_wait_for_enough_of_them)
{
	begin((struct line_tagging){ .max = 3, .tells = true });
	call("x");
	group_send("TTT", "a@000,b@000,c@000");
	call("y");
	ck_assert_str_eq(sent(), "call@001;");
	ck_assert_str_eq(line_told(&groups), "back 2 of 97;back 3 of 98;");
	ck_assert(can_take_tag(2));
	ck_assert_str_eq(sent(), "control;");
	LINE_HEARS(&groups, "+@1\n",
	    "over 1 of 0 replied;x OK/replied +@1;back 1 of 97;back 3 of 98;");
	ck_assert_str_eq(line_got(&groups), "");
	answer("+@2\n");
	ck_assert_str_eq(sent(), "a@001;b@002;c@003;");
	ck_assert_uint_eq(counts_of(groups.client).queued, 1);
	answer("+@1\n+@2\n+@3\n");
	sent();
	answer("+@2\n");
}

/* There are not so many of them: to wait would be in vain. */
TEST(client_group_tags_that_never_suffice)
{
	begin((struct line_tagging){ .max = 2, .tells = true });
	group_send("TTT", "a@000,b@000,c@000");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(line_told(&groups),
	    "back 1 of 97;back 2 of 98;over - of 97 not sent;over - of 98 not "
	    "sent;over - of 99 not sent;g E_TOO_BIG/not sent: E_TOO_BIG/not "
	    "sent E_TOO_BIG/not sent E_TOO_BIG/not sent;");
	call("x");
	ck_assert_str_eq(sent(), "call@001;");
	answer("+@1\n");
}

/* That they did not for another group says nothing of this one. */
TEST(client_group_tags_that_suffice_later)
{
	begin((struct line_tagging){ .max = 2 });
	group_send("TTT", "a@000,b@000,c@000");
	line_run(&groups, 1);
	call("x");
	sent();
	line_told(&groups);
	group_send("TT", "a@000,b@000");
	ck_assert_str_eq(sent(), "");
	answer("+@1\n");
	ck_assert_str_eq(sent(), "a@001;b@002;");
	answer("+@1\n+@2\n");
	ck_assert_uint_eq(group_told, 2);
	line_end(&groups);
}

TEST(client_group_tags_of_which_there_is_one)
{
	begin((struct line_tagging){ .max = 1 });
	group_send("TT", "a@000,b@000");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(line_told(&groups),
	    "g E_TOO_BIG/not sent: E_TOO_BIG/not sent E_TOO_BIG/not sent;");
}

/* What was let go of would never be free in this session, but is in the next. */
TEST(client_group_tags_let_go_of_are_had_from_another_session)
{
	begin((struct line_tagging){ .max = 2 });
	call("x");
	sent();
	EXPECT_OK(stay_session_let_go(stay_client_session(groups.client), 1));
	line_run(&groups, 1);
	line_told(&groups);
	group_send("TT", "a@000,b@000");
	LINE_TELLS(&groups, 1, "down E_NOT_READY;");
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|a@001;b@002;");
	answer("+@1\n+@2\n");
}

static unsigned asked;

static void
fail_at_the_third(struct stay_session *session)
{
	(void)session;
	tagging.says = ++asked == 3 ? STAY_E_FORMAT : STAY_OK;
}

TEST(client_group_tags_fail_together)
{
	asked = 0;
	begin((struct line_tagging){
	    .tells = true, .preparing = fail_at_the_third });
	group_send("TTT", "a@000,b@000,c@000");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(line_told(&groups),
	    "back 1 of 97;back 2 of 98;over - of 97 not sent;over - of 98 not "
	    "sent;over - of 99 not sent;g E_FORMAT/not sent: E_FORMAT/not sent "
	    "E_FORMAT/not sent E_FORMAT/not sent;");
}

/* The second request is given the tag of the first. */
TEST(client_group_tags_given_twice)
{
	begin((struct line_tagging){ .tells = true, .fixed = 7 });
	group_send("TT", "a@000,b@000");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(line_told(&groups),
	    "back 7 of 97;over - of 97 not sent;over - of 98 not sent;"
	    "g E_ARG/not sent: E_ARG/not sent E_ARG/not sent;");
}

static void
cancel_it(struct stay_session *session)
{
	(void)session;
	if (++asked == 2)
		EXPECT_OK(stay_client_cancel(groups.client, group_id));
}

/* A slot does what it must not. */
TEST(client_group_tags_cancelled_in_prepare)
{
	asked = 0;
	begin((struct line_tagging){ .tells = true, .preparing = cancel_it });
	group_send("TTT", "a@000,b@000,c@000");
	ck_assert_str_eq(sent(), "");
	ck_assert_str_eq(line_told(&groups),
	    "back 1 of 97;over - of 97 not sent;over - of 98 not sent;over - "
	    "of 99 not sent;g E_CANCELLED/not sent: E_CANCELLED/not sent "
	    "E_CANCELLED/not sent E_CANCELLED/not sent;");
}

/* ---- given up ---- */

static const struct {
	void (*give_up)(void);
	const char *told;
} ways[] = {
	{ group_cancel,
	    "given up 1;given up 3;over 2 of 98 replied;g E_CANCELLED/maybe "
	    "executed: E_CANCELLED/maybe executed OK/replied +@2 "
	    "E_CANCELLED/maybe executed;" },
	{ group_time_out,
	    "given up 1;given up 3;over 2 of 98 replied;g E_TIMEOUT/maybe "
	    "executed: E_TIMEOUT/maybe executed OK/replied +@2 "
	    "E_TIMEOUT/maybe executed;" },
};

/* Each tag is free at the late answer to its own request. */
TEST_ROWS(client_group_tags_given_up_are_free_at_late_answers, LEN(ways))
{
	begin_with((struct line_tagging){ .max = 3, .tells = true },
	    OPTIONS(.tombstone_age_ms = 60000));
	group_send("TTT", "a@000,b@000,c@000");
	sent();
	LINE_HEARS(&groups, "+@2\n", "");
	ways[_i].give_up();
	ck_assert_str_eq(line_told(&groups), ways[_i].told);
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 3);
	call("x");
	call("y");
	ck_assert_str_eq(sent(), "call@002;");
	LINE_HEARS(&groups, "+@3 late\n",
	    "orphan +@3 late;over 3 of 99 maybe executed;");
	ck_assert_str_eq(sent(), "call@003;");
	LINE_HEARS(&groups, "+@1 late\n",
	    "orphan +@1 late;over 1 of 97 maybe executed;");
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
	answer("+@2\n+@3\n");
}

/* The late answer is there before anybody is told. */
static void
cancel_the_group(struct line_call *mine)
{
	(void)mine;
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
}

TEST(client_group_tags_answered_before_it_is_told)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TT", "a@000,b@000");
	line_call(&groups, "x", TAGGED("call@000"))->then = cancel_the_group;
	sent();
	LINE_HEARS(&groups, "+@3\n+@2 late\n",
	    "over 3 of 0 replied;x OK/replied +@3;orphan +@2 late;given up 1;"
	    "over 2 of 98 maybe executed;g E_CANCELLED/maybe executed: "
	    "E_CANCELLED/maybe executed E_CANCELLED/maybe executed;");
	LINE_HEARS(&groups, "+@1 late\n",
	    "orphan +@1 late;over 1 of 97 maybe executed;");
}

/* The stream has not taken it, and it was prepared all the same. */
TEST(client_group_tags_cancelled_behind_a_full_stream)
{
	begin((struct line_tagging){ .tells = true });
	sim_peer_limits(groups.peer, LIMITS(.send_buffer = 1));
	sim_peer_freeze(groups.peer, true);
	call("x");
	line_run(&groups, 1);
	group_send("TT", "a@000,b@000");
	line_run(&groups, 1);
	group_cancel();
	EXPECT_IN(line_told(&groups), "E_CANCELLED/not "
				      "sent;");
	sim_peer_reset(groups.peer);
	line_run(&groups, 10);
}

/* In order, and prepared: the same of what is next. */
TEST(client_group_tags_given_up_in_order)
{
	begin((struct line_tagging){ .tells = true });
	group_send("www", "a,b,c");
	sent();
	answer("+1\n");
	group_cancel();
	ck_assert_str_eq(line_told(&groups),
	    "given up 98;given up 99;over 97 of 97 replied;g E_CANCELLED/maybe "
	    "executed: OK/replied +1 E_CANCELLED/maybe executed "
	    "E_CANCELLED/maybe executed;");
	LINE_HEARS(&groups, "+2\n+3\n",
	    "orphan +2;over 98 of 98 maybe executed;orphan +3;over 99 of 99 "
	    "maybe executed;");
}

/* ---- let go of ---- */

static void
let_go(uint64_t tag)
{
	EXPECT_OK(stay_session_let_go(stay_client_session(groups.client), tag));
}

TEST(client_group_tags_let_go_of_when_given_up)
{
	begin((struct line_tagging){ .tells = true, .lets_go = true });
	group_send("TTT", "a@000,b@000,c@000");
	sent();
	answer("+@2\n");
	group_cancel();
	ck_assert_str_eq(line_told(&groups),
	    "given up 1;given up 3;over - of 97 maybe executed;over 2 of 98 "
	    "replied;over - of 99 maybe executed;g E_CANCELLED/maybe executed: "
	    "E_CANCELLED/maybe executed OK/replied +@2 E_CANCELLED/maybe "
	    "executed;");
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
	LINE_HEARS(&groups, "+@3 late\n", "orphan +@3 late;");
}

/* The others are awaited still; of a request that was let go of nothing is. */
TEST(client_group_tags_let_go_of_one)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TTT", "a@000,b@000,c@000");
	sent();
	let_go(2);
	ck_assert_int_eq(
	    stay_session_let_go(stay_client_session(groups.client), 2),
	    STAY_E_STALE);
	LINE_HEARS(&groups, "+@2 late\n+@1\n", "orphan +@2 late;");
	LINE_HEARS(&groups, "+@3\n",
	    "over 1 of 97 replied;over - of 98 sent;over 3 of 99 replied;"
	    "g OK/replied: OK/replied +@1 OK/sent OK/replied +@3;");
	call("x");
	ck_assert_str_eq(sent(), "call@004;");
	answer("+@4\n");
}

/* The group may be lost all the same, and sent again. */
TEST_ROWS(client_group_tags_let_go_of_one_and_lost, 2)
{
	begin((struct line_tagging){ .tells = true });
	group_send(_i == 0 ? "TT" : "RR", "a@000,b@000");
	sent();
	let_go(1);
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	if (_i == 0) {
		EXPECT_IN(line_told(&groups),
		    "over - of 97 sent;over - of 98 maybe executed;g "
		    "E_LOST/maybe executed: OK/sent E_LOST/maybe executed;");
	} else {
		ck_assert_str_eq(line_got(&groups), "|a!003;b!004;");
		line_told(&groups);
		LINE_HEARS(&groups, "+@4\n+@3\n",
		    "over 3 of 97 replied;over 4 of 98 replied;g OK/replied: "
		    "OK/replied +@3 OK/replied +@4;");
	}
}

static void
let_go_of_two(struct line_call *mine)
{
	(void)mine;
	let_go(2);
}

/* An answer comes to it, and tells first what it overtakes: that lets go of it. */
TEST_ROWS(client_group_tags_let_go_of_by_who_is_overtaken, 2)
{
	begin_with((struct line_tagging){ .tells = true },
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&groups, "x", TAGGED_WITH("x@000", STAY_IDEMPOTENT))->then =
	    let_go_of_two;
	group_send(_i == 0 ? "TT" : "T", _i == 0 ? "a@000,b@000" : "a@000");
	sent();
	LINE_HEARS(&groups, "!@1\n", "");
	LINE_HEARS(&groups, "+@2 late\n",
	    _i == 0 ? "over 1 of 0 refused;x E_SERVER/refused !@1;"
		      "orphan +@2 late;"
		    : "over 1 of 0 refused;x E_SERVER/refused !@1;over - of 97 "
		      "sent;g OK/replied: OK/sent;orphan +@2 late;");
	if (_i == 0)
		LINE_HEARS(&groups, "+@3\n",
		    "over - of 97 sent;over 3 of 98 replied;g OK/replied: "
		    "OK/sent OK/replied +@3;");
}

TEST(client_group_tags_let_go_of_the_last)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TT", "a@000,b@000");
	sent();
	answer("-@2\n");
	let_go(1);
	ck_assert_str_eq(line_told(&groups), "");
	LINE_TELLS(&groups, 1,
	    "over - of 97 sent;over 2 of 98 replied;g E_SERVER/replied: "
	    "OK/sent E_SERVER/replied -@2;");
}

/* Of a tombstone, in the end all of it. */
TEST(client_group_tags_let_go_of_a_tombstone)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TTT", "a@000,b@000,c@000");
	sent();
	group_cancel();
	line_told(&groups);
	let_go(2);
	LINE_HEARS(&groups, "+@1 late\n",
	    "orphan +@1 late;over 1 of 97 maybe executed;");
	let_go(3);
	ck_assert_str_eq(line_told(&groups), "");
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
	LINE_TELLS(&groups, 1,
	    "over - of 98 maybe executed;over - of 99 maybe executed;");
}

/* Of two late answers the last one is the end of a request; and the server has acted
 * on it, so that what was sent before is not sent again. */
TEST(promise_4_a_group_with_tags_answered_late_overtakes)
{
	begin((struct line_tagging){ .tells = true });
	line_call(&groups, "x", TAGGED_WITH("x@000", STAY_IDEMPOTENT));
	group_send("PT", "a@000,b@000");
	sent();
	group_cancel();
	line_told(&groups);
	LINE_HEARS(&groups, "+@2 1\n", "orphan +@2 1;");
	LINE_HEARS(
	    &groups, "+@2 2\n", "orphan +@2 2;over 2 of 97 maybe executed;");
	answer("+@3\n");
	line_told(&groups);
	sim_peer_reset(groups.peer);
	LINE_TELLS(&groups, 1,
	    "down E_RESET;over - of 0 maybe executed;x E_LOST/maybe executed;");
}

/* The late answer of each lets go of it. */
TEST(client_group_tags_let_go_of_by_late_answers)
{
	begin((struct line_tagging){ .tells = true, .lets_go_late = true });
	group_send("TT", "a@000,b@000");
	sent();
	group_cancel();
	line_told(&groups);
	LINE_HEARS(&groups, "+@1 late\n", "orphan +@1 late;");
	LINE_HEARS(&groups, "+@2 late\n",
	    "orphan +@2 late;over - of 97 maybe executed;over - of 98 maybe "
	    "executed;");
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
}

/* The server may have acted on it: what was sent before is not sent again behind it,
 * whoever let go of it last, and when. */
TEST_ROWS(promise_4_a_group_with_tags_let_go_of_overtakes, 3)
{
	begin((struct line_tagging){ .lets_go = _i == 0 });
	line_call(&groups, "x", TAGGED_WITH("x@000", STAY_IDEMPOTENT));
	group_send("TT", "a@000,b@000");
	sent();
	if (_i == 2)
		answer("+@2\n");
	group_cancel();
	if (_i != 0)
		let_go(3);
	if (_i == 1)
		let_go(2);
	line_run(&groups, 1);
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|");
}

static void
let_go_of_three(struct line_call *mine)
{
	(void)mine;
	let_go(3);
}

/* The same before `done` has run. */
TEST(promise_4_a_group_with_tags_let_go_of_before_it_is_told_overtakes)
{
	struct line_call *y;

	begin((struct line_tagging){ 0 });
	line_call(&groups, "x", TAGGED_WITH("x@000", STAY_IDEMPOTENT));
	y = line_call(&groups, "y", TAGGED_WITH("y@000", STAY_READ_ONLY));
	group_send("T", "a@000");
	sent();
	y->then = let_go_of_three;
	EXPECT_OK(stay_client_cancel(groups.client, y->id));
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
	line_run(&groups, 1);
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 1);
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|");
}

/* ---- the end of a session ---- */

TEST(client_group_tags_lost)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TTT", "a@000,b@000,c@000");
	sent();
	answer("+@3\n");
	sim_peer_reset(groups.peer);
	LINE_TELLS(&groups, 1,
	    "down E_RESET;over - of 97 maybe executed;over - of 98 maybe "
	    "executed;over - of 99 replied;g E_LOST/maybe executed: "
	    "E_LOST/maybe executed E_LOST/maybe executed OK/replied +@3;");
}

/* As a tombstone, too: what is not over yet is so now. */
TEST(client_group_tags_lost_behind_their_end)
{
	begin((struct line_tagging){ .tells = true });
	group_send("TT", "a@000,b@000");
	sent();
	group_cancel();
	answer("+@1\n");
	sim_peer_reset(groups.peer);
	LINE_TELLS(&groups, 1, "down E_RESET;over - of 98 maybe executed;");
}

/* All of it, with tags of the new session, which others may have had. */
TEST(promise_3_a_group_with_tags_is_sent_again_as_a_whole)
{
	begin((struct line_tagging){ .tells = true });
	call("x");
	group_send("RR", "a@000,b@000");
	ck_assert_str_eq(sent(), "call@001;a@002;b@003;");
	answer("+@3 old\n+@1\n");
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|a!004;b!005;");
	line_told(&groups);
	LINE_HEARS(&groups, "+@5 new\n+@4\n",
	    "over 4 of 97 replied;over 5 of 98 replied;g OK/replied: "
	    "OK/replied +@4 OK/replied +@5 new;");
}

/* Of a request with two answers both come anew. */
TEST(client_group_tags_sent_again_count_anew)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_READ_ONLY };

	begin((struct line_tagging){ 0 });
	EXPECT_OK(stay_group_send(
	    group_make("PR", "a@000,b@000"), &options, group_done, group_name));
	sent();
	answer("+@1 old\n");
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|a!003;b!004;");
	line_told(&groups);
	LINE_HEARS(&groups, "+@3 1\n+@4\n", "");
	LINE_HEARS(&groups, "+@3 2\n",
	    "g OK/replied: OK/replied +@3 2 OK/replied +@4;");
}

/* Without `done` it is called as its first request. */
TEST(client_group_tags_lost_and_untold)
{
	begin((struct line_tagging){ 0 });
	EXPECT_OK(
	    stay_group_send(group_make("TT", "a@000,b@000"), NULL, NULL, NULL));
	sent();
	answer("+@2\n");
	sim_peer_reset(groups.peer);
	line_run(&groups, 1);
	ck_assert_int_eq(strncmp(groups.lost, "call\\x0997: ", 12), 0);
	line_end(&groups);
}

/* A part of it has left: it has a tag again in the next session, and leaves whole. */
TEST(promise_3_a_group_with_tags_that_was_cut_is_not_sent)
{
	begin((struct line_tagging){ .tells = true });
	sim_peer_limits(groups.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(groups.peer, true);
	group_send("TT", "a@000,b@000");
	line_run(&groups, 1);
	line_got(&groups);
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|a!003;b!004;");
	line_told(&groups);
	answer("+@3\n+@4\n");
}

/* ---- which ---- */

TEST(client_group_tags_for_all_requests_or_none)
{
	begin((struct line_tagging){ 0 });
	ck_assert_int_eq(group_try("Tw", "a@000,b", 0), STAY_E_ARG);
	ck_assert_int_eq(group_try("wT", "a,b@000", 0), STAY_E_ARG);
	ck_assert_int_eq(
	    group_try("TT", "a@000,b@000", STAY_MAY_GO_UNANSWERED), STAY_E_ARG);
	line_end(&groups);
}

TEST(client_group_tags_need_prepare)
{
	group_begin();
	ck_assert_int_eq(group_try("TT", "a@000,b@000", 0), STAY_E_ARG);
	line_end(&groups);
}

TEST_SUITE_WITH(client_group_tags, .after = group_end)
