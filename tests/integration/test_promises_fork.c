/*
 * Promise 12 with a real redis-server: a process forks in the middle of its
 * calls. What the child does with the parent's connection fails clearly and is
 * neither heard by the server nor felt by the parent; a connection of its own
 * is as good as any.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_bed.h"

#define CALLS    50
#define INFLIGHT 20 /* of them on the wire, the others queued */

static struct stay_redis *redis;
static struct answer calls[CALLS];

static void
start(bool over_tcp)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .backoff.attempts_max = 1 } };

	redis =
	    rig_start(&rig, over_tcp ? server.url : server.unix_url, &options);
}

static struct stay_client_counts
counts(void)
{
	return counts_of(stay_redis_client(redis));
}

static void
ask_from(int first, int end)
{
	for (int i = first; i < end; i++)
		ask(redis, &calls[i], "INCR parent");
}

/* ---- the child ---- */

static bool
all_told(void *arg)
{
	(void)arg;
	for (int i = 0; i < CALLS; i++)
		if (calls[i].told == 0)
			return false;
	return true;
}

static void
check_failed(const struct answer *call, enum stay_outcome outcome)
{
	ck_assert_uint_eq(call->told, 1);
	ck_assert_int_ne(call->status, STAY_OK);
	ck_assert_int_eq(call->outcome, outcome);
	ck_assert_str_ne(call->why, "");
}

/* Its own call and its copies of the parent's; `on_wire` of them may have been
 * executed, for all that it knows. */
static void
use_inherited(int on_wire, bool stops)
{
	struct answer mine;

	ev_loop_fork(rig.ev);
	ask(redis, &mine, "SET child here");
	if (stops)
		stay_redis_stop(redis);
	await_answer(&rig, &mine, 20);
	rig_until(&rig, all_told, NULL, 20);
	check_failed(&mine, STAY_NOT_SENT);
	for (int i = 0; i < CALLS; i++)
		check_failed(&calls[i],
		    i < on_wire ? STAY_MAYBE_EXECUTED : STAY_NOT_SENT);
	rig_close(&rig);
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)who;
	ck_assert_int_eq(status, STAY_E_FORKED);
	EXPECT_IN(text, "belongs to the parent process");
	++*(unsigned *)arg;
}

/* It fails once, and does not dial on. */
static void
leave_alone(void)
{
	unsigned failures = 0;
	const struct stay_observer observer = { STAY_OBSERVER, .arg = &failures,
		.on_failure = on_failure };

	ev_loop_fork(rig.ev);
	stay_loop_set_observer(rig.loop, &observer);
	rig_run(&rig, 0.3);
	ck_assert_uint_eq(failures, 1);
	ck_assert_int_eq(
	    stay_redis_command(redis, NULL, NULL, "PING"), STAY_E_FORKED);
	stay_loop_set_observer(rig.loop, NULL);
	rig_close(&rig);
}

static void
start_anew(void)
{
	struct answer answer;

	rig_open(&rig);
	start(true);
	ask_now(&rig, redis, &answer, "SET child here");
	EXPECT_OK(answer.status);
	rig_stop(&rig, redis);
	rig_close(&rig);
}

static void
await_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* ---- the server ---- */

static char stats[8192];

static void
on_stats(void *arg, const struct stay_result *result)
{
	snprintf(stats, sizeof(stats), "%s", stay_redis_str(result->reply));
	*(bool *)arg = true;
}

static bool
is_set(void *arg)
{
	return *(const bool *)arg;
}

static void
expect_stat(const char *name, int number, char after)
{
	char stat[64];

	snprintf(stat, sizeof(stat), "%s%d%c", name, number, after);
	ck_assert_msg(strstr(stats, stat) != NULL, "no %s in %s", stat, stats);
}

/* It has had one client, and nothing from it but the parent's calls. */
static void
check_server(void)
{
	bool told = false;

	EXPECT_OK(stay_redis_command(
	    redis, on_stats, &told, "INFO stats commandstats clients"));
	rig_until(&rig, is_set, &told, 20);
	expect_stat("total_connections_received:", 1, '\r');
	expect_stat("connected_clients:", 1, '\r');
	expect_stat("cmdstat_incr:calls=", CALLS, ',');
	expect_stat("cmdstat_hello:calls=", 1, ',');
	ck_assert_ptr_null(strstr(stats, "cmdstat_set:"));
	ck_assert_ptr_null(strstr(stats, "cmdstat_quit:"));
}

/* The parent has felt nothing. */
static void
check_parent(void)
{
	rig_until(&rig, all_told, NULL, 20);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(calls[i].told, 1);
		EXPECT_OK(calls[i].status);
		ck_assert_int_eq(calls[i].integer, i + 1);
	}
	check_server();
	check_counts(redis);
	ck_assert_uint_eq(counts().sessions, 1);
}

/* ---- in the middle of it ---- */

static bool
are_on_wire(void *arg)
{
	(void)arg;
	return counts().in_flight == INFLIGHT;
}

/* Over TCP and a unix socket; the child lets its calls fail, or stops at once.
 */
TEST_ROWS(promise_12_a_child_amid_calls_is_not_heard, 4)
{
	pid_t pid;

	start(_i % 2 == 0);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	redis_server_freeze(&server);
	ask_from(0, INFLIGHT);
	rig_until(&rig, are_on_wire, NULL, 20);
	ask_from(INFLIGHT, CALLS);
	pid = fork();
	if (pid == 0) {
		use_inherited(INFLIGHT, _i >= 2);
		_exit(0);
	}
	await_child(pid);
	redis_server_thaw(&server);
	check_parent();
}

/* Its greeting is under way, and the child stops: neither the greeting nor its
 * answer is lost. */
TEST_ROWS(promise_12_a_child_amid_a_greeting_is_not_heard, 2)
{
	pid_t pid;

	redis_server_freeze(&server);
	start(_i == 0);
	ask_from(0, CALLS);
	rig_until_state(&rig, redis, STAY_CONNECTING, 20);
	rig_run(&rig, 0.02);
	pid = fork();
	if (pid == 0) {
		use_inherited(0, true);
		_exit(0);
	}
	await_child(pid);
	redis_server_thaw(&server);
	check_parent();
}

/* With the options of everybody. */
TEST(promise_12_a_child_does_not_dial_for_its_parent)
{
	struct answer answer;
	pid_t pid;

	redis = rig_start(&rig, server.url, NULL);
	ask_now(&rig, redis, &answer, "SET parent here");
	pid = fork();
	if (pid == 0) {
		leave_alone();
		_exit(0);
	}
	await_child(pid);
	ask_now(&rig, redis, &answer, "GET parent");
	ck_assert_str_eq(answer.text, "here");
	ck_assert_uint_eq(counts().sessions, 1);
}

/* While the parent's session lives, and is used again afterwards. */
TEST(promise_12_a_child_may_start_anew)
{
	struct answer answer;
	pid_t pid;

	start(true);
	ask_now(&rig, redis, &answer, "SET parent here");
	pid = fork();
	if (pid == 0) {
		start_anew();
		_exit(0);
	}
	await_child(pid);
	ask_now(&rig, redis, &answer, "GET child");
	ck_assert_str_eq(answer.text, "here");
	ck_assert_uint_eq(counts().sessions, 1);
}

TEST_SUITE_WITH(
    promises_fork, .before = bed_open, .after = bed_close, .seconds = 60)
