/*
 * Ordinary life with a real redis-server: every kind of reply, pipelines, big
 * values, both families of sockets, and what hello sets up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/redis_bed.h"

#define PIPELINE 10000
#define BIG      (10u << 20)

/* ---- replies ---- */

#define TEXT_PLAIN    "Hello World"
#define TEXT_VERBATIM "This is a verbatim\nstring"
#define TEXT_BIG      "1234567999999999999999999999999999999"

/* What DEBUG PROTOCOL sends under a name, by version of the protocol. */
static const struct sample {
	const char *name;
	unsigned protocol;
	enum stay_redis_type type;
	const char *text;
	int64_t integer;
	size_t count;
} samples[] = {
	/* clang-format off */
	{ "string",   3, STAY_REDIS_STRING,     TEXT_PLAIN,    0,     0 },
	{ "integer",  3, STAY_REDIS_INTEGER,    "12345",       12345, 0 },
	{ "double",   3, STAY_REDIS_DOUBLE,     "3.141",       0,     0 },
	{ "null",     3, STAY_REDIS_NIL,        "",            0,     0 },
	{ "array",    3, STAY_REDIS_ARRAY,      "",            0,     3 },
	{ "set",      3, STAY_REDIS_SET,        "",            0,     3 },
	{ "map",      3, STAY_REDIS_MAP,        "",            0,     6 },
	{ "verbatim", 3, STAY_REDIS_VERBATIM,   TEXT_VERBATIM, 0,     0 },
	{ "true",     3, STAY_REDIS_BOOL,       NULL,          1,     0 },
	{ "false",    3, STAY_REDIS_BOOL,       NULL,          0,     0 },
	{ "bignum",   3, STAY_REDIS_BIG_NUMBER, TEXT_BIG,      0,     0 },
	{ "string",   2, STAY_REDIS_STRING,     TEXT_PLAIN,    0,     0 },
	{ "integer",  2, STAY_REDIS_INTEGER,    "12345",       12345, 0 },
	{ "double",   2, STAY_REDIS_STRING,     "3.141",       0,     0 },
	{ "null",     2, STAY_REDIS_NIL,        "",            0,     0 },
	{ "array",    2, STAY_REDIS_ARRAY,      "",            0,     3 },
	{ "set",      2, STAY_REDIS_ARRAY,      "",            0,     3 },
	{ "map",      2, STAY_REDIS_ARRAY,      "",            0,     6 },
	{ "verbatim", 2, STAY_REDIS_STRING,     TEXT_VERBATIM, 0,     0 },
	{ "true",     2, STAY_REDIS_INTEGER,    "1",           1,     0 },
	{ "false",    2, STAY_REDIS_INTEGER,    "0",           0,     0 },
	{ "bignum",   2, STAY_REDIS_STRING,     TEXT_BIG,      0,     0 },
	/* clang-format on */
};

TEST_ROWS(redis_real_every_type_of_reply_is_read, LEN(samples))
{
	const struct sample *sample = &samples[_i];
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.protocol = sample->protocol };
	struct stay_redis *redis = rig_connect(&rig, server.url, &options);
	struct answer answer;

	ask_now(&rig, redis, &answer, "DEBUG PROTOCOL %s", sample->name);
	EXPECT_OK(answer.status);
	ck_assert_int_eq(answer.outcome, STAY_REPLIED);
	ck_assert_str_eq(stay_redis_type_name(answer.type),
	    stay_redis_type_name(sample->type));
	ck_assert_uint_eq(answer.count, sample->count);
	if (sample->text != NULL)
		ck_assert_str_eq(answer.text, sample->text);
	if (sample->type == STAY_REDIS_BOOL)
		ck_assert_int_eq(answer.truth, sample->integer);
	else if (sample->type == STAY_REDIS_INTEGER)
		ck_assert_int_eq(answer.integer, sample->integer);
	if (strcmp(sample->name, "double") == 0)
		ck_assert_double_eq(answer.number, 3.141);
}

static void
note_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	(void)redis;
	ck_assert_int_eq(stay_redis_type_of(push), STAY_REDIS_PUSH);
	ck_assert_uint_eq(stay_redis_count(push), 2);
	ck_assert_str_eq(
	    stay_redis_str(stay_redis_first(push)), "server-cpu-usage");
	++*(unsigned *)arg;
}

