/*
 * A loop that waits in poll(2), as a program without libev has it: run to its end,
 * driven by waits, and in the threads of a runner. What every world does is in
 * test_world_contract.c.
 */
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <stay/host.h>
#include <stay/redis_future.h>
#include <stay/redis_remote.h>

#include "suites.h"
#include "support/child.h"
#include "support/descriptors.h"
#include "support/failing.h"
#include "support/peer_thread.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"
#include "support/world_bed.h"
#include "world/poll.h"

static struct peer_thread server;
static struct stay_loop *loop;
static const char *url;

static const struct peer_row rows[] = {
	REDIS_GREETS,
	ON("GET a", "$1\r\nA\r\n"),
	ON("GET late", PEER_LATE("20") "$4\r\nlate\r\n"),
	ON("GET slow", PEER_LATE("3000") "$4\r\nslow\r\n"),
	ON("GET never", ""),
	ON("DIE", PEER_CLOSES),
	NO_MORE,
};

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 5000,
	    .stop_budget_ms = 20,
	    .backoff = { .initial_ms = 1, .cap_ms = 5 } } };

static void
begin(void)
{
	url = peer_thread_open(&server,
	    (struct peer){ .rows = rows, .reads = peer_reads_commands },
	    "redis");
	loop = stay_loop_poll();
	ck_assert_ptr_nonnull(loop);
}

static void
end(void)
{
	EXPECT_OK(stay_loop_close(loop, 5000));
	peer_thread_close(&server);
}

static struct stay_redis *
start(void)
{
	struct stay_redis *redis;

	EXPECT_OK(stay_redis_start(&redis, loop, url, &options));
	return redis;
}

static void
check(struct stay_future *future, enum stay_status status, const char *text)
{
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	ck_assert_int_eq(stay_future_result(future)->status, status);
	ck_assert_str_eq(stay_redis_str(stay_future_reply(future)), text);
	stay_future_free(future);
}

/* ---- run to its end ---- */

/* A reply; a deadline; an end and a new connection. */
static const struct step {
	const char *command;
	uint64_t timeout_ms;
	enum stay_status status;
} steps[] = {
	{ "GET a", 5000, STAY_OK },
	{ "GET never", 30, STAY_E_TIMEOUT },
	{ "DIE", 5000, STAY_E_LOST },
	{ "GET a", 5000, STAY_OK },
};

static struct {
	struct stay_redis *redis;
	size_t at;
} story;

static void on_step(void *arg, const struct stay_result *result);

static void
go_on(void)
{
	const struct step *step = &steps[story.at];
	const struct stay_call_options call = { STAY_CALL_OPTIONS,
		.timeout_ms = step->timeout_ms };

	EXPECT_OK(stay_redis_command_with(
	    story.redis, &call, on_step, NULL, step->command));
}

static void
on_step(void *arg, const struct stay_result *result)
{
	(void)arg;
	ck_assert_int_eq(result->status, steps[story.at].status);
	ck_assert_int_eq(stay_loop_run(loop), STAY_E_REENTRANT);
	if (++story.at == LEN(steps))
		stay_redis_stop(story.redis);
	else
		go_on();
}

TEST(world_poll_runs_to_its_end)
{
	story.at = 0;
	story.redis = start();
	go_on();
	EXPECT_OK(stay_loop_run(loop));
	ck_assert_uint_eq(story.at, LEN(steps));
	ck_assert_uint_eq(stay_loop_live(loop), 0);
	EXPECT_OK(stay_loop_run(loop));
}

/* ---- waits ---- */

TEST(world_poll_is_driven_by_waits)
{
	struct stay_redis *redis = start();
	struct stay_future *both[2];
	size_t which;

	check(stay_redis_command_future(redis, "GET a"), STAY_OK, "A");
	both[0] = stay_redis_command_future(redis, "GET late");
	both[1] = stay_redis_command_future(redis, "GET never");
	ck_assert_int_eq(stay_future_wait(both[1], 1), STAY_E_TIMEOUT);
	EXPECT_OK(stay_future_wait_any(both, 2, STAY_FOREVER, &which));
	ck_assert_uint_eq(which, 0);
	check(both[0], STAY_OK, "late");
	stay_redis_stop(redis);
	check(both[1], STAY_E_STOPPED, "");
}

