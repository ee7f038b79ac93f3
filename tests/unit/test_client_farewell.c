/* The end of a session that both sides know of: goodbye, half a close, and what
 * the peer still has to say. */
#include <errno.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"

#define LISTEN_MS 300

static struct line_rig rig;

static void
on_end(struct peer_end *end)
{
	struct line_rig *of = end->peer->arg;

	line_note(&of->notes, "end;");
}

static void
on_close(struct peer_end *end, int error)
{
	struct line_rig *of = end->peer->arg;

	line_note(&of->notes, error == 0 ? "close;" : "reset;");
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct line_rig *of = arg;

	(void)who;
	(void)text;
	line_note(&of->notes, "failed %s;", stay_status_name(status) + 5);
}

/* A session that is up, and a peer that does not close at the end of it. */
static void
begin(const struct stay_client_options *options)
{
	line_prepare(&rig);
	rig.observer.on_failure = on_failure;
	rig.server.on_end = on_end;
	rig.server.on_close = on_close;
	rig.config.bye = "bye";
	line_start(&rig, options);
	line_run(&rig, 10);
	line_told(&rig);
}

static void
stop(void)
{
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
}

static void
reconnect(void)
{
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
}

/* The protocol asks for something on its own. */
static void
ask_ping(void)
{
	struct stay_session *session = stay_client_session(rig.client);

	EXPECT_OK(stay_buf_puts(stay_session_control(session), "ping\n"));
	EXPECT_OK(stay_session_expect(session, 1));
	line_run(&rig, 1);
}

/* ---- the peer hears it ---- */

/* What is not read yet at a close would reset the stream. */
TEST(client_farewell_is_not_lost_to_unread_input)
{
	struct sim_limits limits = { .read_max = 1 };
	char pushes[100];

	begin(NULL);
	rig.server.on_end = NULL;
	sim_peer_limits(rig.peer, &limits);
	memset(pushes, '#', sizeof(pushes));
	pushes[sizeof(pushes) - 1] = '\0';
	sim_peer_print(rig.peer, pushes);
	stop();
	ck_assert_str_eq(
	    line_told(&rig), "bye;close;down E_STOPPED;closed OK;");
	ck_assert_str_eq(line_got(&rig), "bye;");
}

/* A protocol without a goodbye closes its half all the same. */
TEST(client_farewell_without_words_is_an_end_in_order)
{
	begin(NULL);
	rig.config.bye = NULL;
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stop();
	ck_assert_str_eq(line_told(&rig), "end;");
	sim_peer_print(rig.peer, "+1\n");
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(
	    line_told(&rig), "a OK/replied +1;down E_STOPPED;closed OK;");
}

/* ---- what it still says ---- */

TEST(client_farewell_reads_late_answers_and_pushes)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 50 };

	begin(NULL);
	line_call_with(&rig, "a", LINE("x"), options);
	line_call(&rig, "b", LINE("y"));
	line_run(&rig, 100);
	line_told(&rig);
	stop();
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	sim_peer_print(rig.peer, "+late\n>push\n+2\n");
	line_run(&rig, 10);
	ck_assert_str_eq(
	    line_told(&rig), "orphan +late;push >push;b OK/replied +2;");
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "down E_STOPPED;closed OK;");
}

static void
ask_more(struct stay_session *session, const char *text)
{
	(void)text;
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "more\n"));
	ck_assert_int_eq(stay_session_expect(session, 1), STAY_E_STATE);
}

/* Neither by the protocol nor by the program. */
TEST(client_farewell_is_the_last_word)
{
	begin(NULL);
	rig.config.on_push = ask_more;
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	line_call(&rig, "a", LINE("say +1"));
	sim_peer_print(rig.peer, ">push\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_got(&rig), "bye;");
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig),
	    "bye;end;push >push;down E_RECONNECT;hello -;up;a OK/replied +1;");
	ck_assert_str_eq(line_got(&rig), "|say +1;");
}

/* ---- how long ---- */

/* Some servers answer a goodbye, and nobody waits for that. */
TEST_ROWS(client_farewell_may_be_answered, 2)
{
	static const char *const answers[] = { "+bye to you\n", "nonsense\n" };

	begin(NULL);
	stop();
	sim_peer_print(rig.peer, answers[_i]);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "bye;end;down E_STOPPED;closed OK;");
}

/* ---- who asks for an answer waits for it, before it closes its half ---- */

static void
begin_asking(const struct stay_client_options *options)
{
	begin(options);
	rig.config.bye_replies = 2;
}

static void (*const leaves[])(void) = { stop, reconnect };
static const char *const left[] = { "down E_STOPPED;closed OK;",
	"down E_RECONNECT;hello -;up;" };

TEST_ROWS(client_farewell_waits_for_a_late_answer, 2)
{
	begin_asking(OPTIONS(.stop_budget_ms = 5000));
	leaves[_i]();
	line_run(&rig, 3 * LISTEN_MS);
	sim_peer_print(rig.peer, ">push\n+bye\n");
	line_run(&rig, 3 * LISTEN_MS);
	ck_assert_str_eq(line_told(&rig), "bye;push >push;control +bye;");
	sim_peer_print(rig.peer, "+bye\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "control +bye;end;");
	line_run(&rig, LISTEN_MS);
	ck_assert_str_eq(line_told(&rig), left[_i]);
}

/* Behind all answers that are due, also to what was said before. */
TEST(client_farewell_waits_for_its_own_answer)
{
	begin_asking(NULL);
	rig.config.bye_replies = 1;
	ask_ping();
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	ask_ping();
	stop();
	sim_peer_print(rig.peer, "+1\n+a\n+2\n");
	line_run(&rig, 10);
	ck_assert_str_eq(
	    line_told(&rig), "bye;control +1;a OK/replied +a;control +2;");
	sim_peer_print(rig.peer, "+3\n");
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "control +3;end;");
}

