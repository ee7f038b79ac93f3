/* The governor of a loop: how many dials at once, and how close together. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stream/dial.h"
#include "stream/dialing.h"
#include "suites.h"
#include "support/link_rig.h"

#define CROWD 5
#define MANY  40

static struct rig rigs[MANY];
static int joined; /* so many of them */

/* Links of one loop. */
static void
begin(int count)
{
	rig_init(&rigs[0]);
	for (int i = 1; i < count; i++)
		rig_join(&rigs[i], &rigs[0]);
	joined = count;
}

/* In a crowd nothing more will happen by itself: no timer was left. */
static void
end(void)
{
	for (int i = joined - 1; i > 0; i--) {
		stay__link_close(&rigs[i].link);
		stay__link_fini(&rigs[i].link);
	}
	stay__link_close(&rigs[0].link);
	if (joined == CROWD)
		ck_assert(!sim_step(rigs[0].world));
	rig_fini(&rigs[0]);
}

static void
answer(enum sim_fate fate, uint64_t after_ms)
{
	sim_address_set(rigs[0].world, "10.0.0.1", 7, fate, after_ms);
}

static void
places(unsigned max)
{
	EXPECT_OK(stay_loop_set_dials_max(rigs[0].loop, max));
}

static void
dial(struct rig *rig)
{
	EXPECT_OK(rig_dial(rig, "tcp 10.0.0.1 7"));
}

static void
dial_all(void)
{
	for (int i = 0; i < joined; i++)
		dial(&rigs[i]);
}

/* ---- how many at once ---- */

TEST(promise_13_dials_take_their_turn)
{
	begin(CROWD);
	places(8); /* of which a target that was never reached gets 2 */
	answer(SIM_REFUSE, 100);
	dial_all();
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
}

TEST(promise_13_a_dial_given_up_makes_room)
{
	begin(4);
	places(1);
	answer(SIM_BLACK_HOLE, 0);
	dial_all();
	sim_run_ms(rigs[0].world, 10);
	stay__link_explain(&rigs[1].link, 10);
	ck_assert_str_eq(
	    rig_failure(&rigs[1]), "waiting for the dial governor");
	stay__link_close(&rigs[1].link); /* in the queue */
	stay__link_close(&rigs[0].link); /* dialing: the grant goes to 2... */
	stay__link_close(&rigs[2].link); /* ...which gives it to 3 unused */
	sim_run_ms(rigs[0].world, 10);
	ck_assert_str_eq(rigs[0].news, "granted");
	ck_assert_str_eq(rigs[1].news, "");
	ck_assert_str_eq(rigs[2].news, "");
	ck_assert_str_eq(rigs[3].news, "granted");
}

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

/* Links of one loop that nothing answers, with places for all of them. */
static void
form(void)
{
	static char names[CROWD][2] = { "a", "b", "c", "d", "e" };

	begin(CROWD);
	places(4 * CROWD);
	answer(SIM_BLACK_HOLE, 0);
	grants[0] = '\0';
	formed_ms = sim_now_ms(rigs[0].world);
	for (int i = 0; i < CROWD; i++) {
		rigs[i].hook = note_grant;
		rigs[i].arg = names[i];
	}
}

static void
stagger(uint64_t ms)
{
	EXPECT_OK(stay_loop_set_dials_stagger_ms(rigs[0].loop, ms));
}

TEST(promise_13_dials_are_staggered)
{
	form();
	stagger(10);
	dial_all();
	sim_run_ms(rigs[0].world, 5);
	ck_assert_str_eq(grants, "a0");
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b10 c20 d30 e40");
}

TEST(promise_13_dials_are_staggered_by_default)
{
	form();
	dial_all();
	sim_run_ms(rigs[0].world, 100);
	ck_assert_str_eq(grants, "a0 b1 c2 d3 e4");
}

TEST(promise_13_the_first_after_a_quiet_time_does_not_wait)
{
	form();
	stagger(10);
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
}

/* Room and the stagger must both be there; neither is waited for twice. */
TEST(promise_13_stagger_and_number_are_both_kept)
{
	form();
	places(1);
	stagger(10);
	dial_all();
	sim_run_ms(rigs[0].world, 4);
	stay__link_close(&rigs[0].link);
	sim_run_ms(rigs[0].world, 46);
	stay__link_close(&rigs[1].link);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 b10 c50");
	places(4 * CROWD);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 b10 c50 d100 e110");
}

