/* What a turn of a loop does, in which order, when a task takes too long. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <stay/conn.h>

#include "base/mem.h"
#include "loop/door.h"
#include "loop/errands.h"
#include "loop/loop.h"
#include "loop/waiting.h"
#include "sim/world_sim.h"
#include "suites.h"
#include "support/child.h"
#include "support/failing.h"

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay__task tasks[3];
static struct stay__timer timer;
static char told[64];

static void
tell(const char *what)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s;", what);
}

static void
take_long(struct stay__task *task)
{
	(void)task;
	tell("long");
	sim_sleep_ms(world, 10);
}

static void
ask_for_more(struct stay__task *task)
{
	stay__loop_run_soon(loop, &tasks[2]);
	take_long(task);
}

static void
be_later(struct stay__task *task)
{
	(void)task;
	tell("later");
}

static void
be_quick(struct stay__task *task)
{
	(void)task;
	tell("quick");
}

static void
run_after(struct stay__timer *fired)
{
	(void)fired;
	tell("due");
}

static void
begin(void)
{
	told[0] = '\0';
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	stay__task_init(&tasks[0], take_long);
	stay__task_init(&tasks[1], be_quick);
	stay__task_init(&tasks[2], be_quick);
	stay__timer_init(&timer, run_after);
	stay__loop_timer(loop, &timer, stay__loop_after(loop, 5));
}

static void
end(void)
{
	EXPECT_OK(stay_loop_free(loop));
}

/* Who would write next finds that its time is over. */
TEST(promise_6_loop_a_slow_write_puts_the_next_one_off)
{
	stay__loop_flush_soon(loop, &tasks[0]);
	stay__loop_flush_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "long;");
	sim_run_ms(world, 0);
	ck_assert_str_eq(told, "long;due;quick;");
}

/* What is put off keeps its place, in front of what came later. */
TEST(loop_a_slow_task_loses_no_other)
{
	stay__task_init(&tasks[0], ask_for_more);
	stay__task_init(&tasks[2], be_later);
	stay__loop_run_soon(loop, &tasks[0]);
	stay__loop_run_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "long;");
	sim_run_ms(world, 0);
	ck_assert_str_eq(told, "long;due;quick;later;");
}

/* A turn that is not late does it all at once. */
TEST(loop_a_quick_turn_runs_everything)
{
	stay__loop_run_soon(loop, &tasks[1]);
	stay__loop_flush_soon(loop, &tasks[2]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "quick;quick;");
	sim_run_ms(world, 10);
	ck_assert_str_eq(told, "quick;quick;due;");
}

/* ---- a world that no loop can be made of ---- */

static unsigned freed;

static void
free_world(struct stay_world *of)
{
	(void)of;
	freed++;
}

/* A world may leave out a turn of an idle loop. */
TEST(loop_is_idle_when_the_world_knows_all_it_waits_for)
{
	ck_assert(!stay_loop_is_idle(loop)); /* a timer was set */
	stay_loop_turn(loop);
	ck_assert(stay_loop_is_idle(loop));
	stay__loop_run_soon(loop, &tasks[1]);
	ck_assert(!stay_loop_is_idle(loop));
	stay_loop_turn(loop);
	ck_assert(stay_loop_is_idle(loop));
	stay__loop_flush_soon(loop, &tasks[1]);
	ck_assert(!stay_loop_is_idle(loop));
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "quick;quick;");
	sim_sleep_ms(world, 10);
	stay_loop_turn(loop); /* it has overslept, and listens first */
	ck_assert(!stay_loop_is_idle(loop));
	sim_run_ms(world, 0);
	ck_assert_str_eq(told, "quick;quick;due;");
	ck_assert(stay_loop_is_idle(loop));
}

static void
take_long_and_wait(struct stay__task *task)
{
	stay__loop_timer(loop, &timer, stay__loop_after(loop, 5));
	take_long(task);
}

