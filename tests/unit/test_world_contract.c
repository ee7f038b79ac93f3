/*
 * What include/stay/world.h asks of every world, asked of each: the one on libev,
 * the virtual one, and those that a host waits for. What only one of them can do is in
 * test_world_ev*.c, test_world_sim.c and test_world_hosted.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "suites.h"
#include "support/world_bed.h"

#define MS     UINT64_C(1000000)
#define FAR_MS 10000
#define FAR    (FAR_MS * MS)

/* clang-format off */
#define COUNT(array) ((int)(LEN(array)))
/* clang-format on */

static uint64_t
now(void)
{
	return here.ops->now(here.world);
}

static void
timer(uint64_t at)
{
	here.ops->timer(here.world, at);
}

/* ---- waits and turns ---- */

/* Every byte that was asked for, and no other; and never the same twice. */
START_TEST(test_world_entropy)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };

	for (size_t len = 1; len < 20; len++) {
		unsigned char bytes[24] = { 0 }, seen[24] = { 0 };

		for (int i = 0; i < 20; i++) {
			here.ops->entropy(here.world, bytes, len);
			for (size_t at = 0; at < sizeof(bytes); at++)
				seen[at] |= bytes[at];
		}
		for (size_t at = 0; at < sizeof(seen); at++)
			ck_assert_int_eq(seen[at] != 0, at < len);
	}
	here.ops->entropy(here.world, a, sizeof(a));
	here.ops->entropy(here.world, b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

/* How many waits till then. */
static int
waits_till(uint64_t at)
{
	int waits = 0;

	for (; now() < at; waits++)
		here.ops->run(here.world);
	return waits;
}

/* It is set twice, and ends a wait the second time. libev counts from the begin
 * of its iteration, and may end a wait early. */
static const struct {
	uint64_t first, then; /* ms */
	int waits;            /* at most */
} timers[] = {
	{ 20, 20, 2 }, { 3600 * 1000, 10, 2 }, /* earlier */
	{ 10, 40, 4 },                         /* later: once for nothing */
};

START_TEST(test_world_timer_ends_the_wait)
{
	uint64_t begin = now(), at = begin + timers[_i].then * MS;

	timer(begin + timers[_i].first * MS);
	timer(at);
	ck_assert_int_le(waits_till(at), timers[_i].waits);
	ck_assert_uint_lt(now(), at + 3000 * MS);
}
END_TEST

static void *
wake(void *arg)
{
	(void)arg;
	here.ops->wake(here.world);
	return NULL;
}

static void
wake_in_thread(void)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wake, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* What there is more to do: a wake-up, work left, a timer that is due; or only what is
 * queued, which is all that somebody waits for. */
static void
hurry(int kind)
{
	if (kind == 0)
		wake_in_thread();
	if (kind == 1)
		here.ops->again(here.world);
	if (kind == 2)
		timer(0);
	if (kind == 3)
		timer(now());
}

/* Once: the next wait takes its time. */
START_TEST(test_world_hurries_once)
{
	uint64_t begin = now();

	timer(begin + FAR);
	hurry(_i);
	hurry(_i);
	seam_arm(&here.seam);
	here.ops->run(here.world);
	ck_assert(here.seam.turned);
	ck_assert_uint_lt(now(), begin + FAR);
	begin = now();
	timer(begin + 30 * MS);
	ck_assert_int_le(waits_till(begin + 30 * MS), 3);
}
END_TEST

/* Its caller may be after what that turn does; nothing else is to come here, so that who
 * waits does so for ever. Some count in whole milliseconds. */
START_TEST(test_world_does_not_wait_behind_a_turn_that_was_due)
{
	uint64_t at = now() + MS;

	timer(at);
	while (now() < at + 2 * MS)
		continue;
	here.ops->run(here.world);
}
END_TEST

static bool before;

static void
arm_on_ready(struct stay_watch *watch, unsigned events)
{
	(void)events;
	before = here.seam.turned;
	here.ops->watch(here.world, watch, 0);
	seam_arm(&here.seam);
}

START_TEST(test_world_turns_before_a_wait_and_after)
{
	before = false;
	bed_play("pair; want w", NULL);
	here.ear.watch.ready = arm_on_ready;
	seam_arm(&here.seam);
	here.ops->run(here.world);
	ck_assert(before);
	ck_assert(here.seam.turned);
}
END_TEST

/* Else a program that looks once at a time is served a look too late. */
START_TEST(test_world_serves_what_one_look_has_seen)
{
	bed_play("pair; want w", NULL);
	here.ear.watch.ready = arm_on_ready;
	here.seam.turned = false;
	here.bed->look();
	ck_assert(here.seam.turned);
}
END_TEST

/* A turn comes due, and each leaves work behind; then a descriptor is wanted that is
 * ready. Two turns later at most the world has looked: one has four rounds. */
static struct {
	struct stay__timer timer;
	struct stay__task task;
	int rounds;
} eager;

static void
give_way(struct stay_watch *watch, unsigned events)
{
	(void)events;
	here.ops->watch(here.world, watch, 0);
	stay__task_cancel(&eager.task);
	here.ear.times++;
}

static void
on_round(struct stay__task *task)
{
	if (eager.rounds++ == 0) {
		ear_open(&here.ear, here.fd, STAY_WRITE);
		here.ear.watch.ready = give_way;
	}
	if (eager.rounds == 40)
		return;
	stay__loop_run_soon(here.seam.loop, task);
	here.ops->again(here.world);
}

static void
on_eager(struct stay__timer *timer)
{
	(void)timer;
	stay__loop_run_soon(here.seam.loop, &eager.task);
	here.ops->again(here.world);
}

START_TEST(test_world_looks_between_turns)
{
	bed_play("pair", NULL);
	eager.rounds = 0;
	stay__task_init(&eager.task, on_round);
	stay__timer_init(&eager.timer, on_eager);
	stay__loop_timer(here.seam.loop, &eager.timer, now() + 5 * MS);
	while (here.ear.times == 0) {
		if (eager.rounds == 0)
			timer(now() + MS);
		here.ops->run(here.world);
	}
	ck_assert_int_le(eager.rounds, 8);
}
END_TEST

/* ---- the program ---- */

static bool happened;

static void
let_go(void)
{
	happened = true;
	here.ops->hold(here.world, false);
}

START_TEST(test_world_hold_keeps_the_program)
{
	happened = false;
	here.ops->hold(here.world, true);
	here.bed->program(10, let_go);
	ck_assert(happened);
}
END_TEST

START_TEST(test_world_timer_alone_keeps_nobody)
{
	happened = false;
	here.ops->hold(here.world, false);
	timer(now() + FAR);
	here.bed->program(FAR_MS, let_go);
	timer(UINT64_MAX);
	here.bed->program(FAR_MS, let_go);
	ck_assert(!happened);
}
END_TEST

static int turns;

static void
on_turn(struct stay__task *task)
{
	if (++turns == 10)
		return;
	stay__loop_run_soon(here.seam.loop, task);
	here.ops->again(here.world);
}

/* For a turn, each time. */
START_TEST(test_world_again_keeps_the_program)
{
	struct stay__task task;

	turns = 0;
	here.ops->hold(here.world, false);
	stay__task_init(&task, on_turn);
	stay__loop_run_soon(here.seam.loop, &task);
	here.ops->again(here.world);
	here.bed->program(FAR_MS, let_go);
	ck_assert_int_eq(turns, 10);
}
END_TEST

static bool is_over;

static void
on_deadline(struct stay__timer *timer)
{
	(void)timer;
	is_over = true;
	here.ops->hold(here.world, false);
}

/* Outside of a turn, where none can be; whether or not the world has been told of it by
 * one before. Behind it nothing else happens. */
START_TEST(test_world_keeps_a_deadline_that_init_runs_past)
{
	uint64_t at = now() + 10 * MS;
	struct stay__timer deadline;

	is_over = happened = false;
	stay__timer_init(&deadline, on_deadline);
	stay__loop_timer(here.seam.loop, &deadline, at);
	here.seam.passes_again = true;
	if (_i == 0)
		stay_loop_turn(here.seam.loop);
	timer(at);
	here.ops->hold(here.world, true);
	here.seam.loop->starting++;
	here.bed->program(30, let_go);
	here.seam.loop->starting--;
	ck_assert(happened && !is_over);
	happened = false;
	here.ops->hold(here.world, true);
	here.bed->program(2000, let_go);
	ck_assert(is_over && !happened);
}
END_TEST

/* ---- connections ---- */

static const char *const scripts[] = {
	/* dialling */
	"dial tcp; read = EAGAIN; hang; hear = end",
	"dial tcp-nobody = ECONNREFUSED",
	"dial unix; put; put hi; hear = hi",
	"dial unix-nobody = ECONNREFUSED",
	"dial unix-nowhere = ENOENT",
	"dial unix-full = EAGAIN",
	/* bytes */
	"dial tcp; put ping; hear = ping; heard = EAGAIN; say pong; get = pong",
	"dial unix; say abc; get 2 = ab; read 2 = c; read 2 = EAGAIN",
	"pair; fill = EAGAIN; swap; drain; swap; put x; swap; get = x",
	/* readiness: as long as there is something, of what is wanted */
	"dial tcp; want r; told = no; say x; wait r; told = r; told = r",
	"dial tcp; say x; wait r; want rw; told = rw; want w; told = w",
	"dial tcp; say x; wait r; want rw; want 0; told = no; want r; told = r",
	"dial tcp; want r; say x; wait r; told = r; read = x; told = no",
	"pair; want rw; told = w; swap; put x; swap; told = rw",
	"pair; fill = EAGAIN; want w; told = no; swap; drain; swap; told = w",
	"dial tcp; end reset; wait r; want rw; told = rw",
	"dial tcp; end reset; wait r; want r; told = r; told = r",
	/* the library ends it: with a reset if it has not read all */
	"dial tcp; put bye; hang; hear = bye; hear = end",
	"dial tcp; say unread; get 1 = u; hang; hear = ECONNRESET",
	/* or half of it: what the other end says is read, nothing is written */
	"dial tcp; put bye; shut; hear = bye; hear = end; say late; get = late",
	"dial tcp; shut; hear = end; end; get = end; read = end",
	"dial tcp; say hi; shut; shut; put x = EPIPE; get = hi; read = EAGAIN",
	"dial tcp; end reset; get = ECONNRESET; shut = ENOTCONN",
	"pair; put x; shut; swap; get = x; get = end; put y; swap; get = y",
	/* the other end does: what has arrived is read first */
	"dial tcp; say bye; end; get = bye; get = end; read = end",
	"dial tcp; end; get = end; fill = EPIPE; put x = EPIPE; read = end",
	"dial tcp; end shut; get = end; put x; hear = x; hang; hear = end",
	"dial tcp; say by; end reset; get = by; get = ECONNRESET; read = end",
	"dial tcp; end reset; get = ECONNRESET; put x = EPIPE",
	"dial tcp; end reset; wait r; put x = ECONNRESET; put x = EPIPE",
};

START_TEST(test_world_connection)
{
	bed_play(scripts[_i], NULL);
}
END_TEST

/* What is ready and not wanted ends no wait. */
static const char *const unwanted[] = {
	"pair; want r",
	"pair; swap; put x; swap; fill = EAGAIN; want w",
	"pair; want rw; swap; put x; swap; want 0",
};

START_TEST(test_world_waits_for_what_is_wanted)
{
	uint64_t at;

	bed_play(unwanted[_i], NULL);
	bed_poll();
	at = now() + 30 * MS;
	timer(at);
	ck_assert_int_le(waits_till(at), 3);
	ck_assert_int_eq(here.ear.times, 0);
}
END_TEST

START_TEST(test_world_watch_stopped_hears_nothing_pending)
{
	struct ear other;

	bed_play("pair; want w", NULL);
	ear_open(&other, here.other, STAY_WRITE);
	here.ear.silences = &other;
	other.silences = &here.ear;
	bed_poll();
	ck_assert_int_eq(here.ear.times + other.times, 1);
	ear_want(&other, 0);
}
END_TEST

START_TEST(test_world_write_takes_parts_in_order)
{
	char ab[] = "ab", c[] = "c";
	struct iovec parts[] = { { ab, 2 }, { NULL, 0 }, { c, 1 } };

	bed_play("pair", NULL);
	ck_assert_int_eq(here.ops->adopt(here.world, here.fd), 0);
	ck_assert_int_eq(here.ops->write(here.world, here.fd, parts, 3), 3);
	bed_play("swap; get 2 = ab; read = c; read = EAGAIN", NULL);
}
END_TEST

/* A pipe without a writer is not readable for the kernel: it has hung up. */
START_TEST(test_world_hears_the_end_of_a_pipe)
{
	int ends[2];
	struct ear ear;

	ck_assert_int_eq(pipe(ends), 0);
	ear_open(&ear, ends[0], STAY_READ);
	bed_poll();
	ck_assert_uint_eq(ear.heard, 0);
	close(ends[1]);
	bed_poll();
	ck_assert_uint_eq(ear.heard, STAY_READ);
	ear_want(&ear, 0);
	close(ends[0]);
}
END_TEST

/* And nothing of it is left, though one of these libraries watches each once. */
START_TEST(test_world_watches_a_descriptor_twice)
{
	struct ear other;
	size_t fds;

	bed_play("pair", NULL);
	fds = here.bed->open_fds(here.world);
	ear_open(&here.ear, here.fd, STAY_READ);
	ear_open(&other, here.fd, STAY_WRITE);
	bed_poll();
	ck_assert_uint_eq(here.ear.heard, 0);
	ck_assert_uint_eq(other.heard, STAY_WRITE);
	ear_want(&other, 0);
	ear_want(&here.ear, 0);
	ck_assert_uint_eq(here.bed->open_fds(here.world), fds);
}
END_TEST

/* What was due is over, and ends no other wait; nor does what is due in fifty days, in
 * whose milliseconds an int has no room. */
START_TEST(test_world_waits_on_behind_a_deadline)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 20 * MS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), waits = 0;
	struct ear ear;

	timer(1);
	here.ops->run(here.world);
	timer(_i == 0 ? UINT64_MAX : now() + (UINT64_C(1) << 32) * MS);
	ear_open(&ear, fd, STAY_READ);
	ck_assert_int_eq(timerfd_settime(fd, 0, &soon, NULL), 0);
	for (; ear.times == 0; waits++)
		here.ops->run(here.world);
	ck_assert_int_le(waits, 3);
	ear_want(&ear, 0);
	close(fd);
}
END_TEST

