/*
 * libevent: a bufferevent, which is asked once, as a program would use it that has no
 * client library. Where it isn't installed this program measures nothing.
 */
#include "bench.h"

#if __has_include(<event2/bufferevent.h>)

#include <arpa/inet.h>
#include <netinet/in.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

static struct event_base *base;
static unsigned missing;

static void
on_read(struct bufferevent *events, void *arg)
{
	(void)arg;
	evbuffer_drain(bufferevent_get_input(events), 16);
	if (--missing == 0)
		event_base_loopbreak(base);
}

static void
on_event(struct bufferevent *events, short what, void *arg)
{
	static const char ping[] = "*1\r\n$4\r\nPING\r\n";

	(void)arg;
	bench_need((what & BEV_EVENT_CONNECTED) != 0 &&
		       bufferevent_write(events, ping, sizeof(ping) - 1) == 0,
	    "libevent cannot connect");
}

static void
dial(const struct sockaddr_in *address)
{
	struct bufferevent *events =
	    bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	bench_need(events != NULL, "no memory");
	bufferevent_setcb(events, on_read, NULL, on_event, NULL);
	bench_need(
	    bufferevent_enable(events, EV_READ | EV_WRITE) == 0 &&
		bufferevent_socket_connect(events,
		    (const struct sockaddr *)address, sizeof(*address)) == 0,
	    "libevent cannot connect");
}

static void
crowd(int port, unsigned count)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	if (base == NULL)
		base = event_base_new();
	bench_need(base != NULL, "no memory");
	missing = count;
	for (unsigned i = 0; i < count; i++)
		dial(&address);
	event_base_dispatch(base);
}

static const struct bench_contender contender = { .name = "libevent",
	.crowd = crowd };
const struct bench_contender *const bench_contender = &contender;

#else
const struct bench_contender *const bench_contender = NULL;
#endif
