/*
 * What only the world on libev has: libev itself. Its sockets are in
 * test_world_ev_socket.c, and what both worlds have is in test_world_contract.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>

#include "suites.h"
#include "support/ev_asked.h"
#include "support/failing.h"
#include "support/scarce.h"
#include "support/world_bed.h"
#include "world/ev.h"

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

/* The kernel is asked until it has given all, and once if it has nothing. */
TEST_ROWS(world_ev_entropy_comes_from_the_kernel, 4)
{
	static const struct {
		unsigned nth;
		int error;
		unsigned calls;
	} rows[] = { { 9, ENOSYS, 1 }, { 1, EINTR, 2 }, { 0, 0, 8 },
		{ 1, ENOSYS, 1 } };
	unsigned char bytes[8], seen[8] = { 0 };

	for (int i = 0; i < 20; i++) {
		memset(bytes, 0, sizeof(bytes));
		failing_arm(FAILING_getrandom, rows[_i].nth, rows[_i].error);
		errno = EINTR;
		here.ops->entropy(here.world, bytes, sizeof(bytes));
		failing_disarm();
		ck_assert_uint_eq(failing_calls(), rows[_i].calls);
		for (size_t at = 0; at < sizeof(bytes); at++)
			seen[at] |= bytes[at];
	}
	for (size_t at = 0; at < sizeof(bytes); at++)
		ck_assert_uint_ne(seen[at], 0);
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
	bed_play("put x = EIO; shut = EIO", NULL);
	ck_assert_int_eq(here.ops->finish(here.world, here.fd), -EIO);
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

TEST_SUITE_WITH(world_ev, .before = bed_begin_ev, .after = bed_end)
