/*
 * Input: bytes are cut into frames, and each frame is handed to its receiver
 * before the next one is cut. This file knows neither where the bytes come from
 * nor what they mean.
 */
#include "base/text.h"
#include "client/client.h"
#include "client/complete.h"
#include "client/over.h"
#include "client/resend.h"
#include "client/tagged.h"

/* Bytes of a sentence about an error of the server. */
#define WHY_MAX 1024

/* A slot that may use the control lane. */
static void
run_slot(struct stay_session *session, stay_frame_fn *slot,
    const struct stay_frame *frame)
{
	slot(session, frame);
	stay__output_forget(session);
}

/* ---- a call is answered ---- */

static bool
is_refusal(const struct stay_frame *frame)
{
	return frame->kind == STAY_FRAME_REFUSED ||
	       frame->kind == STAY_FRAME_REFUSED_FOR_GOOD;
}

static struct stay_result
result_of(const struct stay_session *session, const struct stay_frame *frame)
{
	bool good = frame->kind != STAY_FRAME_ERROR && !is_refusal(frame);
	struct stay_result result = { STAY_OK, STAY_REPLIED, frame->reply, "ok",
		session->generation };

	if (good)
		return result;
	result.status = STAY_E_SERVER;
	result.why = stay_strerror(STAY_E_SERVER);
	if (is_refusal(frame))
		result.outcome = STAY_REFUSED;
	return result;
}

static void
tell_part(const struct stay__call *call, const struct stay_result *result)
{
	if (call->part != NULL)
		call->part(call->arg, result);
}

/* The server has refused the call; it may be sent again. The words of the
 * refusal are kept for its `done`, as far as replies may be held. */
static bool
set_aside(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay_held *words = NULL;

	if (frame->kind != STAY_FRAME_REFUSED ||
	    call->stage != STAY__CALL_COMMITTED ||
	    !stay__call_may_retry_now(call))
		return false;
	if (stay_held_new(session->client, frame->reply, &words) != STAY_OK)
		words = NULL;
	else
		stay__held_keep_words(words, session->client, frame);
	stay__call_set_aside(call, words);
	return true;
}

static void
tell_answer(struct stay__call *call, const struct stay_frame *frame,
    struct stay_result *result)
{
	bool refused = is_refusal(frame);

	if (stay__call_reply(call, refused)) {
		tell_part(call, result);
		return;
	}
	result->outcome = call->outcome;
	if (call->history & STAY__HISTORY_WATCHED)
		stay__over(call);
	stay__client_tell(call, result);
	stay__call_give(call);
}

/* A group is told when all its answers are there. What was kept of them is no part of
 * this frame. */
static void
tell_group(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame, const struct stay_result *result)
{
	const struct stay_bytes whole = session->reading.frame;
	bool is_half = !stay__call_is_whole(call);
	struct stay_result answer = *result, all;
	bool is_part;

	if (is_refusal(frame))
		answer.outcome = stay__call_refused(call);
	is_part = stay__group_take(call->arg, &answer, call->due == 1);

	if (stay__call_reply(call, is_refusal(frame))) {
		if (!is_part || call->part == NULL)
			return;
		stay__call_touched(call);
		tell_part(call, result);
		return;
	}
	all = stay__group_result(call->arg, !is_half);
	all.outcome = call->outcome;
	session->reading.frame.len = 0;
	stay__client_tell(call, &all);
	session->reading.frame = whole;
	stay_group_free(call->arg);
	stay__call_give(call);
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

	if (result.status == STAY_OK)
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
	stay__client_tell(call, &result);
	stay__call_give(call);
	return STAY__GO_ON;
}

/* Its tag is free when on_orphan has run, unless the protocol lets go of it there. */
static void
answer_watched_tombstone(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	call->history |= STAY__HISTORY_GIVEN_UP;
	run_slot(
	    session, session->client->profile->protocol.call.on_orphan, frame);
	call->history &= (uint16_t)~STAY__HISTORY_GIVEN_UP;
	if (call->history & STAY__HISTORY_LET_GO)
		stay__call_take_out(call);
	else
		stay__call_answered(call, true);
}

