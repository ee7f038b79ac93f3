/* The wire trace: every byte is accounted for, and no secret is shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/group_rig.h"
#include "support/line_pieces.h"

static struct line_rig rig;
static char lines[65536]; /* with '|' behind each */

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	ck_assert_str_eq(who->label, LINE_URL);
	EXPECT_OK(status);
	ck_assert_uint_lt(strlen(text), 1024);
	strncat(lines, text, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "|");
}

static void
prepare(void)
{
	line_prepare(&rig);
	rig.observer.on_wire = on_wire;
	lines[0] = '\0';
}

static void
begin(void)
{
	prepare();
	line_start(&rig, NULL);
	line_run(&rig, 10);
}

/* The lines so far, which are forgotten. */
static const char *
traced(void)
{
	static char told[sizeof(lines)];

	strcpy(told, lines);
	lines[0] = '\0';
	return told;
}

static void
says(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 5);
}

TEST(wire_shows_both_ways)
{
	prepare();
	rig.config.hello = "hi";
	line_start(&rig, NULL);
	line_run(&rig, 5);
	says("+hi\n");
	line_call(&rig, "a", LINE("say *1|+2"));
	line_call(&rig, "b", LINE("say >3|-4"));
	line_run(&rig, 10);
	ck_assert_str_eq(traced(),
	    "> control, 3 bytes: \"hi\\n\"|"
	    "< reply, 4 bytes: \"+hi\\n\"|"
	    "> call, 10 bytes: \"say *1|+2\\n\"|"
	    "> call, 10 bytes: \"say >3|-4\\n\"|"
	    "< part, 3 bytes: \"*1\\n\"|< reply, 3 bytes: \"+2\\n\"|"
	    "< push, 3 bytes: \">3\\n\"|< error, 3 bytes: \"-4\\n\"|");
}

static const struct {
	const char *said;
	const char *traced;
} frames[] = {
	{ "!no\n", "< refused, 4 bytes: \"!no\\n\"|" },
	{ "=x\n", "< answering push, 3 bytes: \"=x\\n\"|" },
	{ "~x\n", "< aside, 3 bytes: \"~x\\n\"|" },
	{ "+x$\n", "< last reply, 4 bytes: \"+x$\\n\"|" },
	{ "#x\n", "< skip, 3 bytes: \"#x\\n\"|" },
	{ "#x", "< more, 2 bytes so far|" },
	{ "??\n", "< bad, 0 bytes: \"??\\n\": a line of no kind|" },
	{ "9\n", "< reply, 3 bytes: \"9\\n\"|" },
	{ "0\n", "< reply, 0 bytes: \"\"|" },
	{ "#\"\\\x01\xff\r\n",
	    "< skip, 7 bytes: \"#\\x22\\x5c\\x01\\xff\\r\\n\"|" },
};

TEST(wire_shows_pieces)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS };

	prepare();
	rig.protocol = line_pieces_protocol(&line_protocol);
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call_in_pieces(&rig, "a", LINE("x"), options);
	line_run(&rig, 5);
	(void)traced();
	says("% 12\n");
	ck_assert_str_eq(traced(),
	    "< piece, 2 bytes: \"% \"|< piece, 2 bytes: \"12\"|"
	    "< reply, 1 bytes: \"\\n\"|");
}

TEST_ROWS(wire_shows_each_kind, LEN(frames))
{
	begin();
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 5);
	(void)traced();
	says(frames[_i].said);
	ck_assert_int_eq(
	    strncmp(traced(), frames[_i].traced, strlen(frames[_i].traced)), 0);
}

/* Also if decode writes over it. */
TEST(wire_shows_what_came)
{
	begin();
	rig.config.scribbles = true;
	says("#abc\n");
	ck_assert_str_eq(traced(), "< skip, 5 bytes: \"#abc\\n\"|");
}

static struct stay_frame
decode_forty(struct stay_session *session, struct stay_bytes in)
{
	(void)session;
	(void)in;
	return stay_frame_more_of(40);
}

TEST(wire_shows_what_is_to_come)
{
	struct stay_protocol protocol = line_protocol;

	protocol.decode = decode_forty;
	prepare();
	rig.protocol = &protocol;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	says("abc");
	ck_assert_str_eq(traced(), "< more, 3 bytes so far, 40 in all|");
}

TEST(wire_shows_no_more_than_a_line)
{
	char text[300], line[1100] = "< skip, 128 bytes: \"#";

	begin();
	memset(text, '\x7f', sizeof(text));
	text[0] = '#';
	strcpy(text + 127, "\n");
	says(text);
	for (unsigned i = 1; i < 127; i++)
		strcat(line, "\\x7f");
	strcat(line, "\\n\"|");
	ck_assert_str_eq(traced(), line);
	text[127] = '\x7f';
	strcpy(text + 128, "\n");
	says(text);
	EXPECT_IN(traced(), "\\x7f\\x7f\"...|");
}

/* ---- what leaves in parts ---- */

static void
narrow(size_t len)
{
	const struct sim_limits limits = { .send_buffer = len };

	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
}

static void
widen(void)
{
	const struct sim_limits limits = { .send_buffer = 1000 };

	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 10);
}

