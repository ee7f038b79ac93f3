/*
 * Input: bytes are cut into frames, and each frame is handed to its taker before the
 * next one is cut. This file knows neither where the bytes come from nor what they
 * mean, nor what is done with a frame.
 */
#include "client/receive.h"

#include <assert.h>

#include "client/client.h"
#include "client/fault.h"
#include "client/feed.h"
#include "client/frames.h"
#include "client/pause.h"
#include "client/recorded.h"
#include "client/row.h"
#include "client/secure.h"
#include "client/swallow.h"
#include "client/tagged.h"
#include "client/wire.h"

/* Keep the first part of an incomplete frame until more bytes arrive. `why` is what the
 * protocol says of one that is too big; NULL: nothing. */
static enum stay__flow
wait_for_rest(
    struct stay_session *session, size_t len, size_t want, const char *why)
{
	struct stay_client *client = session->client;
	uint64_t max = client->profile->options.reply_bytes_max;

	if (len >= max || want > max ||
	    stay_stream_keep(client->conn, len, want) != STAY_OK)
		return stay__session_break(
		    session, STAY_E_TOO_BIG, why != NULL ? why : stay__too_big);
	session->kept = len;
	return STAY__GO_ON;
}

/* Put off the rest, so that other connections get their turn. */
static enum stay__flow
put_off(struct stay_session *session, size_t len)
{
	session->kept = len;
	return stay_stream_again(session->client->conn, len) == STAY_OK
		   ? STAY__GO_ON
		   : stay__session_break(session, STAY_E_PROTOCOL, NULL);
}

/* What is left when hello waits for something else is kept for it: that the stream
 * has ended is seen all the same. What is left in a pause is put off. */
static enum stay__flow
hold(struct stay_session *session, size_t len)
{
	if (len == 0)
		return STAY__GO_ON;
	if (stay__pause_is_on(session))
		return put_off(session, len);
	return stay__secure_is_on(session)
		   ? stay__secure_refuse_clear(session)
		   : wait_for_rest(session, len, 0, NULL);
}

/* There is no whole frame, or none that could be one. */
static enum stay__flow
take_none(struct stay_session *session, const struct stay_frame *frame,
    size_t len, const char *fault)
{
	if (session->cut_off)
		return STAY__END;
	if (frame->kind == STAY_FRAME_MORE)
		return wait_for_rest(session, len, frame->len, frame->why);
	return stay__session_break(session,
	    fault == stay__too_big || frame->kind == STAY_FRAME_TOO_BIG
		? STAY_E_TOO_BIG
		: STAY_E_PROTOCOL,
	    fault);
}

static inline stay_decode_fn *
cutter_of(const struct stay_session *session)
{
	return session->client->rare->swallow == NULL
		   ? session->client->profile->protocol.top.decode
		   : stay__swallow_next;
}

static inline struct stay_frame
cut(struct stay_session *session, struct stay_bytes bytes)
{
	stay_decode_fn *decode = cutter_of(session);

	return stay__wire_is_on(session->client->loop)
		   ? stay__wire_cut(session, bytes, decode)
		   : decode(session, bytes);
}

/* ---- a delivery ---- */

/* What is left of a delivery, and what has come of it. */
struct round {
	struct stay_bytes bytes;
	uint64_t taken;      /* frames */
	uint64_t generation; /* of the session */
	enum stay__flow flow;
	bool *up; /* whether the greeting was content */
};

static inline void
go_behind(struct round *round, size_t len)
{
	round->bytes.data += len;
	round->bytes.len -= len;
}

/* A callback cannot end the session, but nothing here relies on that. */
static inline bool
goes_on(const struct stay_session *session, struct round *round)
{
	if (session->cut_off)
		round->flow = STAY__END;
	return round->flow != STAY__END &&
	       session->generation == round->generation;
}

