/*
 * stay/request.h - what encode makes of a call: bytes, and what may be done with them.
 *
 * A part of <stay/protocol.h>.
 */
#ifndef STAY_REQUEST_H
#define STAY_REQUEST_H

#include <stdbool.h>

#include <stay/body.h>
#include <stay/buf.h>
#include <stay/status.h>

STAY_BEGIN

/*
 * Flags of a call: what may be done with it.
 *
 * When a session is lost, a call that the server may have executed completes
 * with STAY_MAYBE_EXECUTED. With one of these flags it may be sent again
 * instead, within the budget for that (resends_max, resend_percent):
 *  - STAY_IDEMPOTENT, as for a SET: only if every call that was sent behind it
 *    is sent again, too, or only reads. Otherwise it would undo what came after
 *    it. (If a later call is cancelled while it waits to be sent again, the
 *    earlier one may still overwrite it.)
 *  - STAY_READ_ONLY, as for a GET: always. Its reply may then show what calls
 *    behind it have done.
 *
 * A call with STAY_BLOCKS, and without a timeout of its own, has blocks_ms and
 * block_margin_ms from its submission on, in place of call_timeout_ms. While it
 * is the oldest in flight, the server may be silent for as long. If it is given up
 * with no other call in flight, its session ends: see enum stay_on_given_up.
 */
#define STAY_IDEMPOTENT        1u /* running it twice does no harm */
#define STAY_BLOCKS            2u /* the server may take blocks_ms to reply */
/* Worthless in another session than the one that is ready at submission: it ends
 * with that, and is rejected with STAY_E_OFFLINE if there is none, or if it is
 * being left. So it is also the flag of a call that is not worth waiting for. */
#define STAY_THIS_SESSION      4u
#define STAY_READ_ONLY         (8u | STAY_IDEMPOTENT) /* changes nothing */
/* Replies name the tag that `prepare` gives to the call: all of them, so that none comes
 * in order. Only encode may set this, and only of a protocol that has that slot; else
 * the call gets STAY_E_ARG. */
#define STAY_BY_TAG            16u
/* With STAY_BY_TAG: a server that never answers is as good as any. If the call is
 * cancelled or times out in flight, it leaves no tombstone, but its tag is let go
 * of: see stay_session_let_go. No silence is held against the server. Not for a group,
 * nor for a request of it: STAY_E_ARG. */
#define STAY_MAY_GO_UNANSWERED 32u
/* The server may act on it before the last byte has arrived, as on a stream of
 * entries. If it was sent in part, it is then not NOT_SENT. Only encode may set this; a
 * protocol that has it among its own flags has it for all requests, and so has a group
 * for all if one of them has it. */
#define STAY_ACTS_ON_PARTS     64u
/* Of a protocol: decode can hand out a reply in pieces (stay_frame_piece), so that calls
 * may ask for them. Of a call, for `prepare` to see: this one does. Neither the caller
 * nor encode sets it. */
#define STAY_IN_PIECES         128u
/* Of a protocol: a frame may be the last of its session (stay_frame_last). So the bytes of
 * all calls are kept until they are answered. */
#define STAY_LAST_FRAMES       512u

/* What encode is given, and what it fills in. Lives until encode returns. */
struct stay_request {
	const void *data;   /* what the caller submitted */
	const void *config; /* of the client's options */
	/* encode may change these: */
	/* 1. 0: none is due. n: each but the last goes to `part`, whatever its
	 * kind; `done` gets the last, which alone decides the status and the
	 * words. It is STAY_REFUSED if all n say so; else STAY_REPLIED. */
	uint32_t replies;
	uint32_t flags;     /* 0; see above */
	uint64_t blocks_ms; /* 0; with STAY_BLOCKS; STAY_FOREVER: no timeout */
	uint64_t tag; /* 0; for decode and prepare: see stay_session_oldest */
	/* Given: it has no `done`, so call->name may be asked for its name. */
	bool is_untold;
	struct stay_request_body *body; /* NULL: no body follows it */
	/* NULL; a static sentence: what is rejected, why, and what to do instead, as "a
	 * text of two lines is rejected: send each by itself". It stands alone in a
	 * log. Told where encode rejects it: see stay_client_call. */
	const char *why;
};

/*
 * Append the bytes of one request to `out`: at least one byte. The requests of other
 * calls stand in front of them there, so an offset counts from stay_buf_len(out) before
 * the first append.
 * Returns STAY_OK; any other status rejects the call with it, and nothing is
 * sent.
 */
typedef enum stay_status stay_encode_fn(
    struct stay_request *request, struct stay_buf *out);

STAY_END

#endif
