/* The virtual network: connecting, bytes, ends, and servers that misbehave. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/world_sim.h"
#include "suites.h"
#include "support/world_seam.h"

#define HOST "10.0.0.1"
#define PORT 7777

static const struct stay_socket_options plain;

static struct seam seam;
static struct stay_world *world;

/* What the server saw. */
static struct {
	struct sim_peer *peer;
	int accepted;
	int closed;
	int error;
	char got[512];
	size_t got_len;
} seen;

static void
on_accept(struct sim_peer *peer, void *arg)
{
	ck_assert_ptr_eq(arg, &seen);
	seen.peer = peer;
	seen.accepted++;
}

static void
on_bytes(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	(void)peer;
	(void)arg;
	ck_assert_uint_le(seen.got_len + len, sizeof(seen.got));
	memcpy(seen.got + seen.got_len, bytes, len);
	seen.got_len += len;
}

static void
on_close(struct sim_peer *peer, void *arg, int error)
{
	(void)peer;
	(void)arg;
	seen.closed++;
	seen.error = error;
}

static const struct sim_server server = { on_accept, on_bytes, on_close };

static void
setup(void)
{
	memset(&seen, 0, sizeof(seen));
	world = sim_world_new(1);
	seam_init(&seam, world);
	sim_listen(world, HOST, PORT, &server, &seen);
}

static void
teardown(void)
{
	seam_fini(&seam);
}

static struct stay_address
address(const char *host)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct stay_address result = { .len = sizeof(to) };

	to.sin_port = htons(PORT);
	ck_assert_int_eq(inet_pton(AF_INET, host, &to.sin_addr), 1);
	memcpy(&result.storage, &to, sizeof(to));
	return result;
}

static int
dial(const char *host, int *fd)
{
	struct stay_address to = address(host);

	return seam.ops->connect(world, &to, &plain, fd);
}

/* To HOST, and decided. */
static int
connected(void)
{
	int fd = -1;

	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seam.ops->finish(world, fd), 0);
	ck_assert_int_eq(seen.accepted, 1);
	return fd;
}

static void
hang_up(int fd)
{
	seam.ops->close(world, fd);
}

static ssize_t
put(int fd, const char *text)
{
	char bytes[512];
	struct iovec part = { .iov_base = bytes, .iov_len = strlen(text) };

	memcpy(bytes, text, part.iov_len);
	return seam.ops->write(world, fd, &part, 1);
}

static ssize_t
get(int fd, size_t len)
{
	static char bytes[512];

	return seam.ops->read(world, fd, bytes, len);
}

static bool
got(const char *text)
{
	return seen.got_len == strlen(text) &&
	       memcmp(seen.got, text, seen.got_len) == 0;
}

/* A descriptor that counts what it is told. */
struct ear {
	struct stay_watch watch;
	unsigned heard;
	int times;
	struct ear *silences;
};

static void
on_ready(struct stay_watch *watch, unsigned events)
{
	struct ear *ear = watch->owner;

	ear->heard |= events;
	ear->times++;
	if (ear->silences != NULL)
		seam.ops->watch(world, &ear->silences->watch, 0);
}

static void
listen_to(struct ear *ear, int fd, unsigned interest)
{
	*ear = (struct ear){ .watch = { .fd = fd, .ready = on_ready } };
	ear->watch.owner = ear;
	ck_assert_int_eq(seam.ops->watch(world, &ear->watch, interest), 0);
}

static void
stop(struct ear *ear)
{
	ck_assert_int_eq(seam.ops->watch(world, &ear->watch, 0), 0);
}

/* ---- connecting ---- */

static const struct {
	enum sim_fate fate;
	int at_once; /* what connect says */
	int decided; /* what finish says */
} fates[] = {
	{ SIM_ACCEPT, -EINPROGRESS, 0 },
	{ SIM_REFUSE, -EINPROGRESS, -ECONNREFUSED },
	{ SIM_UNREACHABLE, -EINPROGRESS, -EHOSTUNREACH },
	{ SIM_NO_ROUTE, -ENETUNREACH, 0 },
	{ SIM_BUSY, -EAGAIN, 0 },
};

