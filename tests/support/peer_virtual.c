/* Bytes, ends and time of a scripted peer are those of the virtual world. */
#include "peer_virtual.h"

#include "sim/sim.h"
#include "support/toy_filter.h"

/* ---- what it does ---- */

static uint64_t
now_ns(void *wire)
{
	return ((const struct sim_peer *)wire)->sim->now;
}

static void
awake(void *arg)
{
	peer_awake(arg);
}

static void
wake(struct peer_end *end, uint64_t ns)
{
	sim_at(
	    sim_peer_world(end->wire), (ns + SIM_MS - 1) / SIM_MS, awake, end);
}

static void
send_sealed(struct peer_end *end, const char *bytes, size_t len)
{
	sim_peer_send(end->wire, bytes, len);
}

static size_t
send_bytes(void *wire, const char *bytes, size_t len)
{
	struct peer_end *end = sim_peer_data(wire);

	if (end->toy != NULL)
		toy_say(end, bytes, len, send_sealed);
	else
		sim_peer_send(wire, bytes, len);
	return len;
}

static void
does(void *wire, enum peer_deed deed)
{
	struct peer_end *end = sim_peer_data(wire);

	if (end->toy != NULL && (deed == PEER_CLOSE || deed == PEER_SHUT))
		toy_say(end, "", 0, send_sealed);
	if (deed == PEER_CLOSE)
		sim_peer_close(wire);
	else if (deed == PEER_RESET)
		sim_peer_reset(wire);
	else if (deed == PEER_SHUT)
		sim_peer_shutdown(wire);
	else if (deed == PEER_SECURE)
		toy_begin(end);
	else
		sim_peer_freeze(wire, true);
}

static const struct peer_carrier carrier = { now_ns, wake, send_bytes, does,
	sim_realloc };

/* ---- what it is told ---- */

static void
on_accept(struct sim_peer *wire, void *arg)
{
	struct peer_end *end = peer_end_new(arg, &carrier, wire);

	sim_peer_data_set(wire, end);
	if (end->peer->toy != NULL && !end->peer->toy->in_the_middle)
		toy_begin(end);
	else
		peer_accept(end);
}

static void
on_bytes(struct sim_peer *wire, void *arg, const char *bytes, size_t len)
{
	struct peer_end *end = sim_peer_data(wire);

	(void)arg;
	if (end->toy != NULL)
		toy_hear(end, bytes, len);
	else
		peer_hear(end, bytes, len);
}

static void
on_close(struct sim_peer *wire, void *arg, int error)
{
	(void)arg;
	peer_hung_up(sim_peer_data(wire), error);
}

static void
on_end(struct sim_peer *wire, void *arg)
{
	struct peer_end *end = sim_peer_data(wire);
	const struct peer *peer = arg;

	if (peer->on_end != NULL &&
	    (end->toy == NULL || toy_is_accepted(end))) {
		peer->on_end(end);
		return;
	}
	sim_peer_close(wire);
	peer_hung_up(sim_peer_data(wire), 0);
}

static void
on_gone(struct sim_peer *wire, void *arg)
{
	struct peer_end *end = sim_peer_data(wire);

	(void)arg;
	toy_end_free(end);
	peer_end_free(end);
}

static const struct sim_server server = { on_accept, on_bytes, on_close, on_end,
	on_gone };

void
peer_listen(
    struct peer *peer, struct stay_world *world, const char *host, int port)
{
	sim_listen(world, host, port, &server, peer);
}

int
peer_adopted(struct peer *peer, struct stay_world *world)
{
	int fd;

	(void)sim_adopted(world, &server, peer, &fd);
	return fd;
}
