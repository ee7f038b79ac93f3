/* Scripts of Redis: by digest, and with the source when the server lacks them. */
#include <stay/redis_script.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/expect.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))
#define URL         "redis://10.0.0.1"
#define GREETING    "|HELLO 3;PING;"
#define SOURCE      "return-1"
#define DIGEST      "5992566a0896059fa47ce642e11c7043ddeccb7c"
#define LACKS       "-NOSCRIPT No matching script. Please use EVAL.\r\n"
#define SHORT                                                                  \
	{                                                                      \
		STAY_CALL_OPTIONS, .timeout_ms = 100                           \
	}

static struct redis_virtual here;
static struct stay_redis_script script;
static char told[1024];
static uint64_t told_ms; /* when the last one was */

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	EXPECT(result->why != NULL);
	snprintf(told + len, sizeof(told) - len, "%s %s/%s %s;",
	    (const char *)arg, stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome), stay_redis_str(result->reply));
	told_ms = sim_now_ms(here.world);
}

static void
on_orphan(
    void *arg, struct stay_redis *of, const struct stay_redis_reply *orphan)
{
	(void)arg;
	(void)of;
	strcat(strcat(told, stay_redis_str(orphan)), ";");
}

/* What is in no row here is not answered, if it is a script. */
static const struct peer_row silent[] = { ON("EVAL", ""), NO_MORE };

static void
begin_with(const struct peer_row *rows, const char *url,
    struct stay_redis_options options)
{
	told[0] = '\0';
	options.on_orphan = on_orphan;
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, url, &options);
	ck_assert_int_eq(stay_redis_script_init(&script, SOURCE, 0), STAY_OK);
}

static void
begin(const struct peer_row *rows)
{
	begin_with(
	    rows, URL, (struct stay_redis_options){ STAY_REDIS_OPTIONS });
}

static void
end(void)
{
	redis_virtual_end(&here);
}

/* The client has been stopped. */
static void
end_after_stop(void)
{
	ck_assert(sim_run(here.world, 60000));
	ck_assert_int_eq(stay_loop_free(here.loop), STAY_OK);
}

static void
call(const char *name, struct stay_call_options options)
{
	ck_assert_int_eq(
	    stay_redis_script_command(here.redis, &script, &options, on_done,
		(void *)(uintptr_t)name, "1 %s", name),
	    STAY_OK);
}

static void
call_plainly(const char *name)
{
	call(name, (struct stay_call_options){ STAY_CALL_OPTIONS });
	sim_run_ms(here.world, 10);
}

static void
cancel(struct stay_call_id id, enum stay_status status)
{
	ck_assert_int_eq(stay_redis_script_cancel(here.redis, id), status);
	sim_run_ms(here.world, 1);
}

/* ---- making one ---- */

TEST(redis_script_is_made)
{
	struct stay_redis_script own;

	ck_assert_int_eq(stay_redis_script_init(&own, SOURCE, 0), STAY_OK);
	ck_assert_str_eq(own.source, SOURCE);
	ck_assert_str_eq(own.digest, DIGEST);
	ck_assert_int_eq(
	    stay_redis_script_init(&own, SOURCE, STAY_READ_ONLY), STAY_OK);
	ck_assert_str_eq(own.digest, DIGEST);
	ck_assert_int_eq(
	    stay_redis_script_init(&own, SOURCE, STAY_IDEMPOTENT), STAY_E_ARG);
	ck_assert_str_eq(own.digest, "");
	ck_assert_ptr_null(own.source);
	ck_assert_int_eq(stay_redis_script_init(&own, NULL, 0), STAY_E_ARG);
	ck_assert_str_eq(own.digest, "");
}

/* ---- what is sent, and what is told ---- */