START_TEST(test_world_sim_connect_meets_its_fate)
{
	struct ear ear;
	int fd = -1;

	sim_address_set(world, HOST, PORT, fates[_i].fate, 30);
	ck_assert_int_eq(dial(HOST, &fd), fates[_i].at_once);
	if (fates[_i].at_once != -EINPROGRESS) {
		ck_assert_uint_eq(sim_open_fds(world), 0);
		return;
	}
	listen_to(&ear, fd, STAY_WRITE);
	ck_assert(sim_step(world));
	ck_assert_uint_eq(sim_now_ms(world), 30);
	ck_assert_uint_eq(ear.heard, STAY_WRITE);
	ck_assert_int_eq(seam.ops->finish(world, fd), fates[_i].decided);
	stop(&ear);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_connect_into_a_black_hole)
{
	struct ear ear;
	int fd = -1;

	sim_address_set(world, HOST, 0, SIM_BLACK_HOLE, 0);
	sim_address_set(world, HOST, PORT, SIM_BLACK_HOLE, 0);
	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	listen_to(&ear, fd, STAY_WRITE);
	sim_run_ms(world, 1000000);
	ck_assert_int_eq(ear.times, 0);
	stop(&ear);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_connect_to_nobody_is_refused)
{
	int fd = -1;

	ck_assert_int_eq(dial("10.9.9.9", &fd), -EINPROGRESS);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seam.ops->finish(world, fd), -ECONNREFUSED);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_connect_to_a_host_with_one_answer)
{
	int fd = -1;

	sim_address_set(world, "10.9.9.9", 0, SIM_NO_ROUTE, 0);
	ck_assert_int_eq(dial("10.9.9.9", &fd), -ENETUNREACH);
}
END_TEST

START_TEST(test_world_sim_connect_given_up_is_never_decided)
{
	int fd = -1;

	sim_address_set(world, HOST, PORT, SIM_ACCEPT, 30);
	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	hang_up(fd);
	sim_run_ms(world, 100);
	ck_assert_int_eq(seen.accepted, 0);
}
END_TEST

START_TEST(test_world_sim_connect_unix_at_once)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/s" };
	struct stay_address to = { .len = sizeof(un) };
	int fd = -1;

	memcpy(&to.storage, &un, sizeof(un));
	ck_assert_int_eq(seam.ops->connect(world, &to, &plain, &fd), -ENOENT);
	sim_listen(world, "/run/s", 0, &server, &seen);
	ck_assert_int_eq(seam.ops->connect(world, &to, &plain, &fd), 0);
	ck_assert_int_eq(seen.accepted, 0);
	ck_assert_int_eq(put(fd, "hi"), 2);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.accepted, 1);
	ck_assert(got("hi"));
	sim_unlisten(world, "/run/s", 0);
	hang_up(fd);
	ck_assert_int_eq(
	    seam.ops->connect(world, &to, &plain, &fd), -ECONNREFUSED);
}
END_TEST

START_TEST(test_world_sim_server_sees_the_options)
{
	struct stay_socket_options options = { .keepalive_ms = 1234 };
	struct stay_address to = address(HOST);
	int fd = -1;

	seam.ops->connect(world, &to, &options, &fd);
	sim_run_ms(world, 0);
	ck_assert_uint_eq(sim_peer_options(seen.peer)->keepalive_ms, 1234);
	ck_assert_ptr_eq(sim_peer_world(seen.peer), world);
	hang_up(fd);
}
END_TEST

/* ---- bytes ---- */

