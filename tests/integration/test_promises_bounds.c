/*
 * Promise 7 with a real redis-server: what a client holds is bounded by count
 * and by bytes, whatever the caller asks for and the server answers. The heap
 * itself is looked at.
 */
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/fault_proxy.h"
#include "support/heap.h"
#include "support/redis_bed.h"

#define KIB         ((size_t)1024)
#define MIB         (1024 * KIB)
#define CALL_MAX    512         /* bytes of the heap for one call, at most */
#define SLACK       (256 * KIB) /* a few slabs, and a block here and there */
#define VALUE       4000
#define QUEUE_CALLS 2000
#define QUEUE_BYTES (2 * MIB)

/* ---- what is used of the heap ---- */

static size_t heap_before, heap_most;

static void
heap_begin(void)
{
	heap_before = heap_most = heap_in_use();
}

/* Looked at in every turn. */
static void
heap_look(void)
{
	size_t now = heap_in_use();

	if (now > heap_most)
		heap_most = now;
}

static void
heap_check(size_t most)
{
	heap_look();
	ck_assert_uint_le(heap_most - heap_before, most);
}

/* ---- a queue that fills up ---- */

static struct {
	unsigned accepted;
	unsigned told;
	unsigned replied;
} queue;

static void
on_done(void *arg, const struct stay_result *result)
{
	(void)arg;
	queue.told++;
	queue.replied += result->outcome == STAY_REPLIED;
}

static enum stay_status
append(struct stay_redis *redis, const char *value, size_t len)
{
	enum stay_status status = stay_redis_command(
	    redis, on_done, NULL, "APPEND list %b", value, len);

	queue.accepted += status == STAY_OK;
	return status;
}

/* Far more than there is room for; how often it was refused. */
static unsigned
overfill(struct stay_redis *redis, size_t len)
{
	static const char value[VALUE];
	unsigned refused = 0;

	for (int i = 0; i < 5 * QUEUE_CALLS; i++) {
		enum stay_status status = append(redis, value, len);

		if (status != STAY_OK)
			ck_assert_int_eq(status, STAY_E_FULL);
		else
			ck_assert_uint_eq(refused, 0);
		refused += status != STAY_OK;
	}
	return refused;
}

static bool
all_told(void *arg)
{
	(void)arg;
	heap_look();
	return queue.told >= queue.accepted;
}

/* A log grows by doubling, so that at most half of it is spare. */
static size_t
queue_most(void)
{
	return 2 * QUEUE_BYTES + queue.accepted * CALL_MAX + SLACK;
}

static struct stay_redis *
start_bounded(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .call_timeout_ms = STAY_FOREVER,
		    .queue_calls_max = QUEUE_CALLS,
		    .queue_bytes_max = QUEUE_BYTES } };

	memset(&queue, 0, sizeof(queue));
	return rig_start(&rig, server.url, &options);
}

/* With small calls their number is what is reached, with large ones the bytes.
 */
TEST_ROWS(promise_7_a_queue_holds_what_it_may_while_the_server_is_down, 2)
{
	size_t len = _i == 0 ? 1 : VALUE;
	struct stay_redis *redis;
	struct answer answer;
	size_t full;

	redis_server_kill(&server);
	redis = start_bounded();
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	heap_begin();
	ck_assert_uint_gt(overfill(redis, len), 2 * QUEUE_CALLS);
	if (_i == 0)
		ck_assert_uint_eq(queue.accepted, QUEUE_CALLS);
	else
		ck_assert_uint_le(queue.accepted * VALUE, QUEUE_BYTES);
	heap_check(queue_most());
	/* What is refused costs nothing. */
	full = heap_in_use();
	ck_assert_uint_eq(overfill(redis, len), 5 * QUEUE_CALLS);
	ck_assert_uint_eq(heap_in_use(), full);
	/* And what was accepted is answered, no more and no less. */
	redis_server_restart(&server);
	rig_until(&rig, all_told, NULL, 10);
	heap_check(queue_most());
	ck_assert_uint_eq(queue.replied, queue.accepted);
	ask_now(&rig, redis, &answer, "STRLEN list");
	ck_assert_int_eq(answer.integer, (int64_t)(queue.accepted * len));
	check_counts(redis);
}

/* ---- calls in flight ---- */

#define INFLIGHT 50
#define ECHO_UP  24u /* *2 $4 ECHO $4 0001 */

static bool
all_arrived(void *arg)
{
	struct stay_redis *redis = arg;

	return counts_of(stay_redis_client(redis)).in_flight == INFLIGHT;
}

