/*
 * Groups at a real redis-server: through a proxy that is cut after each byte, with a
 * server that is killed under them, and with its own words. What each was told is held
 * against what the server has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/fault_proxy.h"
#include "support/redis_bed.h"

#define PATIENCE_S 50.

/* ---- one group ---- */

struct job {
	unsigned told;
	enum stay_status status;
	enum stay_outcome outcome;
	enum stay_status answers[4];
	size_t count;
	char why[128];
};

static void
on_done(void *arg, const struct stay_group_result *result)
{
	struct job *job = arg;

	job->told++;
	job->status = result->status;
	job->outcome = result->outcome;
	job->count = result->count;
	snprintf(job->why, sizeof(job->why), "%s", result->why);
	for (size_t i = 0; i < result->count && i < LEN(job->answers); i++)
		job->answers[i] = result->answers[i].status;
}

static bool
is_told(void *arg)
{
	return ((const struct job *)arg)->told > 0;
}

static struct stay_redis_group *
make(struct stay_redis *redis, bool is_multi)
{
	return is_multi ? stay_redis_multi_new(redis)
			: stay_redis_pipeline_new(redis);
}

static void
send_group(struct stay_redis_group *group, struct job *job)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = (uint64_t)(PATIENCE_S * 1000),
		.flags = STAY_THIS_SESSION };

	*job = (struct job){ .told = 0 };
	EXPECT_OK(stay_redis_group_send(group, &options, on_done, job));
}

/* The number is put down in two hashes. */
static void
put_down(struct stay_redis *redis, bool is_multi, int number, struct job *job)
{
	struct stay_redis_group *group = make(redis, is_multi);

	stay_redis_group_add(group, "HINCRBY left %d 1", number);
	stay_redis_group_add(group, "HINCRBY right %d 1", number);
	send_group(group, job);
}

static int
times(const char *hash, int number)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, "HGET %s %d", hash, number);
	return answer.type == STAY_REDIS_NIL ? 0 : atoi(answer.text);
}

/* What was told is what the server has. */
static void
check_books(int number, bool is_multi, const struct job *job)
{
	int left = times("left", number), right = times("right", number);

	ck_assert_int_le(left, 1);
	ck_assert_int_le(right, left);
	if (is_multi)
		ck_assert_int_eq(left, right);
	if (job->outcome == STAY_REPLIED)
		ck_assert_int_eq(left + right, 2);
	else if (job->outcome == STAY_NOT_SENT)
		ck_assert_int_eq(left + right, 0);
	else
		ck_assert_int_eq(job->outcome, STAY_MAYBE_EXECUTED);
}

/* ---- cut after each byte ---- */

#define ROUNDS_MAX 256

static struct job jobs[ROUNDS_MAX];

/* Bytes of a session: of its greeting, and with the group. */
static void
measure(struct fault_proxy *proxy, const char *url, bool is_multi,
    uint64_t greeting[2], uint64_t all[2])
{
	struct stay_redis *redis = rig_connect(&rig, url, NULL);
	struct job job;

	memcpy(greeting, proxy->bytes, sizeof(proxy->bytes));
	put_down(redis, is_multi, 0, &job);
	rig_until(&rig, is_told, &job, 20);
	memcpy(all, proxy->bytes, sizeof(proxy->bytes));
	ck_assert_int_eq(job.outcome, STAY_REPLIED);
	rig_stop(&rig, redis);
}

/* The session ends after so many bytes of one way. */
static void
cut_one(struct fault_proxy *proxy, const char *url, enum fault_way way,
    uint64_t after, bool is_multi, int number)
{
	struct stay_redis *redis;

	proxy->plan = fault_none();
	proxy->plan.kind = number % 2 == 0 ? FAULT_RESET : FAULT_CLOSE;
	proxy->plan.after[way] = after;
	proxy->plan_once = true;
	redis = rig_connect(&rig, url, NULL);
	put_down(redis, is_multi, number, &jobs[number]);
	rig_until(&rig, is_told, &jobs[number], 20);
	rig_stop(&rig, redis);
}

