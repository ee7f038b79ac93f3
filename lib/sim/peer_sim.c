/*
 * The servers of the virtual network: who listens, what they are told, and what
 * a test makes them do.
 */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a server is told ---- */

static struct sim_end *
end_of(struct sim_peer *peer)
{
	return &peer->ends[1];
}

static bool
is_frozen(const struct sim_peer *peer)
{
	return peer->frozen || (peer->place != NULL && peer->place->frozen);
}

/* The bytes move out first: the server may do anything meanwhile. */
static void
tell_bytes(struct sim_peer *peer)
{
	struct sim_end *end = end_of(peer);
	char *bytes = end->inbox;
	const char *from = bytes + end->inbox_start;
	size_t len = end->inbox_len;

	end->inbox = NULL;
	sim_inbox_empty(end);
	end->other->on_the_way -= len;
	if (peer->server->on_bytes != NULL)
		peer->server->on_bytes(peer, peer->arg, from, len);
	free(bytes);
}

static void
tell_close(struct sim_peer *peer)
{
	struct sim_end *end = end_of(peer);

	peer->told = true;
	if (end->error == 0 && peer->server->on_end != NULL) {
		peer->server->on_end(peer, peer->arg);
		return;
	}
	if (end->error == 0 && !end->shut)
		sim_post(end, SIM_FIN, NULL, 0);
	end->closed = true;
	if (peer->server->on_close != NULL)
		peer->server->on_close(peer, peer->arg, -end->error);
}

void
sim_peer_serve(struct sim_peer *peer)
{
	struct sim_end *end = end_of(peer);

	if (!end->serves || end->phase != SIM_OPEN || is_frozen(peer))
		return;
	if (!peer->accepted) {
		peer->accepted = true;
		if (peer->server->on_accept != NULL)
			peer->server->on_accept(peer, peer->arg);
	}
	while (end->inbox_len > 0 && !end->closed && !is_frozen(peer))
		tell_bytes(peer);
	if (end->ended && !peer->told && !is_frozen(peer))
		tell_close(peer);
}

/* ---- listening ---- */

void
sim_listen(struct stay_world *world, const char *host, int port,
    const struct sim_server *server, void *arg)
{
	struct sim_place *place = sim_place(sim_of(world), host, port);

	place->fate = SIM_ACCEPT;
	place->server = server;
	place->arg = arg;
}

void
sim_unlisten(struct stay_world *world, const char *host, int port)
{
	sim_place(sim_of(world), host, port)->fate = SIM_REFUSE;
}

/* Every connection of the place, the next one read before `act`. */
static void
each_peer(struct stay_world *world, struct sim_place *place,
    void (*act)(struct sim_peer *peer))
{
	struct sim *sim = sim_of(world);
	struct stay__list *node, *next;

	for (node = sim->peers.next; node != &sim->peers; node = next) {
		struct sim_peer *peer =
		    STAY__CONTAINER(node, struct sim_peer, node);

		next = node->next;
		if (peer->place == place && end_of(peer)->phase == SIM_OPEN)
			act(peer);
	}
}

void
sim_crash(struct stay_world *world, const char *host, int port)
{
	struct sim_place *place = sim_place(sim_of(world), host, port);

	place->fate = SIM_REFUSE;
	place->frozen = false;
	each_peer(world, place, sim_peer_reset);
}

void
sim_freeze(struct stay_world *world, const char *host, int port, bool frozen)
{
	struct sim_place *place = sim_place(sim_of(world), host, port);

	place->frozen = frozen;
	each_peer(world, place, sim_peer_nudge);
}

void
sim_cut(struct stay_world *world, const char *host, int port, bool cut)
{
	struct sim_place *place = sim_place(sim_of(world), host, port);

	place->cut = cut;
	each_peer(world, place, sim_peer_nudge);
}

size_t
sim_peers(struct stay_world *world, const char *host, int port)
{
	struct sim *sim = sim_of(world);
	struct sim_place *place = sim_place(sim, host, port);
	struct stay__list *node;
	size_t count = 0;

	for (node = sim->peers.next; node != &sim->peers; node = node->next) {
		struct sim_peer *peer =
		    STAY__CONTAINER(node, struct sim_peer, node);
		struct sim_end *end = end_of(peer);

		count += peer->place == place && end->phase == SIM_OPEN &&
			 !end->closed;
	}
	return count;
}

