/* Failures and ends of a pool; connections that are shared. */
#include <string.h>

#include <stay/observer.h>

#include "suites.h"
#include "support/pool_rig.h"

static struct pool_rig rig;

/* ---- a client that ends ---- */

/* After the backoff, another one. Its borrower did what he may not. */
TEST(pool_ends_replaces_a_client)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	pool_want(&rig, "b");
	stay_conn_stop(pool_conn(a), STAY_E_ARG);
	POOL_TELLS(&rig, 10, "a lost E_STOPPED;");
	ck_assert_ptr_null(stay_lease_client(a->lease));
	pool_give(a);
	POOL_TELLS(&rig, 85, "");
	POOL_TELLS(&rig, 20, "b OK;");
	ck_assert_uint_eq(pool_counts(&rig).started, 2);
}

/* One that was up is replaced as soon as the first was. */
TEST(pool_ends_no_patience_with_one_that_was_up)
{
	const struct stay_client_options doubled = { STAY_CLIENT_OPTIONS,
		.backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		    .initial_ms = 100,
		    .jitter = STAY_JITTER_NONE } };

	pool_begin(&rig, POOL(.connections_max = 1, .client = &doubled));
	for (unsigned i = 1; i < 4; i++) {
		struct pool_user *user = pool_have(&rig, "a");

		stay_conn_stop(pool_conn(user), STAY_OK);
		pool_run(&rig, 10);
		pool_give(user);
		pool_run(&rig, 120);
		ck_assert_uint_eq(pool_counts(&rig).started, 1 + i);
	}
}

/* ---- a server that denies ---- */

static bool denies;

static struct stay_hello
deny(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return denies ? stay_hello_denied("no") : stay_hello_up();
}

static unsigned failures;

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)text;
	failures += status == STAY_E_DENIED;
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_failure = on_failure };

static void
begin_denied(const struct stay_pool_options *options, bool denied)
{
	pool_prepare(&rig);
	failures = 0;
	denies = denied;
	rig.line.config.restore = deny;
	stay_loop_set_observer(rig.line.loop, &observer);
	pool_start(&rig, options);
}

static void
unused(void *arg, struct stay_lease *lease, enum stay_status status)
{
	(void)arg;
	(void)lease;
	(void)status;
}

/* Who waits is told at once; one connection asks for all, and slowly. */
TEST(pool_ends_asks_slowly_when_it_is_denied)
{
	begin_denied(POOL(.connections_min = 4), true);
	pool_want(&rig, "a");
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 20, "a E_DENIED;b E_DENIED;");
	ck_assert_int_eq(
	    stay_pool_check_out(rig.pool, NULL, unused, NULL), STAY_E_DENIED);
	pool_run(&rig, 14000);
	ck_assert_uint_eq(failures, 1);
	denies = false;
	pool_run(&rig, 16000);
	ck_assert_uint_eq(pool_counts(&rig).idle, 4);
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 10, "c OK;");
}

/* What was once denied does not count when the last client ends otherwise. */
TEST(pool_ends_denied_no_more)
{
	struct pool_user *a;

	begin_denied(POOL(.connections_max = 1), true);
	pool_run(&rig, 20);
	denies = false;
	pool_run(&rig, 31000);
	a = pool_have(&rig, "a");
	stay_conn_stop(pool_conn(a), STAY_OK);
	pool_run(&rig, 10);
	pool_give(a);
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 40000, "a lost E_STOPPED;b OK;");
}

/* Nobody runs the loop but who waits: he lets time pass although he is told at once. */
TEST(pool_ends_denied_no_more_by_waits_alone)
{
	enum stay_status status = STAY_E_DENIED;
	struct stay_lease *lease;

	begin_denied(POOL(.connections_max = 1), true);
	ck_assert_int_eq(
	    stay_pool_check_out_wait(rig.pool, 50, &lease), STAY_E_DENIED);
	denies = false;
	for (int i = 0; i < 50 && status == STAY_E_DENIED; i++) {
		sim_sleep_ms(rig.line.world, 1000);
		status = stay_pool_check_out_wait(rig.pool, 50, &lease);
	}
	EXPECT_OK(status);
	stay_pool_check_in(lease);
}

/* Each of them was up, and is denied now. */
TEST(pool_ends_keeps_one_that_asks)
{
	begin_denied(POOL(.connections_min = 4), false);
	pool_run(&rig, 20);
	ck_assert_uint_eq(pool_counts(&rig).up, 4);
	denies = true;
	for (struct peer_end *end = rig.line.server.ends; end != NULL;
	     end = end->next)
		sim_peer_reset(end->wire);
	pool_run(&rig, 1000);
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	failures = 0;
	pool_run(&rig, 60000);
	ck_assert_uint_ge(failures, 2);
	ck_assert_uint_le(failures, 4);
}

