/*
 * The place that a server has named which is going away: when it is dialled, and how
 * long it is remembered. Whether it will do is named.c's, and how a session is left
 * leave.c's.
 */
#include "client/detour.h"

#include "base/mem.h"
#include "client/client.h"

void
stay__detour_free(struct stay__detour *detour)
{
	stay__target_fini(&detour->target);
	stay__free(detour->name);
	stay__free_secret(detour->url);
	stay__free(detour);
}

void
stay__detour_set(struct stay_client *client, struct stay__detour *detour)
{
	struct stay__detour *now = stay__detour_now(client->rare->detour);

	if (client->rare->detour != now)
		stay__detour_free(client->rare->detour);
	detour->before = now;
	client->rare->detour = detour;
}

const struct stay__target *
stay__detour_take(struct stay_client *client)
{
	struct stay__detour *detour = client->rare->detour;

	if (!stay__detour_is_next(detour)) {
		stay__detour_drop(client);
		return NULL;
	}
	if (detour->before != NULL)
		stay__detour_free(detour->before);
	detour->before = NULL;
	detour->is_on = true;
	stay__rare_set_place(client, detour->name);
	return &detour->target;
}

void
stay__detour_drop(struct stay_client *client)
{
	struct stay__detour *detour = client->rare->detour;

	if (detour == NULL)
		return;
	if (detour->before != NULL)
		stay__detour_free(detour->before);
	stay__detour_free(detour);
	client->rare->detour = NULL;
	stay__rare_set_place(client, NULL);
}
