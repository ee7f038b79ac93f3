/*
 * Descriptors of the virtual network and the bytes on their way. Connections
 * behave as TCP does on Linux where a program can see it: order is kept, a
 * reset leaves what has arrived readable, is reported once, and then reads end.
 */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A connect into a cut cable is tried again by the kernel. */
#define CONNECT_RETRY_MS 1000

static const struct sim_server nobody = { .on_accept = NULL };

static const int fate_errors[] = {
	[SIM_REFUSE] = ECONNREFUSED,
	[SIM_ACCEPT] = 0,
	[SIM_UNREACHABLE] = EHOSTUNREACH,
	[SIM_NO_ROUTE] = ENETUNREACH,
	[SIM_BUSY] = EAGAIN,
	[SIM_BLACK_HOLE] = EINPROGRESS,
};

/* ---- descriptors ---- */

void
sim_fd_check(struct sim *sim, int fd, const char *doing)
{
	size_t index = (size_t)(fd - SIM_FIRST_FD);

	if (fd < SIM_FIRST_FD || index >= sim->fd_count ||
	    sim->fds[index] == NULL)
		sim_die("%s of descriptor %d, which is not open", doing, fd);
}

static struct sim_end *
end_of(struct sim *sim, int fd, const char *doing)
{
	sim_fd_check(sim, fd, doing);
	return sim->fds[fd - SIM_FIRST_FD];
}

/* The lowest that is free, as a kernel does: stale numbers meet new owners. */
static void
fd_give(struct sim *sim, struct sim_end *end)
{
	size_t index = 0;

	while (index < sim->fd_count && sim->fds[index] != NULL)
		index++;
	if (index == sim->fd_count) {
		sim->fds = sim_realloc(
		    sim->fds, (index + 1) * sizeof(struct sim_end *));
		sim->fd_count++;
	}
	sim->fds[index] = end;
	end->fd = SIM_FIRST_FD + (int)index;
}

size_t
sim_open_fds(struct stay_world *world)
{
	struct sim *sim = sim_of(world);
	size_t count = 0;

	for (size_t i = 0; i < sim->fd_count; i++)
		count += sim->fds[i] != NULL;
	return count;
}

/* ---- connections ---- */

static void
end_init(struct sim_peer *peer, int which)
{
	struct sim_end *end = &peer->ends[which];

	end->peer = peer;
	end->other = &peer->ends[1 - which];
	end->fd = -1;
	stay__list_init(&end->arriving);
}

static struct sim_peer *
peer_new(struct sim *sim, struct sim_place *place, enum sim_phase phase)
{
	struct sim_peer *peer = sim_alloc(sizeof(*peer));

	peer->sim = sim;
	peer->place = place;
	peer->server = &nobody;
	peer->limits = sim->limits;
	peer->got_max = peer->sent_max = UINT64_MAX;
	end_init(peer, 0);
	end_init(peer, 1);
	peer->ends[0].phase = peer->ends[1].phase = phase;
	peer->ends[1].serves = true;
	fd_give(sim, &peer->ends[0]);
	stay__list_push(&sim->peers, &peer->node);
	return peer;
}

static void
on_nudge(struct sim_event *event)
{
	struct sim_peer *peer = STAY__CONTAINER(event, struct sim_peer, nudge);

	sim_receive(&peer->ends[1]);
	sim_receive(&peer->ends[0]);
	sim_peer_serve(peer);
}

void
sim_peer_nudge(struct sim_peer *peer)
{
	sim_event_set(peer->sim, &peer->nudge, peer->sim->now, on_nudge);
}

static void
establish(struct sim_peer *peer)
{
	peer->ends[0].phase = peer->ends[1].phase = SIM_OPEN;
	peer->heard = peer->sim->now;
	if (peer->place->server != NULL)
		peer->server = peer->place->server;
	peer->arg = peer->place->arg;
	sim_peer_nudge(peer);
}

