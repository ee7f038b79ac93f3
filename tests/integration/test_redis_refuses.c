/*
 * A real redis-server that is there and does not serve: wrong passwords, no
 * rights, too many clients, still loading, a replica. Whatever it says is
 * handed on, nothing is executed twice, and it heals without help.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_bed.h"

/* The same server with a login. */
static struct stay_redis *
start_as(const char *login, uint64_t fatal_backoff_ms)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .fatal_backoff_ms = fatal_backoff_ms } };
	char url[128];

	snprintf(
	    url, sizeof(url), "redis://%s@127.0.0.1:%d", login, server.port);
	return rig_start(&rig, url, &options);
}

static void
order(const char *command)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, command);
	ck_assert_str_eq(answer.text, "OK");
}

/* A call that is not to be accepted. */
static enum stay_status
ask_denied(struct stay_redis *redis)
{
	return stay_redis_command(redis, NULL, NULL, "SET a b");
}

static bool
is_denied(void *arg)
{
	return ask_denied(arg) == STAY_E_DENIED;
}

/* ---- passwords and rights ---- */

TEST(redis_refuses_a_wrong_password_fails_calls_at_once_and_says_why)
{
	struct stay_redis *redis;
	struct answer answer;
	double asked;

	order("CONFIG SET requirepass right");
	redis = start_as(":wrong", 60000);
	asked = ev_time();
	ask_now(&rig, redis, &answer, "SET a b");
	ck_assert_int_eq(answer.status, STAY_E_DENIED);
	ck_assert_int_eq(answer.outcome, STAY_NOT_SENT);
	ck_assert_double_lt(answer.at - asked, 1.);
	EXPECT_IN(answer.why, "WRONGPASS");
	ck_assert_ptr_null(strstr(answer.why, "wrong"));
	/* Until the next attempt there is no point in asking. */
	ck_assert_int_eq(ask_denied(redis), STAY_E_DENIED);
}

TEST(redis_refuses_no_password_where_one_is_needed)
{
	struct stay_redis *redis;
	struct answer answer;

	order("CONFIG SET requirepass right");
	redis = rig_start(&rig, server.url, NULL);
	ask_now(&rig, redis, &answer, "SET a b");
	ck_assert_int_eq(answer.status, STAY_E_DENIED);
	ck_assert_int_eq(answer.outcome, STAY_NOT_SENT);
	EXPECT_IN(answer.why, "NOAUTH");
}

TEST(redis_refuses_heals_by_itself_when_the_password_is_right_again)
{
	struct stay_redis *redis;
	struct answer answer;

	order("CONFIG SET requirepass old");
	redis = start_as(":new", 100);
	ask_now(&rig, redis, &answer, "SET a b");
	ck_assert_int_eq(answer.status, STAY_E_DENIED);
	order("CONFIG SET requirepass new");
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	ask_now(&rig, redis, &answer, "SET a b");
	EXPECT_OK(answer.status);
}

/* A change of the password does not touch sessions; the next one is denied. */
TEST(redis_refuses_a_password_changed_under_a_session)
{
	struct stay_redis *redis;
	struct answer answer;

	order("CONFIG SET requirepass one");
	redis = start_as(":one", 100);
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	order("CONFIG SET requirepass two");
	ask_now(&rig, redis, &answer, "ECHO a");
	ck_assert_str_eq(answer.text, "a");
	ask_now(&rig, admin, &answer, "CLIENT KILL TYPE normal SKIPME yes");
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	rig_until(&rig, is_denied, redis, 20);
	order("CONFIG SET requirepass one");
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	ask_now(&rig, redis, &answer, "ECHO c");
	ck_assert_str_eq(answer.text, "c");
}

TEST(redis_refuses_what_a_user_has_no_right_to)
{
	struct stay_redis *redis;
	struct answer answer;

	order("ACL SETUSER reader on >secret ~* +get +hello +ping");
	redis = start_as("reader:secret", 100);
	ask_now(&rig, redis, &answer, "GET a");
	EXPECT_OK(answer.status);
	ask_now(&rig, redis, &answer, "SET a b");
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	EXPECT_IN(answer.text, "NOPERM");
	order("ACL SETUSER reader off");
	ask_now(&rig, admin, &answer, "CLIENT KILL USER reader");
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	order("ACL SETUSER reader on");
	rig_until_state(&rig, redis, STAY_CONNECTED, 20);
	ask_now(&rig, redis, &answer, "GET a");
	EXPECT_OK(answer.status);
}

