/*
 * A protocol of lines, whose answers say how long they are, and its servers, one in the
 * world of each loop, which die and come again, freeze, and lose connections.
 */
#include <stay/loop.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world_sim.h"
#include "support/peer_virtual.h"
#include "threads/play.h"
#include "threads/sched.h"
#include "threads/world.h"

#define HOST "10.0.0.1"
#define PORT 7000

/* ---- the protocol ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct call *call = request->data;

	return stay_buf_printf(out, "%u\n", call_number(call));
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct stay_bytes *reply = stay_session_data(session);
	const char *end = memchr(in.data, '\n', in.len);
	char *at;
	size_t len;

	if (end == NULL)
		return stay_frame_more();
	(void)strtoul(in.data, &at, 10);
	len = (size_t)(end + 1 - in.data) + strtoul(at, NULL, 10);
	if (in.len < len)
		return stay_frame_more_of(len);
	*reply = (struct stay_bytes){ in.data, len };
	return stay_frame_reply(len, reply);
}

const struct stay_protocol play_protocol = {
	STAY_PROTOCOL,
	.name = "play",
	.port = "7000",
	.session_size = sizeof(struct stay_bytes),
	.encode = encode,
	.decode = decode,
	.retain = stay_retain_bytes,
};

/* ---- its server ---- */

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	static char bytes[64 * 1024];
	struct call *call =
	    call_of((unsigned)strtoul(request->words[0].text, NULL, 10));
	int len = snprintf(
	    bytes, sizeof(bytes), "%u %u\n", call_number(call), call->size);

	call_seen(call);
	memset(bytes + len, (char)('a' + call_number(call) % 26), call->size);
	peer_send(end, call->delay_ms, 0, bytes, (size_t)len + call->size);
}

static const struct peer_row rows[] = {
	DO(PEER_ANYTHING, answer),
	NO_MORE,
};

/* One a loop. */
static struct server {
	struct peer peer;
	struct stay_world *world;
} servers[LOOPS_MAX];

static unsigned started;

/* ---- what happens to it ---- */

static void
come_again(void *arg)
{
	struct server *server = arg;

	sched_note("server comes", 0, 0);
	sim_freeze(server->world, HOST, PORT, false);
	peer_listen(&server->peer, server->world, HOST, PORT);
}

static void
go_wrong(void *arg)
{
	struct server *server = arg;

	sched_note("server goes", 0, 0);
	if (sched_chance(2))
		sim_crash(server->world, HOST, PORT);
	else
		sim_freeze(server->world, HOST, PORT, true);
	sim_at(server->world, 1 + sched_draw(100), come_again, server);
}

static void
limit(struct stay_world *world)
{
	struct sim_limits limits = { .latency_ms = sched_draw(5) };

	limits.jitter_ms = sched_draw(5);
	limits.ragged = sched_chance(2);
	if (sched_chance(2))
		limits.read_max = 4096;
	if (sched_chance(2))
		limits.spurious = limits.late = 50; /* per mille */
	sim_limits_set(world, &limits);
}

struct stay_loop *
server_make_loop(void)
{
	struct server *server = &servers[started++];

	server->world = world_new(sched_draw(UINT32_MAX));
	server->peer = (struct peer){ .rows = rows, .reads = peer_reads_lines };
	limit(server->world);
	peer_listen(&server->peer, server->world, HOST, PORT);
	for (uint64_t faults = sched_draw(3); faults > 0; faults--)
		sim_at(server->world, sched_draw(400), go_wrong, server);
	return stay_loop_new(server->world);
}