static const struct {
	const char *first, *second; /* the server's answers */
	const char *told;
	bool follows; /* the source is sent */
} answers[] = {
	{ ":1\r\n", "", "a OK/replied 1;", false },
	{ "$-1\r\n", "", "a OK/replied ;", false },
	{ "$8\r\nNOSCRIPT\r\n", "", "a OK/replied NOSCRIPT;", false },
	{ "*1\r\n" LACKS, "", "a OK/replied ;", false },
	{ "-ERR no\r\n", "", "a E_SERVER/replied ERR no;", false },
	{ "-NOSCRIPTS\r\n", "", "a E_SERVER/replied NOSCRIPTS;", false },
	/* a script may have acted before it said so */
	{ "-OOM of a script\r\n", "", "a E_SERVER/replied OOM of a script;",
	    false },
	{ LACKS, ":1\r\n", "a OK/replied 1;", true },
	{ "-NOSCRIPT\r\n", ":1\r\n", "a OK/replied 1;", true },
	{ LACKS, "-ERR no\r\n", "a E_SERVER/replied ERR no;", true },
	{ LACKS, "-OOM of a script\r\n", "a E_SERVER/replied OOM of a script;",
	    true },
	/* of a server that makes no sense, or a script of that word: once */
	{ LACKS, "-NOSCRIPT again\r\n", "a E_SERVER/replied NOSCRIPT again;",
	    true },
};

TEST_ROWS(redis_script_answers, ROWS(answers))
{
	const struct peer_row rows[] = {
		ON("EVALSHA", answers[_i].first),
		ON("EVAL", answers[_i].second),
		NO_MORE,
	};

	begin(rows);
	call_plainly("a");
	ck_assert_str_eq(told, answers[_i].told);
	ck_assert_str_eq(here.log.text,
	    answers[_i].follows ? GREETING "EVALSHA " DIGEST " 1 a;"
					   "EVAL " SOURCE " 1 a;"
				: GREETING "EVALSHA " DIGEST " 1 a;");
	end();
}

/* A server that may not be asked again says the same with STAY_REFUSED_RESEND. */
TEST(redis_script_is_no_refusal_that_is_sent_again)
{
	const struct peer_row rows[] = {
		ON_FIRST(1, "EVALSHA", LACKS),
		ON("EVAL", ":1\r\n"),
		NO_MORE,
	};

	begin_with(rows, URL,
	    (struct stay_redis_options){
		STAY_REDIS_OPTIONS, .client = { STAY_CLIENT_OPTIONS,
					.on_refused = STAY_REFUSED_RESEND } });
	call_plainly("a");
	ck_assert_str_eq(told, "a OK/replied 1;");
	ck_assert_uint_eq(here.server.accepted, 1);
	end();
}

