/* What stays of a pool when it is changed, and what does not: labels, places, limits and
 * configs. */
#include <string.h>

#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"

#define OTHER_HOST "10.0.0.2"
#define OTHER_URL  "line://" OTHER_HOST ":7777"

static struct pool_rig rig;
static struct line_config other_config, third_config;
static unsigned released[3]; /* the rig's config, the other, the third */

static void
on_release(const void *config)
{
	released[config == &other_config   ? 1
		 : config == &third_config ? 2
					   : 0]++;
}

static void
begin(const struct stay_client_options *client, uint64_t connections_max)
{
	struct stay_client_options ours = *client;

	memset(released, 0, sizeof(released));
	ours.config_release = on_release;
	pool_prepare(&rig);
	peer_listen(&rig.line.server, rig.line.world, OTHER_HOST, LINE_PORT);
	other_config = third_config = rig.line.config;
	pool_start(
	    &rig, POOL(.connections_max = connections_max, .client = &ours));
	pool_run(&rig, 20);
}

/* With these, and a config. */
static enum stay_status
change(const struct stay_client_options *client, uint64_t connections_max,
    const struct line_config *config, stay_config_release_fn *release)
{
	struct stay_client_options ours = *client;

	ours.config = config;
	ours.config_release = release;
	return stay_pool_reconfigure(rig.pool, NULL,
	    POOL(.connections_max = connections_max, .client = &ours));
}

/* What a borrower may not do. */
static void
end_connection(const struct pool_user *user)
{
	stay_conn_stop(pool_conn(user), STAY_OK);
}

static const struct stay_client_options nothing = { STAY_CLIENT_OPTIONS };

/* ---- what is not given stays ---- */

TEST(pool_kept_label)
{
	const struct stay_client_options other = { STAY_CLIENT_OPTIONS,
		.label = "another" };

	begin(OPTIONS(.label = "a label"), 2);
	EXPECT_OK(change(&nothing, 2, &rig.line.config, on_release));
	pool_want(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 500);
	ck_assert_str_eq(stay_conn_label(pool_conn(&rig.users[0])), "a label");
	ck_assert_str_eq(stay_conn_label(pool_conn(&rig.users[1])), "a label");
	EXPECT_OK(change(&other, 3, &rig.line.config, on_release));
	ck_assert_str_eq(
	    stay_conn_label(pool_conn(pool_have(&rig, "c"))), "another");
}

/* Without memory for the label there is no change. */
TEST(pool_kept_without_memory)
{
	bool failed = true;

	for (unsigned n = 1; failed; n++) {
		enum stay_status status;

		begin(OPTIONS(.label = "a label"), 2);
		scarce_arm(n);
		status = n % 2 == 0
			     ? stay_pool_reconfigure(rig.pool, OTHER_URL, NULL)
			     : change(&nothing, 2, &other_config, on_release);
		failed = scarce_disarm();
		ck_assert(
		    status == STAY_OK || (failed && status == STAY_E_NOMEM));
		pool_want(&rig, "a");
		pool_want(&rig, "b");
		pool_run(&rig, 500);
		for (int i = 0; i < 2; i++)
			ck_assert_str_eq(
			    stay_conn_label(pool_conn(&rig.users[i])),
			    "a label");
		pool_end(&rig);
		ck_assert_uint_eq(released[0], 1);
	}
}

/* The places go with their URL. */
TEST_ROWS(pool_kept_places, 2)
{
	static const char *const urls[] = { OTHER_URL, NULL };

	begin(OPTIONS(.urls = urls), 1);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	EXPECT_OK(
	    stay_pool_reconfigure(rig.pool, _i == 0 ? NULL : LINE_URL, NULL));
	pool_run(&rig, 2000);
	ck_assert_uint_eq(pool_counts(&rig).up, _i == 0 ? 1 : 0);
}

static bool denies;

static struct stay_hello
deny(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return denies ? stay_hello_denied("no") : stay_hello_up();
}

/* With another URL it still stops after a fatal failure. */
TEST(pool_kept_end_after_a_fatal_failure)
{
	denies = false;
	pool_prepare(&rig);
	rig.line.config.restore = deny;
	pool_start(&rig, POOL(.client = OPTIONS(.on_fatal = STAY_FATAL_STOP)));
	pool_run(&rig, 20);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, LINE_URL, NULL));
	denies = true;
	POOL_TELLS(&rig, 500, "closed E_DENIED;");
}

TEST(pool_kept_age)
{
	begin(OPTIONS(.max_age_ms = 1000), 1);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, LINE_URL, NULL));
	pool_run(&rig, 1200);
	ck_assert_uint_ge(pool_counts(&rig).aged, 1);
}

