/* A small Redis: the commands the scenarios need, and a log of ECHO. */
#include "peer_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 16

struct word {
	const char *data;
	size_t len;
};

static void
say(struct peer_bytes *out, const char *text)
{
	peer_bytes_add(out, text, strlen(text));
}

static void
say_bulk(struct peer_bytes *out, const char *data, size_t len)
{
	char head[32];

	snprintf(head, sizeof(head), "$%zu\r\n", len);
	say(out, head);
	peer_bytes_add(out, data, len);
	say(out, "\r\n");
}

/* "*3\r\n": the number, and where the line ends; NULL: not whole. */
static const char *
number_at(const char *at, const char *end, long *number)
{
	const char *line_end =
	    at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	if (line_end == NULL)
		return NULL;
	*number = strtol(at + 1, NULL, 10);
	return line_end + 1;
}

/* The words of the first command; where it ends, or NULL. */
static const char *
words_of(const char *in, size_t len, struct word *words, long *count)
{
	const char *end = in + len;
	const char *at = number_at(in, end, count);

	for (long i = 0; at != NULL && i < *count; i++) {
		long size;

		at = number_at(at, end, &size);
		if (at == NULL || end - at < size + 2)
			return NULL;
		if (i < WORDS)
			words[i] = (struct word){ at, (size_t)size };
		at += size + 2;
	}
	return at;
}

static bool
is(const struct word *word, const char *name)
{
	return word->len == strlen(name) &&
	       memcmp(word->data, name, word->len) == 0;
}

static void
hello(struct peer *peer, struct peer_bytes *out)
{
	static const char *const answers[] = {
		[PEER_RESP3] = ("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
				"$5\r\nproto\r\n:3\r\n"),
		[PEER_RESP2] = "-ERR unknown command 'HELLO'\r\n",
		[PEER_DENIES] = "-WRONGPASS invalid username-password pair\r\n",
		[PEER_LOADING] = "-LOADING the dataset in memory\r\n",
		[PEER_MUTE] = "",
	};

	say(out, answers[peer->greeting]);
	if (peer->greeting == PEER_LOADING)
		peer->greeting = PEER_RESP3;
}

static void
echo(struct peer *peer, const struct word *word, struct peer_bytes *out)
{
	long number = strtol(word->data, NULL, 10);

	if (number >= 0 && number < PEER_NUMBERS)
		peer->executed[number]++;
	say_bulk(out, word->data, word->len);
}

static void
big(const struct word *word, struct peer_bytes *out)
{
	size_t len = (size_t)strtol(word->data, NULL, 10);
	static char bytes[1 << 21];

	memset(bytes, 'x', len);
	say_bulk(out, bytes, len);
}

static void
many(const struct word *word, struct peer_bytes *out)
{
	long count = strtol(word->data, NULL, 10);
	char head[32];

	snprintf(head, sizeof(head), "*%ld\r\n", count);
	say(out, head);
	while (count-- > 0)
		say(out, "*2\r\n:7\r\n$5\r\nhello\r\n");
}

/* Commands with one fixed answer. */
static const struct fixed {
	const char *name;
	const char *answer;
} fixed[] = {
	{ "PING", "+PONG\r\n" },
	{ "ERROR", "-ERR as asked\r\n" },
	{ "BUSY", "-LOADING the dataset in memory\r\n" },
	{ "TELL", ">2\r\n$4\r\nnews\r\n$5\r\nhello\r\n+OK\r\n" },
	{ "NONSENSE", "?what\r\n" },
	{ "NOTE", "|1\r\n+ttl\r\n:60\r\n*2\r\n,1.5\r\n#t\r\n" },
};

static void
answer(struct peer *peer, const struct word *words, struct peer_bytes *out)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (!is(&words[0], fixed[i].name))
			continue;
		say(out, fixed[i].answer);
		return;
	}
	if (is(&words[0], "HELLO"))
		hello(peer, out);
	else if (is(&words[0], "ECHO"))
		echo(peer, &words[1], out);
	else if (is(&words[0], "BIG"))
		big(&words[1], out);
	else if (is(&words[0], "MANY"))
		many(&words[1], out);
	else
		say(out, "+OK\r\n");
}

size_t
peer_redis_serve(struct peer *peer, const char *in, size_t len,
    struct peer_bytes *out, bool *ends)
{
	struct word words[WORDS];
	long count = 0;
	const char *end = len > 0 ? words_of(in, len, words, &count) : NULL;

	if (end == NULL || count < 1 || *ends)
		return 0;
	if (is(&words[0], "DIE"))
		*ends = true;
	else
		answer(peer, words, out);
	return (size_t)(end - in);
}
