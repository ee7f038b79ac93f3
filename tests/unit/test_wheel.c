/* Timers: when they fire, in which order, and what firing may do. */
#include <stdlib.h>
#include <string.h>

#include "base/wheel.h"
#include "expect.h"
#include "suites.h"

#define MS  STAY__TICK_NS
#define DAY (UINT64_C(86400000) * MS)

static struct stay__wheel wheel;
static uint64_t now;

/* The timers that have fired, in order. */
static struct stay__timer *fired[64];
static size_t fired_count;

static void
note(struct stay__timer *timer)
{
	EXPECT(!stay__timer_is_set(timer));
	EXPECT(now >= timer->at);
	EXPECT(fired_count < 64);
	fired[fired_count++] = timer;
}

static void
begin(uint64_t at)
{
	now = at;
	fired_count = 0;
	memset(&wheel, 0xa5, sizeof(wheel));
	stay__wheel_init(&wheel, now);
}

static void
begin_at_zero(void)
{
	begin(0);
}

static void
advance(uint64_t to)
{
	now = to;
	stay__wheel_advance(&wheel, now);
}

TEST(wheel_without_timers_has_nothing_to_come)
{
	begin(12345);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	advance(UINT64_MAX);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
}

TEST(wheel_a_timer_is_never_early_and_at_most_a_tick_late)
{
	static const uint64_t starts[] = { 0, 1, MS - 1, MS, 63 * MS,
		64 * MS - 1, 4095 * MS + 7, 123456789 * MS + 5, 40000 * DAY };
	static const uint64_t waits[] = { 1, MS - 1, MS, MS + 1, 63 * MS,
		64 * MS, 65 * MS + 1, 4096 * MS, 5000 * MS - 1, 86400001 * MS,
		300 * DAY + 1, 40000 * DAY + 3 };
	struct stay__timer timer;

	stay__timer_init(&timer, note);
	for (size_t i = 0; i < LEN(starts); i++) {
		for (size_t j = 0; j < LEN(waits); j++) {
			uint64_t at = starts[i] + waits[j];

			begin(starts[i]);
			stay__timer_set(&wheel, &timer, at);
			advance(at - 1);
			ck_assert_uint_eq(fired_count, 0);
			advance(at + MS);
			ck_assert_uint_eq(fired_count, 1);
			ck_assert(!stay__timer_is_set(&timer));
		}
	}
}

TEST(wheel_what_is_due_already_fires_in_the_next_tick)
{
	struct stay__timer timer;

	begin(100 * MS);
	stay__timer_init(&timer, note);
	stay__timer_set(&wheel, &timer, 0);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 101 * MS);
	advance(101 * MS);
	ck_assert_uint_eq(fired_count, 1);
	stay__timer_set(&wheel, &timer, 101 * MS);
	advance(101 * MS);
	ck_assert_uint_eq(fired_count, 1);
	advance(102 * MS);
	ck_assert_uint_eq(fired_count, 2);
}

TEST(wheel_next_is_never_late_and_soon_exact)
{
	struct stay__timer timers[3];
	uint64_t at = 10000 * MS, next;

	for (size_t i = 0; i < 3; i++) {
		stay__timer_init(&timers[i], note);
		stay__timer_set(&wheel, &timers[i], at + i * MS);
	}
	for (int turns = 0; fired_count == 0; turns++) {
		next = stay__wheel_next(&wheel);
		ck_assert_uint_gt(next, now);
		ck_assert_uint_le(next, at);
		ck_assert_int_lt(turns, STAY__WHEEL_LEVELS);
		advance(next);
	}
	ck_assert_uint_eq(now, at);
	ck_assert_uint_eq(stay__wheel_next(&wheel), at + MS);
}

static struct stay__timer following;

static void
set_following(struct stay__timer *timer)
{
	stay__timer_set(&wheel, &following, timer->at + 10 * MS);
}

/* Its time was right: nothing of it is for who comes after to shift. */
TEST(wheel_what_a_timer_sets_is_not_late)
{
	struct stay__timer first;

	stay__timer_init(&first, set_following);
	stay__timer_init(&following, note);
	stay__timer_set(&wheel, &first, 10 * MS);
	advance(10 * MS);
	stay__wheel_settle(&wheel, 5 * MS);
	ck_assert_uint_eq(following.at, 20 * MS);
	advance(20 * MS);
	ck_assert_uint_eq(fired_count, 1);
}