/* ---- not now ---- */

/* A client that is no more than a connection. */
static int
occupy(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server.port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char reply[7];

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(write(fd, "PING\r\n", 6), 6);
	ck_assert_int_eq(recv(fd, reply, 7, MSG_WAITALL), 7);
	ck_assert(memcmp(reply, "+PONG\r\n", 7) == 0);
	return fd;
}

TEST(redis_refuses_one_client_too_many_until_there_is_room)
{
	const char *const extra[] = { "--maxclients", "1", NULL };
	struct stay_redis *redis;
	struct answer answer;
	int occupant;

	bed_close();
	bed_open_as(extra);
	occupant = occupy();
	redis = rig_start(&rig, server.url, NULL);
	ask(redis, &answer, "SET a b");
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	ck_assert_uint_eq(answer.told, 0);
	close(occupant);
	await_answer(&rig, &answer, 20);
	ck_assert_str_eq(answer.text, "OK");
}

/* It takes eight seconds, so that it is still at it when asked... */
static void
make_loading_slow(void)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, "DEBUG POPULATE 4000");
	ck_assert_str_eq(answer.text, "OK");
	order("CONFIG SET key-load-delay 2000");
	order("CONFIG SET loading-process-events-interval-bytes 1024");
}

/* ...and no longer than it must when this is asked, by somebody who has not been
 * refused. */
static void
let_it_load(struct stay_redis *other)
{
	struct answer answer;

	ask_now(&rig, other, &answer, "CONFIG SET key-load-delay 0");
	ck_assert_str_eq(answer.text, "OK");
}

static bool
is_refused(void *arg)
{
	const struct answer *answer = arg;

	return answer->told > 0;
}

/* Ask until the server says that it is loading. */
static void
ask_while_loading(struct stay_redis *redis, struct answer *answer)
{
	for (int i = 0; i < 1000; i++) {
		ask(redis, answer, "INCR counter");
		rig_until(&rig, is_refused, answer, 10);
		if (answer->outcome == STAY_REFUSED)
			return;
		ck_assert_int_eq(answer->outcome, STAY_REPLIED);
		ck_assert_int_eq(answer->integer, i + 1);
	}
	ck_abort_msg("it never said LOADING");
}

TEST(promise_3_a_call_while_loading_is_refused_and_not_executed)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct stay_redis *other = rig_connect(&rig, server.url, NULL);
	struct answer reload, answer, before, after;

	make_loading_slow();
	ask_now(&rig, redis, &before, "INCR counter");
	ask(admin, &reload, "DEBUG RELOAD");
	for (answer.outcome = STAY_REPLIED; answer.outcome != STAY_REFUSED;) {
		ask_now(&rig, redis, &answer, "INCR counter");
		if (answer.outcome == STAY_REPLIED)
			before = answer;
		ck_assert_uint_eq(reload.told, 0);
	}
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	EXPECT_IN(answer.text, "LOADING");
	let_it_load(other);
	await_answer(&rig, &reload, 20);
	ck_assert_str_eq(reload.text, "OK");
	ask_now(&rig, redis, &after, "INCR counter");
	ck_assert_int_eq(after.integer, before.integer + 1);
}

TEST(redis_refuses_hello_while_loading_and_comes_up_after)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL), *late;
	struct stay_redis *other = rig_connect(&rig, server.url, NULL);
	struct answer reload, answer;

	make_loading_slow();
	ask(admin, &reload, "DEBUG RELOAD");
	ask_while_loading(redis, &answer);
	late = rig_start(&rig, server.url, NULL);
	ask(late, &answer, "ECHO late");
	rig_until_state(&rig, late, STAY_BACKING_OFF, 20);
	ck_assert_uint_eq(reload.told, 0);
	EXPECT_IN(stay_conn_failure(stay_redis_conn(late)), "LOADING");
	let_it_load(other);
	await_answer(&rig, &answer, 20);
	ck_assert_str_eq(answer.text, "late");
}

TEST(promise_3_a_replica_refuses_to_write)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;

	order("REPLICAOF 127.0.0.1 1");
	ask_now(&rig, redis, &answer, "SET a b");
	ck_assert_int_eq(answer.status, STAY_E_SERVER);
	ck_assert_int_eq(answer.outcome, STAY_REFUSED);
	EXPECT_IN(answer.text, "READONLY");
	order("REPLICAOF NO ONE");
	ask_now(&rig, redis, &answer, "SET a b");
	EXPECT_OK(answer.status);
}

