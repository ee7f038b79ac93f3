/*
 * Metrics: what is counted, under which name, and what is not. The text is looked at
 * line by line; that it is what others can read is for test_metrics.c of integration/.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/observe.h>

#include "loop/meter.h"
#include "suites.h"
#include "support/line_rig.h"
#include "support/pool_rig.h"
#include "support/redis_virtual.h"

static struct stay_metrics *metrics;
static struct stay_buf page;

static void
take_page(struct stay_metrics *from)
{
	stay_buf_fini(&page);
	EXPECT_OK(stay_metrics_prometheus(from, &page));
	EXPECT_OK(stay_buf_append(&page, "", 1));
}

static void STAY_PRINTF(2, 3) expect(bool there, const char *format, ...)
{
	char line[256];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if ((strstr(page.data, line) != NULL) == there)
		return;
	fprintf(stderr, "%s\n", page.data);
	ck_abort_msg("%s is%s in it", line, there ? " not" : "");
}

#define SHOWS(name, labels, value)                                             \
	expect(true, "\n" name "{db_system_name=\"" labels "} " value "\n")
#define LACKS(text) expect(false, "%s", text)

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
	metrics = NULL;
	stay_buf_fini(&page);
}

/* ---- calls ---- */

static struct line_rig rig;

static void
begin_line(const struct stay_client_options *options)
{
	begin();
	line_prepare(&rig);
	stay_loop_set_metrics(rig.loop, metrics);
	line_start(&rig, options);
	line_run(&rig, 20);
}

TEST(metrics_count_calls_by_outcome)
{
	begin_line(NULL);
	line_call(&rig, "a", LINE("say +a"));
	line_call(&rig, "b", LINE("say !b"));
	line_call(&rig, "c", LINE_NOTE("note"));
	line_run(&rig, 20);
	line_call(&rig, "d", LINE("not answered"));
	line_run(&rig, 20);
	take_page(metrics);
	SHOWS("stay_client_in_flight", "line\"", "1");
	line_call(&rig, "e", LINE("close"));
	line_run(&rig, 100);
	take_page(metrics);
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"replied\"", "1");
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"refused\"", "1");
	SHOWS("stay_client_calls_total", "line\",stay_outcome=\"sent\"", "1");
	SHOWS("stay_client_calls_total",
	    "line\",stay_outcome=\"maybe_executed\"", "2");
	SHOWS("stay_client_in_flight", "line\"", "0");
	expect(true, "\n# TYPE stay_client_calls_total counter\n");
	line_end(&rig);
	/* Of who has ended nothing is forgotten. */
	take_page(metrics);
	SHOWS("stay_client_calls_total",
	    "line\",stay_outcome=\"maybe_executed\"", "2");
	SHOWS("stay_connection_closed_total", "line\"", "1");
	SHOWS("stay_connection_count",
	    "line\",stay_connection_state=\"connected\"", "0");
}

TEST(metrics_count_what_waits_and_comes_late)
{
	static const struct peer_row rows[] = {
		ON("late", PEER_LATE("40") "+a\n"), NO_MORE
	};

	begin();
	line_prepare(&rig);
	rig.server.rows = rows;
	stay_loop_set_metrics(rig.loop, metrics);
	line_start(&rig, NULL);
	line_run(&rig, 20);
	line_call_with(&rig, "a", LINE("late 1"), WITHIN(20));
	line_run(&rig, 30);
	take_page(metrics);
	SHOWS("stay_client_tombstones", "line\"", "1");
	line_run(&rig, 50);
	take_page(metrics);
	SHOWS("stay_client_tombstones", "line\"", "0");
	SHOWS("stay_client_late_replies_total", "line\"", "1");
	SHOWS("stay_client_network_io_bytes_total",
	    "line\",network_io_direction=\"transmit\"", "7");
	SHOWS("stay_client_network_io_bytes_total",
	    "line\",network_io_direction=\"receive\"", "3");
	line_end(&rig);
}

static void
ignore_room(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	(void)status;
}