START_TEST(test_world_sim_bytes_take_the_latency)
{
	const struct sim_limits limits = { .latency_ms = 10 };
	int fd = -1;

	sim_limits_set(world, &limits);
	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	sim_run_ms(world, 20);
	ck_assert_int_eq(put(fd, "ping"), 4);
	sim_run_ms(world, 9);
	ck_assert(got(""));
	sim_run_ms(world, 1);
	ck_assert(got("ping"));
	sim_peer_print(seen.peer, "pong");
	sim_run_ms(world, 9);
	ck_assert_int_eq(get(fd, 9), -EAGAIN);
	sim_run_ms(world, 1);
	ck_assert_int_eq(get(fd, 9), 4);
	ck_assert_uint_eq(sim_peer_got(seen.peer), 4);
	ck_assert_uint_eq(sim_peer_sent(seen.peer), 4);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_bytes_keep_their_order)
{
	const struct sim_limits limits = { .jitter_ms = 50, .ragged = true };
	int fd;

	sim_limits_set(world, &limits);
	fd = connected();
	for (const char *digit = "0123456789"; *digit != '\0'; digit++)
		ck_assert_int_eq(put(fd, (char[]){ *digit, '\0' }), 1);
	sim_run_ms(world, 50);
	ck_assert(got("0123456789"));
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_writes_are_short)
{
	const struct sim_limits limits = { .send_buffer = 6, .write_max = 4 };
	struct ear ear;
	int fd;

	sim_limits_set(world, &limits);
	fd = connected();
	sim_peer_freeze(seen.peer, true);
	ck_assert_int_eq(put(fd, "abcdef"), 4);
	ck_assert_int_eq(put(fd, "efgh"), 2);
	ck_assert_int_eq(put(fd, "gh"), -EAGAIN);
	listen_to(&ear, fd, STAY_WRITE);
	sim_run_ms(world, 10);
	ck_assert_int_eq(ear.times, 0);
	sim_peer_freeze(seen.peer, false);
	sim_step(world);
	ck_assert_int_eq(ear.times, 1);
	ck_assert(got("abcdef"));
	stop(&ear);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_reads_are_short)
{
	const struct sim_limits limits = { .read_max = 1 };
	int fd = connected();

	sim_peer_limits(seen.peer, &limits);
	sim_peer_print(seen.peer, "ab");
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fd, 9), 1);
	ck_assert_int_eq(get(fd, 9), 1);
	ck_assert_int_eq(get(fd, 9), -EAGAIN);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_a_pair_is_connected)
{
	const struct sim_limits limits = { .send_buffer = 3 };
	int fds[2];

	sim_limits_set(world, &limits);
	sim_pair(world, fds);
	ck_assert_uint_eq(sim_open_fds(world), 2);
	ck_assert_int_eq(put(fds[0], "abcdef"), 3);
	ck_assert_int_eq(put(fds[0], "def"), -EAGAIN);
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fds[1], 2), 2);
	ck_assert_int_eq(put(fds[0], "def"), 2);
	hang_up(fds[0]);
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fds[1], 9), 3);
	ck_assert_int_eq(get(fds[1], 9), 0);
	hang_up(fds[1]);
}
END_TEST

START_TEST(test_world_sim_adopted_has_a_server)
{
	struct sim_peer *peer;
	int fd, data;

	peer = sim_adopted(world, &server, &seen, &fd);
	ck_assert_int_eq(seen.accepted, 0);
	ck_assert_int_eq(put(fd, "hi"), 2);
	sim_run_ms(world, 0);
	ck_assert_ptr_eq(seen.peer, peer);
	ck_assert(got("hi"));
	sim_peer_data_set(peer, &data);
	ck_assert_ptr_eq(sim_peer_data(peer), &data);
	hang_up(fd);
}
END_TEST

/* ---- readiness ---- */

