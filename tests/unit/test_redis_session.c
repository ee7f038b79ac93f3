/* What the words of a Redis server mean for a session and for its calls. */
#include <stay/redis_remote.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>

#include "../../adapters/redis/session.h"

#include "suites.h"
#include "support/redis_virtual.h"

static struct redis_virtual here;
static unsigned told;
static struct stay_result last;
static char why[1024];
static enum stay_status failed; /* the last session */

/* It greets and hides its role. What comes then is only counted. */
static const struct peer_row rows[] = {
	ON("HELLO", "%1\r\n+proto\r\n:3\r\n"),
	REDIS_GREETS,
	ON(PEER_ANYTHING, ""),
	NO_MORE,
};

static unsigned
commands(void)
{
	return here.server.used[4];
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)text;
	failed = status;
}

static void
on_lost_call(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	snprintf(why, sizeof(why), "%s", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_failure = on_failure, .on_lost_call = on_lost_call };

static char pushed[64]; /* the first word of each push */

static void
on_push(void *arg, struct stay_redis *of, const struct stay_redis_reply *push)
{
	ck_assert_ptr_eq(arg, pushed);
	ck_assert_ptr_eq(of, here.redis);
	ck_assert_int_eq(stay_redis_type_of(push), STAY_REDIS_PUSH);
	strcat(pushed, stay_redis_str(stay_redis_at(push, 0)));
	strcat(pushed, ";");
}

static void
begin(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.on_push = on_push, .on_push_arg = pushed,
		.client.on_refused = STAY_REFUSED_RESEND };

	why[0] = '\0';
	told = 0;
	pushed[0] = '\0';
	failed = STAY_OK;
	redis_virtual_open(&here, rows);
	stay_loop_set_observer(here.loop, &observer);
	redis_virtual_start(&here, "redis://10.0.0.1", &options);
	ck_assert_uint_eq(here.server.accepted, 1);
}

static void
done(void *arg, const struct stay_result *result)
{
	(void)arg;
	told++;
	last = *result;
	if (result->status != STAY_OK)
		snprintf(why, sizeof(why), "%s", result->why);
}

static void
submit(const char *command)
{
	EXPECT_OK(stay_redis_command(here.redis, done, NULL, command));
	sim_run_ms(here.world, 10);
}

/* Options of another kind of client have no config of this one. */
TEST(redis_session_needs_a_config)
{
	struct stay_client *client, *beside;
	struct stay_client_options fresh = { STAY_CLIENT_OPTIONS };

	client = stay_redis_client(here.redis);
	ck_assert_int_eq(
	    stay_client_reconfigure(client, NULL, &fresh), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_start_beside(&beside, client, &fresh), STAY_E_ARG);
	submit("GET a");
}

/* It is not greeted yet. */
TEST(redis_session_of_a_client_beside_is_used_at_once)
{
	struct stay_client *beside;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	stay_client_get_options(stay_redis_client(here.redis), &options);
	options.on_closed = NULL;
	options.config_release = NULL;
	EXPECT_OK(stay_client_start_beside(
	    &beside, stay_redis_client(here.redis), &options));
	EXPECT_OK(
	    stay_redis_command(stay_redis_of(beside), done, NULL, "GET a"));
	stay_client_stop(beside, STAY_OK);
}

/* In their order, between replies, and no reply themselves. */
TEST(redis_session_hands_pushes_on)
{
	redis_virtual_say(&here, ">2\r\n+one\r\n+x\r\n>1\r\n+two\r\n");
	ck_assert_str_eq(pushed, "one;two;");
	submit("GET a");
	redis_virtual_say(&here, ">1\r\n+three\r\n+OK\r\n>1\r\n+four\r\n");
	ck_assert_uint_eq(told, 1);
	EXPECT_OK(last.status);
	ck_assert_str_eq(pushed, "one;two;three;four;");
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* The server answers so when it has the command. */
static void
ask(const char *command, const char *answer)
{
	submit(command);
	ck_assert_uint_eq(commands(), 1);
	redis_virtual_say(&here, answer);
	sim_run_ms(here.world, 2000);
}

TEST(redis_session_an_error_is_told_in_the_servers_words)
{
	ask("INCR a", "-WRONGTYPE of \tvalue\r\n");
	ck_assert_int_eq(last.status, STAY_E_SERVER);
	ck_assert_str_eq(
	    why, "the server replied with an error: WRONGTYPE of \\x09value");
}

/* By its row; of no row, its tag has room for six letters, and still says what kind it is
 * of. */
TEST(redis_session_a_lost_call_is_named)
{
	static const struct {
		const char *command, *name;
	} lost[] = { { "get a", "GET" }, { "PUBLISH a b", "PUBLISH" },
		{ "ZRANGEBYLEX a b c", "ZRANGEBYLEX" }, { "MULTI", "MULTI" },
		{ "odd a", "odd" }, { "ODDITY a", "ODDITY" },
		{ "ODDLIER a", "ODDLI*" }, { "ODDLYNAMED a", "ODDLY*" } };
	char said[64];

	for (size_t i = 0; i < LEN(lost); i++) {
		EXPECT_OK(stay_redis_command(
		    here.redis, NULL, NULL, lost[i].command));
		redis_virtual_say(&here, "-ERR no\r\n");
		snprintf(said, sizeof(said),
		    "%s: the server replied with an error: ERR no",
		    lost[i].name);
		ck_assert_str_eq(why, said);
	}
}

/* In a script READONLY is an error, also when nobody waits for its reply. */
TEST(redis_session_a_named_script_stays_one)
{
	EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, "EVAL x 0"));
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, "-READONLY no\r\n");
	ck_assert_int_eq(strncmp(why, "EVAL: ", 6), 0);
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* It is kept while the call waits to be sent again. */
TEST(redis_session_a_refusal_is_told_in_the_servers_words)
{
	submit("SET a 1");
	submit("INCR a");
	redis_virtual_say(&here, "-READONLY a replica\r\n:1\r\n");
	ck_assert_uint_eq(told, 2);
	ck_assert_str_eq(
	    why, "the server replied with an error: READONLY a replica");
}

