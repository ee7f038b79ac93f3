/* Accepts and counts; knows nothing of the library. */
#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

static void
on_peer(struct ev_loop *ev, ev_io *io, int events)
{
	struct listener *listener = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)ev;
	(void)events;
	if (fd < 0)
		return;
	listener->accepted++;
	if (listener->closes) {
		close(fd);
		return;
	}
	ck_assert_uint_lt(listener->peer_count, LISTENER_PEERS_MAX);
	listener->peers[listener->peer_count++] = fd;
}

static int
listen_on(struct sockaddr_in *address, int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*address);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)address, len), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

static void
open_at(struct listener *listener, struct ev_loop *ev, int backlog,
    struct sockaddr_in *address)
{
	memset(listener, 0, sizeof(*listener));
	ev_io_init(
	    &listener->io, on_peer, listen_on(address, backlog), EV_READ);
	listener->io.data = listener;
	listener->ev = ev;
	listener->stuffing = -1;
	listener->port = ntohs(address->sin_port);
	snprintf(listener->url, sizeof(listener->url), "redis://127.0.0.1:%d",
	    listener->port);
	if (ev != NULL)
		ev_io_start(ev, &listener->io);
}

void
listener_open(struct listener *listener, struct ev_loop *ev)
{
	struct sockaddr_in address;

	open_at(listener, ev, 256, &address);
}

/* A backlog of 0 holds one; what comes after gets no answer at all. */
void
listener_open_stuffed(struct listener *listener)
{
	struct sockaddr_in address;

	open_at(listener, NULL, 0, &address);
	listener->stuffing = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(listener->stuffing,
			     (struct sockaddr *)&address, sizeof(address)),
	    0);
}

void
listener_close(struct listener *listener)
{
	if (listener->ev != NULL)
		ev_io_stop(listener->ev, &listener->io);
	close(listener->io.fd);
	if (listener->stuffing >= 0)
		close(listener->stuffing);
	for (unsigned i = 0; i < listener->peer_count; i++)
		close(listener->peers[i]);
}
