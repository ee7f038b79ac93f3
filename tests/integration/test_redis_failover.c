/*
 * A failover as docs/options.md has it: a real primary and its replica change
 * their roles under a mix of reads and writes of several callers. Nothing is lost
 * or done twice, and the writes of each caller keep their order. What one refused
 * call is told is test_redis_refuses.c's.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "support/redis_bed.h"

#define CALLERS   3
#define IN_FLIGHT 8
#define BEFORE    200 /* writes of each caller, before and in all */
#define IN_ALL    600

/* The recipe: docs/options.md says the same. */
static const struct stay_redis_options recipe = {
	STAY_REDIS_OPTIONS,
	.client = {
		STAY_CLIENT_OPTIONS,
		.on_refused = STAY_REFUSED_RESEND,
		.call_timeout_ms = 30000, /* longer than the failover */
		.backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		    .initial_ms = 50, .cap_ms = 1000 },
	},
};

static struct redis_server other;
static struct stay_redis *other_admin;
static char name[96], link_path[64];

/* ---- who reads and writes ---- */

struct caller {
	struct stay_redis *redis;
	int index;
	uint64_t pushed; /* submitted; each write says how many came before */
	uint64_t answered;
	uint64_t asked, read;
	uint64_t until;
};

static struct caller callers[CALLERS];

static void push(struct caller *caller);

static void
on_read(void *arg, const struct stay_result *result)
{
	struct caller *caller = arg;

	ck_assert_msg(
	    result->outcome == STAY_REPLIED, "a read: %s", result->why);
	caller->read++;
}

/* RPUSH returns the length of the list: so many writes have been done. */
static void
on_push(void *arg, const struct stay_result *result)
{
	struct caller *caller = arg;

	ck_assert_msg(result->status == STAY_OK, "write %llu of %d: %s, %s",
	    (unsigned long long)caller->answered + 1, caller->index,
	    stay_outcome_name(result->outcome), result->why);
	ck_assert_int_eq(stay_redis_integer(result->reply, NULL),
	    (int64_t)++caller->answered);
	if (caller->pushed < caller->until)
		push(caller);
}

static void
push(struct caller *caller)
{
	caller->pushed++;
	EXPECT_OK(stay_redis_command(caller->redis, on_push, caller,
	    "RPUSH list:%d %d", caller->index, (int)caller->pushed));
	caller->asked++;
	EXPECT_OK(stay_redis_command(
	    caller->redis, on_read, caller, "LLEN list:%d", caller->index));
}

static void
begin(void)
{
	for (int i = 0; i < CALLERS; i++) {
		callers[i] =
		    (struct caller){ .redis = rig_connect(&rig, name, &recipe),
			    .index = i,
			    .until = UINT64_MAX };
		for (int n = 0; n < IN_FLIGHT; n++)
			push(&callers[i]);
	}
}

/* ---- what is waited for ---- */

static bool
are_answered(void *arg)
{
	const uint64_t *least = arg;
	bool all = true;

	for (int i = 0; i < CALLERS; i++)
		all &= callers[i].answered >= *least;
	return all;
}

static bool
are_done(void *arg)
{
	bool all = true;

	(void)arg;
	for (int i = 0; i < CALLERS; i++)
		all &= callers[i].answered == callers[i].pushed &&
		       callers[i].read == callers[i].asked;
	return all;
}

/* They have dialled the old primary once more, and won't have it. */
static bool
all_look_for_a_primary(void *arg)
{
	bool all = true;

	(void)arg;
	for (int i = 0; i < CALLERS; i++)
		all &=
		    strstr(stay_conn_failure(stay_redis_conn(callers[i].redis)),
			"the first one was a primary") != NULL;
	return all;
}

/* ---- the failover ---- */

static struct answer
run_script(struct stay_redis *redis, const char *script)
{
	struct answer answer;

	ask_now(&rig, redis, &answer, "EVAL_RO %s 0", script);
	return answer;
}

static int64_t
offset_of(struct stay_redis *redis)
{
	struct answer answer =
	    run_script(redis, "return tonumber(redis.call('INFO','replication')"
			      ":match('master_repl_offset:(%d+)'))");

	EXPECT_OK(answer.status);
	return answer.integer;
}

