/*
 * The calls of a client: queued, in flight, and finished (decided, but `done`
 * has not run yet). Each call has one record, from a free list.
 *
 *	take --> queued ----> in flight ----> answered --> give
 *	          ^ |   commit    |    answer
 *	          | |             +--> set aside, if the server refused it
 *	          +-|--------------------+
 *	            v             v
 *	        finished      finished, and a tombstone in its place
 *
 * A tombstone holds the place of a call that was given up while its reply is
 * still due. The list `in_flight` is in the order of the wire: calls,
 * tombstones and replies that the control lane expects. The next reply belongs
 * to its oldest record, unless the reply names a tag: see tagged.h.
 */
#ifndef STAY__CALLS_H
#define STAY__CALLS_H

#include <assert.h>

#include <stay/client.h>

#include "base/ids.h"
#include "client/extras.h"
#include "client/group.h"
#include "client/sendbuf.h"
#include "loop/loop.h"

enum stay__call_stage {
	STAY__CALL_QUEUED,
	STAY__CALL_COMMITTED, /* the stream has taken its first byte */
	STAY__CALL_REFUSED, /* set aside: sent again, if all behind it is too */
	STAY__CALL_OVER,    /* completed, or about to be; maybe a tombstone */
	STAY__CALL_CONTROL  /* no call: replies to bytes of the control lane */
};

/* What has happened to a call so far. */
#define STAY__HISTORY_WHOLE    1u  /* a session ended that had all of it */
#define STAY__HISTORY_ANSWERED 2u  /* some of its replies have come */
#define STAY__HISTORY_ACTED    4u  /* one of them did not say "refused" */
#define STAY__HISTORY_KEPT     8u  /* its bytes are kept for sending it again */
#define STAY__HISTORY_REFUSED  16u /* so a whole one was, the last of them */
#define STAY__HISTORY_SUSPECT  32u /* a session ended at it: sent alone now */
#define STAY__HISTORY_POOR     64u /* not sent again for want of a budget */
#define STAY__HISTORY_BEGUN    128u /* the stream has taken a byte of it */
/* So it has in the session that goes on; or `prepare` is content with it there */
#define STAY__HISTORY_HERE     256u
#define STAY__HISTORY_TAGGED   512u  /* its tag is in the table: tagged.h */
#define STAY__HISTORY_LONG_WAY 1024u /* it never goes the short way */
#define STAY__HISTORY_GIVEN_UP 2048u /* in flight, and over.c has yet to hear */
#define STAY__HISTORY_LET_GO   4096u /* its tag is not to be given again */
#define STAY__HISTORY_GROUP    8192u /* it is a group, which its arg is */
#define STAY__HISTORY_TOLD     16384u /* again in `finished`: just to be over */
#define STAY__HISTORY_BODY     32768u /* its arg is its body: feed.h */
#define STAY__HISTORY_TIMED    65536u /* how long it takes is counted: timed.h */

#define STAY__HISTORY_NAMED   131072u /* it has a token, and so a story */
#define STAY__HISTORY_EXTRAS  262144u /* it has extras of its own */
#define STAY__HISTORY_UNTOLD  524288u /* in `finished`, or just being told */
/* With one of these somebody keeps account of it. */
#define STAY__HISTORY_WATCHED (STAY__HISTORY_TIMED | STAY__HISTORY_NAMED)

/* With one of these there is more to a good answer than to tell it. */
#define STAY__HISTORY_SPECIAL                                                  \
	(STAY__HISTORY_SUSPECT | STAY__HISTORY_LONG_WAY |                      \
	    STAY__HISTORY_GROUP | STAY__HISTORY_BODY)

/* The flags that a request may have. */
#define STAY__CALL_FLAGS (STAY_READ_ONLY | STAY_BLOCKS | STAY_THIS_SESSION)

/*
 * Most calls can go a short way: all that is queued leaves in one write, and a call
 * gets the one good answer that it waits for. It must come to the same as the general
 * way. With 0 nobody takes it, and the simulator's traces must not change by that
 * (tests/support/same_hashes.sh).
 */
#ifndef STAY__SHORT_WAYS
#define STAY__SHORT_WAYS 1
#endif

