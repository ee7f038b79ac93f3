/* Bytes, ends and time of a scripted peer are those of the kernel. */
#include "peer_loopback.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PIECE 65536

/* What carries one end. */
struct wire {
	struct peer_end *end;
	struct ev_loop *ev;
	ev_io reads;
	ev_io writes;
	ev_timer wakes;
	void *sealed; /* NULL: its bytes are in clear */
	bool closed;
};

static unsigned long moves;

unsigned long
peer_moves(void)
{
	return moves;
}

static void
check(bool fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	abort();
}

static void *
resize(void *old, size_t size)
{
	void *memory = realloc(old, size);

	check(memory != NULL, "memory of a peer");
	return memory;
}

/* ---- what it does ---- */

static uint64_t
now_ns(void *arg)
{
	const struct wire *wire = arg;

	return (uint64_t)(ev_now(wire->ev) * 1e9);
}

static void
wake(struct peer_end *end, uint64_t ns)
{
	struct wire *wire = end->wire;

	ev_timer_set(&wire->wakes, (double)ns / 1e9, 0.);
	ev_timer_start(wire->ev, &wire->wakes);
}

/* A pipe is no socket, and a peer that is gone takes everything. */
static size_t
send_bytes(void *arg, const char *bytes, size_t len)
{
	struct wire *wire = arg;
	ssize_t sent;

	if (wire->sealed != NULL)
		sent = wire->end->peer->seal->write(wire->sealed, bytes, len);
	else
		sent = send(wire->writes.fd, bytes, len, MSG_NOSIGNAL);
	if (sent < 0 && errno == ENOTSOCK)
		sent = write(wire->writes.fd, bytes, len);
	if (sent < 0)
		sent = errno == EAGAIN ? 0 : (ssize_t)len;
	moves += sent > 0;
	if ((size_t)sent < len)
		ev_io_start(wire->ev, &wire->writes);
	return (size_t)sent;
}

static void
unseal(struct wire *wire, bool resets)
{
	const struct wire_seal *seal = wire->end->peer->seal;

	if (wire->sealed == NULL)
		return;
	if (!resets)
		seal->shut(wire->sealed);
	seal->close(wire->sealed);
	wire->sealed = NULL;
}

static void
wire_close(struct wire *wire, bool resets)
{
	const struct linger none = { 1, 0 };

	if (wire->closed)
		return;
	wire->closed = wire->end->over = true;
	ev_io_stop(wire->ev, &wire->reads);
	ev_io_stop(wire->ev, &wire->writes);
	ev_timer_stop(wire->ev, &wire->wakes);
	unseal(wire, resets);
	if (resets)
		setsockopt(
		    wire->reads.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	if (wire->writes.fd != wire->reads.fd)
		close(wire->writes.fd);
	close(wire->reads.fd);
	moves++;
}

static void
does(void *arg, enum peer_deed deed)
{
	struct wire *wire = arg;

	if (deed == PEER_SECURE)
		wire->sealed = wire->end->peer->seal->open(wire->reads.fd);
	else if (deed == PEER_SHUT && wire->sealed != NULL)
		wire->end->peer->seal->shut(wire->sealed);
	else if (deed == PEER_SHUT)
		shutdown(wire->writes.fd, SHUT_WR);
	else if (deed == PEER_STALL)
		ev_io_stop(wire->ev, &wire->reads);
	else
		wire_close(wire, deed == PEER_RESET);
}

static const struct peer_carrier carrier = { now_ns, wake, send_bytes, does,
	resize };

/* ---- what it is told ---- */

static ssize_t
receive(struct wire *wire, void *bytes, size_t len)
{
	if (wire->sealed != NULL)
		return wire->end->peer->seal->read(wire->sealed, bytes, len);
	return read(wire->reads.fd, bytes, len);
}

static void
on_readable(struct ev_loop *ev, ev_io *io, int events)
{
	static char bytes[PIECE];
	struct wire *wire = io->data;
	ssize_t len = receive(wire, bytes, sizeof(bytes));

	(void)ev;
	(void)events;
	/* Of a handshake there is nothing to hear. */
	moves += len >= 0 || errno != EAGAIN || wire->sealed != NULL;
	if (len < 0 && errno == EAGAIN)
		return;
	if (len > 0) {
		peer_hear(wire->end, bytes, (size_t)len);
		return;
	}
	peer_hung_up(wire->end, len < 0 ? errno : 0);
	wire_close(wire, false);
}

static void
on_writable(struct ev_loop *ev, ev_io *io, int events)
{
	struct wire *wire = io->data;

	(void)events;
	ev_io_stop(ev, io);
	peer_pump(wire->end);
}

static void
on_time(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct wire *wire = timer->data;

	(void)ev;
	(void)events;
	peer_awake(wire->end);
}

void
peer_adopt(struct peer *peer, struct ev_loop *ev, int read_fd, int write_fd)
{
	struct wire *wire = resize(NULL, sizeof(*wire));

	*wire = (struct wire){ .ev = ev };
	ev_io_init(&wire->reads, on_readable, read_fd, EV_READ);
	ev_io_init(&wire->writes, on_writable, write_fd, EV_WRITE);
	ev_timer_init(&wire->wakes, on_time, 0., 0.);
	wire->reads.data = wire->writes.data = wire->wakes.data = wire;
	ev_io_start(ev, &wire->reads);
	moves++;
	wire->end = peer_end_new(peer, &carrier, wire);
	if (peer->seal != NULL && !peer->seals_later)
		wire->sealed = peer->seal->open(read_fd);
	peer_accept(wire->end);
}

void
peer_hang_up(struct peer *peer, bool resets)
{
	for (struct peer_end *end = peer->ends; end != NULL; end = end->next)
		wire_close(end->wire, resets);
}

void
peer_fini(struct peer *peer)
{
	peer_hang_up(peer, false);
	while (peer->ends != NULL) {
		free(peer->ends->wire);
		peer_end_free(peer->ends);
	}
}

/* ---- where it listens ---- */

/* Answers are small, and none waits till the last one is acknowledged. */
static void
on_dial(struct ev_loop *ev, ev_io *io, int events)
{
	struct door *door = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int one = 1;

	(void)events;
	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	peer_adopt(door->peer, ev, fd, fd);
}

static int
socket_open(int domain)
{
	int fd = socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	check(fd >= 0, "socket of a peer");
	return fd;
}

static int
bind_tcp(struct door *door, struct sockaddr_in *address)
{
	int fd = socket_open(AF_INET);
	socklen_t len = sizeof(*address);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(fd, (struct sockaddr *)address, len) == 0 &&
		  getsockname(fd, (struct sockaddr *)address, &len) == 0,
	    "bind of a peer");
	door->port = ntohs(address->sin_port);
	return fd;
}

