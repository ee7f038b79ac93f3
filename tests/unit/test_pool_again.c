/* A pool that had nothing left comes back; leases that are lost and asked about late; its
 * books. */
#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"

static struct pool_rig rig;

/* ---- nothing is left ---- */

static const struct stay_client_options few = { STAY_CLIENT_OPTIONS,
	.fatal_backoff_ms = 200,
	.backoff = { .initial_ms = 100,
	    .cap_ms = 100,
	    .jitter = STAY_JITTER_NONE,
	    .attempts_max = 2 } };

/* What a borrower may not do. */
static void
end_connection(const struct pool_user *user)
{
	stay_conn_stop(pool_conn(user), STAY_OK);
}

/* A connection may be given up after so many attempts; the pool does not give up. */
TEST(pool_again_after_all_attempts)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.client = &few, .connections_max = 1));
	a = pool_have(&rig, "a");
	end_connection(a);
	POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	pool_give(a);
	scarce_drought();
	pool_run(&rig, 2000);
	scarce_disarm();
	ck_assert_uint_eq(pool_counts(&rig).started, 1);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 200, "b OK;");
}

static bool denies;

static struct stay_hello
deny(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return denies ? stay_hello_denied("no") : stay_hello_up();
}

/* The last one that was denied has ended: another one asks for all. */
TEST(pool_again_after_all_were_denied)
{
	struct pool_user *a;

	pool_prepare(&rig);
	denies = false;
	rig.line.config.restore = deny;
	pool_start(&rig, POOL(.client = &few, .connections_max = 1));
	a = pool_have(&rig, "a");
	denies = true;
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 150, "a lost E_LOST;");
	end_connection(a);
	pool_give(a);
	pool_run(&rig, 10);
	ck_assert_uint_eq(pool_counts(&rig).connections, 0);
	denies = false;
	pool_run(&rig, 250);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 10, "b OK;");
}

/* ---- at once ---- */

/* No time passes: what is free is lent in the next turn, and who gives up is told. */
TEST(pool_again_in_the_next_turn)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 1));
	for (unsigned i = 0; i < 20; i++) {
		a = pool_want(&rig, "a");
		b = pool_want(&rig, "b");
		POOL_TELLS(&rig, 0, "a OK;");
		EXPECT_OK(stay_pool_give_up(rig.pool, b->ticket));
		POOL_TELLS(&rig, 0, "b E_CANCELLED;");
		pool_give(a);
	}
}

/* ---- a drain ---- */

/* Who waits is served, also if the last connection has ended. */
TEST(pool_again_while_it_drains)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	b = pool_want(&rig, "b");
	stay_pool_drain(rig.pool, STAY_FOREVER);
	end_connection(a);
	POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	pool_give(a);
	POOL_TELLS(&rig, 200, "b OK;");
	pool_give(b);
	POOL_TELLS(&rig, 100, "closed OK;");
}

/* ---- whoever asks late ---- */

static void
on_lost(void *arg, struct stay_lease *lease, enum stay_status why)
{
	(void)lease;
	line_note(arg, "late %s;", stay_status_name(why) + 5);
}

/* The pool has stopped, and waits for the server to close. */
TEST(pool_again_tells_of_a_loss_before_it_closes)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	stay_lease_on_lost(a->lease, NULL, NULL);
	sim_freeze(rig.line.world, LINE_HOST, LINE_PORT, true);
	stay_pool_stop(rig.pool, STAY_OK);
	POOL_TELLS(&rig, 10, "");
	ck_assert_int_eq(stay_lease_status(a->lease), STAY_E_STOPPED);
	stay_lease_on_lost(a->lease, on_lost, &rig.told);
	ck_assert_str_eq(pool_told(&rig), "");
	POOL_TELLS(&rig, 60000, "late E_STOPPED;closed OK;");
}

/* Each in the order of their asking. */
TEST(pool_again_tells_of_losses_in_order)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	stay_lease_on_lost(a->lease, NULL, NULL);
	stay_lease_on_lost(b->lease, NULL, NULL);
	for (struct peer_end *end = rig.line.server.ends; end != NULL;
	     end = end->next)
		sim_peer_reset(end->wire);
	POOL_TELLS(&rig, 10, "");
	stay_lease_on_lost(b->lease, on_lost, &rig.told);
	stay_lease_on_lost(a->lease, on_lost, &rig.told);
	POOL_TELLS(&rig, 1, "late E_LOST;late E_LOST;");
	pool_give(b);
	pool_give(a);
}

/* ---- who has lost it ---- */

/* Nobody else has it until it is given back, however often it fails and comes up. */
TEST(pool_again_in_no_other_hands)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 250, "a lost E_LOST;");
	ck_assert_uint_eq(pool_counts(&rig).up, 0);
	peer_listen(&rig.line.server, rig.line.world, LINE_HOST, LINE_PORT);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 1000, "");
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
}

