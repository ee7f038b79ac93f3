/* A reply of Redis past a bound: the call is told, and the session goes on. */
#include <stdio.h>
#include <string.h>

#include <stay/group.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_subscriber.h"
#include "support/scarce.h"

#define ROWS(table) (int)(LEN(table))

static struct redis_virtual here;
static char told[512];

static void
note(const char *text)
{
	ck_assert_uint_lt(strlen(told) + strlen(text), sizeof(told));
	strcat(told, text);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	char text[128];

	snprintf(text, sizeof(text), "%s %s/%s %s;", (char *)arg,
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome), stay_redis_str(result->reply));
	note(text);
}

static void
on_push(void *arg, struct stay_redis *of, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)of;
	note(push == NULL ? "push too big;" : "push;");
}

static void
on_orphan(
    void *arg, struct stay_redis *of, const struct stay_redis_reply *reply)
{
	(void)arg;
	(void)of;
	note(reply == NULL ? "orphan too big;" : "orphan;");
}

static const struct peer_row silent[] = { ON("GET", ""),
	ON("PING", "+PONG\r\n"), ON("BIGPING", ""), NO_MORE };

static void
begin_with(const struct peer_row *rows, struct stay_redis_options options)
{
	told[0] = '\0';
	options.elements_max = 5;
	options.depth_max = 3;
	options.client.reply_bytes_max = 40;
	options.on_push = on_push;
	options.on_orphan = on_orphan;
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1?protocol=2", &options);
}

static void
begin(void)
{
	begin_with(silent, (struct stay_redis_options){ STAY_REDIS_OPTIONS });
}

static void
command(const char *name, uint64_t timeout_ms)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = timeout_ms };

	EXPECT_OK(stay_redis_command_with(here.redis, &options, on_done,
	    (void *)(uintptr_t)name, "GET %s", name));
}

#define TEN "0123456789"

/* "a" is told so, and "b" behind it gets its own. */
static const struct {
	const char *text;
	const char *told;
} replies[] = {
	{ "$41\r\n" TEN TEN TEN TEN "1\r\n", "a E_TOO_BIG/replied ;" },
	/* with its marks it is larger */
	{ "$40\r\n" TEN TEN TEN TEN "\r\n", "a E_TOO_BIG/replied ;" },
	{ "$33\r\n" TEN TEN TEN "123\r\n", "a OK/replied " TEN TEN TEN "123;" },
	{ "+" TEN TEN TEN TEN TEN "\r\n", "a E_TOO_BIG/replied ;" },
	{ "-ERR " TEN TEN TEN TEN TEN "\r\n", "a E_TOO_BIG/replied ;" },
	{ "!41\r\n" TEN TEN TEN TEN "1\r\n", "a E_TOO_BIG/replied ;" },
	{ "=41\r\ntxt:" TEN TEN TEN "1234567\r\n", "a E_TOO_BIG/replied ;" },
	{ "*5\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n", "a E_TOO_BIG/replied ;" },
	{ "*4\r\n+1\r\n+2\r\n+3\r\n+4\r\n", "a OK/replied ;" },
	{ "%3\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n+6\r\n",
	    "a E_TOO_BIG/replied ;" },
	{ "~?\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n.\r\n",
	    "a E_TOO_BIG/replied ;" },
	{ "*2\r\n$20\r\n" TEN TEN "\r\n$20\r\n" TEN TEN "\r\n",
	    "a E_TOO_BIG/replied ;" },
	{ "$?\r\n;30\r\n" TEN TEN TEN "\r\n;11\r\n" TEN "1\r\n;0\r\n",
	    "a E_TOO_BIG/replied ;" },
	{ "|2\r\n+a\r\n+b\r\n+c\r\n+d\r\n+1\r\n", "a E_TOO_BIG/replied ;" },
	{ "*1\r\n*1\r\n*4\r\n+1\r\n+2\r\n+3\r\n+4\r\n",
	    "a E_TOO_BIG/replied ;" },
	{ ">5\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n+a\r\n",
	    "push too big;a OK/replied a;" },
	{ ">2\r\n$20\r\n" TEN TEN "\r\n$20\r\n" TEN TEN "\r\n+a\r\n",
	    "push too big;a OK/replied a;" },
};

TEST_ROWS(redis_too_big_costs_nobody_else, ROWS(replies))
{
	size_t len = strlen(replies[_i].text);
	char want[512];

	snprintf(want, sizeof(want), "%sb OK/replied b;", replies[_i].told);
	for (size_t step = 1; step <= len; step += len - 1) {
		begin();
		command("a", 0);
		command("b", 0);
		sim_run_ms(here.world, 1);
		for (size_t i = 0; i < len; i += step) {
			peer_send(
			    here.server.ends, 0, 0, replies[_i].text + i, step);
			sim_run_ms(here.world, 1);
		}
		redis_virtual_say(&here, "+b\r\n");
		ck_assert_str_eq(told, want);
		ck_assert_uint_eq(here.server.accepted, 1);
		redis_virtual_end(&here);
	}
}