TEST(wheel_what_is_set_late_is_late)
{
	struct stay__timer before, during;

	stay__wheel_init(&wheel, 0);
	stay__timer_init(&before, note);
	stay__timer_init(&during, note);
	stay__timer_set(&wheel, &before, 10 * MS);
	stay__wheel_settle(&wheel, 0);
	stay__timer_set(&wheel, &during, 10 * MS);
	stay__wheel_settle(&wheel, 3 * MS);
	ck_assert_uint_eq(before.at, 10 * MS);
	ck_assert_uint_eq(during.at, 13 * MS);
	stay__timer_stop(&before);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 13 * MS);
	stay__timer_stop(&during);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	stay__timer_set(&wheel, &during, UINT64_MAX - MS);
	stay__wheel_settle(&wheel, 3 * MS);
	ck_assert_uint_eq(during.at, UINT64_MAX - MS);
	stay__timer_stop(&during);
}

TEST(wheel_next_is_exact_for_a_timer_alone)
{
	struct stay__timer timer;

	begin(5);
	stay__timer_init(&timer, note);
	stay__timer_set(&wheel, &timer, 300 * DAY + 1);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 300 * DAY + MS);
	advance(stay__wheel_next(&wheel));
	ck_assert_uint_eq(fired_count, 1);
}

TEST(wheel_never_and_stop_take_a_timer_off)
{
	struct stay__timer timer;

	stay__timer_init(&timer, note);
	stay__timer_stop(&timer);
	stay__timer_set(&wheel, &timer, 5 * MS);
	ck_assert(stay__timer_is_set(&timer));
	stay__timer_set(&wheel, &timer, UINT64_MAX);
	ck_assert(!stay__timer_is_set(&timer));
	stay__timer_set(&wheel, &timer, 70 * MS);
	stay__timer_stop(&timer);
	stay__timer_stop(&timer);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	advance(DAY);
	ck_assert_uint_eq(fired_count, 0);
}

TEST(wheel_the_end_of_time_is_in_reach)
{
	struct stay__timer timer;

	stay__timer_init(&timer, note);
	stay__timer_set(&wheel, &timer, UINT64_MAX - 1);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	stay__timer_set(&wheel, &timer, UINT64_MAX - 2 * MS);
	ck_assert_uint_ne(stay__wheel_next(&wheel), UINT64_MAX);
	advance(UINT64_MAX - 3 * MS);
	ck_assert_uint_eq(fired_count, 0);
	advance(UINT64_MAX - 1);
	ck_assert_uint_eq(fired_count, 1);
}

TEST(wheel_a_clock_that_stands_or_goes_back_fires_nothing)
{
	struct stay__timer timer;

	begin(1000 * MS);
	stay__timer_init(&timer, note);
	stay__timer_set(&wheel, &timer, 1001 * MS);
	advance(1000 * MS);
	advance(5 * MS);
	advance(0);
	ck_assert_uint_eq(fired_count, 0);
	advance(1001 * MS);
	ck_assert_uint_eq(fired_count, 1);
}

TEST(wheel_one_advance_fires_in_order_of_time)
{
	static const uint64_t at[] = { 90000, 3, 4096, 64, 63, 4095, 5, 65, 1,
		3000000, 128, 262144, 262143, 2, 4097, 90001 };
	struct stay__timer timers[16];

	for (size_t i = 0; i < 16; i++) {
		stay__timer_init(&timers[i], note);
		stay__timer_set(&wheel, &timers[i], at[i] * MS);
	}
	advance(DAY);
	ck_assert_uint_eq(fired_count, 16);
	for (size_t i = 1; i < 16; i++)
		ck_assert_uint_lt(fired[i - 1]->at, fired[i]->at);
}

