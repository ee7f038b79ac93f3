/*
 * A request and its body, which a script brings piece by piece: see struct source.
 * The server reads both as one line.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <stay/group.h>

#include "suites.h"
#include "support/expect.h"
#include "support/inside.h"
#include "support/line_pieces.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;

/* How encode treats a body. */
static struct {
	bool ignores;
	bool stops;
	bool untold; /* it was asked to encode for nobody */
	bool closes; /* with the end of the line; else the script does */
} way;

/*
 * Each time that `more` is asked it takes one step of the script, "ab|c~|d.": it
 * appends the letters, and says by the last sign
 *
 *	~ wait   ^ go on, and then wait   . end   ! failed   @ give up its call
 *	# what is no answer
 *	* stop the client   and without one: more
 */
static struct source {
	const char *script;
	const char *at;
	struct stay_feed *feed;
	struct line_call *call;
	enum stay_status rewinds; /* what rewind says */
	size_t most;              /* bytes that it was asked for at once */
	unsigned over;
} source;

static void
note_over(void *arg)
{
	struct source *own = arg;

	own->over++;
	if (own->feed != NULL)
		stay_feed_go_on(own->feed);
	line_note(&rig.notes, "over;");
}

static struct stay_fed
say(struct source *own, char sign)
{
	switch (sign) {
	case '^':
		stay_feed_go_on(own->feed);
		return stay_fed_wait();
	case '~':
		return stay_fed_wait();
	case '.':
		return stay_fed_end();
	case '!':
		return stay_fed_failed(STAY_E_IO, "the tape is torn");
	case '?':
		return stay_fed_failed(STAY_OK, NULL);
	case '@':
		EXPECT_OK(stay_client_cancel(rig.client, own->call->id));
		return stay_fed_more();
	case '#':
		return stay_fed_of((enum stay_fed_kind)9, STAY_OK, NULL);
	case '*':
		stay_client_stop(rig.client, STAY_OK);
		return stay_fed_more();
	default:
		return stay_fed_more();
	}
}

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct source *own = arg;
	size_t step = strcspn(own->at, "|"),
	       len = strcspn(own->at, "|~^.!?@#*");
	char sign = own->at[len];

	EXPECT(max > 0 && max <= STAY_BODY_PIECE && stay_buf_len(out) == 0);
	EXPECT(own->over == 0 && *own->at != '\0');
	if (own->most < max)
		own->most = max;
	own->feed = feed;
	ck_assert_int_eq(stay_buf_append(out, own->at, len),
	    len > max ? STAY_E_TOO_BIG : STAY_OK);
	own->at += step + (own->at[step] == '|');
	return say(own, sign);
}

static enum stay_status
rewind_script(void *arg)
{
	struct source *own = arg;

	line_note(&rig.notes, "rewind;");
	own->at = own->script;
	if (own->rewinds == STAY_E_CANCELLED)
		(void)stay_client_cancel(rig.client, own->call->id);
	return own->rewinds;
}

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	enum stay_status status = line_protocol.encode(request, out);
	struct stay_request_body *body = request->body;

	way.untold = request->is_untold;
	if (status != STAY_OK || body == NULL)
		return status;
	body->follows = !way.ignores;
	body->stops = way.stops;
	if (!way.closes)
		body->closing = (struct stay_bytes){ NULL, 0 };
	return STAY_OK;
}

static struct stay_protocol protocol;

static void
prepare(void)
{
	line_prepare(&rig);
	protocol = line_protocol;
	protocol.encode = encode;
	rig.protocol = &protocol;
	memset(&way, 0, sizeof(way));
	way.closes = true;
}

static void
begin(const struct stay_client_options *options)
{
	prepare();
	line_start(&rig, options);
	line_run(&rig, 10);
	line_told(&rig);
}

static struct stay_body
body_of(const char *script, uint64_t len)
{
	source = (struct source){ .script = script, .at = script };
	return (struct stay_body){ STAY_BODY, .len = len, .more = more,
		.over = note_over, .arg = &source };
}

/* A call with the body that the script brings. */
static struct line_call *
call(const char *words, const char *script, uint64_t len)
{
	struct stay_body body = body_of(script, len);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };

	source.call = line_call_with(&rig, "a", LINE(words), options);
	return source.call;
}

/* The same of a call that may be sent again, flags and all. */
static void
call_again(const char *words, const char *script, uint64_t len, uint32_t flags)
{
	struct stay_body body = body_of(script, len);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body,
		.flags = flags };

	body.rewind = rewind_script;
	source.call = line_call_with(&rig, "a", LINE(words), options);
}

static void
end(void)
{
	line_after();
	ck_assert_uint_eq(source.over, source.script != NULL);
}

/* ---- a body that comes to its end ---- */

