/*
 * Another URL, other options.
 */
#ifndef STAY__RECONFIGURE_H
#define STAY__RECONFIGURE_H

#include <stay/client.h>

struct stay__change;

/* Changes of one turn of the loop that later ones have replaced. */
#define STAY__DROPPED_MAX 16

/* Between two sessions: what was asked for takes effect. */
void stay__reconfigure_take(struct stay_client *client);
void stay__reconfigure_init(struct stay_client *client);
void stay__reconfigure_fini(struct stay_client *client);

#endif