START_TEST(test_world_sim_readiness_lasts_while_there_is_something)
{
	int fd = connected();
	struct ear ear;

	listen_to(&ear, fd, STAY_READ);
	sim_run_ms(world, 0);
	ck_assert_int_eq(ear.times, 0);
	sim_peer_print(seen.peer, "x");
	sim_step(world);
	sim_step(world);
	sim_step(world);
	ck_assert_int_eq(ear.times, 3);
	ck_assert_uint_eq(ear.heard, STAY_READ);
	ck_assert_int_eq(get(fd, 9), 1);
	sim_run_ms(world, 10);
	ck_assert_int_eq(ear.times, 3);
	stop(&ear);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_watch_stopped_hears_nothing_pending)
{
	struct ear a, b;
	int fds[2];

	sim_pair(world, fds);
	listen_to(&a, fds[0], STAY_WRITE);
	listen_to(&b, fds[1], STAY_WRITE);
	a.silences = &b;
	b.silences = &a;
	sim_step(world);
	ck_assert_int_eq(a.times + b.times, 1);
	stop(&a);
	stop(&b);
	hang_up(fds[0]);
	hang_up(fds[1]);
}
END_TEST

START_TEST(test_world_sim_readiness_may_be_wrong)
{
	const struct sim_limits limits = { .spurious = 1000 };
	int fd = connected();
	struct ear ear;

	sim_limits_set(world, &limits);
	listen_to(&ear, fd, STAY_READ);
	sim_run_ms(world, 0);
	seam.ops->again(world);
	sim_step(world);
	ck_assert_int_eq(ear.times, 1);
	ck_assert_int_eq(get(fd, 9), -EAGAIN);
	stop(&ear);
	hang_up(fd);
}
END_TEST

/* ---- ends ---- */

START_TEST(test_world_sim_server_closes)
{
	int fd = connected();

	sim_peer_print(seen.peer, "bye");
	sim_peer_close(seen.peer);
	sim_peer_print(seen.peer, "too late");
	ck_assert_uint_eq(sim_peers(world, HOST, PORT), 0);
	ck_assert(!sim_peer_is_open(seen.peer));
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fd, 9), 3);
	ck_assert_int_eq(get(fd, 9), 0);
	ck_assert_int_eq(get(fd, 9), 0);
	ck_assert_int_eq(put(fd, "anyone?"), 7);
	sim_run_ms(world, 0);
	ck_assert_int_eq(put(fd, "anyone?"), -EPIPE);
	hang_up(fd);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.closed, 0);
}
END_TEST

START_TEST(test_world_sim_server_resets)
{
	int fd = connected();
	struct ear ear;

	sim_peer_print(seen.peer, "by");
	sim_peer_reset(seen.peer);
	sim_run_ms(world, 0);
	listen_to(&ear, fd, STAY_READ | STAY_WRITE);
	sim_step(world);
	ck_assert_uint_eq(ear.heard, STAY_READ | STAY_WRITE);
	stop(&ear);
	ck_assert_int_eq(get(fd, 9), 2);
	ck_assert_int_eq(get(fd, 9), -ECONNRESET);
	ck_assert_int_eq(get(fd, 9), 0);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_server_half_closes)
{
	int fd = connected();

	sim_peer_shutdown(seen.peer);
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fd, 9), 0);
	ck_assert_int_eq(put(fd, "still here"), 10);
	sim_run_ms(world, 0);
	ck_assert(got("still here"));
	hang_up(fd);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.closed, 1);
}
END_TEST

START_TEST(test_world_sim_library_closes)
{
	int fd = connected();

	ck_assert_uint_eq(sim_peers(world, HOST, PORT), 1);
	put(fd, "bye");
	hang_up(fd);
	sim_run_ms(world, 0);
	ck_assert(got("bye"));
	ck_assert_int_eq(seen.closed, 1);
	ck_assert_int_eq(seen.error, 0);
	ck_assert_uint_eq(sim_peers(world, HOST, PORT), 0);
}
END_TEST

START_TEST(test_world_sim_library_closes_with_bytes_unread)
{
	int fd = connected();

	sim_peer_print(seen.peer, "unread");
	sim_run_ms(world, 0);
	hang_up(fd);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.closed, 1);
	ck_assert_int_eq(seen.error, -ECONNRESET);
}
END_TEST

