/*
 * The calls of a client: what waits, what is in flight, what is over and not
 * yet told. One record a call, from a free list.
 *
 *	take --> queued ----> in flight ----> answered --> give
 *	          ^ |   commit    |    answer
 *	          | |             +--> set aside, if it was refused
 *	          +-|--------------------+
 *	            v             v
 *	        finished      finished, and a tombstone in its place
 *
 * The list `in_flight` is in the order of the wire: calls, tombstones and what
 * the control lane expects. Its oldest record is who the next answer is for.
 */
#ifndef STAY__CALLS_H
#define STAY__CALLS_H

#include <assert.h>

#include <stay/client.h>

#include "base/ids.h"
#include "client/sendbuf.h"
#include "loop/loop.h"

enum stay__call_stage {
	STAY__CALL_QUEUED,
	STAY__CALL_COMMITTED, /* the stream has begun on it */
	STAY__CALL_REFUSED, /* set aside: sent again, if all behind it is too */
	STAY__CALL_OVER, /* decided: told, or about to be; maybe a tombstone */
	STAY__CALL_CONTROL /* no call: replies to bytes of the control lane */
};

/* What has already become of a call. */
#define STAY__HISTORY_WHOLE    1u  /* a session ended that had all of it */
#define STAY__HISTORY_ANSWERED 2u  /* some of its replies have come */
#define STAY__HISTORY_ACTED    4u  /* and one of them did not say "refused" */
#define STAY__HISTORY_KEPT     8u  /* its bytes are kept for sending it again */
#define STAY__HISTORY_REFUSED  16u /* so a whole one was, the last of them */
#define STAY__HISTORY_SUSPECT  32u /* a session ended at it: sent alone now */
#define STAY__HISTORY_POOR     64u /* not sent again for want of a budget */

struct stay__calls;

struct stay__call {
	struct stay__list node;   /* queued or in_flight; spare */
	struct stay__list finish; /* in finished, until it is told */
	struct stay__timer timer; /* the deadline; of a tombstone its age */
	struct stay__calls *owner;
	stay_done_fn *done;
	stay_done_fn *part;
	void *arg;
	struct stay__span span;
	uint64_t tag;
	uint64_t blocks_ms;
	uint64_t since;   /* it was accepted, in ns */
	uint64_t sent_at; /* the stream has last begun on it; 0: it has not */
	uint32_t due;     /* replies still to come */
	uint32_t flags;
	struct stay_token id; /* generation 0: nobody asked for one */
	uint8_t stage;
	uint8_t history;
	uint8_t fate; /* what the end of its session makes of it */
	uint32_t resends;
	struct stay_held
	    *refusal;            /* the reply of the server, while set aside */
	enum stay_status status; /* once it is over, until it is told */
	enum stay_outcome outcome;
};

/* What the owner of the calls does when one of them comes to an end. */
typedef void stay__call_fn(struct stay__call *call);
typedef void stay__calls_fn(struct stay__calls *calls);

struct stay__calls {
	struct stay_loop *loop;
	stay__timer_fn *expire; /* the timer of a record */
	/* call->status, call->outcome; call->refusal, which it releases */
	stay__call_fn *tell;
	stay__calls_fn *told;    /* the last of a batch */
	uint64_t resends_max;    /* 0: nothing is ever sent again */
	uint64_t resend_percent; /* of the calls accepted */
	uint64_t resend_cap;     /* in hundredths, as what is left is */
	uint64_t resend_left;
	uint64_t resend_seen; /* calls accepted that have earned theirs */
	uint64_t tell_max;    /* calls told in one turn */
	uint64_t untold_max;  /* calls in `finished`, for one more to come */
	uint64_t untold;      /* so many are */
	bool retries_refused; /* STAY_REFUSED_RESEND */
	bool is_free;         /* sending again costs nothing now */
	bool asks_first;    /* one at a time, till the server does not refuse */
	bool waits_offline; /* what is left unsent waits for the next session */
	bool acts_on_parts; /* STAY_ACTS_ON_PARTS */

	struct stay__sendbuf sendbuf;
	struct stay__list queued;
	struct stay__list in_flight;
	struct stay__list refused; /* set aside; older than all in flight */
	struct stay__list finished;
	struct stay__list *spare; /* by node.next; NULL: none */
	struct stay__task finisher;
	struct stay__call *half; /* the stream has taken only a part of it */
	size_t kept;             /* in flight and STAY__HISTORY_KEPT */
	size_t suspects;         /* queued or in flight, and so marked */
	/* Where the last request begins that this session was sent and that
	 * blocks, or is not answered: nobody in front of it waits for it. */
	uint64_t unawaited;
	/* Where the last one begins that left whole and is not answered. */
	uint64_t unanswered;
	uint64_t outcomes[STAY_OUTCOME_COUNT]; /* calls that came to each */
	/* Without those; queued_bytes: of what is set aside; what is queued the send buffer counts */
	struct stay_client_counts counts;
};