/* One that has no time looks once. */
TEST(world_poll_looks_without_time)
{
	struct stay_redis *redis = start();
	struct stay_future *late = stay_redis_command_future(redis, "GET late");

	while (stay_future_wait(late, 0) == STAY_E_TIMEOUT)
		sched_yield();
	check(late, STAY_OK, "late");
}

/* A wait takes its time, and leaves the processor alone. */
TEST(world_poll_sleeps_while_it_waits)
{
	struct stay_redis *redis = start();
	struct stay_future *future;
	clock_t before;

	check(stay_redis_command_future(redis, "GET a"), STAY_OK, "A");
	future = stay_redis_command_future(redis, "GET never");
	before = clock();
	ck_assert_int_eq(stay_future_wait(future, 300), STAY_E_TIMEOUT);
	ck_assert_int_lt(clock() - before, CLOCKS_PER_SEC / 10);
	stay_future_free(future);
}

/* Also on a loop that nothing keeps. */
TEST(world_poll_waits_without_connections)
{
	uint64_t at;

	bed_begin_poll();
	here.ops->hold(here.world, false);
	at = here.ops->now(here.world) + 20000000;
	here.ops->timer(here.world, at);
	here.ops->run(here.world);
	ck_assert_uint_ge(here.ops->now(here.world), at);
	bed_end();
}

/* More than the first tables hold; and those in the middle go. */
TEST(world_poll_watches_many)
{
	enum { MANY = 40 };
	struct stay_redis *redis[MANY];

	for (int i = 0; i < MANY; i++)
		redis[i] = start();
	for (int i = 0; i < MANY; i++)
		check(
		    stay_redis_command_future(redis[i], "GET a"), STAY_OK, "A");
	for (int i = 0; i < MANY; i += 2)
		stay_redis_stop(redis[i]);
	while (stay_loop_live(loop) > MANY / 2)
		check(
		    stay_redis_command_future(redis[1], "GET a"), STAY_OK, "A");
	for (int i = MANY - 1; i > 0; i -= 2)
		check(
		    stay_redis_command_future(redis[i], "GET a"), STAY_OK, "A");
}

/* ---- threads ---- */

TEST(world_poll_in_a_runner)
{
	struct stay_runner_options runs = { STAY_RUNNER_OPTIONS, .loops = 2 };
	struct stay_runner *runner;
	struct stay_remote *redis;
	struct stay_future *future;

	EXPECT_OK(stay_runner_start_on(&runner, &runs, stay_loop_poll));
	ck_assert_uint_eq(stay_runner_loops(runner), 2);
	EXPECT_OK(stay_redis_remote_start(&redis, runner, url, &options));
	for (int i = 0; i < 10; i++) {
		future = stay_redis_remote_future(redis, "GET a");
		check(future, STAY_OK, "A");
	}
	check(stay_redis_remote_future(redis, "DIE"), STAY_E_LOST, "");
	check(stay_redis_remote_future(redis, "GET late"), STAY_OK, "late");
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
}

/* ---- fork ---- */

/* The child hears of it at once, and the parent's connection goes on. */
static void
count_job(void *arg, struct stay_loop *on)
{
	(void)on;
	++*(unsigned *)arg;
}

/* poll(2) refuses more descriptors than a process may have. */
TEST(world_poll_goes_on_when_poll_fails)
{
	struct stay_runner *runner;
	struct rlimit before, none;
	unsigned jobs = 0;

	EXPECT_OK(stay_runner_start_on(&runner, NULL, stay_loop_poll));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < 3; i++)
		(void)!stay_runner_do(runner, 0, count_job, &jobs);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_uint_eq(jobs, 3);
	EXPECT_OK(stay_runner_free(runner));
}

static bool
is_told_that_it_is_forked(void *arg)
{
	struct stay_future *slow = arg;

	return stay_future_wait(slow, 2000) == STAY_OK &&
	       stay_future_result(slow)->status == STAY_E_FORKED;
}