/* By hand it is an answer as any other. */
TEST(redis_script_by_hand_is_an_answer)
{
	const struct peer_row rows[] = { ON("EVALSHA", LACKS), NO_MORE };

	begin(rows);
	ck_assert_int_eq(stay_redis_command(here.redis, on_done,
			     (void *)(uintptr_t) "a", "EVALSHA x 0"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_ptr_nonnull(strstr(told, "a E_SERVER/replied NOSCRIPT"));
	end();
}

static const struct stay_bytes key_and_two[] = { { "k", 1 }, { "", 0 },
	{ NULL, 0 } };

TEST(redis_script_of_words)
{
	const struct peer_row rows[] = { ON("EVALSHA", LACKS),
		ON("EVAL", ":1\r\n"), NO_MORE };

	begin(rows);
	ck_assert_int_eq(
	    stay_redis_script_call(here.redis, &script, NULL, on_done,
		(void *)(uintptr_t) "a", 1, 3, key_and_two),
	    STAY_OK);
	ck_assert_int_eq(stay_redis_script_call(here.redis, &script, NULL,
			     on_done, (void *)(uintptr_t) "b", 0, 0, NULL),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "a OK/replied 1;b OK/replied 1;");
	ck_assert_str_eq(here.log.text,
	    GREETING "EVALSHA " DIGEST " 1 k  ;EVALSHA " DIGEST " 0;"
		     "EVAL " SOURCE " 1 k  ;EVAL " SOURCE " 0;");
	end();
}

/* More words than a header of one or two digits counts. */
TEST(redis_script_of_many_words)
{
	static struct stay_bytes words[120];
	static const int counts[] = { 6, 7, 8, 96, 97, 98, 120 };
	char want[128] = "";

	for (size_t i = 0; i < 120; i++)
		words[i] = (struct stay_bytes){ "w", 1 };
	for (int i = 0; i < ROWS(counts); i++) {
		begin(NULL);
		ck_assert_int_eq(
		    stay_redis_script_call(here.redis, &script, NULL, on_done,
			(void *)(uintptr_t) "a", 0, (size_t)counts[i], words),
		    STAY_OK);
		sim_run_ms(here.world, 10);
		ck_assert_str_eq(told, "a OK/replied OK;");
		snprintf(want, sizeof(want), "EVALSHA " DIGEST " 0 w");
		ck_assert_ptr_nonnull(strstr(here.log.text, want));
		end();
	}
}

TEST(redis_script_of_many_words_of_a_format)
{
	begin(NULL);
	ck_assert_int_eq(
	    stay_redis_script_command(here.redis, &script, NULL, on_done,
		(void *)(uintptr_t) "a", "0 a b c d e f g h i %s k", "j"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "a OK/replied OK;");
	ck_assert_str_eq(here.log.text,
	    GREETING "EVALSHA " DIGEST " 0 a b c d e f g h i j k;");
	end();
}

TEST(redis_script_that_nobody_asks_about)
{
	begin(NULL);
	ck_assert_int_eq(stay_redis_script_command(
			     here.redis, &script, NULL, NULL, NULL, "0"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(here.log.text, GREETING "EVAL " SOURCE " 0;");
	end();
}

/* ---- what only reads ---- */

TEST(redis_script_that_only_reads)
{
	const struct peer_row rows[] = {
		ON_FIRST(1, "EVALSHA_RO", PEER_CLOSES),
		ON_FIRST(1, "EVALSHA_RO", LACKS),
		ON_FIRST(1, "EVAL_RO", PEER_CLOSES),
		ON("EVAL_RO", ":1\r\n"),
		NO_MORE,
	};

	begin(rows);
	ck_assert_int_eq(
	    stay_redis_script_init(&script, SOURCE, STAY_READ_ONLY), STAY_OK);
	call_plainly("a");
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(told, "a OK/replied 1;");
	ck_assert_str_eq(here.log.text, GREETING
	    "EVALSHA_RO " DIGEST " 1 a;" GREETING "EVALSHA_RO " DIGEST
	    " 1 a;EVAL_RO " SOURCE " 1 a;" GREETING "EVAL_RO " SOURCE " 1 a;");
	end();
}

TEST(redis_script_that_only_reads_once)
{
	const struct peer_row rows[] = {
		ON("EVALSHA_RO", PEER_CLOSES),
		NO_MORE,
	};

	begin_with(rows, URL "?resend_reads=no",
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS });
	ck_assert_int_eq(
	    stay_redis_script_init(&script, SOURCE, STAY_READ_ONLY), STAY_OK);
	call_plainly("a");
	ck_assert_str_eq(told, "a E_LOST/maybe executed ;");
	end();
}

/* ---- its time ---- */

/* Both have 100 ms together, or what the options of the client say; then none. */
static const struct {
	struct stay_call_options options;
	uint64_t default_ms, late_ms;
} times[] = {
	{ SHORT, 0, 100 },
	{ { STAY_CALL_OPTIONS }, 150, 150 },
	{ { STAY_CALL_OPTIONS }, 0, 5000 },
	{ { STAY_CALL_OPTIONS, .timeout_ms = 9000 }, 200, 9000 },
};

TEST_ROWS(promise_6_redis_script_has_one_timeout, ROWS(times))
{
	uint64_t start_ms;

	begin_with(silent, URL,
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .silence_ms = 20000,
		    .call_timeout_ms = times[_i].default_ms } });
	/* the clock of the last turn is old */
	sim_sleep_ms(here.world, 70);
	start_ms = sim_now_ms(here.world);
	call("a", times[_i].options);
	sim_run_ms(here.world, 60);
	redis_virtual_say(&here, LACKS);
	ck_assert_ptr_nonnull(strstr(here.log.text, "EVAL " SOURCE));
	sim_run_ms(here.world, 20000);
	ck_assert_str_eq(told, "a E_TIMEOUT/maybe executed ;");
	ck_assert_uint_ge(told_ms - start_ms, times[_i].late_ms);
	ck_assert_uint_le(told_ms - start_ms, times[_i].late_ms + 2);
	end();
}

TEST(redis_script_without_a_timeout)
{
	begin_with(silent, URL,
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .silence_ms = STAY_FOREVER,
		    .probe_ms = STAY_FOREVER } });
	call("a", (struct stay_call_options){
		      STAY_CALL_OPTIONS, .timeout_ms = STAY_FOREVER });
	sim_run_ms(here.world, 3600 * 1000);
	redis_virtual_say(&here, LACKS);
	sim_run_ms(here.world, 3600 * 1000);
	redis_virtual_say(&here, ":1\r\n");
	ck_assert_str_eq(told, "a OK/replied 1;");
	end();
}

