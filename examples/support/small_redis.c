/*
 * A Redis of five commands, for a machine on which no redis-server can be had.
 *
 * It speaks RESP2, and counts what it has executed, as the real one does (INFO
 * commandstats). It forgets everything when it dies. It closes the connection
 * of a client that sends anything else.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#define CLIENTS_MAX 16
#define WORDS_MAX   8
#define KEYS_MAX    16
#define BYTES_MAX   65536

struct client {
	char in[BYTES_MAX];
	size_t len;
};

struct words {
	size_t count;
	const char *word[WORDS_MAX];
	size_t len[WORDS_MAX];
};

/* What is to be sent to the client that is being served. */
struct out {
	int fd;
	size_t len;
	char bytes[BYTES_MAX];
};

static struct key {
	char name[64];
	uint64_t value;
} keys[KEYS_MAX];

static struct client clients[CLIENTS_MAX];
static struct out out;

static void
flush(void)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < out.len && n >= 0) {
		n = send(
		    out.fd, out.bytes + done, out.len - done, MSG_NOSIGNAL);
		done += n > 0 ? (size_t)n : 0;
	}
	out.len = 0;
}

__attribute__((format(printf, 1, 2))) static void
answer(const char *format, ...)
{
	va_list arguments;
	int len;

	if (sizeof(out.bytes) - out.len < 4096)
		flush();
	va_start(arguments, format);
	len = vsnprintf(out.bytes + out.len, sizeof(out.bytes) - out.len,
	    format, arguments);
	va_end(arguments);
	out.len += (size_t)len;
}

/* ---- commands ---- */

typedef void command_fn(const struct words *words);

static void
do_ping(const struct words *words)
{
	(void)words;
	answer("+PONG\r\n");
}

static void
do_echo(const struct words *words)
{
	if (words->count != 2 || words->len[1] > 2048)
		answer("-ERR one short message, please\r\n");
	else
		answer("$%zu\r\n%.*s\r\n", words->len[1], (int)words->len[1],
		    words->word[1]);
}

static void
do_incr(const struct words *words)
{
	struct key *key = keys;

	if (words->count != 2 || words->len[1] >= sizeof(key->name)) {
		answer("-ERR one short key, please\r\n");
		return;
	}
	while (key < keys + KEYS_MAX && key->name[0] != '\0' &&
	       (strlen(key->name) != words->len[1] ||
		   memcmp(key->name, words->word[1], words->len[1]) != 0))
		key++;
	if (key == keys + KEYS_MAX) {
		answer("-ERR out of keys\r\n");
		return;
	}
	memcpy(key->name, words->word[1], words->len[1]);
	answer(":%llu\r\n", (unsigned long long)++key->value);
}

static command_fn do_info;

static void
do_ok(const struct words *words)
{
	(void)words;
	answer("+OK\r\n");
}

static struct command {
	const char *name;
	command_fn *run;
	uint64_t calls;
} commands[] = {
	{ "client", do_ok, 0 },
	{ "echo", do_echo, 0 },
	{ "incr", do_incr, 0 },
	{ "info", do_info, 0 },
	{ "ping", do_ping, 0 },
	{ "select", do_ok, 0 },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
do_info(const struct words *words)
{
	char text[1024] = "# Commandstats\r\n";
	size_t len = strlen(text);

	(void)words;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (commands[i].calls > 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "cmdstat_%s:calls=%llu,usec=0\r\n",
			    commands[i].name,
			    (unsigned long long)commands[i].calls);
	answer("$%zu\r\n%s\r\n", len, text);
}

static void
execute(const struct words *words)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (words->count > 0 &&
		    strlen(commands[i].name) == words->len[0] &&
		    strncasecmp(
			commands[i].name, words->word[0], words->len[0]) == 0) {
			commands[i].run(words);
			commands[i].calls++;
			return;
		}
	answer("-ERR unknown command\r\n");
}

/* ---- requests ---- */

/* "<kind><number>\r\n" at *at; -1 if it is not whole, -2 if it is something
 * else. */
static long
take_number(const char **at, const char *end, char kind)
{
	const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
	long number;

	if (line_end == NULL)
		return -1;
	if (**at != kind)
		return -2;
	number = strtol(*at + 1, NULL, 10);
	*at = line_end + 1;
	return number < 0 || number > BYTES_MAX ? -2 : number;
}

/* Bytes of the first request: 0 not whole, -1 not one. */
static long
take_request(const char *bytes, size_t len, struct words *words)
{
	const char *at = bytes, *end = bytes + len;
	long count = take_number(&at, end, '*');

	if (count < 0 || count > WORDS_MAX)
		return count == -1 ? 0 : -1;
	words->count = (size_t)count;
	for (size_t i = 0; i < words->count; i++) {
		long word_len = take_number(&at, end, '$');

		if (word_len < 0)
			return word_len == -1 ? 0 : -1;
		if (end - at < word_len + 2)
			return 0;
		words->word[i] = at;
		words->len[i] = (size_t)word_len;
		at += word_len + 2;
	}
	return at - bytes;
}

/* Serve what has come. False: hang up. */
static bool
serve(struct client *client, int fd)
{
	ssize_t n = read(
	    fd, client->in + client->len, sizeof(client->in) - client->len);
	size_t used = 0;
	struct words words;
	long len;

	if (n <= 0)
		return false;
	client->len += (size_t)n;
	out.fd = fd;
	while ((len = take_request(
		    client->in + used, client->len - used, &words)) > 0) {
		execute(&words);
		used += (size_t)len;
	}
	flush();
	client->len -= used;
	memmove(client->in, client->in + used, client->len);
	return len == 0 && client->len < sizeof(client->in);
}

void
peer_redis(int listener)
{
	struct pollfd polls[1 + CLIENTS_MAX] = { { listener, POLLIN, 0 } };

	for (size_t i = 1; i <= CLIENTS_MAX; i++)
		polls[i].fd = -1;
	while (poll(polls, 1 + CLIENTS_MAX, -1) > 0)
		for (size_t i = 1; i <= CLIENTS_MAX; i++) {
			struct client *client = &clients[i - 1];

			if (polls[i].fd < 0 && polls[0].revents != 0) {
				polls[i].fd = accept(listener, NULL, NULL);
				polls[i].events = POLLIN;
				client->len = 0;
				polls[0].revents = 0;
			} else if (polls[i].fd >= 0 && polls[i].revents != 0 &&
				   !serve(client, polls[i].fd)) {
				close(polls[i].fd);
				polls[i].fd = -1;
			}
		}
}
