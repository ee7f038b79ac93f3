/* What a pool is started with: its arguments, its copies of all it is given, and memory. */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/pool_rig.h"
#include "support/scarce.h"
#include "support/secret.h"

#define OTHER_HOST "10.0.0.2"
#define OTHER_URL  "line://" OTHER_HOST ":7777"

static struct pool_rig rig;

/* ---- arguments ---- */

static enum stay_status
start_bare(const char *url, const struct stay_pool_options *options)
{
	return stay_pool_start(
	    &rig.pool, rig.line.loop, &line_bare_protocol, url, options);
}

/* What says nothing is all defaults. */
TEST_ROWS(pool_start_with_defaults, 4)
{
	static const struct stay_client_options least = { .size =
							      sizeof(size_t) };
	static const struct stay_pool_options rows[] = {
		{ STAY_POOL_OPTIONS },
		{ STAY_POOL_OPTIONS, .client = &least },
		{ .size = sizeof(size_t) },
	};

	pool_prepare(&rig);
	EXPECT_OK(start_bare(LINE_URL, _i < 3 ? &rows[_i] : NULL));
	pool_run(&rig, 20);
	ck_assert_uint_eq(pool_counts(&rig).idle, 1);
	pool_have(&rig, "a");
}

TEST_ROWS(pool_start_of_another_size, 4)
{
	static const struct stay_client_options clients[] = {
		{ .size = sizeof(size_t) - 1 },
		{ .size = sizeof(struct stay_client_options) + 1 },
	};
	static const struct stay_pool_options rows[] = {
		{ STAY_POOL_OPTIONS, .client = &clients[0] },
		{ STAY_POOL_OPTIONS, .client = &clients[1] },
		{ .size = sizeof(size_t) - 1 },
		{ .size = sizeof(struct stay_pool_options) + 1 },
	};

	pool_prepare(&rig);
	rig.pool = (struct stay_pool *)&rig;
	ck_assert_int_eq(start_bare(LINE_URL, &rows[_i]), STAY_E_ABI);
	ck_assert_ptr_null(rig.pool);
}

TEST(pool_start_without_arguments)
{
	pool_prepare(&rig);
	rig.pool = (struct stay_pool *)&rig;
	ck_assert_int_eq(start_bare(NULL, NULL), STAY_E_ARG);
	ck_assert_ptr_null(rig.pool);
	ck_assert_int_eq(
	    stay_pool_start(&rig.pool, rig.line.loop, NULL, LINE_URL, NULL),
	    STAY_E_ARG);
}

/* What was wrong before is not said of what is right. */
TEST(pool_start_says_what_is_wrong)
{
	enum stay_status status;

	pool_prepare(&rig);
	ck_assert_int_eq(
	    start_bare(LINE_URL, POOL(.use = (enum stay_pool_use)7)),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop),
	    "use is 7, which is none of its values");
	scarce_arm(1);
	status = start_bare(LINE_URL, NULL);
	scarce_disarm();
	ck_assert_int_eq(status, STAY_E_NOMEM);
	ck_assert_str_eq(stay_loop_rejection(rig.line.loop), "");
	pool_start(&rig, POOL(.client = OPTIONS(.config = &rig.line.config)));
}

/* ---- arguments of a check-out ---- */

static void
never(void *arg, struct stay_lease *lease, enum stay_status status)
{
	(void)arg;
	(void)lease;
	(void)status;
	ck_abort_msg("it was rejected");
}

static void
take(void *arg, struct stay_lease *lease, enum stay_status status)
{
	EXPECT_OK(status);
	*(struct stay_lease **)arg = lease;
}

TEST_ROWS(pool_start_of_a_check_out, 4)
{
	static const struct {
		size_t size;
		enum stay_status status;
	} rows[] = {
		{ sizeof(size_t) - 1, STAY_E_ABI },
		{ sizeof(struct stay_check_out_options) + 1, STAY_E_ABI },
		{ sizeof(size_t), STAY_OK },
		{ sizeof(struct stay_check_out_options), STAY_OK },
	};
	const struct stay_check_out_options options = { .size = rows[_i].size };
	struct stay_lease *lease = NULL;

	pool_begin(&rig, POOL(.connections_max = 1));
	ck_assert_int_eq(stay_pool_check_out(rig.pool, &options,
			     rows[_i].status == STAY_OK ? take : never, &lease),
	    rows[_i].status);
	pool_run(&rig, 10);
	ck_assert((lease != NULL) == (rows[_i].status == STAY_OK));
	stay_pool_check_in(lease);
}