/* While another one is up, who waits may still be served. */
TEST(pool_ends_serves_while_one_is_up)
{
	struct pool_user *a;

	begin_denied(POOL(.connections_max = 2), false);
	pool_run(&rig, 20);
	a = pool_have(&rig, "a");
	denies = true;
	pool_want(&rig, "b");
	POOL_TELLS(&rig, 1000, "");
	ck_assert_uint_gt(failures, 0);
	pool_want(&rig, "c");
	pool_give(a);
	POOL_TELLS(&rig, 10, "b OK;");
}

/* Who asks waits for the next attempt, as ever, once one has failed otherwise. */
TEST(pool_ends_denied_no_more_by_a_failure_alone)
{
	begin_denied(POOL(.connections_max = 1), true);
	pool_run(&rig, 20);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	pool_run(&rig, 40000);
	pool_want(&rig, "a");
	POOL_TELLS(&rig, 100, "");
}

TEST(pool_ends_when_it_is_denied)
{
	begin_denied(
	    POOL(.client = OPTIONS(.on_fatal = STAY_FATAL_STOP)), true);
	pool_want(&rig, "a");
	POOL_TELLS(&rig, 100, "a E_DENIED;closed E_DENIED;");
}

/* ---- a stop ---- */

static void
stop_pool(void)
{
	stay_pool_stop(rig.pool, STAY_OK);
	stay_pool_stop(rig.pool, STAY_E_ARG); /* the first reason counts */
}

static void
stop_loop(void)
{
	stay_loop_stop(rig.line.loop, STAY_OK);
}

/* The leases are not checked in; or each is when it is lost. */
TEST_ROWS(pool_ends_in_order, 4)
{
	pool_begin(&rig, POOL(.connections_max = 2));
	pool_have(&rig, "a");
	pool_have(&rig, "b");
	pool_want(&rig, "c");
	(_i % 2 == 0 ? stop_pool : stop_loop)();
	ck_assert_str_eq(pool_told(&rig), "");
	if (_i < 2) {
		POOL_TELLS(&rig, 1000,
		    "a lost E_STOPPED;b lost E_STOPPED;c E_STOPPED;closed OK;");
	} else {
		pool_give(&rig.users[0]);
		pool_give(&rig.users[1]);
		pool_run(&rig, 1000);
		ck_assert(rig.closed);
	}
}

static void
give_back(void *arg, struct stay_lease *lease, enum stay_status why)
{
	ck_assert_int_eq(why, STAY_E_STOPPED);
	stay_pool_check_in(lease);
	line_note(arg, "given;");
}

TEST(pool_ends_and_is_given_back)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	stay_lease_on_lost(a->lease, give_back, &rig.told);
	stay_pool_stop(rig.pool, STAY_OK);
	POOL_TELLS(&rig, 1000, "given;closed OK;");
}

/* Those whom the stop makes wait see that nothing is accepted any more. */
static void
look(void *arg, struct stay_lease *lease, enum stay_status why)
{
	struct stay_lease *other;

	(void)arg;
	(void)lease;
	(void)why;
	ck_assert_int_eq(
	    stay_pool_check_out(rig.pool, NULL, unused, NULL), STAY_E_DRAINING);
	ck_assert_int_eq(stay_pool_try(rig.pool, &other), STAY_E_DRAINING);
	ck_assert_ptr_null(other);
	line_note(&rig.told, "looked;");
}

TEST(pool_ends_accepts_nobody)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	stay_lease_on_lost(a->lease, look, NULL);
	stay_pool_stop(rig.pool, STAY_OK);
	POOL_TELLS(&rig, 1000, "looked;closed OK;");
}

TEST(pool_ends_when_it_has_drained)
{
	struct pool_user *a, *b;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	b = pool_want(&rig, "b");
	stay_pool_drain(rig.pool, 10000);
	ck_assert_int_eq(
	    stay_pool_check_out(rig.pool, NULL, unused, NULL), STAY_E_DRAINING);
	POOL_TELLS(&rig, 100, "");
	pool_give(a);
	POOL_TELLS(&rig, 100, "b OK;");
	pool_give(b);
	POOL_TELLS(&rig, 100, "closed OK;");
}

