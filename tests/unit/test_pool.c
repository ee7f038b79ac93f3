/* Check-out and check-in: who is served, when, and what is lent to him. */
#include "suites.h"
#include "support/pool_rig.h"

static struct pool_rig rig;

static void
check(uint64_t connections, uint64_t idle, uint64_t lent, uint64_t waiting)
{
	struct stay_pool_counts counts = pool_counts(&rig);

	ck_assert_uint_eq(counts.connections, connections);
	ck_assert_uint_eq(counts.idle, idle);
	ck_assert_uint_eq(counts.lent, lent);
	ck_assert_uint_eq(counts.waiting, waiting);
}

static enum stay_status
ask(const struct pool_user *user, const char *text)
{
	return stay_client_call(
	    stay_lease_client(user->lease), LINE(text), NULL, NULL);
}

/* ---- who is served ---- */

/* Asked for before there is a session, and told in a turn. */
TEST(pool_lends_and_takes_back)
{
	struct pool_user *a;

	pool_prepare(&rig);
	pool_start(&rig, POOL(.connections_max = 1));
	a = pool_want(&rig, "a");
	ck_assert_str_eq(pool_told(&rig), "");
	check(1, 0, 0, 1);
	POOL_TELLS(&rig, 20, "a OK;");
	check(1, 0, 1, 0);
	EXPECT_OK(ask(a, "say +a"));
	sim_run_ms(rig.line.world, 10);
	pool_give(a);
	check(1, 0, 0, 0);
	POOL_TELLS(&rig, 10, "");
	check(1, 1, 0, 0);
	ck_assert_uint_eq(pool_counts(&rig).check_outs, 1);
	ck_assert_str_eq(line_got(&rig.line), "say +a;");
}

/* A connection that comes back is lent on in the same moment: none is idle for the rest
 * of a tick. */
TEST(pool_hands_over_at_once)
{
	uint64_t now;

	pool_begin(&rig, POOL(.connections_max = 1));
	pool_give(pool_have(&rig, "a"));
	for (int i = 0; i < 10; i++) {
		pool_have(&rig, "b");
		pool_want(&rig, "c");
		now = sim_now_ms(rig.line.world);
		pool_give(&rig.users[rig.count - 2]);
		POOL_TELLS(&rig, 0, "c OK;");
		ck_assert_uint_eq(sim_now_ms(rig.line.world), now);
		pool_give(&rig.users[rig.count - 1]);
	}
}

TEST(pool_serves_in_order)
{
	struct pool_user *a, *b, *c;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_want(&rig, "a");
	b = pool_want(&rig, "b");
	c = pool_want(&rig, "c");
	POOL_TELLS(&rig, 10, "a OK;");
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
	pool_give(b);
	POOL_TELLS(&rig, 10, "c OK;");
	pool_give(c);
}

/* checked_out, as the talk has it. */
TEST(pool_try_does_not_wait)
{
	struct stay_lease *lease, *other;
	struct pool_user *a;

	pool_prepare(&rig);
	pool_start(&rig, POOL(.connections_max = 1));
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease), STAY_E_CHECKED_OUT);
	ck_assert_ptr_null(lease);
	sim_run_ms(rig.line.world, 20);
	EXPECT_OK(stay_pool_try(rig.pool, &lease));
	ck_assert_ptr_nonnull(stay_lease_client(lease));
	EXPECT_OK(stay_lease_status(lease));
	ck_assert_int_eq(stay_pool_try(rig.pool, &other), STAY_E_CHECKED_OUT);
	stay_pool_check_in(lease);
	sim_run_ms(rig.line.world, 10);
	a = pool_want(&rig, "a"); /* he was there before */
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease), STAY_E_CHECKED_OUT);
	POOL_TELLS(&rig, 10, "a OK;");
	pool_give(a);
	stay_pool_check_in(NULL);
}

