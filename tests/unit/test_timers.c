/* Several timers with one entry in the wheel: each is as exact as one alone. */
#include <string.h>

#include "base/wheel.h"
#include "suites.h"

#define MS STAY__TICK_NS

static struct stay__wheel wheel;
static struct stay__timers timers;
static char fired[64];
/* What a timer sets as it fires, and for when; -1: nothing. */
static int sets;
static uint64_t sets_at;

static void
note(struct stay__timer *first)
{
	int which;

	ck_assert_ptr_eq(first, &timers.first);
	while ((which = stay__timers_take(&wheel, &timers)) >= 0) {
		ck_assert(!stay__timers_is_set(&timers, (unsigned)which));
		fired[strlen(fired)] = (char)('a' + which);
		if (sets >= 0)
			stay__timers_set(
			    &wheel, &timers, (unsigned)sets, sets_at);
		sets = -1;
	}
}

static void
begin(void)
{
	stay__wheel_init(&wheel, 0);
	stay__timers_init(&timers, note);
	memset(fired, 0, sizeof(fired));
	sets = -1;
}

static void
set(unsigned which, uint64_t at)
{
	stay__timers_set(&wheel, &timers, which, at);
}

/* At this time these have fired since the last look. */
static void
expect(uint64_t now, const char *letters)
{
	stay__wheel_advance(&wheel, now);
	ck_assert_str_eq(fired, letters);
	memset(fired, 0, sizeof(fired));
}

TEST(timers_fire_each_at_its_time)
{
	set(2, 300 * MS);
	set(0, 70 * MS);
	set(5, 4096 * MS + 1);
	ck_assert(!stay__wheel_is_settled(&wheel));
	ck_assert_uint_eq(stay__wheel_next(&wheel), 70 * MS);
	expect(70 * MS - 1, "");
	expect(70 * MS, "a");
	ck_assert_uint_eq(stay__wheel_next(&wheel), 300 * MS);
	expect(300 * MS, "c");
	expect(4096 * MS + 1, "");
	expect(4097 * MS, "f");
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
}

TEST(timers_that_are_due_at_once_fire_in_order_of_time)
{
	set(3, 20 * MS);
	set(1, 30 * MS);
	set(4, 10 * MS);
	expect(50 * MS, "edb");
}

/* The entry goes to the next of them, or away: nobody wakes up for nothing. */
TEST(timers_that_are_stopped_leave_no_entry)
{
	set(0, 10 * MS);
	set(1, 90 * MS);
	set(0, UINT64_MAX);
	set(0, UINT64_MAX);
	ck_assert(!stay__timers_is_set(&timers, 0));
	ck_assert_uint_eq(stay__wheel_next(&wheel), 90 * MS);
	set(1, UINT64_MAX);
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
	set(1, 95 * MS);
	stay__timers_fini(&timers);
	ck_assert(!stay__timers_is_set(&timers, 1));
	ck_assert_uint_eq(stay__wheel_next(&wheel), UINT64_MAX);
}

TEST(timers_are_set_anew_earlier_and_later)
{
	set(0, 50 * MS);
	expect(1 * MS, "");
	set(0, 10 * MS);
	expect(9 * MS, "");
	expect(10 * MS, "a");
	set(0, 20 * MS);
	set(0, 40 * MS);
	expect(39 * MS, "");
	expect(40 * MS, "a");
}

/* What a callback has set counts from its end; the others have their time. */
TEST(timers_that_are_set_late_are_late_and_no_others)
{
	set(0, 10 * MS);
	set(1, 15 * MS);
	stay__wheel_settle(&wheel, 0);
	set(1, 11 * MS);
	set(2, 12 * MS);
	stay__wheel_settle(&wheel, 5 * MS);
	ck_assert_uint_eq(timers.at[0], 10 * MS);
	ck_assert_uint_eq(timers.at[1], 16 * MS);
	ck_assert_uint_eq(timers.at[2], 17 * MS);
	stay__wheel_settle(&wheel, 5 * MS);
	expect(10 * MS, "a");
	expect(16 * MS - 1, "");
	expect(16 * MS, "b");
	expect(17 * MS, "c");
}

/* A stop takes back that it was set. */
TEST(timers_that_are_stopped_are_not_late)
{
	set(0, 10 * MS);
	set(1, 20 * MS);
	set(1, UINT64_MAX);
	stay__wheel_settle(&wheel, 5 * MS);
	ck_assert_uint_eq(timers.at[0], 15 * MS);
	ck_assert_uint_eq(timers.at[1], UINT64_MAX);
}

/* So one that sets itself anew cannot hold up the advance; and its time was right. */
TEST(timers_set_as_one_fires_are_due_in_a_later_tick)
{
	sets = 0;
	sets_at = 5 * MS;
	set(0, 10 * MS);
	set(1, 10 * MS);
	expect(10 * MS, "ab");
	ck_assert_uint_eq(stay__wheel_next(&wheel), 11 * MS);
	stay__wheel_settle(&wheel, 7 * MS);
	ck_assert_uint_eq(timers.at[0], 5 * MS);
	expect(11 * MS, "a");
}

/* Not one tick late, wherever the wheel stands. */
TEST(timers_are_never_late)
{
	uint64_t random = 7, now = 0;

	for (int i = 0; i < 20000; i++) {
		unsigned which = (unsigned)(random >> 40) % STAY__TIMERS_MAX;

		random = random * UINT64_C(6364136223846793005) + 1;
		set(which, random >> 63 ? UINT64_MAX
					: now + (random >> 30) % (5000 * MS));
		now += (random >> 20) % (300 * MS);
		stay__wheel_advance(&wheel, now);
		memset(fired, 0, sizeof(fired));
		for (unsigned at = 0; at < STAY__TIMERS_MAX; at++)
			ck_assert(timers.at[at] / MS >= now / MS);
	}
}

TEST_SUITE_WITH(timers, .before = begin)