/* One that is too old, and has to be changed anyway, was not replaced for its age. */
TEST(pool_kept_age_of_what_was_lent)
{
	struct pool_user *a;

	begin(OPTIONS(.max_age_ms = 1000), 1);
	a = pool_have(&rig, "a");
	pool_run(&rig, 1500);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, LINE_URL, NULL));
	pool_give(a);
	pool_run(&rig, 200);
	ck_assert_uint_eq(pool_counts(&rig).aged, 0);
	ck_assert_uint_eq(pool_counts(&rig).idle, 1);
}

/* ---- what begins anew ---- */

static const struct stay_client_options slow = { STAY_CLIENT_OPTIONS,
	.fatal_backoff_ms = 2000,
	.backoff = {
	    .initial_ms = 5000, .cap_ms = 5000, .jitter = STAY_JITTER_NONE } };
static const struct stay_client_options quick = { STAY_CLIENT_OPTIONS,
	.fatal_backoff_ms = 2000,
	.backoff = { .initial_ms = 200,
	    .cap_ms = 5000,
	    .kind = STAY_BACKOFF_EXPONENTIAL,
	    .jitter = STAY_JITTER_NONE } };

/* A client that ended is replaced at once; and then by the new backoff. */
TEST(pool_kept_no_backoff)
{
	struct pool_user *a;

	begin(&slow, 1);
	a = pool_have(&rig, "a");
	end_connection(a);
	pool_run(&rig, 10);
	pool_give(a);
	EXPECT_OK(change(&quick, 1, &rig.line.config, on_release));
	a = pool_have(&rig, "b");
	end_connection(a);
	pool_run(&rig, 10);
	pool_give(a);
	pool_run(&rig, 185);
	ck_assert_uint_eq(pool_counts(&rig).connections, 0);
	pool_run(&rig, 10);
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
}

/* As if nothing had failed so far. */
TEST(pool_kept_no_attempts)
{
	struct pool_user *a;

	begin(&quick, 1);
	a = pool_have(&rig, "a");
	end_connection(a);
	scarce_drought();
	sim_run_ms(rig.line.world, 3000);
	scarce_disarm();
	pool_give(a);
	EXPECT_OK(change(&quick, 1, &rig.line.config, on_release));
	scarce_drought();
	sim_run_ms(rig.line.world, 100);
	scarce_disarm();
	pool_run(&rig, 80);
	ck_assert_uint_eq(pool_counts(&rig).connections, 0);
	pool_run(&rig, 40);
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
}

/* Whether it is slow for what was told last, or for why the client has ended. */
TEST_ROWS(pool_kept_slow_after_a_fatal_failure, 2)
{
	struct pool_user *a;

	denies = false;
	pool_prepare(&rig);
	rig.line.config.restore = deny;
	pool_start(&rig, POOL(.client = &quick, .connections_max = 1));
	a = pool_have(&rig, "a");
	if (_i == 0) {
		denies = true;
		sim_peer_reset(rig.line.peer);
		pool_run(&rig, 300);
		end_connection(a);
	} else {
		stay_conn_stop(pool_conn(a), STAY_E_DENIED);
	}
	pool_run(&rig, 5);
	pool_give(a);
	pool_run(&rig, 800);
	ck_assert_uint_eq(pool_counts(&rig).connections, 0);
	pool_run(&rig, 1300);
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
}

/* Who waited too long before may have what he waits for now. */
TEST(pool_kept_no_overload)
{
	const struct stay_pool_options shedding = { STAY_POOL_OPTIONS,
		.connections_max = 1, .shed_target_ms = 20,
		.shed_interval_ms = 100 };
	struct stay_pool_options ours = shedding;
	struct stay_client_options client = { STAY_CLIENT_OPTIONS };

	pool_begin(&rig, &shedding);
	client.config = &rig.line.config;
	ours.client = &client;
	pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 110);
	pool_want(&rig, "c");
	POOL_TELLS(&rig, 12, "b E_OVERLOADED;");
	EXPECT_OK(stay_pool_reconfigure(rig.pool, NULL, &ours));
	POOL_TELLS(&rig, 100, "");
	POOL_TELLS(&rig, 20, "c E_OVERLOADED;");
}

/* What is too long is another thing now. */
TEST(pool_kept_no_patience)
{
	struct stay_client_options client = { STAY_CLIENT_OPTIONS };

	pool_begin(&rig, POOL(.connections_max = 1, .shed_target_ms = 20,
			     .shed_interval_ms = 100));
	client.config = &rig.line.config;
	pool_have(&rig, "a");
	pool_want(&rig, "b");
	pool_run(&rig, 40);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, NULL,
	    POOL(.connections_max = 1, .shed_target_ms = 60,
		.shed_interval_ms = 100, .client = &client)));
	POOL_TELLS(&rig, 119, "");
	POOL_TELLS(&rig, 3, "b E_OVERLOADED;");
}

/* ---- who has one ---- */