#define OPEN STAY_BODY_OPEN

static const struct {
	const char *words;
	const char *script;
	uint64_t len;
	const char *got;
} whole[] = {
	{ "say +", "xy", 2, "say +xy;" },
	{ "say +", "x|y|z", 3, "say +xyz;" },
	{ "say +", "x|y|z.", 3, "say +xyz;" },
	/* nothing more is asked for when all of it is there */
	{ "say +", "xyz~", 3, "say +xyz;" },
	{ "say +xyz", "", 0, "say +xyz;" },
	{ "say +", "x^|^|yz", 3, "say +xyz;" },
	{ "say +", "x|y|.", OPEN, "say +xy;" },
	{ "say +", "xy.", OPEN, "say +xy;" },
	{ "say +xy", ".", OPEN, "say +xy;" },
	/* what is beyond its length finds no room */
	{ "say +", "xyzzz|yz|z", 3, "say +yzz;" },
};

TEST_ROWS(client_body_follows_its_request, LEN(whole))
{
	begin(NULL);
	/* of what is too long nothing is appended: no byte, and so no more */
	call(whole[_i].words, whole[_i].script, whole[_i].len);
	if (strstr(whole[_i].script, "zzz") != NULL) {
		LINE_TELLS(&rig, 1, "a E_ARG/not sent;down E_RECONNECT;over;");
	} else {
		line_run(&rig, 1);
		ck_assert_str_eq(line_got(&rig), whole[_i].got);
		EXPECT_IN(line_told(&rig), "a OK/replied +xy");
		ck_assert_uint_eq(source.over, 1);
	}
	ck_assert_uint_eq(line_counts(&rig).tombstones, 0);
}

/* While it waits, no byte is expected: TCP keepalive sees whether the peer is there. */
TEST(promise_8_the_kernel_looks_while_a_body_waits)
{
	prepare();
	line_start(&rig, OPTIONS(.silence_ms = 4000, .probe_ms = 4000,
			     .connect_budget_ms = 4000));
	line_run(&rig, 10);
	ck_assert(sim_peer_options(rig.peer)->keepalive_later);
	call("say +", "xyz~", 3);
	line_run(&rig, 10);
	ck_assert(!sim_peer_options(rig.peer)->keepalive_later);
}

/* The words behind a wait leave when somebody says so, in another turn. */
TEST(client_body_waits_for_its_source)
{
	begin(NULL);
	call("say +", "x~|~|yz", 3);
	line_run(&rig, 100);
	ck_assert_ptr_nonnull(source.feed);
	ck_assert_str_eq(source.at, "~|yz");
	stay_feed_go_on(source.feed);
	stay_feed_go_on(source.feed);
	line_run(&rig, 100);
	ck_assert_str_eq(source.at, "yz");
	ck_assert_str_eq(line_told(&rig), "");
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 1, "a OK/replied +xyz;over;");
}

/* Neither calls nor what the protocol says come in between. */
TEST(client_body_has_the_stream_to_itself)
{
	begin(NULL);
	line_call(&rig, "first", LINE("say +1"));
	call("say +", "x~|y", 2);
	line_call(&rig, "last", LINE("say +3"));
	LINE_TELLS(&rig, 1, "first OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "say +1;");
	(void)stay_buf_puts(
	    stay_session_control(stay_client_session(rig.client)), "say +c\n");
	EXPECT_OK(stay_session_expect(stay_client_session(rig.client), 1));
	LINE_TELLS(&rig, 100, "");
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	stay_feed_go_on(source.feed);
	LINE_TELLS(
	    &rig, 1, "a OK/replied +xy;over;control +c;last OK/replied +3;");
	ck_assert_str_eq(line_got(&rig), "say +xy;say +c;say +3;");
}

/* Two bodies, one behind the other, with calls around them. */
TEST(client_body_after_body)
{
	struct stay_body other = { STAY_BODY, .more = more, .arg = &source };
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &other };

	begin(NULL);
	line_call(&rig, "b", LINE("say +0"));
	call("say +", "x|y", 2);
	line_call_with(&rig, "c", LINE("say +none"), options);
	line_call(&rig, "d", LINE("say +4"));
	LINE_TELLS(&rig, 5,
	    "b OK/replied +0;a OK/replied +xy;over;c OK/replied +none;"
	    "d OK/replied +4;");
}

/* The server reads slowly: no piece is asked for before the last one is taken. */
static struct stay_fed
more_of_zeros(
    void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	size_t *asked = arg;

	(void)feed;
	EXPECT(stay_buf_len(out) == 0);
	memset(stay_buf_reserve(out, max), '0', max);
	stay_buf_commit(out, max);
	*asked += max;
	return stay_fed_more();
}

