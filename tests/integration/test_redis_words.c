/*
 * The words of words.def as a real redis-server says them: the command was not
 * acted on, and is told so; but a script's error is an answer.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "suites.h"
#include "support/redis_bed.h"

static void
order(const char *command)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, command);
	ck_assert_str_eq(answer.text, "OK");
}

static void
check(const struct answer *answer, const char *word, enum stay_outcome outcome)
{
	ck_assert_msg(strncmp(answer->text, word, strlen(word)) == 0 &&
			  answer->status == STAY_E_SERVER &&
			  answer->outcome == outcome,
	    "not %s, %s: \"%s\", %s", word, stay_outcome_name(outcome),
	    answer->text, stay_outcome_name(answer->outcome));
}

/* ---- rejected before it runs ---- */

static const struct example {
	const char *orders[3];
	const char *command;
	const char *word;
	enum stay_outcome outcome;
} examples[] = {
	{ { "CONFIG SET maxmemory 1", NULL, NULL }, "SET key value", "OOM ",
	    STAY_REFUSED },
	{ { "CONFIG SET min-replicas-to-write 1", NULL, NULL }, "SET key value",
	    "NOREPLICAS ", STAY_REFUSED },
	{ { "REPLICAOF 127.0.0.1 1", NULL, NULL }, "SET key value", "READONLY ",
	    STAY_REFUSED },
	{ { "CONFIG SET replica-serve-stale-data no", "REPLICAOF 127.0.0.1 1",
	      NULL },
	    "GET key", "MASTERDOWN ", STAY_REFUSED },
	{ { "REPLICAOF 127.0.0.1 1", NULL, NULL },
	    "EVAL return(redis.call('SET','key','value')) 0", "READONLY ",
	    STAY_REPLIED },
	{ { "CONFIG SET maxmemory 1", NULL, NULL },
	    "EVAL return(redis.call('SET','key','value')) 0", "OOM ",
	    STAY_REPLIED },
	{ { NULL, NULL, NULL }, "CLUSTER SLOTS", "ERR This instance",
	    STAY_REPLIED },
};

TEST_ROWS(redis_words_of_a_real_server, (LEN(examples)))
{
	const struct example *example = &examples[_i];
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;

	for (size_t i = 0; example->orders[i] != NULL; i++)
		order(example->orders[i]);
	ask_now(&rig, redis, &answer, example->command);
	check(&answer, example->word, example->outcome);
	order("CONFIG SET maxmemory 0");
	order("CONFIG SET min-replicas-to-write 0");
	order("REPLICAOF NO ONE");
	ask_now(&rig, redis, &answer, "EXISTS key");
	ck_assert_int_eq(answer.integer, 0);
}

/* ---- what only reads ---- */

static const char *const readers[] = {
#define REJECT                                      0
#define REJECT_IF                                   0
#define CLIENTS                                     0
#define TAG                                         0
#define NAMED                                       0
#define FIRST                                       0
#define LAST                                        0
#define OPTION                                      0
#define READ                                        1
#define READ_IF                                     1
#define READ_TAG                                    1
#define READ_STREAMS                                1
#define COMMAND(a, b, z, name, kind, second, value) kind ? #name : "",
#include "../../adapters/redis/commands.def"
};

static bool
is_reader(const char *name)
{
	for (size_t i = 0; i < LEN(readers); i++)
		if (strcasecmp(readers[i], name) == 0)
			return true;
	return false;
}

static bool
has_flag(const struct stay_redis_reply *command, const char *flag)
{
	const struct stay_redis_reply *at =
	    stay_redis_first(stay_redis_at(command, 2));

	for (; at != NULL; at = stay_redis_next(at))
		if (strcmp(stay_redis_str(at), flag) == 0)
			return true;
	return false;
}

static void
check_commands(void *arg, const struct stay_result *result)
{
	const struct stay_redis_reply *at = stay_redis_first(result->reply);

	EXPECT_OK(result->status);
	for (; at != NULL; at = stay_redis_next(at)) {
		const char *name = stay_redis_str(stay_redis_first(at));

		ck_assert_msg(!has_flag(at, "readonly") || is_reader(name),
		    "%s only reads", name);
		ck_assert_msg(!has_flag(at, "write") || !is_reader(name),
		    "%s writes", name);
		*(unsigned *)arg += 1;
	}
}

static bool
are_many(void *arg)
{
	return *(unsigned *)arg > 200;
}

