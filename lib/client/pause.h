/* Reading that is paused by who can't keep up. */
#ifndef STAY__PAUSE_H
#define STAY__PAUSE_H

#include "client/session.h"

/* The session has come up: it is read unless the client is paused. */
void stay__pause_begin(struct stay_session *session);

/* All pauses are taken back. */
void stay__pause_end(struct stay_client *client);

/* Since when the session has been read, for calls that it has been given since: ns;
 * while it is paused, that is now. */
uint64_t stay__pause_over_at(const struct stay_session *session);

static inline bool
stay__pause_is_on(const struct stay_session *session)
{
	return session->pause == STAY__PAUSE_ASKED;
}

#endif