/* What was said before is no part of it. */
TEST(client_farewell_without_an_answer_asks_for_none)
{
	begin(NULL);
	ask_ping();
	stop();
	ck_assert_str_eq(line_told(&rig), "bye;end;");
}

TEST(client_farewell_waits_for_no_answer_for_ever)
{
	struct stay_client_options options = { .stop_budget_ms = 900,
		.leave_budget_ms = 700 };

	begin_asking(&options);
	reconnect();
	line_run(&rig, 680);
	ck_assert_str_eq(line_told(&rig), "bye;");
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig), "down E_RECONNECT;end;hello -;up;");
	stop();
	line_run(&rig, 880);
	ck_assert_str_eq(line_told(&rig), "bye;");
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig), "down E_STOPPED;closed OK;end;");
}

/* The end of the stream in place of the answer is told, and as good as that. */
TEST_ROWS(client_farewell_is_answered_by_the_end, 2)
{
	static const char *const told[] = {
		"bye;failed E_CLOSED;down E_STOPPED;closed OK;",
		"bye;down E_RECONNECT;failed E_CLOSED;hello -;up;"
	};

	begin_asking(NULL);
	leaves[_i]();
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), told[_i]);
}

TEST(client_farewell_gives_who_owes_nothing_a_moment)
{
	begin(NULL);
	stop();
	line_run(&rig, LISTEN_MS - 20);
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	sim_peer_print(rig.peer, ">more\n");
	line_run(&rig, 20);
	ck_assert_str_eq(
	    line_told(&rig), "push >more;down E_STOPPED;closed OK;");
}

/* From its last answer on; the change itself has a longer budget. */
TEST(client_farewell_counts_the_moment_from_the_last_answer)
{
	struct stay_client_options options = { .stop_budget_ms = 5000 };

	begin(&options);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stop();
	line_run(&rig, 3 * LISTEN_MS);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, LISTEN_MS - 10);
	ck_assert_str_eq(line_told(&rig), "bye;end;a OK/replied +1;");
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig), "down E_STOPPED;closed OK;");
}

TEST(client_farewell_waits_for_a_debt_within_the_stop_budget)
{
	struct stay_client_options options = { .stop_budget_ms = 900 };

	begin(&options);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stop();
	line_run(&rig, 880);
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig),
	    "down E_STOPPED;a E_STOPPED/maybe executed;closed OK;");
}

TEST(client_farewell_does_not_hold_up_a_change_for_long)
{
	begin(NULL);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, LISTEN_MS - 10);
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig), "down E_RECONNECT;hello -;up;");
}

/* A stop in the middle of a change has its own budget, and the same moment. */
TEST(client_farewell_of_a_change_goes_on_in_a_stop)
{
	struct stay_client_options options = { .stop_budget_ms = 60000 };

	begin(&options);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, LISTEN_MS / 2);
	stop();
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	line_run(&rig, LISTEN_MS);
	ck_assert_str_eq(line_told(&rig), "down E_STOPPED;closed OK;");
}

/* Bytes that nobody has asked for are read up to a bound. */
TEST(client_farewell_does_not_read_a_flood)
{
	static char flood[16 << 20];

	begin(NULL);
	memset(flood, '#', sizeof(flood));
	for (size_t i = 255; i < sizeof(flood); i += 256)
		flood[i] = '\n';
	stop();
	ck_assert_str_eq(line_told(&rig), "bye;end;");
	sim_peer_send(rig.peer, flood, sizeof(flood));
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "");
	sim_peer_send(rig.peer, flood, 256);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "down E_STOPPED;closed OK;");
}

/* ---- no end is a failure now ---- */

TEST(client_farewell_answered_by_a_reset_is_no_failure)
{
	begin(NULL);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(
	    line_told(&rig), "bye;end;down E_RECONNECT;hello -;up;");
	stop();
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "bye;end;down E_STOPPED;closed OK;");
}

/* The stream is closed as a whole then, as soon as the goodbye has left. */
TEST(client_farewell_without_half_a_close_just_closes)
{
	begin(NULL);
	sim_fail(rig.world, SIM_SHUTDOWN, 1, -ENOTCONN);
	stop();
	ck_assert_str_eq(line_told(&rig), "bye;down E_STOPPED;closed OK;end;");
	ck_assert_str_eq(line_got(&rig), "bye;");
}

/* ---- what is said of it ---- */

TEST(client_farewell_is_explained)
{
	struct sim_limits limits = { .send_buffer = 1 };

	begin(NULL);
	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
	stop();
	EXPECT_IN(line_explained(&rig),
	    ": stopping for 10 ms with 10.0.0.1:7777, "
	    "saying goodbye, as asked; "
	    "it ends at the latest in ");
	sim_peer_freeze(rig.peer, false);
	line_run(&rig, 10);
	EXPECT_IN(line_explained(&rig),
	    ", goodbye is said, and the peer may finish, ");
	sim_peer_close(rig.peer);
}

TEST_SUITE_WITH(client_farewell, .after = line_after)
