/*
 * The system's sockets as the worlds on POSIX use them, and what becomes of a call that
 * fails. What they write is in test_world_ev_write.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "suites.h"
#include "support/descriptors.h"
#include "support/failing.h"
#include "support/world_bed.h"
#include "world/ev_socket.h"

/* ---- wake-ups ---- */

/* Once is enough, however often it was woken. */
TEST(world_ev_wake_lasts_till_it_is_cleared)
{
	struct pollfd ready = { .fd = stay__wake_open(), .events = POLLIN };

	ck_assert_int_eq(poll(&ready, 1, 0), 0);
	stay__wake_clear(ready.fd);
	for (int i = 0; i < 2; i++) {
		stay__wake(ready.fd);
		stay__wake(ready.fd);
		ck_assert_int_eq(poll(&ready, 1, 0), 1);
		stay__wake_clear(ready.fd);
		ck_assert_int_eq(poll(&ready, 1, 0), 0);
	}
	close(ready.fd);
}

/* A signal is waited for no longer than the call, and what a full counter refuses is
 * there already. What went wrong before is not looked at. */
TEST_ROWS(world_ev_wake_is_written_once, 3)
{
	static const struct {
		int error; /* 0: it does not fail */
		uint64_t count;
	} rows[] = { { 0, 1 }, { EINTR, 1 }, { EAGAIN, 0 } };
	int fd = stay__wake_open();
	uint64_t count = 0;

	if (rows[_i].error != 0)
		failing_arm(FAILING_write, 1, rows[_i].error);
	errno = EINTR;
	stay__wake(fd);
	ck_assert_int_eq(failing_disarm(), rows[_i].error != 0);
	ck_assert_int_eq(
	    read(fd, &count, sizeof(count)), rows[_i].count > 0 ? 8 : -1);
	ck_assert_uint_eq(count, rows[_i].count);
	close(fd);
}

/* Of a program without standard input it may be 0. */
TEST(world_ev_takes_any_descriptor)
{
	struct stay_address to;
	int input = dup(0), fd;

	here.bed->place("unix", &to);
	close(0);
	ck_assert_int_eq(stay__wake_open(), 0);
	close(0);
	ck_assert_int_eq(
	    stay__socket_connect(&to, &(struct stay_socket_options){ 0 }, &fd),
	    0);
	ck_assert_int_eq(fd, 0);
	close(0);
	if (input >= 0)
		dup2(input, 0);
	close(input);
}

/* ---- sockets ---- */

static struct stay_address
address(const char *host, const char *port)
{
	struct stay_address address;

	ck_assert(stay__address_parse(&address, host, port));
	return address;
}

/* To `to`, or to who listens there now. A descriptor, or why not. */
static int
dialled(struct stay_address to, const struct stay_socket_options *options)
{
	struct pollfd decided = { .events = POLLOUT };
	int error = stay__socket_connect(&to, options, &decided.fd);

	if (error != -EINPROGRESS)
		return error == 0 ? decided.fd : error;
	ck_assert_int_eq(poll(&decided, 1, 20000), 1);
	error = stay__socket_finish(decided.fd);
	if (error == 0)
		return decided.fd;
	close(decided.fd);
	return error;
}

static int
option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

TEST(world_ev_connect_applies_the_options)
{
	const struct stay_socket_options options = {
		.nodelay = true,
		.keepalive_ms = 9500,
		.user_timeout_ms = 12345,
		.source = address("127.0.0.2", "0"),
	};
	const struct stay_socket_options keepalive = { .keepalive_ms = 9500 };
	const struct stay_socket_options plain = { .nodelay = false };
	const struct stay_socket_options later = { .keepalive_ms = 9500,
		.keepalive_later = true };
	struct stay_address to;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd;

	here.bed->place("tcp", &to);
	fd = dialled(to, &options);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 9);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 2);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
	/* which says when it is over, in place of a number of probes */
	ck_assert_int_ne(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&from, &len), 0);
	ck_assert_uint_eq(ntohl(from.sin_addr.s_addr), INADDR_LOOPBACK + 1);
	close(fd);
	fd = dialled(to, &keepalive);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
	close(fd);
	fd = dialled(to, &later);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	ck_assert_int_eq(here.ops->keep_alive(here.world, fd, &later), 0);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 9);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 2);
	close(fd);
	fd = dialled(to, &plain);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	ck_assert(descriptor_is_nonblock(fd) && descriptor_is_cloexec(fd));
	close(fd);
}

