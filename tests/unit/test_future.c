/* Futures: calls that are waited for, on a loop that nobody runs. */
#include <stay/redis_future.h>

#include <stay/echo.h>
#include <stay/lend.h>

#include "suites.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define URL "redis://10.0.0.1"

static struct redis_virtual here;

static const struct peer_row answering[] = {
	ON("GET a", "$1\r\nA\r\n"),
	ON("GET slow", PEER_LATE("50") "$4\r\nslow\r\n"),
	ON("GET never", ""),
	ON("GET bad", "-ERR bad\r\n"),
	ON("GET nil", "_\r\n"),
	ON("INCR n", ":1\r\n"),
	ON("EVALSHA", "-NOSCRIPT\r\n"),
	ON("EVAL return-1 1 k 7", "$1\r\nS\r\n"),
	ON("EVAL return-1 1 k never", ""),
	NO_MORE,
};

static const struct peer_row refusing[] = {
	ON("HELLO", "-WRONGPASS no\r\n"),
	NO_MORE,
};

/* Nothing has run yet: the first wait dials. */
static void
begin(struct stay_client_options options)
{
	struct stay_redis_options all = { STAY_REDIS_OPTIONS,
		.client = options };

	all.client.size = sizeof(all.client);
	all.client.backoff.initial_ms = 10;
	redis_virtual_open(&here, answering);
	EXPECT_OK(stay_redis_start(&here.redis, here.loop, URL, &all));
}

static void
end(void)
{
	EXPECT_OK(stay_loop_close(here.loop, 1000));
	here.loop = NULL;
}

static void
check(struct stay_future *future, enum stay_status status,
    enum stay_outcome outcome, const char *text)
{
	const struct stay_result *result = stay_future_result(future);

	ck_assert_ptr_nonnull(result);
	ck_assert_int_eq(result->status, status);
	ck_assert_int_eq(result->outcome, outcome);
	ck_assert_str_eq(stay_redis_str(stay_future_reply(future)), text);
	ck_assert_str_eq(stay_future_why(future), result->why);
	stay_future_free(future);
}

/* ---- one ---- */

static struct stay_future *
call_never(const struct stay_redis_script *script,
    const struct stay_call_options *options, const char *format, ...)
{
	struct stay_future *future;
	va_list list;

	va_start(list, format);
	future = stay_redis_script_vfuture(
	    here.redis, script, options, format, list);
	va_end(list);
	return future;
}

TEST(future_has_the_reply)
{
	struct stay_future *future;

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_command_wait(here.redis, &future, "GET %s", "a"));
	check(future, STAY_OK, STAY_REPLIED, "A");
	EXPECT_OK(stay_redis_command_wait(here.redis, NULL, "GET slow"));
	EXPECT_OK(stay_redis_command_wait(here.redis, &future, "GET nil"));
	ck_assert_int_eq(
	    stay_redis_type_of(stay_future_reply(future)), STAY_REDIS_NIL);
	stay_future_free(future);
}

TEST(future_says_why_there_is_no_good_reply)
{
	struct stay_future *future;

	begin((struct stay_client_options){ .call_timeout_ms = 100 });
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, &future, "GET bad"),
	    STAY_E_SERVER);
	EXPECT_IN(stay_future_why(future), "ERR bad");
	check(future, STAY_E_SERVER, STAY_REPLIED, "ERR bad");
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, &future, "GET never"),
	    STAY_E_TIMEOUT);
	check(future, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED, "");
	ck_assert_int_eq(stay_redis_command_wait(here.redis, &future, "AUTH a"),
	    STAY_E_UNSUPPORTED);
	check(future, STAY_E_UNSUPPORTED, STAY_NOT_SENT, "");
}

/* Both requests of a script are waited for, within one timeout. */
TEST(future_of_a_script)
{
	const struct stay_call_options soon = { STAY_CALL_OPTIONS,
		.timeout_ms = 50 };
	struct stay_redis_script script;
	struct stay_future *future;

	begin((struct stay_client_options){ 0 });
	ck_assert_int_eq(
	    stay_redis_script_init(&script, "return-1", 0), STAY_OK);
	ck_assert_int_eq(stay_redis_script_wait(
			     here.redis, &script, &future, "1 %s %d", "k", 7),
	    STAY_OK);
	check(future, STAY_OK, STAY_REPLIED, "S");
	ck_assert_int_eq(stay_redis_script_wait(
			     here.redis, &script, NULL, "1 %s %d", "k", 7),
	    STAY_OK);
	future = stay_redis_script_future(here.redis, &script, "1 k 7");
	ck_assert_int_eq(stay_future_wait(future, STAY_FOREVER), STAY_OK);
	check(future, STAY_OK, STAY_REPLIED, "S");
	future = stay_redis_script_future(here.redis, &script, "");
	check(future, STAY_E_FORMAT, STAY_NOT_SENT, "");
	future = call_never(&script, &soon, "1 %s never", "k");
	ck_assert_int_eq(stay_future_wait(future, 40), STAY_E_TIMEOUT);
	ck_assert_int_eq(stay_future_wait(future, 20), STAY_OK);
	check(future, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED, "");
	end();
}

