/*
 * stay/frame.h - what decode cuts out of the bytes that arrived.
 *
 * A part of <stay/protocol.h>.
 */
#ifndef STAY_FRAME_H
#define STAY_FRAME_H

#include <stdbool.h>

#include <stay/buf.h>
#include <stay/status.h>

STAY_BEGIN

struct stay_session;

/* What a frame is, and what it does to the oldest call in flight that is answered in
 * order, or to the call whose tag it names. */
enum stay_frame_kind {
	STAY_FRAME_MORE,  /* not whole yet */
	STAY_FRAME_REPLY, /* the call completes with STAY_OK */
	/* It completes with STAY_E_SERVER; the server may have acted */
	STAY_FRAME_ERROR,
	/* It completes with STAY_E_SERVER; the server did not act */
	STAY_FRAME_REFUSED,
	/* The same, and no other session would be told anything else */
	STAY_FRAME_REFUSED_FOR_GOOD,
	STAY_FRAME_PART, /* a part of its reply, as a row; more parts follow */
	/* Bytes of a reply that it takes in pieces; the frame goes on */
	STAY_FRAME_PIECE,
	STAY_FRAME_PUSH, /* nothing: the frame goes to on_push */
	/* The frame goes to on_push, and then it completes with STAY_OK */
	STAY_FRAME_ANSWERING_PUSH,
	STAY_FRAME_ASIDE, /* nothing: the frame goes to on_aside */
	STAY_FRAME_SKIP,  /* nothing: the bytes have no meaning for anyone */
	/* Nothing yet: bytes of a frame that is past a bound */
	STAY_FRAME_SWALLOW,
	/* The end of such a reply: it completes with STAY_E_TOO_BIG */
	STAY_FRAME_TOO_BIG,
	STAY_FRAME_BAD, /* not this protocol: the session ends */
	/* The server has left it to the next session: it is sent again there */
	STAY_FRAME_UNACTED,
	STAY_FRAME_LAST = 16 /* added to one of them, which alone slots see */
};

/* Make it with the functions below, which keep nothing; read it, don't fill it in. A
 * slot is lent it until the slot returns. */
struct stay_frame {
	enum stay_frame_kind kind;
	bool by_tag; /* with_tag */
	size_t len;  /* bytes used; MORE: how many it will be in all, or 0 */
	/* For done, hello, on_push and the like. It is decode's, and so are the
	 * words: they must be good until decode is asked again, so they may lie in
	 * the input, in the session block, or be static. */
	const void *reply;
	/* BAD: what is wrong with the bytes, NUL-terminated; MORE: what the session
	 * ends with if that is more than reply_bytes_max, or NULL; with_text: the
	 * server's words, any bytes. The library copies what it needs of them. */
	const char *why;
	union {
		size_t why_len; /* of the server's words */
		size_t from;    /* PIECE: the bytes in front of it */
	};
	uint64_t tag; /* by_tag */
	uintptr_t reserved[1];
};

/* A frame of a kind that is known at run time; else use the functions below. */
static inline struct stay_frame
stay_frame_of(enum stay_frame_kind kind, size_t len, const void *reply)
{
	struct stay_frame frame = { kind, false, len, reply, NULL, { 0 }, 0,
		{ 0 } };

	return frame;
}

/* The frame is not whole. decode gets the same bytes again, and more behind
 * them. */
static inline struct stay_frame
stay_frame_more(void)
{
	return stay_frame_of(STAY_FRAME_MORE, 0, NULL);
}

/* The same, when it is known that the frame has at least `total` bytes. */
static inline struct stay_frame
stay_frame_more_of(size_t total)
{
	return stay_frame_of(STAY_FRAME_MORE, total, NULL);
}

/*
 * The first `len` bytes are the reply to the oldest call. `reply` must live
 * until `done` returns: it may point into the input, or into the session block,
 * as decode does not run again before that; not to a local variable of decode.
 */
static inline struct stay_frame
stay_frame_reply(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REPLY, len, reply);
}

/* The same, for a reply that is an error; the server may have acted. */
static inline struct stay_frame
stay_frame_error(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_ERROR, len, reply);
}

/* The same, for a reply which says that the server did not act. */
static inline struct stay_frame
stay_frame_refused(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REFUSED, len, reply);
}

/* The same, where it is no use to ask again in another session: the call completes
 * also with STAY_REFUSED_RESEND. */
static inline struct stay_frame
stay_frame_refused_for_good(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REFUSED_FOR_GOOD, len, reply);
}

