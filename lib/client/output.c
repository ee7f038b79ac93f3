/*
 * What is written at once: the rest of a request that is half on the wire, the
 * control lane, then requests of the send buffer. It also records what the
 * stream has taken: a request is committed once its first byte is taken. This
 * file knows no protocol.
 */
#include "base/ease.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/pour.h"
#include "client/prepare.h"
#include "client/recorded.h"
#include "client/resend.h"
#include "client/tagged.h"
#include "client/wire.h"

#define PIECES_MAX 32

/* With so many bytes the control lane is full. What is said last may pass that
 * bound, as a request may pass one that is alone, but is bounded itself. */
#define LANE_MAX    (1u << 20)
#define MESSAGE_MAX (16u << 20)

/* The most bytes in one write, so that other connections get their turn. The
 * request that passes the bound is still written whole. */
#define WRITE_MAX (256u * 1024u)

struct gathered {
	struct iovec pieces[PIECES_MAX];
	int count;
	size_t len;
};

static void
add_piece(struct gathered *gathered, struct iovec piece)
{
	struct iovec *last;

	gathered->len += piece.iov_len;
	if (gathered->count > 0) {
		last = &gathered->pieces[gathered->count - 1];
		if ((char *)last->iov_base + last->iov_len == piece.iov_base) {
			last->iov_len += piece.iov_len;
			return;
		}
	}
	gathered->pieces[gathered->count++] = piece;
}

/* Calls on the wire and their bytes, now and with those about to join them. */
struct flight {
	uint64_t calls;
	uint64_t calls_max;
	uint64_t bytes;
};

/* What is in flight now. The bytes between requests that are kept for sending
 * again are in memory, too, so they count. With tags they are squeezed out, before
 * they are more than the others. */
static struct flight
flight_of(const struct stay_client *client)
{
	const struct stay__call_counts *counts = &client->calls->counts;
	const struct stay__sendbuf *sendbuf = &client->calls->sendbuf;
	uint64_t kept =
	    client->calls->tagged != NULL ? 0 : sendbuf->wire - sendbuf->base;

	return (struct flight){ counts->in_flight + counts->tombstones,
		stay__calls_are_single(client->calls)
		    ? 1
		    : client->profile->options.inflight_calls_max,
		counts->in_flight_bytes > kept ? counts->in_flight_bytes
					       : kept };
}

/* A request that is larger than a bound is sent alone. */
static bool
has_place(const struct stay_client *client, const struct flight *flight,
    const struct stay__call *call)
{
	uint64_t max = client->profile->options.inflight_bytes_max;
	uint64_t len = call->len;

	return (flight->calls == 0 || flight->calls + stay__call_weight(call) <=
					  flight->calls_max) &&
	       (flight->bytes == 0 ||
		   (len <= max && flight->bytes <= max - len));
}

static bool
may_send(const struct stay_client *client)
{
	const struct stay__list *queued = &client->calls->queued;
	struct flight flight = flight_of(client);

	return stay__session_state(&client->session) == STAY__SESSION_READY &&
	       client->session.condemned == STAY_OK &&
	       !stay__leave_is_due(&client->session) &&
	       !stay__list_is_empty(queued) &&
	       stay__poured(client->calls) == NULL &&
	       stay__list_is_empty(&client->calls->refused) &&
	       stay__tagged_may_ask(client->calls) &&
	       has_place(client, &flight, stay__call_of(queued->next));
}

static void
add_run(struct gathered *gathered, const struct stay__sendbuf *sendbuf,
    struct stay__span run)
{
	add_piece(gathered, stay__sendbuf_view(sendbuf, run.begin, run.end));
}

/* There is a place for all that is queued, and it lies together. */
static bool
may_leave_as_one(const struct stay_client *client, size_t gathered)
{
	const struct stay__sendbuf *sendbuf = &client->calls->sendbuf;
	struct flight flight = flight_of(client);

	return STAY__SHORT_WAYS && client->calls->tagged == NULL &&
	       client->calls->bodies == 0 && stay__sendbuf_is_dense(sendbuf) &&
	       gathered + sendbuf->live <= WRITE_MAX &&
	       flight.calls + client->calls->counts.queued <=
		   flight.calls_max &&
	       flight.bytes + sendbuf->live <=
		   client->profile->options.inflight_bytes_max;
}

