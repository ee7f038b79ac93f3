/* Metrics as text: heads, names, labels and bounds; and pools, and whose the numbers are. */
#include <string.h>

#include <stay/observe.h>

#include "observe/metrics.h"
#include "suites.h"
#include "support/line_rig.h"
#include "support/pool_rig.h"

static struct stay_metrics *metrics;
static struct stay_buf page;

static void
begin(void)
{
	metrics = stay_metrics_new();
	ck_assert_ptr_nonnull(metrics);
}

static void
end(void)
{
	stay_metrics_free(metrics);
	stay_buf_fini(&page);
}

/* How often this is there now. */
static unsigned
count(const char *words)
{
	unsigned found = 0;

	stay_buf_fini(&page);
	EXPECT_OK(stay_metrics_prometheus(metrics, &page));
	EXPECT_OK(stay_buf_append(&page, "", 1));
	for (const char *at = page.data; (at = strstr(at, words)) != NULL; at++)
		found++;
	return found;
}

#define SHOWS(words) ck_assert_uint_eq(count(words), 1)

/* ---- names ---- */

/* Once, however many series there are. */
TEST(metrics_text_has_heads)
{
	stay__meter_system(&metrics->meter, "a");
	stay__meter_system(&metrics->meter, "b");
	SHOWS("# HELP stay_client_calls_total Completed calls.\n");
	SHOWS("\n# TYPE stay_client_calls_total counter\n");
	SHOWS("\n# TYPE stay_client_in_flight gauge\n");
}

TEST_ROWS(metrics_text_quotes_names, 5)
{
	static const char *const rows[][2] = {
		{ "x", "\nstay_client_in_flight{db_system_name=\"x\"} 0\n" },
		{ "a\"b",
		    "\nstay_client_in_flight{db_system_name=\"a\\\"b\"} " },
		{ "a\\b",
		    "\nstay_client_in_flight{db_system_name=\"a\\\\b\"} " },
		{ "a b\nc",
		    "\nstay_client_in_flight{db_system_name=\"a_b_c\"} " },
		{ "a\xc3\xb6\x7f~",
		    "\nstay_client_in_flight{db_system_name=\"a___~\"} " },
	};

	stay__meter_system(&metrics->meter, rows[_i][0]);
	SHOWS(rows[_i][1]);
}

TEST(metrics_text_has_all_others)
{
	stay__meter_system(&metrics->meter, "");
	SHOWS("\nstay_client_in_flight{db_system_name=\"_OTHER\"} 0\n");
}

TEST(metrics_text_has_operations_of_one_letter)
{
	struct stay__system *system;
	uint8_t row;

	system = stay__meter_system(&metrics->meter, "a");
	row = stay__system_learn(system, "X");
	system->durations.LATENCY[row * STAY_OUTCOME_COUNT].sum = 1;
	SHOWS("duration_seconds_count{db_system_name=\"a\",db_operation_name="
	      "\"X\"");
}

/* The last bound and what is above it. */
TEST(metrics_text_has_bounds)
{
	struct stay__system *system;

	system = stay__meter_system(&metrics->meter, "a");
	system->durations.POOL_WAIT[0].counts[STAY__METER_BUCKETS - 2] = 3;
	system->durations.POOL_WAIT[0].counts[STAY__METER_BUCKETS - 1] = 4;
	ck_assert_uint_eq(count("_bucket{"), STAY__METER_BUCKETS);
	SHOWS("le=\"10\"} 3\n");
	SHOWS("le=\"+Inf\"} 7\n");
	SHOWS("wait_time_seconds_count{db_system_name=\"a\"} 7\n");
}

/* ---- whose they are ---- */

static struct line_rig rig;

/* A call that was under way is not timed; those behind it are. */
TEST(metrics_text_of_calls_behind_one_under_way)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 20);
	stay_loop_set_metrics(rig.loop, metrics);
	line_call(&rig, "b", LINE("say +a|+b"));
	line_run(&rig, 20);
	SHOWS("\nstay_client_calls_total{db_system_name=\"line\",stay_outcome="
	      "\"replied\"} 2\n");
	SHOWS("duration_seconds_count{db_system_name=\"line\",stay_outcome="
	      "\"replied\"} 1\n");
	stay_loop_set_metrics(rig.loop, metrics);
	ck_assert_ptr_eq(stay_loop_metrics(rig.loop), metrics);
	line_end(&rig);
}

/* What is taken away is as it was then. */
TEST(metrics_text_when_they_are_taken_away)
{
	line_begin(&rig, NULL);
	stay_loop_set_metrics(rig.loop, metrics);
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 20);
	stay_loop_set_metrics(rig.loop, NULL);
	line_call(&rig, "b", LINE("say +b"));
	line_run(&rig, 20);
	SHOWS("\nstay_client_calls_total{db_system_name=\"line\",stay_outcome="
	      "\"replied\"} 1\n");
	line_end(&rig);
}

/* ---- pools ---- */

static struct pool_rig pool;

static void
begin_pool(const struct stay_pool_options *options)
{
	pool_prepare(&pool);
	stay_loop_set_metrics(pool.line.loop, metrics);
	pool_start(&pool, options);
	sim_run_ms(pool.line.world, 20);
}

TEST(metrics_text_of_what_is_idle)
{
	begin_pool(POOL(.connections_min = 3, .connections_max = 5));
	pool_have(&pool, "a");
	SHOWS("\ndb_client_connection_count{db_system_name=\"line\",db_client_"
	      "connection_state=\"idle\"} 2\n");
	SHOWS("\ndb_client_connection_count{db_system_name=\"line\",db_client_"
	      "connection_state=\"used\"} 1\n");
	SHOWS("\ndb_client_connection_max{db_system_name=\"line\"} 5\n");
	pool_end(&pool);
}

/* Each by why it has left the line. */
TEST(metrics_text_of_who_is_shed)
{
	begin_pool(POOL(.connections_max = 1, .shed_target_ms = 20,
	    .shed_interval_ms = 100));
	pool_have(&pool, "a");
	pool_want_within(&pool, "b", 60);
	pool_want(&pool, "c");
	pool_want(&pool, "d");
	sim_run_ms(pool.line.world, 200);
	SHOWS("\nstay_pool_shed_total{db_system_name=\"line\"} 2\n");
	SHOWS("\ndb_client_connection_timeouts_total{db_system_name=\"line\"} "
	      "1\n");
	pool_end(&pool);
}

TEST(metrics_text_of_leases_that_are_lost)
{
	begin_pool(POOL(.connections_max = 1));
	pool_have(&pool, "a");
	SHOWS("\nstay_pool_lost_total{db_system_name=\"line\"} 0\n");
	sim_peer_reset(pool.line.peer);
	sim_run_ms(pool.line.world, 10);
	SHOWS("\nstay_pool_lost_total{db_system_name=\"line\"} 1\n");
	SHOWS("\ndb_client_connection_count{db_system_name=\"line\",db_client_"
	      "connection_state=\"used\"} 1\n");
	pool_end(&pool);
}

TEST_SUITE_WITH(metrics_text, .before = begin, .after = end)
