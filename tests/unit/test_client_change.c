/* A planned change: what is in flight is answered, the queue is kept. */
#include <string.h>

#include "client/reconfigure.h"
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

/* ---- reconnect ---- */

TEST(promise_3_a_planned_change_lets_calls_finish)
{
	line_prepare(&rig);
	rig.config.bye = "bye";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 100);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	ck_assert_uint_eq(line_counts(&rig).queued, 1);
	ck_assert_str_eq(line_told(&rig), "init 10.0.0.1;hello -;up;");
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10,
	    "a OK/replied +1;bye;down E_RECONNECT;hello -;up;"
	    "b OK/replied +2;");
	ck_assert_str_eq(line_got(&rig), "x;bye;|say +2;");
}

/* At once if nothing is in flight; a status of no failure is one for on_down.
 */
TEST(client_change_of_an_idle_session)
{
	line_begin(&rig, NULL);
	stay_client_reconnect(rig.client, STAY_OK);
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10, "down E_RECONNECT;hello -;up;");
}

/* So is it of a session that is still greeting, which needs no leave. */
TEST(client_change_of_a_session_that_greets)
{
	line_prepare(&rig);
	rig.config.hello = "hi";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;down E_RECONNECT;hello -;");
	stay_client_reconnect(rig.client, STAY_E_CLOSED);
	LINE_TELLS(&rig, 10, "down E_CLOSED;hello -;");
}

TEST(client_change_waits_no_longer_than_its_budget)
{
	line_begin(&rig, OPTIONS(.leave_budget_ms = 300));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	LINE_TELLS(&rig, 298, "");
	LINE_TELLS(
	    &rig, 20, "down E_RECONNECT;a E_LOST/maybe executed;hello -;up;");
}

/* What the late answer of an abandoned call brings is not thrown away. */
TEST(client_change_waits_for_tombstones)
{
	struct line_call *call;

	line_begin(&rig, NULL);
	call = line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_cancel(rig.client, call->id);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	LINE_TELLS(&rig, 10, "a E_CANCELLED/maybe executed;");
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10, "orphan +1;down E_RECONNECT;hello -;up;");
}

/* By default no call that has a deadline of the default is lost by it. */
static void
again(struct line_call *call)
{
	if (call->rig->call_count < 400)
		line_call(call->rig, "c", LINE("say +1"))->then = again;
	if (call->rig->call_count % 50 == 0)
		stay_client_reconnect(call->rig->client, STAY_E_RECONNECT);
}

TEST(promise_3_under_load_no_call_is_lost_by_a_planned_change)
{
	struct sim_limits limits = { .send_buffer = 40,
		.ragged = true,
		.latency_ms = 2,
		.jitter_ms = 3 };

	line_prepare(&rig);
	sim_limits_set(rig.world, &limits);
	line_start(&rig, NULL);
	for (int i = 0; i < 20; i++)
		line_call(&rig, "c", LINE("say +1"))->then = again;
	for (int i = 0; i < 100; i++) {
		line_run(&rig, 50);
		line_told(&rig);
	}
	ck_assert_uint_ge(rig.call_count, 400);
	ck_assert_uint_eq(line_counts(&rig).replied, rig.call_count);
	ck_assert_uint_eq(line_counts(&rig).resent, 0);
	ck_assert_uint_ge(line_counts(&rig).sessions, 4);
}

TEST(client_change_of_a_session_that_is_lost_meanwhile)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10, "down E_RESET;a E_LOST/maybe executed;");
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	LINE_TELLS(&rig, 1000, "hello -;up;");
}

TEST(client_change_of_a_session_that_talks_nonsense)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "nonsense\n");
	LINE_TELLS(&rig, 10, "down E_PROTOCOL;a E_PROTOCOL/maybe executed;");
}

/* Promise 8 holds meanwhile. */
TEST(promise_8_a_session_that_leaves_is_watched)
{
	line_begin(
	    &rig, OPTIONS(.silence_ms = 1000, .leave_budget_ms = STAY_FOREVER));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	LINE_TELLS(&rig, 1020, "down E_SILENT;a E_SILENT/maybe executed;");
}

