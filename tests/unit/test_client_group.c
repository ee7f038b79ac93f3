/*
 * Groups: several requests as one call. They leave as one, and complete as one, with
 * all their answers and within all bounds.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/group_rig.h"
#include "support/inside.h"
#include "support/line_tagged.h"
#include "support/scarce.h"

/* ---- answers ---- */

static const struct {
	const char *kinds, *text, *group_told;
} answers[] = {
	{ "www", "say +1,say +2,say +3",
	    "g OK/replied: OK/replied +1 OK/replied +2 OK/replied +3;" },
	{ "w", "say +1", "g OK/replied: OK/replied +1;" },
	/* the status is that of the first that is not good */
	{ "www", "say +1,say -2,say !3",
	    "g E_SERVER/replied: OK/replied +1 E_SERVER/replied -2 "
	    "E_SERVER/refused !3;" },
	{ "ww", "say !1,say +2",
	    "g E_SERVER/replied: E_SERVER/refused !1 OK/replied +2;" },
	{ "ww", "say +1,say !2",
	    "g E_SERVER/replied: OK/replied +1 E_SERVER/refused !2;" },
	/* refused is only what all of is refused */
	{ "ww", "say !1,say !2",
	    "g E_SERVER/refused: E_SERVER/refused !1 E_SERVER/refused !2;" },
	/* what comes between is for others, and pieces are for `part` */
	{ "ww", "say >push|*one|#skip|+1,say =2",
	    "push >push;g part *one;push =2;"
	    "g OK/replied: OK/replied +1 OK/replied =2;" },
	{ "w2w", "say +1,say +2|-3,say +4",
	    "g part +2;g E_SERVER/replied: OK/replied +1 E_SERVER/replied -3 "
	    "OK/replied +4;" },
	/* without a reply */
	{ "t", "note", "g OK/sent: OK/sent;" },
	{ "tt", "note,note", "g OK/sent: OK/sent OK/sent;" },
	{ "twtwt", "note,say +1,note,say +2,note",
	    "g OK/replied: OK/sent OK/replied +1 OK/sent OK/replied +2 "
	    "OK/sent;" },
};

TEST_ROWS(client_group_answers_come_together, LEN(answers))
{
	group_begin();
	group_send(answers[_i].kinds, answers[_i].text);
	line_call(&groups, "z", LINE("say +z"));
	line_run(&groups, 10);
	EXPECT_IN(groups.notes.text, answers[_i].group_told);
	EXPECT_IN(groups.notes.text, "z OK/replied +z;");
	ck_assert_int_eq(group_held, STAY_E_STATE);
}

TEST_ROWS(client_group_answers_are_cut_anywhere, 6)
{
	group_told = 0;
	line_prepare(&groups);
	sim_limits_set(
	    groups.world, LIMITS(.read_max = (size_t)_i + 1, .latency_ms = 1));
	line_start(&groups, NULL);
	group_send("www", "say +one,say -two|>push,say +three");
	line_run(&groups, 100);
	EXPECT_IN(groups.notes.text,
	    "up;push >push;g E_SERVER/replied: OK/replied +one "
	    "E_SERVER/replied -two OK/replied +three;");
}

/* The words of each error are kept as well. */
static void
on_words(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	group_told++;
	for (size_t i = 0; i < result->count; i++)
		line_note(&groups.notes, "%s;", result->answers[i].why);
	line_note(&groups.notes, "%s;", result->why);
}

TEST(client_group_errors_keep_their_words)
{
	group_told = 0;
	line_prepare(&groups);
	groups.config.tells_words = true;
	line_start(&groups, NULL);
	line_run(&groups, 1);
	line_told(&groups);
	EXPECT_OK(stay_group_send(
	    group_make("wwww", "say +1,say -two,say -three,say -4"), NULL,
	    on_words, NULL));
	LINE_TELLS(&groups, 10,
	    "ok;the server replied with an error: two;"
	    "the server replied with an error: three;"
	    "the server replied with an error: 4;"
	    "the server replied with an error: two;");
}