TEST(wire_counts_the_rest_of_a_call)
{
	begin();
	narrow(4);
	line_call(&rig, "a", LINE("abcdef"));
	line_call(&rig, "b", LINE("x"));
	line_run(&rig, 5);
	ck_assert_str_eq(traced(), "> call, 4 of 7 bytes: \"abcd\"|");
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 10);
	ck_assert_str_eq(traced(), "> call, 3 more bytes|> call, 1 of 2 bytes: "
				   "\"x\"|> call, 1 more bytes|");
}

static void
speak(const char *text)
{
	struct stay_session *session = stay_client_session(rig.client);

	EXPECT_OK(stay_buf_puts(stay_session_control(session), text));
	EXPECT_OK(stay_session_expect(session, 0));
	line_run(&rig, 1);
}

TEST(wire_counts_the_rest_of_what_is_said)
{
	begin();
	narrow(4);
	speak("abcdef\n");
	ck_assert_str_eq(traced(), "> control, 4 of 7 bytes: \"abcd\"|");
	widen();
	ck_assert_str_eq(traced(), "> control, 3 more bytes|");
	speak("g\n");
	ck_assert_str_eq(traced(), "> control, 2 bytes: \"g\\n\"|");
	narrow(1);
	speak("hij\n");
	(void)traced();
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	speak("k\n");
	ck_assert_str_eq(traced(), "> control, 2 bytes: \"k\\n\"|");
}

/* ---- secrets ---- */

TEST(wire_shows_no_secret)
{
	prepare();
	rig.url = "line://me:p%22w%5C%0D%01d@10.0.0.1:7777";
	rig.config.hello = "AUTH me p\"w\\\r\x01"
			   "d";
	line_start(&rig, NULL);
	line_run(&rig, 5);
	ck_assert_str_eq(traced(), "> control, 16 bytes: \"AUTH *** ***\\n\"|");
	says("-no login p\"w\\\r\x01"
	     "d\n");
	EXPECT_IN(traced(), "\"-no login ***\\n\"|");
}

/* Nor what a server makes of it, also beside a NUL. */
TEST(wire_shows_no_secret_as_others_spell_it)
{
	static const char said[] = "#\\x01\\\"ret\0\\x01\\\"ret\n";

	prepare();
	rig.url = "line://u:%01%22ret@10.0.0.1:7777";
	line_start(&rig, NULL);
	line_run(&rig, 5);
	sim_peer_send(rig.peer, said, sizeof(said) - 1);
	line_run(&rig, 5);
	ck_assert_str_eq(traced(), "< skip, 21 bytes: \"#***\\x00***\\n\"|");
}

/* Not its first half, either. */
TEST(wire_shows_no_beginning_of_a_secret)
{
	char text[200] = "#";

	prepare();
	rig.url = "line://u:secretword@10.0.0.1:7777";
	line_start(&rig, NULL);
	line_run(&rig, 5);
	memset(text, '.', sizeof(text));
	memcpy(text, "#", 1);
	strcpy(text + 122, "secretword\n");
	says(text);
	EXPECT_IN(traced(), "..***\"...|");
}

/* ---- who asks for it ---- */

TEST(wire_names_tags)
{
	struct line_tagging tagging = { .max = 9 };

	prepare();
	rig.protocol = line_tagged_protocol();
	rig.config.tagging = &tagging;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_call(&rig, "a", TAGGED("get @000"));
	line_run(&rig, 10);
	says("+@1 x\n");
	ck_assert_str_eq(traced(), "> call, 9 bytes: \"get @001\\n\"|"
				   "< reply, tag 1, 6 bytes: \"+@1 x\\n\"|");
}

TEST(wire_names_groups)
{
	group_told = 0;
	line_prepare(&groups);
	groups.observer.on_wire = on_wire;
	lines[0] = '\0';
	line_start(&groups, NULL);
	line_run(&groups, 10);
	group_send("ww", "ab,cd");
	line_run(&groups, 1);
	ck_assert_str_eq(traced(), "> group, 6 bytes: \"ab\\ncd\\n\"|");
	group_end();
}

/* An observer that is older knows nothing of it; and the log asks if it is told. */
TEST(wire_is_for_who_wants_it)
{
	struct stay_log *log;
	char *printed;
	size_t len;
	FILE *stream = open_memstream(&printed, &len);

	begin();
	rig.observer.size = offsetof(struct stay_observer, on_wire);
	speak("a\n");
	ck_assert_str_eq(traced(), "");
	log = stay_log_new(stream, 0);
	stay_loop_set_observer(rig.loop, stay_log_observer(log));
	speak("b\n");
	fflush(stream);
	ck_assert_uint_eq(len, 0);
	stay_log_free(log);
	log = stay_log_new(stream, STAY_LOG_WIRE);
	stay_loop_set_observer(rig.loop, stay_log_observer(log));
	speak("c\n");
	fflush(stream);
	EXPECT_IN(
	    printed, "Z wire 1 " LINE_URL ": > control, 2 bytes: \"c\\n\"\n");
	stay_loop_set_observer(rig.loop, NULL);
	stay_log_free(log);
	fclose(stream);
	free(printed);
}

TEST_SUITE_WITH(client_wire, .after = line_after)