TEST(pool_start_of_a_check_out_without_options)
{
	struct stay_lease *lease = NULL;

	pool_begin(&rig, POOL(.connections_max = 1));
	ck_assert_int_eq(
	    stay_pool_check_out(rig.pool, NULL, NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_pool_try(rig.pool, NULL), STAY_E_ARG);
	EXPECT_OK(stay_pool_check_out(rig.pool, NULL, take, &lease));
	pool_run(&rig, 10);
	ck_assert_ptr_nonnull(lease);
	stay_pool_check_in(lease);
}

/* Whatever is wrong with it, there is no lease. */
TEST(pool_start_of_a_try_that_is_rejected)
{
	struct stay_lease *lease = (struct stay_lease *)&rig;

	pool_begin(&rig, POOL(.use = STAY_POOL_SHARED));
	ck_assert_int_eq(stay_pool_try(rig.pool, &lease), STAY_E_UNSUPPORTED);
	ck_assert_ptr_null(lease);
}

/* As far as its size says. */
TEST(pool_start_of_counts_of_another_size)
{
	struct stay_pool_counts counts = {
		.size = offsetof(struct stay_pool_counts, up), .up = 7
	};

	pool_begin(&rig, POOL(.connections_max = 1));
	stay_pool_get_counts(rig.pool, &counts);
	ck_assert_uint_eq(counts.size, offsetof(struct stay_pool_counts, up));
	ck_assert_uint_eq(counts.connections, 1);
	ck_assert_uint_eq(counts.up, 7);
}

/* ---- memory ---- */

/* Whatever fails, it is started or it is not. */
TEST(pool_start_without_memory)
{
	const char *const urls[] = { LINE_URL, OTHER_URL, NULL };
	bool failed = true;
	unsigned refused = 0;

	for (unsigned n = 1; failed; n++) {
		const struct stay_client_options client = { STAY_CLIENT_OPTIONS,
			.config = &rig.line.config,
			.config_size = sizeof(rig.line.config),
			.label = "a label", .urls = urls };
		enum stay_status status;

		pool_prepare(&rig);
		rig.pool = NULL;
		scarce_arm(n);
		status = stay_pool_start(&rig.pool, rig.line.loop,
		    rig.line.protocol, OTHER_URL, POOL(.client = &client));
		failed = scarce_disarm();
		ck_assert_int_eq(status, failed ? STAY_E_NOMEM : STAY_OK);
		refused += failed;
		if (failed)
			ck_assert_ptr_null(rig.pool);
		pool_end(&rig);
	}
	ck_assert_uint_ge(refused, 8);
}

TEST(pool_start_of_a_check_out_without_memory)
{
	struct stay_lease *lease = (struct stay_lease *)&rig;
	enum stay_status status[2];

	pool_begin(&rig, POOL(.connections_max = 1));
	scarce_drought();
	status[0] = stay_pool_check_out(rig.pool, NULL, never, NULL);
	status[1] = stay_pool_try(rig.pool, &lease);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status[0], STAY_E_NOMEM);
	ck_assert_int_eq(status[1], STAY_E_NOMEM);
	ck_assert_ptr_null(lease);
	pool_run(&rig, 10);
	pool_give(pool_have(&rig, "a"));
}

/* More connections than there was room for: none is lost, and the rest come later. */
TEST(pool_start_of_a_connection_without_memory)
{
	bool failed = true;

	for (unsigned n = 1; failed && n < 100; n++) {
		pool_begin(&rig, POOL(.connections_max = 8));
		for (int i = 0; i < 4; i++)
			pool_have(&rig, "a");
		pool_want(&rig, "b");
		scarce_arm(n);
		sim_run_ms(rig.line.world, 5);
		failed = scarce_disarm();
		POOL_TELLS(&rig, 300, "b OK;");
		ck_assert_uint_eq(pool_counts(&rig).connections, 5);
		pool_end(&rig);
	}
}

/* ---- copies ---- */

static void
unexpected(void *arg, struct stay_conn *conn)
{
	(void)arg;
	(void)conn;
	ck_abort_msg("it is the pool's own");
}