/*
 * The same, where the server goes away and has left the call to the next session, as
 * HTTP/2 does with all streams above the last one that its GOAWAY names. Calls before
 * it get their answers yet, in this session, which should be left: stay_session_leave.
 * The call goes back to the queue, and is sent in the next session, in its order and
 * whatever its flags, also with STAY_REFUSED_TELL. Nothing more is sent in this one. If
 * it can't go on it completes with STAY_E_LOST as STAY_REFUSED: see stay_frame_last; or
 * it is a request of a group. If the server acts, all the same, on a call that was sent
 * behind it and does not only read, it completes as refused. Only with STAY_LAST_FRAMES
 * among the flags of the protocol: else the session ends with STAY_E_PROTOCOL.
 *
 *	for (i = 0; i < own->live_count; i++)           in decode: a GOAWAY
 *		if (own->live[i] > last_id &&
 *		    stay_session_awaits_tag(session, own->live[i]))
 *			return stay_frame_with_tag(
 *			    stay_frame_unacted(0, NULL), own->live[i]);
 *	return stay_frame_aside(len, goaway);           on_aside leaves the session
 */
static inline struct stay_frame
stay_frame_unacted(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_UNACTED, len, reply);
}

/*
 * A frame of one of the kinds above, with the words of the server: they are
 * the end of `why` in the result of the call. They live as long as the reply;
 * any bytes will do, since they are cut, escaped, and rid of the login's words.
 *
 *	return stay_frame_with_text(
 *	    stay_frame_error(len, reply), reply->text, reply->text_len);
 */
static inline struct stay_frame
stay_frame_with_text(struct stay_frame frame, const char *text, size_t len)
{
	frame.why = text;
	frame.why_len = len;
	return frame;
}

/*
 * A frame that names the tag of its call:
 *  - A reply, an error, a refusal or a part is for the call that has this tag in
 *    this session, or was given up with it, or for the control lane. If there is
 *    none, the session ends with STAY_E_UNASKED. A protocol that thinks nothing of
 *    that asks stay_session_tagged first, and skips the frame.
 *  - A push goes to on_push. It is also a step on the way to the reply, so that the
 *    call is not sent again: MQTT's PUBREC, which on_push answers.
 *  - A reply, an error or a refusal may use no byte, if a call waits for it or did, and
 *    was not let go of (stay_session_awaits_tag): decode gets the same bytes again. So
 *    one frame can complete several calls, as an acknowledgement of all up to a number:
 *    decode names the first that waits, and the last one takes the bytes. Such a reply
 *    can't be held; in a group its answer is STAY_E_STATE, unless it is NULL.
 */
static inline struct stay_frame
stay_frame_with_tag(struct stay_frame frame, uint64_t tag)
{
	frame.tag = tag;
	frame.by_tag = true;
	return frame;
}

/* The first `len` bytes are a part of the reply to the oldest call, and not the last.
 * It goes to the `part` of the call, and lives until that returns. */
static inline struct stay_frame
stay_frame_part(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_PART, len, reply);
}

/*
 * The first `len` bytes begin a frame of any length, or go on with it, and those from
 * byte `from` on are a piece of the reply, which the `piece` of the call gets at once.
 * Nothing of them is kept, and no bound counts them. They may have been written over
 * (stay_session_input). A piece of no bytes is not told.
 *
 * Only for a call that takes pieces: stay_session_takes_pieces. The frame ends with a
 * reply, an error or a refusal, for its last byte at least, which completes the call.
 * If nothing stands behind the text, as in HTTP behind a Content-Length, that is its own
 * last byte, or all that has come with it, which the reply then brings.
 * Until then decode remembers in its session block where it is: it sees each of these
 * frames once. So a protocol whose frames are a length and a text says:
 *
 *	if (own->left > 0) {
 *		len = in.len < own->left ? in.len : own->left;
 *		own->left -= len;
 *		return stay_frame_piece(len, 0);
 *	}
 *	if (own->ends) { ...                     what is behind the text: a reply }
 *	if (stay_session_takes_pieces(session)) {
 *		own->left = text_len;
 *		own->ends = true;
 *		return stay_frame_piece(header_len, header_len);
 *	}
 *
 * If the call is given up meanwhile, what follows goes nowhere, but for the end, which
 * is a late answer. In the greeting, and for an answer to control bytes, there are no
 * pieces. May name a tag: then ask stay_session_tag_takes_pieces, and frames of
 * other calls may come between two pieces.
 */
static inline struct stay_frame
stay_frame_piece(size_t len, size_t from)
{
	struct stay_frame frame = stay_frame_of(STAY_FRAME_PIECE, len, NULL);

	frame.from = from;
	return frame;
}

/* The first `len` bytes are a push, which goes to on_push; it must live until
 * on_push returns. */
static inline struct stay_frame
stay_frame_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_PUSH, len, push);
}

/* The same, for a push that is also the reply to the oldest call. */
static inline struct stay_frame
stay_frame_answering_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_ANSWERING_PUSH, len, push);
}

/*
 * The first `len` bytes are for nobody but the protocol itself, as a PING that wants
 * a PONG: on_aside may answer on the control lane. `reply` lives as that of a push.
 */
static inline struct stay_frame
stay_frame_aside(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_ASIDE, len, reply);
}

/* The first `len` bytes have no meaning for anyone. */
static inline struct stay_frame
stay_frame_skip(size_t len)
{
	return stay_frame_of(STAY_FRAME_SKIP, len, NULL);
}