/* The answer has come while the program did not run its loop. */
static const struct {
	unsigned sleep_ms;
	const char *told;
	bool follows;
} sleeps[] = {
	{ 98, "a E_TIMEOUT/maybe executed ;", true },
	{ 99, "a E_TIMEOUT/refused ;", false },
	{ 200, "a E_TIMEOUT/refused ;", false },
};

TEST_ROWS(redis_script_whose_time_is_over, ROWS(sleeps))
{
	begin(silent);
	call("a", (struct stay_call_options)SHORT);
	sim_run_ms(here.world, 1);
	peer_say(here.server.ends, LACKS);
	sim_sleep_ms(here.world, sleeps[_i].sleep_ms);
	sim_run_ms(here.world, 500);
	ck_assert_str_eq(told, sleeps[_i].told);
	ck_assert_int_eq(
	    strstr(here.log.text, "EVAL " SOURCE) != NULL, sleeps[_i].follows);
	end();
}

/* ---- given up ---- */

static struct stay_call_id
call_with_id(const char *name)
{
	struct stay_call_id id;

	call(name, (struct stay_call_options){ STAY_CALL_OPTIONS, .id = &id });
	return id;
}

TEST(redis_script_given_up_before_it_is_sent)
{
	struct stay_call_id id;

	begin(silent);
	id = call_with_id("a");
	cancel(id, STAY_OK);
	ck_assert_str_eq(told, "a E_CANCELLED/not sent ;");
	ck_assert_str_eq(here.log.text, GREETING);
	cancel(id, STAY_E_STALE);
	end();
}

TEST(redis_script_given_up_by_its_digest)
{
	struct stay_call_id id;

	begin(silent);
	id = call_with_id("a");
	sim_run_ms(here.world, 10);
	cancel(id, STAY_OK);
	redis_virtual_say(&here, LACKS);
	ck_assert_str_eq(told,
	    "a E_CANCELLED/maybe executed ;"
	    "NOSCRIPT No matching script. Please use EVAL.;");
	ck_assert_str_eq(here.log.text, GREETING "EVALSHA " DIGEST " 1 a;");
	end();
}

/* Each of three finds its own. */
TEST_ROWS(redis_script_given_up_with_its_source, 3)
{
	static const char *const want[] = {
		"a E_CANCELLED/maybe executed ;1;b OK/replied 2;c OK/replied "
		"3;",
		"b E_CANCELLED/maybe executed ;a OK/replied 1;2;c OK/replied "
		"3;",
		"c E_CANCELLED/maybe executed ;a OK/replied 1;b OK/replied "
		"2;3;",
	};
	struct stay_call_id ids[3];

	begin(silent);
	for (int i = 0; i < 3; i++)
		ids[i] = call_with_id(&"a\0b\0c"[2 * i]);
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, LACKS LACKS LACKS);
	cancel(ids[_i], STAY_OK);
	cancel(ids[_i], STAY_E_STALE);
	redis_virtual_say(&here, ":1\r\n:2\r\n:3\r\n");
	ck_assert_str_eq(told, want[_i]);
	for (int i = 0; i < 3; i++)
		cancel(ids[i], STAY_E_STALE);
	end();
}

/* One that has ended is found no more, whatever is behind it. */
TEST(redis_script_that_has_ended_is_not_given_up)
{
	struct stay_call_id ids[3];

	begin(silent);
	for (int i = 0; i < 3; i++)
		ids[i] = call_with_id(&"a\0b\0c"[2 * i]);
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, LACKS LACKS LACKS);
	redis_virtual_say(&here, ":1\r\n");
	cancel(ids[0], STAY_E_STALE);
	redis_virtual_say(&here, ":2\r\n");
	cancel(ids[1], STAY_E_STALE);
	cancel(ids[2], STAY_OK);
	redis_virtual_say(&here, ":3\r\n");
	ck_assert_str_eq(told,
	    "a OK/replied 1;b OK/replied 2;c E_CANCELLED/maybe executed ;3;");
	end();
}

