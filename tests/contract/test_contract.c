/*
 * The contract kit: adapters that are well pass, whatever the seed; and of an adapter
 * with one bug it says which promise is broken, where, and how to see that again.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contracts.h"
#include "planted.h"
#include "support/suite.h"

/* What the kit says of a contract; freed with free. */
static char *
report(const struct stay_contract *contract, const char *only, int *broken)
{
	struct stay_contract_options options = { STAY_CONTRACT_OPTIONS,
		.only = only };
	char *text = NULL;
	size_t len;

	options.out = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(options.out);
	*broken = stay_contract_run(contract, &options);
	fclose(options.out);
	return text;
}

/* ---- adapters that are well ---- */

static const struct stay_contract *const well[] = { &echo_contract,
	&memcached_contract, &nats_contract, &nats_verbose_contract,
	&postgres_contract, &redis_contract };

TEST_ROWS(adapter_passes, LEN(well))
{
	int broken;
	char *text = report(well[_i], NULL, &broken);

	ck_assert_msg(broken == 0, "%.4000s", text);
	ck_assert_ptr_nonnull(strstr(text, "\nno promise is broken\n"));
	ck_assert_ptr_null(strstr(text, "skipped"));
	free(text);
}

/* Whether a chapter says that there is nothing to try. */
static bool
is_idle(const char *text, const char *chapter)
{
	char line[64];

	snprintf(line, sizeof(line),
	    "  %-11s      1 runs  nothing to try:", chapter);
	return strstr(text, line) != NULL;
}

TEST_ROWS(adapter_with_nothing_planted_passes, 5)
{
	static const enum planted nothing[] = { NOTHING, HAS_TAGS, HAS_COUNTS,
		HAS_LAST_FRAMES, HAS_LONG_CALLS };
	int broken;
	char *text = report(planted_contract(nothing[_i]), NULL, &broken);

	ck_assert_msg(broken == 0, "%.4000s", text);
	ck_assert_int_eq(is_idle(text, "overtaken"), nothing[_i] != HAS_TAGS);
	ck_assert_int_eq(is_idle(text, "repeated"), nothing[_i] != HAS_TAGS);
	ck_assert_int_eq(is_idle(text, "last"), nothing[_i] != HAS_LAST_FRAMES);
	ck_assert_int_eq(is_idle(text, "left"), nothing[_i] != HAS_LONG_CALLS);
	free(text);
}

/* ---- adapters that are not ---- */

static const struct {
	enum planted bug;
	const char *chapter; /* the first that is broken */
	const char *promise;
	const char *words;
} rows[] = {
	{ WRITES_IN_FRONT, "plain", "the rule: encode appends",
	    "encode changes byte 0 of the 255 that stood in its buffer" },
	{ FORGETS_AN_APPEND, "memory", "the rule: encode makes a whole",
	    "returns ok, with 1 of the" },
	{ TAKES_BACK_TOO_MUCH, "memory", "the rule: encode appends",
	    "encode removes byte 254 of the 255 that stood in its buffer" },
	{ FORGETS_A_FRAME, "plain", "promise 2:", "and must read \"GET bb\"" },
	{ ANSWERS_TWICE, "splits", "promise 2:", "reads \"\", and must read" },
	{ KEEPS_A_POINTER, "splits", "promise 11: the input lives",
	    "decode reads input that an earlier call" },
	{ READS_PAST, "splits", "promise 11: decode reads",
	    "decode reads behind the end" },
	{ LOSES_A_TOPIC, "reconnects", "the rule: on_up restores",
	    "lacks what an earlier one had: \"mail\"" },
	{ MIXES_REPLIES, "plain", "promise 2:", "and must read \"GET a\"" },
	{ ABORTS, "hostile", "promise 11: no bytes",
	    "decode ends the program: Aborted" },
	{ NEVER_RETURNS, "hostile", "promise 9:", "decode does not return" },
	{ LEAKS, "memory", "promise 10:", "1 blocks of memory, 64 bytes" },
	{ HOARDS, "hostile", "promise 7:", "bytes of memory were in use" },
	{ GIVES_UP, "lost", "promise 8:", "still fails" },
	{ TELLS_TWICE, "plain", "promise 1:", "completes 2 times" },
	{ TELLS_NOBODY, "plain", "promise 1:", "does not complete" },
	{ TELLS_EARLY, "plain", "promise 6:", "and times out after 0" },
	{ TELLS_WRONG, "plain", "promise 3:", "with ok, as not sent" },
	{ SAYS_IT_ACTED, "plain",
	    "promise 3:", "as replied, and the server did not act" },
	{ KEEPS_THE_WORDS, "plain", "promise 2:", "must end with \"NOT NOW\"" },
	{ FORGETS_THE_SOURCE, "plain", "the rule: `over` of a body",
	    "ran 0 times, not once" },
	{ REJECTS, "plain", "promise 1:", "is rejected: a bound" },
	{ RECONNECTS_AT_ONCE, "storms",
	    "promise 13:", "which its backoff allows" },
	{ HAS_NO_JITTER, "storms", "promise 13:", "all at the same moments" },
	{ SAYS_GOODBYE, "forked",
	    "promise 12:", "on the connection of its parent" },
	{ GUESSES_THE_ORDER, "overtaken", "promise 2:", "and must read" },
	{ TAKES_ANY_TAG, "repeated", "promise 2:", "and must read" },
	{ KEEPS_THE_UNSENT, "choked", "promise 2:", "and must read" },
	{ ENDS_TOO_EARLY, "plain",
	    "promise 2:", "call 2, b, has no reply, and nothing keeps it" },
	{ FORGETS_THE_LAST, "last",
	    "promise 3:", "is behind the last answer of its session" },
	{ FORGETS_TO_END_IT, "left", "the rule: what goes on until",
	    "wait, is left without an answer" },
};