TEST(client_stops_while_it_changes)
{
	line_prepare(&rig);
	rig.config.bye = "bye";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 10);
	line_call(&rig, "b", LINE("y"));
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;a OK/replied +1;bye;down E_STOPPED;"
	    "b E_STOPPED/not sent;closed OK;");
}

TEST(client_drains_while_it_changes)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_call(&rig, "b", LINE("say +2"));
	stay_client_drain(rig.client, 10000);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10,
	    "a OK/replied +1;down E_RECONNECT;hello -;up;b OK/replied +2;"
	    "down E_STOPPED;closed OK;");
}

/* ---- by age ---- */

TEST(client_changes_when_the_session_is_old)
{
	line_begin(&rig, OPTIONS(.max_age_ms = 1000));
	line_run(&rig, 740);
	ck_assert_uint_eq(rig.server.accepted, 1);
	line_run(&rig, 265);
	ck_assert_uint_eq(rig.server.accepted, 2);
	ck_assert_str_eq(line_told(&rig), "down E_RECONNECT;hello -;up;");
	line_run(&rig, 740);
	ck_assert_uint_eq(rig.server.accepted, 2);
	line_run(&rig, 300);
	ck_assert_uint_eq(rig.server.accepted, 3);
}

/* Connections that began together do not end together. */
TEST(promise_13_sessions_do_not_all_grow_as_old)
{
	uint64_t age, least = 1000, most = 0;

	line_begin(&rig, OPTIONS(.max_age_ms = 1000));
	for (unsigned i = 1; i <= 20; i++) {
		for (age = 0; rig.server.accepted == i; age++)
			line_run(&rig, 1);
		least = age < least ? age : least;
		most = age > most ? age : most;
		line_told(&rig);
	}
	ck_assert_uint_gt(most - least, 50);
}

/* ---- another place, another config ---- */

static struct line_rig *released_by;

static void
release_second(const void *config)
{
	(void)config;
	released_by = &rig;
}

static struct line_config
second_config(const char *hello)
{
	return (struct line_config){ .notes = &rig.notes,
		.finis = &rig.finis,
		.inits = &rig.inits,
		.hello = hello };
}

#define OTHER_URL "line://10.0.0.2:7777"

TEST(client_is_reconfigured)
{
	struct line_config config = second_config("say +ok");
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_release = release_second,
		.call_timeout_ms = 100 };
	struct stay_conn *conn;

	line_begin(&rig, NULL);
	released_by = NULL;
	conn = stay_client_conn(rig.client);
	peer_listen(&rig.server, rig.world, "10.0.0.2", LINE_PORT);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	rig.closed = true; /* the first config may go from now on */
	EXPECT_OK(stay_client_reconfigure(rig.client, OTHER_URL, &options));
	ck_assert(!rig.released);
	line_run(&rig, 10);
	ck_assert(!rig.released);
	sim_peer_print(rig.peer, "+1\n");
	line_run(&rig, 10);
	ck_assert(rig.released);
	rig.closed = false;
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.2;a OK/replied +1;down E_RECONNECT;"
	    "adopt 10.0.0.2 for 10.0.0.1;hello -;hello +ok;up;");
	ck_assert_str_eq(stay_conn_label(conn), OTHER_URL);
	ck_assert_ptr_eq(stay_client_config(rig.client), &config);
	ck_assert_uint_eq(sim_peers(rig.world, "10.0.0.2", LINE_PORT), 1);
	line_call(&rig, "b", LINE("y"));
	LINE_TELLS(&rig, 110, "b E_TIMEOUT/maybe executed;");
	line_end(&rig);
	ck_assert_ptr_nonnull(released_by);
}

/* What init says against them is known at once, and touches nothing. */
TEST(client_is_not_reconfigured_if_init_rejects_it)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.call_timeout_ms = 100 };

	line_begin(&rig, NULL);
	options.config = &rig.config;
	ck_assert_int_eq(stay_client_reconfigure(
			     rig.client, "line://bad@10.0.0.2:7777", &options),
	    STAY_E_URL);
	LINE_TELLS(&rig, 1000, "init 10.0.0.2;");
	line_call(&rig, "a", LINE("x"));
	LINE_TELLS(&rig, 110, "");
	ck_assert_uint_eq(rig.server.accepted, 1);
}