/* It is not read past. */
static const struct {
	const char *text;
	const char *told;
} bad[] = {
	{ "*5\r\n*1\r\n*1\r\n*1\r\n", "a E_PROTOCOL/maybe executed ;" },
	{ "*5\r\n?", "a E_PROTOCOL/maybe executed ;" },
	{ "$61\r\n" TEN TEN TEN TEN TEN TEN "1\r\n",
	    "a E_TOO_BIG/maybe executed ;" },
	{ "*9\r\n" TEN, "a E_PROTOCOL/maybe executed ;" },
	/* more than 32 bits say */
	{ "|1\r\n+a\r\n+b\r\n*4294967297\r\n+" TEN TEN TEN TEN,
	    "a E_TOO_BIG/maybe executed ;" },
	{ "*2147483648\r\n.\r\n", "a E_PROTOCOL/maybe executed ;" },
	{ "*6\r\n$4294967297\r\n1\r\n?" TEN TEN TEN TEN,
	    "a E_TOO_BIG/maybe executed ;" },
};

TEST_ROWS(redis_too_big_has_bounds, ROWS(bad))
{
	begin_with(silent,
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS,
		.client.skip_bytes_max = 60, .resend_reads = STAY_REDIS_NO });
	command("a", 0);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, bad[_i].text);
	ck_assert_str_eq(told, bad[_i].told);
}

/* Nobody waits for a reply: before its type is known, it may be a push. */
static const char *const attributes[] = {
	"|2\r\n+a\r\n+b\r\n+c\r\n+d\r\n>1\r\n+x\r\n",
	"|1\r\n+a\r\n*3\r\n+b\r\n+c\r\n+d\r\n>1\r\n+x\r\n",
	"|1\r\n$20\r\n" TEN TEN "\r\n$20\r\n" TEN TEN "\r\n>1\r\n+x\r\n",
};

TEST_ROWS(redis_too_big_before_its_type_is_known, ROWS(attributes))
{
	begin();
	for (const char *text = attributes[_i]; *text != '\0'; text++) {
		peer_send(here.server.ends, 0, 0, text, 1);
		sim_run_ms(here.world, 1);
	}
	ck_assert_str_eq(told, "push too big;");
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* Memory is given back meanwhile, and then it is a reply that nobody has asked for. */
TEST(redis_too_big_goes_on_after_a_rest)
{
	begin();
	redis_virtual_say(&here, "|3\r\n+a\r\n+b\r\n+c\r\n");
	sim_run_ms(here.world, 3000);
	redis_virtual_say(&here, "+d\r\n+e\r\n+f\r\n+1\r\n");
	sim_run_ms(here.world, 1000);
	ck_assert_uint_eq(here.server.accepted, 2);
}

/* The next session begins with a frame of its own. */
TEST(redis_too_big_ends_with_the_session)
{
	begin();
	command("a", 0);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$99\r\n" TEN);
	sim_peer_reset(here.server.ends->wire);
	sim_run_ms(here.world, 1000);
	redis_virtual_say(&here, "+a\r\n");
	ck_assert_str_eq(told, "a OK/replied a;");
}

TEST(redis_too_big_comes_late)
{
	begin();
	command("a", 10);
	sim_run_ms(here.world, 20);
	told[0] = '\0';
	redis_virtual_say(&here, "*9\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n+6\r\n");
	redis_virtual_say(&here, "+7\r\n+8\r\n+9\r\n");
	ck_assert_str_eq(told, "orphan too big;");
}

#define FIVE "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n"

/* No answer to PING is. */
static const struct peer_row big_pong[] = { ON("PING", "*5\r\n"), NO_MORE };

TEST(redis_too_big_as_an_answer_to_a_probe)
{
	begin_with(silent, (struct stay_redis_options){
			       STAY_REDIS_OPTIONS, .client.probe_ms = 100 });
	here.server.rows = big_pong;
	sim_run_ms(here.world, 105);
	EXPECT_IN(redis_virtual_failure(&here),
	    "a reply has more than elements_max elements");
}

/* Nor is one in a greeting, where the bounds are at least these. */
static const struct {
	const char *pong, *says;
} pongs[] = {
	{ "*1024\r\n", "a reply has more than elements_max elements" },
	{ "$16385\r\n", "a string is longer than reply_bytes_max" },
	{ "*3\r\n$9\r\n123456789\r\n$16360\r\n",
	    "a frame larger than reply_bytes_max" },
};

TEST_ROWS(redis_too_big_as_an_answer_in_a_greeting, ROWS(pongs))
{
	const struct peer_row rows[] = { ON("PING", pongs[_i].pong), NO_MORE };

	begin_with(rows, (struct stay_redis_options){ STAY_REDIS_OPTIONS });
	sim_run_ms(here.world, 1000);
	ck_assert_uint_gt(here.server.accepted, 1);
	EXPECT_IN(redis_virtual_failure(&here), pongs[_i].says);
	redis_virtual_end(&here);
}

/* A server says more of itself than the program expects of any reply. */
static const struct peer_row wordy[] = {
	ON("HELLO", "%7\r\n+server\r\n+redis\r\n+version\r\n+8.0.0\r\n"
		    "+proto\r\n:3\r\n+id\r\n:7\r\n+mode\r\n+standalone\r\n"
		    "+role\r\n+master\r\n+modules\r\n*0\r\n"),
	ON("GET", ""), NO_MORE
};

TEST(redis_too_big_is_no_greeting)
{
	told[0] = '\0';
	redis_virtual_open(&here, wordy);
	redis_virtual_start(&here, "redis://10.0.0.1?protocol=3",
	    REDIS(.elements_max = 5, .client.reply_bytes_max = 20));
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 1);
	command("a", 0);
	command("b", 0);
	command("c", 0);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "*5\r\n_\r\n_\r\n_\r\n_\r\n_\r\n"
				 "+" TEN TEN "\r\n+1\r\n");
	ck_assert_str_eq(
	    told, "a E_TOO_BIG/replied ;b E_TOO_BIG/replied ;c OK/replied 1;");
	ck_assert_uint_eq(here.server.accepted, 1);
	peer_do(here.server.ends, 0, PEER_CLOSE);
	sim_run_ms(here.world, 1000);
	ck_assert_uint_eq(here.server.accepted, 2);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
}

