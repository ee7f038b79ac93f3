/*
 * A call is prepared just before its first byte is offered to the stream; of a group
 * every request is, one after the other. If the stream does not take it then, the
 * call stays prepared for this session. This file does not know which calls may be
 * sent.
 */
#include "client/prepare.h"
#include "client/client.h"
#include "client/tagged.h"

/* What the protocol has prepared ends with an `on_over` that names the session and the
 * tag, so there is a place for that before it is asked. */
static enum stay_status
ask(struct stay_session *session, const struct stay__call *call,
    struct stay__span span, uint64_t *tag)
{
	struct stay__tagged *tagged = call->owner->tagged;
	struct iovec bytes =
	    stay__sendbuf_view(&call->owner->sendbuf, span.begin, span.end);
	struct stay_prepare given = { .bytes = bytes.iov_base,
		.len = bytes.iov_len,
		.tag = *tag,
		.flags = call->flags,
		.again = (call->history & STAY__HISTORY_BEGUN) != 0 };
	enum stay_status status;

	if ((call->flags & STAY_BY_TAG) != 0 &&
	    !stay__tags_reserve(&tagged->tags))
		return STAY_E_NOMEM;
	status = tagged->prepare(session, &given);
	*tag = given.tag;
	return status;
}

/* Whether there is a tag to remember. */
static bool
takes_tag(const struct stay__call *call, enum stay_status status)
{
	return status == STAY_OK && (call->flags & STAY_BY_TAG) != 0 &&
	       call->stage == STAY__CALL_QUEUED;
}

static enum stay_status
ask_for_call(struct stay_session *session, struct stay__call *call)
{
	uint64_t tag = call->tag;
	enum stay_status status =
	    ask(session, call, stay__call_span(call), &tag);

	return takes_tag(call, status) ? stay__tagged_give(call, tag) : status;
}

/* ---- groups ---- */

static void
take_back_member(
    struct stay_session *session, struct stay__call *call, uint32_t at)
{
	const struct stay_group *group = call->arg;
	const struct stay__grouped *member = &group->members[at];
	const struct stay_over over = { .keep =
					    stay__client_keep(session->client),
		.config = session->client->profile->config,
		.tag = call->flags & STAY_BY_TAG ? member->given : member->tag,
		.request_tag = member->tag,
		.outcome = STAY_NOT_SENT };

	stay__tagged_free_member(call, at);
	if (call->owner->tagged->unprepare != NULL)
		call->owner->tagged->unprepare(session, &over);
}

/* The first `count` requests are not prepared any more. */
static void
take_back(struct stay_session *session, struct stay__call *call, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		take_back_member(session, call, i);
	call->history &= ~STAY__HISTORY_TAGGED;
}

static enum stay_status
ask_for_member(struct stay_session *session, struct stay__call *call,
    uint32_t at, uint64_t offset)
{
	const struct stay_group *group = call->arg;
	const struct stay__grouped *member = &group->members[at];
	const struct stay__span span = { call->begin + offset,
		call->begin + offset + member->len };
	uint64_t tag = member->tag;
	enum stay_status status = ask(session, call, span, &tag);

	if (!takes_tag(call, status))
		return status;
	status = stay__tagged_give_member(call, at, tag);
	call->owner->tagged->preparing += status == STAY_OK;
	return status;
}

static enum stay_status
ask_for_members(struct stay_session *session, struct stay__call *call)
{
	const struct stay_group *group = call->arg;
	enum stay_status status = STAY_OK;
	uint64_t offset = 0;
	uint32_t at = 0;

	for (; at < group->count; at++) {
		status = ask_for_member(session, call, at, offset);
		if (status != STAY_OK || call->stage != STAY__CALL_QUEUED)
			break;
		offset += group->members[at].len;
	}
	if (at < group->count)
		take_back(session, call, at);
	return status;
}

/* All of them, or none. */
static enum stay_status
ask_for_group(struct stay_session *session, struct stay__call *call)
{
	struct stay__tagged *tagged = call->owner->tagged;
	enum stay_status status;

	tagged->lacks = false;
	status = ask_for_members(session, call);
	tagged->preparing = 0;
	return status == STAY_E_FULL && tagged->lacks ? STAY_E_TOO_BIG : status;
}

/* ---- both ---- */

static enum stay_status
ask_for(struct stay_session *session, struct stay__call *call)
{
	if (call->owner->tagged->prepare == NULL)
		return STAY_OK;
	return call->history & STAY__HISTORY_GROUP
		   ? ask_for_group(session, call)
		   : ask_for_call(session, call);
}

enum stay__prepared
stay__prepare(struct stay_session *session, struct stay__call *call)
{
	enum stay_status status;

	if (call->history & STAY__HISTORY_HERE)
		return STAY__PREPARE_DONE;
	status = ask_for(session, call);
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