static void
unexpected_start(void *arg, struct stay_conn *conn, enum stay_status status)
{
	(void)arg;
	(void)conn;
	(void)status;
	ck_abort_msg("it is the pool's own");
}

/* Nobody listens elsewhere. A connection that begins later has what was given in the beginning; and notices of the
 * clients are nobody's. */
TEST(pool_start_copies_all_it_is_given)
{
	char label[] = "a label", place[] = OTHER_URL;
	const char *urls[] = { place, NULL };
	struct stay_socket_options *socket = calloc(1, sizeof(*socket));
	struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.label = label, .urls = urls, .socket = socket,
		.on_started = unexpected_start, .on_high_water = unexpected,
		.on_low_water = unexpected };
	struct pool_user *a, *b;

	pool_prepare(&rig);
	peer_listen(&rig.line.server, rig.line.world, OTHER_HOST, LINE_PORT);
	rig.line.url = "line://" LINE_HOST ":7778";
	socket->user_timeout_ms = 4321;
	pool_start(&rig, POOL(.connections_max = 2, .client = &client));
	socket->user_timeout_ms = 1234;
	memset(label, 'X', sizeof(label) - 1);
	memset(place, 'X', sizeof(place) - 1);
	free(socket);
	urls[0] = NULL;
	a = pool_want(&rig, "a");
	b = pool_want(&rig, "b");
	POOL_TELLS(&rig, 1000, "a OK;b OK;");
	ck_assert_str_eq(stay_conn_label(pool_conn(a)), "a label");
	ck_assert_str_eq(stay_conn_label(pool_conn(b)), "a label");
	ck_assert_uint_eq(
	    sim_peer_options(rig.line.peer)->user_timeout_ms, 4321);
	ck_assert_uint_eq(pool_counts(&rig).started, 2);
}

/* A queue that fills up is nobody's business either. */
TEST(pool_start_tells_nobody_of_the_water)
{
	pool_prepare(&rig);
	sim_unlisten(rig.line.world, LINE_HOST, LINE_PORT);
	pool_start(&rig,
	    POOL(.use = STAY_POOL_SHARED,
		.client = OPTIONS(.queue_calls_max = 4,
		    .on_high_water = unexpected, .on_low_water = unexpected)));
	for (int i = 0; i < 4; i++)
		EXPECT_OK(stay_client_call(
		    stay_pool_client(rig.pool), LINE("say +a"), NULL, NULL));
	pool_run(&rig, 20);
}

static void
unexpected_release(const void *config)
{
	(void)config;
	ck_abort_msg("it is a copy");
}

/* There is nothing to release of a copy, and who says so is told as by a client. */
TEST(pool_start_with_a_config_that_is_copied)
{
	struct line_config config;
	struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.config = &config, .config_size = sizeof(config),
		.config_release = unexpected_release };

	pool_prepare(&rig);
	config = rig.line.config;
	ck_assert_int_eq(
	    stay_pool_start(&rig.pool, rig.line.loop, rig.line.protocol,
		LINE_URL, POOL(.client = &client)),
	    STAY_E_ARG);
	EXPECT_IN(stay_loop_rejection(rig.line.loop),
	    "goes with a config and without a config_release");
	client.config_release = NULL;
	EXPECT_OK(stay_pool_start(&rig.pool, rig.line.loop, rig.line.protocol,
	    LINE_URL, POOL(.client = &client)));
	pool_run(&rig, 20);
	memset(&config, 0, sizeof(config));
	pool_have(&rig, "a");
	pool_have(&rig, "b");
}

/* A copy may have a password in it. */
TEST(pool_start_leaves_no_secret)
{
	static const char url[] = "line://:s3cr3t@10.0.0.1:7777";
	static const char *const urls[] = { url, NULL };
	const char config[32] = "is s3cr3t";

	pool_prepare(&rig);
	secret_watch("s3cr3t");
	EXPECT_OK(start_bare(
	    url, POOL(.client = OPTIONS(.config = config,
			  .config_size = sizeof(config), .urls = urls))));
	pool_run(&rig, 20);
	EXPECT_OK(stay_pool_reconfigure(rig.pool, LINE_URL, NULL));
	pool_run(&rig, 20);
	pool_end(&rig);
	ck_assert_uint_eq(secret_freed(), 0);
}

TEST_SUITE_WITH(pool_start, .after = pool_after)