TEST(redis_session_a_refused_command_is_sent_again)
{
	ask("SET k 1", "-READONLY You can't write\r\n");
	ck_assert_uint_eq(told, 0);
	ck_assert_uint_eq(here.server.accepted, 2);
	ck_assert_uint_eq(commands(), 2);
}

/* The script may have acted before the server said so. */
TEST(promise_3_redis_session_a_script_is_never_refused)
{
	ask("EVAL x 0", "-READONLY You can't write\r\n");
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(last.outcome, STAY_REPLIED);
	ck_assert_uint_eq(commands(), 1);
}

TEST(redis_session_garbage_ends_it_at_once)
{
	ask("GET k", "what is this?\r\n");
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(last.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_int_eq(failed, STAY_E_PROTOCOL);
	ck_assert_uint_eq(here.server.accepted, 2);
}

#define LARGE 100000

/* The reply of many elements, all but the last `short_of` bytes. */
static void
answer_large(size_t short_of)
{
	size_t len = 0, room = LARGE * 4 + 32;
	char *text = malloc(room);

	ck_assert_ptr_nonnull(text);
	len += (size_t)snprintf(text, room, "*%d\r\n", LARGE);
	for (int i = 0; i < LARGE; i++, len += 3)
		memcpy(text + len, "_\r\n", 3);
	peer_send(here.server.ends, 0, 0, text, len - short_of);
	free(text);
}

/* The nodes of a large reply are not kept by an idle session, nor when there is
 * none. */
TEST(redis_session_gives_a_large_tape_back)
{
	submit("LRANGE a 0 -1");
	answer_large(0);
	sim_run_ms(here.world, 10);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_gt(here.redis->parser->tape.cap, LARGE);
	sim_run_ms(here.world, 1100);
	ck_assert_ptr_null(here.redis->parser);

	submit("LRANGE a 0 -1");
	answer_large(3);
	sim_run_ms(here.world, 3000);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_ge(here.redis->parser->tape.cap, LARGE);
	sim_unlisten(here.world, "10.0.0.1", 6379);
	peer_do(here.server.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 1);
	ck_assert_ptr_null(here.redis->parser);
}

/* A push may come in halves, with hours between them. */
TEST(redis_session_keeps_half_a_frame)
{
	redis_virtual_say(&here, ">2\r\n$7\r\nmessage\r\n");
	sim_run_ms(here.world, 3000);
	redis_virtual_say(&here, "$1\r\nx\r\n");
	submit("GET k");
	redis_virtual_say(&here, "+v\r\n");
	ck_assert_uint_eq(told, 1);
	EXPECT_OK(last.status);
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* What a reply may be, by a config that came after the start. */
static const struct {
	struct stay_redis_options options;
	const char *fits, *exceeds;
	enum stay_status status, failure;
} narrow[] = {
	{ { STAY_REDIS_OPTIONS, .elements_max = 5 },
	    "*2\r\n_\r\n*2\r\n_\r\n_\r\n", "*5\r\n_\r\n_\r\n_\r\n_\r\n_\r\n",
	    STAY_E_TOO_BIG, STAY_OK },
	{ { STAY_REDIS_OPTIONS, .depth_max = 1 }, "*1\r\n_\r\n",
	    "*1\r\n*1\r\n_\r\n", STAY_E_PROTOCOL, STAY_E_PROTOCOL },
	{ { STAY_REDIS_OPTIONS, .client.reply_bytes_max = 100 },
	    "$20\r\n01234567890123456789\r\n",
	    "*7\r\n$20\r\n01234567890123456789\r\n"
	    "$20\r\n01234567890123456789\r\n"
	    "$20\r\n01234567890123456789\r\n:1\r\n:2\r\n:3\r\n:4\r\n",
	    STAY_E_TOO_BIG, STAY_OK },
};

TEST_ROWS(redis_session_has_the_bounds_of_its_config, 3)
{
	EXPECT_OK(stay_redis_reconfigure(
	    here.redis, "redis://10.0.0.1", &narrow[_i].options));
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(here.server.accepted, 2);
	failed = STAY_OK;
	submit("GET k");
	redis_virtual_say(&here, narrow[_i].fits);
	EXPECT_OK(last.status);
	submit("GET k");
	redis_virtual_say(&here, narrow[_i].exceeds);
	ck_assert_uint_eq(told, 2);
	ck_assert_int_eq(last.status, narrow[_i].status);
	ck_assert_int_eq(failed, narrow[_i].failure);
}

/* A struct of no size is one whose caller forgot the macro. */
TEST(redis_session_options_of_another_size)
{
	struct stay_redis_options wrong[] = { { STAY_REDIS_OPTIONS },
		{ STAY_REDIS_OPTIONS }, { STAY_REDIS_OPTIONS } };
	struct stay_redis *none;

	wrong[0].size = 0;
	wrong[1].size = sizeof(wrong[1]) + 1;
	wrong[2].client.size = sizeof(wrong[2].client) + 1;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(stay_redis_start(&none, here.loop,
				     "redis://10.0.0.1", &wrong[i]),
		    STAY_E_ABI);
}

TEST_SUITE_WITH(redis_session, .before = begin, .after = redis_virtual_after)
