/* The line of a pool: when whose time is up, and who waits for too long. */
#include "suites.h"
#include "support/pool_rig.h"

static struct pool_rig rig;

/* Somebody has the only connection. */
static struct pool_user *
begin(const struct stay_pool_options *options)
{
	pool_begin(&rig, options);
	return pool_have(&rig, "a");
}

/* ---- whose time is up ---- */

/* Whatever wakes the pool at that moment. */
TEST(pool_line_ends_a_wait_to_the_moment)
{
	begin(POOL(.connections_max = 1));
	pool_want_within(&rig, "b", 30);
	pool_run(&rig, 30);
	ck_assert_str_eq(pool_told(&rig), "");
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 0, "b E_TIMEOUT;");
}

/* The one whose time is up first need not be the last to come. */
TEST(pool_line_ends_each_wait_in_time)
{
	begin(POOL(.connections_max = 1));
	pool_want_within(&rig, "b", 30);
	pool_want_within(&rig, "c", 90);
	pool_want_within(&rig, "d", 60);
	POOL_TELLS(&rig, 31, "b E_TIMEOUT;");
	POOL_TELLS(&rig, 30, "d E_TIMEOUT;");
	POOL_TELLS(&rig, 30, "c E_TIMEOUT;");
}

/* Until somebody's time is up there is nothing to do. */
TEST_ROWS(pool_line_waits_in_peace, 3)
{
	static const struct stay_pool_options rows[] = {
		{ STAY_POOL_OPTIONS, .connections_max = 1 },
		{ STAY_POOL_OPTIONS, .connections_max = 1,
		    .shed_target_ms = 900 },
		{ STAY_POOL_OPTIONS, .connections_max = 1, .shed_target_ms = 1,
		    .shed_interval_ms = 900 },
	};

	begin(&rows[_i]);
	pool_run(&rig, 20);
	ck_assert_uint_le(pool_steps(&rig, 500), 2);
	pool_want_within(&rig, "b", 800);
	pool_run(&rig, 1);
	ck_assert_uint_le(pool_steps(&rig, 500), 2);
	POOL_TELLS(&rig, 298, "");
	POOL_TELLS(&rig, 2, "b E_TIMEOUT;");
	ck_assert_uint_le(pool_steps(&rig, 500), 2);
}

/* ---- who waits for too long ---- */

static const struct stay_pool_options shedding = { STAY_POOL_OPTIONS,
	.connections_max = 1, .shed_target_ms = 20, .shed_interval_ms = 100,
	.wait_timeout_ms = 1000 };

/* For 100 ms from the moment on when the first has waited for 20. */
TEST(pool_line_sheds_waits_that_are_too_long)
{
	struct pool_user *a;

	pool_begin(&rig, &shedding);
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 90);
	pool_want(&rig, "c");
	pool_run(&rig, 20);
	pool_want(&rig, "d");
	POOL_TELLS(&rig, 10, "");
	POOL_TELLS(&rig, 1, "b E_OVERLOADED;c E_OVERLOADED;");
	POOL_TELLS(&rig, 8, "");
	POOL_TELLS(&rig, 2, "d E_OVERLOADED;");
	ck_assert_uint_eq(pool_counts(&rig).shed, 3);
	pool_want(&rig, "e"); /* nobody waited: it begins anew */
	POOL_TELLS(&rig, 119, "");
	POOL_TELLS(&rig, 2, "e E_OVERLOADED;");
	pool_give(a);
}

TEST(pool_line_sheds_waits_of_more_than_the_least)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1, .shed_target_ms = 1,
			     .shed_interval_ms = 100, .wait_timeout_ms = 1000));
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 100, "");
	POOL_TELLS(&rig, 2, "b E_OVERLOADED;");
	pool_give(a);
}

/* One short wait, and all is well again. */
TEST(pool_line_sheds_nobody_while_some_are_short)
{
	struct pool_user *a, *c;

	pool_begin(&rig, &shedding);
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 80);
	c = pool_want(&rig, "c");
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
	POOL_TELLS(&rig, 109, "");
	POOL_TELLS(&rig, 3, "c E_OVERLOADED;");
	ck_assert_ptr_null(c->lease);
}

