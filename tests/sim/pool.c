/*
 * A pool of a run and its life: started with whatever options chance has drawn, stopped
 * in the middle of it, closed once, and started anew.
 */
#include "pool_sim.h"

#include <inttypes.h>

/* As of users. */
#define LATE_MS 5

static struct pool_sim the_pool;

/* ---- the end ---- */

void
pool_stops(struct pool_sim *pool)
{
	uint64_t by = sim_after(pool->run->sim, pool->ever.stop_ms + LATE_MS);

	pool->leaving = pool->stopped = true;
	if (by < pool->leave_by)
		pool->leave_by = by;
}

/* The last drain counts, and the first stop. */
void
pool_drains(struct pool_sim *pool, uint64_t ms)
{
	pool->leaving = true;
	if (pool->stopped)
		return;
	pool->leave_by = SIM_NEVER;
	if (ms != STAY_FOREVER)
		pool->leave_by = sim_after(
		    pool->run->sim, ms + pool->ever.stop_ms + LATE_MS);
}

/* Who waits was told, and who has a lease that it is lost. */
static void
check_borrowers(const struct pool_sim *pool)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++) {
		const struct borrower *borrower = &pool->borrowers[i];

		if (borrower->state == WAITS && !borrower->blocks)
			broken(1,
			    "the pool is closed, and check-out %" PRIu64
			    " was told nothing",
			    borrower->number);
		if (borrower->state == HAS && borrower->listens &&
		    !borrower->lost)
			broken(1,
			    "the pool is closed, and lease %" PRIu64
			    " was not told that it is lost",
			    borrower->number);
	}
}

static bool
may_close(const struct pool_sim *pool, enum stay_status reason)
{
	return pool->leaving ||
	       ((reason == STAY_E_DENIED ||
		    (reason == STAY_E_FORKED && pool->run->sim->forked)) &&
		   pool->ever.stops);
}

static void
check_closed(const struct pool_sim *pool, const struct stay_pool *closed,
    enum stay_status reason)
{
	if (pool->pool == NULL || closed != pool->pool)
		broken(5, "a pool is closed twice");
	if (!may_close(pool, reason))
		broken(5, "the pool closes with %s", stay_status_name(reason));
	if (pool->open_calls > 0)
		broken(1,
		    "the pool is closed, and %" PRIu64 " calls were not told",
		    pool->open_calls);
	check_borrowers(pool);
}

/* Leases that were not given back are freed with it. */
static void
forget_leases(struct pool_sim *pool)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		if (pool->borrowers[i].state == HAS)
			pool->borrowers[i] = (struct borrower){ .state = AWAY };
}

static void
on_closed(void *arg, struct stay_pool *closed, enum stay_status reason)
{
	struct pool_sim *pool = arg;

	called_back(pool->run);
	sim_note(pool->run->sim, "pool closed", reason, 0);
	check_closed(pool, closed, reason);
	pool->life = pool_life(pool->run);
	if (draw_mille(pool->run, 500))
		while (borrower_any(pool, HAS) != NULL)
			borrower_leaves(pool, borrower_any(pool, HAS));
	forget_leases(pool);
	pool->pool = NULL;
	pool->closed++;
	pool_acts_inside(pool);
	call_is_back(pool->run);
}

/* ---- the beginning ---- */

static void
on_release(const void *config)
{
	struct pool_sim *pool = the_run->pool;

	if (config != pool || pool->released == pool->started)
		broken(10, "the pool's config is released twice");
	meter_ask();
	pool->released++;
}

static void
choose_client(struct pool_sim *pool, struct stay_client_options *options)
{
	plan_options(pool->run, options);
	options->config = pool;
	options->config_release = on_release;
	options->max_age_ms =
	    draw_mille(pool->run, 250) ? draw_between(pool->run, 500, 8000) : 0;
}

static enum stay_pool_use
choose_use(struct pool_sim *pool)
{
	return draw_mille(pool->run, 250) ? STAY_POOL_SHARED
					  : STAY_POOL_EXCLUSIVE;
}

