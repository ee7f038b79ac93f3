/*
 * The protocol hears of each frame of an answer: once, when it is handed out, and before
 * whoever gets it. What it says then leaves; and it may do anything to the call.
 */
#include "suites.h"
#include "support/group_rig.h"
#include "support/line_pieces.h"
#include "support/line_swallow.h"

static struct line_rig *const rig = &groups;
static struct line_tagging tagging;

static void
begin(const struct stay_protocol *protocol,
    const struct stay_client_options *options)
{
	group_told = 0;
	tagging = (struct line_tagging){ .hears = true };
	line_begin_as(rig, protocol, &tagging, options);
}

static struct line_call *
call(const char *name)
{
	struct line_call *mine = line_call(rig, name, TAGGED("get @000"));

	line_run(rig, 1);
	line_got(rig);
	return mine;
}

#define HEARS(text, tells) LINE_HEARS(rig, text, tells)

TEST(client_answer_is_heard_before_it_is_told)
{
	begin(line_tagged_protocol(), NULL);
	call("a");
	call("b");
	call("c");
	HEARS("*@2 1\n*@1 2\n", "hear *@2 1;b part OK *@2 1;"
				"hear *@1 2;a part OK *@1 2;");
	HEARS("-@2\n=@1\n!@3\n",
	    "hear -@2;b E_SERVER/replied -@2;push =@1;hear =@1;"
	    "a OK/replied =@1;hear !@3;c E_SERVER/refused !@3;");
}

/* It is the only slot of the group, and answers in order are heard like others. */
TEST(client_answer_is_heard_in_order)
{
	begin(line_told_protocol(), OPTIONS(.turn_calls_max = 1));
	line_call(rig, "a", LINE("a"));
	line_call_with(rig, "b", LINE("b"), WITHIN(10));
	line_run(rig, 20);
	line_told(rig);
	sim_peer_print(rig->peer, "+a\n+late\n");
	line_run(rig, 1);
	ck_assert_str_eq(
	    line_told(rig), "hear +a;a OK/replied +a;hear +late;orphan +late;");
}

/* Pushes have a slot of their own, and so has what the control lane asks. */
TEST(client_answer_is_none_of_what_was_not_asked)
{
	begin(line_told_protocol(), OPTIONS(.probe_ms = 50));
	rig->config.ping = "ping";
	LINE_TELLS(rig, 50, "ping;");
	HEARS(">p\n~q\n#r\n+pong\n", "push >p;aside ~q;control +pong;");
}

TEST(client_answer_is_heard_late)
{
	begin(line_tagged_protocol(), NULL);
	call("a");
	call("b");
	EXPECT_OK(stay_client_cancel(rig->client, rig->calls[0].id));
	EXPECT_OK(stay_session_let_go(stay_client_session(rig->client), 2));
	line_run(rig, 1);
	line_told(rig);
	HEARS("*@1 1\n+@1 2\n*@2 3\n+@2 4\n",
	    "hear *@1 1;orphan *@1 1;hear +@1 2;orphan +@1 2;"
	    "hear *@2 3;orphan *@2 3;hear +@2 4;orphan +@2 4;");
}

/* Of pieces, those too that nobody gets. */
TEST(client_answer_is_heard_in_pieces)
{
	begin(line_pieces_protocol(line_tagged_protocol()), NULL);
	line_call_in_pieces(rig, "a", TAGGED("get @000"),
	    (struct stay_call_options){ STAY_CALL_OPTIONS });
	line_run(rig, 1);
	HEARS("%@1 one", "hear bytes;hear bytes;a piece one;");
	EXPECT_OK(stay_session_let_go(stay_client_session(rig->client), 1));
	line_run(rig, 1);
	line_told(rig);
	HEARS("two\n", "hear bytes;hear %end;orphan %end;");
}

TEST(client_answer_is_heard_if_it_is_too_big)
{
	begin(line_swallow_protocol(line_tagged_protocol()),
	    OPTIONS(.reply_bytes_max = 8));
	call("a");
	HEARS("^20@1 0123456789012\n", "hear bytes;a E_TOO_BIG/replied;");
}

