/*
 * Bytes on their way: in order, late by the connection's latency, held back by
 * a cut cable. A reset leaves what has arrived readable. Who reads and writes
 * them is not known here.
 */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
sim_inbox_empty(struct sim_end *end)
{
	free(end->inbox);
	end->inbox = NULL;
	end->inbox_start = end->inbox_len = end->inbox_cap = 0;
}

static void
inbox_add(struct sim_end *end, const char *bytes, size_t len)
{
	size_t need = end->inbox_start + end->inbox_len + len;

	if (len == 0)
		return;
	if (need > end->inbox_cap) {
		end->inbox_cap = need < 512 ? 1024 : 2 * need;
		end->inbox = sim_realloc(end->inbox, end->inbox_cap);
	}
	memcpy(end->inbox + end->inbox_start + end->inbox_len, bytes, len);
	end->inbox_len += len;
}

/* A server that dies at a byte takes that one and no more. */
static void
take_data(struct sim_end *end, const char *bytes, size_t len)
{
	struct sim_peer *peer = end->peer;

	if (end->closed) {
		sim_post(end, SIM_RST, NULL, 0);
		return;
	}
	if (!end->serves) {
		inbox_add(end, bytes, len);
		return;
	}
	if (len > peer->got_max - peer->got)
		len = (size_t)(peer->got_max - peer->got);
	inbox_add(end, bytes, len);
	peer->got += len;
	sim_peer_serve(peer);
	if (peer->got == peer->got_max)
		sim_peer_end(peer);
}

/* After an end a reset is no news to who reads; writing is in vain, with EPIPE. */
static void
take_end(struct sim_end *end, enum sim_kind kind)
{
	if (kind == SIM_RST && !end->closed && !end->broken) {
		end->broken = true;
		end->error = end->ended ? 0 : ECONNRESET;
	}
	end->ended = true;
	if (end->serves)
		sim_peer_serve(end->peer);
}

static void
chunk_free(struct sim *sim, struct sim_chunk *chunk)
{
	sim_event_stop(sim, &chunk->event);
	stay__list_remove(&chunk->node);
	free(chunk);
}

static void
take(struct sim *sim, struct sim_chunk *chunk)
{
	struct sim_end *end = chunk->to;

	sim_note(sim, "arrive", end->fd, (int64_t)chunk->len);
	stay__list_remove(&chunk->node);
	if (chunk->kind == SIM_DATA)
		take_data(end, chunk->bytes, chunk->len);
	else
		take_end(end, chunk->kind);
	chunk_free(sim, chunk);
}

bool
sim_is_cut(const struct sim_peer *peer)
{
	return peer->cut || (peer->place != NULL && peer->place->cut);
}

/* One that overtook another waits for it. */
void
sim_receive(struct sim_end *end)
{
	struct sim *sim = end->peer->sim;
	struct stay__list *node;

	while ((node = stay__list_first(&end->arriving)) != NULL) {
		struct sim_chunk *chunk =
		    STAY__CONTAINER(node, struct sim_chunk, node);

		if (chunk->event.at > sim->now || sim_is_cut(end->peer))
			return;
		take(sim, chunk);
	}
}

static void
on_arrival(struct sim_event *event)
{
	sim_receive(STAY__CONTAINER(event, struct sim_chunk, event)->to);
}

void
sim_post(
    struct sim_end *from, enum sim_kind kind, const char *bytes, size_t len)
{
	struct sim_peer *peer = from->peer;
	struct sim_end *to = from->other;
	struct sim_chunk *chunk = sim_alloc(sizeof(*chunk) + len);
	uint64_t ms = peer->limits.latency_ms;

	peer->sim->leaked +=
	    peer->sim->forked && !from->serves && !from->closed;
	if (peer->limits.jitter_ms > 0)
		ms += sim_draw(peer->sim) % (peer->limits.jitter_ms + 1);
	chunk->to = to;
	chunk->kind = kind;
	chunk->len = len;
	if (len > 0)
		memcpy(chunk->bytes, bytes, len);
	from->on_the_way += len;
	stay__list_push(&to->arriving, &chunk->node);
	sim_event_set(
	    peer->sim, &chunk->event, sim_after(peer->sim, ms), on_arrival);
}

void
sim_flow_free(struct sim_end *end)
{
	struct stay__list *node;

	while ((node = stay__list_first(&end->arriving)) != NULL)
		chunk_free(end->peer->sim,
		    STAY__CONTAINER(node, struct sim_chunk, node));
	sim_inbox_empty(end);
}
