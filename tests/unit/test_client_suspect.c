/*
 * A call that brings its own session down: it is told why, what is behind it is
 * answered, and nobody is blamed for what he cannot have done.
 */
#include <stdio.h>

#include "suites.h"
#include "support/line_rig.h"

#define ROWS(table) (int)(LEN(table))

static struct line_rig rig;

static struct line_request
reading(const char *text)
{
	return (struct line_request){
		.text = text, .replies = 1, .flags = STAY_READ_ONLY
	};
}

static struct line_call *
read_it(const char *name, const char *text)
{
	struct line_request request = reading(text);

	return line_call(&rig, name, &request);
}

static void
begin(void)
{
	line_begin(&rig,
	    OPTIONS(.silence_ms = 500, .resends_max = 1, .reply_bytes_max = 8,
		.backoff = { .initial_ms = 10, .cap_ms = 10 }));
}

/* ---- it is plain what it did ---- */

static const struct {
	const char *text;
	const char *told;
} faults[] = {
	{ "say nonsense",
	    "down E_PROTOCOL;a E_PROTOCOL/maybe executed;hello -;up;"
	    "b OK/replied +1;" },
	{ "say 9", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;hello -;up;"
		   "b OK/replied +1;" },
	{ "say +3456789",
	    "down E_TOO_BIG;a E_TOO_BIG/maybe executed;hello -;up;"
	    "b OK/replied +1;" },
};

TEST_ROWS(client_suspect_is_told_what_it_did, ROWS(faults))
{
	char got[64];

	begin();
	read_it("a", faults[_i].text);
	read_it("b", "say +1");
	line_run(&rig, 100);
	ck_assert_str_eq(line_told(&rig), faults[_i].told);
	snprintf(got, sizeof(got), "%s;say +1;|say +1;", faults[_i].text);
	ck_assert_str_eq(line_got(&rig), got);
}

TEST(client_suspect_of_a_silence_is_not_asked_again)
{
	begin();
	read_it("a", "slow");
	read_it("b", "say +1");
	rig.server.ends->deaf = true;
	line_run(&rig, 400);
	line_got(&rig);
	rig.server.ends->deaf = false;
	LINE_TELLS(&rig, 200,
	    "down E_SILENT;a E_SILENT/maybe executed;hello -;up;"
	    "b OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "|say +1;");
}

/* Each takes a session along; who stands behind them all is answered. */
TEST(client_suspect_neighbours_do_not_pay)
{
	begin();
	for (int i = 0; i < 5; i++)
		read_it("a", "say nonsense");
	read_it("b", "say +1");
	line_run(&rig, 500);
	ck_assert_int_eq(rig.calls[5].result.outcome, STAY_REPLIED);
	ck_assert_uint_eq(line_counts(&rig).sessions, 6);
	line_told(&rig);
}

/* ---- the stream ended at it ---- */

TEST_ROWS(client_suspect_is_asked_once_more_and_alone, 2)
{
	begin();
	read_it("a", _i ? "close" : "reset");
	read_it("b", "quiet");
	line_run(&rig, 100);
	ck_assert_str_eq(line_got(&rig),
	    _i ? "close;quiet;|close;|quiet;" : "reset;quiet;|reset;|quiet;");
	ck_assert_uint_eq(rig.calls[0].told, 1);
	ck_assert_int_eq(rig.calls[0].result.status, STAY_E_LOST);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	EXPECT_OK(rig.calls[1].result.status);
	line_told(&rig);
}

static void
suspect_and_two(void)
{
	begin();
	read_it("a", "quiet");
	read_it("b", "2");
	read_it("c", "3");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 50);
	ck_assert_str_eq(line_got(&rig), "quiet;2;3;|quiet;");
	line_told(&rig);
}

TEST(client_suspect_is_waited_for)
{
	suspect_and_two();
	read_it("d", "4");
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "");
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10, "a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "2;3;4;");
}