/* An id is not that of a later call in the same place. */
TEST(redis_script_is_not_given_up_by_an_old_id)
{
	struct stay_call_id old;

	begin(silent);
	old = call_with_id("a");
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, ":1\r\n");
	call_with_id("b");
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, LACKS);
	cancel(old, STAY_E_STALE);
	redis_virtual_say(&here, ":2\r\n");
	ck_assert_str_eq(told, "a OK/replied 1;b OK/replied 2;");
	end();
}

/* Other calls have ids, too. */
TEST(redis_script_cancel_gives_up_any_call)
{
	struct stay_call_id id;
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.id = &id };

	begin(silent);
	ck_assert_int_eq(stay_redis_command_with(here.redis, &options, on_done,
			     (void *)(uintptr_t) "a", "GET a"),
	    STAY_OK);
	cancel(id, STAY_OK);
	ck_assert_str_eq(told, "a E_CANCELLED/not sent ;");
	end();
}

/* ---- the session ends in between ---- */

static const struct {
	uint32_t flags;
	enum stay_offline offline;
	const char *told;
} lost[] = {
	{ 0, STAY_OFFLINE_QUEUE, "a OK/replied 1;" },
	{ STAY_THIS_SESSION, STAY_OFFLINE_QUEUE, "a E_LOST/refused ;" },
	{ 0, STAY_OFFLINE_FAIL, "a E_LOST/refused ;" },
};

/* The source was not sent yet: it waits, or the server did nothing at all. */
TEST_ROWS(redis_script_lost_before_the_source, ROWS(lost))
{
	const struct peer_row rows[] = {
		ON_FIRST(1, "EVALSHA", LACKS PEER_RESETS),
		ON("EVAL", ":1\r\n"),
		NO_MORE,
	};

	begin_with(rows, URL,
	    (struct stay_redis_options){
		STAY_REDIS_OPTIONS, .client = { STAY_CLIENT_OPTIONS,
					.offline = lost[_i].offline } });
	call("a", (struct stay_call_options){
		      STAY_CALL_OPTIONS, .flags = lost[_i].flags });
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(told, lost[_i].told);
	end();
}

TEST(redis_script_lost_behind_the_source)
{
	const struct peer_row rows[] = {
		ON("EVALSHA", LACKS),
		ON("EVAL", PEER_CLOSES),
		NO_MORE,
	};

	begin(rows);
	call_plainly("a");
	ck_assert_str_eq(told, "a E_LOST/maybe executed ;");
	end();
}

/* The digest may have been executed in the session before. */
TEST(redis_script_that_was_sent_before)
{
	const struct peer_row rows[] = {
		ON_FIRST(1, "EVALSHA", PEER_CLOSES),
		ON_FIRST(1, "EVALSHA", LACKS PEER_RESETS),
		ON("EVAL", ":1\r\n"),
		NO_MORE,
	};
	struct stay_call_id id;

	begin(rows);
	call("a", (struct stay_call_options){
		      STAY_CALL_OPTIONS, .flags = STAY_IDEMPOTENT, .id = &id });
	while (here.server.used[1] == 0)
		sim_run_ms(here.world, 1);
	sim_run_ms(here.world, 1);
	ck_assert_str_eq(told, "");
	cancel(id, STAY_OK);
	ck_assert_str_eq(told, "a E_CANCELLED/maybe executed ;");
	end();
}

static struct stay_result last;

static void
note(void *arg, const struct stay_result *result)
{
	on_done(arg, result);
	last = *result;
}

/* The number of a session is that of the request that was begun last. */
TEST_ROWS(redis_script_knows_its_session, 2)
{
	const struct peer_row rows[] = {
		ON_FIRST(1, "EVALSHA", _i == 0 ? LACKS PEER_RESETS : LACKS),
		ON("EVAL", ":1\r\n"),
		NO_MORE,
	};
	struct stay_call_id id;
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.id = &id };

	begin(rows);
	ck_assert_int_eq(stay_redis_script_command(here.redis, &script,
			     &options, note, (void *)(uintptr_t) "a", "0"),
	    STAY_OK);
	sim_run_ms(here.world, 1);
	if (_i == 0)
		cancel(id, STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(
	    told, _i == 0 ? "a E_CANCELLED/refused ;" : "a OK/replied 1;");
	ck_assert_uint_eq(last.session, 1);
	end();
}

/* ---- the source is not accepted ---- */

static void
fill(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	for (int i = 0; i < 4; i++)
		(void)stay_redis_command(
		    here.redis, on_done, (void *)(uintptr_t) "x", "GET x");
}

