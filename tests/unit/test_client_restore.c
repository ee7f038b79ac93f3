/* What the last session had is restored by on_up: in turns, awaited, or in vain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

/* ---- one question, and its answer ---- */

/* Up when the server says so; the kinds are those of hello. */
static struct stay_hello
await(struct stay_session *session, const struct stay_frame *frame)
{
	const char *text = frame == NULL ? "" : frame->reply;

	(void)session;
	if (frame == NULL || frame->kind == STAY_FRAME_PART)
		return stay_hello_wait();
	if (frame->kind == STAY_FRAME_ERROR)
		return stay_hello_denied(text);
	if (frame->kind == STAY_FRAME_REFUSED)
		return stay_hello_retry(text);
	return strcmp(text, "+bad") == 0 ? stay_hello_bad("no such channel")
					 : stay_hello_up();
}

static void
begin(const char *question, const struct stay_client_options *options)
{
	line_prepare(&rig);
	rig.config.hello = "say +hello";
	rig.config.on_up = question;
	rig.config.restore = await;
	line_start(&rig, options);
	line_call(&rig, "a", LINE("say +1"));
}

TEST(client_restore_is_awaited_before_calls_flow)
{
	begin("sub", NULL);
	LINE_TELLS(&rig, 50, "init 10.0.0.1;hello -;hello +hello;up;");
	ck_assert_str_eq(line_got(&rig), "say +hello;sub;");
	ck_assert_ptr_null(stay_client_session(rig.client));
	ck_assert_int_eq(
	    line_try(&rig, "b", LINE_WITH("here", .flags = STAY_THIS_SESSION)),
	    STAY_E_OFFLINE);
	EXPECT_IN(line_explained(&rig), "restoring the session");
	ck_assert_uint_eq(line_counts(&rig).sessions, 0);
	sim_peer_print(rig.peer, "*part\n>push\n=both\n");
	LINE_TELLS(&rig, 10,
	    "up *part;push >push;push =both;up =both;a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "say +1;");
	ck_assert_uint_eq(line_counts(&rig).sessions, 1);
}

/* What it asked and did not wait for is told to on_control. */
TEST(client_restore_need_not_wait)
{
	begin("say +sub", NULL);
	rig.config.restore = NULL;
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;hello +hello;up;control +sub;"
	    "a OK/replied +1;");
}

/* The attempt fails, and what waits in the queue has the fate that this has. */
static const struct failure {
	const char *answer;
	const char *told;
	const char *sentence;
} failures[] = {
	{ "say !busy",
	    "init 10.0.0.1;hello -;hello +hello;up;up !busy;down E_NOT_READY;",
	    "restore line://10.0.0.1:7777: !busy" },
	{ "say +bad",
	    "init 10.0.0.1;hello -;hello +hello;up;up +bad;down E_PROTOCOL;",
	    "restore line://10.0.0.1:7777: no such channel" },
	{ "say -no",
	    "init 10.0.0.1;hello -;hello +hello;up;up -no;down E_DENIED;"
	    "a E_DENIED/not sent;",
	    "restore line://10.0.0.1:7777: -no" },
	{ "close", "init 10.0.0.1;hello -;hello +hello;up;down E_CLOSED;",
	    NULL },
};

TEST_ROWS(client_restore_fails, LEN(failures))
{
	const struct failure *row = &failures[_i];

	begin(row->answer, OPTIONS(.backoff = stay_backoff_constant(1000),
			       .fatal_backoff_ms = 1000));
	LINE_TELLS(&rig, 50, row->told);
	if (row->sentence != NULL)
		EXPECT_IN(line_failure(&rig), row->sentence);
	ck_assert_uint_eq(line_counts(&rig).sessions, 0);
	EXPECT_IN(line_explained(&rig),
	    row->sentence != NULL ? "its last session was not restored: "
				  : "its last attempt failed: ");
	rig.config.restore = NULL;
	line_run(&rig, 3000);
	ck_assert_uint_eq(rig.calls[0].told, 1);
}

/* At once, too: it is not the greeting that has failed. */
static struct stay_hello
give_up(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return stay_hello_retry("no memory for it");
}

TEST(client_restore_fails_at_once)
{
	begin(NULL, OPTIONS(.backoff = stay_backoff_constant(1000)));
	rig.config.restore = give_up;
	LINE_TELLS(&rig, 50,
	    "init 10.0.0.1;hello -;hello +hello;up;down E_NOT_READY;");
	EXPECT_IN(line_failure(&rig),
	    "restore line://10.0.0.1:7777: no memory for it");
}