static const struct peer_row big_exec[] = { ON("EXEC", FIVE),
	ON("SET", "+QUEUED\r\n"), NO_MORE };

static void
on_group(void *arg, const struct stay_group_result *result)
{
	char text[64];

	(void)arg;
	snprintf(text, sizeof(text),
	    "%s/%s:", stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome));
	note(text);
	for (size_t i = 0; i < result->count; i++)
		note(stay_status_name(result->answers[i].status) + 6);
}

/* EXEC has ended the transaction, however large its answer: it is probed again. */
TEST(redis_too_big_ends_a_transaction)
{
	struct stay_redis_group *multi;

	begin_with(big_exec, (struct stay_redis_options){
				 STAY_REDIS_OPTIONS, .client.probe_ms = 100 });
	multi = stay_redis_multi_new(here.redis);
	EXPECT_OK(stay_redis_group_add(multi, "SET a b"));
	EXPECT_OK(stay_redis_group_send(multi, NULL, on_group, NULL));
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "E_TOO_BIG/replied:_TOO_BIG");
	peer_log_clear(&here.server);
	sim_run_ms(here.world, 1000);
	EXPECT_IN(here.log.text, "PING");
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* A message that is missed lies in a gap: the session ends. With RESP2 it comes where
 * there are no calls. */
static const struct {
	const char *begins, *goes_on;
} messages[] = {
	{ ">3\r\n+message\r\n+x\r\n$121\r\n", "" },
	{ "|5\r\n+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n+6\r\n",
	    "+7\r\n+8\r\n+9\r\n+10\r\n>3\r\n+message\r\n+x\r\n+y\r\n" },
};

TEST_ROWS(redis_too_big_for_subscribers, ROWS(messages))
{
	subscriber_begin(subscriber_rows,
	    REDIS(.elements_max = 9, .client.reply_bytes_max = 120));
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_say(messages[_i].begins);
	subscriber_say(messages[_i].goes_on);
	SUBSCRIBER_TELLS(1000, "a lost E_TOO_BIG;a restored;");
	subscriber_end();
}

TEST(redis_too_big_for_subscribers_apart)
{
	subscriber_begin(subscriber_rows,
	    REDIS(.protocol = 2, .client.reply_bytes_max = 120));
	subscriber.server.arg = &subscriber;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	subscriber_say("*3\r\n+message\r\n+x\r\n$121\r\n");
	SUBSCRIBER_TELLS(1000, "a lost E_TOO_BIG;a restored;");
	subscriber_end();
}

TEST_ROWS(promise_9_redis_too_big_without_memory, 2)
{
	begin();
	command("a", 0);
	sim_run_ms(here.world, 1);
	peer_say(here.server.ends, _i == 0 ? "$41\r\n"
					   : ">2\r\n$20\r\n" TEN TEN
					     "\r\n$20\r\n" TEN TEN "\r\n");
	for (unsigned nth = 1; here.server.accepted == 1; nth++) {
		ck_assert_uint_le(nth, 4);
		scarce_arm(nth);
		sim_run_ms(here.world, 1);
		(void)scarce_disarm();
		sim_run_ms(here.world, 1000);
	}
}

TEST_SUITE_WITH(redis_too_big, .after = redis_virtual_after)
