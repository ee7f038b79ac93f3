/*
 * Whose words a call ends with: an error of the server is told in its own, cut,
 * escaped and without those of the login.
 */
#include <string.h>

#include "base/text.h"
#include "client/session.h"
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

#define SAID "the server replied with an error"

static struct line_rig rig;
static char why[2048];

static void
keep_why(struct line_call *call)
{
	snprintf(why, sizeof(why), "%s", call->result.why);
}

static void
begin(const struct stay_client_options *options)
{
	why[0] = '\0';
	line_prepare(&rig);
	rig.config.tells_words = true;
	line_start(&rig, options);
	line_run(&rig, 10);
}

static void
ask(const struct line_request *request)
{
	line_call(&rig, "a", request)->then = keep_why;
	line_run(&rig, 10);
}

static void
answer(const char *text, size_t len)
{
	ask(LINE("x"));
	sim_peer_send(rig.peer, text, len);
	line_run(&rig, 10);
}

/* ---- an error ---- */

TEST(client_words_of_the_server_end_why)
{
	begin(NULL);
	ask(LINE("say -ERR no such key"));
	ck_assert_str_eq(why, SAID ": ERR no such key");
	ask(LINE("say !READONLY a replica"));
	ck_assert_str_eq(why, SAID ": READONLY a replica");
	ask(LINE("say +fine"));
	ck_assert_str_eq(why, "ok");
	rig.config.tells_words = false;
	ask(LINE("say -ERR no such key"));
	ck_assert_str_eq(why, SAID);
}

/* The last of several replies is the call's. */
TEST(client_words_of_each_reply)
{
	static const struct line_request two = { .text = "say +1|-two",
		.replies = 2 };

	begin(NULL);
	ask(&two);
	ck_assert_str_eq(why, SAID ": two");
}

TEST(client_words_are_escaped_and_bounded)
{
	char text[202] = "-";

	begin(NULL);
	answer("-a\033[2J\xff%s%n\n", 12);
	ck_assert_str_eq(why, SAID ": a\\x1b[2J\\xff%s%n");
	memset(text + 1, '\x01', 200);
	text[201] = '\n';
	answer(text, sizeof(text));
	EXPECT_IN(why, SAID ": \\x01\\x01");
	ck_assert_uint_eq(strlen(why), strlen(SAID ": ") + 4 * 200);
}

TEST(client_words_are_rid_of_the_login)
{
	line_prepare(&rig);
	rig.url = "line://anna:s3cr3t@10.0.0.1:7777";
	rig.config.tells_words = true;
	line_start(&rig, NULL);
	ask(LINE("say -ERR AUTH anna s3cr3t failed"));
	ck_assert_str_eq(why, SAID ": ERR AUTH *** *** failed");
}

TEST(client_words_of_a_login_are_nobodys)
{
	begin(NULL);
	stay_session_set_login(
	    stay_client_session(rig.client), "bobby", "hunter2");
	ask(LINE("say -bobby and hunter2 do not match"));
	ck_assert_ptr_null(strstr(why, "bobby"));
	ck_assert_ptr_null(strstr(why, "hunter2"));
	EXPECT_IN(why, "do not match");
	/* In the next session nobody has logged in. */
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ask(LINE("say -bobby is a name"));
	EXPECT_IN(why, "bobby is a name");
	line_told(&rig);
}

TEST(client_words_may_speak_of_who_everybody_is)
{
	line_prepare(&rig);
	rig.config.tells_words = true;
	rig.url = "line://default:hunter2@10.0.0.1:7777";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ask(LINE("say -default and hunter2 do not match"));
	EXPECT_IN(why, "default and ");
	ck_assert_ptr_null(strstr(why, "hunter2"));
}

/* A frame may say any length, and any bytes. */
TEST(client_words_are_cut)
{
	static char text[10000];
	char shown[4 * STAY__WORDS_MAX];
	struct stay__text to = { shown, sizeof(shown), 0 };
	const size_t len = strlen(SAID ": ");

	begin(NULL);
	memset(text, 'e', sizeof(text));
	text[1] = '\0';
	inside_quote(
	    rig.client, &to, (struct stay_bytes){ text, sizeof(text) });
	ck_assert_uint_eq(strlen(shown), len + STAY__WORDS_MAX - 1 + 3);
	ck_assert_int_eq(strncmp(shown, SAID ": e eee", len + 5), 0);
	ck_assert_str_eq(shown + len + STAY__WORDS_MAX - 2, "e...");
}

