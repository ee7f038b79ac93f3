/*
 * Replies that bytes of the control lane expect: records among the calls in flight,
 * which are no calls. What these bytes say is the protocol's.
 */
#include "client/calls.h"
#include "client/tagged.h"

static struct stay__call *
take_control(struct stay__calls *calls, unsigned replies, uint8_t flags)
{
	struct stay__call *call = stay__call_take(calls);

	if (call == NULL)
		return NULL;
	call->stage = STAY__CALL_CONTROL;
	call->due = replies;
	call->flags = flags;
	call->begin = calls->sendbuf.committed;
	call->len = 0;
	return call;
}

static void
send_control(struct stay__call *call)
{
	stay__list_push(&call->owner->in_flight, &call->node);
	if (call->owner->tagged != NULL)
		stay__tagged_enter(call);
}

static bool
is_untagged_control(const struct stay__call *call)
{
	return call->stage == STAY__CALL_CONTROL &&
	       (call->flags & STAY_BY_TAG) == 0;
}

enum stay_status
stay__calls_expect(struct stay__calls *calls, unsigned replies)
{
	struct stay__list *last = calls->in_flight.prev;
	struct stay__call *call;

	if (last != &calls->in_flight &&
	    is_untagged_control(stay__call_of(last))) {
		call = stay__call_of(last);
		if (replies > UINT32_MAX - call->due)
			return STAY_E_FULL;
		call->due += replies;
		return STAY_OK;
	}
	call = take_control(calls, replies, 0);
	if (call == NULL)
		return STAY_E_NOMEM;
	send_control(call);
	return STAY_OK;
}

enum stay_status
stay__calls_expect_tagged(
    struct stay__calls *calls, unsigned replies, uint64_t tag)
{
	struct stay__call *call = take_control(calls, replies, STAY_BY_TAG);
	enum stay_status status;

	if (call == NULL)
		return STAY_E_NOMEM;
	call->tag = tag;
	status = stay__tagged_give(call, tag);
	if (status == STAY_OK)
		send_control(call);
	else
		stay__call_give(call->owner, call);
	return status;
}