static int
cut_all(struct fault_proxy *proxy, const char *url, bool is_multi)
{
	uint64_t greeting[2], all[2];
	int number = 0;

	measure(proxy, url, is_multi, greeting, all);
	for (int way = FAULT_UP; way <= FAULT_DOWN; way++)
		for (uint64_t at = greeting[way] + 1; at <= all[way]; at++) {
			ck_assert_int_lt(++number, ROUNDS_MAX);
			cut_one(proxy, url, (enum fault_way)way, at, is_multi,
			    number);
		}
	return number;
}

TEST_ROWS(promise_3_redis_group_cut_at_each_byte, 2)
{
	const bool is_multi = _i == 1;
	struct fault_proxy proxy;
	unsigned replied = 0, executed = 0;
	char url[96];
	int rounds;

	fault_proxy_open(&proxy, rig.ev, server.port);
	snprintf(url, sizeof(url), "%s?protocol=2", proxy.url);
	rounds = cut_all(&proxy, url, is_multi);
	for (int number = 1; number <= rounds; number++) {
		check_books(number, is_multi, &jobs[number]);
		replied += jobs[number].outcome == STAY_REPLIED;
		executed += times("left", number) == 1;
	}
	ck_assert_int_gt(rounds, is_multi ? 100 : 60);
	/* the last byte of all was there; of the others the server had half */
	ck_assert_uint_ge(replied, 1);
	ck_assert_uint_gt(executed, replied + 10);
	ck_assert_uint_lt(executed, (unsigned)rounds - 20);
	fault_proxy_close(&proxy);
}

/* ---- killed in the middle ---- */

#define KILLS 10

static bool
has_left(void *arg)
{
	struct stay_client_counts counts = counts_of(stay_redis_client(arg));

	return counts.in_flight > 0;
}

TEST_ROWS(promise_3_redis_group_killed_in_the_middle, 2)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS };
	struct stay_redis *redis;

	options.client.backoff = stay_backoff_constant(4);
	redis = rig_connect(&rig, server.url, &options);
	for (int number = 0; number < KILLS; number++) {
		struct stay_redis_group *group = make(redis, _i == 1);

		stay_redis_group_add(group, "HINCRBY left %d 1", number);
		stay_redis_group_add(group, "DEBUG SLEEP 0.05");
		stay_redis_group_add(group, "HINCRBY right %d 1", number);
		send_group(group, &jobs[number]);
		rig_until(&rig, has_left, redis, 20);
		redis_server_kill(&server);
		rig_until(&rig, is_told, &jobs[number], 20);
		redis_server_restart(&server);
		rig_until_state(&rig, redis, STAY_CONNECTED, 20);
		rig_until_state(&rig, admin, STAY_CONNECTED, 20);
		check_books(number, _i == 1, &jobs[number]);
		ck_assert_uint_eq(jobs[number].told, 1);
	}
	check_counts(redis);
}

/* ---- its own words ---- */

/* One transaction a row, under orders to the server; the second command may be of
 * another kind than the first. */
