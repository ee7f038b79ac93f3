/* The line protocol whose lines may be too big: see the header. */
#include "line_swallow.h"

#include <stdlib.h>
#include <string.h>

/* The session block; the line protocol knows its first part. */
struct swallowing {
	struct line_session line;
	char kind; /* of the line that is read past; 0: none is */
};

static const struct stay_protocol *below;

/* "^20@7 ", "^20$ " */
static struct stay_frame
announced(struct stay_bytes in)
{
	const char *blank = memchr(in.data, ' ', in.len);
	struct stay_frame frame;
	char *end;

	if (blank == NULL)
		return stay_frame_more();
	frame = stay_frame_too_big(strtoul(in.data + 1, &end, 10));
	if (*end == '$')
		return stay_frame_last(frame);
	return *end == '@'
		   ? stay_frame_with_tag(frame, strtoull(end + 1, NULL, 10))
		   : frame;
}

/* The end of a line that was read past: `text` is what is there of it. */
static struct stay_frame
last_of(char kind, const char *text, size_t len)
{
	if (len > 1 && text[len - 2] == '$')
		return stay_frame_last(stay_frame_too_big(len));
	if (kind != '>' && kind != '#')
		return stay_frame_too_big(len);
	if (len > 1)
		return stay_frame_swallow(len - 1);
	return kind == '>' ? stay_frame_push(len, ">big")
			   : stay_frame_skip(len);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct swallowing *own = stay_session_data(session);
	const char *end = memchr(in.data, '\n', in.len);
	size_t len = end == NULL ? in.len : (size_t)(end - in.data) + 1;
	size_t max = stay_session_reply_bytes_max(session);
	char kind = own->kind != 0 ? own->kind : in.data[0];
	struct stay_frame frame;

	if (kind == '^')
		return announced(in);
	if (own->kind == 0 && (end == NULL ? len < max : len <= max))
		return below->decode(session, in);
	own->line.seen = 0;
	if (end == NULL) {
		own->kind = kind;
		return stay_frame_swallow(len);
	}
	frame = last_of(kind, in.data, len);
	own->kind = frame.kind == STAY_FRAME_SWALLOW ? kind : 0;
	return frame;
}

const struct stay_protocol *
line_swallow_protocol(const struct stay_protocol *base)
{
	static struct stay_protocol swallowing;

	below = base;
	swallowing = *base;
	swallowing.session_size = sizeof(struct swallowing);
	swallowing.decode = decode;
	return &swallowing;
}
