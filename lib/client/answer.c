/*
 * What a reply does to the record that it is for: a call is told, a tombstone goes, the
 * control lane has its answer, a greeting goes on. This file knows neither the bytes nor
 * the other kinds of frames.
 */
#include "client/answer.h"

#include "base/text.h"
#include "client/client.h"
#include "client/complete.h"
#include "client/frames.h"
#include "client/over.h"
#include "client/resend.h"
#include "client/tagged.h"

/* Bytes of a sentence about an error of the server. */
#define WHY_MAX 1024

static bool
is_refusal(const struct stay_frame *frame)
{
	return frame->kind == STAY_FRAME_REFUSED ||
	       frame->kind == STAY_FRAME_REFUSED_FOR_GOOD ||
	       frame->kind == STAY_FRAME_UNACTED;
}

/* The server has acted; its reply can't be had. */
static struct stay_result
result_too_big(const struct stay_session *session)
{
	return (struct stay_result){ STAY_E_TOO_BIG, STAY_REPLIED, NULL,
		"larger than its bound: of a reply past reply_bytes_max, or "
		"past a bound of its protocol, nothing is kept",
		session->generation };
}

static struct stay_result
result_of(const struct stay_session *session, const struct stay_frame *frame)
{
	bool good = frame->kind != STAY_FRAME_ERROR && !is_refusal(frame);
	struct stay_result result = { STAY_OK, STAY_REPLIED, frame->reply, "ok",
		session->generation };

	if (frame->kind == STAY_FRAME_TOO_BIG)
		return result_too_big(session);
	if (good)
		return result;
	result.status = STAY_E_SERVER;
	if (frame->kind == STAY_FRAME_UNACTED)
		result.status = STAY_E_LOST;
	result.why = stay_strerror(result.status);
	if (is_refusal(frame))
		result.outcome = STAY_REFUSED;
	return result;
}

static void
tell_part(const struct stay__call *call, const struct stay_result *result)
{
	stay_done_fn *part = stay__call_extras(call)->part;

	if (part != NULL)
		part(call->arg, result);
}

/* The protocol hears of it first, with what it has noted of the call. */
static void
tell_protocol(struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__tagged *tagged = session->client->calls->tagged;

	if (tagged != NULL && tagged->on_answer != NULL)
		stay__slot_run(session, tagged->on_answer, frame);
}

static bool
may_set_aside(const struct stay__call *call, const struct stay_frame *frame)
{
	if (call->stage != STAY__CALL_COMMITTED)
		return false;
	return frame->kind == STAY_FRAME_UNACTED
		   ? stay__call_may_go_on_now(call)
		   : frame->kind == STAY_FRAME_REFUSED &&
			 stay__call_may_retry_now(call);
}

/* The server has refused the call; it may be sent again. The words of the
 * refusal are kept for its `done`, as far as replies may be held. */
static bool
set_aside(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay_held *words = NULL;

	if (!may_set_aside(call, frame))
		return false;
	if (stay_held_new(session->client, frame->reply, &words) != STAY_OK)
		words = NULL;
	else
		stay__held_keep_words(words, session->client, frame);
	stay__call_set_aside(call, words);
	tell_protocol(session, frame);
	return true;
}

static void
tell_answer(struct stay__call *call, const struct stay_frame *frame,
    struct stay_result *result)
{
	bool refused = is_refusal(frame);

	if (stay__call_reply(call, refused, result->status)) {
		tell_part(call, result);
		return;
	}
	result->outcome = call->outcome;
	if (stay__call_is_watched(call))
		stay__over(call);
	if (result->status == STAY_OK)
		stay__call_strip(call);
	stay__client_tell(call, result);
	stay__call_give(call->owner, call);
}

/* A group is told when all its answers are there. What was kept of them is no part of
 * this frame. */
static void
tell_group(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame, const struct stay_result *result)
{
	bool is_half = !stay__call_is_whole(call);
	struct stay_result answer = *result, all;
	bool is_part;

	if (is_refusal(frame))
		answer.outcome = stay__call_refused(call);
	is_part = stay__group_take(call->arg, &answer, call->due == 1);
	if (stay__call_reply(call, is_refusal(frame),
		call->due == 1 ? stay__group_status(call->arg) : STAY_OK)) {
		if (!is_part || stay__call_extras(call)->part == NULL)
			return;
		stay__call_touched(call);
		tell_part(call, result);
		return;
	}
	all = stay__group_result(call->arg, !is_half);
	all.outcome = call->outcome;
	session->client->hides = true;
	if (stay__call_is_watched(call))
		stay__over(call);
	stay__client_tell(call, &all);
	session->client->hides = false;
	stay_group_free(call->arg);
	stay__call_give(call->owner, call);
}

