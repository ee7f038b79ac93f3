/*
 * Which calls are sent again: calls that a lost session left unanswered, and
 * calls that the server refused to act on. This file decides, and puts calls
 * back into the queue; it sends nothing.
 */
#ifndef STAY__RESEND_H
#define STAY__RESEND_H

#include "client/calls.h"
#include "client/feed.h"

/* ---- inline, because every call runs it ---- */

static inline bool
stay__call_outlives_sessions(
    const struct stay__call *call, const struct stay__call_bounds *bounds)
{
	return !(call->flags & STAY_THIS_SESSION) && bounds->waits_offline;
}

/* Whether what it consists of can be had once more. */
static inline bool
stay__call_may_begin(const struct stay__call *call)
{
	return !stay__call_has_body(call) || stay__feed_may_begin(call->arg);
}

/* Whether the call may be sent again after a lost session. */
static inline bool
stay__call_may_resend(
    const struct stay__call *call, const struct stay__call_bounds *bounds)
{
	return (call->flags & STAY_IDEMPOTENT) != 0 &&
	       call->resends < bounds->resends_max &&
	       stay__call_outlives_sessions(call, bounds);
}

/* The call may be sent again if no server acts on it: bounds->keeps_unacted is set. */
bool stay__call_may_go_unacted(const struct stay__call *call);

/* Whether either may happen, so that its bytes are kept while it is in flight. */
static inline bool
stay__call_is_worth_keeping(
    const struct stay__call *call, const struct stay__call_bounds *bounds)
{
	return stay__call_may_resend(call, bounds) ||
	       (bounds->keeps_unacted && stay__call_may_go_unacted(call));
}

/* ---- the rest ---- */

/* A part of it is on the wire, on which no server acts. */
bool stay__call_is_unsent(const struct stay__call *call);
/* The server has just refused the call. Whether it has refused all of it, and
 * every call sent behind it will be answered soon. */
bool stay__call_may_retry_now(const struct stay__call *call);
/* The same of one that the server leaves to the next session. */
bool stay__call_may_go_on_now(const struct stay__call *call);
/* The call is in flight and only reads: what it is behind may still be sent again. */
bool stay__call_overtakes_nobody(const struct stay__call *call);
/* Set a refused call aside: it is not in flight any more, and not completed. */
void stay__call_set_aside(struct stay__call *call, struct stay_held *refusal);
/* Give up a call that is set aside. */
void stay__call_withdraw(struct stay__call *call, enum stay_status status);
/* A call was acted on that begins at `before`: finish the calls set aside that were
 * sent in front of it. */
void stay__calls_settle_refused(struct stay__calls *calls, uint64_t before);

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
	bool unacted;  /* the server acted on nothing that is in flight */
};

/* The stream is gone: what was in flight is over, or in front of the queue,
 * where what may not wait for another session is to be dropped. */
void stay__calls_session_over(
    struct stay__calls *calls, const struct stay__loss *loss);

#endif
