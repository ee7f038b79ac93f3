/*
 * The long ones at a real PostgreSQL: a COPY from a callback, and what is cancelled
 * while the server is busy with it.
 */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/postgres_rig.h"

#define PG_ROWS(count) (postgres_is_there() ? (count) : 0)
#define PG_TEST(name)  TEST_ROWS(name, PG_ROWS(1))
#define LINES          50000
#define LINE_LEN       20

static struct stay_client *client;

static void
begin(void)
{
	struct pg_answer answer;

	pg_rig_open();
	pg_ask_now(pg_bed.admin, &answer,
	    "DROP TABLE IF EXISTS t; CREATE TABLE t (a text)");
	EXPECT_OK(answer.status);
	client = pg_rig_connect(pg_bed.server.url, NULL);
}

/* ---- COPY FROM STDIN ---- */

/* Lines, each of the same length. */
struct source {
	unsigned lines;
	unsigned fails_at; /* 0: never */
	unsigned waits_at;
	unsigned over;
	bool is_open;
	struct stay_feed *feed;
};

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct source *source = arg;

	source->feed = feed;
	for (; max >= LINE_LEN; max -= LINE_LEN) {
		if (source->lines > 0 && source->lines == source->fails_at)
			return stay_fed_failed(STAY_E_ARG, "no more lines");
		if (source->lines > 0 && source->lines == source->waits_at)
			return stay_fed_wait();
		if (source->lines == LINES)
			return stay_fed_end();
		EXPECT_OK(stay_buf_printf(out, "%019u\n", source->lines++));
	}
	return stay_fed_more();
}

static void
over(void *arg)
{
	((struct source *)arg)->over++;
}

static void
copy_in(struct source *source, struct pg_answer *answer, const char *sql)
{
	struct stay_body body = { STAY_BODY,
		.len = source->is_open ? STAY_BODY_OPEN : LINES * LINE_LEN,
		.more = more, .over = over, .arg = source };
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };
	struct pg_request request = { .sql = sql };

	pg_ask_with(client, answer, &request, &options);
}

static bool
is_over(void *arg)
{
	return ((const struct source *)arg)->over > 0;
}

/* Then the session is what it was, and the table has so many rows. */
static void
check_rows(struct source *source, const char *rows)
{
	struct pg_answer answer;
	char parts[64];

	rig_until(&pg_bed.rig, is_over, source, 10);
	ck_assert_uint_eq(source->over, 1);
	snprintf(parts, sizeof(parts), "[count](%s){SELECT 1}", rows);
	pg_ask_now(client, &answer, "SELECT count(*) FROM t");
	ck_assert_str_eq(answer.parts, parts);
}

static const struct {
	struct source source;
	const char *sql;
	enum stay_status status;
	const char *says; /* `text`, or the end of `why` */
	const char *rows;
} copies[] = {
	{ { .is_open = true }, "COPY t FROM STDIN", STAY_OK, "COPY 50000",
	    "50000" },
	{ { .is_open = false }, "COPY t FROM STDIN", STAY_OK, "COPY 50000",
	    "50000" },
	{ { .is_open = true, .fails_at = 40000 }, "COPY t FROM STDIN",
	    STAY_E_SERVER, "COPY from stdin failed: no more lines (57014)",
	    "0" },
	{ { .is_open = true, .fails_at = 1 }, "COPY t FROM STDIN",
	    STAY_E_SERVER, "COPY from stdin failed: no more lines (57014)",
	    "0" },
	{ { .is_open = true }, "COPY none FROM STDIN", STAY_E_SERVER,
	    "relation \"none\" does not exist (42P01)", "0" },
	{ { .is_open = true }, "COPY t FROM STDIN WITH (FORMAT csv, HEADER x)",
	    STAY_E_SERVER,
	    "header requires a Boolean value or \"match\" (42601)", "0" },
	{ { .is_open = true }, "INSERT INTO t VALUES ('x')", STAY_OK,
	    "INSERT 0 1", "1" },
};

TEST_ROWS(postgres_copies_from_a_callback, PG_ROWS((int)(LEN(copies))))
{
	struct source source = copies[_i].source;
	uint64_t session = stay_client_session_number(client);
	struct pg_answer answer;
	const char *says;
	size_t len;

	copy_in(&source, &answer, copies[_i].sql);
	pg_await(&answer);
	ck_assert_int_eq(answer.status, copies[_i].status);
	says = answer.status == STAY_OK ? answer.text : answer.why;
	len = strlen(copies[_i].says);
	ck_assert_msg(strlen(says) >= len && strcmp(says + strlen(says) - len,
						 copies[_i].says) == 0,
	    "%s", says);
	check_rows(&source, copies[_i].rows);
	ck_assert_uint_eq(stay_client_session_number(client), session);
}

static bool
waits(void *arg)
{
	const struct source *source = arg;

	return source->lines == source->waits_at;
}

