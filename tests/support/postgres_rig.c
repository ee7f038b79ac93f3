/* Real time, real sockets; knows nothing of what the queries mean. */
#include "postgres_rig.h"
#include "support/expect.h"

#include <stdio.h>
#include <string.h>

#include <check.h>

#define PATIENCE_S 30.

struct pg_bed pg_bed;

void
pg_server_open(void)
{
	postgres_template_make();
	if (postgres_is_there())
		postgres_server_start(&pg_bed.server);
}

void
pg_server_close(void)
{
	if (postgres_is_there())
		postgres_server_end(&pg_bed.server);
	postgres_template_remove();
}

void
pg_rig_open(void)
{
	rig_open(&pg_bed.rig);
	pg_bed.admin = pg_rig_connect(pg_bed.server.unix_url, NULL);
}

void
pg_rig_close(void)
{
	rig_close(&pg_bed.rig);
}

/* ---- connections ---- */

struct stay_client *
pg_rig_start(const char *url, const struct pg_config *config)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = config, .silence_ms = pg_bed.silence_ms,
		.probe_ms = pg_bed.silence_ms / 3,
		.backoff = { .initial_ms = 20, .cap_ms = 100 } };
	struct stay_client *client;

	EXPECT_OK(stay_client_start(
	    &client, pg_bed.rig.loop, &pg_protocol, url, &options));
	return client;
}

struct stay_client *
pg_rig_connect(const char *url, const struct pg_config *config)
{
	struct stay_client *client = pg_rig_start(url, config);

	pg_rig_until_state(client, STAY_CONNECTED);
	return client;
}

struct wanted {
	struct stay_client *client;
	enum stay_state state;
	uint64_t session;
};

static bool
has_state(void *arg)
{
	const struct wanted *wanted = arg;

	return stay_conn_state(stay_client_conn(wanted->client)) ==
	       wanted->state;
}

static bool
has_session(void *arg)
{
	const struct wanted *wanted = arg;

	return stay_client_session_number(wanted->client) >= wanted->session;
}

void
pg_rig_until_state(struct stay_client *client, enum stay_state state)
{
	struct wanted wanted = { .client = client, .state = state };

	rig_until(&pg_bed.rig, has_state, &wanted, PATIENCE_S);
}

void
pg_rig_until_session(struct stay_client *client, uint64_t number)
{
	struct wanted wanted = { .client = client, .session = number };

	rig_until(&pg_bed.rig, has_session, &wanted, PATIENCE_S);
}

/* ---- queries ---- */

static void __attribute__((format(printf, 3, 4)))
note(char *text, size_t len, const char *format, ...)
{
	size_t at = strlen(text);
	va_list list;

	va_start(list, format);
	vsnprintf(text + at, len - at, format, list);
	va_end(list);
}

#define NOTE(text, ...) note((text), sizeof(text), __VA_ARGS__)

static void
note_fields(struct pg_answer *answer, const struct pg_reply *reply)
{
	for (size_t i = 0; i < reply->count; i++) {
		struct stay_bytes field = pg_field(reply, i);

		answer->bytes += reply->kind == PG_ROW ? field.len : 0;
		NOTE(answer->parts, "%s%.*s", i > 0 ? "|" : "",
		    field.data != NULL ? (int)field.len : 1,
		    field.data != NULL ? field.data : "-");
	}
}

static void
note_part(void *arg, const struct stay_result *result)
{
	static const char *const brackets[] = { [PG_COLUMNS] = "[]",
		[PG_ROW] = "()",
		[PG_COPY] = "<>",
		[PG_COMPLETE] = "{}" };
	const struct pg_reply *reply = result->reply;
	struct pg_answer *answer = arg;

	ck_assert_uint_eq(answer->told, 0);
	answer->rows += reply->kind == PG_ROW;
	NOTE(answer->parts, "%c", brackets[reply->kind][0]);
	if (reply->kind == PG_COPY || reply->kind == PG_COMPLETE)
		NOTE(answer->parts, "%.*s", (int)reply->text.len,
		    reply->text.data);
	else
		note_fields(answer, reply);
	NOTE(answer->parts, "%c", brackets[reply->kind][1]);
}