struct stay__calls;
struct stay__row;
struct stay__system;
struct stay__tagged;

struct stay__call {
	struct stay__list node; /* queued or in_flight; spare */
	/* The deadline. Once the call is decided, its node is the place in
	 * `finished`. When `done` has run, the age of the tombstone. */
	struct stay__timer timer;
	struct stay__calls *owner;
	stay_done_fn *done;
	void *arg;
	uint64_t begin; /* of its bytes, in the send buffer */
	uint64_t tag;
	union {                 /* read through the two functions below */
		uint64_t since; /* when it was accepted, in ns */
		struct stay__extras *extras; /* STAY__HISTORY_EXTRAS */
	};
	uint32_t len;     /* of its bytes */
	uint32_t sent_ms; /* when it was last begun on: goes round in 49 days */
	uint32_t session; /* the low bits of the one it was last begun in */
	uint32_t due;     /* replies still to come */
	uint32_t history;
	uint8_t flags;
	uint8_t stage; /* enum stay__call_stage */
	union {
		uint8_t resends; /* 255: so often, or more */
		uint8_t status;  /* enum stay_status; once it is over */
	};
	union {
		uint8_t fate;    /* what the end of its session makes of it */
		uint8_t outcome; /* enum stay_outcome; once it is over */
	};
};

/* What the owner of the calls does when a call ends. */
typedef void stay__call_fn(struct stay__call *call);
typedef void stay__calls_fn(struct stay__calls *calls);

struct stay__call_ops {
	stay__timer_fn *expire; /* the timer of a record */
	/* call->status, call->outcome; its refusal, which it releases */
	stay__call_fn *tell;
	/* `done` has run for it, and a tombstone stands */
	stay__call_fn *stand;
	stay__calls_fn *told; /* `done` has run for the last of a batch */
};

/* What the options say of calls. */
struct stay__call_bounds {
	uint64_t timeout_ns;  /* without one of its own; UINT64_MAX: none */
	uint64_t resends_max; /* 0: nothing is ever sent again */
	/* The budget for sending again: so much of the calls accepted, saved up
	 * to so many hundredths of a call, which is also what it begins with. */
	uint64_t resend_percent;
	uint64_t resend_cap;
	uint64_t tell_max;    /* completions run in one turn */
	uint64_t untold_max;  /* at so many in `finished` no call is accepted */
	bool retries_refused; /* STAY_REFUSED_RESEND */
	bool waits_offline; /* what is left unsent waits for the next session */
	bool acts_on_parts; /* STAY_ACTS_ON_PARTS */
	bool ends_sessions; /* STAY_LAST_FRAMES */
	bool keeps_unacted; /* one of the two that send what nobody acted on */
};

/* Only admission.c writes these. Read by every call: how full the queue may be before
 * a slower check is due. */
struct stay__water {
	uint64_t calls;
	uint64_t bytes;
	bool high;
	bool told; /* the last notice was of high water */
	struct stay__task task;
};

/* As in struct stay_client_counts. queued_bytes counts the calls set aside only; the
 * send buffer counts the bytes of queued calls. */
struct stay__call_counts {
	uint64_t submitted;
	uint64_t resent;
	uint64_t queued_bytes;
	uint64_t in_flight_bytes;
	uint32_t queued;
	uint32_t in_flight;
	uint32_t tombstones;
};

struct stay__calls {
	struct stay_loop *loop;
	struct stay_client
	    *client; /* whose they are; NULL: nobody's, see rest.h */
	const struct stay__call_ops *ops;
	const struct stay__call_bounds *bounds;
	uint64_t resend_left;
	uint64_t
	    resend_seen; /* accepted calls counted into the budget so far */
	uint64_t untold; /* calls in `finished` */
	bool is_free;    /* sending again costs nothing now */
	bool asks_first; /* one at a time, till the server does not refuse */
	uint32_t begin_with; /* the history of a new call: LONG_WAY, TIMED */

