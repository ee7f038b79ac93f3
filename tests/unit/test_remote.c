/* Remotes: clients that other threads call, at a peer that really listens. */
#include <stay/redis_future.h>
#include <stay/redis_remote.h>

#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/peer_thread.h"
#include "support/redis_virtual.h"

/* More than a slab is worth, so that a held reply keeps one. */
#define BIG 40000

static struct peer_thread server;
static struct stay_runner *runner;
static struct stay_remote *redis;

static void
say_big(struct peer_end *end, const struct peer_request *request)
{
	static char big[BIG + 1];

	(void)request;
	memset(big, 'x', BIG);
	peer_say(end, "$40000\r\n");
	peer_say(end, big);
	peer_say(end, "\r\n");
}

static const struct peer_row answering[] = {
	REDIS_GREETS,
	ON("GET a", "$1\r\nA\r\n"),
	ON("GET slow", PEER_LATE("20") "$4\r\nslow\r\n"),
	ON("GET late", PEER_LATE("300") "$4\r\nlate\r\n"),
	ON("GET never", ""),
	ON("GET bad", "-ERR bad\r\n"),
	ON("GET nil", "_\r\n"),
	DO("GET big", say_big),
	ON_FIRST(3, "EVALSHA", "-NOSCRIPT\r\n"),
	ON("EVALSHA", "$5\r\nagain\r\n"),
	ON("EVAL return-1 1 k 7", "$1\r\nS\r\n"),
	ON("EVAL", "-ERR bad\r\n"),
	NO_MORE,
};

static void
begin_with(struct stay_runner_options runs, struct stay_client_options options)
{
	struct stay_redis_options all = { STAY_REDIS_OPTIONS,
		.client = options };
	const char *url = peer_thread_open(&server,
	    (struct peer){ .rows = answering, .reads = peer_reads_commands },
	    "redis");

	runs.size = sizeof(runs);
	all.client.size = sizeof(all.client);
	all.client.stop_budget_ms = 20; /* some calls are never answered */
	EXPECT_OK(stay_runner_start(&runner, &runs));
	EXPECT_OK(stay_redis_remote_start(&redis, runner, url, &all));
}

static void
begin(void)
{
	begin_with((struct stay_runner_options){ 0 },
	    (struct stay_client_options){ 0 });
}