/* What a borrower has begun, and does not wait for, is under way, too. */
TEST(pool_ends_when_what_comes_back_has_drained)
{
	struct pool_user *a;

	pool_begin(&rig, POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	EXPECT_OK(stay_client_call(
	    stay_lease_client(a->lease), LINE("slow"), NULL, NULL));
	pool_give(a);
	stay_pool_drain(rig.pool, 10000);
	POOL_TELLS(&rig, 100, "");
	sim_peer_print(rig.line.peer, "+slow\n");
	POOL_TELLS(&rig, 100, "closed OK;");
}

TEST(pool_ends_when_draining_takes_too_long)
{
	pool_begin(&rig, POOL(.connections_max = 1));
	pool_have(&rig, "a");
	stay_pool_drain(rig.pool, 50);
	POOL_TELLS(&rig, 40, "");
	POOL_TELLS(&rig, 100, "a lost E_STOPPED;closed OK;");
}

/* ---- waiting ---- */

TEST(pool_ends_a_wait)
{
	struct stay_lease *lease, *other;

	pool_prepare(&rig);
	pool_start(&rig, POOL(.connections_max = 1));
	EXPECT_OK(stay_pool_check_out_wait(rig.pool, 1000, &lease));
	ck_assert_ptr_nonnull(stay_lease_client(lease));
	ck_assert_int_eq(
	    stay_pool_check_out_wait(rig.pool, 50, &other), STAY_E_TIMEOUT);
	ck_assert_ptr_null(other);
	stay_pool_check_in(lease);
	EXPECT_OK(stay_pool_check_out_wait(rig.pool, 0, &lease));
	stay_pool_check_in(lease);
	stay_pool_drain(rig.pool, 0);
	ck_assert_int_eq(
	    stay_pool_check_out_wait(rig.pool, 50, &lease), STAY_E_DRAINING);
}

static void
wait_inside(struct pool_user *user)
{
	struct stay_lease *lease;

	ck_assert_int_eq(stay_pool_check_out_wait(user->rig->pool, 50, &lease),
	    STAY_E_REENTRANT);
	ck_assert_ptr_null(lease);
}

TEST(pool_ends_no_wait_in_a_callback)
{
	pool_begin(&rig, POOL(.connections_max = 1));
	pool_want(&rig, "a")->then = wait_inside;
	POOL_TELLS(&rig, 10, "a OK;");
}

/* ---- sharing ---- */

static void
begin_shared(unsigned connections)
{
	pool_begin(&rig,
	    POOL(.use = STAY_POOL_SHARED, .connections_max = connections));
	ck_assert_uint_eq(pool_counts(&rig).up, connections);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	unsigned *done = arg;

	*done += result->status == STAY_OK;
}

/* Two are drawn, so that none gets much more than another. */
TEST(pool_ends_even_when_it_is_shared)
{
	struct stay_lease *lease;
	unsigned done = 0, least = 1000;

	begin_shared(4);
	for (int i = 0; i < 400; i++)
		EXPECT_OK(stay_client_call(stay_pool_client(rig.pool),
		    LINE("say +a"), on_done, &done));
	for (int i = 0; i < 100; i++) {
		uint64_t load = stay_client_load(stay_pool_client(rig.pool));

		least = load < least ? (unsigned)load : least;
		ck_assert_uint_le(load, 103);
	}
	ck_assert_uint_ge(least, 97);
	pool_run(&rig, 100);
	ck_assert_uint_eq(done, 400);
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease), STAY_E_UNSUPPORTED);
}

/* Without a session there is still one to wait for. */
TEST(pool_ends_no_call_at_a_broken_one)
{
	unsigned done = 0;

	begin_shared(3);
	for (struct peer_end *end = rig.line.server.ends; end != NULL;
	     end = end->next)
		if (end->wire != rig.line.peer)
			sim_peer_reset(end->wire);
	pool_run(&rig, 10);
	ck_assert_uint_eq(pool_counts(&rig).up, 1);
	for (int i = 0; i < 50; i++) {
		struct stay_client *client = stay_pool_client(rig.pool);

		ck_assert_uint_ne(stay_client_session_number(client), 0);
	}
	sim_peer_reset(rig.line.peer);
	pool_run(&rig, 10);
	EXPECT_OK(stay_client_call(
	    stay_pool_client(rig.pool), LINE("say +a"), on_done, &done));
	pool_run(&rig, 200);
	ck_assert_uint_eq(done, 1);
	ck_assert_uint_eq(pool_counts(&rig).up, 3);
}

