/*
 * Several commands of Redis as one: pipelines and transactions, and what the words of
 * errors make of them.
 */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/expect.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define URL "redis://10.0.0.1"

static struct redis_virtual here;
static char said[1024];
static char why[256];
static unsigned told, orphans;
static struct stay_call_id id;

static void
note(const char *text)
{
	EXPECT(strlen(said) + strlen(text) < sizeof(said));
	strcat(said, text);
}

static void
note_status(enum stay_status status, enum stay_outcome outcome)
{
	note(stay_status_name(status) + 5);
	note("/");
	note(stay_outcome_name(outcome));
}

/* "E_SERVER/replied: OK/replied 1, E_SERVER/replied ERR no;" */
static void
on_done(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	told++;
	snprintf(why, sizeof(why), "%s", result->why);
	note_status(result->status, result->outcome);
	for (size_t i = 0; i < result->count; i++) {
		note(i == 0 ? ": " : ", ");
		note_status(
		    result->answers[i].status, result->answers[i].outcome);
		EXPECT(result->answers[i].why != NULL);
		if (result->answers[i].reply == NULL)
			continue;
		note(" ");
		note(stay_redis_str(result->answers[i].reply));
	}
	note(";");
}

static void
on_orphan(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *orphan)
{
	(void)arg;
	(void)redis;
	(void)orphan;
	orphans++;
}

static void
begin(const struct peer_row *rows, const char *url)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.on_orphan = on_orphan };

	told = orphans = 0;
	said[0] = '\0';
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, url, &options);
	peer_log_clear(&here.server);
}

static void
end(void)
{
	redis_virtual_end(&here);
	ck_assert_uint_eq(told, 1);
}

/* Commands "A" and "B", and so on. */
static struct stay_redis_group *
make(bool is_multi, const char *commands)
{
	struct stay_redis_group *group =
	    is_multi ? stay_redis_multi_new(here.redis)
		     : stay_redis_pipeline_new(here.redis);
	char word[64];

	while (*commands != '\0') {
		size_t len = strcspn(commands, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, commands);
		(void)stay_redis_group_add(group, word);
		commands += len + (commands[len] == ',');
	}
	return group;
}

static void
send_all(bool is_multi, const char *commands, uint32_t flags)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = flags, .id = &id };

	EXPECT_OK(stay_redis_group_send(
	    make(is_multi, commands), &options, on_done, NULL));
}

static struct peer *
server(void)
{
	return &here.server;
}

static struct sim_peer *
wire(void)
{
	return server()->ends->wire;
}

/* ---- answers ---- */

#define OK       "+OK\r\n"
#define QUEUED   "+QUEUED\r\n"
#define ERR      "-ERR no\r\n"
#define READONLY "-READONLY no\r\n"
#define OOM      "-OOM no\r\n"
#define PREVIOUS                                                               \
	"-EXECABORT Transaction discarded because of previous errors.\r\n"
#define BECAUSE   "-EXECABORT Transaction discarded because of: "
#define PUSHED    ">2\r\n+message\r\n+x\r\n"
#define NOTHING_3 "_\r\n"
#define NOTHING_2 "*-1\r\n"