/* ---- what a server does ---- */

static bool
can_send(struct sim_peer *peer)
{
	struct sim_end *end = end_of(peer);

	return end->phase == SIM_OPEN && !end->closed && !end->shut;
}

/* One chunk, or many of random sizes. */
static void
send_chunks(struct sim_peer *peer, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t part =
		    peer->limits.ragged ? sim_draw_size(peer->sim, len) : len;

		sim_post(end_of(peer), SIM_DATA, bytes, part);
		bytes += part;
		len -= part;
	}
}

void
sim_peer_send(struct sim_peer *peer, const void *bytes, size_t len)
{
	uint64_t left = peer->sent_max - peer->sent;

	if (!can_send(peer))
		return;
	if (len > left)
		len = (size_t)left;
	peer->sent += len;
	send_chunks(peer, bytes, len);
	if (peer->sent == peer->sent_max)
		sim_peer_end(peer);
}

void
sim_peer_print(struct sim_peer *peer, const char *text)
{
	sim_peer_send(peer, text, strlen(text));
}

void
sim_peer_shutdown(struct sim_peer *peer)
{
	if (!can_send(peer))
		return;
	end_of(peer)->shut = true;
	sim_post(end_of(peer), SIM_FIN, NULL, 0);
}

static void
end_here(struct sim_peer *peer, enum sim_kind kind)
{
	struct sim_end *end = end_of(peer);

	if (end->phase != SIM_OPEN || end->closed)
		return;
	end->closed = true;
	peer->told = true;
	peer->resets = kind == SIM_RST && !end->shut;
	if (kind == SIM_RST || !end->shut)
		sim_post(end, kind, NULL, 0);
	sim_inbox_empty(end);
}

void
sim_peer_close(struct sim_peer *peer)
{
	end_here(peer, end_of(peer)->inbox_len > 0 ? SIM_RST : SIM_FIN);
}

void
sim_peer_reset(struct sim_peer *peer)
{
	end_here(peer, SIM_RST);
}

void
sim_peer_end(struct sim_peer *peer)
{
	if (peer->cleanly)
		sim_peer_close(peer);
	else
		sim_peer_reset(peer);
}

void
sim_peer_freeze(struct sim_peer *peer, bool frozen)
{
	peer->frozen = frozen;
	sim_peer_nudge(peer);
}

void
sim_peer_cut(struct sim_peer *peer, bool cut)
{
	peer->cut = cut;
	sim_peer_nudge(peer);
}

void
sim_peer_limits(struct sim_peer *peer, const struct sim_limits *limits)
{
	peer->limits = *limits;
}

void
sim_peer_die(struct sim_peer *peer, uint64_t got, uint64_t sent)
{
	peer->got_max =
	    got > UINT64_MAX - peer->got ? UINT64_MAX : peer->got + got;
	peer->sent_max =
	    sent > UINT64_MAX - peer->sent ? UINT64_MAX : peer->sent + sent;
	if (got == 0 || sent == 0)
		sim_peer_reset(peer);
}

/* ---- what is known of it ---- */

struct stay_world *
sim_peer_world(const struct sim_peer *peer)
{
	return &peer->sim->base;
}

void
sim_peer_data_set(struct sim_peer *peer, void *data)
{
	peer->data = data;
}

void *
sim_peer_data(const struct sim_peer *peer)
{
	return peer->data;
}

uint64_t
sim_peer_got(const struct sim_peer *peer)
{
	return peer->got;
}

uint64_t
sim_peer_sent(const struct sim_peer *peer)
{
	return peer->sent;
}

bool
sim_peer_is_open(const struct sim_peer *peer)
{
	return peer->ends[0].phase == SIM_OPEN && !peer->ends[0].closed &&
	       !peer->ends[1].closed;
}

const struct stay_socket_options *
sim_peer_options(const struct sim_peer *peer)
{
	return &peer->options;
}
