/* The line protocol that hands out pieces: see the header. */
#include "line_pieces.h"

#include <stdlib.h>
#include <string.h>

/* The session block; the line protocol knows its first part. */
struct piecing {
	struct line_session line;
	bool is_within;
	bool by_tag;
	uint64_t tag;
};

static const struct stay_protocol *below;

static struct stay_frame
of_its_tag(const struct piecing *own, struct stay_frame frame)
{
	return own->by_tag ? stay_frame_with_tag(frame, own->tag) : frame;
}

/* What ends it has no tag itself. */
static struct stay_frame
end(struct piecing *own, char by)
{
	enum stay_frame_kind kind = by == '\n'   ? STAY_FRAME_REPLY
				    : by == '\t' ? STAY_FRAME_ERROR
						 : STAY_FRAME_REFUSED;

	own->is_within = false;
	return of_its_tag(own, stay_frame_of(kind, 1, "%end"));
}

static struct stay_frame
go_on(struct piecing *own, struct stay_bytes in)
{
	size_t len = 0;

	while (len < in.len && strchr("\n\t\r", in.data[len]) == NULL)
		len++;
	return len == 0 ? end(own, in.data[0])
			: of_its_tag(own, stay_frame_piece(len, 0));
}

static bool
takes_pieces(struct stay_session *session, const struct piecing *own)
{
	return own->by_tag ? stay_session_tag_takes_pieces(session, own->tag)
			   : stay_session_takes_pieces(session);
}

static struct stay_frame
whole(struct stay_bytes in)
{
	const char *newline = memchr(in.data, '\n', in.len);

	return newline == NULL ? stay_frame_more()
			       : stay_frame_reply(
				     (size_t)(newline - in.data) + 1, "%whole");
}

/* With '!' behind it, whoever waits for it gets pieces. */
static struct stay_frame
begin(struct stay_session *session, struct piecing *own, struct stay_bytes in)
{
	const char *blank = memchr(in.data, ' ', in.len);
	size_t len;

	if (blank == NULL)
		return stay_frame_more();
	len = (size_t)(blank - in.data) + 1;
	own->by_tag = in.data[1] == '@';
	own->tag = own->by_tag ? strtoull(in.data + 2, NULL, 10) : 0;
	if (blank[-1] != '!' && !takes_pieces(session, own))
		return of_its_tag(own, whole(in));
	own->is_within = true;
	return of_its_tag(
	    own, stay_frame_piece(len, blank[-1] == '?' ? len + 1 : len));
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct piecing *own = stay_session_data(session);

	if (own->is_within)
		return go_on(own, in);
	return in.data[0] == '%' ? begin(session, own, in)
				 : below->decode(session, in);
}

const struct stay_protocol *
line_pieces_protocol(const struct stay_protocol *base)
{
	static struct stay_protocol piecing;

	below = base;
	piecing = *base;
	piecing.flags |= STAY_IN_PIECES;
	piecing.session_size = sizeof(struct piecing);
	piecing.decode = decode;
	return &piecing;
}
