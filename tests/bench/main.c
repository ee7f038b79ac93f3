/*
 * One measurement of one contender:
 *
 *	name                              who it is, if it was built with it
 *	get NAME PORT IN_FLIGHT CALLS     GETs over one connection
 *	crowd NAME PORT COUNT             connects at once, till each has a reply
 *	hurry NAME PORT COUNT             the same, without a limit of dials
 *	idle NAME PORT COUNT              heap bytes of an idle connection
 *	parse NAME KIND                   replies read from memory
 *
 * It knows what is measured and how, not who is.
 */
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many calls make buffers as large and caches as warm as they will be. */
#define WARM_CALLS 20480

/* Connections that pay for what the others share. */
#define FIRST_IDLE 100

#define BLOCK_MIN    ((size_t)256 * 1024)
#define PARSE_MIN_NS UINT64_C(150000000)
#define BULK         "$16\r\n" BENCH_VALUE "\r\n"
#define ARRAY_LEN    100

static int
number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	bench_need(*end == '\0' && value > 0 && value < 1000000000,
	    "a number is expected");
	return (int)value;
}

static void
measure_get(char **words)
{
	int port = number(words[1]);
	unsigned in_flight = (unsigned)number(words[2]);
	uint64_t calls = (uint64_t)number(words[3]);

	bench_need(in_flight <= BENCH_IN_FLIGHT_MAX, "too many in flight");
	bench_contender->open(port);
	bench_contender->get(in_flight, WARM_CALLS);
	bench_watch_start();
	bench_contender->get(in_flight, calls);
	bench_watch_stop();
	bench_samples_of(words[0], &bench_calls, bench_contender->name, calls);
}

static void
measure_crowd(char **words)
{
	int port = number(words[1]), count = number(words[2]);

	bench_watch_start();
	bench_contender->crowd(port, (unsigned)count);
	bench_watch_stop();
	bench_samples_of(
	    words[0], &bench_connects, bench_contender->name, (uint64_t)count);
}

static void
measure_hurry(char **words)
{
	if (bench_contender->hurry != NULL)
		bench_contender->hurry();
	measure_crowd(words);
}

static size_t
heap_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
rest(void)
{
	if (bench_contender->rest != NULL)
		bench_contender->rest();
}

static void
measure_idle(char **words)
{
	int port = number(words[1]);
	int count = number(words[2]);
	size_t before;

	bench_contender->crowd(port, FIRST_IDLE);
	rest();
	before = heap_used();
	bench_contender->crowd(port, (unsigned)count);
	rest();
	bench_sample(words[0], "bytes", bench_contender->name,
	    ((double)heap_used() - (double)before) / count);
}

/* ---- parsing ---- */

struct kind {
	const char *name;
	const char *head;
	const char *item; /* `items` times, behind the head */
	size_t items;
	uint64_t replies; /* of one run; the calls they answer are in flight */
};

static const struct kind kinds[] = {
	{ "simple", "+OK\r\n", "", 0, 32768 },
	{ "integer", ":12345\r\n", "", 0, 32768 },
	{ "bulk", BULK, "", 0, 32768 },
	{ "array", "*100\r\n", BULK, ARRAY_LEN, 2048 },
	{ "nested", "*10\r\n", "*3\r\n" BULK ":1\r\n+OK\r\n", 10, 2048 },
};

static const struct kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static void
append(char *block, size_t *len, const char *text)
{
	size_t more = strlen(text);

	memcpy(block + *len, text, more);
	*len += more;
}

/* Whole replies, as many as are needed for a read of any size. */
static void
feed_init(struct bench_feed *feed, const struct kind *kind)
{
	size_t one = strlen(kind->head) + kind->items * strlen(kind->item);
	char *block = malloc(BLOCK_MIN + one);
	size_t len = 0;

	bench_need(block != NULL, "no memory");
	while (len < BLOCK_MIN) {
		append(block, &len, kind->head);
		for (size_t i = 0; i < kind->items; i++)
			append(block, &len, kind->item);
	}
	*feed = (struct bench_feed){ .block = block,
		.len = len,
		.left = kind->replies * one,
		.replies = kind->replies };
}

static void
measure_parse(char **words)
{
	const struct kind *kind = kind_named(words[1]);
	struct bench_feed full, feed;
	uint64_t replies = 0;

	bench_need(kind != NULL, "an unknown kind of reply");
	feed_init(&full, kind);
	while (bench_watch_read().wall_ns < PARSE_MIN_NS) {
		feed = full;
		bench_contender->parse(&feed);
		bench_need(feed.left == 0, "not all was parsed");
		replies += full.replies;
	}
	bench_samples_of(
	    words[0], &bench_replies, bench_contender->name, replies);
	free((char *)(uintptr_t)full.block);
}

/* ---- the command line ---- */

static const struct action {
	const char *name;
	int words;
	void (*measure)(char **words);
} actions[] = {
	{ "get", 4, measure_get },
	{ "crowd", 3, measure_crowd },
	{ "hurry", 3, measure_hurry },
	{ "idle", 3, measure_idle },
	{ "parse", 2, measure_parse },
};

/* Whether the contender does what the measurement is of. */
static bool
is_able(const struct action *action)
{
	if (action->measure == measure_get)
		return bench_contender->get != NULL;
	if (action->measure == measure_parse)
		return bench_contender->parse != NULL;
	return bench_contender->crowd != NULL;
}

int
main(int argc, char **argv)
{
	if (bench_contender == NULL)
		return 0;
	if (argc == 2 && strcmp(argv[1], "name") == 0)
		return puts(bench_contender->name) < 0;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (argc != actions[i].words + 2 ||
		    strcmp(argv[1], actions[i].name) != 0)
			continue;
		if (is_able(&actions[i]))
			actions[i].measure(argv + 2);
		return 0;
	}
	bench_give_up("see main.c for what can be asked");
}