static void
note_done(void *arg, const struct stay_result *result)
{
	const struct pg_reply *reply = result->reply;
	struct pg_answer *answer = arg;

	answer->told++;
	answer->status = result->status;
	answer->outcome = result->outcome;
	answer->session = result->session;
	snprintf(answer->why, sizeof(answer->why), "%s", result->why);
	if (reply == NULL)
		return;
	answer->transaction = reply->transaction;
	NOTE(answer->text, "%.*s", (int)reply->text.len, reply->text.data);
}

void
pg_ask_with(struct stay_client *client, struct pg_answer *answer,
    const struct pg_request *request, const struct stay_call_options *options)
{
	struct stay_call_options own = { STAY_CALL_OPTIONS };

	if (options != NULL)
		own = *options;
	own.part = note_part;
	memset(answer, 0, sizeof(*answer));
	EXPECT_OK(pg_call(client, request, &own, note_done, answer));
}

void
pg_ask(struct stay_client *client, struct pg_answer *answer, const char *sql,
    const char *const params[3])
{
	struct stay_bytes values[3];
	struct pg_request request = { .sql = sql };

	while (params != NULL && request.param_count < 3 &&
	       params[request.param_count] != NULL) {
		const char *text = params[request.param_count];

		request.params = values;
		values[request.param_count++] =
		    strcmp(text, "-") == 0
			? (struct stay_bytes){ NULL, 0 }
			: (struct stay_bytes){ text, strlen(text) };
	}
	pg_ask_with(client, answer, &request, NULL);
}

static bool
is_told(void *arg)
{
	return ((const struct pg_answer *)arg)->told > 0;
}

void
pg_await(struct pg_answer *answer)
{
	rig_until(&pg_bed.rig, is_told, answer, PATIENCE_S);
	ck_assert_uint_eq(answer->told, 1);
}

void
pg_ask_now(
    struct stay_client *client, struct pg_answer *answer, const char *sql)
{
	pg_ask(client, answer, sql, NULL);
	pg_await(answer);
}

void
pg_until_busy(const char *with)
{
	char sql[256];
	struct pg_answer answer;

	snprintf(sql, sizeof(sql),
	    "SELECT FROM pg_stat_activity WHERE state = 'active' AND "
	    "pid <> pg_backend_pid() AND query LIKE '%%%s%%'",
	    with);
	do
		pg_ask_now(pg_bed.admin, &answer, sql);
	while (answer.rows == 0);
}

/* ---- transactions ---- */

void
pg_note_group(void *arg, const struct stay_group_result *result)
{
	struct pg_books *books = arg;

	books->told++;
	books->status = result->status;
	books->outcome = result->outcome;
	books->count = result->count;
	for (size_t i = 0; i < result->count && i < 16; i++)
		books->outcomes[i] = result->answers[i].outcome;
}

static bool
is_group_told(void *arg)
{
	return ((const struct pg_books *)arg)->told > 0;
}

void
pg_await_group(struct pg_books *books)
{
	rig_until(&pg_bed.rig, is_group_told, books, PATIENCE_S);
	ck_assert_uint_eq(books->told, 1);
}

/* ---- channels ---- */

void
pg_note_push(void *arg, const struct pg_reply *push)
{
	struct pg_heard *heard = arg;

	if (push->kind == PG_NOTIFY)
		NOTE(heard->said, "%.*s=%.*s;", (int)push->name.len,
		    push->name.data, (int)push->text.len, push->text.data);
	else
		NOTE(heard->said, "notice %s %.*s;", push->sqlstate,
		    (int)push->text.len, push->text.data);
}

void
pg_note_gap(void *arg)
{
	struct pg_heard *heard = arg;

	NOTE(heard->said, "gap;");
}

struct wanted_words {
	struct pg_heard *heard;
	const char *said;
};

static bool
has_heard(void *arg)
{
	const struct wanted_words *wanted = arg;

	return strcmp(wanted->heard->said, wanted->said) == 0;
}

void
pg_until_heard(struct pg_heard *heard, const char *said)
{
	struct wanted_words wanted = { heard, said };

	rig_until(&pg_bed.rig, has_heard, &wanted, PATIENCE_S);
}
