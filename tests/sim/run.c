/*
 * One run: build a world, wreck it, heal it, see everything come up again, and
 * leave nothing behind.
 */
#include "run.h"
#include "support/counts.h"

#include <inttypes.h>
#include <string.h>

/* Answers, and timers' grain. */
#define SLACK_MS   500
#define ARRIVES_MS 500 /* longer than any latency */

struct run *the_run;

/* ---- building ---- */

static void
build(struct run *run, bool trace)
{
	run->world = sim_world_new(run->seed);
	run->sim = sim_of(run->world);
	if (trace)
		sim_trace_to(run->world, stderr);
	run->loop = stay_loop_new(run->world);
	run->observer = (struct stay_observer){ STAY_OBSERVER, .arg = run,
		.on_transition = watch_transition, .on_failure = watch_failure,
		.on_closed = watch_closed, .on_up = watch_up };
	tale_open(run);
	stay_loop_set_observer(run->loop, &run->observer);
	if (stay_loop_set_dials_max(run->loop, run->plan.dials_max) != STAY_OK)
		broken(1, "a number of dials is refused");
	if (stay_loop_set_dials_stagger_ms(run->loop, run->plan.stagger_ms) !=
	    STAY_OK)
		broken(1, "a stagger of dials is refused");
	toy_filter_init(&run->toy);
	run->toy.stranger = STAY_E_PROTOCOL;
	if (stay_loop_set_filter(run->loop, &run->toy.filter) != STAY_OK)
		broken(1, "the toy is refused");
	deeds_open();
	stay__list_init(&run->configs);
	stay__list_init(&run->errands);
	meter_open(run);
	for (unsigned i = 0; i < run->plan.user_count; i++)
		user_init(run, i);
	run->sim->after = check_after;
	run->sim->after_arg = run;
	for (unsigned i = 0; i < run->plan.user_count; i++)
		user_start(&run->users[i]);
	pool_open(run);
}

/* ---- wrecking ---- */

static void
wreck(struct run *run)
{
	while (run->sim->happened < run->plan.events) {
		if (draw_mille(run, run->plan.per_act))
			act(run);
		else
			sim_step_ms(run->world,
			    draw_between(run, 0, run->plan.pause_ms));
	}
}

/* ---- healing ---- */

/* Its attempts may be used up, and no callback of a raw behaviour chooses. */
static bool
has_given_up(const struct user *user)
{
	return user->kind == KIND_RAW &&
	       stay_conn_state(user_conn(user)) == STAY_BACKING_OFF &&
	       stay_conn_due_ms(user_conn(user)) == STAY_FOREVER;
}

static bool
is_up(const struct user *user)
{
	return user_conn(user) == NULL || user->leaving || has_given_up(user) ||
	       stay_conn_state(user_conn(user)) == STAY_CONNECTED;
}

static bool
all_up(void *arg)
{
	struct run *run = arg;

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (!is_up(&run->users[i]))
			return false;
	return true;
}

static bool
all_told(void *arg)
{
	struct run *run = arg;

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].told != run->users[i].accepted)
			return false;
	return true;
}

static bool
all_buried(void *arg)
{
	struct run *run = arg;

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].client != NULL &&
		    counts_of(run->users[i].client).tombstones > 0)
			return false;
	return true;
}

static bool
all_closed(void *arg)
{
	struct run *run = arg;

	return stay_loop_live(run->loop) == 0;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A session that is only half there is found first, or an attempt that is
 * doomed: its greeting was refused, its name is being looked up for long. Then
 * one backoff, and one attempt. */
uint64_t
run_return_ms(const struct user *user, const struct stay_client_options *o)
{
	uint64_t probe = o->probe_ms == STAY_FOREVER ? 0 : o->probe_ms;
	uint64_t ms = larger(o->silence_ms + probe, o->connect_budget_ms);

	if (user->kind == KIND_RAW)
		return 2 * RAW_BUDGET_MS + o->backoff.cap_ms + LOOKUP_MS_MAX;
	if (user->host.lookup[0] != '\0')
		ms = larger(ms, LOOKUP_MS_MAX);
	return ms + o->leave_budget_ms +
	       larger(o->backoff.cap_ms, o->fatal_backoff_ms) +
	       o->connect_budget_ms;
}

/* Under the options in force, or those that will be; others may dial first, but for
 * a quarter of the places, which is for anybody. */
uint64_t
run_patience_ms(const struct run *run)
{
	uint64_t most = 0, dials = pool_dials_ms(run);

	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct user *user = &run->users[i];

		most = larger(most, run_return_ms(user, &user->options));
		dials += user->kind == KIND_RAW
			     ? RAW_BUDGET_MS
			     : user->options.connect_budget_ms;
		if (user->change.has_options)
			most = larger(
			    most, run_return_ms(user, &user->change.options));
	}
	if (4 * (run->plan.user_count + pool_width(run)) <= run->plan.dials_max)
		dials = 0;
	return most + dials + SLACK_MS;
}

