/*
 * stay/protocol.h - a protocol on a byte stream: for writing an adapter.
 *
 * Two functions make an adapter: `encode` turns a request into bytes, `decode`
 * cuts the next frame out of the bytes that arrived. The engine does everything
 * else: it connects, queues, matches replies to calls, times out, reconnects
 * and stops. A whole adapter, for one line out and one line back:
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
 * Which slot runs when, in the life of a session:
 *
 *	stream open --> hello(NULL) --> [frame --> hello(frame)]*
 *	  --> on_up(NULL) --> [frame --> on_up(frame)]*
 *	  --> [frame --> done | on_push | on_control | on_orphan]*
 *	  --> on_down (once for each opened stream)
 *
 * A push goes to on_push and an aside to on_aside, also during the greeting.
 *
 * A protocol can keep something in four places. The engine allocates, zeroes
 * and frees two blocks, of the sizes in the table:
 *  - `keep` lives from start to closed, across reconnects: subscriptions,
 *    credentials. What is large there is given back when `rest` asks for it.
 *  - `session` is zeroed for each stream: a parser's position.
 *  - `config` is the caller's, const, and may be shared by several clients.
 *  - A call has one word: its `tag`.
 *
 * Replies come in the order of the calls, or name the tag that `prepare` has given
 * to their call, or some do this and some that. For packets that have an id, as in
 * MQTT, the whole difference is:
 *
 *	static enum stay_status
 *	encode(struct stay_request *request, struct stay_buf *out)
 *	{
 *		...
 *		request->flags = STAY_BY_TAG;
 *		return stay_buf_append(out, packet, len);
 *	}
 *
 *	static enum stay_status
 *	prepare(struct stay_session *session, struct stay_prepare *call)
 *	{
 *		uint64_t id = stay_session_free_tag(session, UINT16_MAX);
 *
 *		if (id == 0)
 *			return STAY_E_FULL;
 *		call->bytes[ID_AT] = (char)(id >> 8);
 *		call->bytes[ID_AT + 1] = (char)id;
 *		if (call->again)
 *			call->bytes[0] |= DUP;
 *		call->tag = id;
 *		return STAY_OK;
 *	}
 *
 *	static struct stay_frame
 *	decode(struct stay_session *session, struct stay_bytes in)
 *	{
 *		...
 *		return stay_frame_with_tag(stay_frame_reply(len, ack), id);
 *	}
 *
 * All slots run on the loop's thread. `encode` runs once for each call, inside
 * stay_client_call, and may call only <stay/buf.h>; what it writes is what is
 * sent, and sent again. `decode` may call the functions at the end of this
 * header; `retain` may call nothing. The other slots of a session may call
 * everything.
 */
#ifndef STAY_PROTOCOL_H
#define STAY_PROTOCOL_H

#include <stdbool.h>

#include <stay/buf.h>
#include <stay/status.h>
#include <stay/url.h>

STAY_BEGIN

struct stay_client;
struct stay_later;
struct stay_session;

/* ---- out: a request -------------------------------------------------- */

/*
 * Flags of a call: what may be done with it.
 *
 * When a session is lost, a call that the server may have executed completes
 * with STAY_MAYBE_EXECUTED. With one of these flags it may be sent again
 * instead, within the budget for that (resends_max, resend_percent):
 *  - STAY_IDEMPOTENT, as for a SET: only if every call that was sent behind it
 *    is sent again, too, or only reads. Otherwise it would undo what came after
 *    it. (If a later call is cancelled while it waits to be sent again, the
 *    earlier one may still overwrite it.)
 *  - STAY_READ_ONLY, as for a GET: always. Its reply may then show what calls
 *    behind it have done.
 *
 * A call with STAY_BLOCKS, and without a timeout of its own, has blocks_ms and
 * block_margin_ms from its submission on, in place of call_timeout_ms. While it
 * is the oldest in flight, the server may be silent for as long. If it is given up
 * with no other call in flight, its session ends: see enum stay_on_given_up.
 */
#define STAY_IDEMPOTENT        1u /* running it twice does no harm */
#define STAY_BLOCKS            2u /* the server may take blocks_ms to reply */
/* Worthless in another session than the one that is ready at submission: it ends
 * with that, and is rejected with STAY_E_OFFLINE if there is none, or if it is
 * being left. So it is also the flag of a call that is not worth waiting for. */
#define STAY_THIS_SESSION      4u
#define STAY_READ_ONLY         (8u | STAY_IDEMPOTENT) /* changes nothing */
/* Replies name the tag that `prepare` gives to the call. Only encode may set this,
 * and only of a protocol that has that slot; else the call gets STAY_E_ARG. */