static void
on_decided(struct sim_event *event)
{
	struct sim_peer *peer =
	    STAY__CONTAINER(event, struct sim_peer, decided);
	enum sim_fate fate =
	    peer->place != NULL ? peer->place->fate : SIM_REFUSE;

	if (sim_is_cut(peer)) {
		sim_event_set(peer->sim, event,
		    sim_after(peer->sim, CONNECT_RETRY_MS), on_decided);
		return;
	}
	sim_note(peer->sim, "decided", peer->ends[0].fd, fate_errors[fate]);
	if (fate == SIM_ACCEPT) {
		establish(peer);
	} else if (fate != SIM_BLACK_HOLE) {
		peer->ends[0].phase = SIM_FAILED;
		peer->ends[0].error = fate_errors[fate];
	}
}

static int
connect_unix(struct sim *sim, struct sim_place *place, int *fd)
{
	struct sim_peer *peer;

	if (place == NULL)
		return -ENOENT;
	if (place->fate == SIM_BLACK_HOLE)
		return -EAGAIN; /* a full backlog: the kernel does not wait */
	if (place->fate != SIM_ACCEPT)
		return -fate_errors[place->fate];
	peer = peer_new(sim, place, SIM_OPEN);
	establish(peer);
	*fd = peer->ends[0].fd;
	return 0;
}

static int
connect_inet(struct sim *sim, struct sim_place *place, int *fd)
{
	enum sim_fate fate = place != NULL ? place->fate : SIM_REFUSE;
	uint64_t ms = 2 * sim->limits.latency_ms;
	struct sim_peer *peer;

	if (fate == SIM_NO_ROUTE || fate == SIM_BUSY)
		return -fate_errors[fate];
	peer = peer_new(sim, place, SIM_CONNECTING);
	if (place != NULL)
		ms += place->after_ms;
	if (fate != SIM_BLACK_HOLE)
		sim_event_set(
		    sim, &peer->decided, sim_after(sim, ms), on_decided);
	*fd = peer->ends[0].fd;
	return -EINPROGRESS;
}

int
sim_connect(struct stay_world *world, const struct stay_address *to,
    const struct stay_socket_options *options, int *fd)
{
	struct sim *sim = sim_of(world);
	struct sim_place *place = sim_place_of(sim, to);
	int error = sim_enter(sim, SIM_CONNECT);

	if (error != 0)
		return error;
	if (to->storage.ss_family == AF_UNIX)
		error = connect_unix(sim, place, fd);
	else
		error = connect_inet(sim, place, fd);
	if (error == 0 || error == -EINPROGRESS)
		end_of(sim, *fd, "connect")->peer->options = *options;
	sim_note(sim, "connect", error == 0 || error == -EINPROGRESS ? *fd : -1,
	    error);
	return error;
}

static int
error_take(struct sim_end *end)
{
	int error = end->error;

	end->error = 0;
	return -error;
}

int
sim_finish(struct stay_world *world, int fd)
{
	struct sim *sim = sim_of(world);
	struct sim_end *end = end_of(sim, fd, "finish");
	int error = sim_enter(sim, SIM_FINISH);

	if (end->phase == SIM_CONNECTING)
		sim_die("finish of descriptor %d before it is decided", fd);
	if (error == 0)
		error = error_take(end);
	sim_note(sim, "finish", fd, error);
	return error;
}

int
sim_adopt(struct stay_world *world, int fd)
{
	struct sim *sim = sim_of(world);

	sim_fd_check(sim, fd, "adopt");
	return sim_enter(sim, SIM_ADOPT);
}

void
sim_pair(struct stay_world *world, int fds[2])
{
	struct sim_peer *peer = peer_new(sim_of(world), NULL, SIM_OPEN);

	peer->ends[1].serves = false;
	fd_give(sim_of(world), &peer->ends[1]);
	fds[0] = peer->ends[0].fd;
	fds[1] = peer->ends[1].fd;
}

