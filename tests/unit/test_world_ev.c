/* The world on libev: turns, time, readiness, and who keeps ev_run running. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>

#include "suites.h"
#include "support/no_entropy.h"
#include "support/scarce.h"
#include "support/world_seam.h"
#include "world/ev.h"

#define MS UINT64_C(1000000)

static struct ev_loop *ev;
static struct seam seam;

static void
setup(void)
{
	ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(ev);
	seam_init(&seam, stay__world_ev_new(ev));
}

static void
teardown(void)
{
	seam_fini(&seam);
	ev_loop_destroy(ev);
}

static uint64_t
now(void)
{
	return seam.ops->now(seam.world);
}

static void
timer(uint64_t at)
{
	seam.ops->timer(seam.world, at);
}

static void
run(void)
{
	seam.ops->run(seam.world);
}

/* ---- entropy ---- */

START_TEST(test_promise_13_without_entropy_no_two_worlds_draw_the_same)
{
	static const uint64_t nothing[4];
	struct stay_world *other = stay__world_ev_new(ev);
	uint64_t here[4] = { 0 }, there[4] = { 0 }, again[4] = { 0 };

	ck_assert_ptr_nonnull(other);
	no_entropy = true;
	seam.ops->entropy(seam.world, here, sizeof(here));
	seam.ops->entropy(other, there, sizeof(there));
	seam.ops->entropy(seam.world, again, sizeof(again));
	no_entropy = false;
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_ne(here[i], nothing[i]);
		ck_assert_uint_ne(here[i], there[i]);
		ck_assert_uint_ne(here[i], again[i]);
	}
	other->ops->free(other);
}
END_TEST

/* ---- turns ---- */

START_TEST(test_world_ev_turns_before_every_wait)
{
	seam_arm(&seam);
	ev_run(ev, EVRUN_NOWAIT);
	ck_assert(seam.turned);
	seam_arm(&seam);
	ev_run(ev, EVRUN_NOWAIT);
	ck_assert(seam.turned);
}
END_TEST

static void
arm_in_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	(void)loop;
	(void)prepare;
	(void)events;
	seam_arm(&seam);
}

START_TEST(test_world_ev_turns_after_the_program_s_own_watchers)
{
	ev_prepare before, after;

	teardown();
	ev = ev_loop_new(EVFLAG_AUTO);
	ev_prepare_init(&before, arm_in_prepare);
	ev_prepare_init(&after, arm_in_prepare);
	ev_prepare_start(ev, &before);
	seam_init(&seam, stay__world_ev_new(ev));
	ev_run(ev, EVRUN_NOWAIT);
	ck_assert(seam.turned);
	ev_prepare_stop(ev, &before);
	ev_prepare_start(ev, &after);
	ev_run(ev, EVRUN_NOWAIT);
	ck_assert(seam.turned);
	ev_prepare_stop(ev, &after);
}
END_TEST

static void
arm_on_ready(struct stay_watch *watch, unsigned events)
{
	(void)events;
	seam.ops->watch(seam.world, watch, 0);
	seam_arm(&seam);
}

START_TEST(test_world_ev_run_ends_with_a_turn)
{
	struct stay_watch watch = { .ready = arm_on_ready };
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	watch.fd = fds[0];
	seam.ops->hold(seam.world, true);
	seam.ops->watch(seam.world, &watch, STAY_WRITE);
	run();
	ck_assert(seam.turned);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_world_ev_again_does_not_wait)
{
	seam.ops->hold(seam.world, true);
	seam_arm(&seam);
	seam.ops->again(seam.world);
	seam.ops->again(seam.world);
	run();
	ck_assert(seam.turned);
}
END_TEST

START_TEST(test_world_ev_again_keeps_ev_run_for_one_turn)
{
	seam_arm(&seam);
	seam.ops->again(seam.world);
	ev_run(ev, 0);
	ck_assert(seam.turned);
}
END_TEST

/* ---- time ---- */

/* How many waits till then. libev may be early for the first time, because it
 * counts from the begin of the iteration. */
static int
waits_till(uint64_t at)
{
	int waits = 0;

	for (; now() < at; waits++)
		run();
	return waits;
}

START_TEST(test_world_ev_timer_ends_the_wait)
{
	uint64_t at = now() + 20 * MS;

	seam.ops->hold(seam.world, true);
	timer(at);
	ck_assert_int_le(waits_till(at), 2);
}
END_TEST

START_TEST(test_world_ev_timer_in_the_past_is_due)
{
	seam.ops->hold(seam.world, true);
	timer(0);
	run();
	timer(now());
	run();
}
END_TEST