START_TEST(test_world_sim_server_speaks_to_nobody)
{
	int fd = connected();

	sim_peer_freeze(seen.peer, true);
	hang_up(fd);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.closed, 0);
	sim_peer_print(seen.peer, "hello?");
	sim_run_ms(world, 0);
	sim_peer_freeze(seen.peer, false);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.closed, 1);
	ck_assert_int_eq(seen.error, 0);
}
END_TEST

/* ---- trouble ---- */

START_TEST(test_world_sim_a_crash_resets_everybody)
{
	int fd = connected();

	sim_crash(world, HOST, PORT);
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fd, 9), -ECONNRESET);
	hang_up(fd);
	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seam.ops->finish(world, fd), -ECONNREFUSED);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_a_frozen_server_is_connected_to)
{
	int fd = -1;

	sim_freeze(world, HOST, PORT, true);
	ck_assert_int_eq(dial(HOST, &fd), -EINPROGRESS);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seam.ops->finish(world, fd), 0);
	put(fd, "hello?");
	sim_run_ms(world, 1000);
	ck_assert_int_eq(seen.accepted, 0);
	sim_freeze(world, HOST, PORT, false);
	sim_run_ms(world, 0);
	ck_assert_int_eq(seen.accepted, 1);
	ck_assert(got("hello?"));
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_a_cut_cable_loses_nothing)
{
	int fd = connected();
	int late = -1;
	struct ear ear;

	sim_cut(world, HOST, PORT, true);
	put(fd, "there");
	sim_peer_print(seen.peer, "back");
	ck_assert_int_eq(dial(HOST, &late), -EINPROGRESS);
	listen_to(&ear, late, STAY_WRITE);
	sim_run_ms(world, 1500);
	ck_assert_int_eq(ear.times, 0);
	stop(&ear);
	ck_assert(got(""));
	ck_assert_int_eq(get(fd, 9), -EAGAIN);
	sim_cut(world, HOST, PORT, false);
	sim_run_ms(world, 0);
	ck_assert(got("there"));
	ck_assert_int_eq(get(fd, 9), 4);
	sim_run_ms(world, 500);
	ck_assert_int_eq(seam.ops->finish(world, late), 0);
	hang_up(late);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_one_connection_is_cut)
{
	int fd = connected();

	sim_peer_cut(seen.peer, true);
	put(fd, "there");
	sim_run_ms(world, 1000);
	ck_assert(got(""));
	sim_peer_cut(seen.peer, false);
	sim_run_ms(world, 0);
	ck_assert(got("there"));
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_dies_at_a_byte_received)
{
	int fd = connected();

	sim_peer_die(seen.peer, 3, UINT64_MAX);
	put(fd, "ab");
	sim_run_ms(world, 0);
	put(fd, "cd");
	sim_run_ms(world, 0);
	ck_assert(got("abc"));
	ck_assert_int_eq(get(fd, 9), -ECONNRESET);
	hang_up(fd);
}
END_TEST

START_TEST(test_world_sim_dies_at_a_byte_sent)
{
	int fd = connected();

	sim_peer_die(seen.peer, UINT64_MAX, 3);
	sim_peer_print(seen.peer, "abcdef");
	sim_run_ms(world, 0);
	ck_assert_int_eq(get(fd, 9), 3);
	ck_assert_int_eq(get(fd, 9), -ECONNRESET);
	hang_up(fd);
}
END_TEST

/* ---- misuse ---- */

static void
close_twice(void)
{
	int fds[2];

	sim_pair(world, fds);
	hang_up(fds[0]);
	hang_up(fds[0]);
}

static void
read_closed(void)
{
	int fds[2];

	sim_pair(world, fds);
	hang_up(fds[0]);
	get(fds[0], 1);
}

static void
close_watched(void)
{
	static struct ear ear;
	int fds[2];

	sim_pair(world, fds);
	listen_to(&ear, fds[0], STAY_READ);
	hang_up(fds[0]);
}

static void
finish_undecided(void)
{
	int fd = -1;

	dial(HOST, &fd);
	seam.ops->finish(world, fd);
}

