/*
 * The three machines against their tables: what every row promises is what an
 * instance does, and the tables make sense. What the connection's table ought
 * to say is told a second time, by hand, in test_machine_paths.c.
 */
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "machine/machine.h"
#include "suites.h"

#define STATES_MAX 32
#define WALK_STEPS 1000000

typedef const struct stay_machine *table_fn(void);

static table_fn *const tables[] = { stay_machine_conn, stay_machine_link,
	stay_machine_session };
#define TABLE_COUNT ((int)(LEN(tables)))

/* An instance in any state; only a test may put it there. */
static struct stay__machine
machine_in(unsigned state)
{
	return (struct stay__machine){ state };
}

/* ---- every pair ---- */

static void
assert_turn(const struct stay_machine *table, unsigned state, unsigned event)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(table, state, event);
	struct stay__machine machine = machine_in(state);
	struct stay__transition transition =
	    stay__machine_take(&machine, table, event);

	ck_assert_uint_eq(machine.now, row->next);
	ck_assert_int_eq(transition.verb, row->verb);
	ck_assert_uint_eq(transition.from, state);
	ck_assert_uint_eq(transition.event, event);
	ck_assert_uint_eq(transition.to, row->next);
	ck_assert_uint_eq(transition.action, row->action);
	ck_assert_ptr_eq(transition.because, row->because);
	if (row->verb == STAY_KEEP) {
		ck_assert_uint_eq(machine.now, state);
		ck_assert_str_eq(table->actions[transition.action], "");
	}
}

/* In this and all that follow for each table, _i is its number. */
TEST_ROWS(machine_every_pair_does_what_its_row_says, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++)
			if (stay_machine_find_row(table, state, event)->verb !=
			    STAY_NEVER)
				assert_turn(table, state, event);
}

#ifndef NDEBUG
static bool
aborts(const struct stay_machine *table, unsigned state, unsigned event)
{
	const struct rlimit no_core = { 0, 0 };
	struct stay__machine machine = machine_in(state);
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		stay__machine_take(&machine, table, event);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_ROWS(machine_never_aborts, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++) {
			bool is_never =
			    stay_machine_find_row(table, state, event)->verb ==
			    STAY_NEVER;

			if (is_never)
				ck_assert_msg(aborts(table, state, event),
				    "%s on %s went on",
				    table->states[state].label,
				    table->events[event]);
		}
}
#endif

/* ---- sense ---- */

static void
mark_reachable(
    const struct stay_machine *table, unsigned state, bool seen[STATES_MAX])
{
	if (seen[state])
		return;
	seen[state] = true;
	for (unsigned event = 0; event < table->event_count; event++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(table, state, event);

		if (row->verb == STAY_GO)
			mark_reachable(table, row->next, seen);
	}
}

TEST_ROWS(machine_every_state_is_reached_from_the_first, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();
	bool seen[STATES_MAX] = { false };

	ck_assert_uint_le(table->state_count, STATES_MAX);
	mark_reachable(table, 0, seen);
	for (unsigned state = 0; state < table->state_count; state++)
		ck_assert_msg(seen[state], "%s: nothing leads to %s",
		    table->name, table->states[state].label);
}

TEST_ROWS(machine_rows_are_whole, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++) {
			const struct stay_machine_row *row =
			    stay_machine_find_row(table, state, event);

			ck_assert_ptr_nonnull(row);
			ck_assert_uint_lt(row->next, table->state_count);
			ck_assert_ptr_nonnull(table->actions[row->action]);
			ck_assert_uint_gt(strlen(row->because), 0);
			if (row->verb != STAY_GO)
				ck_assert_uint_eq(row->next, state);
			if (row->verb != STAY_GO)
				ck_assert_uint_eq(row->action, 0);
		}
}

TEST_ROWS(machine_names_are_found_and_lead_back, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();

	for (unsigned state = 0; state < table->state_count; state++)
		ck_assert_int_eq(
		    stay_machine_find_state(table, table->states[state].label),
		    (int)state);
	for (unsigned event = 0; event < table->event_count; event++)
		ck_assert_int_eq(
		    stay_machine_find_event(table, table->events[event]),
		    (int)event);
	ck_assert_int_eq(stay_machine_find_state(table, "nowhere"), -1);
	ck_assert_int_eq(stay_machine_find_event(table, "nothing"), -1);
	ck_assert_int_eq(stay_machine_find_state(table, ""), -1);
}

