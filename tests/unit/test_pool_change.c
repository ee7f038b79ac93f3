/* Another URL and other options for a pool that runs. */
#include <string.h>

#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"

#define OTHER_HOST "10.0.0.2"
#define OTHER_URL  "line://" OTHER_HOST ":7777"

static struct pool_rig rig;
static struct line_config other_config;
static unsigned released[2];     /* the rig's config, and the other */
static unsigned released_in_use; /* of a shared pool */

static void
on_release(const void *config)
{
	struct stay_client *client;

	released[config == &other_config]++;
	for (unsigned drawn = 0; drawn < 20; drawn++) {
		client = stay_pool_client(rig.pool);
		if (client != NULL && stay_client_config(client) == config)
			released_in_use++;
	}
}

static struct stay_client_options
client_with(const struct line_config *config)
{
	return (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.config = config, .config_release = on_release };
}

/* The rig's own pool, but for the release of its config. */
static void
begin(const struct stay_pool_options *options)
{
	const struct stay_client_options client = client_with(NULL);
	struct stay_pool_options ours = *options;

	memset(released, 0, sizeof(released));
	released_in_use = 0;
	pool_prepare(&rig);
	peer_listen(&rig.line.server, rig.line.world, OTHER_HOST, LINE_PORT);
	other_config = rig.line.config;
	ours.client = &client;
	pool_start(&rig, &ours);
	pool_run(&rig, 20);
}

static enum stay_status
change(const char *url, const struct stay_pool_options *options,
    const struct line_config *config)
{
	const struct stay_client_options client = client_with(config);
	struct stay_pool_options ours;

	if (options == NULL)
		return stay_pool_reconfigure(rig.pool, url, NULL);
	ours = *options;
	ours.client = &client;
	return stay_pool_reconfigure(rig.pool, url, &ours);
}

/* Where this client is. */
static const char *
place_of(struct stay_client *client)
{
	return stay_conn_label(stay_client_conn(client));
}

#define IS_AT(client, place) EXPECT_IN(place_of(client), place)

static uint64_t
session_of(const struct pool_user *user)
{
	return stay_client_session_number(stay_lease_client(user->lease));
}

/* ---- where it goes ---- */

TEST(pool_change_is_for_all_that_nobody_has)
{
	struct pool_user *a;

	begin(POOL(.connections_min = 2));
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	ck_assert_uint_eq(pool_counts(&rig).up, 0);
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).up, 2);
	ck_assert_uint_eq(pool_counts(&rig).started, 2);
	a = pool_have(&rig, "a");
	IS_AT(stay_lease_client(a->lease), OTHER_HOST);
	IS_AT(stay_lease_client(pool_have(&rig, "b")->lease), OTHER_HOST);
	IS_AT(stay_lease_client(pool_have(&rig, "c")->lease), OTHER_HOST);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
}

/* The list is the pool's own copy. */
TEST(pool_change_to_several_places)
{
	const char *urls[] = { OTHER_URL, "line://10.0.0.8:7777", NULL };
	struct stay_client_options client = client_with(&other_config);

	begin(POOL(.connections_min = 2));
	client.urls = urls;
	EXPECT_OK(stay_pool_reconfigure(rig.pool, "line://10.0.0.9:7777",
	    POOL(.connections_min = 2, .client = &client)));
	urls[0] = urls[1] = NULL;
	pool_run(&rig, 2000);
	ck_assert_uint_eq(pool_counts(&rig).up, 2);
}

/* Nothing behind the end of a list is looked at. */
TEST(pool_change_to_no_other_places)
{
	static const char *const none[] = { NULL, (const char *)1 };
	struct stay_client_options client = client_with(&other_config);

	begin(POOL(.connections_min = 2));
	client.urls = none;
	EXPECT_OK(stay_pool_reconfigure(rig.pool, OTHER_URL,
	    POOL(.connections_min = 2, .client = &client)));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).up, 2);
}