static void
tell(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame, struct stay_result *result)
{
	if (call->history & STAY__HISTORY_GROUP)
		tell_group(session, call, frame, result);
	else
		tell_answer(call, frame, result);
}

/* A function of its own, so that good answers don't pay for its buffer. */
static void
tell_error(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame, struct stay_result result)
{
	char why[WHY_MAX];
	struct stay__text text = { why, sizeof(why), 0 };

	stay__session_quote(
	    session, &text, (struct stay_bytes){ frame->why, frame->why_len });
	result.why = why;
	tell(session, call, frame, &result);
}

static void
answer_call(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay_result result = result_of(session, frame);

	if (result.status != STAY_E_SERVER)
		tell(session, call, frame, &result);
	else
		tell_error(session, call, frame, result);
}

static enum stay__flow
answer_plainly(struct stay__call *call, const struct stay_frame *frame)
{
	const struct stay_result result = { STAY_OK, STAY_REPLIED, frame->reply,
		"ok", call->owner->session };

	stay__call_reply_plainly(call);
	stay__call_strip(call);
	stay__client_tell(call, &result);
	stay__call_spare(call->owner, call);
	return STAY__GO_ON;
}

/* Its tag is free when on_orphan has run, unless the protocol lets go of it there, or
 * nobody was told yet that it was given up: then over.c frees it. */
static bool
orphan(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	bool is_told = (call->history & STAY__HISTORY_GIVEN_UP) == 0;

	call->history |= STAY__HISTORY_GIVEN_UP;
	stay__slot_run(
	    session, session->client->profile->protocol.call.on_orphan, frame);
	if (is_told)
		call->history &= ~STAY__HISTORY_GIVEN_UP;
	return is_told;
}

static void
answer_watched_tombstone(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	(void)orphan(session, call, frame);
	if (call->history & STAY__HISTORY_LET_GO)
		stay__call_take_out(call);
	else
		stay__call_answered(call, true);
}

/* The same of a group, request by request. */
static void
answer_members_tombstone(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	const struct stay_group *group = call->arg;
	bool is_told = orphan(session, call, frame);
	uint32_t at;

	if (frame->by_tag && !stay__tagged_turn(call, frame->tag)) {
		if (call->due == 0)
			stay__call_take_out(call);
		return;
	}
	at = group->at;
	if (stay__call_answered(call, true) && is_told &&
	    group->members[at].left == 0)
		stay__over_member(call, at);
}

static void
answer_tombstone(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	session->client->traffic.orphans++;
	if (stay__call_is_watched(call) && stay__tagged_hears_members(call)) {
		answer_members_tombstone(session, call, frame);
		return;
	}
	if (stay__call_is_watched(call)) {
		answer_watched_tombstone(session, call, frame);
		return;
	}
	stay__call_answered(call, true);
	stay__slot_run(
	    session, session->client->profile->protocol.call.on_orphan, frame);
}

static void
answer_control(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	stay__call_answered(call, true);
	stay__slot_run(session,
	    session->client->profile->protocol.session.on_control, frame);
}

/*
 * What `call` has now overtaken is told before it. That runs callbacks: the
 * call may be given up in one of them. What they are given is no part of this
 * frame. False: it is more than a turn may take; the frame comes again.
 */
bool
stay__answer_settle(struct stay_session *session, const struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay__calls *calls = session->client->calls;
	bool all;

	if (call->stage == STAY__CALL_CONTROL)
		return true;
	if (!is_refusal(frame))
		calls->asks_first = false;
	if (stay__list_is_empty(&calls->refused) ||
	    stay__call_overtakes_nobody(call) ||
	    (call->stage == STAY__CALL_OVER && is_refusal(frame)))
		return true;
	session->client->hides = true;
	stay__calls_settle_refused(calls, call->begin);
	do
		all = stay__calls_tell_some(calls);
	while (!all && session->cut_off);
	session->client->hides = false;
	return all;
}

/* NULL: nobody waits for it. */
struct stay__call *
stay__answer_addressee(
    const struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__calls *calls = session->client->calls;

	return frame->by_tag ? stay__tagged_find(calls, frame->tag)
			     : stay__calls_oldest(calls);
}

/* Whether it is of a call that was let go of. */
static bool
is_of_gone(const struct stay_session *session, const struct stay_frame *frame)
{
	return frame->by_tag && frame->len > 0 &&
	       stay__tagged_is_gone(session->client->calls, frame->tag);
}

