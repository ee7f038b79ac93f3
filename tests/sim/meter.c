/*
 * The metrics of the loop, in every second seed: from the beginning, or switched on and
 * off on the way. While they are on, each number is what the books of the program and of
 * the observer say; what was taken away keeps its numbers. They change nothing: a seed
 * runs as it would without them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stay/observe.h>

#include "loop/meter.h"
#include "pool_sim.h"
#include "support/counts.h"
#include "support/inside.h"

/* One in so many turns somebody looks; one in so many looks also counts how long things
 * took. */
#define LOOK_EVERY   8
#define VALUES_EVERY 8

/* One in so many looks switches them on, or off; one in so many callbacks off. */
#define SWITCH_EVERY 50
#define OFF_EVERY    4000

#define NOBODY 0xff /* no connection of this number is alive */

/* A connection, as the observer has told. */
struct seen {
	uint8_t state;
	bool was_up;
};

/* What happened since they are on. */
struct happened {
	uint64_t changes[STAY_STATE_COUNT];
	uint64_t failures[STAY_STATUS_COUNT];
	uint64_t dials, downs, reconnects, closed, outages, hand_backs;
	struct stay_client_counts ended;      /* of clients that have */
	uint64_t grouped[STAY_OUTCOME_COUNT]; /* calls of a group but one */
};

static struct meter {
	uint64_t random;
	bool planned, switched;
	struct stay_metrics *metrics; /* NULL: none were made */
	bool on;
	bool whole; /* they are on since the beginning */
	uint64_t turns, looks;
	uint64_t up_before; /* connections that were up when they came */
	struct pool_life pool_before;
	struct stay__numbers kept; /* as they were taken away */
	struct happened since;
	struct seen *seen; /* by the number of a connection */
	size_t room;
	uint64_t states[STAY_STATE_COUNT];
} meter;

/* Another chance than the program's and the world's. */
static bool
one_in(unsigned many)
{
	meter.random = meter.random * UINT64_C(6364136223846793005) + 1442695;
	return (meter.random >> 33) % many == 0;
}

/* ---- as the observer tells ---- */

static struct seen *
seen_of(uint64_t number)
{
	size_t room = meter.room;

	if (number < room)
		return &meter.seen[number];
	meter.room = 2 * number + 64;
	meter.seen = sim_realloc(meter.seen, meter.room * sizeof(*meter.seen));
	for (; room < meter.room; room++)
		meter.seen[room] = (struct seen){ NOBODY, false };
	return &meter.seen[number];
}

static void
leave_state(struct seen *seen)
{
	if (seen->state != NOBODY)
		meter.states[seen->state]--;
	seen->state = NOBODY;
}

void
meter_step(uint64_t number, unsigned from, unsigned to, bool dials)
{
	struct seen *seen = seen_of(number);

	leave_state(seen);
	meter.since.dials += dials;
	if (from != to)
		meter.since.changes[to]++;
	meter.since.downs += from == STAY_CONNECTED && to != from;
	meter.since.reconnects +=
	    to == STAY_CONNECTED && to != from && seen->was_up;
	seen->was_up |= to == STAY_CONNECTED;
	seen->state = (uint8_t)to;
	meter.states[to]++;
}

void
meter_failure(enum stay_status status)
{
	meter.since.failures[status]++;
}

/* "up after 5.2 s", "up again after ..." */
void
meter_up(const struct stay_up *up)
{
	meter.since.outages += strncmp(up->text, "up after ", 9) == 0 ||
			       strncmp(up->text, "up again after ", 15) == 0;
}

void
meter_closed(uint64_t number)
{
	leave_state(seen_of(number));
	meter.since.closed++;
}

/* ---- as the program tells ---- */

