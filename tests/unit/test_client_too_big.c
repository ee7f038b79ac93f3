/*
 * A frame past its bound, of a protocol that can read past it: who waited for it is
 * told, the session lives, and those behind it get their own answers.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/group_rig.h"
#include "support/inside.h"
#include "support/line_rig.h"
#include "support/line_swallow.h"
#include "support/scarce.h"

#define ROWS(table) (int)(LEN(table))

static struct line_rig *const rig = &groups;
static struct line_tagging tagging;

#define USUAL ((struct stay_client_options){ STAY_CLIENT_OPTIONS })

/* Lines may have eight bytes. */
static void
begin_as(const struct stay_protocol *base, struct stay_client_options options)
{
	options.reply_bytes_max = 8;
	tagging = (struct line_tagging){ 0 };
	line_begin_as(rig, line_swallow_protocol(base), &tagging, &options);
}

static void
begin(struct stay_client_options options)
{
	begin_as(line_tagged_protocol(), options);
}

/* "a" is answered by this, and "b" behind it. */
static const struct {
	const char *text;
	const char *told;
} lines[] = {
	{ "+1234567\n", "a E_TOO_BIG/replied;b OK/replied +b;" },
	{ "-1234567890\n", "a E_TOO_BIG/replied;b OK/replied +b;" },
	{ "^5 ..", "a E_TOO_BIG/replied;b OK/replied +b;" },
	{ "^3 ", "a E_TOO_BIG/replied;b OK/replied +b;" },
	{ "^31 4567890\n123456789+123\n^789\n",
	    "a E_TOO_BIG/replied;b OK/replied +b;" },
	{ "#a line that means nothing\n+a\n",
	    "a OK/replied +a;b OK/replied +b;" },
	{ ">a push that is larger\n+a\n",
	    "push >big;a OK/replied +a;b OK/replied +b;" },
};

TEST_ROWS(client_too_big_costs_nobody_else, ROWS(lines))
{
	size_t len = strlen(lines[_i].text);

	begin(USUAL);
	for (size_t step = 1; step <= len; step += len - 1) {
		line_call(rig, "a", LINE("quiet"));
		line_call(rig, "b", LINE("quiet"));
		line_run(rig, 1);
		for (size_t i = 0; i < len; i += step) {
			sim_peer_send(rig->peer, lines[_i].text + i, step);
			line_run(rig, 1);
		}
		sim_peer_print(rig->peer, "+b\n");
		LINE_TELLS(rig, 1, lines[_i].told);
	}
	ck_assert_uint_eq(counts_of(rig->client).sessions, 1);
	ck_assert_str_eq(line_got(rig), "quiet;quiet;quiet;quiet;");
	if (strstr(lines[_i].told, "E_TOO_BIG") != NULL)
		ck_assert_str_eq(rig->calls[0].result.why,
		    "larger than its bound: of a reply past reply_bytes_max, "
		    "or "
		    "past a bound of its protocol, nothing is kept");
	ck_assert_str_eq(rig->calls[1].result.why, "ok");
}

/* Nothing of it is kept. */
TEST(promise_7_what_is_read_past_takes_no_memory)
{
	static char some[16384];

	memset(some, 'x', sizeof(some));
	begin(USUAL);
	line_call(rig, "a", LINE("quiet"));
	line_run(rig, 1);
	line_hear(rig, "+12345678");
	for (int i = 0; i < 1024; i++) {
		sim_peer_send(rig->peer, some, sizeof(some));
		line_run(rig, 1);
		ck_assert_uint_eq(
		    inside_stream_buffers(stay_client_conn(rig->client)) &
			INSIDE_INPUT,
		    0);
	}
	ck_assert_uint_eq(counts_of(rig->client).bytes_in, 1024 * 16384 + 9);
	LINE_HEARS(rig, "\n", "a E_TOO_BIG/replied;");
}

/* Who has read past the beginning of a reply has none to give. */
static struct stay_frame
decode_in_halves(struct stay_session *session, struct stay_bytes in)
{
	struct line_session *line = stay_session_data(session);

	if (in.data[0] == '%')
		return stay_frame_swallow(1);
	return stay_frame_of(
	    line->frames++ == 0 ? STAY_FRAME_REPLY : STAY_FRAME_ERROR, in.len,
	    "half");
}

TEST(promise_2_no_reply_whose_beginning_was_read_past)
{
	struct stay_protocol protocol = line_bare_protocol;

	protocol.decode = decode_in_halves;
	line_prepare(rig);
	rig->protocol = &protocol;
	line_start(rig, NULL);
	line_call(rig, "a", LINE("quiet"));
	line_run(rig, 10);
	sim_peer_print(rig->peer, "%x\n");
	LINE_TELLS(rig, 10, "a E_PROTOCOL/maybe executed;");
}

/* ---- there is a bound ---- */

static const struct {
	const char *text;
	const char *told;
} bounds[] = {
	{ "+345678901234567890\n", "a E_TOO_BIG/replied;" },
	{ "+3456789012345678901\n",
	    "down E_TOO_BIG;a E_TOO_BIG/maybe executed;" },
	{ "^20 56789\n123456789\n", "a E_TOO_BIG/replied;" },
	{ "^21 ", "down E_TOO_BIG;a E_TOO_BIG/maybe executed;" },
	{ "#345678901234567890\n#345678901234567890\n^20 567890123456789\n",
	    "a E_TOO_BIG/replied;" },
};

