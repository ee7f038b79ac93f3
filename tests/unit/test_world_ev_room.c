/*
 * libev's memory: room in its tables before it is needed, and a reserve for the
 * moment that there is none.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>

#include <stay/loop.h>

#include "suites.h"
#include "support/ev_asked.h"
#include "support/heap.h"
#include "support/scarce.h"
#include "world/ev_room.h"

static struct ev_loop *ev;
static struct stay__room room;
static void
setup(void)
{
	ev_asked_count();
	ev = ev_loop_new(EVBACKEND_SELECT);
	ck_assert_ptr_nonnull(ev);
	ck_assert(stay__room_init(&room, ev));
}

static void
teardown(void)
{
	ev_loop_destroy(ev);
}

/* How often libev asks for memory to watch `fd`, which need not be open. */
static unsigned
asked_to_watch(int fd)
{
	ev_io io;

	ev_asked = 0;
	ev_init(&io, NULL);
	io.fd = fd;
	io.events = EV_READ;
	ev_io_start(ev, &io);
	ev_io_stop(ev, &io);
	return ev_asked;
}

static unsigned
asked_to_tell(unsigned events)
{
	static ev_timer timers[2000];

	ev_invoke_pending(ev); /* what came before has left its entries */
	ev_asked = 0;
	for (unsigned i = 0; i < events; i++) {
		ev_init(&timers[i], NULL);
		ev_feed_event(ev, &timers[i], EV_TIMER);
	}
	for (unsigned i = 0; i < events; i++)
		ev_clear_pending(ev, &timers[i]);
	return ev_asked;
}

/* Below, at and above the sizes that libev's tables have. */
START_TEST(test_world_ev_room_for_any_descriptor)
{
	static const int fds[] = { 0, 3, 63, 64, 65, 127, 128, 129, 255, 256,
		257, 1023, 1024, 5000, 4999, 0 };

	for (size_t i = 0; i < LEN(fds); i++) {
		ck_assert(stay__room_take(&room, fds[i]));
		ck_assert_uint_eq(asked_to_watch(fds[i]), 0);
	}
}
END_TEST

/* The table of descriptors, and the list of those that have changed. */
START_TEST(test_world_ev_room_for_all_descriptors_at_once)
{
	static ev_io ios[300];

	ck_assert(stay__room_take(&room, 200));
	ev_asked = 0;
	for (int fd = 0; fd <= 200; fd++) {
		ev_io_init(&ios[fd], NULL, fd, EV_READ);
		ev_io_start(ev, &ios[fd]);
	}
	ck_assert_uint_eq(ev_asked, 0);
	for (int fd = 0; fd <= 200; fd++)
		ev_io_stop(ev, &ios[fd]);
}
END_TEST

START_TEST(test_world_ev_room_for_all_of_them_at_once)
{
	for (unsigned n = 1; n <= 1000; n++) {
		ck_assert(stay__room_take(&room, 5));
		ck_assert_uint_eq(room.watches, n);
		if (n % 50 == 0)
			ck_assert_uint_eq(asked_to_tell(n), 0);
	}
}
END_TEST

/* There is room up to four less than the next power of two, as libev would make it: it
 * is not asked each time. */
START_TEST(test_world_ev_room_grows_in_steps)
{
	for (int i = 0; i < 17; i++)
		ck_assert(stay__room_take(&room, 100));
	scarce_drought();
	for (int i = 0; i < 23; i++)
		if (!stay__room_take(&room, 101 + i))
			break;
	ck_assert(!scarce_disarm());
	ck_assert_uint_eq(room.watches, 40);
}
END_TEST

