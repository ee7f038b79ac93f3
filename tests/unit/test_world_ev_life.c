/*
 * The world on libev from its beginning to its end: what it leaves in the system and in
 * libev, how it turns, and what it does when libev gives a watcher up.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ev.h>

#include "suites.h"
#include "support/descriptors.h"
#include "support/ev_asked.h"
#include "support/failing.h"
#include "support/scarce.h"
#include "support/world_bed.h"
#include "world/ev.h"

#define MS  UINT64_C(1000000)
#define FAR (20000 * MS)

static uint64_t
now(void)
{
	return here.ops->now(here.world);
}

/* ---- beginning and end ---- */

static struct stay_world *
open_world(bool alone)
{
	return alone ? stay__world_ev_alone() : stay__world_ev_new(bed_ev);
}

/* How often it was refused before all that it asks for was there. */
static unsigned
open_short_of(enum failing call, bool alone)
{
	unsigned nth = 0;
	bool failed;

	do {
		struct stay_world *world;

		if (call == FAILING_nothing)
			scarce_arm(++nth);
		else
			failing_arm(call, ++nth, ENOMEM);
		world = open_world(alone);
		failed = call == FAILING_nothing ? scarce_disarm()
						 : failing_disarm();
		ck_assert(failed == (world == NULL));
		if (world != NULL)
			world->ops->free(world);
	} while (failed);
	return nth - 1;
}

static const struct {
	enum failing call; /* nothing: memory */
	bool alone;
	unsigned refused;
} shortages[] = {
	{ FAILING_nothing, false, 4 },
	{ FAILING_nothing, true, 5 },
	{ FAILING_eventfd, false, 1 },
	{ FAILING_eventfd, true, 1 },
	{ FAILING_pthread_cond_init, false, 1 },
	{ FAILING_pthread_mutex_init, true, 1 },
};

TEST_ROWS(world_ev_that_cannot_begin_leaves_nothing, 6)
{
	struct descriptors before, after;
	int made = failing_made();
	long blocks = 0;

	descriptors_list(&before);
	for (int i = 0; i < 200; i++) {
		ck_assert_uint_ge(
		    open_short_of(shortages[_i].call, shortages[_i].alone),
		    shortages[_i].refused);
		ev_run(bed_ev, EVRUN_NOWAIT);
		if (i == 0)
			blocks = scarce_blocks_here();
	}
	descriptors_list(&after);
	ck_assert(descriptors_equal(&before, &after));
	ck_assert_int_eq(failing_made(), made);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

/* A number of its own that is ready comes to be watched by nobody, and libev asks the
 * kernel anew for all that is. */
TEST(world_ev_leaves_libev_nothing_to_watch)
{
	struct descriptors before, after;
	struct seam other;

	descriptors_list(&before);
	seam_init(&other, stay__world_ev_new(bed_ev));
	ev_run(bed_ev, EVRUN_NOWAIT);
	descriptors_list_new(&after, &before);
	ck_assert_uint_eq(after.count, 1);
	seam_fini(&other);
	ck_assert_int_eq(eventfd(1, EFD_NONBLOCK), after.fds[0]);
	ev_loop_fork(bed_ev);
	for (int i = 0; i < 2; i++)
		ev_run(bed_ev, EVRUN_NOWAIT);
	close(after.fds[0]);
}

/* ---- turns ---- */

static bool came;

static void
on_come(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events;
	came = true;
}

static void
come_in(ev_timer *timer, double seconds)
{
	came = false;
	ev_now_update(bed_ev);
	ev_timer_init(timer, on_come, seconds, 0.);
	ev_timer_start(bed_ev, timer);
}

/* Whatever deadline it hears of then. */
TEST(world_ev_with_work_left_does_not_wait)
{
	uint64_t begin = now();

	here.ops->timer(here.world, begin + FAR);
	here.ops->again(here.world);
	here.ops->timer(here.world, begin + FAR / 2);
	ev_run(bed_ev, EVRUN_ONCE);
	ck_assert_uint_lt(now(), begin + FAR / 4);
}

static int turns;

static void
on_turn(struct stay__task *task)
{
	if (++turns == 10)
		return;
	stay__loop_run_soon(here.seam.loop, task);
	here.ops->again(here.world);
}

/* And keeps ev_run beside what else does. */
TEST(world_ev_with_work_left_keeps_ev_beside_others)
{
	struct stay__task task;
	ev_timer timer;

	turns = 0;
	here.ops->hold(here.world, false);
	stay__task_init(&task, on_turn);
	stay__loop_run_soon(here.seam.loop, &task);
	here.ops->again(here.world);
	come_in(&timer, 0.02);
	ev_run(bed_ev, 0);
	ck_assert(came);
	ck_assert_int_eq(turns, 10);
}

static void
on_rest(struct stay__task *task)
{
	turns++;
	stay__loop_run_soon(here.seam.loop, task);
	here.ops->again(here.world);
}

/* A turn before the wait and one behind it, each of four rounds. */
TEST(world_ev_runs_two_turns)
{
	struct stay__task task;

	turns = 0;
	stay__task_init(&task, on_rest);
	stay__loop_run_soon(here.seam.loop, &task);
	here.ops->run(here.world);
	ck_assert_int_eq(turns, 8);
	stay__task_cancel(&task);
}

static void
on_due(struct stay__timer *timer)
{
	(void)timer;
	turns++;
}

static void
break_off(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	(void)prepare;
	(void)events;
	ev_break(ev, EVBREAK_ALL);
}

/* The program ends the run before it waits, every other time: a deadline passes all the
 * same. */
TEST(world_ev_time_passes_without_a_wait)
{
	struct stay__timer timer;
	ev_prepare prepare;

	turns = 0;
	stay__timer_init(&timer, on_due);
	ev_prepare_init(&prepare, break_off);
	for (int i = 0; i < 4; i++) {
		if (i % 2 == 1)
			ev_prepare_start(bed_ev, &prepare);
		stay__loop_timer(here.seam.loop, &timer, now() + MS);
		while (turns == i) {
			here.ops->again(here.world);
			here.ops->run(here.world);
		}
		ev_prepare_stop(bed_ev, &prepare);
	}
}

/* ---- what libev gives up ---- */

static bool refuses;

/* In place of the system's, for libev: it has no more room for watches. */
__attribute__((visibility("default"))) int
epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	int (*system_s)(int, int, int, struct epoll_event *);
	void *symbol = dlsym(RTLD_NEXT, "epoll_ctl");

	memcpy(&system_s, &symbol, sizeof(symbol));
	if (!refuses)
		return system_s(epoll, what, fd, event);
	errno = ENOSPC;
	return -1;
}