/* What is left for `done` is not all of it. */
TEST(reply_in_pieces_is_read_whole)
{
	struct stay_contract contract = redis_contract;
	struct stay_contract_sample sample = redis_contract.samples[2];
	int broken;
	char *text;

	ck_assert(sample.in_pieces);
	sample.reply = "string ";
	contract.samples = &sample;
	contract.sample_count = 1;
	text = report(&contract, "plain", &broken);
	ck_assert_int_eq(broken, 1);
	ck_assert_msg(strstr(text, "reads \"hellostring \", and must") != NULL,
	    "%s", text);
	free(text);
}

/* Which is as often the peer's mistake as the adapter's. */
static size_t
wait_for_ever(struct stay_contract_peer *peer, struct stay_bytes in)
{
	(void)peer;
	(void)in;
	return 0;
}

TEST(peer_that_waits_for_more_is_seen_to)
{
	struct stay_contract contract = *planted_contract(NOTHING);
	int broken;
	char *text;

	contract.peer = wait_for_ever;
	text = report(&contract, "plain:0", &broken);
	ck_assert_int_eq(broken, 1);
	ck_assert_msg(
	    strstr(text, "the peer waits for more than \"HI\\n\"") != NULL,
	    "%s", text);
	free(text);
}

/* Only that run, and the same words again. */
static void
check_again(enum planted bug, char *text)
{
	int broken;
	char *only = strstr(text, "--only "), *second, *from, *end;

	ck_assert_ptr_nonnull(only);
	from = strstr(text, "    promise ");
	from = from != NULL ? from : strstr(text, "    the rule");
	only += strlen("--only ");
	end = strchr(only, ' ');
	*end = '\0';
	second = report(planted_contract(bug), only, &broken);
	ck_assert_int_eq(broken, 1);
	ck_assert_msg(
	    strstr(second, from) != NULL, "%.2000s\n%.2000s", from, second);
	free(second);
}

TEST_ROWS(planted_bug_is_found_and_found_again, LEN(rows))
{
	int broken;
	char *text = report(planted_contract(rows[_i].bug), NULL, &broken);
	const char *first = strstr(text, "BROKEN in run ");
	char line[64];

	ck_assert_msg(
	    broken > 0 && first != NULL, "nothing found: %.4000s", text);
	snprintf(line, sizeof(line), "  %-11s BROKEN", rows[_i].chapter);
	ck_assert_msg(strstr(text, line) == first - 14, "%.4000s", text);
	ck_assert_msg(strstr(text, rows[_i].promise) != NULL, "%.4000s", text);
	ck_assert_msg(strstr(text, rows[_i].words) != NULL, "%.4000s", text);
	check_again(rows[_i].bug, text);
	free(text);
}

/* As a program may be, by whoever has started it. */
TEST(contract_where_the_end_of_a_child_is_ignored)
{
	int broken;
	char *text;

	ck_assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	text = report(planted_contract(ABORTS), "hostile", &broken);
	signal(SIGCHLD, SIG_DFL);
	ck_assert_int_eq(broken, 1);
	ck_assert_msg(strstr(text, "decode ends the program: Aborted") != NULL,
	    "%s", text);
	free(text);
}

/* ---- what goes wrong ---- */

/* Of what the runs of a chapter tell, so many lines at least have these words: what it
 * says that goes wrong does. They are some two thirds of what they are today. */