#define STAY_BY_TAG            16u
/* With STAY_BY_TAG: a server that never answers is as good as any. If the call is
 * cancelled or times out in flight, it leaves no tombstone, but its tag is let go
 * of: see stay_session_let_go. No silence is held against the server. */
#define STAY_MAY_GO_UNANSWERED 32u

/* What encode is given, and what it fills in. Lives until encode returns. */
struct stay_request {
	const void *data;   /* what the caller submitted */
	const void *config; /* of the client's options */
	/* encode may change these: */
	uint32_t replies;   /* 1. 0: none is due; n: `done` gets the last */
	uint32_t flags;     /* 0; see above */
	uint64_t blocks_ms; /* 0; with STAY_BLOCKS; STAY_FOREVER: no timeout */
	uint64_t tag; /* 0; for decode and prepare: see stay_session_oldest */
	/* Given: it has no `done`, so call->name may be asked for its name. */
	bool is_untold;
	uintptr_t reserved[1];
};

/*
 * Append the bytes of one request to `out`: at least one byte.
 * Returns STAY_OK; any other status rejects the call with it, and nothing is
 * sent.
 */
typedef enum stay_status stay_encode_fn(
    struct stay_request *request, struct stay_buf *out);

/* ---- in: a frame ----------------------------------------------------- */

/* What a frame is, and what it does to the oldest call in flight that is answered in
 * order, or to the call whose tag it names. */
enum stay_frame_kind {
	STAY_FRAME_MORE,  /* not whole yet */
	STAY_FRAME_REPLY, /* the call completes with STAY_OK */
	/* It completes with STAY_E_SERVER; the server may have acted */
	STAY_FRAME_ERROR,
	/* It completes with STAY_E_SERVER; the server did not act */
	STAY_FRAME_REFUSED,
	/* The same, and no other session would be told anything else */
	STAY_FRAME_REFUSED_FOR_GOOD,
	STAY_FRAME_PART, /* a piece of its reply; more pieces follow */
	STAY_FRAME_PUSH, /* nothing: the frame goes to on_push */
	/* The frame goes to on_push, and then it completes with STAY_OK */
	STAY_FRAME_ANSWERING_PUSH,
	STAY_FRAME_ASIDE, /* nothing: the frame goes to on_aside */
	STAY_FRAME_SKIP,  /* nothing: the bytes have no meaning for anyone */
	STAY_FRAME_BAD    /* not this protocol: the session ends */
};

/* Make it with the functions below; read it, don't fill it in. */
struct stay_frame {
	enum stay_frame_kind kind;
	bool by_tag; /* with_tag */
	size_t len;  /* bytes used; MORE: how many it will be in all, or 0 */
	const void *reply; /* for done, hello, on_push and the like */
	const char *why;   /* BAD: static text; with_text: the server's words */
	size_t why_len;    /* of the server's words */
	uint64_t tag;      /* by_tag */
	uintptr_t reserved[1];
};

/* A frame of a kind that is known at run time; else use the functions below. */
static inline struct stay_frame
stay_frame_of(enum stay_frame_kind kind, size_t len, const void *reply)
{
	struct stay_frame frame = { kind, false, len, reply, NULL, 0, 0,
		{ 0 } };

	return frame;
}

/* The frame is not whole. decode gets the same bytes again, and more behind
 * them. */
static inline struct stay_frame
stay_frame_more(void)
{
	return stay_frame_of(STAY_FRAME_MORE, 0, NULL);
}

/* The same, when it is known that the frame has at least `total` bytes. */
static inline struct stay_frame
stay_frame_more_of(size_t total)
{
	return stay_frame_of(STAY_FRAME_MORE, total, NULL);
}

/*
 * The first `len` bytes are the reply to the oldest call. `reply` must live
 * until `done` returns: it may point into the input, or into the session block,
 * as decode does not run again before that; not to a local variable of decode.
 */
static inline struct stay_frame
stay_frame_reply(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REPLY, len, reply);
}

/* The same, for a reply that is an error; the server may have acted. */
static inline struct stay_frame
stay_frame_error(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_ERROR, len, reply);
}

/* The same, for a reply which says that the server did not act. */
static inline struct stay_frame
stay_frame_refused(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REFUSED, len, reply);
}

/* The same, where it is no use to ask again in another session: the call completes
 * also with STAY_REFUSED_RESEND. */