/* Each reply is for the tag of its request, also once nobody waits any more. */
TEST(client_group_each_request_has_its_tag)
{
	group_told = 0;
	line_prepare(&groups);
	groups.config.tells_oldest = true;
	line_start(&groups, NULL);
	line_run(&groups, 1);
	line_told(&groups);
	group_send("wt2w", "a,b,c,d");
	line_run(&groups, 1);
	group_say("+1\n+2\n");
	ck_assert_str_eq(line_told(&groups), "oldest 97;oldest 99;g part +2;");
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
	line_run(&groups, 1);
	group_say("+3\n+4\n");
	ck_assert_str_eq(line_told(&groups),
	    "g E_CANCELLED/maybe executed: OK/replied +1 "
	    "E_CANCELLED/maybe executed E_CANCELLED/maybe executed "
	    "E_CANCELLED/maybe executed;"
	    "oldest 99;orphan +3;oldest 100;orphan +4;");
}

/* The server is quick, and the last request has not left: whether it will, nobody
 * knows. */
TEST(client_group_is_answered_before_all_of_it_has_left)
{
	group_begin();
	sim_peer_limits(groups.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(groups.peer, true);
	group_send("wt", "a,note");
	line_run(&groups, 1);
	group_say("+1\n");
	ck_assert_str_eq(line_told(&groups),
	    "g OK/replied: OK/replied +1 OK/maybe executed;");
}

TEST(client_group_leaves_as_one)
{
	group_told = 0;
	line_prepare(&groups);
	line_start(&groups, NULL);
	line_call(&groups, "x", LINE("x"));
	group_send("www", "a,b,c");
	line_call(&groups, "y", LINE("y"));
	line_run(&groups, 10);
	ck_assert_str_eq(line_got(&groups), "x;a;b;c;y;");
}

/* ---- counts and bounds ---- */

TEST(client_group_is_as_many_calls_as_requests)
{
	struct stay_client_counts c;

	group_begin();
	group_send("www", "a,b,c");
	c = counts_of(groups.client);
	ck_assert_uint_eq(c.submitted, 3);
	ck_assert_uint_eq(c.queued, 3);
	line_run(&groups, 1);
	c = counts_of(groups.client);
	ck_assert_uint_eq(c.queued, 0);
	ck_assert_uint_eq(c.in_flight, 3);
	group_say("+1\n+2\n");
	EXPECT_OK(stay_client_cancel(groups.client, group_id));
	c = counts_of(groups.client);
	ck_assert_uint_eq(c.in_flight, 0);
	ck_assert_uint_eq(c.tombstones, 3);
	ck_assert_uint_eq(c.maybe_executed, 3);
	group_say("+3\n");
	c = counts_of(groups.client);
	ck_assert_uint_eq(c.tombstones, 0);
	ck_assert_uint_eq(c.orphans, 1);
}

TEST(client_group_counts_its_outcomes_one_by_one)
{
	group_begin();
	group_send("www", "say !1,say !2,say !3");
	line_run(&groups, 10);
	ck_assert_uint_eq(counts_of(groups.client).refused, 3);
	ck_assert_uint_eq(counts_of(groups.client).in_flight, 0);
}

static const struct {
	const char *kinds;
	uint64_t queue, inflight;
	size_t before; /* calls in the queue */
	enum stay_status says;
} bounds[] = {
	{ "www", 3, 3, 0, STAY_OK },
	{ "wwww", 3, 9, 0, STAY_E_TOO_BIG },
	{ "wwww", 9, 3, 0, STAY_E_TOO_BIG },
	{ "www", 4, 9, 1, STAY_OK },
	{ "www", 4, 9, 2, STAY_E_FULL },
	{ "", 4, 9, 0, STAY_E_ARG },
};

TEST_ROWS(client_group_has_a_place_for_each_request, LEN(bounds))
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_calls_max = bounds[_i].queue,
		.inflight_calls_max = bounds[_i].inflight,
		.queue_high_percent = 100, .queue_low_percent = 100 };

	group_told = 0;
	line_begin(&groups, &options);
	for (size_t i = 0; i < bounds[_i].before; i++)
		line_call(&groups, "x", LINE("x"));
	ck_assert_int_eq(
	    group_try(bounds[_i].kinds, "a,b,c,d", 0), bounds[_i].says);
	ck_assert_uint_eq(
	    counts_of(groups.client).rejected, bounds[_i].says != STAY_OK);
	ck_assert_int_eq(strncmp(stay_loop_rejection(groups.loop),
			     "a group has more", 16) == 0,
	    bounds[_i].says == STAY_E_TOO_BIG);
	line_end(&groups);
	ck_assert_uint_eq(group_told, bounds[_i].says == STAY_OK);
}