TEST_ROWS(promise_7_what_is_read_past_is_bounded, ROWS(bounds))
{
	const char *text = bounds[_i].text;

	begin((struct stay_client_options){
	    STAY_CLIENT_OPTIONS, .skip_bytes_max = 20 });
	line_call(rig, "a", LINE("quiet"));
	line_run(rig, 1);
	for (; *text != '\0'; text++) {
		sim_peer_send(rig->peer, text, 1);
		line_run(rig, 1);
	}
	ck_assert_str_eq(line_told(rig), bounds[_i].told);
}

/* Nobody has asked for it. */
TEST(client_too_big_for_nobody)
{
	begin(USUAL);
	LINE_HEARS(rig, "^4 \n", "down E_UNASKED;");
}

static const char *const greetings[] = { "+123456789", "^4 \n", "^9 \n" };

TEST_ROWS(client_too_big_in_a_greeting, ROWS(greetings))
{
	tagging = (struct line_tagging){ 0 };
	line_prepare(rig);
	rig->protocol = line_swallow_protocol(line_tagged_protocol());
	rig->config.tagging = &tagging;
	rig->config.hello = "quiet";
	line_start(rig, OPTIONS(.reply_bytes_max = 8));
	line_run(rig, 10);
	line_told(rig);
	LINE_HEARS(rig, greetings[_i], "down E_TOO_BIG;");
}

/* The session ends in the middle of it: the next one begins anew. */
TEST(client_too_big_ends_with_the_session)
{
	begin(USUAL);
	line_call(rig, "a", LINE("quiet"));
	line_run(rig, 1);
	line_hear(rig, "^99 567890");
	sim_peer_reset(rig->peer);
	LINE_TELLS(
	    rig, 1000, "down E_RESET;a E_LOST/maybe executed;hello -;up;");
	line_call(rig, "b", LINE("say +b"));
	LINE_TELLS(rig, 10, "b OK/replied +b;");
}

/* ---- whose it is ---- */

TEST(client_too_big_names_its_tag)
{
	begin(USUAL);
	line_call(rig, "a", TAGGED("get @000"));
	line_call(rig, "b", TAGGED("get @000"));
	line_run(rig, 1);
	line_hear(rig, "^11@2 7");
	LINE_HEARS(
	    rig, "890\n+@1 a\n", "b E_TOO_BIG/replied;a OK/replied +@1 a;");
}

TEST(client_too_big_for_a_tombstone_and_for_control)
{
	begin((struct stay_client_options){
	    STAY_CLIENT_OPTIONS, .probe_ms = 100 });
	rig->config.ping = "quiet";
	line_call_with(rig, "a", LINE("quiet"), WITHIN(10));
	LINE_TELLS(rig, 20, "given up 0;a E_TIMEOUT/maybe executed;");
	LINE_HEARS(rig, "^11 567890\n", "orphan too big;");
	LINE_TELLS(rig, 200, "ping;");
	LINE_HEARS(rig, "+1234567890\n", "control too big;");
}

/* One answer of several: the group has all others. */
TEST(client_too_big_in_a_group)
{
	group_told = 0;
	begin_as(&line_protocol, USUAL);
	group_send("www", "quiet,quiet,quiet");
	line_run(rig, 1);
	LINE_HEARS(rig, "+1\n+2345678901\n+3\n",
	    "g E_TOO_BIG/replied: OK/replied +1 "
	    "E_TOO_BIG/replied OK/replied +3;");
}

/* It counts as acted on: what was refused before it is told, before it. That is more
 * than a turn may do; and decode sees the end of the frame once. */
static const char *const late[][2] = { { "", "+234567890\n" },
	{ "+2345678", "90\n" }, { "", "^11 567890\n" },
	{ "^11 5", "67890\n" } };

TEST_ROWS(client_too_big_overtakes_who_was_refused, ROWS(late))
{
	begin((struct stay_client_options){ STAY_CLIENT_OPTIONS,
	    .on_refused = STAY_REFUSED_RESEND, .turn_calls_max = 1 });
	for (int i = 0; i < 3; i++)
		line_call(rig, "r", LINE("quiet"));
	line_call(rig, "a", LINE("quiet"));
	line_call(rig, "b", LINE("quiet"));
	line_run(rig, 1);
	LINE_HEARS(rig, "!1\n!2\n!3\n", "");
	LINE_HEARS(rig, late[_i][0], "");
	sim_peer_print(rig->peer, late[_i][1]);
	sim_peer_print(rig->peer, "+b\n");
	LINE_TELLS(rig, 1,
	    "r E_SERVER/refused !1;r E_SERVER/refused !2;r E_SERVER/refused !3;"
	    "a E_TOO_BIG/replied;b OK/replied +b;");
}

/* ---- without memory it is as without this ---- */

TEST_ROWS(promise_9_too_big_without_memory, 2)
{
	begin(USUAL);
	line_call(rig, "a", LINE("quiet"));
	line_run(rig, 1);
	sim_peer_print(rig->peer, _i == 0 ? "+123456789" : "^20 ");
	scarce_arm(2);
	line_run(rig, 1);
	ck_assert(scarce_disarm());
	ck_assert_str_eq(
	    line_told(rig), "down E_TOO_BIG;a E_TOO_BIG/maybe executed;");
}

TEST_SUITE_WITH(client_too_big, .after = line_after)