/* What a world starts beside its descriptors; and nothing is left running. */
START_TEST(test_world_ev_room_for_one_of_each_other_kind)
{
	ev_prepare prepare;
	ev_check check;
	ev_fork forked;
	ev_timer timer;

	ck_assert(!ev_run(ev, EVRUN_NOWAIT));
	ev_prepare_init(&prepare, NULL);
	ev_check_init(&check, NULL);
	ev_fork_init(&forked, NULL);
	ev_timer_init(&timer, NULL, 1., 0.);
	ev_asked = 0;
	ev_prepare_start(ev, &prepare);
	ev_check_start(ev, &check);
	ev_fork_start(ev, &forked);
	ev_timer_start(ev, &timer);
	ck_assert_uint_eq(ev_asked, 0);
	ev_prepare_stop(ev, &prepare);
	ev_check_stop(ev, &check);
	ev_fork_stop(ev, &forked);
	ev_timer_stop(ev, &timer);
}
END_TEST

/* What is given back is room for the next: without end nothing grows. */
START_TEST(test_world_ev_room_is_used_again)
{
	ck_assert(stay__room_take(&room, 70));
	scarce_drought();
	for (int i = 0; i < 1000; i++) {
		stay__room_give(&room);
		if (!stay__room_take(&room, 69 + i % 2))
			break;
	}
	ck_assert(!scarce_disarm());
	ck_assert_uint_eq(room.watches, 1);
}
END_TEST

/* Asking again, when there is memory, has what was refused. */
START_TEST(test_world_ev_room_without_memory_is_refused)
{
	struct ev_loop *other = ev_loop_new(EVBACKEND_SELECT);
	struct stay__room none;
	bool ok;

	scarce_drought();
	ok = stay__room_take(&room, 64);
	scarce_disarm();
	ck_assert(!ok);
	ck_assert_uint_eq(room.watches, 0);
	ck_assert(stay__room_take(&room, 64));
	ck_assert_uint_eq(asked_to_watch(64), 0);
	for (int i = 1; i < 16; i++)
		ck_assert(stay__room_take(&room, 64));
	scarce_drought();
	ok = stay__room_take(&room, 64);
	scarce_disarm();
	ck_assert(!ok);
	ck_assert_uint_eq(room.watches, 16);
	scarce_drought();
	ok = stay__room_init(&none, other);
	scarce_disarm();
	ck_assert(!ok);
	ev_loop_destroy(other);
}
END_TEST

/* ---- the reserve ---- */

/*
 * In a process of its own, for libev's allocator belongs to the process. 0: all
 * is well, else the line of what is not.
 */
#define OR_LINE(condition)                                                     \
	do {                                                                   \
		if (!(condition))                                              \
			return __LINE__;                                       \
	} while (0)

/* All of it ready at once, and twice as much the second time. */
static void
watch_many(struct ev_loop *loop, ev_timer *timers, int count)
{
	for (int i = 0; i < count; i++) {
		ev_timer_init(&timers[i], NULL, 1., 0.);
		ev_timer_start(loop, &timers[i]);
	}
	for (int i = 0; i < count; i++)
		ev_timer_stop(loop, &timers[i]);
}

static unsigned fired;

static void
on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)timer;
	(void)events;
	fired++;
}

/* What libev knew before its tables moved to the reserve, it knows there. */
static int
keep_the_bytes(void)
{
	static ev_timer timers[4000], kept[40];
	struct ev_loop *loop;

	OR_LINE(stay_loop_ev_reserve((size_t)256 * 1024) == STAY_OK);
	loop = ev_loop_new(EVBACKEND_SELECT);
	for (unsigned turn = 1; turn <= 3; turn++) {
		for (int i = 0; i < 40; i++) {
			ev_timer_init(&kept[i], on_timer, 0., 0.);
			ev_timer_start(loop, &kept[i]);
		}
		scarce_drought();
		watch_many(loop, timers, 1000 << turn / 2);
		scarce_disarm();
		watch_many(loop, timers, 2000 << turn / 2);
		ev_run(loop, EVRUN_NOWAIT);
		OR_LINE(fired == 40 * turn);
	}
	ev_loop_destroy(loop);
	return 0;
}