TEST(metrics_count_what_is_not_sent)
{
	begin_line(OPTIONS(.queue_calls_max = 1, .inflight_calls_max = 1));
	line_call(
	    &rig, "a", LINE_WITH("not answered", .flags = STAY_IDEMPOTENT));
	line_run(&rig, 20);
	line_call(&rig, "b", LINE("wait"));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(line_try(&rig, "c", LINE("x")), STAY_E_FULL);
	EXPECT_OK(stay_client_wait_room(rig.client, NULL, ignore_room, NULL));
	sim_peer_print(rig.peer, ">1\n>2\n");
	line_run(&rig, 20);
	take_page(metrics);
	SHOWS("stay_client_queued", "line\"", "1");
	SHOWS("stay_client_waiting", "line\"", "1");
	SHOWS("stay_client_queued_size_bytes", "line\"", "5");
	SHOWS("stay_client_in_flight_size_bytes", "line\"", "13");
	SHOWS("stay_client_rejected_total", "line\"", "3");
	SHOWS("stay_client_pushes_total", "line\"", "2");
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	take_page(metrics);
	SHOWS("stay_client_resent_total", "line\"", "1");
	line_end(&rig);
}

/* In virtual time a reply takes as long as it says. */
TEST(metrics_count_how_long_a_call_takes)
{
	static const char line[] =
	    "db_client_operation_duration_seconds_bucket{db_system_name="
	    "\"line\",stay_outcome=\"maybe_executed\",le=";

	begin_line(OPTIONS(.call_timeout_ms = 70));
	line_call(&rig, "a", LINE("not answered"));
	line_run(&rig, 200);
	line_end(&rig);
	take_page(metrics);
	expect(true, "%s\"0.05\"} 0\n", line);
	expect(true, "%s\"0.1\"} 1\n", line);
	expect(true, "%s\"+Inf\"} 1\n", line);
	expect(true,
	    "duration_seconds_sum{db_system_name=\"line\",stay_outcome="
	    "\"maybe_executed\"} 0.07");
}

/* ---- connections ---- */

TEST(metrics_count_ups_and_downs)
{
	begin_line(NULL);
	line_run(&rig, 5000);
	(void)line_call(&rig, "a", LINE("reset"));
	line_run(&rig, 2000);
	take_page(metrics);
	SHOWS("stay_connection_attempts_total", "line\"", "2");
	SHOWS("stay_connection_ups_total", "line\"", "2");
	SHOWS("stay_connection_reconnects_total", "line\"", "1");
	SHOWS("stay_connection_failures_total",
	    "line\",stay_phase=\"session\",error_type=\"STAY_E_RESET\"", "1");
	SHOWS("stay_connection_count",
	    "line\",stay_connection_state=\"connected\"", "1");
	SHOWS("stay_connection_state_changes_total",
	    "line\",stay_connection_state=\"connected\"", "2");
	SHOWS("stay_connection_state_changes_total",
	    "line\",stay_connection_state=\"backing_off\"", "1");
	SHOWS("db_client_connection_create_time_seconds_count", "line\"", "2");
	SHOWS("stay_connection_uptime_seconds_bucket", "line\",le=\"1\"", "0");
	SHOWS("stay_connection_uptime_seconds_bucket", "line\",le=\"10\"", "1");
	SHOWS("stay_connection_outage_seconds_count", "line\"", "1");
	line_end(&rig);
}

/* ---- whose they are ---- */

TEST(metrics_may_be_set_and_taken_away)
{
	begin();
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"));
	line_call(&rig, "b", LINE("not answered"));
	line_run(&rig, 20);
	stay_loop_set_metrics(rig.loop, metrics);
	ck_assert_ptr_eq(stay_loop_metrics(rig.loop), metrics);
	line_run(&rig, 10);
	take_page(metrics);
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"replied\"", "1");
	LACKS("duration_seconds_count"); /* it was not timed */
	line_call(&rig, "d", LINE("not answered"));
	line_run(&rig, 10);
	stay_loop_set_metrics(rig.loop, NULL);
	ck_assert_ptr_null(stay_loop_metrics(rig.loop));
	line_call(&rig, "c", LINE("say +c"));
	line_run(&rig, 20);
	line_end(&rig);
	take_page(metrics);
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"replied\"", "1");
	LACKS("duration_seconds_count"); /* nor was "d", which ended later */
}