static const struct {
	const char *orders[2];
	const char *commands[2];
	enum stay_status status;
	enum stay_outcome outcome;
	enum stay_status answers[2];
	bool is_set; /* the key "s" */
} words[] = {
	{ { NULL }, { "INCR n", "INCR n" }, STAY_OK, STAY_REPLIED,
	    { STAY_OK, STAY_OK }, false },
	{ { NULL }, { "SET s x", "INCR s" }, STAY_E_SERVER, STAY_REPLIED,
	    { STAY_OK, STAY_E_SERVER }, true },
	{ { NULL }, { "SET s x", "NO such" }, STAY_E_SERVER, STAY_REPLIED,
	    { STAY_E_SERVER, STAY_E_SERVER }, false },
	{ { NULL }, { "WATCH s", "SET s x" }, STAY_E_SERVER, STAY_REPLIED,
	    { STAY_E_SERVER, STAY_OK }, true },
	{ { "CONFIG SET maxmemory 1", NULL }, { "GET s", "SET s x" },
	    STAY_E_SERVER, STAY_REFUSED, { STAY_E_SERVER, STAY_E_SERVER },
	    false },
	{ { "CONFIG SET maxmemory 1", NULL }, { "SET s x", "NO such" },
	    STAY_E_SERVER, STAY_REPLIED, { STAY_E_SERVER, STAY_E_SERVER },
	    false },
	{ { "CONFIG SET min-replicas-to-write 1", NULL },
	    { "GET s", "SET s x" }, STAY_E_SERVER, STAY_REFUSED,
	    { STAY_E_SERVER, STAY_E_SERVER }, false },
	{ { "REPLICAOF 127.0.0.1 1", NULL }, { "GET s", "SET s x" },
	    STAY_E_SERVER, STAY_REFUSED, { STAY_E_SERVER, STAY_E_SERVER },
	    false },
};

static void
run_orders(const char *const *orders)
{
	struct answer answer;

	for (size_t i = 0; i < 2 && orders[i] != NULL; i++) {
		ask_now(&rig, admin, &answer, orders[i]);
		ck_assert_str_eq(answer.text, "OK");
	}
}

TEST_ROWS(redis_group_words_of_a_real_server, LEN(words))
{
	static const char *const undo[] = { "CONFIG SET maxmemory 0",
		"CONFIG SET min-replicas-to-write 0" };
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis_group *group = make(redis, true);
	struct answer answer;
	struct job job;

	run_orders(words[_i].orders);
	for (size_t i = 0; i < 2; i++)
		stay_redis_group_add(group, words[_i].commands[i]);
	send_group(group, &job);
	rig_until(&rig, is_told, &job, 20);
	ck_assert_msg(
	    job.status == words[_i].status && job.outcome == words[_i].outcome,
	    "%s, %s: %s", stay_status_name(job.status),
	    stay_outcome_name(job.outcome), job.why);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(job.answers[i], words[_i].answers[i]);
	run_orders(undo);
	ask_now(&rig, admin, &answer, "REPLICAOF NO ONE");
	ask_now(&rig, admin, &answer, "EXISTS s");
	ck_assert_int_eq(answer.integer, words[_i].is_set);
}

/* A key that is watched in this session, and changed by another. */
TEST(redis_group_whose_key_has_changed_is_refused)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis_group *group;
	struct answer answer;
	struct job job;

	ask_now(&rig, redis, &answer, "WATCH s");
	ask_now(&rig, admin, &answer, "SET s y");
	group = make(redis, true);
	stay_redis_group_add(group, "SET s x");
	send_group(group, &job);
	rig_until(&rig, is_told, &job, 20);
	ck_assert_int_eq(job.outcome, STAY_REFUSED);
	ask_now(&rig, admin, &answer, "GET s");
	ck_assert_str_eq(answer.text, "y");
}

/* Its replies are kept, large ones where they were read. */
TEST_ROWS(redis_group_of_many_replies, 2)
{
	static const size_t lens[] = { 10, 100000 };
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis_group *group = make(redis, false);
	struct answer answer;
	struct job job;

	ask_now(&rig, redis, &answer, "SETRANGE s %d x", (int)lens[_i] - 1);
	for (int i = 0; i < 500; i++)
		stay_redis_group_add(group, "GET s");
	send_group(group, &job);
	rig_until(&rig, is_told, &job, PATIENCE_S);
	ck_assert_uint_eq(job.count, 500);
	EXPECT_OK(job.status);
}

TEST_SUITE_WITH(redis_group, .before = bed_open_with_admin, .after = bed_close,
    .seconds = 60)
