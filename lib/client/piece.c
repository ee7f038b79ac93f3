/*
 * Pieces: bytes of a reply that go to its call as they arrive, of which nothing is kept.
 * Where the reply ends, decode says; what that does to the call is answer.c's.
 */
#include "client/piece.h"

#include "client/answer.h"
#include "client/client.h"
#include "client/swallow.h"
#include "client/tagged.h"

static bool
takes_pieces(const struct stay__call *call)
{
	return call != NULL && (call->flags & STAY_IN_PIECES) != 0;
}

/* The call has let go of its tag. */
static enum stay__flow
take_piece_of_none(struct stay_session *session, const struct stay_frame *frame)
{
	return frame->by_tag &&
		       stay__tagged_is_gone(session->client->calls, frame->tag)
		   ? STAY__GO_ON
		   : stay__session_break(session, STAY_E_PROTOCOL,
			 "a piece of a reply that is taken whole");
}

/* It is no reply that could be held. To settle may have given up the call. */
static void
tell_piece(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay_bytes piece = { session->reading->frame.data + frame->from,
		frame->len - frame->from };

	call->history |= STAY__HISTORY_ACTED;
	stay__call_touched(call);
	session->client->hides = true;
	if (call->stage == STAY__CALL_COMMITTED && piece.len > 0)
		stay__call_extras(call)->piece(call->arg, piece);
	session->client->hides = false;
}

/* Decode is asked once for a piece: what is put off is kept by swallow.c. */
enum stay__flow
stay__piece_take(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call = stay__answer_addressee(session, frame);

	if (call != NULL && !takes_pieces(call))
		return take_piece_of_none(session, frame);
	if (call != NULL && call->stage == STAY__CALL_COMMITTED &&
	    !stay__answer_settle(session, call, frame))
		return stay__swallow_owe_piece(session, frame);
	call = stay__answer_hear(
	    session, stay__answer_addressee(session, frame), frame);
	if (!takes_pieces(call))
		return take_piece_of_none(session, frame);
	tell_piece(session, call, frame);
	return STAY__GO_ON;
}