/* It went on, or the session ended meanwhile: then nothing of it is there. */
TEST_ROWS(postgres_copy_waits_for_its_callback, PG_ROWS(2))
{
	struct source source = { .is_open = true, .waits_at = 10000 };
	struct pg_answer answer, kill;

	copy_in(&source, &answer, "COPY t FROM STDIN");
	rig_until(&pg_bed.rig, waits, &source, 10);
	pg_until_busy("COPY t FROM");
	if (_i == 0) {
		source.waits_at = 0;
		stay_feed_go_on(source.feed);
		pg_await(&answer);
		ck_assert_str_eq(answer.text, "COPY 50000");
		check_rows(&source, "50000");
		return;
	}
	pg_ask_now(pg_bed.admin, &kill,
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE query LIKE 'COPY t FROM%'");
	pg_await(&answer);
	ck_assert_int_ne(answer.outcome, STAY_REPLIED);
	check_rows(&source, "0");
}

/* Else the server would take the next query for data. */
PG_TEST(postgres_copy_without_data_ends_the_session)
{
	struct pg_answer answer, next;

	pg_ask(client, &answer, "COPY t FROM STDIN", NULL);
	pg_await(&answer);
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	EXPECT_IN(answer.why, "COPY FROM STDIN without data to copy");
	pg_ask_now(client, &next, "SELECT 1");
	EXPECT_OK(next.status);
	ck_assert_uint_gt(next.session, answer.session);
}

PG_TEST(postgres_extended_query_has_no_body)
{
	struct source source = { .is_open = true };
	struct stay_body body = { STAY_BODY, .len = STAY_BODY_OPEN,
		.more = more, .over = over, .arg = &source };
	struct stay_call_options options = { STAY_CALL_OPTIONS, .body = &body };
	struct stay_bytes none;
	struct pg_request request = { .sql = "COPY t FROM STDIN",
		.params = &none };

	ck_assert_int_eq(pg_call(client, &request, &options, NULL, NULL),
	    STAY_E_UNSUPPORTED);
	ck_assert_uint_eq(source.over, 1);
}

/* ---- cancel ---- */

#define SLEEP(seconds)                                                         \
	"DO 'BEGIN RAISE NOTICE ''asleep''; PERFORM pg_sleep(" #seconds        \
	"); END'"

static struct pg_heard heard;
static const struct pg_config listens = { pg_note_push, NULL, &heard };

/* A notice says that the server is busy with it. */
static void
until_asleep(void)
{
	pg_until_heard(&heard, "notice 00000 asleep;");
}

static struct stay_call_id
ask_with_id(struct pg_answer *answer, const char *sql)
{
	struct stay_call_id id;
	struct stay_call_options options = { STAY_CALL_OPTIONS, .id = &id };
	struct pg_request request = { .sql = sql };

	pg_ask_with(client, answer, &request, &options);
	return id;
}

static void
give_up(struct stay_call_id id, struct pg_answer *answer)
{
	EXPECT_OK(stay_client_cancel(client, id));
	pg_await(answer);
	ck_assert_int_eq(answer->status, STAY_E_CANCELLED);
	ck_assert_int_eq(answer->outcome, STAY_MAYBE_EXECUTED);
}

/* The server is free for the next one, in the same session. */
TEST_ROWS(postgres_query_that_is_given_up_is_cancelled, PG_ROWS(2))
{
	struct pg_answer answer, next;
	struct stay_call_id id;

	heard.said[0] = '\0';
	client = pg_rig_connect(
	    _i == 0 ? pg_bed.server.url : pg_bed.server.unix_url, &listens);
	id = ask_with_id(&answer, SLEEP(60));
	pg_ask(client, &next, "SELECT 1", NULL);
	until_asleep();
	give_up(id, &answer);
	pg_await(&next);
	ck_assert_msg(next.status == STAY_OK, "%s", next.why);
	ck_assert_uint_eq(next.session, 1);
}

#define LOCK                                                                   \
	"DO 'BEGIN RAISE NOTICE ''asleep''; PERFORM pg_advisory_lock(7); END'"

/* What the server is busy with is another one's: it waits until it is let go on, and is
 * not disturbed meanwhile. */
PG_TEST(postgres_query_behind_another_is_not_cancelled)
{
	struct pg_answer first, second, ours;
	struct stay_call_id id;

	heard.said[0] = '\0';
	client = pg_rig_connect(pg_bed.server.url, &listens);
	pg_ask_now(pg_bed.admin, &ours, "SELECT pg_advisory_lock(7)");
	pg_ask(client, &first, LOCK, NULL);
	id = ask_with_id(&second, "SELECT 1");
	until_asleep();
	give_up(id, &second);
	pg_ask_now(pg_bed.admin, &ours, "SELECT pg_sleep(0.2)");
	ck_assert_uint_eq(first.told, 0);
	pg_ask_now(pg_bed.admin, &ours, "SELECT pg_advisory_unlock(7)");
	pg_await(&first);
	ck_assert_msg(first.status == STAY_OK, "%s", first.why);
}

TEST_SUITE_WITH(postgres_copy, .before = begin, .after = pg_rig_close,
    .first = pg_server_open, .last = pg_server_close, .seconds = 120)
