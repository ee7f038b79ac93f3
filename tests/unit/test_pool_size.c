/* How many connections a pool has: when one is begun, and when one has to go. */
#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"

static struct pool_rig rig;

static uint64_t
connections(void)
{
	return pool_counts(&rig).connections;
}

static enum stay_status
ask(const struct pool_user *user, const char *text)
{
	return stay_client_call(
	    stay_lease_client(user->lease), LINE(text), NULL, NULL);
}

/* What a borrower may not do. */
static void
end_connection(const struct pool_user *user)
{
	stay_conn_stop(pool_conn(user), STAY_OK);
}

/* ---- more ---- */

/* As many as wait, in one turn. */
TEST(pool_size_grows_at_once)
{
	pool_begin(&rig, POOL(.connections_max = 4));
	pool_have(&rig, "a");
	for (int i = 0; i < 3; i++)
		pool_want(&rig, "more");
	pool_run(&rig, 0);
	ck_assert_uint_eq(connections(), 4);
}

TEST(pool_size_is_large)
{
	struct pool_user *first;

	pool_begin(&rig, POOL(.connections_min = 100, .connections_max = 100));
	pool_run(&rig, 20);
	ck_assert_uint_eq(pool_counts(&rig).idle, 100);
	first = pool_have(&rig, "a");
	end_connection(first);
	pool_run(&rig, 1);
	pool_give(first);
	pool_run(&rig, 200);
	ck_assert_uint_eq(pool_counts(&rig).idle, 100);
}

/* Who waits beside one that takes its time gets another, to the moment. */
TEST(pool_size_grows_beside_one_that_is_slow)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "quiet"));
	pool_give(a);
	pool_run(&rig, 0);
	pool_run(&rig, 100);
	pool_want(&rig, "b");
	pool_run(&rig, 0);
	ck_assert_uint_eq(connections(), 2);
}

/* The same of one whose session is left, for it took too long. */
TEST(pool_size_grows_beside_one_that_is_left)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 2,
			     .client = OPTIONS(.leave_budget_ms = 1000)));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "quiet"));
	pool_give(a);
	pool_run(&rig, 1005);
	ck_assert_uint_eq(pool_counts(&rig).returning, 0);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 90, "");
	ck_assert_uint_eq(connections(), 1);
	POOL_TELLS(&rig, 30, "b OK;");
	ck_assert_uint_eq(connections(), 2);
}

/* One that is tried again is counted on by one of those who wait, while others are up. */
TEST(pool_size_grows_beside_one_that_is_down)
{
	struct pool_user *b;

	pool_begin(&rig, POOL(.connections_max = 3));
	pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.server.ends->wire);
	pool_run(&rig, 5);
	pool_give(b);
	pool_want(&rig, "c");
	pool_run(&rig, 5);
	ck_assert_uint_eq(connections(), 2);
	pool_want(&rig, "d");
	pool_run(&rig, 5);
	ck_assert_uint_eq(connections(), 3);
}

/* Where there is no room for another one there is nothing to do but wait. */
TEST(pool_size_waits_in_peace)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "quiet"));
	pool_give(a);
	pool_run(&rig, 10);
	ck_assert_uint_eq(pool_steps(&rig, 150), 0); /* nobody waits */
	pool_want(&rig, "b");
	pool_run(&rig, 1);
	ck_assert_uint_le(pool_steps(&rig, 90), 2);
	pool_run(&rig, 20);
	ck_assert_uint_le(pool_steps(&rig, 500), 2);
}

/* It is begun when the backoff is over, to the moment. */
TEST(pool_size_grows_after_a_backoff)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	end_connection(a);
	pool_run(&rig, 0);
	ck_assert_uint_eq(connections(), 0);
	pool_give(a);
	pool_run(&rig, 100);
	ck_assert_uint_eq(connections(), 0);
	pool_want(&rig, "b");
	pool_run(&rig, 0);
	ck_assert_uint_eq(connections(), 1);
}

/* Without memory it is not tried again and again. */
TEST(pool_size_stays_without_memory)
{
	unsigned steps;

	pool_begin(&rig, POOL(.connections_max = 2));
	pool_have(&rig, "a");
	pool_want_within(&rig, "b", STAY_FOREVER);
	scarce_drought();
	steps = pool_steps(&rig, 1000);
	scarce_disarm();
	ck_assert_uint_le(steps, 40);
	POOL_TELLS(&rig, 120, "b OK;");
}

/* Who drains needs no minimum. */
TEST(pool_size_grows_no_more_in_a_drain)
{
	struct pool_user *b;

	pool_begin(&rig, POOL(.connections_min = 2));
	pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	stay_pool_drain(rig.pool, STAY_FOREVER);
	end_connection(b);
	POOL_TELLS(&rig, 10, "b lost E_STOPPED;");
	pool_give(b);
	pool_run(&rig, 1000);
	ck_assert_uint_eq(pool_counts(&rig).started, 2);
}

/* ---- fewer ---- */

/* To the moment, when something else wakes the pool. */
TEST(pool_size_lets_an_idle_one_go)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 2, .idle_ms = 100));
	a = pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	pool_give(a);
	pool_run(&rig, 0);
	ck_assert_uint_eq(pool_counts(&rig).idle, 1);
	pool_run(&rig, 100);
	ck_assert_uint_eq(pool_counts(&rig).culled, 0);
	pool_give(b);
	pool_run(&rig, 0);
	ck_assert_uint_eq(pool_counts(&rig).culled, 1);
}