TEST(client_restore_has_the_connect_budget)
{
	begin("sub", OPTIONS(.connect_budget_ms = 500,
			 .backoff = stay_backoff_constant(60000)));
	line_run(&rig, 450);
	ck_assert_str_eq(
	    line_told(&rig), "init 10.0.0.1;hello -;hello +hello;up;");
	LINE_TELLS(&rig, 100, "down E_TIMEOUT;");
}

/* There is nobody to say goodbye. */
TEST(client_restore_may_be_cut_short)
{
	begin("sub", NULL);
	rig.config.bye = "bye";
	line_run(&rig, 10);
	line_told(&rig);
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 50, "down E_STOPPED;a E_STOPPED/not sent;closed OK;");
	ck_assert_str_eq(line_got(&rig), "say +hello;sub;");
}

/* ---- more than the lane holds ---- */

#define TOPICS 130000

static unsigned topics_said; /* in this session */
static unsigned topics_heard;
static unsigned fulls;
static size_t lane_max;

static enum stay_status
say_topic(struct stay_session *session, unsigned number)
{
	struct stay_buf *out = stay_session_control(session);

	if (stay_buf_len(out) > lane_max)
		lane_max = stay_buf_len(out);
	EXPECT_OK(stay_buf_printf(out, "topic of some length %08u\n", number));
	return stay_session_expect(session, 0);
}

static enum stay_status
say_topics(struct stay_session *session)
{
	enum stay_status status = STAY_OK;

	while (topics_said < TOPICS &&
	       (status = say_topic(session, topics_said)) == STAY_OK)
		topics_said++;
	fulls += status == STAY_E_FULL;
	return status;
}

static void
hear_topic(struct peer_end *end, const struct peer_request *request)
{
	const char *number =
	    request->words[0].text + sizeof("topic of some length");

	(void)end;
	ck_assert_uint_eq(strtoul(number, NULL, 10), topics_heard);
	topics_heard++;
}

static const struct peer_row topic_rows[] = {
	DO("topic", hear_topic),
	NO_MORE,
};

static struct stay_hello
restore_all(struct stay_session *session, const struct stay_frame *frame)
{
	if (frame != NULL)
		return stay_hello_bad("nobody was asked");
	return say_topics(session) == STAY_OK ? stay_hello_up()
					      : stay_hello_wait();
}

static void
prepare_topics(void)
{
	line_prepare(&rig);
	topics_said = topics_heard = fulls = 0;
	lane_max = 0;
	rig.server.rows = topic_rows;
	rig.server.log = NULL;
}

/* So many go through a lane of 1 MiB, in order, and before any call. */
TEST(client_restore_takes_turns)
{
	prepare_topics();
	rig.config.restore = restore_all;
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 1000);
	ck_assert_uint_eq(topics_heard, TOPICS);
	ck_assert_uint_ge(fulls, TOPICS * 29 / (1 << 20));
	ck_assert_uint_le(lane_max, (1 << 20) + 29);
	EXPECT_IN(
	    line_told(&rig), "init 10.0.0.1;hello -;up;drained;up;drained;up;");
	ck_assert_uint_eq(rig.calls[0].told, 1);
}

/* hello may have as much to say. */
static struct stay_hello
greet_at_length(struct stay_session *session, const struct stay_frame *frame)
{
	line_note(&rig.notes, "hello;");
	return restore_all(session, frame);
}

TEST(client_hello_takes_turns)
{
	struct stay_protocol protocol = line_protocol;

	prepare_topics();
	protocol.hello = greet_at_length;
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_run(&rig, 1000);
	ck_assert_uint_eq(topics_heard, TOPICS);
	EXPECT_IN(line_told(&rig),
	    "init 10.0.0.1;hello;drained;hello;drained;hello;");
}

static void
say_more(struct stay_session *session)
{
	(void)say_topics(session);
}

/* How many bytes may be on their way to the peer, for so long. */
static void
take_no_more_than(size_t bytes, uint64_t latency_ms)
{
	const struct sim_limits limits = { .send_buffer = bytes,
		.latency_ms = latency_ms };

	sim_peer_limits(rig.peer, &limits);
}

