/*
 * Scripts at a real redis-server, which forgets them in the middle: the digest is the
 * server's, each call is executed once, or not at all and told so, and what was loaded
 * need not be sent again.
 */
#include <stay/redis_remote.h>
#include <stay/redis_script.h>

#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/redis_bed.h"

#define CALLS      400
#define PATIENCE_S 20.
#define COUNT_UP   "return redis.call('INCRBY', KEYS[1], ARGV[1])"

static struct stay_redis_script count_up, look;

static void
make(void)
{
	ck_assert_int_eq(
	    stay_redis_script_init(&count_up, COUNT_UP, 0), STAY_OK);
	ck_assert_int_eq(
	    stay_redis_script_init(
		&look, "return redis.call('GET', KEYS[1])", STAY_READ_ONLY),
	    STAY_OK);
}

static void
call(struct stay_redis *redis, const struct stay_redis_script *script,
    struct answer *answer, const char *key)
{
	*answer = (struct answer){ .told = 0 };
	ck_assert_int_eq(stay_redis_script_command(redis, script, NULL,
			     note_answer, answer, "1 %s 1", key),
	    STAY_OK);
}

static void
call_now(struct stay_redis *redis, const struct stay_redis_script *script,
    struct answer *answer)
{
	call(redis, script, answer, "key");
	await_answer(&rig, answer, PATIENCE_S);
}

/* How often the server was asked for this command since it began. */
static int64_t
times(const char *command)
{
	struct answer answer;
	const char *at;
	char line[64];
	long long count = 0;

	snprintf(line, sizeof(line), "cmdstat_%s:calls=", command);
	ask_now(&rig, admin, &answer, "EVAL %s 1 %s",
	    "local at = redis.call('INFO', 'commandstats') "
	    "local from = string.find(at, KEYS[1], 1, true) "
	    "return from and string.sub(at, from, from + 60) or ''",
	    line);
	at = strstr(answer.text, line);
	if (at != NULL)
		(void)sscanf(at + strlen(line), "%lld", &count);
	return count;
}

/* ---- one ---- */

TEST(redis_script_digest_is_the_servers)
{
	struct answer answer;

	make();
	ask_now(&rig, admin, &answer, "SCRIPT LOAD %s", COUNT_UP);
	ck_assert_str_eq(answer.text, count_up.digest);
}

TEST_ROWS(redis_script_of_a_real_server, 2)
{
	struct stay_redis *redis = rig_connect(&rig, server.url,
	    &(struct stay_redis_options){
		STAY_REDIS_OPTIONS, .protocol = _i == 0 ? 2 : 3 });
	struct answer answer;

	make();
	for (int i = 1; i <= 3; i++) {
		call_now(redis, &count_up, &answer);
		ck_assert_int_eq(answer.integer, i);
		ck_assert_int_eq(answer.outcome, STAY_REPLIED);
		call_now(redis, &look, &answer);
		ck_assert_int_eq(answer.integer, i);
	}
	check_counts(redis);
	ck_assert_int_eq(times("evalsha"), 3);
	ck_assert_int_eq(times("evalsha_ro"), 3);
	ck_assert_int_eq(times("eval_ro"), 1);
	/* a script that only reads is held to that */
	ck_assert_int_eq(
	    stay_redis_script_init(&count_up, COUNT_UP, STAY_READ_ONLY),
	    STAY_OK);
	call_now(redis, &count_up, &answer);
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	ask_now(&rig, admin, &answer, "GET key");
	ck_assert_str_eq(answer.text, "3");
}

/* ---- forgotten ---- */

static struct answer answers[CALLS];

static bool
are_told(void *arg)
{
	int *told = arg;

	while (*told < CALLS && answers[*told].told > 0)
		++*told;
	return *told == CALLS;
}