static const struct {
	const char *chapter, *words, *also; /* in one line */
	unsigned least;
} harm[] = {
	{ "late", "maybe executed, timed out", "", 120 },
	{ "lost", "says:", "no answer, and not a byte", 15 },
	{ "lost", "says:", "closed by the peer", 18 },
	{ "lost", "says:", "reset by the peer", 18 },
	{ "duplicated", "says:", "that nobody sent came back", 90 },
	{ "deadlines", "says:", "refused", 60 },
	{ "deadlines", "says:", "timed out after 5 s", 20 },
	{ "deadlines", "maybe executed, timed out", "", 30 },
	{ "cancels", "is cancelled", "", 170 },
	{ "cancels", "maybe executed, cancelled", "", 80 },
	{ "choked", "the peer reads nothing", "", 120 },
	{ "choked", "not sent, cancelled", "", 30 },
	{ "choked", "not sent, timed out", "in the queue", 40 },
	{ "choked", "says:", "reset by the peer", 5 },
	{ "reconnects", "the client is told to reconnect", "", 28 },
	{ "reconnects", "the peer does not listen", "", 28 },
	{ "reconnects", "says:", "reset by the peer", 50 },
	{ "hostile", "says:", "what came back is not what was sent", 100 },
	{ "hostile", "the peer says", " bytes)", 1400 },
	{ "hostile", "the peer says", "xxxxxxxx", 640 },
	{ "hostile", "the peer says", "99999999", 600 },
	{ "hostile", "the peer closes", "", 150 },
	{ "storms", "the peer resets", "", 600 },
	{ "storms", "says:", "refused", 400 },
	{ "forked", "the process forks", "", 50 },
};

/* Each run heals what it has harmed, and ends its client: so many runs, and so many
 * connections that are closed at the least, breaks in the midst of them included. */
static const struct {
	const char *chapter;
	unsigned runs, closings;
} ends[] = {
	{ "late", 100, 100 },
	{ "lost", 100, 100 },
	{ "duplicated", 100, 160 },
	{ "deadlines", 100, 100 },
	{ "cancels", 100, 100 },
	{ "choked", 100, 100 },
	{ "reconnects", 88, 120 },
	{ "hostile", 300, 380 },
};

static unsigned
count_lines(FILE *file, const char *words, const char *also)
{
	char line[1024];
	unsigned count = 0;

	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count +=
		    strstr(line, words) != NULL && strstr(line, also) != NULL;
	return count;
}

/* What the runs of a chapter tell. */
static FILE *
told_by(const char *chapter)
{
	struct stay_contract_options options = { STAY_CONTRACT_OPTIONS,
		.only = chapter, .traces = true, .is_here = true };
	FILE *told = tmpfile();
	int stderr_s = dup(STDERR_FILENO);

	ck_assert_ptr_nonnull(told);
	options.out = fopen("/dev/null", "w");
	dup2(fileno(told), STDERR_FILENO);
	ck_assert_int_eq(stay_contract_run(&echo_contract, &options), 0);
	dup2(stderr_s, STDERR_FILENO);
	close(stderr_s);
	fclose(options.out);
	return told;
}

TEST_ROWS(chapter_does_what_it_says, LEN(harm))
{
	FILE *told = told_by(harm[_i].chapter);

	ck_assert_uint_ge(
	    count_lines(told, harm[_i].words, harm[_i].also), harm[_i].least);
	fclose(told);
}

TEST_ROWS(chapter_heals_and_ends_each_run, LEN(ends))
{
	FILE *told = told_by(ends[_i].chapter);

	ck_assert_uint_eq(count_lines(told, "nothing is wrong from now on", ""),
	    ends[_i].runs);
	ck_assert_uint_ge(count_lines(told, "the client closes connection", ""),
	    ends[_i].closings);
	fclose(told);
}

/* ---- what makes no sense ---- */

TEST(contract_that_is_not_whole_is_rejected)
{
	struct stay_contract contract = echo_contract;
	int broken;
	char *text;

	contract.peer = NULL;
	text = report(&contract, NULL, &broken);
	ck_assert_int_eq(broken, -1);
	ck_assert_str_eq(text, "the contract has no peer, or no show\n");
	free(text);
}

TEST(contract_that_begins_with_a_long_sample_is_rejected)
{
	struct stay_contract contract = echo_contract;
	const struct stay_contract_sample sample = { .name = "wait",
		.is_long = true };
	int broken;
	char *text;

	contract.samples = &sample;
	contract.sample_count = 1;
	text = report(&contract, NULL, &broken);
	ck_assert_int_eq(broken, -1);
	ck_assert_str_eq(text,
	    "the first sample of the contract goes on until its session is "
	    "left\n");
	free(text);
}

TEST(chapter_that_is_not_there_is_rejected)
{
	int broken;
	char *text = report(&echo_contract, "splitz", &broken);

	ck_assert_int_eq(broken, -1);
	ck_assert_str_eq(text, "there is no such chapter\n");
	free(text);
}

TEST_ROWS(command_line_says_what_it_wants, 3)
{
	char lines[][2][8] = { { "--seed", "x" }, { "--only", "none" },
		{ "--what", "" } };
	char *argv[] = { lines[0][0], lines[_i][0], lines[_i][1], NULL };

	ck_assert_int_eq(stay_contract_main(&echo_contract, 3, argv), 2);
}

TEST_SUITE_WITH(contract, .seconds = 300)