/* Who waits is told why there is nothing for him, although somebody has what is left. */
TEST(pool_again_denied_in_the_hands_of_who_has_lost_it)
{
	pool_prepare(&rig);
	denies = false;
	rig.line.config.restore = deny;
	pool_start(&rig, POOL(.client = &few, .connections_max = 1));
	pool_have(&rig, "a");
	pool_want(&rig, "b");
	denies = true;
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 150, "a lost E_LOST;b E_DENIED;");
}

/* Given back after the stop, when its connection had ended by itself before. */
TEST(pool_again_given_back_without_a_connection)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	pool_have(&rig, "b");
	end_connection(a);
	POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	sim_freeze(rig.line.world, LINE_HOST, LINE_PORT, true);
	stay_pool_stop(rig.pool, STAY_OK);
	POOL_TELLS(&rig, 10, "b lost E_STOPPED;");
	pool_give(a);
	POOL_TELLS(&rig, 60000, "closed OK;");
}

/* The last thing that a drain waits for. */
TEST(pool_again_drained_by_a_lost_lease)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	end_connection(a);
	POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	stay_pool_drain(rig.pool, STAY_FOREVER);
	POOL_TELLS(&rig, 200, "");
	pool_give(a);
	POOL_TELLS(&rig, 10, "closed OK;");
}

/* ---- the books ---- */

/* Whichever ends, the others are known. */
TEST_ROWS(pool_again_after_any_two_have_ended, 6)
{
	static const int pairs[][2] = { { 0, 1 }, { 0, 2 }, { 1, 0 }, { 1, 2 },
		{ 2, 0 }, { 2, 1 } };
	const int *pair = pairs[_i];

	pool_begin(&rig, POOL(.connections_max = 3));
	for (int i = 0; i < 3; i++)
		pool_have(&rig, "a");
	for (int i = 0; i < 2; i++) {
		end_connection(&rig.users[pair[i]]);
		POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	}
	stay_pool_stop(rig.pool, STAY_OK);
	POOL_TELLS(&rig, 1000, "a lost E_STOPPED;closed OK;");
}

/* ---- options of its clients ---- */

static unsigned asked;

static void
answer(void *arg, struct stay_client *client)
{
	const char *urls[] = { LINE_URL, NULL };

	ck_assert_ptr_eq(arg, &rig);
	asked++;
	EXPECT_OK(stay_client_endpoints(client, urls));
}

static unsigned asked_otherwise;

static void
answer_otherwise(void *arg, struct stay_client *client)
{
	asked_otherwise++;
	answer(arg, client);
	asked--;
}

/* The program's own callback says where each connection goes: the last one given. */
TEST(pool_again_asks_where_to_dial)
{
	const struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.config = &rig.line.config, .endpoints = answer, .arg = &rig };
	struct stay_client_options other = client;

	pool_prepare(&rig);
	asked = 0;
	EXPECT_OK(stay_pool_start(&rig.pool, rig.line.loop, rig.line.protocol,
	    "line://10.0.0.1:9",
	    POOL(.connections_max = 2, .client = &client)));
	pool_want(&rig, "a");
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 100, "a OK;b OK;");
	ck_assert_uint_eq(asked, 2);
	other.endpoints = answer_otherwise;
	EXPECT_OK(stay_pool_reconfigure(
	    rig.pool, NULL, POOL(.connections_max = 2, .client = &other)));
	pool_give(&rig.users[0]);
	pool_run(&rig, 100);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(asked_otherwise, 1);
}

/* ---- age ---- */

#define MANY 64

/* From 3/4 on, and every age of that. */
TEST(pool_again_at_any_age)
{
	pool_begin(&rig, POOL(.connections_min = MANY, .connections_max = MANY,
			     .client = OPTIONS(.max_age_ms = 1000)));
	pool_run(&rig, 20);
	ck_assert_uint_eq(pool_counts(&rig).idle, MANY);
	POOL_TELLS(&rig, 705, "");
	ck_assert_uint_eq(pool_counts(&rig).aged, 0);
	POOL_TELLS(&rig, 45, "");
	ck_assert_uint_gt(pool_counts(&rig).aged, 0);
	POOL_TELLS(&rig, 195, "");
	ck_assert_uint_lt(pool_counts(&rig).aged, MANY);
	POOL_TELLS(&rig, 60, "");
	ck_assert_uint_ge(pool_counts(&rig).aged, MANY);
}

/* One that is too young to have a quarter has its age to the millisecond. */
TEST(pool_again_at_an_age_without_a_quarter)
{
	pool_begin(&rig,
	    POOL(.connections_min = 1, .client = OPTIONS(.max_age_ms = 3)));
	pool_run(&rig, 100);
	ck_assert_uint_gt(pool_counts(&rig).aged, 5);
}

TEST_SUITE_WITH(pool_again, .after = pool_after)