void stay__calls_init(struct stay__calls *calls, struct stay_loop *loop,
    uint64_t queue_bytes_max);
/* How much may be sent again: a share of what is accepted, saved up to
 * `burst`, and so much at first. Without it there is no such bound. */
void stay__calls_budget(
    struct stay__calls *calls, uint64_t percent, uint64_t burst);
/* Every call must be over and told. */
void stay__calls_fini(struct stay__calls *calls);

/* A new record of no list; NULL: no memory. */
struct stay__call *stay__call_new(struct stay__calls *calls);
bool stay__calls_are_none(const struct stay__calls *calls);
/* Free the records and the memory that are not in use. */
void stay__calls_trim(struct stay__calls *calls);

/* Accepted: `call` is the last in the queue. */
void stay__call_enqueue(struct stay__call *call);
/* The first in the queue: the stream begins on it, and takes so much of it. Its
 * bytes may have to be kept for sending it again. */
void stay__call_commit(struct stay__call *call, size_t len, bool keep);
/* The stream has taken all of calls->half. */
void stay__call_whole(struct stay__calls *calls);

/* Who is answered next; NULL: nobody. */
struct stay__call *stay__calls_oldest(const struct stay__calls *calls);
/* One reply fewer is due; false: that was the last one, out of the list. */
bool stay__call_answered(struct stay__call *call, bool acted);
/* A session ended at it: it is sent alone from now on. */
void stay__call_suspect(struct stay__call *call);
/* One call is in flight at a time: one of them is not to be trusted, or is to
 * show whether the server refuses. */
static inline bool
stay__calls_are_single(const struct stay__calls *calls)
{
	return calls->asks_first || calls->suspects > 0;
}

/* Part of an answer has come: it cannot be sent again. */
void stay__call_touched(struct stay__call *call);
/* The last reply of a call is there: its outcome is decided and counted, its
 * deadline and its token are gone. To be told and given by the caller. */
void stay__call_replied(struct stay__call *call, bool refused);
/* Both, one after the other; true: more replies are due. */
bool stay__call_reply(struct stay__call *call, bool refused);

/* Never to be sent: out of queue and send buffer. */
void stay__call_drop(struct stay__call *call, enum stay_status status);
/* Given up in flight: told soon, a tombstone stays. */
void stay__call_bury(struct stay__call *call, enum stay_status status);

/* Decided, and told later this turn; it is in no list but a tombstone's. */
void stay__call_finish(struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome);
/* No answer is due to it any more: not in flight. */
void stay__call_take_out(struct stay__call *call);

/* Every queued call with all of `flags` is over. */
void stay__calls_drop_queue(
    struct stay__calls *calls, uint32_t flags, enum stay_status status);
/* Tell now all that is finished. */
void stay__calls_tell(struct stay__calls *calls);
/* Tell no more than a turn is to take; true: that was all. */
bool stay__calls_tell_some(struct stay__calls *calls);
/* Give up the bytes that nobody needs any more. */
void stay__calls_release(struct stay__calls *calls);

/* So many more replies to the control lane, behind all that is in flight.
 * STAY_OK, STAY_E_NOMEM, STAY_E_FULL. */
enum stay_status stay__calls_expect(
    struct stay__calls *calls, unsigned replies);

/* "Refused" speaks for the last sending and all its replies; what an earlier
 * session may have done it cannot know. */
static inline enum stay_outcome
stay__call_refused(const struct stay__call *call)
{
	return call->history & STAY__HISTORY_WHOLE ? STAY_MAYBE_EXECUTED
						   : STAY_REFUSED;
}

static inline struct stay__call *
stay__call_of(struct stay__list *node)
{
	return node == NULL ? NULL
			    : STAY__CONTAINER(node, struct stay__call, node);
}

/* The outcome of a call that is not sent now: an earlier session may have. */
static inline enum stay_outcome
stay__call_unsent(const struct stay__call *call)
{
	if (call->history & STAY__HISTORY_WHOLE)
		return STAY_MAYBE_EXECUTED;
	return call->history & STAY__HISTORY_REFUSED ? STAY_REFUSED
						     : STAY_NOT_SENT;
}

/* A record of no list, without history and token; NULL: no memory. And back. */
static inline struct stay__call *
stay__call_take(struct stay__calls *calls)
{
	struct stay__list *node = calls->spare;
	struct stay__call *call = stay__call_of(node);

	if (call == NULL)
		return stay__call_new(calls);
	calls->spare = node->next;
	call->history = 0;
	call->resends = 0;
	return call;
}

static inline void
stay__call_give(struct stay__call *call)
{
	assert(!stay__timer_is_set(&call->timer) && call->id.generation == 0);
	call->node.next = call->owner->spare;
	call->owner->spare = &call->node;
}

#endif
