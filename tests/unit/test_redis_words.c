/* What a server's error means to a call: whether it was acted on. */
#include <stdio.h>
#include <string.h>

#include <stay/redis.h>

#include "../../adapters/redis/words.h"

#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

struct told {
	unsigned count;
	enum stay_status status;
	enum stay_outcome outcome;
	char text[64];
};

static struct redis_virtual here;

static void
start(const struct peer_row *rows, const struct stay_redis_options *options)
{
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://:pw@10.0.0.1", options);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct told *told = arg;

	told->count++;
	told->status = result->status;
	told->outcome = result->outcome;
	snprintf(told->text, sizeof(told->text), "%s",
	    stay_redis_str(result->reply));
}

static void
submit(struct told *told, const char *command)
{
	memset(told, 0, sizeof(*told));
	EXPECT_OK(stay_redis_command(here.redis, on_done, told, command));
}

/* ---- the outcome of each ---- */

struct example {
	const char *command;
	const char *error;
	enum stay_outcome outcome;
};

/* clang-format off */
static const struct example examples[] = {
	{ "GET k", "-LOADING Redis is loading the dataset in memory\r\n", STAY_REFUSED },
	{ "SET k v", "-READONLY You can't write against a read only replica.\r\n", STAY_REFUSED },
	{ "GET k", "-MASTERDOWN Link with MASTER is down\r\n", STAY_REFUSED },
	{ "GET k", "-BUSY Redis is busy running a script.\r\n", STAY_REFUSED },
	{ "SET k v", "-NOREPLICAS Not enough good replicas to write.\r\n", STAY_REFUSED },
	{ "SET k v", "-MISCONF Errors writing to the AOF file\r\n", STAY_REFUSED },
	{ "SET k v", "-OOM command not allowed when used memory > 'maxmemory'.\r\n", STAY_REFUSED },
	{ "GET k", "-NOAUTH Authentication required.\r\n", STAY_REFUSED },
	{ "GET k", "-CLUSTERDOWN The cluster is down\r\n", STAY_REFUSED },
	{ "MGET a b", "-TRYAGAIN Multiple keys request during rehashing of slot\r\n", STAY_REFUSED },
	{ "BLPOP q 1", "-UNBLOCKED force unblock from blocking operation\r\n", STAY_REFUSED },
	{ "XREAD BLOCK 9 STREAMS s $", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n", STAY_REFUSED },
	{ "GET k", "-OOM\r\n", STAY_REFUSED },

	/* it may have acted before it waited */
	{ "SOME.MODULE k", "-UNBLOCKED force unblock from blocking operation\r\n", STAY_REPLIED },
	/* another word */
	{ "RESTORE k 0 x", "-BUSYKEY Target key name already exists.\r\n", STAY_REPLIED },
	{ "XGROUP CREATE s g $", "-BUSYGROUP Consumer Group name already exists\r\n", STAY_REPLIED },
	{ "GET k", "-ERR LOADING is not the first word\r\n", STAY_REPLIED },
	/* the same answer next time */
	{ "GET k", "-MOVED 3999 127.0.0.1:6381\r\n", STAY_REPLIED },
	{ "GET k", "-ASK 3999 127.0.0.1:6381\r\n", STAY_REPLIED },
	{ "GET k", "-NOPERM this user has no permissions\r\n", STAY_REPLIED },
	{ "EXEC", "-EXECABORT Transaction discarded because of: NOPERM\r\n", STAY_REPLIED },
	{ "EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n", STAY_REPLIED },
	/* what a script did before, nobody knows */
	{ "EVAL x 0", "-READONLY You can't write against a read only replica.\r\n", STAY_REPLIED },
	{ "EVALSHA x 0", "-BUSY Redis is busy running a script.\r\n", STAY_REPLIED },
	{ "FCALL f 0", "-OOM allow-oom flag is not set on the script\r\n", STAY_REPLIED },
	{ "FCALL_RO f 0", "-NOAUTH Authentication required.\r\n", STAY_REPLIED },
	{ "EVAL_RO x 0", "-UNBLOCKED force unblock\r\n", STAY_REPLIED },
	{ "EVALSHA_RO x 0", "-TRYAGAIN\r\n", STAY_REPLIED },
};
/* clang-format on */

TEST_ROWS(redis_words_are_outcomes, LEN(examples))
{
	const struct example *example = &examples[_i];
	const struct peer_row rows[] = {
		ON_FIRST(1, example->command, example->error), NO_MORE
	};
	struct told told;

	start(rows, NULL);
	submit(&told, example->command);
	sim_run_ms(here.world, 10);
	ck_assert_msg(told.count == 1 && told.status == STAY_E_SERVER &&
			  told.outcome == example->outcome,
	    "%s: %s, %s", example->command, stay_outcome_name(told.outcome),
	    example->error);
	redis_virtual_end(&here);
}

/* What was refused is sent again, whatever word it was refused with. */
TEST_ROWS(redis_words_of_refusal_are_retried, LEN(examples))
{
	const struct example *example = &examples[_i];
	bool again = example->outcome == STAY_REFUSED;
	const struct peer_row rows[] = {
		ON_FIRST(2, example->command, example->error), NO_MORE
	};
	struct told told;

	start(rows, REDIS(.client = { STAY_CLIENT_OPTIONS,
			      .on_refused = STAY_REFUSED_RESEND }));
	submit(&told, example->command);
	sim_run_ms(here.world, 900);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_int_eq(told.status, again ? STAY_OK : STAY_E_SERVER);
	ck_assert_uint_eq(here.server.used[0], again ? 2 : 1);
	redis_virtual_end(&here);
}

/* ---- the table ---- */

TEST(redis_words_are_words)
{
	ck_assert(stay_redis__begins_with("OOM", "OOM"));
	ck_assert(stay_redis__begins_with("oom x", "OOM"));
	ck_assert(!stay_redis__begins_with("OOMS", "OOM"));
	ck_assert(!stay_redis__begins_with("OO", "OOM"));
	ck_assert(!stay_redis__begins_with("", "OOM"));
	ck_assert(!stay_redis__begins_with("ERR OOM", "OOM"));
	ck_assert_int_eq(
	    stay_redis__word_of("ERR Unknown Command 'x'")->meaning,
	    STAY_REDIS__WORD_UNSUPPORTED);
	ck_assert_int_eq(stay_redis__word_of("ERR unknown")->meaning,
	    STAY_REDIS__WORD_OTHER);
}

/* The first row that fits is taken: none may hide one that is longer. */
TEST(redis_words_hide_no_other)
{
	static const char *const rows[] = {
#define WORD(words, meaning, renew, seen) words,
#include "../../adapters/redis/words.def"
	};

	for (size_t i = 0; i < LEN(rows); i++)
		ck_assert_str_eq(stay_redis__word_of(rows[i])->text, rows[i]);
}

/* ---- a session that is worth no further call ---- */

static void
explain(char text[512])
{
	stay_conn_explain(stay_redis_conn(here.redis), text, 512);
}

/* What is in flight is answered there; the next one logs in again. */
TEST(redis_words_noauth_renews_the_session)
{
	static const struct peer_row rows[] = {
		ON_FIRST(1, "GET a", "-NOAUTH out\r\n"), NO_MORE
	};
	struct told a, b, c;
	char text[512];

	start(rows, NULL);
	submit(&a, "GET a");
	submit(&b, "GET b");
	sim_run_ms(here.world, 10);
	ck_assert_int_eq(a.outcome, STAY_REFUSED);
	EXPECT_OK(b.status);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	explain(text);
	EXPECT_IN(text, "asks for a login in the middle of a session");
	submit(&c, "GET c");
	sim_run_ms(here.world, 100);
	EXPECT_OK(c.status);
	ck_assert_str_eq(here.log.text,
	    "|HELLO 3 AUTH default pw;PING;GET a;GET b;"
	    "|HELLO 3 AUTH default pw;PING;GET c;");
}

/* A probe hears it first. */
TEST(redis_words_noauth_to_a_probe_renews_too)
{
	static const struct peer_row rows[] = { ON_FIRST(
						    1, "PING", "+PONG\r\n"),
		ON_FIRST(1, "PING", "-NOAUTH out\r\n"), NO_MORE };

	start(rows, REDIS(.client = { STAY_CLIENT_OPTIONS, .probe_ms = 100 }));
	sim_run_ms(here.world, 300);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
}

/* Nor does it come back at once, again and again. */
TEST(redis_words_noauth_again_and_again_backs_off)
{
	static const struct peer_row rows[] = { ON("GET", "-NOAUTH out\r\n"),
		NO_MORE };
	struct told told;

	start(rows, NULL);
	for (int i = 0; i < 100; i++) {
		submit(&told, "GET a");
		sim_run_ms(here.world, 20);
	}
	ck_assert_uint_le(
	    counts_of(stay_redis_client(here.redis)).sessions, 50);
}

/* It may be a script's own word. */
TEST(redis_words_noauth_of_a_script_ends_nothing)
{
	static const struct peer_row rows[] = {
		ON("EVAL", "-NOAUTH so it says\r\n"), NO_MORE
	};
	struct told told;

	start(rows, NULL);
	submit(&told, "EVAL x 0");
	sim_run_ms(here.world, 200);
	ck_assert_int_eq(told.outcome, STAY_REPLIED);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 1);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
}

