/*
 * A frame of each kind, and who takes it. What replies do to their calls is answer.c's,
 * and what of a frame is there at all is fault.c's.
 */
#include "client/frames.h"

#include "client/answer.h"
#include "client/client.h"
#include "client/last.h"
#include "client/piece.h"
#include "client/swallow.h"

const char stay__too_big[] = "a frame larger than reply_bytes_max";

/* A push that names a tag is a step of its call, whoever hears it. */
static void
take_step(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call = stay__answer_addressee(session, frame);

	if (call == NULL || call->stage != STAY__CALL_COMMITTED)
		return;
	call->history |= STAY__HISTORY_ACTED;
	stay__call_touched(call);
}

static enum stay__flow
take_push(struct stay_session *session, const struct stay_frame *frame)
{
	session->client->traffic.pushes++;
	if (frame->by_tag)
		take_step(session, frame);
	stay__slot_run(
	    session, session->client->profile->protocol.top.on_push, frame);
	return STAY__GO_ON;
}

static enum stay__flow
take_answering_push(
    struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__call *call = stay__answer_addressee(session, frame);

	if (!stay__session_is_greeting(session) && call != NULL &&
	    !stay__answer_settle(session, call, frame))
		return STAY__LATER; /* the push comes again with it */
	take_push(session, frame);
	return stay__answer_take(session, frame);
}

static enum stay__flow
take_aside(struct stay_session *session, const struct stay_frame *frame)
{
	stay__slot_run(session,
	    session->client->profile->protocol.session.on_aside, frame);
	return STAY__GO_ON;
}

static enum stay__flow
take_skip(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return STAY__GO_ON;
}

static enum stay__flow
take_swallow(struct stay_session *session, const struct stay_frame *frame)
{
	return stay__session_is_greeting(session)
		   ? stay__session_break(session, STAY_E_TOO_BIG, stay__too_big)
		   : stay__swallow_take(session, frame);
}

static enum stay__flow
take_too_big(struct stay_session *session, const struct stay_frame *frame)
{
	enum stay__flow flow;

	if (stay__session_is_greeting(session))
		return stay__session_break(
		    session, STAY_E_TOO_BIG, stay__too_big);
	flow = stay__swallow_last(session, frame);
	if (flow == STAY__GO_ON)
		flow = stay__answer_take(session, frame);
	if (flow == STAY__LATER)
		return stay__swallow_owe(session, frame);
	stay__swallow_end(session);
	return flow;
}

static enum stay__flow
take_bad(struct stay_session *session, const struct stay_frame *frame)
{
	return stay__session_break(session, STAY_E_PROTOCOL, frame->why);
}

/* As it is without that; then the session is over. */
static enum stay__flow
take_last(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_frame plain = stay__last_plain(frame);
	uint64_t answers = stay__last_answers(session);
	enum stay__flow flow = stay__frame_takers[plain.kind](session, &plain);

	if (flow != STAY__LATER)
		return stay__last_end(session, answers);
	if (plain.kind == STAY_FRAME_TOO_BIG)
		stay__swallow_is_last(session);
	return flow;
}

stay__frame_fn *const stay__frame_takers[STAY__FRAME_TAKERS] = {
	[STAY_FRAME_MORE] = take_bad, /* never run */
	[STAY_FRAME_REPLY] = stay__answer_take,
	[STAY_FRAME_ERROR] = stay__answer_take,
	[STAY_FRAME_REFUSED] = stay__answer_take,
	[STAY_FRAME_REFUSED_FOR_GOOD] = stay__answer_take,
	[STAY_FRAME_PART] = stay__answer_take_part,
	[STAY_FRAME_PIECE] = stay__piece_take,
	[STAY_FRAME_PUSH] = take_push,
	[STAY_FRAME_ANSWERING_PUSH] = take_answering_push,
	[STAY_FRAME_ASIDE] = take_aside,
	[STAY_FRAME_SKIP] = take_skip,
	[STAY_FRAME_SWALLOW] = take_swallow,
	[STAY_FRAME_TOO_BIG] = take_too_big,
	[STAY_FRAME_BAD] = take_bad,
	[STAY_FRAME_UNACTED] = stay__answer_take,

	[STAY_FRAME_LAST | STAY_FRAME_REPLY] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_ERROR] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_REFUSED] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_REFUSED_FOR_GOOD] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_PUSH] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_ANSWERING_PUSH] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_ASIDE] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_SKIP] = take_last,
	[STAY_FRAME_LAST | STAY_FRAME_TOO_BIG] = take_last,
};