/* A request with a body leaves alone, and not before the body can begin. */
static bool
may_join(const struct stay__list *queued, const struct stay__call *call)
{
	const struct stay__call *first = stay__call_of(queued->next);
	const struct stay_feed *feed = call->arg;

	if (call == first)
		return !stay__call_has_body(call) || !feed->begun;
	return !stay__call_has_body(call) && !stay__call_has_body(first);
}

/* Requests without a hole between them are written as one piece. */
static void
add_requests(const struct stay_client *client, struct gathered *gathered)
{
	const struct stay__calls *calls = client->calls;
	struct stay__list *node = calls->queued.next;
	struct flight flight = flight_of(client);
	struct stay__span run = stay__call_span(stay__call_of(node));

	for (; node != &calls->queued; node = node->next) {
		const struct stay__call *call = stay__call_of(node);

		if (!has_place(client, &flight, call) ||
		    !stay__call_is_prepared(call) ||
		    !may_join(&calls->queued, call) ||
		    gathered->len + stay__span_len(run) >= WRITE_MAX)
			break;
		if (call->begin != run.end && call->begin != run.begin) {
			if (gathered->count == PIECES_MAX - 1)
				break;
			add_run(gathered, &calls->sendbuf, run);
			run.begin = call->begin;
		}
		run.end = stay__call_end(call);
		flight.calls += stay__call_weight(call);
		flight.bytes += call->len;
	}
	add_run(gathered, &calls->sendbuf, run);
}

/*
 * Ask `prepare` for the calls that this write may begin on, and no others: what
 * waits in the queue has no tag. From the first one again, if one has failed.
 */
static void
prepare_requests(struct stay_client *client)
{
	struct stay__list *queued = &client->calls->queued,
			  *node = queued->next;
	struct flight flight = flight_of(client);
	uint64_t len = 0;

	stay__output_forget(&client->session);
	while (node != queued && len < WRITE_MAX) {
		struct stay__call *call = stay__call_of(node);

		if (!has_place(client, &flight, call))
			return;
		switch (stay__prepare(&client->session, call)) {
		case STAY__PREPARE_WAITS:
			return;
		case STAY__PREPARE_OVER:
			flight = flight_of(client);
			len = 0;
			node = queued->next;
			break;
		case STAY__PREPARE_DONE:
			flight.calls += stay__call_weight(call);
			flight.bytes += call->len;
			len += call->len;
			node = node->next;
		}
	}
}

static void
add_body(struct gathered *gathered, const struct stay_feed *feed)
{
	size_t len = stay_buf_len(&feed->piece);

	if (len > 0)
		add_piece(gathered,
		    (struct iovec){ feed->piece.data + feed->piece.head, len });
}

static void
gather(const struct stay_client *client, struct gathered *gathered)
{
	const struct stay__sendbuf *sendbuf = &client->calls->sendbuf;
	const struct stay__control *lane = client->session.output.lane;
	const struct stay_feed *feed = stay__poured(client->calls);

	if (stay__sendbuf_rest(sendbuf) > 0)
		add_piece(gathered, stay__sendbuf_view(sendbuf, sendbuf->wire,
					sendbuf->committed));
	if (feed != NULL) {
		add_body(gathered, feed);
		return;
	}
	if (lane->settled > 0)
		add_piece(
		    gathered, (struct iovec){ lane->buf.data + lane->buf.head,
				  lane->settled });
	if (!may_send(client) ||
	    !stay__call_is_prepared(
		stay__call_of(client->calls->queued.next)) ||
	    (client->calls->bodies > 0 &&
		!may_join(&client->calls->queued,
		    stay__call_of(client->calls->queued.next))))
		return;
	if (may_leave_as_one(client, gathered->len))
		add_run(gathered, sendbuf,
		    (struct stay__span){
			sendbuf->committed, stay__sendbuf_end(sendbuf) });
	else
		add_requests(client, gathered);
}

/* What the stream has taken. A filter still has the last `unsent` bytes. */
struct taken {
	size_t len;
	size_t unsent;
};

/* The next `len` bytes of it belong to this request, which may be over. */
static void
take_some(struct taken *taken, struct stay__call *call, size_t len)
{
	taken->len -= len;
	if (taken->len < taken->unsent && call != NULL)
		stay__call_is_sealed(call);
}

/* How many of the bytes that the stream took belong to this request. */
static void
begin_request(struct stay__call *call, struct taken *taken)
{
	size_t len = call->len;

	if (len > taken->len)
		len = taken->len;
	take_some(taken, call, len);
	stay__call_commit(call, len);
}