TEST(client_body_is_asked_for_when_there_is_room)
{
	const size_t len = (1u << 20) + 17;
	size_t asked = 0, sent, before;
	struct stay_body body = { STAY_BODY, .len = len, .more = more_of_zeros,
		.arg = &asked };
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };

	begin(NULL);
	rig.server.log = NULL;
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 100));
	sim_peer_freeze(rig.peer, true);
	before = (size_t)line_counts(&rig).bytes_out;
	line_call_with(&rig, "a", LINE("w"), options);
	line_run(&rig, 100);
	sent = (size_t)line_counts(&rig).bytes_out - before;
	ck_assert_uint_eq(sent, 100);
	ck_assert_uint_eq(asked, STAY_BODY_PIECE);
	sim_peer_limits(rig.peer, &(const struct sim_limits){ 0 });
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 1000);
	ck_assert_uint_eq(asked, len);
	ck_assert_uint_eq(
	    line_counts(&rig).bytes_out - before, len + strlen("w\n"));
	LINE_HEARS(&rig, "+1\n", "a OK/replied +1;");
}

/* No answer is due: it is sent when the last byte has left. */
TEST(client_body_of_a_request_without_a_reply)
{
	struct stay_body body = body_of("x~|y", 2);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };

	begin(NULL);
	line_call_with(&rig, "a", LINE_NOTE("tell "), options);
	LINE_TELLS(&rig, 1, "");
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 1, "a OK/sent;over;");
	ck_assert_str_eq(line_got(&rig), "tell xy;");
}

/* An answer in pieces may begin before the body has ended. */
TEST(client_body_may_have_pieces_for_an_answer)
{
	struct stay_body body = body_of("x~|y", 2);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };

	prepare();
	rig.protocol = line_pieces_protocol(&protocol);
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
	line_call_in_pieces(&rig, "a", LINE("quiet"), options);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "% 12", "a piece 12;");
	stay_feed_go_on(source.feed);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "3\n", "a piece 3;a OK/replied %end;over;");
}

TEST(client_body_may_have_parts_for_an_answer)
{
	begin(NULL);
	call("say *", "1.|", OPEN);
	LINE_TELLS(&rig, 1, "a part OK *1;");
	LINE_HEARS(&rig, "+2\n", "a OK/replied +2;over;");
}

/* ---- a body that does not ---- */

static const struct {
	const char *script;
	uint64_t len;
	const char *tells;
	const char *why;
} broken[] = {
	{ "x|y.", 3, "E_ARG", "it is shorter than its length" },
	{ "xy|.", 3, "E_ARG", "it is shorter than its length" },
	{ "x|!", 3, "E_IO", "the tape is torn" },
	{ "xy!", 3, "E_IO", "the tape is torn" },
	{ "!", OPEN, "E_IO", "the tape is torn" },
	{ "x|?", 3, "E_ARG", "an argument is missing or out of range" },
	{ "x|#", 3, "E_ARG", "it says what nobody knows" },
	{ "x||", 3, "E_ARG", "there is more, and no byte of it" },
};

TEST_ROWS(promise_3_a_body_that_fails_ends_its_session, LEN(broken))
{
	char tells[128], why[128];

	begin(NULL);
	line_call(&rig, "before", LINE("x"));
	call("say +", broken[_i].script, broken[_i].len);
	line_call(&rig, "behind", LINE("say +3"));
	snprintf(tells, sizeof(tells),
	    "a %s/not sent;down E_RECONNECT;"
	    "before E_LOST/maybe executed;over;",
	    broken[_i].tells);
	line_run(&rig, 1);
	ck_assert_str_eq(line_told(&rig), tells);
	snprintf(why, sizeof(why), "the body of a call has failed: %s",
	    broken[_i].why);
	EXPECT_IN(line_failure(&rig), why);
	LINE_TELLS(&rig, 1000, "hello -;up;behind OK/replied +3;");
}

static char said[128];

static void
keep_why(void *arg, const struct stay_result *result)
{
	snprintf(arg, sizeof(said), "%s", result->why);
}

TEST(client_body_that_fails_says_why)
{
	struct stay_body body = body_of("x|!", 3);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };

	begin(NULL);
	EXPECT_OK(stay_client_call_with(
	    rig.client, LINE("say +"), &options, keep_why, said));
	line_run(&rig, 1);
	ck_assert_str_eq(said, "the body has failed: the tape is torn");
}

/* And the observer is told of one that nobody waits for. */
TEST(client_body_that_fails_untold)
{
	struct stay_body body = body_of("x|!", 3);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };

	begin(NULL);
	EXPECT_OK(stay_client_call_with(
	    rig.client, LINE("say +"), &options, NULL, NULL));
	LINE_TELLS(&rig, 1, "lost E_IO;down E_RECONNECT;over;");
	ck_assert_str_eq(rig.lost, "the body has failed: the tape is torn");
}