TEST_ROWS(machine_row_knows_its_bounds, TABLE_COUNT)
{
	const struct stay_machine *table = tables[_i]();
	unsigned states = table->state_count, events = table->event_count;

	ck_assert_ptr_null(stay_machine_find_row(table, states, 0));
	ck_assert_ptr_null(stay_machine_find_row(table, 0, events));
	ck_assert_ptr_null(stay_machine_find_row(table, UINT_MAX, UINT_MAX));
	ck_assert_ptr_eq(stay_machine_find_row(table, states - 1, events - 1),
	    &table->rows[states * events - 1]);
}

/* "A state with a timer has a GO on EXPIRED, one without has NEVER." */
TEST(machine_timed_states_answer_their_timeout)
{
	const struct stay_machine *table = stay_machine_conn();

	for (unsigned state = 0; state < table->state_count; state++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(table, state, STAY__CONN_EXPIRED);
		bool is_timed = table->states[state].timer != STAY__TIMER_NONE;

		ck_assert_msg(row->verb == (is_timed ? STAY_GO : STAY_NEVER),
		    "%s on expired", table->states[state].label);
	}
}

/* Whether every way on from `state` ends in stopped, a time-out among them. */
static bool
can_only_stop(unsigned state)
{
	const struct stay_machine *table = stay_machine_conn();
	bool by_itself = false;

	if (state == STAY_STOPPED)
		return true;
	for (unsigned event = 0; event < table->event_count; event++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(table, state, event);

		if (row->verb == STAY_GO && row->next != STAY_STOPPED)
			return false;
		if (row->verb == STAY_GO && event == STAY__CONN_EXPIRED)
			by_itself = true;
	}
	return by_itself;
}

/* A stop waits for init's verdict; from everywhere else it is taken at once. */
TEST(machine_stop_leads_to_stopped_from_everywhere)
{
	const struct stay_machine *table = stay_machine_conn();

	for (unsigned state = 0; state < table->state_count; state++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(table, state, STAY__CONN_STOP);

		if (state == STAY_STARTING)
			ck_assert_int_eq(row->verb, STAY_NEVER);
		else
			ck_assert_msg(
			    row->verb != STAY_NEVER && can_only_stop(row->next),
			    "%s may outlive a stop",
			    table->states[state].label);
	}
}

TEST(machine_starting_is_left_for_ever)
{
	const struct stay_machine *table = stay_machine_conn();

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++)
			if (stay_machine_find_row(table, state, event)->verb ==
			    STAY_GO)
				ck_assert_uint_ne(
				    stay_machine_find_row(table, state, event)
					->next,
				    STAY_STARTING);
}

/* Terminate runs on every way into stopped but init's own refusal. */
TEST(machine_terminate_goes_with_stopped)
{
	const struct stay_machine *table = stay_machine_conn();

	for (unsigned state = 0; state < table->state_count; state++)
		for (unsigned event = 0; event < table->event_count; event++) {
			const struct stay_machine_row *row =
			    stay_machine_find_row(table, state, event);
			bool ends = row->verb == STAY_GO &&
				    row->next == STAY_STOPPED &&
				    state != STAY_STARTING;

			ck_assert_int_eq(
			    row->action == STAY__ACT_TERMINATE, ends);
		}
}

/* What is asked for by name is what the state it leads to is there for. */
TEST(machine_actions_belong_to_their_states)
{
	const struct stay_machine *table = stay_machine_conn();

	for (unsigned i = 0; i < table->state_count * table->event_count; i++) {
		const struct stay_machine_row *row = &table->rows[i];

		if (row->action == STAY__ACT_CONNECT)
			ck_assert_uint_eq(row->next, STAY_CONNECTING);
		if (row->action == STAY__ACT_DISCONNECT)
			ck_assert(row->next == STAY_DISCONNECTING ||
				  row->next == STAY_STOPPING);
	}
}

