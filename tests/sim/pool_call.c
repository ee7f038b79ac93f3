/*
 * Calls on what is lent, and on what is shared: each is told once, before the pool has
 * closed, and with an answer of its own. A liar may have answered those that it was
 * there for.
 */
#include "pool_sim.h"

#include <inttypes.h>

/* ---- liars ---- */

bool
pool_is_lied_to(const struct pool_sim *pool)
{
	for (unsigned i = 0; i < pool->liar_count; i++)
		if (!pool->liars[i]->ends[0].closed)
			return true;
	return false;
}

void
pool_doubt(struct pool_sim *pool, struct sim_peer *liar)
{
	if (pool->liar_count < LIARS_MAX)
		pool->liars[pool->liar_count++] = liar;
	for (uint64_t i = 0; i < pool->call_count; i++)
		if (!pool->calls[i].told)
			pool->calls[i].doubtful = true;
}

/* ---- told ---- */

static struct borrower *
borrower_of(struct pool_sim *pool, const struct lent_call *call)
{
	for (unsigned i = 0; i < BORROWERS_MAX; i++)
		if (pool->borrowers[i].state == HAS && call->lease != 0 &&
		    pool->borrowers[i].number == call->lease)
			return &pool->borrowers[i];
	return NULL;
}

static void
check_reply(const struct lent_call *call, const struct pool_frame *reply,
    uint64_t number)
{
	if (reply == NULL || reply->number != number)
		broken(2,
		    "lent call %" PRIu64 " is given the answer of %" PRIu64,
		    number, reply == NULL ? 0 : reply->number);
	if (call->executed == 0)
		broken(2, "lent call %" PRIu64 " is answered, not executed",
		    number);
	if (reply->traces != 0 && reply->traces != call->lease)
		broken(2, "lent call %" PRIu64 " is told what is another's",
		    number);
}

static void
check_result(const struct pool_sim *pool, const struct lent_call *call,
    const struct stay_result *result, uint64_t number)
{
	if (call->doubtful)
		return;
	if (result->outcome == STAY_REPLIED)
		check_reply(call, result->reply, number);
	if ((result->outcome == STAY_NOT_SENT ||
		result->outcome == STAY_REFUSED) &&
	    call->executed > 0)
		broken(3, "lent call %" PRIu64 " is told %s and was executed",
		    number, stay_outcome_name(result->outcome));
	if (pool->serves && result->status != STAY_OK &&
	    result->status != STAY_E_TIMEOUT)
		broken(1, "lent call %" PRIu64 " ends with %s, and all is well",
		    number, stay_status_name(result->status));
}

static void
enter(struct pool_sim *pool, struct lent_call *call,
    const struct stay_result *result, uint64_t number)
{
	if (call->told)
		broken(1, "lent call %" PRIu64 " is told twice", number);
	if (pool->pool == NULL)
		broken(5, "lent call %" PRIu64 " is told after closed", number);
	call->told = true;
	call->outcome = result->outcome;
	pool->open_calls--;
	pool->run->figures->outcomes[result->outcome]++;
	pool->life.told_as[result->outcome]++;
	check_result(pool, call, result, number);
}

/* Whoever has got what it came for gives it back, maybe at once. */
static void
on_done(void *arg, const struct stay_result *result)
{
	struct pool_sim *pool = the_run->pool;
	uint64_t number = (uintptr_t)arg;
	struct lent_call *call = &pool->calls[number - 1];
	struct borrower *borrower;

	called_back(pool->run);
	sim_note(pool->run->sim, "lent call", (int64_t)number, result->status);
	enter(pool, call, result, number);
	borrower = borrower_of(pool, call);
	if (borrower != NULL &&
	    (borrower->leaves || draw_mille(pool->run, 100)))
		borrower_leaves(pool, borrower);
	pool_acts_inside(pool);
	call_is_back(pool->run);
}

/* ---- submitting ---- */

/* Of a lease whose session is there: only for want of room; of one that is lost none
 * is accepted. */
