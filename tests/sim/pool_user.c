/*
 * Those who check out: at once or in line, for so long or for ever; who give up, and who
 * give back, in a callback or late; whose lease is lost.
 */
#include "pool_sim.h"

#include <inttypes.h>

struct borrower *
borrower_any(struct pool_sim *pool, enum borrower_state state)
{
	unsigned from = draw_below(pool->run, BORROWERS_MAX);

	for (unsigned i = 0; i < BORROWERS_MAX; i++) {
		struct borrower *borrower =
		    &pool->borrowers[(from + i) % BORROWERS_MAX];

		if (borrower->state == state)
			return borrower;
	}
	return NULL;
}

bool
borrower_is_served(const struct borrower *borrower)
{
	const struct stay_client *client = stay_lease_client(borrower->lease);

	return client != NULL && borrower->session != 0 &&
	       stay_client_session_number(client) == borrower->session;
}

/* ---- giving back ---- */

void
borrower_leaves(struct pool_sim *pool, struct borrower *borrower)
{
	struct stay_lease *lease = borrower->lease;

	sim_note(pool->run->sim, "check in", (int64_t)borrower->number,
	    borrower->lost);
	*borrower = (struct borrower){ .state = AWAY };
	meter_hand_back();
	INSIDE(stay_pool_check_in(lease));
}

/* ---- a lease ---- */

static void
on_lost(void *arg, struct stay_lease *lease, enum stay_status why)
{
	struct borrower *borrower = arg;
	struct pool_sim *pool = the_run->pool;

	called_back(pool->run);
	sim_note(pool->run->sim, "lost", (int64_t)borrower->number, why);
	if (borrower->state != HAS || lease != borrower->lease ||
	    !borrower->listens)
		broken(5, "a lease is lost that nobody has");
	if (borrower->lost)
		broken(
		    1, "check-out %" PRIu64 " is lost twice", borrower->number);
	if (stay_lease_status(lease) != why ||
	    (why != STAY_E_STOPPED && why != STAY_E_LOST) ||
	    (borrower_is_served(borrower) && !pool->leaving))
		broken(1, "check-out %" PRIu64 " is lost with %s",
		    borrower->number, stay_status_name(why));
	borrower->lost = true;
	pool->run->figures->lost++;
	if (draw_mille(pool->run, 400))
		borrower_leaves(pool, borrower);
	pool_acts_inside(pool);
	call_is_back(pool->run);
}

void
borrower_listens(struct pool_sim *pool, struct borrower *borrower)
{
	if (borrower->listens)
		return;
	borrower->listens = true;
	borrower->lost_at = SIM_NEVER;
	INSIDE(stay_lease_on_lost(borrower->lease, on_lost, borrower));
	sim_note(pool->run->sim, "listen", (int64_t)borrower->number, 0);
}

static void
use(struct pool_sim *pool, struct borrower *borrower)
{
	unsigned calls = draw_below(pool->run, 4);

	if (draw_mille(pool->run, 800))
		borrower_listens(pool, borrower);
	while (calls-- > 0)
		pool_call(pool, borrower);
	borrower->leaves = draw_mille(pool->run, 300);
	if (draw_mille(pool->run, 100))
		borrower_leaves(pool, borrower);
}

/* All is well: one call, and it is given back. */
static void
serve(struct pool_sim *pool, struct borrower *borrower)
{
	uint64_t before = pool->call_count;

	if (pool->serves)
		pool_call(pool, borrower);
	borrower->leaves = pool->call_count > before;
	if (!borrower->leaves)
		borrower_leaves(pool, borrower);
}

static void
has_it(
    struct pool_sim *pool, struct borrower *borrower, struct stay_lease *lease)
{
	borrower->state = HAS;
	borrower->lease = lease;
	borrower->client = stay_lease_client(lease);
	borrower->lost_at = SIM_NEVER;
	/* Who has blocked may have lost it already. */
	if (borrower->client != NULL && stay_lease_status(lease) == STAY_OK)
		borrower->session =
		    stay_client_session_number(borrower->client);
	pool->told.check_outs++;
	pool->run->figures->leases++;
	pool_check_lent(pool, borrower);
}

/* ---- in line ---- */

static void
count(struct pool_sim *pool, enum stay_status status)
{
	pool->told.timed_out += status == STAY_E_TIMEOUT;
	pool->told.given_up += status == STAY_E_CANCELLED;
	pool->told.shed += status == STAY_E_OVERLOADED;
}

static void
on_lease(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct borrower *borrower = arg;
	struct pool_sim *pool = the_run->pool;

	called_back(pool->run);
	sim_note(
	    pool->run->sim, "check out", (int64_t)borrower->number, status);
	if (borrower->state != WAITS || (lease != NULL) != (status == STAY_OK))
		broken(1, "somebody is told %s who does not wait",
		    stay_status_name(status));
	pool_check_told(pool, borrower, status);
	count(pool, status);
	if (status != STAY_OK)
		*borrower = (struct borrower){ .state = AWAY };
	else
		has_it(pool, borrower, lease);
	if (status == STAY_OK && pool->run->healing)
		serve(pool, borrower);
	else if (status == STAY_OK)
		use(pool, borrower);
	pool_acts_inside(pool);
	call_is_back(pool->run);
}

/* ---- asking ---- */