/* ---- a call that nobody waits for ---- */

static void
lose(const struct line_request *request)
{
	EXPECT_OK(stay_client_call(rig.client, request, NULL, NULL));
	line_run(&rig, 10);
}

TEST(client_words_name_a_lost_call)
{
	struct line_request request = { .text = "say -no", .replies = 1 };

	begin(NULL);
	lose(&request);
	ck_assert_str_eq(rig.lost, SAID ": no");
	request.tag = 7;
	lose(&request);
	ck_assert_str_eq(rig.lost, "call\\x097: " SAID ": no");
	request.text = "x";
	lose(&request);
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_int_eq(strncmp(rig.lost, "call\\x097: ", 11), 0);
}

/* Which of several replies decides: the last, but for whether the server has acted. */
static const struct {
	const char *said;
	const char *told;
} several[] = {
	{ "say +1|+2|+3", "a OK/replied +3;" },
	{ "say -1|-2|+3", "a OK/replied +3;" },
	{ "say !1|!2|+3", "a OK/replied +3;" },
	{ "say +1|+2|-3", "a E_SERVER/replied -3;" },
	{ "say +1|+2|!3", "a E_SERVER/replied !3;" },
	{ "say -1|!2|!3", "a E_SERVER/replied !3;" },
	{ "say !1|!2|-3", "a E_SERVER/replied -3;" },
	{ "say !1|!2|!3", "a E_SERVER/refused !3;" },
};

TEST_ROWS(client_words_of_several_replies_are_the_last, LEN(several))
{
	const char *told;

	line_begin(&rig, NULL);
	line_call(&rig, "a",
	    &(const struct line_request){
		.text = several[_i].said, .replies = 3 });
	line_run(&rig, 10);
	told = line_told(&rig);
	ck_assert_uint_gt(strlen(told), strlen(several[_i].told));
	told += strlen(told) - strlen(several[_i].told);
	ck_assert_str_eq(told, several[_i].told);
}

/* ---- how long words live ---- */

static void
lose_it(void)
{
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
}

static void
cancel_it(void)
{
	stay_client_cancel(rig.client, rig.calls[0].id);
}

static void
nothing(void)
{
}

/* What a call ends with, and what its words are then of. */
static const struct {
	const char *text;
	void (*live)(void);
	const char *words;
} ends[] = {
	{ "say +fine", nothing, "ok" },
	{ "say -ERR no such key", nothing, SAID ": ERR no such key" },
	{ "say !LOADING", nothing, SAID ": LOADING" },
	{ "quiet", nothing, "timed out after 1 s" },
	{ "quiet", cancel_it, "cancelled" },
	{ "quiet", lose_it, "session line://10.0.0.1:7777: " },
};

static unsigned lived;

/* All that might have something to say itself. */
static void
call_everything(struct line_call *call)
{
	const char *words = call->result.why;

	keep_why(call);
	ck_assert_int_eq(
	    strncmp(words, ends[lived].words, strlen(ends[lived].words)), 0);
	(void)stay_client_cancel(rig.client, rig.calls[1].id);
	(void)line_try(&rig, "c", LINE("x"));
	stay_client_reconnect(rig.client, STAY_E_DENIED);
	EXPECT_OK(
	    stay_client_reconfigure(rig.client, "line://10.0.0.9:1", NULL));
	stay_client_stop(rig.client, STAY_E_DENIED);
	ck_assert_str_eq(words, why);
	lived = LEN(ends);
}

TEST_ROWS(client_words_live_until_done_returns, LEN(ends))
{
	begin(NULL);
	lived = (unsigned)_i;
	line_call_with(&rig, "a", LINE(ends[_i].text), WITHIN(1000))->then =
	    call_everything;
	line_call(&rig, "b", LINE("quiet"));
	line_run(&rig, 1);
	ends[_i].live();
	line_run(&rig, 1500);
	ck_assert_uint_eq(lived, LEN(ends));
}

/* What decode has against the bytes may lie in its session block. */
static struct stay_frame
complain(struct stay_session *session, struct stay_bytes in)
{
	struct line_session *line = stay_session_data(session);

	snprintf(line->text, sizeof(line->text), "%c is no kind", in.data[0]);
	return stay_frame_bad(in.data[0] == '?' ? NULL : line->text);
}

