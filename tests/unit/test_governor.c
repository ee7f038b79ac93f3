/* The governor of a loop: how many dials at once, and how close together. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stream/dialing.h"
#include "suites.h"
#include "support/link_rig.h"

static void
answer(struct rig *rig, const char *host, enum sim_fate fate, uint64_t after_ms)
{
	sim_address_set(rig->world, host, 7, fate, after_ms);
}

/* ---- how many at once ---- */

#define CROWD 5

START_TEST(test_promise_13_dials_take_their_turn)
{
	struct rig rigs[CROWD];

	rig_init(&rigs[0]);
	ck_assert_int_eq(stay_loop_set_dials_max(rigs[0].loop, 2), STAY_OK);
	answer(&rigs[0], "10.0.0.1", SIM_REFUSE, 100);
	for (int i = 1; i < CROWD; i++)
		rig_join(&rigs[i], &rigs[0]);
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq(rig_dial(&rigs[i], "tcp 10.0.0.1 7"), STAY_OK);
	sim_run_ms(rigs[0].world, 50);
	for (int i = 0; i < CROWD; i++)
		ck_assert_str_eq(rigs[i].news, i < 2 ? "granted" : "");
	sim_run_ms(rigs[0].world, 60);
	for (int i = 0; i < CROWD; i++)
		ck_assert_str_eq(rigs[i].news, i < 2   ? "granted down"
					       : i < 4 ? "granted"
						       : "");
	sim_run_ms(rigs[0].world, 1000);
	ck_assert_str_eq(rigs[4].news, "granted down");
	for (int i = 1; i < CROWD; i++)
		stay__link_fini(&rigs[i].link);
	rig_fini(&rigs[0]);
}
END_TEST

START_TEST(test_promise_13_a_dial_given_up_makes_room)
{
	struct rig rigs[4];

	rig_init(&rigs[0]);
	ck_assert_int_eq(stay_loop_set_dials_max(rigs[0].loop, 1), STAY_OK);
	answer(&rigs[0], "10.0.0.1", SIM_BLACK_HOLE, 0);
	for (int i = 1; i < 4; i++)
		rig_join(&rigs[i], &rigs[0]);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rig_dial(&rigs[i], "tcp 10.0.0.1 7"), STAY_OK);
	sim_run_ms(rigs[0].world, 10);
	stay__link_explain(&rigs[1].link, 10);
	ck_assert_str_eq(
	    rig_failure(&rigs[1]), "waiting for the dial governor");
	stay__link_close(&rigs[1].link); /* in the queue */
	stay__link_fini(&rigs[1].link);
	stay__link_close(&rigs[0].link); /* dialing: the grant goes to 2... */
	stay__link_close(&rigs[2].link); /* ...which gives it to 3 unused */
	sim_run_ms(rigs[0].world, 10);
	ck_assert_str_eq(rigs[0].news, "granted");
	ck_assert_str_eq(rigs[1].news, "");
	ck_assert_str_eq(rigs[2].news, "");
	ck_assert_str_eq(rigs[3].news, "granted");
	stay__link_close(&rigs[3].link);
	rig_fini(&rigs[0]);
}
END_TEST

/* ---- how close together ---- */

/* "a0 b10": which link was granted, and when, since the crowd was formed. */
static char grants[128];
static uint64_t formed_ms;

static void
note_grant(struct rig *rig, enum stay__link_news news)
{
	size_t len = strlen(grants);

	if (news != STAY__NEWS_GRANTED)
		return;
	snprintf(grants + len, sizeof(grants) - len, "%s%s%" PRIu64,
	    len > 0 ? " " : "", (const char *)rig->arg,
	    sim_now_ms(rig->world) - formed_ms);
}

/* Links of one loop that nothing answers. */
static void
form(struct rig rigs[CROWD])
{
	static char names[CROWD][2] = { "a", "b", "c", "d", "e" };

	rig_init(&rigs[0]);
	answer(&rigs[0], "10.0.0.1", SIM_BLACK_HOLE, 0);
	grants[0] = '\0';
	formed_ms = sim_now_ms(rigs[0].world);
	for (int i = 0; i < CROWD; i++) {
		if (i > 0)
			rig_join(&rigs[i], &rigs[0]);
		rigs[i].hook = note_grant;
		rigs[i].arg = names[i];
	}
}

static void
dial(struct rig *rig)
{
	ck_assert_int_eq(rig_dial(rig, "tcp 10.0.0.1 7"), STAY_OK);
}

static void
dial_all(struct rig rigs[CROWD])
{
	for (int i = 0; i < CROWD; i++)
		dial(&rigs[i]);
}

static void
stagger(struct rig rigs[CROWD], uint64_t ms)
{
	ck_assert_int_eq(
	    stay_loop_set_dials_stagger_ms(rigs[0].loop, ms), STAY_OK);
}

