/*
 * What it costs to read a reply and to write a command, apart from all else:
 *
 *	codec WORK WHO ROUNDS
 *
 * WHO is stay, limit (bare.c), or none: the rounds alone, to be taken off. Each
 * round is 16 replies, which are there in full, or 16 commands. Instructions are
 * counted from outside, by what bounds.sh runs it under.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/config.h"
#include "../../adapters/redis/reply_parser.h"
#include "../../adapters/redis/request.h"
#include "bare.h"
#include "bench.h"

#define EACH      16u
#define REPLY_MAX 4096u
#define NODES_MAX 512u
#define TEN(text) text text text text text text text text text text
#define VALUE     "$16\r\n" BENCH_VALUE "\r\n"

/* ---- replies ---- */

static struct {
	char block[EACH * REPLY_MAX];
	char bytes[EACH * REPLY_MAX];
	size_t each;
} replies;

static void
read_with_stay(char *at, char *end)
{
	static struct stay_redis__parser parser = { .tape.depth_max = 1024,
		.tape.elements_max = 1u << 20,
		.text_max = 1u << 29 };

	for (; at < end; at += parser.pos)
		bench_need(stay_redis__parse(&parser, at, (size_t)(end - at)) ==
			       STAY_REDIS__WHOLE,
		    "a reply was not read");
}

static void
read_with_limit(char *at, char *end)
{
	static struct bare_node nodes[NODES_MAX];

	while (at < end)
		at = bare_decode(at, nodes);
	bench_need(at == end, "a reply was not read");
}

static void
read_with_none(char *at, char *end)
{
	while (at < end)
		at += replies.each;
}

typedef void read_fn(char *at, char *end);

/* A reader writes into what it reads, so each round has its own. */
static void
read_replies(const char *reply, read_fn *reader, unsigned rounds)
{
	size_t len = strlen(reply);

	replies.each = len;
	for (size_t i = 0; i < EACH; i++)
		memcpy(replies.block + i * len, reply, len);
	while (rounds-- > 0) {
		memcpy(replies.bytes, replies.block, EACH * len);
		reader(replies.bytes, replies.bytes + EACH * len);
	}
}

/* ---- commands ---- */

static const char *const words[] = { "SET", BENCH_KEY, BENCH_VALUE };
static const size_t lens[] = { 3, sizeof(BENCH_KEY) - 1,
	sizeof(BENCH_VALUE) - 1 };

static void
encode(struct stay_buf *out, const struct stay_redis__request *request)
{
	static const struct stay_redis__config config = { .db = 0 };
	struct stay_request call = { .data = request, .config = &config };

	bench_need(stay_redis__request_encode(&call, out) == STAY_OK,
	    "a command was not written");
}

static void
write_argv(struct stay_buf *out)
{
	const struct stay_redis__request request = {
		.count = 3, .argv = words, .lens = lens
	};

	encode(out, &request);
}

static void
encode_format(struct stay_buf *out, const char *format, ...)
{
	struct stay_redis__arguments arguments;
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_FORMAT,
		.format = format,
		.arguments = &arguments
	};

	va_start(arguments.list, format);
	encode(out, &request);
	va_end(arguments.list);
}

static void
write_format(struct stay_buf *out)
{
	encode_format(
	    out, "SET %s %b", BENCH_KEY, BENCH_VALUE, sizeof(BENCH_VALUE) - 1);
}

static struct stay_redis_prepared set;

static void
write_prepared(struct stay_buf *out)
{
	static const struct stay_bytes changing[] = {
		{ BENCH_KEY, sizeof(BENCH_KEY) - 1 },
		{ BENCH_VALUE, sizeof(BENCH_VALUE) - 1 }
	};
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_PREPARED,
		.count = 2,
		.prepared = &set,
		.words = changing
	};

	encode(out, &request);
}

static void
write_with_limit(struct stay_buf *out)
{
	char *end = bare_encode(out->data, 3, words, lens);

	bench_need(end > out->data, "a command was not written");
}

static void
write_with_none(struct stay_buf *out)
{
	(void)out;
}

typedef void write_fn(struct stay_buf *out);

static void
write_commands(write_fn *writer, unsigned rounds)
{
	struct stay_buf out;

	stay_buf_init(&out, 0);
	bench_need(stay_buf_reserve(&out, 128) != NULL, "no memory");
	for (uint64_t i = (uint64_t)rounds * EACH; i > 0; i--) {
		writer(&out);
		stay_buf_cut(&out, 0);
	}
	stay_buf_fini(&out);
}

/* ---- the command line ---- */

static const struct {
	const char *who;
	read_fn *reader;
	write_fn *argv;
	write_fn *format;
	write_fn *prepared;
} all[] = {
	{ "stay", read_with_stay, write_argv, write_format, write_prepared },
	{ "limit", read_with_limit, write_with_limit, write_with_limit,
	    write_with_limit },
	{ "none", read_with_none, write_with_none, write_with_none,
	    write_with_none },
};

static const struct {
	const char *work;
	const char *reply;
} kinds[] = {
	{ "ok", "+OK\r\n" },
	{ "integer", ":1234567\r\n" },
	{ "bulk", VALUE },
	{ "array", "*100\r\n" TEN(TEN(VALUE)) },
	{ "nested", "*10\r\n" TEN("*3\r\n+OK\r\n:1234567\r\n" VALUE) },
};

static void
work(const char *name, size_t who, unsigned rounds)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(name, kinds[i].work) == 0)
			read_replies(kinds[i].reply, all[who].reader, rounds);
	if (strcmp(name, "argv") == 0)
		write_commands(all[who].argv, rounds);
	if (strcmp(name, "format") == 0)
		write_commands(all[who].format, rounds);
	if (strcmp(name, "prepared") == 0)
		write_commands(all[who].prepared, rounds);
}

int
main(int argc, char **argv)
{
	bench_need(argc == 4, "see codec.c for what to ask");
	bench_need(stay_redis_prepare(&set, "SET %b %b") == STAY_OK,
	    "a command was not prepared");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[2], all[i].who) == 0)
			work(argv[1], i, (unsigned)strtoul(argv[3], NULL, 10));
	return 0;
}