TEST(pool_wait_ends_in_time)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1, .wait_timeout_ms = 80));
	a = pool_have(&rig, "a");
	pool_want_within(&rig, "c", STAY_FOREVER);
	pool_want(&rig, "b");
	pool_want_within(&rig, "d", 30);
	POOL_TELLS(&rig, 30, ""); /* the clock is not at a whole millisecond */
	POOL_TELLS(&rig, 1, "d E_TIMEOUT;");
	POOL_TELLS(&rig, 49, "");
	POOL_TELLS(&rig, 1, "b E_TIMEOUT;");
	ck_assert_uint_eq(pool_counts(&rig).timed_out, 2);
	POOL_TELLS(&rig, 100000, "");
	pool_give(a);
	POOL_TELLS(&rig, 10, "c OK;");
}

TEST(pool_give_up_leaves_no_trace)
{
	struct pool_user *a, *b, *c;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	b = pool_want(&rig, "b");
	c = pool_want(&rig, "c");
	ck_assert_int_eq(stay_pool_give_up(rig.pool, a->ticket), STAY_E_STALE);
	EXPECT_OK(stay_pool_give_up(rig.pool, b->ticket));
	ck_assert_int_eq(stay_pool_give_up(rig.pool, b->ticket), STAY_E_STALE);
	ck_assert_str_eq(pool_told(&rig), "");
	check(1, 0, 1, 1);
	POOL_TELLS(&rig, 1, "b E_CANCELLED;");
	pool_give(a);
	POOL_TELLS(&rig, 10, "c OK;");
	pool_give(c);
	POOL_TELLS(&rig, 10000, "");
	ck_assert_uint_eq(pool_counts(&rig).given_up, 1);
}

/* The connection is free, and he gives up before he is told. */
TEST(pool_give_up_at_the_last_moment)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_want(&rig, "a");
	EXPECT_OK(stay_pool_give_up(rig.pool, a->ticket));
	POOL_TELLS(&rig, 10, "a E_CANCELLED;");
	check(1, 1, 0, 0);
}

static void
never(void *arg, struct stay_lease *lease, enum stay_status status)
{
	(void)arg;
	(void)lease;
	(void)status;
	ck_abort_msg("it was rejected");
}

TEST(pool_has_room_for_so_many)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1, .waiters_max = 2));
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_want(&rig, "c");
	ck_assert_int_eq(
	    stay_pool_check_out(rig.pool, NULL, never, NULL), STAY_E_FULL);
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
	pool_want(&rig, "d");
}

static void
give(struct pool_user *user)
{
	pool_give(user);
}

static void
give_and_want(struct pool_user *user)
{
	pool_give(user);
	if (user->rig->count < 3)
		pool_want(user->rig, "more");
}

/* A callback may call everything. */
TEST(pool_is_called_back)
{
	pool_begin(&rig, POOL(.connections_max = 1));
	pool_want(&rig, "a")->then = give;
	pool_want(&rig, "b")->then = give_and_want;
	POOL_TELLS(&rig, 20, "a OK;b OK;more OK;");
	check(1, 0, 1, 0);
}

/* ---- its size ---- */

TEST(pool_keeps_a_minimum)
{
	pool_prepare(&rig);
	pool_start(&rig, POOL(.connections_min = 3, .idle_ms = 100));
	check(1, 0, 0, 0); /* one asks for all */
	sim_run_ms(rig.line.world, 20);
	check(3, 3, 0, 0);
	sim_run_ms(rig.line.world, 10000);
	check(3, 3, 0, 0);
	ck_assert_uint_eq(pool_counts(&rig).started, 3);
}

TEST(pool_has_one_that_asks_for_all)
{
	pool_prepare(&rig);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	pool_start(&rig, POOL(.connections_min = 3));
	pool_want_within(&rig, "a", 2000);
	sim_run_ms(rig.line.world, 1000);
	check(1, 0, 0, 1);
}

TEST(pool_grows_for_those_who_wait)
{
	pool_begin(&rig, POOL(.connections_max = 3));
	pool_want(&rig, "a");
	POOL_TELLS(&rig, 20, "a OK;");
	check(1, 0, 1, 0);
	pool_want(&rig, "b");
	pool_want(&rig, "c");
	pool_want(&rig, "d");
	POOL_TELLS(&rig, 20, "b OK;c OK;");
	check(3, 0, 3, 1);
	pool_give(&rig.users[1]);
	POOL_TELLS(&rig, 20, "d OK;");
}