/* Frozen, it answers nothing: not a byte of more requests leaves. */
TEST(promise_7_no_more_is_in_flight_than_may_be)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = {
		    STAY_CLIENT_OPTIONS, .inflight_calls_max = INFLIGHT } };
	struct answer answers[4 * INFLIGHT];
	struct fault_proxy proxy;
	struct stay_redis *redis;
	uint64_t greeting;

	fault_proxy_open(&proxy, rig.ev, server.port);
	redis = rig_connect(&rig, proxy.url, &options);
	greeting = proxy.bytes[FAULT_UP];
	redis_server_freeze(&server);
	for (int i = 0; i < 4 * INFLIGHT; i++)
		ask(redis, &answers[i], "ECHO %04d", i);
	rig_until(&rig, all_arrived, redis, 20);
	rig_run(&rig, 0.1);
	ck_assert_uint_eq(proxy.bytes[FAULT_UP] - greeting, INFLIGHT * ECHO_UP);
	redis_server_thaw(&server);
	for (int i = 0; i < 4 * INFLIGHT; i++) {
		await_answer(&rig, &answers[i], 20);
		ck_assert_int_eq(answers[i].integer, i);
	}
	check_counts(redis);
	rig_stop(&rig, redis);
	fault_proxy_close(&proxy);
}

/* ---- a reply larger than it may be ---- */

#define REPLY_BYTES_MAX (256 * KIB)

/* As one string, which says how long it is, and as a list, which doesn't. */
static void
store_too_much(void)
{
	const char *const orders[] = {
		"SETRANGE string 4194304 x",
		"EVAL %s 0",
	};
	struct answer answer;

	ask_now(&rig, admin, &answer, orders[0]);
	EXPECT_OK(answer.status);
	ask_now(&rig, admin, &answer, orders[1],
	    "local value = string.rep('x', 1000) "
	    "for i = 1, 4000 do redis.call('RPUSH', 'list', value) end");
	EXPECT_OK(answer.status);
}

static bool
is_told(void *arg)
{
	heap_look();
	return ((const struct answer *)arg)->told > 0;
}

/* Nor do those behind it wait for another session. */
TEST_ROWS(promise_7_a_reply_larger_than_it_may_be_costs_nobody_else, 3)
{
	static const char *const asked[] = { "GET string", "LRANGE list 0 -1",
		"MGET huge huge" };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 60000,
		    .reply_bytes_max = REPLY_BYTES_MAX } };
	struct answer before, huge, after, next;
	struct stay_redis *redis;

	store_too_much();
	ask_now(&rig, admin, &next, "SETRANGE huge 67108863 x");
	redis = rig_connect(&rig, server.url, &options);
	ask_now(&rig, redis, &next, "ECHO first");
	heap_begin();
	ask(redis, &before, "ECHO before");
	ask(redis, &huge, asked[_i]);
	ask(redis, &after, "ECHO after");
	rig_until(&rig, is_told, &after, 60);
	ck_assert_str_eq(before.text, "before");
	ck_assert_int_eq(huge.status, STAY_E_TOO_BIG);
	ck_assert_int_eq(huge.outcome, STAY_REPLIED);
	ck_assert_str_eq(after.text, "after");
	ask_now(&rig, redis, &next, "ECHO next");
	ck_assert_str_eq(next.text, "next");
	/* Twice, as it is moved to a larger place; and the nodes of the list.
	 */
	heap_check(2 * REPLY_BYTES_MAX + SLACK);
	ck_assert_uint_eq(counts_of(stay_redis_client(redis)).sessions, 1);
	check_counts(redis);
}

/* One byte less is fine. */
TEST(promise_7_a_reply_as_large_as_it_may_be_is_delivered)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = {
		    STAY_CLIENT_OPTIONS, .reply_bytes_max = REPLY_BYTES_MAX } };
	const size_t frame = sizeof("$262133\r\n\r\n") - 1;
	struct stay_redis *redis;
	struct answer answer;

	redis = rig_connect(&rig, server.url, &options);
	ask_now(&rig, admin, &answer, "SETRANGE string %zu x",
	    REPLY_BYTES_MAX - frame - 1);
	ask_now(&rig, redis, &answer, "GET string");
	EXPECT_OK(answer.status);
	ck_assert_uint_eq(answer.len, REPLY_BYTES_MAX - frame);
	ask_now(&rig, admin, &answer, "APPEND string x");
	ask_now(&rig, redis, &answer, "GET string");
	ck_assert_int_eq(answer.status, STAY_E_TOO_BIG);
}

TEST_SUITE_WITH(promises_bounds, .before = bed_open_with_admin,
    .after = bed_close, .seconds = 60)
