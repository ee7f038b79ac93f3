/*
 * The records of calls and the lists they are in, with the counts and the send
 * buffer that change with them. This file knows no session, no stream and no
 * protocol. What happens when a call is completed is decided by the owner of
 * the calls.
 */
#include "client/calls.h"

#include <assert.h>

#include "base/mem.h"
#include "client/feed.h"
#include "client/recorded.h"
#include "client/tagged.h"
#include "client/timed.h"

static void
run_finisher(struct stay__task *task)
{
	(void)stay__calls_tell_some(
	    STAY__CONTAINER(task, struct stay__calls, finisher));
}

void
stay__calls_init(struct stay__calls *calls, struct stay_loop *loop,
    const struct stay__call_ops *ops, const struct stay__call_bounds *bounds,
    uint64_t queue_bytes_max)
{
	*calls = (struct stay__calls){
		.loop = loop, .ops = ops, .bounds = bounds, .sealed = UINT64_MAX
	};
	stay__sendbuf_init(&calls->sendbuf, queue_bytes_max);
	stay__list_init(&calls->queued);
	stay__list_init(&calls->in_flight);
	stay__list_init(&calls->finished);
	stay__list_init(&calls->refused);
	stay__task_init(&calls->finisher, run_finisher);
	stay__calls_save_again(calls);
}

void
stay__calls_save_again(struct stay__calls *calls)
{
	calls->resend_left = calls->bounds->resend_cap;
	calls->resend_seen = calls->counts.submitted;
}

void
stay__calls_fini(struct stay__calls *calls)
{
	assert(stay__list_is_empty(&calls->queued));
	assert(stay__list_is_empty(&calls->in_flight));
	assert(stay__list_is_empty(&calls->finished));
	assert(stay__list_is_empty(&calls->refused));
	stay__task_cancel(&calls->finisher);
	stay__calls_trim(calls);
	stay__sendbuf_fini(&calls->sendbuf);
}

bool
stay__calls_are_none(const struct stay__calls *calls)
{
	return stay__list_is_empty(&calls->queued) &&
	       stay__list_is_empty(&calls->in_flight) &&
	       stay__list_is_empty(&calls->refused) &&
	       stay__list_is_empty(&calls->finished);
}

void
stay__calls_trim(struct stay__calls *calls)
{
	struct stay__list *node;

	while ((node = calls->spare) != NULL) {
		calls->spare = node->next;
		stay__free(stay__call_of(node));
	}
	stay__extras_trim(&calls->spare_extras);
	if (calls->tagged != NULL)
		stay__tags_trim(&calls->tagged->tags);
	stay__sendbuf_trim(&calls->sendbuf);
}

/* ---- records ---- */

struct stay__call *
stay__call_new(struct stay__calls *calls)
{
	struct stay__call *call = stay__zalloc(sizeof(*call));

	if (call == NULL)
		return NULL;
	call->owner = calls;
	call->history = calls->begin_with;
	stay__list_init(&call->node);
	stay__timer_init(&call->timer, calls->ops->expire);
	return call;
}

/* The record is of no use any more. */
static void
give_back(struct stay__call *call)
{
	if (call->history & STAY__HISTORY_GROUP)
		stay_group_free(call->arg);
	stay__call_give(call->owner, call);
}

/* Take a call out of every list but `finished`; it is given back from there
 * when its `done` has run. */
static void
remove_record(struct stay__call *call)
{
	stay__list_remove(&call->node);
	if (stay__call_is_untold(call))
		return;
	stay__timer_stop(&call->timer);
	give_back(call);
}

/* ---- a call that a session ended at ---- */

void
stay__call_suspect(struct stay__call *call)
{
	if (call->history & STAY__HISTORY_SUSPECT)
		return;
	call->history |= STAY__HISTORY_SUSPECT;
	call->owner->suspects++;
}

static void
unsuspect(struct stay__call *call)
{
	if (!(call->history & STAY__HISTORY_SUSPECT))
		return;
	call->history &= ~STAY__HISTORY_SUSPECT;
	call->owner->suspects--;
}

/* ---- the end of a call ---- */

static struct stay__timed
timed_of(const struct stay__call *call)
{
	bool is_group = (call->history & STAY__HISTORY_GROUP) != 0;

	return (struct stay__timed){ stay__call_since(call),
		is_group ? 0 : stay__tagged_word(call), is_group };
}

/* Who keeps account of it. */
static __attribute__((noinline)) void
tell_watchers(const struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome)
{
	if (call->history & STAY__HISTORY_TIMED)
		stay__timed_end(call->owner, timed_of(call), outcome, 1);
	if (call->history & STAY__HISTORY_NAMED)
		stay__recorded_over(call, status, outcome);
}