/* The server forgets it again and again while calls are under way. */
TEST(redis_script_is_flushed_in_the_middle)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;
	int told = 0;

	make();
	for (int i = 0; i < CALLS; i++) {
		call(redis, &count_up, &answers[i], "key");
		if (i % 10 == 0)
			ask(admin, &answer, "SCRIPT FLUSH");
		if (i % 7 == 0)
			rig_run(&rig, 0.0005);
	}
	rig_until(&rig, are_told, &told, PATIENCE_S);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(answers[i].told, 1);
		ck_assert_int_eq(answers[i].status, STAY_OK);
	}
	ask_now(&rig, admin, &answer, "GET key");
	ck_assert_int_eq(answer.integer, CALLS);
	ck_assert_int_gt(times("evalsha"), 0);
	check_counts(redis);
}

/* And the server dies: what it has is what was replied, and maybe executed. */
TEST(redis_script_of_a_server_that_dies)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	int64_t replied = 0, maybe = 0;
	struct answer answer;
	int told = 0;

	make();
	for (int i = 0; i < CALLS; i++) {
		call(redis, &count_up, &answers[i], "key");
		if (i == CALLS / 2) {
			rig_run(&rig, 0.0002);
			redis_server_kill(&server);
			redis_server_restart(&server);
		}
	}
	rig_until(&rig, are_told, &told, PATIENCE_S);
	for (int i = 0; i < CALLS; i++) {
		ck_assert_uint_eq(answers[i].told, 1);
		replied += answers[i].outcome == STAY_REPLIED;
		maybe += answers[i].outcome == STAY_MAYBE_EXECUTED;
	}
	ask_now(&rig, redis, &answer, "GET key");
	ck_assert_int_ge(answer.integer, replied);
	ck_assert_int_le(answer.integer, replied + maybe);
	check_counts(redis);
}

/* ---- loaded ---- */

TEST(redis_script_is_loaded_in_each_session)
{
	static const struct stay_redis_script *const scripts[] = { &count_up,
		&look, NULL };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.scripts = scripts };
	struct stay_redis *redis;
	struct answer answer;

	make();
	redis = rig_connect(&rig, server.url, &options);
	for (int i = 1; i <= 2; i++) {
		call_now(redis, &count_up, &answer);
		ck_assert_int_eq(answer.integer, i);
		call_now(redis, &look, &answer);
		ck_assert_int_eq(answer.integer, i);
		ck_assert_int_eq(times("eval_ro"), 0);
		ck_assert_int_eq(times("evalsha"), i);
		ask_now(&rig, admin, &answer, "SCRIPT FLUSH");
		ask_now(&rig, admin, &answer, "CLIENT KILL TYPE normal");
	}
}

/* Who may not load them may call them. */
TEST(redis_script_may_not_be_loaded)
{
	static const struct stay_redis_script *const scripts[] = { &count_up,
		NULL };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.scripts = scripts };
	struct stay_redis *redis;
	struct answer answer;

	make();
	ask_now(&rig, admin, &answer, "ACL SETUSER default +@all -script|load");
	redis = rig_connect(&rig, server.url, &options);
	call_now(redis, &count_up, &answer);
	ck_assert_int_eq(answer.integer, 1);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

/* ---- from a thread ---- */

TEST(redis_script_from_a_thread)
{
	struct stay_runner *runner;
	struct stay_remote *redis;
	struct stay_future *future;

	make();
	ck_assert_int_eq(stay_runner_start(&runner, NULL), STAY_OK);
	ck_assert_int_eq(
	    stay_redis_remote_start(&redis, runner, server.url, NULL), STAY_OK);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(stay_redis_remote_script_wait(
				     redis, &count_up, &future, "1 key %d", i),
		    STAY_OK);
		ck_assert_int_eq(
		    stay_redis_integer(stay_future_reply(future), NULL),
		    i * (i + 1) / 2);
		stay_future_free(future);
	}
	stay_remote_free(redis);
	ck_assert_int_eq(stay_runner_free(runner), STAY_OK);
}

TEST_SUITE_WITH(redis_script, .seconds = 60, .before = bed_open_with_admin,
    .after = bed_close)
