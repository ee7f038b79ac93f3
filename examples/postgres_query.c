/*
 * The lesson: ask a database, and know what became of each question.
 *
 * The adapter is adapters/postgres.c, written against the public headers. One step
 * follows the other:
 *
 *	rows           a query with a parameter, whose rows come one by one
 *	prepared       a statement that is prepared in a session, and good in no other
 *	transaction    one that leaves as a whole, and one of which nothing happens
 *	channel        LISTEN, and a notification that comes by itself
 *	cancel         over a second connection, and the session goes on
 *
 *	postgres_query postgres://user:password@host[:port]/database
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "adapters/postgres.h"

static void on_push(void *arg, const struct pg_reply *push);

static const struct pg_config config = { .on_push = on_push };
static struct stay_client *client;
static unsigned rows;           /* of the step */
static struct stay_call_id nap; /* a query that is to be cancelled */

static void next(void);

/* ---- what every step needs ---- */

/* Columns and rows as they come: the server may still be working on the next. */
static void
print_row(void *arg, const struct stay_result *result)
{
	const struct pg_reply *reply = result->reply;

	(void)arg;
	if (reply->kind != PG_ROW)
		return;
	rows++;
	for (size_t i = 0; i < reply->count; i++) {
		struct stay_bytes field = pg_field(reply, i);

		printf("%s%.*s", i == 0 ? "  " : " | ", (int)field.len,
		    field.data != NULL ? field.data : "");
	}
	printf("\n");
}

/* The program ends with what is not as it should be. */
static void
expect(bool holds, const char *what, const char *why)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void
ask(const struct pg_request *request, struct stay_call_options options,
    stay_done_fn *done)
{
	options.part = print_row;
	expect(pg_call(client, request, &options, done, NULL) == STAY_OK,
	    request->sql, "rejected");
}

static void
on_answer(void *arg, const struct stay_result *result)
{
	(void)arg;
	expect(result->status == STAY_OK, "a query", result->why);
	next();
}

/* ---- the steps ---- */

/* It only reads: so it is asked again if the connection breaks. */
static void
ask_for_rows(void)
{
	const struct stay_bytes count = { "3", 1 };
	const struct pg_request request = {
		.sql = "SELECT g, g * g FROM generate_series(1, $1::int) g",
		.params = &count,
		.param_count = 1,
	};
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_READ_ONLY };

	ask(&request, options, on_answer);
}

/* The next session would not know the statement: then EXECUTE is rejected. */
static void
on_prepared(void *arg, const struct stay_result *result)
{
	const struct pg_request request = { .sql = "EXECUTE square(7)" };
	struct stay_call_options here = { STAY_CALL_OPTIONS };

	(void)arg;
	expect(result->status == STAY_OK, "PREPARE", result->why);
	here.session = result->session;
	ask(&request, here, on_answer);
}

static void
prepare(void)
{
	const struct pg_request request = {
		.sql = "PREPARE square (int) AS SELECT $1 * $1"
	};
	const struct stay_call_options options = { STAY_CALL_OPTIONS };

	ask(&request, options, on_prepared);
}

/* BEGIN, these, and COMMIT: one call. */
static void
transact(const char *const statements[], stay_group_done_fn *done)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.part = print_row };
	struct stay_group *group = pg_begin(client);

	for (; *statements != NULL; statements++) {
		const struct pg_request request = { .sql = *statements };

		(void)stay_group_add(group, &request);
	}
	expect(pg_commit(group, &options, done, NULL) == STAY_OK,
	    "a transaction", "rejected");
}

static void
on_rollback(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	expect(result->answers[result->count - 1].outcome == STAY_REFUSED,
	    "COMMIT", "it is done in spite of an error");
	printf("  %s\n", result->why);
	next();
}

static void
on_commit(void *arg, const struct stay_group_result *result)
{
	static const char *const statements[] = { "CREATE TABLE never (a int)",
		"SELECT 1/0", NULL };

	(void)arg;
	expect(result->status == STAY_OK, "a transaction", result->why);
	transact(statements, on_rollback);
}

static void
move_money(void)
{
	static const char create[] =
	    "CREATE TEMP TABLE account (owner text, money int) ON COMMIT DROP";
	static const char *const statements[] = {
		create,
		"INSERT INTO account VALUES ('anna', 10), ('bert', 0)",
		"UPDATE account SET money = 10 - money",
		"SELECT * FROM account ORDER BY owner",
		NULL,
	};

	transact(statements, on_commit);
}

/* From now on each session listens. */
static void
on_listening(void *arg, const struct stay_result *result)
{
	const struct pg_request request = { .sql = "NOTIFY news, 'hello'" };
	const struct stay_call_options options = { STAY_CALL_OPTIONS };

	(void)arg;
	expect(result->status == STAY_OK, "LISTEN", result->why);
	ask(&request, options, NULL);
}

static void
listen_to_news(void)
{
	expect(pg_listen(client, "news", NULL, on_listening, NULL) == STAY_OK,
	    "LISTEN", "rejected");
}

/* Gone for us; and the server, too, soon stops with it. */
static void
on_cancelled(void *arg, const struct stay_result *result)
{
	const struct pg_request request = { .sql = "SELECT 'free again'" };
	struct stay_call_options here = { STAY_CALL_OPTIONS };

	(void)arg;
	expect(result->status == STAY_E_CANCELLED, "cancel", result->why);
	here.session = result->session;
	ask(&request, here, on_answer);
}

/* A notice says that the server is at it. */
static void
sleep_long(void)
{
	const struct pg_request request = {
		.sql = "DO 'BEGIN RAISE NOTICE ''asleep''; PERFORM "
		       "pg_sleep(60); END'"
	};
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.id = &nap };

	ask(&request, options, on_cancelled);
}

static void
on_push(void *arg, const struct pg_reply *push)
{
	(void)arg;
	printf("  %.*s\n", (int)push->text.len, push->text.data);
	if (push->kind == PG_NOTIFY)
		next();
	else
		(void)stay_client_cancel(client, nap);
}

static const struct {
	const char *name;
	void (*begin)(void);
	unsigned rows; /* that are to come */
} steps[] = {
	{ "rows", ask_for_rows, 3 },
	{ "prepared", prepare, 1 },
	{ "transaction", move_money, 2 },
	{ "channel", listen_to_news, 0 },
	{ "cancel", sleep_long, 1 },
};

static void
next(void)
{
	static size_t step;

	if (step > 0)
		expect(rows == steps[step - 1].rows, steps[step - 1].name,
		    "rows are missing");
	rows = 0;
	if (step == sizeof(steps) / sizeof(steps[0])) {
		stay_client_drain(client, 1000);
		return;
	}
	printf("%s\n", steps[step].name);
	steps[step++].begin();
}

int
main(int argc, char **argv)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (argc != 2 || loop == NULL ||
	    stay_client_start(&client, loop, &pg_protocol, argv[1], &options) !=
		STAY_OK) {
		fputs("postgres_query postgres://user:password@host/database\n",
		    stderr);
		return 1;
	}
	next();
	ev_run(EV_DEFAULT, 0);
	return stay_loop_free(loop) == STAY_OK ? 0 : 1;
}