static inline struct stay_frame
stay_frame_refused_for_good(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_REFUSED_FOR_GOOD, len, reply);
}

/*
 * A frame of one of the three kinds above, with the words of the server: they are
 * the end of `why` in the result of the call. They live as long as the reply;
 * any bytes will do, since they are cut, escaped, and rid of the login's words.
 *
 *	return stay_frame_with_text(
 *	    stay_frame_error(len, reply), reply->text, reply->text_len);
 */
static inline struct stay_frame
stay_frame_with_text(struct stay_frame frame, const char *text, size_t len)
{
	frame.why = text;
	frame.why_len = len;
	return frame;
}

/*
 * A frame that names the tag of its call:
 *  - A reply, an error, a refusal or a part is for the call that has this tag in
 *    this session, or was given up with it, or for the control lane. If there is
 *    none, the session ends with STAY_E_UNASKED. A protocol that thinks nothing of
 *    that asks stay_session_tagged first, and skips the frame.
 *  - A push goes to on_push. It is also a step on the way to the reply, so that the
 *    call is not sent again: MQTT's PUBREC, which on_push answers.
 *  - A reply, an error or a refusal may use no byte, if a call waits for it: decode
 *    gets the same bytes again. So one frame can complete several calls. Such a
 *    reply can't be held.
 */
static inline struct stay_frame
stay_frame_with_tag(struct stay_frame frame, uint64_t tag)
{
	frame.tag = tag;
	frame.by_tag = true;
	return frame;
}

/* The same, for a piece of a reply; it goes to the call's `part`. */
static inline struct stay_frame
stay_frame_part(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_PART, len, reply);
}

/* The first `len` bytes are a push, which goes to on_push; it must live until
 * on_push returns. */
static inline struct stay_frame
stay_frame_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_PUSH, len, push);
}

/* The same, for a push that is also the reply to the oldest call. */
static inline struct stay_frame
stay_frame_answering_push(size_t len, const void *push)
{
	return stay_frame_of(STAY_FRAME_ANSWERING_PUSH, len, push);
}

/*
 * The first `len` bytes are for nobody but the protocol itself, as a PING that wants
 * a PONG: on_aside may answer on the control lane. `reply` lives as that of a push.
 */
static inline struct stay_frame
stay_frame_aside(size_t len, const void *reply)
{
	return stay_frame_of(STAY_FRAME_ASIDE, len, reply);
}

/* The first `len` bytes have no meaning for anyone. */
static inline struct stay_frame
stay_frame_skip(size_t len)
{
	return stay_frame_of(STAY_FRAME_SKIP, len, NULL);
}

/* The bytes are not of this protocol: the session ends with STAY_E_PROTOCOL.
 * `why` is a static text for the log. */
static inline struct stay_frame
stay_frame_bad(const char *why)
{
	struct stay_frame frame = { STAY_FRAME_BAD, false, 0, NULL, why, 0, 0,
		{ 0 } };

	return frame;
}

/*
 * Cut the next frame off the front of `in`, which is never empty and lives
 * until decode returns. A frame other than MORE and BAD uses at least one byte, but
 * for replies with a tag.
 *
 * After MORE, decode gets the same bytes again. So a parser may remember in its
 * session block how far it got: as an offset, for the bytes may move in memory.
 * decode may also get a whole frame twice, before the frame has any effect: the
 * completions before it may fill a turn of the loop, and then it waits.
 */
typedef struct stay_frame stay_decode_fn(
    struct stay_session *session, struct stay_bytes in);

/* ---- the handshake --------------------------------------------------- */

enum stay_hello_kind {
	STAY_HELLO_UP,
	STAY_HELLO_WAIT,
	STAY_HELLO_LATER,
	STAY_HELLO_RETRY,
	STAY_HELLO_DENIED,
	STAY_HELLO_BAD
};

/* Make it with the functions below; don't look inside. */
struct stay_hello {
	enum stay_hello_kind kind;
	const char *text;
	struct stay_later *later;
	uintptr_t reserved[1];
};

static inline struct stay_hello
stay_hello_of(enum stay_hello_kind kind, const char *text)
{
	struct stay_hello hello = { kind, text, NULL, { 0 } };

	return hello;
}

/* hello: the peer is accepted, and on_up is asked. on_up: calls may flow. */
static inline struct stay_hello
stay_hello_up(void)
{
	return stay_hello_of(STAY_HELLO_UP, NULL);
}

/* Another frame of the server is needed, or room in the control lane. */
static inline struct stay_hello
stay_hello_wait(void)
{
	return stay_hello_of(STAY_HELLO_WAIT, NULL);
}