TEST(redis_real_a_push_is_nobodys_reply)
{
	unsigned pushes = 0;
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.on_push = note_push, .on_push_arg = &pushes };
	struct stay_redis *redis = rig_connect(&rig, server.url, &options);
	struct answer answer;

	ask_now(&rig, redis, &answer, "DEBUG PROTOCOL push");
	ck_assert_int_eq(answer.type, STAY_REDIS_STRING);
	ck_assert_uint_eq(pushes, 1);
	ask_now(&rig, redis, &answer, "ECHO after");
	ck_assert_str_eq(answer.text, "after");
}

/* Whether the attribute in front of the reply could be read. */
static void
on_attribute(void *arg, const struct stay_result *result)
{
	const struct stay_redis_reply *attribute =
	    stay_redis_attribute(result->reply);

	EXPECT_OK(result->status);
	ck_assert_int_eq(stay_redis_type_of(result->reply), STAY_REDIS_STRING);
	ck_assert_int_eq(stay_redis_type_of(attribute), STAY_REDIS_ATTRIBUTE);
	ck_assert_ptr_nonnull(stay_redis_map_get(attribute, "key-popularity"));
	((struct answer *)arg)->told++;
}

TEST(redis_real_an_attribute_stands_before_its_reply)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer = { 0 };

	EXPECT_OK(stay_redis_command(
	    redis, on_attribute, &answer, "DEBUG PROTOCOL attrib"));
	await_answer(&rig, &answer, 20);
}

TEST(redis_real_an_error_is_a_reply)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;

	ask_now(&rig, redis, &answer, "NOSUCHCOMMAND");
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	ck_assert_int_eq(answer.outcome, STAY_REPLIED);
	ck_assert_int_eq(answer.type, STAY_REDIS_ERROR);
	EXPECT_IN(answer.text, "unknown command");
}

/* ---- what a command brings that was given up ---- */

/* ---- many, and big ones ---- */

struct pipeline {
	uint64_t next; /* the nonce whose turn it is */
	uint64_t wrong;
};

static void
on_nonce(void *arg, const struct stay_result *result)
{
	struct pipeline *pipeline = arg;
	char expected[24];

	snprintf(expected, sizeof(expected), "%" PRIu64, pipeline->next++);
	if (result->status != STAY_OK ||
	    strcmp(stay_redis_str(result->reply), expected) != 0)
		pipeline->wrong++;
}

static bool
is_through(void *arg)
{
	return ((const struct pipeline *)arg)->next == PIPELINE;
}

TEST(promise_2_4_ten_thousand_nonces_in_one_pipeline)
{
	struct stay_redis *redis = rig_start(&rig, server.url, NULL);
	struct pipeline pipeline = { 0 };

	for (uint64_t i = 0; i < PIPELINE; i++)
		EXPECT_OK(stay_redis_command(
		    redis, on_nonce, &pipeline, "ECHO %" PRIu64, i));
	rig_until(&rig, is_through, &pipeline, 20);
	ck_assert_uint_eq(pipeline.wrong, 0);
	check_counts(redis);
}

/* Every byte tells its place. */
static void
fill(char *bytes)
{
	for (uint32_t i = 0; i < BIG; i++)
		bytes[i] = (char)((i * 2654435761u) >> 24);
}

struct big {
	char *bytes;
	bool told;
};

static bool
is_back(void *arg)
{
	return ((const struct big *)arg)->told;
}

static void
on_big(void *arg, const struct stay_result *result)
{
	struct big *big = arg;

	EXPECT_OK(result->status);
	ck_assert_uint_eq(stay_redis_len(result->reply), BIG);
	ck_assert(memcmp(stay_redis_str(result->reply), big->bytes, BIG) == 0);
	big->told = true;
}

TEST_ROWS(redis_real_ten_megabytes_go_in_and_come_out, 2)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 20000 } };
	const char *url = _i == 0 ? server.url : server.unix_url;
	struct stay_redis *redis = rig_connect(&rig, url, &options);
	struct big big = { malloc(BIG), false };
	struct answer answer;

	ck_assert_ptr_nonnull(big.bytes);
	fill(big.bytes);
	ask(redis, &answer, "SET big %b", big.bytes, (size_t)BIG);
	EXPECT_OK(stay_redis_command(redis, on_big, &big, "GET big"));
	rig_until(&rig, is_back, &big, 20);
	ck_assert_uint_eq(answer.told, 1);
	ck_assert_str_eq(answer.text, "OK");
	ask_now(&rig, redis, &answer, "ECHO small");
	ck_assert_str_eq(answer.text, "small");
	free(big.bytes);
}

