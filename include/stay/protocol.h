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
 *	  --> [frame --> on_answer, done | on_push | on_control | on_orphan]*
 *	  --> [on_leaving --> frames as before --> bye]
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
 * All slots but `encode` run on the loop's thread. `encode` runs once for each call,
 * inside stay_client_call, or in the thread that calls stay_remote_call, maybe in
 * several at once: it reads the request and the config alone, which is const, and may
 * call only <stay/buf.h>. What it writes is what is sent, and sent again. `decode` may
 * call the functions of <stay/session.h> but where they say otherwise; `retain` may
 * call nothing. The other slots of a session may call everything.
 *
 * <stay/request.h>, <stay/frame.h>, <stay/hello.h> and <stay/session.h> are parts of
 * this header; it includes them.
 */
#ifndef STAY_PROTOCOL_H
#define STAY_PROTOCOL_H

#include <stdbool.h>

#include <stay/frame.h>
#include <stay/hello.h>
#include <stay/request.h>
#include <stay/session.h>
#include <stay/url.h>

STAY_BEGIN

/* The types of the slots; what they do stands in the tables below. */
typedef void stay_session_fn(struct stay_session *session);
typedef struct stay_hello stay_reset_fn(struct stay_session *session);
typedef void stay_down_fn(struct stay_session *session, enum stay_status why);
typedef void stay_frame_fn(
    struct stay_session *session, const struct stay_frame *frame);
typedef enum stay_status stay_keep_init_fn(
    void *keep, const void *config, const struct stay_url *url);
typedef void stay_keep_fini_fn(void *keep);
typedef void stay_keep_adopt_fn(void *keep, void *fresh);
typedef void stay_keep_rest_fn(void *keep);
typedef bool stay_keep_wake_fn(void *keep);
typedef bool stay_keep_lingers_fn(const void *keep);
typedef void stay_keep_end_fn(void *keep, enum stay_status reason);

typedef void stay_replies_fn(
    struct stay_session *session, struct stay_bytes in);

/* Writes at most `len` bytes, NUL included, into `text`, which is the library's;
 * returns as snprintf. */
typedef int stay_session_describe_fn(
    struct stay_session *session, char *text, size_t len);

/* The same of a call. `tag` is what encode has set. */
typedef int stay_name_call_fn(uint64_t tag, char *text, size_t len);

/* The same for metrics; see the slot `operation`. */
typedef const char *stay_operation_fn(uint64_t tag);

/* A call that is about to be sent: see the slot `prepare`. It lives, with its bytes,
 * until prepare returns. */
struct stay_prepare {
	char *bytes; /* what encode has appended; may be written over */
	size_t len;
	uint64_t tag;   /* what encode has set; with STAY_BY_TAG: set it anew */
	uint32_t flags; /* of the request; of a group, those of all */
	bool
	    again; /* a server may have seen it; the bytes are as of that time */
	uintptr_t reserved[2];
};

/* A call that nothing more can come of: see the slot on_over. It lives until that
 * returns; what it points to, as the client's. */
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

