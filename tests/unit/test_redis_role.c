/*
 * Primary or replica: which servers a client keeps to, which ones it leaves and
 * when it comes back. What the words of a server mean beside this is
 * test_redis_words.c's.
 */
#include <stdio.h>
#include <string.h>

#include <stay/observer.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

#define URL "redis://10.0.0.1"
#define HELLO_OF(role)                                                         \
	"%3\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n+role\r\n+" role "\r\n"
#define PRIMARY  HELLO_OF("master")
#define REPLICA  HELLO_OF("replica")
#define READONLY "-READONLY You can't write against a read only replica.\r\n"

static struct redis_virtual here;
static char told[512], noted[512];

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	size_t len = strlen(noted);

	(void)arg;
	(void)who;
	EXPECT_OK(status);
	snprintf(noted + len, sizeof(noted) - len, "%s;", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_note = on_note };

static void
start(const struct peer_row *rows, const char *url,
    const struct stay_redis_options *options)
{
	told[0] = noted[0] = '\0';
	redis_virtual_open(&here, rows);
	stay_loop_set_observer(here.loop, &observer);
	redis_virtual_start(&here, url, options);
}

/* "SET replied;" */
static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s;", (const char *)arg,
	    stay_outcome_name(result->outcome));
}

static void
submit(char *command)
{
	EXPECT_OK(stay_redis_command(here.redis, on_done, command, command));
}

static uint64_t
sessions(void)
{
	return counts_of(stay_redis_client(here.redis)).sessions;
}

static char A[] = "SET a", B[] = "SET b", C[] = "SET c", G[] = "GET g";

/* ---- which servers will do ---- */

struct choice {
	const char *url;
	const char *first, *second; /* the answers to HELLO */
	uint64_t sessions;          /* that come up, of these two */
};

/* clang-format off */
static const struct choice choices[] = {
	{ URL,                   PRIMARY,             PRIMARY,             2 },
	{ URL,                   PRIMARY,             REPLICA,             1 },
	{ URL,                   REPLICA,             REPLICA,             2 },
	{ URL,                   REPLICA,             PRIMARY,             2 },
	{ URL,                   PRIMARY,             HELLO_OF("unheard"), 2 },
	{ URL "?role=first",     PRIMARY,             REPLICA,             1 },
	{ URL "?role=primary",   PRIMARY,             REPLICA,             1 },
	{ URL "?role=primary",   REPLICA,             PRIMARY,             1 },
	{ URL "?role=primary",   HELLO_OF("unheard"), REPLICA,             1 },
	{ URL "?role=any",       PRIMARY,             REPLICA,             2 },
	{ URL "?role=any",       REPLICA,             PRIMARY,             2 },
};
/* clang-format on */

TEST_ROWS(redis_role_says_which_servers_will_do, LEN(choices))
{
	const struct choice *choice = &choices[_i];
	const struct peer_row rows[] = { ON_FIRST(1, "HELLO", choice->first),
		ON("HELLO", choice->second), NO_MORE };
	uint64_t up;

	start(rows, choice->url, NULL);
	up = sessions();
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 200);
	up = sessions();
	ck_assert_uint_eq(up, choice->sessions);
	redis_virtual_end(&here);
}

#define ROLE_OF(role) "*3\r\n+" role "\r\n:1\r\n*0\r\n"

/* In RESP2 who wants a primary has to ask; one that does not say will do. */
static const struct {
	const char *url;
	const char *role;  /* the answer to ROLE */
	const char *log;   /* of the first greeting */
	uint64_t sessions; /* that come up */
} asked[] = {
	{ URL "?role=primary&protocol=2", ROLE_OF("master"), "|ROLE;PING;", 1 },
	{ URL "?role=primary&protocol=2", ROLE_OF("slave"), "|ROLE;PING;|", 0 },
	{ URL "?role=primary&protocol=2", ROLE_OF("sentinel"), "|ROLE;PING;",
	    1 },
	{ URL "?role=primary&protocol=2", "-NOPERM no\r\n", "|ROLE;PING;", 1 },
	{ URL "?role=primary&protocol=2", "+OK\r\n", "|ROLE;PING;|", 0 },
	{ URL "?protocol=2", ROLE_OF("slave"), "|PING;", 1 },
	{ URL "?role=any&protocol=2", ROLE_OF("slave"), "|PING;", 1 },
	{ URL "?role=primary&protocol=3", ROLE_OF("slave"), "|HELLO 3;PING;",
	    1 },
};

TEST_ROWS(redis_role_is_asked_for_in_resp2, LEN(asked))
{
	const struct peer_row rows[] = { ON("ROLE", asked[_i].role), NO_MORE };

	start(rows, asked[_i].url, NULL);
	sim_run_ms(here.world, 100);
	ck_assert_int_eq(
	    strncmp(here.log.text, asked[_i].log, strlen(asked[_i].log)), 0);
	ck_assert_uint_eq(sessions(), asked[_i].sessions);
	redis_virtual_end(&here);
}

