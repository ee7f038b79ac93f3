/*
 * The last frame of a session: the server closes behind it and has acted on nothing
 * else. What is in flight goes on in the next session, and nothing has failed if a call
 * was answered.
 */
#include <stdio.h>
#include <string.h>

#include <stay/group.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/line_swallow.h"
#include "support/scarce.h"
#include "support/toy_filter.h"

#define ONE_S 1000

static struct line_rig rig;

static void
begin_with(struct stay_client_options options)
{
	if (options.backoff.initial_ms == 0)
		options.backoff = stay_backoff_constant(ONE_S);
	line_begin_as(&rig, &line_last_protocol, NULL, &options);
}

static void
begin(void)
{
	begin_with((struct stay_client_options){ 0 });
}

static void
begin_tagged(struct line_tagging *tagging)
{
	static struct stay_protocol protocol;

	protocol = *line_tagged_protocol();
	protocol.flags = STAY_LAST_FRAMES;
	line_begin_as(&rig, &protocol, tagging, NULL);
}

static void
answer(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 1);
}

/* What it tells, in this millisecond. */
#define ANSWERS(text, tells) LINE_HEARS(&rig, text, tells)

static struct line_call *
call(const char *name, uint32_t flags)
{
	return line_call(&rig, name, LINE_WITH(name, .flags = flags));
}

static void
call_each(const char *letters)
{
	static const char names[][2] = { "a", "b", "c", "d", "e" };

	for (; *letters != '\0'; letters++)
		call(names[*letters - 'a'], 0);
	line_run(&rig, 1);
}

/* ---- what becomes of the calls ---- */

/* One alone, at first; none of them may be sent again for any other reason. */
TEST(client_last_answers_one_and_the_others_go_on)
{
	begin_with((struct stay_client_options){ .resends_max = 0 });
	call_each("abc");
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "a;b;c;|b;");
	ANSWERS("+b\n", "b OK/replied +b;");
	ck_assert_str_eq(line_got(&rig), "c;");
	ANSWERS("+c\n", "c OK/replied +c;");
	ck_assert_uint_eq(line_counts(&rig).resent, 2);
}

/* No session is sent a call in vain, nor waits for the backoff; but four in a tenth of a
 * second are enough. */
TEST(client_last_is_each_answer_of_some_servers)
{
	begin();
	call_each("abcde");
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b$\n", "b OK/replied +b$;down E_RECONNECT;hello -;up;");
	ANSWERS("-c$\n", "c E_SERVER/replied -c$;down E_RECONNECT;hello -;up;");
	ANSWERS("=d$\n", "push =d$;d OK/replied =d$;down E_RECONNECT;");
	LINE_TELLS(&rig, 100, "hello -;up;");
	ANSWERS("+e\n", "e OK/replied +e;");
	ck_assert_str_eq(line_got(&rig), "a;b;c;d;e;|b;|c;|d;|e;");
}

TEST(client_last_costs_no_budget_for_sending_again)
{
	begin_with((struct stay_client_options){
	    .resends_max = 1, .resend_percent = 1, .resend_burst = 1 });
	for (int i = 0; i < 20; i++)
		call("s", STAY_IDEMPOTENT);
	line_run(&rig, 1);
	for (int i = 0; i < 20; i++) {
		answer("+s$\n");
		line_run(&rig, 100);
	}
	ck_assert_uint_eq(line_counts(&rig).replied, 20);
}

/* What needs no answer was sent behind it in that session alone. */
TEST(client_last_forgets_what_overtook_nobody)
{
	begin();
	call("x", 0);
	call("a", STAY_IDEMPOTENT);
	line_call(&rig, "n", LINE_NOTE("n"));
	line_run(&rig, 1);
	ANSWERS(
	    "+x$\n", "n OK/sent;x OK/replied +x$;down E_RECONNECT;hello -;up;");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 2 * ONE_S, "down E_RESET;hello -;up;");
	ANSWERS("+a\n", "a OK/replied +a;");
	ck_assert_str_eq(line_got(&rig), "x;a;n;|a;|a;");
}

