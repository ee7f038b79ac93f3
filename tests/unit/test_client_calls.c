/* The calls of a client: their answers, the queue. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

static struct line_rig rig;

/* ---- answers ---- */

TEST(client_kinds_of_answers)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +fine"));
	line_call(&rig, "b", LINE("say -wrong"));
	line_call(&rig, "c", LINE("say !not me"));
	line_call(&rig, "d", LINE("say #noise|>push|*one|*two|+three"));
	line_call(&rig, "e", LINE("say =pushed"));
	LINE_TELLS(&rig, 10,
	    "a OK/replied +fine;b E_SERVER/replied -wrong;"
	    "c E_SERVER/refused !not me;push >push;d part OK *one;"
	    "d part OK *two;d OK/replied +three;push =pushed;"
	    "e OK/replied =pushed;");
	ck_assert_uint_eq(line_counts(&rig).pushes, 2);
}

TEST(client_several_replies_are_one_answer)
{
	const struct line_request three = { .text = "say +1|-2|+3",
		.replies = 3 };
	const struct line_request refused = { .text = "say !1|!2",
		.replies = 2 };
	const struct line_request mixed = { .text = "say +1|!2", .replies = 2 };

	line_begin(&rig, NULL);
	line_call(&rig, "a", &three);
	line_call(&rig, "b", &refused);
	line_call(&rig, "c", &mixed);
	line_call(&rig, "d", LINE("say *1|!2"));
	LINE_TELLS(&rig, 10,
	    "a part OK +1;a part E_SERVER -2;a OK/replied +3;"
	    "b part E_SERVER !1;b E_SERVER/refused !2;"
	    "c part OK +1;c E_SERVER/replied !2;"
	    "d part OK *1;d E_SERVER/replied !2;");
}

TEST(client_without_a_reply_is_told_when_it_has_left)
{
	const struct line_request note = { .text = "note", .replies = 0 };

	line_begin(&rig, NULL);
	line_call(&rig, "a", &note);
	line_call(&rig, "b", LINE("say +1"));
	line_call(&rig, "c", &note);
	line_run(&rig, 0);
	LINE_TELLS(&rig, 10, "a OK/sent;c OK/sent;b OK/replied +1;");
}

TEST(client_frames_are_cut_anywhere)
{
	line_prepare(&rig);
	rig.config.scribbles = true;
	sim_limits_set(rig.world, LIMITS(.read_max = 1));
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +first|>second|*third|+fourth"));
	LINE_TELLS(&rig, 20,
	    "init 10.0.0.1;hello -;up;a OK/replied +first;push >second;"
	    "down E_UNASKED;");
}

TEST(client_decode_may_write_and_look_who_is_next)
{
	const struct line_request tagged[] = {
		{ .text = "say +1|>push|+2", .replies = 2, .tag = 7 },
		{ .text = "say +3", .replies = 1, .tag = 8 },
	};

	line_prepare(&rig);
	rig.config.scribbles = true;
	rig.config.tells_oldest = true;
	rig.config.on_up = "say +control";
	line_start(&rig, NULL);
	line_call(&rig, "a", &tagged[0]);
	line_call(&rig, "b", &tagged[1]);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "#skip\n");
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;oldest -1;control +control;"
	    "oldest 7;a part OK +1;oldest 7;push >push;"
	    "oldest 7;a OK/replied +2;oldest 8;b OK/replied +3;oldest -1;");
}

TEST(client_bytes_are_counted_once)
{
	struct stay_client_counts counts;

	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	sim_peer_send(rig.peer, "+ab", 3);
	line_run(&rig, 10);
	sim_peer_send(rig.peer, "c\n", 2);
	line_run(&rig, 10);
	counts = line_counts(&rig);
	ck_assert_uint_eq(counts.bytes_in, 5);
	ck_assert_uint_eq(counts.bytes_out, 5);
	ck_assert_uint_eq(counts.sessions, 1);
	line_call(&rig, "b", LINE("x"));
	sim_peer_send(rig.peer, "+d\n", 3);
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).bytes_in, 8);
}

static void
expect_end(const char *line, const char *told)
{
	char request[64];

	snprintf(request, sizeof(request), "say %s", line);
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE(request));
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), told);
	line_end(&rig);
}

