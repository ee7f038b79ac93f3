/*
 * A call that blocks and is given up: alone in flight it ends its session, so
 * that the server keeps what it would have been given.
 */
#include "suites.h"
#include "support/line_rig.h"

#define TIMEOUT_MS 100

static struct line_rig rig;

static const struct stay_client_options soon = { .backoff = {
						     .initial_ms = 10 } };

static void
begin(void)
{
	line_begin(&rig, &soon);
}

static struct line_call *
block(const char *name)
{
	struct line_call *call = line_call(&rig, name, LINE_BLOCKS("block"));

	line_run(&rig, 1);
	return call;
}

static void
cancel(const struct line_call *call)
{
	EXPECT_OK(stay_client_cancel(rig.client, call->id));
}

/* ---- what ends, and what does not ---- */

static void
give_up_by_cancel(void)
{
	cancel(block("a"));
	line_run(&rig, 1);
}

static void
give_up_by_timeout(void)
{
	struct stay_call_options timed = { STAY_CALL_OPTIONS,
		.timeout_ms = TIMEOUT_MS };

	line_call_with(&rig, "a", LINE_BLOCKS("block"), timed);
	line_run(&rig, TIMEOUT_MS - 1);
	ck_assert_str_eq(line_told(&rig), "");
	line_run(&rig, 2);
}

static const struct {
	void (*give_up)(void);
	const char *told;
} ways[] = {
	{ give_up_by_cancel, "down E_RECONNECT;a E_CANCELLED/maybe executed;" },
	{ give_up_by_timeout, "down E_RECONNECT;a E_TIMEOUT/maybe executed;" },
};

TEST_ROWS(client_given_up_alone_ends_its_session, LEN(ways))
{
	begin();
	ways[_i].give_up();
	ck_assert_str_eq(line_told(&rig), ways[_i].told);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "hello -;up;");
	line_end(&rig);
}

/* The server gets to see it in the same turn, not when the delay is over. */
TEST(client_given_up_lets_the_server_see_the_end)
{
	struct line_call *a;

	begin();
	a = block("a");
	ck_assert(sim_peer_is_open(rig.peer));
	cancel(a);
	line_run(&rig, 1);
	ck_assert(!sim_peer_is_open(rig.peer));
}

TEST(client_given_up_with_others_is_a_tombstone)
{
	struct line_call *a;

	begin();
	a = block("a");
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 1);
	cancel(a);
	line_run(&rig, 1);
	sim_peer_print(rig.peer, "+late\n+b\n");
	line_run(&rig, 1);
	ck_assert_str_eq(line_told(&rig),
	    "a E_CANCELLED/maybe executed;orphan +late;b OK/replied +b;");
	ck_assert_uint_eq(rig.server.accepted, 1);
}

TEST(client_given_up_is_a_tombstone_if_it_does_not_block)
{
	struct line_call *a;

	begin();
	a = line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	cancel(a);
	line_run(&rig, 100);
	ck_assert_str_eq(line_told(&rig), "a E_CANCELLED/maybe executed;");
	ck_assert_uint_eq(line_counts(&rig).tombstones, 1);
}

TEST(client_given_up_may_be_waited_for)
{
	struct stay_client_options options = { .on_given_up =
						   STAY_GIVEN_UP_WAIT };

	line_begin(&rig, &options);
	give_up_by_cancel();
	sim_peer_print(rig.peer, "+late\n");
	line_run(&rig, 1);
	ck_assert_str_eq(
	    line_told(&rig), "a E_CANCELLED/maybe executed;orphan +late;");
}

/* It was never sent. */
TEST(client_given_up_in_the_queue_ends_nothing)
{
	begin();
	cancel(line_call(&rig, "a", LINE_BLOCKS("block")));
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "a E_CANCELLED/not sent;");
	ck_assert_uint_eq(rig.server.accepted, 1);
}

/* ---- what alone means ---- */

TEST(client_given_up_beside_a_probe_is_alone)
{
	struct stay_client_options options = soon;
	struct line_call *a;

	options.probe_ms = 1000;
	line_prepare(&rig);
	rig.config.ping = "ping";
	line_start(&rig, &options);
	line_run(&rig, 1010);
	ck_assert_str_eq(line_got(&rig), "ping;");
	line_told(&rig);
	a = block("a");
	cancel(a);
	line_run(&rig, 1);
	ck_assert_str_eq(
	    line_told(&rig), "down E_RECONNECT;a E_CANCELLED/maybe executed;");
}