/* The loop goes first; nothing in them points to it then. */
TEST(metrics_outlive_their_loop)
{
	begin_line(NULL);
	line_end(&rig);
	take_page(metrics);
	SHOWS("stay_connection_ups_total", "line\"", "1");
	SHOWS("stay_client_in_flight", "line\"", "0");
}

static void
read_in_release(const void *config)
{
	(void)config;
	take_page(metrics);
}

/* The client is gone then, and is counted once. */
TEST(metrics_may_be_read_when_a_config_is_released)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &rig.config, .config_release = read_in_release };
	struct stay_client *other;

	begin_line(NULL);
	EXPECT_OK(stay_client_start(
	    &other, rig.loop, rig.protocol, "line://10.0.0.1:7777", &options));
	line_run(&rig, 20);
	EXPECT_OK(stay_client_call(other, LINE("say +a"), NULL, NULL));
	line_run(&rig, 20);
	stay_client_stop(other, STAY_OK);
	line_run(&rig, 1000);
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"replied\"", "1");
	SHOWS("stay_connection_closed_total", "line\"", "1");
	SHOWS("stay_connection_count",
	    "line\",stay_connection_state=\"stopped\"", "0");
	line_end(&rig);
}

TEST(metrics_of_several_loops_are_added)
{
	struct stay_metrics *sum = stay_metrics_new();

	for (int i = 0; i < 2; i++) {
		begin_line(NULL);
		line_call(&rig, "a", LINE("say +a"));
		line_run(&rig, 20);
		stay_metrics_add(sum, metrics);
		line_end(&rig);
		end();
	}
	take_page(sum);
	SHOWS(
	    "stay_client_calls_total", "line\",stay_outcome=\"replied\"", "2");
	SHOWS("db_client_operation_duration_seconds_count",
	    "line\",stay_outcome=\"replied\"", "2");
	stay_metrics_free(sum);
	stay_buf_fini(&page);
}

TEST(metrics_are_written_whole_or_not_at_all)
{
	struct stay_buf small;

	begin_line(NULL);
	stay_buf_init(&small, 1000);
	EXPECT_OK(stay_buf_puts(&small, "x"));
	ck_assert_int_eq(
	    stay_metrics_prometheus(metrics, &small), STAY_E_TOO_BIG);
	ck_assert_uint_eq(stay_buf_len(&small), 1);
	stay_buf_fini(&small);
	line_end(&rig);
}

/* ---- names ---- */

TEST(metrics_know_commands_of_redis_by_name)
{
	static struct redis_virtual here;
	static const char count[] = "db_client_operation_duration_seconds_count"
				    "{db_system_name=\"redis\","
				    "db_operation_name=";
	struct stay_redis_group *group;

	begin();
	redis_virtual_open(&here, NULL);
	stay_loop_set_metrics(here.loop, metrics);
	redis_virtual_start(&here, "redis://10.0.0.1", NULL);
	for (int i = 0; i < 5; i++)
		(void)stay_redis_command(here.redis, NULL, NULL, "GET a");
	(void)stay_redis_command(here.redis, NULL, NULL, "set a b");
	(void)stay_redis_command(here.redis, NULL, NULL, "odd a");
	(void)stay_redis_command(here.redis, NULL, NULL, "s3cr3t");
	group = stay_redis_pipeline_new(here.redis);
	(void)stay_redis_group_add(group, "GET b");
	(void)stay_redis_group_add(group, "GET c");
	EXPECT_OK(stay_redis_group_send(group, NULL, NULL, NULL));
	sim_run_ms(here.world, 50);
	take_page(metrics);
	expect(true, "%s\"GET\",stay_outcome=\"replied\"} 5\n", count);
	expect(true, "%s\"SET\",stay_outcome=\"replied\"} 1\n", count);
	expect(true, "%s\"_OTHER\",stay_outcome=\"replied\"} 2\n", count);
	expect(true, "%s\"BATCH\",stay_outcome=\"replied\"} 1\n", count);
	SHOWS("stay_client_calls_total", "redis\",stay_outcome=\"replied\"",
	    "10");
	LACKS("s3cr3t");
	redis_virtual_end(&here);
}

