/*
 * Two descriptors a link and a flow each way: at most one piece is held, so
 * that what has been passed on is known to the byte. It knows no protocol.
 */
#include "fault_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

#define HELD_MAX 16384

/* One way of a link. */
struct flow {
	struct fault_link *link;
	enum fault_way way;
	int from, to;
	ev_io readable;
	ev_io writable;
	ev_timer pause;
	char held[HELD_MAX];
	size_t begin, end;
	uint64_t passed;
	bool at_end; /* `from` sends no more */
	bool swallows;
};

struct fault_link {
	struct fault_proxy *proxy;
	struct fault_link *next;
	struct fault_plan plan;
	struct flow flows[2];
	bool over;
};

struct fault_plan
fault_none(void)
{
	return (struct fault_plan){ .after = { FAULT_NEVER, FAULT_NEVER } };
}

/* ---- a link ends ---- */

static void
stop_flow(struct flow *flow)
{
	struct ev_loop *ev = flow->link->proxy->ev;

	ev_io_stop(ev, &flow->readable);
	ev_io_stop(ev, &flow->writable);
	ev_timer_stop(ev, &flow->pause);
}

static void
close_as(int fd, enum fault_kind kind)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (kind == FAULT_RESET)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

/* Freed when the link is not in use any more: see sweep. */
static void
end_link(struct fault_link *link, enum fault_kind kind)
{
	if (link->over)
		return;
	link->over = true;
	for (int way = 0; way < 2; way++)
		stop_flow(&link->flows[way]);
	close_as(link->flows[FAULT_UP].from, kind);
	close_as(link->flows[FAULT_DOWN].from, kind);
}

static void
sweep(struct fault_proxy *proxy)
{
	struct fault_link **at = &proxy->links, *link;

	while ((link = *at) != NULL) {
		if (!link->over) {
			at = &link->next;
			continue;
		}
		*at = link->next;
		free(link);
	}
}

/* ---- bytes pass ---- */

static uint64_t
allowance(const struct flow *flow)
{
	uint64_t after = flow->link->plan.after[flow->way];

	return after == FAULT_NEVER ? FAULT_NEVER : after - flow->passed;
}

static void
strike(struct flow *flow)
{
	struct fault_link *link = flow->link;

	if (link->over || flow->swallows || allowance(flow) > 0)
		return;
	link->proxy->faults++;
	switch (link->plan.kind) {
	case FAULT_RESET:
	case FAULT_CLOSE:
		end_link(link, link->plan.kind);
		return;
	case FAULT_HALF:
		shutdown(flow->to, SHUT_WR);
		break;
	case FAULT_SILENCE:
		break;
	}
	flow->swallows = true;
}

/* Who has sent all, and all of it has gone on: the other may know. Behind a
 * fault there is nobody to be told. */
static void
pass_end(struct flow *flow)
{
	struct fault_link *link = flow->link;

	if (flow->swallows ||
	    (link->flows[FAULT_UP].at_end && link->flows[FAULT_DOWN].at_end))
		end_link(link, FAULT_CLOSE);
	else
		shutdown(flow->to, SHUT_WR);
}

static void
write_held(struct flow *flow)
{
	struct fault_proxy *proxy = flow->link->proxy;
	size_t len = flow->end - flow->begin, piece = flow->link->plan.piece;
	ssize_t wrote;

	if (piece > 0 && len > piece)
		len = piece;
	if (len > allowance(flow))
		len = (size_t)allowance(flow);
	wrote = send(flow->to, flow->held + flow->begin, len, MSG_NOSIGNAL);
	if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
		end_link(flow->link, FAULT_RESET);
		return;
	}
	if (wrote > 0) {
		flow->begin += (size_t)wrote;
		flow->passed += (uint64_t)wrote;
		proxy->bytes[flow->way] += (uint64_t)wrote;
	}
	strike(flow);
}

