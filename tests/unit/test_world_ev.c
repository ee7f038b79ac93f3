/*
 * What only the world on libev has: libev itself, and the system's sockets, pipes
 * and signals. What both worlds have is in test_world_contract.c.
 */
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
#include <unistd.h>

#include <ev.h>

#include "base/address.h"
#include "suites.h"
#include "support/descriptors.h"
#include "support/ev_asked.h"
#include "support/failing.h"
#include "support/scarce.h"
#include "support/world_bed.h"
#include "world/ev.h"
#include "world/ev_socket.h"

#define MS UINT64_C(1000000)

/* ---- libev ---- */

TEST(promise_13_without_entropy_no_two_worlds_draw_the_same)
{
	struct stay_world *other = stay__world_ev_new(bed_ev);
	uint64_t first[4] = { 0 }, there[4] = { 0 }, then[4] = { 0 };

	failing_arm(FAILING_getrandom, 0, ENOSYS);
	here.ops->entropy(here.world, first, sizeof(first));
	here.ops->entropy(other, there, sizeof(there));
	here.ops->entropy(here.world, then, sizeof(then));
	failing_disarm();
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_ne(first[i], 0);
		ck_assert_uint_ne(first[i], there[i]);
		ck_assert_uint_ne(first[i], then[i]);
	}
	other->ops->free(other);
}

static struct seam *armed;
static bool in_time;

static void
arm_in_prepare(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	(void)ev;
	(void)prepare;
	(void)events;
	seam_arm(armed);
}

static void
look(struct stay_watch *watch, unsigned events)
{
	(void)watch;
	(void)events;
	in_time = armed->turned;
}

/* Of a world that began before the watcher, and of one that began after it. */
TEST(world_ev_turns_after_the_program_s_own_watchers)
{
	struct seam later;
	ev_prepare prepare;

	ev_prepare_init(&prepare, arm_in_prepare);
	ev_prepare_start(bed_ev, &prepare);
	seam_init(&later, stay__world_ev_new(bed_ev));
	bed_play("pair; want w", NULL);
	here.ear.watch.ready = look;
	for (int i = 0; i < 2; i++) {
		armed = i == 0 ? &later : &here.seam;
		in_time = false;
		ev_run(bed_ev, EVRUN_NOWAIT);
		ck_assert(in_time);
	}
	ev_prepare_stop(bed_ev, &prepare);
	seam_fini(&later);
}

static void
mark(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)events;
	*(bool *)timer->data = true;
}

static void
mark_in_50_ms(ev_timer *timer, bool *came)
{
	*came = false;
	ev_timer_init(timer, mark, 0.05, 0.);
	timer->data = came;
	ev_timer_start(bed_ev, timer);
}

TEST(world_ev_timer_is_due_once)
{
	uint64_t at = here.ops->now(here.world) + 5 * MS;
	int waits = 0;
	ev_timer other;
	bool later;

	mark_in_50_ms(&other, &later);
	here.ops->timer(here.world, at);
	while (!later) {
		ck_assert_int_lt(waits++, 5);
		ev_run(bed_ev, EVRUN_ONCE);
	}
	ck_assert_uint_ge(here.ops->now(here.world), at);
}

TEST(world_ev_leaves_the_count_of_ev_as_it_was)
{
	struct seam second;
	ev_timer other;
	bool came;

	here.ops->hold(here.world, false);
	seam_init(&second, stay__world_ev_new(bed_ev));
	second.ops->hold(second.world, true);
	second.ops->timer(second.world, UINT64_C(1) << 62);
	second.ops->again(second.world);
	ev_run(bed_ev, EVRUN_NOWAIT);
	second.ops->again(second.world);
	seam_fini(&second);
	mark_in_50_ms(&other, &came);
	ev_run(bed_ev, 0);
	ck_assert(came);
}

static void
give_up(struct ear *ear)
{
	ev_feed_event(bed_ev, ear->watch.world, EV_ERROR | EV_READ | EV_WRITE);
	ev_invoke_pending(bed_ev);
	ck_assert_uint_eq(ear->heard, STAY_READ);
}

/* As when the kernel has no memory for one more: libev stops waiting for it. */
TEST(world_ev_watch_that_libev_gave_up_ends)
{
	struct ear other;

	bed_play("pair; want r", NULL);
	ear_open(&other, here.other, STAY_READ);
	give_up(&here.ear);
	give_up(&other);
	bed_play("read = EIO; swap; read = EIO; swap", NULL);
	bed_play("want 0; read = EAGAIN; swap; read = EIO", NULL);
	ear_want(&other, 0);
	bed_play("read = EAGAIN", NULL);
}

/* Then libev would end the process. */
TEST(world_ev_watch_without_memory_is_refused)
{
	struct stay_watch *watch = &here.ear.watch;
	int error, none;

	bed_play("pair; want r; want 0", NULL);
	watch->fd = fcntl(here.fd, F_DUPFD, 500);
	ck_assert_int_ge(watch->fd, 500);
	scarce_drought();
	error = here.ops->watch(here.world, watch, STAY_READ);
	none = here.ops->watch(here.world, watch, 0);
	scarce_disarm();
	ck_assert_int_eq(none, 0);
	ck_assert_int_eq(error, -ENOMEM);
	ear_want(&here.ear, STAY_READ);
	ear_want(&here.ear, 0);
	close(watch->fd);
}

