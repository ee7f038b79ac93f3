/* The system calls of the world on libev, on real loopback sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "suites.h"
#include "world/ev_socket.h"

static const struct stay_socket_options plain;

/* ---- real servers ---- */

static struct stay_address
inet_address(const char *host, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct stay_address address = { .len = sizeof(to) };

	to.sin_port = htons((uint16_t)port);
	ck_assert_int_eq(inet_pton(AF_INET, host, &to.sin_addr), 1);
	memcpy(&address.storage, &to, sizeof(to));
	return address;
}

static struct stay_address
address_of(int fd)
{
	struct stay_address address = { .len = sizeof(address.storage) };

	ck_assert_int_eq(
	    getsockname(fd, (struct sockaddr *)&address.storage, &address.len),
	    0);
	return address;
}

static int
bound(const struct stay_address *address)
{
	int fd = socket(address->storage.ss_family, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    bind(fd, (const struct sockaddr *)&address->storage, address->len),
	    0);
	return fd;
}

/* Listens on a free port, which is written to *address. */
static int
listening(struct stay_address *address, int backlog)
{
	int fd = bound(address);

	ck_assert_int_eq(listen(fd, backlog), 0);
	*address = address_of(fd);
	return fd;
}

static int
decided(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	ck_assert_int_eq(poll(&wait, 1, 5000), 1);
	return stay__socket_finish(fd);
}

static int
connected(const struct stay_address *to,
    const struct stay_socket_options *options, int *fd)
{
	int error = stay__socket_connect(to, options, fd);

	return error == -EINPROGRESS ? decided(*fd) : error;
}

/* The lowest free number: equal before and after when nothing leaks. */
static int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* A folder with a path for a unix socket. */
struct folder {
	char name[64];
	char path[96];
};

static struct stay_address
folder_make(struct folder *folder)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct stay_address address = { .len = sizeof(to) };

	strcpy(folder->name, "/tmp/stay-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder->name));
	snprintf(folder->path, sizeof(folder->path), "%s/s", folder->name);
	strcpy(to.sun_path, folder->path);
	memcpy(&address.storage, &to, sizeof(to));
	return address;
}

static void
folder_remove(struct folder *folder)
{
	unlink(folder->path);
	ck_assert_int_eq(rmdir(folder->name), 0);
}

/* ---- connecting ---- */

START_TEST(test_world_ev_connect_reaches_a_server)
{
	struct stay_address to = inet_address("127.0.0.1", 0);
	int server = listening(&to, 8);
	int fd = -1;

	ck_assert_int_eq(connected(&to, &plain, &fd), 0);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(server);
}
END_TEST

START_TEST(test_world_ev_connect_refused_leaves_nothing)
{
	struct stay_address to = inet_address("127.0.0.1", 0);
	int server = bound(&to);
	int before, error, fd = -1;

	to = address_of(server);
	before = next_fd();
	error = stay__socket_connect(&to, &plain, &fd);
	if (error == -EINPROGRESS) {
		error = decided(fd);
		close(fd);
	}
	ck_assert_int_eq(error, -ECONNREFUSED);
	ck_assert_int_eq(next_fd(), before);
	close(server);
}
END_TEST

/* Its own port is the one it dials: nobody is there. */
START_TEST(test_world_ev_connect_to_itself_is_refused)
{
	struct stay_socket_options options = { 0 };
	struct stay_address to = inet_address("127.0.0.1", 0);
	int other = bound(&to);
	int error, fd = -1;

	to = options.source = address_of(other);
	close(other);
	error = stay__socket_connect(&to, &options, &fd);
	if (error == -EINPROGRESS) {
		error = decided(fd);
		close(fd);
	}
	ck_assert_int_eq(error, -ECONNREFUSED);
}
END_TEST

static int
option_of(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

START_TEST(test_world_ev_connect_applies_the_options)
{
	const struct stay_socket_options options = {
		.nodelay = true,
		.keepalive_ms = 9500,
		.user_timeout_ms = 12345,
		.source = inet_address("127.0.0.2", 0),
	};
	struct stay_address to = inet_address("127.0.0.1", 0);
	struct stay_address from;
	struct sockaddr_in here;
	int server = listening(&to, 8);
	int fd = -1;

	ck_assert_int_eq(connected(&to, &options, &fd), 0);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 9);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 2);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 12345);
	from = address_of(fd);
	memcpy(&here, &from.storage, sizeof(here));
	ck_assert_str_eq(inet_ntoa(here.sin_addr), "127.0.0.2");
	close(fd);
	close(server);
}
END_TEST

START_TEST(test_world_ev_connect_from_a_foreign_source_fails)
{
	const struct stay_socket_options options = {
		.source = inet_address("192.0.2.1", 0),
	};
	struct stay_address to = inet_address("127.0.0.1", 9);
	int before = next_fd();
	int fd = -1;

	ck_assert_int_eq(
	    stay__socket_connect(&to, &options, &fd), -EADDRNOTAVAIL);
	ck_assert_int_eq(next_fd(), before);
}
END_TEST