/* Write on, at once or after the pause, until nothing is held. */
static void
go_on(struct flow *flow)
{
	struct fault_link *link = flow->link;
	struct ev_loop *ev = link->proxy->ev;

	if (link->over)
		return;
	ev_io_stop(ev, &flow->writable);
	if (flow->swallows)
		flow->begin = flow->end;
	if (flow->begin < flow->end && link->plan.delay > 0) {
		ev_timer_set(&flow->pause, link->plan.delay, 0.);
		ev_timer_start(ev, &flow->pause);
	} else if (flow->begin < flow->end) {
		ev_io_start(ev, &flow->writable);
	} else if (flow->at_end) {
		pass_end(flow);
	} else {
		ev_io_start(ev, &flow->readable);
	}
}

static void
on_writable(struct ev_loop *ev, ev_io *io, int events)
{
	struct flow *flow = io->data;

	(void)ev;
	(void)events;
	write_held(flow);
	go_on(flow);
}

static void
on_pause(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct flow *flow = timer->data;

	(void)ev;
	(void)events;
	write_held(flow);
	go_on(flow);
}

static void
on_readable(struct ev_loop *ev, ev_io *io, int events)
{
	struct flow *flow = io->data;
	ssize_t got = recv(flow->from, flow->held, sizeof(flow->held), 0);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		end_link(flow->link, FAULT_RESET);
		return;
	}
	ev_io_stop(ev, io);
	flow->at_end = got == 0;
	flow->begin = 0;
	flow->end = (size_t)got;
	if (got > 0 && flow->link->plan.delay <= 0 && !flow->swallows)
		write_held(flow);
	go_on(flow);
}

/* ---- a link begins ---- */

static void
start_flow(struct fault_link *link, enum fault_way way, int from, int to)
{
	struct flow *flow = &link->flows[way];
	const int on = 1;

	setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	flow->link = link;
	flow->way = way;
	flow->from = from;
	flow->to = to;
	ev_io_init(&flow->readable, on_readable, from, EV_READ);
	ev_io_init(&flow->writable, on_writable, to, EV_WRITE);
	ev_init(&flow->pause, on_pause);
	flow->readable.data = flow->writable.data = flow->pause.data = flow;
	ev_io_start(link->proxy->ev, &flow->readable);
}

/* The server is on this machine: it is there at once or not at all. */
static int
dial(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
on_client(struct ev_loop *ev, ev_io *io, int events)
{
	struct fault_proxy *proxy = io->data;
	int client = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct fault_link *link;
	int server;

	(void)ev;
	(void)events;
	sweep(proxy);
	if (client < 0)
		return;
	server = dial(proxy->target);
	if (server < 0) {
		close_as(client, FAULT_RESET);
		return;
	}
	link = calloc(1, sizeof(*link));
	ck_assert_ptr_nonnull(link);
	link->proxy = proxy;
	link->plan = proxy->plan;
	link->next = proxy->links;
	proxy->links = link;
	proxy->accepted++;
	if (proxy->plan_once)
		proxy->plan = fault_none();
	start_flow(link, FAULT_UP, client, server);
	start_flow(link, FAULT_DOWN, server, client);
	for (int way = 0; way < 2; way++)
		strike(&link->flows[way]);
}

void
fault_proxy_open(struct fault_proxy *proxy, struct ev_loop *ev, int target)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memset(proxy, 0, sizeof(*proxy));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	proxy->ev = ev;
	proxy->target = target;
	proxy->plan = fault_none();
	proxy->port = ntohs(address.sin_port);
	snprintf(proxy->url, sizeof(proxy->url), "redis://127.0.0.1:%d",
	    proxy->port);
	ev_io_init(&proxy->listener, on_client, fd, EV_READ);
	proxy->listener.data = proxy;
	ev_io_start(ev, &proxy->listener);
}

void
fault_proxy_cut(struct fault_proxy *proxy, enum fault_kind kind)
{
	for (struct fault_link *link = proxy->links; link != NULL;
	     link = link->next)
		end_link(link, kind);
	sweep(proxy);
}

void
fault_proxy_close(struct fault_proxy *proxy)
{
	fault_proxy_cut(proxy, FAULT_CLOSE);
	ev_io_stop(proxy->ev, &proxy->listener);
	close(proxy->listener.fd);
}