static void
choose_options(struct pool_sim *pool, struct stay_pool_options *options,
    const enum stay_pool_use *use)
{
	struct run *run = pool->run;
	uint64_t max = draw_between(run, 1, 6);

	*options = (struct stay_pool_options){ STAY_POOL_OPTIONS,
		.use = use != NULL ? *use : choose_use(pool),
		.on_closed = on_closed, .arg = pool,
		.connections_min = draw_between(run, 1, max),
		.connections_max = max, .idle_ms = draw_between(run, 1, 8000),
		.waiters_max = draw_between(run, 1, BORROWERS_MAX),
		.wait_timeout_ms = draw_between(run, 1, 3000),
		.shed_interval_ms = draw_between(run, 1, 300) };
	if (draw_mille(run, 300))
		options->shed_target_ms = draw_between(run, 1, 200);
	if (options->use == STAY_POOL_SHARED)
		options->connections_min = max;
}

static void
raise(uint64_t *to, uint64_t value)
{
	if (value > *to)
		*to = value;
}

static uint64_t
bytes_of(const struct stay_client_options *o)
{
	return 4 * (o->queue_bytes_max + o->reply_bytes_max) +
	       512 * (o->queue_calls_max + o->inflight_calls_max);
}

/* Who is leaving takes what the change gives him. */
static void
put_off_the_end(struct pool_sim *pool, uint64_t stop_ms)
{
	if (pool->leave_by != SIM_NEVER && stop_ms > pool->ever.stop_ms)
		pool->leave_by += (stop_ms - pool->ever.stop_ms) * SIM_MS;
}

static void
remember(struct pool_sim *pool)
{
	const struct stay_client_options *client = &pool->client;
	struct pool_ever *ever = &pool->ever;
	uint64_t target = pool->options.shed_target_ms;

	raise(&ever->width, pool->options.connections_max);
	raise(&ever->dial_ms, client->connect_budget_ms);
	put_off_the_end(pool, client->stop_budget_ms);
	raise(&ever->stop_ms, client->stop_budget_ms);
	raise(&ever->return_ms, run_return_ms(&pool->user, client));
	raise(&ever->bytes, bytes_of(client));
	ever->stops |= client->on_fatal == STAY_FATAL_STOP;
	if (target > 0 &&
	    (ever->shed_target_ms == 0 || target < ever->shed_target_ms))
		ever->shed_target_ms = target;
}

static void
begin_books(struct pool_sim *pool)
{
	pool->leaving = pool->stopped = false;
	pool->leave_by = pool->idle_at = SIM_NEVER;
	pool->told = (struct pool_told){ 0 };
	pool->ever = (struct pool_ever){ 0 };
	pool->width = pool->line = 0;
	remember(pool);
}

void
pool_start(struct pool_sim *pool)
{
	enum stay_status status;

	choose_client(pool, &pool->client);
	pool->reset = (enum pool_reset)draw_below(pool->run, POOL_RESETS);
	choose_options(pool, &pool->options, NULL);
	pool->options.client = &pool->client;
	begin_books(pool);
	pool->started++;
	STATUS_OF(status, stay_pool_start(&pool->pool, pool->run->loop,
			      pool_protocols[pool->reset], pool->user.host.url,
			      &pool->options));
	sim_note(pool->run->sim, "pool start", status, 0);
	if (status == STAY_OK) {
		pool->run->figures->pools++;
		return;
	}
	pool->started--;
	if (pool->pool != NULL ||
	    !(books_excuse(status) ||
		(status == STAY_E_FORKED && pool->run->sim->forked)))
		broken(1, "a pool cannot start: %s", stay_status_name(status));
}

/* ---- changes ---- */

static bool
may_be_refused(const struct pool_sim *pool, enum stay_status status)
{
	return books_excuse(status) || (status == STAY_E_STOPPED &&
					   (pool->leaving || pool->ever.stops));
}

