/*
 * Commands that a shared connection has no use for: whoever submits one is told why, and
 * what is in its place, in whichever way; and who does not look, by the log.
 */
#include <stdio.h>
#include <string.h>

#include <stay/redis_future.h>
#include <stay/redis_prepared.h>

#include "suites.h"
#include "support/redis_virtual.h"

#define SELECT_IS                                                              \
	"SELECT is rejected: the next session would be in the db of the URL. " \
	"In its place: a client for each db, as redis://host/1"

static struct redis_virtual here;
static char notes[1024];

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	size_t len = strlen(notes);

	(void)arg;
	(void)who;
	EXPECT_OK(status);
	snprintf(notes + len, sizeof(notes) - len, "%.9s;", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_note = on_note };

static void
begin(void)
{
	notes[0] = '\0';
	redis_virtual_open(&here, NULL);
	stay_loop_set_observer(here.loop, &observer);
	redis_virtual_start(&here, "redis://10.0.0.1", NULL);
}

/* ---- in whichever way ---- */

static enum stay_status
as_format(void)
{
	return stay_redis_command(here.redis, NULL, NULL, "select %d", 1);
}

static enum stay_status
with_options(void)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 1 };

	return stay_redis_command_with(
	    here.redis, &options, NULL, NULL, "SELECT 1");
}

static enum stay_status
as_words(void)
{
	static const char *const words[] = { "SELECT", "1" };

	return stay_redis_argv(here.redis, NULL, NULL, NULL, 2, words, NULL);
}

static enum stay_status
in_group(void)
{
	struct stay_redis_group *group = stay_redis_pipeline_new(here.redis);
	enum stay_status status;

	(void)stay_redis_group_add(group, "GET a");
	status = stay_redis_group_add(group, "SELECT 1");
	ck_assert_str_eq(stay_loop_rejection(here.loop), SELECT_IS);
	(void)stay_redis_command(here.redis, NULL, NULL, "GET %q");
	ck_assert_int_eq(stay_redis_group_add(group, "GET b"), status);
	ck_assert_str_eq(stay_loop_rejection(here.loop), SELECT_IS);
	(void)stay_redis_command(here.redis, NULL, NULL, "GET %q");
	return stay_redis_group_send(group, NULL, NULL, NULL);
}

static enum stay_status
awaited(void)
{
	struct stay_future *future;
	enum stay_status status =
	    stay_redis_command_wait(here.redis, &future, "SELECT 1");

	ck_assert_str_eq(stay_future_why(future), SELECT_IS);
	stay_future_free(future);
	return status;
}

static enum stay_status (*const ways[])(
    void) = { as_format, with_options, as_words, in_group, awaited };

TEST_ROWS(redis_rejected_says_why_in_whichever_way, LEN(ways))
{
	begin();
	ck_assert_int_eq(ways[_i](), STAY_E_UNSUPPORTED);
	ck_assert_str_eq(stay_loop_rejection(here.loop), SELECT_IS);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(notes, "SELECT is;");
	redis_virtual_end(&here);
}

/* ---- of which command ---- */

static const struct {
	const char *command;
	const char *name;
} rejected[] = {
	{ "client Reply skip", "CLIENT REPLY" },
	{ "SCRIPT DEBUG YES", "SCRIPT DEBUG" },
	{ "subscribe a", "SUBSCRIBE" },
	{ "SUNSUBSCRIBE", "SUNSUBSCRIBE" },
	{ "MONITOR", "MONITOR" },
	{ "RESET", "RESET" },
};

TEST_ROWS(redis_rejected_names_the_command, LEN(rejected))
{
	const char *why, *name = rejected[_i].name;

	begin();
	ck_assert_int_eq(
	    stay_redis_command(here.redis, NULL, NULL, rejected[_i].command),
	    STAY_E_UNSUPPORTED);
	why = stay_loop_rejection(here.loop);
	ck_assert(strncmp(why, name, strlen(name)) == 0);
	EXPECT_IN(why, " is rejected: ");
	EXPECT_IN(why, ". In its place: ");
	redis_virtual_end(&here);
}

static enum stay_status
multi_in_multi(void)
{
	struct stay_redis_group *group = stay_redis_multi_new(here.redis);
	enum stay_status status = stay_redis_group_add(group, "exec");

	stay_redis_group_free(group);
	return status;
}

static struct stay_fed
no_more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	(void)arg;
	(void)feed;
	(void)out;
	(void)max;
	return stay_fed_end();
}

static enum stay_status
with_body(uint64_t len, const char *command)
{
	const struct stay_body body = { STAY_BODY, .len = len,
		.more = no_more };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };

	return stay_redis_command_with(
	    here.redis, &options, NULL, NULL, command);
}

static enum stay_status
open_body(void)
{
	return with_body(STAY_BODY_OPEN, "SET a");
}

static enum stay_status
judged_body(void)
{
	return with_body(1, "BLPOP a");
}

static enum stay_status
null_word(void)
{
	return stay_redis_command(
	    here.redis, NULL, NULL, "SET %s 1", (const char *)NULL);
}

static enum stay_status
null_part(void)
{
	return stay_redis_command(
	    here.redis, NULL, NULL, "SET k:%s 1", (const char *)NULL);
}

static enum stay_status
null_block(void)
{
	return stay_redis_command(
	    here.redis, NULL, NULL, "SET k:%b 1", (void *)NULL, (size_t)1);
}

static enum stay_status
strange_format(void)
{
	return stay_redis_command(here.redis, NULL, NULL, "GET %q");
}