/* Its session was lost and is back: it stays where it is until it is given back. */
TEST(pool_kept_in_the_hands_of_who_has_lost_it)
{
	struct pool_user *a;

	begin(&nothing, 1);
	a = pool_have(&rig, "a");
	sim_peer_reset(rig.line.peer);
	pool_run(&rig, 1000);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, OTHER_URL, NULL));
	pool_run(&rig, 500);
	EXPECT_IN(stay_conn_label(pool_conn(a)), LINE_HOST);
	pool_give(a);
	pool_run(&rig, 500);
	EXPECT_IN(stay_conn_label(pool_conn(pool_have(&rig, "b"))), OTHER_HOST);
}

/* ---- configs ---- */

/* Nobody had it any more, and neither the next: it is released once. */
TEST(pool_kept_config_that_was_given_twice)
{
	begin(&nothing, 1);
	EXPECT_OK(change(&nothing, 1, &other_config, on_release));
	EXPECT_OK(change(&quick, 1, &other_config, on_release));
	EXPECT_OK(change(&nothing, 1, &rig.line.config, on_release));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[1], 1);
	ck_assert_uint_eq(released[0], 0);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 1);
}

/* Two that nobody has had. */
TEST(pool_kept_configs_that_were_not_used)
{
	begin(&nothing, 1);
	EXPECT_OK(change(&nothing, 1, &other_config, on_release));
	EXPECT_OK(change(&nothing, 1, &third_config, on_release));
	EXPECT_OK(change(&nothing, 1, &rig.line.config, on_release));
	pool_run(&rig, 500);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(released[i], i > 0);
	pool_end(&rig);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(released[i], 1);
}

/* As it was said once. */
TEST(pool_kept_config_is_released)
{
	begin(&nothing, 1);
	EXPECT_OK(change(&nothing, 1, &rig.line.config, NULL));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[0], 0);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
}

static unsigned released_otherwise;

static void
release_otherwise(const void *config)
{
	released_otherwise += config == &rig.line.config;
}

/* As it was said last. */
TEST(pool_kept_config_is_released_otherwise)
{
	released_otherwise = 0;
	begin(&nothing, 1);
	EXPECT_OK(change(&nothing, 1, &rig.line.config, release_otherwise));
	pool_run(&rig, 500);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 0);
	ck_assert_uint_eq(released_otherwise, 1);
}

/* Both, if it ends while the old one is still lent. */
TEST(pool_kept_configs_are_released_in_the_end)
{
	begin(&nothing, 1);
	pool_have(&rig, "a");
	EXPECT_OK(change(&nothing, 1, &other_config, on_release));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[0], 0);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 1);
}

/* One that was begun without success holds none. */
TEST(pool_kept_no_config_for_what_did_not_begin)
{
	begin(&nothing, 2);
	pool_give(pool_have(&rig, "a"));
	pool_have(&rig, "b");
	pool_want_within(&rig, "c", STAY_FOREVER);
	scarce_drought();
	sim_run_ms(rig.line.world, 500);
	scarce_disarm();
	pool_run(&rig, 500);
	pool_give(&rig.users[1]);
	pool_give(&rig.users[2]);
	EXPECT_OK(change(&nothing, 2, &other_config, on_release));
	pool_run(&rig, 1000);
	ck_assert_uint_eq(released[0], 1);
}

/* ---- the end ---- */

/* It has stopped, and waits for the server to close. */
TEST(pool_kept_nothing_after_a_stop)
{
	begin(&nothing, 1);
	pool_have(&rig, "a");
	sim_freeze(rig.line.world, LINE_HOST, LINE_PORT, true);
	stay_pool_stop(rig.pool, STAY_OK);
	pool_run(&rig, 10);
	ck_assert(!rig.closed);
	ck_assert_ptr_null(stay_pool_conn(rig.pool));
	stay_loop_set_rejection(rig.line.loop, "something else");
	ck_assert_int_eq(
	    stay_pool_reconfigure(rig.pool, OTHER_URL, NULL), STAY_E_STOPPED);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop), "");
	stay_pool_stop(rig.pool, STAY_E_ARG);
	stay_pool_drain(rig.pool, 10);
	POOL_TELLS(&rig, 60000, "a lost E_STOPPED;closed OK;");
}

/* What was wrong is said, and not said of the next. */
TEST(pool_kept_when_it_is_refused)
{
	begin(&nothing, 1);
	ck_assert_int_eq(
	    change(OPTIONS(.urls = (const char *const[]){ OTHER_URL, NULL }), 1,
		&rig.line.config, NULL),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop),
	    "urls are given without the url that they follow");
	ck_assert_int_eq(stay_pool_reconfigure(
			     rig.pool, NULL, POOL(.use = STAY_POOL_SHARED)),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop),
	    "a pool stays shared, or exclusive, as it was started");
	EXPECT_OK(stay_pool_reconfigure(rig.pool, OTHER_URL, NULL));
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop), "");
}

TEST_SUITE_WITH(pool_kept, .after = pool_after)