/* Whoever was given a replica keeps to that, though a primary came in between. */
TEST(redis_role_the_first_one_counts)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "HELLO", REPLICA),
		ON_FIRST(1, "HELLO", PRIMARY), ON("HELLO", REPLICA), NO_MORE };

	start(rows, URL, NULL);
	for (int i = 0; i < 2; i++) {
		stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
		sim_run_ms(here.world, 100);
	}
	ck_assert_uint_eq(sessions(), 3);
}

/* It is asked for again and again, at the ordinary backoff, and says so. */
TEST(redis_role_a_primary_is_waited_for)
{
	static const struct peer_row rows[] = { ON_FIRST(3, "HELLO", REPLICA),
		NO_MORE };

	start(rows, URL, REDIS(.role = STAY_REDIS_WANT_PRIMARY));
	submit(A);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	EXPECT_IN(redis_virtual_failure(&here), "role=primary is asked for");
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(told, "SET a replied;");
	ck_assert_uint_eq(sessions(), 1);
}

/* What was learned about one place says nothing about another one. */
TEST(redis_role_a_new_url_forgets_the_first)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "HELLO", PRIMARY),
		ON("HELLO", REPLICA), NO_MORE };

	start(rows, URL, NULL);
	EXPECT_OK(stay_redis_reconfigure(here.redis, URL, NULL));
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(sessions(), 2);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
}

/* Nor does it if the client's own function brings it there, as in a pool. */
TEST(redis_role_a_client_that_moves_forgets_the_first)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "HELLO", PRIMARY),
		ON("HELLO", REPLICA), NO_MORE };

	start(rows, URL, NULL);
	EXPECT_OK(
	    stay_client_reconfigure(stay_redis_client(here.redis), URL, NULL));
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(sessions(), 2);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
}

/* ---- a failover ---- */

static const struct stay_redis_options resend = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .on_refused = STAY_REFUSED_RESEND,
	    .probe_ms = STAY_FOREVER,
	    .backoff = { .kind = STAY_BACKOFF_CONSTANT, .initial_ms = 100 } } };

/* The reads in between are answered by the replica that the primary has become.
 * They don't settle the writes: these wait until there is a primary. */
TEST(promise_4_redis_role_writes_wait_for_a_primary)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "HELLO", PRIMARY),
		ON_FIRST(2, "HELLO", REPLICA), ON_FIRST(1, "SET a", READONLY),
		ON_FIRST(1, "SET b", READONLY), NO_MORE };

	start(rows, URL, &resend);
	submit(A);
	submit(G);
	submit(B);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "GET g replied;");
	EXPECT_IN(redis_virtual_failure(&here), "is a replica now");
	submit(C);
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(
	    told, "GET g replied;SET a replied;SET b replied;SET c replied;");
	EXPECT_IN(here.log.text, "|HELLO 3;PING;|HELLO 3;PING;");
	EXPECT_IN(here.log.text, "SET a;SET b;SET c;");
}

/* ---- a replica on purpose ---- */

/* No other server would take the write: it is told at once, and what is behind it
 * goes on. Somebody is told once why. */
TEST(redis_role_a_replica_on_purpose_refuses_for_good)
{
	static const struct peer_row rows[] = { ON("HELLO", REPLICA),
		ON("SET", READONLY), NO_MORE };

	start(rows, URL, &resend);
	submit(A);
	submit(G);
	sim_run_ms(here.world, 10);
	submit(B);
	sim_run_ms(here.world, 100);
	ck_assert_str_eq(told, "SET a refused;GET g replied;SET b refused;");
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 100);
	submit(C);
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(sessions(), 2);
	ck_assert_str_eq(noted,
	    "READONLY: the server is a replica, as it was when it was greeted; "
	    "what writes is refused;");
}

/* What it has said of itself in a greeting counts in that greeting. */
TEST(redis_role_a_replica_may_refuse_in_its_greeting)
{
	static const struct peer_row rows[] = { ON("HELLO", REPLICA),
		{ .request = "CLIENT SETINFO",
		    .answer = READONLY,
		    .unlogged = true },
		NO_MORE };

	start(rows, URL, NULL);
	sim_run_ms(here.world, 5000);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_uint_eq(sessions(), 1);
	ck_assert_str_eq(noted,
	    "READONLY: the server is a replica, as it was when it was greeted; "
	    "what writes is refused;");
}

/* ---- a server that told no role ---- */

static char X[] = "SET x", E_[] = "EVAL e", M[] = "MULTI", P[] = "PUBLISH p";

