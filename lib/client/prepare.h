/* The slot `prepare`: what depends on the session goes into the bytes of a call. */
#ifndef STAY__PREPARE_H
#define STAY__PREPARE_H

#include "client/calls.h"

enum stay__prepared {
	STAY__PREPARE_DONE,
	STAY__PREPARE_WAITS,
	STAY__PREPARE_OVER /* the call has failed, and is in the queue no more */
};

/* Ask for a queued call, unless this was done in this session. */
enum stay__prepared stay__prepare(
    struct stay_session *session, struct stay__call *call);

#endif