/* End the call's deadline and token; its outcome is kept. */
static void
decide_call(
    struct stay__call *call, enum stay_status status, enum stay_outcome outcome)
{
	call->stage = STAY__CALL_OVER;
	call->outcome = (uint8_t)outcome;
	call->owner->outcomes[outcome]++;
	if (call->history & STAY__HISTORY_WATCHED)
		tell_watchers(call, status, outcome);
	stay__call_unname(call);
}

static void
tell_soon(struct stay__call *call)
{
	struct stay__calls *calls = call->owner;

	assert(!stay__call_is_untold(call));
	stay__timer_stop(&call->timer);
	call->history |= STAY__HISTORY_UNTOLD;
	calls->untold += stay__call_weight(call);
	stay__list_push(&calls->finished, &call->timer.node);
	stay__loop_run_soon(calls->loop, &calls->finisher);
}

void
stay__call_finish(
    struct stay__call *call, enum stay_status status, enum stay_outcome outcome)
{
	struct stay__calls *calls = call->owner;

	decide_call(call, status, outcome);
	calls->outcomes[outcome] += stay__call_weight(call) - 1;
	call->status = (uint8_t)status;
	tell_soon(call);
}

/* A completed call may still be a tombstone. */
static void
go_behind_done(struct stay__call *call)
{
	stay__list_remove(&call->timer.node);
	call->history &= ~STAY__HISTORY_UNTOLD;
	if (stay__list_is_empty(&call->node))
		give_back(call);
	else
		call->owner->ops->stand(call);
}

bool
stay__calls_tell_some(struct stay__calls *calls)
{
	struct stay__list *node;
	struct stay__call *call;
	uint64_t share;

	if (stay__list_is_empty(&calls->finished))
		return true;
	share = calls->bounds->tell_max;
	while (share-- > 0 &&
	       (node = stay__list_first(&calls->finished)) != NULL) {
		call = stay__call_finished(node);
		calls->untold -= stay__call_weight(call);
		calls->ops->tell(call);
		go_behind_done(call);
	}
	calls->ops->told(calls);
	if (stay__list_is_empty(&calls->finished))
		return true;
	stay__loop_run_soon(calls->loop, &calls->finisher);
	return false;
}

/* ---- the queue ---- */

void
stay__call_weigh(struct stay__call *call)
{
	struct stay__call_counts *counts = &call->owner->counts;
	uint32_t more;

	call->history |= STAY__HISTORY_GROUP;
	more = stay__call_weight(call) - 1;
	counts->submitted += more;
	counts->queued += more;
}

void
stay__call_carry(struct stay__call *call)
{
	call->history |= STAY__HISTORY_BODY;
	call->owner->bodies++;
}

static void
squeeze(struct stay__calls *calls)
{
	struct stay__list *node;
	uint64_t end = calls->sendbuf.committed;

	for (node = calls->queued.next; node != &calls->queued;
	     node = node->next) {
		struct stay__call *call = stay__call_of(node);

		stay__sendbuf_move(&calls->sendbuf, stay__call_span(call), end);
		call->begin = end;
		end = stay__call_end(call);
	}
	stay__sendbuf_cut(&calls->sendbuf, end);
}

void
stay__call_drop(struct stay__call *call, enum stay_status status)
{
	struct stay__calls *calls = call->owner;

	stay__list_remove(&call->node);
	unsuspect(call);
	stay__tagged_go_on(calls);
	calls->counts.queued -= stay__call_weight(call);
	calls->bodies -= stay__call_has_body(call);
	stay__sendbuf_forget(&calls->sendbuf, stay__call_span(call));
	if (stay__sendbuf_is_sparse(&calls->sendbuf))
		squeeze(calls);
	stay__call_finish(call, status, stay__call_unsent(call));
}

void
stay__calls_drop_queue(
    struct stay__calls *calls, uint32_t flags, enum stay_status status)
{
	struct stay__list *node = calls->queued.next;

	while (node != &calls->queued) {
		struct stay__call *call = stay__call_of(node);

		node = node->next;
		if ((call->flags & flags) == flags)
			stay__call_drop(call, status);
	}
}

/* ---- in flight ---- */

static void
unkeep(struct stay__call *call)
{
	if (!(call->history & STAY__HISTORY_KEPT))
		return;
	call->history &= ~STAY__HISTORY_KEPT;
	call->owner->kept--;
}

/* And a group is counted as the one call that others are. */
static void
unmark(struct stay__call *call)
{
	struct stay__call_counts *counts = &call->owner->counts;
	uint32_t more = stay__call_weight(call) - 1;

	unkeep(call);
	unsuspect(call);
	if (call->stage == STAY__CALL_OVER)
		counts->tombstones -= more;
	else
		counts->in_flight -= more;
}

/* Until `done` has run for it, it is over.c that says when nothing more comes. What
 * was let go of may have been acted on. */
static bool
is_to_be_told(const struct stay__call *tombstone)
{
	return stay__call_is_watched(tombstone) &&
	       (tombstone->history & STAY__HISTORY_GIVEN_UP) == 0;
}

