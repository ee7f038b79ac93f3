/* Commands whose last word is a body. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

static struct redis_virtual here;
static enum stay_status told;
static enum stay_outcome outcome;
static unsigned over;

static void
note_done(void *arg, const struct stay_result *result)
{
	(void)arg;
	told = result->status;
	outcome = result->outcome;
}

static void
note_over(void *arg)
{
	(void)arg;
	over++;
}

/* A letter each time. */
static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	const char **text = arg;

	(void)feed;
	EXPECT(max > 0 && stay_buf_append(out, (*text)++, 1) == STAY_OK);
	return stay_fed_more();
}

static struct stay_body
body_of(const char **text)
{
	over = 0;
	told = STAY_E_STATE;
	return (struct stay_body){ STAY_BODY, .len = strlen(*text),
		.more = more, .over = note_over, .arg = text };
}

static void
begin(const struct peer_row *rows)
{
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1", NULL);
	peer_log_clear(&here.server);
}

static const char *const texts[] = { "", "x", "value", "0123456789" };

TEST_ROWS(redis_body_is_the_last_word, LEN(texts))
{
	const char *text = texts[_i];
	struct stay_body body = body_of(&text);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };
	char log[64];

	begin(NULL);
	EXPECT_OK(stay_redis_command_with(
	    here.redis, &options, note_done, NULL, "SET %s", "key"));
	EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, "GET key"));
	sim_run_ms(here.world, 10);
	snprintf(log, sizeof(log), "SET key %s;GET key;", texts[_i]);
	ck_assert_str_eq(here.log.text, log);
	EXPECT_OK(told);
	ck_assert_int_eq(outcome, STAY_REPLIED);
	ck_assert_uint_eq(over, 1);
}

/* With it there are so many words: the number of them may have one digit more. */
static const size_t counts[] = { 1, 2, 9, 10, 19, 99, 100, 109, 999 };

TEST_ROWS(redis_body_is_counted, LEN(counts))
{
	static const char *argv[1000];
	const char *text = "body";
	struct stay_body body = body_of(&text);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };
	size_t len;

	for (size_t i = 0; i < counts[_i]; i++)
		argv[i] = i == 0 ? "DEL" : "k";
	begin(NULL);
	EXPECT_OK(stay_redis_argv(
	    here.redis, &options, note_done, NULL, counts[_i], argv, NULL));
	sim_run_ms(here.world, 10);
	EXPECT_OK(told);
	len = strlen(here.log.text);
	ck_assert_uint_gt(len, 4);
	if (counts[_i] < PEER_WORDS_MAX)
		ck_assert_str_eq(here.log.text + len - 6, " body;");
}

/* What only their last words would tell. */
static const struct {
	const char *command;
	enum stay_status status;
} unsupported[] = {
	{ "BLPOP key", STAY_E_UNSUPPORTED },
	{ "CLIENT", STAY_E_UNSUPPORTED },
	{ "MEMORY", STAY_E_UNSUPPORTED },
	{ "SUBSCRIBE", STAY_E_UNSUPPORTED },
	{ "APPEND key", STAY_OK },
};

TEST_ROWS(redis_body_of_a_command_that_has_none, LEN(unsupported))
{
	const char *text = "REPLY";
	struct stay_body body = body_of(&text);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };

	begin(NULL);
	ck_assert_int_eq(stay_redis_command_with(here.redis, &options, NULL,
			     NULL, unsupported[_i].command),
	    unsupported[_i].status);
	ck_assert_uint_eq(over, unsupported[_i].status != STAY_OK);
	ck_assert_uint_eq(
	    counts_of(stay_redis_client(here.redis)).queued_bytes > 0,
	    unsupported[_i].status == STAY_OK);
	redis_virtual_end(&here);
	ck_assert_uint_eq(over, 1);
}

TEST(redis_body_of_open_length)
{
	const char *text = "x";
	struct stay_body body = body_of(&text);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.body = &body };

	begin(NULL);
	body.len = STAY_BODY_OPEN;
	ck_assert_int_eq(stay_redis_command_with(
			     here.redis, &options, NULL, NULL, "SET key"),
	    STAY_E_UNSUPPORTED);
	ck_assert_uint_eq(over, 1);
}

/* Each allocation fails once, with the memory at its end anywhere in the command: it
 * is rejected whole, or sent whole. */
TEST_ROWS(redis_body_without_memory, 40)
{
	enum stay_status status = STAY_E_NOMEM;
	char key[256];
	const char *const words[] = { "DEL", "2", "3", "4", "5", "6", "7", "8",
		key };
	const char *text = "value";
	char log[512];

	begin(NULL);
	snprintf(key, sizeof(key), "%0*d", 170 + _i, 0);
	for (unsigned n = 1; status == STAY_E_NOMEM && n < 20; n++) {
		struct stay_body body = body_of(&text);
		const struct stay_call_options options = { STAY_CALL_OPTIONS,
			.body = &body };

		scarce_arm(n);
		status = stay_redis_argv(here.redis, &options, note_done, NULL,
		    LEN(words), words, NULL);
		(void)scarce_disarm();
		ck_assert_uint_eq(over, status != STAY_OK);
	}
	EXPECT_OK(status);
	sim_run_ms(here.world, 10);
	snprintf(log, sizeof(log), "DEL 2 3 4 5 6 7 8 %s value;", key);
	ck_assert_str_eq(here.log.text, log);
}

TEST_SUITE_WITH(redis_body, .after = redis_virtual_after)
