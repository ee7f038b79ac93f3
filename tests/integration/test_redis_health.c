/*
 * Promise 8 with a real redis-server: frozen, paused or gone, it is found
 * within the bound; slow, or busy with a call that blocks, it is let live. And
 * what follows: the session is replaced, wherever the server is by then.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suites.h"
#include "support/fault_proxy.h"
#include "support/redis_bed.h"

#define SILENCE_MS 300
#define PROBE_MS   200
#define SLACK_S    0.5 /* the machine has other things to do, too */

static const struct stay_redis_options quick = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 10, .cap_ms = 50 },
	    .connect_budget_ms = 500, .block_margin_ms = 200,
	    .probe_ms = PROBE_MS, .silence_ms = SILENCE_MS } };

/* For what is let live: a machine that is busy for less than two seconds is no reason
 * to end a session. */
#define LONG_MS 2000

static const struct stay_redis_options patient = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .block_margin_ms = LONG_MS,
	    .probe_ms = PROBE_MS, .silence_ms = LONG_MS } };

/* ---- silence ---- */

TEST_ROWS(promise_8_a_frozen_server_is_found_within_the_bound, 2)
{
	const char *url = _i == 0 ? server.url : server.unix_url;
	struct stay_redis *redis = rig_connect(&rig, url, &quick);
	struct answer lost, again;
	double frozen;

	redis_server_freeze(&server);
	frozen = ev_time();
	ask(redis, &lost, "ECHO lost");
	await_answer(&rig, &lost, 20);
	ck_assert_int_eq(lost.status, STAY_E_SILENT);
	ck_assert_int_eq(lost.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_double_ge(lost.at - frozen, SILENCE_MS / 1000. - 0.002);
	ck_assert_double_le(lost.at - frozen, SILENCE_MS / 1000. + SLACK_S);
	ask(redis, &again, "ECHO again");
	rig_run(&rig, 0.1);
	ck_assert_uint_eq(again.told, 0);
	redis_server_thaw(&server);
	await_answer(&rig, &again, 20);
	ck_assert_str_eq(again.text, "again");
	check_counts(redis);
}

TEST(promise_8_a_frozen_server_is_found_while_nobody_asks)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	double frozen, found;

	redis_server_freeze(&server);
	frozen = ev_time();
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	found = ev_time() - frozen;
	ck_assert_double_le(found, (PROBE_MS + SILENCE_MS) / 1000. + SLACK_S);
	redis_server_thaw(&server);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
}

TEST(promise_8_a_probe_that_is_answered_keeps_the_session)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &patient);

	rig_run(&rig, 2 * (PROBE_MS + LONG_MS) / 1000.);
	ck_assert_int_eq(
	    stay_conn_state(stay_redis_conn(redis)), STAY_CONNECTED);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

/* The probe would be one of its commands, with an answer of its own. */
TEST_ROWS(promise_8_a_transaction_is_not_probed, 2)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer multi, queued, exec;

	ask_now(&rig, redis, &multi, "MULTI");
	ask_now(&rig, redis, &queued, "SET k v");
	rig_run(&rig, 3 * PROBE_MS / 1000.);
	ask_now(&rig, redis, &exec, "%s", _i == 0 ? "EXEC" : "DISCARD");
	EXPECT_OK(exec.status);
	ck_assert_uint_eq(exec.count, _i == 0 ? 1 : 0);
	redis_server_freeze(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	redis_server_thaw(&server);
}

TEST(promise_8_a_pause_shorter_than_the_bound_is_waited_for)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &patient);
	struct answer paused, answer;

	ask_now(&rig, admin, &paused, "CLIENT PAUSE %d", SILENCE_MS);
	ask_now(&rig, redis, &answer, "ECHO a");
	ck_assert_str_eq(answer.text, "a");
	ck_assert_uint_eq(sessions_of(redis), 1);
}

/* What was asked during the pause is executed after it, and nobody is told. */
TEST(promise_3_8_a_pause_longer_than_the_bound_may_have_executed)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer paused, lost, counter;

	ask_now(&rig, admin, &paused, "CLIENT PAUSE %d", SILENCE_MS * 3);
	ask_now(&rig, redis, &lost, "INCR counter");
	ck_assert_int_eq(lost.status, STAY_E_SILENT);
	ck_assert_int_eq(lost.outcome, STAY_MAYBE_EXECUTED);
	ask_now(&rig, redis, &counter, "GET counter");
	EXPECT_OK(counter.status);
	ck_assert_int_le(counter.integer, 1);
}

/* ---- calls that block ---- */