static void
check_submitted(const struct pool_sim *pool, const struct borrower *borrower,
    bool was_served, enum stay_status status)
{
	if (status == STAY_E_FULL || status == STAY_E_TOO_BIG ||
	    (status == STAY_E_NOMEM && memory.failed > 0))
		return;
	if (borrower == NULL || pool->leaving || pool->run->sim->forked)
		return;
	if (status == STAY_OK ? borrower->lost : was_served)
		broken(1,
		    "check-out %" PRIu64 ": a call is told %s, and its "
		    "session is %s",
		    borrower->number, stay_status_name(status),
		    was_served ? "there" : "not there");
}

static unsigned
shape_for(struct pool_sim *pool, const struct borrower *borrower)
{
	static const unsigned often[] = { POOL_DO, POOL_DO, POOL_DO, POOL_DO,
		POOL_SET, POOL_SET, POOL_QUIET, POOL_SLOW };
	unsigned shape = often[draw_below(pool->run, 8)];

	if (pool->serves ||
	    (shape == POOL_SET &&
		(borrower == NULL || pool->reset == POOL_IS_CLEAN)))
		return POOL_DO;
	return shape;
}

static struct stay_client *
client_for(struct pool_sim *pool, const struct borrower *borrower)
{
	struct stay_client *client;

	if (borrower == NULL)
		return stay_pool_client(pool->pool);
	client = stay_lease_client(borrower->lease);
	if (client != NULL && client != borrower->client)
		broken(1, "check-out %" PRIu64 " has another client",
		    borrower->number);
	return client;
}

/* One that runs out of time may end its session, and with it others. */
static uint64_t
draw_timeout(const struct pool_sim *pool)
{
	if (pool->serves)
		return STAY_FOREVER;
	return draw_mille(pool->run, 500) ? draw_between(pool->run, 1, 3000)
					  : 0;
}

static void
submit(struct pool_sim *pool, struct stay_client *client,
    const struct borrower *borrower)
{
	uint64_t number = pool->call_count + 1;
	struct lent_call *call = &pool->calls[number - 1];
	const struct lent_request request = { call, number };
	bool served = borrower != NULL && borrower_is_served(borrower);
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = draw_timeout(pool), .id = &call->id };
	enum stay_status status;

	*call = (struct lent_call){ .client = client,
		.lease = borrower == NULL ? 0 : borrower->number,
		.doubtful = pool_is_lied_to(pool),
		.shape = shape_for(pool, borrower) };
	STATUS_OF(status, stay_client_call_with(client, &request, &options,
			      on_done, (void *)(uintptr_t)number));
	sim_note(pool->run->sim, "lent submit", (int64_t)number, status);
	check_submitted(pool, borrower, served, status);
	if (status != STAY_OK) {
		pool->run->figures->refused++;
		pool->life.rejected++;
		return;
	}
	pool->call_count++;
	pool->open_calls++;
	pool->run->figures->calls++;
}

void
pool_call(struct pool_sim *pool, struct borrower *borrower)
{
	struct stay_client *client = client_for(pool, borrower);

	if (client != NULL && pool->call_count < POOL_CALLS_MAX)
		submit(pool, client, borrower);
}

/* One of the last, if its client is that of somebody who has it still. */
void
pool_cancel_some(struct pool_sim *pool)
{
	uint64_t back = draw_below(pool->run, 16);
	struct lent_call *call;
	const struct borrower *borrower;
	enum stay_status status;

	if (back >= pool->call_count)
		return;
	call = &pool->calls[pool->call_count - 1 - back];
	borrower = borrower_of(pool, call);
	if (borrower == NULL || stay_lease_client(borrower->lease) == NULL)
		return;
	STATUS_OF(status, stay_client_cancel(call->client, call->id));
	if (status == STAY_OK && (call->told || call->cancelled))
		broken(1, "a lent call is cancelled, and was over");
	call->cancelled = true;
}