/* Those that are too many, and what is no name, have one place together. */
TEST(metrics_have_a_place_for_so_many_names)
{
	struct stay__meter *meter = calloc(1, sizeof(*meter));
	struct stay__system *system = stay__meter_system(meter, "x");
	char name[32];

	ck_assert_uint_eq(
	    stay__system_learn(system, "of_24_bytes_without_NUL."), 0);
	for (unsigned i = 1; i <= STAY__METER_OPERATIONS + 5; i++) {
		snprintf(name, sizeof(name), "N%u", i);
		ck_assert_uint_eq(stay__system_learn(system, name),
		    i <= STAY__METER_OPERATIONS ? i : 0);
	}
	ck_assert_uint_eq(stay__system_learn(system, "N1"), 1);
	ck_assert_uint_eq(stay__system_learn(system, ""), 0);
	ck_assert_uint_eq(stay__system_learn(system, "A\"B"), 0);
	ck_assert_uint_eq(
	    stay__system_learn(system, "a_name_that_is_far_too_long"), 0);
	for (unsigned i = 0; i < STAY__METER_SYSTEMS + 3; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		ck_assert_ptr_eq(stay__meter_system(meter, name),
		    &meter->systems[i + 1 < STAY__METER_SYSTEMS
					? i + 1
					: STAY__METER_SYSTEMS - 1]);
	}
	ck_assert_str_eq(
	    meter->systems[STAY__METER_SYSTEMS - 1].name, "_OTHER");
	ck_assert_ptr_eq(stay__meter_system(meter, "s0"), &meter->systems[1]);
	free(meter);
}

/* What it counts is not the next one's. */
TEST(metrics_have_a_place_for_who_has_no_name)
{
	struct stay__meter *meter = calloc(1, sizeof(*meter));
	const struct stay__system *others =
	    &meter->systems[STAY__METER_SYSTEMS - 1];

	ck_assert_ptr_eq(stay__meter_system(meter, ""), others);
	ck_assert_str_eq(others->name, "_OTHER");
	ck_assert_ptr_eq(stay__meter_system(meter, "x"), &meter->systems[0]);
	free(meter);
}

/* Up to its bound, which is in it; several of the same at once. */
TEST(metrics_of_a_histogram)
{
	struct stay__histogram histogram = { 0 };

	stay__histogram_add(&histogram, stay__fast_bounds, 100000);
	stay__histogram_add_many(&histogram, stay__fast_bounds, 100001, 3);
	ck_assert_uint_eq(histogram.counts[0], 1);
	ck_assert_uint_eq(histogram.counts[1], 3);
	ck_assert_uint_eq(histogram.sum, 400003);
}

/* A failure is known by its phase in the sum, too, whichever came first. */
TEST(metrics_are_added_by_name)
{
	struct stay__meter *from = calloc(1, sizeof(*from));
	struct stay__meter *to = calloc(1, sizeof(*to));
	struct stay__system *system = stay__meter_system(from, "b");
	uint8_t row = stay__system_learn(system, "GET");

	stay__meter_system(to, "a");
	stay__system_learn(stay__meter_system(to, "b"), "SET");
	(void)stay__meter_failure(to, "hello", STAY_OK);
	system->past
	    .FAILURES[stay__meter_failure(from, "session", STAY_E_RESET)] = 3;
	system->durations.LATENCY[row * STAY_OUTCOME_COUNT].sum = 5;
	system->durations.CREATE[0].sum = system->durations.OUTAGE[0].sum = 6;
	stay__meter_add(to, from);
	system = stay__meter_system(to, "b");
	ck_assert_str_eq(system->name, "b");
	ck_assert_uint_eq(
	    system->past
		.FAILURES[stay__meter_failure(to, "session", STAY_E_RESET)],
	    3);
	ck_assert_uint_eq(
	    system->past
		.FAILURES[stay__meter_failure(to, "hello", STAY_E_RESET)],
	    0);
	row = stay__system_learn(system, "GET");
	ck_assert_uint_eq(row, 2);
	ck_assert_uint_eq(
	    system->durations.LATENCY[row * STAY_OUTCOME_COUNT].sum, 5);
	ck_assert_uint_eq(system->durations.CREATE[0].sum, 6);
	ck_assert_uint_eq(system->durations.OUTAGE[0].sum, 6);
	free(from);
	free(to);
}

