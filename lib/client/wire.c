/*
 * The wire trace: a line for each request, each message of the control lane, and each
 * frame, as an author of an adapter wants to read it. The words of the login are not
 * shown. This file changes nothing of what it sees.
 */
#include "client/wire.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "client/client.h"
#include "client/last.h"
#include "client/pour.h"

/* So many bytes of a frame are shown, each of which takes up to four characters. */
#define SHOWN_MAX 128
#define LINE_MAX  1024

struct line {
	char bytes[LINE_MAX];
	struct stay__text text;
};

static void
begin(struct line *line)
{
	line->text = (struct stay__text){ line->bytes, sizeof(line->bytes), 0 };
}

/* As in C, in a spelling in which a secret is found. */
static void
put_byte(struct stay__text *text, char c)
{
	if (c == '\n')
		stay__text_put(text, "\\n");
	else if (c == '\r')
		stay__text_put(text, "\\r");
	else if (c == '"' || c == '\\' || c == '\0')
		stay__text_add(text, "\\x%02x", (unsigned char)c);
	else
		stay__text_put(text, (const char[]){ c, '\0' });
}

/* A server may spell a secret in its own way, which is lost in ours. */
static void
put_string(struct line *line, const struct stay_session *session,
    const char *bytes, size_t len)
{
	char raw[SHOWN_MAX + 1], shown[3 * SHOWN_MAX + 1];

	memcpy(raw, bytes, len);
	raw[len] = '\0';
	stay__session_show(session, raw, shown, sizeof(shown));
	for (const char *at = shown; *at != '\0'; at++)
		put_byte(&line->text, *at);
}

/* No secret goes over a NUL. */
static void
put_bytes(struct line *line, const struct stay_session *session,
    const char *bytes, size_t len)
{
	size_t left = len < SHOWN_MAX ? len : SHOWN_MAX, next;

	stay__text_put(&line->text, ": \"");
	for (;;) {
		next = strnlen(bytes, left);
		put_string(line, session, bytes, next);
		if (next == left)
			break;
		put_byte(&line->text, '\0');
		bytes += next + 1;
		left -= next + 1;
	}
	stay__text_put(&line->text, len > SHOWN_MAX ? "\"..." : "\"");
}

static void
tell(const struct stay_session *session, const struct line *line)
{
	char shown[LINE_MAX];

	stay__session_show(session, line->bytes, shown, sizeof(shown));
	stay__conn_tell_wire(session->client->conn, shown);
}

/* ---- in ---- */

static const char *const kinds[] = {
	[STAY_FRAME_MORE] = "more",
	[STAY_FRAME_REPLY] = "reply",
	[STAY_FRAME_ERROR] = "error",
	[STAY_FRAME_REFUSED] = "refused",
	[STAY_FRAME_REFUSED_FOR_GOOD] = "refused for good",
	[STAY_FRAME_PART] = "part",
	[STAY_FRAME_PIECE] = "piece",
	[STAY_FRAME_PUSH] = "push",
	[STAY_FRAME_ANSWERING_PUSH] = "answering push",
	[STAY_FRAME_ASIDE] = "aside",
	[STAY_FRAME_SKIP] = "skip",
	[STAY_FRAME_SWALLOW] = "swallow",
	[STAY_FRAME_TOO_BIG] = "too big",
	[STAY_FRAME_BAD] = "bad",
	[STAY_FRAME_UNACTED] = "unacted",
};

static const char *
kind_of(const struct stay_frame *frame)
{
	size_t count = sizeof(kinds) / sizeof(kinds[0]);

	return (size_t)frame->kind < count && kinds[frame->kind] != NULL
		   ? kinds[frame->kind]
		   : "unknown kind";
}

/* "< more, 12 bytes so far, 40 in all" */
static void
put_more(struct line *line, const struct stay_frame *frame, size_t there)
{
	stay__text_add(&line->text, ", %zu bytes so far", there);
	if (frame->len > 0)
		stay__text_add(&line->text, ", %zu in all", frame->len);
}

