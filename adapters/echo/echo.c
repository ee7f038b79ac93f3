/*
 * The teaching adapter: a client of a raw echo server that checks what returns.
 *
 * Read it from top to bottom; it has everything that an adapter needs. The
 * engine connects, queues, matches replies to calls, times out, reconnects and
 * stops. An adapter only says what a request looks like in bytes (encode), and
 * where the next frame ends in the bytes that have arrived (decode). It never
 * sees a descriptor, a loop or a clock. It includes public headers only, as an
 * adapter outside of this repository would.
 *
 * Raw echo has no framing: nothing in the bytes says where a reply ends. So
 * encode stores a length and a fingerprint with the call, in its `tag`. decode
 * reads the tag of the oldest call in flight.
 */
#include <stay/echo.h>

/* FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). It finds
 * accidents; it is no defence against a server that lies on purpose. */
static uint32_t
fingerprint(const char *data, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 16777619u;
	return hash;
}

/* The length in the upper half and the fingerprint in the lower one. */
static uint64_t
note_of(struct stay_bytes bytes)
{
	return (uint64_t)bytes.len << 32 | fingerprint(bytes.data, bytes.len);
}

/*
 * What the caller submitted, as bytes. It runs inside stay_echo_call, so the
 * caller's bytes need to live no longer than that call. Whatever is not
 * STAY_OK goes straight back to the caller, and nothing is sent.
 */
static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct stay_bytes *bytes = request->data;

	/* An empty message would be answered before it was sent. */
	if (bytes->len == 0)
		return STAY_E_ARG;
	if (bytes->len > UINT32_MAX)
		return STAY_E_TOO_BIG;
	request->tag = note_of(*bytes);
	return stay_buf_append(out, bytes->data, bytes->len);
}

/*
 * The next frame at the front of `in`. More may have arrived than one frame:
 * the rest comes again. Less, and we say so: the same bytes come again, with
 * more behind them. The reply is a view into the input, handed out without a
 * copy; it only has to live until `done` has returned. The view itself lives in
 * the session's block.
 */
static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	const uint64_t *note = stay_session_oldest(session);
	struct stay_bytes *reply = stay_session_data(session);
	size_t len;

	if (note == NULL)
		return stay_frame_bad("bytes that nobody sent came back");
	len = (size_t)(*note >> 32);
	if (in.len < len)
		return stay_frame_more_of(len);
	reply->data = in.data;
	reply->len = len;
	if (note_of(*reply) != *note)
		return stay_frame_bad("what came back is not what was sent");
	return stay_frame_reply(len, reply);
}

/*
 * The vtable. What is left out has a default, and the default is right here:
 * there is nothing to say in a greeting, so the session is up when the stream
 * is open; nothing survives a reconnect; nothing is pushed. The flag says that
 * an echo server does not wait for the end of a request before it acts. A reply
 * of ours is a view of bytes, which somebody else knows how to keep.
 */
const struct stay_protocol stay_echo_protocol = {
	STAY_PROTOCOL,
	.flags = STAY_ACTS_ON_PARTS,
	.name = "echo",
	.port = "7",
	.session_size = sizeof(struct stay_bytes),
	.encode = encode,
	.decode = decode,
	.retain = stay_retain_bytes,
};

/* Functions with types of one's own, so that nobody passes the wrong thing. */
enum stay_status
stay_echo_start(struct stay_client **client, struct stay_loop *loop,
    const char *url, const struct stay_client_options *options)
{
	return stay_client_start(
	    client, loop, &stay_echo_protocol, url, options);
}

enum stay_status
stay_echo_call(struct stay_client *client, const void *bytes, size_t len,
    stay_done_fn *done, void *arg)
{
	struct stay_bytes view = { bytes, len };

	return stay_client_call(client, &view, done, arg);
}