/* Whole seconds that the kernel takes, and every ms of the other. */
TEST_ROWS(world_ev_keep_alive_is_rounded, 7)
{
	static const struct {
		uint64_t ms, user_timeout_ms;
		int idle, interval;
	} rows[] = {
		{ 1, 1, 1, 1 },
		{ 999, 0, 1, 1 },
		{ 1998, 2, 1, 1 },
		{ 2000, 0, 2, 1 },
		{ 8000, 0, 8, 2 },
		{ 40000 * UINT64_C(1000), 0, 32767, 10000 },
		{ UINT64_MAX, 0, 32767, 32767 },
	};
	const struct stay_socket_options options = {
		.keepalive_ms = rows[_i].ms,
		.user_timeout_ms = rows[_i].user_timeout_ms,
	};
	struct stay_address to;
	int fd;

	here.bed->place("tcp", &to);
	fd = dialled(to, &options);
	ck_assert_int_eq(
	    option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), rows[_i].idle);
	ck_assert_int_eq(
	    option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), rows[_i].interval);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT),
	    (int)rows[_i].user_timeout_ms);
	close(fd);
}

/* All that can be asked for. */
static struct stay_socket_options
all_options(const char *source)
{
	return (struct stay_socket_options){ .nodelay = true,
		.keepalive_ms = 9500,
		.user_timeout_ms = 12345,
		.source = address(source, "0") };
}

/* A unix socket has none of them. */
TEST(world_ev_connect_to_a_path_has_no_options)
{
	struct stay_socket_options options = all_options("127.0.0.1");
	struct stay_address to;
	int fd;

	here.bed->place("unix", &to);
	fd = dialled(to, &options);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(fd);
}

TEST(world_ev_connect_applies_the_options_of_ip6)
{
	struct stay_socket_options options = all_options("::1");
	struct stay_address to = address("::1", "0");
	int listener = bed_bound(&to), fd;

	ck_assert_int_eq(listen(listener, 1), 0);
	fd = dialled(to, &options);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), 1);
	close(fd);
	close(listener);
}

/* What this kernel does not know is left out; else it is refused, and closed. */
TEST_ROWS(world_ev_connect_whose_options_fail, 6)
{
	static const struct {
		int error;
		bool refused;
		bool user_timeout; /* in place of a number of probes */
	} rows[] = {
		{ ENOPROTOOPT, false, true },
		{ EOPNOTSUPP, false, true },
		{ ENOBUFS, true, true },
		{ ENOPROTOOPT, false, false },
		{ EOPNOTSUPP, false, false },
		{ ENOBUFS, true, false },
	};
	struct stay_socket_options options = all_options("127.0.0.1");
	struct stay_address to;
	bool failed = true;
	size_t before;
	int fd;

	options.source.len = 0;
	if (!rows[_i].user_timeout)
		options.user_timeout_ms = 0;
	here.bed->place("tcp", &to);
	before = here.bed->open_fds(here.world);
	for (unsigned nth = 1; failed; nth++) {
		failing_arm(FAILING_setsockopt, nth, rows[_i].error);
		fd = dialled(to, &options);
		failed = failing_disarm();
		if (fd >= 0)
			close(fd);
		ck_assert(failed && rows[_i].refused
			      ? fd == -rows[_i].error && nth <= 5
			      : fd >= 0);
		ck_assert_uint_eq(here.bed->open_fds(here.world), before);
	}
}

/* Who is interrupted connects on; else there is no socket left. */
TEST_ROWS(world_ev_connect_that_fails, 5)
{
	static const struct {
		enum failing call;
		int error, told;
	} rows[] = {
		{ FAILING_socket, EMFILE, -EMFILE },
		{ FAILING_getsockname, ENOBUFS, -ENOBUFS },
		{ FAILING_connect, EPERM, -EPERM },
		{ FAILING_connect, EAGAIN, -EAGAIN },
		{ FAILING_connect, EINTR, -EINPROGRESS },
	};
	const struct stay_socket_options plain = { .nodelay = true };
	struct stay_address to;
	int fd = -1, error;
	size_t before;

	here.bed->place("tcp", &to);
	before = here.bed->open_fds(here.world);
	failing_arm(rows[_i].call, 1, rows[_i].error);
	error = stay__socket_connect(&to, &plain, &fd);
	ck_assert(failing_disarm());
	ck_assert_int_eq(error, rows[_i].told);
	ck_assert_int_eq(fd >= 0, error == -EINPROGRESS);
	if (fd >= 0)
		close(fd);
	ck_assert_uint_eq(here.bed->open_fds(here.world), before);
}

