/*
 * A session that ends by our own will.
 */
#ifndef STAY__LEAVE_H
#define STAY__LEAVE_H

#include <stay/client.h>

/* Only leave.c writes it. */
struct stay__leave {
	struct stay_info why; /* for connect, of a planned change */
	const char *renewal;  /* why the protocol wants another session... */
	uint64_t renewed;     /* ...in place of that of this generation */
};

/* By our own will: a normal reason, too, is the end of the session. */
void stay__leave_now(struct stay_client *client, enum stay_status reason);
/* Its protocol wants another session; harmless unless this one is ready. */
void stay__leave_want_renewal(struct stay_session *session, const char *why);
/* Leave it if so: once what was read is dealt with. */
void stay__leave_to_renew(struct stay_session *session);
/* The verdicts of disconnect: to stop, to connect anew. */
struct stay_verdict stay__leave_to_stop(
    struct stay_client *client, enum stay_status reason);
struct stay_verdict stay__leave_to_change(
    struct stay_client *client, struct stay_info why);
/* The same of handle_info, while it leaves. */
struct stay_verdict stay__leave_go_on(
    struct stay_client *client, const struct stay_event *event);

#endif