/* Given up by hand, by its deadline, and inside its own source. */
static const struct {
	const char *script;
	bool cancels;
	uint64_t ms;
	const char *tells;
} given_up[] = {
	{ "x~", true, 1, "a E_CANCELLED/not sent;down E_RECONNECT;over;" },
	{ "x~", false, 200, "a E_TIMEOUT/not sent;down E_RECONNECT;over;" },
	{ "x@|y", false, 0, "a E_CANCELLED/not sent;down E_RECONNECT;over;" },
};

TEST_ROWS(promise_3_a_call_given_up_in_its_body_is_not_sent, LEN(given_up))
{
	const struct stay_conn *conn;

	begin(OPTIONS(.call_timeout_ms = 200));
	conn = stay_client_conn(rig.client);
	call("say +", given_up[_i].script, 3);
	line_run(&rig, 1);
	if (given_up[_i].cancels)
		EXPECT_OK(stay_client_cancel(rig.client, source.call->id));
	LINE_TELLS(&rig, given_up[_i].ms, given_up[_i].tells);
	EXPECT_IN(stay_conn_failure(conn),
	    "a call was given up in the midst of its body");
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|");
}

/* What is all there is left to the stream, as of any request. */
TEST(client_body_that_has_ended_is_given_up_like_others)
{
	begin(NULL);
	call("x", "yz", 2);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_cancel(rig.client, source.call->id));
	LINE_TELLS(&rig, 1, "a E_CANCELLED/maybe executed;over;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 1);
	LINE_HEARS(&rig, "+late\n", "orphan +late;");
}

/* Its last bytes are still in our hands. */
TEST(client_body_that_has_ended_leaves_as_a_tombstone)
{
	begin(NULL);
	line_run(&rig, 1);
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(rig.peer, true);
	call("x", "yzzzzzz", 7);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_cancel(rig.client, source.call->id));
	LINE_TELLS(&rig, 1, "a E_CANCELLED/maybe executed;");
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "over;");
	ck_assert_str_eq(line_got(&rig), "xyzzzzzz;");
	LINE_HEARS(&rig, "+late\n", "orphan +late;");
}

/* In the queue it was never asked for. */
TEST(client_body_that_is_given_up_in_the_queue)
{
	begin(NULL);
	line_call(&rig, "b", LINE("say +1"));
	call("say +", "x", 1);
	EXPECT_OK(stay_client_cancel(rig.client, source.call->id));
	LINE_TELLS(&rig, 1, "a E_CANCELLED/not sent;over;b OK/replied +1;");
	ck_assert_ptr_null(source.feed);
}

/* ---- the session is lost ---- */

static const struct {
	uint32_t flags;
	bool acts_on_parts;
	bool rewinds;
	const char *script; /* the session ends where it waits */
	uint64_t len;
	const char *said; /* by the server before */
	const char *tells;
} losses[] = {
	{ 0, false, false, "x~|y", 2, "", "a E_LOST/not sent;over;" },
	/* what can begin anew waits for the next session */
	{ 0, false, true, "x~|y", 2, "", "rewind;" },
	{ STAY_THIS_SESSION, false, true, "x~|y", 2, "",
	    "a E_LOST/not sent;over;" },
	{ 0, true, true, "x~|y", 2, "", "a E_LOST/maybe executed;over;" },
	{ 0, false, true, "x~|y", 2, "*1\n",
	    "a part OK *1;a E_LOST/maybe executed;over;" },
	/* all of it has left */
	{ 0, false, true, "xy", 2, "", "a E_LOST/maybe executed;over;" },
	{ STAY_IDEMPOTENT, false, true, "xy", 2, "", "rewind;" },
	{ STAY_IDEMPOTENT, false, false, "xy", 2, "",
	    "a E_LOST/maybe executed;over;" },
	{ STAY_READ_ONLY, false, false, "xy", 2, "",
	    "a E_LOST/maybe executed;over;" },
	{ 0, false, false, "x~", OPEN, "", "a E_LOST/not sent;over;" },
};

TEST_ROWS(promise_3_a_session_lost_in_a_body, LEN(losses))
{
	struct stay_body body = body_of(losses[_i].script, losses[_i].len);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body,
		.flags = losses[_i].flags };
	char told[512];

	prepare();
	protocol.flags = losses[_i].acts_on_parts ? STAY_ACTS_ON_PARTS : 0;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
	if (losses[_i].rewinds)
		body.rewind = rewind_script;
	line_call_with(&rig, "a", LINE("w"), options);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, losses[_i].said);
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	snprintf(told, sizeof(told), "%s", line_told(&rig));
	for (const char *at = losses[_i].tells; *at != '\0';) {
		size_t len = strcspn(at, ";") + 1;
		char one[64];

		snprintf(one, sizeof(one), "%.*s", (int)len, at);
		EXPECT_IN(told, one);
		at += len;
	}
	ck_assert_int_eq(strstr(told, "rewind") != NULL,
	    strstr(losses[_i].tells, "rewind") != NULL);
}