/* The last task of a turn: what it sets counts from its end, too. */
TEST(promise_6_loop_a_slow_task_makes_no_timer_early)
{
	stay__task_init(&tasks[0], take_long_and_wait);
	stay__loop_run_soon(loop, &tasks[0]);
	stay_loop_turn(loop);
	sim_run_ms(world, 4);
	ck_assert_str_eq(told, "long;");
	sim_run_ms(world, 2);
	ck_assert_str_eq(told, "long;due;");
}

/* stay_loop_new has it from there on. */
TEST(loop_frees_the_world_that_it_cannot_use)
{
	static const struct stay_world_ops strange[] = {
		{ .size = sizeof(strange[0]) - 1,
		    .abi = STAY_ABI,
		    .free = free_world },
		{ .size = sizeof(strange[0]),
		    .abi = STAY_ABI + 1,
		    .free = free_world },
	};
	struct stay_world others[] = { { &strange[0] }, { &strange[1] } };

	freed = 0;
	ck_assert_ptr_null(stay_loop_new(&others[0]));
	ck_assert_uint_eq(freed, 1);
	ck_assert_ptr_null(stay_loop_new(&others[1]));
	ck_assert_uint_eq(freed, 2);
	ck_assert_ptr_null(stay_loop_new(NULL));
	ck_assert_uint_eq(freed, 2);
}

/* ---- turns of connections ---- */

static struct stay_verdict
be_idle(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	(void)state;
	(void)arg;
	return stay_verdict_ok();
}

static struct stay_verdict
say_so(struct stay_conn *conn, void *state, const struct stay_message *message)
{
	(void)conn;
	(void)state;
	tell(message->data);
	return stay_verdict_noreply();
}

/* One that has much to do lets the other have its turn. */
TEST(promise_6_loop_a_busy_connection_takes_turns)
{
	static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
		.init = be_idle, .handle_cast = say_so };
	static char words[2][3][3] = { { "a1", "a2", "a3" },
		{ "b1", "b2", "b3" } };
	struct stay_conn_options options = { STAY_CONN_OPTIONS };
	struct stay_conn *conns[2];

	for (uint64_t budget = 1; budget <= 2; budget++) {
		told[0] = '\0';
		options.turn_budget = budget;
		for (int i = 0; i < 2; i++)
			EXPECT_OK(stay_conn_start(
			    &conns[i], loop, &behaviour, NULL, &options));
		sim_run_ms(world, 10);
		told[0] = '\0';
		for (int i = 0; i < 6; i++)
			EXPECT_OK(stay_conn_cast(conns[i / 3],
			    stay_message_make(1, words[i / 3][i % 3])));
		sim_run_ms(world, 0);
		ck_assert_str_eq(told,
		    budget == 1 ? "a1;b1;a2;b2;a3;b3;" : "a1;a2;b1;b2;a3;b3;");
		for (int i = 0; i < 2; i++)
			stay_conn_stop(conns[i], STAY_OK);
		sim_run_ms(world, 10);
	}
}

/* A world may call one turn before it waits and one behind: nothing is done before
 * it has waited. */
TEST(loop_that_has_overslept_waits_once_before_it_acts)
{
	stay_loop_turn(loop);
	sim_sleep_ms(world, 10000);
	for (int turns = 0; turns < 2; turns++) {
		stay_loop_turn(loop);
		ck_assert_str_eq(told, "");
	}
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "due;");
}

/* Who oversleeps again and again has one excuse for all of it. */
TEST(loop_that_oversleeps_again_is_excused_no_longer)
{
	uint64_t excused;

	stay_loop_turn(loop);
	sim_sleep_ms(world, 10000);
	stay_loop_turn(loop);
	excused = loop->excused;
	ck_assert_uint_eq(excused, stay__loop_after(loop, 1000));
	for (int turns = 0; turns < 2; turns++)
		stay_loop_turn(loop);
	/* neither while it has it nor soon after that */
	for (uint64_t ms = 500; ms <= 1000; ms += 500) {
		stay__loop_timer(loop, &timer, stay__loop_after(loop, 100));
		stay_loop_turn(loop);
		sim_sleep_ms(world, ms);
		for (int turns = 0; turns < 3; turns++) {
			stay_loop_turn(loop);
			ck_assert_uint_eq(loop->deaf, 2 - (unsigned)turns);
		}
		ck_assert_uint_eq(loop->excused, excused);
	}
}