static uint16_t *
port_in(struct stay_address *address)
{
	return address->storage.ss_family == AF_INET
		   ? &((struct sockaddr_in *)&address->storage)->sin_port
		   : &((struct sockaddr_in6 *)&address->storage)->sin6_port;
}

/* Its own port is the one it dials: nobody is there. The same port of another host is
 * not its own, and neither is another port of the same. */
TEST_ROWS(world_ev_connect_to_itself_is_refused, 7)
{
	static const struct {
		const char *to, *from;
		bool same_port, itself;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1", true, true },
		{ "0.0.0.0", "127.0.0.1", true, true },
		{ "::1", "::1", true, true },
		{ "::", "::1", true, true },
		{ "127.0.0.1", "127.0.0.2", true, false },
		{ "127.0.0.1", "127.0.0.1", false, false },
		{ "::1", "::1", false, false },
	};
	struct stay_address to = address(rows[_i].to, "0");
	struct stay_socket_options options = {
		.source = address(rows[_i].from, "0"),
	};
	int listener = bed_bound(&to), fd;

	if (rows[_i].itself)
		close(listener);
	else
		ck_assert_int_eq(listen(listener, 1), 0);
	if (rows[_i].same_port)
		*port_in(&options.source) = *port_in(&to);
	fd = dialled(to, &options);
	ck_assert(rows[_i].itself ? fd == -ECONNREFUSED : fd >= 0);
	if (!rows[_i].itself) {
		close(fd);
		close(listener);
	}
}

/* No error, and nobody at the other end either. */
TEST(world_ev_connect_that_never_was_has_failed)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(stay__socket_finish(fd), -ENOTCONN);
	close(fd);
	ck_assert_int_eq(stay__socket_finish(fd), -EBADF);
}

TEST(world_ev_connect_from_a_foreign_source_fails)
{
	const struct stay_socket_options options = {
		.source = address("192.0.2.1", "0"),
	};
	size_t before = here.bed->open_fds(here.world);

	ck_assert_int_eq(
	    dialled(address("127.0.0.1", "9"), &options), -EADDRNOTAVAIL);
	ck_assert_uint_eq(here.bed->open_fds(here.world), before);
}

TEST(world_ev_adopt_makes_it_ours)
{
	int fds[2];
	char byte = 'x';
	struct iovec part = { &byte, 1 };

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_APPEND), 0);
	ck_assert_int_eq(here.ops->adopt(here.world, fds[0]), 0);
	ck_assert_int_ne(fcntl(fds[0], F_GETFL) & O_APPEND, 0);
	ck_assert(descriptor_is_nonblock(fds[0]));
	ck_assert(descriptor_is_cloexec(fds[0]));
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(stay__socket_adopt(fds[0]), -EBADF);
	ck_assert_int_eq(stay__socket_read(fds[0], &byte, 1), -EBADF);
	ck_assert_int_eq(stay__socket_write(fds[0], &part, 1), -EBADF);
}

TEST_ROWS(world_ev_adopt_that_fails, 4)
{
	int error;

	bed_play("pair", NULL);
	failing_arm(FAILING_fcntl, (unsigned)_i + 1, ENOMEM);
	error = here.ops->adopt(here.world, here.fd);
	ck_assert(failing_disarm());
	ck_assert_int_eq(error, -ENOMEM);
}

TEST(world_ev_shutdown_says_no_more)
{
	bed_play("pair", NULL);
	ck_assert_int_eq(here.ops->shutdown(here.world, here.fd), 0);
	ck_assert_int_eq(here.ops->shutdown(here.world, -1), -EBADF);
}

TEST_SUITE_WITH(world_ev_socket, .before = bed_begin_ev, .after = bed_end)