TEST(client_given_up_beside_a_tombstone_is_alone)
{
	struct line_call *a, *b;

	begin();
	a = line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	cancel(a);
	b = block("b");
	cancel(b);
	line_run(&rig, 1);
	ck_assert_str_eq(line_told(&rig),
	    "a E_CANCELLED/maybe executed;down E_RECONNECT;"
	    "b E_CANCELLED/maybe executed;");
}

/* The first has company, the last has none. */
TEST(client_given_up_together_the_last_one_is_alone)
{
	struct line_call *a, *b;

	begin();
	a = block("a");
	b = block("b");
	cancel(a);
	line_run(&rig, 10);
	ck_assert_str_eq(line_told(&rig), "a E_CANCELLED/maybe executed;");
	cancel(b);
	line_run(&rig, 1);
	ck_assert_str_eq(
	    line_told(&rig), "down E_RECONNECT;b E_CANCELLED/maybe executed;");
}

/* That the other is answered later makes no difference any more. */
TEST(client_given_up_alone_is_decided_once)
{
	struct line_call *b;

	begin();
	line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	b = block("b");
	cancel(b);
	sim_peer_print(rig.peer, "+a\n");
	line_run(&rig, 1000);
	ck_assert_str_eq(
	    line_told(&rig), "b E_CANCELLED/maybe executed;a OK/replied +a;");
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* What waits was not sent, and goes to the next session. */
TEST(client_given_up_is_alone_in_front_of_a_queue)
{
	struct stay_client_options options = soon;
	struct line_call *a;

	options.inflight_calls_max = 1;
	line_begin(&rig, &options);
	a = block("a");
	line_call(&rig, "b", LINE("say +b"));
	line_run(&rig, 1);
	cancel(a);
	line_call(&rig, "c", LINE("say +c"));
	line_run(&rig, 20);
	ck_assert_str_eq(line_told(&rig),
	    "down E_RECONNECT;a E_CANCELLED/maybe executed;hello -;up;"
	    "b OK/replied +b;c OK/replied +c;");
	ck_assert_str_eq(line_got(&rig), "block;|say +b;say +c;");
}

/* Nothing of the same turn goes into the session that is to end. */
TEST(client_given_up_lets_nobody_in)
{
	struct line_call *a;

	begin();
	a = block("a");
	cancel(a);
	line_call(&rig, "b", LINE("say +b"));
	line_run(&rig, 20);
	ck_assert_str_eq(line_got(&rig), "block;|say +b;");
	ck_assert_int_eq(rig.calls[1].result.outcome, STAY_REPLIED);
}

/* ---- what is said of it ---- */

static char failure[512];
static enum stay_status failed;

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	failed = status;
	snprintf(failure, sizeof(failure), "%s", text);
}

TEST(client_given_up_says_why_the_session_ended)
{
	static const char why[] =
	    "a call that blocks was given up, and ends its "
	    "session so that the server keeps the value";
	char text[512];

	begin();
	rig.observer.on_failure = on_failure;
	give_up_by_cancel();
	ck_assert_int_eq(failed, STAY_E_RECONNECT);
	EXPECT_IN(failure, why);
	EXPECT_IN(failure, "; next in ");
	stay_conn_explain(stay_client_conn(rig.client), text, sizeof(text));
	EXPECT_IN(text, "its last session ended: ");
	EXPECT_IN(text, why);
}

/* ---- while the session ends anyway ---- */

/* A planned change waits for it, and then has nothing to wait for. */
TEST(client_given_up_lets_a_change_go_on)
{
	struct line_call *a;

	begin();
	a = block("a");
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 100);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	cancel(a);
	line_run(&rig, 5);
	ck_assert_str_eq(line_told(&rig),
	    "down E_RECONNECT;a E_CANCELLED/maybe executed;hello -;up;");
}

TEST(client_given_up_lets_a_drain_end)
{
	struct line_call *a;

	begin();
	a = block("a");
	stay_client_drain(rig.client, 60000);
	line_run(&rig, 100);
	cancel(a);
	line_run(&rig, 5);
	ck_assert(rig.closed);
}

TEST_SUITE_WITH(client_given_up, .after = line_after)
