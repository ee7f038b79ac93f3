/*
 * The limit: the least that any client has to do. Bare epoll, requests that
 * were written down beforehand, a scan for where each reply ends; no calls, no
 * callbacks, no replies handed out, no care for anything that goes wrong.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_SIZE ((size_t)64 * 1024)

/* ---- where replies end ---- */

/* Bytes that were read and not yet scanned stand at the front of `bytes`. */
struct scanner {
	char bytes[INPUT_SIZE];
	size_t len;
	uint64_t
	    elements; /* to come before the reply is whole; 0: between two */
	uint64_t replies; /* so many were whole */
};

static uint64_t
digits(const char *at, const char *end)
{
	uint64_t value = 0;

	for (; at < end && *at >= '0'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

/* What is behind the element; NULL: it is not there in full. */
static const char *
element(struct scanner *scanner, const char *at, const char *end)
{
	const char *line = memchr(at, '\n', (size_t)(end - at));
	uint64_t len;

	if (line == NULL)
		return NULL;
	if (*at == '$') {
		len = digits(at + 1, line) + 2;
		if ((uint64_t)(end - line - 1) < len)
			return NULL;
		line += len;
	}
	if (scanner->elements > 0)
		scanner->elements--;
	if (*at == '*')
		scanner->elements += digits(at + 1, line);
	if (scanner->elements == 0)
		scanner->replies++;
	return line + 1;
}

/* `got` more bytes were put behind `len`. */
static void
scan(struct scanner *scanner, size_t got)
{
	const char *at = scanner->bytes;
	const char *end = at + scanner->len + got;
	const char *next;

	while (at < end && (next = element(scanner, at, end)) != NULL)
		at = next;
	scanner->len = (size_t)(end - at);
	memmove(scanner->bytes, at, scanner->len);
}

static void
parse(struct bench_feed *feed)
{
	static struct scanner scanner;
	size_t got;

	bench_watch_start();
	while ((got = bench_feed_read(feed, scanner.bytes + scanner.len,
		    INPUT_SIZE - scanner.len)) > 0)
		scan(&scanner, got);
	bench_watch_stop();
	bench_need(scanner.replies == feed->replies, "a reply was lost");
	scanner.replies = 0;
}

/* ---- GET ---- */

static struct {
	int fd;
	int epoll;
	char requests[BENCH_IN_FLIGHT_MAX * BENCH_GET_LEN];
	struct scanner input;
} client;

static int
epoll_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	bench_need(
	    epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0,
	    "cannot wait");
	return epoll;
}

static void
open_client(int port)
{
	client.fd = bench_connect(port);
	client.epoll = epoll_of(client.fd);
	for (size_t i = 0; i < BENCH_IN_FLIGHT_MAX; i++)
		memcpy(client.requests + i * BENCH_GET_LEN, BENCH_GET,
		    BENCH_GET_LEN);
}

/* The socket blocks, but what is ever in flight fits into its buffers. */
static void
ask(uint64_t count)
{
	size_t len = (size_t)count * BENCH_GET_LEN;

	bench_need(write(client.fd, client.requests, len) == (ssize_t)len,
	    "cannot write");
}

static uint64_t
answers(void)
{
	struct scanner *input = &client.input;
	struct epoll_event event;
	ssize_t got;

	input->replies = 0;
	epoll_wait(client.epoll, &event, 1, -1);
	got =
	    read(client.fd, input->bytes + input->len, INPUT_SIZE - input->len);
	bench_need(got > 0, "cannot read");
	scan(input, (size_t)got);
	return input->replies;
}

static void
get(unsigned in_flight, uint64_t calls)
{
	uint64_t unasked = calls, unanswered = calls;
	uint64_t count = in_flight;

	while (unanswered > 0) {
		if (count > unasked)
			count = unasked;
		if (count > 0)
			ask(count);
		unasked -= count;
		count = answers();
		unanswered -= count;
	}
}

/* ---- many connections ---- */

#define PING "*1\r\n$4\r\nPING\r\n"

/* A connection needs this much to be one at all. */
struct link {
	int fd;
	bool asked;
};

/* So many at once are what the kernel's queue of new ones takes without a loss, for
 * which each would pay a second. */
#define DIALS_MAX 256

static void
dial(int epoll, int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct link *link = calloc(1, sizeof(*link));
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = link };

	bench_need(link != NULL, "no memory");
	link->fd =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bench_need(link->fd >= 0 &&
		       (connect(link->fd, (struct sockaddr *)&address,
			    sizeof(address)) == 0 ||
			   errno == EINPROGRESS) &&
		       epoll_ctl(epoll, EPOLL_CTL_ADD, link->fd, &event) == 0,
	    "cannot connect");
}

/* True: it has its reply. */
static bool
go_on(int epoll, struct link *link)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = link };
	char reply[16];

	if (link->asked) {
		bench_need(
		    read(link->fd, reply, sizeof(reply)) > 0, "cannot read");
		return true;
	}
	link->asked = true;
	bench_need(write(link->fd, PING, sizeof(PING) - 1) ==
			   (ssize_t)sizeof(PING) - 1 &&
		       epoll_ctl(epoll, EPOLL_CTL_MOD, link->fd, &event) == 0,
	    "cannot write");
	return false;
}

static void
crowd(int port, unsigned count)
{
	struct epoll_event events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC), ready;
	unsigned dialled = 0, answered = 0;

	bench_need(epoll >= 0, "cannot wait");
	while (answered < count) {
		while (dialled < count && dialled - answered < DIALS_MAX) {
			dial(epoll, port);
			dialled++;
		}
		ready = epoll_wait(epoll, events, 64, -1);
		for (int i = 0; i < ready; i++)
			answered += go_on(epoll, events[i].data.ptr);
	}
	close(epoll);
}

static const struct bench_contender limit = { "limit", open_client, get, crowd,
	NULL, NULL, parse };
const struct bench_contender *const bench_contender = &limit;