	uint32_t bodies;  /* calls in `queued` that have one */
	uint64_t session; /* the number of the one that is, or was last */
	struct stay__water water;
	struct stay__sendbuf sendbuf;
	struct stay__list queued;
	struct stay__list in_flight;
	struct stay__list refused; /* set aside; older than all in flight */
	struct stay__list finished;
	struct stay__list *spare; /* by node.next; NULL: none */
	struct stay__extras *spare_extras;
	struct stay__task finisher;
	struct stay__tagged *tagged; /* NULL: in order, and nobody hears */
	/* The stream has taken only a part of it, and maybe of its body. */
	struct stay__call *half;
	struct stay__row *row;       /* row.c; NULL: none is being answered */
	struct stay__system *system; /* timed.c: of calls that are timed */
	uint64_t timed_from; /* ns: those that were accepted before are not */
	/* Where the first request begins whose last bytes a filter has and the
	 * kernel has not; UINT64_MAX: there is none. */
	uint64_t sealed;
	bool has_blocked;  /* a call that blocks was begun in this session */
	uint32_t kept;     /* in flight and STAY__HISTORY_KEPT */
	uint32_t suspects; /* queued or in flight, and so marked */
	/* Where the last request begins that this session was sent and that
	 * blocks, or is not answered: nobody in front of it waits for it. */
	uint64_t unawaited;
	/* Where the last request begins that left whole and that the server may
	 * have acted on, although it is in flight no more. */
	uint64_t unanswered;
	uint64_t outcomes[STAY_OUTCOME_COUNT]; /* how many calls had each */
	struct stay__call_counts counts;
};

/* Where its bytes are in the send buffer. */
static inline uint64_t
stay__call_end(const struct stay__call *call)
{
	return call->begin + call->len;
}

static inline struct stay__span
stay__call_span(const struct stay__call *call)
{
	return (struct stay__span){ call->begin, stay__call_end(call) };
}

static inline void
stay__call_place(struct stay__call *call, struct stay__span span)
{
	call->begin = span.begin;
	call->len = (uint32_t)stay__span_len(span);
}

/* The extras of a call, to read. */
static inline const struct stay__extras *
stay__call_extras(const struct stay__call *call)
{
	return call->history & STAY__HISTORY_EXTRAS ? call->extras
						    : &stay__no_extras;
}

/* When it was accepted, in ns. */
static inline uint64_t
stay__call_since(const struct stay__call *call)
{
	return call->history & STAY__HISTORY_EXTRAS ? call->extras->since
						    : call->since;
}

/* A mark says what was sent before what, and never goes back in a session. */
static inline void
stay__mark_raise(uint64_t *mark, uint64_t to)
{
	if (*mark < to)
		*mark = to;
}

/* Ops and bounds are not copied. */
void stay__calls_init(struct stay__calls *calls, struct stay_loop *loop,
    const struct stay__call_ops *ops, const struct stay__call_bounds *bounds,
    uint64_t queue_bytes_max);
/* The budget for sending again is what it began with; it is what has been earned
 * until now. */
void stay__calls_save_again(struct stay__calls *calls);
void stay__calls_save(struct stay__calls *calls);
/* Every call must be completed. */
void stay__calls_fini(struct stay__calls *calls);

/* Make a new record, which is in no list; NULL: no memory. */
struct stay__call *stay__call_new(struct stay__calls *calls);
bool stay__calls_are_none(const struct stay__calls *calls);
/* Free the records and the memory that are not in use. */
void stay__calls_trim(struct stay__calls *calls);

/* The call that was queued last is a group: from now on it is as many calls as it
 * has requests. */
void stay__call_weigh(struct stay__call *call);
/* It has a body, which its arg is. */
void stay__call_carry(struct stay__call *call);
/* Commit the first call of the queue: the stream has taken so many bytes of its
 * request. */
void stay__call_commit(struct stay__call *call, size_t len);
/* The stream has taken the requests of all queued calls, and each of them whole. */
void stay__calls_commit_queue(struct stay__calls *calls);
/* The stream has taken all of calls->half, but maybe for its body. */
void stay__call_whole(struct stay__calls *calls);
/* What is taken of this request and of all behind it a filter still has: no peer
 * can read its end. Comes before the end is taken. */
void stay__call_is_sealed(struct stay__call *call);
/* All that a filter had is in the kernel. */
void stay__calls_unseal(struct stay__calls *calls);

/* One reply has come. False: it was the last one, and the record is out of the
 * list. */