static void
answer_tombstone(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	session->client->calls.counts.orphans++;
	if (call->history & STAY__HISTORY_WATCHED) {
		answer_watched_tombstone(session, call, frame);
		return;
	}
	stay__call_answered(call, true);
	run_slot(
	    session, session->client->profile->protocol.call.on_orphan, frame);
}

static void
answer_control(struct stay_session *session, struct stay__call *call,
    const struct stay_frame *frame)
{
	stay__call_answered(call, true);
	run_slot(session, session->client->profile->protocol.session.on_control,
	    frame);
}

/*
 * What `call` has now overtaken is told before it. That runs callbacks: the
 * call may be given up in one of them. What they are given is no part of this
 * frame. False: it is more than a turn may take; the frame comes again.
 */
static bool
settle_refused(struct stay_session *session, const struct stay__call *call,
    const struct stay_frame *frame)
{
	struct stay__calls *calls = &session->client->calls;
	struct stay_bytes whole = session->reading.frame;
	bool all;

	if (call->stage == STAY__CALL_CONTROL)
		return true;
	if (!is_refusal(frame))
		calls->asks_first = false;
	if (stay__list_is_empty(&calls->refused) ||
	    stay__call_overtakes_nobody(call) ||
	    (call->stage == STAY__CALL_OVER && is_refusal(frame)))
		return true;
	session->reading.frame.len = 0;
	stay__calls_settle_refused(calls, call->span.begin);
	all = stay__calls_tell_some(calls);
	session->reading.frame = whole;
	return all;
}

/* ---- a frame of each kind ---- */

typedef enum stay__flow take_frame_fn(
    struct stay_session *session, const struct stay_frame *frame);

/* NULL: nobody waits for it. */
static struct stay__call *
addressee_of(const struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__calls *calls = &session->client->calls;

	return frame->by_tag ? stay__tagged_find(calls, frame->tag)
			     : stay__calls_oldest(calls);
}

/* The reply of a call that was let go of; or of none. */
static enum stay__flow
take_unasked(struct stay_session *session, const struct stay_frame *frame)
{
	if (!frame->by_tag || frame->len == 0 ||
	    !stay__tagged_is_gone(&session->client->calls, frame->tag))
		return stay__session_break(session, STAY_E_UNASKED, NULL);
	session->client->calls.counts.orphans++;
	run_slot(
	    session, session->client->profile->protocol.call.on_orphan, frame);
	return STAY__GO_ON;
}

/* While greeting, answers are for hello; whether they were expected is its
 * business, as some servers speak first. */
static enum stay__flow
take_greeting(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call = addressee_of(session, frame);

	if (call != NULL && frame->kind != STAY_FRAME_PART)
		stay__call_answered(call, true);
	return stay__session_greet(session, frame);
}

static enum stay__flow
take_answer(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call;

	if (stay__session_is_greeting(session))
		return take_greeting(session, frame);
	call = frame->by_tag ? addressee_of(session, frame)
			     : stay__calls_oldest(&session->client->calls);
	if (call == NULL)
		return take_unasked(session, frame);
	if (frame->kind == STAY_FRAME_REPLY && stay__call_is_plain(call))
		return answer_plainly(call, frame);
	if (set_aside(session, call, frame))
		return STAY__GO_ON;
	if (!settle_refused(session, call, frame))
		return STAY__LATER;
	if (call->stage == STAY__CALL_COMMITTED)
		answer_call(session, call, frame);
	else if (call->stage == STAY__CALL_OVER)
		answer_tombstone(session, call, frame);
	else
		answer_control(session, call, frame);
	return STAY__GO_ON;
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
		run_slot(session, protocol->call.on_orphan, frame);
	} else {
		run_slot(session, protocol->session.on_control, frame);
	}
}

static enum stay__flow
take_part(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call;

	if (stay__session_is_greeting(session))
		return take_greeting(session, frame);
	call = addressee_of(session, frame);
	if (call == NULL)
		return take_unasked(session, frame);
	if (!settle_refused(session, call, frame))
		return STAY__LATER;
	tell_step(session, call, frame);
	return STAY__GO_ON;
}

/* A push that names a tag is a step of its call, whoever hears it. */
static void
take_step(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay__call *call = addressee_of(session, frame);

	if (call == NULL || call->stage != STAY__CALL_COMMITTED)
		return;
	call->history |= STAY__HISTORY_ACTED;
	stay__call_touched(call);
}