/* The reply of such a call; or of none. */
static enum stay__flow
take_unasked(struct stay_session *session, const struct stay_frame *frame)
{
	if (!is_of_gone(session, frame))
		return stay__session_break(session, STAY_E_UNASKED, NULL);
	session->client->traffic.orphans += frame->kind != STAY_FRAME_PART;
	stay__slot_run(
	    session, session->client->profile->protocol.call.on_orphan, frame);
	return STAY__GO_ON;
}

/* To be asked when nothing puts the frame off any more. The slot may give the call up,
 * or let go of it: NULL. */
struct stay__call *
stay__answer_hear(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	const struct stay__tagged *tagged = session->client->calls->tagged;

	if (tagged == NULL || tagged->on_answer == NULL ||
	    (call == NULL ? !is_of_gone(session, frame)
			  : call->stage == STAY__CALL_CONTROL))
		return call;
	tell_protocol(session, frame);
	return stay__answer_addressee(session, frame);
}

/* While greeting, answers are for hello; whether they were expected is its
 * business, as some servers speak first. */
static enum stay__flow
take_greeting(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call = stay__answer_addressee(session, frame);

	if (call != NULL && frame->kind != STAY_FRAME_PART)
		stay__call_answered(call, true);
	return stay__session_greet(session, frame);
}

/* Of the end of a reply in pieces, decode is not asked again. */
static bool
ends_pieces(const struct stay__call *call)
{
	return call != NULL && (call->flags & STAY_IN_PIECES) != 0 &&
	       (call->history & STAY__HISTORY_ANSWERED) != 0;
}

/* Whether anything was told before an answer by tag. */
static bool
may_be_let_go(
    const struct stay_session *session, const struct stay_frame *frame)
{
	return frame->by_tag &&
	       !stay__list_is_empty(&session->client->calls->refused);
}

/* A request of a group is in turn from now on. */
static void
turn_to(struct stay__call *call, const struct stay_frame *frame)
{
	if (frame->by_tag && (call->history & STAY__HISTORY_GROUP) != 0)
		(void)stay__tagged_turn(call, frame->tag);
}

static void
answer_record(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	turn_to(call, frame);
	if (call->stage == STAY__CALL_COMMITTED)
		answer_call(session, call, frame);
	else if (call->stage == STAY__CALL_OVER)
		answer_tombstone(session, call, frame);
	else
		answer_control(session, call, frame);
}

static enum stay__flow
take_heard(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	call = stay__answer_hear(session, call, frame);
	if (call == NULL)
		return take_unasked(session, frame);
	answer_record(session, call, frame);
	return STAY__GO_ON;
}

/* The general way; a function of its own, so that the short one does not pay for it. */
static __attribute__((noinline)) enum stay__flow
take_any_answer(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	bool looks_again = may_be_let_go(session, frame);
	bool is_once = ends_pieces(call);

	if (call == NULL)
		return take_heard(session, NULL, frame);
	if (set_aside(session, call, frame))
		return STAY__GO_ON;
	if (!stay__answer_settle(session, call, frame) && !is_once)
		return STAY__LATER;
	if (looks_again)
		call = stay__answer_addressee(session, frame);
	return take_heard(session, call, frame);
}

enum stay__flow
stay__answer_take(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call;

	if (stay__session_is_greeting(session))
		return take_greeting(session, frame);
	call = frame->by_tag ? stay__answer_addressee(session, frame)
			     : stay__calls_oldest(session->client->calls);
	if (call != NULL && frame->kind == STAY_FRAME_REPLY &&
	    stay__call_is_plain(call))
		return answer_plainly(call, frame);
	return take_any_answer(session, call, frame);
}

static void
tell_step(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	const struct stay__protocol *protocol =
	    &session->client->profile->protocol;
	struct stay_result result = result_of(session, frame);

	if (call->stage == STAY__CALL_COMMITTED) {
		call->history |= STAY__HISTORY_ACTED;
		stay__call_touched(call);
		tell_part(call, &result);
	} else if (call->stage == STAY__CALL_OVER) {
		stay__slot_run(session, protocol->call.on_orphan, frame);
	} else {
		stay__slot_run(session, protocol->session.on_control, frame);
	}
}

enum stay__flow
stay__answer_take_part(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call;

	if (stay__session_is_greeting(session))
		return take_greeting(session, frame);
	call = stay__answer_addressee(session, frame);
	if (call != NULL && !stay__answer_settle(session, call, frame))
		return STAY__LATER;
	call = stay__answer_hear(
	    session, stay__answer_addressee(session, frame), frame);
	if (call == NULL)
		return take_unasked(session, frame);
	tell_step(session, call, frame);
	return STAY__GO_ON;
}