/* The server is owed nothing that would close it: it may take it for all. */
TEST(promise_3_an_open_body_without_a_close_may_be_executed)
{
	begin(NULL);
	way.closes = false;
	call("w", "x\n~|y.", OPEN);
	line_run(&rig, 1);
	sim_peer_close(rig.peer);
	LINE_TELLS(&rig, 1, "down E_CLOSED;a E_LOST/maybe executed;over;");
}

/* Nothing of it has left but a part of the request. */
TEST(client_body_that_has_not_begun_needs_no_rewind)
{
	begin(NULL);
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(rig.peer, true);
	call("say +", "x", 1);
	line_run(&rig, 1);
	ck_assert_ptr_null(source.feed);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|say +x;");
}

/* It is sent anew, whole, behind what was sent before it. */
TEST(client_body_is_sent_again_from_its_beginning)
{
	begin(NULL);
	line_call(&rig, "r", LINE_WITH("x", .flags = STAY_IDEMPOTENT));
	call_again("w", "x|y~|z", 3, 0);
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1, "down E_RESET;");
	line_run(&rig, 1000);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 1);
	stay_feed_go_on(source.feed);
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "|x;wxyz;");
	LINE_HEARS(&rig, "+2\n",
	    "hello -;up;r OK/replied +1;rewind;a OK/replied +2;over;");
}

/* Also if a look finds room for its first byte, of which nothing was told: that of two
 * bytes of the greeting, which the peer has read since. */
TEST(client_body_is_rewound_before_a_look_sends_it)
{
	char hello[66] = "", words[63] = "";

	prepare();
	rig.config.hello = memset(hello, 'h', sizeof(hello) - 1);
	line_start(&rig, OPTIONS(.silence_ms = 985, .call_timeout_ms = 60000));
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+hi\n");
	memset(words, 'w', sizeof(words) - 1);
	line_call(&rig, "suspect", LINE("x"));
	line_call(&rig, "r", LINE_WITH(words, .flags = STAY_IDEMPOTENT));
	call_again("w", "x|y~|z", 3, 0);
	line_run(&rig, 10);
	sim_limits_set(
	    rig.world, LIMITS(.send_buffer = 64, .latency_ms = 1000));
	sim_peer_reset(rig.peer);
	while (rig.server.accepted < 2)
		line_run(&rig, 1);
	line_run(&rig, 30);
	sim_peer_print(rig.peer, "+hi\n");
	line_told(&rig);
	LINE_TELLS(&rig, 2500, "hello +hi;up;rewind;");
}

/* What cannot be rewound completes with what it says, and costs no session. */
TEST(client_body_that_cannot_be_rewound)
{
	begin(NULL);
	call_again("say +", "x~|y", 2, 0);
	source.rewinds = STAY_E_IO;
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_told(&rig),
	    "down E_RESET;hello -;up;rewind;a E_IO/not sent;over;"
	    "b OK/replied +2;");
}

TEST(client_body_is_given_up_by_its_own_rewind)
{
	begin(NULL);
	call_again("say +", "x~|y", 2, 0);
	source.rewinds = STAY_E_CANCELLED;
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1000,
	    "down E_RESET;hello -;up;rewind;a E_CANCELLED/not sent;over;");
}

/* What the last stream had not taken of a piece is no part of the next one. */
TEST(client_body_begins_anew_without_what_was_left)
{
	begin(NULL);
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(rig.peer, true);
	call_again("w", "xyxyxy", 6, 0);
	line_run(&rig, 1);
	line_got(&rig);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_got(&rig), "|wxyxyxy;");
	line_told(&rig);
	LINE_HEARS(&rig, "+1\n", "a OK/replied +1;over;");
}

/* What nobody can have acted on overtakes nothing. */
TEST(promise_4_a_body_that_was_cut_off_overtakes_no_call)
{
	begin(NULL);
	line_call(&rig, "r", LINE_WITH("x", .flags = STAY_IDEMPOTENT));
	call("w", "x~|y", 2);
	line_run(&rig, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	LINE_HEARS(&rig, "+1\n",
	    "down E_RESET;a E_LOST/not sent;over;hello -;up;r OK/replied +1;");
}

/* ---- the server answers before the end ---- */

/* The rest is sent all the same, for the server reads on; but no longer than the call
 * had time. */
TEST(client_body_goes_on_behind_its_answer)
{
	begin(NULL);
	call("w", "x~|y", 2);
	line_run(&rig, 1);
	line_call(&rig, "b", LINE("say +2"));
	LINE_HEARS(&rig, "-full\n", "a E_SERVER/replied -full;");
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 1, "over;b OK/replied +2;");
	ck_assert_str_eq(line_got(&rig), "wxy;say +2;");
}

