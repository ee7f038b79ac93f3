/*
 * Replies that are kept beyond their callback: what they cost, what bounds
 * them, and that what they point to holds still.
 */
#include <string.h>

#include <stay/echo.h>
#include <stay/redis.h>

#include "base/slab.h"
#include "suites.h"
#include "support/counts.h"
#include "support/line_rig.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define HOST  "10.0.0.1"
#define LARGE 40000 /* is not copied */

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_client *client;
static struct stay_redis *redis;
static struct stay_held *held[8];
static size_t held_count;
static enum stay_status said;
static char message[LARGE];

/* ---- servers ---- */

static const struct peer_row echoing[] = { ON(PEER_ANYTHING, PEER_REPEATS),
	NO_MORE };

/* One reply for all that is asked. */
static const struct peer_row answering[] = {
	REDIS_GREETS,
	ON(PEER_ANYTHING, "|1\r\n+about\r\n+it\r\n*3\r\n$3\r\none\r\n:2\r\n"
			  "*1\r\n$5\r\nthree\r\n"),
	NO_MORE,
};

static struct peer server;

/* ---- the rig ---- */

static void
begin(const struct peer_row *rows, peer_read_fn *reads, int port)
{
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	server = (struct peer){ .rows = rows, .reads = reads };
	peer_listen(&server, world, HOST, port);
	held_count = 0;
	said = STAY_OK;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (char)('a' + i % 26);
}

static void
begin_echo(struct stay_client_options options)
{
	options.size = sizeof(options);
	begin(echoing, peer_reads_bytes, 7);
	EXPECT_OK(stay_echo_start(&client, loop, "echo://" HOST, &options));
}

static void
end(void)
{
	if (loop == NULL)
		return;
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
	loop = NULL;
}

static void
hold(void *arg, const struct stay_result *result)
{
	(void)arg;
	said = stay_held_new(client, result->reply, &held[held_count]);
	if (said == STAY_OK)
		held_count++;
	else
		ck_assert_ptr_null(held[held_count]);
}

static void
echo_and_hold(size_t len)
{
	message[0]++;
	EXPECT_OK(stay_echo_call(client, message, len, hold, NULL));
	sim_run_ms(world, 10);
}

static bool
is_kept(size_t i, char first, size_t len)
{
	const struct stay_bytes *reply = stay_held_reply(held[i]);

	return reply->len == len && reply->data[0] == first &&
	       memcmp(reply->data + 1, message + 1, len - 1) == 0;
}

/* ---- what is kept ---- */

TEST(hold_small_and_large_replies_stay_as_they_are)
{
	begin_echo((struct stay_client_options){ 0 });
	echo_and_hold(100);
	echo_and_hold(LARGE);
	echo_and_hold(200);
	for (int i = 0; i < 5; i++)
		EXPECT_OK(stay_echo_call(client, "over", 4, NULL, NULL));
	sim_run_ms(world, 10);
	ck_assert_uint_eq(held_count, 3);
	ck_assert(is_kept(0, 'b', 100));
	ck_assert(is_kept(1, 'c', LARGE));
	ck_assert(is_kept(2, 'd', 200));
	while (held_count > 0)
		stay_held_free(held[--held_count]);
}

static void
hold_third(void *arg, const struct stay_result *result)
{
	(void)arg;
	said = stay_held_new(stay_redis_client(redis),
	    stay_redis_at(result->reply, 2), &held[0]);
	said |=
	    stay_held_new(stay_redis_client(redis), result->reply, &held[1]);
}