/* Its answer is not waited for once nobody wants it. */
TEST(client_suspect_given_up_takes_the_session_along)
{
	suspect_and_two();
	stay_client_cancel(rig.client, rig.calls[0].id);
	LINE_TELLS(
	    &rig, 50, "a E_CANCELLED/maybe executed;down E_SILENT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "|2;3;");
}

TEST(client_suspect_given_up_unsent_lets_the_others_go)
{
	begin();
	read_it("a", "quiet");
	read_it("b", "2");
	read_it("c", "3");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	stay_client_cancel(rig.client, rig.calls[0].id);
	line_run(&rig, 50);
	ck_assert_str_eq(line_got(&rig), "quiet;2;3;|2;3;");
	line_told(&rig);
}

/* What it did was to be there; the next sessions ended as they were to. */
TEST(client_suspect_keeps_its_sendings_through_planned_ends)
{
	line_begin(&rig, OPTIONS(.leave_budget_ms = 5, .silence_ms = 5000,
			     .backoff = { .initial_ms = 10, .cap_ms = 10 }));
	read_it("a", "quiet");
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	for (int i = 0; i < 2; i++) {
		stay_client_reconnect(rig.client, STAY_E_RECONNECT);
		line_run(&rig, 500);
	}
	ck_assert_str_eq(line_got(&rig), "quiet;|quiet;|quiet;|quiet;");
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	EXPECT_OK(rig.calls[0].result.status);
	line_told(&rig);
}

/* Nothing has happened to it: whoever ends the session does so for a reason. */
TEST_ROWS(client_suspect_of_a_planned_end_is_nobody, 2)
{
	line_begin(&rig, OPTIONS(.leave_budget_ms = 5, .silence_ms = 5000));
	read_it("a", "a");
	read_it("b", "b");
	line_run(&rig, 10);
	if (_i == 0)
		stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	else
		EXPECT_OK(stay_session_end(stay_client_session(rig.client),
		    STAY_E_NOT_READY, NULL, 0));
	line_run(&rig, 500);
	ck_assert_str_eq(line_got(&rig), "a;b;|a;b;");
	line_told(&rig);
}

/* ---- half of it ---- */

/* No server has got all of it: all the same it is not for ever that sessions
 * end at it. */
TEST_ROWS(client_suspect_may_be_half_a_request, 2)
{
	static const struct peer_row stalling[] = {
		ON(PEER_ACCEPTS, PEER_STALLS), NO_MORE
	};
	const struct line_request request = { .text = "0123456789",
		.replies = (uint32_t)_i };

	line_prepare(&rig);
	rig.server.rows = stalling;
	sim_limits_set(rig.world, LIMITS(.send_buffer = 1));
	line_start(
	    &rig, OPTIONS(.backoff = { .initial_ms = 10, .cap_ms = 10 }));
	line_call(&rig, "a", &request);
	line_call(&rig, "b", LINE("say +1"));
	for (unsigned i = 1; i <= 2; i++) {
		line_run(&rig, 15);
		ck_assert_uint_eq(rig.calls[0].told, 0);
		ck_assert_uint_eq(rig.server.accepted, i);
		sim_peer_reset(rig.peer);
	}
	line_run(&rig, 15);
	ck_assert_int_eq(rig.calls[0].result.status, STAY_E_LOST);
	ck_assert_int_eq(rig.calls[0].result.outcome, STAY_NOT_SENT);
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 100);
	EXPECT_OK(rig.calls[1].result.status);
	line_told(&rig);
}

/* ---- nobody is to blame ---- */

static void
answer_of_control(void)
{
	rig.config.on_up = "up";
}

static void
nothing(void)
{
}

static void
submit_blocking(void)
{

	line_call(&rig, "x",
	    LINE_WITH("block", .flags = STAY_BLOCKS, .blocks_ms = 60000));
}

static void
submit_given_up(void)
{
	line_call(&rig, "x", LINE("gone"));
	line_run(&rig, 5);
	stay_client_cancel(rig.client, rig.calls[0].id);
}

/* What stands in front of "a" and "b" when the session ends. */
static const struct {
	void (*before)(void); /* the session */
	void (*first)(void);
	const char *got; /* of the session after */
} innocents[] = {
	{ answer_of_control, nothing, "|up;a;b;" },
	{ nothing, submit_blocking, "|a;b;" },
	{ nothing, submit_given_up, "|a;b;" },
};

TEST_ROWS(client_suspect_is_nobody, ROWS(innocents))
{
	line_prepare(&rig);
	innocents[_i].before();
	line_start(&rig, OPTIONS(.silence_ms = 5000,
			     .backoff = { .initial_ms = 10, .cap_ms = 10 }));
	line_run(&rig, 10);
	innocents[_i].first();
	read_it("a", "a");
	read_it("b", "b");
	line_run(&rig, 10);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 50);
	ck_assert_str_eq(line_got(&rig), innocents[_i].got);
	line_told(&rig);
}

/* A silence blames nobody then, either. */
TEST(client_suspect_of_a_silence_is_nobody_who_was_given_up)
{
	line_begin(&rig, OPTIONS(.silence_ms = 500,
			     .backoff = { .initial_ms = 10, .cap_ms = 10 }));
	submit_given_up();
	read_it("a", "a");
	LINE_TELLS(&rig, 600,
	    "x E_CANCELLED/maybe executed;down E_SILENT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "gone;a;|a;");
}

TEST_SUITE_WITH(client_suspect, .after = line_after)
