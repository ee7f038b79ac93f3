#include "client/fault.h"

#include "client/answer.h"
#include "client/client.h"
#include "client/frames.h"
#include "client/last.h"
#include "client/swallow.h"

/* One more of the replies that the same bytes stand for. Each is taken from a call, so
 * that there is an end to them. */
static bool
may_be_empty(const struct stay_client *client, const struct stay_frame *frame)
{
	return frame->by_tag &&
	       stay__frame_takers[frame->kind] == stay__answer_take &&
	       !stay__session_is_greeting(&client->session);
}

/* The bytes of the calls were not kept for it. */
static bool
is_unforeseen(const struct stay_client *client, const struct stay_frame *frame)
{
	return frame->kind == STAY_FRAME_UNACTED &&
	       !client->profile->calls.ends_sessions;
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
static const char *
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
static const char *
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

const char *
stay__fault_of(struct stay_client *client, struct stay_frame *frame, size_t len)
{
	if (frame->kind == STAY_FRAME_BAD)
		return frame->why != NULL ? frame->why
					  : stay_strerror(STAY_E_PROTOCOL);
	if ((size_t)frame->kind >= STAY__FRAME_KINDS)
		return fault_of_last(client, frame, len);
	if (is_unforeseen(client, frame))
		return "an unacted frame of a protocol without "
		       "STAY_LAST_FRAMES";
	return fault_of_bytes(client, frame, len);
}