struct sim_peer *
sim_adopted(struct stay_world *world, const struct sim_server *server,
    void *arg, int *fd)
{
	struct sim_peer *peer = peer_new(sim_of(world), NULL, SIM_OPEN);

	if (server != NULL)
		peer->server = server;
	peer->arg = arg;
	sim_peer_nudge(peer);
	*fd = peer->ends[0].fd;
	return peer;
}

/* ---- operations ---- */

/* How much of `len` one call moves. */
static size_t
portion(const struct sim_end *end, size_t len, size_t max)
{
	if (max > 0 && len > max)
		len = max;
	if (len > 0 && end->peer->limits.ragged)
		len = sim_draw_size(end->peer->sim, len);
	return len;
}

static ssize_t
read_some(struct sim_end *end, void *bytes, size_t len)
{
	if (end->phase == SIM_CONNECTING)
		return -EAGAIN;
	if (end->inbox_len == 0) {
		if (end->error != 0)
			return error_take(end);
		return end->ended || end->phase == SIM_FAILED ? 0 : -EAGAIN;
	}
	if (len > end->inbox_len)
		len = end->inbox_len;
	len = portion(end, len, end->peer->limits.read_max);
	memcpy(bytes, end->inbox + end->inbox_start, len);
	end->inbox_start += len;
	end->inbox_len -= len;
	if (end->inbox_len == 0)
		sim_inbox_empty(end);
	end->other->on_the_way -= len;
	return (ssize_t)len;
}

ssize_t
sim_read(struct stay_world *world, int fd, void *bytes, size_t len)
{
	struct sim *sim = sim_of(world);
	struct sim_end *end = end_of(sim, fd, "read");
	ssize_t got = sim_enter(sim, SIM_READ);

	if (got == 0)
		got = read_some(end, bytes, len);
	sim_note(sim, "read", fd, got);
	if (got > 0) {
		end->peer->heard = sim->now;
		sim_note_bytes(sim, bytes, (size_t)got);
	}
	return got;
}

static size_t
room(const struct sim_end *end)
{
	size_t cap = end->peer->limits.send_buffer;

	if (cap == 0)
		return SIZE_MAX;
	return end->on_the_way < cap ? cap - end->on_the_way : 0;
}

/* As kernels do, of a little room nothing is told. */
static bool
is_worth_telling(const struct sim_end *end)
{
	return room(end) > 0 && room(end) >= end->on_the_way / 2;
}

static size_t
total_of(const struct iovec *parts, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += parts[i].iov_len;
	return total;
}

/* The first of them: who takes a little of much, again and again, does not copy all. */
static char *
gather(const struct iovec *parts, int count, size_t len)
{
	char *bytes = sim_alloc(len);
	size_t at = 0;

	for (int i = 0; i < count && at < len; i++) {
		size_t some = parts[i].iov_len;

		if (some > len - at)
			some = len - at;
		if (some > 0)
			memcpy(bytes + at, parts[i].iov_base, some);
		at += some;
	}
	return bytes;
}

static ssize_t
write_some(struct sim_end *end, const struct iovec *parts, int count)
{
	size_t whole = total_of(parts, count), len = whole;
	char *bytes;

	if (end->phase == SIM_CONNECTING)
		return -EAGAIN;
	if (end->error != 0)
		return error_take(end);
	if (end->broken || end->shut || end->phase == SIM_FAILED)
		return -EPIPE;
	if (room(end) == 0)
		return -EAGAIN;
	if (len > room(end))
		len = room(end);
	bytes = gather(parts, count, len);
	len = portion(end, len, end->peer->limits.write_max);
	if (len > 0)
		sim_post(end, SIM_DATA, bytes, len);
	if (end->peer->choked && len > 0)
		end->peer->heard = end->peer->sim->now;
	end->peer->choked = len < whole;
	sim_note_bytes(end->peer->sim, bytes, len);
	free(bytes);
	return (ssize_t)len;
}