TEST(hold_keeps_any_node_of_a_redis_reply)
{
	const struct stay_redis_reply *whole, *third;

	begin(answering, peer_reads_commands, 6379);
	EXPECT_OK(stay_redis_start(&redis, loop, "redis://" HOST, NULL));
	EXPECT_OK(stay_redis_command(redis, hold_third, NULL, "ONE"));
	sim_run_ms(world, 10);
	EXPECT_OK(said);
	EXPECT_OK(stay_redis_command(redis, NULL, NULL, "OTHER"));
	sim_run_ms(world, 10);
	third = stay_held_reply(held[0]);
	whole = stay_held_reply(held[1]);
	ck_assert_str_eq(stay_redis_str(stay_redis_at(third, 0)), "three");
	ck_assert_str_eq(stay_redis_str(stay_redis_at(whole, 0)), "one");
	ck_assert_str_eq(
	    stay_redis_str(stay_redis_at(stay_redis_at(whole, 2), 0)), "three");
	ck_assert_str_eq(stay_redis_str(stay_redis_map_get(
			     stay_redis_attribute(whole), "about")),
	    "it");
	stay_held_free(held[1]);
	ck_assert_str_eq(stay_redis_str(stay_redis_at(third, 0)), "three");
	stay_held_free(held[0]);
}

/* ---- how long ---- */

TEST(promise_10_a_held_reply_outlives_its_client)
{
	begin_echo((struct stay_client_options){ 0 });
	echo_and_hold(LARGE);
	stay_client_stop(client, STAY_OK);
	ck_assert(sim_run(world, 60000));
	ck_assert_int_eq(stay_loop_free(loop), STAY_E_LIVE);
	ck_assert(is_kept(0, 'b', LARGE));
	stay_held_free(held[0]);
}

/* ---- 7: bounds ---- */

TEST(promise_7_held_replies_are_bounded_in_number)
{
	begin_echo((struct stay_client_options){ .held_replies_max = 2 });
	for (int i = 0; i < 3; i++)
		echo_and_hold(10);
	ck_assert_uint_eq(held_count, 2);
	ck_assert_int_eq(said, STAY_E_FULL);
	ck_assert_uint_eq(counts_of(client).held, 2);
	stay_held_free(held[--held_count]);
	ck_assert_uint_eq(counts_of(client).held, 1);
	echo_and_hold(10);
	EXPECT_OK(said);
	while (held_count > 0)
		stay_held_free(held[--held_count]);
}

/* A frame that pins a slab costs all of the slab. */
TEST(promise_7_held_replies_are_bounded_in_bytes)
{
	begin_echo((struct stay_client_options){
	    .held_bytes_max = STAY__SLAB_SIZE + LARGE });
	echo_and_hold(LARGE);
	EXPECT_OK(said);
	echo_and_hold(LARGE);
	ck_assert_int_eq(said, STAY_E_FULL);
	echo_and_hold(1000);
	EXPECT_OK(said);
	ck_assert_uint_gt(counts_of(client).held_bytes, STAY__SLAB_SIZE + 1000);
	stay_held_free(held[--held_count]);
	ck_assert_uint_lt(counts_of(client).held_bytes, STAY__SLAB_SIZE + 1000);
	while (held_count > 0)
		stay_held_free(held[--held_count]);
	ck_assert_uint_eq(counts_of(client).held_bytes, 0);
}

/* One that is larger by itself is never kept. */
TEST(held_replies_of_more_than_the_bound)
{
	begin_echo(
	    (struct stay_client_options){ .held_bytes_max = STAY__SLAB_SIZE });
	echo_and_hold(LARGE);
	ck_assert_int_eq(said, STAY_E_TOO_BIG);
	echo_and_hold(1000);
	EXPECT_OK(said);
	while (held_count > 0)
		stay_held_free(held[--held_count]);
}

/* What a reply of this size costs. */
static uint64_t
cost_of(size_t len)
{
	uint64_t cost;

	echo_and_hold(len);
	ck_assert_uint_eq(held_count, 1);
	cost = counts_of(client).held_bytes;
	stay_held_free(held[--held_count]);
	return cost;
}

/* A copy costs its bytes, a pinned frame its slab, and both the same besides. */
TEST(promise_7_held_bytes_are_counted_one_by_one)
{
	size_t largest = STAY__SLAB_SIZE / 4; /* that is copied */
	uint64_t cost;

	begin_echo((struct stay_client_options){ 0 });
	cost = cost_of(100);
	ck_assert_uint_eq(cost_of(largest), cost - 100 + largest);
	ck_assert_uint_eq(cost_of(largest + 1), cost - 100 + STAY__SLAB_SIZE);
}