/* Its URL, its options, or both. */
void
pool_change(struct pool_sim *pool)
{
	const struct host *host = &pool->user.host;
	struct stay_client_options client = pool->client;
	struct stay_pool_options options = pool->options;
	const char *urls[] = { NULL, host->url, host->other_url };
	unsigned which = draw_below(pool->run, 3);
	bool others = which == 0 || draw_mille(pool->run, 500);
	enum stay_status status;

	pool_check_size(pool);
	if (others) {
		choose_client(pool, &client);
		choose_options(pool, &options, &pool->options.use);
		options.client = &client;
	}
	STATUS_OF(status, stay_pool_reconfigure(pool->pool, urls[which],
			      others ? &options : NULL));
	sim_note(pool->run->sim, "pool change", which, status);
	if (status != STAY_OK && !may_be_refused(pool, status))
		broken(
		    1, "a pool is not changed: %s", stay_status_name(status));
	if (status != STAY_OK)
		return;
	pool->run->figures->pool_changes++;
	pool->client = client;
	pool->options = options;
	pool->options.client = &pool->client;
	remember(pool);
}

/* ---- in a run ---- */

/* Every third, whatever was drawn, so that the other runs are what they were. */
bool
pool_is_planned(uint64_t seed)
{
	uint64_t number = (seed + 1) * UINT64_C(0xd6e8feb86659fd93);

	return (number >> 32) % 3 == 0;
}

void
pool_open(struct run *run)
{
	struct pool_sim *pool = &the_pool;
	struct user *user = &pool->user;

	if (!pool_is_planned(run->seed))
		return;
	run->pool = pool;
	pool->run = user->run = run;
	pool->forked_at = SIM_NEVER;
	user->index = USERS_MAX;
	user->kind = KIND_LINE;
	user->host = (struct host){ .run = run,
		.user = user,
		.trade = &pool_trade,
		.port = 7000 + USERS_MAX,
		.many = true };
	host_open(&user->host);
	pool_start(pool);
}

void
pool_stop_all(struct run *run)
{
	if (run->pool != NULL && run->pool->pool != NULL)
		pool_stops(run->pool);
}

void
pool_slept(struct run *run, uint64_t ms)
{
	if (run->pool == NULL)
		return;
	run->pool->awake_at = run->sim->now;
	if (run->pool->leave_by != SIM_NEVER)
		run->pool->leave_by += ms * SIM_MS;
}

/* Nothing is left of any of them. */
void
pool_close(struct run *run)
{
	const struct pool_sim *pool = run->pool;

	if (pool == NULL)
		return;
	if (pool->pool != NULL || pool->open_calls > 0)
		broken(5, "the loop has ended, and a pool has not");
	if (pool->started != pool->closed || pool->started != pool->released)
		broken(10,
		    "%" PRIu64 " pools, %" PRIu64 " closed, %" PRIu64
		    " configs released",
		    pool->started, pool->closed, pool->released);
	if (pool->clients > 0)
		broken(10, "%" PRIu64 " clients of a pool are left",
		    pool->clients);
}

struct stay_pool_counts
pool_counts(const struct pool_sim *pool)
{
	struct stay_pool_counts counts = { STAY_POOL_COUNTS };

	stay_pool_get_counts(pool->pool, &counts);
	return counts;
}

struct pool_life
pool_life(const struct run *run)
{
	struct pool_life life = { 0 };
	struct stay_pool_counts c;

	if (run->pool == NULL)
		return life;
	life = run->pool->life;
	if (run->pool->pool == NULL)
		return life;
	c = pool_counts(run->pool);
	life.check_outs += c.check_outs;
	life.timed_out += c.timed_out;
	life.shed += c.shed;
	life.lost += c.lost;
	return life;
}

/* ---- what others must know of it ---- */

struct host *
pool_host(struct run *run)
{
	return &run->pool->user.host;
}

unsigned
pool_width(const struct run *run)
{
	return run->pool == NULL ? 0 : (unsigned)run->pool->ever.width;
}

uint64_t
pool_dials_ms(const struct run *run)
{
	return pool_width(run) == 0 ? 0
				    : pool_width(run) * run->pool->ever.dial_ms;
}

uint64_t
pool_bytes_max(const struct run *run)
{
	return run->pool == NULL ? 0
				 : 2 * pool_width(run) * run->pool->ever.bytes;
}
