/*
 * A call is prepared just before its first byte is offered to the stream. If the
 * stream does not take it then, the call stays prepared for this session. This file
 * does not know which calls may be sent.
 */
#include "client/prepare.h"
#include "client/client.h"
#include "client/tagged.h"

/* What the protocol has prepared ends with an `on_over` that names the session and the
 * tag, so there is a place for that before it is asked. */
static enum stay_status
ask(struct stay_session *session, struct stay__call *call)
{
	struct stay__tagged *tagged = call->owner->tagged;
	struct iovec bytes = stay__sendbuf_view(
	    &call->owner->sendbuf, call->begin, stay__call_end(call));
	struct stay_prepare given = { .bytes = bytes.iov_base,
		.len = bytes.iov_len,
		.tag = call->tag,
		.flags = call->flags,
		.again = (call->history & STAY__HISTORY_BEGUN) != 0 };
	bool by_tag = (call->flags & STAY_BY_TAG) != 0;
	enum stay_status status;

	if (by_tag && !stay__tags_reserve(&tagged->tags))
		return STAY_E_NOMEM;
	status = tagged->prepare(session, &given);
	return status == STAY_OK && by_tag && call->stage == STAY__CALL_QUEUED
		   ? stay__tagged_give(call, given.tag)
		   : status;
}

enum stay__prepared
stay__prepare(struct stay_session *session, struct stay__call *call)
{
	enum stay_status status;

	if (call->history & STAY__HISTORY_HERE)
		return STAY__PREPARE_DONE;
	status =
	    call->owner->tagged->prepare != NULL ? ask(session, call) : STAY_OK;
	if (call->stage != STAY__CALL_QUEUED)
		return STAY__PREPARE_OVER; /* it was given up meanwhile */
	if (status == STAY_OK) {
		call->history |= STAY__HISTORY_HERE;
		return STAY__PREPARE_DONE;
	}
	if (status == STAY_E_FULL) {
		call->owner->tagged->waits = call;
		return STAY__PREPARE_WAITS;
	}
	stay__call_drop(call, status);
	return STAY__PREPARE_OVER;
}