TEST(client_nonsense_ends_the_session)
{
	expect_end("nonsense", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	expect_end("9", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	expect_end("0", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	expect_end("+1|+2", "a OK/replied +1;down E_UNASKED;");
	expect_end("+1|*2", "a OK/replied +1;down E_UNASKED;");
}

/* "+2" names a call, although no call of this protocol has a tag. */
static struct stay_frame
decode_by_tag(struct stay_session *session, struct stay_bytes in)
{
	struct stay_frame frame = line_protocol.decode(session, in);

	return in.data[1] == '2' ? stay_frame_with_tag(frame, 2) : frame;
}

TEST(client_reply_by_tag_where_no_call_has_one_answers_nobody)
{
	struct stay_protocol protocol = line_protocol;

	protocol.decode = decode_by_tag;
	line_prepare(&rig);
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1|+2"));
	line_call(&rig, "b", LINE("hold"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;a OK/replied +1;down E_UNASKED;"
	    "b E_LOST/maybe executed;");
}

TEST(promise_7_a_reply_past_its_bound_ends_the_session)
{
	line_begin(&rig, OPTIONS(.reply_bytes_max = 8));
	line_call(&rig, "a", LINE("say +345678"));
	LINE_TELLS(&rig, 10, "a OK/replied +345678;");
	line_call(&rig, "b", LINE("say +3456789"));
	LINE_TELLS(&rig, 10, "down E_TOO_BIG;b E_TOO_BIG/maybe executed;");
	line_run(&rig, 1000);
	line_told(&rig);
	line_call(&rig, "c", LINE("hold"));
	line_run(&rig, 10);
	sim_peer_send(rig.peer, "+2345678", 8);
	LINE_TELLS(&rig, 10, "down E_TOO_BIG;c E_TOO_BIG/maybe executed;");
}

/* ---- the queue ---- */

TEST(client_queues_while_offline)
{
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	line_call(&rig, "b", LINE("say +2"));
	LINE_TELLS(&rig, 1000, "init 10.0.0.1;");
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	LINE_TELLS(&rig, 1000, "hello -;up;a OK/replied +1;b OK/replied +2;");
}

TEST(client_refuses_while_offline_if_told_so)
{
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.offline = STAY_OFFLINE_FAIL));
	ck_assert_int_eq(line_try(&rig, "a", LINE("say +1")), STAY_E_OFFLINE);
	line_run(&rig, 10);
	line_call(&rig, "b", LINE("say +1"));
	line_call(&rig, "c", LINE("reset"));
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;b OK/replied +1;down E_RESET;"
	    "c E_LOST/maybe executed;");
	ck_assert_int_eq(line_try(&rig, "d", LINE("say +1")), STAY_E_OFFLINE);
	ck_assert_uint_eq(line_counts(&rig).rejected, 2);
}

TEST(promise_7_calls_in_flight_are_bounded)
{
	line_begin(&rig, OPTIONS(.inflight_calls_max = 2));
	line_call(&rig, "a", LINE("x"));
	line_call(&rig, "b", LINE("y"));
	line_call(&rig, "c", LINE("z"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "x;y;");
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "z;");
	ck_assert_uint_eq(line_counts(&rig).in_flight, 2);
	sim_peer_print(rig.peer, "+2\n+3\n");
	LINE_TELLS(
	    &rig, 10, "a OK/replied +1;b OK/replied +2;c OK/replied +3;");
}

/* What a call in the midst of the queue leaves is used again, and no call that waits
 * is harmed. */
TEST(promise_7_calls_given_up_in_the_queue_leave_no_memory)
{
	static char large[2048];
	struct line_call *calls[9];

	line_begin(&rig, OPTIONS(.inflight_calls_max = 1));
	memset(large, 'x', sizeof(large) - 1);
	line_call(&rig, "a", LINE("first"));
	line_call(&rig, "b", LINE("say +b"));
	for (int i = 0; i < 9; i++)
		calls[i] = line_call(&rig, "x", LINE(large));
	line_call(&rig, "c", LINE("say +c"));
	for (int i = 0; i < 9; i++)
		EXPECT_OK(stay_client_cancel(rig.client, calls[i]->id));
	line_run(&rig, 1);
	ck_assert_uint_lt(inside_request_len(rig.client), 5000);
	(void)line_told(&rig);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(
	    &rig, 10, "a OK/replied +1;b OK/replied +b;c OK/replied +c;");
}

TEST(client_encode_says_no)
{
	line_begin(&rig, NULL);
	ck_assert_int_eq(
	    line_try(&rig, "a", LINE_WITH("xyz", .refuse = STAY_E_FORMAT)),
	    STAY_E_FORMAT);
	ck_assert_int_eq(
	    line_try(&rig, "b", LINE_WITH("xyz", .flags = 1u << 20)),
	    STAY_E_ARG);
	ck_assert_int_eq(line_try(&rig, "c", LINE("")), STAY_E_ARG);
	ck_assert_uint_eq(inside_request_len(rig.client), 0);
	line_call(&rig, "d", LINE("say +1"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "say +1;");
	ck_assert_uint_eq(line_counts(&rig).rejected, 3);
}

TEST(client_options_of_a_call_are_checked)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS };

	line_begin(&rig, NULL);
	options.size++;
	ck_assert_int_eq(
	    stay_client_call_with(rig.client, LINE("x"), &options, NULL, NULL),
	    STAY_E_ABI);
	options.size = sizeof(options.size);
	options.flags = 1u << 20; /* not reached by this size */
	EXPECT_OK(
	    stay_client_call_with(rig.client, LINE("x"), &options, NULL, NULL));
	options.size = sizeof(options);
	ck_assert_int_eq(
	    stay_client_call_with(rig.client, LINE("x"), &options, NULL, NULL),
	    STAY_E_ARG);
	options.flags = STAY_ACTS_ON_PARTS; /* only encode knows that */
	ck_assert_int_eq(
	    stay_client_call_with(rig.client, LINE("x"), &options, NULL, NULL),
	    STAY_E_ARG);
	EXPECT_OK(
	    stay_client_call_with(rig.client, LINE("x"), NULL, NULL, NULL));
	line_end(&rig);
	ck_assert_str_eq(line_told(&rig),
	    "down E_STOPPED;lost E_STOPPED;lost E_STOPPED;closed OK;");
}

