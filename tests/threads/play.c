/*
 * A play: a runner, remotes, and threads that do what they draw; then its end, after
 * which nothing may be left.
 */
#include "threads/play.h"

#include <pthread.h>

#include "threads/memory.h"
#include "threads/pthreads.h"
#include "threads/sched.h"

struct play play;

static void
start_runner(void)
{
	struct stay_runner_options options = { STAY_RUNNER_OPTIONS };

	options.loops = 1 + sched_draw(LOOPS_MAX);
	if (sched_chance(2))
		options.inbox_max = 1 + sched_draw(3);
	if (sched_chance(2))
		options.full = STAY_INBOX_BLOCK;
	if (stay_runner_start_on(&play.runner, &options, server_make_loop) !=
	    STAY_OK)
		sched_broken("the runner does not start");
	play.loop_count = (unsigned)stay_runner_loops(play.runner);
}

static void
start_remotes(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.backoff = { .initial_ms = 5, .cap_ms = 50 },
		.call_timeout_ms = TIMEOUT_MS };

	if (sched_chance(4))
		options.held_replies_max = 2;
	options.stop_budget_ms = 1 + sched_draw(100);
	play.remote_count = 1 + (unsigned)sched_draw(REMOTES_MAX);
	for (unsigned i = 0; i < play.remote_count; i++)
		if (stay_remote_start(&play.remotes[i], play.runner,
			&play_protocol, "play://10.0.0.1:7000",
			&options) != STAY_OK)
			sched_broken("a remote does not start");
}

static void
run_workers(void)
{
	play.worker_count = 2 + (unsigned)sched_draw(WORKERS_MAX - 1);
	for (unsigned i = 0; i < play.worker_count; i++) {
		play.workers[i].number = i;
		play.workers[i].left = 5 + (unsigned)sched_draw(40);
		if (pthread_create(&play.workers[i].thread, NULL, worker_run,
			&play.workers[i]) != 0)
			sched_broken("no thread");
	}
	for (unsigned i = 0; i < play.worker_count; i++)
		pthread_join(play.workers[i].thread, NULL);
}

/* What they have left in their hands is put down by this one. */
static void
empty_hands(void)
{
	hand_free(&play.shelf);
	for (unsigned i = 0; i < play.worker_count; i++)
		for (unsigned k = 0; k < HANDS; k++)
			hand_free(&play.workers[i].hands[k]);
}

static void
end_runner(void)
{
	enum stay_status status = STAY_E_LIVE;

	if (sched_chance(4))
		status = stay_runner_free(play.runner);
	if (status != STAY_E_LIVE)
		sched_broken("the runner ends with remotes");
	for (unsigned i = 0; i < play.remote_count; i++)
		stay_remote_free(play.remotes[i]);
	if (sched_chance(2)) {
		status = stay_runner_free(play.runner);
		empty_hands();
	}
	empty_hands();
	if (status == STAY_E_LIVE)
		status = stay_runner_free(play.runner);
	if (status != STAY_OK)
		sched_broken(
		    "the runner ends with %s", stay_status_name(status));
}

static void
run(void *arg)
{
	(void)arg;
	start_runner();
	start_remotes();
	memory_fail(sched_chance(4) ? 100 : 0);
	run_workers();
	memory_fail(0);
	end_runner();
	calls_check();
	if (pthreads_live() > 0)
		sched_broken("%zu mutexes, conditions, threads are left",
		    pthreads_live());
	if (memory_live() > 0)
		sched_broken("%zu blocks of memory are left", memory_live());
	memory_look();
}

void
play_seed(uint64_t seed)
{
	play.seed = seed;
	sched_run(seed, run, NULL);
}