/*
 * The first `len` bytes are a reply that is past a bound, and that nobody gets: its
 * call completes with STAY_E_TOO_BIG, as STAY_REPLIED, and the session goes on. `len`
 * may be more than `in` has: the rest is read past as it comes, and decode is asked
 * again behind it. So a protocol whose frames begin with their length says:
 *
 *	if (len > stay_session_reply_bytes_max(session))
 *		return stay_frame_too_big(len);
 *
 * A frame longer than skip_bytes_max ends the session with STAY_E_TOO_BIG, as does
 * any frame longer than reply_bytes_max of which nothing is said. So does one in the
 * greeting. An answer to control bytes goes to on_control, a late one to on_orphan,
 * both without a `reply`: ask for the kind of the frame. In a group, it is the answer
 * of its request alone, and the others are kept. May name a tag. decode sees such a
 * frame once.
 */
static inline struct stay_frame
stay_frame_too_big(size_t len)
{
	return stay_frame_of(STAY_FRAME_TOO_BIG, len, NULL);
}

/*
 * The same, when decode has to look for the end: the first `len` bytes begin a frame
 * that is past a bound, or go on with it. They are used up, and decode is asked again
 * with what comes behind them: it remembers in its session block where it was. The
 * frame ends with one of another kind, for its last byte at least: stay_frame_too_big
 * if it is a reply; stay_frame_skip, _push or _aside if it is none; any other ends the
 * session with STAY_E_PROTOCOL. All its bytes count against skip_bytes_max.
 */
static inline struct stay_frame
stay_frame_swallow(size_t len)
{
	return stay_frame_of(STAY_FRAME_SWALLOW, len, NULL);
}

/*
 * The frame is the last of its session: the server closes behind it, and has acted on
 * nothing that it has not answered. HTTP's "Connection: close", also when it is all that
 * comes on a connection; IMAP's BYE. The frame is handed out, nothing more is read or
 * written, and the session ends at once.
 *
 *  - Calls in flight go back to the queue, in their order and whatever their flags, and
 *    are sent in the next session; it counts neither as resending nor against a budget.
 *    One of them goes first, and the others when its answer is not the last again. A
 *    call that can't go on completes with STAY_E_LOST as STAY_REFUSED: it has
 *    STAY_THIS_SESSION, calls don't wait offline, its body can't be rewound, or with
 *    tags one behind it was answered and it does not only read. What has begun to be
 *    answered, a part or some of a group, is STAY_MAYBE_EXECUTED.
 *  - If it has answered a call, late or not, and not by a refusal, nothing has failed:
 *    the session ends as by a planned change (on_down: STAY_E_RECONNECT), the next is
 *    dialled at once (four in 100 ms at most), and failures are counted anew. Else the
 *    session ends with STAY_E_NOT_READY, and the backoff is as ever: so a server that
 *    closes without an answer is not asked again and again. So it is in the greeting,
 *    too.
 *
 * For a frame of any kind but MORE, PART, PIECE, SWALLOW and BAD; and only with
 * STAY_LAST_FRAMES among the flags of the protocol. Other uses end the session with
 * STAY_E_PROTOCOL. Before or behind stay_frame_with_tag and stay_frame_with_text.
 *
 *	frame = stay_frame_reply(len, reply);
 *	return reply->closes ? stay_frame_last(frame) : frame;
 */
static inline struct stay_frame
stay_frame_last(struct stay_frame frame)
{
	frame.kind = (enum stay_frame_kind)(frame.kind | STAY_FRAME_LAST);
	return frame;
}

/* The bytes are not of this protocol: the session ends with STAY_E_PROTOCOL.
 * `why` ends the failure sentence. It is static, or in the session block, and
 * NUL-terminated; it is copied when decode has returned. NULL: the words of the
 * status. */
static inline struct stay_frame
stay_frame_bad(const char *why)
{
	struct stay_frame frame = { STAY_FRAME_BAD, false, 0, NULL, why, { 0 },
		0, { 0 } };

	return frame;
}

/*
 * Cut the next frame off the front of `in`, which is never empty and lives
 * until decode returns. A frame other than MORE and BAD uses at least one byte, but
 * for replies with a tag (not if they are too big).
 *
 * After MORE, decode gets the same bytes again. So a parser may remember in its
 * session block how far it got: as an offset, for the bytes may move in memory.
 * decode may also get a whole frame twice, before the frame has any effect: the
 * completions before it may fill a turn of the loop, and then it waits. So decode must not
 * count frames, nor note that one has been seen: the slot that is handed the frame does
 * that, as on_answer, on_push or on_control. (Of pieces and of a frame that is read
 * past decode sees each byte once, and has to remember.) What is noted of a call holds until
 * its on_over, not until `done`: if it was given up, its answers still come.
 */
typedef struct stay_frame stay_decode_fn(
    struct stay_session *session, struct stay_bytes in);

STAY_END

#endif