TEST(promise_13_who_is_given_up_is_not_waited_for)
{
	form();
	stagger(10);
	dial_all();
	sim_run_ms(rigs[0].world, 4);
	stay__link_close(&rigs[1].link);
	sim_run_ms(rigs[0].world, 10);
	ck_assert_str_eq(grants, "a0 c10");
	stay__link_close(&rigs[3].link);
	stay__link_close(&rigs[4].link);
	ck_assert_uint_eq(rigs[0].loop->dialing->governor.active, 2);
	ck_assert(!stay__timer_is_set(&rigs[0].loop->dialing->governor.timer));
}

static void
dial_other(struct rig *rig)
{
	EXPECT_OK(rig_dial(rig, "tcp 10.0.0.2 7"));
}

/* The crowd has a second target, which its first link has reached. */
static void
form_with_other(void)
{
	form();
	stagger(10);
	sim_listen(rigs[0].world, "10.0.0.2", 7, NULL, NULL);
	dial_other(&rigs[0]);
	sim_run_ms(rigs[0].world, 5);
}

/* Those that are up let go. */
static void
let_go(void)
{
	for (int i = 0; i < 3; i++)
		stay__link_close(&rigs[i].link);
	sim_run_ms(rigs[0].world, 1);
}

/* Who was reached last time is not kept waiting, until a dial fails. */
TEST(promise_13_only_doubtful_targets_are_staggered)
{
	form_with_other();
	dial_other(&rigs[1]);
	dial_other(&rigs[2]);
	sim_run_ms(rigs[0].world, 5);
	ck_assert_str_eq(grants, "a0 b5 c5");
	sim_unlisten(rigs[0].world, "10.0.0.2", 7);
	dial_other(&rigs[3]);
	sim_run_ms(rigs[0].world, 1);
	dial_other(&rigs[4]);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 b5 c5 d10 e20");
	let_go();
}

TEST(promise_13_nobody_waits_for_the_stagger_of_another)
{
	form_with_other();
	dial(&rigs[1]);
	dial_other(&rigs[2]);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0 c5 b15");
	let_go();
}

TEST(promise_13_the_stagger_can_be_changed)
{
	form();
	stagger(1000);
	dial_all();
	ck_assert_int_eq(
	    stay_loop_set_dials_stagger_ms(rigs[0].loop, 60001), STAY_E_ARG);
	sim_run_ms(rigs[0].world, 50);
	ck_assert_str_eq(grants, "a0");
	stagger(60);
	sim_run_ms(rigs[0].world, 20);
	ck_assert_str_eq(grants, "a0 b60");
	stagger(0);
	sim_run_ms(rigs[0].world, 1);
	ck_assert_str_eq(grants, "a0 b60 c70 d70 e70");
}

/* ---- whose turn it is ---- */

/* "abacad": a letter a grant. */
static char turns[64];

static void
note_turn(struct rig *rig, enum stay__link_news news)
{
	size_t len = strlen(turns);

	if (news == STAY__NEWS_GRANTED && len + 1 < sizeof(turns))
		memcpy(turns + len, rig->arg, 2);
}

/* Links of one loop, each to the target of its letter, in this order. */
static void
line_up(struct rig *from, const char *letters)
{
	static char names[MANY][2];

	turns[0] = '\0';
	for (int i = 0; letters[i] != '\0'; i++) {
		char target[64];

		names[i][0] = letters[i];
		from[i].hook = note_turn;
		from[i].arg = names[i];
		snprintf(target, sizeof(target), "tcp 10.0.0.1 %d", letters[i]);
		EXPECT_OK(rig_dial(&from[i], target));
	}
}

/* Lower case is a black hole, upper case is reached. */
static void
open_loop(unsigned max)
{
	begin(MANY);
	places(max);
	stagger(0);
	for (int letter = 'a'; letter <= 'z'; letter++)
		sim_address_set(
		    rigs[0].world, "10.0.0.1", letter, SIM_BLACK_HOLE, 0);
	for (int letter = 'A'; letter <= 'Z'; letter++)
		sim_listen(rigs[0].world, "10.0.0.1", letter, NULL, NULL);
}

