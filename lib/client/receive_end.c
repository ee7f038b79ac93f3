/* The end of the stream, which may be the end of an answer. */
#include "client/answer.h"
#include "client/client.h"
#include "client/frames.h"
#include "client/last.h"
#include "client/pause.h"
#include "client/receive.h"
#include "client/remark.h"
#include "client/swallow.h"

/* A reset, or half a frame, is the end of nothing. */
static bool
may_end_answer(const struct stay_client *client)
{
	const struct stay_session *session = &client->session;

	return (stay__session_state(session) == STAY__SESSION_READY ||
		   stay__session_state(session) == STAY__SESSION_LEAVING) &&
	       session->condemned == STAY_OK &&
	       !stay__list_is_empty(&client->calls->in_flight) &&
	       !stay__pause_is_on(session) &&
	       !stay__swallow_is_short(session) &&
	       stay__stream_ended_in_order(client->conn);
}

/* It is of all that is left. */
static const char *
fault_of_end(const struct stay_frame *frame, size_t len)
{
	if (frame->kind == STAY_FRAME_BAD)
		return frame->why;
	if ((size_t)frame->kind >= STAY__FRAME_KINDS ||
	    (stay__frame_takers[frame->kind] != stay__answer_take &&
		frame->kind != STAY_FRAME_TOO_BIG))
		return "the end of the stream is a frame that is no answer";
	return frame->len != len
		   ? "the end of the stream is not the end of its frame"
		   : NULL;
}

/* Nothing else is to come: what is told before it is told at once. */
static enum stay__flow
take_end(struct stay_session *session, const struct stay_frame *frame)
{
	enum stay__flow flow;

	do
		flow = stay__frame_takers[frame->kind](session, frame);
	while (flow == STAY__LATER);
	return flow;
}

static enum stay__flow
cut_end(struct stay_session *session, struct stay_bytes rest)
{
	struct stay_frame frame =
	    session->client->profile->protocol.session.at_end(session, rest);
	const char *fault;

	if (session->cut_off || frame.kind == STAY_FRAME_MORE)
		return session->cut_off ? STAY__END : STAY__GO_ON;
	frame = stay__last_plain(&frame);
	fault = fault_of_end(&frame, rest.len);
	if (fault != NULL || frame.kind == STAY_FRAME_BAD)
		return stay__session_break(session, STAY_E_PROTOCOL, fault);
	session->reading->frame = rest;
	frame = stay_frame_last(frame);
	return take_end(session, &frame);
}

static enum stay__flow
read_end(struct stay_session *session)
{
	struct stay__reading reading = { .input = stay__stream_bytes(
					     session->client->conn) };
	struct stay_bytes rest = { reading.input, session->kept };
	enum stay__flow flow;

	if (rest.len == 0)
		rest.data = "";
	session->reading = &reading;
	flow = cut_end(session, rest);
	session->reading = (struct stay__reading *)(uintptr_t)&stay__no_reading;
	return flow;
}

struct stay_verdict
stay__receive_end(struct stay_client *client)
{
	struct stay_session *session = &client->session;
	enum stay__flow flow;

	/* What is over is told before what answers others, as in a delivery; and no
	 * other turn comes. */
	while (may_end_answer(client) && !stay__calls_tell_some(client->calls))
		continue;
	if (!may_end_answer(client))
		return stay_verdict_noreply();
	flow = read_end(session);
	stay__remark_tell(session);
	return stay__session_verdict(session, flow);
}
