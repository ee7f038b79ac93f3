/* What the servers answer, and their loop, which only turns in a step. */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

#define SERVERS 80

static struct server servers[SERVERS];
static size_t count;
static struct ev_loop *ev;

/* ---- a small Redis ---- */

static void
say_bulk(struct peer_end *end, const char *data, size_t len)
{
	char head[32];

	snprintf(head, sizeof(head), "$%zu\r\n", len);
	peer_say(end, head);
	peer_send(end, 0, 0, data, len);
	peer_say(end, "\r\n");
}

static void
take(struct peer_end *end, const struct peer_request *request)
{
	struct server *server = end->peer->arg;
	long number = strtol(request->words[1].text, NULL, 10);

	if (number >= 0 && number < SERVER_NUMBERS)
		server->executed[number]++;
	say_bulk(end, request->words[1].text, request->words[1].len);
}

static void
big(struct peer_end *end, const struct peer_request *request)
{
	static char bytes[1 << 21];
	size_t len = (size_t)strtol(request->words[1].text, NULL, 10);

	memset(bytes, 'x', len);
	say_bulk(end, bytes, len);
}

static void
many(struct peer_end *end, const struct peer_request *request)
{
	long left = strtol(request->words[1].text, NULL, 10);
	char head[32];

	snprintf(head, sizeof(head), "*%ld\r\n", left);
	peer_say(end, head);
	while (left-- > 0)
		peer_say(end, "*2\r\n:7\r\n$5\r\nhello\r\n");
}

static const struct peer_row redis[] = {
	ON("HELLO", "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
		    "$5\r\nproto\r\n:3\r\n"),
	ON("PING", "+PONG\r\n"),
	ON("ERROR", "-ERR as asked\r\n"),
	ON("BUSY", "-LOADING the dataset in memory\r\n"),
	ON("TELL", ">2\r\n$4\r\nnews\r\n$5\r\nhello\r\n+OK\r\n"),
	ON("NONSENSE", "?what\r\n"),
	ON("NOTE", "|1\r\n+ttl\r\n:60\r\n*2\r\n,1.5\r\n#t\r\n"),
	ON("DIE", PEER_CLOSES),
	ON("STEP", "+QUEUED\r\n"),
	ON("EXEC", "*2\r\n:1\r\n:2\r\n"),
	DO("TAKE", take),
	DO("BIG", big),
	DO("MANY", many),
	ON(PEER_ANYTHING, "+OK\r\n"),
	NO_MORE,
};

const struct peer_row greets_resp2[] = {
	ON("HELLO", "-ERR unknown command 'HELLO'\r\n"),
	NO_MORE,
};
const struct peer_row greets_denying[] = {
	ON("HELLO", "-WRONGPASS invalid username-password pair\r\n"),
	NO_MORE,
};
const struct peer_row greets_loading[] = {
	ON_FIRST(1, "HELLO", "-LOADING the dataset in memory\r\n"),
	NO_MORE,
};
const struct peer_row greets_mute[] = { ON("HELLO", ""), NO_MORE };

/* ---- others ---- */

static const struct peer_row echoing[] = {
	ON(PEER_ANYTHING, PEER_REPEATS),
	NO_MORE,
};
static const struct peer_row closing[] = {
	ON(PEER_ACCEPTS, PEER_CLOSES),
	NO_MORE,
};

static const struct style {
	const struct peer_row *usual;
	peer_read_fn *reads;
} styles[] = {
	[SERVER_ECHO] = { echoing, peer_reads_bytes },
	[SERVER_REDIS] = { redis, peer_reads_commands },
	[SERVER_CLOSES] = { closing, peer_reads_bytes },
	[SERVER_CLOGGED] = { NULL, NULL },
};

/* ---- servers ---- */

static struct server *
server_new(enum server_style style)
{
	struct server *server = &servers[count++];

	if (count > SERVERS)
		abort();
	if (ev == NULL)
		ev = ev_loop_new(EVBACKEND_POLL | EVFLAG_NOENV);
	memset(server, 0, sizeof(*server));
	server->door.io.fd = -1;
	server->peer = (struct peer){ .usual = styles[style].usual,
		.reads = styles[style].reads,
		.arg = server };
	return server;
}

struct server *
server_listen(enum server_style style, bool is_unix)
{
	enum door_kind kind = style == SERVER_CLOGGED ? DOOR_STUFFED
			      : is_unix               ? DOOR_UNIX
						      : DOOR_TCP;
	struct server *server;

	fault_spare(true);
	server = server_new(style);
	door_open(&server->door, &server->peer, ev, kind);
	fault_spare(false);
	return server;
}

struct server *
server_adopt(enum server_style style, int read_fd, int write_fd)
{
	struct server *server;

	fault_spare(true);
	server = server_new(style);
	peer_adopt(&server->peer, ev, read_fd, write_fd);
	fault_spare(false);
	return server;
}

void
server_hang_up(struct server *server, bool resets)
{
	fault_spare(true);
	peer_hang_up(&server->peer, resets);
	fault_spare(false);
}

void
server_mute(struct server *server, bool mute)
{
	fault_spare(true);
	server->peer.mute = mute;
	if (!mute)
		peer_unmute(&server->peer);
	fault_spare(false);
}

void
server_unlisten(struct server *server)
{
	fault_spare(true);
	door_close(&server->door);
	fault_spare(false);
}

/* ---- all of them ---- */

bool
servers_step(void)
{
	unsigned long before = peer_moves();

	fault_spare(true);
	if (ev != NULL)
		ev_run(ev, EVRUN_NOWAIT);
	fault_spare(false);
	return peer_moves() > before;
}

void
servers_end(void)
{
	fault_spare(true);
	while (count > 0) {
		door_close(&servers[--count].door);
		peer_fini(&servers[count].peer);
	}
	if (ev != NULL)
		ev_loop_destroy(ev);
	ev = NULL;
	fault_spare(false);
}