/* ---- pools ---- */

static struct pool_rig pool;

/* Of one connection. */
static void
begin_pool(void)
{
	begin();
	pool_prepare(&pool);
	stay_loop_set_metrics(pool.line.loop, metrics);
	pool_start(&pool, POOL(.connections_max = 1));
	sim_run_ms(pool.line.world, 20);
}

TEST(metrics_count_what_a_pool_lends)
{
	struct pool_user *a;

	begin_pool();
	a = pool_have(&pool, "a");
	(void)pool_want_within(&pool, "b", 30);
	sim_run_ms(pool.line.world, 100);
	(void)pool_want(&pool, "c");
	sim_run_ms(pool.line.world, 1);
	take_page(metrics);
	SHOWS("db_client_connection_count",
	    "line\",db_client_connection_state=\"used\"", "1");
	SHOWS("db_client_connection_max", "line\"", "1");
	SHOWS("db_client_connection_pending_requests", "line\"", "1");
	SHOWS("db_client_connection_timeouts_total", "line\"", "1");
	pool_give(a);
	sim_run_ms(pool.line.world, 20);
	take_page(metrics);
	SHOWS("stay_pool_hand_backs_total", "line\"", "1");
	SHOWS("db_client_connection_use_time_seconds_bucket",
	    "line\",le=\"0.1\"", "0");
	SHOWS("db_client_connection_use_time_seconds_bucket",
	    "line\",le=\"0.5\"", "1");
	SHOWS("db_client_connection_wait_time_seconds_count", "line\"", "2");
	pool_give(&pool.users[2]);
	pool_end(&pool);
}

/* How long he waited for it is none of its use. */
TEST(metrics_count_a_use_from_when_it_began)
{
	struct pool_user *a;

	begin_pool();
	a = pool_have(&pool, "a");
	(void)pool_want(&pool, "b");
	sim_run_ms(pool.line.world, 400);
	pool_give(a);
	sim_run_ms(pool.line.world, 10);
	pool_give(&pool.users[1]);
	sim_run_ms(pool.line.world, 10);
	take_page(metrics);
	SHOWS("db_client_connection_use_time_seconds_bucket",
	    "line\",le=\"0.1\"", "1");
	SHOWS("db_client_connection_use_time_seconds_bucket",
	    "line\",le=\"0.5\"", "2");
	pool_end(&pool);
}

/* One that is tried again is in nobody's hands; one that is made as new is. */
TEST(metrics_count_no_use_of_what_is_away)
{
	struct pool_user *a;

	begin_pool();
	a = pool_have(&pool, "a");
	EXPECT_OK(stay_client_call(
	    stay_lease_client(a->lease), LINE("quiet"), NULL, NULL));
	pool_give(a);
	sim_run_ms(pool.line.world, 1);
	take_page(metrics);
	SHOWS("db_client_connection_count",
	    "line\",db_client_connection_state=\"used\"", "1");
	sim_unlisten(pool.line.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(pool.line.peer);
	sim_run_ms(pool.line.world, 10);
	take_page(metrics);
	SHOWS("db_client_connection_count",
	    "line\",db_client_connection_state=\"used\"", "0");
	SHOWS("db_client_connection_count",
	    "line\",db_client_connection_state=\"idle\"", "0");
	pool_end(&pool);
}

/* A lease of what has ended is of no connection: no more are used than there may be. */
TEST(metrics_count_no_use_of_what_has_ended)
{
	struct pool_user *a, *b;

	begin_pool();
	a = pool_have(&pool, "a");
	stay_client_stop(stay_lease_client(a->lease), STAY_OK);
	b = pool_want(&pool, "b");
	sim_run_ms(pool.line.world, 5000);
	ck_assert_ptr_nonnull(b->lease);
	take_page(metrics);
	SHOWS("db_client_connection_count",
	    "line\",db_client_connection_state=\"used\"", "1");
	pool_give(a);
	pool_give(b);
	pool_end(&pool);
}

TEST_SUITE_WITH(metrics, .after = end)
