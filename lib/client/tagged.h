/*
 * Calls whose replies name a tag, and come in any order. A call is given its tag
 * just before its first byte is written, and has it until nothing of the call can
 * come any more. So the tag is taken while a tombstone stands for the call.
 *
 * In `in_flight` such calls stand among those that are answered in order. A group
 * has one place there, and a tag for each of its requests. The block below exists
 * only for protocols that hear of their calls: with `prepare`, on_given_up, on_over
 * or on_answer.
 */
#ifndef STAY__TAGGED_H
#define STAY__TAGGED_H

#include <stay/protocol.h>

#include "client/calls.h"
#include "client/tags.h"

struct stay__tagged {
	stay_prepare_fn *prepare; /* these may be NULL */
	stay_given_up_fn *on_given_up;
	stay_over_fn *on_over;
	stay_over_fn *unprepare;
	stay_frame_fn *on_answer;
	stay__call_fn *buried; /* a tombstone is gone: nothing of it can come */
	/* The owner of a tag is its call; if that is a group, the word is the number
	 * of its request. */
	struct stay__tags tags;
	/* What stands before it in in_flight is answered by tag. */
	struct stay__list *ordered;
	/* `prepare` lets this call wait, the first in the queue; NULL: none. */
	const struct stay__call *waits;
	size_t preparing; /* tags of the group that is being prepared... */
	bool lacks;      /* ...for which all the tags there are don't suffice */
	size_t awaited;  /* in flight with a tag, and to be answered */
	size_t blocking; /* of those: with STAY_BLOCKS... */
	uint64_t blocks_ms; /* ...and how long one may */
	size_t loose;       /* in flight with STAY_MAY_GO_UNANSWERED */
};

/* Whether there is one of these slots. */
bool stay__tagged_are_needed(const struct stay_call_ops *ops);
/* There is. False: no memory. */
bool stay__tagged_init(
    struct stay__calls *calls, const struct stay_call_ops *ops);
void stay__tagged_fini(struct stay__calls *calls);

/* Give the call this tag, in place of the one that encode has set. STAY_OK;
 * STAY_E_ARG: the tag is taken; STAY_E_NOMEM. */
enum stay_status stay__tagged_give(struct stay__call *call, uint64_t tag);
/* The call has the tag of encode again. Its own is free, or let go of. */
void stay__tagged_free(struct stay__call *call);
/* The same of a request of a group. */
enum stay_status stay__tagged_give_member(
    struct stay__call *call, uint32_t at, uint64_t tag);
void stay__tagged_free_member(struct stay__call *call, uint32_t at);
/* No tag is free: whether the session is to be left for another that has more. */
bool stay__tagged_run_out(struct stay__tagged *tagged);
/* The tag that encode has set; of a group, that of a request. */
static inline uint64_t
stay__tagged_word(const struct stay__call *call)
{
	if (!(call->history & STAY__HISTORY_TAGGED) ||
	    (call->history & STAY__HISTORY_GROUP) != 0)
		return call->tag;
	return stay__tags_find(&call->owner->tagged->tags, call->tag)->word;
}

/* The call stands at the end of in_flight; it is about to be taken out. */
void stay__tagged_enter(struct stay__call *call);
void stay__tagged_leave(struct stay__call *call);
/* The server may have acted on a call that is about to leave: what was sent before
 * it, and is in flight yet, is overtaken. */
void stay__tagged_acted(struct stay__call *call);

/* The oldest record that is answered in order is stay__tagged_oldest of calls.h. */
/* The record in flight with this tag; NULL: none. */
struct stay__call *stay__tagged_find(
    const struct stay__calls *calls, uint64_t tag);
/* The reply with this tag is for the request of this group that is in turn from now
 * on. False: for none. */
bool stay__tagged_turn(struct stay__call *call, uint64_t tag);
/* What encode has set of the one that a reply with this tag is due to; of a tag that
 * was let go of, itself. */
const uint64_t *stay__tagged_due(const struct stay__calls *calls, uint64_t tag);
/* Whether the tag was let go of. */
bool stay__tagged_is_gone(const struct stay__calls *calls, uint64_t tag);

/* Whether a reply is due that must come. */
bool stay__calls_await(const struct stay__calls *calls);

/* If one slow call keeps many bytes of others in memory: move what must be kept
 * together. */
void stay__tagged_squeeze(struct stay__calls *calls);
/* The session has ended: no call has a tag of it, or is prepared. */
void stay__tagged_session_over(struct stay__calls *calls);

/* Ask `prepare` again. */
static inline void
stay__tagged_go_on(struct stay__calls *calls)
{
	if (calls->tagged != NULL)
		calls->tagged->waits = NULL;
}

/* Whether the first call in the queue may be written as far as `prepare` goes. */
static inline bool
stay__tagged_may_ask(const struct stay__calls *calls)
{
	return calls->tagged == NULL || calls->tagged->waits == NULL ||
	       calls->queued.next != &calls->tagged->waits->node;
}

/* Whether the protocol hears of each request of a group by itself: it prepares them. */
static inline bool
stay__tagged_hears_members(const struct stay__call *call)
{
	return (call->history & STAY__HISTORY_GROUP) != 0 &&
	       call->owner->tagged->prepare != NULL;
}

static inline bool
stay__call_is_prepared(const struct stay__call *call)
{
	return call->owner->tagged == NULL ||
	       (call->history & STAY__HISTORY_HERE) != 0;
}

#endif