ssize_t
sim_write(
    struct stay_world *world, int fd, const struct iovec *parts, int count)
{
	struct sim *sim = sim_of(world);
	struct sim_end *end = end_of(sim, fd, "write");
	ssize_t put = sim_enter(sim, SIM_WRITE);

	if (put == 0)
		put = write_some(end, parts, count);
	if (put == -EAGAIN)
		end->peer->choked = true;
	sim_note(sim, "write", fd, put);
	return put;
}

static int
shut_down(struct sim_end *end)
{
	if (end->phase != SIM_OPEN || end->broken)
		return -ENOTCONN;
	if (!end->shut)
		sim_post(end, SIM_FIN, NULL, 0);
	end->shut = true;
	return 0;
}

int
sim_shutdown(struct stay_world *world, int fd)
{
	struct sim *sim = sim_of(world);
	struct sim_end *end = end_of(sim, fd, "shutdown");
	int error = sim_enter(sim, SIM_SHUTDOWN);

	if (error == 0)
		error = shut_down(end);
	sim_note(sim, "shutdown", fd, error);
	return error;
}

/* From now on it is as if they had been set at the dial. */
int
sim_keep_alive(
    struct stay_world *world, int fd, const struct stay_socket_options *options)
{
	struct sim *sim = sim_of(world);
	struct sim_peer *peer = end_of(sim, fd, "keep_alive")->peer;
	int error = sim_enter(sim, SIM_KEEP_ALIVE);

	if (error == 0) {
		peer->options.keepalive_ms = options->keepalive_ms;
		peer->options.keepalive_later = false;
	}
	sim_note(sim, "keep_alive", fd, error);
	return error;
}

/* Closing with bytes unread resets, as TCP does. */
static void
end_here(struct sim *sim, struct sim_end *end)
{
	sim_event_stop(sim, &end->peer->decided);
	if (end->phase == SIM_OPEN && !end->broken && end->inbox_len > 0)
		sim_post(end, SIM_RST, NULL, 0);
	else if (end->phase == SIM_OPEN && !end->broken && !end->shut)
		sim_post(end, SIM_FIN, NULL, 0);
	end->closed = true;
	sim_inbox_empty(end);
}

void
sim_close(struct stay_world *world, int fd)
{
	struct sim *sim = sim_of(world);
	struct sim_end *end = end_of(sim, fd, "close");

	(void)sim_enter(sim, SIM_CLOSE);
	if (sim_is_watched(sim, fd))
		sim_die("close of descriptor %d, which is watched", fd);
	sim_note(sim, "close", fd, 0);
	if (!sim->forked)
		end_here(sim, end);
	sim->fds[fd - SIM_FIRST_FD] = NULL;
	end->fd = -1;
}

unsigned
sim_fd_ready(struct sim *sim, int fd, unsigned interest)
{
	struct sim_end *end = end_of(sim, fd, "wait");
	unsigned ready = 0;

	if (end->phase == SIM_CONNECTING)
		return 0;
	if (end->phase == SIM_FAILED || end->broken)
		return interest;
	if (end->inbox_len > 0 || end->ended)
		ready |= STAY_READ;
	if (is_worth_telling(end))
		ready |= STAY_WRITE;
	return ready & interest;
}

void
sim_net_free(struct sim *sim)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&sim->peers)) != NULL) {
		struct sim_peer *peer =
		    STAY__CONTAINER(node, struct sim_peer, node);

		sim_event_stop(sim, &peer->decided);
		sim_event_stop(sim, &peer->nudge);
		if (peer->accepted && peer->server->on_gone != NULL)
			peer->server->on_gone(peer, peer->arg);
		sim_flow_free(&peer->ends[0]);
		sim_flow_free(&peer->ends[1]);
		free(peer);
	}
	free(sim->fds);
}