/* The same for the request that an earlier write began. */
static void
go_on_with_request(struct stay__calls *calls, struct taken *taken)
{
	size_t rest = (size_t)stay__sendbuf_rest(&calls->sendbuf);
	size_t len = rest < taken->len ? rest : taken->len;

	take_some(taken, calls->half, len);
	stay__sendbuf_wrote(&calls->sendbuf, len);
	if (len == rest)
		stay__call_whole(calls);
}

/* And for its body. */
static void
go_on_with_body(
    struct stay__calls *calls, struct stay_feed *feed, struct taken *taken)
{
	size_t len = taken->len;

	take_some(taken, calls->half, len);
	stay_buf_take(&feed->piece, len);
	if (stay__feed_is_whole(feed))
		stay__call_whole(calls);
}

static void
take_control(struct stay__control *lane, size_t len)
{
	size_t used = lane->settled;

	stay_buf_take(&lane->buf, len);
	lane->settled -= len;
	lane->is_cut = lane->settled > 0;
	stay__ease(&lane->buf, used, &lane->easy);
}

static void
take_written(struct stay_client *client, struct taken taken)
{
	struct stay__calls *calls = client->calls;
	size_t control = client->session.output.lane->settled;

	if (taken.len > 0 && stay__sendbuf_rest(&calls->sendbuf) > 0)
		go_on_with_request(calls, &taken);
	if (taken.len > 0 && stay__poured(calls) != NULL)
		go_on_with_body(calls, stay__poured(calls), &taken);
	if (control > taken.len)
		control = taken.len;
	if (control > 0)
		take_control(client->session.output.lane, control);
	taken.len -= control;
	if (STAY__SHORT_WAYS && calls->tagged == NULL && taken.unsent == 0 &&
	    calls->bodies == 0 && taken.len > 0 &&
	    taken.len == calls->sendbuf.live &&
	    stay__sendbuf_is_dense(&calls->sendbuf)) {
		stay__calls_commit_queue(calls);
		return;
	}
	while (taken.len > 0)
		begin_request(stay__call_of(calls->queued.next), &taken);
}

/* How many of the sealed bytes were sent since the last look; `left` are not. */
static size_t
unseal(struct stay_client *client, size_t left)
{
	struct stay__output *output = &client->session.output;
	size_t sent = output->unsent - left;

	output->unsent = (uint32_t)left;
	if (sent > 0 && left == 0)
		stay__calls_unseal(client->calls);
	return sent;
}

void
stay__output_unseal(struct stay_client *client)
{
	if (client->session.output.unsent > 0)
		(void)unseal(client, stay__stream_unsent(client->conn).sealed);
}

bool
stay__output_is_flushed(const struct stay_client *client)
{
	return stay__sendbuf_rest(&client->calls->sendbuf) == 0 &&
	       client->calls->half == NULL &&
	       client->session.output.lane->settled == 0 &&
	       client->session.output.unsent == 0;
}

/* Meanwhile what waits behind the body asks for no room. */
static bool
needs_room(const struct stay_client *client, const struct stay_feed *feed)
{
	if (stay__sendbuf_rest(&client->calls->sendbuf) > 0 ||
	    client->session.output.unsent > 0 || stay_buf_len(&feed->piece) > 0)
		return true;
	return !feed->ended && !feed->waits &&
	       client->session.condemned == STAY_OK;
}

static bool
wants_room(const struct stay_client *client)
{
	const struct stay_feed *feed = stay__poured(client->calls);

	if (feed != NULL)
		return needs_room(client, feed);
	return !stay__output_is_flushed(client) || may_send(client);
}

void
stay__output_ask(struct stay_client *client)
{
	if (client->session.output.asked ||
	    stay__session_state(&client->session) == STAY__SESSION_DOWN)
		return;
	if (!wants_room(client))
		return;
	client->session.output.asked = true;
	stay_stream_want_write(client->conn);
}

/* ---- the control lane ---- */

/* Who has said nothing for a while has this one. It can be read like any other; who
 * has something to say gets one of his own first. */
static const struct stay__control silent;

static void
fall_silent(struct stay__output *output)
{
	output->lane = (struct stay__control *)(uintptr_t)&silent;
}

/* False: no memory. */
static bool
has_lane(struct stay__output *output)
{
	struct stay__control *lane;

	if (output->lane != &silent)
		return true;
	lane = stay__zalloc(sizeof(*lane));
	if (lane == NULL)
		return false;
	output->lane = lane;
	return true;
}

