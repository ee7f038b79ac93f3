/* What a client adds to the numbers of its loop: loop/meter.h. */
#ifndef STAY__NUMBERS_H
#define STAY__NUMBERS_H

#include <stay/client.h>

struct stay__numbers;

/* Add what the client has done so far; what it has now. */
void stay__numbers_past(
    const struct stay_client *client, struct stay__numbers *to);
void stay__numbers_live(
    const struct stay_client *client, struct stay__numbers *to);
/* The client ends: what it has done is kept. */
void stay__numbers_gone(const struct stay_client *client);

#endif