/*
 * Not before stay_later_resume: then hello is asked again, with NULL. Frames that
 * come in between wait, as far as reply_bytes_max allows. `later` is of
 * stay_session_later, which may have failed: with NULL the attempt fails with
 * STAY_E_NOMEM.
 */
static inline struct stay_hello
stay_hello_later(struct stay_later *later)
{
	struct stay_hello hello = stay_hello_of(STAY_HELLO_LATER, NULL);

	hello.later = later;
	return hello;
}

/* Not now: the attempt fails with STAY_E_NOT_READY, and the client tries again
 * after its backoff. `text` is for the log; it is read after hello has
 * returned, so it must not be a local array. */
static inline struct stay_hello
stay_hello_retry(const char *text)
{
	return stay_hello_of(STAY_HELLO_RETRY, text);
}

/* Never like this, as with a wrong password: the attempt fails with
 * STAY_E_DENIED, which is fatal; see `on_fatal`. `text` as above. */
static inline struct stay_hello
stay_hello_denied(const char *text)
{
	return stay_hello_of(STAY_HELLO_DENIED, text);
}

/* The peer does not speak this protocol (STAY_E_PROTOCOL): come back after the
 * backoff. */
static inline struct stay_hello
stay_hello_bad(const char *text)
{
	return stay_hello_of(STAY_HELLO_BAD, text);
}

/*
 * Greet the server. `frame` is NULL when the stream has just opened, and then a
 * frame of the server each time. To say something, append it to the control
 * lane, and say how many replies it will get:
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
 * If the server speaks first, return stay_hello_wait() without more.
 * connect_budget_ms bounds the whole greeting.
 */
typedef struct stay_hello stay_hello_fn(
    struct stay_session *session, const struct stay_frame *frame);

/* ---- the rest of the vtable ------------------------------------------ */

/* The types of the slots; what they do stands in the tables below. */
typedef void stay_session_fn(struct stay_session *session);
typedef void stay_down_fn(struct stay_session *session, enum stay_status why);
typedef void stay_frame_fn(
    struct stay_session *session, const struct stay_frame *frame);
typedef enum stay_status stay_keep_init_fn(
    void *keep, const void *config, const struct stay_url *url);
typedef void stay_keep_fini_fn(void *keep);
typedef void stay_keep_rest_fn(void *keep);
typedef bool stay_keep_wake_fn(void *keep);
typedef bool stay_keep_lingers_fn(const void *keep);
typedef void stay_keep_end_fn(void *keep, enum stay_status reason);

/* Writes at most `len` bytes, NUL included; returns as snprintf. */
typedef int stay_session_describe_fn(
    struct stay_session *session, char *text, size_t len);

/* Writes at most `len` bytes, NUL included; returns as snprintf. */
typedef int stay_name_call_fn(uint64_t tag, char *text, size_t len);

/* A call that is about to be sent: see the slot `prepare`. */
struct stay_prepare {
	char *bytes; /* what encode has appended; may be written over */
	size_t len;
	uint64_t tag;   /* what encode has set; with STAY_BY_TAG: set it anew */
	uint32_t flags; /* of the request */
	bool
	    again; /* a server may have seen it; the bytes are as of that time */
	uintptr_t reserved[2];
};

/* A call that nothing more can come of: see the slot on_over. */
struct stay_over {
	void *keep;
	const void *config;
	uint64_t tag;         /* of this session, if on_over is given one */
	uint64_t request_tag; /* what encode has set */
	enum stay_outcome outcome;
	uintptr_t reserved[2];
};

typedef enum stay_status stay_prepare_fn(
    struct stay_session *session, struct stay_prepare *call);
typedef void stay_given_up_fn(struct stay_session *session, uint64_t tag);
typedef void stay_over_fn(
    struct stay_session *session, const struct stay_over *over);

/* A reply that is to be kept: see the slot `retain`. */
struct stay_retain {
	const void *reply; /* what a callback was given, or a part of it */
	const char *bytes; /* its frame, as decode saw it */
	const char *moved; /* where these bytes will be kept */
	void *to;          /* aligned room; NULL: only the size is asked */
	const void *kept;  /* retain sets it, if there is `to`: the copy */
	uintptr_t reserved[2];
};

typedef size_t stay_retain_fn(
    struct stay_session *session, struct stay_retain *keep);

/* A flag of a protocol: its servers may act on a request before the last byte
 * of it has arrived. A request that was sent in part is then not NOT_SENT. */
#define STAY_ACTS_ON_PARTS 1u

