/*
 * Input: bytes are cut into frames, and each frame is handed to its taker before the
 * next one is cut. This file knows neither where the bytes come from nor what they
 * mean, nor what is done with a frame.
 */
#include <stay/direct.h>
#include <stay/observer.h>

#include "client/answer.h"
#include "client/client.h"
#include "client/feed.h"
#include "client/frames.h"
#include "client/last.h"
#include "client/pause.h"
#include "client/recorded.h"
#include "client/secure.h"
#include "client/swallow.h"
#include "client/tagged.h"
#include "client/timed.h"
#include "client/wire.h"

/* One more of the replies that the same bytes stand for. Each is taken from a call, so
 * that there is an end to them. */
static bool
may_be_empty(const struct stay_client *client, const struct stay_frame *frame)
{
	return frame->by_tag &&
	       stay__frame_takers[frame->kind] == stay__answer_take &&
	       !stay__session_is_greeting(&client->session);
}

static const char *
fault_of_len(struct stay_client *client, struct stay_frame *frame, size_t len)
{
	if (frame->kind == STAY_FRAME_TOO_BIG && frame->len > 0)
		return stay__swallow_rest(&client->session, frame, len);
	return frame->len == 0 && may_be_empty(client, frame)
		   ? NULL
		   : "a frame of an impossible length";
}

/* What is wrong with its length; NULL: nothing. */
static inline const char *
fault_of_bytes(struct stay_client *client, struct stay_frame *frame, size_t len)
{
	if (frame->len > len || frame->len == 0)
		return fault_of_len(client, frame, len);
	if (frame->kind == STAY_FRAME_PIECE)
		return frame->from > frame->len
			   ? "a piece that begins behind its end"
			   : NULL;
	if (frame->len > client->profile->options.reply_bytes_max &&
	    frame->kind != STAY_FRAME_SWALLOW &&
	    frame->kind != STAY_FRAME_TOO_BIG)
		return stay__too_big;
	return NULL;
}

/* Of a frame that is the last of its session; or of no kind. */
static __attribute__((noinline)) const char *
fault_of_last(struct stay_client *client, struct stay_frame *frame, size_t len)
{
	const char *fault = stay__last_fault(&client->session, frame);
	struct stay_frame plain = stay__last_plain(frame);

	if (fault != NULL)
		return fault;
	fault = fault_of_bytes(client, &plain, len);
	if (plain.kind == STAY_FRAME_SWALLOW)
		stay__swallow_is_last(&client->session);
	if (plain.kind == STAY_FRAME_SWALLOW || fault != NULL)
		*frame = plain;
	return fault;
}

/* What is wrong with a frame in any case; NULL: nothing. One that is too big becomes
 * what is there of it. */
static const char *
fault_of(struct stay_client *client, struct stay_frame *frame, size_t len)
{
	if (frame->kind == STAY_FRAME_BAD)
		return frame->why != NULL ? frame->why
					  : stay_strerror(STAY_E_PROTOCOL);
	if ((size_t)frame->kind >= STAY__FRAME_KINDS)
		return fault_of_last(client, frame, len);
	return fault_of_bytes(client, frame, len);
}

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

/* ---- replies in a row ---- */

/* Replies in a row, while the slot `replies` runs. */
struct stay__row {
	uint64_t left; /* how many more this turn may take */
	size_t len_max;
	const struct stay_observer *observer; /* it wants no trace */
	struct stay_result result;
	uint64_t
	    timed; /* calls that are told, and not yet counted as timed... */
	struct stay__timed alike; /* ...are all like this */
};

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

/* Of calls that were accepted at the same time, and are called the same, how long they
 * took is counted once. */
static void
end_timed(struct stay__row *row, const struct stay__calls *calls)
{
	if (row->timed > 0)
		stay__timed_end(calls, row->alike, STAY_REPLIED, row->timed);
	row->timed = 0;
}

/* Functions of their own, so that who counts nothing pays for no more than one test, and
 * who counts for no more than two. */
static __attribute__((noinline)) bool
begin_timed(struct stay__row *row, const struct stay__call *call)
{
	end_timed(row, call->owner);
	row->alike =
	    (struct stay__timed){ stay__call_since(call), call->tag, false };
	row->timed = 1;
	return true;
}

static __attribute__((noinline)) bool
is_rarely_watched(struct stay__row *row, const struct stay__call *call)
{
	if ((call->history & STAY__HISTORY_SPECIAL) != 0)
		return false;
	if ((call->history & STAY__HISTORY_NAMED) != 0)
		stay__recorded_over(call, STAY_OK, STAY_REPLIED);
	return (call->history & STAY__HISTORY_TIMED) == 0 ||
	       begin_timed(row, call);
}

/* Mostly it is just timed, and has no extras. */
static __attribute__((noinline)) bool
is_just_watched(struct stay__row *row, const struct stay__call *call)
{
	if ((call->history & (STAY__HISTORY_SPECIAL | STAY__HISTORY_NAMED |
				 STAY__HISTORY_EXTRAS)) != 0)
		return is_rarely_watched(row, call);
	if (row->timed == 0 || row->alike.since != call->since ||
	    row->alike.tag != call->tag)
		return begin_timed(row, call);
	row->timed++;
	return true;
}