/* The end of a session that came between two waits is heard before the next call is
 * sent. */
TEST(future_outlives_a_session_that_ended_unseen)
{
	struct stay_future *count;

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_command_wait(here.redis, NULL, "GET a"));
	peer_do(here.server.ends, 0, PEER_CLOSE);
	sim_sleep_ms(here.world, 10);
	stay_redis_command_wait(here.redis, &count, "INCR n");
	check(count, STAY_OK, STAY_REPLIED, "1");
	ck_assert_uint_eq(here.server.accepted, 2);
}

/* ---- several ---- */

TEST(future_waits_as_long_as_it_is_told)
{
	struct stay_future *slow, *quick, *both[2];
	size_t which = 9;

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_command_wait(here.redis, NULL, "GET a"));
	slow = both[0] = stay_redis_command_future(here.redis, "GET slow");
	ck_assert_ptr_null(stay_future_result(slow));
	ck_assert_str_eq(stay_future_why(slow), "");
	ck_assert_ptr_null(stay_future_reply(slow));
	ck_assert_int_eq(stay_future_wait(slow, 20), STAY_E_TIMEOUT);
	quick = both[1] = stay_redis_command_future(here.redis, "AUTH a");
	EXPECT_OK(stay_future_wait_any(both, 2, STAY_FOREVER, &which));
	ck_assert_uint_eq(which, 1);
	EXPECT_OK(stay_future_wait_any(both, 1, STAY_FOREVER, &which));
	ck_assert_uint_eq(which, 0);
	ck_assert_int_eq(stay_future_wait_any(both, 0, 1, &which), STAY_E_ARG);
	check(slow, STAY_OK, STAY_REPLIED, "slow");
	stay_future_free(quick);
}

/* Without any time a wait still looks once: a program that has other things to do comes
 * to its reply all the same. */
TEST(future_is_looked_for_without_time)
{
	struct stay_future *slow;
	int looks = 0;

	begin((struct stay_client_options){ 0 });
	slow = stay_redis_command_future(here.redis, "GET slow");
	while (stay_future_wait(slow, 0) == STAY_E_TIMEOUT && looks++ < 100)
		sim_sleep_ms(here.world, 1);
	check(slow, STAY_OK, STAY_REPLIED, "slow");
	ck_assert_int_ge(looks, 50);
}

/* The same of a connection. */
TEST(future_await_looks_without_time)
{
	int looks = 0;

	begin((struct stay_client_options){ 0 });
	while (
	    stay_conn_await(stay_redis_conn(here.redis), 0) == STAY_E_TIMEOUT &&
	    looks++ < 20)
		sim_sleep_ms(here.world, 1);
	EXPECT_OK(stay_conn_await(stay_redis_conn(here.redis), 0));
}

/* ---- rejected ---- */

/* How many commands are rejected until one is answered, one each 10 ms. */
static int
rejections(void)
{
	int rejected = 0;

	while (stay_redis_command_wait(here.redis, NULL, "GET a") != STAY_OK &&
	       rejected < 100) {
		rejected++;
		sim_sleep_ms(here.world, 10);
	}
	return rejected;
}

/* Nobody else runs the loop: also who is told at once that there is no session lets it
 * come up. */
TEST(future_that_is_rejected_lets_a_session_begin)
{
	begin((struct stay_client_options){ .offline = STAY_OFFLINE_FAIL });
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, NULL, "GET a"), STAY_E_OFFLINE);
	ck_assert_int_lt(rejections(), 10);
	peer_do(here.server.ends, 0, PEER_CLOSE);
	ck_assert_int_lt(rejections(), 10);
}

TEST(future_that_is_rejected_lets_the_queue_drain)
{
	begin((struct stay_client_options){ .queue_calls_max = 2 });
	for (int i = 0; i < 2; i++)
		stay_future_free(
		    stay_redis_command_future(here.redis, "INCR n"));
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, NULL, "GET a"), STAY_E_FULL);
	ck_assert_int_lt(rejections(), 10);
}

