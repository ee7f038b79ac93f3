/*
 * The record of a body: what follows the request of a call, from a callback. It
 * belongs to its call, whose `arg` it is, until that is told; and to calls->half as
 * long as it is being sent. Which piece is asked for when is pour.c's.
 */
#ifndef STAY__FEED_H
#define STAY__FEED_H

#include "client/calls.h"

struct stay_feed {
	struct stay_client *client;
	struct stay_body body; /* as it was given */
	struct stay__call *call;
	stay_done_fn *done; /* the caller's */
	stay_done_fn *part;
	stay_piece_fn *on_piece;
	void *arg;
	struct stay_bytes closing;
	struct stay_buf piece; /* asked for; the stream has not taken it */
	uint64_t left;         /* bytes still to be asked for */
	bool stops;            /* an early answer ends it */
	bool begun;            /* it was asked, and must be rewound */
	bool waits;            /* `more` has nothing now */
	bool ended;            /* nothing more is asked for */
	bool broken;           /* and it will never be whole */
	bool told;             /* `done` has run */
	const char *why;       /* it has failed; NULL: it has not */
	struct stay__task last;
	/* In place of the call, when that is answered and not sent whole. */
	struct stay__call rest;
};

/* The record of this body, whose call tells `done`. NULL: no memory. */
struct stay_feed *stay__feed_new(struct stay_client *client,
    const struct stay_body *body, stay_done_fn *done,
    const struct stay_call_options *options, void *arg);
/* What encode has said of it. */
void stay__feed_take(
    struct stay_feed *feed, const struct stay_request_body *request);
/* It is not needed any more: its owner is told now. */
void stay__feed_free(struct stay_feed *feed);
/* The same later in this turn. */
void stay__feed_free_soon(struct stay_feed *feed);

/* The `part` and the `piece` of a call that has a body; its `done` is
 * complete.c's. */
void stay__feed_part(void *arg, const struct stay_result *result);
void stay__feed_piece(void *arg, struct stay_bytes piece);

/* ---- for calls.c ---- */

/* The call goes, and it is half on the wire: what stands in its place. NULL: nothing
 * has to, as all of it is there. */
struct stay__call *stay__feed_stay(struct stay__call *call);
/* What stood in its place is not needed any more. */
void stay__feed_leave(struct stay__call *rest);
/* The call is in the queue again. */
void stay__feed_requeue(struct stay_feed *feed);

static inline bool
stay__call_has_body(const struct stay__call *call)
{
	return (call->history & STAY__HISTORY_BODY) != 0;
}

/* Whether the stream has taken all of the body. */
static inline bool
stay__feed_is_whole(const struct stay_feed *feed)
{
	return feed->ended && !feed->broken &&
	       feed->piece.head == feed->piece.tail;
}

/* Whether the call may be sent once more, from its first byte on. */
static inline bool
stay__feed_may_begin(const struct stay_feed *feed)
{
	return !feed->begun || feed->body.rewind != NULL;
}

/* Whether the server may take what it has for all of it. */
static inline bool
stay__feed_may_look_whole(const struct stay_feed *feed)
{
	return feed->begun && feed->body.len == STAY_BODY_OPEN &&
	       feed->closing.len == 0;
}

#endif
