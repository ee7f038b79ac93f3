/*
 * Every input of up to so many bytes that can be made of 16 bytes, read by the
 * RESP parser and by the slow decoder: whole, on a tape that is warm and on one
 * that is new, and at every split in two. They must agree on whether it is a
 * reply, on its tree and its values, and on how many bytes it has.
 *
 *	exhaust [bytes [jobs]]
 *
 * The same again behind a few beginnings, with a byte less.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../adapters/redis/reply_parser.h"
#include "slow.h"

#define BYTES_MAX 12
#define ROOM      64
#define CLASSES   16

/* The bytes that mean something: replies in general; what is rarer; numbers. */
static const char *const alphabets[] = { "\r\n01-+:$*_#t,|.?",
	"\r\n02;4$=!~>%(.?x", "\r\n09-+.eEinfa,:(" };

static const char *const beginnings[] = { "", "*1\r\n", "*2\r\n_\r\n", "*?\r\n",
	"%?\r\n", "*?\r\n_\r\n", "%?\r\n_\r\n", "~?\r\n_\r\n:1\r\n",
	"~1\r\n*1\r\n", "|1\r\n+\r\n:1\r\n", "*1\r\n|0\r\n", "$?\r\n",
	"$?\r\n;1\r\n", "$?\r\n;2\r\n01\r\n;1\r\n-\r\n", "$4\r\n", "=4\r\n" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct input {
	char bytes[ROOM];
	size_t begin; /* behind the beginning */
	size_t len;
};

struct sum {
	struct stay_redis__parser warm;
	uint64_t inputs;
	bool failed;
};

static const struct stay_redis__parser bounds = { .tape.depth_max =
						      SLOW_DEPTH_MAX,
	.tape.elements_max = SLOW_ELEMENTS_MAX,
	.text_max = SLOW_TEXT_MAX };

/* ---- what the parser has made of it ---- */

static void
put_value(struct slow_outcome *outcome, const struct stay_redis_reply *node)
{
	enum stay_redis_type type = stay_redis_type_of(node);
	size_t len = stay_redis_len(node);
	char byte = (char)('A' + type);
	double number;

	if (type == STAY_REDIS_VERBATIM)
		slow_put(outcome, stay_redis_verbatim_format(node), 3);
	slow_put(outcome, &byte, 1);
	if (type == STAY_REDIS_NIL)
		return;
	slow_put_number(outcome, len);
	slow_put(outcome, stay_redis_str(node), len);
	if (type == STAY_REDIS_INTEGER)
		slow_put_number(
		    outcome, (uint64_t)stay_redis_integer(node, NULL));
	if (type != STAY_REDIS_DOUBLE)
		return;
	number = stay_redis_double(node, NULL);
	if (number != number) /* a NaN has many shapes */
		number = 0;
	slow_put(outcome, &number, sizeof(number));
}

static void
put_node(struct slow_outcome *outcome, const struct stay_redis_reply *node)
{
	enum stay_redis_type type = stay_redis_type_of(node);
	const struct stay_redis_reply *child = stay_redis_first(node);
	char byte = (char)('A' + type);
	size_t seen = 0;

	if (stay_redis_attribute(node) != NULL)
		put_node(outcome, stay_redis_attribute(node));
	if (type != STAY_REDIS_ARRAY && type != STAY_REDIS_MAP &&
	    type != STAY_REDIS_SET && type != STAY_REDIS_PUSH &&
	    type != STAY_REDIS_ATTRIBUTE) {
		put_value(outcome, node);
		return;
	}
	slow_put(outcome, &byte, 1);
	/* A broken tape may have no end. */
	for (; child != NULL && seen++ <= SLOW_ELEMENTS_MAX;
	     child = stay_redis_next(child))
		put_node(outcome, child);
	slow_put_number(outcome, stay_redis_count(node));
}

/* The first `split` bytes, then all; 0: all at once. What is not there yet
 * must not be looked at. */
static struct slow_outcome
parse(
    struct stay_redis__parser *parser, const struct input *input, size_t split)
{
	struct slow_outcome outcome = { .len = 0 };
	enum stay_redis__parsed parsed = STAY_REDIS__MORE;
	char bytes[ROOM];

	stay_redis__parser_reset(parser);
	memset(bytes, '\n', sizeof(bytes));
	memcpy(bytes, input->bytes, split);
	if (split > 0)
		parsed = stay_redis__parse(parser, bytes, split);
	if (parsed == STAY_REDIS__MORE) {
		memcpy(bytes + split, input->bytes + split, input->len - split);
		parsed = stay_redis__parse(parser, bytes, input->len);
	}
	outcome.end = parsed == STAY_REDIS__MORE    ? SLOW_MORE
		      : parsed == STAY_REDIS__WHOLE ? SLOW_WHOLE
						    : SLOW_BAD;
	if (parsed == STAY_REDIS__WHOLE) {
		outcome.used = parser->pos;
		put_node(&outcome, stay_redis__tape_reply(&parser->tape));
	}
	return outcome;
}

/* ---- every input ---- */

static void
show(const struct input *input, const char *how, size_t split)
{
	printf("FAILED, %s %zu:", how, split);
	for (size_t i = 0; i < input->len; i++)
		printf(" %02x", (unsigned)(unsigned char)input->bytes[i]);
	printf("\n");
	fflush(stdout);
}

static void
hold(struct sum *sum, const struct input *input,
    const struct slow_outcome *right, const struct slow_outcome *got,
    const char *how, size_t split)
{
	if (got->end == right->end &&
	    (right->end != SLOW_WHOLE ||
		(got->used == right->used && got->len == right->len &&
		    memcmp(got->tree, right->tree, right->len) == 0)))
		return;
	show(input, how, split);
	sum->failed = true;
}

static void
try_input(struct sum *sum, const struct input *input)
{
	struct slow_outcome right = slow_decode(input->bytes, input->len), got;
	struct stay_redis__parser fresh = bounds;

	sum->inputs++;
	got = parse(&fresh, input, 0);
	hold(sum, input, &right, &got, "new tape", 0);
	stay_redis__parser_fini(&fresh);
	for (size_t split = 0; split < input->len; split++) {
		got = parse(&sum->warm, input, split);
		hold(sum, input, &right, &got, "split at", split);
	}
}

/* What this input is the beginning of, up to `max` bytes more. */
static void
try_longer(
    struct sum *sum, struct input *input, const char *alphabet, size_t max)
{
	try_input(sum, input);
	if (max == 0 || sum->failed)
		return;
	input->len++;
	for (unsigned i = 0; i < CLASSES; i++) {
		input->bytes[input->len - 1] = alphabet[i];
		try_longer(sum, input, alphabet, max - 1);
	}
	input->len--;
}

/* One of `jobs`: every so many-th first byte. */
static int
run_job(unsigned job, unsigned jobs, size_t max)
{
	struct sum sum = { .warm = bounds };
	size_t runs = COUNT(alphabets) * COUNT(beginnings) * CLASSES;

	for (size_t run = job; run < runs && !sum.failed; run += jobs) {
		const char *alphabet =
		    alphabets[run / CLASSES % COUNT(alphabets)];
		const char *begin =
		    beginnings[run / CLASSES / COUNT(alphabets)];
		struct input input = { .begin = strlen(begin) };

		memcpy(input.bytes, begin, input.begin);
		input.len = input.begin + 1;
		input.bytes[input.begin] = alphabet[run % CLASSES];
		try_longer(&sum, &input, alphabet, max - 1 - (input.begin > 0));
	}
	stay_redis__parser_fini(&sum.warm);
	printf("job %u: %llu inputs\n", job, (unsigned long long)sum.inputs);
	fflush(stdout);
	return sum.failed;
}

int
main(int argc, char **argv)
{
	size_t max = argc > 1 ? strtoul(argv[1], NULL, 10) : 6;
	unsigned jobs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2,
		 failed = 0;
	int status;

	if (max < 2 || max > BYTES_MAX || jobs == 0)
		return 2;
	for (unsigned job = 0; job < jobs; job++)
		if (fork() == 0)
			_exit(run_job(job, jobs, max));
	for (unsigned job = 0; job < jobs; job++)
		failed += wait(&status) < 0 || status != 0;
	printf("%u passed, %u failed\n", jobs - failed, failed);
	return failed > 0;
}