/* The server itself says of each command whether it does. */
TEST(redis_words_what_only_reads)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	unsigned commands = 0;

	EXPECT_OK(
	    stay_redis_command(redis, check_commands, &commands, "COMMAND"));
	rig_until(&rig, are_many, &commands, 10);
}

/* ---- while something else runs ---- */

static bool
is_busy(void *arg)
{
	struct stay_redis *redis = ((struct stay_redis **)arg)[0];
	static struct answer answer;

	if (answer.told == 0 && answer.at != 0)
		return false;
	if (answer.told == 1 && answer.outcome == STAY_REFUSED) {
		check(&answer, "BUSY ", STAY_REFUSED);
		return true;
	}
	ask(redis, &answer, "SET key value");
	answer.at = 1;
	return false;
}

/* A script is not ended by its client: it is killed by another's. */
TEST(redis_words_busy)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis *other = rig_connect(&rig, server.url, NULL);
	struct answer script, killed;

	order("CONFIG SET lua-time-limit 1");
	ask(other, &script, "EVAL while(true)do(function()end)()end 0");
	rig_until(&rig, is_busy, &redis, 10);
	ask_now(&rig, redis, &killed, "SCRIPT KILL");
	ck_assert_str_eq(killed.text, "OK");
	await_answer(&rig, &script, 20);
	ck_assert_int_eq(script.outcome, STAY_REPLIED);
}

static const char *const waits[] = { "BLPOP queue 0", "BLMPOP 0 1 queue LEFT",
	"BZPOPMIN queue 0", "XREAD BLOCK 0 STREAMS queue $",
	"BLMOVE queue to LEFT LEFT 0" };

static bool
is_unblocked(void *arg)
{
	struct answer *waiting = arg;
	static struct answer unblock;

	if (waiting->told == 1)
		return true;
	if (unblock.told == 1 || unblock.at == 0) {
		ask(admin, &unblock, "CLIENT UNBLOCK %d ERROR",
		    (int)waiting->integer);
		unblock.at = 1;
	}
	return false;
}

TEST_ROWS(redis_words_unblocked, (LEN(waits)))
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer id, answer;

	ask_now(&rig, redis, &id, "CLIENT ID");
	ask(redis, &answer, waits[_i]);
	answer.integer = id.integer;
	rig_until(&rig, is_unblocked, &answer, 10);
	check(&answer, "UNBLOCKED ", STAY_REFUSED);
}

/* ---- what was agreed on ---- */

TEST(redis_words_agreement_with_a_real_server)
{
	struct stay_redis_agreement agreed = { STAY_REDIS_AGREEMENT };
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	char text[512];

	stay_redis_get_agreement(redis, &agreed);
	ck_assert_uint_eq(agreed.protocol, 3);
	ck_assert_int_eq(agreed.role, STAY_REDIS_PRIMARY);
	ck_assert_uint_gt(strlen(agreed.server), 0);
	ck_assert_uint_gt(strlen(agreed.version), 2);
	stay_conn_explain(stay_redis_conn(redis), text, sizeof(text));
	EXPECT_IN(text, ", RESP3 with ");
	order("REPLICAOF 127.0.0.1 1");
	redis = rig_connect(&rig, server.url, NULL);
	stay_redis_get_agreement(redis, &agreed);
	ck_assert_int_eq(agreed.role, STAY_REDIS_REPLICA);
}

/* With a password or without, in both protocols, by the shortest way. */
TEST(redis_words_greetings_of_a_real_server)
{
	static const char *const queries[] = { "", "?protocol=2",
		"?protocol=3&client_name=me" };
	struct answer answer;
	char url[128];

	order("CONFIG SET requirepass pw");
	order("ACL SETUSER me on >pw ~* +@all");
	for (size_t i = 0; i < LEN(queries); i++)
		for (int user = 0; user < 3; user++) {
			static const char *const users[] = { "", "default",
				"me" };

			snprintf(url, sizeof(url),
			    "redis://%s:pw@127.0.0.1:%d/3%s", users[user],
			    server.port, queries[i]);
			ask_now(&rig, rig_connect(&rig, url, NULL), &answer,
			    "ACL WHOAMI");
			ck_assert_str_eq(
			    answer.text, user == 2 ? "me" : "default");
		}
}

TEST_SUITE_WITH(redis_words, .before = bed_open_with_admin, .after = bed_close,
    .seconds = 60)