/* libev ends the process when it gets no memory: getting on is the proof. */
static int
live_on_the_reserve(void)
{
	static ev_timer timers[4000];
	struct ev_loop *loop;

	OR_LINE(stay_loop_ev_reserve((size_t)256 * 1024) == STAY_OK);
	OR_LINE(stay_loop_ev_reserve((size_t)256 * 1024) == STAY_E_STATE);
	loop = ev_loop_new(EVBACKEND_SELECT);
	OR_LINE(loop != NULL);
	watch_many(loop, timers, 10);
	for (int turn = 0; turn < 3; turn++) {
		scarce_drought();
		watch_many(loop, timers, 1000 << turn);
		scarce_disarm();
	}
	watch_many(loop, timers, 4000);
	ev_loop_destroy(loop);
	for (int turn = 0; turn < 100; turn++) {
		loop = ev_loop_new(EVBACKEND_SELECT);
		scarce_drought();
		watch_many(loop, timers, 1000);
		scarce_disarm();
		ev_loop_destroy(loop);
	}
	return 0;
}

typedef void *allocate_fn(void *memory, long size);

static allocate_fn *allocate; /* what libev was given last */

void
ev_set_allocator(allocate_fn *allocator)
{
	void (*set)(allocate_fn *);
	void *symbol = dlsym(RTLD_NEXT, "ev_set_allocator");

	memcpy(&set, &symbol, sizeof(set));
	allocate = allocator;
	set(allocator);
}

#define RESERVE ((size_t)4096)

static long head; /* what each block costs besides */

/* All of it is one block. */
static int
take_the_reserve(void)
{
	long size = RESERVE;
	void *block;

	do {
		size--;
		block = allocate(NULL, size);
	} while (block == NULL);
	head = (long)RESERVE - size;
	OR_LINE(head > 0 && head < 64);
	OR_LINE(allocate(block, 0) == NULL);
	return 0;
}

/* Four blocks of a quarter and no fifth, each with its own bytes; and there is room
 * again when the last of them is back. */
static int
share_the_reserve(void)
{
	size_t size = RESERVE / 4 - (size_t)head;
	char *blocks[4];

	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 4; i++) {
			blocks[i] = allocate(NULL, (long)size);
			OR_LINE(blocks[i] != NULL);
			memset(blocks[i], i, size);
		}
		for (int i = 0; i < 4; i++)
			OR_LINE(blocks[i][0] == i && blocks[i][size - 1] == i);
		for (int i = 0; i < 4; i++) {
			OR_LINE(allocate(NULL, 1) == NULL);
			OR_LINE(allocate(blocks[i], 0) == NULL);
		}
	}
	return 0;
}

/* It shrinks into a smaller block of the system. */
static int
leave_the_reserve(void)
{
	char *block = allocate(NULL, 4000);

	OR_LINE(block != NULL);
	memset(block, 'x', 4000);
	OR_LINE(allocate(block, 4001) == NULL);
	scarce_disarm();
	block = allocate(block, 10);
	scarce_drought();
	OR_LINE(block != NULL && memcmp(block, "xxxxxxxxxx", 10) == 0);
	return share_the_reserve();
}

/* It grows, where it is and then into the reserve. */
static int
enter_the_reserve(void)
{
	char *block;

	scarce_disarm();
	block = allocate(NULL, 100);
	OR_LINE(block != NULL);
	block = allocate(block, 1000);
	scarce_drought();
	OR_LINE(block != NULL);
	memset(block, 'y', 1000);
	block = allocate(block, 2000);
	OR_LINE(block != NULL && block[0] == 'y' && block[999] == 'y');
	OR_LINE(allocate(block, 0) == NULL);
	return share_the_reserve();
}