static void
give_up(struct ear *ear)
{
	ev_feed_event(bed_ev, ear->watch.world, EV_ERROR | EV_READ | EV_WRITE);
	ev_invoke_pending(bed_ev);
}

/* It is once what it was twice. */
TEST(world_ev_watch_that_libev_gave_up_twice)
{
	bed_play("pair; want rw", NULL);
	give_up(&here.ear);
	ear_want(&here.ear, STAY_READ);
	give_up(&here.ear);
	bed_play("read = EIO; swap; read = EAGAIN; swap; want 0", NULL);
	bed_play("read = EAGAIN; swap; read = EAGAIN; swap; want r", NULL);
	bed_play("swap; put x; swap; get = x", NULL);
}

/* What is closed leaves its room to the next. */
TEST(world_ev_watches_many_times_in_the_same_room)
{
	bed_play("pair; want r; want 0", NULL);
	ev_asked_count();
	ev_asked = 0;
	for (int i = 0; i < 5000; i++)
		bed_play("want r; want 0", NULL);
	ck_assert_uint_eq(ev_asked, 0);
}

/* The kernel refuses for a while to watch what threads wake it by: it is asked again
 * before each wait, and libev counts its watchers as before. */
TEST(world_ev_wake_that_was_refused)
{
	struct asked asked;
	ev_timer timer;

	for (int i = 0; i < 2; i++) {
		here.ops->hold(here.world, false);
		refuses = true;
		ev_loop_fork(bed_ev);
		come_in(&timer, 0.01);
		ev_run(bed_ev, 0);
		ck_assert(came);
		refuses = false;
		here.ops->hold(here.world, true);
		ck_assert_int_eq(bed_ask(&asked, "127.0.0.1", "1"), 0);
		ck_assert_str_eq(bed_answer(&asked), "127.0.0.1:1");
		here.ops->hold(here.world, false);
		ev_run(bed_ev, 0);
	}
}

/* As is one whose watcher libev has stopped. */
TEST(world_ev_wake_that_was_refused_ends)
{
	struct seam other;

	here.ops->hold(here.world, false);
	seam_init(&other, stay__world_ev_new(bed_ev));
	ev_run(bed_ev, EVRUN_NOWAIT);
	refuses = true;
	ev_loop_fork(bed_ev);
	ev_run(bed_ev, EVRUN_NOWAIT);
	seam_fini(&other);
	refuses = false;
	ev_run(bed_ev, 0);
}

TEST_SUITE_WITH(world_ev_life, .before = bed_begin_ev, .after = bed_end)