static void
end(void)
{
	if (runner == NULL)
		return;
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
	runner = NULL;
	peer_thread_close(&server);
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

static void
count_in_flight(void *arg, struct stay_client *client)
{
	*(uint64_t *)arg = counts_of(client).in_flight;
}

/* Till the peer is asked something. */
static void
await_in_flight(void)
{
	uint64_t calls = 0;

	while (calls == 0)
		EXPECT_OK(stay_remote_do(redis, count_in_flight, &calls));
}

/* ---- waiting ---- */

TEST(remote_is_waited_for)
{
	const char *const words[] = { "GET", "a" };
	struct stay_redis_prepared get;
	struct stay_future *future;

	begin();
	EXPECT_OK(stay_redis_remote_wait(redis, &future, "GET %s", "a"));
	check(future, STAY_OK, STAY_REPLIED, "A");
	EXPECT_OK(stay_redis_remote_wait(redis, NULL, "GET slow"));
	EXPECT_OK(stay_redis_remote_wait(redis, &future, "GET nil"));
	ck_assert_int_eq(
	    stay_redis_type_of(stay_future_reply(future)), STAY_REDIS_NIL);
	stay_future_free(future);
	future = stay_redis_remote_argv(redis, NULL, 2, words, NULL);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	check(future, STAY_OK, STAY_REPLIED, "A");
	EXPECT_OK(stay_redis_prepare(&get, "GET a"));
	future = stay_redis_remote_prepared(redis, &get, NULL, 0, NULL);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	check(future, STAY_OK, STAY_REPLIED, "A");
}

TEST(remote_says_why_there_is_no_good_reply)
{
	const char *const words[] = { "GET", "never" };
	const struct stay_call_options soon = { STAY_CALL_OPTIONS,
		.timeout_ms = 300 };
	struct stay_future *future;

	begin();
	ck_assert_int_eq(
	    stay_redis_remote_wait(redis, &future, "GET bad"), STAY_E_SERVER);
	EXPECT_IN(stay_future_why(future), "ERR bad");
	check(future, STAY_E_SERVER, STAY_REPLIED, "ERR bad");
	future = stay_redis_remote_argv(redis, &soon, 2, words, NULL);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	check(future, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED, "");
	ck_assert_int_eq(stay_redis_remote_wait(redis, &future, "AUTH a"),
	    STAY_E_UNSUPPORTED);
	check(future, STAY_E_UNSUPPORTED, STAY_NOT_SENT, "");
}

/* The second is on another loop. */
TEST(remote_futures_are_waited_for_together)
{
	struct stay_remote *other;
	struct stay_future *both[3], *none = NULL;
	size_t which = 9;

	begin_with((struct stay_runner_options){ .loops = 2 },
	    (struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_remote_start(
	    &other, runner, door_url(&server.door, "redis"), NULL));
	both[0] = stay_redis_remote_future(redis, "GET never");
	both[1] = stay_redis_remote_future(other, "GET slow");
	ck_assert_ptr_null(stay_future_result(both[0]));
	EXPECT_OK(stay_future_wait_any(both, 2, STAY_FOREVER, &which));
	ck_assert_uint_eq(which, 1);
	ck_assert_int_eq(stay_future_wait(both[0], 5), STAY_E_TIMEOUT);
	EXPECT_OK(stay_future_wait_any(both, 2, STAY_FOREVER, &which));
	ck_assert_uint_eq(which, 1);
	EXPECT_OK(stay_future_wait_any(&none, 1, STAY_FOREVER, &which));
	check(both[1], STAY_OK, STAY_REPLIED, "slow");
	ck_assert_int_eq(stay_remote_cancel(other, both[0]), STAY_E_ARG);
	stay_remote_free(other);
	await_in_flight();
	EXPECT_OK(stay_remote_cancel(redis, both[0]));
	EXPECT_OK(stay_future_wait(both[0], STAY_FOREVER));
	ck_assert_int_eq(stay_remote_cancel(redis, both[0]), STAY_E_STALE);
	check(both[0], STAY_E_CANCELLED, STAY_MAYBE_EXECUTED, "");
}

/* It stands for one. */
TEST(remote_future_is_waited_for_twice_at_once)
{
	struct stay_future *thrice[3];
	size_t which = 9;

	begin();
	thrice[0] = stay_redis_remote_future(redis, "GET slow");
	thrice[1] = thrice[2] = thrice[0];
	ck_assert_int_eq(
	    stay_future_wait_any(thrice, 3, STAY_FOREVER, &which), STAY_OK);
	ck_assert_uint_eq(which, 0);
	check(thrice[0], STAY_OK, STAY_REPLIED, "slow");
	thrice[0] = thrice[2] = stay_redis_remote_future(redis, "GET never");
	thrice[1] = stay_redis_remote_future(redis, "GET never");
	ck_assert_int_eq(
	    stay_future_wait_any(thrice, 3, 1, &which), STAY_E_TIMEOUT);
	stay_future_free(thrice[0]);
	stay_future_free(thrice[1]);
	end();
}

/* Nobody can drive a loop and be blocked at once. */
TEST(remote_futures_are_not_waited_for_with_others)
{
	struct stay_loop *loop = stay_loop_alone();
	struct stay_redis *own;
	struct stay_future *both[2];

	begin();
	EXPECT_OK(stay_redis_start(
	    &own, loop, door_url(&server.door, "redis"), NULL));
	both[0] = stay_redis_remote_future(redis, "GET never");
	both[1] = stay_redis_command_future(own, "GET never");
	ck_assert_int_eq(stay_future_wait_any(both, 2, 1, NULL), STAY_E_ARG);
	EXPECT_OK(stay_loop_close(loop, STAY_FOREVER));
	EXPECT_OK(stay_future_wait_any(both, 2, 1, NULL));
	stay_future_free(both[0]);
	stay_future_free(both[1]);
}

/* As often as one likes. The late reply is nobody's, and so not that of the next one. */
TEST(remote_call_is_given_up)
{
	struct stay_future *future;

	begin();
	future = stay_redis_remote_future(redis, "GET late");
	EXPECT_OK(stay_remote_cancel(redis, future));
	(void)stay_remote_cancel(redis, future);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	ck_assert_int_eq(stay_future_result(future)->status, STAY_E_CANCELLED);
	stay_future_free(future);
	ck_assert_int_eq(stay_remote_cancel(redis, NULL), STAY_E_STALE);
	EXPECT_OK(stay_redis_remote_wait(redis, NULL, "GET a"));
}

TEST(remote_future_has_its_arguments)
{
	struct stay_future *future;

	begin();
	future = stay_redis_remote_future(redis, "%s %c", "GET", 'a');
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	ck_assert_str_eq(stay_redis_str(stay_future_reply(future)), "A");
	stay_future_free(future);
}

/* ---- replies ---- */

/* The other loop goes before. */
TEST(remote_reply_is_freed_anywhere)
{
	struct stay_future *small, *big;

	begin_with((struct stay_runner_options){ .loops = 2 },
	    (struct stay_client_options){ 0 });
	EXPECT_OK(stay_redis_remote_wait(redis, &small, "GET a"));
	EXPECT_OK(stay_redis_remote_wait(redis, &big, "GET big"));
	ck_assert_uint_eq(stay_redis_len(stay_future_reply(big)), BIG);
	stay_remote_free(redis);
	ck_assert_int_eq(stay_runner_free(runner), STAY_E_LIVE);
	stay_future_free(small);
	ck_assert_int_eq(stay_runner_free(runner), STAY_E_LIVE);
	ck_assert_int_eq(stay_redis_str(stay_future_reply(big))[BIG - 1], 'x');
	stay_future_free(big);
	redis = NULL;
}

/* What is freed comes home, so that bounds are bounds of what is held. */
TEST(remote_replies_come_home)
{
	struct stay_future *future;

	begin_with((struct stay_runner_options){ 0 },
	    (struct stay_client_options){ .held_replies_max = 1 });
	for (int i = 0; i < 20; i++) {
		EXPECT_OK(stay_redis_remote_wait(
		    redis, &future, i % 2 == 0 ? "GET a" : "GET big"));
		stay_future_free(future);
	}
}

TEST(remote_future_is_freed_before_it_completes)
{
	begin();
	for (int i = 0; i < 20; i++)
		stay_future_free(stay_redis_remote_future(
		    redis, i % 2 == 0 ? "GET a" : "AUTH a"));
	EXPECT_OK(stay_redis_remote_wait(redis, NULL, "GET a"));
}

/* By its digest, and with its source while the server lacks it. */
TEST(remote_script_is_waited_for)
{
	struct stay_redis_script script;
	struct stay_future *future;

	begin();
	ck_assert_int_eq(
	    stay_redis_script_init(&script, "return-1", 0), STAY_OK);
	ck_assert_int_eq(stay_redis_remote_script_wait(
			     redis, &script, &future, "1 %s %d", "k", 7),
	    STAY_OK);
	check(future, STAY_OK, STAY_REPLIED, "S");
	ck_assert_int_eq(stay_redis_remote_script_wait(
			     redis, &script, NULL, "1 %s %d", "k", 7),
	    STAY_OK);
	ck_assert_int_eq(
	    stay_redis_remote_script_wait(redis, &script, &future, "0"),
	    STAY_E_SERVER);
	check(future, STAY_E_SERVER, STAY_REPLIED, "ERR bad");
	ck_assert_int_eq(
	    stay_redis_remote_script_wait(redis, &script, &future, "0"),
	    STAY_OK);
	check(future, STAY_OK, STAY_REPLIED, "again");
	ck_assert_int_eq(
	    stay_redis_remote_script_wait(redis, &script, &future, ""),
	    STAY_E_FORMAT);
	check(future, STAY_E_FORMAT, STAY_NOT_SENT, "");
	end();
}

/* In a callback nobody waits. */
static struct stay_future *inner;

static void
wait_inside(void *arg, struct stay_client *client)
{
	struct stay_future *unset = inner;

	ck_assert_ptr_eq(stay_redis_client(stay_redis_of(client)), client);
	ck_assert_int_eq(
	    stay_redis_remote_wait(arg, &unset, "GET a"), STAY_E_REENTRANT);
	ck_assert_ptr_null(unset);
	unset = inner;
	ck_assert_int_eq(stay_redis_remote_script_wait(arg, NULL, &unset, "0"),
	    STAY_E_REENTRANT);
	ck_assert_ptr_null(unset);
	ck_assert_int_eq(
	    stay_redis_remote_wait(arg, NULL, "GET a"), STAY_E_REENTRANT);
	inner = stay_redis_remote_future(arg, "GET a");
	ck_assert_int_eq(stay_future_wait(inner, 1), STAY_E_REENTRANT);
}

TEST(remote_is_not_waited_for_in_a_callback)
{
	begin();
	EXPECT_OK(stay_remote_do(redis, wait_inside, redis));
	EXPECT_OK(stay_future_wait(inner, STAY_FOREVER));
	check(inner, STAY_OK, STAY_REPLIED, "A");
	ck_assert_ptr_null(stay_redis_of(NULL));
}

/* Its loop is the remote's, and is run by its thread; but it is no remote's. */
static void
make_a_plain_future(void *arg, struct stay_client *client)
{
	struct stay_future *plain =
	    stay_redis_command_future(stay_redis_of(client), "GET never");

	ck_assert_int_eq(stay_remote_cancel(arg, plain), STAY_E_ARG);
	stay_future_free(plain);
}

TEST(remote_gives_no_future_up_that_is_none_of_a_remote)
{
	begin();
	ck_assert_int_eq(
	    stay_remote_do(redis, make_a_plain_future, redis), STAY_OK);
	end();
}

static void
count_calls(void *arg, struct stay_client *client)
{
	*(uint64_t *)arg = client == NULL ? 99 : counts_of(client).submitted;
}

/* The command that it has in flight may have been executed. */
TEST(remote_outlives_its_client)
{
	struct stay_future *flying;
	uint64_t calls;

	begin();
	EXPECT_OK(stay_redis_remote_wait(redis, NULL, "GET a"));
	flying = stay_redis_remote_future(redis, "GET never");
	EXPECT_OK(stay_remote_do(redis, count_calls, &calls));
	ck_assert_uint_eq(calls, 2);
	await_in_flight();
	stay_remote_stop(redis);
	stay_remote_stop(redis);
	ck_assert_int_eq(
	    stay_redis_remote_wait(redis, NULL, "GET a"), STAY_E_STOPPED);
	EXPECT_OK(stay_future_wait(flying, STAY_FOREVER));
	check(flying, STAY_E_STOPPED, STAY_MAYBE_EXECUTED, "");
	do
		EXPECT_OK(stay_remote_do(redis, count_calls, &calls));
	while (calls != 99);
	stay_runner_stop(runner);
	ck_assert_int_eq(stay_runner_free(runner), STAY_E_LIVE);
	ck_assert_int_eq(
	    stay_remote_do(redis, count_calls, &calls), STAY_E_STOPPED);
}

static void
stop_and_start_another(void *arg, struct stay_loop *loop)
{
	struct stay_redis *another;

	(void)arg;
	stay_runner_stop(runner);
	ck_assert_int_eq(stay_redis_start(&another, loop,
			     door_url(&server.door, "redis"), NULL),
	    STAY_OK);
}

/* So does what a job starts when the runner is told to stop. */
TEST(remote_ends_with_its_runner)
{
	begin();
	ck_assert_int_eq(stay_redis_remote_wait(redis, NULL, "GET a"), STAY_OK);
	ck_assert_int_eq(
	    stay_runner_do(runner, 0, stop_and_start_another, NULL), STAY_OK);
	end();
}

TEST(remote_that_cannot_start_is_none)
{
	struct stay_remote *other = redis;

	begin();
	ck_assert_int_eq(
	    stay_redis_remote_start(&other, runner, "redis://a:b", NULL),
	    STAY_E_URL);
	ck_assert_ptr_null(other);
	ck_assert_int_eq(
	    stay_redis_remote_start(NULL, runner, "redis://a", NULL),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_remote_rejection(), "");
	stay_runner_stop(runner);
	ck_assert_int_eq(
	    stay_redis_remote_start(&other, runner, "redis://a", NULL),
	    STAY_E_STOPPED);
	ck_assert_ptr_null(other);
	stay_remote_free(NULL);
}

static enum stay_status
start_none(void *arg, struct stay_loop *loop, struct stay_client **client)
{
	(void)arg;
	(void)loop;
	(void)client;
	return STAY_E_ARG;
}

static void *
look_for_a_rejection(void *arg)
{
	(void)arg;
	ck_assert_str_eq(stay_remote_rejection(), "");
	return NULL;
}

/* What is wrong with a command, the calling thread knows. */
static void
check_rejected(const char *command, const char *words)
{
	struct stay_future *rejected = stay_redis_remote_future(redis, command);

	EXPECT_IN(stay_future_why(rejected), words);
	EXPECT_IN(stay_remote_rejection(), words);
	stay_future_free(rejected);
}

/* What keeps the client without a session, the loop's thread alone knows. */
TEST(remote_says_why_a_call_is_rejected)
{
	static const char *const no_words[] = { NULL };
	struct stay_connectivity now = { STAY_CONNECTIVITY };
	struct stay_future *rejected;

	EXPECT_OK(stay_runner_start(&runner, NULL));
	EXPECT_OK(stay_redis_remote_start(&redis, runner, "redis://127.0.0.1:1",
	    REDIS(.client = {
		      STAY_CLIENT_OPTIONS, .offline = STAY_OFFLINE_FAIL })));
	do
		stay_remote_get_connectivity(redis, &now);
	while (now.why == STAY_OK &&
	       stay_remote_await_change(redis, now.changes, 5000) == STAY_OK);
	ck_assert_int_eq(
	    stay_redis_remote_wait(redis, &rejected, "GET a"), STAY_E_OFFLINE);
	EXPECT_IN(stay_future_why(rejected), "127.0.0.1:1 refused");
	stay_future_free(rejected);
	check_rejected("MONITOR", "redis-cli MONITOR");
	rejected = stay_redis_remote_argv(redis, NULL, 1, no_words, NULL);
	ck_assert_str_eq(stay_future_why(rejected), stay_strerror(STAY_E_ARG));
	ck_assert_str_eq(stay_remote_rejection(), "");
	stay_future_free(rejected);
	check_rejected("GET %q", "has a percent sign without");
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
	runner = NULL;
}

/* As on a loop; and it is the thread's, whatever the loop says of others. */
TEST(remote_that_cannot_start_says_why)
{
	struct stay_remote *other;
	pthread_t thread;

	begin();
	ck_assert_int_eq(
	    stay_redis_remote_start(&other, runner, "redis://a:b", NULL),
	    STAY_E_URL);
	ck_assert_str_ne(stay_remote_rejection(), "");
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, look_for_a_rejection, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(
	    stay_remote_start_by(&other, runner, start_none, NULL), STAY_E_ARG);
	ck_assert_str_eq(stay_remote_rejection(), "");
	ck_assert_int_eq(
	    stay_redis_remote_start(&other, runner, "redis://a",
		REDIS(.client = { STAY_CLIENT_OPTIONS, .queue_low_percent = 60,
			  .queue_high_percent = 50 })),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_remote_rejection(),
	    "queue_low_percent is 60, above queue_high_percent, 50");
	EXPECT_OK(stay_redis_remote_start(&other, runner, "redis://a", NULL));
	ck_assert_str_eq(stay_remote_rejection(), "");
	stay_remote_free(other);
}

TEST_SUITE_WITH(remote, .after = end)
