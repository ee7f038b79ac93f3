/*
 * A line protocol whose answers come in order and name nothing. Behind the answer to "bye"
 * the server closes, and has not read what came behind that. So the adapter counts for
 * itself whose an answer is, and says of all calls behind that one that they are refused.
 * What can be wrong with it is a call that was prepared, and then given up before it was
 * written: no answer is due to it; and the calls in front of the last answer.
 */
#include "planted.h"

#include <string.h>

#define DUE_MAX 256

struct session {
	size_t seen;
	uint64_t last; /* tag that was given */
	/* Tags of those that were prepared, in order, but for those answered. */
	uint64_t due[DUE_MAX];
	size_t due_count;
	struct stay_bytes value;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const char *text = request->data;

	request->flags = STAY_BY_TAG | (text[0] == 'a' ? STAY_READ_ONLY : 0);
	return stay_buf_printf(out, "%s\n", text);
}

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *call)
{
	struct session *own = stay_session_data(session);

	if (own->due_count == DUE_MAX)
		return STAY_E_FULL;
	call->tag = ++own->last;
	own->due[own->due_count++] = call->tag;
	return STAY_OK;
}

static void
take_out(struct session *own, size_t at)
{
	own->due_count--;
	memmove(own->due + at, own->due + at + 1,
	    (own->due_count - at) * sizeof(own->due[0]));
}

static void
on_over(struct stay_session *session, const struct stay_over *over)
{
	struct session *own;
	size_t at = 0;

	if (session == NULL || over->outcome != STAY_NOT_SENT ||
	    planted == KEEPS_THE_UNSENT)
		return;
	own = stay_session_data(session);
	while (at < own->due_count && own->due[at] != over->tag)
		at++;
	if (at < own->due_count)
		take_out(own, at);
}

/* The youngest of those behind the last answer that is still due; 0: none. */
static uint64_t
take_behind(struct stay_session *session, struct session *own)
{
	while (own->due_count > 1) {
		uint64_t tag = own->due[--own->due_count];

		if (stay_session_tagged(session, tag) != NULL)
			return tag;
	}
	return 0;
}

/* Whoever looks further than the first line ends the session in front of it. */
static bool
is_last(struct stay_bytes in, bool further)
{
	return further ? stay_bytes_has(in, "bye\n")
		       : stay_bytes_begin(in, "bye\n");
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct session *own = stay_session_data(session);
	size_t len = stay_bytes_line(in, &own->seen);
	uint64_t tag = is_last(in, false) ? take_behind(session, own) : 0;

	if (tag > 0)
		return stay_frame_with_tag(stay_frame_refused(0, NULL), tag);
	if (is_last(in, planted == ENDS_TOO_EARLY))
		(void)stay_session_end(session, STAY_E_NOT_READY, NULL, 0);
	tag = own->due[0];
	if (len == 0)
		return in.len > 4096 ? stay_frame_bad("a line too long")
				     : stay_frame_more();
	if (own->due_count == 0)
		return stay_frame_bad("an answer to nothing");
	take_out(own, 0);
	own->value = (struct stay_bytes){ in.data, len - 1 };
	if (stay_session_tagged(session, tag) == NULL)
		return stay_frame_skip(len);
	return stay_frame_with_tag(stay_frame_reply(len, &own->value), tag);
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.prepare = prepare, .on_over = on_over };

static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "counted",
	.session_size = sizeof(struct session), .encode = encode,
	.decode = decode, .call = &call_ops };

/* ---- the contract ---- */

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t seen = 0, len = stay_bytes_line(in, &seen);

	if (len > 0)
		(void)stay_buf_append(peer->out, in.data, len);
	peer->closes = stay_bytes_begin(in, "bye\n");
	return len;
}

static void
show(const void *reply, struct stay_buf *out)
{
	const struct stay_bytes *value = reply;

	if (value != NULL)
		(void)stay_buf_append(out, value->data, value->len);
}

static const struct stay_contract_sample samples[] = {
	{ .name = "a", .request = "alpha", .reply = "alpha" },
	{ .name = "b", .request = "beta", .reply = "beta" },
	{ .name = "bye", .request = "bye", .reply = "bye" },
	{ .name = "c",
	    .request = "a word that is longer",
	    .reply = "a word that is longer" },
};

/* A server that closes as it likes is come back to at once. */
static const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
	.backoff = { .stable_ms = 1 } };

const struct stay_contract planted_counted = { STAY_CONTRACT,
	.protocol = &protocol, .options = &options, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.show = show };
