/* Replies in a row: the short way of those that are plain, each to the oldest call. */
#ifndef STAY__ROW_H
#define STAY__ROW_H

#include "client/client.h"
#include "client/timed.h"

struct stay__row {
	uint64_t left; /* how many more this turn may take */
	size_t len_max;
	const struct stay_observer *observer; /* it wants no trace */
	struct stay_result result;
	uint64_t
	    timed; /* calls that are told, and not yet counted as timed... */
	struct stay__timed alike; /* ...are all like this */
};

/* What was told and not yet counted is counted. */
void stay__row_end(struct stay__row *row, const struct stay__calls *calls);
/* A call that is watched, or has more to it: whether it is a plain one all the same. */
bool stay__row_is_watched(struct stay__row *row, const struct stay__call *call);
/* Let the slot `replies` give what it finds in `bytes`, but no more than `max`. Returns
 * how many it has given; session->reading->offset is behind them. */
uint64_t stay__row_read(
    struct stay_session *session, struct stay_bytes bytes, uint64_t max);

/* What is alike is set when there is something. */
static inline void
stay__row_begin(
    struct stay__row *row, const struct stay_session *session, uint64_t max)
{
	const struct stay_client *client = session->client;

	row->left = max;
	row->timed = 0;
	row->observer = client->loop->observer;
	row->len_max = client->profile->options.reply_bytes_max;
	row->result = (struct stay_result){ STAY_OK, STAY_REPLIED, NULL, "ok",
		session->generation };
}

/* Whether nobody is to look at the next frame first. */
static inline bool
stay__row_goes_on(
    const struct stay_session *session, const struct stay__row *row)
{
	return row->left > 0 && !session->cut_off &&
	       session->pause == STAY__PAUSE_NONE &&
	       session->client->loop->observer == row->observer;
}

/* In order, it is the oldest that is answered. There may be more to it. */
static inline bool
stay__row_is_oldest(
    const struct stay__calls *calls, const struct stay__call *call)
{
	return &call->node != &calls->in_flight &&
	       call->stage == STAY__CALL_COMMITTED && call->due == 1 &&
	       call != calls->half && call->done != NULL;
}

/* There is no more to it. */
static inline bool
stay__row_is_plain(struct stay__row *row, const struct stay__call *call)
{
	return (call->history &
		   (STAY__HISTORY_SPECIAL | STAY__HISTORY_WATCHED)) == 0 ||
	       stay__row_is_watched(row, call);
}

/* Inline, for it is run by two short ways, once a reply. */
static inline __attribute__((always_inline)) bool
stay__row_give(struct stay_session *session, struct stay__row *row, size_t len,
    const void *reply)
{
	struct stay__reading *reading = session->reading;
	struct stay__calls *calls = session->client->calls;
	struct stay__call *call = stay__call_of(calls->in_flight.next);

	if (len > row->len_max || !stay__row_is_oldest(calls, call) ||
	    !stay__row_is_plain(row, call))
		return false;
	row->left--;
	row->result.reply = reply;
	reading->frame =
	    (struct stay_bytes){ reading->input + reading->offset, len };
	stay__call_end_plainly(calls, call);
	call->done(call->arg, &row->result);
	stay__call_spare(calls, call);
	reading->frame.len = 0;
	reading->offset += len;
	return true;
}

#endif
