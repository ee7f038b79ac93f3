/*
 * The adapter for PostgreSQL against a real one: what it says of queries, errors,
 * transactions and channels.
 */
#include <stay/tls.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/postgres_rig.h"

/* Without a server there is nothing to be tested. */
#define PG_ROWS(count) (postgres_is_there() ? (count) : 0)
#define PG_TEST(name)  TEST_ROWS(name, PG_ROWS(1))

/* ---- queries ---- */

/* Each over TCP with a password, and over a socket without. */
static const struct {
	const char *sql;
	const char *params[3]; /* "-": NULL; none: a simple query */
	const char *parts;
	const char *text;
} queries[] = {
	{ "SELECT 1 AS a, 'b' AS c, NULL AS d", { NULL },
	    "[a|c|d](1|b|-){SELECT 1}", "SELECT 1" },
	{ "SELECT 1; SELECT 2", { NULL },
	    "[?column?](1){SELECT 1}[?column?](2){SELECT 1}", "SELECT 1" },
	{ "SELECT $1::int + $2::int AS sum, $3::text AS t", { "20", "22", "-" },
	    "[sum|t](42|-){SELECT 1}", "SELECT 1" },
	{ "SELECT $1::text AS t", { "it's \303\244; --" },
	    "[t](it's \303\244; --){SELECT 1}", "SELECT 1" },
	{ "SELECT g FROM generate_series(1, 3) g WHERE g < $1", { "3" },
	    "[g](1)(2){SELECT 2}", "SELECT 2" },
	{ "CREATE TEMP TABLE t (a int)", { NULL }, "{CREATE TABLE}",
	    "CREATE TABLE" },
	{ "", { NULL }, "", "" },
	{ "COPY (SELECT g, 'x' FROM generate_series(1, 2) g) TO STDOUT",
	    { NULL }, "<1\tx\n><2\tx\n>{COPY 2}", "COPY 2" },
};

TEST_ROWS(postgres_query_is_answered, PG_ROWS(2 * LEN(queries)))
{
	struct stay_client *client = pg_rig_connect(
	    _i % 2 == 0 ? pg_bed.server.url : pg_bed.server.unix_url, NULL);
	struct pg_answer answer;

	pg_ask(client, &answer, queries[_i / 2].sql, queries[_i / 2].params);
	pg_await(&answer);
	ck_assert_msg(answer.status == STAY_OK, "%s", answer.why);
	ck_assert_int_eq(answer.outcome, STAY_REPLIED);
	ck_assert_str_eq(answer.parts, queries[_i / 2].parts);
	ck_assert_str_eq(answer.text, queries[_i / 2].text);
}

PG_TEST(postgres_gives_many_rows_in_parts)
{
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, NULL);
	struct pg_answer answer;

	pg_ask(client, &answer,
	    "SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g",
	    NULL);
	pg_await(&answer);
	ck_assert_uint_eq(answer.rows, 20000);
	ck_assert_uint_eq(answer.bytes, 20000 * 500 + 88894);
	ck_assert_str_eq(answer.text, "SELECT 20000");
}

/* ---- errors ---- */