/*
 * The vtable is a table of what most protocols have, and three groups of what only
 * some have. A group that is NULL, like any slot in it, has its default.
 */

/* What becomes of a call, beyond `done`. */
struct stay_call_ops {
	size_t size; /* STAY_CALL_OPS sets it */
	/* The late reply to a call that was cancelled or has timed out. What it
	 * brings (a job reserved, a value popped) has no owner. NULL: dropped.
	 */
	stay_frame_fn *on_orphan;
	/* What a call without `done` is called when the observer is told that it
	 * was lost, as "SET": known by the tag that encode has set, since its
	 * bytes are gone. Must not call the library. NULL: such calls have no
	 * name. */
	stay_name_call_fn *name;
	/*
	 * The first byte of a call is about to be written; also when it is sent
	 * again. Put into its bytes what depends on the session, and give it a
	 * tag if its replies name one: stay_session_free_tag. What is said here
	 * on the control lane leaves before the call. Runs once for a call in a
	 * session. Must not submit or cancel calls. Returns:
	 *  - STAY_OK: it is sent. If its tag is that of another call, it
	 *    completes with STAY_E_ARG.
	 *  - STAY_E_FULL: it waits, and so does the queue behind it. It is asked
	 *    for again when a tag has become free, bytes have come, or `tick`
	 *    has returned.
	 *  - any other status: the call completes with it, as not sent.
	 * NULL: the bytes are sent as they are, and no call has STAY_BY_TAG.
	 */
	stay_prepare_fn *prepare;
	/*
	 * A call in flight was cancelled or has timed out; `done` runs next. Say
	 * on the control lane what makes the server leave it; the tombstone
	 * stays until the late reply, or until stay_session_let_go. Does not run
	 * if the session has ended meanwhile. `tag` is the call's in this
	 * session. NULL: nothing is said; see also enum stay_on_given_up, which
	 * asks this slot first.
	 */
	stay_given_up_fn *on_given_up;
	/*
	 * A call is over, and nothing of it can come any more: once for each
	 * accepted call. It runs just before `done`; but for a tombstone at its
	 * late reply, behind on_orphan, or with the session. `session` is the one
	 * that the call was sent in, if that goes on: over->tag is free now. NULL:
	 * no tag of a session is. Then the call was not sent in this one, or was
	 * let go of.
	 */
	stay_over_fn *on_over;
};

/* What happens in the life of a session, beside its calls. */
struct stay_session_ops {
	size_t size; /* STAY_SESSION_OPS sets it */
	/* hello is content, and no queued call has been sent yet: restore what
	 * the last session had, with stay_session_control. It answers as hello
	 * does, and is asked again like hello: with NULL first, then with each
	 * answer to bytes of the control lane. Calls flow when it says that the
	 * session is up; what is answered later goes to on_control. If it fails,
	 * so does the attempt. NULL: the session is up. */
	stay_hello_fn *on_up;
	/* The session has ended. Runs once for each opened stream, also if
	 * on_up did not run. NULL: nothing. */
	stay_down_fn *on_down;
	/* A reply to bytes of the control lane, once the session is up. NULL:
	 * dropped. */
	stay_frame_fn *on_control;
	/* A frame for the protocol itself (stay_frame_aside), in any phase from
	 * the opened stream on. It is where a PING is answered, since decode
	 * must not write. NULL: dropped. */
	stay_frame_fn *on_aside;
	/* The control lane was full, as stay_session_expect has said, and now
	 * more than half of it has left: go on. While greeting, hello or on_up
	 * is asked again behind it, with NULL. NULL: nothing. */
	stay_session_fn *on_drained;
	/* Append a probe that the server replies to, with stay_session_control
	 * and stay_session_expect. NULL: idle sessions are not probed. */
	stay_session_fn *ping;
	/* The time that stay_session_tick_after named has come. NULL: nothing. */
	stay_session_fn *tick;
	/* Append a goodbye, for a graceful close, with stay_session_control and
	 * stay_session_expect(session, 0). It is the last that is sent: our half
	 * of the stream is closed behind it, and what the peer still sends is
	 * read until it closes its half; see stay_client_stop. NULL: nothing is
	 * said, and our half is closed all the same. */
	stay_session_fn *bye;
	/* A few words about a session that is up, for stay_conn_explain: what was
	 * agreed on. It changes nothing. NULL: nothing is to be said. */
	stay_session_describe_fn *describe;
};