/* Each session ends at the write in it, an hour old or not: without a write that
 * succeeds, the backoff goes on where it was. */
static void
write_hourly(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		sim_run_ms(here.world, 3600000);
		submit(X);
		sim_run_ms(here.world, 10);
	}
}

static const struct stay_redis_options patient = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .probe_ms = STAY_FOREVER,
	    .backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		.initial_ms = 100,
		.cap_ms = 60000,
		.jitter = STAY_JITTER_NONE } } };

TEST(promise_13_redis_role_in_doubt_the_backoff_grows)
{
	static const struct peer_row rows[] = { ON("SET", READONLY), NO_MORE };

	start(rows, URL "?protocol=2", &patient);
	write_hourly(1);
	ck_assert_str_eq(told, "SET x refused;");
	EXPECT_IN(redis_virtual_failure(&here), "had told no role");
	ck_assert_uint_le(stay_conn_due_ms(stay_redis_conn(here.redis)), 100);
	write_hourly(3);
	ck_assert_uint_eq(sessions(), 4);
	ck_assert_uint_gt(stay_conn_due_ms(stay_redis_conn(here.redis)), 600);
}

static void
on_piece(void *arg, struct stay_bytes piece)
{
	(void)arg;
	(void)piece;
}

/* What shows that a server takes writes, and what does not. */
static const struct {
	char *command;
	const char *answer;
	bool shows;
	stay_piece_fn *piece;
} signs[] = {
	{ A, "+OK\r\n", true, NULL },
	{ A, "$1\r\nv\r\n", true, NULL },
	{ A, "$1\r\nv\r\n", true, on_piece },
	{ A, "-ERR no\r\n", false, NULL },
	{ G, "$1\r\nv\r\n", false, NULL },
	{ E_, "+OK\r\n", false, NULL },
	{ P, ":0\r\n", false, NULL },
};

TEST_ROWS(redis_role_a_write_ends_the_doubt, LEN(signs))
{
	const struct peer_row rows[] = { ON("SET x", READONLY),
		ON(signs[_i].command, signs[_i].answer), NO_MORE };
	uint64_t ms;

	start(rows, URL "?protocol=2", &patient);
	write_hourly(3);
	sim_run_ms(here.world, 3600000);
	submit(G); /* the first answer is never given the short way */
	sim_run_ms(here.world, 10);
	EXPECT_OK(stay_redis_command_with(here.redis,
	    &(const struct stay_call_options){
		STAY_CALL_OPTIONS, .piece = signs[_i].piece },
	    NULL, NULL, signs[_i].command));
	write_hourly(1);
	ms = stay_conn_due_ms(stay_redis_conn(here.redis));
	ck_assert_msg(signs[_i].shows ? ms <= 100 : ms > 600, "%s: %s, %d ms",
	    signs[_i].command, signs[_i].answer, (int)ms);
	redis_virtual_end(&here);
}

/* What was learned about one place says nothing about another one. */
TEST(redis_role_a_new_url_ends_the_doubt)
{
	static const struct peer_row rows[] = { ON("SET", READONLY), NO_MORE };

	start(rows, URL "?protocol=2", &patient);
	write_hourly(3);
	EXPECT_OK(
	    stay_redis_reconfigure(here.redis, URL "?protocol=2", &patient));
	write_hourly(1);
	ck_assert_uint_eq(sessions(), 4);
	ck_assert_uint_le(stay_conn_due_ms(stay_redis_conn(here.redis)), 100);
}

/* QUEUED is no answer yet. */
TEST(redis_role_what_is_queued_ends_no_doubt)
{
	static const struct peer_row rows[] = { ON("SET x", READONLY),
		ON("SET a", "+QUEUED\r\n"), NO_MORE };

	start(rows, URL "?protocol=2", &patient);
	write_hourly(3);
	sim_run_ms(here.world, 3600000);
	submit(M);
	submit(A);
	sim_run_ms(here.world, 10);
	submit(X);
	sim_run_ms(here.world, 10);
	ck_assert_uint_gt(stay_conn_due_ms(stay_redis_conn(here.redis)), 600);
}

/* An end of another kind is no sign of anything: the session was long. */
TEST(redis_role_in_doubt_other_ends_are_as_ever)
{
	static const struct peer_row rows[] = { ON("SET", READONLY),
		ON("GET", PEER_CLOSES), NO_MORE };

	start(rows, URL "?protocol=2", &patient);
	write_hourly(3);
	sim_run_ms(here.world, 3600000);
	submit(G);
	sim_run_ms(here.world, 10);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	ck_assert_uint_le(stay_conn_due_ms(stay_redis_conn(here.redis)), 100);
}

TEST_SUITE_WITH(redis_role, .after = redis_virtual_after)