bool stay__call_answered(struct stay__call *call, bool acted);
/* A session ended at it: it is sent alone from now on. */
void stay__call_suspect(struct stay__call *call);
/* Whether the protocol hears of its end: over.c. */
static inline bool
stay__call_is_watched(const struct stay__call *call)
{
	return call->owner->tagged != NULL;
}
/* Whether its last byte is on the wire. */
static inline bool
stay__call_is_whole(const struct stay__call *call)
{
	return call != call->owner->half && call->begin < call->owner->sealed;
}
/* One call is in flight at a time: one of them is not to be trusted, or is to
 * show whether the server refuses. */
static inline bool
stay__calls_are_single(const struct stay__calls *calls)
{
	return calls->asks_first || calls->suspects > 0;
}

/* Whether a good answer to this call has no more to it: one reply was due, all of
 * the request is on the wire, and nothing was refused before it. */
static inline bool
stay__call_awaits_one(const struct stay__call *call)
{
	return call->stage == STAY__CALL_COMMITTED && call->due == 1 &&
	       (call->history & STAY__HISTORY_SPECIAL) == 0;
}
static inline bool
stay__call_is_plain(const struct stay__call *call)
{
	const struct stay__calls *calls = call->owner;

	return STAY__SHORT_WAYS && stay__call_awaits_one(call) &&
	       stay__call_is_whole(call) && !calls->asks_first &&
	       stay__list_is_empty(&calls->refused);
}
/* Then it is as stay__call_reply, without a look at what does not apply. */
void stay__call_reply_plainly(struct stay__call *call);

/* Part of an answer has come: it cannot be sent again. */
void stay__call_touched(struct stay__call *call);
/* The last reply of a call is there, and means `status`: its outcome is decided and
 * counted, its deadline and token are ended. The caller runs `done` and gives the record
 * back. */
void stay__call_replied(
    struct stay__call *call, bool refused, enum stay_status status);
/* Both of the above, one after the other; true: more replies are due. */
bool stay__call_reply(
    struct stay__call *call, bool refused, enum stay_status status);

/* Finish a queued call: take it out of the queue and the send buffer. */
void stay__call_drop(struct stay__call *call, enum stay_status status);
/* Give up a call in flight: it is completed soon, and a tombstone stays. */
void stay__call_bury(struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome);
/* The same for one that has a tag; no tombstone stays. */
void stay__call_let_go(struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome);

/* Decide a call; its `done` runs later this turn. The record may be in
 * `in_flight` only as a tombstone. */
void stay__call_finish(struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome);
/* No reply is due to this record any more: take it out of `in_flight`. */
void stay__call_take_out(struct stay__call *call);
/* The same while others are taken out, too: nobody is told in the middle of that. What
 * the protocol is to hear of goes to `ended`, and is told of by the latter. */
void stay__call_take_out_to(struct stay__call *call, struct stay__list *ended);
void stay__calls_end_tombstones(struct stay__list *ended);
/* The same of a tombstone whose `done` has run: it is over later this turn. */
void stay__call_end_soon(struct stay__call *call);

/* Finish every queued call that has all of `flags`. */
void stay__calls_drop_queue(
    struct stay__calls *calls, uint32_t flags, enum stay_status status);
/* Run `done` for as many finished calls as one turn may; true: none is left. */
bool stay__calls_tell_some(struct stay__calls *calls);
/* Free the bytes that are not needed any more. */
void stay__calls_release(struct stay__calls *calls);

/* Expect so many more replies to bytes of the control lane, behind all that is
 * in flight. STAY_OK, STAY_E_NOMEM, STAY_E_FULL. */
enum stay_status stay__calls_expect(
    struct stay__calls *calls, unsigned replies);
/* The same; they name a tag, which is free. */
enum stay_status stay__calls_expect_tagged(
    struct stay__calls *calls, unsigned replies, uint64_t tag);

/* How many calls it is in counts and bounds. */
static inline uint32_t
stay__call_weight(const struct stay__call *call)
{
	return call->history & STAY__HISTORY_GROUP
		   ? ((const struct stay_group *)call->arg)->count
		   : 1;
}

/* Whether the server has refused the whole call: this holds for the last
 * sending and all its replies. What an earlier session may have done is not
 * known. */
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

