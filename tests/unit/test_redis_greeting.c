/*
 * The greeting on a stream: what it lets in, and what one attempt teaches the
 * next. What is said in it is test_redis_hello.c's.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define URL    "redis://10.0.0.1"
#define MINUTE 60000
#define UP     "HELLO 3;PING;"
#define PLAIN  "PING;"

/* Names of calls, for on_done. */
static char A[] = "a", B[] = "b", K[] = "k";

static struct redis_virtual here;
static char told[256];

static const struct stay_redis_options patient = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .probe_ms = STAY_FOREVER,
	    .call_timeout_ms = 600000,
	    .backoff = { .kind = STAY_BACKOFF_CONSTANT } } };

static void
open_world(const struct peer_row *rows)
{
	redis_virtual_open(&here, rows);
	told[0] = '\0';
}

static void
start(const char *url, const struct stay_redis_options *options)
{
	redis_virtual_start(&here, url, options);
}

/* Another session, asked for `ms` after the last one came up. */
static void
again_after(uint64_t ms)
{
	sim_run_ms(here.world, ms);
	peer_log_clear(&here.server);
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 1000);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s;", (const char *)arg,
	    result->reply != NULL ? stay_redis_str(result->reply)
				  : stay_status_name(result->status));
}

/* ---- frames that are to nothing ---- */

/* Taken for answers of the greeting, they would shift all that follow. */
TEST(redis_greeting_a_banner_is_no_answer)
{
	static const struct peer_row rows[] = {
		ON(PEER_ACCEPTS, "+welcome\r\n+to the proxy\r\n"),
		ON("GET a", "+A\r\n"), ON("GET b", "+B\r\n"), NO_MORE
	};

	open_world(rows);
	start(URL, NULL);
	EXPECT_OK(stay_redis_command(here.redis, on_done, A, "GET a"));
	EXPECT_OK(stay_redis_command(here.redis, on_done, B, "GET b"));
	sim_run_ms(here.world, 500);
	ck_assert_str_eq(told, "");
	ck_assert_ptr_null(strstr(here.log.text, "GET"));
	EXPECT_IN(redis_virtual_failure(&here), "is to nothing");
	here.server.rows++; /* no banner any more */
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(told, "a A;b B;");
}

/* One too many behind the last answer, while a call is on its way. */
TEST(redis_greeting_a_frame_too_many_is_no_answer)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "PING",
						    "+PONG\r\n+PONG\r\n"),
		ON("GET a", "+A\r\n"), NO_MORE };

	open_world(rows);
	EXPECT_OK(stay_redis_start(&here.redis, here.loop, URL, NULL));
	EXPECT_OK(stay_redis_command(here.redis, on_done, A, "GET a"));
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(told, "a A;");
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
}

/* ---- a server that hangs up at HELLO ---- */

TEST(redis_greeting_two_hangups_are_greeted_in_resp2)
{
	static const struct peer_row rows[] = { ON("HELLO", PEER_CLOSES),
		NO_MORE };

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 1000);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" PLAIN);
}

/* It is kept in mind for ten minutes; no healthy session ends for it. */
TEST(redis_greeting_resp3_is_tried_again)
{
	static const struct peer_row rows[] = {
		ON_FIRST(3, "HELLO", PEER_CLOSES), NO_MORE
	};

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 1000);
	again_after(9 * MINUTE);
	ck_assert_str_eq(here.log.text, "|" PLAIN);
	sim_run_ms(here.world, 60 * MINUTE);
	ck_assert_str_eq(here.log.text, "|" PLAIN);
	again_after(1);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP);
	again_after(1);
	ck_assert_str_eq(here.log.text, "|" UP);
}

/* Ten minutes after the first such session, not after the last. */
TEST(redis_greeting_the_ten_minutes_are_not_put_off)
{
	static const struct peer_row rows[] = { ON("HELLO", PEER_CLOSES),
		NO_MORE };

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 1000);
	again_after(9 * MINUTE);
	again_after(2 * MINUTE);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" PLAIN);
}

TEST(redis_greeting_hangups_count_in_a_row_alone)
{
	static const struct peer_row rows[] = { ON_FIRST(
						    1, "HELLO", PEER_CLOSES),
		ON_FIRST(1, "HELLO", "-ERR not now\r\n"),
		ON_FIRST(1, "HELLO", PEER_CLOSES),
		ON_FIRST(1, "HELLO", "-ERR not now\r\n"), NO_MORE };

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 5000);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" UP "|" UP "|" UP);
}

