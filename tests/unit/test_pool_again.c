/* A pool that had nothing left comes back; and a lease that is asked about late. */
#include <string.h>

#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"

static struct pool_rig rig;

static void
run(uint64_t ms)
{
	sim_run_ms(rig.line.world, ms);
}

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
	stay_conn_stop(
	    stay_client_conn(stay_lease_client(user->lease)), STAY_OK);
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
	run(2000);
	scarce_disarm();
	ck_assert_uint_eq(pool_counts(&rig).started, 1);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 200, "b OK;");
	pool_end(&rig);
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
	run(10);
	ck_assert_uint_eq(pool_counts(&rig).connections, 0);
	denies = false;
	run(250);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 10, "b OK;");
	pool_end(&rig);
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
		ck_assert_int_eq(
		    stay_pool_give_up(rig.pool, b->ticket), STAY_OK);
		POOL_TELLS(&rig, 0, "b E_CANCELLED;");
		pool_give(a);
	}
	pool_end(&rig);
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
	pool_end(&rig);
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
	pool_end(&rig);
}

TEST_SUITE(pool_again)