static void
end_tombstone(struct stay__call *call)
{
	if (is_to_be_told(call))
		call->owner->tagged->buried(call);
	remove_record(call);
}

/*
 * A reply may come before its request is written whole. The rest of the request
 * is still written, so that the next one begins at a boundary.
 */
static void
take_out(struct stay__call *call)
{
	struct stay__calls *calls = call->owner;

	if (calls->half == call)
		calls->half =
		    stay__call_has_body(call) ? stay__feed_stay(call) : NULL;
	if (call->history &
	    (STAY__HISTORY_KEPT | STAY__HISTORY_SUSPECT | STAY__HISTORY_GROUP))
		unmark(call);
	calls->counts.in_flight_bytes -= call->len;
	if (calls->tagged != NULL)
		stay__tagged_leave(call);
	if (call->stage == STAY__CALL_OVER) {
		calls->counts.tombstones--;
		if (call->history & STAY__HISTORY_LET_GO)
			stay__tagged_acted(call);
	} else if (call->stage == STAY__CALL_CONTROL) {
		stay__tagged_free(call);
		remove_record(call);
	} else {
		calls->counts.in_flight--;
		stay__list_remove(&call->node);
	}
}

void
stay__call_take_out(struct stay__call *call)
{
	bool is_tombstone = call->stage == STAY__CALL_OVER;

	take_out(call);
	if (is_tombstone)
		end_tombstone(call);
}

void
stay__call_take_out_to(struct stay__call *call, struct stay__list *ended)
{
	bool is_tombstone = call->stage == STAY__CALL_OVER;

	take_out(call);
	if (is_tombstone && is_to_be_told(call)) {
		stay__list_remove(&call->node);
		stay__list_push(ended, &call->node);
	} else if (is_tombstone) {
		remove_record(call);
	}
}

void
stay__calls_end_tombstones(struct stay__list *ended)
{
	struct stay__list *node;

	while ((node = stay__list_first(ended)) != NULL)
		end_tombstone(stay__call_of(node));
}

void
stay__call_end_soon(struct stay__call *call)
{
	call->history |= STAY__HISTORY_TOLD | STAY__HISTORY_GIVEN_UP;
	if (!stay__call_is_untold(call))
		tell_soon(call); /* else its `done` is running */
	stay__call_take_out(call);
}

/* Nobody is told of a group's answers before the last one, so that it may still be
 * sent again. */
static void
move_on(struct stay__call *call)
{
	if (!(call->history & STAY__HISTORY_GROUP)) {
		stay__call_touched(call);
		return;
	}
	stay__group_move_on(call->arg);
	if (!(call->flags & STAY_BY_TAG))
		call->tag = stay__group_tag(call->arg);
}

bool
stay__call_answered(struct stay__call *call, bool acted)
{
	if (acted)
		call->history |= STAY__HISTORY_ACTED;
	if (--call->due > 0) {
		move_on(call);
		return true;
	}
	if (call->owner->tagged != NULL &&
	    (call->history & (STAY__HISTORY_ACTED | STAY__HISTORY_WHOLE)) != 0)
		stay__tagged_acted(call);
	stay__call_take_out(call);
	return false;
}

void
stay__call_touched(struct stay__call *call)
{
	call->history |= STAY__HISTORY_ANSWERED;
	unkeep(call);
}

void
stay__call_replied(
    struct stay__call *call, bool refused, enum stay_status status)
{
	enum stay_outcome outcome = STAY_REPLIED;

	if (refused && !(call->history & STAY__HISTORY_ACTED))
		outcome = stay__call_refused(call);
	decide_call(call, status, outcome);
	call->owner->outcomes[outcome] += stay__call_weight(call) - 1;
}

bool
stay__call_reply(struct stay__call *call, bool refused, enum stay_status status)
{
	if (stay__call_answered(call, !refused))
		return true;
	stay__call_replied(call, refused, status);
	return false;
}

void
stay__call_reply_plainly(struct stay__call *call)
{
	struct stay__calls *calls = call->owner;

	calls->kept -= (call->history & STAY__HISTORY_KEPT) != 0;
	calls->counts.in_flight--;
	calls->counts.in_flight_bytes -= call->len;
	stay__list_remove(&call->node);
	decide_call(call, STAY_OK, STAY_REPLIED);
}

void
stay__call_bury(
    struct stay__call *call, enum stay_status status, enum stay_outcome outcome)
{
	struct stay__calls *calls = call->owner;
	uint32_t weight = stay__call_weight(call);

	unkeep(call);
	call->history |= STAY__HISTORY_GIVEN_UP;
	calls->counts.in_flight -= weight;
	calls->counts.tombstones += weight;
	stay__call_finish(call, status, outcome);
}

void
stay__call_let_go(
    struct stay__call *call, enum stay_status status, enum stay_outcome outcome)
{
	stay__tagged_acted(call);
	stay__call_take_out(call);
	call->history |= STAY__HISTORY_LET_GO;
	stay__call_finish(call, status, outcome);
}
