/*
 * A line protocol whose server closes behind some answers, and what can be wrong with
 * that. "say X" is answered with "=X\n"; so is "stay X", which is for one session alone.
 * Behind "close X" the server closes, and says so: "$X\n". The answer to "whois X" is X
 * without a mark or an end: it closes behind that, too.
 */
#include "planted.h"

#include <string.h>

#define WHOIS_MAX 4096

struct session {
	size_t seen;
	struct stay_bytes value;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	struct stay_bytes text = stay_bytes_of(request->data);

	if (stay_bytes_begin(text, "stay"))
		request->flags = STAY_THIS_SESSION;
	return stay_buf_printf(out, "%s\n", (const char *)request->data);
}

/* What is for a session needs one. */
static enum stay_status
submit(void *arg, struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	bool has_session = stay_client_session(client) != NULL;

	(void)arg;
	if (strcmp(request, "stay b") == 0 && !has_session)
		request = "say b";
	return stay_client_call_with(client, request, options, done, done_arg);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct session *own = stay_session_data(session);
	bool closes = in.data[0] == '$';
	size_t len;

	if (!closes && in.data[0] != '=')
		return in.len > WHOIS_MAX ? stay_frame_bad("who is that?")
					  : stay_frame_more();
	len = stay_bytes_line(in, &own->seen);
	if (len == 0)
		return in.len > WHOIS_MAX ? stay_frame_bad("a line too long")
					  : stay_frame_more();
	own->value = (struct stay_bytes){ in.data + 1, len - 2 };
	if (closes && planted != FORGETS_THE_LAST)
		return stay_frame_last(stay_frame_reply(len, &own->value));
	return stay_frame_reply(len, &own->value);
}

/* What has a mark is half a line. */
static struct stay_frame
at_end(struct stay_session *session, struct stay_bytes rest)
{
	struct session *own = stay_session_data(session);

	if (rest.len == 0 || rest.data[0] == '=' || rest.data[0] == '$')
		return stay_frame_more();
	own->value = rest;
	return stay_frame_reply(rest.len, &own->value);
}

static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.at_end = at_end };

static const struct stay_protocol protocol = { STAY_PROTOCOL,
	.flags = STAY_LAST_FRAMES, .name = "last",
	.session_size = sizeof(struct session), .encode = encode,
	.decode = decode, .session = &session_ops };

/* ---- the contract ---- */

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t seen = 0, len = stay_bytes_line(in, &seen);
	bool is_bare = stay_bytes_begin(in, "whois");
	bool closes = stay_bytes_begin(in, "close");
	size_t word = closes || is_bare              ? 6
		      : stay_bytes_begin(in, "stay") ? 5
						     : 4;

	if (len <= word)
		return len;
	if (!is_bare)
		(void)stay_buf_puts(peer->out, closes ? "$" : "=");
	(void)stay_buf_append(
	    peer->out, in.data + word, len - word - (is_bare ? 1 : 0));
	peer->closes = closes || is_bare;
	return len;
}

static const struct stay_contract_sample samples[] = {
	{ .name = "say", .request = "say a", .reply = "a" },
	{ .name = "stay", .request = "stay b", .reply = "b" },
	{ .name = "close", .request = "close c", .reply = "c" },
	{ .name = "whois", .request = "whois me", .reply = "me" },
	{ .name = "say more", .request = "say d and e", .reply = "d and e" },
};

const struct stay_contract planted_last = { STAY_CONTRACT,
	.protocol = &protocol, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.show = planted_show, .submit = submit };