TEST(redis_script_without_room)
{
	begin_with(silent, URL,
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .queue_calls_max = 3 } });
	ck_assert_int_eq(
	    stay_redis_command(here.redis, fill, NULL, "EVAL fill 0"), STAY_OK);
	call("a", (struct stay_call_options){ STAY_CALL_OPTIONS });
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "+OK\r\n" LACKS);
	ck_assert_ptr_eq(strstr(told, "a E_FULL/refused ;"), told);
	end();
}

TEST(redis_script_of_a_client_that_drains)
{
	begin(silent);
	call("a", (struct stay_call_options){ STAY_CALL_OPTIONS });
	sim_run_ms(here.world, 1);
	stay_redis_drain(here.redis, 1000);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, LACKS);
	ck_assert_str_eq(told, "a E_DRAINING/refused ;");
	end_after_stop();
}

TEST_ROWS(redis_script_in_flight_at_a_stop, 2)
{
	begin(silent);
	call("a", (struct stay_call_options){ STAY_CALL_OPTIONS });
	sim_run_ms(here.world, 1);
	if (_i == 1)
		redis_virtual_say(&here, LACKS);
	end();
	ck_assert_str_eq(told, "a E_STOPPED/maybe executed ;");
}

/* A call that completes may end all. */
static void
stop_there(void *arg, const struct stay_result *result)
{
	on_done(arg, result);
	stay_redis_stop(here.redis);
}

