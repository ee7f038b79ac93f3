/* The kernel around a world: loopback sockets, and unix sockets in a folder of the
 * test's own. What waits is the bed's that takes it over. */
#include "support/world_bed.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "base/address.h"
#include "support/child.h"
#include "support/descriptors.h"

#define PATIENCE_MS 20000

static struct {
	int server; /* who listens; -1: none */
	int peer;   /* the other end; -1: none yet */
	char folder[32];
	char path[48];
} net;

void
bed_kernel_begin(void)
{
	net.server = net.peer = -1;
	net.folder[0] = '\0';
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
bed_kernel_end(void)
{
	close_one(&net.server);
	close_one(&net.peer);
	if (net.folder[0] == '\0')
		return;
	unlink(net.path);
	ck_assert_int_eq(rmdir(net.folder), 0);
}

static bool
child(bool (*finds)(void *arg))
{
	return child_finds(finds, NULL);
}

static void
pair(struct stay_world *world, int fds[2])
{
	int type = SOCK_STREAM | SOCK_NONBLOCK;

	(void)world;
	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, fds), 0);
}

static size_t
open_fds(struct stay_world *world)
{
	struct descriptors open;

	(void)world;
	descriptors_list(&open);
	return open.count;
}

/* ---- places ---- */

static struct sockaddr *
sockaddr_of(struct stay_address *address)
{
	return (struct sockaddr *)&address->storage;
}

int
bed_bound(struct stay_address *address)
{
	struct sockaddr *to = sockaddr_of(address);
	int fd = socket(to->sa_family, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, to, address->len), 0);
	address->len = sizeof(address->storage);
	ck_assert_int_eq(getsockname(fd, to, &address->len), 0);
	return fd;
}

static void
folder_make(struct stay_address *address)
{
	strcpy(net.folder, "/tmp/stay-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(net.folder));
	snprintf(net.path, sizeof(net.path), "%s/s", net.folder);
	ck_assert(stay__address_of_path(address, net.path));
}

/* A backlog of 0 takes one. */
static void
place(const char *place, struct stay_address *address)
{
	bool full = strcmp(place, "unix-full") == 0;

	if (place[0] == 'u')
		folder_make(address);
	else
		stay__address_parse(address, "127.0.0.1", "0");
	if (strcmp(place, "unix-nowhere") == 0)
		return;
	net.server = bed_bound(address);
	if (strstr(place, "-nobody") == NULL)
		ck_assert_int_eq(listen(net.server, full ? 0 : 8), 0);
	if (!full)
		return;
	net.peer = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(
	    connect(net.peer, sockaddr_of(address), address->len), 0);
}

/* ---- the other end ---- */

static bool
is_ready(int fd, int ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, ms) == 1;
}

static int
peer(void)
{
	if (net.peer < 0 && is_ready(net.server, PATIENCE_MS))
		net.peer = accept(net.server, NULL, NULL);
	ck_assert_int_ge(net.peer, 0);
	return net.peer;
}

static const char *
say(const char *word)
{
	size_t len = strlen(word);

	return send(peer(), word, len, MSG_NOSIGNAL) == (ssize_t)len ? "ok"
								     : "fails";
}

static const char *
heard(const char *word)
{
	char bytes[64];
	ssize_t got = recv(peer(), bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

	(void)word;
	return bed_bytes(bytes, got < 0 ? -errno : got);
}

VERB(hear, is_ready(peer(), PATIENCE_MS) ? heard(word) : "nothing")

static const char *
end(const char *how)
{
	const struct linger at_once = { .l_onoff = how[0] == 'r' };

	if (how[0] == 's')
		return bed_result(shutdown(peer(), SHUT_WR));
	setsockopt(peer(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_one(&net.peer);
	return "ok";
}

static const struct verb verbs[] = { { "say", say }, { "heard", heard },
	{ "hear", hear }, { "end", end }, { NULL, NULL } };

const struct bed bed_kernel = {
	.child = child,
	.pair = pair,
	.open_fds = open_fds,
	.place = place,
	.verbs = verbs,
};