/* Whether it is done or there now, each is a number. */
static void
add_counts(struct stay_client_counts *to, const struct stay_client_counts *from)
{
	size_t size = to->size;
	uint64_t *sum = (uint64_t *)(void *)to;
	const uint64_t *more = (const uint64_t *)(const void *)from;

	_Static_assert(sizeof(size_t) == sizeof(uint64_t), "an array of them");
	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += more[i];
	to->size = size;
}

/* What we have been told ourselves is not what the client says. */
static struct stay_client_counts
books_of(const struct user *user)
{
	struct stay_client_counts c = counts_of(user->client);

	c.replied = user->told_as[STAY_REPLIED];
	c.sent = user->told_as[STAY_SENT];
	c.refused = user->told_as[STAY_REFUSED];
	c.not_sent = user->told_as[STAY_NOT_SENT];
	c.maybe_executed = user->told_as[STAY_MAYBE_EXECUTED];
	c.rejected = user->rejected;
	c.waiting = user->waiting;
	if (user->kind == KIND_LINE || user->kind == KIND_TAG)
		c.orphans = user->orphans;
	return c;
}

void
meter_gone(const struct user *user)
{
	const struct stay_client_counts c = books_of(user);

	add_counts(&meter.since.ended, &c);
}

/* It takes its time once. */
void
meter_group(const struct stay_group_result *all)
{
	meter.since.grouped[all->outcome] += all->count - 1;
}

void
meter_hand_back(void)
{
	meter.since.hand_backs++;
}

/* ---- the comparison ---- */

static void
same(const char *what, uint64_t counted, uint64_t least, uint64_t more)
{
	if (counted < least || counted - least > more)
		broken(14,
		    "the metrics say %" PRIu64 " of %s, the books %" PRIu64
		    " and up to %" PRIu64 " more",
		    counted, what, least, more);
}

/* All users together: those that live, and those that have ended since. */
static struct stay_client_counts
books_of_all(const struct run *run)
{
	struct stay_client_counts sum = meter.since.ended;

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].client != NULL) {
			const struct stay_client_counts c =
			    books_of(&run->users[i]);

			add_counts(&sum, &c);
		}
	return sum;
}

static struct stay_client_counts
books_of_living(const struct run *run)
{
	struct stay_client_counts sum = { STAY_CLIENT_COUNTS };

	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].client != NULL) {
			const struct stay_client_counts c =
			    books_of(&run->users[i]);

			add_counts(&sum, &c);
		}
	return sum;
}

/* Those of a pool count with its connections that live: of what these have done before
 * it is only known what all have. */
static void
check_calls(const struct run *run, const struct stay__numbers *n)
{
	const struct stay_client_counts c = books_of_all(run);
	const uint64_t told[STAY_OUTCOME_COUNT] = {
		[STAY_REPLIED] = c.replied,
		[STAY_SENT] = c.sent,
		[STAY_NOT_SENT] = c.not_sent,
		[STAY_REFUSED] = c.refused,
		[STAY_MAYBE_EXECUTED] = c.maybe_executed,
	};
	struct pool_life life = pool_life(run);

	for (int i = 0; i < STAY_OUTCOME_COUNT; i++) {
		uint64_t before =
		    meter.whole ? 0 : meter.pool_before.told_as[i];

		same(stay_outcome_name((enum stay_outcome)i), n->CALLS[i],
		    told[i] + life.told_as[i] - before, before + deeds_others);
	}
	same("rejected", n->REJECTED[0],
	    c.rejected + life.rejected - meter.pool_before.rejected,
	    meter.pool_before.rejected + deeds_others);
}

/* Of what a pool's clients do besides calls there is no book. */
static void
check_traffic(const struct run *run, const struct stay__numbers *n)
{
	const struct stay_client_counts c = books_of_all(run);
	uint64_t more = run->pool == NULL && deeds_others == 0 ? 0 : UINT64_MAX;

	same("resent", n->RESENT[0], c.resent, more);
	same("late", n->LATE[0], c.orphans, more);
	same("pushes", n->PUSHES[0], c.pushes, more);
	same("bytes out", n->IO[0], c.bytes_out, more);
	same("bytes in", n->IO[1], c.bytes_in, more);
}