START_TEST(test_world_ev_timer_moves_earlier)
{
	uint64_t begin = now();

	seam.ops->hold(seam.world, true);
	timer(begin + 3600 * 1000 * MS);
	timer(begin + 10 * MS);
	ck_assert_int_le(waits_till(begin + 10 * MS), 2);
	ck_assert_uint_lt(now(), begin + 3000 * MS);
}
END_TEST

/* Once for nothing, at the old time; then at the new one. */
START_TEST(test_world_ev_timer_moves_later)
{
	uint64_t at = now() + 40 * MS;

	seam.ops->hold(seam.world, true);
	timer(now() + 10 * MS);
	timer(at);
	ck_assert_int_le(waits_till(at), 4);
	ck_assert_uint_lt(now(), at + 3000 * MS);
}
END_TEST

static void
mark(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	*(bool *)timer->data = true;
}

START_TEST(test_world_ev_timer_is_due_once)
{
	uint64_t begin = now();
	bool later = false;
	int waits = 0;
	ev_timer other;

	ev_timer_init(&other, mark, 0.05, 0.);
	other.data = &later;
	ev_timer_start(ev, &other);
	timer(begin + 5 * MS);
	while (!later) {
		ck_assert_int_lt(waits++, 5);
		ev_run(ev, EVRUN_ONCE);
	}
	ck_assert_uint_ge(now(), begin + 5 * MS);
}
END_TEST

START_TEST(test_world_ev_timer_alone_keeps_nobody)
{
	timer(now() + 3600 * 1000 * MS);
	ev_run(ev, 0);
	timer(UINT64_MAX);
	ev_run(ev, 0);
}
END_TEST

START_TEST(test_world_ev_clock_and_entropy)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	uint64_t first = now();

	ck_assert_uint_ge(now(), first);
	seam.ops->entropy(seam.world, a, sizeof(a));
	seam.ops->entropy(seam.world, b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

/* Every byte that was asked for, and no other. */
START_TEST(test_world_ev_entropy_fills_all_of_it)
{
	for (size_t len = 1; len < 20; len++) {
		unsigned char bytes[24] = { 0 }, seen[24] = { 0 };

		for (int i = 0; i < 20; i++) {
			seam.ops->entropy(seam.world, bytes, len);
			for (size_t at = 0; at < sizeof(bytes); at++)
				seen[at] |= bytes[at];
		}
		for (size_t at = 0; at < sizeof(seen); at++)
			ck_assert_int_eq(seen[at] != 0, at < len);
	}
}
END_TEST

/* ---- hold and wake ---- */

static void
let_go(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	ev_ref(loop); /* libev has stopped the timer, and counted it */
	*(bool *)timer->data = true;
	seam.ops->hold(seam.world, false);
}

START_TEST(test_world_ev_hold_keeps_ev_run)
{
	bool went = false;
	ev_timer other;

	seam.ops->hold(seam.world, true);
	seam.ops->hold(seam.world, true);
	ev_timer_init(&other, let_go, 0.01, 0.);
	other.data = &went;
	ev_timer_start(ev, &other);
	ev_unref(ev); /* only hold is left to keep it running */
	ev_run(ev, 0);
	ck_assert(went);
}
END_TEST

START_TEST(test_world_ev_leaves_the_count_of_ev_as_it_was)
{
	struct seam second;
	bool came = false;
	ev_timer other;

	seam_init(&second, stay__world_ev_new(ev));
	second.ops->hold(second.world, true);
	second.ops->timer(second.world, now() + 3600 * 1000 * MS);
	second.ops->again(second.world);
	ev_run(ev, EVRUN_NOWAIT);
	second.ops->again(second.world);
	seam_fini(&second);

	ev_timer_init(&other, mark, 0.01, 0.);
	other.data = &came;
	ev_timer_start(ev, &other);
	ev_run(ev, 0);
	ck_assert(came);
}
END_TEST

static void *
wake_thread(void *arg)
{
	(void)arg;
	seam.ops->wake(seam.world);
	return NULL;
}

START_TEST(test_world_ev_wake_from_another_thread)
{
	pthread_t thread;

	seam.ops->hold(seam.world, true);
	seam_arm(&seam);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake_thread, NULL), 0);
	run();
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(seam.turned);
}
END_TEST

START_TEST(test_world_ev_wake_before_the_wait_is_kept)
{
	seam.ops->hold(seam.world, true);
	seam.ops->wake(seam.world);
	run();
}
END_TEST

/* ---- readiness ---- */

