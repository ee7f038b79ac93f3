/*
 * Frames past a bound: their bytes are used up as they come, and nothing is kept but
 * how many there were. Where such a frame ends, decode says: at its beginning, by a
 * length, or when the end has come. Who waits for it is answer.c's.
 */
#include "client/swallow.h"

#include "base/mem.h"
#include "client/client.h"
#include "client/last.h"

struct stay__swallow {
	uint64_t taken; /* bytes of the frame so far */
	size_t left;    /* to its end; 0: decode finds that */
	uint64_t tag;   /* of the frame at its end */
	bool by_tag;
	bool is_last; /* and it is the last of the session */
	struct stay_frame
	    piece; /* that is put off; of no bytes: there is none */
};

static const char too_much[] = "a frame larger than skip_bytes_max";
static const char no_memory[] =
    "no memory to read past a frame larger than reply_bytes_max";

static bool
begin(struct stay_session *session)
{
	struct stay_client *client = session->client;

	if (client->rare->swallow == NULL && stay__rare_begin(client))
		client->rare->swallow =
		    stay__zalloc(sizeof(*client->rare->swallow));
	return client->rare->swallow != NULL;
}

void
stay__swallow_end(struct stay_session *session)
{
	struct stay__rare *rare = session->client->rare;

	if (rare->swallow == NULL)
		return;
	stay__free(rare->swallow);
	rare->swallow = NULL;
}

static struct stay_frame
next_of(struct stay__swallow *swallow, size_t len)
{
	struct stay_frame frame = stay_frame_too_big(swallow->left);

	if (swallow->left > len) {
		swallow->left -= len;
		return stay_frame_swallow(len);
	}
	frame.tag = swallow->tag;
	frame.by_tag = swallow->by_tag;
	return swallow->is_last ? stay_frame_last(frame) : frame;
}

/* A frame that goes on, or ends as one that is too big: its count goes on. */
static bool
is_swallowed(struct stay_frame frame)
{
	enum stay_frame_kind kind = stay__last_plain(&frame).kind;

	return kind == STAY_FRAME_SWALLOW || kind == STAY_FRAME_MORE ||
	       kind == STAY_FRAME_TOO_BIG;
}

/* A frame that nobody is answered by. */
static bool
may_end_with(enum stay_frame_kind kind)
{
	return kind == STAY_FRAME_SKIP || kind == STAY_FRAME_PUSH ||
	       kind == STAY_FRAME_ASIDE || kind == STAY_FRAME_BAD;
}

struct stay_frame
stay__swallow_next(struct stay_session *session, struct stay_bytes bytes)
{
	struct stay_frame frame;

	if (session->client->rare->swallow->left > 0)
		return next_of(session->client->rare->swallow, bytes.len);
	if (session->client->rare->swallow->piece.len > 0) {
		frame = session->client->rare->swallow->piece;
		stay__swallow_end(session);
		return frame;
	}
	frame = session->client->profile->protocol.top.decode(session, bytes);
	if (is_swallowed(frame))
		return frame;
	stay__swallow_end(session);
	return may_end_with(stay__last_plain(&frame).kind)
		   ? frame
		   : stay_frame_bad("a reply whose beginning was read past");
}

bool
stay__swallow_is_short(const struct stay_session *session)
{
	return session->client->rare->swallow != NULL &&
	       session->client->rare->swallow->left > 0;
}

void
stay__swallow_is_last(struct stay_session *session)
{
	if (session->client->rare->swallow != NULL)
		session->client->rare->swallow->is_last = true;
}

static bool
remember(
    struct stay_session *session, const struct stay_frame *frame, size_t left)
{
	if (!begin(session))
		return false;
	session->client->rare->swallow->left = left;
	session->client->rare->swallow->tag = frame->tag;
	session->client->rare->swallow->by_tag = frame->by_tag;
	return true;
}

static bool
is_too_much(const struct stay_session *session, uint64_t more)
{
	uint64_t max = session->client->profile->options.skip_bytes_max;
	uint64_t taken = session->client->rare->swallow == NULL
			     ? 0
			     : session->client->rare->swallow->taken;

	return taken > max || more > max - taken;
}

const char *
stay__swallow_rest(
    struct stay_session *session, struct stay_frame *frame, size_t len)
{
	if (is_too_much(session, frame->len))
		return too_much;
	if (!remember(session, frame, frame->len - len))
		return no_memory;
	*frame = stay_frame_swallow(len);
	return NULL;
}

enum stay__flow
stay__swallow_take(struct stay_session *session, const struct stay_frame *frame)
{
	if (is_too_much(session, frame->len))
		return stay__session_break(session, STAY_E_TOO_BIG, too_much);
	if (!begin(session))
		return stay__session_break(session, STAY_E_TOO_BIG, no_memory);
	session->client->rare->swallow->taken += frame->len;
	return STAY__GO_ON;
}

enum stay__flow
stay__swallow_last(struct stay_session *session, const struct stay_frame *frame)
{
	return is_too_much(session, frame->len)
		   ? stay__session_break(session, STAY_E_TOO_BIG, too_much)
		   : STAY__GO_ON;
}

enum stay__flow
stay__swallow_owe(struct stay_session *session, const struct stay_frame *frame)
{
	return remember(session, frame, frame->len)
		   ? STAY__LATER
		   : stay__session_break(session, STAY_E_TOO_BIG, no_memory);
}

enum stay__flow
stay__swallow_owe_piece(
    struct stay_session *session, const struct stay_frame *frame)
{
	if (!begin(session))
		return stay__session_break(session, STAY_E_NOMEM,
		    "no memory to put off a piece of a reply");
	session->client->rare->swallow->piece = *frame;
	return STAY__LATER;
}