/* What belongs together in a session stays so. */
TEST(pool_change_waits_for_who_has_one)
{
	struct pool_user *a;
	uint64_t session;

	begin(POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	session = session_of(a);
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	(void)pool_want(&rig, "b");
	POOL_TELLS(&rig, 100, "");
	ck_assert_uint_eq(session_of(a), session);
	EXPECT_OK(stay_client_call(
	    stay_lease_client(a->lease), LINE("say +a"), NULL, NULL));
	pool_run(&rig, 20);
	pool_give(a);
	POOL_TELLS(&rig, 500, "b OK;");
	IS_AT(stay_lease_client(rig.users[1].lease), OTHER_HOST);
	ck_assert_uint_eq(pool_counts(&rig).lost, 0);
	ck_assert_uint_eq(pool_counts(&rig).started, 1);
}

/* Calls of the last one keep his session: who waits gets another connection soon. */
TEST(pool_change_lets_nobody_wait_for_what_is_left)
{
	struct pool_user *a;

	begin(POOL(.connections_max = 2));
	a = pool_have(&rig, "a");
	EXPECT_OK(stay_client_call(
	    stay_lease_client(a->lease), LINE("not answered"), NULL, NULL));
	pool_run(&rig, 5);
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	pool_run(&rig, 5);
	(void)pool_want(&rig, "b"); /* the pool's turn is before the client's */
	pool_give(a);
	POOL_TELLS(&rig, 90, "");
	POOL_TELLS(&rig, 30, "b OK;");
	IS_AT(stay_lease_client(rig.users[1].lease), OTHER_HOST);
}

TEST(pool_change_of_one_that_is_lost)
{
	struct pool_user *a;

	begin(POOL(.connections_max = 1));
	a = pool_have(&rig, "a");
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 10, "a lost E_LOST;"); /* and its backoff goes on */
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	pool_give(a);
	pool_run(&rig, 500);
	IS_AT(stay_lease_client(pool_have(&rig, "b")->lease), OTHER_HOST);
}

/* The last one counts. */
TEST(pool_change_of_a_change)
{
	begin(POOL(.connections_min = 2));
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	EXPECT_OK(change(LINE_URL, NULL, NULL));
	pool_run(&rig, 500);
	IS_AT(stay_lease_client(pool_have(&rig, "a")->lease), LINE_HOST);
	IS_AT(stay_lease_client(pool_have(&rig, "b")->lease), LINE_HOST);
}

/* Calls that wait go along. */
TEST(pool_change_of_a_shared_one)
{
	struct stay_client *client;

	begin(POOL(.connections_max = 2, .use = STAY_POOL_SHARED));
	EXPECT_OK(change(OTHER_URL, NULL, NULL));
	client = stay_pool_client(rig.pool);
	ck_assert_ptr_nonnull(client);
	EXPECT_OK(stay_client_call(client, LINE("say +a"), NULL, NULL));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).up, 2);
	ck_assert_uint_eq(stay_client_load(client), 0);
	IS_AT(client, OTHER_HOST);
}

/* ---- options ---- */

/* Each at once; as long as it is too large, it gets smaller with who gives back. */
TEST(pool_change_of_its_size)
{
	struct pool_user *a, *b;

	begin(POOL(.connections_min = 3, .connections_max = 3));
	a = pool_have(&rig, "a");
	b = pool_have(&rig, "b");
	EXPECT_OK(change(NULL, POOL(.connections_max = 1), &rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).connections, 2);
	(void)pool_want(&rig, "c");
	pool_give(a);
	POOL_TELLS(&rig, 500, "");
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	pool_give(b);
	POOL_TELLS(&rig, 500, "c OK;");
	EXPECT_OK(change(NULL, POOL(.connections_min = 4, .connections_max = 4),
	    &rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).connections, 4);
	ck_assert_uint_eq(pool_counts(&rig).idle, 3);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
}

/* One that has to go does, however often it is changed. */
TEST(pool_change_of_one_that_ends)
{
	begin(POOL(.connections_max = 1, .use = STAY_POOL_SHARED));
	EXPECT_OK(stay_client_call(
	    stay_pool_client(rig.pool), LINE("not answered"), NULL, NULL));
	pool_run(&rig, 20);
	for (int i = 0; i < 2; i++) {
		EXPECT_OK(change(NULL,
		    POOL(.connections_max = 2 - (unsigned)i,
			.use = STAY_POOL_SHARED),
		    &rig.line.config));
		pool_run(&rig, 20);
	}
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	EXPECT_OK(
	    change(NULL, POOL(.connections_max = 1, .use = STAY_POOL_SHARED),
		&rig.line.config));
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
}