/* What the authors of xoshiro256** have it say after 1, 2, 3, 4. */
TEST(loop_random_is_as_published)
{
	static const uint64_t expected[] = { 11520, 0, 1509978240,
		UINT64_C(1215971899390074240), UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600), UINT64_C(16172922978634559625),
		UINT64_C(8476171486693032832) };

	for (uint64_t i = 0; i < 4; i++)
		loop->random[i] = i + 1;
	for (size_t i = 0; i < LEN(expected); i++)
		ck_assert_uint_eq(stay__loop_random(loop), expected[i]);
}

static unsigned runs;

static void
run_again(struct stay__task *task)
{
	if (++runs < 20)
		stay__loop_run_soon(loop, task);
}

static unsigned agains;

static void
count_again(struct stay_world *asked)
{
	ck_assert_ptr_eq(asked, world);
	agains++;
}

/* If a turn has not had rounds enough, or has not listened yet; and only then. */
TEST(loop_asks_for_another_turn)
{
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;

	ops = *usual;
	ops.again = count_again;
	loop->ops = &ops;
	agains = runs = 0;
	stay__task_init(&tasks[0], run_again);
	stay__loop_run_soon(loop, &tasks[0]);
	for (unsigned turn = 1; turn <= 6; turn++) {
		stay_loop_turn(loop);
		ck_assert_uint_eq(agains, turn < 5 ? turn : 4);
	}
	ck_assert_uint_eq(runs, 20);
	sim_sleep_ms(world, 10000);
	for (unsigned turn = 1; turn <= 3; turn++) {
		stay_loop_turn(loop);
		ck_assert_uint_eq(agains, turn < 2 ? 5 : 6);
	}
	loop->ops = usual;
}

static void
queue_one(struct stay__task *task)
{
	(void)task;
	stay__loop_run_soon(loop, &tasks[2]);
}

/* Once, whatever is queued until the next, and for nothing that is queued in it. */
TEST(loop_stirs_its_world_once_a_turn)
{
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;

	ops = *usual;
	ops.stir = count_again;
	loop->ops = &ops;
	stay__task_init(&tasks[1], queue_one);
	for (agains = 0; agains < 2;) {
		unsigned before = agains;

		stay_loop_turn(loop);
		stay__loop_run_soon(loop, &tasks[1]);
		stay__loop_run_soon(loop, &tasks[2]);
		ck_assert_uint_eq(agains, before + 1);
	}
	loop->ops = usual;
}

static void
queue_due(struct stay__timer *fired)
{
	run_after(fired);
	stay__loop_run_soon(loop, &tasks[1]);
}

/* Nor for what a turn begins with, that nobody was stirred for. */
TEST(loop_stirs_nobody_in_a_turn)
{
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;

	ops = *usual;
	ops.stir = count_again;
	loop->ops = &ops;
	stay__timer_stop(&timer);
	stay__timer_init(&timer, queue_due);
	stay__loop_timer(loop, &timer, stay__loop_after(loop, 5));
	stay_loop_turn(loop);
	agains = 0;
	sim_sleep_ms(world, 6);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "due;quick;");
	ck_assert_uint_eq(agains, 0);
	loop->ops = usual;
}

TEST(loop_reads_the_clock_anew_outside_of_a_turn)
{
	uint64_t before;

	stay_loop_turn(loop);
	before = stay__loop_now(loop);
	sim_sleep_ms(world, 1);
	ck_assert_uint_eq(stay__loop_now(loop), before + STAY__TICK_NS);
	loop->now = 7 * STAY__TICK_NS - 1; /* in whole milliseconds */
	ck_assert_uint_eq(stay_loop_now_ms(loop), 6);
}

TEST(loop_may_have_no_observer)
{
	static const struct stay_observer observer = { STAY_OBSERVER };

	stay_loop_set_observer(loop, &observer);
	ck_assert_ptr_eq(loop->observer, &observer);
	stay_loop_set_observer(loop, NULL);
	ck_assert_ptr_ne(loop->observer, &observer);
	ck_assert_ptr_nonnull(loop->observer);
}