static int
bind_unix(struct door *door)
{
	static unsigned count;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket_open(AF_UNIX);

	snprintf(door->path, sizeof(door->path), "/tmp/stay-peer-%d-%u",
	    (int)getpid(), count++);
	memcpy(address.sun_path, door->path, sizeof(door->path));
	unlink(door->path);
	check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0,
	    "bind of a peer");
	return fd;
}

/* A backlog of 0 holds one; what comes after gets no answer at all. */
static void
stuff(struct door *door, const struct sockaddr_in *address)
{
	door->stuffing = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(connect(door->stuffing, (const struct sockaddr *)address,
		  sizeof(*address)) == 0,
	    "connect to a peer");
}

void
door_open(struct door *door, struct peer *peer, struct ev_loop *ev,
    enum door_kind kind)
{
	struct sockaddr_in address;
	int fd;

	*door = (struct door){ .peer = peer, .ev = ev };
	fd = kind == DOOR_UNIX ? bind_unix(door) : bind_tcp(door, &address);
	check(listen(fd, kind == DOOR_STUFFED ? 0 : 256) == 0,
	    "listen of a peer");
	ev_io_init(&door->io, on_dial, fd, EV_READ);
	door->io.data = door;
	if (kind == DOOR_STUFFED)
		stuff(door, &address);
	else
		ev_io_start(ev, &door->io);
}

void
door_close(struct door *door)
{
	if (door->io.fd < 0)
		return;
	if (ev_is_active(&door->io))
		ev_io_stop(door->ev, &door->io);
	close(door->io.fd);
	if (door->stuffing > 0)
		close(door->stuffing);
	if (door->path[0] != '\0')
		unlink(door->path);
	ev_io_set(&door->io, -1, EV_READ);
}

const char *
door_url_at(const struct door *door, const char *scheme, const char *host)
{
	static char url[256];

	snprintf(url, sizeof(url), "%s://%s:%d", scheme, host, door->port);
	return url;
}

const char *
door_url(const struct door *door, const char *scheme)
{
	static char url[256];

	if (door->path[0] == '\0')
		return door_url_at(door, scheme, "127.0.0.1");
	snprintf(url, sizeof(url), "%s%s://%s", scheme,
	    strcmp(scheme, "unix") == 0 ? "" : "+unix", door->path);
	return url;
}