TEST(client_group_waits_until_all_of_it_has_a_place)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.inflight_calls_max = 3));
	line_call(&groups, "x", LINE("x"));
	group_send("www", "a,b,c");
	line_call(&groups, "y", LINE("y"));
	line_run(&groups, 1);
	ck_assert_str_eq(line_got(&groups), "x;");
	group_say("+x\n");
	ck_assert_str_eq(line_got(&groups), "a;b;c;");
	group_say("+1\n+2\n");
	ck_assert_str_eq(line_got(&groups), "");
	group_say("+3\n");
	ck_assert_str_eq(line_got(&groups), "y;");
}

/* As a request that is larger than all that may be in flight. */
TEST(client_group_is_sent_alone_where_the_bound_was_lowered)
{
	struct stay_client_options options;

	group_begin();
	options = *inside_options(groups.client);
	options.inflight_calls_max = options.tombstones_max = 2;
	EXPECT_OK(stay_client_reconfigure(groups.client, NULL, &options));
	group_send("www", "a,b,c");
	line_call(&groups, "y", LINE("y"));
	line_run(&groups, 1000);
	ck_assert_str_eq(line_got(&groups), "|a;b;c;");
	group_say("+1\n+2\n+3\n");
	ck_assert_str_eq(line_got(&groups), "y;");
}

static enum stay_status
send_to_bare(void)
{
	return group_try("ww", "a,b", 0);
}

static enum stay_status
send_what_encode_refuses(void)
{
	const struct line_request bad = {
		.text = "x", .replies = 1, .refuse = STAY_E_FORMAT
	};
	struct stay_group *made = group_make("w", "a");

	ck_assert_int_eq(stay_group_add(made, &bad), STAY_E_FORMAT);
	ck_assert_int_eq(stay_group_add(made, LINE("b")), STAY_E_FORMAT);
	return stay_group_send(made, NULL, group_done, group_name);
}

static enum stay_status
send_what_is_empty(void)
{
	struct stay_group *made = group_make("w", "a");

	ck_assert_int_eq(stay_group_add(made, LINE("")), STAY_E_ARG);
	return stay_group_send(made, NULL, group_done, group_name);
}

static enum stay_status
send_unknown_flags(void)
{
	struct stay_group *made = group_make("w", "a");

	ck_assert_int_eq(
	    stay_group_add(made, LINE_WITH("x", .flags = 512)), STAY_E_ARG);
	stay_group_free(made);
	return group_try("w", "a", 512);
}

static enum stay_status
send_many_replies(void)
{
	const struct line_request many = { .text = "x", .replies = UINT32_MAX };
	struct stay_group *made = group_make("w", "a");

	ck_assert_int_eq(stay_group_add(made, &many), STAY_E_TOO_BIG);
	return stay_group_send(made, NULL, group_done, group_name);
}

static enum stay_status
send_old_options(void)
{
	struct stay_call_options options = { .size = 1 };

	return stay_group_send(
	    group_make("w", "a"), &options, group_done, group_name);
}

