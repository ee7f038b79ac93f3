/*
 * stay/protocol.h - a protocol on a byte stream, for who writes an adapter.
 *
 * Two slots make an adapter: `encode` turns a request into bytes, `decode` cuts
 * the next frame out of the bytes that arrived. The engine does everything
 * else: connecting, queueing, matching replies to calls, deadlines,
 * reconnecting, stopping. One line out, one line back, whole:
 *
 *	static enum stay_status
 *	encode(struct stay_request *request, struct stay_buf *out)
 *	{
 *		const char *text = request->data;
 *
 *		return stay_buf_printf(out, "%s\r\n", text);
 *	}
 *
 *	static struct stay_frame
 *	decode(struct stay_session *session, struct stay_bytes in)
 *	{
 *		struct stay_bytes *line = stay_session_data(session);
 *		const char *end = memchr(in.data, '\n', in.len);
 *
 *		if (end == NULL)
 *			return stay_frame_more();
 *		line->data = in.data;
 *		line->len = (size_t)(end - in.data);
 *		return stay_frame_reply(line->len + 1, line);
 *	}
 *
 *	static const struct stay_protocol line_protocol = {
 *		STAY_PROTOCOL, .name = "line", .port = "7777",
 *		.session_size = sizeof(struct stay_bytes),
 *		.encode = encode, .decode = decode,
 *	};
 *
 * The life of a session, and who is called when:
 *
 *	stream open --> hello(NULL) --> [frame --> hello(frame)]* --> on_up
 *	  --> [frame --> done | on_push | on_control | on_orphan]*
 *	  --> on_down (once per opened stream)
 *
 * A push goes to on_push, during the greeting, too.
 *
 * Four places to keep something. Two blocks that the vtable gives a size, and
 * the engine allocates, zeroes and frees: `keep` lives from start to closed and
 * survives reconnects (subscriptions, credentials), the `session` block is
 * zeroed for each stream (a parser's position). The `config` is the caller's,
 * shared and const. A call has one word, its `tag`.
 *
 * All slots run on the loop's thread. `encode` runs once, inside
 * stay_client_call, and must not call the library but for <stay/buf.h>; what it
 * wrote is what is sent, and sent again. `decode` may call the functions at the
 * end of this header, and `retain` none; the other slots of a session may call
 * anything.
 */
#ifndef STAY_PROTOCOL_H
#define STAY_PROTOCOL_H

#include <stay/buf.h>
#include <stay/status.h>
#include <stay/url.h>

STAY_BEGIN

struct stay_client;
struct stay_session;

/* ---- out: a request -------------------------------------------------- */

/*
 * What is sent again when a session is lost that may have executed it, within
 * the budget for that:
 *  - what is idempotent, as a SET, if all that was sent behind it is sent again,
 *    too, or reads only: else it would undo what came after it. (Behind what is
 *    given up while it waits to be sent again, it may still do so.)
 *  - what reads only, as a GET, in any case; the answer may then tell of what
 *    was done behind it.
 * A call that blocks, and that its caller gave no timeout, has until blocks_ms +
 * block_margin_ms after its submission, in place of call_timeout_ms; so long
 * the server may be silent, too.
 */
#define STAY_IDEMPOTENT   1u /* harmless twice: may be sent again */
#define STAY_BLOCKS       2u /* the server may wait up to blocks_ms to answer */
#define STAY_THIS_SESSION 4u /* worthless after a reconnect: fails with it */
#define STAY_READ_ONLY    (8u | STAY_IDEMPOTENT) /* changes nothing */

struct stay_request {
	const void *data;   /* what the caller submitted; lives for this call */
	const void *config; /* of the options */
	/* What encode declares; as on entry: */
	uint32_t replies;   /* 1; 0: none is due, n: done runs with the last */
	uint32_t flags;     /* 0 */
	uint64_t blocks_ms; /* 0; for STAY_BLOCKS; STAY_FOREVER: no deadline */
	uint64_t tag; /* 0; stays with the call, see stay_session_oldest */
	uintptr_t reserved[2];
};

/* Not STAY_OK: the call is refused with it, and nothing of it is sent. */
typedef enum stay_status stay_encode_fn(
    struct stay_request *request, struct stay_buf *out);

/* ---- in: a frame ----------------------------------------------------- */

/* An error is STAY_E_SERVER with STAY_REPLIED, a refusal with STAY_REFUSED. */
enum stay_frame_kind {
	STAY_FRAME_MORE,    /* not whole yet */
	STAY_FRAME_REPLY,   /* answers the oldest call in flight */
	STAY_FRAME_ERROR,   /* so does this; the server may have acted */
	STAY_FRAME_REFUSED, /* so does this; it certainly did not act */
	STAY_FRAME_PART, /* a piece of the oldest call's answer; more follow */
	STAY_FRAME_PUSH, /* answers nothing: on_push */
	/* on_push, and it answers the oldest call, too */
	STAY_FRAME_ANSWERING_PUSH,
	STAY_FRAME_SKIP, /* protocol bytes without a meaning for anyone */
	STAY_FRAME_BAD   /* not this protocol: the session is over */
};

