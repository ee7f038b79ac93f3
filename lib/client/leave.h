/*
 * A session that ends by our own will.
 */
#ifndef STAY__LEAVE_H
#define STAY__LEAVE_H

#include <stay/client.h>

/* Only leave.c writes it. */
struct stay__leave {
	struct stay_info why; /* for connect, of a planned change */
};

/* By our own will: a normal reason, too, is the end of the session. */
void stay__leave_now(struct stay_client *client, enum stay_status reason);
/* The verdicts of disconnect: to stop, to connect anew. */
struct stay_verdict stay__leave_to_stop(
    struct stay_client *client, enum stay_status reason);
struct stay_verdict stay__leave_to_change(
    struct stay_client *client, struct stay_info why);
/* The same of handle_info, while it leaves. */
struct stay_verdict stay__leave_go_on(
    struct stay_client *client, const struct stay_event *event);

#endif