TEST(pool_change_of_the_size_of_a_shared_one)
{
	begin(POOL(.connections_max = 3, .use = STAY_POOL_SHARED));
	EXPECT_OK(
	    change(NULL, POOL(.connections_max = 1, .use = STAY_POOL_SHARED),
		&rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).connections, 1);
	ck_assert_uint_eq(pool_counts(&rig).up, 1);
}

/* Once, and not before the last that has it is done with it. */
TEST(pool_change_releases_the_old_config)
{
	struct pool_user *a;

	begin(POOL(.connections_min = 2));
	a = pool_have(&rig, "a");
	EXPECT_OK(change(NULL, POOL(.connections_min = 2), &other_config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[0], 0);
	pool_give(a);
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 0);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 1);
}

/* A session that is being left still has the old one. */
TEST(pool_change_releases_nothing_that_is_in_use)
{
	struct stay_client_options client;

	begin(POOL(.connections_max = 1, .use = STAY_POOL_SHARED));
	client = client_with(&other_config);
	EXPECT_OK(stay_client_call(
	    stay_pool_client(rig.pool), LINE("not answered"), NULL, NULL));
	pool_run(&rig, 20);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, NULL,
	    POOL(.connections_max = 1, .use = STAY_POOL_SHARED,
		.client = &client)));
	pool_run(&rig, 1000);
	ck_assert_uint_eq(released[0], 0);
	pool_run(&rig, 60000);
	ck_assert_uint_eq(released[0], 1);
}

/* Nor does an attempt that began with what was given last, in place of another one: the
 * pool is told nothing of that, and has had its turn before it. */
TEST(pool_change_of_an_attempt_releases_nothing_that_is_in_use)
{
	static const char hole[] = "line://10.0.0.9:7777";
	const struct stay_pool_options two = { STAY_POOL_OPTIONS,
		.connections_max = 2, .use = STAY_POOL_SHARED };

	begin(&two);
	sim_address_set(rig.line.world, "10.0.0.9", 0, SIM_BLACK_HOLE, 0);
	EXPECT_OK(change(hole, &two, &rig.line.config));
	pool_run(&rig, 100);
	EXPECT_OK(change(hole, &two, &other_config));
	pool_run(&rig, 100);
	EXPECT_OK(change(LINE_URL, &two, &rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[1], 1);
	ck_assert_uint_eq(released_in_use, 0);
}

TEST(pool_change_holds_what_it_is_given_again)
{
	begin(POOL(.connections_min = 2));
	EXPECT_OK(change(NULL, POOL(.connections_min = 2), &other_config));
	EXPECT_OK(change(NULL, POOL(.connections_min = 2), &rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(released[0], 0);
	ck_assert_uint_eq(released[1], 1);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 1);
}

/* In one turn; the next one has room again. */
TEST(pool_change_is_bounded)
{
	unsigned changes = 0;

	begin(POOL(.connections_min = 2));
	while (changes < 100 && change(NULL, POOL(.connections_min = 2),
				    &other_config) == STAY_OK)
		changes++;
	ck_assert_uint_eq(changes, 17);
	pool_run(&rig, 500);
	EXPECT_OK(change(NULL, POOL(.connections_min = 2), &other_config));
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 1);
}

/* ---- refused ---- */

TEST_ROWS(pool_change_is_refused_whole, 5)
{
	static const struct {
		const char *url;
		struct stay_pool_options options;
		enum stay_status status;
	} rows[] = {
		{ NULL,
		    { STAY_POOL_OPTIONS, .connections_min = 3,
			.connections_max = 2 },
		    STAY_E_ARG },
		{ NULL, { STAY_POOL_OPTIONS, .use = STAY_POOL_SHARED },
		    STAY_E_ARG },
		{ "nonsense", { STAY_POOL_OPTIONS }, STAY_E_URL },
		{ NULL, { .size = 1 }, STAY_E_ABI },
		{ NULL, { STAY_POOL_OPTIONS, .connections_max = UINT64_MAX },
		    STAY_E_ARG },
	};
	struct stay_pool_counts before;

	begin(POOL(.connections_min = 2));
	before = pool_counts(&rig);
	ck_assert_int_eq(change(rows[_i].url, &rows[_i].options, &other_config),
	    rows[_i].status);
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).up, before.up);
	ck_assert_uint_eq(pool_counts(&rig).idle, 2);
	pool_end(&rig);
	ck_assert_uint_eq(released[0], 1);
	ck_assert_uint_eq(released[1], 0);
}

