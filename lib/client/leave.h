/* Graceful close: a session that the client ends by its own decision. */
#ifndef STAY__LEAVE_H
#define STAY__LEAVE_H

#include <stay/client.h>

/* Only leave.c writes it. */
struct stay__leave {
	int tag; /* what connect is run with after the close... */
	enum stay_status why : 16; /* ...and the status of that */
	bool wished_now : 1;       /* that session is left without delay */
	uint32_t
	    wished; /* the session whose peer goes away, by its low bits; 0: none */
};

/* The peer goes away: leave the session, at some moment in the next `ms`, which are
 * not for ever. */
void stay__leave_within(struct stay_session *session, uint64_t ms);

/* By our own will: a normal reason, too, is the end of the session. */
void stay__leave_now(struct stay_client *client, enum stay_status reason);
/* A call that blocks is given up, alone in flight: end the session for it. */
void stay__leave_given_up(struct stay_session *session);
/* The verdict of disconnect: when the client stops, when it connects again. */
struct stay_verdict stay__leave_to_stop(
    struct stay_client *client, enum stay_status reason);
struct stay_verdict stay__leave_to_change(
    struct stay_client *client, struct stay_info why);
/* The verdict of handle_info during a graceful close. */
struct stay_verdict stay__leave_go_on(
    struct stay_client *client, const struct stay_event *event);

#endif