/* ---- a server that is a primary no more ---- */

#define HELLO_OF(role)                                                         \
	"%3\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n+role\r\n+" role "\r\n"

#define READ_ONLY "-READONLY You can't write against a read only replica.\r\n"

static const char *const demotions[] = {
	READ_ONLY,
	"-MASTERDOWN Link with MASTER is down\r\n",
	"-LOADING Redis is loading the dataset in memory\r\n",
};

/* What is in flight is answered; the call is told; another server is looked for. */
TEST_ROWS(redis_words_a_primary_no_more_is_left, LEN(demotions))
{
	const struct peer_row rows[] = { ON_FIRST(1, "SET a", demotions[_i]),
		NO_MORE };
	struct told a, b, c;
	char text[512];

	start(rows, NULL);
	submit(&a, "SET a 1");
	submit(&b, "GET b");
	sim_run_ms(here.world, 10);
	ck_assert_int_eq(a.outcome, STAY_REFUSED);
	EXPECT_OK(b.status);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	explain(text);
	EXPECT_IN(text, "the server was a primary and");
	submit(&c, "SET c 1");
	sim_run_ms(here.world, 100);
	EXPECT_OK(c.status);
	ck_assert_str_eq(here.log.text,
	    "|HELLO 3 AUTH default pw;PING;SET a 1;GET b;"
	    "|HELLO 3 AUTH default pw;PING;SET c 1;");
	redis_virtual_end(&here);
}