TEST(pool_change_with_bad_options_of_a_client)
{
	struct stay_client_options client = client_with(&other_config);

	begin(POOL(.connections_min = 2));
	client.queue_high_percent = 101;
	ck_assert_int_eq(
	    stay_pool_reconfigure(rig.pool, NULL, POOL(.client = &client)),
	    STAY_E_ARG);
	EXPECT_IN(stay_loop_rejection(rig.line.loop), "queue_high_percent");
	client.queue_high_percent = 0;
	client.urls = (const char *const[]){ OTHER_URL, NULL };
	ck_assert_int_eq(
	    stay_pool_reconfigure(rig.pool, NULL, POOL(.client = &client)),
	    STAY_E_ARG);
	ck_assert_uint_eq(pool_counts(&rig).up, 2);
	pool_end(&rig);
	ck_assert_uint_eq(released[1], 0);
}

TEST(pool_change_comes_too_late)
{
	begin(POOL(.connections_min = 1));
	stay_pool_stop(rig.pool, STAY_OK);
	pool_run(&rig, 1);
	if (!rig.closed)
		ck_assert_int_eq(change(OTHER_URL, NULL, NULL), STAY_E_STOPPED);
}

/* Whatever fails: refused, and all is as before; or accepted, and all are changed. */
TEST(pool_change_without_memory)
{
	bool failed = true;

	for (unsigned n = 1; failed; n++) {
		enum stay_status status;

		begin(POOL(.connections_min = 2, .connections_max = 2));
		scarce_arm(n);
		status = change(OTHER_URL,
		    POOL(.connections_min = 2, .connections_max = 2),
		    &other_config);
		failed = scarce_disarm();
		pool_run(&rig, 1000);
		ck_assert(
		    status == STAY_OK || (failed && status == STAY_E_NOMEM));
		ck_assert_uint_eq(pool_counts(&rig).up, 2);
		IS_AT(stay_lease_client(pool_have(&rig, "a")->lease),
		    status == STAY_OK ? OTHER_HOST : LINE_HOST);
		ck_assert_uint_eq(released[0], status == STAY_OK);
		pool_end(&rig);
		ck_assert_uint_eq(released[1], status == STAY_OK);
	}
}

/* ---- after a failure ---- */

/* Nobody has to wait for the slow attempts of before. */
TEST(pool_change_mends_what_was_denied)
{
	begin(POOL(.connections_min = 1));
	other_config.hello = "say +welcome";
	rig.line.config.hello = "say -denied";
	EXPECT_OK(change(NULL, POOL(.connections_min = 1), &rig.line.config));
	pool_run(&rig, 500);
	ck_assert_uint_eq(pool_counts(&rig).up, 0);
	EXPECT_OK(change(NULL, POOL(.connections_min = 1), &other_config));
	(void)pool_want(&rig, "a");
	POOL_TELLS(&rig, 100, "a OK;");
}

/* Who has lost a connection still has the old options: what they come to says nothing of
 * the new ones. */
TEST(pool_change_is_not_undone_by_who_has_lost_it)
{
	begin(POOL(.connections_max = 2));
	(void)pool_have(&rig, "a");
	other_config.hello = "say +welcome";
	rig.line.config.hello = "say -denied";
	ck_assert_int_eq(
	    change(NULL, POOL(.connections_max = 2), &other_config), STAY_OK);
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 500, "a lost E_LOST;");
	(void)pool_want(&rig, "b");
	POOL_TELLS(&rig, 100, "b OK;");
}

/* Nor that they are right. */
TEST(pool_change_is_not_mended_by_who_has_lost_it)
{
	struct stay_lease *lease;

	begin(POOL(.connections_max = 2));
	(void)pool_have(&rig, "a");
	other_config.hello = "say -denied";
	rig.line.config.hello = "say +welcome";
	ck_assert_int_eq(
	    change(NULL, POOL(.connections_max = 2), &other_config), STAY_OK);
	(void)pool_want(&rig, "b");
	sim_peer_reset(rig.line.peer);
	POOL_TELLS(&rig, 500, "a lost E_LOST;b E_DENIED;");
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease), STAY_E_DENIED);
}

TEST_SUITE_WITH(pool_change, .after = pool_after)