/* Nothing more will happen by itself: no timer was left. */
static void
disperse(struct rig rigs[CROWD])
{
	for (int i = CROWD - 1; i > 0; i--) {
		stay__link_close(&rigs[i].link);
		stay__link_fini(&rigs[i].link);
	}
	stay__link_close(&rigs[0].link);
	ck_assert(!sim_step(rigs[0].world));
	rig_fini(&rigs[0]);
}

START_TEST(test_promise_13_dials_are_staggered)
{
	struct rig rigs[CROWD];

	form(rigs);
	stagger(rigs, 10);
	dial_all(rigs);
	sim_run_ms(rigs[0].world, 5);
	ck_assert_str_eq(grants, "a0");
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b10 c20 d30 e40");
	disperse(rigs);
}
END_TEST

START_TEST(test_promise_13_dials_are_staggered_by_default)
{
	struct rig rigs[CROWD];

	form(rigs);
	dial_all(rigs);
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b1 c2 d3 e4");
	disperse(rigs);
}
END_TEST

START_TEST(test_promise_13_the_first_after_a_quiet_time_does_not_wait)
{
	struct rig rigs[CROWD];

	form(rigs);
	stagger(rigs, 10);
	dial(&rigs[0]);
	sim_run_ms(rigs[0].world, 4);
	dial(&rigs[1]);
	sim_run_ms(rigs[0].world, 16);
	dial(&rigs[2]);
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b10 c20");
	dial(&rigs[3]);
	dial(&rigs[4]);
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b10 c20 d120 e130");
	disperse(rigs);
}
END_TEST

/* Room and the stagger must both be there; neither is waited for twice. */
START_TEST(test_promise_13_stagger_and_number_are_both_kept)
{
	struct rig rigs[CROWD];

	form(rigs);
	ck_assert_int_eq(stay_loop_set_dials_max(rigs[0].loop, 1), STAY_OK);
	stagger(rigs, 10);
	dial_all(rigs);
	sim_run_ms(rigs[0].world, 4);
	stay__link_close(&rigs[0].link);
	sim_run_ms(rigs[0].world, 46);
	stay__link_close(&rigs[1].link);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 b10 c50");
	ck_assert_int_eq(stay_loop_set_dials_max(rigs[0].loop, 9), STAY_OK);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 b10 c50 d100 e110");
	disperse(rigs);
}
END_TEST

START_TEST(test_promise_13_who_is_given_up_is_not_waited_for)
{
	struct rig rigs[CROWD];

	form(rigs);
	stagger(rigs, 10);
	dial_all(rigs);
	sim_run_ms(rigs[0].world, 4);
	stay__link_close(&rigs[1].link);
	sim_run_ms(rigs[0].world, 10);
	ck_assert_str_eq(grants, "a0 c10");
	stay__link_close(&rigs[3].link);
	stay__link_close(&rigs[4].link);
	ck_assert_uint_eq(rigs[0].loop->dialing->governor.active, 2);
	ck_assert(!stay__timer_is_set(&rigs[0].loop->dialing->governor.timer));
	disperse(rigs);
}
END_TEST

START_TEST(test_promise_13_the_stagger_can_be_changed)
{
	struct rig rigs[CROWD];

	form(rigs);
	stagger(rigs, 1000);
	dial_all(rigs);
	ck_assert_int_eq(
	    stay_loop_set_dials_stagger_ms(rigs[0].loop, 60001), STAY_E_ARG);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0");
	stagger(rigs, 60);
	sim_run_ms(rigs[0].world, 20);
	ck_assert_str_eq(grants, "a0 b60");
	stagger(rigs, 0);
	sim_run_ms(rigs[0].world, 1);
	ck_assert_str_eq(grants, "a0 b60 c70 d70 e70");
	disperse(rigs);
}
END_TEST

Suite *
suite_governor(void)
{
	Suite *suite = suite_create("governor");
	TCase *tests = tcase_create("governor");

	tcase_add_test(tests, test_promise_13_dials_take_their_turn);
	tcase_add_test(tests, test_promise_13_a_dial_given_up_makes_room);
	tcase_add_test(tests, test_promise_13_dials_are_staggered);
	tcase_add_test(tests, test_promise_13_dials_are_staggered_by_default);
	tcase_add_test(
	    tests, test_promise_13_the_first_after_a_quiet_time_does_not_wait);
	tcase_add_test(tests, test_promise_13_stagger_and_number_are_both_kept);
	tcase_add_test(
	    tests, test_promise_13_who_is_given_up_is_not_waited_for);
	tcase_add_test(tests, test_promise_13_the_stagger_can_be_changed);
	suite_add_tcase(suite, tests);
	return suite;
}