/* The life of the keep block. */
struct stay_keep_ops {
	size_t size; /* STAY_KEEP_OPS sets it */
	/* Fill the keep block, when a client starts. Any status but STAY_OK
	 * makes the start fail with it. NULL: the block stays zeroed. */
	stay_keep_init_fn *init;
	/* The client has ended: undo init. NULL: nothing. */
	stay_keep_fini_fn *fini;
	/* Give back memory that a busy session needs and the keep block holds:
	 * nobody waits for a reply, and no byte has come for a second; or the
	 * session has ended. A frame may be there in part. May run again and
	 * again; must not call the library. NULL: nothing. */
	stay_keep_rest_fn *rest;
	/* stay_client_wake was called: tell whom there is to tell, with a session
	 * or without. True: there is more, and it runs again when others had their
	 * turn. NULL: nothing. */
	stay_keep_wake_fn *wake;
	/* The client has ended, and no session follows. Whoever is still to be
	 * told is told in `wake`, which on_closed waits for. NULL: nothing. */
	stay_keep_end_fn *end;
	/* Whether on_closed is to wait for something else. It is asked after
	 * `end`, and after each `wake` from then on; must not call the library.
	 * NULL: no. */
	stay_keep_lingers_fn *lingers;
};

/* The table of a protocol. It is const, may be shared by any number of clients,
 * and must outlive them; so must its groups. */
struct stay_protocol {
	size_t size; /* STAY_PROTOCOL sets these two */
	unsigned abi;
	unsigned flags;    /* STAY_ACTS_ON_PARTS; others get STAY_E_ABI */
	const char *name;  /* in logs, and as URL scheme: name://host */
	const char *alias; /* another scheme that means the same, or NULL */
	const char *port;  /* of a URL without one; NULL: it must have one */
	size_t session_size;
	size_t keep_size;

	stay_encode_fn *encode; /* must be there */
	stay_decode_fn *decode; /* must be there */
	/* The greeting. NULL: the session is up when the stream is open. */
	stay_hello_fn *hello;
	/* A frame that is no reply. NULL: dropped. */
	stay_frame_fn *on_push;
	/* Copy a reply to keep->to, so that its texts are in the bytes at
	 * keep->moved. Runs twice inside stay_held_new: first without `to`, for
	 * the size. Returns how many bytes the copy takes, both times; 0 if
	 * keep->reply is no part of this frame. Must not call the library.
	 * NULL: replies can't be kept. */
	stay_retain_fn *retain;

	const struct stay_call_ops *call;
	const struct stay_session_ops *session;
	const struct stay_keep_ops *keep;
};

/* A `retain` for protocols whose reply is a struct stay_bytes in the frame. */
STAY_API size_t stay_retain_bytes(
    struct stay_session *session, struct stay_retain *keep);

#define STAY_PROTOCOL    .size = sizeof(struct stay_protocol), .abi = STAY_ABI
#define STAY_CALL_OPS    .size = sizeof(struct stay_call_ops)
#define STAY_SESSION_OPS .size = sizeof(struct stay_session_ops)
#define STAY_KEEP_OPS    .size = sizeof(struct stay_keep_ops)

/* ---- what a slot may ask of its session ------------------------------ */

/* The session block and the keep block, of the sizes in the table; and the config of
 * the client's options. All live as long as the session, at least. */
STAY_API void *stay_session_data(struct stay_session *session);
STAY_API void *stay_session_keep(struct stay_session *session);
STAY_API const void *stay_session_config(const struct stay_session *session);

/* The client; and the URL that the session was dialled with, which lives as long as
 * the session. */
STAY_API struct stay_client *stay_session_client(struct stay_session *session);
STAY_API const struct stay_url *stay_session_url(
    const struct stay_session *session);

/*
 * The session of a client from outside of its slots: for the functions of an adapter
 * that have something to say themselves, on the control lane. NULL unless it is
 * ready: not while greeting, nor when it is being left. May be called everywhere on
 * the loop's thread; the pointer is good until the client is closed, but ask again
 * after each turn, since then it may be another session's.
 */
STAY_API struct stay_session *stay_client_session(struct stay_client *client);

/*
 * Run the slot `wake` in the loop's turn, once for all that asked before it. For the
 * functions of an adapter that have something to tell: no callback may run inside of
 * them. May be called everywhere on the loop's thread, in decode, too.
 * Returns: STAY_OK; STAY_E_NOMEM, the first time.
 */
STAY_API enum stay_status stay_client_wake(struct stay_client *client);

/* Only in decode: the bytes of `in`, which may be written over as far as the frame
 * uses them. */
STAY_API char *stay_session_input(struct stay_session *session);