static void
check_levels(const struct run *run, const struct stay__numbers *n)
{
	const struct stay_client_counts c = books_of_living(run);
	uint64_t more = run->pool == NULL ? 0 : UINT64_MAX;
	uint64_t lent = run->pool == NULL ? 0 : run->pool->open_calls;

	same("queued", n->QUEUED[0], c.queued, lent);
	same("in flight", n->IN_FLIGHT[0], c.in_flight, lent);
	same("queued or in flight", n->QUEUED[0] + n->IN_FLIGHT[0],
	    c.queued + c.in_flight + lent, 0);
	same("given up", n->GIVEN_UP[0], c.tombstones, more);
	same("bytes queued", n->QUEUED_BYTES[0], c.queued_bytes, more);
	same("bytes in flight", n->SENT_BYTES[0], c.in_flight_bytes, more);
	same("waiting", n->WAITING[0], c.waiting, 0);
	same("held", n->HELD[0], c.held_bytes, 0);
}

static void
check_connections(const struct stay__numbers *n)
{
	const struct happened *since = &meter.since;

	for (int i = 0; i < STAY_STATE_COUNT; i++) {
		const char *name = stay_state_name((enum stay_state)i);

		same(name, n->CONNECTIONS[i], meter.states[i], 0);
		same(name, n->CHANGES[i], since->changes[i], 0);
	}
	same("dials", n->DIALS[0], since->dials, 0);
	same("ups", n->UPS[0], since->changes[STAY_CONNECTED], 0);
	same("ups that are still up", n->CONNECTIONS[STAY_CONNECTED],
	    meter.up_before + n->UPS[0] - since->downs, 0);
	same("reconnects", n->RECONNECTS[0], since->reconnects, 0);
	same("closed", n->CLOSED[0], since->closed, 0);
}

static void
check_failures(const struct stay__numbers *n)
{
	for (size_t i = 0; i < STAY_STATUS_COUNT; i++) {
		uint64_t sum = 0;

		for (size_t k = 0; k < STAY__METER_PHASES; k++)
			sum += n->FAILURES[k * STAY__METER_STATUSES + i];
		same(stay_status_name((enum stay_status)i), sum,
		    meter.since.failures[i], 0);
	}
}

/* Leases whose connection has ended. */
static uint64_t
count_empty(const struct pool_sim *pool)
{
	uint64_t count = 0;

	for (size_t i = 0; i < BORROWERS_MAX; i++)
		count += pool->borrowers[i].state == HAS &&
			 stay_lease_client(pool->borrowers[i].lease) == NULL;
	return count;
}

static void
check_pool_now(const struct run *run, const struct stay__numbers *n)
{
	struct stay_pool_counts c = { STAY_POOL_COUNTS };
	uint64_t most = 0, empty = 0;

	if (run->pool != NULL && run->pool->pool != NULL &&
	    stay_pool_conn(run->pool->pool) != NULL) {
		c = pool_counts(run->pool);
		most = run->pool->options.connections_max;
		empty = count_empty(run->pool);
	}
	same("idle in a pool", n->POOLED[0], c.idle, 0);
	same("used of a pool", n->POOLED[1], c.lent - empty + c.returning, 0);
	same("room of a pool", n->POOL_MAX[0], most, 0);
	same("in line at a pool", n->PENDING[0], c.waiting, 0);
}

static void
check_pool(const struct run *run, const struct stay__numbers *n)
{
	const struct pool_life *before = &meter.pool_before;
	struct pool_life life = pool_life(run);

	check_pool_now(run, n);
	same("timeouts", n->TIMEOUTS[0], life.timed_out - before->timed_out, 0);
	same("shed", n->SHED[0], life.shed - before->shed, 0);
	same("lost leases", n->LOST_LEASES[0], life.lost - before->lost, 0);
	same("hand-backs", n->HANDED_BACK[0], meter.since.hand_backs, 0);
}