TEST_ROWS(client_words_of_a_bad_frame, 2)
{
	static const char *const said[] = { "say ?", "say %s" };
	static const char *const told[] = {
		"session line://10.0.0.1:7777: the peer broke the protocol; ",
		"session line://10.0.0.1:7777: % is no kind; "
	};
	struct stay_protocol protocol = line_bare_protocol;
	const char *failure;

	protocol.decode = complain;
	line_prepare(&rig);
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE(said[_i]));
	line_run(&rig, 10);
	failure = line_failure(&rig);
	ck_assert_msg(
	    strncmp(failure, told[_i], strlen(told[_i])) == 0, "%s", failure);
}

/* ---- no word of the server ---- */

static void
cancel(void)
{
	EXPECT_OK(stay_client_cancel(rig.client, rig.calls[0].id));
}

static void
stop(void)
{
	stay_client_stop(rig.client, STAY_OK);
}

static void
wait(void)
{
	line_run(&rig, 500);
}

static const struct ended {
	const char *hello; /* not answered */
	bool lost;         /* nobody listens any more */
	void (*end)(void);
	enum stay_status status;
	const char *more; /* behind what the status says */
} ended[] = {
	{ "hi", false, cancel, STAY_E_CANCELLED, NULL },
	{ "hi", false, wait, STAY_E_TIMEOUT,
	    "in the queue, never sent; the greeting with the server is not "
	    "over" },
	{ NULL, true, cancel, STAY_E_CANCELLED, NULL },
	{ NULL, true, stop, STAY_E_STOPPED, NULL },
	{ NULL, true, wait, STAY_E_TIMEOUT,
	    "in the queue, never sent; connect "
	    "line://10.0.0.1:7777: " },
};

/* A failure of the client says why, but not of what its program has asked for. */
TEST_ROWS(client_words_of_who_ends_without_an_answer, LEN(ended))
{
	const struct ended *row = &ended[_i];

	why[0] = '\0';
	line_prepare(&rig);
	rig.config.hello = row->hello;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	if (row->lost) {
		sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
		sim_peer_reset(rig.peer);
		line_run(&rig, 200);
	}
	line_call_with(&rig, "a", LINE("x"), WITHIN(300))->then = keep_why;
	row->end();
	line_run(&rig, 10);
	if (row->more == NULL)
		ck_assert_str_eq(why, stay_strerror(row->status));
	else
		EXPECT_IN(why, row->more);
}

/* What failed before this session is no reason in it. */
TEST(client_words_of_a_timeout_are_of_this_session)
{
	begin(NULL);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	line_call_with(&rig, "a", LINE("x"), WITHIN(300))->then = keep_why;
	line_run(&rig, 310);
	EXPECT_IN(why, "since it was sent");
	ck_assert_ptr_null(strchr(why, ';'));
}

/* Its refusal is not why it is cancelled. */
TEST(client_words_of_a_refusal_end_with_it)
{
	begin(OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", LINE("x"))->then = keep_why;
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "!READONLY a replica\n");
	line_run(&rig, 10);
	cancel();
	line_run(&rig, 10);
	ck_assert_str_eq(why, stay_strerror(STAY_E_CANCELLED));
}

static struct stay_bytes said; /* of each refusal; no data: behind its frame */

static struct stay_frame
decode_saying(struct stay_session *session, struct stay_bytes in)
{
	struct stay_frame frame = line_protocol.decode(session, in);

	if (frame.kind == STAY_FRAME_REFUSED) {
		frame.why = said.data != NULL ? said.data : in.data + frame.len;
		frame.why_len = said.len;
	}
	return frame;
}

/* Only words that are in the frame itself are kept with it. */
TEST_ROWS(client_words_that_are_elsewhere_are_not_kept, 3)
{
	static const char low[] = "words of a table";
	const char high[] = "words of a stack";
	struct stay_protocol protocol = line_protocol;

	said = (struct stay_bytes){ _i == 0   ? low
				    : _i == 1 ? high
					      : NULL,
		sizeof(low) - 1 };
	protocol.decode = decode_saying;
	why[0] = '\0';
	line_begin_as(
	    &rig, &protocol, NULL, OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	line_call(&rig, "a", LINE("x"))->then = keep_why;
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "!no\n");
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+b\n");
	line_run(&rig, 10);
	ck_assert_str_eq(why, SAID);
}

TEST_SUITE_WITH(client_words, .after = line_after)
