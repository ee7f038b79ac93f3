/*
 * A PostgreSQL that dies, freezes and sends us away in the middle of inserts: what each
 * of them was told is what the database has.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/postgres_rig.h"

#define CALLS          400
#define EVERY          200
#define SLOW           90 /* of these: those behind it are in flight */
#define SILENCE_MS     1000
#define PATIENCE_S     30.
#define PG_ROWS(count) (postgres_is_there() ? (count) : 0)

static struct told {
	unsigned times;
	enum stay_outcome outcome;
} told[CALLS];

static struct stay_client *client;

static void
begin(void)
{
	struct pg_answer answer;

	memset(told, 0, sizeof(told));
	postgres_server_start(&pg_bed.server);
	pg_bed.silence_ms = SILENCE_MS;
	pg_rig_open();
	pg_ask_now(pg_bed.admin, &answer, "CREATE TABLE t (n int)");
	EXPECT_OK(answer.status);
	client = pg_rig_connect(pg_bed.server.url, NULL);
}

static void
end(void)
{
	pg_rig_close();
	postgres_server_end(&pg_bed.server);
	pg_bed.silence_ms = 0;
}

/* ---- what is asked ---- */

static void
note_call(void *arg, const struct stay_result *result)
{
	struct told *call = arg;

	call->times++;
	call->outcome = result->outcome;
}

static void
note_transaction(void *arg, const struct stay_group_result *result)
{
	struct told *call = arg;

	call->times++;
	call->outcome = result->outcome;
}

/* By itself, with a parameter, and twice in a transaction. */
static void
insert(int n)
{
	char sql[64], text[16];
	struct stay_bytes param = { text,
		(size_t)snprintf(text, sizeof(text), "%d", n) };
	struct pg_request request = { .sql = sql };
	struct stay_group *group;

	snprintf(sql, sizeof(sql),
	    n % EVERY == SLOW ? "INSERT INTO t SELECT %d FROM pg_sleep(0.7)"
			      : "INSERT INTO t VALUES (%d)",
	    n);
	if (n % 3 == 2) {
		group = pg_begin(client);
		(void)stay_group_add(group, &request);
		(void)stay_group_add(group, &request);
		EXPECT_OK(pg_commit(group, NULL, note_transaction, &told[n]));
		return;
	}
	if (n % 3 == 1)
		request = (struct pg_request){ "INSERT INTO t VALUES ($1)",
			&param, 1, 0 };
	EXPECT_OK(pg_call(client, &request, NULL, note_call, &told[n]));
}

static bool
is_told(void *arg)
{
	return ((const struct told *)arg)->times > 0;
}

/* ---- what the database has ---- */

static unsigned counts[CALLS];

static void
note_count(void *arg, const struct stay_result *part)
{
	const struct pg_reply *reply = part->reply;

	(void)arg;
	if (reply->kind == PG_ROW) {
		int n = atoi(pg_field(reply, 0).data);

		ck_assert_int_lt(n, CALLS);
		counts[n] = (unsigned)atoi(pg_field(reply, 1).data);
	}
}

/* The admin may be sent away once more. */
static void
read_counts(void)
{
	struct told read;
	struct pg_request request = {
		.sql = "SELECT n::text || ' ', count(*)::text || ' ' FROM t "
		       "GROUP BY n"
	};
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.part = note_count };

	do {
		memset(counts, 0, sizeof(counts));
		read = (struct told){ 0 };
		EXPECT_OK(pg_call(
		    pg_bed.admin, &request, &options, note_call, &read));
		rig_until(&pg_bed.rig, is_told, &read, PATIENCE_S);
	} while (read.outcome != STAY_REPLIED);
}

static void
check_books(void)
{
	unsigned seen[STAY_OUTCOME_COUNT] = { 0 };

	read_counts();
	for (int n = 0; n < CALLS; n++) {
		unsigned whole = n % 3 == 2 ? 2 : 1;

		ck_assert_uint_eq(told[n].times, 1);
		ck_assert_msg(counts[n] == 0 || counts[n] == whole,
		    "%d is there %u times", n, counts[n]);
		if (told[n].outcome == STAY_REPLIED)
			ck_assert_uint_eq(counts[n], whole);
		else if (told[n].outcome != STAY_MAYBE_EXECUTED)
			ck_assert_uint_eq(counts[n], 0);
		seen[told[n].outcome]++;
	}
	ck_assert_uint_gt(seen[STAY_REPLIED], CALLS / EVERY * 10);
	ck_assert_uint_gt(seen[STAY_MAYBE_EXECUTED], 0);
}