static int
divide_the_reserve(void)
{
	int line;

	OR_LINE(stay_loop_ev_reserve(RESERVE) == STAY_OK);
	scarce_drought();
	line = take_the_reserve();
	if (line == 0)
		line = share_the_reserve();
	if (line == 0)
		line = leave_the_reserve();
	if (line == 0)
		line = enter_the_reserve();
	scarce_disarm();
	return line;
}

/* What is not needed any more is the system's again. */
static int
spare_the_reserve(void)
{
	const long large = 1 << 20;
	size_t before;

	OR_LINE(stay_loop_ev_reserve(RESERVE) == STAY_OK);
	before = heap_in_use();
	for (int i = 0; i < 10; i++)
		OR_LINE(allocate(allocate(NULL, large), 0) == NULL);
	OR_LINE(heap_in_use() < before + (size_t)large);
	return 0;
}

static int
reserve_what_is_not_there(void)
{
	enum stay_status status;

	scarce_drought();
	status = stay_loop_ev_reserve(1024);
	scarce_disarm();
	OR_LINE(status == STAY_E_NOMEM);
	OR_LINE(stay_loop_ev_reserve(1024) == STAY_OK);
	return 0;
}

/* Past its end there is nothing: libev says so and aborts. */
static int
use_up_the_reserve(void)
{
	static ev_timer timers[4000];
	struct ev_loop *loop;

	OR_LINE(stay_loop_ev_reserve(1024) == STAY_OK);
	loop = ev_loop_new(EVBACKEND_SELECT);
	close(STDERR_FILENO);
	scarce_drought();
	watch_many(loop, timers, 4000);
	return 0;
}

static int
end_of(int (*life)(void))
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int line = life();

		if (line != 0)
			fprintf(stderr, "%s:%d\n", __FILE__, line);
		_exit(line != 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(test_world_ev_reserve_is_there_when_nothing_else_is)
{
	ck_assert_int_eq(end_of(live_on_the_reserve), 0);
}
END_TEST

START_TEST(test_world_ev_reserve_keeps_the_bytes)
{
	ck_assert_int_eq(end_of(keep_the_bytes), 0);
}
END_TEST

START_TEST(test_world_ev_reserve_is_divided)
{
	ck_assert_int_eq(end_of(divide_the_reserve), 0);
	ck_assert_int_eq(end_of(spare_the_reserve), 0);
}
END_TEST

START_TEST(test_world_ev_reserve_that_is_not_there)
{
	ck_assert_int_eq(end_of(reserve_what_is_not_there), 0);
}
END_TEST

START_TEST(test_world_ev_reserve_ends)
{
	int status = end_of(use_up_the_reserve);

	ck_assert(WIFSIGNALED(status));
}
END_TEST

Suite *
suite_world_ev_room(void)
{
	Suite *suite = suite_create("world_ev_room");
	TCase *tests = tcase_create("room");
	TCase *reserves = tcase_create("reserve");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_world_ev_room_for_any_descriptor);
	tcase_add_test(tests, test_world_ev_room_for_all_descriptors_at_once);
	tcase_add_test(tests, test_world_ev_room_for_all_of_them_at_once);
	tcase_add_test(tests, test_world_ev_room_grows_in_steps);
	tcase_add_test(tests, test_world_ev_room_for_one_of_each_other_kind);
	tcase_add_test(tests, test_world_ev_room_is_used_again);
	tcase_add_test(tests, test_world_ev_room_without_memory_is_refused);
	suite_add_tcase(suite, tests);
	tcase_add_test(
	    reserves, test_world_ev_reserve_is_there_when_nothing_else_is);
	tcase_add_test(reserves, test_world_ev_reserve_keeps_the_bytes);
	tcase_add_test(reserves, test_world_ev_reserve_is_divided);
	tcase_add_test(reserves, test_world_ev_reserve_that_is_not_there);
	tcase_add_test(reserves, test_world_ev_reserve_ends);
	suite_add_tcase(suite, reserves);
	return suite;
}
