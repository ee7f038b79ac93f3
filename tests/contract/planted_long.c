/*
 * A line protocol with a request that goes on until it is told to end, and what can be
 * wrong with that. "say X" is answered with "=X\n"; "wait X" likewise, but not before
 * "done" comes, which has no answer of its own, and nothing else is read meanwhile. "bye"
 * has one, so that the session is not over before all is answered.
 */
#include "planted.h"

#include <string.h>

#define WAITS 1 /* the tag of such a request */

struct session {
	size_t seen;
	struct stay_bytes value;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	struct stay_bytes text = stay_bytes_of(request->data);

	if (stay_bytes_begin(text, "wait")) {
		request->flags = STAY_BLOCKS;
		request->blocks_ms = STAY_FOREVER;
		request->tag = WAITS;
	}
	return stay_buf_printf(out, "%s\n", (const char *)request->data);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct session *own = stay_session_data(session);
	size_t len = stay_bytes_line(in, &own->seen);

	if (len == 0)
		return in.len > 4096 ? stay_frame_bad("a line too long")
				     : stay_frame_more();
	if (in.data[0] != '=')
		return stay_frame_bad("a line that is no answer");
	own->value = (struct stay_bytes){ in.data + 1, len - 2 };
	return stay_frame_reply(len, &own->value);
}

/* Nothing is answered behind it, so it will be the oldest before long; here it is. */
static void
on_leaving(struct stay_session *session)
{
	const uint64_t *oldest = stay_session_oldest(session);

	if (oldest == NULL || *oldest != WAITS || planted == FORGETS_TO_END_IT)
		return;
	(void)stay_buf_puts(stay_session_control(session), "done\n");
	(void)stay_session_expect(session, 0);
}

static void
bye(struct stay_session *session)
{
	(void)stay_buf_puts(stay_session_control(session), "bye\n");
	(void)stay_session_expect(session, 1);
}

static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.bye = bye, .on_leaving = on_leaving };

static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "long",
	.session_size = sizeof(struct session), .encode = encode,
	.decode = decode, .session = &session_ops };

/* ---- the contract ---- */

struct server {
	char waits[64]; /* what is answered at "done"; "": nothing */
};

static void
answer(struct stay_contract_peer *peer, struct stay_bytes what)
{
	(void)stay_buf_puts(peer->out, "=");
	(void)stay_buf_append(peer->out, what.data, what.len);
	(void)stay_buf_puts(peer->out, "\n");
}

static void
begin_to_wait(struct server *server, struct stay_bytes what)
{
	size_t len = what.len < sizeof(server->waits)
			 ? what.len
			 : sizeof(server->waits) - 1;

	memcpy(server->waits, what.data, len);
	server->waits[len] = '\0';
}

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	struct server *server = peer->state;
	size_t seen = 0, len = stay_bytes_line(in, &seen);

	if (len == 0 ||
	    (server->waits[0] != '\0' && !stay_bytes_begin(in, "done")))
		return 0;
	if (stay_bytes_begin(in, "wait ")) {
		begin_to_wait(
		    server, (struct stay_bytes){ in.data + 5, len - 6 });
	} else if (stay_bytes_begin(in, "say ")) {
		answer(peer, (struct stay_bytes){ in.data + 4, len - 5 });
	} else if (stay_bytes_begin(in, "bye")) {
		answer(peer, stay_bytes_of("bye"));
	} else if (server->waits[0] != '\0') {
		answer(peer, stay_bytes_of(server->waits));
		server->waits[0] = '\0';
	}
	return len;
}

static const struct stay_contract_sample samples[] = {
	{ .name = "say", .request = "say a", .reply = "a" },
	{ .name = "say more", .request = "say b and c", .reply = "b and c" },
	{ .name = "wait",
	    .request = "wait for d",
	    .reply = "for d",
	    .is_long = true },
};

const struct stay_contract planted_long = { STAY_CONTRACT,
	.protocol = &protocol, .samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.peer_size = sizeof(struct server), .show = planted_show };
