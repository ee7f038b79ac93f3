/*
 * A line protocol whose answers name their request, and what can be wrong with that. A
 * request is "1234 WORDS\n", its answer "1234=WORDS\n", in any order. "NOW" has no
 * number: it is answered with "=NOW\n", in order; and so is "BYE", behind which the server
 * closes. What begins with 'a' is sent again then.
 */
#include "planted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS  4
#define TAG_MAX 9999

struct session {
	size_t seen;
	uint64_t last; /* tag that was given */
	struct stay_bytes value;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const char *text = request->data;

	if (strcmp(text, "NOW") == 0 || strcmp(text, "BYE") == 0)
		return stay_buf_printf(out, "%s\n", text);
	if (planted != GUESSES_THE_ORDER)
		request->flags = STAY_BY_TAG;
	if (text[0] == 'a')
		request->flags |= STAY_READ_ONLY;
	return stay_buf_printf(out, "0000 %s\n", text);
}

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *call)
{
	struct session *own = stay_session_data(session);
	char digits[DIGITS + 1];

	if ((call->flags & STAY_BY_TAG) == 0)
		return STAY_OK;
	call->tag = stay_session_free_tag(session, TAG_MAX);
	if (call->tag == 0)
		return STAY_E_FULL;
	own->last = call->tag;
	snprintf(digits, sizeof(digits), "%04u", (unsigned)call->tag);
	memcpy(call->bytes, digits, DIGITS);
	return STAY_OK;
}

/* Whose answer it is, by the number in front; 0: nobody's. */
static uint64_t
tag_of(struct stay_session *session, struct stay_bytes in)
{
	const struct session *own = stay_session_data(session);
	char digits[DIGITS + 1] = { 0 };
	uint64_t tag;

	memcpy(digits, in.data, DIGITS);
	tag = strtoull(digits, NULL, 10);
	if (stay_session_tagged(session, tag) != NULL)
		return tag;
	return planted == TAKES_ANY_TAG &&
		       stay_session_tagged(session, own->last) != NULL
		   ? own->last
		   : 0;
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct session *own = stay_session_data(session);
	size_t len = stay_bytes_line(in, &own->seen);
	size_t mark = len > DIGITS && in.data[0] != '=' ? DIGITS : 0;
	struct stay_frame frame;
	uint64_t tag;

	if (len == 0)
		return in.len > 4096 ? stay_frame_bad("a line too long")
				     : stay_frame_more();
	if (in.data[mark] != '=')
		return stay_frame_bad("a line that is no answer");
	own->value = (struct stay_bytes){ in.data + mark + 1, len - mark - 2 };
	frame = stay_frame_reply(len, &own->value);
	if (mark == 0 || planted == GUESSES_THE_ORDER)
		return frame;
	tag = tag_of(session, in);
	return tag == 0 ? stay_frame_skip(len)
			: stay_frame_with_tag(frame, tag);
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.prepare = prepare };

static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "tagged",
	.session_size = sizeof(struct session), .encode = encode,
	.decode = decode, .call = &call_ops };

/* ---- the contract ---- */

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t seen = 0, len = stay_bytes_line(in, &seen);

	if (len == 0)
		return 0;
	peer->overtakes = in.data[0] != 'N' && in.data[0] != 'B';
	peer->closes = in.data[0] == 'B';
	if (peer->overtakes)
		(void)stay_buf_append(peer->out, in.data, DIGITS);
	(void)stay_buf_puts(peer->out, "=");
	(void)stay_buf_append(peer->out,
	    in.data + (peer->overtakes ? DIGITS + 1 : 0),
	    len - (peer->overtakes ? DIGITS + 1 : 0));
	return len;
}

static const struct stay_contract_sample samples[] = {
	{ .name = "a", .request = "a", .reply = "a" },
	{ .name = "b", .request = "b", .reply = "b" },
	{ .name = "in order", .request = "NOW", .reply = "NOW" },
	{ .name = "last", .request = "BYE", .reply = "BYE" },
};

const struct stay_contract planted_tagged = { STAY_CONTRACT,
	.protocol = &protocol, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.show = planted_show };