static bool
is_told(const void *arg)
{
	return strcmp(told, arg) == 0;
}

static void
wait_in_vain(struct stay_world *asked)
{
	(void)asked;
	ck_abort_msg("it waits");
}

/* It need not listen first: nothing has come since. */
TEST(loop_that_was_driven_a_moment_ago_acts_at_once)
{
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;

	sim_sleep_ms(world, 10);
	stay__loop_look(loop);
	ck_assert_str_eq(told, "due;");
	ops = *usual;
	ops.run = wait_in_vain;
	loop->ops = &ops;
	stay__loop_run_soon(loop, &tasks[1]);
	ck_assert(stay__loop_wait(loop, is_told, "due;quick;", UINT64_MAX));
	sim_sleep_ms(world, 1);
	stay__loop_run_soon(loop, &tasks[1]);
	ck_assert(
	    stay__loop_wait(loop, is_told, "due;quick;quick;", UINT64_MAX));
	loop->ops = usual;
}

/* And before the first, which a task of the program's may come ahead of. */
TEST(loop_stirs_its_world_before_its_first_turn)
{
	static struct stay_world_ops ops;
	struct stay_world *before = world, *other = sim_world_new(1);
	const struct stay_world_ops *usual = other->ops;
	struct stay_loop *first;

	ops = *usual;
	ops.stir = count_again;
	other->ops = &ops;
	world = other;
	first = stay_loop_new(other);
	agains = 0;
	stay__loop_run_soon(first, &tasks[1]);
	ck_assert_uint_eq(agains, 1);
	stay__task_cancel(&tasks[1]);
	EXPECT_OK(stay_loop_free(first));
	world = before;
}

static void
take_a_tick(struct stay__task *task)
{
	(void)task;
	sim_sleep_ms(world, 1);
}

/* Also between two tasks of a turn. */
TEST(loop_lets_time_pass_behind_each_task)
{
	stay__task_init(&tasks[0], take_a_tick);
	stay__loop_timer(loop, &timer, stay__loop_now(loop) + 1);
	stay__loop_run_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	stay__loop_run_soon(loop, &tasks[0]);
	stay__loop_run_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "quick;due;quick;");
}

/* One look at the clock is enough if nobody asks afterwards. */
TEST(loop_asks_the_time_once_for_one_task)
{
	uint64_t before = sim_calls(world, SIM_NOW);

	stay_loop_turn(loop);
	stay__loop_run_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_uint_eq(sim_calls(world, SIM_NOW) - before, 2);
}

static void
turn_inside(struct stay__task *task)
{
	(void)task;
	stay_loop_turn(loop);
	tell("inside");
}

TEST(loop_has_no_turn_in_a_turn)
{
	stay__task_init(&tasks[0], turn_inside);
	stay__loop_run_soon(loop, &tasks[0]);
	stay__loop_flush_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "inside;quick;");
}

static void
take_two_ticks(struct stay__task *task)
{
	(void)task;
	sim_sleep_ms(world, 2);
}

/* That is too long, to the moment: for the next of the same kind (row 0), and for those
 * that write. */
TEST_ROWS(loop_is_late_after_two_ticks, 2)
{
	stay__task_init(&tasks[0], take_two_ticks);
	stay__loop_run_soon(loop, &tasks[0]);
	if (_i == 0)
		stay__loop_run_soon(loop, &tasks[1]);
	else
		stay__loop_flush_soon(loop, &tasks[1]);
	stay_loop_turn(loop);
	ck_assert_str_eq(told, "");
	sim_run_ms(world, 1);
	ck_assert_str_eq(told, "quick;");
}

static void
give_zeros(struct stay_world *asked, void *to, size_t len)
{
	(void)asked;
	memset(to, 0, len);
}

