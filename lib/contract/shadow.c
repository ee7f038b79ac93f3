/*
 * The adapter's table, as the engine gets it: all slots are the adapter's own, but
 * `decode`, `at_end`, `encode` and `retain`, through which the kit hands it guarded
 * input.
 * This is the one file of the kit that knows slots. It knows no call and no run.
 */
#include <string.h>

#include "contract/kit.h"

#define STAY_WEAK __attribute__((weak))

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*): the linker's names */
/* Without the linker's options there are none. */
STAY_WEAK enum stay_status __real_stay_client_start(struct stay_client **client,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options);
STAY_WEAK char *__real_stay_session_input(struct stay_session *session);
STAY_API enum stay_status __wrap_stay_client_start(struct stay_client **client,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options);
STAY_API char *__wrap_stay_session_input(struct stay_session *session);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* The one that runs: the adapter's table, and the kit's. */
static const struct stay_protocol *original;
static struct stay_protocol shadow;
static struct stay_session_ops shadow_session;

/* The input of the last decode: the engine's, and the guarded copy. */
static struct {
	const char *theirs;
	char *guarded;
	size_t len;
} input;

static bool
is_guarded(const char *at)
{
	return at >= input.guarded && at <= input.guarded + input.len;
}

/* Nobody looks at it before the next decode, so the engine's bytes may be made the
 * same as what the adapter has left. */
static void
write_back(struct stay_session *session)
{
	if (__real_stay_session_input != NULL &&
	    memcmp(input.theirs, input.guarded, input.len) != 0)
		memcpy(__real_stay_session_input(session), input.guarded,
		    input.len);
}

static struct stay_frame
cut(const char *slot, stay_decode_fn *fn, struct stay_session *session,
    struct stay_bytes in)
{
	struct stay_frame frame;

	input.theirs = in.data;
	input.guarded = kit_guard(in.data, in.len);
	input.len = in.len;
	kit_told->slot = slot;
	frame = fn(session, (struct stay_bytes){ input.guarded, in.len });
	kit_told->slot = NULL;
	write_back(session);
	if (frame.why != NULL && is_guarded(frame.why))
		frame.why = input.theirs + (frame.why - input.guarded);
	return frame;
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	return cut("decode", original->decode, session, in);
}

static struct stay_frame
at_end(struct stay_session *session, struct stay_bytes rest)
{
	return cut("at_end", original->session->at_end, session, rest);
}

/* The frame is where the adapter saw it; the engine keeps its own copy. */
static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	const char *theirs = keep->bytes;
	size_t size;

	keep->bytes = input.guarded + (theirs - input.theirs);
	size = original->retain(session, keep);
	keep->bytes = theirs;
	return size;
}

/* ---- encode, behind the requests of others ---- */

static uint8_t
front_byte(size_t at)
{
	return (uint8_t)(0xa5 ^ at);
}

/* As much as fits, so that the first append of encode needs memory, which may fail. */
static enum stay_status
put_front(struct stay_buf *out, size_t room)
{
	enum stay_status status;

	stay_buf_init(out, 0);
	do
		status = stay_buf_u8(out, front_byte(stay_buf_len(out)));
	while (status == STAY_OK && stay_buf_len(out) + 1 < out->cap);
	if (room != SIZE_MAX)
		out->limit = stay_buf_len(out) + room;
	return status;
}

static void
check_front(const struct stay_buf *out, size_t front)
{
	struct stay_bytes bytes = stay_buf_bytes(out);

	for (size_t i = 0; i < front; i++)
		if (i >= bytes.len || (uint8_t)bytes.data[i] != front_byte(i))
			kit_broken(KIT_APPENDS,
			    "encode %s byte %zu of the %zu that stood in its "
			    "buffer before, as the requests of other calls do: "
			    "an offset counts from what stay_buf_len says "
			    "before the first append",
			    i < bytes.len ? "changes" : "removes", i, front);
}

/* How long the request is if all that it asks for is there. */
static size_t
whole_len(struct stay_request *request)
{
	struct stay_buf whole;
	size_t len;

	stay_buf_init(&whole, 0);
	(void)original->encode(request, &whole);
	len = stay_buf_len(&whole);
	stay_buf_fini(&whole);
	return len;
}

/* An append that has failed, for want of memory or of room, is one to look at. */
static void
check_whole(struct stay_request *request, size_t len)
{
	size_t whole = whole_len(request);

	if (len < whole)
		kit_broken(KIT_WHOLE,
		    "encode returns ok, with %zu of the %zu bytes of its "
		    "request: an append has failed, and what it returned was "
		    "not looked at",
		    len, whole);
}

/* It gets a buffer of the kit's, in which there is something already. */
static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	struct stay_request again = *request;
	bool had_failed = kit_memory.has_failed;
	struct stay_buf own;
	enum stay_status status = put_front(&own, stay_buf_room(out));
	size_t front = stay_buf_len(&own);

	if (status == STAY_OK) {
		kit_told->slot = "encode";
		status = original->encode(request, &own);
		kit_told->slot = NULL;
		check_front(&own, front);
		if (status == STAY_OK && kit_memory.has_failed != had_failed)
			check_whole(&again, stay_buf_len(&own) - front);
	}
	if (status == STAY_OK)
		status = stay_buf_append(out, stay_buf_bytes(&own).data + front,
		    stay_buf_len(&own) - front);
	stay_buf_fini(&own);
	return status;
}

/* ---- the table ---- */

/* Without the short way past decode: whoever has one is told by decode, too. */
static const struct stay_session_ops *
shadow_session_of(const struct stay_session_ops *session)
{
	if (session == NULL)
		return NULL;
	memset(&shadow_session, 0, sizeof(shadow_session));
	memcpy(&shadow_session, session,
	    session->size < sizeof(shadow_session) ? session->size
						   : sizeof(shadow_session));
	shadow_session.replies = NULL;
	if (shadow_session.at_end != NULL)
		shadow_session.at_end = at_end;
	return &shadow_session;
}

static void
cast_shadow(const struct stay_protocol *protocol)
{
	original = protocol;
	memset(&shadow, 0, sizeof(shadow));
	memcpy(&shadow, protocol,
	    protocol->size < sizeof(shadow) ? protocol->size : sizeof(shadow));
	if (shadow.decode != NULL)
		shadow.decode = decode;
	if (shadow.encode != NULL)
		shadow.encode = encode;
	if (shadow.retain != NULL)
		shadow.retain = retain;
	shadow.session = shadow_session_of(protocol->session);
}

enum stay_status
kit_client_start(struct stay_client **client, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	cast_shadow(protocol);
	if (__real_stay_client_start != NULL)
		return __real_stay_client_start(
		    client, loop, &shadow, url, options);
	return stay_client_start(client, loop, &shadow, url, options);
}

bool
kit_shadow_reads_ends(void)
{
	return original != NULL && shadow.session != NULL &&
	       shadow.session->at_end != NULL;
}

bool
kit_shadow_has_last_frames(void)
{
	return kit_shadow_reads_ends() ||
	       (original != NULL && (shadow.flags & STAY_LAST_FRAMES) != 0);
}

void
kit_shadow_begin(void)
{
	original = NULL;
}

/* An adapter's own start function comes here; and an adapter that has another client
 * beside the one of the run, as to cancel a request: that goes by itself. */
enum stay_status
__wrap_stay_client_start(struct stay_client **client, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	if (original != NULL)
		return __real_stay_client_start(
		    client, loop, protocol, url, options);
	return kit_client_start(client, loop, protocol, url, options);
}

char *
__wrap_stay_session_input(struct stay_session *session)
{
	(void)session;
	return input.guarded;
}
