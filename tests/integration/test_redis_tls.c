/*
 * A real redis-server behind TLS: it wants certificates, dies in the middle, and
 * lets sessions be resumed.
 */
#include <stay/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/counts.h"
#include "support/free_port.h"
#include "support/redis_bed.h"
#include "support/tls_bed.h"

#define CALLS 2000

static struct stay_filter *filter;
static char url[512];
static char big[300000];

static const char *
in_folder(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", tls_folder(), name);
	return path;
}

static void
make_files(void)
{
	const struct tls_terms as = { .name = "a", .authority = true };
	const struct tls_terms usual = { .san = "IP:127.0.0.1",
		.purpose = "serverAuth,clientAuth" };
	struct tls_id authority = tls_id_new(&as, NULL);
	struct tls_id both = tls_id_new(&usual, &authority);

	tls_id_save(&authority, in_folder("ca"), NULL);
	tls_id_save(&both, in_folder("me"), NULL);
	tls_id_free(&both);
	tls_id_free(&authority);
}

static void
begin(void)
{
	static char port[8], ca[128], cert[128], key[128];
	static const char *const extra[] = { "--tls-port", port,
		"--tls-ca-cert-file", ca, "--tls-cert-file", cert,
		"--tls-key-file", key, NULL };

	make_files();
	snprintf(port, sizeof(port), "%d", free_port());
	snprintf(ca, sizeof(ca), "%s", in_folder("ca.pem"));
	snprintf(cert, sizeof(cert), "%s", in_folder("me.pem"));
	snprintf(key, sizeof(key), "%s", in_folder("me.key"));
	snprintf(url, sizeof(url),
	    "rediss://127.0.0.1:%s?cafile=%s&cert=%s&key=%s", port, ca, cert,
	    key);
	bed_open_as(extra);
	EXPECT_OK(stay_tls_new(&filter, NULL, NULL, 0));
	EXPECT_OK(stay_loop_set_filter(rig.loop, filter));
	memset(big, 'x', sizeof(big) - 1);
}

static void
end(void)
{
	stay_tls_free(filter);
	bed_close();
}

static struct stay_tls_counts
counts(void)
{
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	stay_tls_get_counts(filter, &counts);
	return counts;
}

static bool
is_second(void *redis)
{
	return sessions_of(redis) >= 2;
}

TEST(redis_tls_answers_and_resumes)
{
	struct stay_redis *redis = rig_connect(&rig, url, NULL);
	struct answer answer = { 0 };

	ask_now(&rig, redis, &answer, "SET big %s", big);
	ck_assert_str_eq(answer.text, "OK");
	ask_now(&rig, redis, &answer, "GET big");
	ck_assert_uint_eq(answer.len, sizeof(big) - 1);
	stay_client_reconnect(stay_redis_client(redis), STAY_OK);
	rig_until(&rig, is_second, redis, 20);
	ask_now(&rig, redis, &answer, "STRLEN big");
	ck_assert_int_eq(answer.integer, sizeof(big) - 1);
	ck_assert_uint_eq(counts().handshakes, 2);
	ck_assert_uint_eq(counts().resumed, 1);
	check_counts(redis);
	rig_stop(&rig, redis);
}

/* What was replied was done once; what was not sent was not done. */
TEST(redis_tls_counts_right_when_the_server_dies)
{
	static struct answer answers[CALLS];
	struct stay_redis *redis = rig_connect(&rig, url, NULL);
	struct answer total = { 0 };
	int64_t least = 0, most = 0;

	memset(answers, 0, sizeof(answers));
	for (int i = 0; i < CALLS; i++) {
		ask(redis, &answers[i], "INCR count");
		if (i % 500 == 250) {
			await_answer(&rig, &answers[i - 200], 10);
			redis_server_kill(&server);
			redis_server_restart(&server);
		}
	}
	for (int i = 0; i < CALLS; i++) {
		await_answer(&rig, &answers[i], 10);
		least += answers[i].outcome == STAY_REPLIED;
		most += answers[i].outcome == STAY_REPLIED ||
			answers[i].outcome == STAY_MAYBE_EXECUTED;
	}
	ask_now(&rig, redis, &total, "GET count");
	ck_assert_int_ge(atoll(total.text), least);
	ck_assert_int_le(atoll(total.text), most);
	ck_assert_uint_ge(counts().handshakes, 2);
	check_counts(redis);
	rig_stop(&rig, redis);
}