/* Take a frame. False: that was all, and round->flow is what it comes to. */
static bool
take_frame(
    struct stay_session *session, struct round *round, struct stay_frame *frame)
{
	struct stay_bytes bytes = round->bytes;
	const char *fault = stay__fault_of(session->client, frame, bytes.len);

	round->taken++;
	if (frame->kind == STAY_FRAME_MORE || fault != NULL) {
		round->flow = take_none(session, frame, bytes.len, fault);
		return false;
	}
	session->reading->frame = (struct stay_bytes){ bytes.data, frame->len };
	round->flow = stay__frame_takers[frame->kind](session, frame);
	session->reading->frame.len = 0;
	if (round->flow == STAY__LATER) {
		round->flow = put_off(session, bytes.len);
		return false;
	}
	if (!goes_on(session, round))
		return false;
	*round->up |= round->flow == STAY__COME_UP;
	go_behind(round, frame->len);
	session->reading->offset += frame->len;
	return true;
}

static bool
take_next(struct stay_session *session, struct round *round)
{
	/* Made here, so that it is not copied. */
	struct stay_frame frame = cut(session, round->bytes);

	return take_frame(session, round, &frame);
}

/* A short way: the protocol itself gives the plain replies that lie there in a row. */
static inline bool
take_given(struct stay_session *session, struct round *round)
{
	size_t before = session->reading->offset;
	uint64_t taken = stay__row_read(session, round->bytes,
	    session->client->profile->options.turn_calls_max - round->taken);

	round->taken += taken;
	go_behind(round, session->reading->offset - before);
	return taken > 0 ? goes_on(session, round) : take_next(session, round);
}

static inline bool
is_usual(const struct stay_frame *frame, size_t len)
{
	return frame->kind == STAY_FRAME_REPLY && !frame->by_tag &&
	       frame->len > 0 && frame->len <= len;
}

static void
end_cut(struct round *round, struct stay__row *row,
    const struct stay_client *client)
{
	round->taken = client->profile->options.turn_calls_max - row->left;
	stay__row_end(row, client->calls);
}

/* The same, if the protocol just cuts. The first frame that is no plain reply is taken
 * like any other, for decode is not asked twice. */
static bool
take_cut(struct stay_session *session, struct round *round)
{
	struct stay_client *client = session->client;
	struct stay__row row;
	bool more = true;

	stay__row_begin(&row, session,
	    client->profile->options.turn_calls_max - round->taken);
	while (more && stay__row_goes_on(session, &row)) {
		struct stay_frame frame =
		    client->profile->protocol.top.decode(session, round->bytes);

		if (!is_usual(&frame, round->bytes.len) ||
		    !stay__row_give(session, &row, frame.len, frame.reply)) {
			end_cut(round, &row, client);
			return take_frame(session, round, &frame);
		}
		go_behind(round, frame.len);
		more = round->bytes.len > 0;
	}
	end_cut(round, &row, client);
	return goes_on(session, round);
}

/* What the sessions of a client without tags have in common with its calls, and what no
 * callback changes: no write is begun in one. */
static inline bool
is_in_order(const struct stay__calls *calls)
{
	return !stay__list_is_empty(&calls->in_flight) &&
	       calls->tagged == NULL && !calls->asks_first &&
	       calls->sealed == UINT64_MAX &&
	       stay__list_is_empty(&calls->refused);
}

static bool
may_answer(const struct stay_session *session)
{
	const struct stay_client *client = session->client;

	return STAY__SHORT_WAYS &&
	       stay__session_state(session) == STAY__SESSION_READY &&
	       session->client->rare->swallow == NULL &&
	       is_in_order(client->calls) && !stay__wire_is_on(client->loop);
}

static inline bool
take_some(struct stay_session *session, struct round *round)
{
	if (!may_answer(session))
		return take_next(session, round);
	return session->client->profile->protocol.session.replies != NULL
		   ? take_given(session, round)
		   : take_cut(session, round);
}