/* So many are kept, and with a byte less one less. */
TEST_ROWS(promise_7_held_bytes_are_bounded_to_the_byte, 6)
{
	unsigned count = 1 + (unsigned)_i / 2, less = (unsigned)_i % 2;
	uint64_t cost;

	begin_echo((struct stay_client_options){ 0 });
	cost = cost_of(100);
	end();
	begin_echo((struct stay_client_options){
	    .held_bytes_max = count * cost - less });
	for (unsigned i = 0; i < 4; i++)
		echo_and_hold(100);
	ck_assert_uint_eq(held_count, count - less);
	while (held_count > 0)
		stay_held_free(held[--held_count]);
}

/* ---- without memory ---- */

/* `arg`: which allocation fails. */
static void
hold_scarcely(void *arg, const struct stay_result *result)
{
	scarce_arm(*(const unsigned *)arg);
	said = stay_held_new(client, result->reply, &held[0]);
	if (scarce_disarm())
		ck_assert_ptr_null(held[0]);
}

/* The reply, what counts those of a client, and the block that leads to that. */
TEST(hold_without_memory_keeps_nothing)
{
	unsigned nth = 1;

	begin_echo((struct stay_client_options){ 0 });
	for (said = STAY_E_NOMEM; said != STAY_OK; nth++) {
		ck_assert_int_eq(said, STAY_E_NOMEM);
		ck_assert_uint_eq(counts_of(client).held, 0);
		EXPECT_OK(
		    stay_echo_call(client, message, 10, hold_scarcely, &nth));
		sim_run_ms(world, 10);
	}
	ck_assert_uint_eq(nth, 5);
	ck_assert_uint_eq(counts_of(client).held, 1);
	stay_held_free(held[0]);
	ck_assert_uint_eq(counts_of(client).held, 0);
}

/* ---- misuse ---- */

TEST(hold_only_inside_of_a_consumer)
{
	struct stay_bytes stale = { "x", 1 };

	begin_echo((struct stay_client_options){ 0 });
	ck_assert_int_eq(stay_held_new(client, &stale, &held[0]), STAY_E_STATE);
	ck_assert_ptr_null(held[0]);
	ck_assert_int_eq(stay_held_new(client, &stale, NULL), STAY_E_ARG);
	stay_held_free(NULL);
}

/* A call that is told without a reply has none to be kept. */
TEST(hold_nothing_is_no_reply)
{
	begin_echo((struct stay_client_options){ .call_timeout_ms = 20 });
	sim_freeze(world, HOST, 7, true);
	EXPECT_OK(stay_echo_call(client, "x", 1, hold, NULL));
	sim_run_ms(world, 100);
	ck_assert_int_eq(said, STAY_E_STATE);
}

static void
hold_anything(void *arg, const struct stay_result *result)
{
	(void)result;
	said = stay_held_new(stay_redis_client(redis), arg, &held[0]);
}

TEST(hold_what_is_no_node_is_refused)
{
	static const char foreign[64];

	begin(answering, peer_reads_commands, 6379);
	EXPECT_OK(stay_redis_start(&redis, loop, "redis://" HOST, NULL));
	EXPECT_OK(stay_redis_command(
	    redis, hold_anything, (void *)(uintptr_t)foreign, "ONE"));
	sim_run_ms(world, 10);
	ck_assert_int_eq(said, STAY_E_ARG);
	EXPECT_OK(stay_redis_command(redis, hold_anything, NULL, "ONE"));
	sim_run_ms(world, 10);
	ck_assert_int_eq(said, STAY_E_ARG);
}

static struct line_rig rig;

static void
hold_line(struct line_call *call)
{
	said = stay_held_new(call->rig->client, call->reply, &held[0]);
}

TEST(hold_needs_the_protocols_consent)
{
	line_prepare(&rig);
	rig.protocol = &line_bare_protocol;
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"))->then = hold_line;
	line_run(&rig, 10);
	ck_assert_int_eq(said, STAY_E_UNSUPPORTED);
	line_end(&rig);
}

TEST_SUITE_WITH(hold, .after = end)