/* The tag that encode has set of the oldest call in flight, which the next reply
 * without a tag is for. It lives until the slot returns. NULL if that reply is for
 * no call: see stay_session_awaits. */
STAY_API const uint64_t *stay_session_oldest(
    const struct stay_session *session);

/* What the next reply without a tag is for. */
enum stay_awaits {
	STAY_AWAITS_NOTHING, /* it is not due */
	STAY_AWAITS_CONTROL, /* bytes of the control lane */
	STAY_AWAITS_CALL     /* the oldest call, or its tombstone */
};
STAY_API enum stay_awaits stay_session_awaits(
    const struct stay_session *session);

/* The tag that encode has set of the call which has this tag on the wire; of control
 * bytes, and of a call that was let go of, the same tag. It lives until the slot
 * returns. NULL: no reply with this tag is due. */
STAY_API const uint64_t *stay_session_tagged(
    const struct stay_session *session, uint64_t tag);

/* A tag from 1 to `max` that nothing has in this session, nor was let go of; one that
 * became free is given last. 0: there is none. For `prepare`, and for
 * stay_session_expect_tagged. If every tag was let go of, the session is left as by
 * stay_session_renew. */
STAY_API uint64_t stay_session_free_tag(
    struct stay_session *session, uint64_t max);

/*
 * No reply will come to the call with this tag, and none is missed: it completes as
 * STAY_SENT, or its tombstone goes. The tag is not free again in this session. A
 * reply that comes all the same goes to on_orphan. (After 65,536 more the tag is
 * forgotten.) Decode may call this, too.
 * Returns: STAY_OK; STAY_E_STALE: no reply with this tag is due.
 */
STAY_API enum stay_status stay_session_let_go(
    struct stay_session *session, uint64_t tag);

/*
 * Leave this session, because it is worth no further call: nothing more is sent
 * in it, calls in flight get their replies within leave_budget_ms, and the next
 * session follows after the backoff. `why` is static text for the failure
 * sentence. Decode may call this, too. Does nothing unless the session is up.
 */
STAY_API void stay_session_renew(struct stay_session *session, const char *why);

/*
 * The same, if the next session may find the same server, and only a later frame can
 * show that it is the right one. Until stay_session_trust says so, such a session
 * does not reset the backoff, however long it was up: the backoff grows from one to
 * the next. Both may be called in decode.
 */
STAY_API void stay_session_renew_in_doubt(
    struct stay_session *session, const char *why);
STAY_API void stay_session_trust(struct stay_session *session);

/*
 * End this session now: for what a server says that is going away, or that does not
 * want us any more, whoever is being answered.
 *  - STAY_E_NOT_READY: the next session follows after the backoff.
 *  - STAY_E_DENIED: as for a greeting that was denied; see `on_fatal`.
 *  - STAY_E_PROTOCOL: the peer makes no sense.
 * `text` is the server's words, or words about it: any `len` bytes, which are copied,
 * cut, escaped, and rid of the login's words; NULL: those of the status. They end
 * the failure sentence, and so the `why` of the calls that were lost.
 *
 * The frame that is being handled is still handed out, and no other: a call that it
 * answers has its answer. What else is in flight completes as if the stream had
 * been closed; what is queued waits for the next session. The first call counts. May
 * be called in every slot, in decode, and from outside (stay_client_session).
 * Returns: STAY_OK; STAY_E_ARG for another status; STAY_E_STATE without a session.
 *
 *	if (strncmp(text, "FATAL", 5) == 0)
 *		(void)stay_session_end(session, STAY_E_NOT_READY, text, len);
 *	return stay_frame_with_text(
 *	    stay_frame_error(used, NULL), text, len);
 */
STAY_API enum stay_status stay_session_end(struct stay_session *session,
    enum stay_status why, const char *text, size_t len);

/*
 * Tell the observer (on_note) what somebody should know and what is no failure:
 * `text`, which is static. The slot runs when all frames that have arrived are
 * handled, or when `tick` has returned; of several notes until then, it gets the
 * last. Decode may call this, too.
 */
STAY_API void stay_session_note(struct stay_session *session, const char *text);