/* What is counted with each of them. */
static void
check_values(const struct run *run, const struct stay__numbers *n)
{
	const struct inside_values v = inside_values(meter.metrics);

	same("times to connect", v.create, n->UPS[0], 0);
	same("times up", v.uptime, meter.since.downs, 0);
	same("outages", v.outage, meter.since.outages, 0);
	same("waits for a pool", v.pool_wait,
	    pool_life(run).check_outs - meter.pool_before.check_outs, 0);
	same("uses of a pool", v.pool_use, n->HANDED_BACK[0], 0);
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		same("times of calls", v.latency[i],
		    meter.whole ? n->CALLS[i] - meter.since.grouped[i] : 0,
		    meter.whole ? 0 : n->CALLS[i]);
}

/* ---- on and off ---- */

/* At rest: all that is decided has been told. */
static void
switch_on(struct run *run)
{
	sim_sparing++;
	stay_metrics_free(meter.metrics);
	meter.metrics = stay_metrics_new();
	sim_sparing--;
	meter.on = true;
	meter.whole = false;
	meter.since = (struct happened){ .ended = { STAY_CLIENT_COUNTS } };
	meter.up_before = meter.states[STAY_CONNECTED];
	meter.pool_before = pool_life(run);
	stay_loop_set_metrics(run->loop, meter.metrics);
	if (stay_loop_metrics(run->loop) != meter.metrics)
		broken(14, "metrics were set, and are not there");
}

static void
check_kept(void)
{
	struct stay__numbers now;

	inside_numbers(meter.metrics, &now);
	if (memcmp(&now, &meter.kept, sizeof(now)) != 0)
		broken(14, "metrics that were taken away have changed");
}

/* Anywhere. */
static void
switch_off(struct run *run)
{
	stay_loop_set_metrics(run->loop, NULL);
	inside_numbers(meter.metrics, &meter.kept);
	meter.on = false;
}

void
meter_called_back(struct run *run)
{
	if (meter.on && meter.switched && one_in(OFF_EVERY))
		switch_off(run);
}

void
meter_open(struct run *run)
{
	uint64_t number = (run->seed + 7) * UINT64_C(0xd6e8feb86659fd93) >> 32;

	meter.random = run->seed;
	meter.planned = number % 2 == 0;
	meter.switched = number % 4 == 0;
	if (!meter.planned)
		return;
	switch_on(run);
	meter.whole = true;
}

/* ---- looking ---- */

static void
compare(const struct run *run)
{
	struct stay__numbers n;

	run->figures->metered++;
	inside_numbers(meter.metrics, &n);
	check_calls(run, &n);
	check_traffic(run, &n);
	check_levels(run, &n);
	check_connections(&n);
	check_failures(&n);
	check_pool(run, &n);
	if (meter.looks++ % VALUES_EVERY == 0)
		check_values(run, &n);
}

void
meter_look(struct run *run)
{
	if (!meter.planned || run->sim->again || meter.turns++ % LOOK_EVERY > 0)
		return;
	if (meter.on) {
		if (meter.switched && one_in(SWITCH_EVERY))
			switch_off(run);
		compare(run);
		return;
	}
	check_kept();
	if (one_in(SWITCH_EVERY))
		switch_on(run);
}

/* Whoever counts may ask in every callback. */
void
meter_ask(void)
{
	struct stay__numbers n;

	if (meter.on)
		inside_numbers(meter.metrics, &n);
}

/* The loop is gone, and the numbers are not. */
void
meter_close(const struct run *run)
{
	if (meter.on)
		compare(run);
	sim_sparing++;
	stay_metrics_free(meter.metrics);
	free(meter.seen);
	sim_sparing--;
}