/* It is refused while the first copy is loaded. */
static bool
follows(struct stay_redis *redis)
{
	struct answer answer = run_script(redis,
	    "return redis.call('INFO','replication')"
	    ":find('master_link_status:up',1,true) and 1 or 0");

	return answer.status == STAY_OK && answer.integer == 1;
}

static void
order(struct stay_redis *redis, const char *command)
{
	struct answer answer;

	ask_now(&rig, redis, &answer, command);
	ck_assert_str_eq(answer.text, "OK");
}

static void
point_at(const struct redis_server *to)
{
	const char *path = strstr(to->unix_url, "://") + 3;
	char next[80];

	snprintf(next, sizeof(next), "%s.next", link_path);
	ck_assert_int_eq(symlink(path, next), 0);
	ck_assert_int_eq(rename(next, link_path), 0);
}

/* Before that neither of them counts its writes, and both have the same offset. */
static void
await_the_first_copy(void)
{
	for (int i = 0; !follows(other_admin); i++) {
		ck_assert_int_lt(i, 2000);
		rig_run(&rig, 0.01);
	}
}

static void
open_pair(void)
{
	static char port[16];
	static const char *const extra[] = { "--replicaof", "127.0.0.1", port,
		NULL };

	bed_open_with_admin();
	snprintf(port, sizeof(port), "%d", server.port);
	ck_assert(redis_server_start(&other, extra));
	other_admin = rig_connect(&rig, other.unix_url, NULL);
	await_the_first_copy();
	snprintf(link_path, sizeof(link_path), "%s/primary.sock", server.dir);
	snprintf(name, sizeof(name), "redis+unix://%s", link_path);
	point_at(&server);
}

static void
close_pair(void)
{
	rig_close(&rig);
	ck_assert_int_eq(unlink(link_path), 0);
	redis_server_end(&other);
	redis_server_end(&server);
}

/* What was written is with the replica before the roles change. */
static void
change_roles(void)
{
	char command[64];

	order(admin, "CLIENT PAUSE 20000 WRITE");
	for (int i = 0; offset_of(other_admin) < offset_of(admin); i++) {
		ck_assert_int_lt(i, 1000);
		rig_run(&rig, 0.01);
	}
	order(other_admin, "REPLICAOF NO ONE");
	snprintf(
	    command, sizeof(command), "REPLICAOF 127.0.0.1 %d", other.port);
	order(admin, command);
	order(admin, "CLIENT UNPAUSE");
}

TEST(promise_1_3_4_redis_failover_of_a_real_pair)
{
	uint64_t before = BEFORE, in_all = IN_ALL;
	struct answer answer;

	begin();
	rig_until(&rig, are_answered, &before, 20);
	change_roles();
	rig_until(&rig, all_look_for_a_primary, NULL, 20);
	point_at(&other);
	rig_until(&rig, are_answered, &in_all, 20);
	for (int i = 0; i < CALLERS; i++)
		callers[i].until = 0;
	rig_until(&rig, are_done, NULL, 20);
	for (int i = 0; i < CALLERS; i++) {
		ask_now(&rig, other_admin, &answer, "LINDEX list:%d -1", i);
		ck_assert_int_eq(answer.integer, (int64_t)callers[i].answered);
		check_counts(callers[i].redis);
	}
}

/* Who does not mind reads on from whoever is there; what writes is told. */
TEST(redis_failover_a_reader_stays_with_the_replica)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.role = STAY_REDIS_WANT_ANY };
	struct stay_redis *reader = rig_connect(&rig, other.url, &options);
	struct answer answer;

	ask_now(&rig, reader, &answer, "GET nothing");
	ck_assert_int_eq(answer.type, STAY_REDIS_NIL);
	ask_now(&rig, reader, &answer, "SET a b");
	ck_assert_int_eq(answer.outcome, STAY_REFUSED);
	EXPECT_IN(answer.text, "READONLY");
	ask_now(&rig, reader, &answer, "GET nothing");
	ck_assert_int_eq(answer.type, STAY_REDIS_NIL);
	ck_assert_uint_eq(sessions_of(reader), 1);
}

TEST_SUITE_WITH(
    redis_failover, .before = open_pair, .after = close_pair, .seconds = 120)