START_TEST(test_world_ev_connect_with_zero_options_leaves_the_defaults)
{
	struct stay_address to = inet_address("127.0.0.1", 0);
	int server = listening(&to, 8);
	int fd = -1;

	ck_assert_int_eq(connected(&to, &plain, &fd), 0);
	ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(fd);
	close(server);
}
END_TEST

START_TEST(test_world_ev_connect_unix_is_decided_at_once)
{
	const struct stay_socket_options options = {
		.nodelay = true,
		.source = inet_address("127.0.0.1", 0),
	};
	struct folder folder;
	struct stay_address to = folder_make(&folder);
	int fd = -1, server;

	ck_assert_int_eq(stay__socket_connect(&to, &options, &fd), -ENOENT);
	server = bound(&to);
	ck_assert_int_eq(
	    stay__socket_connect(&to, &options, &fd), -ECONNREFUSED);
	ck_assert_int_eq(listen(server, 8), 0);
	ck_assert_int_eq(stay__socket_connect(&to, &options, &fd), 0);
	close(fd);
	close(server);
	folder_remove(&folder);
}
END_TEST

START_TEST(test_world_ev_connect_to_a_full_unix_backlog_fails)
{
	struct folder folder;
	struct stay_address to = folder_make(&folder);
	int server = listening(&to, 0);
	int first = -1, second = -1, before;

	ck_assert_int_eq(stay__socket_connect(&to, &plain, &first), 0);
	before = next_fd();
	ck_assert_int_eq(stay__socket_connect(&to, &plain, &second), -EAGAIN);
	ck_assert_int_eq(next_fd(), before);
	close(first);
	close(server);
	folder_remove(&folder);
}
END_TEST

/* ---- bytes ---- */

static struct iovec
part_of(const char *text)
{
	static char bytes[64];

	strcpy(bytes, text);
	return (struct iovec){ .iov_base = bytes, .iov_len = strlen(text) };
}

static ssize_t
put(int fd, const char *text)
{
	struct iovec part = part_of(text);

	return stay__socket_write(fd, &part, 1);
}

static void
pair(int fds[2])
{
	int type = SOCK_STREAM | SOCK_NONBLOCK;

	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, fds), 0);
}

START_TEST(test_world_ev_read_and_write_on_a_socket)
{
	char bytes[8];
	int fds[2];

	pair(fds);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), -EAGAIN);
	ck_assert_int_eq(put(fds[1], ""), 0);
	ck_assert_int_eq(put(fds[1], "abc"), 3);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), 3);
	ck_assert_mem_eq(bytes, "abc", 3);
	close(fds[1]);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), 0);
	close(fds[0]);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), -EBADF);
	ck_assert_int_eq(put(fds[0], "abc"), -EBADF);
}
END_TEST

START_TEST(test_world_ev_write_is_refused_when_full)
{
	static char much[1 << 20];
	struct iovec part = { .iov_base = much, .iov_len = sizeof(much) };
	ssize_t last = 0;
	int fds[2];

	pair(fds);
	for (int i = 0; last >= 0 && i < 100; i++)
		last = stay__socket_write(fds[0], &part, 1);
	ck_assert_int_eq(last, -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_world_ev_write_takes_any_number_of_parts)
{
	static struct iovec parts[IOV_MAX + 100];
	int fds[2], pipes[2];

	for (int i = 0; i < IOV_MAX + 100; i++)
		parts[i] = part_of("x");
	pair(fds);
	ck_assert_int_eq(pipe2(pipes, O_NONBLOCK), 0);
	ck_assert_int_eq(
	    stay__socket_write(fds[0], parts, IOV_MAX + 100), IOV_MAX);
	ck_assert_int_eq(
	    stay__socket_write(pipes[1], parts, IOV_MAX + 100), IOV_MAX);
	close(fds[0]);
	close(fds[1]);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(test_world_ev_read_and_write_on_a_pipe)
{
	char bytes[8];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), -EAGAIN);
	ck_assert_int_eq(put(fds[1], ""), 0);
	ck_assert_int_eq(put(fds[1], "abc"), 3);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), 3);
	close(fds[1]);
	ck_assert_int_eq(stay__socket_read(fds[0], bytes, 8), 0);
	close(fds[0]);
}
END_TEST

/* ---- SIGPIPE ---- */

static volatile sig_atomic_t signals;

static void
on_sigpipe(int number)
{
	(void)number;
	signals++;
}

static struct sigaction
sigpipe_count(void)
{
	struct sigaction count = { .sa_handler = on_sigpipe }, before;

	signals = 0;
	ck_assert_int_eq(sigaction(SIGPIPE, &count, &before), 0);
	return before;
}

