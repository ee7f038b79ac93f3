/*
 * What a seed is like: how many clients, how wild the program, which bounds.
 * Chance of the program's own is here too.
 */
#include "run.h"

/* splitmix64, as the world's; another state. */
uint64_t
draw(struct run *run)
{
	uint64_t word = run->random += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

unsigned
draw_below(struct run *run, unsigned max)
{
	return max == 0 ? 0 : (unsigned)(draw(run) % max);
}

bool
draw_mille(struct run *run, unsigned per_mille)
{
	return draw(run) % 1000 < per_mille;
}

/* Small ones are as likely as large ones: by powers of two. */
uint64_t
draw_between(struct run *run, uint64_t least, uint64_t most)
{
	uint64_t span = most - least + 1;
	unsigned bits = 0;

	while (bits < 63 && span >> bits > 1)
		bits++;
	bits = draw_below(run, bits + 1);
	return least +
	       draw(run) %
		   (span < UINT64_C(2) << bits ? span : UINT64_C(2) << bits);
}

/* A quarter of the seeds are calm, a quarter are storms. */
void
plan_make(struct run *run, uint64_t events, uint32_t faults)
{
	static const unsigned fault_rates[] = { 0, 4, 20, 20, 60, 150 };
	struct plan *plan = &run->plan;

	plan->events = events;
	plan->faults = faults;
	plan->user_count = (unsigned)draw_between(run, 1, USERS_MAX);
	plan->per_act = 100 + draw_below(run, 600);
	plan->per_fault = fault_rates[draw_below(run, 6)];
	plan->per_end = draw_below(run, 3) * 4;
	plan->per_inside = draw_below(run, 3) * 60;
	plan->burst = (unsigned)draw_between(run, 1, 40);
	plan->pause_ms = draw_between(run, 1, 2000);
	plan->pad_max = (size_t)draw_between(run, 1, PAD_MAX);
	plan->dials_max = 1 + draw_below(run, 16);
	plan->forks = draw_mille(run, 250);
	if (draw_mille(run, 250))
		plan->per_slow = 1 + draw_below(run, 20);
	plan->stagger_ms = run->seed % 4;
	if (pool_is_planned(run->seed))
		plan->user_count = 1 + plan->user_count % 3;
}

static void
plan_backoff(struct run *run, struct stay_backoff_policy *policy)
{
	static const enum stay_backoff_kind kinds[] = {
		STAY_BACKOFF_PROPORTIONAL, STAY_BACKOFF_CONSTANT,
		STAY_BACKOFF_EXPONENTIAL
	};

	*policy = stay_backoff_default();
	policy->kind = kinds[draw_below(run, 3)];
	policy->jitter = (enum stay_jitter)draw_below(run, 2);
	policy->initial_ms = draw_between(run, 1, 200);
	policy->cap_ms = draw_between(run, 200, 3000);
	policy->stable_ms = draw_between(run, 100, 5000);
}

/* Small bounds are met often. */
void
plan_options(struct run *run, struct stay_client_options *options)
{
	*options = (struct stay_client_options){ STAY_CLIENT_OPTIONS };
	options->offline =
	    draw_mille(run, 150) ? STAY_OFFLINE_FAIL : STAY_OFFLINE_QUEUE;
	options->on_fatal =
	    draw_mille(run, 100) ? STAY_FATAL_STOP : STAY_FATAL_RETRY;
	options->on_refused =
	    draw_mille(run, 300) ? STAY_REFUSED_RESEND : STAY_REFUSED_TELL;
	options->on_given_up =
	    draw_mille(run, 200) ? STAY_GIVEN_UP_WAIT : STAY_GIVEN_UP_END;
	plan_backoff(run, &options->backoff);
	options->backoff.attempts_max =
	    draw_mille(run, 50) ? 1 + draw_below(run, 20) : 0;
	options->connect_budget_ms = draw_between(run, 300, 3000);
	options->call_timeout_ms = draw_between(run, 5, 5000);
	options->block_margin_ms = draw_between(run, 5, 1000);
	options->stop_budget_ms = draw_between(run, 1, 1000);
	options->fatal_backoff_ms = draw_between(run, 100, 3000);
	options->queue_calls_max = draw_between(run, 1, 2000);
	options->queue_bytes_max = draw_between(run, 4096, 1u << 20);
	options->inflight_calls_max = draw_between(run, 1, 2000);
	options->inflight_bytes_max = draw_between(run, 1, 1u << 20);
	options->waiters_max = draw_between(run, 1, 16);
	options->held_replies_max = draw_between(run, 1, KEPT_MAX);
	options->held_bytes_max = draw_between(run, 4096, 1u << 20);
	options->turn_calls_max = draw_between(run, 1, 1024);
	options->reply_bytes_max = 2 * PAD_MAX + 16384;
	options->tombstones_max = draw_between(run, 1, 64);
	options->tombstone_age_ms = draw_between(run, 100, 5000);
	options->probe_ms =
	    draw_mille(run, 50) ? STAY_FOREVER : draw_between(run, 20, 5000);
	options->silence_ms = draw_between(run, 200, 5000);
	options->resends_max = draw_between(run, 1, 4);
	options->resend_percent = draw_between(run, 1, 100);
	options->resend_burst = draw_between(run, 1, 500);
	options->queue_high_percent = 1 + draw_below(run, 100);
	options->queue_low_percent =
	    1 + draw_below(run, (unsigned)options->queue_high_percent);
	options->leave_budget_ms = draw_between(run, 10, 3000);
	if (draw_mille(run, 200))
		options->max_age_ms = draw_between(run, 500, 20000);
}