TEST(pool_ends_shared_when_it_has_drained)
{
	unsigned done = 0;

	begin_shared(3);
	EXPECT_OK(stay_client_call(
	    stay_pool_client(rig.pool), LINE("say +a"), on_done, &done));
	stay_pool_drain(rig.pool, 1000);
	POOL_TELLS(&rig, 500, "closed OK;");
	ck_assert_uint_eq(done, 1);
}

TEST(pool_ends_with_no_client)
{
	begin_shared(1);
	stay_client_stop(stay_pool_client(rig.pool), STAY_OK);
	pool_run(&rig, 20);
	ck_assert_ptr_null(stay_pool_client(rig.pool));
	pool_run(&rig, 200);
	ck_assert_ptr_nonnull(stay_pool_client(rig.pool));
	pool_end(&rig);
	pool_begin(&rig, POOL(.connections_max = 1));
	ck_assert_ptr_null(stay_pool_client(rig.pool));
}

/* ---- starting, and asking about it ---- */

static enum stay_status
try_start(const char *url, const struct stay_pool_options *options)
{
	struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.config = &rig.line.config };
	struct stay_pool_options ours = *options;
	enum stay_status status;

	pool_prepare(&rig);
	if (ours.client == NULL)
		ours.client = &client;
	status = stay_pool_start(
	    &rig.pool, rig.line.loop, rig.line.protocol, url, &ours);
	ck_assert((rig.pool != NULL) == (status == STAY_OK));
	return status;
}

TEST(pool_ends_before_it_begins)
{
	ck_assert_int_eq(try_start("other://x", POOL(.arg = NULL)), STAY_E_URL);
	pool_end(&rig);
	ck_assert_int_eq(
	    try_start(LINE_URL, POOL(.waiters_max = UINT64_MAX)), STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop),
	    "waiters_max is 18446744073709551615, and may be 1 to 4294967295");
	pool_end(&rig);
	ck_assert_int_eq(
	    try_start(LINE_URL, POOL(.connections_min = 9)), STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop),
	    "connections_min is 9, above connections_max, 8");
	pool_end(&rig);
	ck_assert_int_eq(
	    try_start(
		LINE_URL, POOL(.client = OPTIONS(.queue_high_percent = 101))),
	    STAY_E_ARG);
	pool_end(&rig);
	ck_assert_int_eq(
	    try_start(LINE_URL, POOL(.use = (enum stay_pool_use)7)),
	    STAY_E_ARG);
	pool_end(&rig);
	EXPECT_OK(try_start(LINE_URL, POOL(.arg = NULL)));
}

TEST(pool_ends_up_explained)
{
	char text[512];

	pool_begin(&rig, POOL(.connections_min = 2, .connections_max = 2));
	pool_have(&rig, "a");
	pool_have(&rig, "b");
	pool_want(&rig, "c");
	sim_run_ms(rig.line.world, 10);
	stay_conn_explain(stay_pool_conn(rig.pool), text, sizeof(text));
	ck_assert_str_eq(text,
	    "conn 1 pool: idle for 70 ms, 2 of 2 connections up, 2 lent, 1 "
	    "wait; it has no stream of its own");
}

/* Why nobody gets a connection. */
TEST(pool_ends_up_explained_when_there_is_no_session)
{
	static const char start[] = "conn 1 pool: idle for 10 ms, 0 of 1 "
				    "connections up, 0 lent, 1 wait, ";
	char text[512];

	pool_prepare(&rig);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	pool_start(&rig, POOL(.connections_min = 1));
	pool_want(&rig, "a");
	sim_run_ms(rig.line.world, 10);
	stay_conn_explain(stay_pool_conn(rig.pool), text, sizeof(text));
	ck_assert_int_eq(strncmp(text, start, strlen(start)), 0);
	EXPECT_IN(text, "10.0.0.1:7777 refused");
	EXPECT_IN(text, "attempt 1, next in");
}

/* Of one that is down while another one is up nothing is said. */
TEST(pool_ends_up_explained_when_there_is_a_session)
{
	char text[512];

	pool_begin(&rig, POOL(.connections_min = 2, .connections_max = 2));
	pool_run(&rig, 20);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.line.peer);
	pool_run(&rig, 10);
	stay_conn_explain(stay_pool_conn(rig.pool), text, sizeof(text));
	EXPECT_IN(
	    text, ", 1 of 2 connections up, 0 lent, 0 wait; it has no stream");
}

TEST_SUITE_WITH(pool_ends, .after = pool_after)