/* What is alike is set when there is something. */
static inline void
begin_row(
    struct stay__row *row, const struct stay_session *session, uint64_t max)
{
	const struct stay_client *client = session->client;

	row->left = max;
	row->timed = 0;
	row->observer = client->loop->observer;
	row->len_max = client->profile->options.reply_bytes_max;
	row->result = (struct stay_result){ STAY_OK, STAY_REPLIED, NULL, "ok",
		session->generation };
}

/* Let the slot `replies` give what it finds in `bytes`, but no more than `max`. Returns
 * how many it has given; session->reading->offset is behind them. */
static uint64_t
give_row(struct stay_session *session, struct stay_bytes bytes, uint64_t max)
{
	const struct stay_client *client = session->client;
	struct stay__row row;

	begin_row(&row, session, max);
	client->calls->row = &row;
	client->profile->protocol.session.replies(session, bytes);
	client->calls->row = NULL;
	end_timed(&row, client->calls);
	return max - row.left;
}

/* Whether nobody is to look at the next frame first. */
static inline bool
may_go_on(const struct stay_session *session, const struct stay__row *row)
{
	return row->left > 0 && !session->cut_off &&
	       session->pause == STAY__PAUSE_NONE &&
	       session->client->loop->observer == row->observer;
}

/* In order, it is the oldest that is answered. There may be more to it. */
static inline bool
is_oldest(const struct stay__calls *calls, const struct stay__call *call)
{
	return &call->node != &calls->in_flight &&
	       call->stage == STAY__CALL_COMMITTED && call->due == 1 &&
	       call != calls->half && call->done != NULL;
}

/* There is no more to it. */
static inline bool
is_plain(struct stay__row *row, const struct stay__call *call)
{
	return (call->history &
		   (STAY__HISTORY_SPECIAL | STAY__HISTORY_WATCHED)) == 0 ||
	       is_just_watched(row, call);
}

/* Inline, for it is run by two short ways, once a reply. */
static inline __attribute__((always_inline)) bool
give(struct stay_session *session, struct stay__row *row, size_t len,
    const void *reply)
{
	struct stay__reading *reading = session->reading;
	struct stay__calls *calls = session->client->calls;
	struct stay__call *call = stay__call_of(calls->in_flight.next);

	if (len > row->len_max || !is_oldest(calls, call) ||
	    !is_plain(row, call))
		return false;
	row->left--;
	row->result.reply = reply;
	reading->frame =
	    (struct stay_bytes){ reading->input + reading->offset, len };
	stay__call_end_plainly(calls, call);
	call->done(call->arg, &row->result);
	stay__call_spare(calls, call);
	reading->frame.len = 0;
	reading->offset += len;
	return true;
}

bool
stay_session_reply(struct stay_session *session, size_t len, const void *reply)
{
	struct stay__row *row = session->client->calls->row;

	assert(row != NULL);
	assert(len > 0);
	return may_go_on(session, row) && give(session, row, len, reply);
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
	const char *fault = fault_of(session->client, frame, bytes.len);

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
	uint64_t taken = give_row(session, round->bytes,
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
	end_timed(row, client->calls);
}

/* The same, if the protocol just cuts. The first frame that is no plain reply is taken
 * like any other, for decode is not asked twice. */
static bool
take_cut(struct stay_session *session, struct round *round)
{
	struct stay_client *client = session->client;
	struct stay__row row;
	bool more = true;

	begin_row(&row, session,
	    client->profile->options.turn_calls_max - round->taken);
	while (more && may_go_on(session, &row)) {
		struct stay_frame frame =
		    client->profile->protocol.top.decode(session, round->bytes);

		if (!is_usual(&frame, round->bytes.len) ||
		    !give(session, &row, frame.len, frame.reply)) {
			end_cut(round, &row, client);
			return take_frame(session, round, &frame);
		}
		go_behind(round, frame.len);
		more = round->bytes.len > 0;
	}
	end_cut(round, &row, client);
	return goes_on(session, round);
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
 * protocol leaves it as well, it knows better why. */
static enum stay__flow
leave_who_refuses(struct stay_session *session, enum stay__flow flow)
{
	const struct stay__calls *calls = session->client->calls;

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

/* ---- the end of the stream ---- */

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

struct stay_verdict
stay__receive_end(struct stay_client *client)
{
	struct stay_session *session = &client->session;
	struct stay__reading reading = { .input =
					     stay__stream_bytes(client->conn) };
	struct stay_bytes rest = { reading.input, session->kept };
	enum stay__flow flow;

	if (!may_end_answer(client))
		return stay_verdict_noreply();
	if (rest.len == 0)
		rest.data = "";
	session->reading = &reading;
	flow = cut_end(session, rest);
	session->reading = (struct stay__reading *)(uintptr_t)&stay__no_reading;
	stay__remark_tell(session);
	return stay__session_verdict(session, flow);
}
