/*
 * What holds of a pool after every event: nobody has what another has, who came first is
 * served first, all are told in time, and it is as large as it may be.
 */
#include "pool_sim.h"

#include <inttypes.h>

#include "support/inside.h"

#define TICK SIM_MS

/* What is due now is told in the next turns, with a grain of a millisecond. */
#define SOON_MS 5

/* What is set in a callback that takes its time counts from its end. */
static bool
is_past(const struct run *run, uint64_t at, uint64_t ms)
{
	uint64_t excused = inside_excused(run->loop);
	uint64_t awake = run->pool->awake_at;

	if (at == SIM_NEVER)
		return false;
	if (at < excused)
		at = excused;
	if (at < awake)
		at = awake;
	return run->sim->now >= at + ms * SIM_MS + TICK + run->dozed;
}

/* ---- what somebody is told ---- */

/* Who came before does not wait any longer: he is about to be told why. */
static void
pass(struct pool_sim *pool, const struct borrower *served)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++) {
		struct borrower *other = &pool->borrowers[i];

		if (other->state == WAITS && !other->blocks &&
		    other->number < served->number &&
		    other->passed_at == SIM_NEVER)
			other->passed_at = pool->run->sim->now;
	}
}

static bool
was_too_slow(const struct pool_sim *pool, const struct borrower *borrower)
{
	uint64_t target = pool->ever.shed_target_ms;

	return target > 0 &&
	       pool->run->sim->now >= borrower->since + target * SIM_MS;
}

static bool
may_be_told(const struct pool_sim *pool, const struct borrower *borrower,
    enum stay_status status)
{
	const struct run *run = pool->run;

	if (status == STAY_E_TIMEOUT)
		return run->sim->now >= borrower->until;
	if (status == STAY_E_CANCELLED)
		return borrower->given_up_at != SIM_NEVER;
	if (status == STAY_E_OVERLOADED)
		return was_too_slow(pool, borrower);
	if (status == STAY_E_STOPPED)
		return pool->leaving || pool->ever.stops;
	if (status == STAY_E_DENIED)
		return run->struck > 0;
	if (status == STAY_E_FORKED)
		return run->sim->forked;
	return status == STAY_OK;
}

void
pool_check_told(struct pool_sim *pool, const struct borrower *borrower,
    enum stay_status status)
{
	if (pool->pool == NULL)
		broken(5, "check-out %" PRIu64 " is told after closed",
		    borrower->number);
	if (!may_be_told(pool, borrower, status) ||
	    (borrower->given_up_at != SIM_NEVER && status != STAY_E_CANCELLED))
		broken(1, "check-out %" PRIu64 " is told %s", borrower->number,
		    stay_status_name(status));
	if (status == STAY_OK && borrower->passed_at != SIM_NEVER)
		broken(4, "check-out %" PRIu64 " is served behind a later one",
		    borrower->number);
	if (status == STAY_OK)
		pass(pool, borrower);
}

/* Its connection is nobody else's, and has a session. */
void
pool_check_lent(const struct pool_sim *pool, const struct borrower *borrower)
{
	if (stay_lease_status(borrower->lease) == STAY_OK &&
	    (borrower->client == NULL || borrower->session == 0))
		broken(1, "check-out %" PRIu64 " is lent nothing",
		    borrower->number);
	for (unsigned i = 0; i < BORROWERS_MAX; i++) {
		const struct borrower *other = &pool->borrowers[i];

		if (other != borrower && other->state == HAS &&
		    (other->lease == borrower->lease ||
			(borrower->client != NULL &&
			    stay_lease_client(other->lease) ==
				borrower->client)))
			broken(1,
			    "check-outs %" PRIu64 " and %" PRIu64
			    " have the same connection",
			    other->number, borrower->number);
	}
}

/* ---- as many as are there ---- */

static unsigned
count(const struct pool_sim *pool, enum borrower_state state)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		sum += pool->borrowers[i].state == state &&
		       (state != WAITS ||
			   pool->borrowers[i].given_up_at == SIM_NEVER);
	return sum;
}

static bool
is_blocked(const struct pool_sim *pool)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		if (pool->borrowers[i].blocks)
			return true;
	return false;
}

/* A bound that was lowered below what is there lets nothing in. */
static uint64_t
lowered(uint64_t most, uint64_t now, uint64_t bound)
{
	if (most > now)
		most = now;
	return most > bound ? most : bound;
}

static void
check_size(struct pool_sim *pool, const struct stay_pool_counts *c)
{
	pool->width =
	    lowered(pool->width, c->connections, pool->options.connections_max);
	pool->line = lowered(pool->line, c->waiting, pool->options.waiters_max);
	if (c->connections > pool->width || c->connections > pool->clients)
		broken(7,
		    "a pool of %" PRIu64 " connections at most has %" PRIu64
		    ", and %" PRIu64 " are alive",
		    pool->options.connections_max, c->connections,
		    pool->clients);
	if (c->waiting > pool->line)
		broken(7, "%" PRIu64 " wait for a connection", c->waiting);
	if (c->up > c->connections || c->idle > c->up)
		broken(7,
		    "a pool has %" PRIu64 " connections, %" PRIu64
		    " up, %" PRIu64 " idle",
		    c->connections, c->up, c->idle);
}