#define MANY 50

/* All of them are ready at once, and closed again: there is room for that. */
TEST(world_ev_waits_without_more_memory)
{
	struct ear ears[MANY];
	int fds[MANY][2];

	for (int i = 0; i < MANY; i++) {
		here.bed->pair(here.world, fds[i]);
		ear_open(&ears[i], fds[i][0], STAY_WRITE);
	}
	ev_asked_count();
	ev_asked = 0;
	ev_run(bed_ev, EVRUN_NOWAIT);
	for (int i = 0; i < MANY; i++)
		ear_want(&ears[i], STAY_READ);
	ev_run(bed_ev, EVRUN_NOWAIT);
	for (int i = 0; i < MANY; i++)
		ear_want(&ears[i], 0);
	ev_run(bed_ev, EVRUN_NOWAIT);
	ck_assert_uint_eq(ev_asked, 0);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(ears[i].times, 1);
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

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

static uint16_t *
port_in(struct stay_address *address)
{
	return address->storage.ss_family == AF_INET
		   ? &((struct sockaddr_in *)&address->storage)->sin_port
		   : &((struct sockaddr_in6 *)&address->storage)->sin6_port;
}

/* Its own port is the one it dials: nobody is there. The same port of another host is
 * not its own, and neither is another port of the same. */
TEST_ROWS(world_ev_connect_to_itself_is_refused, 6)
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
	ck_assert_int_eq(stay__socket_adopt(fds[0]), 0);
	ck_assert(descriptor_is_nonblock(fds[0]));
	ck_assert(descriptor_is_cloexec(fds[0]));
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(stay__socket_adopt(fds[0]), -EBADF);
	ck_assert_int_eq(stay__socket_read(fds[0], &byte, 1), -EBADF);
	ck_assert_int_eq(stay__socket_write(fds[0], &part, 1), -EBADF);
}

/* ---- pipes, and SIGPIPE ---- */

static volatile sig_atomic_t signals;

static void
on_sigpipe(int number)
{
	(void)number;
	signals++;
}

static int
sigpipe_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return pthread_sigmask(how, &set, NULL);
}

/* How many came, and what would become of the next one. */
static const char *
sigpipe(const char *word)
{
	static char text[32];
	sigset_t mask, pending;

	(void)word;
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	ck_assert_int_eq(sigpending(&pending), 0);
	snprintf(text, sizeof(text), "%d%s%s", (int)signals,
	    sigismember(&mask, SIGPIPE) == 1 ? " blocked" : "",
	    sigismember(&pending, SIGPIPE) == 1 ? " pending" : "");
	return text;
}

static const char *
pipe_of(const char *word)
{
	int fds[2];

	(void)word;
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	here.fd = fds[0];
	here.other = fds[1];
	return "ok";
}

VERB(block, bed_result(sigpipe_mask(SIG_BLOCK)))
VERB(unblock, bed_result(sigpipe_mask(SIG_UNBLOCK)))
VERB(raise_it, bed_result(raise(SIGPIPE)))

static const struct verb verbs[] = { { "pipe", pipe_of }, { "block", block },
	{ "unblock", unblock }, { "raise", raise_it }, { "sigpipe", sigpipe },
	{ NULL, NULL } };

TEST(world_ev_reads_and_writes_a_pipe)
{
	bed_play("pipe; read = EAGAIN; swap; put; put abc; hang; swap;"
		 "read = abc; read = end",
	    verbs);
}

/* What was blocked stays blocked, what was pending stays pending. */
static const char *const breaks[] = {
	"pair; swap; hang; swap; put abc = EPIPE; sigpipe = 0",
	"pipe; hang; swap; put abc = EPIPE; sigpipe = 0",
	("pipe; hang; swap; block; put abc = EPIPE; sigpipe = 0 blocked;"
	 " raise; put; put abc = EPIPE; sigpipe = 0 blocked pending;"
	 " unblock; sigpipe = 1"),
};

TEST_ROWS(promise_11_no_sigpipe_of_ours, 3)
{
	const struct sigaction count = { .sa_handler = on_sigpipe };
	struct sigaction previous;

	signals = 0;
	ck_assert_int_eq(sigaction(SIGPIPE, &count, &previous), 0);
	bed_play(breaks[_i], verbs);
	ck_assert_int_eq(sigaction(SIGPIPE, &previous, NULL), 0);
}

TEST_ROWS(world_ev_write_takes_any_number_of_parts, 2)
{
	static struct iovec parts[IOV_MAX + 100];
	char x = 'x';

	for (int i = 0; i < IOV_MAX + 100; i++)
		parts[i] = (struct iovec){ &x, 1 };
	bed_play(_i == 0 ? "pair" : "pipe; swap", verbs);
	ck_assert_int_eq(
	    stay__socket_write(here.fd, parts, IOV_MAX + 100), IOV_MAX);
}

TEST_SUITE_WITH(world_ev, .before = bed_begin_ev, .after = bed_end)