static void
check_all_up(struct run *run)
{
	char text[256];

	if (sim_run_until(run->world, all_up, run, run_patience_ms(run)))
		return;
	for (unsigned i = 0; i < run->plan.user_count; i++) {
		if (is_up(&run->users[i]))
			continue;
		stay_conn_explain(
		    user_conn(&run->users[i]), text, sizeof(text));
		broken(13, "user %u did not come back: %s", i, text);
	}
}

/* A call that has no deadline waits for an answer, which comes now. */
static void
check_all_told(struct run *run)
{
	if (!sim_run_until(run->world, all_told, run, 120000))
		broken(1, "calls are left that nobody is told of");
	if (!sim_run_until(run->world, all_buried, run, 60000))
		broken(2, "tombstones are left that nobody answers");
}

/* What was sent before the healing, a lie or a reset perhaps, has its effect first;
 * it is late by the latency of its connection. */
static void
let_arrive(struct run *run)
{
	sim_run_ms(run->world, ARRIVES_MS);
	check_all_up(run);
	check_all_told(run);
}

/* Now that all is well, a call must go well. */
static void
check_service(struct run *run)
{
	run->served_from = run->ledger.count + 1;
	for (unsigned i = 0; i < run->plan.user_count; i++) {
		struct user *user = &run->users[i];

		if (user->client == NULL || user->leaving)
			continue;
		act_submit(user);
	}
	if (!sim_run_until(run->world, all_told, run, 120000))
		broken(1, "a call to a healthy server is never told");
	run->served_from = SIM_NEVER;
}

/* Nothing to do but to probe, every 20 ms perhaps: few turns. */
static void
check_idleness(struct run *run)
{
	uint64_t waits = run->sim->calls[SIM_WAIT];

	sim_run_ms(run->world, 20000);
	waits = run->sim->calls[SIM_WAIT] - waits;
	if (waits > 20 * 500 * (run->plan.user_count + pool_width(run) + 1))
		broken(9, "%" PRIu64 " turns in 20 s of idling", waits);
	rest_check_memory(run);
}

/* A raw behaviour may be content with nothing. */
static void
wake(const struct user *user)
{
	if (user->kind == KIND_RAW && user_conn(user) != NULL)
		stay_conn_reconnect(user_conn(user), STAY_E_RECONNECT);
}

static void
heal(struct run *run)
{
	run->healing = true;
	keep_release_all(run);
	pause_end(run);
	fault_mend(run, true);
	for (unsigned i = 0; i < run->plan.user_count; i++)
		wake(&run->users[i]);
	sim_note(run->sim, "healed", 0, 0);
	check_all_up(run);
	check_all_told(run);
	let_arrive(run);
	check_service(run);
	pool_heal(run);
	check_idleness(run);
}

/* ---- the end ---- */

static void
end(struct run *run)
{
	run->figures->virtual_ms = sim_now_ms(run->world);
	for (unsigned i = 0; i < run->plan.user_count; i++)
		user_stops(&run->users[i]);
	pool_stop_all(run);
	stay_loop_stop(run->loop, STAY_OK);
	if (!sim_run_until(run->world, all_closed, run, 10000))
		broken(5, "connections are left that do not stop");
	ledger_close(run);
	pool_close(run);
	deeds_close();
	if (sim_leaked(run->world) > 0)
		broken(12, "a child has spoken, or ended a connection");
	run->figures->events = run->sim->happened;
	run->figures->hash = run->sim->hash;
	run->figures->failed_allocations = memory.failed;
	run->over = true;
	for (unsigned i = 0; i < run->plan.user_count; i++)
		desks_free(&run->users[i].host);
	if (run->pool != NULL)
		desks_free(pool_host(run));
	if (stay_loop_free(run->loop) != STAY_OK)
		broken(10, "the loop is still in use");
	meter_close(run);
	tale_close();
	later_close(run);
	if (run->toy.held > 0 || run->toy.opened != run->toy.closed)
		broken(10, "the toy is held %u times, opened %u, closed %u",
		    run->toy.held, run->toy.opened, run->toy.closed);
	ledger_free(run);
	configs_close(run);
	if (memory.asked > 0)
		broken(11, "the library looks at the wall clock");
	if (memory.live > 0)
		broken(10, "%" PRIu64 " allocations are left", memory.live);
}

static struct run run;

void
run_seed(struct verdict *verdict, uint64_t seed, uint64_t events,
    uint32_t faults, bool trace)
{
	memset(&run, 0, sizeof(run));
	memset(&memory, 0, sizeof(memory));
	memory.random = seed | 1;
	the_run = &run;
	run.seed = seed;
	run.forked_at = run.served_from = SIM_NEVER;
	run.random = seed * UINT64_C(0xd1342543de82ef95) + 1;
	run.verdict = verdict;
	run.figures = &verdict->figures;
	plan_make(&run, events, faults);
	build(&run, trace);
	wreck(&run);
	heal(&run);
	if (run.plan.forks)
		fork_away(&run);
	end(&run);
	verdict->whole = true;
	the_run = NULL;
}