/* A reply that is to be kept: see the slot `retain`. It lives until retain returns,
 * and so do `reply` and `bytes`; `moved` and `to` as long as the reply is kept. */
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
	 * on the control lane leaves before the call, and before others that are
	 * prepared for the same write. A stream that is full may hold the call back
	 * for long: what is said meanwhile leaves before it, and it may be cancelled
	 * unsent. So no number can be given here that counts all that is sent: who has
	 * to count, as the messages that AMQP confirms, keeps the tags of what was
	 * prepared in order, and on_over takes out what is STAY_NOT_SENT.
	 * Runs once for a call in a session. Must not submit or cancel calls.
	 * A group (<stay/group.h>) is prepared request by request, all of them before
	 * its first byte; if one waits or fails, those before it are undone: see
	 * `unprepare`. Then it runs for them again.
	 * Returns:
	 *  - STAY_OK: it is sent. If its tag is that of another call, it completes
	 *    with STAY_E_ARG, and on_over has no session for it.
	 *  - STAY_E_FULL: it waits, and so does the queue behind it. It is asked
	 *    for again when a call is over (on_over), bytes have come, or `tick`
	 *    has returned. So a peer stops us for a while and the session goes on,
	 *    with its answers and the control lane: on_aside notes that a window is
	 *    full or that AMQP's connection is blocked, on_answer a Retry-After (and
	 *    `tick` comes when that is over), and until then this is returned.
	 *  - any other status: the call completes with it, as not sent.
	 * NULL: the bytes are sent as they are, and no call has STAY_BY_TAG.
	 */
	stay_prepare_fn *prepare;
	/*
	 * A call in flight was cancelled or has timed out; `done` runs next. Say
	 * on the control lane what makes the server leave it; the tombstone
	 * stays until the late reply, or until stay_session_let_go, and a planned
	 * change waits for it. Does not run
	 * if the session has ended meanwhile, or the reply has come. `tag` is the
	 * call's in this session. NULL: nothing is said; see also enum stay_on_given_up, which
	 * asks this slot first. If there is `prepare`, this runs for each request of a
	 * group that has no reply yet; else once, for the one whose reply comes next.
	 */
	stay_given_up_fn *on_given_up;
	/*
	 * A call is over, and nothing of it can come any more: once for each
	 * accepted call. It runs just before `done`; but for a tombstone at its
	 * late reply, behind on_orphan, or with the session, or soon after it was
	 * let go of. `session` is the one that it was sent in, or prepared for, if
	 * that goes on: over->tag is free now. So what `prepare` has set aside can be
	 * given back. NULL: no tag of a session is free. Then the call was neither
	 * prepared nor sent in this one, or was let go of.
	 * If there is `prepare`, this runs for each request of a group, with the outcome
	 * of its own answer: for all of them before `done`, and then all their tags are
	 * free. Of a tombstone a request is over at its own late reply, or before `done`
	 * if that has come; one that is let go of behind `done`, with the last. Without
	 * `prepare` it runs once for the group.
	 */
	stay_over_fn *on_over;
	/*
	 * The name by which the latency of a call is counted (<stay/observe.h>), as
	 * "GET": known by the tag that encode has set. Returns a static text of at most
	 * 23 letters, digits and any of "._-", or NULL: it has none. The protocol must
	 * have few of them, of which the first 47 that occur are told apart; no name may
	 * be made of what users send. Must not call the library. NULL: no call has one.
	 */
	stay_operation_fn *operation;
	/*
	 * `prepare` is undone for a request of a group, since it lets another one of that
	 * group wait or fail: over->tag is free now, nothing of the request was sent,
	 * and it is no end of it: `prepare` may be asked for it again. Give back what
	 * that has set aside. As `prepare`, it must not submit or cancel calls. NULL:
	 * there is nothing to give back.
	 */
	stay_over_fn *unprepare;
	/*
	 * A frame of an answer is about to be handed out: a part, a piece, the reply,
	 * an error or a refusal; to a call, or late to one that was given up or let go
	 * of. It runs once for each, just before `part`, `done` or on_orphan. So here an
	 * adapter counts what comes, which decode must not, notes what the frames behind
	 * it depend on, and says on the control lane what the peer waits for: a window
	 * that is open again. What is noted of a call holds until its on_over. A refusal
	 * of a call that is to be sent again is told, too, and a push that answers,
	 * behind on_push. Answers to control bytes are not: see on_control.
	 * NULL: nobody is told.
	 */
	stay_frame_fn *on_answer;
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
	/* The session has ended, and its calls have not been told yet. Runs once
	 * for each opened stream, also if on_up did not run. `why` is the status
	 * that ended it: of the failure, of the stop, or of the planned change;
	 * behind a last frame see stay_frame_last.
	 * NULL: nothing. */
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
	 * stay_session_expect. It is the last that is sent: once it has its
	 * replies (0: at once) our half of the stream is closed behind it, and
	 * what the peer still sends is read until it closes its half; see
	 * stay_client_stop. The replies go to on_control, and have stop_budget_ms
	 * or leave_budget_ms. For a change it is said when all calls are answered:
	 * see on_leaving. NULL: nothing is said, and our half is closed all the
	 * same. */
	stay_session_fn *bye;
	/* A few words about a session that is up, for stay_conn_explain: what was
	 * agreed on. It changes nothing. NULL: nothing is to be said. */
	stay_session_describe_fn *describe;
	/* A short way past decode: give the replies at the beginning of `in`, as
	 * decode would, but each with stay_session_reply of <stay/direct.h>. Stop
	 * in front of the first that is anything but one whole good reply to the
	 * oldest call, and let it and all behind it be as if nobody had looked.
	 * NULL: all goes to decode. */
	stay_replies_fn *replies;
	/*
	 * Who had this session for himself (<stay/lend.h>) has given it back, and no
	 * call of his is under way: is it as new for the next one? It may say on the
	 * control lane what makes it so. Returns:
	 *  - stay_hello_up: it is.
	 *  - stay_hello_wait: it will be. It is asked again when all replies have
	 *    come; they go to on_control.
	 *  - stay_hello_retry: it can't be made so, and is replaced. The words go to
	 *    the observer (on_note).
	 *  - stay_hello_denied: nor can another session, because of what the keep
	 *    block holds: the client ends.
	 * It is also asked of the next session, if the one that he had has ended before
	 * it was as new. There stay_hello_retry is as good as stay_hello_up, for that
	 * session is none of his: it is only replaced behind a stay_hello_wait.
	 * NULL: calls leave nothing behind in a session.
	 */
	stay_reset_fn *reset;
	/*
	 * The server has closed its half of the stream in order, while the session was up:
	 * is that the end of an answer, as of whois, or of HTTP/1.0 without a length?
	 * `rest` is what decode has left, maybe nothing. Returns a reply, an error, a
	 * refusal or a frame that is too big, of all of `rest`, which is then handed
	 * out as decode's, and is the last of the session (stay_frame_last, for which
	 * no flag is needed: the bytes of all calls are kept); stay_frame_more: it is
	 * none, and the session is lost; or stay_frame_bad. To a call that takes
	 * pieces all of it may have gone before. It is asked once, and not if no
	 * answer is due, the stream was reset, TLS ended without a word of that, a frame
	 * that is read past by its length has not ended, or the client is paused. It
	 * may call what decode may. NULL: no answer ends so.
	 */
	stay_decode_fn *at_end;
	/*
	 * The session is going to be left as planned: for a change, at its age, because
	 * the peer goes away (stay_session_leave), or by a stop. No further call is sent
	 * in it, and those in flight have leave_budget_ms for their replies, or
	 * stop_budget_ms, before or while `bye` is said. So say on the control lane what
	 * ends those that would go on for ever, as IMAP's DONE ends an IDLE; which one is
	 * open, on_over or stay_session_oldest tells. Replies to these bytes go to
	 * on_control. Runs once in a session, before `bye`, and not if a session is lost
	 * or greeting. A drain waits for calls first, and stops when its budget is over.
	 * At a stop `bye` follows at once: a server that forgets what it owes when our
	 * half of the stream is closed needs one with a reply, which is waited for.
	 * If the control lane is full, on_drained follows. NULL: nothing is said.
	 */
	stay_session_fn *on_leaving;
};