/* ---- the block for a change ---- */

/* What init finds in a config lives as long as that. */
struct leased {
	bool is_there;
	unsigned users;
};

static enum stay_status
lease(void *keep, const void *config, const struct stay_url *url)
{
	struct leased *leased = (struct leased *)(uintptr_t)config,
		      **own = keep;

	(void)url;
	ck_assert_ptr_null(*own);
	ck_assert(leased->is_there);
	leased->users++;
	*own = leased;
	return STAY_OK;
}

static void
give_up(void *keep)
{
	struct leased **own = keep;

	ck_assert((*own)->is_there);
	(*own)->users--;
}

static void
swap(void *keep, void *fresh)
{
	struct leased **own = keep, **made = fresh, *old = *own;

	*own = *made;
	*made = old;
}

static void
end_lease(const void *config)
{
	struct leased *leased = (struct leased *)(uintptr_t)config;

	ck_assert_uint_eq(leased->users, 0);
	leased->is_there = false;
}

static struct leased leases[4];

static void
change_to(struct stay_client *client, unsigned i)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &leases[i], .config_release = end_lease };

	leases[i].is_there = true;
	EXPECT_OK(stay_client_reconfigure(client, NULL, &options));
}

/* Taken over between two sessions; what is replaced, or never takes effect, ends with
 * its config. */
TEST(client_change_fills_another_block)
{
	static const struct stay_keep_ops keep = { STAY_KEEP_OPS, .init = lease,
		.fini = give_up, .adopt = swap };
	struct stay_protocol protocol = line_bare_protocol;

	memset(leases, 0, sizeof(leases));
	protocol.keep = &keep;
	protocol.keep_size = sizeof(struct leased *);
	line_prepare(&rig);
	leases[0].is_there = true;
	EXPECT_OK(stay_client_start(&rig.client, rig.loop, &protocol, LINE_URL,
	    OPTIONS(.config = &leases[0], .config_release = end_lease)));
	line_run(&rig, 10);
	change_to(rig.client, 1);
	change_to(rig.client, 2);
	ck_assert_uint_eq(leases[0].users, 1);
	ck_assert_uint_eq(leases[2].users, 1);
	line_run(&rig, 10);
	ck_assert(!leases[0].is_there && !leases[1].is_there);
	ck_assert_ptr_eq(
	    *(struct leased **)stay_client_keep(rig.client), &leases[2]);
	change_to(rig.client, 3);
	line_end(&rig);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(!leases[i].is_there && leases[i].users == 0);
}

TEST(promise_8_the_kernel_hears_of_another_bound_as_well)
{
	struct line_config config = second_config(NULL);
	const struct stay_socket_options *socket;

	line_begin(&rig, NULL);
	rig.closed = true; /* the first config may go from now on */
	socket = sim_peer_options(rig.peer);
	ck_assert_uint_ne(socket->user_timeout_ms, 4000);
	EXPECT_OK(stay_client_reconfigure(
	    rig.client, NULL, OPTIONS(.config = &config, .silence_ms = 4000)));
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 2);
	socket = sim_peer_options(rig.peer);
	ck_assert_uint_eq(socket->user_timeout_ms, 4000);
	rig.closed = false;
	line_told(&rig);
	line_end(&rig);
}

TEST(client_reconfigure_is_checked_at_once)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.offline = (enum stay_offline)9 };

	line_begin(&rig, NULL);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, "nonsense", NULL), STAY_E_URL);
	ck_assert_int_eq(stay_client_reconfigure(rig.client, "lines://x", NULL),
	    STAY_E_NO_TLS);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_E_ARG);
	LINE_TELLS(&rig, 10, "");
	stay_client_stop(rig.client, STAY_OK);
	ck_assert_int_eq(stay_client_reconfigure(rig.client, OTHER_URL, NULL),
	    STAY_E_STOPPED);
}