/* Some come down through the levels, others are set when the tick is near. */
TEST(wheel_one_tick_fires_in_order_of_setting)
{
	struct stay__timer timers[4];

	for (size_t i = 0; i < 4; i++) {
		stay__timer_init(&timers[i], note);
		stay__timer_set(&wheel, &timers[i], 9000 * MS - 3 + i);
		advance(8997 * MS + i);
	}
	advance(9000 * MS);
	ck_assert_uint_eq(fired_count, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_eq(fired[i], &timers[i]);
}

/* ---- what `fire` may do --------------------------------------------- */

static struct stay__timer actor, other, third;

static void
stop_other(struct stay__timer *timer)
{
	note(timer);
	stay__timer_stop(&other);
}

TEST(wheel_fire_may_stop_one_that_is_due_too)
{
	stay__timer_init(&actor, stop_other);
	stay__timer_init(&other, note);
	stay__timer_init(&third, note);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__timer_set(&wheel, &other, 10 * MS);
	stay__timer_set(&wheel, &third, 11 * MS);
	advance(20 * MS);
	ck_assert_uint_eq(fired_count, 2);
	ck_assert_ptr_eq(fired[0], &actor);
	ck_assert_ptr_eq(fired[1], &third);
	ck_assert(!stay__timer_is_set(&other));
}

/* Those of one callback move together, each by all of it; who else is set for the
 * same time, by another callback, does not move with them. */
TEST(wheel_timers_alike_are_none_too_early)
{
	stay__timer_init(&actor, note);
	stay__timer_init(&other, note);
	stay__timer_init(&third, note);
	stay__timer_set(&wheel, &third, 10 * MS);
	stay__wheel_settle(&wheel, 0);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__timer_set(&wheel, &other, 10 * MS);
	stay__wheel_settle(&wheel, 3 * MS);
	ck_assert_uint_eq(third.at, 10 * MS);
	ck_assert_uint_eq(actor.at, 13 * MS);
	ck_assert_uint_eq(other.at, 13 * MS);
	advance(12 * MS);
	ck_assert_uint_eq(fired_count, 1);
	stay__timer_stop(&actor);
	advance(13 * MS);
	ck_assert_uint_eq(fired_count, 2);
	ck_assert_ptr_eq(fired[1], &other);
}

/* In the order in which they were set, whatever lies between them. */
TEST(wheel_timers_alike_keep_their_order)
{
	stay__timer_init(&actor, note);
	stay__timer_init(&other, note);
	stay__timer_init(&third, note);
	stay__timer_set(&wheel, &other, 10 * MS);
	stay__timer_set(&wheel, &third, 10 * MS - 1);
	stay__timer_set(&wheel, &actor, 10 * MS);
	advance(10 * MS);
	ck_assert_uint_eq(fired_count, 3);
	ck_assert_ptr_eq(fired[0], &other);
	ck_assert_ptr_eq(fired[1], &third);
	ck_assert_ptr_eq(fired[2], &actor);
}

/* Nobody wakes up for a slot that was left by all, and it hides no other. */
TEST(wheel_an_emptied_slot_is_none)
{
	stay__timer_init(&actor, note);
	stay__timer_init(&other, note);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__timer_set(&wheel, &other, 500 * MS);
	stay__wheel_settle(&wheel, 0);
	stay__timer_stop(&actor);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 500 * MS);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__wheel_settle(&wheel, 0);
	stay__timer_stop(&actor);
	stay__timer_stop(&other);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	advance(600 * MS);
	ck_assert_uint_eq(fired_count, 0);
}

TEST(wheel_stopping_a_due_one_spares_the_slots)
{
	stay__timer_init(&actor, stop_other);
	stay__timer_init(&other, note);
	stay__timer_init(&third, note);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__timer_set(&wheel, &other, 11 * MS);
	stay__timer_set(&wheel, &third, (64 + 11) * MS);
	advance(20 * MS);
	ck_assert_uint_eq(fired_count, 1);
	advance((64 + 11) * MS);
	ck_assert_uint_eq(fired_count, 2);
}

static void
put_other_off(struct stay__timer *timer)
{
	note(timer);
	stay__timer_set(&wheel, &other, now + 5 * MS);
}

TEST(wheel_fire_may_put_off_one_that_is_due_too)
{
	stay__timer_init(&actor, put_other_off);
	stay__timer_init(&other, note);
	stay__timer_set(&wheel, &actor, 10 * MS);
	stay__timer_set(&wheel, &other, 11 * MS);
	advance(20 * MS);
	ck_assert_uint_eq(fired_count, 1);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 25 * MS);
	advance(25 * MS);
	ck_assert_uint_eq(fired_count, 2);
}

static void
set_again_at_once(struct stay__timer *timer)
{
	note(timer);
	stay__timer_set(&wheel, timer, 0);
}

TEST(wheel_a_timer_that_sets_itself_cannot_hold_up_the_advance)
{
	stay__timer_init(&actor, set_again_at_once);
	stay__timer_set(&wheel, &actor, 1 * MS);
	advance(10 * DAY);
	ck_assert_uint_eq(fired_count, 1);
	ck_assert_uint_eq(stay__wheel_next(&wheel), 10 * DAY + MS);
	advance(10 * DAY + MS);
	ck_assert_uint_eq(fired_count, 2);
	stay__timer_stop(&actor);
}

static void
free_itself(struct stay__timer *timer)
{
	fired_count++;
	free(timer);
}