void
pool_check_size(struct pool_sim *pool)
{
	struct stay_pool_counts c = pool_counts(pool);

	check_size(pool, &c);
}

static void
check_lent(const struct pool_sim *pool, const struct stay_pool_counts *c)
{
	if (c->lent != count(pool, HAS))
		broken(1, "a pool has lent %" PRIu64 ", and %u have one",
		    c->lent, count(pool, HAS));
	if (c->check_outs != pool->told.check_outs)
		broken(1,
		    "a pool was checked out of %" PRIu64 " times, and %" PRIu64
		    " were told",
		    c->check_outs, pool->told.check_outs);
}

static void
check_books(struct pool_sim *pool, const struct stay_pool_counts *c)
{
	check_size(pool, c);
	if (!is_blocked(pool))
		check_lent(pool, c);
}

/* ---- at rest: all that is decided is told ---- */

static void
check_line(const struct pool_sim *pool, const struct stay_pool_counts *c)
{
	const struct pool_told *told = &pool->told;

	if (is_blocked(pool))
		return;
	if (c->timed_out != told->timed_out || c->given_up != told->given_up ||
	    c->shed != told->shed)
		broken(1,
		    "of a line %" PRIu64 ", %" PRIu64 " and %" PRIu64
		    " have left, and %" PRIu64 ", %" PRIu64 " and %" PRIu64
		    " were told",
		    c->timed_out, c->given_up, c->shed, told->timed_out,
		    told->given_up, told->shed);
	if (c->waiting > count(pool, WAITS))
		broken(1, "%" PRIu64 " wait for a connection, and %u do",
		    c->waiting, count(pool, WAITS));
}

static void
check_waiter(const struct pool_sim *pool, const struct borrower *borrower)
{
	if (borrower->blocks)
		return;
	if (is_past(pool->run, borrower->given_up_at, SOON_MS))
		broken(1, "check-out %" PRIu64 " has given up and is not told",
		    borrower->number);
	if (is_past(pool->run, borrower->passed_at, SOON_MS))
		broken(4, "check-out %" PRIu64 " waits behind a later one",
		    borrower->number);
	if (is_past(pool->run, borrower->until, SOON_MS))
		broken(6, "check-out %" PRIu64 " waits for too long",
		    borrower->number);
}

/* Its session has ended: it is told that soon, or before the pool has closed. */
static void
check_lease(const struct pool_sim *pool, struct borrower *borrower)
{
	if (borrower->lost || borrower_is_served(borrower)) {
		borrower->lost_at = SIM_NEVER;
		return;
	}
	if (borrower->lost_at == SIM_NEVER)
		borrower->lost_at = pool->run->sim->now;
	if (!is_past(pool->run, borrower->lost_at, SOON_MS))
		return;
	if (borrower->listens && stay_pool_conn(pool->pool) != NULL)
		broken(1, "check-out %" PRIu64 " is lost and is not told",
		    borrower->number);
	if (stay_lease_status(borrower->lease) == STAY_OK)
		broken(1, "check-out %" PRIu64 " is lost and does not say so",
		    borrower->number);
}

/* Nobody waits for what is there. */
static void
check_idle(struct pool_sim *pool, const struct stay_pool_counts *c)
{
	if (c->waiting == 0 || c->idle == 0)
		pool->idle_at = SIM_NEVER;
	else if (pool->idle_at == SIM_NEVER ||
		 pool->idle_after != c->check_outs)
		pool->idle_at = pool->run->sim->now;
	pool->idle_after = c->check_outs;
	if (is_past(pool->run, pool->idle_at, SOON_MS))
		broken(1,
		    "%" PRIu64 " wait, and %" PRIu64 " connections are idle",
		    c->waiting, c->idle);
}

static void
check_end(const struct pool_sim *pool)
{
	if (pool->leaving && pool->leave_by != SIM_NEVER &&
	    pool->run->sim->now > pool->leave_by)
		broken(5, "the pool is still there and should be gone");
}

/* ---- both ---- */

/* After whatever has happened. */
void
pool_look(struct run *run)
{
	struct stay_pool_counts c;

	if (run->pool == NULL || run->pool->pool == NULL || run->inside > 0)
		return;
	run->figures->checks++;
	c = pool_counts(run->pool);
	check_books(run->pool, &c);
}

/* The library is at rest. */
void
pool_look_restful(struct run *run)
{
	struct pool_sim *pool = run->pool;
	struct stay_pool_counts c;

	if (pool == NULL || pool->pool == NULL || run->inside > 0 ||
	    run->sim->again)
		return;
	c = pool_counts(pool);
	check_line(pool, &c);
	check_idle(pool, &c);
	check_end(pool);
	for (unsigned i = 0; i < BORROWERS_MAX; i++) {
		if (pool->borrowers[i].state == WAITS)
			check_waiter(pool, &pool->borrowers[i]);
		if (pool->borrowers[i].state == HAS)
			check_lease(pool, &pool->borrowers[i]);
	}
}