/* ---- names ---- */

START_TEST(test_world_lookup_is_answered)
{
	static const char too_long[] = "0123456789012345678901234567890123456"
				       "789012345678901234567890123456789";
	struct asked asked;

	ck_assert_int_eq(bed_ask(&asked, "127.0.0.1", "7777"), 0);
	ck_assert_str_eq(bed_answer(&asked), "127.0.0.1:7777");
	ck_assert_uint_eq(asked.count, 1);
	ck_assert_int_eq(bed_ask(&asked, too_long, "1"), 0);
	ck_assert_str_ne(bed_answer(&asked), "");
	ck_assert_int_lt(asked.error, 0);
}
END_TEST

/* Neither twice nor after the answer does it harm. */
START_TEST(test_world_lookup_cancelled_is_not_answered)
{
	struct asked cancelled, other;

	ck_assert_int_eq(bed_ask(&cancelled, "127.0.0.1", "1"), 0);
	here.ops->lookup_cancel(here.world, &cancelled.lookup);
	here.ops->lookup_cancel(here.world, &cancelled.lookup);
	ck_assert_int_eq(bed_ask(&other, "127.0.0.1", "1"), 0);
	ck_assert_str_eq(bed_answer(&other), "127.0.0.1:1");
	here.ops->lookup_cancel(here.world, &other.lookup);
	ck_assert_int_eq(cancelled.times, 0);
}
END_TEST