/* All whose time has come, in one moment, but for the minimum. */
TEST(pool_size_lets_all_idle_ones_go)
{
	pool_begin(&rig, POOL(.connections_max = 3, .idle_ms = 100));
	for (int i = 0; i < 3; i++)
		pool_have(&rig, "a");
	for (int i = 0; i < 3; i++)
		pool_give(&rig.users[i]);
	pool_run(&rig, 0);
	pool_run(&rig, 101);
	ck_assert_uint_eq(pool_counts(&rig).culled, 2);
	ck_assert_uint_eq(connections(), 1);
}

static enum stay_status
shrink(uint64_t connections_max, enum stay_pool_use use)
{
	const struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.config = &rig.line.config };

	return stay_pool_reconfigure(rig.pool, NULL,
	    POOL(.connections_max = connections_max, .use = use,
		.client = &client));
}

/* One that nobody has, though it has no session: who has one keeps it. */
TEST(pool_size_shrinks_by_one_that_is_down)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	for (struct peer_end *end = rig.line.server.ends; end != NULL;
	     end = end->next)
		sim_peer_reset(end->wire);
	pool_run(&rig, 5);
	pool_give(a);
	pool_run(&rig, 5);
	ck_assert_uint_eq(connections(), 2);
	EXPECT_OK(shrink(1, STAY_POOL_EXCLUSIVE));
	pool_run(&rig, 5);
	ck_assert_uint_eq(connections(), 1);
	ck_assert_ptr_nonnull(stay_lease_client(b->lease));
}

/* One that is made as new has a session. */
TEST(pool_size_shrinks_by_none_that_comes_back)
{
	struct pool_user *a, *b;
	struct stay_conn *conn;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	conn = stay_client_conn(stay_lease_client(b->lease));
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.server.ends->next->wire);
	EXPECT_OK(ask(b, "quiet"));
	pool_run(&rig, 5);
	pool_give(a);
	pool_give(b);
	ck_assert_uint_eq(pool_counts(&rig).returning, 1);
	EXPECT_OK(shrink(1, STAY_POOL_EXCLUSIVE));
	pool_run(&rig, 5);
	ck_assert_uint_eq(connections(), 1);
	ck_assert(stay_conn_admits(conn));
}

/* As bits: whom the pool gives, and so keeps. */
static unsigned
kept(void)
{
	unsigned set = 0;

	for (int i = 0; i < 50; i++)
		set |= 1u << (stay_conn_number(stay_client_conn(
				  stay_pool_client(rig.pool))) -
			      2);
	return set;
}

/* The connection that was begun as the first (0), second... of all loses its session. */
static void
reset(unsigned connection)
{
	struct peer_end *end = rig.line.server.ends;

	for (unsigned i = connection + 1; i < connections(); i++)
		end = end->next;
	sim_peer_reset(end->wire);
	pool_run(&rig, 5);
}

static const struct {
	unsigned cold;
	unsigned size;
	unsigned kept; /* as bits */
} shrinks[] = { { 0, 2, 6 }, { 1, 2, 5 }, { 2, 2, 3 }, { 0, 1, 2 }, { 1, 1, 1 },
	{ 2, 1, 1 } };

/* Who has a session goes after who has none, wherever they stand; then the last goes. */
TEST_ROWS(pool_size_shrinks_by_the_cold_ones_first, LEN(shrinks))
{
	pool_begin(&rig, POOL(.connections_max = 3, .use = STAY_POOL_SHARED));
	pool_run(&rig, 20);
	reset(shrinks[_i].cold);
	EXPECT_OK(shrink(shrinks[_i].size, STAY_POOL_SHARED));
	pool_run(&rig, 0);
	ck_assert_uint_eq(kept(), shrinks[_i].kept);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	unsigned *done = arg;

	*done += result->status == STAY_OK;
}

/* The last of a shared pool, when what was begun is over; and it does end. */
TEST(pool_size_shrinks_when_it_is_shared)
{
	unsigned done = 0;

	pool_begin(&rig, POOL(.connections_max = 3, .use = STAY_POOL_SHARED));
	for (int i = 0; i < 30; i++)
		EXPECT_OK(stay_client_call(stay_pool_client(rig.pool),
		    LINE("say +a"), on_done, &done));
	EXPECT_OK(shrink(1, STAY_POOL_SHARED));
	pool_run(&rig, 500);
	ck_assert_uint_eq(done, 30);
	ck_assert_uint_eq(pool_counts(&rig).up, 1);
	ck_assert_uint_eq(
	    stay_conn_number(stay_client_conn(stay_pool_client(rig.pool))), 2);
	ck_assert_uint_eq(rig.line.inits - rig.line.finis, 1);
}

/* Nobody is given one that has to go, though it is still there. */
TEST(pool_size_gives_none_that_has_to_go)
{
	unsigned done = 0;

	pool_begin(&rig, POOL(.connections_max = 2, .use = STAY_POOL_SHARED));
	for (int i = 0; i < 20; i++)
		EXPECT_OK(stay_client_call(
		    stay_pool_client(rig.pool), LINE("quiet"), on_done, &done));
	pool_run(&rig, 20);
	EXPECT_OK(shrink(1, STAY_POOL_SHARED));
	pool_run(&rig, 20);
	for (int i = 0; i < 50; i++)
		ck_assert_uint_eq(stay_conn_number(stay_client_conn(
				      stay_pool_client(rig.pool))),
		    2);
	pool_end(&rig);
}

TEST_SUITE_WITH(pool_size, .after = pool_after)
