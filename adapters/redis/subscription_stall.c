/*
 * Subscriptions for which nothing more may be kept, and whose owners want nothing to be
 * dropped: while there is one, the carrier is not read. What is kept, and for whom, is
 * known in subscription_notices.c.
 */
#include "session.h"
#include "subscriptions.h"

static void
hold(struct stay_redis__hub *hub)
{
	hub->stalled = hub->carrier;
	if (hub->stalled != NULL)
		stay_client_pause(hub->stalled->client);
}

static void
let_go(struct stay_redis__hub *hub)
{
	if (hub->stalled != NULL)
		stay_client_resume(hub->stalled->client);
	hub->stalled = NULL;
}

void
stay_redis__stall(struct stay_redis_subscription *subscription)
{
	struct stay_redis__hub *hub = subscription->hub;

	if (subscription->stalls)
		return;
	subscription->stalls = true;
	if (hub->stalls++ == 0)
		hold(hub);
}

void
stay_redis__unstall(struct stay_redis_subscription *subscription)
{
	struct stay_redis__hub *hub = subscription->hub;

	if (!subscription->stalls)
		return;
	subscription->stalls = false;
	if (--hub->stalls == 0)
		let_go(hub);
}

void
stay_redis__stall_up(struct stay_redis__hub *hub)
{
	if (hub->stalls > 0)
		hold(hub);
}

void
stay_redis__stall_over(struct stay_redis__hub *hub)
{
	let_go(hub);
}