TEST(redis_script_that_ends_its_client)
{
	const struct peer_row rows[] = { ON("EVALSHA", LACKS),
		ON("EVAL", ":1\r\n"), NO_MORE };

	begin(rows);
	ck_assert_int_eq(stay_redis_script_command(here.redis, &script, NULL,
			     stop_there, (void *)(uintptr_t) "a", "0"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	end_after_stop();
	ck_assert_str_eq(told, "a OK/replied 1;");
}

/* ---- order ---- */

/* The source goes behind what was submitted before the answer came. */
TEST(promise_4_redis_script_goes_behind)
{
	const struct peer_row rows[] = { ON("EVALSHA", LACKS),
		ON("EVAL", ":1\r\n"), NO_MORE };

	begin(rows);
	call("a", (struct stay_call_options){ STAY_CALL_OPTIONS });
	call("b", (struct stay_call_options){ STAY_CALL_OPTIONS });
	ck_assert_int_eq(stay_redis_command(here.redis, on_done,
			     (void *)(uintptr_t) "c", "GET c"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "c OK/replied v;a OK/replied 1;b OK/replied 1;");
	end();
}

/* ---- pieces ---- */

static void
on_piece(void *arg, struct stay_bytes piece)
{
	EXPECT(strcmp(arg, "a") == 0);
	strncat(told, piece.data, piece.len);
}

TEST_ROWS(redis_script_in_pieces, 3)
{
	const struct peer_row rows[] = { ON("EVALSHA",
					     _i == 0 ? "$2\r\nhi\r\n" : LACKS),
		ON("EVAL", "$2\r\nhi\r\n"), NO_MORE };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.piece = on_piece };

	begin(rows);
	ck_assert_int_eq(
	    stay_redis_script_command(here.redis, &script, &options,
		_i == 2 ? NULL : on_done, (void *)(uintptr_t) "a", "0"),
	    STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, _i == 2 ? "hi" : "hia OK/replied ;");
	end();
}

/* ---- rejected ---- */

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	(void)arg;
	(void)feed;
	(void)out;
	(void)max;
	return stay_fed_more();
}

static const struct stay_body body = { STAY_BODY, .len = 1, .more = more };
static const struct stay_redis_script unmade;
static const struct stay_bytes no_bytes[] = { { NULL, 1 } };

static const struct {
	const struct stay_redis_script *script;
	struct stay_call_options options;
	const char *format; /* NULL: from words */
	size_t keys, count;
	const struct stay_bytes *words;
	enum stay_status status;
	const char *why;
} rejected[] = {
	{ &unmade, { STAY_CALL_OPTIONS }, "0", 0, 0, NULL, STAY_E_ARG,
	    "the script was not made: stay_redis_script_init has failed, or "
	    "was not called" },
	{ NULL, { STAY_CALL_OPTIONS }, "0", 0, 0, NULL, STAY_E_ARG,
	    "the script was not made: stay_redis_script_init has failed, or "
	    "was not called" },
	{ &unmade, { STAY_CALL_OPTIONS }, NULL, 2, 1, no_bytes, STAY_E_ARG,
	    "the script was not made: stay_redis_script_init has failed, or "
	    "was not called" },
	{ &script, { STAY_CALL_OPTIONS }, "", 0, 0, NULL, STAY_E_FORMAT,
	    "the format of the command has no word" },
	{ &script, { STAY_CALL_OPTIONS }, "1 %s", 0, 0, NULL, STAY_E_FORMAT,
	    "a word of the command is NULL (%s, or %b with a length)" },
	{ &script, { STAY_CALL_OPTIONS, .body = &body }, "0", 0, 0, NULL,
	    STAY_E_UNSUPPORTED,
	    "a body is rejected behind a script, which may be sent twice: send "
	    "EVAL with it" },
	{ &script, { STAY_CALL_OPTIONS }, NULL, 2, 1, key_and_two, STAY_E_ARG,
	    "a script is called with more keys than words" },
	{ &script, { STAY_CALL_OPTIONS }, NULL, 0, 1, NULL, STAY_E_ARG,
	    "a script is called with more keys than words" },
	{ &script, { STAY_CALL_OPTIONS }, NULL, 0, 1, no_bytes, STAY_E_ARG,
	    "a word of the command is NULL (%s, or %b with a length)" },
	{ &script, { STAY_CALL_OPTIONS, .flags = STAY_BY_TAG }, "0", 0, 0, NULL,
	    STAY_E_ARG, "" },
	{ &script, { .size = 1 }, "0", 0, 0, NULL, STAY_E_ABI, "" },
};

TEST_ROWS(redis_script_is_rejected, ROWS(rejected))
{
	for (int untold = 0; untold < 2; untold++) {
		stay_done_fn *done = untold ? NULL : on_done;
		enum stay_status status;

		begin(silent);
		status =
		    rejected[_i].format != NULL
			? stay_redis_script_command(here.redis,
			      rejected[_i].script, &rejected[_i].options, done,
			      NULL, rejected[_i].format, (const char *)NULL)
			: stay_redis_script_call(here.redis,
			      rejected[_i].script, &rejected[_i].options, done,
			      NULL, rejected[_i].keys, rejected[_i].count,
			      rejected[_i].words);
		ck_assert_int_eq(status, rejected[_i].status);
		ck_assert_str_eq(
		    stay_loop_rejection(here.loop), rejected[_i].why);
		sim_run_ms(here.world, 10);
		ck_assert_str_eq(here.log.text, GREETING);
		end();
		ck_assert_str_eq(told, "");
	}
}

/* ---- without memory ---- */

/* Every allocation on the way, in turn: of the call, and of its second request. */
TEST_ROWS(promise_10_redis_script_without_memory, 2)
{
	const struct peer_row rows[] = { ON("EVALSHA", LACKS),
		ON("EVAL", ":1\r\n"), NO_MORE };
	bool failed = true;
	unsigned refused = 0;

	for (unsigned nth = 1; failed; nth++) {
		long before = scarce_blocks();
		enum stay_status status;
		struct stay_call_id id;
		const struct stay_call_options options = { STAY_CALL_OPTIONS,
			.id = &id };

		begin(rows);
		scarce_arm(nth);
		status = _i == 0 ? stay_redis_script_command(here.redis,
				       &script, &options, on_done,
				       (void *)(uintptr_t) "a", "0")
				 : stay_redis_script_call(here.redis, &script,
				       NULL, on_done, (void *)(uintptr_t) "a",
				       1, 3, key_and_two);
		sim_run_ms(here.world, 10);
		failed = scarce_disarm();
		EXPECT(status == STAY_OK || status == STAY_E_NOMEM);
		EXPECT((told[0] != '\0') == (status == STAY_OK) || failed);
		refused += strcmp(told, "a E_NOMEM/refused ;") == 0;
		EXPECT(failed || strcmp(told, "a OK/replied 1;") == 0);
		end();
		ck_assert_int_eq(scarce_blocks(), before);
		ck_assert_uint_le(nth, 20);
	}
	ck_assert_uint_ge(refused, 1);
}

TEST_SUITE(redis_script)