static const struct {
	const char *before; /* in the same session; NULL: nothing */
	const char *sql;
	const char *param; /* NULL: a simple query */
	enum stay_outcome outcome;
	const char *why; /* at the end */
	char transaction;
} errors[] = {
	{ NULL, "SELECT 1/0", NULL, STAY_REPLIED, ": division by zero (22012)",
	    'I' },
	{ NULL, "SELECT 1/g FROM generate_series(0, $1) g", "1", STAY_REPLIED,
	    ": division by zero (22012)", 'I' },
	{ NULL, "SELEC 1", NULL, STAY_REPLIED,
	    ": syntax error at or near \"SELEC\" (42601)", 'I' },
	{ NULL, "SELEC $1", "1", STAY_REFUSED,
	    ": syntax error at or near \"SELEC\" (42601)", 'I' },
	{ NULL, "SELECT $1::int", "x", STAY_REFUSED,
	    ": invalid input syntax for type integer: \"x\" (22P02)", 'I' },
	{ "SET default_transaction_read_only = on", "CREATE TABLE t (a int)",
	    NULL, STAY_REFUSED,
	    ": cannot execute CREATE TABLE in a read-only transaction (25006)",
	    'I' },
	{ "BEGIN; SELECT 1/0", "SELECT 1", NULL, STAY_REFUSED,
	    ": current transaction is aborted, commands ignored until end of "
	    "transaction block (25P02)",
	    'E' },
	{ "BEGIN; SELECT 1/0", "COMMIT", NULL, STAY_REFUSED,
	    ": the transaction was rolled back", 'I' },
	{ NULL,
	    "CREATE TABLE u (a int); COMMIT; SET transaction_read_only = on; "
	    "CREATE TABLE v (a int)",
	    NULL, STAY_REPLIED,
	    ": cannot execute CREATE TABLE in a read-only transaction (25006)",
	    'I' },
	{ NULL, "COPY none FROM STDIN", NULL, STAY_REPLIED,
	    ": relation \"none\" does not exist (42P01)", 'I' },
};

TEST_ROWS(postgres_error_is_told_with_its_words, PG_ROWS(LEN(errors)))
{
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, NULL);
	const char *params[3] = { errors[_i].param };
	struct pg_answer answer, next;
	size_t len = strlen(errors[_i].why);

	if (errors[_i].before != NULL)
		pg_ask_now(client, &answer, errors[_i].before);
	pg_ask(client, &answer, errors[_i].sql, params);
	pg_ask(client, &next, "ROLLBACK", NULL);
	pg_await(&answer);
	pg_await(&next);
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	ck_assert_int_eq(answer.outcome, errors[_i].outcome);
	ck_assert_msg(strlen(answer.why) > len &&
			  strcmp(answer.why + strlen(answer.why) - len,
			      errors[_i].why) == 0,
	    "%s", answer.why);
	ck_assert_int_eq(answer.transaction, errors[_i].transaction);
	EXPECT_OK(next.status);
}

static const struct {
	const char *user;
	enum stay_status status;
	const char *says;
} logins[] = {
	{ "stay:wrong@", STAY_E_DENIED,
	    "password authentication failed for user \"***\" (28P01)" },
	{ "stay@", STAY_E_DENIED, "the URL has no password" },
	{ "", STAY_E_DENIED, "the URL names no user" },
	{ "nobody:x@", STAY_E_DENIED, "password authentication failed" },
};

TEST_ROWS(postgres_login_is_denied, PG_ROWS(LEN(logins)))
{
	char url[96];
	struct stay_client *client;

	snprintf(url, sizeof(url), "postgres://%s127.0.0.1:%d/postgres",
	    logins[_i].user, pg_bed.server.port);
	client = pg_rig_start(url, NULL);
	pg_rig_until_state(client, STAY_BACKING_OFF);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)), logins[_i].says);
	ck_assert_ptr_null(
	    strstr(stay_conn_failure(stay_client_conn(client)), "wrong"));
}

PG_TEST(postgres_without_its_database_is_denied)
{
	char url[96];
	struct stay_client *client;

	snprintf(url, sizeof(url), "postgres://stay:pencil@127.0.0.1:%d/none",
	    pg_bed.server.port);
	client = pg_rig_start(url, NULL);
	pg_rig_until_state(client, STAY_BACKING_OFF);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)),
	    "database \"none\" does not exist (3D000)");
}

/* ---- TLS ---- */

static const struct {
	const char *query; /* behind sslmode */
	bool has_ca;
	const char *says; /* NULL: it is in */
} secured[] = {
	{ "require", true, NULL },
	{ "verify-full", true, NULL },
	{ "require", false,
	    "the authority that has signed the certificate is not "
	    "known" },
	{ "require&servername=db", true, "of another server than 'db'" },
	{ "prefer", true, "sslmode is none of disable, require and" },
};