static enum stay__flow
take_push(struct stay_session *session, const struct stay_frame *frame)
{
	session->client->calls.counts.pushes++;
	if (frame->by_tag)
		take_step(session, frame);
	run_slot(
	    session, session->client->profile->protocol.top.on_push, frame);
	return STAY__GO_ON;
}

static enum stay__flow
take_answering_push(
    struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__call *call = addressee_of(session, frame);

	if (!stay__session_is_greeting(session) && call != NULL &&
	    !settle_refused(session, call, frame))
		return STAY__LATER; /* the push comes again with it */
	take_push(session, frame);
	return take_answer(session, frame);
}

static enum stay__flow
take_aside(struct stay_session *session, const struct stay_frame *frame)
{
	run_slot(session, session->client->profile->protocol.session.on_aside,
	    frame);
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
take_bad(struct stay_session *session, const struct stay_frame *frame)
{
	return stay__session_break(session, STAY_E_PROTOCOL, frame->why);
}

static take_frame_fn *const take_frame[] = {
	[STAY_FRAME_MORE] = take_bad, /* never run */
	[STAY_FRAME_REPLY] = take_answer,
	[STAY_FRAME_ERROR] = take_answer,
	[STAY_FRAME_REFUSED] = take_answer,
	[STAY_FRAME_REFUSED_FOR_GOOD] = take_answer,
	[STAY_FRAME_PART] = take_part,
	[STAY_FRAME_PUSH] = take_push,
	[STAY_FRAME_ANSWERING_PUSH] = take_answering_push,
	[STAY_FRAME_ASIDE] = take_aside,
	[STAY_FRAME_SKIP] = take_skip,
	[STAY_FRAME_BAD] = take_bad,
};

/* ---- the bytes ---- */

static const char too_big[] = "a frame larger than reply_bytes_max";

/* One more of the replies that the same bytes stand for. Each is taken from a call, so
 * that there is an end to them. */
static bool
may_be_empty(const struct stay_client *client, const struct stay_frame *frame)
{
	return frame->by_tag && take_frame[frame->kind] == take_answer &&
	       !stay__session_is_greeting(&client->session);
}

/* What is wrong with a frame in any case; NULL: nothing. */
static const char *
fault_of(const struct stay_client *client, const struct stay_frame *frame,
    size_t len)
{
	if (frame->kind == STAY_FRAME_BAD)
		return frame->why != NULL ? frame->why
					  : stay_strerror(STAY_E_PROTOCOL);
	if ((size_t)frame->kind >= sizeof(take_frame) / sizeof(take_frame[0]))
		return "a frame of an unknown kind";
	if (frame->len > len ||
	    (frame->len == 0 && !may_be_empty(client, frame)))
		return "a frame of an impossible length";
	if (frame->len > client->profile->options.reply_bytes_max)
		return too_big;
	return NULL;
}

/* Keep the first part of an incomplete frame until more bytes arrive. */
static enum stay__flow
wait_for_rest(struct stay_session *session, size_t len, size_t want)
{
	struct stay_client *client = session->client;
	uint64_t max = client->profile->options.reply_bytes_max;

	if (len >= max || want > max ||
	    stay_stream_keep(client->conn, len, want) != STAY_OK)
		return stay__session_break(session, STAY_E_TOO_BIG, too_big);
	session->reading.kept = len;
	return STAY__GO_ON;
}

/* Put off the rest, so that other connections get their turn. */
static enum stay__flow
put_off(struct stay_session *session, size_t len)
{
	session->reading.kept = len;
	return stay_stream_again(session->client->conn, len) == STAY_OK
		   ? STAY__GO_ON
		   : stay__session_break(session, STAY_E_PROTOCOL, NULL);
}

/* What is left when hello waits for something else is kept for it. That the stream
 * has ended is seen all the same. */
static enum stay__flow
hold(struct stay_session *session, size_t len)
{
	return len == 0 ? STAY__GO_ON : wait_for_rest(session, len, 0);
}

/* There is no whole frame, or none that could be one. */
static enum stay__flow
take_none(struct stay_session *session, const struct stay_frame *frame,
    size_t len, const char *fault)
{
	if (session->cut_off)
		return STAY__END;
	if (frame->kind == STAY_FRAME_MORE)
		return wait_for_rest(session, len, frame->len);
	return stay__session_break(session,
	    fault == too_big ? STAY_E_TOO_BIG : STAY_E_PROTOCOL, fault);
}

/*
 * Take one frame after the other. A callback cannot end the session, but
 * nothing here relies on that: the generation is checked after each frame.
 */
static enum stay__flow
take_frames(struct stay_session *session, struct stay_bytes bytes, bool *up)
{
	struct stay_client *client = session->client;
	uint64_t generation = session->generation, taken = 0;
	struct stay_frame frame;
	enum stay__flow flow;
	const char *fault;

	session->reading.input = stay__stream_bytes(client->conn);
	for (session->reading.offset = 0;
	     bytes.len > 0 && !session->waits_later;
	     session->reading.offset += frame.len) {
		if (taken++ >= client->profile->options.turn_calls_max)
			return put_off(session, bytes.len);
		frame = client->profile->protocol.top.decode(session, bytes);
		fault = fault_of(client, &frame, bytes.len);
		if (frame.kind == STAY_FRAME_MORE || fault != NULL)
			return take_none(session, &frame, bytes.len, fault);
		session->reading.frame =
		    (struct stay_bytes){ bytes.data, frame.len };
		flow = take_frame[frame.kind](session, &frame);
		session->reading.frame.len = 0;
		if (flow == STAY__LATER)
			return put_off(session, bytes.len);
		if (session->cut_off)
			return STAY__END;
		if (flow == STAY__END || session->generation != generation)
			return flow;
		*up |= flow == STAY__COME_UP;
		bytes.data += frame.len;
		bytes.len -= frame.len;
	}
	return hold(session, bytes.len);
}

/* A server that has refused all it was asked is left; nothing was sent since. If the
 * protocol leaves it as well, it knows better why. */
static enum stay__flow
leave_who_refuses(struct stay_session *session, enum stay__flow flow)
{
	const struct stay__calls *calls = &session->client->calls;

	if (flow != STAY__GO_ON || stay__list_is_empty(&calls->refused) ||
	    !stay__list_is_empty(&calls->in_flight) ||
	    !stay__session_is_ready(session))
		return flow;
	return stay__session_break(session, STAY_E_NOT_READY,
	    "the server refuses what it is asked to do");
}

void
stay__receive_begin(struct stay_session *session)
{
	session->reading.kept = 0;
}

/* What holds whenever bytes arrive. */
static void
expect_order(const struct stay_client *client, struct stay_bytes bytes)
{
	const struct stay__reading *reading = &client->session.reading;
	const struct stay__calls *calls = &client->calls;

	/* The bytes kept from the last delivery come first. */
	assert(bytes.len >= reading->kept);
	/* No callback is reading a frame. */
	assert(reading->frame.len == 0 && !stay__waiters_are_serving(client));
	/* What is half on the wire has a rest; what is kept is in flight. */
	assert(calls->half == NULL || stay__sendbuf_rest(&calls->sendbuf) > 0);
	assert(calls->kept <= calls->counts.in_flight);
	(void)reading;
	(void)calls;
	(void)bytes;
}

struct stay_verdict
stay__receive(struct stay_client *client, struct stay_bytes bytes)
{
	struct stay_session *session = &client->session;
	size_t fresh = bytes.len - session->reading.kept;
	enum stay__flow flow;
	bool up = false;

	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return stay_verdict_noreply();
	expect_order(client, bytes);
	client->calls.counts.bytes_in += fresh;
	session->reading.kept = 0;
	/* The peer is heard until now: we were busy with its bytes. */
	stay__health_heard(session);
	/* What is over is told before what answers others: by the finisher, so
	 * that there is one share a round. */
	flow = stay__list_is_empty(&client->calls.finished)
		   ? take_frames(session, bytes, &up)
		   : put_off(session, bytes.len);
	flow = leave_who_refuses(session, flow);
	stay__remark_tell(session);
	if (flow == STAY__END)
		return stay__session_verdict(session, STAY__END);
	stay__renew_ask(session);
	stay__tagged_go_on(&client->calls);
	stay__calls_release(&client->calls);
	stay__health_watch(session, false);
	stay__output_ask(client);
	return stay__session_verdict(session, up ? STAY__COME_UP : STAY__GO_ON);
}
