/*
 * A server that goes away names what it has left to the next session: these calls go
 * on there, whatever their flags, while those before them get their answers here.
 */
#include <stdio.h>

#include "suites.h"
#include "support/counts.h"
#include "support/group_rig.h"
#include "support/line_tagged.h"

#define ONE_S 1000

static struct line_rig *const rig = &groups;
static struct line_tagging tagging;

static void
begin_as(unsigned flags, struct stay_client_options options)
{
	static struct stay_protocol protocol;

	group_told = 0;
	tagging = (struct line_tagging){ 0 };
	protocol = *line_tagged_protocol();
	protocol.flags = flags;
	options.backoff = stay_backoff_constant(ONE_S);
	line_begin_as(rig, &protocol, &tagging, &options);
}

static void
begin(void)
{
	begin_as(STAY_LAST_FRAMES, (struct stay_client_options){ 0 });
}

static void
call_with(const char *name, uint32_t flags)
{
	char text[32];

	snprintf(text, sizeof(text), "%s@000", name);
	line_call(rig, name, TAGGED_WITH(text, flags));
}

static void
call_each(const char *letters)
{
	static const char names[][2] = { "a", "b", "c", "d" };

	for (; *letters != '\0'; letters++)
		call_with(names[*letters - 'a'], 0);
	line_run(rig, 1);
}

#define HEARS(text, tells) LINE_HEARS(rig, text, tells)
#define AWAY               "# leave - 0\n"
#define GOES_AWAY          "note the server goes away;"

/* One alone, at first. */
TEST(promise_3_client_unacted_goes_on_behind_the_answers_of_others)
{
	begin();
	call_each("abc");
	HEARS("/@2-3\n" AWAY, GOES_AWAY);
	call_each("d");
	HEARS("+@1\n", "a OK/replied +@1;down E_RECONNECT;");
	LINE_TELLS(rig, ONE_S, "hello -;up;");
	ck_assert_str_eq(line_got(rig), "a@001;b@002;c@003;|b!004;");
	HEARS("+@4\n", "b OK/replied +@4;");
	ck_assert_str_eq(line_got(rig), "c!005;d@006;");
	HEARS("+@6\n+@5\n", "d OK/replied +@6;c OK/replied +@5;");
}

/* The peer may also just close, when it has said so. */
TEST(client_unacted_goes_on_if_the_session_is_lost)
{
	begin();
	call_each("ab");
	HEARS("/@2\n" AWAY, GOES_AWAY);
	sim_peer_reset(rig->peer);
	LINE_TELLS(
	    rig, 2 * ONE_S, "down E_RESET;a E_LOST/maybe executed;hello -;up;");
	HEARS("+@3\n", "b OK/replied +@3;");
}

/* So it does if what is before it gets no answer in time: that is no overtaking. */
TEST(promise_4_client_unacted_is_behind_what_is_lost)
{
	begin_as(STAY_LAST_FRAMES,
	    (struct stay_client_options){ .leave_budget_ms = 20 });
	call_each("ab");
	HEARS("/@2\n" AWAY, GOES_AWAY);
	LINE_TELLS(rig, 30, "down E_RECONNECT;a E_LOST/maybe executed;");
	line_run(rig, ONE_S);
	line_told(rig);
	HEARS("+@3\n", "b OK/replied +@3;");
}

/* A request that waits for long keeps nobody from it, since the session is left. */
TEST(client_unacted_beside_one_that_blocks)
{
	begin();
	call_with("a", STAY_BLOCKS);
	call_each("b");
	HEARS("/@2\n" AWAY, GOES_AWAY);
	HEARS("+@1\n", "a OK/replied +@1;down E_RECONNECT;");
	line_run(rig, ONE_S);
	line_told(rig);
	HEARS("+@3\n", "b OK/replied +@3;");
}

/* ---- what may not go on ---- */

