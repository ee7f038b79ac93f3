/* Listening, accepting, moving bytes. What they mean is peer_redis.c's. */
#include "peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer_redis.h"

#define PEERS 80
#define ENDS  160
#define CLOGS 3

/* The real ones. */
int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *to, socklen_t len);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __real_getsockname(int fd, struct sockaddr *to, socklen_t *len);
int __real_setsockopt(
    int fd, int level, int name, const void *value, socklen_t len);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_close(int fd);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);

/* One connection of a peer. */
struct end {
	struct peer *peer;
	int read_fd;
	int write_fd;
	size_t heard;
	bool over;
	struct peer_bytes in;
	struct peer_bytes out;
};

static struct peer peers[PEERS];
static size_t peer_count;
static struct end ends[ENDS];
static size_t end_count;
static int clogs[CLOGS];
static size_t clog_count;

static void
check(bool fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	abort();
}

void
peer_bytes_add(struct peer_bytes *bytes, const void *data, size_t len)
{
	if (bytes->len + len > bytes->cap) {
		bytes->cap = (bytes->len + len) * 2;
		bytes->data = __real_realloc(bytes->data, bytes->cap);
		check(bytes->data != NULL, "memory of a peer");
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void
bytes_drop(struct peer_bytes *bytes, size_t len)
{
	bytes->len -= len;
	memmove(bytes->data, bytes->data + len, bytes->len);
}

/* ---- listening ---- */

static int
socket_open(int domain)
{
	int fd = __real_socket(
	    domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	check(fd >= 0, "socket of a peer");
	return fd;
}

static void
listen_tcp(struct peer *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->fd = socket_open(AF_INET);
	__real_setsockopt(
	    peer->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	check(__real_bind(peer->fd, (struct sockaddr *)&address, len) == 0,
	    "bind of a peer");
	__real_getsockname(peer->fd, (struct sockaddr *)&address, &len);
	peer->port = ntohs(address.sin_port);
}

static void
listen_unix(struct peer *peer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(peer->path, sizeof(peer->path), "/tmp/stay-torture-%d-%zu",
	    (int)getpid(), peer_count);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", peer->path);
	unlink(peer->path);
	peer->fd = socket_open(AF_UNIX);
	check(__real_bind(
		  peer->fd, (struct sockaddr *)&address, sizeof(address)) == 0,
	    "bind of a peer");
}

/* Dials that nobody accepts, till there is no room for another one. */
static void
clog_up(const struct peer *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)peer->port);
	while (clog_count < CLOGS) {
		clogs[clog_count] = socket_open(AF_INET);
		__real_connect(clogs[clog_count++], (struct sockaddr *)&address,
		    sizeof(address));
	}
}

static struct peer *
peer_new(enum peer_style style)
{
	struct peer *peer = &peers[peer_count];

	check(peer_count < PEERS, "more peers than thought of");
	*peer = (struct peer){ .style = style, .fd = -1 };
	return peer;
}

struct peer *
peer_listen(enum peer_style style, bool is_unix)
{
	struct peer *peer = peer_new(style);

	peer->is_unix = is_unix;
	if (is_unix)
		listen_unix(peer);
	else
		listen_tcp(peer);
	check(listen(peer->fd, style == PEER_CLOGGED ? 0 : 64) == 0, "listen");
	if (style == PEER_CLOGGED)
		clog_up(peer);
	peer_count++;
	return peer;
}

const char *
peer_url_at(const struct peer *peer, const char *scheme, const char *host)
{
	static char url[256];

	snprintf(url, sizeof(url), "%s://%s:%d", scheme, host, peer->port);
	return url;
}

const char *
peer_url(const struct peer *peer, const char *scheme)
{
	static char url[256];

	if (!peer->is_unix)
		return peer_url_at(peer, scheme, "127.0.0.1");
	snprintf(url, sizeof(url), "%s%s://%s", scheme,
	    strcmp(scheme, "unix") == 0 ? "" : "+unix", peer->path);
	return url;
}

/* ---- ends ---- */

static void
end_free(struct end *end)
{
	__real_free(end->in.data);
	__real_free(end->out.data);
	if (end->write_fd != end->read_fd)
		__real_close(end->write_fd);
	__real_close(end->read_fd);
	*end = ends[--end_count];
}

static void
end_reset(struct end *end)
{
	struct linger none = { 1, 0 };

	__real_setsockopt(
	    end->read_fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	end_free(end);
}

static void
end_new(struct peer *peer, int read_fd, int write_fd)
{
	check(end_count < ENDS, "more connections than thought of");
	ends[end_count++] = (struct end){
		.peer = peer, .read_fd = read_fd, .write_fd = write_fd
	};
}

struct peer *
peer_adopt(enum peer_style style, int read_fd, int write_fd)
{
	struct peer *peer = peer_new(style);

	peer_count++;
	end_new(peer, read_fd, write_fd);
	return peer;
}

void
peer_hang_up(struct peer *peer, bool resets)
{
	for (size_t i = end_count; i-- > 0;) {
		if (ends[i].peer != peer)
			continue;
		if (resets)
			end_reset(&ends[i]);
		else
			end_free(&ends[i]);
	}
}

static bool
peer_accept(struct peer *peer)
{
	int fd;

	if (peer->fd < 0 || peer->style == PEER_CLOGGED)
		return false;
	fd = accept4(peer->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return false;
	peer->accepted++;
	if (peer->style == PEER_CLOSES)
		__real_close(fd);
	else
		end_new(peer, fd, fd);
	return true;
}

void
peer_unlisten(struct peer *peer)
{
	if (peer->fd < 0)
		return;
	__real_close(peer->fd);
	peer->fd = -1;
	if (peer->is_unix)
		unlink(peer->path);
}

/* ---- bytes ---- */

static bool
end_hear(struct end *end)
{
	static char bytes[65536];
	ssize_t len = __real_read(end->read_fd, bytes, sizeof(bytes));

	if (len < 0 && errno == EAGAIN)
		return false;
	if (len <= 0) {
		end->over = true;
		return true;
	}
	end->heard += (size_t)len;
	peer_bytes_add(&end->in, bytes, (size_t)len);
	return true;
}

static void
end_think(struct end *end)
{
	size_t len;

	if (end->peer->holds || end->in.len == 0)
		return;
	if (end->peer->style == PEER_ECHO) {
		peer_bytes_add(&end->out, end->in.data, end->in.len);
		end->in.len = 0;
		return;
	}
	while ((len = peer_redis_serve(end->peer, end->in.data, end->in.len,
		    &end->out, &end->over)) > 0)
		bytes_drop(&end->in, len);
}

static bool
end_speak(struct end *end)
{
	ssize_t len;

	if (end->out.len == 0)
		return false;
	len = __real_write(end->write_fd, end->out.data, end->out.len);
	if (len < 0 && errno == EAGAIN)
		return false;
	if (len <= 0)
		end->over = true;
	else
		bytes_drop(&end->out, (size_t)len);
	return true;
}

/* True: something has happened; the end may be gone. */
static bool
end_step(struct end *end)
{
	struct peer *peer = end->peer;
	bool busy = end_hear(end);

	end_think(end);
	busy |= end_speak(end);
	if (peer->cut_after > 0 && end->heard >= peer->cut_after) {
		peer->cut_after = 0;
		end->over = true;
	}
	if (!end->over)
		return busy;
	if (peer->resets)
		end_reset(end);
	else
		end_free(end);
	return true;
}

static volatile bool stepping;

bool
peer_is_stepping(void)
{
	return stepping;
}

bool
peer_step(void)
{
	bool busy = false;

	stepping = true;
	for (size_t i = 0; i < peer_count; i++)
		while (peer_accept(&peers[i]))
			busy = true;
	for (size_t i = end_count; i-- > 0;)
		busy |= end_step(&ends[i]);
	stepping = false;
	return busy;
}

void
peer_end_all(void)
{
	while (end_count > 0)
		end_free(&ends[end_count - 1]);
	while (clog_count > 0)
		__real_close(clogs[--clog_count]);
	while (peer_count > 0)
		peer_unlisten(&peers[--peer_count]);
}