/* The client without a certificate, and one that expects somebody else. */
TEST_ROWS(redis_tls_says_why_not, 3)
{
	static const struct {
		const char *query;
		const char *says;
	} rows[] = {
		{ "", "the server wants a client certificate" },
		{ "&servername=db", "of another server than 'db'" },
		{ "&cafile=", "signed by an authority that is not trusted" },
	};
	char wrong[600];
	struct stay_redis *redis;

	snprintf(wrong, sizeof(wrong), "%.*s%s",
	    _i == 0 ? (int)(strstr(url, "&cert") - url) : (int)strlen(url), url,
	    rows[_i].query);
	if (_i == 2)
		snprintf(wrong, sizeof(wrong), "rediss://127.0.0.1:%s",
		    strtok(strstr(url, "1:") + 2, "?"));
	redis = rig_start(&rig, wrong, NULL);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	EXPECT_IN(stay_conn_failure(stay_redis_conn(redis)), rows[_i].says);
	rig_stop(&rig, redis);
}

/* ---- a child of ours ---- */

static struct answer calls[40]; /* the last half of them is queued */

static bool
all_told(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < LEN(calls); i++)
		if (calls[i].told == 0)
			return false;
	return true;
}

static bool
half_is_sent(void *redis)
{
	return counts_of(stay_redis_client(redis)).in_flight == 20;
}

static void
ask_half(struct stay_redis *redis, int from)
{
	for (int i = from; i < from + 20; i++)
		ask(redis, &calls[i], "INCR parent");
}

/* What it asks and says, its end too, would be sealed with the parent's keys. */
static void
use_inherited(struct stay_redis *redis, bool stops)
{
	struct answer mine;

	ev_loop_fork(rig.ev);
	ask(redis, &mine, "SET child here");
	if (stops)
		stay_redis_stop(redis);
	await_answer(&rig, &mine, 20);
	rig_until(&rig, all_told, NULL, 20);
	ck_assert_int_eq(mine.outcome, STAY_NOT_SENT);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(calls[i].outcome,
		    i < 20 ? STAY_MAYBE_EXECUTED : STAY_NOT_SENT);
	rig_close(&rig);
	stay_tls_free(filter);
}

/* It lets its calls fail, or stops at once. The parent's session is as it was. */
TEST_ROWS(redis_tls_child_is_not_heard, 2)
{
	const struct stay_redis_options once = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .backoff.attempts_max = 1 } };
	struct stay_redis *redis = rig_start(&rig, url, &once);
	struct answer answer;
	int status;
	pid_t pid;

	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	redis_server_freeze(&server);
	ask_half(redis, 0);
	rig_until(&rig, half_is_sent, redis, 20);
	ask_half(redis, 20);
	pid = fork();
	if (pid == 0) {
		use_inherited(redis, _i == 1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	redis_server_thaw(&server);
	rig_until(&rig, all_told, NULL, 20);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(calls[i].integer, i + 1);
	ask_now(&rig, redis, &answer, "GET child");
	ck_assert_int_eq((int)answer.type, STAY_REDIS_NIL);
	ck_assert_uint_eq(sessions_of(redis), 1);
	ck_assert_uint_eq(counts().handshakes, 1);
	ck_assert_uint_eq(counts().failed, 0);
	rig_stop(&rig, redis);
}

TEST_SUITE_WITH(redis_tls, .before = begin, .after = end, .seconds = 60)