static void
let_pass(void)
{
	sim_run_ms(rigs[0].world, 20);
}

/* One black hole for nearly all, and somebody whom nobody knows yet. */
TEST(governor_a_black_hole_leaves_places)
{
	open_loop(16);
	line_up(rigs, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhX");
	let_pass();
	ck_assert_str_eq(turns, "hhhhX");
	ck_assert(rig_is_up(&rigs[30]));
}

/* Ten holes have half of the places; what was reached has the others. */
TEST(governor_many_black_holes_leave_half)
{
	open_loop(16);
	line_up(rigs, "X");
	let_pass();
	stay__link_close(&rigs[0].link);
	line_up(rigs + 1, "abcdefghijabcdefghijX");
	let_pass();
	ck_assert_str_eq(turns, "abcdefghX");
	ck_assert(rig_is_up(&rigs[21]));
	ck_assert_uint_eq(rigs[0].loop->dialing->governor.doubtful, 8);
}

TEST(governor_what_was_reached_may_have_all_places)
{
	open_loop(4);
	line_up(rigs, "X");
	let_pass();
	stay__link_close(&rigs[0].link);
	sim_address_set(rigs[0].world, "10.0.0.1", 'X', SIM_BLACK_HOLE, 0);
	line_up(rigs + 1, "XXXXXX");
	let_pass();
	ck_assert_str_eq(turns, "XXXX");
}

/* It failed last time: its budget was spent. */
TEST(governor_what_failed_last_time_is_doubtful_again)
{
	open_loop(4);
	line_up(rigs, "X");
	let_pass();
	stay__link_close(&rigs[0].link);
	sim_address_set(rigs[0].world, "10.0.0.1", 'X', SIM_BLACK_HOLE, 0);
	line_up(rigs + 1, "XXXXXX");
	let_pass();
	for (int i = 1; i <= 4; i++) {
		stay__link_explain(&rigs[i].link, 20);
		stay__link_close(&rigs[i].link);
	}
	let_pass();
	ck_assert_str_eq(turns, "XXXXX");
}

/* As each is given up: "a" has many, and the others come to their turn. It was
 * alone when it was granted first. */
TEST(governor_targets_take_turns)
{
	open_loop(1);
	line_up(rigs, "aaaabbc");
	for (int turn = 0; turn < 7; turn++) {
		let_pass();
		for (int i = 0; i < 7; i++)
			if (strcmp(rigs[i].news, "granted") == 0)
				stay__link_close(&rigs[i].link);
	}
	ck_assert_str_eq(turns, "aabcaba");
}

/* With one place a hole and a target that was reached alternate. */
TEST(governor_of_one_place_alternates)
{
	open_loop(1);
	line_up(rigs, "X");
	let_pass();
	line_up(rigs + 1, "hhhXXX");
	for (int turn = 0; turn < 6; turn++) {
		let_pass();
		for (int i = 1; i <= 3; i++)
			if (strcmp(rigs[i].news, "granted") == 0)
				stay__link_close(&rigs[i].link);
	}
	ck_assert_str_eq(turns, "hXhXhX");
}

/* Those behind a head that is given up keep their place in line. */
TEST(governor_who_waits_behind_one_given_up_goes_on)
{
	open_loop(1);
	line_up(rigs, "haaab");
	let_pass();
	stay__link_close(&rigs[1].link); /* the head of "a" */
	stay__link_close(&rigs[3].link); /* behind it */
	for (int turn = 0; turn < 4; turn++) {
		for (int i = 0; i < 5; i++)
			if (strcmp(rigs[i].news, "granted") == 0)
				stay__link_close(&rigs[i].link);
		let_pass();
	}
	ck_assert_str_eq(turns, "hba");
}

static const struct {
	const char *reached;
	const char *other;
} apart[] = { { "tcp 10.0.0.1 77", "tcp 10.0.0.17 7" },
	{ "tcp 10.0.0.1 77", "tcp 10.0.0.2 77" }, { "unix /x", "unix /y" },
	{ "unix /x", "fd /x" } };

/* That one was reached says nothing of the other. */
TEST_ROWS(governor_tells_targets_apart, LEN(apart))
{
	struct rig *one = &rigs[0];

	begin(1);
	sim_listen(one->world, "10.0.0.1", 77, NULL, NULL);
	sim_listen(one->world, "/x", 0, NULL, NULL);
	for (int again = 0; again < 2; again++) {
		EXPECT_OK(rig_dial(one, apart[_i].reached));
		ck_assert_int_eq(one->link.dial->ticket.lane,
		    again ? STAY__LANE_SOUND : STAY__LANE_DOUBTFUL);
		ck_assert(rig_settle(one, 100));
		stay__link_close(&one->link);
	}
	EXPECT_OK(rig_dial(one, apart[_i].other));
	ck_assert_int_eq(one->link.dial->ticket.lane, STAY__LANE_DOUBTFUL);
}

/* ---- by itself: tickets of targets that nobody dials ---- */

static struct stay__governor *governor;

static void
ignore(struct stay__ticket *ticket)
{
	(void)ticket;
}

static void
begin_alone(unsigned max)
{
	begin(1);
	governor = &rigs[0].loop->dialing->governor;
	stay__governor_set_max(governor, max);
	stay__governor_set_stagger(governor, 0);
}

static void
join(struct stay__ticket *ticket, uint64_t target)
{
	stay__ticket_init(ticket, ignore);
	stay__governor_join(governor, ticket, target);
}

/* It is dialled, and nobody else is in the way. */
static enum stay__lane
dialled(uint64_t target, enum stay__dial_end end)
{
	struct stay__ticket ticket;

	join(&ticket, target);
	ck_assert(stay__ticket_is_granted(&ticket));
	stay__governor_leave(governor, &ticket, end);
	return ticket.lane;
}

/* Of two in one place of its memory, also if the other waits. */
TEST(governor_remembers_the_later_of_two_targets)
{
	enum {
		ONE = 3,
		NEXT = ONE + STAY__GOVERNOR_SLOTS,
		OTHER = ONE + 2 * STAY__GOVERNOR_SLOTS
	};
	struct stay__ticket other, one;

	begin_alone(1);
	dialled(ONE, STAY__DIAL_REACHED);
	dialled(NEXT, STAY__DIAL_REACHED);
	join(&other, OTHER);
	join(&one, ONE);
	ck_assert_int_eq(one.lane, STAY__LANE_SOUND);
	stay__governor_leave(governor, &other, STAY__DIAL_REACHED);
	ck_assert(stay__ticket_is_granted(&one));
	ck_assert_int_eq(one.lane, STAY__LANE_DOUBTFUL);
	stay__governor_leave(governor, &one, STAY__DIAL_FAILED);
	ck_assert_int_eq(dialled(OTHER, STAY__DIAL_GIVEN_UP), STAY__LANE_SOUND);
}

/* After a failure nobody is remembered there, and not the first of all either. */
TEST(governor_forgets_who_failed)
{
	enum { FIRST = 1, OTHER = FIRST + 2 * STAY__GOVERNOR_SLOTS };

	begin_alone(1);
	dialled(OTHER, STAY__DIAL_REACHED);
	dialled(OTHER, STAY__DIAL_FAILED);
	ck_assert_int_eq(
	    dialled(FIRST, STAY__DIAL_GIVEN_UP), STAY__LANE_DOUBTFUL);
}

#define PASSED_MAX 64

/* It looks behind so many targets that have their share for one that has none. */
TEST_ROWS(governor_passes_over_so_many, 2)
{
	static struct stay__ticket tickets[PASSED_MAX + 1][3];
	struct stay__ticket last;
	unsigned busy = PASSED_MAX - 1 + (unsigned)_i;

	begin_alone(8 * busy);
	for (unsigned n = 0; n < 3; n++)
		for (unsigned i = 0; i < busy; i++)
			join(&tickets[i][n], 1 + 2 * i);
	join(&last, 1 + 2 * busy);
	ck_assert(stay__ticket_is_granted(&tickets[busy - 1][1]));
	ck_assert_int_eq(stay__ticket_is_granted(&last), _i == 0);
	stay__governor_leave(governor, &last, STAY__DIAL_GIVEN_UP);
	for (unsigned i = 0; i < busy; i++)
		for (unsigned n = 3; n-- > 0;)
			stay__governor_leave(
			    governor, &tickets[i][n], STAY__DIAL_GIVEN_UP);
}

TEST_SUITE_WITH(governor, .after = end)