/* Half a reply is a byte, too: the server knows HELLO, and has other cares. */
TEST_ROWS(redis_greeting_a_hangup_in_an_answer_is_no_hangup_at_hello, 3)
{
	static const char *const answers[] = { "%1\r\n+pro" PEER_CLOSES,
		">1\r\n+news\r\n" PEER_CLOSES,
		"%1\r\n+proto\r\n:3\r\n" PEER_CLOSES };
	const struct peer_row rows[] = { ON_FIRST(3, "HELLO", answers[_i]),
		NO_MORE };

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" UP "|" UP);
	redis_virtual_end(&here);
}

/* A trial of RESP2 that fails has taught nothing. */
TEST(redis_greeting_resp2_that_fails_is_not_remembered)
{
	static const struct peer_row rows[] = { ON_FIRST(
						    4, "HELLO", PEER_CLOSES),
		ON_FIRST(1, "PING", PEER_CLOSES), NO_MORE };

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 5000);
	ck_assert_str_eq(
	    here.log.text, "|" UP "|" UP "|" PLAIN "|" UP "|" UP "|" PLAIN);
}

TEST(redis_greeting_resp3_that_is_asked_for_is_never_left)
{
	static const struct peer_row rows[] = {
		ON_FIRST(4, "HELLO", PEER_CLOSES), NO_MORE
	};

	open_world(rows);
	start(URL "?protocol=3", &patient);
	sim_run_ms(here.world, 5000);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" UP "|" UP "|" UP);
}

TEST(redis_greeting_what_was_learned_is_forgotten_on_reconfigure)
{
	static const struct peer_row rows[] = {
		ON_FIRST(2, "HELLO", PEER_CLOSES), NO_MORE
	};

	open_world(rows);
	start(URL, &patient);
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(here.log.text, "|" UP "|" UP "|" PLAIN);
	peer_log_clear(&here.server);
	EXPECT_OK(stay_redis_reconfigure(here.redis, URL, &patient));
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(here.log.text, "|" UP);
}

/* ---- a server that wants AUTH first ---- */

#define WANTS_AUTH "-NOAUTH Authentication required.\r\n"
#define IN_HELLO   "HELLO 3 AUTH default pw;PING;"
#define IN_FRONT   "AUTH pw;HELLO 3;PING;"

TEST(redis_greeting_auth_first_is_remembered)
{
	static const struct peer_row rows[] = { ON_FIRST(2, "HELLO 3 AUTH",
						    WANTS_AUTH),
		ON_FIRST(1, "PING", WANTS_AUTH), NO_MORE };

	open_world(rows);
	start("redis://:pw@10.0.0.1", &patient);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_str_eq(here.log.text, "|" IN_HELLO IN_FRONT);
	again_after(9 * MINUTE);
	ck_assert_str_eq(here.log.text, "|" IN_FRONT);
	again_after(2 * MINUTE);
	ck_assert_str_eq(here.log.text, "|" IN_HELLO IN_FRONT);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
}

/* ---- who logs in ---- */

static unsigned asked;
static struct stay_redis_login given;

static void
credentials(void *arg, struct stay_redis_login *login)
{
	(void)arg;
	asked++;
	*login = given;
}

static const struct stay_redis_options asking = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .probe_ms = STAY_FOREVER },
	.credentials = credentials };

/* Also by a session that falls back. */
TEST(redis_greeting_credentials_are_asked_for_once)
{
	static const struct peer_row rows[] = {
		ON("HELLO", "-ERR unknown command 'HELLO'\r\n"), NO_MORE
	};

	asked = 0;
	given = (struct stay_redis_login){ .password = "pw" };
	open_world(rows);
	start(URL, &asking);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_str_eq(here.log.text, "|" IN_HELLO "AUTH pw;PING;");
	ck_assert_uint_eq(asked, 1);
}

TEST_ROWS(redis_greeting_without_a_password_nobody_logs_in, 4)
{
	static const struct stay_redis_login logins[] = { { NULL, NULL, { 0 } },
		{ "me", NULL, { 0 } }, { "", "", { 0 } },
		{ "default", "", { 0 } } };
	static const struct peer_row rows[] = { ON("AUTH", "-ERR no\r\n"),
		NO_MORE };

	given = logins[_i];
	open_world(rows);
	start(URL, &asking);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_str_eq(here.log.text, "|" UP);
}

