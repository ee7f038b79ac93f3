/* Reads commands, looks for a rule, answers. It keeps nothing but its log. */
#include "redis_peer.h"

#include <stdlib.h>
#include <string.h>

#include "expect.h"

#define LINE_MAX 512

static const struct redis_rule usual[] = {
	{ "HELLO",
	    "%4\r\n+server\r\n+redis\r\n+version\r\n+7.2.4\r\n+proto\r\n:3\r\n"
	    "+role\r\n+master\r\n",
	    0 },
	{ "PING", "+PONG\r\n", 0 },
	{ "GET", "$1\r\nv\r\n", 0 },
	{ "", "+OK\r\n", 0 },
};

static void
note(struct redis_peer *peer, const char *text)
{
	size_t len = strlen(text);

	EXPECT(peer->log_len + len < sizeof(peer->log));
	memcpy(peer->log + peer->log_len, text, len + 1);
	peer->log_len += len;
}

/* ---- a command as a line ---- */

/* `*2\r\n` or `$3\r\n` at `at`; NULL: it is not whole. */
static const char *
read_head(const char *at, const char *end, size_t *number)
{
	const char *newline =
	    at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

	if (newline == NULL)
		return NULL;
	*number = strtoul(at + 1, NULL, 10);
	return newline + 1;
}

/* Returns what is behind the command, or NULL. */
static const char *
read_line(const char *at, const char *end, char line[LINE_MAX])
{
	size_t words = 0, len = 0, used = 0;

	at = read_head(at, end, &words);
	while (at != NULL && words-- > 0) {
		at = read_head(at, end, &len);
		if (at == NULL || (size_t)(end - at) < len + 2)
			return NULL;
		EXPECT(used + len + 2 < LINE_MAX);
		memcpy(line + used, at, len);
		used += len;
		line[used++] = ' ';
		at += len + 2;
	}
	line[used > 0 ? used - 1 : 0] = '\0';
	return at;
}

/* ---- an answer ---- */

static bool
begins(const char *line, const char *command)
{
	return strncmp(line, command, strlen(command)) == 0;
}

/* A rule that has been used up answers nothing any more. */
static const char *
answer_to(struct redis_peer *peer, const char *line)
{
	const struct redis_rule *other = usual;

	for (struct redis_rule *rule = peer->rules;
	     rule != NULL && rule->command != NULL; rule++) {
		if (rule->times == UINT32_MAX || !begins(line, rule->command))
			continue;
		if (rule->times > 0 && --rule->times == 0)
			rule->times = UINT32_MAX;
		return rule->answer;
	}
	while (!begins(line, other->command))
		other++;
	return other->answer;
}

static bool
answer(struct redis_peer *peer, struct sim_peer *end, const char *line)
{
	const char *text = answer_to(peer, line);
	bool closes;

	if (!begins(line, "CLIENT SETINFO")) {
		note(peer, line);
		note(peer, "\n");
	}
	closes = text == NULL || strchr(text, REDIS_PEER_CLOSES[0]) != NULL;
	if (text != NULL)
		sim_peer_send(end, text, strlen(text) - closes);
	if (closes)
		sim_peer_close(end);
	return !closes;
}

/* ---- the connection ---- */

static void
on_accept(struct sim_peer *end, void *arg)
{
	struct redis_peer *peer = arg;

	peer->now = end;
	peer->in_len = 0;
	note(peer, "|");
	if (peer->banner != NULL)
		sim_peer_print(end, peer->banner);
}

static void
on_bytes(struct sim_peer *end, void *arg, const char *bytes, size_t len)
{
	struct redis_peer *peer = arg;
	const char *at = peer->in, *next;
	char line[LINE_MAX];

	EXPECT(peer->now == end && peer->in_len + len <= sizeof(peer->in));
	memcpy(peer->in + peer->in_len, bytes, len);
	peer->in_len += len;
	while ((next = read_line(at, peer->in + peer->in_len, line)) != NULL) {
		at = next;
		if (!answer(peer, end, line))
			return;
	}
	peer->in_len -= (size_t)(at - peer->in);
	memmove(peer->in, at, peer->in_len);
}

static const struct sim_server server = { .on_accept = on_accept,
	.on_bytes = on_bytes };

void
redis_peer_listen(struct redis_peer *peer, struct stay_world *world)
{
	sim_listen(world, "10.0.0.1", 6379, &server, peer);
}