static const struct stay_redis_options sends_again = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .on_refused = STAY_REFUSED_RESEND,
	    .call_timeout_ms = 20000, .resends_max = 1000 } };

static bool
looks_for_a_primary(void *arg)
{
	return strstr(stay_conn_failure(stay_redis_conn(arg)),
		   "the first one was a primary") != NULL;
}

/* Writes wait for the server to be a primary again, and are then executed once
 * and in order. */
TEST(promise_3_4_refused_writes_find_the_new_primary)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &sends_again);
	struct answer answers[3], read;

	order("REPLICAOF 127.0.0.1 1");
	ask(redis, &answers[0], "RPUSH log a");
	ask(redis, &answers[1], "RPUSH log b");
	ask(redis, &answers[2], "RPUSH log c");
	rig_until(&rig, looks_for_a_primary, redis, 10);
	ck_assert_uint_eq(answers[0].told, 0);
	order("REPLICAOF NO ONE");
	for (int i = 0; i < 3; i++) {
		await_answer(&rig, &answers[i], 20);
		EXPECT_OK(answers[i].status);
		ck_assert_int_eq(answers[i].integer, i + 1);
	}
	ask_now(&rig, redis, &read, "LRANGE log 0 -1");
	ck_assert_uint_eq(read.count, 3);
	check_counts(redis);
}

/* A replica serves scripts: what one has overtaken is told, not sent again. */
TEST(promise_4_a_refused_write_in_front_of_a_script_is_told)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &sends_again);
	struct answer write, script;

	order("REPLICAOF 127.0.0.1 1");
	ask(redis, &write, "SET a b");
	ask(redis, &script, "EVAL return(1) 0");
	await_answer(&rig, &script, 20);
	ck_assert_uint_eq(write.told, 1);
	ck_assert_int_eq(write.outcome, STAY_REFUSED);
	EXPECT_IN(write.text, "READONLY");
	EXPECT_OK(script.status);
}

struct write {
	struct stay_redis *redis;
	struct answer answer;
};

/* Done, or refused: then its client has left the server, and finds no way back while
 * that loads. */
static bool
is_decided(void *arg)
{
	const struct write *write = arg;

	return write->answer.told > 0 ||
	       stay_conn_state(stay_redis_conn(write->redis)) != STAY_CONNECTED;
}

/* The same of a server that loads: what was asked meanwhile is done after. */
TEST(promise_3_what_is_asked_while_loading_is_done_after)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, &sends_again);
	struct stay_redis *other = rig_connect(&rig, server.url, NULL);
	struct write write = { .redis = redis };
	struct answer reload, before, after;

	make_loading_slow();
	ask_now(&rig, redis, &before, "INCR counter");
	ask(admin, &reload, "DEBUG RELOAD");
	for (write.answer.told = 1; write.answer.told != 0;) {
		ask(redis, &write.answer, "INCR counter");
		rig_until(&rig, is_decided, &write, 20);
		if (write.answer.told != 0)
			before = write.answer;
	}
	ck_assert_uint_eq(reload.told, 0);
	let_it_load(other);
	await_answer(&rig, &write.answer, 20);
	EXPECT_OK(write.answer.status);
	ck_assert_int_eq(write.answer.integer, before.integer + 1);
	ask_now(&rig, redis, &after, "INCR counter");
	ck_assert_int_eq(after.integer, before.integer + 2);
	ck_assert_uint_gt(counts_of(stay_redis_client(redis)).sessions, 1);
}

TEST(promise_3_a_replica_without_its_primary_refuses_to_read)
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL), *late;
	struct answer answer;

	order("CONFIG SET replica-serve-stale-data no");
	order("REPLICAOF 127.0.0.1 1");
	ask_now(&rig, redis, &answer, "GET a");
	ck_assert_int_eq(answer.outcome, STAY_REFUSED);
	EXPECT_IN(answer.text, "MASTERDOWN");
	late = rig_start(&rig, server.url, NULL);
	rig_until_state(&rig, late, STAY_BACKING_OFF, 20);
	order("REPLICAOF NO ONE");
	rig_until_state(&rig, late, STAY_CONNECTED, 20);
}

TEST_SUITE_WITH(redis_refuses, .before = bed_open_with_admin,
    .after = bed_close, .seconds = 60)
