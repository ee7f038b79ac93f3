/* Changes the URL and the options of a client that runs. */
#ifndef STAY__RECONFIGURE_H
#define STAY__RECONFIGURE_H

#include <stay/client.h>

struct stay__change;

/* How many changes may be replaced by later ones in one turn of the loop. */
#define STAY__DROPPED_MAX 16

/* Between two sessions: let the change take effect. */
void stay__reconfigure_take(struct stay_client *client);
void stay__reconfigure_init(struct stay_client *client);
void stay__reconfigure_fini(struct stay_client *client);

#endif
