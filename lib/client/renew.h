/* Renewal: the protocol wants another session than the one that is up. */
#ifndef STAY__RENEW_H
#define STAY__RENEW_H

#include <stdbool.h>

struct stay_session;

/* Only renew.c writes it. */
struct stay__renew {
	const char *why; /* NULL: it does not */
};

/* A new stream: nobody wants another. */
void stay__renew_begin(struct stay_session *session);
/* No effect unless the session is ready. */
void stay__renew_want(struct stay_session *session, const char *why);
bool stay__renew_is_wanted(const struct stay_session *session);
/* Whether calls of the session itself may go into it: not when it is being left. */
bool stay__session_is_ready(const struct stay_session *session);
/* Ask for the graceful close if another session is wanted. Called when all that was
 * read is handled, and when a slot has returned. */
void stay__renew_ask(struct stay_session *session);

#endif