/* ---- what hello sets up ---- */

TEST(redis_real_the_unix_socket_is_a_server_too)
{
	struct stay_redis *redis = rig_connect(&rig, server.unix_url, NULL);
	struct answer answer;

	ask_now(&rig, redis, &answer, "SET a b");
	ask_now(&rig, redis, &answer, "GET a");
	ck_assert_str_eq(answer.text, "b");
}

TEST(redis_real_the_url_chooses_the_database)
{
	struct stay_redis *first = rig_connect(&rig, server.url, NULL), *other;
	struct answer answer;
	char url[128];

	snprintf(url, sizeof(url), "%s/3", server.url);
	other = rig_connect(&rig, url, NULL);
	ask_now(&rig, other, &answer, "SET where three");
	ask_now(&rig, first, &answer, "GET where");
	ck_assert_int_eq(answer.type, STAY_REDIS_NIL);
	snprintf(url, sizeof(url), "%s?db=3", server.unix_url);
	other = rig_connect(&rig, url, NULL);
	ask_now(&rig, other, &answer, "GET where");
	ck_assert_str_eq(answer.text, "three");
}

TEST_ROWS(redis_real_the_client_name_is_set_and_set_again, 2)
{
	unsigned protocol = _i == 0 ? 2 : 3;
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .backoff = { .cap_ms = 50 } },
		.client_name = "somebody", .protocol = protocol };
	struct stay_redis *redis = rig_connect(&rig, server.url, &options);
	struct answer answer;

	ask_now(&rig, redis, &answer, "CLIENT GETNAME");
	ck_assert_str_eq(answer.text, "somebody");
	redis_server_kill(&server);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	redis_server_restart(&server);
	ask_now(&rig, redis, &answer, "CLIENT GETNAME");
	ck_assert_str_eq(answer.text, "somebody");
	ask_now(&rig, redis, &answer, "CLIENT LIST");
	EXPECT_IN(answer.text, " name=somebody ");
}

/* A transaction is calls like any other, and comes back in order. */
/* This server does not know what it is asked for, and is a server like any other. */
TEST(redis_real_is_asked_to_tell_that_it_moves)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.moving = STAY_REDIS_MOVING_INTERNAL_IP };
	struct stay_redis *redis = rig_connect(&rig, server.url, &options);
	struct answer answer;

	ask_now(&rig, redis, &answer,
	    "CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type none");
	ck_assert_int_eq(answer.type, STAY_REDIS_ERROR);
	ask_now(&rig, redis, &answer, "PING");
	ck_assert_str_eq(answer.text, "PONG");
	ck_assert_uint_eq(sessions_of(redis), 1);
}

TEST(redis_real_a_transaction_answers_in_order)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answers[4];

	ask(redis, &answers[0], "MULTI");
	ask(redis, &answers[1], "SET a 1");
	ask(redis, &answers[2], "INCR a");
	ask(redis, &answers[3], "EXEC");
	await_answer(&rig, &answers[3], 20);
	ck_assert_str_eq(answers[0].text, "OK");
	ck_assert_str_eq(answers[1].text, "QUEUED");
	ck_assert_str_eq(answers[2].text, "QUEUED");
	ck_assert_uint_eq(answers[3].count, 2);
}

/* FLUSHALL and the like are no event at all for a connection. */
TEST(redis_real_a_flush_loses_data_and_no_call)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis *other = rig_connect(&rig, server.unix_url, NULL);
	struct answer set, flush, get;

	ask_now(&rig, redis, &set, "SET a b");
	ask_now(&rig, other, &flush, "FLUSHALL");
	ask_now(&rig, redis, &get, "GET a");
	EXPECT_OK(get.status);
	ck_assert_int_eq(get.type, STAY_REDIS_NIL);
	ck_assert_uint_eq(sessions_of(redis), 1);
}

TEST_SUITE_WITH(
    redis_real, .before = bed_open, .after = bed_close, .seconds = 60)
