/*
 * The numbers of a loop. Most are counted where it happens; what clients, connections
 * and pools count by themselves is asked for here, by going through them all.
 */
#include "observe/metrics.h"

#include <assert.h>

#include "base/mem.h"
#include "client/client.h"
#include "client/numbers.h"
#include "client/timed.h"
#include "conn/metered.h"
#include "loop/loop.h"
#include "pool/pool.h"

struct stay_metrics *
stay_metrics_new(void)
{
	return stay__zalloc(sizeof(struct stay_metrics));
}

void
stay_metrics_free(struct stay_metrics *metrics)
{
	assert(metrics == NULL || metrics->meter.loop == NULL);
	stay__free(metrics);
}

/* Do something with each connection of a loop. */
typedef void each_fn(struct stay__meter *meter, struct stay_conn *conn);

static void
each_conn(struct stay_loop *loop, each_fn *act)
{
	struct stay__list *node = loop->members.next;

	for (; node != &loop->members; node = node->next) {
		struct stay__member *member =
		    STAY__CONTAINER(node, struct stay__member, node);
		struct stay_conn *conn = member->ops->conn(member);

		if (conn != NULL)
			act(loop->meter, conn);
	}
}

/* ---- what there is now ---- */

static void
ask(struct stay__meter *meter, struct stay_conn *conn)
{
	const struct stay_client *client = stay_client_of(conn);
	const struct stay_pool *pool = stay__pool_of(conn);
	struct stay__numbers *live =
	    &stay__meter_system(meter, stay__conn_system(conn))->live;

	live->CONNECTIONS[stay_conn_state(conn)]++;
	if (client != NULL) {
		stay__numbers_past(client, live);
		stay__numbers_live(client, live);
	}
	if (pool != NULL)
		stay__pool_metered_live(pool);
}

void
stay__metrics_refresh(struct stay_metrics *metrics)
{
	if (metrics->meter.loop == NULL)
		return;
	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++)
		memset(&metrics->meter.systems[i].live, 0,
		    sizeof(struct stay__numbers));
	each_conn(metrics->meter.loop, ask);
}

void
stay_metrics_add(struct stay_metrics *to, struct stay_metrics *from)
{
	assert(to != NULL && from != NULL && to->meter.loop == NULL);
	stay__metrics_refresh(from);
	stay__meter_add(&to->meter, &from->meter);
}

/* ---- whose they are ---- */

struct stay_metrics *
stay_loop_metrics(const struct stay_loop *loop)
{
	assert(loop != NULL);
	return (struct stay_metrics *)loop->meter;
}

static void
time_calls(struct stay__meter *meter, struct stay_conn *conn)
{
	const struct stay_client *client = stay_client_of(conn);

	(void)meter;
	if (client != NULL && !stay__calls_are_at_rest(client))
		stay__timed_begin(client->calls);
}

/* What is taken away keeps the numbers that it has. */
static void
take_away(struct stay_loop *loop)
{
	struct stay_metrics *before = stay_loop_metrics(loop);

	if (before == NULL)
		return;
	stay__metrics_refresh(before);
	before->meter.loop = NULL;
}

void
stay_loop_set_metrics(struct stay_loop *loop, struct stay_metrics *metrics)
{
	assert(loop != NULL);
	if (stay_loop_metrics(loop) == metrics)
		return;
	assert(metrics == NULL || metrics->meter.loop == NULL);
	take_away(loop);
	loop->meter = metrics != NULL ? &metrics->meter : NULL;
	if (metrics != NULL)
		metrics->meter.loop = loop;
	each_conn(loop, time_calls);
}
