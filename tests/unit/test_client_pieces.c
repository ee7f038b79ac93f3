/*
 * Replies in pieces: each piece is told as its bytes come, nothing of it is kept, and
 * the end of the reply completes the call.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/group_rig.h"
#include "support/inside.h"
#include "support/line_pieces.h"
#include "support/line_rig.h"
#include "support/scarce.h"

#define ROWS(table) (int)(LEN(table))
#define USUAL       ((struct stay_call_options){ STAY_CALL_OPTIONS })

static struct line_rig *const rig = &groups;
static struct line_tagging tagging;

/* No reply may have more than eight bytes. */
static void
begin_as(const struct stay_protocol *base, struct stay_client_options options)
{
	options.reply_bytes_max = 8;
	tagging = (struct line_tagging){ 0 };
	line_begin_as(rig, line_pieces_protocol(base), &tagging, &options);
}

static void
begin(void)
{
	begin_as(
	    &line_protocol, (struct stay_client_options){ STAY_CLIENT_OPTIONS,
				.probe_ms = STAY_FOREVER });
}

static struct line_call *
ask_with(const char *name, struct stay_call_options options)
{
	struct line_call *call =
	    line_call_in_pieces(rig, name, LINE("quiet"), options);

	line_run(rig, 1);
	return call;
}

static struct line_call *
ask(const char *name)
{
	return ask_with(name, USUAL);
}

/* ---- a reply ---- */

static const struct {
	const char *text;
	const char *told;
} replies[] = {
	{ "% \n", "a OK/replied %end;" },
	{ "% 1234567890\n", "a piece 1234567890;a OK/replied %end;" },
	{ "% 1234567890\t", "a piece 1234567890;a E_SERVER/replied %end;" },
	/* A server that has said so much has acted. */
	{ "% 1234567890\r", "a piece 1234567890;a E_SERVER/replied %end;" },
	/* One that is whole. */
	{ "+1\n", "a OK/replied +1;" },
	{ "!1\n", "a E_SERVER/refused !1;" },
};

TEST_ROWS(client_pieces_of_a_reply, ROWS(replies))
{
	begin();
	ask("a");
	line_call(rig, "b", LINE("quiet"));
	line_run(rig, 1);
	LINE_HEARS(rig, replies[_i].text, replies[_i].told);
	LINE_HEARS(rig, "+b\n", "b OK/replied +b;");
	ck_assert_uint_eq(counts_of(rig->client).orphans, 0);
}

/* Wherever the bytes come apart. */
TEST_ROWS(client_pieces_at_every_split, 11)
{
	static const char text[] = "% 123456\n+b\n";
	char told[256], *to = told;

	begin();
	ask("a");
	line_call(rig, "b", LINE("quiet"));
	line_run(rig, 1);
	sim_peer_send(rig->peer, text, (size_t)_i + 1);
	line_run(rig, 1);
	sim_peer_print(rig->peer, text + _i + 1);
	line_run(rig, 1);
	for (const char *at = line_told(rig); *at != '\0'; at++) {
		if (strncmp(at, ";a piece ", 9) == 0)
			at += 9;
		*to++ = *at;
	}
	*to = '\0';
	ck_assert_str_eq(
	    told, "a piece 123456;a OK/replied %end;b OK/replied +b;");
}

/* Nothing of it is kept, however long it is; and no bound counts it. */
TEST(promise_7_pieces_take_no_memory)
{
	static char some[16384];

	memset(some, 'x', sizeof(some));
	begin();
	ask_with("a", (struct stay_call_options){
			  STAY_CALL_OPTIONS, .timeout_ms = STAY_FOREVER });
	line_hear(rig, "% ");
	for (int i = 0; i < 1024; i++) {
		sim_peer_send(rig->peer, some, sizeof(some));
		line_run(rig, 1);
		EXPECT_IN(line_told(rig), "a piece xxxxxxxx");
		ck_assert_uint_eq(
		    inside_stream_buffers(stay_client_conn(rig->client)) &
			INSIDE_INPUT,
		    0);
	}
	LINE_HEARS(rig, "\n", "a OK/replied %end;");
	ck_assert_uint_eq(counts_of(rig->client).sessions, 1);
}