/* ---- what happens meanwhile ---- */

/* Those of the sessions over TCP, as text. */
static void
ask_backends(struct pg_answer *answer, const char *what)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
	    "SELECT %s FROM pg_stat_activity WHERE client_addr IS NOT NULL",
	    what);
	pg_ask_now(pg_bed.admin, answer, sql);
}

/* A session of ours, and its process; or that of a later one, if this one has ended
 * meanwhile. */
struct victim {
	uint64_t session;
	pid_t pid;
};

/* Once there is one. The admin may be sent away as well. */
static struct victim
find_victim(void)
{
	struct pg_answer answer;
	struct victim victim;
	int pid = 0;

	do {
		pg_rig_until_state(client, STAY_CONNECTED);
		victim.session = stay_client_session_number(client);
		ask_backends(&answer, "max(pid) AS pid");
		if (answer.status == STAY_OK)
			(void)sscanf(answer.parts, "[pid](%d)", &pid);
	} while (pid == 0);
	victim.pid = pid;
	return victim;
}

static void
kill_all(pid_t pid)
{
	(void)pid;
	postgres_server_kill(&pg_bed.server);
	postgres_server_restart(&pg_bed.server);
}

/* The others are sent away, too, and all of it recovers by itself. */
static void
kill_backend(pid_t pid)
{
	kill(pid, SIGKILL);
}

/* "terminating connection due to administrator command" */
static void
terminate(pid_t pid)
{
	kill(pid, SIGTERM);
}

/* Then it does what it was asked before. */
static void
freeze(pid_t pid)
{
	kill(pid, SIGSTOP);
}

static void
thaw(pid_t pid)
{
	kill(pid, SIGCONT);
}

static const struct {
	void (*begin)(pid_t pid);
	void (*end)(pid_t pid); /* once we are rid of the session */
} disturbances[] = { { kill_all, NULL }, { kill_backend, NULL },
	{ terminate, NULL }, { freeze, thaw } };

static bool
has_another(void *arg)
{
	const struct victim *victim = arg;

	return stay_client_session_number(client) > victim->session;
}

static bool
has_none(void *arg)
{
	return stay_client_session(client) == NULL || has_another(arg);
}

/* Ends the session: what is asked next goes to another one. It is there as a rule when
 * the disturbance ends; but a process that was frozen with a lock in its hands keeps the
 * server from letting anybody in. */
static void
disturb(int which, struct victim victim)
{
	disturbances[which].begin(victim.pid);
	rig_until(&pg_bed.rig, has_none, &victim, PATIENCE_S);
	(void)rig_within(&pg_bed.rig, has_another, &victim, 2);
	if (disturbances[which].end != NULL)
		disturbances[which].end(victim.pid);
	rig_until(&pg_bed.rig, has_another, &victim, PATIENCE_S);
}

/* The last one that does what it was asked before has ended. */
static void
await_quiet(void)
{
	struct pg_answer answer;

	pg_rig_until_state(client, STAY_CONNECTED);
	do
		ask_backends(&answer, "count(*)");
	while (strcmp(answer.parts, "[count](1){SELECT 1}") != 0);
}

TEST_ROWS(promise_3_postgres_inserts_in_the_middle_of_faults, PG_ROWS(4))
{
	for (int first = 0; first < CALLS; first += EVERY) {
		struct victim victim = find_victim();

		for (int n = first; n < first + EVERY; n++)
			insert(n);
		rig_until(&pg_bed.rig, is_told, &told[first + 10], PATIENCE_S);
		disturb(_i, victim);
	}
	for (int n = 0; n < CALLS; n++)
		rig_until(&pg_bed.rig, is_told, &told[n], PATIENCE_S);
	await_quiet();
	check_books();
}

TEST_SUITE_WITH(postgres_faults, .before = begin, .after = end,
    .first = postgres_template_make, .last = postgres_template_remove,
    .seconds = 120)