/* Overloaded it stays so until nobody waits, and serves those who have just come. */
TEST(pool_line_is_overloaded_while_somebody_waits)
{
	struct pool_user *a, *d;

	pool_begin(&rig, &shedding);
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 115);
	d = pool_want(&rig, "d");
	POOL_TELLS(&rig, 6, "b E_OVERLOADED;");
	pool_want(&rig, "e");
	pool_give(a);
	POOL_TELLS(&rig, 5, "d OK;");
	POOL_TELLS(&rig, 14, "");
	POOL_TELLS(&rig, 3, "e E_OVERLOADED;");
	pool_give(d);
}

static void
want_e(struct pool_user *user)
{
	(void)pool_want(user->rig, "e");
}

/* Until then, and no longer: be it that the last one asks for another at once. */
TEST(pool_line_is_overloaded_until_nobody_waits)
{
	struct pool_user *a;

	pool_begin(&rig, &shedding);
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 115);
	pool_want(&rig, "d")->then = want_e;
	POOL_TELLS(&rig, 6, "b E_OVERLOADED;");
	pool_give(a);
	POOL_TELLS(&rig, 5, "d OK;");
	POOL_TELLS(&rig, 110, "");
	POOL_TELLS(&rig, 15, "e E_OVERLOADED;");
}

/* Who left does not end what the others had to bear. */
TEST(pool_line_is_overloaded_whoever_leaves)
{
	begin(&shedding);
	pool_want_within(&rig, "b", 60);
	pool_run(&rig, 10);
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 51, "b E_TIMEOUT;");
	POOL_TELLS(&rig, 59, "");
	POOL_TELLS(&rig, 1, "c E_OVERLOADED;");
}

/* Nobody waited: it begins anew, however long the program was away. */
TEST(pool_line_sheds_nobody_for_those_before)
{
	struct pool_user *a = begin(&shedding);

	pool_want(&rig, "b");
	pool_run(&rig, 110);
	pool_give(a);
	POOL_TELLS(&rig, 90, "b OK;");
	pool_want(&rig, "c");
	sim_sleep_ms(rig.line.world, 30);
	POOL_TELLS(&rig, 85, "");
	POOL_TELLS(&rig, 10, "c E_OVERLOADED;");
}

/* Nor right after the start. */
TEST(pool_line_sheds_nobody_in_the_beginning)
{
	pool_prepare(&rig);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	pool_run(&rig, 1000);
	pool_start(&rig, POOL(.shed_target_ms = 20, .shed_interval_ms = 100));
	pool_want(&rig, "a");
	sim_sleep_ms(rig.line.world, 60);
	POOL_TELLS(&rig, 10, "");
}

/* To the moment, when something else wakes the pool. */
TEST(pool_line_sheds_to_the_moment)
{
	begin(&shedding);
	pool_want(&rig, "b");
	pool_run(&rig, 120);
	ck_assert_str_eq(pool_told(&rig), "");
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 0, "b E_OVERLOADED;");
	pool_run(&rig, 20);
	ck_assert_str_eq(pool_told(&rig), "");
	pool_want(&rig, "d");
	POOL_TELLS(&rig, 0, "c E_OVERLOADED;");
}

/* Its time is up, and so is the wait for a connection: nobody is lent what he does not
 * wait for any more. */
TEST(pool_line_lends_nothing_too_late)
{
	struct pool_user *a = begin(POOL(.connections_max = 1));

	EXPECT_OK(stay_client_call(
	    stay_lease_client(a->lease), LINE("slow"), NULL, NULL));
	pool_give(a);
	pool_want_within(&rig, "b", 30);
	pool_run(&rig, 10);
	sim_peer_print(rig.line.peer, "+slow\n");
	sim_sleep_ms(rig.line.world, 50);
	POOL_TELLS(&rig, 10, "b E_TIMEOUT;");
}

TEST_SUITE_WITH(pool_line, .after = pool_after)