/* A transaction of A and B: what the server says, and what it comes to. */
static const struct {
	const char *multi, *a, *b, *exec, *said;
	bool is_left; /* the session is */
} multis[] = {
	{ OK, QUEUED, QUEUED, "*2\r\n:1\r\n$1\r\nx\r\n",
	    "OK/replied: OK/replied 1, OK/replied x;", false },
	{ OK, QUEUED, QUEUED, "*2\r\n:1\r\n*1\r\n:2\r\n",
	    "OK/replied: OK/replied 1, OK/replied ;", false },
	/* an error inside of it: the others are executed */
	{ OK, QUEUED, QUEUED, "*2\r\n" ERR ":2\r\n",
	    "E_SERVER/replied: E_SERVER/replied ERR no, OK/replied 2;", false },
	{ OK, QUEUED, QUEUED, "*2\r\n:1\r\n" READONLY,
	    "E_SERVER/replied: OK/replied 1, E_SERVER/replied READONLY no;",
	    false },
	/* nil: a key was watched */
	{ OK, QUEUED, QUEUED, NOTHING_3,
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused;", false },
	{ OK, QUEUED, QUEUED, NOTHING_2,
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused;", false },
	/* discarded for an error, or for a refusal alone */
	{ OK, ERR, QUEUED, PREVIOUS,
	    "E_SERVER/replied: E_SERVER/replied ERR no, E_SERVER/replied;",
	    false },
	{ OK, QUEUED, READONLY, PREVIOUS,
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused READONLY "
	    "no;",
	    true },
	{ OK, OOM, "-LOADING no\r\n", PREVIOUS,
	    "E_SERVER/refused: E_SERVER/refused OOM no, E_SERVER/refused "
	    "LOADING no;",
	    true },
	{ OK, OOM, ERR, PREVIOUS,
	    "E_SERVER/replied: E_SERVER/refused OOM no, E_SERVER/replied ERR "
	    "no;",
	    false },
	{ OK, ERR, OOM, PREVIOUS,
	    "E_SERVER/replied: E_SERVER/replied ERR no, E_SERVER/refused OOM "
	    "no;",
	    false },
	{ OK, QUEUED, QUEUED, PREVIOUS,
	    "E_SERVER/replied: E_SERVER/replied, E_SERVER/replied;", false },
	/* EXEC itself is refused, and says why */
	{ OK, QUEUED, QUEUED, BECAUSE "READONLY no\r\n",
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused;", true },
	{ OK, QUEUED, QUEUED, BECAUSE "OOM no\r\n",
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused;", false },
	{ OK, QUEUED, QUEUED, BECAUSE "NOPERM no\r\n",
	    "E_SERVER/replied: E_SERVER/replied, E_SERVER/replied;", false },
	{ OK, QUEUED, QUEUED, "-NOAUTH no\r\n",
	    "E_SERVER/refused: E_SERVER/refused, E_SERVER/refused;", true },
	{ OK, QUEUED, QUEUED, ERR,
	    "E_SERVER/replied: E_SERVER/replied, E_SERVER/replied;", false },
	/* no transaction: they were executed by themselves, or nothing was */
	{ "-NOPERM no\r\n", OK, ":2\r\n", "-ERR EXEC without MULTI\r\n",
	    "E_SERVER/replied: OK/replied OK, OK/replied 2;", false },
	{ OOM, OK, ERR, "-ERR EXEC without MULTI\r\n",
	    "E_SERVER/replied: OK/replied OK, E_SERVER/replied ERR no;",
	    false },
	{ OOM, OOM, OOM, OOM,
	    "E_SERVER/refused: E_SERVER/refused OOM no, E_SERVER/refused OOM "
	    "no;",
	    false },
	/* one that is not queued and does not discard the others, as WATCH */
	{ OK, ERR, QUEUED, "*1\r\n:2\r\n",
	    "E_SERVER/replied: E_SERVER/replied ERR no, OK/replied 2;", false },
	{ OK, OOM, QUEUED, "*1\r\n:2\r\n",
	    "E_SERVER/replied: E_SERVER/refused OOM no, OK/replied 2;", false },
	{ OK, OK, QUEUED, "*1\r\n:2\r\n",
	    "OK/replied: OK/replied OK, OK/replied 2;", false },
	/* what EXEC never says */
	{ OK, QUEUED, QUEUED, "*1\r\n:1\r\n",
	    "E_PROTOCOL/replied: E_PROTOCOL/replied, E_PROTOCOL/replied;",
	    false },
	{ OK, QUEUED, QUEUED, "*3\r\n:1\r\n:2\r\n:3\r\n",
	    "E_PROTOCOL/replied: E_PROTOCOL/replied, E_PROTOCOL/replied;",
	    false },
	{ OK, QUEUED, QUEUED, OK,
	    "E_PROTOCOL/replied: E_PROTOCOL/replied, E_PROTOCOL/replied;",
	    false },
	/* pushes in between */
	{ PUSHED OK, PUSHED QUEUED, QUEUED PUSHED, PUSHED "*2\r\n:1\r\n:2\r\n",
	    "OK/replied: OK/replied 1, OK/replied 2;", false },
};

/* In RESP3, in RESP2, and byte by byte. */
TEST_ROWS(redis_group_multi_comes_to, 3 * LEN(multis))
{
	const size_t i = (size_t)_i / 3;
	const struct peer_row rows[] = {
		ON("MULTI", multis[i].multi),
		ON("A", multis[i].a),
		ON("B", multis[i].b),
		ON("EXEC", multis[i].exec),
		NO_MORE,
	};

	begin(rows, _i % 3 == 1 ? URL "?protocol=2" : URL);
	if (_i % 3 == 2)
		sim_peer_limits(wire(), LIMITS(.read_max = 1));
	send_all(true, "A,B", 0);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(said, multis[i].said);
	/* RESP2 tells no role: who says READONLY is left all the same, but who
	 * says LOADING or MASTERDOWN is not */
	if (_i % 3 != 1) {
		sim_run_ms(here.world, 1000);
		ck_assert_uint_eq(server()->accepted, 1 + multis[i].is_left);
	}
	end();
}

static const struct {
	const char *a, *b, *said;
} pipelines[] = {
	{ OK, ":2\r\n", "OK/replied: OK/replied OK, OK/replied 2;" },
	{ OK, ERR,
	    "E_SERVER/replied: OK/replied OK, E_SERVER/replied ERR no;" },
	{ OOM, ":2\r\n",
	    "E_SERVER/replied: E_SERVER/refused OOM no, OK/replied 2;" },
	{ OOM, OOM,
	    "E_SERVER/refused: E_SERVER/refused OOM no, E_SERVER/refused OOM "
	    "no;" },
	{ QUEUED, PUSHED OK, "OK/replied: OK/replied QUEUED, OK/replied OK;" },
};

TEST_ROWS(redis_group_pipeline_comes_to, LEN(pipelines))
{
	const struct peer_row rows[] = {
		ON("A", pipelines[_i].a),
		ON("B", pipelines[_i].b),
		NO_MORE,
	};

	begin(rows, URL);
	send_all(false, "A,B", 0);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(said, pipelines[_i].said);
	ck_assert_str_eq(here.log.text, "A;B;");
	end();
}

/* The first cause, not that something was discarded. */
TEST(redis_group_multi_says_why)
{
	static const struct peer_row rows[] = {
		ON("MULTI", OK),
		ON("A", QUEUED),
		ON("B", "-ERR unknown command 'B'\r\n"),
		ON("C", ERR),
		ON("EXEC", PREVIOUS),
		NO_MORE,
	};

	begin(rows, URL);
	send_all(true, "A,B,C", 0);
	sim_run_ms(here.world, 10);
	EXPECT_IN(why, "unknown command 'B'");
	end();
}

/* By itself EXEC is no more to be repeated than inside of a group. */
static void
on_exec(void *arg, const struct stay_result *result)
{
	(void)arg;
	told++;
	note_status(result->status, result->outcome);
}

TEST(redis_group_exec_that_is_refused_is_not_sent_again)
{
	static const struct peer_row rows[] = {
		ON("EXEC", BECAUSE "OOM no\r\n"),
		NO_MORE,
	};

	told = 0;
	said[0] = '\0';
	redis_virtual_open(&here, rows);
	redis_virtual_start(
	    &here, URL, REDIS(.client.on_refused = STAY_REFUSED_RESEND));
	EXPECT_OK(stay_redis_command(here.redis, on_exec, NULL, "EXEC"));
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(said, "E_SERVER/refused");
	end();
}

TEST(redis_group_says_at_once_what_is_no_command)
{
	struct stay_redis_group *group;

	begin(NULL, URL);
	group = stay_redis_pipeline_new(here.redis);
	ck_assert_int_eq(stay_redis_group_add(group, "GET %q"), STAY_E_FORMAT);
	ck_assert_int_eq(
	    stay_redis_group_send(group, NULL, NULL, NULL), STAY_E_FORMAT);
	redis_virtual_end(&here);
}

/* ---- what leaves ---- */

TEST(redis_group_leaves_as_one)
{
	static const char *const words[] = { "SET", "k y", "v" };

	begin(NULL, URL);
	for (int multi = 0; multi < 2; multi++) {
		struct stay_redis_group *group = make(multi, "A");

		EXPECT_OK(stay_redis_group_add(group, "INCRBY %s %d", "k", 7));
		EXPECT_OK(stay_redis_group_argv(group, 3, words, NULL));
		EXPECT_OK(stay_redis_group_send(group, NULL, NULL, NULL));
		ck_assert_uint_eq(
		    counts_of(stay_redis_client(here.redis)).queued,
		    multi ? 5 : 3);
		sim_run_ms(here.world, 10);
		ck_assert_str_eq(
		    here.log.text, multi ? "MULTI;A;INCRBY k 7;SET k y v;EXEC;"
					 : "A;INCRBY k 7;SET k y v;");
		peer_log_clear(&here.server);
	}
	redis_virtual_end(&here);
}

static const struct {
	bool is_multi;
	const char *commands;
	enum stay_status says;
} rejections[] = {
	{ false, "A,SUBSCRIBE x", STAY_E_UNSUPPORTED },
	{ true, "A,SUBSCRIBE x", STAY_E_UNSUPPORTED },
	{ false, "SET %q,A", STAY_E_FORMAT },
	{ true, "A,MULTI", STAY_E_UNSUPPORTED },
	{ true, "A,exec", STAY_E_UNSUPPORTED },
	{ true, "DISCARD", STAY_E_UNSUPPORTED },
	{ true, "", STAY_E_ARG },
	{ false, "", STAY_E_ARG },
};

TEST_ROWS(redis_group_rejects, LEN(rejections))
{
	begin(NULL, URL);
	ck_assert_int_eq(stay_redis_group_send(make(rejections[_i].is_multi,
						   rejections[_i].commands),
			     NULL, on_done, NULL),
	    rejections[_i].says);
	redis_virtual_end(&here);
	ck_assert_uint_eq(told, 0);
}

/* Options of another library's size, and one from before there were flags. */
TEST_ROWS(redis_group_takes_old_options, 2)
{
	const struct stay_call_options sizes[] = {
		{ .size = sizeof(struct stay_call_options) + 1 }, { .size = 1 }
	};
	struct stay_call_options oldest = { .size = sizeof(size_t) };

	begin(NULL, URL);
	ck_assert_int_eq(
	    stay_redis_group_send(make(true, "A"), &sizes[_i], on_done, NULL),
	    STAY_E_ABI);
	EXPECT_OK(
	    stay_redis_group_send(make(true, "A"), &oldest, on_done, NULL));
	stay_redis_group_free(make(true, "A"));
	stay_redis_group_free(make(false, "A"));
	stay_redis_group_free(NULL);
	sim_run_ms(here.world, 10);
	end();
}

/* ---- the end of a session ---- */

#define A_TO_B "*1\r\n$5\r\nMULTI\r\n*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n"

/* All but the last byte of EXEC leaves, or the whole of A; then the session ends. */
static const struct {
	bool is_multi;
	size_t len;
	const char *outcome;
} cuts[] = {
	{ true, sizeof(A_TO_B) - 1 + 13, "E_LOST/not sent:" },
	{ true, sizeof(A_TO_B) - 1 + 14, "E_LOST/maybe executed:" },
	{ false, 10, "E_LOST/not sent:" },
	{ false, 11, "E_LOST/maybe executed:" },
};

TEST_ROWS(promise_3_redis_group_cut_has_a_true_outcome, LEN(cuts))
{
	static const struct peer_row rows[] = { ON(PEER_ANYTHING, ""),
		NO_MORE };
	struct sim_limits limits = { .send_buffer = cuts[_i].len };

	begin(NULL, URL);
	here.server.rows = rows;
	sim_peer_limits(wire(), &limits);
	sim_peer_freeze(wire(), true);
	send_all(cuts[_i].is_multi, "A,B", STAY_THIS_SESSION);
	sim_run_ms(here.world, 10);
	sim_peer_reset(wire());
	sim_run_ms(here.world, 10);
	EXPECT_IN(said, cuts[_i].outcome);
	end();
}

/* QUEUED is no answer: what was lost then has none. */
TEST(redis_group_multi_that_was_lost_has_no_answers)
{
	static const struct peer_row rows[] = {
		ON("MULTI", OK),
		ON("A", QUEUED),
		ON("B", ERR),
		ON("EXEC", PEER_CLOSES),
		NO_MORE,
	};

	begin(rows, URL);
	send_all(true, "A,B", 0);
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(said, "E_LOST/maybe executed: E_LOST/maybe executed, "
			       "E_SERVER/replied ERR no;");
	end();
}

/* Only what reads is sent again, unless that is not wanted. */
static const struct {
	bool is_multi;
	const char *commands, *url;
	bool again;
} resends[] = {
	{ true, "GET a,GET b", URL, true },
	{ false, "GET a,GET b", URL, true },
	{ true, "GET a,SET b 1", URL, false },
	{ false, "SET b 1,GET a", URL, false },
	{ true, "GET a,GET b", URL "?resend_reads=no", false },
	{ false, "GET a,GET b", URL "?resend_reads=no", false },
};

TEST_ROWS(redis_group_that_reads_is_sent_again, LEN(resends))
{
	static const struct peer_row rows[] = {
		ON("MULTI", OK),
		ON_FIRST(1, "GET b", PEER_CLOSES),
		ON_FIRST(1, "GET a", QUEUED),
		ON_FIRST(1, "SET b", PEER_CLOSES),
		ON("GET", QUEUED),
		ON("EXEC", "*2\r\n:1\r\n:2\r\n"),
		NO_MORE,
	};

	begin(rows, resends[_i].url);
	send_all(resends[_i].is_multi, resends[_i].commands, 0);
	sim_run_ms(here.world, 1000);
	ck_assert_int_eq(
	    strncmp(said, "OK/replied: ", 12) == 0, resends[_i].again);
	ck_assert_int_eq(
	    strncmp(said, "E_LOST/maybe", 12) == 0, !resends[_i].again);
	end();
}

/* ---- given up ---- */

/* The replies that come late are nobody's, and those behind them reach their calls. */
TEST_ROWS(redis_group_given_up_leaves_its_place, 2)
{
	static const struct peer_row rows[] = {
		ON("MULTI", OK),
		ON("A", QUEUED),
		ON("B", PEER_LATE("100") QUEUED),
		ON("EXEC", "*2\r\n:1\r\n:2\r\n"),
		ON("X", ":3\r\n"),
		NO_MORE,
	};

	begin(rows, URL);
	send_all(_i == 1, "A,B", 0);
	sim_run_ms(here.world, 50);
	EXPECT_OK(stay_client_cancel(stay_redis_client(here.redis), id));
	sim_run_ms(here.world, 1);
	ck_assert_str_eq(said,
	    _i == 1 ? "E_CANCELLED/maybe executed: E_CANCELLED/maybe executed, "
		      "E_CANCELLED/maybe executed;"
		    : "E_CANCELLED/maybe executed: OK/replied QUEUED, "
		      "E_CANCELLED/maybe executed;");
	said[0] = '\0';
	told = 0;
	send_all(false, "X", 0);
	sim_run_ms(here.world, 100);
	ck_assert_str_eq(said, "OK/replied: OK/replied 3;");
	ck_assert_uint_eq(orphans, _i == 1 ? 2 : 1);
	end();
}

/* In a transaction nothing blocks: the session outlives it. */
TEST_ROWS(redis_group_that_blocks_ends_its_session, 2)
{
	static const struct peer_row rows[] = { ON("BLPOP", ""), NO_MORE };

	begin(rows, URL);
	send_all(_i == 1, "BLPOP k 1", 0);
	sim_run_ms(here.world, 1);
	EXPECT_OK(stay_client_cancel(stay_redis_client(here.redis), id));
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(server()->accepted, _i == 1 ? 1 : 2);
	end();
}

/* ---- memory ---- */

TEST_ROWS(redis_group_without_memory, 2)
{
	static const struct peer_row rows[] = {
		ON("MULTI", OK),
		ON("EXEC", "*2\r\n:1\r\n:2\r\n"),
		ON("A", QUEUED),
		ON("B", QUEUED),
		NO_MORE,
	};
	enum stay_status says;
	unsigned rejected = 0;
	bool failed = true;

	begin(rows, URL);
	for (unsigned nth = 1; failed; nth++) {
		told = 0;
		said[0] = '\0';
		scarce_arm(nth);
		says = stay_redis_group_send(
		    make(_i == 1, "A,B"), NULL, on_done, NULL);
		sim_run_ms(here.world, 10);
		failed = scarce_disarm();
		ck_assert_uint_eq(told, says == STAY_OK);
		ck_assert(says == STAY_OK || says == STAY_E_NOMEM);

		rejected += says != STAY_OK;
		/* of a multi nothing need be kept that is good */
		if (_i == 1 && told == 1)
			ck_assert_str_eq(
			    said, "OK/replied: OK/replied 1, OK/replied 2;");
	}
	/* both records, its members and answers; of a multi once more */
	ck_assert_uint_eq(rejected, _i == 1 ? 5 : 4);
	ck_assert_int_eq(strncmp(said, "OK/replied: ", 12), 0);
	end();
}

TEST_SUITE(redis_group)