/*
 * Run the slot `tick` in `delay_ms`, once: for a heartbeat, or for work that is done
 * piece by piece. A session has one tick; asking again moves it, and STAY_FOREVER
 * takes it back. It comes in any phase of the session, from the opened stream on, and
 * ends with it. It is never early. Not in encode or decode.
 * Returns: STAY_OK; STAY_E_STATE without a session; STAY_E_NOMEM, the first time.
 *
 *	static void
 *	tick(struct stay_session *session)
 *	{
 *		uint64_t quiet = stay_session_sent_ms(session);
 *
 *		if (quiet >= KEEPALIVE_MS)
 *			say_ping(session);
 *		(void)stay_session_tick_after(session,
 *		    quiet < KEEPALIVE_MS ? KEEPALIVE_MS - quiet : KEEPALIVE_MS);
 *	}
 */
STAY_API enum stay_status stay_session_tick_after(
    struct stay_session *session, uint64_t delay_ms);

/*
 * For a greeting that must wait for what is not a frame: a key that another thread
 * derives, a credential that is fetched, the slot tick. stay_session_later makes a
 * block of `size` zeroed bytes for it, which both sides may use: the other side until
 * stay_later_free, hello until the session is up or has ended, or until it makes
 * another. Each wait needs a block of its own. connect_budget_ms bounds it all.
 *
 * stay_later_resume goes on with hello (or on_up), in the loop's next turn; what was
 * written to the block before is then seen there. Once is enough; again is harmless, and
 * so it is before hello has returned, when the session has ended, and when the loop
 * has. It, stay_later_data and stay_later_free may be called in any thread;
 * stay_session_later in hello and on_up. To free NULL does nothing.
 * Returns: the block; NULL without memory, or if the session is not greeting.
 *
 *	if (frame != NULL)                              in hello: the challenge
 *		return stay_hello_later(derive_in_a_thread(session, frame));
 *	job = stay_later_data(login->later);            asked again
 *	return say_proof(session, job->key);
 *
 *	struct job *job = stay_later_data(later);       in the thread
 *
 *	derive(job);
 *	stay_later_resume(later);
 *	stay_later_free(later);
 */
STAY_API struct stay_later *stay_session_later(
    struct stay_session *session, size_t size);
STAY_API void *stay_later_data(struct stay_later *later);
STAY_API void stay_later_resume(struct stay_later *later);
STAY_API void stay_later_free(struct stay_later *later);

/* How many ms ago the stream took a byte from us, and the peer was heard. To open the
 * stream counts as heard. STAY_FOREVER: not in this session. */
STAY_API uint64_t stay_session_sent_ms(const struct stay_session *session);
STAY_API uint64_t stay_session_heard_ms(const struct stay_session *session);

/*
 * Name the login of this session, if it is not the URL's. These words are kept out
 * of all texts, logs and failure sentences, even if the server repeats them. NULL
 * is no word. The words are not copied, and must live as long as the session. The
 * login of the URL is always kept out.
 */
STAY_API void stay_session_set_login(
    struct stay_session *session, const char *user, const char *password);

/*
 * The control lane is for what the protocol itself has to say. Append bytes to
 * this buffer, then say with stay_session_expect how many replies they get,
 * which may be 0. Only this sends them: what was appended since the last
 * stay_session_expect is dropped when the slot returns, so that half a message
 * never leaves. The replies go to hello, then to on_up, and to on_control when
 * the session is up. The bytes are sent before queued calls, never inside a
 * request. Not in encode or decode.
 * Returns: STAY_OK; STAY_E_STATE without a session, and after `bye`;
 * STAY_E_NOMEM; STAY_E_FULL if the peer has not taken 1 MiB that was said
 * before: on_drained runs once there is room. Unless it returns STAY_OK, the bytes
 * that were appended are removed again. At most 16 MiB can be appended at once.
 *
 * So many things are restored in turns:
 *
 *	static struct stay_hello
 *	on_up(struct stay_session *session, const struct stay_frame *frame)
 *	{
 *		struct topics *topics = stay_session_keep(session);
 *		struct position *position = stay_session_data(session);
 *		enum stay_status status = STAY_OK;
 *
 *		while (status == STAY_OK && position->next < topics->count)
 *			status = say_subscribe(session, topics, position);
 *		if (status == STAY_E_FULL)
 *			return stay_hello_wait();
 *		return status == STAY_OK ? stay_hello_up()
 *					 : stay_hello_retry("no memory");
 *	}
 */
STAY_API struct stay_buf *stay_session_control(struct stay_session *session);
STAY_API enum stay_status stay_session_expect(
    struct stay_session *session, unsigned replies);

/* The same, for replies that name this tag, which nothing else may have: else
 * STAY_E_ARG. STAY_E_UNSUPPORTED without `prepare`. */
STAY_API enum stay_status stay_session_expect_tagged(
    struct stay_session *session, unsigned replies, uint64_t tag);

STAY_END

#endif