TEST(machine_conn_enumerators_are_its_rows)
{
	const struct stay_machine *table = stay_machine_conn();

	ck_assert_str_eq(table->name, "conn");
	ck_assert_uint_eq(table->state_count, STAY_STATE_COUNT);
	ck_assert_uint_eq(table->event_count, STAY__CONN_EVENT_COUNT);
	for (unsigned state = 0; state < table->state_count; state++)
		ck_assert_str_eq(stay_state_name((enum stay_state)state),
		    table->states[state].label);
	ck_assert_str_eq(stay_state_name(STAY_BACKING_OFF), "backing_off");
	ck_assert_str_eq(stay_state_name(STAY_STATE_COUNT), "?");
	ck_assert_str_eq(stay_state_name((enum stay_state)99), "?");
	ck_assert_uint_eq(
	    stay_machine_link()->state_count, STAY__LINK_STATE_COUNT);
	ck_assert_uint_eq(
	    stay_machine_session()->state_count, STAY__SESSION_STATE_COUNT);
}

/* ---- walks ---- */

/* SplitMix64: the same walk for the same seed, everywhere. */
static uint64_t
next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* An event that may happen in this state; -1: none may (a final state). */
static int
pick_event(const struct stay_machine *table, unsigned now, uint64_t *seed)
{
	unsigned count = table->event_count;
	unsigned first = (unsigned)(next_random(seed) % count);

	for (unsigned i = 0; i < count; i++) {
		unsigned event = (first + i) % count;

		if (stay_machine_find_row(table, now, event)->verb !=
		    STAY_NEVER)
			return (int)event;
	}
	return -1;
}

/* What is wrong with a transition of any machine; NULL: nothing. */
static const char *
fault_of_transition(
    const struct stay__transition *transition, unsigned before, unsigned now)
{
	if (transition->from != before || transition->to != now)
		return "the transition tells another story";
	if (transition->verb == STAY_KEEP && transition->from != transition->to)
		return "a KEEP row changed the state";
	if (transition->verb == STAY_NEVER)
		return "a NEVER row was taken";
	return NULL;
}

/* What is wrong with a transition of the connection, which may be at its
 * end. */
static const char *
fault_of_conn(const struct stay__transition *transition, bool *ending)
{
	bool ends =
	    transition->to == STAY_STOPPING || transition->to == STAY_STOPPED;

	if (*ending && !ends)
		return "it came back from its end";
	if (*ending && transition->action == STAY__ACT_CONNECT)
		return "it connects at its end";
	if (transition->to == STAY_CONNECTED &&
	    transition->from != STAY_CONNECTING)
		return "it is connected without an attempt";
	*ending = ends;
	return NULL;
}

/* A machine that has come to its end begins anew now and then. */
static void
walk(const struct stay_machine *table, uint64_t seed)
{
	struct stay__machine machine = { 0 };
	bool visited[STATES_MAX] = { false };
	bool ending = false;
	const char *fault = NULL;

	for (int step = 0; step < WALK_STEPS && fault == NULL; step++) {
		unsigned before = machine.now;
		int event = pick_event(table, machine.now, &seed);
		struct stay__transition transition;

		transition =
		    stay__machine_take(&machine, table, (unsigned)event);
		fault = fault_of_transition(&transition, before, machine.now);
		visited[machine.now] = true;
		if (table != stay_machine_conn() || fault != NULL)
			continue;
		fault = fault_of_conn(&transition, &ending);
		if (machine.now == STAY_STOPPED &&
		    next_random(&seed) % 4 == 0) {
			machine = machine_in(0);
			ending = false;
		}
	}
	ck_assert_msg(fault == NULL, "%s: %s", table->name, fault);
	for (unsigned state = 1; state < table->state_count; state++)
		ck_assert_msg(visited[state], "the walk missed %s",
		    table->states[state].label);
}

TEST_ROWS(machine_random_walk_of_a_million_events, TABLE_COUNT)
{
	walk(tables[_i](), 20240917u + (uint64_t)_i);
}

/* Every test of a table, for each of the three. */
TEST_SUITE_WITH(machine, .seconds = 60)
