/*
 * The world's system calls on descriptors: connect with options, read, write,
 * wake. This file knows nothing of loops, watchers or the library above. Every
 * result is a number of bytes, 0 or a negative errno.
 */
#include "world/ev_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define KEEPALIVE_PROBES 4
#define KEEPALIVE_MAX_S  32767 /* what the kernel accepts */

static bool
is_inet(const struct stay_address *address)
{
	return address->storage.ss_family == AF_INET ||
	       address->storage.ss_family == AF_INET6;
}

/* An option that this kernel does not know is no error: the connect goes on. */
static int
option_set(int fd, int level, int name, uint64_t value)
{
	int number = value > INT_MAX ? INT_MAX : (int)value;

	if (setsockopt(fd, level, name, &number, sizeof(number)) == 0 ||
	    errno == ENOPROTOOPT || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

/* Whole seconds, at least one. */
static uint64_t
keepalive_seconds(uint64_t ms)
{
	uint64_t seconds = ms / 1000;

	if (seconds == 0)
		return 1;
	return seconds > KEEPALIVE_MAX_S ? KEEPALIVE_MAX_S : seconds;
}

/* How many probes may go unanswered says TCP_USER_TIMEOUT, where it is set: Linux looks
 * at one or the other. */
static int
keepalive_set(int fd, const struct stay_socket_options *options)
{
	uint64_t ms = options->keepalive_ms;
	int error = option_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);

	if (error == 0)
		error = option_set(
		    fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_seconds(ms));
	if (error == 0)
		error = option_set(
		    fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_seconds(ms / 4));
	if (error == 0 && options->user_timeout_ms == 0)
		error =
		    option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	return error;
}

/*
 * Without a port in `source`, connect picks the port later, and may share it among
 * destinations. bind would pick a port that nobody uses at all.
 */
static int
source_bind(int fd, const struct stay_address *source)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&source->storage;

	(void)option_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	return bind(fd, address, source->len) == 0 ? 0 : -errno;
}

static int
options_apply(int fd, const struct stay_address *to,
    const struct stay_socket_options *options)
{
	int error = 0;

	if (!is_inet(to))
		return 0;
	if (options->nodelay)
		error = option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (error == 0 && options->keepalive_ms != 0 &&
	    !options->keepalive_later)
		error = keepalive_set(fd, options);
	if (error == 0 && options->user_timeout_ms != 0)
		error = option_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
		    options->user_timeout_ms);
	if (error == 0 && options->source.len != 0)
		error = source_bind(fd, &options->source);
	return error;
}

static bool
is_same_ip4(const struct sockaddr_in *here, const struct sockaddr_in *to)
{
	return here->sin_port == to->sin_port &&
	       (here->sin_addr.s_addr == to->sin_addr.s_addr ||
		   to->sin_addr.s_addr == INADDR_ANY);
}

static bool
is_same_ip6(const struct sockaddr_in6 *here, const struct sockaddr_in6 *to)
{
	return here->sin6_port == to->sin6_port &&
	       (IN6_ARE_ADDR_EQUAL(&here->sin6_addr, &to->sin6_addr) ||
		   IN6_IS_ADDR_UNSPECIFIED(&to->sin6_addr));
}

/* Whether a socket that has this address of its own is connected to itself. */
static bool
is_same_place(
    const struct sockaddr_storage *here, const struct sockaddr_storage *to)
{
	return here->ss_family == AF_INET
		   ? is_same_ip4((const void *)here, (const void *)to)
		   : is_same_ip6((const void *)here, (const void *)to);
}

/*
 * A dial to a local port where nobody listens can get that same port as its own, and
 * so connect to itself. That is a failure: nobody listens. The kernel has chosen the
 * port when connect returns.
 */
static int
stranger_check(int fd, const struct stay_address *to)
{
	struct sockaddr_storage here;
	socklen_t len = sizeof(here);

	if (!is_inet(to))
		return 0;
	memset(&here, 0, sizeof(here));
	if (getsockname(fd, (struct sockaddr *)&here, &len) != 0)
		return -errno;
	return is_same_place(&here, &to->storage) ? -ECONNREFUSED : 0;
}