START_TEST(test_world_lookup_asked_when_answered)
{
	struct asked asked, next = { .times = 0 };

	ck_assert_int_eq(bed_ask(&asked, "127.0.0.1", "1"), 0);
	asked.next = &next;
	ck_assert_str_eq(bed_answer(&asked), "127.0.0.1:1");
	ck_assert_str_eq(bed_answer(&next), "127.0.0.1:2");
	ck_assert_int_eq(asked.times, 1);
}
END_TEST

/* ---- fork ---- */

/* All but closing. */
static bool
all_is_denied(void *arg)
{
	const struct stay_socket_options plain = { .nodelay = true };
	struct stay_address to = { .len = sizeof(struct sockaddr_in) };
	struct iovec part = { &to, 1 };
	struct asked asked;
	char byte;
	int fd = here.fd;

	(void)arg;
	to.storage.ss_family = AF_INET;
	here.fd = -1;
	here.ops->wake(here.world);
	return here.ops->forked(here.world) &&
	       here.ops->connect(here.world, &to, &plain, &here.fd) == -EPERM &&
	       here.ops->write(here.world, fd, &part, 1) == -EPERM &&
	       here.ops->read(here.world, fd, &byte, 1) == -EPERM &&
	       here.ops->finish(here.world, fd) == -EPERM &&
	       here.ops->adopt(here.world, fd) == -EPERM &&
	       here.ops->shutdown(here.world, fd) == -EPERM &&
	       here.ops->keep_alive(here.world, fd, &plain) == -EPERM &&
	       bed_ask(&asked, "127.0.0.1", "1") == -EPERM &&
	       (here.ops->close(here.world, fd), here.fd == -1);
}