/* Decode may write over what it uses, so `seen` is of before. */
static void
put_frame(struct line *line, const struct stay_session *session,
    const struct stay_frame *frame, struct stay_bytes seen, size_t there)
{
	bool bad = frame->kind == STAY_FRAME_BAD || frame->len > there;
	size_t len = bad ? there : frame->len;

	if (frame->by_tag)
		stay__text_add(&line->text, ", tag %" PRIu64, frame->tag);
	stay__text_add(&line->text, ", %zu bytes", frame->len);
	seen.len = len < seen.len ? len : seen.len;
	put_bytes(line, session, seen.data, len < SHOWN_MAX ? seen.len : len);
	if (frame->kind == STAY_FRAME_BAD && frame->why != NULL)
		stay__text_add(&line->text, ": %s", frame->why);
}

struct stay_frame
stay__wire_cut(
    struct stay_session *session, struct stay_bytes in, stay_decode_fn *decode)
{
	char before[SHOWN_MAX];
	struct stay_bytes seen = { before,
		in.len < SHOWN_MAX ? in.len : SHOWN_MAX };
	struct stay_frame frame, plain;
	struct line line;

	memcpy(before, in.data, seen.len);
	frame = decode(session, in);
	begin(&line);
	plain = stay__last_plain(&frame);
	stay__text_add(&line.text, "< %s%s",
	    plain.kind != frame.kind ? "last " : "", kind_of(&plain));
	if (frame.kind == STAY_FRAME_MORE)
		put_more(&line, &frame, in.len);
	else
		put_frame(&line, session, &frame, seen, in.len);
	tell(session, &line);
	return frame;
}

/* ---- out ---- */

/* No word of it: the rest of what was begun may begin in a secret, and a body is large,
 * and anybody's. */
static void
tell_len(const struct stay_session *session, const char *what, size_t len,
    const char *unit)
{
	struct line line;

	begin(&line);
	stay__text_add(&line.text, "> %s, %zu %s", what, len, unit);
	tell(session, &line);
}

/* `len` of these bytes. */
static void
tell_some(const struct stay_session *session, const char *what,
    struct iovec bytes, size_t len)
{
	struct line line;

	begin(&line);
	if (len < bytes.iov_len)
		stay__text_add(&line.text, "> %s, %zu of %zu bytes", what, len,
		    bytes.iov_len);
	else
		stay__text_add(&line.text, "> %s, %zu bytes", what, len);
	put_bytes(&line, session, bytes.iov_base, len);
	tell(session, &line);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
tell_control(const struct stay_session *session, size_t len)
{
	const struct stay__control *lane = session->output.lane;
	struct iovec bytes;

	len = least(len, lane->settled);
	if (len == 0)
		return 0;
	bytes =
	    (struct iovec){ lane->buf.data + lane->buf.head, lane->settled };
	if (lane->is_cut)
		tell_len(session, "control", len, "more bytes");
	else
		tell_some(session, "control", bytes, len);
	return len;
}

static size_t
tell_call(const struct stay_session *session, const struct stay__call *call,
    size_t len)
{
	struct iovec bytes =
	    stay__sendbuf_view(&session->client->calls->sendbuf, call->begin,
		stay__call_end(call));

	len = least(len, bytes.iov_len);
	tell_some(session,
	    call->history & STAY__HISTORY_GROUP ? "group" : "call", bytes, len);
	return len;
}

void
stay__wire_out(struct stay_client *client, size_t len)
{
	const struct stay_session *session = &client->session;
	struct stay__list *queued = &client->calls->queued,
			  *node = queued->next;
	size_t rest =
	    least(len, (size_t)stay__sendbuf_rest(&client->calls->sendbuf));

	if (rest > 0)
		tell_len(session, "call", rest, "more bytes");
	len -= rest;
	if (len > 0 && stay__poured(client->calls) != NULL) {
		tell_len(session, "body", len, "bytes");
		return;
	}
	len -= tell_control(session, len);
	for (; len > 0 && node != queued; node = node->next)
		len -= tell_call(session, stay__call_of(node), len);
}