/* The life of the keep block. */
struct stay_keep_ops {
	size_t size; /* STAY_KEEP_OPS sets it */
	/* Fill the keep block, when a client starts. `config` and `url` live until
	 * fini runs for this block, or until adopt has replaced them. Any status but STAY_OK
	 * makes the start fail with it. So it does with a change of config or
	 * URL: stay_client_reconfigure has another zeroed block filled for
	 * these, and rejects what init does; then `adopt` may use that block.
	 * Must not call the library. NULL: the block stays zeroed. */
	stay_keep_init_fn *init;
	/* The client has ended, or a block for a change is over: undo init.
	 * NULL: nothing. */
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
	/* Another config or URL takes effect, between two sessions. `fresh` is
	 * what init has made of them. Put into `keep` what they change, and
	 * into `fresh` what that replaces: fini runs for it next, and the old
	 * config is released. Must not call the library. NULL: the block stays as
	 * it is. */
	stay_keep_adopt_fn *adopt;
};

/* The table of a protocol. It is const, may be shared by any number of clients,
 * and must outlive them; so must its groups. */
struct stay_protocol {
	size_t size; /* STAY_PROTOCOL sets these two */
	unsigned abi;
	/* STAY_ACTS_ON_PARTS: of all requests. STAY_IN_PIECES, STAY_LAST_FRAMES.
	 * Others get STAY_E_ABI. */
	unsigned flags;
	const char *name;  /* in logs, and as URL scheme: name://host */
	const char *alias; /* another scheme that means the same, or NULL */
	const char
	    *port; /* digits: of a URL without one; NULL: it must have one */
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

STAY_END

#endif