START_TEST(test_promise_12_a_forked_child_is_mute)
{
	bed_play("dial tcp; say parent; heard = EAGAIN", NULL);
	ck_assert(!here.ops->forked(here.world));
	ck_assert(here.bed->child(all_is_denied));
	bed_poll();
	bed_play("heard = EAGAIN", NULL);
}
END_TEST

/* ---- over all ---- */

static TCase *
add_kernel(TCase *tcase)
{
	tcase_add_test(tcase, test_world_hears_the_end_of_a_pipe);
	tcase_add_loop_test(tcase, test_world_waits_on_behind_a_deadline, 0, 2);
	tcase_add_test(tcase, test_world_watches_a_descriptor_twice);
	tcase_add_test(
	    tcase, test_world_does_not_wait_behind_a_turn_that_was_due);
	return tcase;
}

static void
add_program(TCase *tcase)
{
	tcase_add_test(tcase, test_world_hold_keeps_the_program);
	tcase_add_test(tcase, test_world_timer_alone_keeps_nobody);
	tcase_add_test(tcase, test_world_again_keeps_the_program);
	tcase_add_loop_test(
	    tcase, test_world_keeps_a_deadline_that_init_runs_past, 0, 2);
}

static TCase *
add_look(TCase *tcase)
{
	tcase_add_test(tcase, test_world_serves_what_one_look_has_seen);
	return tcase;
}