/* Nobody who comes back is waited for in vain, and none is begun for him. */
TEST(pool_does_not_grow_for_one_that_comes_back)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 3));
	a = pool_have(&rig, "a");
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 20, "b OK;");
	check(1, 0, 1, 0);
}

/* The last to come back is the first to go, so the others are idle. */
TEST(pool_lets_idle_ones_go)
{
	struct stay_client *last;

	pool_begin(&rig, POOL(.connections_max = 3, .idle_ms = 1000));
	pool_have(&rig, "a");
	pool_have(&rig, "b");
	pool_have(&rig, "c");
	pool_give(&rig.users[0]);
	sim_run_ms(rig.line.world, 100);
	last = stay_lease_client(rig.users[1].lease);
	pool_give(&rig.users[1]);
	sim_run_ms(rig.line.world, 10);
	pool_have(&rig, "d");
	ck_assert_ptr_eq(stay_lease_client(rig.users[3].lease), last);
	check(3, 1, 2, 0);
	sim_run_ms(rig.line.world, 1000 - 130);
	check(3, 1, 2, 0);
	sim_run_ms(rig.line.world, 1);
	check(2, 0, 2, 0);
	ck_assert_uint_eq(pool_counts(&rig).culled, 1);
	pool_want(&rig, "e"); /* to let one go was no failure */
	POOL_TELLS(&rig, 20, "e OK;");
}

/* ---- age ---- */

static const struct stay_client_options young = { STAY_CLIENT_OPTIONS,
	.max_age_ms = 1000 };

/* At any age from 3/4 on. */
TEST(pool_replaces_old_sessions)
{
	pool_begin(&rig,
	    POOL(.connections_min = 8, .connections_max = 8, .client = &young));
	check(8, 8, 0, 0);
	sim_run_ms(rig.line.world, 725);
	ck_assert_uint_eq(pool_counts(&rig).aged, 0);
	sim_run_ms(rig.line.world, 150);
	ck_assert_uint_gt(pool_counts(&rig).aged, 0);
	ck_assert_uint_lt(pool_counts(&rig).aged, 8);
	sim_run_ms(rig.line.world, 110);
	ck_assert_uint_eq(pool_counts(&rig).aged, 8);
	check(8, 8, 0, 0);
	ck_assert_uint_eq(rig.line.server.accepted, 16);
}

/* Not in his hands, but before the next one gets it. */
TEST(pool_replaces_an_old_session_when_it_is_back)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1, .client = &young));
	a = pool_have(&rig, "a");
	POOL_TELLS(&rig, 5000, "");
	ck_assert_uint_eq(rig.line.server.accepted, 1);
	EXPECT_OK(ask(a, "say +a"));
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 20, "b OK;");
	ck_assert_uint_eq(rig.line.server.accepted, 2);
	ck_assert_uint_eq(pool_counts(&rig).aged, 1);
}

/* To be used again and again keeps nobody young. */
TEST(pool_replaces_an_old_session_that_is_used)
{
	pool_begin(&rig, POOL(.connections_max = 1, .client = &young));
	for (int i = 0; i < 12; i++) {
		pool_give(pool_have(&rig, "a"));
		sim_run_ms(rig.line.world, 80);
	}
	ck_assert_uint_eq(pool_counts(&rig).aged, 1);
}

/* ---- a lease ends with its session ---- */

static void
note_end(void *arg, const struct stay_result *result)
{
	line_note(arg, "call %s;", stay_status_name(result->status) + 5);
}

/* What another session might answer as well is not sent there. */
TEST(pool_ends_calls_with_their_session)
{
	const struct stay_call_options again = { STAY_CALL_OPTIONS,
		.flags = STAY_READ_ONLY };
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	EXPECT_OK(stay_client_call_with(stay_lease_client(a->lease),
	    LINE("quiet"), &again, note_end, &rig.told));
	sim_run_ms(rig.line.world, 5);
	sim_peer_reset(rig.line.peer);
	sim_run_ms(rig.line.world, 10);
	EXPECT_IN(pool_told(&rig), "call E_");
	POOL_TELLS(&rig, 1000, "");
}

