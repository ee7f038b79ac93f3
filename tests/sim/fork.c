/*
 * The end of a run in a forked child: it has copies of all descriptors, and may
 * neither speak on them nor end what they are to its parent. Its connections
 * fail, and say why; its calls are told, once each; everything stops. What was
 * on its way before still reaches the server: it is the parent's.
 */
#include <string.h>

#include "run.h"
#include "support/inside.h"

/* Whatever is left of the calls may have to be answered first. */
#define FAIL_MS 60000

/* Some of them try again. */
#define AGAIN_MS 1000

/* Calls for everybody. */
static void
submit_all(struct run *run)
{
	for (unsigned i = 0; i < run->plan.user_count; i++) {
		struct user *user = &run->users[i];

		for (unsigned n = draw_below(run, 8); n > 0; n--)
			act_often(user);
		act_submit(user);
	}
}

/* Who waits for his next dial has failed, too. A raw behaviour may be connected
 * to nothing. */
static bool
has_failed(const struct user *user)
{
	const struct stay_conn *conn = user_conn(user);

	return user->client == NULL || user->leaving ||
	       user->connects > user->forked_connects ||
	       stay_conn_state(conn) == STAY_BACKING_OFF;
}

static bool
all_failed(void *arg)
{
	struct run *run = arg;

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (!has_failed(&run->users[i]))
			return false;
	return true;
}

/* What was lost before has its own reason, until it is tried again. */
static void
check_failures(const struct run *run)
{
	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct user *user = &run->users[i];
		char text[512];

		if (user->client == NULL || user->leaving ||
		    (user->connects == user->forked_connects &&
			inside_rejects(user->client) != STAY_E_FORKED))
			continue;
		stay_conn_explain(user_conn(user), text, sizeof(text));
		if (strstr(text, "parent process") == NULL)
			broken(12, "user %u in a child says: %s", i, text);
	}
}

void
fork_away(struct run *run)
{
	run->figures->forks++;
	submit_all(run);
	pool_fork(run);
	for (unsigned steps = draw_below(run, 6); steps > 0; steps--)
		sim_step_ms(run->world, 10);
	submit_all(run);
	run->forked_at = run->ledger.count;
	for (unsigned i = 0; i < run->plan.user_count; i++)
		run->users[i].forked_connects = run->users[i].connects;
	sim_fork(run->world);
	submit_all(run);
	pool_fork(run);
	if (draw_mille(run, 300))
		return; /* and stops at once */
	if (!sim_run_until(run->world, all_failed, run, FAIL_MS))
		broken(12, "connections of a child do not fail");
	sim_run_ms(run->world, AGAIN_MS);
	if (sim_run_until(run->world, all_failed, run, FAIL_MS))
		check_failures(run);
}