/* From nothing but zeros its generator would make nothing else. */
TEST(loop_has_chance_without_entropy)
{
	static struct stay_world_ops ops;
	struct stay_world *poor = sim_world_new(1);
	const struct stay_world_ops *usual = poor->ops;
	struct stay_loop *other;
	uint64_t all = 0;

	ops = *usual;
	ops.entropy = give_zeros;
	poor->ops = &ops;
	other = stay_loop_new(poor);
	for (int i = 0; i < 4; i++)
		all |= stay__loop_random(other);
	ck_assert_uint_ne(all, 0);
	EXPECT_OK(stay_loop_free(other));
}

/* ---- the door ---- */

#define KNOCKS 3

static unsigned answers;

static void
answer(struct stay__knock *knock)
{
	(void)knock;
	answers++;
}

static struct stay__knock *
knock_new(struct stay_loop *at)
{
	struct stay__knock *knock = stay__zalloc(sizeof(*knock));

	EXPECT_OK(stay__knock_init(knock, at, answer));
	return knock;
}

/* Each once, however often it has knocked, and again if it knocks again. */
TEST(loop_answers_all_who_knock)
{
	struct stay__knock *knocks[KNOCKS];

	answers = 0;
	for (int i = 0; i < KNOCKS; i++)
		knocks[i] = knock_new(loop);
	for (unsigned turn = 1; turn < 3; turn++) {
		for (int i = 0; i < 2 * KNOCKS; i++)
			stay__knock_now(knocks[i % KNOCKS]);
		stay_loop_turn(loop);
		stay_loop_turn(loop);
		ck_assert_uint_eq(answers, turn * KNOCKS);
	}
	for (int i = 0; i < KNOCKS; i++) {
		ck_assert_uint_eq(knocks[i]->refs, 1);
		stay__knock_drop(knocks[i]);
	}
}

/* Whoever has knocked, or knocks then, is not held. */
TEST(loop_that_has_ended_answers_nobody)
{
	struct stay_loop *other = stay_loop_new(sim_world_new(1));
	struct stay__knock *knock = knock_new(other);

	answers = 0;
	stay__knock_now(knock);
	EXPECT_OK(stay_loop_free(other));
	stay__knock_now(knock);
	ck_assert_uint_eq(answers, 0);
	ck_assert_uint_eq(knock->refs, 1);
	stay__knock_drop(knock);
}

/* ---- errands ---- */

static unsigned rooms, errands_run;

static void
count_room(void *arg)
{
	ck_assert_ptr_eq(arg, &rooms);
	rooms++;
}

static void
count_run(struct stay__errand *errand)
{
	(void)errand;
	errands_run++;
}

/* Whoever waits for room hears that there is some, and that there never will be. What is
 * put off wakes nobody unless it shall. */
TEST(loop_does_errands_until_they_are_closed)
{
	struct stay__errands *errands = stay__errands_new(loop, 1);
	struct stay__errand errand = { .run = count_run }, more = errand,
			    off = errand;
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;

	ops = *usual;
	ops.wake = count_again;
	loop->ops = &ops;
	agains = rooms = errands_run = 0;
	errands->on_room = count_room;
	errands->arg = &rooms;
	ck_assert_ptr_eq(loop->errands, errands);
	stay__errands_put_off(errands, &off, false);
	ck_assert_uint_eq(agains, 0);
	EXPECT_OK(stay__errands_give(errands, &errand));
	ck_assert_uint_eq(agains, 1);
	ck_assert_int_eq(stay__errands_give(errands, &more), STAY_E_FULL);
	stay_loop_turn(loop);
	ck_assert_uint_eq(errands_run, 2);
	ck_assert_uint_eq(rooms, 1);
	stay__errands_close(errands);
	ck_assert_uint_eq(rooms, 2);
	ck_assert_int_eq(stay__errands_give(errands, &more), STAY_E_STOPPED);
	stay__errands_put_off(errands, &off, true);
	ck_assert_uint_eq(agains, 2);
	stay__errands_settle(errands);
	ck_assert_uint_eq(errands_run, 3);
	stay__errands_free(errands);
	ck_assert_ptr_null(loop->errands);
	ck_assert(stay_loop_is_idle(loop));
	loop->ops = usual;
}

static struct stay__errands *closing;