static enum stay_status
empty_format(void)
{
	return stay_redis_command(here.redis, NULL, NULL, "  ");
}

static enum stay_status
no_format(void)
{
	return stay_redis_command(here.redis, NULL, NULL, NULL);
}

static enum stay_status
without_words(void)
{
	return stay_redis_argv(here.redis, NULL, NULL, NULL, 0, NULL, NULL);
}

static enum stay_status
not_prepared(void)
{
	struct stay_redis_prepared select;

	ck_assert_int_eq(
	    stay_redis_prepare(&select, "SELECT %b"), STAY_E_UNSUPPORTED);
	return stay_redis_call(here.redis, &select, NULL, NULL, NULL, 0, NULL);
}

#define IS_NULL "a word of the command is NULL"

static const struct {
	enum stay_status (*submit)(void);
	enum stay_status status;
	const char *words;
} others[] = {
	{ multi_in_multi, STAY_E_UNSUPPORTED,
	    "MULTI, EXEC and DISCARD are rejected" },
	{ open_body, STAY_E_UNSUPPORTED, "a body of open length is rejected" },
	{ judged_body, STAY_E_UNSUPPORTED,
	    "a body is rejected behind a command" },
	{ null_word, STAY_E_FORMAT, IS_NULL },
	{ null_part, STAY_E_FORMAT, IS_NULL },
	{ null_block, STAY_E_FORMAT, IS_NULL },
	{ strange_format, STAY_E_FORMAT,
	    "the format of the command has a percent sign" },
	{ empty_format, STAY_E_FORMAT,
	    "the format of the command has no word" },
	{ no_format, STAY_E_FORMAT, "the format of the command is NULL" },
	{ without_words, STAY_E_FORMAT, "the command has no word" },
	{ not_prepared, STAY_E_FORMAT, "the command was not prepared" },
};

TEST_ROWS(redis_rejected_where_it_stands, LEN(others))
{
	begin();
	ck_assert_int_eq(others[_i].submit(), others[_i].status);
	ck_assert_ptr_eq(
	    strstr(stay_loop_rejection(here.loop), others[_i].words),
	    stay_loop_rejection(here.loop));
}

/* ---- of this call, and of no other ---- */

TEST(redis_rejected_is_said_of_the_last_call_that_was)
{
	static const char *const no_words[] = { NULL };
	struct stay_future *future;

	begin();
	ck_assert_int_eq(as_format(), STAY_E_UNSUPPORTED);
	future = stay_redis_command_future(here.redis, "GET a");
	ck_assert_str_eq(stay_loop_rejection(here.loop), SELECT_IS);
	EXPECT_OK(stay_future_wait(future, STAY_FOREVER));
	ck_assert_str_eq(stay_future_why(future), "ok");
	stay_future_free(future);
	future = stay_future_new(stay_redis_client(here.redis));
	stay_future_begin(
	    future, stay_redis_argv(here.redis, NULL, stay_future_done, future,
			1, no_words, NULL));
	ck_assert_str_eq(stay_future_why(future), stay_strerror(STAY_E_ARG));
	ck_assert_str_eq(stay_loop_rejection(here.loop), "");
	stay_future_free(future);
}

/* What never came to the client has not been rejected by it. */
static void
check_plain(enum stay_status status)
{
	struct stay_future *future =
	    stay_future_new(stay_redis_client(here.redis));

	stay_future_begin(future, status);
	ck_assert_str_eq(stay_future_why(future), stay_strerror(status));
	stay_future_free(future);
}

TEST(redis_rejected_is_not_said_of_another_mistake)
{
	const struct stay_call_options strange = { .size = 0 };

	begin();
	ck_assert_int_eq(as_format(), STAY_E_UNSUPPORTED);
	check_plain(STAY_E_REENTRANT);
	ck_assert_int_eq(
	    stay_redis_command_with(here.redis, &strange, NULL, NULL, "GET a"),
	    STAY_E_ABI);
	ck_assert_str_eq(stay_loop_rejection(here.loop), "");
	check_plain(STAY_E_UNSUPPORTED);
}

/* Who makes the same mistake again and again is told once; of another one, too. */
TEST(redis_rejected_is_noted_once)
{
	begin();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(as_format(), STAY_E_UNSUPPORTED);
		ck_assert_str_eq(notes, i == 0 ? "" : "SELECT is;");
		sim_run_ms(here.world, 10);
		ck_assert_str_eq(notes, "SELECT is;");
	}
	ck_assert_int_eq(stay_redis_command(here.redis, NULL, NULL, "MONITOR"),
	    STAY_E_UNSUPPORTED);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(notes, "SELECT is;MONITOR i;");
}

/* Also of two in turn. */
TEST(redis_rejected_in_turn_is_noted_once_each)
{
	begin();
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(as_format(), STAY_E_UNSUPPORTED);
		sim_run_ms(here.world, 10);
		ck_assert_int_eq(
		    stay_redis_command(here.redis, NULL, NULL, "MONITOR"),
		    STAY_E_UNSUPPORTED);
		sim_run_ms(here.world, 10);
	}
	ck_assert_str_eq(notes, "SELECT is;MONITOR i;");
	redis_virtual_end(&here);
}

/* Also before there is a session. */
TEST(redis_rejected_is_noted_without_a_session)
{
	begin();
	sim_unlisten(here.world, "10.0.0.1", 6379);
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 1000);
	ck_assert_int_ne(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_int_eq(as_format(), STAY_E_UNSUPPORTED);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(notes, "SELECT is;");
}

TEST_SUITE_WITH(redis_rejected, .after = redis_virtual_after)