static enum stay_status
send_nothing(void)
{
	ck_assert_int_eq(stay_group_add(NULL, LINE("a")), STAY_E_NOMEM);
	stay_group_free(NULL);
	return stay_group_send(NULL, NULL, group_done, group_name);
}

static enum stay_status
send_in_no_session(void)
{
	sim_peer_close(groups.peer);
	line_run(&groups, 1);
	return group_try("ws", "a,b", 0);
}

static enum stay_status
send_too_many_bytes(void)
{
	return group_try("ww", "0123456789,0123456789", 0);
}

static enum stay_status
send_no_room_for_bytes(void)
{
	line_call(&groups, "x", LINE("0123456789"));
	return group_try("ww", "0123,0123", 0);
}

static enum stay_status
send_no_room_at_all(void)
{
	line_call(&groups, "x", LINE("0123456789012345678"));
	return group_try("ww", "0,1", 0);
}

static const struct {
	enum stay_status (*send)(void);
	enum stay_status says;
	const struct stay_protocol *protocol;
	uint64_t bytes; /* queue_bytes_max */
} rejections[] = {
	{ send_to_bare, STAY_E_UNSUPPORTED, &line_bare_protocol, 0 },
	{ send_what_encode_refuses, STAY_E_FORMAT, &line_protocol, 0 },
	{ send_what_is_empty, STAY_E_ARG, &line_protocol, 0 },
	{ send_unknown_flags, STAY_E_ARG, &line_protocol, 0 },
	{ send_many_replies, STAY_E_TOO_BIG, &line_protocol, 0 },
	{ send_old_options, STAY_E_ABI, &line_protocol, 0 },
	{ send_nothing, STAY_E_NOMEM, &line_protocol, 0 },
	{ send_in_no_session, STAY_E_OFFLINE, &line_protocol, 0 },
	{ send_too_many_bytes, STAY_E_TOO_BIG, &line_protocol, 20 },
	{ send_no_room_for_bytes, STAY_E_FULL, &line_protocol, 20 },
	{ send_no_room_at_all, STAY_E_FULL, &line_protocol, 20 },
};

TEST_ROWS(client_group_rejected_is_never_told, LEN(rejections))
{
	group_told = 0;
	line_prepare(&groups);
	groups.protocol = rejections[_i].protocol;
	line_start(&groups, OPTIONS(.queue_bytes_max = rejections[_i].bytes));
	line_run(&groups, 10);
	ck_assert_int_eq(rejections[_i].send(), rejections[_i].says);
	ck_assert_uint_eq(counts_of(groups.client).queued, groups.call_count);
	line_end(&groups);
	ck_assert_uint_eq(group_told, 0);
}

/* One reply is never kept, so that a protocol need not know how. */
TEST(client_group_of_one_reply_needs_no_retain)
{
	group_told = 0;
	line_prepare(&groups);
	groups.protocol = &line_bare_protocol;
	line_start(&groups, NULL);
	group_send("w", "say +1");
	LINE_TELLS(&groups, 10, "g OK/replied: OK/replied +1;");
}

/* A protocol hears once that it is over, however it ends. */
TEST_ROWS(client_group_is_over_once, 3)
{
	static const char *const ends[] = {
		"over 115 of 115 replied;g OK/replied: OK/replied +1 "
		"OK/replied +2;",
		"over - of 115 not sent;g E_CANCELLED/not sent: "
		"E_CANCELLED/not sent E_CANCELLED/not sent;",
		"down E_RESET;over - of 120 maybe executed;g E_LOST/maybe "
		"executed: E_LOST/maybe executed E_LOST/maybe executed;",
	};
	struct line_tagging tagging = { .tells = true };

	group_told = 0;
	line_prepare(&groups);
	groups.protocol = line_heard_protocol();
	groups.config.tagging = &tagging;
	line_start(&groups, NULL);
	line_run(&groups, 1);
	line_told(&groups);
	group_send("ww", _i == 2 ? "x,y" : "say +1,say +2");
	if (_i == 1)
		EXPECT_OK(stay_client_cancel(groups.client, group_id));
	line_run(&groups, 10);
	if (_i == 2)
		sim_peer_reset(groups.peer);
	LINE_TELLS(&groups, 10, ends[_i]);
}