/* The session is up, and the lane full: nobody takes what is said. */
static struct stay_session *
fill(void)
{
	struct stay_session *session;

	prepare_topics();
	line_start(&rig, NULL);
	line_run(&rig, 10);
	session = stay_client_session(rig.client);
	sim_peer_freeze(rig.peer, true);
	take_no_more_than(1, 0);
	ck_assert_int_eq(say_topics(session), STAY_E_FULL);
	line_run(&rig, 10);
	line_told(&rig);
	return session;
}

/* Also when the session is up; and nobody is told who has not met the end. */
TEST(client_lane_tells_when_it_has_drained)
{
	fill();
	rig.config.on_drained = say_more;
	take_no_more_than(0, 0);
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 1000);
	ck_assert_uint_eq(topics_heard, TOPICS);
	ck_assert_uint_ge(fulls, 3);
	line_told(&rig);
	line_call(&rig, "a", LINE("say +1"));
	LINE_TELLS(&rig, 10, "a OK/replied +1;");
}

static void
finish(struct stay_session *session)
{
	struct stay_buf *control = stay_session_control(session);

	(void)stay_buf_puts(control, "say +whole\n");
	EXPECT_OK(stay_session_expect(session, 1));
	(void)stay_buf_puts(control, "half ");
	stay_session_renew(session, "all is said");
}

/* Whoever is told of it may end the session; half a message is nobody's. */
TEST(client_lane_that_has_drained_may_be_the_last)
{
	struct stay_session *session = fill();

	rig.config.on_drained = finish;
	rig.config.bye = "say +bye";
	rig.config.bye_replies = 1;
	(void)stay_buf_puts(stay_session_control(session), "half ");
	take_no_more_than(0, 0);
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 100,
	    "drained;bye;control +whole;control +bye;down E_NOT_READY;"
	    "hello -;up;");
}

/* It is told once more than half of it has left, and no earlier. */
static const struct share {
	size_t bytes;
	const char *told;
} shares[] = {
	{ (512 << 10) - 100, "" },
	{ (512 << 10) + 100, "drained;" },
};

TEST_ROWS(client_lane_has_drained_by_half, LEN(shares))
{
	fill();
	take_no_more_than(shares[_i].bytes, 5000);
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 1000, shares[_i].told);
}

/* What did not fit is not sent, and the next session begins with an empty lane. */
TEST(client_lane_that_was_full_ends_with_its_session)
{
	fill();
	sim_peer_reset(rig.peer);
	topics_heard = 0;
	LINE_TELLS(&rig, 1000, "down E_RESET;hello -;up;");
	ck_assert_uint_eq(topics_heard, 0);
	topics_said = 0;
	EXPECT_OK(say_topic(stay_client_session(rig.client), 0));
	line_run(&rig, 10);
	ck_assert_uint_eq(topics_heard, 1);
	ck_assert_ptr_null(strstr(line_told(&rig), "drained;"));
}

/* A goodbye is worth waiting for; nothing is said behind it. */
TEST(client_farewell_waits_for_room_in_the_lane)
{
	fill();
	rig.config.bye = "bye";
	rig.config.on_drained = say_more;
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10, "");
	take_no_more_than(0, 0);
	sim_peer_freeze(rig.peer, false);
	topics_said = TOPICS;
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), "bye;");
}

/* One message may pass the bound; more than 16 MiB is none. */
TEST(client_lane_takes_a_large_message)
{
	struct stay_session *session;
	struct stay_buf *out;

	line_begin(&rig, NULL);
	session = stay_client_session(rig.client);
	sim_peer_freeze(rig.peer, true);
	EXPECT_OK(say_topic(session, 0));
	out = stay_session_control(session);
	ck_assert_ptr_null(stay_buf_reserve(out, (16 << 20) + 1));
	ck_assert_ptr_nonnull(stay_buf_reserve(out, 16 << 20));
	memset(stay_buf_reserve(out, 2 << 20), 'x', 2 << 20);
	stay_buf_commit(out, 2 << 20);
	EXPECT_OK(stay_session_expect(session, 0));
	ck_assert_int_eq(say_topic(session, 1), STAY_E_FULL);
	ck_assert_ptr_nonnull(
	    stay_buf_reserve(stay_session_control(session), 16 << 20));
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
}

TEST_SUITE_WITH(client_restore, .after = line_after)