/*
 * After EINTR the kernel still goes on connecting. -EAGAIN is final: the backlog of a
 * unix socket is full, or no local port is left. Nothing would make the socket
 * writable later.
 */
static int
connect_begin(int fd, const struct stay_address *to)
{
	const struct sockaddr *address = (const struct sockaddr *)&to->storage;
	int begun = connect(fd, address, to->len) == 0 ? 0 : errno, error;

	if (begun != 0 && begun != EINTR && begun != EINPROGRESS)
		return -begun;
	error = stranger_check(fd, to);
	if (error != 0)
		return error;
	return begun == 0 ? 0 : -EINPROGRESS;
}

int
stay__socket_connect(const struct stay_address *to,
    const struct stay_socket_options *options, int *fd)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int made = socket(to->storage.ss_family, type, 0);
	int error;

	if (made < 0)
		return -errno;
	error = options_apply(made, to, options);
	if (error == 0)
		error = connect_begin(made, to);
	if (error == 0 || error == -EINPROGRESS)
		*fd = made;
	else
		close(made);
	return error;
}

/* Whoever has a peer is connected; the error is asked for only where there is one. */
int
stay__socket_finish(int fd)
{
	struct sockaddr_storage there;
	socklen_t there_len = sizeof(there), len = sizeof(int);
	int error, nobody;

	if (getpeername(fd, (struct sockaddr *)&there, &there_len) == 0)
		return 0;
	nobody = errno;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		return -errno;
	return error != 0 ? -error : -nobody;
}

int
stay__socket_adopt(int fd)
{
	int status = fcntl(fd, F_GETFL);
	int flags = fcntl(fd, F_GETFD);

	if (status < 0 || flags < 0)
		return -errno;
	if (fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0)
		return -errno;
	if (fcntl(fd, F_SETFL, status | O_NONBLOCK) != 0)
		return -errno;
	return 0;
}

/*
 * MSG_NOSIGNAL works on sockets only. On a pipe SIGPIPE is blocked in this thread
 * during the call, and taken away if the call has raised it. A SIGPIPE that was
 * pending before stays pending, and ours is merged into it.
 */
static ssize_t
pipe_write(int fd, const struct iovec *parts, int count)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t pipe_only, before, pending;
	ssize_t put;
	int error;

	if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1) {
		put = writev(fd, parts, count);
		return put < 0 ? -errno : put;
	}
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	put = writev(fd, parts, count);
	error = errno;
	if (put < 0 && error == EPIPE)
		while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 &&
		       errno == EINTR)
			continue;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return put < 0 ? -error : put;
}

/* It has failed once. */
static __attribute__((noinline)) ssize_t
write_again(int fd, const struct msghdr *message)
{
	ssize_t put = -errno;

	while (put == -EINTR || put == -ENOTSOCK) {
		if (put == -ENOTSOCK)
			put = pipe_write(
			    fd, message->msg_iov, (int)message->msg_iovlen);
		else if ((put = sendmsg(fd, message, MSG_NOSIGNAL)) < 0)
			put = -errno;
	}
	return put;
}

ssize_t
stay__socket_write(int fd, const struct iovec *parts, int count)
{
	struct msghdr message = { 0 };
	ssize_t put;

	if (count > IOV_MAX)
		count = IOV_MAX;
	/* sendmsg only reads them; its struct has no const. */
	memcpy(&message.msg_iov, &parts, sizeof(message.msg_iov));
	message.msg_iovlen = (size_t)count;
	put = sendmsg(fd, &message, MSG_NOSIGNAL);
	return put >= 0 ? put : write_again(fd, &message);
}

int
stay__socket_shutdown(int fd)
{
	return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno;
}

int
stay__socket_keep_alive(int fd, const struct stay_socket_options *options)
{
	return keepalive_set(fd, options);
}

int
stay__wake_open(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A full pipe needs no further byte: it wakes its reader already. */
void
stay__wake(int fd)
{
	const uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

/* If the descriptor cannot be cleared now, it stays readable and wakes the loop
 * again. */
void
stay__wake_clear(int fd)
{
	uint64_t count;

	(void)stay__socket_read(fd, &count, sizeof(count));
}