/* ---- what is kept ---- */

/* The line protocol keeps a reply in its length and a struct's. */
TEST(client_group_answers_past_the_bound_cost_nobody_else)
{
	group_told = 0;
	line_begin(&groups, OPTIONS(.group_bytes_max = 250));
	group_send("wwwww", "say +1,say +2,say +3,say !4,say +5");
	line_call(&groups, "z", LINE("say +z"));
	LINE_TELLS(&groups, 10,
	    "g E_TOO_BIG/replied: OK/replied +1 OK/replied +2 "
	    "E_TOO_BIG/replied E_TOO_BIG/refused OK/replied +5;"
	    "z OK/replied +z;");
	ck_assert_uint_eq(groups.server.accepted, 1);
	/* each group has all of it */
	group_send("ww", "say +1,say +2");
	LINE_TELLS(&groups, 10, "g OK/replied: OK/replied +1 OK/replied +2;");
	line_end(&groups);
}

/* What was copied into the queue is given back. */
TEST(client_group_that_is_sent_has_no_requests_of_its_own)
{
	struct stay_group *group;
	long blocks;

	group_begin();
	group_send("w", "say +1");
	line_run(&groups, 10);
	group = group_make("w", "say +2");
	blocks = scarce_blocks_here();
	EXPECT_OK(stay_group_send(group, NULL, group_done, group_name));
	/* its answers, for its bytes */
	ck_assert_int_eq(scarce_blocks_here(), blocks);
	line_run(&groups, 10);
	ck_assert_uint_eq(group_told, 2);
	line_end(&groups);
}

static struct stay_group_result became;

static void
on_scarce(void *arg, const struct stay_group_result *result)
{
	const char *words;

	(void)arg;
	group_told++;
	became = *result;
	for (size_t i = 0; i < result->count; i++) {
		EXPECT(result->answers[i].outcome == STAY_REPLIED);
		words = strstr(result->answers[i].why, ": ");
		EXPECT(words == NULL || words[2] == '1' + (char)i);
	}
}

/* Whatever cannot be had, the group is rejected, or completes once, with all that the
 * server has said or could be kept of it. */
TEST(client_group_without_memory)
{
	enum stay_status says = STAY_E_NOMEM;
	unsigned rejected = 0, lacking = 0;
	bool failed = true;

	line_prepare(&groups);
	groups.config.tells_words = true;
	line_start(&groups, NULL);
	line_run(&groups, 1);
	scarce_arm(2); /* only the block of the calls is there */
	says = stay_client_call(groups.client, LINE("say +0"), NULL, NULL);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(says, STAY_E_NOMEM);
	for (unsigned nth = 1; failed; nth++) {
		group_told = 0;
		scarce_arm(nth);
		says = stay_group_send(
		    group_make("wwww", "say +1,say -2,say -3,say -4"), NULL,
		    on_scarce, NULL);
		sim_run_ms(groups.world, 10);
		failed = scarce_disarm();
		ck_assert_uint_eq(group_told, says == STAY_OK);
		rejected += says != STAY_OK;
		lacking += group_told == 1 && became.status == STAY_E_NOMEM;
	}
	ck_assert_uint_ge(
	    rejected, 4); /* the group, its members, bytes, answers */
	ck_assert_uint_eq(lacking, 1); /* the first reply */
	ck_assert_int_eq(became.status, STAY_E_SERVER);
	ck_assert_uint_eq(groups.server.accepted, 1);
	line_end(&groups);
}

TEST_SUITE_WITH(client_group, .after = group_end)