/* Made by the constructors below only. */
struct stay_frame {
	enum stay_frame_kind kind;
	size_t len; /* bytes consumed; MORE: how many in all would help, or 0 */
	const void *reply; /* what done, hello, on_push are given */
	const char *why;   /* BAD: static text */
	uintptr_t reserved[2];
};

static inline struct stay_frame
stay_frame_of(enum stay_frame_kind kind, size_t len, const void *reply)
{
	struct stay_frame frame = { kind, len, reply, NULL, { 0, 0 } };

	return frame;
}

/* Wait for more bytes; the same bytes come again in front of them. */
static inline struct stay_frame
stay_frame_more(void)
{
	return stay_frame_of(STAY_FRAME_MORE, 0, NULL);
}

/* The same, and the frame will be `total` bytes long at least. */
static inline struct stay_frame
stay_frame_more_of(size_t total)
{
	return stay_frame_of(STAY_FRAME_MORE, total, NULL);
}

/*
 * The first `len` bytes answer the oldest call. What `reply` points to must
 * live until its consumer has returned: it may be the input itself, or the
 * session block (decode does not run again before), but nothing on decode's
 * stack.
 */
static inline struct stay_frame
stay_frame_reply(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REPLY, len, reply);
}

static inline struct stay_frame
stay_frame_error(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_ERROR, len, reply);
}

static inline struct stay_frame
stay_frame_refused(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REFUSED, len, reply);
}

static inline struct stay_frame
stay_frame_part(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_PART, len, reply);
}

static inline struct stay_frame
stay_frame_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_PUSH, len, push);
}

static inline struct stay_frame
stay_frame_answering_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_ANSWERING_PUSH, len, push);
}

static inline struct stay_frame
stay_frame_skip(size_t len)
{
	return stay_frame_of(STAY_FRAME_SKIP, len, NULL);
}

static inline struct stay_frame
stay_frame_bad(const char *why)
{
	struct stay_frame frame = { STAY_FRAME_BAD, 0, NULL, why, { 0, 0 } };

	return frame;
}

/*
 * Cut the next frame off the front of `in`, which is never empty. Called with
 * the same front until it is not MORE, so a parser may remember in its session
 * block how far it got, as an offset: the bytes may move in memory. A frame
 * other than MORE and BAD consumes at least one byte.
 */
typedef struct stay_frame stay_decode_fn(
    struct stay_session *session, struct stay_bytes in);

/* ---- the handshake --------------------------------------------------- */

enum stay_hello_kind {
	STAY_HELLO_UP,
	STAY_HELLO_WAIT,
	STAY_HELLO_RETRY,
	STAY_HELLO_DENIED
};

/* Made by the constructors below only. */
struct stay_hello {
	enum stay_hello_kind kind;
	const char *text; /* why not; no local array: read after hello */
	uintptr_t reserved[2];
};

static inline struct stay_hello
stay_hello_of(enum stay_hello_kind kind, const char *text)
{
	struct stay_hello hello = { kind, text, { 0, 0 } };

	return hello;
}

/* The session is up: calls may flow. */
static inline struct stay_hello
stay_hello_up(void)
{
	return stay_hello_of(STAY_HELLO_UP, NULL);
}

/* Another frame is needed. */
static inline struct stay_hello
stay_hello_wait(void)
{
	return stay_hello_of(STAY_HELLO_WAIT, NULL);
}

/* Not now (transient: STAY_E_NOT_READY): come back after the backoff. */
static inline struct stay_hello
stay_hello_retry(const char *text)
{
	return stay_hello_of(STAY_HELLO_RETRY, text);
}

/* Never like this (fatal: STAY_E_DENIED): fail the calls, come back slowly. */
static inline struct stay_hello
stay_hello_denied(const char *text)
{
	return stay_hello_of(STAY_HELLO_DENIED, text);
}

/*
 * `frame` is NULL when the stream has just opened. Whoever begins writes to the
 * control lane, and says that an answer is due:
 *
 *	struct stay_buf *out = stay_session_control(session);
 *
 *	if (frame != NULL)
 *		return stay_hello_up();
 *	if (stay_buf_puts(out, "HI\r\n") != STAY_OK ||
 *	    stay_session_expect(session, 1) != STAY_OK)
 *		return stay_hello_retry("no memory for the greeting");
 *	return stay_hello_wait();
 *
 * If the server speaks first nothing is expected: return stay_hello_wait().
 * connect_budget_ms bounds all of it.
 */
typedef struct stay_hello stay_hello_fn(
    struct stay_session *session, const struct stay_frame *frame);