/* A client that is busy with pieces takes a turn for so many of them. */
TEST(promise_5_pieces_count_in_a_turn)
{
	begin_as(
	    &line_protocol, (struct stay_client_options){
				STAY_CLIENT_OPTIONS, .turn_calls_max = 1 });
	ask("a");
	line_call(rig, "b", LINE("quiet"));
	line_run(rig, 1);
	LINE_HEARS(
	    rig, "% 12\n+b\n", "a piece 12;a OK/replied %end;b OK/replied +b;");
}

/* ---- who may ask for it, and what is wrong ---- */

static void
on_piece(void *arg, struct stay_bytes piece)
{
	(void)arg;
	(void)piece;
}

static void
on_part(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
}

TEST(client_pieces_have_to_be_possible)
{
	const struct stay_call_options pieces = { STAY_CALL_OPTIONS,
		.piece = on_piece },
				       both = { STAY_CALL_OPTIONS,
					       .piece = on_piece,
					       .part = on_part },
				       flag = { STAY_CALL_OPTIONS,
					       .flags = STAY_IN_PIECES };

	begin();
	ck_assert_int_eq(stay_client_call_with(
			     rig->client, LINE("quiet"), &both, NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(stay_client_call_with(
			     rig->client, LINE("quiet"), &flag, NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_call(rig->client,
		LINE_WITH("quiet", .flags = STAY_IN_PIECES), NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(stay_group_send(group_make("w", "quiet"), &pieces,
			     group_done, NULL),
	    STAY_E_UNSUPPORTED);
	line_end(rig);
	line_begin(rig, NULL);
	ck_assert_int_eq(stay_client_call_with(
			     rig->client, LINE("quiet"), &pieces, NULL, NULL),
	    STAY_E_UNSUPPORTED);
}

/* To who takes none it is a line as any other. */
TEST(client_pieces_are_only_for_who_takes_them)
{
	begin();
	line_call(rig, "a", LINE("quiet"));
	ask("b");
	LINE_HEARS(rig, "% 1234\n% 5\n",
	    "a OK/replied %whole;b piece 5;b OK/replied %end;");
}

static const struct {
	const char *text;
	const char *told;
} faults[] = {
	/* Of a reply that is taken whole, and of none. */
	{ "%! 1", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;" },
	{ "+a\n%! 1", "a OK/replied +a;down E_PROTOCOL;" },
	/* Behind its own end. */
	{ "+a\n%? 1",
	    "a OK/replied +a;down E_PROTOCOL;b E_PROTOCOL/maybe executed;" },
};

TEST_ROWS(client_pieces_that_are_wrong, ROWS(faults))
{
	begin();
	line_call(rig, "a", LINE("quiet"));
	if (_i == 2)
		ask("b");
	line_run(rig, 1);
	LINE_HEARS(rig, faults[_i].text, faults[_i].told);
}

TEST(client_pieces_in_a_greeting_and_of_control)
{
	line_prepare(rig);
	rig->protocol = line_pieces_protocol(&line_protocol);
	rig->config.hello = "quiet";
	rig->config.ping = "quiet";
	line_start(rig, OPTIONS(.probe_ms = 100));
	line_run(rig, 10);
	line_told(rig);
	LINE_HEARS(rig, "%! 1", "down E_PROTOCOL;");
	LINE_TELLS(rig, 1000, "hello -;");
	LINE_HEARS(rig, "+\n", "hello +;up;");
	LINE_TELLS(rig, 150, "ping;");
	LINE_HEARS(rig, "%! 1", "down E_PROTOCOL;");
}

/* ---- it ends before its end ---- */

static void
cancel(struct line_call *call)
{
	call->then_piece = NULL;
	EXPECT_OK(stay_client_cancel(call->rig->client, call->id));
}

/* No piece follows; those behind it get their answers. */
TEST(client_pieces_of_who_has_cancelled)
{
	begin();
	ask("a")->then_piece = cancel;
	ask("b");
	LINE_HEARS(rig, "% 12", "a piece 12;a E_CANCELLED/maybe executed;");
	LINE_HEARS(rig, "345", "");
	LINE_HEARS(rig, "6\n% b\n", "orphan %end;b piece b;b OK/replied %end;");
	ck_assert_uint_eq(counts_of(rig->client).orphans, 1);
}

/* Also if it has begun when nobody waited any more. */
TEST(client_pieces_of_who_has_given_up)
{
	begin();
	ask_with("a", WITHIN(10));
	line_call(rig, "b", LINE("quiet"));
	LINE_TELLS(rig, 20, "a E_TIMEOUT/maybe executed;");
	LINE_HEARS(rig, "% 1234567890", "");
	LINE_HEARS(rig, "1234567890\n+b\n", "orphan %end;b OK/replied +b;");
}

/* The timeout is for all of it. */
TEST(client_pieces_have_one_timeout)
{
	begin();
	ask_with("a", WITHIN(10));
	LINE_HEARS(rig, "% 1", "a piece 1;");
	line_run(rig, 5);
	LINE_HEARS(rig, "2", "a piece 2;");
	LINE_TELLS(rig, 5, "a E_TIMEOUT/maybe executed;");
}

/* Who has had a piece is not asked once more: the pieces would come twice. */
static const struct {
	uint32_t flags;
	const char *text;
	const char *told;
} losses[] = {
	{ 0, "% 12", "a piece 12;" },
	{ STAY_READ_ONLY, "% 12", "a piece 12;" },
	{ STAY_READ_ONLY, "% ", "" },
};

TEST_ROWS(promise_4_pieces_are_not_told_twice, ROWS(losses))
{
	begin();
	line_call_in_pieces(
	    rig, "a", LINE_WITH("quiet", .flags = losses[_i].flags), USUAL);
	line_run(rig, 1);
	LINE_HEARS(rig, losses[_i].text, losses[_i].told);
	sim_peer_reset(rig->peer);
	LINE_TELLS(
	    rig, 1000, "down E_RESET;a E_LOST/maybe executed;hello -;up;");
	line_call(rig, "b", LINE("say +b"));
	LINE_TELLS(rig, 10, "b OK/replied +b;");
}

/* Before the first piece it may be asked again, and then takes pieces all the same. */
TEST(promise_4_pieces_of_a_call_that_is_sent_again)
{
	begin();
	line_call_in_pieces(
	    rig, "a", LINE_WITH("quiet", .flags = STAY_READ_ONLY), USUAL);
	line_run(rig, 1);
	LINE_HEARS(rig, "%", "");
	sim_peer_reset(rig->peer);
	LINE_TELLS(rig, 1000, "down E_RESET;hello -;up;");
	LINE_HEARS(rig, "% 12\n", "a piece 12;a OK/replied %end;");
}

/* ---- pausing ---- */

static void
pause_here(struct line_call *call)
{
	stay_client_pause(call->rig->client);
}

/* A pause in a piece holds back what is behind it, and is no silence. */
TEST(client_pieces_in_a_pause)
{
	begin();
	ask_with("a", (struct stay_call_options){ STAY_CALL_OPTIONS,
			  .timeout_ms = STAY_FOREVER })
	    ->then_piece = pause_here;
	LINE_HEARS(rig, "% 12\n", "a piece 12;");
	LINE_TELLS(rig, 100000, "");
	stay_client_resume(rig->client);
	LINE_TELLS(rig, 1, "a OK/replied %end;");
}

/* Each piece is a sign of life; no piece is none. */
TEST(promise_8_pieces_that_come_no_more)
{
	begin();
	ask_with("a", (struct stay_call_options){
			  STAY_CALL_OPTIONS, .timeout_ms = STAY_FOREVER });
	line_hear(rig, "% ");
	for (int i = 0; i < 10; i++) {
		line_run(rig, 9000);
		LINE_HEARS(rig, "1", "a piece 1;");
	}
	LINE_TELLS(rig, 9900, "");
	line_run(rig, 200);
	EXPECT_IN(line_told(rig), "down E_SILENT;a E_SILENT/maybe executed;");
}

/* ---- by tag ---- */

static void
begin_tagged(void)
{
	begin_as(line_tagged_protocol(),
	    (struct stay_client_options){ STAY_CLIENT_OPTIONS });
	line_call_in_pieces(rig, "a", TAGGED("get @000"), USUAL);
	line_call_in_pieces(rig, "b",
	    TAGGED_WITH("get @000", STAY_MAY_GO_UNANSWERED), WITHIN(20));
	line_call(rig, "c", TAGGED("get @000"));
	line_run(rig, 1);
}

TEST(client_pieces_name_their_tag)
{
	begin_tagged();
	LINE_HEARS(rig, "%@2 12", "b piece 12;");
	LINE_HEARS(rig, "3\n%@3 c\n",
	    "b piece 3;b OK/replied %end;c OK/replied %whole;");
	LINE_HEARS(rig, "%@1 1\n", "a piece 1;a OK/replied %end;");
}

/* What was let go of hears nothing more. */
TEST(client_pieces_of_who_has_let_go)
{
	begin_tagged();
	LINE_HEARS(rig, "%@2 12", "b piece 12;");
	LINE_TELLS(rig, 30, "given up 2;b E_TIMEOUT/maybe executed;");
	LINE_HEARS(
	    rig, "34\n%@1 1\n", "orphan %end;a piece 1;a OK/replied %end;");
	LINE_HEARS(
	    rig, "%@9! 1", "down E_PROTOCOL;c E_PROTOCOL/maybe executed;");
}

/* ---- who was refused before it is told before it ---- */

static void
begin_refused(uint32_t flags, bool has_parts)
{
	begin_as(&line_protocol,
	    (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.on_refused = STAY_REFUSED_RESEND, .turn_calls_max = 1 });
	for (int i = 0; i < 3; i++)
		line_call(rig, "r", LINE("quiet"));
	(has_parts ? line_call_with : line_call_in_pieces)(
	    rig, "a", LINE_WITH("quiet", .flags = flags), USUAL);
	line_call(rig, "b", LINE("quiet"));
	line_run(rig, 1);
	LINE_HEARS(rig, "!1\n!2\n!3\n", "");
}

#define REFUSED                                                                \
	"r E_SERVER/refused !1;r E_SERVER/refused !2;r E_SERVER/refused !3;"

/* More than a turn may do: the piece waits, and decode sees it once. */
TEST_ROWS(client_pieces_overtake_who_was_refused, 2)
{
	begin_refused(0, false);
	sim_peer_print(rig->peer, _i == 0 ? "% 1" : "% 123");
	line_run(rig, 1);
	sim_peer_print(rig->peer, _i == 0 ? "23\n+b\n" : "\n+b\n");
	LINE_TELLS(rig, 1,
	    _i == 0 ? REFUSED "a piece 1;a piece 23;a OK/replied %end;"
			      "b OK/replied +b;"
		    : REFUSED "a piece 123;a OK/replied %end;b OK/replied +b;");
}

/* Given up in the middle, it counts at its end, which decode sees once as well. The end
 * of other replies waits till all of them are told. */
static const struct {
	bool has_parts;
	const char *begins;
	const char *ends;
	const char *told;
} ends[] = {
	{ false, "% 1", "2\n",
	    "r E_SERVER/refused !1;orphan %end;r E_SERVER/refused !2;"
	    "r E_SERVER/refused !3;" },
	{ false, "", "+a\n", REFUSED "orphan +a;" },
	{ true, "*1\n", "+a\n", REFUSED "orphan +a;" },
};

TEST_ROWS(client_pieces_end_behind_who_was_refused, ROWS(ends))
{
	begin_refused(STAY_READ_ONLY, ends[_i].has_parts);
	line_hear(rig, ends[_i].begins);
	cancel(&rig->calls[3]);
	line_run(rig, 1);
	line_told(rig);
	LINE_HEARS(rig, ends[_i].ends, ends[_i].told);
	LINE_HEARS(rig, "+b\n", "b OK/replied +b;");
}

/* ---- and who is refused lets go of it ---- */

static void
submit_one(struct line_call *call)
{
	(void)call;
	line_call(rig, "e", TAGGED_WITH("get @000", STAY_IDEMPOTENT));
}

static void
let_go_and_cancel(struct line_call *call)
{
	(void)call;
	EXPECT_OK(stay_session_let_go(stay_client_session(rig->client), 3));
	cancel(&rig->calls[0]);
}

/* Its record is that of another call by then, which nothing has answered. */
TEST(client_pieces_of_who_is_let_go_of_by_who_was_refused)
{
	begin_as(line_tagged_protocol(),
	    (struct stay_client_options){
		STAY_CLIENT_OPTIONS, .on_refused = STAY_REFUSED_RESEND });
	line_call(rig, "a", TAGGED("get @000"))->then = submit_one;
	line_call(rig, "b", TAGGED_WITH("get @000", STAY_IDEMPOTENT))->then =
	    let_go_and_cancel;
	line_call_in_pieces(rig, "c", TAGGED("get @000"), USUAL);
	line_run(rig, 1);
	LINE_HEARS(rig, "!@2\n%@3! 1\n",
	    "b E_SERVER/refused !@2;c OK/sent;given up 1;"
	    "a E_CANCELLED/maybe executed;orphan %end;");
	LINE_HEARS(rig, "!@4\n", "");
	LINE_HEARS(rig, "+@1\n", "orphan +@1;down E_NOT_READY;");
}

static void
let_go_and_cancel_two(struct line_call *call)
{
	let_go_and_cancel(call);
	cancel(&rig->calls[3]);
}

/* The end of it decode sees once, also if not all of them are told. */
TEST(client_pieces_end_of_who_is_let_go_of_by_who_was_refused)
{
	begin_as(line_tagged_protocol(),
	    (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.on_refused = STAY_REFUSED_RESEND, .turn_calls_max = 3 });
	line_call(rig, "a", TAGGED("get @000"))->then = submit_one;
	line_call(rig, "b", TAGGED_WITH("get @000", STAY_IDEMPOTENT))->then =
	    let_go_and_cancel_two;
	line_call_in_pieces(
	    rig, "c", TAGGED_WITH("get @000", STAY_READ_ONLY), USUAL);
	line_call(rig, "d", TAGGED("get @000"));
	line_run(rig, 1);
	LINE_HEARS(rig, "!@2\n%@3! 1", "c piece 1;");
	cancel(&rig->calls[2]);
	line_run(rig, 1);
	line_told(rig);
	LINE_HEARS(rig, "\n",
	    "b E_SERVER/refused !@2;given up 1;a E_CANCELLED/maybe executed;"
	    "orphan %end;given up 4;d E_CANCELLED/maybe executed;");
}

static void
arm(struct line_call *call)
{
	(void)call;
	scarce_arm(1);
}

TEST(promise_9_a_piece_that_waits_without_memory)
{
	begin_refused(0, false);
	rig->calls[0].then = arm;
	sim_peer_print(rig->peer, "% 1");
	line_run(rig, 1);
	ck_assert(scarce_disarm());
	EXPECT_IN(line_told(rig), "down E_NOMEM;");
}

TEST_SUITE_WITH(client_pieces, .after = line_after)