TEST(wheel_fire_may_free_its_timer)
{
	for (uint64_t i = 0; i < 10; i++) {
		struct stay__timer *timer = malloc(sizeof(*timer));

		stay__timer_init(timer, free_itself);
		stay__timer_set(&wheel, timer, i / 2 * MS);
	}
	advance(20 * MS);
	ck_assert_uint_eq(fired_count, 10);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
}

/* Were there a step for each tick, this would take days too. */
TEST(wheel_empty_spans_cost_nothing)
{
	struct stay__timer timer;

	stay__timer_init(&timer, note);
	for (uint64_t year = 1; year <= 50; year++) {
		stay__timer_set(&wheel, &timer, year * 365 * DAY);
		advance(year * 365 * DAY - 1);
		ck_assert_uint_eq(fired_count, year - 1);
		advance(year * 365 * DAY);
		ck_assert_uint_eq(fired_count, year);
	}
}

/* ---- against a model ------------------------------------------------ */

#define TIMERS     200
#define OPERATIONS 100000

/* What the wheel should know: the tick due in and when it was set. */
struct model {
	struct stay__timer timer;
	bool set;
	uint64_t tick;
	uint64_t order;
};

static struct model models[TIMERS];
static uint64_t orders, model_tick, seed;

static uint64_t
draw(uint64_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (seed >> 20) % below;
}

/* Mostly near, at times days away; in the past too. */
static uint64_t
draw_time(void)
{
	static const uint64_t spans[] = { 3 * MS, 70 * MS, 5000 * MS,
		3600000 * MS, 30 * DAY };
	uint64_t span = spans[draw(5)], past = draw(2) * MS;

	return now + draw(span) - (past < now ? past : 0);
}

static void
set_both(struct model *model, uint64_t at)
{
	uint64_t tick = at / MS + (at % MS != 0);

	stay__timer_set(&wheel, &model->timer, at);
	model->set = true;
	model->tick = tick > model_tick ? tick : model_tick + 1;
	model->order = orders++;
}

static void
stop_both(struct model *model)
{
	stay__timer_stop(&model->timer);
	model->set = false;
}

static struct model *
first_model(void)
{
	struct model *first = NULL;

	for (struct model *m = models; m < models + TIMERS; m++)
		if (m->set &&
		    (first == NULL || m->tick < first->tick ||
			(m->tick == first->tick && m->order < first->order)))
			first = m;
	return first;
}

/* It must be the first of the model's, and due; then it meddles with others. */
static void
fire_both(struct stay__timer *timer)
{
	struct model *first = first_model();

	EXPECT(first != NULL);
	EXPECT(timer == &first->timer);
	EXPECT(first->tick <= model_tick);
	EXPECT(now >= timer->at);
	first->set = false;
	fired_count++;
	for (uint64_t n = draw(3); n > 0; n--) {
		if (draw(2) == 0)
			set_both(&models[draw(TIMERS)], draw_time());
		else
			stop_both(&models[draw(TIMERS)]);
	}
}

static void
advance_both(uint64_t to)
{
	struct model *first;

	model_tick = to / MS > model_tick ? to / MS : model_tick;
	advance(to);
	first = first_model();
	EXPECT(first == NULL || first->tick > model_tick);
	if (first == NULL) {
		EXPECT(stay__wheel_next(&wheel) == UINT64_MAX);
		return;
	}
	EXPECT(stay__wheel_next(&wheel) <= first->tick * MS);
	EXPECT(stay__wheel_next(&wheel) > model_tick * MS);
}

TEST(wheel_random_walk_agrees_with_a_naive_model)
{
	memset(models, 0, sizeof(models));
	seed = 7;
	begin(draw(40000 * DAY));
	model_tick = now / MS;
	for (size_t i = 0; i < TIMERS; i++)
		stay__timer_init(&models[i].timer, fire_both);
	for (int i = 0; i < OPERATIONS; i++) {
		struct model *any = &models[draw(TIMERS)];

		EXPECT(stay__timer_is_set(&any->timer) == any->set);
		switch (draw(8)) {
		case 0:
			stop_both(any);
			break;
		case 1:
			advance_both(now + draw(3 * MS));
			break;
		case 2:
			if (draw(10) == 0)
				advance_both(draw_time() + 2 * MS);
			break;
		case 3:
			if (stay__wheel_next(&wheel) != UINT64_MAX)
				advance_both(stay__wheel_next(&wheel));
			break;
		default:
			set_both(any, draw_time());
		}
	}
	EXPECT(fired_count > OPERATIONS / 20);
}

TEST_SUITE_WITH(wheel, .before = begin_at_zero)