/* ---- the rest of the vtable ------------------------------------------ */

typedef void stay_session_fn(struct stay_session *session);
typedef void stay_down_fn(struct stay_session *session, enum stay_status why);
typedef void stay_frame_fn(
    struct stay_session *session, const struct stay_frame *frame);
typedef enum stay_status stay_keep_init_fn(
    void *keep, const void *config, const struct stay_url *url);
typedef void stay_keep_fini_fn(void *keep);

/* A reply that is to be kept: see the slot `retain`. */
struct stay_retain {
	const void *reply; /* what a consumer was given, or a part of it */
	const char *bytes; /* its frame, as decode saw it... */
	const char *moved; /* ...and where these bytes will be */
	void *to;          /* aligned room; NULL: only the size is asked */
	const void *kept;  /* to be set, with `to`: the copy of `reply` */
	uintptr_t reserved[2];
};

typedef size_t stay_retain_fn(
    struct stay_session *session, struct stay_retain *keep);

/* Servers of this protocol act on a request before its last byte has come. */
#define STAY_ACTS_ON_PARTS 1u

/* Const and shared by any number of connections; must outlive them. */
struct stay_protocol {
	size_t size; /* STAY_PROTOCOL sets these two */
	unsigned abi;
	unsigned flags;   /* STAY_ACTS_ON_PARTS; an unknown one is refused */
	const char *name; /* in logs; and the URL scheme of tcp: name://host */
	const char *port; /* if the URL has none; NULL: it must have one */
	size_t session_size;
	size_t keep_size;

	stay_encode_fn *encode; /* mandatory */
	stay_decode_fn *decode; /* mandatory */

	/* NULL: up as soon as the stream is open. */
	stay_hello_fn *hello;
	/* The session is ready and no queued call has left yet: resubscribe,
	 * with stay_session_control. NULL: nothing. */
	stay_session_fn *on_up;
	/* Once per opened stream, also if on_up never came. NULL: nothing. */
	stay_down_fn *on_down;
	/* A frame of no call. NULL: dropped. */
	stay_frame_fn *on_push;
	/* An answer to bytes of the control lane, after hello. NULL: dropped.
	 */
	stay_frame_fn *on_control;
	/* The late answer of a call that was given up: what it brought (a job
	 * reserved, a value popped) belongs to nobody now. NULL: dropped. */
	stay_frame_fn *on_orphan;
	/* Put a probe on the control lane that is answered (and expected with
	 * stay_session_expect). NULL: the protocol has none; an idle session is
	 * then not probed. */
	stay_session_fn *ping;
	/* Put a farewell on the control lane, when a session ends by our own
	 * will. NULL: it is just closed. */
	stay_session_fn *bye;
	/* The block that survives reconnects. Not STAY_OK: start fails with it.
	 * NULL: it stays zeroed; nothing to undo. */
	stay_keep_init_fn *init;
	stay_keep_fini_fn *fini;
	/* For stay_held_new: copy a reply to keep->to, with its texts in the bytes
	 * at keep->moved. Returns how many bytes that takes (the same for both
	 * questions), 0 for what is no reply of this frame. Runs inside
	 * stay_held_new; must not call the library. NULL: replies can't be held. */
	stay_retain_fn *retain;
};

/* `retain` for protocols whose replies are a struct stay_bytes in the frame. */
STAY_API size_t stay_retain_bytes(
    struct stay_session *session, struct stay_retain *keep);

#define STAY_PROTOCOL .size = sizeof(struct stay_protocol), .abi = STAY_ABI

/* ---- what a slot may ask of its session ------------------------------ */

/* The blocks of the vtable: session_size and keep_size bytes; the config. */
STAY_API void *stay_session_data(struct stay_session *session);
STAY_API void *stay_session_keep(struct stay_session *session);
STAY_API const void *stay_session_config(const struct stay_session *session);
STAY_API struct stay_client *stay_session_client(struct stay_session *session);
STAY_API const struct stay_url *stay_session_url(
    const struct stay_session *session);

/* In decode: the same bytes as `in`, for writing over what is consumed. */
STAY_API char *stay_session_input(struct stay_session *session);

/* The tag of the oldest call in flight, or NULL: what comes next answers it. */
STAY_API const uint64_t *stay_session_oldest(
    const struct stay_session *session);

/*
 * The control lane: append bytes, then say how many replies they are due (also
 * 0). While greeting the replies go to hello, afterwards to on_control. Control
 * bytes go before calls, at a request boundary. Not in encode or decode. What
 * was appended and cannot be expected (not STAY_OK) is taken back.
 */
STAY_API struct stay_buf *stay_session_control(struct stay_session *session);
STAY_API enum stay_status stay_session_expect(
    struct stay_session *session, unsigned replies);

STAY_END

#endif
