/*
 * Groups that come to no good end: cut, lost, sent again, given up; and what nobody
 * waits for.
 */
#include <stdio.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/group_rig.h"

/* ---- the end of a session ---- */

/* A session ends with so many bytes of "ab\ncd\n" on the wire. */
static const struct {
	size_t len;
	uint32_t flags;
	bool acts_on_parts;
	const char *said; /* by the server, before it ends */
	const char *outcome;
} cuts[] = {
	{ 1, 0, false, "", "not sent" },
	{ 2, 0, false, "", "not sent" },
	{ 3, 0, false, "", "maybe executed" },
	{ 5, 0, false, "", "maybe executed" },
	{ 6, 0, false, "", "maybe executed" },
	{ 1, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 3, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "", "not sent" },
	{ 6, STAY_GROUP_ATOMIC, false, "", "maybe executed" },
	/* an answer so early says that the server has acted... */
	{ 2, 0, false, "+1\n", "maybe executed" },
	/* ...unless it acts on all or nothing; not on an error, which is not of
	 * that kind */
	{ 5, STAY_GROUP_ATOMIC, false, "+1\n", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "!1\n", "not sent" },
	{ 5, STAY_GROUP_ATOMIC, false, "-1\n", "maybe executed" },
	{ 5, STAY_GROUP_ATOMIC, false, "*1\n", "maybe executed" },
	{ 1, 0, true, "", "maybe executed" },
	{ 1, STAY_GROUP_ATOMIC, true, "", "maybe executed" },
};

/* The server takes so many bytes more, and no further ones. */
static void
narrow(size_t len)
{
	const struct sim_limits limits = { .send_buffer = len };

	line_run(&groups, 1);
	sim_peer_limits(groups.peer, &limits);
	sim_peer_freeze(groups.peer, true);
}

TEST_ROWS(promise_3_a_group_cut_is_not_sent_only_if_nothing_can_act, LEN(cuts))
{
	char says[64];

	group_told = 0;
	line_prepare(&groups);
	line_start(&groups, NULL);
	line_run(&groups, 10);
	narrow(cuts[_i].len);
	EXPECT_OK(group_try(cuts[_i].acts_on_parts ? "wp" : "ww", "ab,cd",
	    cuts[_i].flags | STAY_THIS_SESSION));
	line_run(&groups, 1);
	sim_peer_print(groups.peer, cuts[_i].said);
	line_run(&groups, 1);
	line_told(&groups);
	sim_peer_reset(groups.peer);
	line_run(&groups, 10);
	snprintf(says, sizeof(says), "g E_LOST/%s:", cuts[_i].outcome);
	EXPECT_IN(groups.notes.text, says);
}

/* What was not sent is sent in the next session, from its first byte on. */
TEST(promise_3_a_group_that_is_not_sent_waits_for_the_next_session)
{
	group_begin();
	narrow(5);
	EXPECT_OK(group_try("ww", "say +1,say +2", STAY_GROUP_ATOMIC));
	line_run(&groups, 1);
	line_got(&groups);
	sim_peer_reset(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|say +1;say +2;");
	EXPECT_IN(
	    groups.notes.text, "g OK/replied: OK/replied +1 OK/replied +2;");
}

TEST(client_group_that_was_lost_has_the_answers_that_came)
{
	group_begin();
	group_send("www", "a,b,c");
	line_run(&groups, 1);
	group_say("+1\n-2\n");
	ck_assert_str_eq(line_told(&groups), "");
	sim_peer_close(groups.peer);
	LINE_TELLS(&groups, 10,
	    "down E_CLOSED;g E_LOST/maybe executed: OK/replied +1 "
	    "E_SERVER/replied -2 E_LOST/maybe executed;");
}

/* `kinds` is sent again after the first answer, or not. */
static const struct {
	const char *kinds;
	uint32_t flags;
	bool again;
} resends[] = {
	{ "rrr", 0, true },
	{ "rir", 0, true },
	{ "iii", 0, true },
	{ "rrw", 0, false },
	{ "wrr", 0, false },
	{ "www", STAY_IDEMPOTENT, true },
	{ "www", STAY_READ_ONLY, true },
	{ "rrs", 0, false },
};

TEST_ROWS(promise_3_a_group_is_sent_again_only_as_a_whole, LEN(resends))
{
	group_begin();
	EXPECT_OK(group_try(resends[_i].kinds, "a,b,c", resends[_i].flags));
	line_run(&groups, 1);
	group_say("+old\n");
	line_got(&groups);
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(
	    line_got(&groups), resends[_i].again ? "|a;b;c;" : "|");
	if (resends[_i].again) {
		line_told(&groups);
		ck_assert_uint_eq(counts_of(groups.client).in_flight, 3);
		group_say("+1\n+2\n+3\n");
		ck_assert_str_eq(line_told(&groups),
		    "g OK/replied: OK/replied +1 OK/replied +2 "
		    "OK/replied +3;");
	}
}

/* The first reply is for the first request, and whether all was refused is said by the
 * replies of this session alone. */
TEST(client_group_sent_again_is_answered_from_the_beginning)
{
	group_told = 0;
	line_prepare(&groups);
	groups.config.tells_oldest = true;
	line_start(&groups, NULL);
	line_run(&groups, 1);
	group_send("rr", "a,b");
	line_run(&groups, 1);
	group_say("+old\n");
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	line_told(&groups);
	group_say("!1\n!2\n");
	ck_assert_str_eq(line_told(&groups),
	    "oldest 97;oldest 98;g E_SERVER/maybe executed: "
	    "E_SERVER/maybe executed !1 E_SERVER/maybe executed !2;");
}

/* What the session before has answered is not what this one would have. */
TEST(client_group_sent_again_has_no_answers_of_before)
{
	group_begin();
	group_send("rr", "a,b");
	line_run(&groups, 1);
	group_say("-old\n");
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	line_told(&groups);
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
	line_run(&groups, 1);
	EXPECT_IN(groups.notes.text,
	    "g E_CANCELLED/maybe executed: E_CANCELLED/maybe executed "
	    "E_CANCELLED/maybe executed;");
}

/* Nor does what it kept of them count. */
TEST(client_group_sent_again_has_all_of_its_bytes)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.group_bytes_max = 250));
	group_send("rrr", "a,b,c");
	line_run(&groups, 1);
	group_say("+1\n+2\n");
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	line_told(&groups);
	group_say("+1\n+2\n+3\n");
	ck_assert_str_eq(line_told(&groups),
	    "g OK/replied: OK/replied +1 OK/replied +2 OK/replied +3;");
}