/* What a call's options say is added to what encode declares. */
TEST(client_options_of_a_call_add_flags)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_IDEMPOTENT };

	line_begin(&rig, NULL);
	line_call_with(&rig, "a", LINE("hold"), options);
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_uint_eq(line_counts(&rig).resent, 1);
}

/* More holes than one write has parts. */
TEST(client_many_holes_leave_in_order)
{
	static char texts[200][8];
	const char *got;
	unsigned left = 0;

	line_begin(&rig, NULL);
	for (int i = 0; i < 200; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%d", i);
		line_call(&rig, texts[i], LINE(texts[i]));
	}
	for (int i = 0; i < 200; i += 2)
		stay_client_cancel(rig.client, rig.calls[i].id);
	line_run(&rig, 10);
	got = line_got(&rig);
	for (int i = 1; i < 200; i += 2) {
		ck_assert_int_eq(strtol(got, NULL, 10), i);
		got = strchr(got, ';') + 1;
		left++;
	}
	ck_assert_str_eq(got, "");
	ck_assert_uint_eq(left, 100);
}

/* A good answer may come before its request is whole: the rest is written all the
 * same, so that the next one, which has the record of the first, begins where it
 * may. */
TEST(promise_4_client_an_answer_in_the_middle_of_its_request)
{
	const struct sim_limits narrow = { .send_buffer = 3 },
				wide = { .send_buffer = 4096 };

	line_begin(&rig, NULL);
	line_got(&rig);
	sim_peer_limits(rig.peer, &narrow);
	sim_peer_freeze(rig.peer, true);
	line_call(&rig, "a", LINE("quiet and long"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+early\n");
	LINE_TELLS(&rig, 10, "a OK/replied +early;");
	line_call(&rig, "b", LINE("say +2"));
	sim_peer_print(rig.peer, ">push\n");
	LINE_TELLS(&rig, 10, "push >push;");
	sim_peer_limits(rig.peer, &wide);
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
	ck_assert_str_eq(line_got(&rig), "quiet and long;say +2;");
}

/* Also if what was given up has left a hole. */
TEST_ROWS(client_a_turn_leaves_in_one_write, 2)
{
	uint64_t writes;

	line_begin(&rig, NULL);
	writes = sim_calls(rig.world, SIM_WRITE);
	for (int i = 0; i < 100; i++)
		line_call(&rig, "a", LINE("x"));
	if (_i == 1)
		stay_client_cancel(rig.client, rig.calls[50].id);
	line_run(&rig, 10);
	ck_assert_uint_eq(sim_calls(rig.world, SIM_WRITE) - writes, 1);
}

TEST_SUITE_WITH(client_calls, .after = line_after)