struct stay__call *stay__tagged_oldest(const struct stay__calls *calls);

/* The record that the next reply without a tag belongs to; NULL: none is due. A
 * request that has no reply is in the list only while it is written. */
static inline struct stay__call *
stay__calls_oldest(const struct stay__calls *calls)
{
	struct stay__list *node = calls->in_flight.next;

	if (calls->tagged != NULL)
		return stay__tagged_oldest(calls);
	while (node != &calls->in_flight && stay__call_of(node)->due == 0)
		node = node->next;
	return node == &calls->in_flight ? NULL : stay__call_of(node);
}

/* By its place in `finished`. */
static inline struct stay__call *
stay__call_finished(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__call, timer.node);
}

/* It is decided, and its `done` has not run, or runs. It has neither a deadline nor an
 * age. */
static inline bool
stay__call_is_untold(const struct stay__call *call)
{
	return (call->history & STAY__HISTORY_UNTOLD) != 0;
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

/* The number of the session that it was last begun in; 0: none. A record keeps the
 * low bits. */
static inline uint64_t
stay__call_session(const struct stay__call *call)
{
	uint64_t now = call->owner->session;

	return call->history & STAY__HISTORY_BEGUN
		   ? now - (uint32_t)((uint32_t)now - call->session)
		   : 0;
}

/* A time of the loop as records keep it. */
static inline uint32_t
stay__call_clock(uint64_t at)
{
	return (uint32_t)(at / STAY__TICK_NS);
}

/* There is one to spare. */
static inline struct stay__call *
stay__call_reuse(struct stay__calls *calls)
{
	struct stay__list *node = calls->spare;
	struct stay__call *call;

	assert(node != NULL);
	call = stay__call_of(node);
	calls->spare = node->next;
	call->history = calls->begin_with;
	call->resends = 0;
	return call;
}

/* A record of no list, without history and token; NULL: no memory. And back. */
static inline struct stay__call *
stay__call_take(struct stay__calls *calls)
{
	return calls->spare == NULL ? stay__call_new(calls)
				    : stay__call_reuse(calls);
}

/* Of one that has no extras. */
static inline void
stay__call_spare(struct stay__calls *calls, struct stay__call *call)
{
	assert(!stay__timer_is_set(&call->timer));
	call->node.next = calls->spare;
	calls->spare = &call->node;
}

/* Nobody reads its extras any more: the next call can have them. */
static inline void
stay__call_strip(struct stay__call *call)
{
	if (call->history & STAY__HISTORY_EXTRAS)
		stay__extras_end(call);
}

static inline void
stay__call_give(struct stay__calls *calls, struct stay__call *call)
{
	stay__call_strip(call);
	stay__call_spare(calls, call);
}

/* End its deadline and its token. */
static inline void
stay__call_unname(struct stay__call *call)
{
	stay__timer_stop(&call->timer);
	if (call->history & STAY__HISTORY_EXTRAS)
		stay__extras_unname(call);
}

/* As stay__call_reply_plainly for the first in flight; nobody asks about it any more:
 * its stage is not set, and its extras go. */
static inline void
stay__call_end_plainly(struct stay__calls *calls, struct stay__call *call)
{
	struct stay__list *next = call->node.next;

	calls->kept -= (call->history & STAY__HISTORY_KEPT) != 0;
	calls->counts.in_flight--;
	calls->counts.in_flight_bytes -= call->len;
	calls->outcomes[STAY_REPLIED]++;
	calls->in_flight.next = next;
	next->prev = &calls->in_flight;
	stay__timer_stop(&call->timer);
	stay__call_strip(call);
}

/* When a call without a time of its own is late; UINT64_MAX: never. */
static inline uint64_t
stay__calls_deadline(const struct stay__calls *calls, uint64_t now)
{
	uint64_t after = calls->bounds->timeout_ns;

	return after == UINT64_MAX ? UINT64_MAX : now + after;
}

/* The call is accepted: put it at the end of the queue. */
static inline void
stay__call_enqueue(struct stay__calls *calls, struct stay__call *call)
{
	call->stage = STAY__CALL_QUEUED;
	stay__list_push(&calls->queued, &call->node);
	calls->counts.submitted++;
	calls->counts.queued++;
}

#endif
