/* Changes the URL and the options of a client that runs. */
#ifndef STAY__RECONFIGURE_H
#define STAY__RECONFIGURE_H

#include <stay/client.h>

#include "loop/loop.h"

struct stay__change;

/* What was asked for: there from then on till it is done. Only reconfigure.c writes
 * these. */
struct stay__changes {
	struct stay_client *client;
	struct stay__change *next; /* for the next session; NULL: none */
	/* Changes that a later one has replaced; their configs are released. */
	struct stay__change *dropped;
	unsigned dropped_count;
	struct stay__task dropper;
};

/* How many changes may be replaced by later ones in one turn of the loop. */
#define STAY__DROPPED_MAX 16

/* Between two sessions: let the change take effect. */
void stay__reconfigure_take(struct stay_client *client);
/* Whether one was asked for that has not taken effect. */
bool stay__reconfigure_is_due(const struct stay_client *client);
void stay__reconfigure_fini(struct stay_client *client);

#endif