TEST(client_body_has_the_time_of_its_call_when_that_is_answered)
{
	begin(OPTIONS(.call_timeout_ms = 500));
	call("w", "x~|y", 2);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "-full\n");
	LINE_TELLS(&rig, 490, "a E_SERVER/replied -full;");
	LINE_TELLS(&rig, 10, "down E_RECONNECT;over;");
	EXPECT_IN(line_failure(&rig),
	    "the body of a call that was answered did not end in time");
}

/* What has ended needs no more time of its source. */
TEST(client_body_that_has_ended_is_never_late)
{
	begin(OPTIONS(.call_timeout_ms = 500));
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = 3));
	sim_peer_freeze(rig.peer, true);
	call("w", "xyxyxy", 6);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "-full\n");
	LINE_TELLS(&rig, 600, "a E_SERVER/replied -full;");
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 10, "over;");
	ck_assert_str_eq(line_got(&rig), "wxyxyxy;");
}

TEST(client_body_that_fails_behind_its_answer)
{
	begin(NULL);
	call("w", "x~|!", 2);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "-full\n", "a E_SERVER/replied -full;");
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 1, "down E_RECONNECT;over;");
}

TEST(client_body_ends_with_its_session_behind_its_answer)
{
	begin(NULL);
	call("w", "x~|y", 2);
	line_run(&rig, 1);
	LINE_HEARS(&rig, "-full\n", "a E_SERVER/replied -full;");
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 1, "down E_RESET;over;");
}

/* The server needs no more of it: what was asked for is the last of it. */
static const struct {
	size_t taken; /* of "wxx\n" before the answer */
	const char *got;
} stops[] = { { 1, "wxx" }, { 2, "wxx" }, { 3, "wxx" } };

TEST_ROWS(client_body_stops_at_its_answer, LEN(stops))
{
	begin(NULL);
	way.stops = true;
	line_run(&rig, 1);
	sim_peer_limits(rig.peer, LIMITS(.send_buffer = stops[_i].taken));
	sim_peer_freeze(rig.peer, true);
	call("w", "xx\n~|y", 9);
	line_run(&rig, 1);
	ck_assert_str_eq(source.at, "y");
	sim_peer_print(rig.peer, "-full\n");
	line_run(&rig, 1);
	sim_peer_limits(rig.peer, &(const struct sim_limits){ 0 });
	sim_peer_freeze(rig.peer, false);
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "wxx;say +2;");
	ck_assert_uint_eq(source.over, 1);
	EXPECT_IN(line_told(&rig), "a E_SERVER/replied -full;over;");
}

/* With STAY_REFUSED_RESEND: only once all of it has left, and if it can begin anew. */
static const struct {
	bool early;
	bool rewinds;
	const char *tells;
} refusals[] = {
	{ false, true, "rewind;a OK/replied +2;over;" },
	{ false, false, "a E_SERVER/refused !no;over;" },
	{ true, true, "a E_SERVER/refused !no;" },
};

TEST_ROWS(client_body_that_is_refused, LEN(refusals))
{
	struct stay_body body = body_of(refusals[_i].early ? "x~|y" : "xy", 2);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };
	char told[256];

	begin(OPTIONS(.on_refused = STAY_REFUSED_RESEND));
	if (refusals[_i].rewinds)
		body.rewind = rewind_script;
	line_call_with(&rig, "a", LINE("w"), options);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "!no\n");
	line_run(&rig, 1000);
	if (rig.calls[0].told == 0)
		sim_peer_print(rig.peer, "+2\n");
	line_run(&rig, 1);
	snprintf(told, sizeof(told), "%s", line_told(&rig));
	EXPECT_IN(told, refusals[_i].tells);
}

/* ---- the end of the client ---- */

/* A stop and a planned change give it the time that they have. */
static const struct {
	bool stops;
	bool ends; /* in time */
	const char *tells;
} leaves[] = {
	{ true, true, "a OK/replied +xy;over;" },
	{ true, false, "a E_STOPPED/not sent;over;" },
	{ false, true, "a OK/replied +xy;over;" },
	{ false, false, "a E_LOST/not sent;over;" },
};

TEST_ROWS(client_body_when_its_session_is_left, LEN(leaves))
{
	char told[256];

	begin(OPTIONS(.stop_budget_ms = 500, .leave_budget_ms = 500));
	call("say +", "x~|y", 2);
	line_run(&rig, 1);
	if (leaves[_i].stops)
		stay_client_stop(rig.client, STAY_OK);
	else
		stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 400);
	ck_assert_uint_eq(source.over, 0);
	if (leaves[_i].ends)
		stay_feed_go_on(source.feed);
	line_run(&rig, 200);
	snprintf(told, sizeof(told), "%s", line_told(&rig));
	EXPECT_IN(told, leaves[_i].tells);
}