/* What was refused for good is tried again in its time. */
TEST(future_that_is_rejected_lets_a_fatal_failure_pass)
{
	begin((struct stay_client_options){ .fatal_backoff_ms = 50 });
	here.server.rows = refusing;
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, NULL, "GET a"), STAY_E_DENIED);
	here.server.rows = answering;
	ck_assert_int_lt(rejections(), 15);
}

TEST(future_that_is_rejected_lets_a_client_come_back)
{
	begin((struct stay_client_options){ 0 });
	ck_assert_int_eq(rejections(), 0);
	EXPECT_OK(stay_client_lend(stay_redis_client(here.redis)));
	EXPECT_OK(stay_client_take_back(stay_redis_client(here.redis)));
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, NULL, "GET a"), STAY_E_OFFLINE);
	ck_assert_int_lt(rejections(), 10);
}

/* What keeps the client without a session is also what keeps the call. */
TEST(future_that_is_rejected_says_why)
{
	struct stay_future *rejected;

	begin((struct stay_client_options){ .offline = STAY_OFFLINE_FAIL });
	rejected = stay_redis_command_future(here.redis, "GET a");
	ck_assert_str_eq(
	    stay_future_why(rejected), stay_strerror(STAY_E_OFFLINE));
	stay_future_free(rejected);
	sim_unlisten(here.world, "10.0.0.1", 6379);
	while (redis_virtual_failure(&here)[0] == '\0')
		(void)rejections();
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, &rejected, "GET a"),
	    STAY_E_OFFLINE);
	EXPECT_IN(stay_future_why(rejected), "10.0.0.1:6379 refused");
	stay_future_free(rejected);
	peer_listen(&here.server, here.world, "10.0.0.1", 6379);
	ck_assert_int_lt(rejections(), 100);
	rejected = stay_redis_command_future(here.redis, "SUBSCRIBE a");
	EXPECT_IN(stay_future_why(rejected), "stay_redis_subscribe");
	stay_future_free(rejected);
}

/* Of several, too; and once: it is a call's turn, not the loop's. */
TEST(future_that_is_rejected_looks_once)
{
	struct stay_future *rejected;
	uint64_t waits;

	begin((struct stay_client_options){ .offline = STAY_OFFLINE_FAIL });
	rejected = stay_redis_command_future(here.redis, "GET a");
	waits = sim_calls(here.world, SIM_WAIT);
	EXPECT_OK(stay_future_wait(rejected, STAY_FOREVER));
	ck_assert_uint_eq(sim_calls(here.world, SIM_WAIT), waits + 1);
	EXPECT_OK(stay_future_wait(rejected, STAY_FOREVER));
	ck_assert_uint_eq(sim_calls(here.world, SIM_WAIT), waits + 1);
	check(rejected, STAY_E_OFFLINE, STAY_NOT_SENT, "");
}

/* ---- where nothing can be waited for ---- */

static struct stay_future *outer;

static void
on_inner(void *arg, const struct stay_result *result)
{
	struct stay_future *inner;

	(void)arg;
	(void)result;
	ck_assert_int_eq(stay_redis_command_wait(here.redis, &inner, "GET a"),
	    STAY_E_REENTRANT);
	check(inner, STAY_E_REENTRANT, STAY_NOT_SENT, "");
	ck_assert_int_eq(stay_redis_script_wait(here.redis, NULL, &inner, "0"),
	    STAY_E_REENTRANT);
	check(inner, STAY_E_REENTRANT, STAY_NOT_SENT, "");
	inner = stay_redis_command_future(here.redis, "GET a");
	ck_assert_int_eq(stay_future_wait(inner, 1), STAY_E_REENTRANT);
	ck_assert_int_eq(stay_loop_close(here.loop, 1), STAY_E_REENTRANT);
	EXPECT_OK(stay_future_wait(outer, 1));
	stay_future_free(inner); /* before it is answered */
}

TEST(future_is_not_waited_for_in_a_callback)
{
	begin((struct stay_client_options){ 0 });
	ck_assert(!stay_loop_is_busy(here.loop));
	outer = stay_redis_command_future(here.redis, "GET a");
	EXPECT_OK(stay_redis_command(here.redis, on_inner, NULL, "GET a"));
	EXPECT_OK(stay_redis_command_wait(here.redis, NULL, "GET slow"));
	check(outer, STAY_OK, STAY_REPLIED, "A");
}

