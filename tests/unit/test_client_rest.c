/* The calls of a client that rests: nothing is forgotten with their block. */
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;

static bool
rests(void)
{
	return !inside_has_calls(rig.client);
}

TEST(client_rest_keeps_the_counts)
{
	struct stay_client_counts counts;

	line_begin(&rig, NULL);
	ck_assert(rests());
	for (unsigned round = 1; round <= 3; round++) {
		line_call(&rig, "a", LINE("say +1"));
		ck_assert(!rests());
		line_call_with(&rig, "b", LINE("quiet"), WITHIN(100));
		LINE_TELLS(
		    &rig, 200, "a OK/replied +1;b E_TIMEOUT/maybe executed;");
		sim_peer_print(rig.peer, "+late\n");
		line_run(&rig, 2500);
		ck_assert(rests());
		counts = line_counts(&rig);
		ck_assert_uint_eq(counts.submitted, 2 * round);
		ck_assert_uint_eq(counts.replied, round);
		ck_assert_uint_eq(counts.maybe_executed, round);
		ck_assert_uint_eq(counts.orphans, round);
		line_told(&rig);
	}
}

TEST(client_rest_ends_only_with_memory)
{
	enum stay_status status;

	line_begin(&rig, NULL);
	scarce_arm(1);
	status = stay_client_call(rig.client, LINE("say +1"), NULL, NULL);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status, STAY_E_NOMEM);
	ck_assert(rests());
	ck_assert_uint_eq(line_counts(&rig).rejected, 1);
	line_call(&rig, "b", LINE("say +2"));
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
}

static void
read_quietly(unsigned calls)
{
	while (calls-- > 0)
		line_call(
		    &rig, "a", LINE_WITH("quiet", .flags = STAY_READ_ONLY));
	line_run(&rig, 10);
}

static void
lose(void)
{
	sim_peer_reset(rig.peer);
	line_run(&rig, 50);
}

/* Ten calls earn one. */
TEST(client_rest_does_not_fill_the_budget)
{
	line_begin(&rig,
	    OPTIONS(.silence_ms = 60000, .call_timeout_ms = 60000,
		.resend_burst = 3, .resend_percent = 10,
		.backoff = {
		    .initial_ms = 10, .cap_ms = 10, .stable_ms = 60000 }));
	read_quietly(20);
	lose();
	ck_assert_uint_eq(line_counts(&rig).maybe_executed, 17);
	sim_peer_print(rig.peer, "+1\n"); /* to the suspect */
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+2\n+3\n");
	line_run(&rig, 2500);
	ck_assert(rests());
	read_quietly(20);
	lose();
	ck_assert_uint_eq(line_counts(&rig).maybe_executed, 17 + 18);
}

/* The record of a call that ended its session is told of the right one. */
TEST(client_rest_knows_its_session)
{
	line_begin(&rig, NULL);
	line_run(&rig, 2500);
	ck_assert(rests());
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.calls[0].result.session,
	    stay_client_session_number(rig.client));
}

/* ---- memory that somebody still uses ---- */

static unsigned times_told;

/* The call is rejected, and so the client may have memory to give back. */
static void
call_in_vain(void *arg, const struct stay_reply *reply)
{
	(void)arg;
	ck_assert_int_eq(reply->status, STAY_E_STOPPED);
	ck_assert_int_ne(
	    stay_client_call(rig.client, LINE("say +1"), NULL, NULL), STAY_OK);
	times_told++;
}

/* A client has no callback for it, and stops. */
TEST(client_rest_waits_for_those_who_are_told)
{
	times_told = 0;
	line_begin(&rig, NULL);
	EXPECT_OK(stay_conn_call(stay_client_conn(rig.client),
	    stay_message_make(1, NULL), 0, call_in_vain, NULL, NULL));
	line_run(&rig, 10);
	line_end(&rig);
	ck_assert_uint_eq(times_told, 1);
}

TEST_SUITE_WITH(client_rest, .after = line_after)