/* Nothing behind it is read. */
TEST(client_last_is_the_last_that_is_read)
{
	begin();
	call_each("ab");
	ANSWERS("+a$\n+b\nrubbish\n",
	    "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* Here a call ends with its session, or has no queue to go back to. */
TEST(client_last_leaves_what_may_not_go_on)
{
	begin();
	call("a", 0);
	call("b", STAY_THIS_SESSION);
	call("c", 0);
	line_run(&rig, 1);
	ANSWERS("+a$\n",
	    "a OK/replied +a$;down E_RECONNECT;b E_LOST/refused;hello -;up;");
	ANSWERS("+c\n", "c OK/replied +c;");
}

TEST(client_last_leaves_calls_that_do_not_wait_offline)
{
	begin_with(
	    (struct stay_client_options){ .offline = STAY_OFFLINE_FAIL });
	call_each("ab");
	ANSWERS("+a$\n",
	    "a OK/replied +a$;down E_RECONNECT;b E_LOST/refused;hello -;up;");
}

/* Who was given up is over; who cancels one that goes on hears that it is safe. */
TEST(client_last_forgets_what_was_given_up)
{
	begin();
	call_each("abc");
	stay_client_cancel(rig.client, rig.calls[1].id);
	line_run(&rig, 1);
	line_told(&rig);
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "a;b;c;|c;");
	ANSWERS("+c\n", "c OK/replied +c;");
}

TEST(client_last_does_not_undo_a_cancel)
{
	begin();
	call_each("abc");
	answer("+a$\n");
	line_told(&rig);
	stay_client_cancel(rig.client, rig.calls[2].id);
	LINE_TELLS(&rig, 1, "c E_CANCELLED/refused;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* What needs no answer was told as sent, and keeps nobody from going on. */
TEST(client_last_goes_on_before_what_was_not_answered)
{
	begin();
	call_each("ab");
	line_call(&rig, "n", LINE_NOTE("n"));
	LINE_TELLS(&rig, 1, "n OK/sent;");
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* A call that has begun to be answered was acted on. */
TEST(client_last_loses_what_is_half_answered)
{
	begin();
	call_each("ab");
	ANSWERS("*a\n>bye$\n", "a part OK *a;push >bye$;down E_NOT_READY;"
			       "a E_LOST/maybe executed;");
	line_run(&rig, ONE_S);
	line_told(&rig);
	ANSWERS("+b\n", "b OK/replied +b;");
}

TEST(client_last_sends_half_a_call_anew)
{
	begin();
	call_each("a");
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 1));
	sim_peer_freeze(rig.peer, true);
	call_each("b");
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* ---- groups ---- */

static void
on_group(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	line_note(&rig.notes, "group %s/%s;",
	    stay_status_name(result->status) + strlen("STAY_"),
	    stay_outcome_name(result->outcome));
}

static void
call_group(void)
{
	struct stay_group *group = stay_group_new(rig.client);

	EXPECT_OK(stay_group_add(group, LINE("x")));
	EXPECT_OK(stay_group_add(group, LINE("y")));
	EXPECT_OK(stay_group_send(group, NULL, on_group, NULL));
	line_run(&rig, 1);
}

TEST(client_last_sends_a_group_anew)
{
	begin();
	call_each("a");
	call_group();
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "a;x;y;|x;y;");
	ANSWERS("+x\n+y\n", "group OK/replied;");
}

TEST(client_last_ends_a_group_in_its_middle)
{
	begin();
	call_group();
	ANSWERS("+x$\n", "down E_NOT_READY;group E_LOST/maybe executed;");
}

/* ---- with tags ---- */

/* b was acted on: a, which came before it, can't follow it now. */
TEST(client_last_by_tag_keeps_the_order)
{
	struct line_tagging tagging = { 0 };

	begin_tagged(&tagging);
	line_call(&rig, "a", TAGGED("a @000"));
	line_call(&rig, "r", TAGGED_WITH("r @000", STAY_READ_ONLY));
	line_call(&rig, "b", TAGGED("b @000"));
	line_call(&rig, "c", TAGGED("c @000"));
	line_run(&rig, 1);
	ANSWERS("+@3 b$\n",
	    "b OK/replied +@3 b$;down E_RECONNECT;a E_LOST/refused;"
	    "hello -;up;");
	ck_assert_str_eq(
	    line_got(&rig), "a @001;r @002;b @003;c @004;|r !005;");
	ANSWERS("+@5 r\n", "r OK/replied +@5 r;");
	ck_assert_str_eq(line_got(&rig), "c !006;");
	ANSWERS("+@6 c\n", "c OK/replied +@6 c;");
}

/* ---- what is too big, or comes twice ---- */

static const char *const too_big[][2] = { { "", "+234567890$\n" },
	{ "+2345678", "90$\n" }, { "", "^12$ 567890\n" },
	{ "^12$ 5", "67890\n" } };

TEST_ROWS(client_last_may_be_too_big, 4)
{
	struct stay_client_options options = { .reply_bytes_max = 8 };

	line_begin_as(
	    &rig, line_swallow_protocol(&line_last_protocol), NULL, &options);
	call_each("ab");
	answer(too_big[_i][0]);
	ANSWERS(
	    too_big[_i][1], "a E_TOO_BIG/replied;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* Who was refused is told first, and that is more than a turn may do. */
static const char *const again[][3] = { { "", "+a$\n", "OK/replied +a$" },
	{ "", "+234567890$\n", "E_TOO_BIG/replied" },
	{ "^12$ 5", "67890\n", "E_TOO_BIG/replied" } };

TEST_ROWS(client_last_may_come_again, 3)
{
	struct stay_client_options options = { .reply_bytes_max = 8,
		.on_refused = STAY_REFUSED_RESEND,
		.turn_calls_max = 1 };
	char told[256];

	line_begin_as(
	    &rig, line_swallow_protocol(&line_last_protocol), NULL, &options);
	for (int i = 0; i < 3; i++)
		call("r", 0);
	call_each("ab");
	answer("!1\n!2\n!3\n");
	answer(again[_i][0]);
	answer(again[_i][1]);
	snprintf(told, sizeof(told),
	    "r E_SERVER/refused !1;r E_SERVER/refused !2;r E_SERVER/refused !3;"
	    "a %s;down E_RECONNECT;hello -;up;",
	    again[_i][2]);
	ck_assert_str_eq(line_told(&rig), told);
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* ---- whether it is a failure ---- */

/* Whatever it is, it is the server: failures are counted anew. */
TEST(client_last_begins_the_backoff_anew)
{
	begin_with((struct stay_client_options){
	    .backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		.jitter = STAY_JITTER_NONE,
		.initial_ms = 10,
		.cap_ms = 1000 } });
	for (int i = 0; i < 3; i++) {
		sim_peer_close(rig.peer);
		line_run(&rig, 100);
	}
	call_each("a");
	answer("+a$\n");
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	sim_peer_close(rig.peer);
	line_run(&rig, 1);
	ck_assert_uint_eq(line_due_ms(&rig), 9);
}

TEST(promise_13_a_last_frame_that_answers_nobody_is_a_failure)
{
	static const char *const frames[] = { ">bye$\n", "~bye$\n", "#bye$\n" };

	for (size_t i = 0; i < LEN(frames); i++) {
		begin();
		call_each("a");
		answer(frames[i]);
		EXPECT_IN(line_told(&rig), "down E_NOT_READY;");
		ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
		LINE_TELLS(&rig, ONE_S, "hello -;up;");
		ANSWERS("+a\n", "a OK/replied +a;");
		line_end(&rig);
	}
}

TEST(promise_13_a_refusal_that_is_the_last_is_a_failure)
{
	begin();
	call_each("ab");
	ANSWERS("!no$\n", "a E_SERVER/refused !no$;down E_NOT_READY;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	LINE_TELLS(&rig, ONE_S, "hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

TEST(client_last_sends_what_it_refuses_again)
{
	begin_with(
	    (struct stay_client_options){ .on_refused = STAY_REFUSED_RESEND });
	call_each("ab");
	ANSWERS("!no$\n", "down E_NOT_READY;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	LINE_TELLS(&rig, ONE_S, "hello -;up;");
	ck_assert_str_eq(line_got(&rig), "a;b;|a;");
	ANSWERS("+a\n", "a OK/replied +a;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* Nobody waits for it, but it is an answer. */
TEST(client_last_may_be_late)
{
	begin();
	call_each("ab");
	stay_client_cancel(rig.client, rig.calls[0].id);
	line_run(&rig, 1);
	line_told(&rig);
	ANSWERS("+a$\n", "orphan +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

TEST(client_last_in_the_greeting_is_a_failure)
{
	struct stay_client_options options = { .backoff = stay_backoff_constant(
						   ONE_S) };

	line_prepare(&rig);
	rig.protocol = &line_last_protocol;
	rig.config.hello = "say +hi$";
	line_start(&rig, &options);
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "hello +hi$;up;down E_NOT_READY;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
}

/* Another session is wanted all the same, and after the backoff. */
TEST(client_last_does_not_hurry_who_renews)
{
	begin();
	call_each("a");
	ANSWERS("+renew$\n", "a OK/replied +renew$;down E_NOT_READY;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
}

/* ---- while the session is left ---- */

TEST(client_last_ends_a_planned_change)
{
	begin();
	call_each("ab");
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;");
}

/* What goes on is among what a drain waits for. */
TEST(client_last_does_not_end_a_drain)
{
	begin();
	call_each("ab");
	stay_client_drain(rig.client, ONE_S);
	line_run(&rig, 1);
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;hello -;up;");
	ANSWERS("+b\n", "b OK/replied +b;down E_STOPPED;closed OK;");
}

static void
stay_open(struct peer_end *end)
{
	(void)end;
}

/* The peer has heard our farewell, and still has something to say. */
TEST(client_last_ends_a_stop)
{
	line_prepare(&rig);
	rig.protocol = &line_last_protocol;
	rig.server.on_end = stay_open;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
	call_each("ab");
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 1);
	ANSWERS("+a$\n",
	    "a OK/replied +a$;down E_STOPPED;b E_STOPPED/refused;closed OK;");
}

/* ---- frames that can't be ---- */

TEST(client_last_is_no_part_of_a_reply)
{
	begin();
	call_each("a");
	ANSWERS("*a$\n", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	EXPECT_IN(line_failure(&rig),
	    "a last frame of a kind that can't be the last");
}

TEST(client_last_is_announced_by_the_protocol)
{
	line_begin(&rig, NULL);
	call_each("a");
	ANSWERS("+a$\n", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	EXPECT_IN(line_failure(&rig),
	    "a last frame of a protocol without STAY_LAST_FRAMES");
}

static size_t strange; /* the kind of each reply */

static struct stay_frame
decode_strangely(struct stay_session *session, struct stay_bytes in)
{
	struct stay_frame frame = line_last_protocol.decode(session, in);

	if (frame.kind == STAY_FRAME_REPLY)
		frame.kind = (enum stay_frame_kind)strange;
	return frame;
}

#define UNKNOWN "a frame of an unknown kind"
#define NOT_SO  "a last frame of a kind that can't be the last"

static const struct {
	size_t kind;
	const char *fault;
} stranger[] = {
	{ STAY_FRAME_LAST - 1, UNKNOWN },
	{ STAY_FRAME_LAST + STAY_FRAME_MORE, NOT_SO },
	{ STAY_FRAME_LAST + STAY_FRAME_PART, NOT_SO },
	{ STAY_FRAME_LAST + STAY_FRAME_PIECE, NOT_SO },
	{ STAY_FRAME_LAST + STAY_FRAME_SWALLOW, NOT_SO },
	{ STAY_FRAME_LAST + STAY_FRAME_BAD, NOT_SO },
	{ 2 * STAY_FRAME_LAST - 1, NOT_SO },
	{ 2 * STAY_FRAME_LAST, UNKNOWN },
};

TEST_ROWS(client_last_of_a_strange_kind, LEN(stranger))
{
	struct stay_protocol protocol = line_last_protocol;

	protocol.decode = decode_strangely;
	strange = stranger[_i].kind;
	line_begin_as(&rig, &protocol, NULL, NULL);
	call_each("a");
	answer("+a\n");
	EXPECT_IN(line_told(&rig), "down E_PROTOCOL;a E_PROTOCOL/");
	EXPECT_IN(line_failure(&rig), stranger[_i].fault);
}

/* ---- what comes behind it may fail ---- */

/* Only the end of that session is no failure. */
TEST(client_last_forgives_no_dial_that_fails)
{
	uint64_t dials;

	begin();
	call_each("ab");
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	dials = sim_calls(rig.world, SIM_CONNECT);
	ANSWERS("+a$\n", "a OK/replied +a$;down E_RECONNECT;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	line_run(&rig, ONE_S / 2);
	ck_assert_uint_eq(sim_calls(rig.world, SIM_CONNECT), dials + 1);
	line_run(&rig, 10 * ONE_S);
	ck_assert_uint_le(sim_calls(rig.world, SIM_CONNECT), dials + 22);
}

/* Nor is a dial for which there is no memory the end of the client. */
TEST(client_last_survives_a_dial_without_memory)
{
	bool failed = true;

	for (unsigned n = 1; failed; n++) {
		begin();
		call_each("ab");
		sim_peer_print(rig.peer, "+a$\n");
		scarce_arm(n);
		line_run(&rig, 1);
		failed = scarce_disarm();
		line_run(&rig, 2 * ONE_S);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
		line_end(&rig);
	}
}

/* ---- an answer that ends with its stream ---- */

static unsigned asked;

/* "+all of it" is a reply; "bad" is bad, and anything else nothing. */
static struct stay_frame
at_end(struct stay_session *session, struct stay_bytes rest)
{
	struct line_session *line = stay_session_data(session);

	asked++;
	snprintf(
	    line->text, sizeof(line->text), "%.*s", (int)rest.len, rest.data);
	if (strcmp(line->text, "bad") == 0)
		return stay_frame_bad("half an answer");
	if (strcmp(line->text, "short") == 0)
		return stay_frame_reply(1, line->text);
	if (strcmp(line->text, "push") == 0)
		return stay_frame_push(rest.len, line->text);
	if (strcmp(line->text, "big") == 0)
		return stay_frame_too_big(rest.len);
	return rest.len == 0 || line->text[0] == '+'
		   ? stay_frame_reply(rest.len, line->text)
		   : stay_frame_more();
}

static const struct stay_protocol *
ending(void)
{
	static struct stay_session_ops session;
	static struct stay_protocol protocol;

	session = *line_protocol.session;
	session.at_end = at_end;
	protocol = line_protocol;
	protocol.session = &session;
	asked = 0;
	return &protocol;
}

static void
begin_ending(void)
{
	const struct stay_client_options options = {
		.backoff = stay_backoff_constant(ONE_S)
	};

	line_begin_as(&rig, ending(), NULL, &options);
	call_each("ab");
}

static const struct {
	const char *rest;
	const char *told;
} ends[] = {
	{ "+all of it",
	    "a OK/replied +all of it;down E_RECONNECT;hello -;up;" },
	{ "", "a OK/replied ;down E_RECONNECT;hello -;up;" },
	{ "big", "a E_TOO_BIG/replied;down E_RECONNECT;hello -;up;" },
	{ "nothing", "down E_CLOSED;a E_LOST/maybe executed;"
		     "b E_LOST/maybe executed;" },
	{ "bad", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;"
		 "b E_LOST/maybe executed;" },
	{ "short", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;"
		   "b E_LOST/maybe executed;" },
	{ "push", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;"
		  "b E_LOST/maybe executed;" },
};

TEST_ROWS(client_last_is_the_end_of_the_stream, LEN(ends))
{
	begin_ending();
	sim_peer_print(rig.peer, ends[_i].rest);
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 2, ends[_i].told);
	ck_assert_uint_eq(asked, 1);
	if (line_state(&rig) == STAY_CONNECTED)
		ANSWERS("+b\n", "b OK/replied +b;");
}

/* What was cut short is no answer. */
TEST(client_last_is_no_reset)
{
	begin_ending();
	sim_peer_print(rig.peer, "+all");
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1,
	    "down E_RESET;a E_LOST/maybe executed;b E_LOST/maybe executed;");
	ck_assert_uint_eq(asked, 0);
}

static void
call_more(struct line_call *call)
{
	(void)line_call(call->rig, "c", LINE("c"));
}

/* Nor is it when a write has found that out, and what the filter has to say to it is
 * that the stream was cut. */
TEST(client_last_is_no_reset_that_a_write_finds)
{
	static struct toy_filter toy;
	static struct toy_terms terms;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ 0 };
	line_prepare(&rig);
	rig.protocol = ending();
	rig.url = "lines://" LINE_PLACE;
	rig.server.toy = &terms;
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("a"))->then = call_more;
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 1);
	(void)line_told(&rig);
	peer_send(rig.server.ends, 0, 0, "+a\n+all", 7);
	sim_peer_reset(rig.peer);
	LINE_TELLS(
	    &rig, 1, "a OK/replied +a;down E_CLOSED;b E_LOST/maybe executed;");
	ck_assert_uint_eq(asked, 0);
}

/* Of the frames before it each is handed out, and one a turn. */
TEST(client_last_comes_behind_others)
{
	begin_ending();
	sim_peer_print(rig.peer, "+a\n+and b");
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 2,
	    "a OK/replied +a;b OK/replied +and b;down E_RECONNECT;hello -;up;");
}

#define GIVEN_UP "a E_CANCELLED/maybe executed;"

/* Before the end, whoever was given up is told so: more than one turn may tell. */
TEST(client_last_ends_who_was_given_up)
{
	line_begin_as(&rig, ending(), NULL,
	    OPTIONS(.backoff = stay_backoff_constant(ONE_S),
		.turn_calls_max = 1));
	for (int i = 0; i < 8; i++)
		call("a", 0);
	call("b", 0);
	line_run(&rig, 1);
	answer("+late");
	sim_peer_close(rig.peer);
	for (int i = 0; i < 8; i++)
		stay_client_cancel(rig.client, rig.calls[i].id);
	LINE_TELLS(&rig, 1,
	    GIVEN_UP GIVEN_UP GIVEN_UP GIVEN_UP GIVEN_UP GIVEN_UP GIVEN_UP
		GIVEN_UP "orphan +late;down E_RECONNECT;hello -;up;");
}

TEST(client_last_is_no_end_that_nobody_waits_for)
{
	begin_ending();
	answer("+a\n+b\n");
	line_told(&rig);
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 2, "down E_CLOSED;");
	ck_assert_uint_eq(asked, 0);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
}

TEST(client_last_is_the_end_while_leaving)
{
	begin_ending();
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+all");
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 2, "a OK/replied +all;down E_RECONNECT;hello -;up;");
}

/* Whom the next session ends on may have been acted on. */
TEST(client_last_frame_speaks_for_its_session)
{
	begin();
	call_each("ab");
	answer("+1$\n");
	line_run(&rig, 2 * ONE_S);
	line_told(&rig);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1, "down E_RESET;b E_LOST/maybe executed;");
}

TEST_SUITE_WITH(client_last, .after = line_after)
