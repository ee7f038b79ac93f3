/*
 * A detour: the place that a server has named which is going away. It is dialled once,
 * before the client's own places.
 */
#ifndef STAY__DETOUR_H
#define STAY__DETOUR_H

#include <stay/client.h>

#include "client/target.h"

/* From when a server has named it until a later attempt begins. named.c makes it,
 * and from then on only detour.c writes it. */
struct stay__detour {
	struct stay__detour *before; /* the session is there; NULL: it is not */
	struct stay__target target;
	char *url;
	char *name; /* the URL without secrets, for sentences */
	bool is_on; /* the last attempt went there, and so the session is */
};

/* The next attempt goes there. The place where the session is stays till that is
 * over. */
void stay__detour_set(struct stay_client *client, struct stay__detour *detour);
void stay__detour_free(struct stay__detour *detour);
/* An attempt begins: where it goes, if a place was named since the last one. */
const struct stay__target *stay__detour_take(struct stay_client *client);
/* There are other places now, or none. */
void stay__detour_drop(struct stay_client *client);

/* Whether the next attempt goes there. */
static inline bool
stay__detour_is_next(const struct stay__detour *detour)
{
	return detour != NULL && !detour->is_on;
}

/* The one where the client is, or was last; NULL: it is at a place of its own. */
static inline struct stay__detour *
stay__detour_now(struct stay__detour *detour)
{
	return detour == NULL || detour->is_on ? detour : detour->before;
}

#endif