static void
close_first(struct stay__errand *errand)
{
	count_run(errand);
	if (errands_run == 1)
		stay__errands_close(closing);
}

/* What was taken is done, too. */
TEST(loop_does_errands_that_one_of_them_has_closed)
{
	struct stay__errand errands[4];

	errands_run = 0;
	closing = stay__errands_new(loop, 4);
	closing->on_room = count_room;
	closing->arg = &rooms;
	for (int i = 0; i < 4; i++) {
		errands[i].run = close_first;
		EXPECT_OK(stay__errands_give(closing, &errands[i]));
	}
	sim_run_ms(world, 0);
	ck_assert_uint_eq(errands_run, 4);
	ck_assert(stay__errands_are_done(closing));
	stay__errands_free(closing);
}

static unsigned run_before;

static void
note_run_before(struct stay__task *task)
{
	(void)task;
	run_before = errands_run;
}

static void
queue_first(struct stay__errand *errand)
{
	count_run(errand);
	if (errands_run == 1)
		stay__loop_run_soon(loop, &tasks[1]);
}

/* Others have their turn between them. */
TEST(loop_does_so_many_errands_at_once)
{
	static struct stay__errand errands[1025];
	struct stay__errands *all = stay__errands_new(loop, 2000);

	errands_run = 0;
	all->on_room = count_room;
	all->arg = &rooms;
	stay__task_init(&tasks[1], note_run_before);
	for (int i = 0; i < 1025; i++) {
		errands[i].run = queue_first;
		EXPECT_OK(stay__errands_give(all, &errands[i]));
	}
	sim_run_ms(world, 0);
	ck_assert_uint_eq(errands_run, 1025);
	ck_assert_uint_eq(run_before, 1024);
	stay__errands_close(all);
	stay__errands_free(all);
}

/* ---- in a forked child ---- */

static sem_t inside, go_on;
static bool in_child;

static bool
is_in_child(struct stay_world *asked)
{
	(void)asked;
	return in_child;
}

/* The door is locked meanwhile. */
static void
wake_slowly(struct stay_world *asked)
{
	(void)asked;
	sem_post(&inside);
	while (sem_wait(&go_on) != 0)
		continue;
}

static void *
knock_now(void *knock)
{
	stay__knock_now(knock);
	return NULL;
}

/* Its thread is not here: nobody will ever unlock the door. */
static bool
does_not_wait(void *knock)
{
	alarm(3);
	in_child = true;
	stay_loop_turn(loop);
	stay__knock_hold(knock);
	stay__knock_drop(knock);
	stay__knock_drop(knock_new(loop));
	return stay_loop_free(loop) == STAY_OK && answers == 1;
}

TEST(promise_12_a_child_does_not_wait_at_the_door)
{
	static struct stay_world_ops ops;
	const struct stay_world_ops *usual = loop->ops;
	struct stay__knock *knock = knock_new(loop);
	pthread_t thread;

	ops = *usual;
	ops.wake = wake_slowly;
	ops.forked = is_in_child;
	loop->ops = &ops;
	answers = 0;
	ck_assert_int_eq(sem_init(&inside, 0, 0), 0);
	ck_assert_int_eq(sem_init(&go_on, 0, 0), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, knock_now, knock), 0);
	while (sem_wait(&inside) != 0)
		continue;
	ck_assert(child_finds(does_not_wait, knock));
	sem_post(&go_on);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	loop->ops = usual;
	stay_loop_turn(loop);
	ck_assert_uint_eq(answers, 1);
	stay__knock_drop(knock);
}

TEST(loop_without_a_lock_has_no_door)
{
	struct stay__knock *knock = stay__zalloc(sizeof(*knock));

	failing_arm(FAILING_pthread_mutex_init, 1, ENOMEM);
	ck_assert_int_eq(stay__knock_init(knock, loop, answer), STAY_E_NOMEM);
	ck_assert(failing_disarm());
	EXPECT_OK(stay__knock_init(knock, loop, answer));
	stay__knock_drop(knock);
}

TEST_SUITE_WITH(loop, .before = begin, .after = end)