TEST_ROWS(postgres_goes_on_with_tls, PG_ROWS(LEN(secured)))
{
	struct stay_filter *filter;
	struct stay_client *client;
	struct pg_answer answer;
	char url[256];

	snprintf(url, sizeof(url), "%s?sslmode=%s%s%s%s", pg_bed.server.url,
	    secured[_i].query, secured[_i].has_ca ? "&cafile=" : "",
	    secured[_i].has_ca ? pg_bed.server.dir : "",
	    secured[_i].has_ca ? "/data/ca.pem" : "");
	EXPECT_OK(stay_tls_new(&filter, NULL, NULL, 0));
	EXPECT_OK(stay_loop_set_filter(pg_bed.rig.loop, filter));
	client = pg_rig_start(url, NULL);
	if (secured[_i].says == NULL) {
		pg_rig_until_state(client, STAY_CONNECTED);
		pg_ask_now(client, &answer,
		    "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
		ck_assert_str_eq(answer.parts, "[ssl](t){SELECT 1}");
	} else {
		pg_rig_until_state(client, STAY_BACKING_OFF);
		EXPECT_IN(stay_conn_failure(stay_client_conn(client)),
		    secured[_i].says);
	}
	stay_tls_free(filter);
}

/* As over a socket: the login is not said in clear then. */
PG_TEST(postgres_server_without_tls_is_denied)
{
	struct stay_client *client;
	char url[128];

	snprintf(
	    url, sizeof(url), "%s&sslmode=require", pg_bed.server.unix_url);
	client = pg_rig_start(url, NULL);
	pg_rig_until_state(client, STAY_BACKING_OFF);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)),
	    "the server has no TLS");
}

/* ---- a session that ends ---- */

#define LOCK "DO 'BEGIN PERFORM pg_advisory_lock(7); END'"

/* While the server waits for a lock. The words are the server's; what only reads is
 * asked again, and has its answer when the lock is free. */
TEST_ROWS(postgres_session_ends_with_the_words_of_the_server, PG_ROWS(2))
{
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, NULL);
	struct stay_call_options reads = { STAY_CALL_OPTIONS,
		.flags = STAY_READ_ONLY };
	struct pg_request request = { .sql = LOCK };
	struct pg_answer answer, other;

	pg_ask_now(pg_bed.admin, &other, LOCK);
	pg_ask_with(client, &answer, &request, _i == 0 ? NULL : &reads);
	pg_until_busy("pg_advisory_lock");
	pg_ask_now(pg_bed.admin, &other,
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE query LIKE 'DO %' AND state = 'active'");
	if (_i == 1)
		pg_rig_until_session(client, 2);
	pg_ask_now(pg_bed.admin, &other, "SELECT pg_advisory_unlock(7)");
	pg_await(&answer);
	if (_i == 0) {
		ck_assert_int_eq(answer.outcome, STAY_MAYBE_EXECUTED);
		EXPECT_IN(answer.why, "terminating connection due "
				      "to administrator command "
				      "(57P01)");
	} else {
		ck_assert_msg(answer.status == STAY_OK, "%s", answer.why);
		ck_assert_uint_eq(answer.session, 2);
	}
}

/* ---- transactions ---- */

static void
add(struct stay_group *group, const char *sql)
{
	struct pg_request request = { .sql = sql };

	(void)stay_group_add(group, &request);
}

static const struct {
	const char *statements[3];
	enum stay_status status;
	enum stay_outcome outcomes[5]; /* BEGIN, the statements, COMMIT */
	const char *count;
} transactions[] = {
	{ { "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)",
	      "SELECT * FROM t" },
	    STAY_OK,
	    { STAY_REPLIED, STAY_REPLIED, STAY_REPLIED, STAY_REPLIED,
		STAY_REPLIED },
	    "[count](2){SELECT 1}" },
	{ { "INSERT INTO t VALUES (1)", "SELECT 1/0",
	      "INSERT INTO t VALUES (2)" },
	    STAY_E_SERVER,
	    { STAY_REPLIED, STAY_REPLIED, STAY_REPLIED, STAY_REFUSED,
		STAY_REFUSED },
	    "[count](0){SELECT 1}" },
};