TEST(pool_tells_of_a_lease_that_is_lost)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 10, "a lost E_LOST;");
	POOL_TELLS(&rig, 200, "");
	ck_assert_int_eq(ask(a, "say +a"), STAY_E_OFFLINE);
	check(1, 0, 1, 1);
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
	ck_assert_uint_eq(pool_counts(&rig).lost, 1);
	EXPECT_OK(ask(&rig.users[1], "say +b"));
}

/* Checked in at once, when there is no session yet. */
TEST(pool_takes_back_what_is_lost)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 10, "a lost E_LOST;");
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 80, "");
	POOL_TELLS(&rig, 20, "b OK;");
}

static void
note_loss(void *arg, struct stay_lease *lease, enum stay_status why)
{
	(void)lease;
	line_note(arg, "it %s;", stay_status_name(why) + 5);
}

/* Who keeps a lease that is lost keeps nobody else from another connection; not even if
 * all have been lost. */
TEST_ROWS(pool_grows_beside_what_is_lost, 2)
{
	struct pool_user *a, *b = NULL;
	struct peer_end *end;

	pool_begin(&rig, POOL(.connections_max = 3));
	a = pool_have(&rig, "a");
	if (_i == 1)
		b = pool_have(&rig, "b");
	for (end = rig.line.server.ends; end != NULL; end = end->next)
		sim_peer_reset(end->wire);
	POOL_TELLS(&rig, 300,
	    _i == 0 ? "a lost E_LOST;" : "b lost E_LOST;a lost E_LOST;");
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 300, "c OK;");
	pool_give(a);
	if (b != NULL)
		pool_give(b);
}

TEST(pool_tells_of_a_loss_to_who_asks_late)
{
	struct stay_lease *lease;

	pool_begin(&rig, POOL(.connections_max = 1));
	EXPECT_OK(stay_pool_try(rig.pool, &lease));
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 10, "");
	ck_assert_int_eq(stay_lease_status(lease), STAY_E_LOST);
	stay_lease_on_lost(lease, note_loss, &rig.told);
	ck_assert_str_eq(pool_told(&rig), "");
	POOL_TELLS(&rig, 1, "it E_LOST;");
	POOL_TELLS(&rig, 1000, "");
	stay_pool_check_in(lease);
}

/* An idle one that is lost is not lent. */
TEST(pool_lends_nothing_that_is_lost)
{
	pool_begin(&rig, POOL(.connections_max = 1));
	sim_peer_reset(rig.line.peer);
	sim_run_ms(rig.line.world, 10);
	check(1, 0, 0, 0);
	pool_want(&rig, "a");
	POOL_TELLS(&rig, 80, "");
	POOL_TELLS(&rig, 20, "a OK;");
}

static void
leave(void)
{
	struct stay_lease *lease;

	EXPECT_OK(stay_pool_try(rig.pool, &lease));
	stay_client_reconnect(stay_lease_client(lease), STAY_OK);
	stay_pool_check_in(lease);
}

/* It is being left: the session is not ready, and nobody was told. */
TEST(pool_lends_nothing_that_is_left)
{
	pool_begin(&rig, POOL(.connections_max = 1));
	leave();
	pool_want(&rig, "a");
	POOL_TELLS(&rig, 20, "a OK;");
	ck_assert_uint_eq(rig.line.server.accepted, 2);
}

/* Nor one that is idle, and is about to be: it counts as away from then on. Another one is
 * lent in its place. */
TEST_ROWS(pool_lends_nothing_that_is_about_to_be_left, 2)
{
	uint64_t others = (uint64_t)_i;
	struct stay_client *client;
	struct stay_lease *lease;

	pool_begin(&rig, POOL(.connections_min = 1 + others));
	EXPECT_OK(stay_pool_try(rig.pool, &lease));
	client = stay_lease_client(lease);
	stay_pool_check_in(lease);
	sim_run_ms(rig.line.world, 10);
	check(1 + others, 1 + others, 0, 0);
	stay_client_reconnect(client, STAY_OK);
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease),
	    others > 0 ? STAY_OK : STAY_E_CHECKED_OUT);
	ck_assert_uint_eq(pool_counts(&rig).up, others);
	ck_assert(lease == NULL || stay_lease_client(lease) != client);
}