static enum stay__flow
take_all(struct stay_session *session, struct stay_bytes bytes, bool *up)
{
	struct stay_client *client = session->client;
	struct round round = { bytes, 0, session->generation, STAY__GO_ON, up };
	bool more = true;

	while (
	    more && round.bytes.len > 0 && session->pause == STAY__PAUSE_NONE) {
		if (round.taken >= client->profile->options.turn_calls_max)
			return put_off(session, round.bytes.len);
		more = take_some(session, &round);
	}
	return more ? hold(session, round.bytes.len) : round.flow;
}

/* Take one frame after the other. */
static enum stay__flow
take_frames(struct stay_session *session, struct stay_bytes bytes, bool *up)
{
	struct stay__reading reading = { .input = stay__stream_bytes(
					     session->client->conn) };
	enum stay__flow flow;

	session->reading = &reading;
	flow = take_all(session, bytes, up);
	session->reading = (struct stay__reading *)(uintptr_t)&stay__no_reading;
	return flow;
}

/* A server that has refused all it was asked is left; nothing was sent since. If the
 * protocol leaves it as well, it knows better why; and if it was to leave it soon, there
 * is nothing left to do in it. */
static enum stay__flow
leave_who_refuses(struct stay_session *session, enum stay__flow flow)
{
	const struct stay__calls *calls = session->client->calls;

	if (flow != STAY__GO_ON || stay__list_is_empty(&calls->refused) ||
	    !stay__list_is_empty(&calls->in_flight) ||
	    !stay__session_is_ready(session))
		return flow;
	if (session->leave.wished == (uint32_t)session->generation) {
		stay__leave_within(session, 0);
		return flow;
	}
	return stay__session_break(session, STAY_E_NOT_READY,
	    "the server refuses what it is asked to do");
}

void
stay__receive_begin(struct stay_session *session)
{
	session->kept = 0;
}

/* What holds whenever bytes arrive. */
static void
expect_order(const struct stay_client *client, struct stay_bytes bytes)
{
	const struct stay_session *session = &client->session;
	const struct stay__calls *calls = client->calls;

	/* The bytes kept from the last delivery come first. */
	assert(bytes.len >= session->kept);
	/* No callback is reading a frame. */
	assert(session->reading == &stay__no_reading &&
	       !stay__waiters_are_serving(client));
	/* What is half on the wire has a rest; what is kept is in flight. */
	assert(calls->half == NULL || stay__call_has_body(calls->half) ||
	       stay__sendbuf_rest(&calls->sendbuf) > 0);
	assert(calls->kept <= calls->counts.in_flight);
	(void)session;
	(void)calls;
	(void)bytes;
}

struct stay_verdict
stay__receive(struct stay_client *client, struct stay_bytes bytes)
{
	struct stay_session *session = &client->session;
	size_t fresh = bytes.len - session->kept;
	uint64_t replied = client->calls->outcomes[STAY_REPLIED];
	enum stay__flow flow;
	bool up = false;

	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return stay_verdict_noreply();
	expect_order(client, bytes);
	client->traffic.bytes_in += fresh;
	session->kept = 0;
	/* The peer is heard until now: we were busy with its bytes. */
	stay__health_heard(session);
	/* What is over is told before what answers others: by the finisher, so
	 * that there is one share a round. */
	flow = stay__list_is_empty(&client->calls->finished)
		   ? take_frames(session, bytes, &up)
		   : put_off(session, bytes.len);
	stay__recorded_read(
	    client, fresh, client->calls->outcomes[STAY_REPLIED] - replied);
	flow = leave_who_refuses(session, flow);
	stay__remark_tell(session);
	if (flow == STAY__END)
		return stay__session_verdict(session, STAY__END);
	stay__renew_ask(session);
	stay__tagged_go_on(client->calls);
	stay__calls_release(client->calls);
	stay__health_watch(session, false);
	stay__output_ask(client);
	return stay__session_verdict(session, up ? STAY__COME_UP : STAY__GO_ON);
}