static void
leave_open(void)
{
	int fds[2];

	sim_pair(world, fds);
	seam_fini(&seam);
}

static void (*const misuses[])(void) = {
	close_twice,
	read_closed,
	close_watched,
	finish_undecided,
	leave_open,
};

START_TEST(test_world_sim_misuse_aborts)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		close(STDERR_FILENO);
		misuses[_i]();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

START_TEST(test_world_sim_numbers_are_used_again)
{
	int first[2], second[2];

	sim_pair(world, first);
	hang_up(first[0]);
	sim_pair(world, second);
	ck_assert_int_eq(second[0], first[0]);
	hang_up(first[1]);
	hang_up(second[0]);
	hang_up(second[1]);
	ck_assert_uint_eq(sim_open_fds(world), 0);
}
END_TEST

/* clang-format off */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
/* clang-format on */

static TCase *
add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void
add_connecting(TCase *tcase)
{
	tcase_add_loop_test(
	    tcase, test_world_sim_connect_meets_its_fate, 0, COUNT(fates));
	tcase_add_test(tcase, test_world_sim_connect_into_a_black_hole);
	tcase_add_test(tcase, test_world_sim_connect_to_nobody_is_refused);
	tcase_add_test(tcase, test_world_sim_connect_to_a_host_with_one_answer);
	tcase_add_test(tcase, test_world_sim_connect_given_up_is_never_decided);
	tcase_add_test(tcase, test_world_sim_connect_unix_at_once);
	tcase_add_test(tcase, test_world_sim_server_sees_the_options);
}

static void
add_bytes(TCase *tcase)
{
	tcase_add_test(tcase, test_world_sim_bytes_take_the_latency);
	tcase_add_test(tcase, test_world_sim_bytes_keep_their_order);
	tcase_add_test(tcase, test_world_sim_writes_are_short);
	tcase_add_test(tcase, test_world_sim_reads_are_short);
	tcase_add_test(tcase, test_world_sim_a_pair_is_connected);
	tcase_add_test(tcase, test_world_sim_adopted_has_a_server);
	tcase_add_test(
	    tcase, test_world_sim_readiness_lasts_while_there_is_something);
	tcase_add_test(
	    tcase, test_world_sim_watch_stopped_hears_nothing_pending);
	tcase_add_test(tcase, test_world_sim_readiness_may_be_wrong);
}

static void
add_ends(TCase *tcase)
{
	tcase_add_test(tcase, test_world_sim_server_closes);
	tcase_add_test(tcase, test_world_sim_server_resets);
	tcase_add_test(tcase, test_world_sim_server_half_closes);
	tcase_add_test(tcase, test_world_sim_library_closes);
	tcase_add_test(tcase, test_world_sim_library_closes_with_bytes_unread);
	tcase_add_test(tcase, test_world_sim_server_speaks_to_nobody);
}

static void
add_trouble(TCase *tcase)
{
	tcase_add_test(tcase, test_world_sim_a_crash_resets_everybody);
	tcase_add_test(tcase, test_world_sim_a_frozen_server_is_connected_to);
	tcase_add_test(tcase, test_world_sim_a_cut_cable_loses_nothing);
	tcase_add_test(tcase, test_world_sim_one_connection_is_cut);
	tcase_add_test(tcase, test_world_sim_dies_at_a_byte_received);
	tcase_add_test(tcase, test_world_sim_dies_at_a_byte_sent);
	tcase_add_loop_test(
	    tcase, test_world_sim_misuse_aborts, 0, COUNT(misuses));
	tcase_add_test(tcase, test_world_sim_numbers_are_used_again);
}

Suite *
suite_world_sim_net(void)
{
	Suite *suite = suite_create("world_sim_net");

	add_connecting(add_case(suite, "connecting"));
	add_bytes(add_case(suite, "bytes"));
	add_ends(add_case(suite, "ends"));
	add_trouble(add_case(suite, "trouble"));
	return suite;
}
