/* Redis, through <stay/redis.h> alone: it logs in, chooses a database, and is given
 * replies of every shape. */
#include <stay/redis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contracts.h"

/* The first words of a command, and what is said to it. */
static const struct {
	const char *request;
	const char *answer;
} lines[] = {
	{ "HELLO 3", "%3\r\n+server\r\n+redis\r\n+version\r\n+7.2.4\r\n"
		     "+role\r\n+master\r\n" },
	{ "PING", "+PONG\r\n" },
	{ "GET there", "$5\r\nhello\r\n" },
	{ "GET number", ":42\r\n" },
	{ "GET gone", "_\r\n" },
	{ "GET wrong", "-WRONGTYPE of another kind\r\n" },
	{ "INCR", "-OOM there is no memory\r\n" },
	{ "LRANGE", "*3\r\n$1\r\na\r\n*0\r\n$2\r\n\r\n\r\n" },
	{ "HGETALL", "%1\r\n+pi\r\n,3.25\r\n" },
	{ "SMEMBERS", "|1\r\n+ttl\r\n:3600\r\n~2\r\n#t\r\n=7\r\ntxt:abc\r\n" },
	{ "PUBLISH", ">2\r\n+message\r\n+all\r\n:1\r\n" },
	{ "", "+OK\r\n" },
};

/* "*" or "$", a number, and a line end; 0: it is not whole. */
static size_t
read_number(struct stay_bytes in, size_t at, size_t *number)
{
	size_t seen = 0;
	struct stay_bytes rest = { in.data + at, in.len - at };
	size_t len = at > in.len ? 0 : stay_bytes_line(rest, &seen);

	if (len > 0)
		*number = (size_t)atol(rest.data + 1);
	return len;
}

/* One command, its words with blanks between them; 0: it is not whole. */
static size_t
read_command(struct stay_bytes in, struct stay_buf *words)
{
	size_t count, len, at = read_number(in, 0, &count), took;

	for (size_t i = 0; at > 0 && i < count; i++, at += took + len + 2) {
		took = read_number(in, at, &len);
		if (took == 0 || in.len < at + took + len + 2)
			return 0;
		(void)stay_buf_append(words, in.data + at + took, len);
		(void)stay_buf_puts(words, " ");
	}
	return at;
}

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	struct stay_buf words;
	size_t used, i = 0;

	stay_buf_init(&words, 0);
	used = read_command(in, &words);
	while (used > 0 && strncmp(lines[i].request, words.data,
			       strlen(lines[i].request)) != 0)
		i++;
	if (used > 0)
		(void)stay_buf_puts(peer->out, lines[i].answer);
	stay_buf_fini(&words);
	return used;
}

/* ---- what a reply says ---- */

static void
show_scalar(const struct stay_redis_reply *reply, struct stay_buf *out)
{
	(void)stay_buf_printf(
	    out, "%s ", stay_redis_type_name(stay_redis_type_of(reply)));
	(void)stay_buf_append(
	    out, stay_redis_str(reply), stay_redis_len(reply));
	(void)stay_buf_puts(out, stay_redis_str(reply));
	(void)stay_buf_puts(out, stay_redis_verbatim_format(reply));
}

/* No deeper than the lines above are. */
static void
show(const void *from, struct stay_buf *out)
{
	const struct stay_redis_reply *reply = from, *child;

	show_scalar(reply, out);
	if (stay_redis_attribute(reply) != NULL)
		(void)stay_buf_printf(out, " ttl %d",
		    (int)stay_redis_integer(
			stay_redis_map_get(stay_redis_attribute(reply), "ttl"),
			NULL));
	for (child = stay_redis_first(reply); child != NULL;
	     child = stay_redis_next(child))
		show_scalar(child, out);
}

/* ---- the adapter has functions of its own ---- */

static struct stay_redis *redis;

static enum stay_status
start(void *arg, struct stay_client **client, struct stay_loop *loop,
    const char *url, const struct stay_client_options *options)
{
	struct stay_redis_options own = { STAY_REDIS_OPTIONS,
		.client = *options };
	enum stay_status status = stay_redis_start(&redis, loop, url, &own);

	(void)arg;
	*client = status == STAY_OK ? stay_redis_client(redis) : NULL;
	return status;
}

static enum stay_status
submit(void *arg, struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	const char *words[] = { request, "there", "1" };
	const char *blank = strchr(request, ' ');
	char verb[16];

	(void)arg;
	(void)client;
	if (blank == NULL)
		return stay_redis_argv(
		    redis, options, done, done_arg, 3, words, NULL);
	snprintf(verb, sizeof(verb), "%.*s",
	    (int)(blank - (const char *)request), (const char *)request);
	words[0] = verb;
	words[1] = blank + 1;
	return stay_redis_argv(redis, options, done, done_arg, 2, words, NULL);
}

static const struct stay_bytes value = { "a value\r\nof its own", 19 };

static const struct stay_contract_sample samples[] = {
	{ .name = "GET there", .request = "GET there" },
	{ .name = "GET number", .request = "GET number" },
	{ .name = "GET there, in pieces",
	    .request = "GET there",
	    .in_pieces = true,
	    .reply = "hellostring " },
	{ .name = "GET gone, in pieces",
	    .request = "GET gone",
	    .in_pieces = true },
	{ .name = "GET gone", .request = "GET gone" },
	{ .name = "GET wrong",
	    .request = "GET wrong",
	    .status = STAY_E_SERVER,
	    .words = "WRONGTYPE of another kind" },
	{ .name = "SET", .request = "SET" },
	{ .name = "SET of a body", .request = "SET there", .body = &value },
	{ .name = "INCR without memory",
	    .request = "INCR there",
	    .status = STAY_E_SERVER,
	    .is_refused = true,
	    .words = "OOM there is no memory" },
	{ .name = "LRANGE", .request = "LRANGE" },
	{ .name = "HGETALL", .request = "HGETALL key" },
	{ .name = "SMEMBERS", .request = "SMEMBERS key" },
	{ .name = "PUBLISH", .request = "PUBLISH" },
};

const struct stay_contract redis_contract = { STAY_CONTRACT, .name = "redis",
	.url = "redis://kit:secret@peer:7777/3?client_name=kit",
	.samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.show = show, .start = start, .submit = submit };