/* What the session before has done to it, nobody knows. */
TEST(promise_3_a_group_sent_again_and_refused_was_maybe_executed)
{
	group_begin();
	group_send("rr", "a,b");
	line_run(&groups, 1);
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	line_told(&groups);
	group_say("!1\n!2\n");
	ck_assert_str_eq(line_told(&groups),
	    "g E_SERVER/maybe executed: E_SERVER/maybe executed !1 "
	    "E_SERVER/maybe executed !2;");
}

/* What a caller has seen a piece of is not done anew. */
TEST_ROWS(client_group_with_a_piece_handed_out_is_not_sent_again, 2)
{
	group_begin();
	group_send(_i == 0 ? "rr" : "2r", "a,b");
	if (_i == 1) {
		line_run(&groups, 1);
		EXPECT_OK(stay_client_cancel(groups.client, group_id));
		line_run(&groups, 1);
		group_told = 0;
		group_say("+1\n+2\n+3\n");
		EXPECT_OK(group_try("2r", "a,b", STAY_READ_ONLY));
	}
	line_run(&groups, 1);
	group_say(_i == 0 ? "*piece\n" : "+first\n");
	line_got(&groups);
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|");
	EXPECT_IN(line_told(&groups), "g E_LOST/maybe executed:");
}

/* A write behind it was not sent again: it would be overtaken. */
TEST(promise_4_a_group_does_not_overtake)
{
	group_begin();
	group_send("ii", "a,b");
	line_call(&groups, "w", LINE("w"));
	line_run(&groups, 1);
	line_got(&groups);
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|");
}

/* Three calls' worth of the budget. */
TEST_ROWS(client_group_spends_the_budget_one_by_one, 2)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.resend_burst = 3, .resend_percent = 1));
	group_send("rrr", "a,b,c");
	if (_i == 1)
		line_call(
		    &groups, "r", LINE_WITH("r", .flags = STAY_READ_ONLY));
	line_run(&groups, 1);
	line_got(&groups);
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	/* the newest is paid for first, and the group not by half */
	ck_assert_str_eq(line_got(&groups), _i == 0 ? "|a;b;c;" : "|r;");
}

TEST(client_group_refused_is_not_kept_for_another_session)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	group_send("w", "say !1");
	LINE_TELLS(&groups, 10, "g E_SERVER/refused: E_SERVER/refused !1;");
	ck_assert_uint_eq(groups.server.accepted, 1);
}

/* ---- given up ---- */

static const struct {
	void (*give_up)(void);
	const char *status;
} ways[] = { { group_cancel, "E_CANCELLED" }, { group_time_out, "E_TIMEOUT" } };

TEST_ROWS(promise_2_a_group_given_up_is_a_tombstone, LEN(ways))
{
	char says[256];

	group_begin();
	group_send("www", "a,b,c");
	line_run(&groups, 1);
	group_say("+1\n");
	ways[_i].give_up();
	snprintf(says, sizeof(says),
	    "g %s/maybe executed: OK/replied +1 %s/maybe executed "
	    "%s/maybe executed;",
	    ways[_i].status, ways[_i].status, ways[_i].status);
	ck_assert_str_eq(line_told(&groups), says);
	line_call(&groups, "z", LINE("z"));
	line_run(&groups, 1);
	group_say("+2\n-3\n+z\n");
	ck_assert_str_eq(
	    line_told(&groups), "orphan +2;orphan -3;z OK/replied +z;");
	ck_assert_int_eq(
	    stay_client_cancel(groups.client, group_id), STAY_E_STALE);
}

