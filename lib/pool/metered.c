/* What a pool adds to the numbers of its loop: loop/meter.h. */
#include "loop/meter.h"
#include "pool/pool.h"

/* NULL: nobody counts. */
static struct stay__system *
system_of(const struct stay_pool *pool)
{
	struct stay__meter *meter = pool->loop->meter;

	return meter == NULL
		   ? NULL
		   : stay__meter_system(meter, pool->template->protocol->name);
}

void
stay__pool_metered_wait(const struct stay_lease *lease)
{
	struct stay__system *system = system_of(lease->pool);

	if (system != NULL)
		stay__histogram_add(system->durations.POOL_WAIT,
		    stay__fast_bounds,
		    stay__pool_now(lease->pool) - lease->since);
}

void
stay__pool_record(
    const struct stay__pooled *member, enum stay__record_kind kind)
{
	stay__record(member->pool->loop,
	    stay_conn_number(stay_client_conn(member->client)), kind, 0, 0);
}

void
stay__pool_metered_left(const struct stay_lease *lease)
{
	struct stay__system *system = system_of(lease->pool);

	if (system == NULL)
		return;
	system->past.TIMEOUTS[0] += lease->status == STAY_E_TIMEOUT;
	system->past.SHED[0] += lease->status == STAY_E_OVERLOADED;
}

void
stay__pool_metered_lost(const struct stay_lease *lease)
{
	struct stay__system *system = system_of(lease->pool);

	if (system != NULL)
		system->past.LOST_LEASES[0]++;
}

void
stay__pool_metered_back(const struct stay_lease *lease)
{
	struct stay__system *system = system_of(lease->pool);

	if (system == NULL)
		return;
	system->past.HANDED_BACK[0]++;
	stay__histogram_add(system->durations.POOL_USE, stay__fast_bounds,
	    stay__pool_now(lease->pool) - lease->since);
}

/* Those in somebody's hands, or just back. A lease whose connection has ended has none. */
static size_t
count_used(const struct stay_pool *pool)
{
	size_t used = pool->in[STAY__MEMBER_RETURNING];

	for (size_t i = 0; i < pool->count; i++)
		used += pool->members[i]->lease != NULL;
	return used;
}

/* One that has no session, and is in nobody's hands, is neither idle nor used. Somebody
 * counts. */
void
stay__pool_metered_live(const struct stay_pool *pool)
{
	struct stay__system *system = system_of(pool);

	system->live.POOLED[0] += pool->in[STAY__MEMBER_IDLE];
	system->live.POOLED[1] += count_used(pool);
	system->live.POOL_MAX[0] += pool->options.connections_max;
	system->live.PENDING[0] += pool->waiting;
}