/* A descriptor that counts what it is told. */
struct ear {
	struct stay_watch watch;
	unsigned heard;
	int times;
	struct ear *silences; /* stopped when this one hears */
};

static void
on_ready(struct stay_watch *watch, unsigned events)
{
	struct ear *ear = watch->owner;

	ear->heard |= events;
	ear->times++;
	if (ear->silences != NULL)
		seam.ops->watch(seam.world, &ear->silences->watch, 0);
}

static void
ear_init(struct ear *ear, int fd)
{
	*ear = (struct ear){ .watch = { .fd = fd, .ready = on_ready } };
	ear->watch.owner = ear;
}

static void
ear_want(struct ear *ear, unsigned interest)
{
	ck_assert_int_eq(seam.ops->watch(seam.world, &ear->watch, interest), 0);
	ck_assert_uint_eq(ear->watch.interest, interest);
}

static void
poll_once(void)
{
	ev_run(ev, EVRUN_NOWAIT);
}

START_TEST(test_world_ev_watch_tells_what_is_wanted)
{
	struct ear ear;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ear_init(&ear, fds[0]);
	ear_want(&ear, STAY_READ);
	poll_once();
	ck_assert_int_eq(ear.times, 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	poll_once();
	poll_once();
	ck_assert_int_eq(ear.times, 2);
	ck_assert_uint_eq(ear.heard, STAY_READ);
	ear_want(&ear, STAY_READ | STAY_WRITE);
	poll_once();
	ck_assert_uint_eq(ear.heard, STAY_READ | STAY_WRITE);
	ear.heard = 0;
	ear_want(&ear, STAY_WRITE);
	poll_once();
	ck_assert_uint_eq(ear.heard, STAY_WRITE);
	ear_want(&ear, 0);
	poll_once();
	ck_assert_int_eq(ear.times, 4);
	ear_want(&ear, STAY_READ);
	poll_once();
	ck_assert_int_eq(ear.times, 5);
	ear_want(&ear, 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(test_world_ev_watch_stopped_hears_nothing_pending)
{
	struct ear a, b;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ear_init(&a, fds[0]);
	ear_init(&b, fds[1]);
	a.silences = &b;
	b.silences = &a;
	ear_want(&a, STAY_WRITE);
	ear_want(&b, STAY_WRITE);
	poll_once();
	ck_assert_int_eq(a.times + b.times, 1);
	ear_want(&a, 0);
	ear_want(&b, 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* As when the kernel has no memory for one more: libev stops waiting for it. */
START_TEST(test_world_ev_watch_that_libev_gave_up_ends)
{
	struct ear ears[2];
	char byte;
	int fds[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		ear_init(&ears[i], fds[i]);
		ear_want(&ears[i], STAY_READ);
		ev_feed_event(
		    ev, ears[i].watch.world, EV_ERROR | EV_READ | EV_WRITE);
		ev_invoke_pending(ev);
		ck_assert_uint_eq(ears[i].heard, STAY_READ);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    seam.ops->read(seam.world, fds[i], &byte, 1), -EIO);
	ear_want(&ears[0], 0);
	ck_assert_int_eq(seam.ops->read(seam.world, fds[0], &byte, 1), -EAGAIN);
	ck_assert_int_eq(seam.ops->read(seam.world, fds[1], &byte, 1), -EIO);
	ear_want(&ears[1], 0);
	ck_assert_int_eq(seam.ops->read(seam.world, fds[1], &byte, 1), -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* Then libev would end the process. */
START_TEST(test_world_ev_watch_without_memory_is_refused)
{
	struct ear ear;
	int fds[2], error, high;

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	high = fcntl(fds[0], F_DUPFD, 500);
	ck_assert_int_ge(high, 500);
	ear_init(&ear, high);
	scarce_drought();
	error = seam.ops->watch(seam.world, &ear.watch, STAY_READ);
	scarce_disarm();
	ck_assert_int_eq(error, -ENOMEM);
	ear_want(&ear, STAY_READ);
	ear_want(&ear, 0);
	close(high);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A port of loopback, where somebody listens or nobody does. */
static int
listen_at(struct stay_address *address, bool listens)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address->len = sizeof(to);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	if (listens)
		ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address->storage,
			     &address->len),
	    0);
	return fd;
}

START_TEST(test_world_ev_connects_to_who_listens)
{
	const struct stay_socket_options options = { .nodelay = true };
	const int expected = _i == 1 ? 0 : -ECONNREFUSED;
	struct stay_address address;
	int server = listen_at(&address, _i == 1), fd = -1, result;
	struct pollfd decided = { .events = POLLOUT };

	result = seam.ops->connect(seam.world, &address, &options, &fd);
	if (result == -EINPROGRESS) {
		decided.fd = fd;
		ck_assert_int_eq(poll(&decided, 1, 10000), 1);
		result = seam.ops->finish(seam.world, fd);
	}
	ck_assert_int_eq(result, expected);
	if (fd >= 0)
		seam.ops->close(seam.world, fd);
	close(server);
}
END_TEST

/* ---- memory ---- */

#define MANY 50

static unsigned taken;

/* libev's allocator, as it is by default, and a count of what is asked for. */
static void *
counting(void *memory, long size)
{
	if (size == 0) {
		free(memory);
		return NULL;
	}
	taken++;
	return realloc(memory, (size_t)size);
}

/* All of them are ready at once, and closed again: there is room for that. */
START_TEST(test_world_ev_waits_without_more_memory)
{
	struct ear ears[MANY];
	int fds[MANY][2];

	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(
		    socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
		ear_init(&ears[i], fds[i][0]);
		ear_want(&ears[i], STAY_WRITE);
	}
	ev_set_allocator(counting);
	taken = 0;
	poll_once();
	for (int i = 0; i < MANY; i++)
		ear_want(&ears[i], STAY_READ);
	poll_once();
	for (int i = 0; i < MANY; i++)
		ear_want(&ears[i], 0);
	poll_once();
	ck_assert_uint_eq(taken, 0);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(ears[i].times, 1);
		close(fds[i][0]);
		close(fds[i][1]);
	}
}
END_TEST

/* ---- fork ---- */

static int
child_tries(int fd)
{
	struct stay_lookup lookup = { .host = "localhost", .port = "1" };
	char byte = 'x';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };

	return seam.ops->write(seam.world, fd, &part, 1) == -EPERM &&
	       seam.ops->read(seam.world, fd, &byte, 1) == -EPERM &&
	       seam.ops->lookup(seam.world, &lookup) == -EPERM;
}

START_TEST(test_promise_12_a_forked_child_is_mute)
{
	char byte;
	int fds[2], status;
	pid_t child;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(write(fds[1], "for the parent", 14), 14);
	child = fork();
	if (child == 0)
		_exit(child_tries(fds[0]) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(recv(fds[1], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(seam.ops->read(seam.world, fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

Suite *
suite_world_ev(void)
{
	Suite *suite = suite_create("world_ev");
	TCase *tcase = tcase_create("world_ev");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(
	    tcase, test_promise_13_without_entropy_no_two_worlds_draw_the_same);
	tcase_add_test(tcase, test_world_ev_turns_before_every_wait);
	tcase_add_test(
	    tcase, test_world_ev_turns_after_the_program_s_own_watchers);
	tcase_add_test(tcase, test_world_ev_run_ends_with_a_turn);
	tcase_add_test(tcase, test_world_ev_again_does_not_wait);
	tcase_add_test(tcase, test_world_ev_again_keeps_ev_run_for_one_turn);
	tcase_add_test(tcase, test_world_ev_timer_ends_the_wait);
	tcase_add_test(tcase, test_world_ev_timer_in_the_past_is_due);
	tcase_add_test(tcase, test_world_ev_timer_moves_earlier);
	tcase_add_test(tcase, test_world_ev_timer_moves_later);
	tcase_add_test(tcase, test_world_ev_timer_is_due_once);
	tcase_add_test(tcase, test_world_ev_timer_alone_keeps_nobody);
	tcase_add_test(tcase, test_world_ev_clock_and_entropy);
	tcase_add_test(tcase, test_world_ev_entropy_fills_all_of_it);
	tcase_add_test(tcase, test_world_ev_hold_keeps_ev_run);
	tcase_add_test(tcase, test_world_ev_leaves_the_count_of_ev_as_it_was);
	tcase_add_test(tcase, test_world_ev_wake_from_another_thread);
	tcase_add_test(tcase, test_world_ev_wake_before_the_wait_is_kept);
	tcase_add_test(tcase, test_world_ev_watch_tells_what_is_wanted);
	tcase_add_test(
	    tcase, test_world_ev_watch_stopped_hears_nothing_pending);
	tcase_add_test(tcase, test_world_ev_watch_that_libev_gave_up_ends);
	tcase_add_test(tcase, test_world_ev_watch_without_memory_is_refused);
	tcase_add_loop_test(tcase, test_world_ev_connects_to_who_listens, 0, 2);
	tcase_add_test(tcase, test_world_ev_waits_without_more_memory);
	tcase_add_test(tcase, test_promise_12_a_forked_child_is_mute);
	suite_add_tcase(suite, tcase);
	return suite;
}
