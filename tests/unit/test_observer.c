/* What an observer of a loop may ask for: a time to be told at, and a word of
 * its own for each connection. */
#include <string.h>

#include <stay/observer.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;
static uint64_t name_at;  /* what the next transition names; 0: nothing */
static uint64_t again_ms; /* what on_wake names anew, so much later; 0: not */
static uint64_t woken[8]; /* when */
static unsigned wakes;
static void *words[2]; /* its own, at the first transitions */
static unsigned transitions;

static uint64_t first; /* the loop's clock when the world began */

static uint64_t
now(void)
{
	return first + sim_now_ms(rig.world);
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)transition;
	ck_assert_uint_eq(who->now_ms, now());
	if (transitions < 2)
		words[transitions++] = *who->own;
	*who->own = &rig;
	if (name_at != 0)
		*who->wake_ms = name_at;
	name_at = 0;
}

static void
on_wake(void *arg, const struct stay_subject *who)
{
	ck_assert_ptr_eq(arg, &rig);
	ck_assert_uint_lt(wakes, 8);
	ck_assert_uint_eq(*who->wake_ms, STAY_FOREVER);
	ck_assert_uint_eq(who->number, 1);
	woken[wakes++] = who->now_ms;
	if (again_ms != 0)
		*who->wake_ms = who->now_ms + again_ms;
	again_ms = 0;
}

static void
begin(size_t size)
{
	wakes = 0;
	name_at = again_ms = 0;
	transitions = 0;
	line_prepare(&rig);
	first = stay_loop_now_ms(rig.loop);
	rig.observer.size = size;
	rig.observer.on_transition = on_transition;
	rig.observer.on_wake = on_wake;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_uint_eq(wakes, 0);
}

/* At the next transition, which is now. */
static void
name_now(uint64_t at)
{
	name_at = at;
	stay_conn_reconnect(stay_client_conn(rig.client), STAY_E_RECONNECT);
	line_run(&rig, 1);
	ck_assert_uint_eq(name_at, 0);
}

START_TEST(test_observer_is_woken_when_it_wished)
{
	uint64_t at;

	begin(sizeof(rig.observer));
	at = now() + 100;
	name_now(at);
	again_ms = 50;
	line_run(&rig, 97);
	ck_assert_uint_eq(wakes, 0);
	line_run(&rig, 3);
	ck_assert_uint_eq(wakes, 1);
	ck_assert_uint_eq(woken[0], at);
	line_run(&rig, 10000);
	ck_assert_uint_eq(wakes, 2);
	ck_assert_uint_eq(woken[1], at + 50);
	line_end(&rig);
	ck_assert_uint_eq(wakes, 2);
}
END_TEST

/* The last word stands, whether it is earlier or later. */
START_TEST(test_observer_may_change_its_mind)
{
	uint64_t then;

	begin(sizeof(rig.observer));
	then = now();
	name_now(then + 100);
	name_now(then + 300);
	line_run(&rig, 250);
	ck_assert_uint_eq(wakes, 0);
	name_now(then + 1000);
	name_now(then + 400);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	ck_assert_uint_eq(woken[0], then + 400);
	name_now(now() + 100);
	name_now(STAY_FOREVER);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	name_now(UINT64_MAX - 1);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	name_now(1); /* long ago */
	line_run(&rig, 1);
	ck_assert_uint_eq(wakes, 2);
	line_end(&rig);
}
END_TEST

START_TEST(test_observer_of_a_closed_connection_sleeps)
{
	begin(sizeof(rig.observer));
	name_now(now() + 100);
	line_end(&rig);
	ck_assert_uint_eq(wakes, 0);
}
END_TEST

/* One that was compiled when there was no such slot. */
START_TEST(test_observer_that_is_older_is_not_woken)
{
	begin(offsetof(struct stay_observer, on_wake));
	name_now(now() + 100);
	line_run(&rig, 1000);
	ck_assert_uint_eq(wakes, 0);
	line_end(&rig);
}
END_TEST

START_TEST(test_observer_has_a_word_of_its_own)
{
	struct stay_observer other;

	begin(sizeof(rig.observer));
	ck_assert_uint_eq(transitions, 2);
	ck_assert_ptr_null(words[0]);
	ck_assert_ptr_eq(words[1], &rig);
	other = rig.observer;
	stay_loop_set_observer(rig.loop, &other);
	transitions = 0;
	name_now(STAY_FOREVER);
	ck_assert_ptr_null(words[0]);
	ck_assert_ptr_eq(words[1], &rig);
	line_end(&rig);
}
END_TEST

Suite *
suite_observer(void)
{
	Suite *suite = suite_create("observer");
	TCase *tests = tcase_create("observer");

	tcase_add_test(tests, test_observer_is_woken_when_it_wished);
	tcase_add_test(tests, test_observer_may_change_its_mind);
	tcase_add_test(tests, test_observer_of_a_closed_connection_sleeps);
	tcase_add_test(tests, test_observer_that_is_older_is_not_woken);
	tcase_add_test(tests, test_observer_has_a_word_of_its_own);
	suite_add_tcase(suite, tests);
	return suite;
}
