/* A client that is lent: which calls it accepts. */
#ifndef STAY__LEND_H
#define STAY__LEND_H

#include <stay/lend.h>

/* Only lend.c writes it. */
enum stay__lend {
	STAY__LEND_NOT,
	STAY__LEND_LENT,      /* calls are for the session that is ready */
	STAY__LEND_OUTLIVED,  /* that has ended: no calls */
	STAY__LEND_RETURNING, /* no calls until the session is as new */
	STAY__LEND_ANEW /* it was back, or not yet: no calls until the next is */
};

/* A session has ended. */
void stay__lend_session_over(struct stay_client *client);
/* Calls are over although nothing has come. */
void stay__lend_nudge(struct stay_client *client);
/* Something was said to make the session as new. */
void stay__lend_reset(struct stay_client *client);
/* The session is as new: anybody may have it. */
void stay__lend_end(struct stay_client *client);

#endif
