/* The echo adapter: what is refused, what comes in pieces, what comes wrong. */
#include <stdio.h>
#include <string.h>

#include <stay/echo.h>

#include "suites.h"
#include "support/peer_virtual.h"

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_client *client;
static struct peer server;
static struct peer_log got; /* by the server, of one connection */
static char told[256];
static char failed[128]; /* the last session */

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	snprintf(failed, sizeof(failed), "%s", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_failure = on_failure };

static void
on_done(void *arg, const struct stay_result *result)
{
	const struct stay_bytes *reply = result->reply;
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s/%s=%.*s;",
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome),
	    reply != NULL ? (int)reply->len : 0,
	    reply != NULL ? reply->data : "");
}

static void
begin(void)
{
	told[0] = failed[0] = '\0';
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	stay_loop_set_observer(loop, &observer);
	server = (struct peer){ .log = &got };
	peer_log_clear(&server);
	peer_listen(&server, world, "10.0.0.1", 7);
	EXPECT_OK(stay_echo_start(&client, loop, "echo://10.0.0.1", NULL));
	sim_run_ms(world, 10);
}

static void
end(void)
{
	stay_client_stop(client, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

static void
call(const char *text)
{
	EXPECT_OK(stay_echo_call(client, text, strlen(text), on_done, NULL));
}

static void
answer(const char *text)
{
	peer_say(server.ends, text);
	sim_run_ms(world, 10);
}

TEST(echo_refuses_what_it_cannot_tell_from_nothing)
{
	static const char byte = 'x';

	ck_assert_int_eq(
	    stay_echo_call(client, "", 0, on_done, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_echo_call(client, &byte, (size_t)UINT32_MAX + 1,
			     on_done, NULL),
	    STAY_E_TOO_BIG);
	sim_run_ms(world, 10);
	ck_assert_str_eq(told, "");
	ck_assert_str_eq(got.text, "|");
}

/* As many bytes as were sent, in whatever pieces they come. */
TEST(echo_takes_its_answer_in_pieces)
{
	call("hello");
	call("x");
	call("world");
	sim_run_ms(world, 10);
	ck_assert_str_eq(got.text, "|helloxworld;");
	answer("hel");
	ck_assert_str_eq(told, "");
	answer("lox");
	ck_assert_str_eq(told, "OK/replied=hello;OK/replied=x;");
	answer("world");
	ck_assert_str_eq(
	    told, "OK/replied=hello;OK/replied=x;OK/replied=world;");
	ck_assert_str_eq(failed, "");
}

TEST_ROWS(echo_ends_a_session_that_answers_something_else, 4)
{
	static const char *const wrong[] = { "hellO", "Hello", "olleh",
		"hell\n" };

	call("hello");
	sim_run_ms(world, 10);
	answer(wrong[_i]);
	ck_assert_str_eq(told, "E_PROTOCOL/maybe executed=;");
	EXPECT_IN(failed, "what came back is not what was sent");
}

TEST(echo_ends_a_session_that_speaks_unasked)
{
	answer("x");
	EXPECT_IN(failed, "bytes that nobody sent came back");
}

TEST_SUITE_WITH(echo, .before = begin, .after = end)