/* It may have written before; but the server is what it says. */
TEST(redis_words_a_script_tells_the_role_too)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "EVAL", READ_ONLY),
		NO_MORE };
	struct told told;

	start(rows, NULL);
	submit(&told, "EVAL x 0");
	sim_run_ms(here.world, 200);
	ck_assert_int_eq(told.outcome, STAY_REPLIED);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
}

/* Whoever was given a replica keeps to it. */
TEST_ROWS(redis_words_a_replica_from_the_start_stays, LEN(demotions))
{
	const struct peer_row rows[] = { ON("HELLO", HELLO_OF("replica")),
		ON("SET a", demotions[_i]), NO_MORE };
	struct told told;

	start(rows, NULL);
	submit(&told, "SET a 1");
	sim_run_ms(here.world, 200);
	ck_assert_int_eq(told.outcome, STAY_REFUSED);
	ck_assert_ptr_nonnull(strchr(told.text, ' '));
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 1);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	redis_virtual_end(&here);
}

/* A call that blocks for ever holds the session no longer than the budget. */
TEST(redis_words_a_blocked_call_holds_no_primary_that_was)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "SET a", READ_ONLY),
		ON("BLPOP", ""), NO_MORE };
	struct told set, pop;

	start(
	    rows, REDIS(.client = { STAY_CLIENT_OPTIONS, .leave_budget_ms = 500,
			    .probe_ms = STAY_FOREVER }));
	submit(&set, "SET a 1");
	submit(&pop, "BLPOP q 0");
	sim_run_ms(here.world, 400);
	ck_assert_int_eq(set.outcome, STAY_REFUSED);
	ck_assert_uint_eq(pop.count, 0);
	sim_run_ms(here.world, 400);
	ck_assert_int_eq(pop.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
}

/* What stands behind the end is none of it. */
TEST(redis_words_of_a_discarded_transaction)
{
	static const char nothing[] =
	    "EXECABORT Transaction discarded because of:\0no";

	ck_assert_str_eq(stay_redis__cause_of(nothing), "");
	ck_assert_str_eq(
	    stay_redis__cause_of(
		"EXECABORT Transaction discarded because of: OOM no"),
	    "OOM no");
}

TEST_SUITE_WITH(redis_words, .after = redis_virtual_after)