TEST(promise_12_a_child_does_not_poll_for_its_parent)
{
	struct stay_redis *redis = start(), *other = start();
	struct stay_future *slow;

	check(stay_redis_command_future(other, "GET a"), STAY_OK, "A");
	slow = stay_redis_command_future(redis, "GET slow");
	ck_assert_int_eq(stay_future_wait(slow, 1), STAY_E_TIMEOUT);
	ck_assert(child_finds(is_told_that_it_is_forked, slow));
	check(stay_redis_command_future(other, "GET a"), STAY_OK, "A");
	stay_redis_stop(redis);
	check(slow, STAY_E_STOPPED, "");
}

/* ---- beginning and end ---- */

TEST(world_poll_loop_without_memory_leaves_nothing)
{
	struct descriptors before, after;
	unsigned refused = 0;
	bool failed = true;
	long blocks = scarce_blocks_here();
	int made = failing_made();

	descriptors_list(&before);
	for (unsigned n = 1; failed; n++) {
		struct stay_loop *scarce;

		scarce_arm(n);
		scarce = stay_loop_poll();
		failed = scarce_disarm();
		ck_assert(failed == (scarce == NULL));
		refused += failed;
		stay_loop_free(scarce);
	}
	descriptors_list(&after);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
	ck_assert_int_eq(failing_made(), made);
	ck_assert_uint_ge(refused, 4);
	ck_assert_uint_eq(after.count, before.count);
}

#define EARS 20

/* Whoever was refused is told, and may come again; nobody else notices. */
static bool
watch_short_of_memory(unsigned nth)
{
	struct ear ears[EARS];
	int refused = -1;
	bool failed;

	bed_begin_poll();
	bed_play("pair", NULL);
	scarce_arm(nth);
	for (int i = 0; i < EARS; i++) {
		int fd = i % 2 == 0 ? here.fd : here.other;

		ear_open(&ears[i], fd, 0);
		if (here.ops->watch(here.world, &ears[i].watch, STAY_WRITE) ==
		    -ENOMEM)
			refused = i;
	}
	failed = scarce_disarm();
	ck_assert(failed == (refused >= 0));
	if (failed)
		ear_want(&ears[refused], STAY_WRITE);
	bed_poll();
	for (int i = 0; i < EARS; i++) {
		ck_assert_int_eq(ears[i].times, 1);
		ear_want(&ears[i], 0);
	}
	bed_end();
	return failed;
}

TEST(world_poll_without_memory_watches_all_that_it_did)
{
	unsigned refused = 0;

	while (watch_short_of_memory(refused + 1))
		refused++;
	ck_assert_uint_ge(refused, 4);
}

/* A host that only notes what it is asked for. */
struct stranger {
	struct stay_host host;
	uint64_t in;
	unsigned watched;
	bool refuses; /* to watch anything */
	bool freed;
};

static struct stranger *
of(struct stay_host *host)
{
	return (struct stranger *)(void *)host;
}

static int
note_watch(struct stay_host *host, struct stay_watch *watch, unsigned interest)
{
	if (of(host)->refuses && interest != 0)
		return -ENOMEM;
	of(host)->watched += interest != 0;
	of(host)->watched -= watch->interest != 0;
	watch->interest = interest;
	return 0;
}

static void
note_timer(struct stay_host *host, uint64_t in_ns)
{
	of(host)->in = in_ns;
}

static void
note_free(struct stay_host *host)
{
	of(host)->freed = true;
}

static const struct stay_host_ops noting = { STAY_HOST_OPS, .watch = note_watch,
	.timer = note_timer, .free = note_free };

static void
come(struct stranger *stranger)
{
	stranger->in = UINT64_MAX;
	stay_host_due(&stranger->host);
}

/* Whoever has overslept listens first, and asks to be called again at once. */
static void
come_until_calm(struct stranger *stranger)
{
	for (int i = 0; i < 100 && (i == 0 || stranger->in == 0); i++)
		come(stranger);
}