static bool
sigpipe_is_pending(void)
{
	sigset_t pending;

	ck_assert_int_eq(sigpending(&pending), 0);
	return sigismember(&pending, SIGPIPE) == 1;
}

static bool
sigpipe_is_blocked(void)
{
	sigset_t mask;

	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	return sigismember(&mask, SIGPIPE) == 1;
}

static void
sigpipe_block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	ck_assert_int_eq(pthread_sigmask(how, &set, NULL), 0);
}

START_TEST(test_promise_11_no_sigpipe_on_a_socket)
{
	struct sigaction before = sigpipe_count();
	int fds[2];

	pair(fds);
	close(fds[1]);
	ck_assert_int_eq(put(fds[0], "abc"), -EPIPE);
	ck_assert_int_eq(signals, 0);
	close(fds[0]);
	sigaction(SIGPIPE, &before, NULL);
}
END_TEST

START_TEST(test_promise_11_no_sigpipe_on_a_pipe)
{
	struct sigaction before = sigpipe_count();
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	close(fds[0]);
	ck_assert_int_eq(put(fds[1], "abc"), -EPIPE);
	ck_assert_int_eq(signals, 0);
	ck_assert(!sigpipe_is_pending());
	ck_assert(!sigpipe_is_blocked());
	close(fds[1]);
	sigaction(SIGPIPE, &before, NULL);
}
END_TEST

/* What was blocked stays blocked, what was pending stays pending. */
START_TEST(test_promise_11_somebody_else_s_sigpipe_is_left_alone)
{
	struct sigaction before = sigpipe_count();
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	close(fds[0]);
	sigpipe_block(SIG_BLOCK);
	ck_assert_int_eq(put(fds[1], "abc"), -EPIPE);
	ck_assert(!sigpipe_is_pending());
	ck_assert(sigpipe_is_blocked());
	raise(SIGPIPE);
	ck_assert_int_eq(put(fds[1], ""), 0);
	ck_assert_int_eq(put(fds[1], "abc"), -EPIPE);
	ck_assert(sigpipe_is_pending());
	sigpipe_block(SIG_UNBLOCK);
	ck_assert_int_eq(signals, 1);
	close(fds[1]);
	sigaction(SIGPIPE, &before, NULL);
}
END_TEST

/* ---- adopting ---- */

/* Once is enough, however often it was woken. */
START_TEST(test_world_ev_wake_lasts_till_it_is_cleared)
{
	struct pollfd ready = { .fd = stay__wake_open(), .events = POLLIN };

	ck_assert_int_ge(ready.fd, 0);
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
END_TEST

START_TEST(test_world_ev_adopt_makes_it_ours)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(stay__socket_adopt(fds[0]), 0);
	ck_assert(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(stay__socket_adopt(fds[0]), -EBADF);
}
END_TEST

static void
add_connecting(Suite *suite)
{
	TCase *tcase = tcase_create("connecting");

	tcase_add_test(tcase, test_world_ev_connect_reaches_a_server);
	tcase_add_test(tcase, test_world_ev_connect_refused_leaves_nothing);
	tcase_add_test(tcase, test_world_ev_connect_to_itself_is_refused);
	tcase_add_test(tcase, test_world_ev_connect_applies_the_options);
	tcase_add_test(
	    tcase, test_world_ev_connect_from_a_foreign_source_fails);
	tcase_add_test(
	    tcase, test_world_ev_connect_with_zero_options_leaves_the_defaults);
	tcase_add_test(tcase, test_world_ev_connect_unix_is_decided_at_once);
	tcase_add_test(
	    tcase, test_world_ev_connect_to_a_full_unix_backlog_fails);
	suite_add_tcase(suite, tcase);
}

Suite *
suite_world_ev_socket(void)
{
	Suite *suite = suite_create("world_ev_socket");
	TCase *tcase = tcase_create("bytes");

	add_connecting(suite);
	tcase_add_test(tcase, test_world_ev_read_and_write_on_a_socket);
	tcase_add_test(tcase, test_world_ev_write_is_refused_when_full);
	tcase_add_test(tcase, test_world_ev_write_takes_any_number_of_parts);
	tcase_add_test(tcase, test_world_ev_read_and_write_on_a_pipe);
	tcase_add_test(tcase, test_promise_11_no_sigpipe_on_a_socket);
	tcase_add_test(tcase, test_promise_11_no_sigpipe_on_a_pipe);
	tcase_add_test(
	    tcase, test_promise_11_somebody_else_s_sigpipe_is_left_alone);
	tcase_add_test(tcase, test_world_ev_wake_lasts_till_it_is_cleared);
	tcase_add_test(tcase, test_world_ev_adopt_makes_it_ours);
	suite_add_tcase(suite, tcase);
	return suite;
}