TEST(client_answer_is_heard_of_each_request_of_a_group)
{
	begin(line_tagged_protocol(), NULL);
	group_send("TT", "a@000,b@000");
	line_run(rig, 1);
	HEARS("+@2\n!@1\n",
	    "hear +@2;hear !@1;g E_SERVER/replied: E_SERVER/refused !@1 "
	    "OK/replied +@2;");
}

/* Also if it is not told, since the call is sent again. */
TEST(client_answer_is_heard_of_what_is_set_aside)
{
	begin(
	    line_tagged_protocol(), OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	call("a");
	call("b");
	HEARS("!@1\n", "hear !@1;");
	HEARS("+@2\n", "a E_SERVER/refused !@1;hear +@2;b OK/replied +@2;");
}

/* What it overtakes takes a turn to be told: the frame comes again. */
TEST(client_answer_is_heard_once_if_it_is_put_off)
{
	begin(line_tagged_protocol(),
	    OPTIONS(.on_refused = STAY_REFUSED_RESEND, .turn_calls_max = 1));
	call("a");
	call("b");
	call("c");
	HEARS("!@1\n!@2\n", "hear !@1;hear !@2;");
	HEARS("*@3\n", "a E_SERVER/refused !@1;b E_SERVER/refused !@2;"
		       "hear *@3;c part OK *@3;");
	HEARS("+@3\n", "hear +@3;c OK/replied +@3;");
}

/* ---- what its slot does ---- */

static void
grant(struct stay_session *session)
{
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "more\n"));
	EXPECT_OK(stay_session_expect(session, 0));
	(void)stay_buf_puts(stay_session_control(session), "half a");
}

/* Also while the session is left, when a call waits for it. */
TEST(client_answer_lets_the_peer_go_on)
{
	begin(line_tagged_protocol(), NULL);
	tagging.hearing = grant;
	call("a");
	line_hear(rig, "*@1 1\n");
	ck_assert_str_eq(line_got(rig), "more;");
	stay_client_reconnect(rig->client, STAY_OK);
	line_run(rig, 1);
	line_hear(rig, "*@1 2\n");
	ck_assert_str_eq(line_got(rig), "more;");
	line_hear(rig, "+@1\n");
}

static void
cancel(struct stay_session *session)
{
	(void)session;
	(void)stay_client_cancel(rig->client, rig->calls[0].id);
}

static void
let_go(struct stay_session *session)
{
	(void)stay_session_let_go(session, 1);
}

static void
end(struct stay_session *session)
{
	(void)stay_session_end(session, STAY_E_NOT_READY, "enough", 6);
}

static const struct {
	void (*hearing)(struct stay_session *session);
	const char *told;
} deeds[] = {
	{ cancel,
	    "hear *@1;orphan *@1;given up 1;a E_CANCELLED/maybe executed;" },
	{ let_go, "hear *@1;orphan *@1;a OK/sent;" },
	{ end, "hear *@1;a part OK *@1;down E_NOT_READY;"
	       "a E_LOST/maybe executed;" },
};

TEST_ROWS(client_answer_of_a_call_that_ends_there, 3)
{
	begin(line_tagged_protocol(), NULL);
	tagging.hearing = deeds[_i].hearing;
	call("a");
	HEARS("*@1\n", deeds[_i].told);
	tagging.hearing = NULL;
}

static void
end_of_all(struct stay_session *session)
{
	cancel(session);
	let_go(session);
}

static const struct {
	void (*hearing)(struct stay_session *session);
	const char *told;
} ends[] = {
	{ end_of_all,
	    "hear +@1;orphan +@1;given up 1;a E_CANCELLED/maybe executed;" },
	{ let_go, "hear +@1;orphan +@1;a OK/sent;" },
};

/* The same at its last frame, where the record goes. */
TEST_ROWS(client_answer_ends_a_call_at_its_end, 2)
{
	begin(line_tagged_protocol(), NULL);
	tagging.hearing = ends[_i].hearing;
	call("a");
	HEARS("+@1\n", ends[_i].told);
	tagging.hearing = NULL;
	call("b");
	HEARS("+@2\n", "hear +@2;b OK/replied +@2;");
}

TEST_SUITE_WITH(client_answer, .after = line_after)