/* A password is on its way: calls wait, as for a server that is loading. */
TEST(redis_greeting_an_unknown_denial_is_not_now)
{
	static const struct peer_row rows[] = {
		ON("HELLO", "-ERR unknown command 'HELLO'\r\n"),
		ON_FIRST(3, "AUTH",
		    "-ERR Client sent AUTH, but no password is set\r\n"),
		NO_MORE
	};

	open_world(rows);
	start("redis://:pw@10.0.0.1", &patient);
	EXPECT_OK(stay_redis_command(here.redis, on_done, K, "GET k"));
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(told, "k v;");
}

/* ---- what was agreed on ---- */

static struct stay_redis_agreement
agreement(void)
{
	struct stay_redis_agreement agreed = { STAY_REDIS_AGREEMENT };

	stay_redis_get_agreement(here.redis, &agreed);
	return agreed;
}

static void
assert_explains(const char *words)
{
	char text[512];

	stay_conn_explain(stay_redis_conn(here.redis), text, sizeof(text));
	ck_assert_msg(
	    strstr(text, words) != NULL, "\"%s\" is not in: %s", words, text);
}

TEST(redis_greeting_tells_what_was_agreed_on)
{
	static const struct peer_row rows[] = {
		ON_FIRST(1, "HELLO",
		    "%5\r\n+server\r\n+val\x1b[key\r\n+version\r\n+8.0.1\r\n"
		    "+proto\r\n:3\r\n+role\r\n+replica\r\n+modules\r\n*0\r\n"),
		NO_MORE
	};

	open_world(rows);
	EXPECT_OK(stay_redis_start(&here.redis, here.loop, URL, &patient));
	ck_assert_uint_eq(agreement().protocol, 0);
	sim_run_ms(here.world, 10);
	ck_assert_uint_eq(agreement().protocol, 3);
	ck_assert_int_eq(agreement().role, STAY_REDIS_REPLICA);
	ck_assert_str_eq(agreement().server, "val?[key");
	ck_assert_str_eq(agreement().version, "8.0.1");
	assert_explains("6379, RESP3 with val?[key 8.0.1 (replica); it stays");
	again_after(1);
	ck_assert_int_eq(agreement().role, STAY_REDIS_PRIMARY);
	assert_explains(", RESP3 with redis 7.2.4 (primary); it stays");
	sim_unlisten(here.world, "10.0.0.1", 6379);
	peer_do(here.server.ends, 0, PEER_CLOSE);
	sim_run_ms(here.world, 10);
	ck_assert_uint_eq(agreement().protocol, 0);
	ck_assert_str_eq(agreement().server, "");
}

TEST(redis_greeting_tells_of_resp2)
{
	static const struct peer_row rows[] = {
		ON("HELLO", "-NOPROTO unsupported protocol version\r\n"),
		NO_MORE
	};

	open_world(rows);
	start(URL, &patient);
	ck_assert_uint_eq(agreement().protocol, 2);
	ck_assert_int_eq(agreement().role, STAY_REDIS_ROLE_UNKNOWN);
	assert_explains(", RESP2; it stays");
}

/* A program built with a shorter struct gets what it has room for. */
TEST(redis_greeting_tells_as_much_as_there_is_room_for)
{
	struct stay_redis_agreement agreed;

	open_world(NULL);
	start(URL, &patient);
	memset(&agreed, 0x55, sizeof(agreed));
	agreed.size = offsetof(struct stay_redis_agreement, server);
	stay_redis_get_agreement(here.redis, &agreed);
	ck_assert_uint_eq(agreed.protocol, 3);
	ck_assert_int_eq(agreed.role, STAY_REDIS_PRIMARY);
	ck_assert_uint_eq(
	    agreed.size, offsetof(struct stay_redis_agreement, server));
	ck_assert_int_eq(((const unsigned char *)&agreed.server)[0], 0x55);
}

/* Whatever there is no memory for in one session, a later one is greeted. */
TEST(redis_greeting_without_memory)
{
	bool failed = true;

	redis_virtual_open(&here, NULL);
	redis_virtual_start(&here, "redis://10.0.0.1", NULL);
	for (unsigned nth = 1; failed; nth++) {
		stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
		scarce_arm(nth);
		sim_run_ms(here.world, 10);
		failed = scarce_disarm();
		sim_run_ms(here.world, 60000);
		ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	}
}

TEST_SUITE_WITH(redis_greeting, .after = redis_virtual_after)