TEST(client_unacted_ends_with_its_session)
{
	begin();
	call_with("a", STAY_THIS_SESSION);
	call_each("b");
	HEARS("/@1-2\n", "a E_LOST/refused /@1-2;down E_NOT_READY;");
	line_run(rig, ONE_S);
	line_told(rig);
	HEARS("+@3\n", "b OK/replied +@3;");
}

TEST(client_unacted_waits_until_its_deadline)
{
	begin();
	call_each("a");
	line_call_with(rig, "b", TAGGED("b@000"), WITHIN(10));
	line_run(rig, 1);
	HEARS("/@2\n" AWAY, GOES_AWAY);
	LINE_TELLS(rig, 10, "b E_TIMEOUT/refused;");
	HEARS("+@1\n", "a OK/replied +@1;down E_RECONNECT;");
}

/* Nothing is left to be answered in the session, so it is left at once; and that is no
 * failure, though there were only refusals. */
TEST_ROWS(client_unacted_is_all_there_is, 2)
{
	static const char *const said[] = { "/@1-2\n" AWAY,
		"# leave - 8000\n/@1-2\n" };

	begin();
	call_each("ab");
	HEARS(said[_i], GOES_AWAY "down E_RECONNECT;");
	LINE_TELLS(rig, ONE_S, "hello -;up;");
	HEARS("+@3\n", "a OK/replied +@3;");
	HEARS("+@4\n", "b OK/replied +@4;");
}

/* The server contradicts itself. */
TEST(promise_4_client_unacted_is_not_sent_behind_what_overtook_it)
{
	begin();
	call_each("abc");
	HEARS("/@1\n+@2\n/@3\n" AWAY,
	    "a E_SERVER/refused /@1;b OK/replied +@2;" GOES_AWAY
	    "down E_RECONNECT;");
	line_run(rig, ONE_S);
	line_told(rig);
	HEARS("+@4\n", "c OK/replied +@4;");
}

TEST(promise_4_client_unacted_behind_an_answer_is_told)
{
	begin();
	call_each("ab");
	HEARS("+@2\n/@1\n", "b OK/replied +@2;a E_LOST/refused /@1;");
}

/* What only reads may be answered behind it. */
TEST(client_unacted_reads_behind_an_answer)
{
	begin();
	call_with("a", STAY_READ_ONLY);
	call_each("b");
	HEARS("+@2\n/@1\n" AWAY,
	    "b OK/replied +@2;" GOES_AWAY "down E_RECONNECT;");
	line_run(rig, ONE_S);
	line_told(rig);
	HEARS("+@3\n", "a OK/replied +@3;");
}

/* The server has begun to answer: it has acted, whatever it says. */
TEST(client_unacted_behind_a_part_is_over)
{
	begin();
	call_each("a");
	HEARS("*@1 1\n/@1\n", "a part OK *@1 1;a E_LOST/replied /@1;");
}

TEST(client_unacted_request_of_a_group)
{
	begin();
	group_send("TT", "a@000,b@000");
	line_run(rig, 1);
	HEARS("/@1\n/@2\n",
	    "g E_LOST/refused: E_LOST/refused /@1 E_LOST/refused /@2;");
}

TEST(client_unacted_late_is_an_orphan)
{
	begin();
	call_each("a");
	EXPECT_OK(stay_client_cancel(rig->client, rig->calls[0].id));
	line_run(rig, 1);
	line_told(rig);
	HEARS("/@1\n", "orphan /@1;");
	ck_assert_uint_eq(counts_of(rig->client).tombstones, 0);
}

/* Its bytes were not kept. */
TEST(client_unacted_needs_its_flag)
{
	begin_as(0, (struct stay_client_options){ 0 });
	call_each("a");
	HEARS("/@1\n", "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
	EXPECT_IN(stay_conn_failure(stay_client_conn(rig->client)),
	    "STAY_LAST_FRAMES");
}

TEST_SUITE_WITH(client_unacted, .after = line_after)
