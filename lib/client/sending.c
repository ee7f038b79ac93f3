/*
 * How calls leave: one by one or the whole queue, in parts or whole, through a filter
 * or not; and when their bytes are needed no more. This file writes nothing itself.
 */
#include <assert.h>

#include "client/calls.h"
#include "client/feed.h"
#include "client/recorded.h"
#include "client/resend.h"
#include "client/tagged.h"

/* A request that has no reply is completed as soon as it is written. A filter may say
 * so of its bytes when a later call is answered already. */
static void
leave_whole(struct stay__call *call)
{
	bool is_told = call->stage == STAY__CALL_OVER;

	stay__mark_raise(&call->owner->unanswered, call->begin);
	stay__call_take_out(call);
	if (!is_told)
		stay__call_finish(call, STAY_OK, STAY_SENT);
}

/* Move the first record of one list to the end of the other. */
static void
move_to_flight(struct stay__calls *calls, struct stay__list *node)
{
	calls->queued.next = node->next;
	node->next->prev = &calls->queued;
	stay__list_push(&calls->in_flight, node);
	if (calls->tagged != NULL)
		stay__tagged_enter(stay__call_of(node));
}

/* It is sent again, or somebody may ask for its story. */
static __attribute__((noinline)) void
note_sending(struct stay__calls *calls, const struct stay__call *call)
{
	if (call->history & (STAY__HISTORY_WHOLE | STAY__HISTORY_REFUSED))
		calls->counts.resent++;
	if (call->history & STAY__HISTORY_NAMED)
		stay__recorded_sent(call);
}

/* Its first byte is on the wire; its bytes may be needed for sending it again. */
static inline void
begin_call(struct stay__calls *calls, struct stay__call *call, uint32_t now_ms)
{
	call->stage = STAY__CALL_COMMITTED;
	call->sent_ms = now_ms;
	call->session = (uint32_t)calls->session;
	if (call->history &
	    (STAY__HISTORY_WHOLE | STAY__HISTORY_REFUSED | STAY__HISTORY_NAMED))
		note_sending(calls, call);
	call->history |= STAY__HISTORY_BEGUN | STAY__HISTORY_HERE;
	if (stay__call_is_worth_keeping(call, calls->bounds)) {
		call->history |= STAY__HISTORY_KEPT;
		calls->kept++;
	}
	if (call->due == 0 ||
	    (call->flags & (STAY_BLOCKS | STAY_MAY_GO_UNANSWERED)) != 0) {
		calls->unawaited = call->begin;
		calls->has_blocked |= (call->flags & STAY_BLOCKS) != 0;
	}
}

/* As stay__call_commit for one after the other, but counted once. */
void
stay__calls_commit_queue(struct stay__calls *calls)
{
	struct stay__sendbuf *sendbuf = &calls->sendbuf;
	struct stay__list *node = calls->queued.next;
	struct stay__span all = { sendbuf->committed,
		stay__sendbuf_end(sendbuf) };
	uint32_t now_ms = stay__call_clock(stay__loop_now(calls->loop));

	assert(stay__list_is_empty(&calls->refused) && calls->half == NULL);
	assert(calls->tagged == NULL);
	calls->counts.in_flight += calls->counts.queued;
	calls->counts.in_flight_bytes += sendbuf->live;
	calls->counts.queued = 0;
	stay__sendbuf_commit(sendbuf, all);
	stay__sendbuf_wrote(sendbuf, (size_t)stay__span_len(all));
	while (node != &calls->queued) {
		struct stay__call *call = stay__call_of(node);

		node = node->next;
		begin_call(calls, call, now_ms);
		if (call->due == 0)
			leave_whole(call);
	}
	stay__list_append_all(&calls->in_flight, &calls->queued);
}

void
stay__call_commit(struct stay__call *call, size_t len)
{
	struct stay__calls *calls = call->owner;
	uint32_t weight = stay__call_weight(call);

	assert(calls->queued.next == &call->node);
	move_to_flight(calls, &call->node);
	begin_call(calls, call, stay__call_clock(stay__loop_now(calls->loop)));
	calls->counts.queued -= weight;
	calls->counts.in_flight += weight;
	calls->counts.in_flight_bytes += call->len;
	stay__sendbuf_commit(&calls->sendbuf, stay__call_span(call));
	stay__sendbuf_wrote(&calls->sendbuf, len);
	calls->bodies -= stay__call_has_body(call);
	if (stay__sendbuf_rest(&calls->sendbuf) > 0 ||
	    stay__call_has_body(call))
		calls->half = call;
	else if (call->due == 0 && stay__call_is_whole(call))
		leave_whole(call);
}

void
stay__call_whole(struct stay__calls *calls)
{
	struct stay__call *call = calls->half;

	if (call != NULL && stay__call_has_body(call)) {
		if (!stay__feed_is_whole(call->arg))
			return;
		stay__feed_leave(call);
	}
	calls->half = NULL;
	if (call != NULL && call->due == 0 && stay__call_is_whole(call))
		leave_whole(call);
}

void
stay__call_is_sealed(struct stay__call *call)
{
	if (call->begin < call->owner->sealed)
		call->owner->sealed = call->begin;
}

void
stay__calls_unseal(struct stay__calls *calls)
{
	struct stay__list *node = calls->in_flight.prev, *next;

	if (calls->sealed == UINT64_MAX)
		return;
	while (node != &calls->in_flight &&
	       stay__call_of(node)->begin >= calls->sealed)
		node = node->prev;
	calls->sealed = UINT64_MAX;
	for (node = node->next; node != &calls->in_flight; node = next) {
		struct stay__call *call = stay__call_of(node);

		next = node->next;
		if (call->due == 0 && call != calls->half)
			leave_whole(call);
	}
}

/* ---- the bytes ---- */

/* The oldest call whose bytes are kept; NULL: none are. With tags a call may be
 * refused before an older one is answered. */
static const struct stay__call *
first_kept(const struct stay__calls *calls)
{
	const struct stay__call *sent =
	    calls->kept > 0 ? stay__call_of(calls->in_flight.next) : NULL;
	const struct stay__call *refused;

	if (stay__list_is_empty(&calls->refused))
		return sent;
	refused = stay__call_of(calls->refused.next);
	return sent != NULL && sent->begin < refused->begin ? sent : refused;
}

/*
 * Bytes on the wire are not needed any more, with three exceptions: the request that is
 * half on the wire; what a filter still has; and, while any call in flight may be sent
 * again, all bytes from the oldest call in flight on.
 */
void
stay__calls_release(struct stay__calls *calls)
{
	const struct stay__call *first;
	uint64_t to = calls->sendbuf.wire;

	if (calls->tagged != NULL && calls->kept > 0)
		stay__tagged_squeeze(calls);
	first = first_kept(calls);
	if (calls->half != NULL)
		to = calls->half->begin;
	if (calls->sealed < to)
		to = calls->sealed;
	if (first != NULL && first->begin < to)
		to = first->begin;
	if (to > calls->sendbuf.base)
		stay__sendbuf_release(&calls->sendbuf, to);
}