static TCase *
add(Suite *suite, const char *name, SFun setup)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, bed_end);
	tcase_add_test(tcase, test_world_entropy);
	tcase_add_loop_test(
	    tcase, test_world_timer_ends_the_wait, 0, COUNT(timers));
	tcase_add_loop_test(tcase, test_world_hurries_once, 0, 5);
	tcase_add_test(tcase, test_world_turns_before_a_wait_and_after);
	tcase_add_test(tcase, test_world_looks_between_turns);
	tcase_add_loop_test(tcase, test_world_connection, 0, COUNT(scripts));
	tcase_add_loop_test(
	    tcase, test_world_waits_for_what_is_wanted, 0, COUNT(unwanted));
	tcase_add_test(tcase, test_world_watch_stopped_hears_nothing_pending);
	tcase_add_test(tcase, test_world_write_takes_parts_in_order);
	tcase_add_test(tcase, test_world_lookup_is_answered);
	tcase_add_test(tcase, test_world_lookup_cancelled_is_not_answered);
	tcase_add_test(tcase, test_world_lookup_asked_when_answered);
	tcase_add_test(tcase, test_promise_12_a_forked_child_is_mute);
	suite_add_tcase(suite, tcase);
	return tcase;
}

Suite *
suite_world_contract(void)
{
	Suite *suite = suite_create("world_contract");

	add_program(add_kernel(add_look(add(suite, "ev", bed_begin_ev))));
	add_program(add(suite, "sim", bed_begin_sim));
	add_kernel(add(suite, "poll", bed_begin_poll));
	if (bed_begin_uv != NULL)
		add_program(
		    add_kernel(add_look(add(suite, "uv", bed_begin_uv))));
	if (bed_begin_event != NULL)
		add_program(
		    add_kernel(add_look(add(suite, "event", bed_begin_event))));
	if (bed_begin_glib != NULL)
		add_kernel(add(suite, "glib", bed_begin_glib));
	return suite;
}
