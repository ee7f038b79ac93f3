/* Doubt: a session was left because its server may be the wrong one. */
#ifndef STAY__DOUBT_H
#define STAY__DOUBT_H

#include <stdbool.h>

struct stay_session;

/* Only doubt.c writes it. It outlives sessions. */
enum stay__doubt {
	STAY__DOUBT_NONE,
	STAY__DOUBT_NEW,  /* this session is left in doubt, the first */
	STAY__DOUBT_HELD, /* one was, and no later one could be trusted... */
	STAY__DOUBT_AGAIN /* ...and this one is left in doubt, too */
};

/* This session is left in doubt. And: a session has shown that all is well, or
 * what was learned is about another place. */
void stay__doubt_raise(struct stay_session *session);
void stay__doubt_end(struct stay_session *session);

/* The session is over: whether it was left in doubt once more, so that it does not
 * reset the backoff. */
bool stay__doubt_goes_on(struct stay_session *session);

#endif