static uint64_t
draw_timeout(struct pool_sim *pool)
{
	if (pool->run->healing || draw_mille(pool->run, 200))
		return STAY_FOREVER;
	return draw_mille(pool->run, 300) ? 0
					  : draw_between(pool->run, 1, 5000);
}

/* A callback has the time of its turn. */
static uint64_t
now(const struct run *run)
{
	return run->inside > 0 ? stay_loop_now_ms(run->loop) * SIM_MS
			       : run->sim->now;
}

static void
join(struct pool_sim *pool, struct borrower *borrower, uint64_t timeout_ms)
{
	if (timeout_ms == 0)
		timeout_ms = pool->options.wait_timeout_ms;
	*borrower = (struct borrower){ .state = WAITS,
		.number = ++pool->numbers,
		.since = now(pool->run),
		.given_up_at = SIM_NEVER,
		.passed_at = SIM_NEVER,
		.lost_at = SIM_NEVER };
	borrower->until = timeout_ms == STAY_FOREVER
			      ? SIM_NEVER
			      : borrower->since + timeout_ms * SIM_MS;
}

/* What nobody waits for is over. */
static void
check_refused(const struct pool_sim *pool, enum stay_status status)
{
	if (status == STAY_E_FULL ||
	    (status == STAY_E_NOMEM && memory.failed > 0) ||
	    (status == STAY_E_DRAINING &&
		(pool->leaving || pool->ever.stops)) ||
	    (status == STAY_E_DENIED && pool->run->struck > 0) ||
	    (status == STAY_E_FORKED && pool->run->sim->forked))
		return;
	broken(1, "a check-out is refused with %s", stay_status_name(status));
}

void
borrower_asks(struct pool_sim *pool, struct borrower *borrower)
{
	uint64_t timeout_ms = draw_timeout(pool);
	struct stay_check_out_options options = { STAY_CHECK_OUT_OPTIONS,
		.timeout_ms = timeout_ms, .ticket = &borrower->ticket };
	enum stay_status status;

	join(pool, borrower, timeout_ms);
	STATUS_OF(status,
	    stay_pool_check_out(pool->pool, &options, on_lease, borrower));
	sim_note(pool->run->sim, "ask", (int64_t)borrower->number, status);
	if (status == STAY_OK)
		return;
	*borrower = (struct borrower){ .state = AWAY };
	check_refused(pool, status);
}

void
borrower_tries(struct pool_sim *pool, struct borrower *borrower)
{
	struct stay_lease *lease;
	enum stay_status status;

	join(pool, borrower, STAY_FOREVER);
	STATUS_OF(status, stay_pool_try(pool->pool, &lease));
	sim_note(pool->run->sim, "try", (int64_t)borrower->number, status);
	if ((lease != NULL) != (status == STAY_OK))
		broken(1, "a try is told %s", stay_status_name(status));
	if (status == STAY_OK) {
		pool_check_told(pool, borrower, status);
		has_it(pool, borrower, lease);
		return;
	}
	*borrower = (struct borrower){ .state = AWAY };
	if (status != STAY_E_CHECKED_OUT)
		check_refused(pool, status);
}

/* It was told so, or refused at once. */
static void
check_waited(struct pool_sim *pool, const struct borrower *borrower,
    enum stay_status status)
{
	if (status == STAY_E_TIMEOUT || status == STAY_E_OVERLOADED ||
	    status == STAY_E_STOPPED)
		pool_check_told(pool, borrower, status);
	else
		check_refused(pool, status);
}

static void
waited(struct pool_sim *pool, struct borrower *borrower,
    struct stay_lease *lease, enum stay_status status)
{
	borrower->blocks = false;
	if (borrower->state != WAITS)
		broken(1, "who waits is told %s", stay_status_name(status));
	if (status != STAY_OK)
		check_waited(pool, borrower, status);
	if (status != STAY_OK) {
		*borrower = (struct borrower){ .state = AWAY };
		return;
	}
	pool_check_told(pool, borrower, status);
	has_it(pool, borrower, lease);
}

/* It drives the loop: whatever happens meanwhile, it is told behind it. What was lent in
 * a turn in which the pool has ended, too, is gone; and there may be another pool. */
void
borrower_waits(struct pool_sim *pool, struct borrower *borrower)
{
	uint64_t timeout_ms = draw_between(pool->run, 1, 300);
	uint64_t closed = pool->closed;
	struct stay_lease *lease;
	enum stay_status status;

	join(pool, borrower, timeout_ms);
	borrower->blocks = true;
	status = stay_pool_check_out_wait(pool->pool, timeout_ms, &lease);
	sim_note(pool->run->sim, "wait", (int64_t)borrower->number, status);
	if ((lease != NULL) != (status == STAY_OK))
		broken(1, "who waits is told %s", stay_status_name(status));
	if (pool->closed != closed) {
		*borrower = (struct borrower){ .state = AWAY };
		return;
	}
	count(pool, status);
	waited(pool, borrower, lease, status);
}

void
borrower_gives_up(struct pool_sim *pool, struct borrower *borrower)
{
	enum stay_status status;

	if (borrower->ticket == 0)
		return;
	STATUS_OF(status, stay_pool_give_up(pool->pool, borrower->ticket));
	sim_note(pool->run->sim, "give up", (int64_t)borrower->number, status);
	if (status == STAY_OK && borrower->given_up_at != SIM_NEVER)
		broken(1, "check-out %" PRIu64 " is given up twice",
		    borrower->number);
	if (status == STAY_OK)
		borrower->given_up_at = pool->run->sim->now;
}