TEST(client_body_whose_source_stops_the_client)
{
	begin(NULL);
	call("say +", "x*|y", 2);
	LINE_TELLS(&rig, 1, "a OK/replied +xy;over;down E_STOPPED;closed OK;");
}

TEST(client_body_in_the_queue_of_a_client_that_stops)
{
	prepare();
	line_start(&rig, NULL);
	call("say +", "x", 1);
	stay_client_stop(rig.client, STAY_OK);
	ck_assert(sim_run(rig.world, 1000));
	EXPECT_IN(line_told(&rig), "a E_STOPPED/not sent;over;closed OK;");
}

/* Its call is answered, its session is gone: on_closed waits for the last word. */
TEST(client_body_is_over_before_the_client)
{
	begin(OPTIONS(.stop_budget_ms = 100));
	call("w", "x~|y", 2);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 1);
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 200, "a OK/replied +1;down E_STOPPED;over;closed OK;");
}

/* ---- rejected ---- */

enum flaw {
	NO_MORE_SLOT,
	IGNORED,
	FULL,
	WRONG_FLAGS,
	TOO_NEW,
	IN_A_GROUP,
	TOO_NEW_IN_A_GROUP
};

static const struct {
	enum flaw flaw;
	enum stay_status status;
} rejections[] = {
	{ NO_MORE_SLOT, STAY_E_ARG },
	{ IGNORED, STAY_E_UNSUPPORTED },
	{ FULL, STAY_E_FULL },
	{ WRONG_FLAGS, STAY_E_ARG },
	{ IN_A_GROUP, STAY_E_UNSUPPORTED },
	{ TOO_NEW, STAY_E_ABI },
	{ TOO_NEW_IN_A_GROUP, STAY_E_ABI },
};

static enum stay_status
submit_flawed(enum flaw flaw)
{
	struct stay_body body = body_of("x", 1);
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };
	struct stay_group *group;

	way.ignores = flaw == IGNORED;
	if (flaw == NO_MORE_SLOT)
		body.more = NULL;
	else if (flaw == WRONG_FLAGS)
		options.flags = STAY_BY_TAG;
	else if (flaw == TOO_NEW || flaw == TOO_NEW_IN_A_GROUP)
		body.size++;
	if (flaw < IN_A_GROUP)
		return stay_client_call_with(
		    rig.client, LINE("w"), &options, NULL, NULL);
	group = stay_group_new(rig.client);
	(void)stay_group_add(group, LINE("w"));
	return stay_group_send(group, &options, NULL, NULL);
}

/* Its source is told inside the function; nothing of it is left in the queue. */
TEST_ROWS(client_body_of_a_call_that_is_rejected, LEN(rejections))
{
	enum flaw flaw = rejections[_i].flaw;
	bool unread = flaw == TOO_NEW || flaw == TOO_NEW_IN_A_GROUP;
	size_t len;

	begin(OPTIONS(.queue_calls_max = flaw == FULL ? 1 : 8));
	line_call(&rig, "b", LINE("say +1"));
	len = inside_request_len(rig.client);
	ck_assert_int_eq(submit_flawed(flaw), rejections[_i].status);
	ck_assert_uint_eq(inside_request_len(rig.client), len);
	ck_assert_uint_eq(source.over, unread ? 0 : 1);
	ck_assert(way.untold == (flaw == IGNORED));
	ck_assert_uint_eq(line_counts(&rig).rejected, 1);
	line_run(&rig, 1);
	ck_assert_str_eq(line_got(&rig), "say +1;");
	source.over = 1;
}

/* What its struct ends before is not there, whatever the one before had. */
TEST(client_body_of_an_older_program)
{
	struct stay_body body = body_of("x", 1);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };

	begin(NULL);
	body.more = NULL;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(stay_client_call_with(rig.client, LINE("w"),
				     &options, NULL, NULL),
		    STAY_E_ARG);
		body.size = offsetof(struct stay_body, len);
	}
}

/* Its record, the calls', or its own: whatever cannot be had, it is rejected. */
TEST(client_body_without_memory)
{
	unsigned rejected = 0;
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		struct stay_body body = body_of("x", 1);
		const struct stay_call_options options = { STAY_CALL_OPTIONS,
			.body = &body };
		enum stay_status says;

		begin(NULL);
		scarce_arm(nth);
		says = stay_client_call_with(
		    rig.client, LINE("w"), &options, NULL, NULL);
		failed = scarce_disarm();
		ck_assert(says == STAY_OK || (failed && says == STAY_E_NOMEM));
		rejected += says != STAY_OK;
		stay_client_stop(rig.client, STAY_OK);
		end();
	}
	ck_assert_uint_ge(rejected, 3);
}