/* It need not look before it waits: what is done outside of a turn is said. */
TEST(host_is_told_what_there_is_to_do)
{
	struct stranger stranger = { .host = { .ops = &noting }, .in = 1 };
	struct stay_loop *hosted = stay_loop_hosted(&stranger.host);
	struct stay_redis *redis;

	ck_assert_ptr_nonnull(hosted);
	ck_assert_uint_eq(stranger.watched, 0);
	EXPECT_OK(stay_redis_start(&redis, hosted, url, &options));
	ck_assert_uint_eq(stranger.in, 0);
	ck_assert_uint_gt(stranger.watched, 0);
	come_until_calm(&stranger);
	ck_assert_uint_gt(stranger.in, 0);
	EXPECT_OK(stay_redis_command(redis, NULL, NULL, "GET a"));
	ck_assert_uint_eq(stranger.in, 0);
	come(&stranger);
	stay_redis_stop(redis);
	ck_assert_uint_eq(stranger.in, 0);
	for (int i = 0; i < 100 && stay_loop_live(hosted) > 0; i++)
		come(&stranger);
	ck_assert_uint_eq(stranger.watched, 0);
	EXPECT_OK(stay_loop_free(hosted));
	ck_assert_uint_eq(stranger.in, UINT64_MAX);
	ck_assert(stranger.freed);
}

static struct stay_verdict
init_idle(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	(void)state;
	(void)arg;
	return stay_verdict_ok();
}

/* Nobody could wake it: so it comes back, and is asked once more. */
TEST(host_that_could_not_watch_is_asked_again_soon)
{
	static const struct stay_behaviour idle = { STAY_BEHAVIOUR,
		.name = "idle", .init = init_idle };
	struct stranger stranger = { .host = { .ops = &noting },
		.refuses = true };
	struct stay_loop *hosted = stay_loop_hosted(&stranger.host);
	struct stay_conn *conn;

	EXPECT_OK(stay_conn_start(&conn, hosted, &idle, NULL, NULL));
	come_until_calm(&stranger);
	ck_assert_uint_eq(stranger.watched, 0);
	ck_assert_uint_le(stranger.in, 20000000);
	stranger.refuses = false;
	come_until_calm(&stranger);
	ck_assert_uint_eq(stranger.watched, 1);
	ck_assert_uint_eq(stranger.in, UINT64_MAX);
	stay_conn_stop(conn, STAY_OK);
	come_until_calm(&stranger);
	EXPECT_OK(stay_loop_free(hosted));
}

static struct stay_watch ending[3];
static struct stay_host *alone;
static unsigned ended;

/* As if they were freed. */
static void
end_all(struct stay_watch *watch, unsigned events)
{
	(void)watch;
	(void)events;
	ended++;
	for (int i = 0; i < 3; i++)
		alone->ops->watch(alone, &ending[i], 0);
	memset(ending, 0xff, sizeof(ending));
}

TEST(world_poll_forgets_all_that_one_has_ended)
{
	int fds[2];

	alone = stay__poll_new();
	ended = 0;
	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < 3; i++) {
		ending[i] =
		    (struct stay_watch){ .fd = fds[1], .ready = end_all };
		ck_assert_int_eq(
		    alone->ops->watch(alone, &ending[i], STAY_WRITE), 0);
	}
	alone->ops->run(alone, false);
	ck_assert_uint_eq(ended, 1);
	alone->ops->free(alone);
	close(fds[0]);
	close(fds[1]);
}

TEST(host_of_another_version_is_only_freed)
{
	const struct stay_host_ops ops[] = {
		{ .size = 8, .abi = STAY_ABI, .free = note_free },
		{ .size = sizeof(ops[0]),
		    .abi = STAY_ABI + 1,
		    .free = note_free },
	};

	for (int i = 0; i < 2; i++) {
		struct stranger stranger = { .host = { .ops = &ops[i] } };

		ck_assert_ptr_null(stay_loop_hosted(&stranger.host));
		ck_assert(stranger.freed);
	}
	ck_assert_ptr_null(stay_loop_hosted(NULL));
}

TEST_SUITE_WITH(world_poll, .before = begin, .after = end)