/* However often it is tried again, and with what success: it is his until he is back. */
TEST(pool_lends_nothing_that_its_borrower_has_lost)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 500, "a lost E_LOST;");
	peer_listen(&rig.line.server, rig.line.world, LINE_HOST, LINE_PORT);
	sim_run_ms(rig.line.world, 10000);
	ck_assert_uint_eq(rig.line.server.accepted, 2);
	check(1, 0, 1, 0);
	ck_assert_uint_eq(pool_counts(&rig).up, 0);
	pool_give(a);
	sim_run_ms(rig.line.world, 10);
	check(1, 1, 0, 0);
}

/* One without a session is no older for it, nor made as new. */
TEST(pool_takes_back_what_is_away)
{
	struct pool_user *a;

	pool_begin(&rig,
	    POOL(.connections_max = 1, .client = OPTIONS(.max_age_ms = 50)));
	a = pool_have(&rig, "a");
	sim_run_ms(rig.line.world, 60);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.peer);
	sim_run_ms(rig.line.world, 10);
	pool_give(a);
	ck_assert_uint_eq(pool_counts(&rig).returning, 0);
	ck_assert_uint_eq(pool_counts(&rig).aged, 0);
}

/* ---- what comes back is as new ---- */

TEST(pool_waits_for_calls_of_the_last_one)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "slow"));
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 100, "");
	ck_assert_uint_eq(pool_counts(&rig).returning, 1);
	ck_assert_uint_eq(pool_counts(&rig).up, 1);
	sim_peer_print(rig.line.peer, "+slow\n");
	POOL_TELLS(&rig, 10, "b OK;");
	ck_assert_uint_eq(rig.line.server.accepted, 1);
}

/* Meanwhile others need not wait for it, if there is room. */
TEST(pool_grows_beside_one_that_takes_its_time)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "quiet"));
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 80, "");
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	POOL_TELLS(&rig, 40, "b OK;");
	check(2, 0, 1, 0);
	ck_assert_uint_eq(pool_counts(&rig).returning, 1);
	pool_give(&rig.users[1]);
}

/* Nor for one that is too old, and is left. */
TEST(pool_grows_beside_one_that_is_left)
{
	struct pool_user *a;

	pool_begin(&rig,
	    POOL(.connections_max = 2, .client = OPTIONS(.max_age_ms = 50)));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "quiet"));
	sim_run_ms(rig.line.world, 60);
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 80, "");
	POOL_TELLS(&rig, 40, "b OK;");
	pool_give(&rig.users[1]);
}

/* As long as the budget allows: then the session is left, which allows as much. */
TEST(pool_waits_for_calls_so_long)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1,
			     .client = OPTIONS(.leave_budget_ms = 100)));
	a = pool_have(&rig, "a");
	EXPECT_OK(ask(a, "never"));
	pool_give(a);
	pool_want(&rig, "b");
	sim_run_ms(rig.line.world, 100);
	ck_assert_uint_eq(pool_counts(&rig).returning, 1);
	sim_run_ms(rig.line.world, 1);
	ck_assert_uint_eq(pool_counts(&rig).returning, 0);
	POOL_TELLS(&rig, 90, "");
	POOL_TELLS(&rig, 30, "b OK;");
	ck_assert_uint_eq(rig.line.server.accepted, 2);
	ck_assert_uint_eq(pool_counts(&rig).aged, 0);
}

static struct stay_hello
replace(struct stay_session *session)
{
	(void)session;
	return stay_hello_retry("it has a lock");
}

static struct stay_hello
give_up(struct stay_session *session)
{
	(void)session;
	return stay_hello_denied("it has a subscription");
}

/* Its session, or the client. */
TEST_ROWS(pool_replaces_what_cannot_be_as_new, 2)
{
	struct stay_client *first;
	struct pool_user *a;

	pool_prepare(&rig);
	rig.line.config.reset = _i == 0 ? replace : give_up;
	pool_start(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	first = stay_lease_client(a->lease);
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 200, "b OK;");
	ck_assert_uint_eq(rig.line.server.accepted, 2);
	ck_assert_uint_eq(pool_counts(&rig).started, _i == 0 ? 1 : 2);
	ck_assert(_i == 1 || stay_lease_client(rig.users[1].lease) == first);
	check(1, 0, 1, 0);
}

TEST_SUITE_WITH(pool, .after = pool_after)