static void
nest(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	sim_run_ms(here.world, 100);
}

/* A callback that runs the loop around this one: what came in time is no timeout. */
TEST(future_is_answered_during_a_nested_wait)
{
	const struct stay_call_options call = { STAY_CALL_OPTIONS,
		.timeout_ms = 80 };

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_command(here.redis, nest, NULL, "GET a"));
	outer = stay_future_new(stay_redis_client(here.redis));
	stay_future_begin(outer, stay_redis_command_with(here.redis, &call,
				     stay_future_done, outer, "GET slow"));
	EXPECT_OK(stay_future_wait(outer, STAY_FOREVER));
	check(outer, STAY_OK, STAY_REPLIED, "slow");
}

TEST(future_that_was_never_submitted_is_not_waited_for)
{
	struct stay_future *future, *both[2];

	begin((struct stay_client_options){ 0 });
	future = stay_future_new(stay_redis_client(here.redis));
	ck_assert_int_eq(stay_future_wait(future, STAY_FOREVER), STAY_E_STATE);
	both[0] = stay_redis_command_future(here.redis, "GET a");
	both[1] = future;
	ck_assert_int_eq(
	    stay_future_wait_any(both, 2, STAY_FOREVER, NULL), STAY_E_STATE);
	stay_future_begin(future, STAY_E_OFFLINE);
	check(future, STAY_E_OFFLINE, STAY_NOT_SENT, "");
	stay_future_free(both[0]);
	stay_future_free(stay_future_new(stay_redis_client(here.redis)));
}

/* Who waits drives one loop, and the other would stand still. */
TEST(future_of_two_loops_is_not_waited_for)
{
	struct stay_world *other = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(other);
	struct stay_future *both[2];
	struct stay_redis *redis;

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_start(&redis, loop, URL, NULL));
	both[0] = stay_redis_command_future(here.redis, "GET never");
	both[1] = stay_redis_command_future(redis, "GET a");
	ck_assert_int_eq(stay_future_wait_any(both, 2, 10, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_future_wait_any(NULL, 2, 10, NULL), STAY_E_ARG);
	stay_future_free(both[0]);
	stay_future_free(both[1]);
	EXPECT_OK(stay_loop_close(loop, 1000));
}

/* Its reply keeps the loop, and not the client. */
TEST(future_outlives_its_client)
{
	struct stay_future *kept, *ended;

	begin((struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_command_wait(here.redis, &kept, "GET a"));
	ended = stay_redis_command_future(here.redis, "GET never");
	ck_assert_int_eq(stay_loop_close(here.loop, 1000), STAY_E_LIVE);
	check(ended, STAY_E_STOPPED, STAY_NOT_SENT, "");
	check(kept, STAY_OK, STAY_REPLIED, "A");
}

TEST(future_is_bounded_as_any_reply_that_is_kept)
{
	struct stay_future *first, *second;

	begin((struct stay_client_options){ .held_replies_max = 1 });
	EXPECT_OK(stay_redis_command_wait(here.redis, &first, "GET a"));
	ck_assert_int_eq(
	    stay_redis_command_wait(here.redis, &second, "GET a"), STAY_E_FULL);
	ck_assert_str_eq(stay_future_why(second),
	    "the reply is lost: held_replies_max or held_bytes_max is reached "
	    "by those that are kept");
	check(second, STAY_E_FULL, STAY_REPLIED, "");
	stay_future_free(first);
}

/* Nothing that is given back would help. */
TEST(future_of_a_reply_that_is_never_kept)
{
	struct stay_future *future;

	begin((struct stay_client_options){ .held_bytes_max = 1 });
	ck_assert_int_eq(stay_redis_command_wait(here.redis, &future, "GET a"),
	    STAY_E_TOO_BIG);
	ck_assert_str_eq(stay_future_why(future),
	    "the reply is lost: larger than held_bytes_max");
	check(future, STAY_E_TOO_BIG, STAY_REPLIED, "");
}

/* ---- without memory ---- */

TEST(future_without_memory_has_completed)
{
	struct stay_future *future;

	begin((struct stay_client_options){ 0 });
	scarce_arm(1);
	future = stay_redis_command_future(here.redis, "GET a");
	ck_assert(scarce_disarm());
	ck_assert_ptr_null(future);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	check(future, STAY_E_NOMEM, STAY_NOT_SENT, "");
}

TEST_SUITE_WITH(future, .after = end)
