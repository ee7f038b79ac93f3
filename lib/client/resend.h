/*
 * Which calls are sent again: those that a lost session leaves behind, and those
 * that the server refused to act on. It decides and puts them back into the
 * queue; it sends nothing.
 */
#ifndef STAY__RESEND_H
#define STAY__RESEND_H

#include "client/calls.h"

/* Whether the loss of a session, or a refusal, may send it again. */
bool stay__call_may_resend(const struct stay__call *call);
bool stay__call_may_retry(const struct stay__call *call);

/* Either: its bytes are kept while it is in flight. Once a call: inline. */
static inline bool
stay__call_is_worth_keeping(const struct stay__call *call)
{
	if ((call->flags & STAY_IDEMPOTENT) == 0 &&
	    !call->owner->retries_refused)
		return false;
	return stay__call_may_resend(call) || stay__call_may_retry(call);
}

/* The server has just refused it: whether that is all it has said, and all that
 * was sent behind it will be answered soon. */
bool stay__call_may_retry_now(const struct stay__call *call);
/* The server refused it: in flight no more, and not over yet. */
void stay__call_set_aside(struct stay__call *call, struct stay_held *refusal);
/* Given up while it is set aside. */
void stay__call_withdraw(struct stay__call *call, enum stay_status status);
/* What was sent behind them was acted on: those set aside are over. */
void stay__calls_settle_refused(struct stay__calls *calls);

/* What the end of a session says of the oldest call in flight. */
enum stay__blame {
	STAY__BLAME_NOBODY,  /* the session was to end */
	STAY__BLAME_END,     /* the stream ended at it: it may be to blame */
	STAY__BLAME_SILENCE, /* the server fell silent at it */
	STAY__BLAME_ANSWER   /* what the server said to it cannot be read */
};

struct stay__loss {
	enum stay_status status; /* of the calls */
	enum stay_status why;    /* of the session: told to who is to blame */
	enum stay__blame blame;
	bool is_first; /* the session was stable: sending again is free */
};

/* The stream is gone: what was in flight is over, or in front of the queue,
 * where what may not wait for another session is to be dropped. */
void stay__calls_session_over(
    struct stay__calls *calls, const struct stay__loss *loss);

#endif