TEST(client_group_given_up_in_the_queue_was_never_sent)
{
	group_told = 0;
	line_prepare(&groups);
	line_start(&groups, NULL);
	group_send("ww", "a,b");
	group_cancel();
	line_run(&groups, 10);
	EXPECT_IN(line_told(&groups),
	    "g E_CANCELLED/not sent: E_CANCELLED/not sent "
	    "E_CANCELLED/not sent;");
	ck_assert_str_eq(line_got(&groups), "");
}

/* Nobody waits, and the session ends: its record goes, too. */
TEST(client_group_given_up_ends_with_its_session)
{
	group_begin();
	group_send("www", "a,b,c");
	line_run(&groups, 1);
	group_cancel();
	sim_peer_close(groups.peer);
	line_run(&groups, 1000);
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
}

TEST(client_group_counts_against_tombstones_one_by_one)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.tombstones_max = 2));
	group_send("www", "a,b,c");
	line_run(&groups, 1);
	group_cancel();
	EXPECT_IN(line_told(&groups), "down E_SILENT;");
}

/* It alone blocks: the server keeps what it would have been given. */
TEST(client_group_that_blocks_ends_its_session)
{
	group_begin();
	group_send("wb", "a,b");
	line_run(&groups, 1);
	group_cancel();
	EXPECT_IN(line_told(&groups), "down E_RECONNECT;");
}

/* For ever, and a second more, is for ever. */
TEST(client_group_that_blocks_for_ever)
{
	struct stay_group *group;

	group_begin();
	group = group_make("b", "a");
	EXPECT_OK(stay_group_add(group, LINE_BLOCKS("b")));
	EXPECT_OK(stay_group_send(group, NULL, group_done, group_name));
	line_run(&groups, 100000);
	ck_assert_uint_eq(group_told, 0);
}

/* A second each, and one for the margin. */
TEST(client_group_that_blocks_has_the_time_of_all)
{
	group_begin();
	group_send("bwb", "a,b,c");
	line_run(&groups, 2999);
	ck_assert_uint_eq(group_told, 0);
	line_run(&groups, 2);
	ck_assert_uint_eq(group_told, 1);
}

/* Given up by who is handed a piece of it. */
static void
on_part_cancel(void *arg, const struct stay_result *result)
{
	group_part(arg, result);
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
}

TEST_ROWS(client_group_given_up_in_its_part, 2)
{
	static const char *const pieces[] = { "*piece\n", "+first\n" };
	struct stay_call_options options = { STAY_CALL_OPTIONS, .id = &group_id,
		.part = on_part_cancel };

	group_begin();
	EXPECT_OK(stay_group_send(
	    group_make("2w", "a,b"), &options, group_done, group_name));
	line_run(&groups, 1);
	group_say(pieces[_i]);
	EXPECT_IN(line_told(&groups), "g E_CANCELLED/maybe executed:");
	group_say(_i == 0 ? "+1\n+2\n+3\n" : "+2\n+3\n");
	ck_assert_uint_eq(counts_of(groups.client).tombstones, 0);
}

/* ---- without done, and in a turn ---- */

static const struct {
	const char *text, *group_told;
} untold[] = {
	{ "say +1,say +2", "" },
	{ "say +1,say -2", "lost E_SERVER;" },
	{ "say -1,say +2", "lost E_SERVER;" },
	{ "say +1,close", "down E_CLOSED;lost E_LOST;" },
};

/* And keeps nothing: there is room for no reply. */
TEST_ROWS(client_group_without_done_tells_the_observer, LEN(untold))
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.group_bytes_max = 1));
	EXPECT_OK(stay_group_send(
	    group_make("ww", untold[_i].text), NULL, NULL, NULL));
	LINE_TELLS(&groups, 10, untold[_i].group_told);
	line_end(&groups);
	ck_assert_uint_eq(group_told, 0);
}

TEST(client_group_takes_several_turns_if_it_must)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.turn_calls_max = 2));
	group_send("wwwww", "a,b,c,d,e");
	line_run(&groups, 1);
	sim_peer_print(groups.peer, "+1\n+2\n+3\n+4\n+5\n");
	line_run(&groups, 1);
	ck_assert_uint_eq(group_told, 1);
}

TEST(client_group_is_finished_by_a_drain)
{
	group_begin();
	group_send("ww", "a,b");
	stay_client_drain(groups.client, 1000);
	line_run(&groups, 1);
	group_say("+1\n+2\n");
	line_run(&groups, 10);
	EXPECT_IN(
	    groups.notes.text, "g OK/replied: OK/replied +1 OK/replied +2;");
}

TEST_SUITE_WITH(client_group_ends, .after = group_end)
