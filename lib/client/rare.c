/*
 * Gives a client a block of its own for what few clients have, and takes it back. What
 * is in it is not known here.
 */
#include "client/rare.h"

#include "base/mem.h"
#include "client/client.h"

static const struct stay__rare nothing;

void
stay__rare_init(struct stay_client *client)
{
	client->rare = (struct stay__rare *)(uintptr_t)&nothing;
}

bool
stay__rare_begin(struct stay_client *client)
{
	struct stay__rare *rare;

	if (client->rare != &nothing)
		return true;
	rare = stay__zalloc(sizeof(*rare));
	if (rare == NULL)
		return false;
	client->rare = rare;
	return true;
}

/* Who has several places has a block of his own. */
void
stay__rare_set_place(struct stay_client *client, const char *place)
{
	if (client->rare->place != place)
		client->rare->place = place;
}

void
stay__rare_rest(struct stay_client *client)
{
	if (client->rare == &nothing ||
	    memcmp(client->rare, &nothing, sizeof(nothing)) != 0)
		return;
	stay__rare_fini(client);
}

void
stay__rare_fini(struct stay_client *client)
{
	if (client->rare != &nothing)
		stay__free(client->rare);
	stay__rare_init(client);
}