TEST_ROWS(postgres_transaction_is_all_or_nothing, PG_ROWS(LEN(transactions)))
{
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, NULL);
	struct stay_group *group = pg_begin(client);
	struct pg_books books = { 0 };
	struct pg_answer count;

	pg_ask_now(pg_bed.admin, &count,
	    "DROP TABLE IF EXISTS t; CREATE TABLE t (a int)");
	for (int i = 0; i < 3; i++)
		add(group, transactions[_i].statements[i]);
	EXPECT_OK(pg_commit(group, NULL, pg_note_group, &books));
	pg_await_group(&books);
	ck_assert_int_eq(books.status, transactions[_i].status);
	ck_assert_uint_eq(books.count, 5);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(
		    books.outcomes[i], transactions[_i].outcomes[i]);
	pg_ask_now(pg_bed.admin, &count, "SELECT count(*) FROM t");
	ck_assert_str_eq(count.parts, transactions[_i].count);
}

/* One statement after the other: what follows is not sent in another session. */
PG_TEST(postgres_transaction_does_not_cross_sessions)
{
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, NULL);
	struct stay_call_options here = { STAY_CALL_OPTIONS };
	struct pg_request insert = { .sql = "INSERT INTO t VALUES (1)" };
	struct pg_answer answer;

	pg_ask_now(pg_bed.admin, &answer,
	    "DROP TABLE IF EXISTS t; CREATE TABLE t (a int)");
	pg_ask_now(client, &answer, "BEGIN");
	ck_assert_int_eq(answer.transaction, 'T');
	here.session = answer.session;
	pg_ask_with(client, &answer, &insert, &here);
	pg_await(&answer);
	EXPECT_OK(answer.status);
	pg_ask_now(pg_bed.admin, &answer,
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE state = 'idle in transaction'");
	pg_rig_until_session(client, here.session + 1);
	ck_assert_int_eq(
	    pg_call(client, &insert, &here, NULL, NULL), STAY_E_OFFLINE);
	pg_ask_now(pg_bed.admin, &answer, "SELECT count(*) FROM t");
	ck_assert_str_eq(answer.parts, "[count](0){SELECT 1}");
}

/* ---- channels ---- */

PG_TEST(postgres_listens_again_in_the_next_session)
{
	struct pg_heard heard = { 0 };
	struct pg_config config = { pg_note_push, pg_note_gap, &heard };
	struct stay_client *client = pg_rig_connect(pg_bed.server.url, &config);
	struct pg_answer answer;

	EXPECT_OK(pg_listen(client, "a b", NULL, NULL, NULL));
	EXPECT_OK(pg_listen(client, "gone", NULL, NULL, NULL));
	EXPECT_OK(pg_listen(client, "a b", NULL, NULL, NULL));
	EXPECT_OK(pg_unlisten(client, "gone", NULL, NULL, NULL));
	ck_assert_int_eq(
	    pg_listen(client, "a\"", NULL, NULL, NULL), STAY_E_ARG);
	pg_ask_now(client, &answer, "SELECT pg_listening_channels()");
	ck_assert_str_eq(
	    answer.parts, "[pg_listening_channels](a b){SELECT 1}");
	pg_ask_now(pg_bed.admin, &answer, "NOTIFY \"a b\", 'one'");
	pg_until_heard(&heard, "a b=one;");
	pg_ask_now(pg_bed.admin, &answer,
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE query LIKE 'SELECT pg_listening%'");
	pg_until_heard(&heard, "a b=one;gap;");
	pg_ask_now(pg_bed.admin, &answer, "NOTIFY \"a b\", 'two'; NOTIFY gone");
	pg_until_heard(&heard, "a b=one;gap;a b=two;");
	pg_ask_now(client, &answer,
	    "DO $$ BEGIN RAISE NOTICE 'hm'; END $$; NOTIFY \"a b\"");
	pg_until_heard(&heard, "a b=one;gap;a b=two;notice 00000 hm;a b=;");
}

TEST_SUITE_WITH(postgres, .before = pg_rig_open, .after = pg_rig_close,
    .first = pg_server_open, .last = pg_server_close, .seconds = 120)