TEST(promise_6_8_a_call_that_blocks_has_its_own_time)
{
	struct stay_redis_options options = quick;
	struct stay_redis *redis;
	struct answer answer;
	double asked;

	options.client.block_margin_ms = LONG_MS;
	redis = rig_connect(&rig, server.url, &options);
	asked = ev_time();
	ask_now(&rig, redis, &answer, "BLPOP nothing 1");
	EXPECT_OK(answer.status);
	ck_assert_int_eq(answer.type, STAY_REDIS_NIL);
	ck_assert_double_ge(answer.at - asked, 0.9);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

TEST(promise_6_8_a_call_that_blocks_for_ever_is_waited_for)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer popped, pushed;

	ask(redis, &popped, "BLPOP list 0");
	rig_run(&rig, 4 * SILENCE_MS / 1000.);
	ck_assert_uint_eq(popped.told, 0);
	ask_now(&rig, admin, &pushed, "RPUSH list element");
	await_answer(&rig, &popped, 20);
	ck_assert_uint_eq(popped.count, 2);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

/* Its own time and a margin, and no more: 500 ms + 200 ms. */
TEST(promise_8_a_server_frozen_under_a_call_that_blocks)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer answer;
	double asked = ev_time();

	ask(redis, &answer, "BLPOP nothing 0.5");
	rig_run(&rig, 0.05);
	redis_server_freeze(&server);
	await_answer(&rig, &answer, 20);
	ck_assert_int_eq(answer.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_double_ge(answer.at - asked, 0.69);
	ck_assert_double_le(answer.at - asked, 0.7 + SLACK_S);
	redis_server_thaw(&server);
}

/* ---- the kernel's part of it ---- */

/* The descriptor of ours that is connected to the server. */
static int
socket_to(int port)
{
	struct sockaddr_in peer;
	socklen_t len;

	for (int fd = 3; fd < 256; fd++) {
		len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
		    peer.sin_family == AF_INET && ntohs(peer.sin_port) == port)
			return fd;
	}
	ck_abort_msg("no socket to port %d", port);
}

static int
option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

TEST(promise_8_the_kernel_looks_for_a_dead_host_within_the_bound)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer blocked;
	int fd = socket_to(server.port);

	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	ask(redis, &blocked, "BLPOP nothing 0.1");
	await_answer(&rig, &blocked, 20);
	ck_assert_int_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 4);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 10000);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

/* ---- the end of a session, and the next ---- */

TEST(redis_health_a_killed_client_comes_back)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer killed, blocked, answer;

	ask(redis, &blocked, "BLPOP nothing 0");
	rig_run(&rig, 0.05);
	ask_now(&rig, admin, &killed, "CLIENT KILL TYPE normal SKIPME yes");
	ck_assert_int_eq(killed.integer, 1);
	await_answer(&rig, &blocked, 20);
	ck_assert_int_eq(blocked.outcome, STAY_MAYBE_EXECUTED);
	ask_now(&rig, redis, &answer, "ECHO a");
	ck_assert_str_eq(answer.text, "a");
	ck_assert_uint_eq(sessions_of(redis), 2);
}

TEST(redis_health_a_server_on_another_port_behind_the_same_name)
{
	struct redis_server other;
	struct fault_proxy name;
	struct stay_redis *redis;
	struct answer answer;

	ck_assert(redis_server_start(&other, NULL));
	fault_proxy_open(&name, rig.ev, server.port);
	redis = rig_connect(&rig, name.url, &quick);
	ask_now(&rig, redis, &answer, "CONFIG GET port");
	name.target = other.port;
	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	ask(redis, &answer, "SET moved here");
	await_answer(&rig, &answer, 20);
	EXPECT_OK(answer.status);
	rig_stop(&rig, redis);
	redis = rig_connect(&rig, other.url, NULL);
	ask_now(&rig, redis, &answer, "GET moved");
	ck_assert_str_eq(answer.text, "here");
	fault_proxy_close(&name);
	redis_server_end(&other);
}

TEST(redis_health_another_server_behind_the_same_path)
{
	struct stay_redis *redis;
	struct redis_server other;
	struct answer answer;
	char path[64], target[64], url[96];

	ck_assert(redis_server_start(&other, NULL));
	snprintf(path, sizeof(path), "%s/name", server.dir);
	snprintf(target, sizeof(target), "%s/sock", server.dir);
	ck_assert_int_eq(symlink(target, path), 0);
	snprintf(url, sizeof(url), "redis+unix://%s", path);
	redis = rig_connect(&rig, url, &quick);
	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	snprintf(target, sizeof(target), "%s/sock", other.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	ask(redis, &answer, "CONFIG GET dir");
	await_answer(&rig, &answer, 20);
	EXPECT_OK(answer.status);
	ck_assert_uint_eq(sessions_of(redis), 2);
	redis_server_end(&other);
}

/* Refused, as everything is down: the queue waits, and goes in order. */
TEST(promise_1_4_what_was_asked_while_it_was_down_is_answered)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &quick);
	struct answer answers[20];

	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	for (int i = 0; i < 20; i++)
		ask(redis, &answers[i], "INCR counter");
	rig_run(&rig, 0.2);
	ck_assert_uint_eq(answers[0].told, 0);
	redis_server_restart(&server);
	await_answer(&rig, &answers[19], 20);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(answers[i].integer, i + 1);
	check_counts(redis);
}

TEST_SUITE_WITH(redis_health, .before = bed_open_with_admin, .after = bed_close,
    .seconds = 60)
