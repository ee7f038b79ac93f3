/*
 * What the program does, from outside and from inside of callbacks: whatever
 * deed chance draws from the table of tests/support/deeds.def, wherever it is.
 */
#include "run.h"

static struct user *
any_user(struct run *run)
{
	return &run->users[draw_below(run, run->plan.user_count)];
}

void
act_sleep(struct run *run, uint64_t ms)
{
	sim_sleep_ms(run->world, ms);
	run->slept += ms * SIM_MS;
	run->excused = run->sim->now;
	if (run->inside > 0) {
		run->dozed += ms * SIM_MS;
		ledger_dawdle(run, ms * SIM_MS);
	}
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].leave_by != SIM_NEVER)
			run->users[i].leave_by += ms * SIM_MS;
	pool_slept(run, ms);
}

/* ---- drawing ---- */

static unsigned
weight(const struct deed *deed, const struct user *user, enum deed_drawn drawn)
{
	if (deed->drawn != drawn ||
	    (deed->needs == NEEDS_CLIENT && user->client == NULL) ||
	    (deed->needs == NEEDS_BEHAVIOUR && user->kind != KIND_RAW))
		return 0;
	return deed->weight;
}

static const struct deed *
pick(struct user *user, enum deed_drawn drawn)
{
	unsigned sum = 0, which;
	size_t i = 0;

	for (size_t k = 0; k < deed_count; k++)
		sum += weight(&deeds[k], user, drawn);
	which = draw_below(user->run, sum);
	while (which >= weight(&deeds[i], user, drawn))
		which -= weight(&deeds[i++], user, drawn);
	return &deeds[i];
}

static struct deed_at
place(struct user *user)
{
	struct run *run = user->run;

	return (struct deed_at){ .world = run->world,
		.loop = run->loop,
		.conn = user_conn(user),
		.client = user->client,
		.user = user,
		.inside = run->inside > 0 };
}

static void
do_it(struct user *user, const struct deed *deed)
{
	const struct deed_at at = place(user);

	user->run->deed = deed;
	sim_note(user->run->sim, deed->name, user->index, 0);
	deed->make(&at);
}

void
act_submit(struct user *user)
{
	const struct deed_at at = place(user);

	if (at.client != NULL)
		do_call(&at);
}

/* What is done most of all is done many times, until it is refused. */
void
act_often(struct user *user)
{
	const struct deed *deed = pick(user, DRAWN_OFTEN);
	unsigned count = 1 + draw_below(user->run, user->run->plan.burst);
	uint64_t rejected = user->rejected;

	if (user_conn(user) == NULL)
		return;
	do
		do_it(user, deed);
	while (--count > 0 && deed->needs == NEEDS_CLIENT &&
	       user->rejected == rejected);
}

static void
act_on(struct run *run, struct user *user)
{
	unsigned which = draw_below(run, 1000);

	run->acted_at++;
	pause_maybe_over(user);
	if (user_conn(user) == NULL)
		user_start(user);
	else if (which < 2 * run->plan.per_end)
		do_it(user, pick(user, DRAWN_ENDS));
	else if (which < 150)
		do_it(user, pick(user, DRAWN_AT_TIMES));
	else if (which < 170)
		keep_release_some(run);
	else if (which < 190 && user->host.trade->stir != NULL &&
		 user->client != NULL)
		user->host.trade->stir(user);
	else if (which < 200)
		pause_act(user);
	else
		act_often(user);
}

void
act(struct run *run)
{
	if (run->pool != NULL && draw_mille(run, 400))
		pool_acts(run->pool);
	else if (draw_mille(run, run->plan.per_fault))
		fault_strike(run);
	else if (draw_mille(run, run->plan.per_fault / 2 + 5))
		fault_mend(run, false);
	else if (draw_mille(run, 15))
		host_push(&any_user(run)->host);
	else
		act_on(run, any_user(run));
	sim_happened(run->sim);
}

void
act_inside(struct run *run, struct user *user)
{
	if (run->healing || !draw_mille(run, run->plan.per_inside))
		return;
	run->figures->inside++;
	if (run->pool != NULL && draw_mille(run, 250)) {
		pool_acts(run->pool);
		return;
	}
	if (draw_mille(run, 300))
		user = any_user(run);
	act_on(run, user);
}