/* ---- the peer's silence ---- */

/* As long as it is to be read, the server has nothing to say. */
TEST(promise_8_a_slow_body_is_no_silence)
{
	prepare();
	rig.config.ping = "say +pong";
	line_start(&rig, OPTIONS(.silence_ms = 500, .probe_ms = 100,
			     .call_timeout_ms = 60000));
	line_run(&rig, 10);
	call("w", "x~|y~|z", 3);
	line_run(&rig, 5000);
	stay_feed_go_on(source.feed);
	line_run(&rig, 5000);
	line_told(&rig);
	line_got(&rig);
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 490, "");
	ck_assert_str_eq(line_got(&rig), "wxyz;");
	LINE_TELLS(&rig, 20, "down E_SILENT;a E_SILENT/maybe executed;over;");
}

/* The same where no last byte is written. */
TEST(promise_8_silence_begins_with_the_end_of_a_body)
{
	begin(OPTIONS(.silence_ms = 500));
	way.closes = false;
	call("w", "x\n~|.", OPEN);
	line_run(&rig, 3000);
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 490, "");
	LINE_TELLS(&rig, 20, "down E_SILENT;a E_SILENT/maybe executed;over;");
}

/* But a call that was sent before is waited for, and so is room. */
TEST_ROWS(promise_8_a_silent_server_is_found_in_a_body, 2)
{
	begin(OPTIONS(.silence_ms = 500));
	if (_i == 0) {
		line_call(&rig, "b", LINE("x"));
	} else {
		sim_peer_limits(rig.peer, LIMITS(.send_buffer = 3));
		sim_peer_freeze(rig.peer, true);
	}
	call("w", _i == 0 ? "x~|y" : "xxxxxx", 6);
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), "down E_SILENT;");
}

/* ---- the wire trace ---- */

static char wire[1024];

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	strncat(wire, text, sizeof(wire) - strlen(wire) - 1);
	strncat(wire, "|", sizeof(wire) - strlen(wire) - 1);
}

/* What waits behind a body has not left with it. */
TEST(client_body_is_counted_on_the_wire)
{
	wire[0] = '\0';
	prepare();
	rig.observer.on_wire = on_wire;
	line_start(&rig, NULL);
	call("w", "xy|z~", 4);
	line_call(&rig, "b", LINE("next"));
	line_run(&rig, 1);
	ck_assert_str_eq(
	    wire, "> call, 1 bytes: \"w\"|> body, 2 bytes|> body, 1 bytes|");
	stay_client_stop(rig.client, STAY_OK);
}

/* ---- behind the last answer of a session ---- */

/* "z" is answered, and the call with a body behind it was not acted on. */
static void
begin_behind(const char *words, const char *script, bool rewinds)
{
	prepare();
	protocol.flags = STAY_LAST_FRAMES;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "z", LINE("z"));
	if (rewinds)
		call_again(words, script, 3, 0);
	else
		call(words, script, 3);
	line_run(&rig, 1);
	line_told(&rig);
	sim_peer_print(rig.peer, "+z$\n");
	line_run(&rig, 1);
}

TEST(client_body_behind_the_last_answer_is_brought_anew)
{
	begin_behind("say +", "x|y~", true);
	ck_assert_str_eq(line_told(&rig),
	    "z OK/replied +z$;down E_RECONNECT;hello -;up;rewind;");
	source.at = "z";
	stay_feed_go_on(source.feed);
	LINE_TELLS(&rig, 1, "a OK/replied +xyz;over;");
}

TEST(client_body_behind_the_last_answer_is_sent_whole_anew)
{
	begin_behind("w ", "xyz", true);
	ck_assert_str_eq(line_told(&rig),
	    "z OK/replied +z$;down E_RECONNECT;hello -;up;rewind;");
	ck_assert_str_eq(line_got(&rig), "z;w xyz;|w xyz;");
	LINE_HEARS(&rig, "+w\n", "a OK/replied +w;over;");
}

/* What can't be had once more; the server acted on neither. */
TEST(client_body_behind_the_last_answer_is_given_up)
{
	begin_behind("say +", "x|y~", false);
	ck_assert_str_eq(line_told(&rig),
	    "z OK/replied +z$;down E_RECONNECT;a E_LOST/not sent;over;"
	    "hello -;up;");
	end();
	begin_behind("w ", "xyz", false);
	ck_assert_str_eq(line_told(&rig),
	    "z OK/replied +z$;down E_RECONNECT;a E_LOST/refused;over;"
	    "hello -;up;");
}

TEST_SUITE_WITH(client_body, .after = end)
