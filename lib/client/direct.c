/*
 * The short way in for an adapter: a request is written where it is sent from, and no
 * other is handed over in between. What such a call can be is little; whatever else there
 * is goes the general way, submit.c's, which alone says why a call is rejected. The short
 * way out is receive.c's.
 */
#include <stay/direct.h>

#include "client/client.h"

/* Whether a call is accepted without a closer look, and has a record already. */
static inline bool
is_open(const struct stay_client *client)
{
	const struct stay__calls *calls = client->calls;

	return STAY__SHORT_WAYS && *client->admission <= STAY__ADMIT_OPEN &&
	       stay__session_state(&client->session) == STAY__SESSION_READY &&
	       calls->counts.queued < calls->water.calls &&
	       calls->sendbuf.live < calls->water.bytes && calls->untold == 0 &&
	       calls->spare != NULL && client->loop->fresh;
}

static inline size_t
room_of(const struct stay__sendbuf *sendbuf)
{
	size_t there = sendbuf->buf.cap - sendbuf->buf.tail;
	size_t allowed = stay__sendbuf_room(sendbuf);

	return allowed < there ? allowed : there;
}

/* Until it is taken, what a spare record says matters to nobody. */
struct stay_room
stay_client_begin_call(
    struct stay_client *client, stay_done_fn *done, void *arg)
{
	const struct stay__sendbuf *sendbuf = &client->calls->sendbuf;
	struct stay__call *call;

	if (done == NULL || !is_open(client) || stay__sendbuf_is_short(sendbuf))
		return (struct stay_room){ NULL, 0 };
	call = stay__call_of(client->calls->spare);
	call->done = done;
	call->arg = arg;
	return (struct stay_room){ sendbuf->buf.data + sendbuf->buf.tail,
		room_of(sendbuf) };
}

/* The timer of a record that was spare is not set. */
static inline void
set_deadline(struct stay_client *client, struct stay__call *call)
{
	uint64_t after = client->calls->bounds->timeout_ns;

	if (after != UINT64_MAX)
		stay__timer_start(&client->loop->wheel, &call->timer,
		    client->loop->now + after);
}

void
stay_client_end_call(
    struct stay_client *client, size_t len, uint32_t flags, uint64_t tag)
{
	struct stay__sendbuf *sendbuf = &client->calls->sendbuf;
	struct stay__call *call = stay__call_reuse(client->calls);

	assert(len > 0 && len <= sendbuf->buf.cap - sendbuf->buf.tail);
	assert((flags & ~STAY_READ_ONLY) == 0);
	call->begin = stay__sendbuf_end(sendbuf);
	call->len = (uint32_t)len;
	sendbuf->buf.tail += len;
	sendbuf->live += len;
	call->due = 1;
	call->flags = (uint8_t)flags;
	call->tag = tag;
	call->since = client->loop->now;
	stay__call_enqueue(client->calls, call);
	set_deadline(client, call);
	if (!client->session.output.asked)
		stay__output_ask(client);
}