/* The last of several stands; those that never were in use are released. */
TEST(client_reconfigured_twice)
{
	struct line_config config = second_config(NULL);
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_release = release_second };

	line_begin(&rig, NULL);
	released_by = NULL;
	peer_listen(&rig.server, rig.world, "10.0.0.2", LINE_PORT);
	EXPECT_OK(stay_client_reconfigure(rig.client, LINE_URL, &options));
	EXPECT_OK(stay_client_reconfigure(rig.client, OTHER_URL, NULL));
	line_run(&rig, 10);
	ck_assert_ptr_nonnull(released_by);
	ck_assert_ptr_eq(stay_client_config(rig.client), &rig.config);
	ck_assert_uint_eq(sim_peers(rig.world, "10.0.0.2", LINE_PORT), 1);
}

static unsigned releases;

static void
count_release(const void *config)
{
	(void)config;
	releases++;
}

/* As often as it may be given, it is given back once, and when nobody has it:
 * not when one of those that never were in use is dropped. */
TEST(promise_5_a_config_is_given_back_once)
{
	struct line_config config = second_config(NULL);
	struct line_config another = second_config(NULL);
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_release = count_release };
	struct stay_client_options others = options;

	others.config = &another;
	line_begin(&rig, NULL);
	releases = 0;
	rig.closed = true; /* the first config may go from now on */
	for (int i = 0; i < 3; i++)
		EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 10);
	ck_assert_uint_eq(releases, 0);
	ck_assert_ptr_eq(stay_client_config(rig.client), &config);
	for (int i = 0; i < 2; i++) {
		EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
		EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &others));
	}
	ck_assert_uint_eq(releases, 0);
	line_run(&rig, 10);
	ck_assert_uint_eq(releases, 1);
	ck_assert_ptr_eq(stay_client_config(rig.client), &another);
	rig.closed = false;
	line_end(&rig);
	ck_assert_uint_eq(releases, 2);
}

/* One stands, the others are to be released; one that stands again is not. */
TEST(promise_7_changes_of_one_turn_are_bounded)
{
	struct line_config configs[STAY__DROPPED_MAX + 2];
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config_release = count_release };

	line_begin(&rig, NULL);
	releases = 0;
	rig.closed = true; /* the first config may go from now on */
	line_call(&rig, "a", LINE("quiet")); /* the session leaves slowly */
	line_run(&rig, 10);
	for (size_t i = 0; i < STAY__DROPPED_MAX + 2; i++)
		configs[i] = second_config(NULL);
	for (int i = 0; i < 3 * STAY__DROPPED_MAX; i++) {
		options.config = &configs[i / 3];
		EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	}
	options.config = &configs[STAY__DROPPED_MAX];
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	options.config = &configs[STAY__DROPPED_MAX + 1];
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_E_FULL);
	ck_assert_uint_eq(releases, 0);
	line_run(&rig, 10);
	ck_assert_uint_eq(releases, STAY__DROPPED_MAX);
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	rig.closed = false;
	line_end(&rig);
	ck_assert_uint_eq(releases, STAY__DROPPED_MAX + 2);
}

TEST(client_reconfigured_and_stopped_at_once)
{
	struct line_config config = second_config(NULL);
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_release = release_second };

	line_begin(&rig, NULL);
	released_by = NULL;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	stay_client_stop(rig.client, STAY_OK);
	line_end(&rig);
	ck_assert_ptr_nonnull(released_by);
}

/* Another password, while the old one is refused: no waiting for the slow
 * backoff. */
TEST(client_reconfigured_while_it_is_denied)
{
	struct line_config config = second_config("say +ok");
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };

	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, NULL);
	line_run(&rig, 100);
	rig.closed = true;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 10);
	rig.closed = false;
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	ck_assert(rig.released);
	line_end(&rig);
}

/* A label of the options is the connection's from then on; of options that are
 * rejected it is not. */
TEST(client_change_of_a_label)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &rig.config, .label = "other",
		.offline = (enum stay_offline)7 };
	const struct stay_conn *conn;

	line_begin(&rig, OPTIONS(.label = "own"));
	conn = stay_client_conn(rig.client);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_E_ARG);
	line_run(&rig, 1000);
	ck_assert_str_eq(stay_conn_label(conn), "own");
	options.offline = STAY_OFFLINE_QUEUE;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 1000);
	ck_assert_str_eq(stay_conn_label(conn), "other");
	options.label = NULL;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 1000);
	ck_assert_str_eq(stay_conn_label(conn), "other");
	rig.released = true;
}

TEST_SUITE_WITH(client_change, .after = line_after)