static void
drop_lane(struct stay__output *output)
{
	if (output->lane == &silent)
		return;
	stay_buf_fini(&output->lane->buf);
	stay__free(output->lane);
	fall_silent(output);
}

void
stay__output_init(struct stay_session *session)
{
	fall_silent(&session->output);
}

void
stay__output_fini(struct stay_session *session)
{
	drop_lane(&session->output);
}

static void
clear_lane(struct stay__output *output)
{
	if (output->lane == &silent)
		return;
	output->lane->is_cut = false;
	output->lane->was_full = false;
	output->lane->settled = 0;
	stay_buf_cut(&output->lane->buf, 0);
}

void
stay__output_begin(struct stay_session *session)
{
	session->output.asked = false;
	session->output.sent_at = 0;
	session->output.unsent = 0;
	clear_lane(&session->output);
}

void
stay__output_trim(struct stay_session *session)
{
	const struct stay__control *lane = session->output.lane;

	if (stay_buf_len(&lane->buf) == 0 && !lane->was_full)
		drop_lane(&session->output);
}

struct stay_buf *
stay__output_control(struct stay_session *session)
{
	struct stay__output *output = &session->output;

	if (!has_lane(output))
		return &session->client->profile->no_lane;
	output->lane->buf.limit = output->lane->settled + MESSAGE_MAX;
	return &output->lane->buf;
}

bool
stay__output_is_full(const struct stay_session *session)
{
	return session->output.lane->settled >= LANE_MAX;
}

bool
stay__output_admits(struct stay_session *session)
{
	bool full = stay__output_is_full(session);

	if (full)
		session->output.lane->was_full = true;
	return !full;
}

/* Not at every byte: who waits for room has a lot to say. */
static bool
has_drained(const struct stay__control *lane)
{
	return lane->was_full && lane->settled <= LANE_MAX / 2;
}

bool
stay__output_drained(struct stay_session *session)
{
	bool drained = has_drained(session->output.lane);

	if (drained)
		session->output.lane->was_full = false;
	return drained;
}

void
stay__output_forget(struct stay_session *session)
{
	struct stay__control *lane = session->output.lane;

	if (lane->buf.tail - lane->buf.head > lane->settled)
		stay_buf_cut(&lane->buf, lane->settled);
}

void
stay__output_settle(struct stay_session *session, bool expected)
{
	struct stay__control *lane = session->output.lane;

	if (!expected)
		stay__output_forget(session);
	if (lane != &silent)
		lane->settled = stay_buf_len(&lane->buf);
}

/* ---- writing ---- */

void
stay__output_granted(struct stay_client *client)
{
	client->session.output.asked = false;
}

/* The stream has taken `len` more bytes, and with the first of them all before is
 * sent. Returns how many the kernel has now that it had not. */
static size_t
take(struct stay_client *client, size_t len)
{
	struct stay__output *output = &client->session.output;
	const struct stay__unsent unsent = stay__stream_unsent(client->conn);
	size_t sent = unseal(client, len > 0 ? 0 : unsent.sealed);

	client->traffic.bytes_out += len;
	if (len > 0 && stay__wire_is_on(client->loop))
		stay__wire_out(client, len);
	if (len > 0) {
		output->sent_at = stay__loop_now(client->loop);
		output->unsent = (uint32_t)unsent.sealed;
		take_written(client, (struct taken){ len, unsent.bytes });
		sent += len - unsent.bytes;
		stay__recorded_write(client, len);
	}
	if (has_drained(output->lane))
		stay__conn_interrupt(client->conn);
	stay__calls_release(client->calls);
	stay__admission_fall(client);
	stay__output_ask(client);
	return sent;
}

struct stay__written
stay__output_write(struct stay_client *client)
{
	struct gathered gathered = { .count = 0 };
	struct stay__written written = { 0 };
	enum stay_status status;
	size_t taken;

	if (client->calls->tagged != NULL && may_send(client))
		prepare_requests(client);
	stay__output_forget(&client->session);
	gather(client, &gathered);
	written.offered = gathered.len + client->session.output.unsent;
	if (written.offered == 0)
		return written;
	status = stay_stream_write(
	    client->conn, gathered.pieces, gathered.count, &taken);
	/* If the stream is down, the news of that follow, with the reason. */
	written.is_down = status != STAY_OK && taken == 0;
	if (!written.is_down)
		written.taken = take(client, taken);
	return written;
}
