/*
 * stay/session.h - what the slots of a protocol may ask of their session.
 *
 * A part of <stay/protocol.h>, which says which slot runs when.
 */
#ifndef STAY_SESSION_H
#define STAY_SESSION_H

#include <stdbool.h>

#include <stay/buf.h>
#include <stay/status.h>
#include <stay/url.h>

STAY_BEGIN

struct stay_client;
struct stay_later;
struct stay_session;

/* The session block and the keep block, of the sizes in the table; and the config of
 * the client's options. All live as long as the session, at least, and are aligned for
 * any type. Of a block of size 0 the pointer is of no use. */
STAY_API void *stay_session_data(struct stay_session *session);
STAY_API void *stay_session_keep(struct stay_session *session);
STAY_API const void *stay_session_config(const struct stay_session *session);

/* The client; and the URL that the session was dialled with, which lives as long as
 * the session. With fd:N all its parts but the scheme are "". */
STAY_API struct stay_client *stay_session_client(struct stay_session *session);
STAY_API const struct stay_url *stay_session_url(
    const struct stay_session *session);

/* The number of this session, as the results and options of its calls have it: one more
 * for each stream of the client, from 1 on. stay_client_session_number is the same while
 * the session is ready; this is known in every slot, on_down included. */
STAY_API uint64_t stay_session_number(const struct stay_session *session);

/* Whether its bytes go through a filter, as TLS: because of its scheme, or since
 * stay_hello_secure. */
STAY_API bool stay_session_is_secure(const struct stay_session *session);

/*
 * Write a URL of the server that this session has, as "postgres://10.0.0.7:5432", into
 * `url`, NUL-terminated, at most `len` bytes: for a second connection to that server and
 * no other, as a cancel needs it. It is the URL of the session with the address that was
 * reached for the host, and without the login. Path and query stay. With TLS the
 * certificate has to name that address, or the query a `servername`. The text is the
 * caller's, and stays right when the session has ended. Not in encode.
 * Returns as snprintf does; 0 without an open stream, for descriptors, and if there was
 * no memory to keep the address.
 *
 *	char url[256];
 *	int len = stay_session_peer(session, url, sizeof(url));
 *
 *	if (len > 0 && (size_t)len < sizeof(url))
 *		status = stay_client_start(
 *		    &second, loop, &cancel_protocol, url, &options);
 */
STAY_API int stay_session_peer(
    const struct stay_session *session, char *url, size_t len);

/*
 * The session of a client from outside of its slots: for the functions of an adapter
 * that have something to say themselves, on the control lane. NULL unless it is
 * ready: not while greeting, nor when it is being left, though answers come until then;
 * what has to be said to get these, is said in a slot that is given the session. May
 * be called everywhere on
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

/* The bound of one frame, in bytes: the option reply_bytes_max. For decode, which may
 * have a longer one read past: stay_frame_too_big. */
STAY_API size_t stay_session_reply_bytes_max(
    const struct stay_session *session);

/* Only in decode: the bytes of `in`, which may be written over as far as the frame
 * uses them. They live as those, until decode returns. After MORE, and if a frame is put
 * off, decode gets them again as it has left them. */
STAY_API char *stay_session_input(struct stay_session *session);

/* The tag that encode has set of the oldest call in flight, which the next reply
 * without a tag is for. It lives until the slot returns. NULL if that reply is for
 * no call: see stay_session_awaits. */
STAY_API const uint64_t *stay_session_oldest(
    const struct stay_session *session);

/* Whether the reply without a tag that comes next, or is under way, may be handed out
 * with stay_frame_piece: it is for a call that takes it so, or for what is left of one.
 * Then no frame is too big. The other is for the reply that names this tag. */
STAY_API bool stay_session_takes_pieces(const struct stay_session *session);
STAY_API bool stay_session_tag_takes_pieces(
    const struct stay_session *session, uint64_t tag);

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

/* What a reply that names this tag is for, as above; NOTHING, too, for a call that was
 * let go of. So decode finds those of many that one frame answers
 * (stay_frame_with_tag). */
STAY_API enum stay_awaits stay_session_awaits_tag(
    const struct stay_session *session, uint64_t tag);

/* A tag from 1 to `max` that nothing has in this session, nor was let go of; one that
 * became free is given last. 0: there is none. For `prepare`, and for
 * stay_session_expect_tagged. If every tag was let go of, the session is left as by
 * stay_session_renew; so it is if a group lacks those that were let go of. */
STAY_API uint64_t stay_session_free_tag(
    struct stay_session *session, uint64_t max);

/*
 * No reply will come to the call with this tag, and none is missed: it completes as
 * STAY_SENT, or its tombstone goes. Of a group this is said of one request: the others
 * are waited for. Of control bytes nobody is told. The tag is not free again in this
 * session. A reply that comes all the same goes to on_orphan. (After 65,536 more the
 * tag is forgotten.) Decode may call this, too.
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
 * The server has announced that it goes away `within_ms` from now (NATS's lame duck,
 * HTTP/2's GOAWAY, Redis's MOVING): leave this session before that. It is the planned
 * change of stay_client_reconnect, at a random moment in the first half of that time,
 * so that a crowd doesn't move at once, and calls in flight have the other half. 0:
 * now, and no further call is sent. Until then calls flow as before; they are accepted
 * all the time.
 *
 * `place` is where the server says to go, any `len` bytes: "host:port", or a URL of
 * that and nothing else. NULL: to the client's own places. It is dialled once, with
 * the login, path and query of the client's own URL, and without asking `endpoints`.
 * If that fails, or when the session there has ended, the client goes to its own
 * places; nothing that fails there counts as theirs. So a later attempt finds the
 * place also when this session is lost before. stay_client_reconfigure overrides it.
 *
 * The place is the peer's word, so it is refused, and noted (on_note) with the reason,
 * if its scheme is of another protocol, or less secure than this session; if it has a
 * login, a path or a query; if it is no host and port, or longer than 319 bytes; or if
 * this session was not dialled at a host. The session is left all the same.
 *
 * May be called again: the earliest moment and the last good place count. A session
 * that was not up for `stable_ms` is followed by the next after a backoff. May be called
 * in decode, in other slots, and from outside (stay_client_session).
 * Returns: STAY_OK; STAY_E_STATE unless the session is up and not being left; STAY_E_URL:
 * the place is refused; STAY_E_NOMEM: there was no memory for it.
 *
 *	if (frame_is(moving))                           in decode
 *		(void)stay_session_leave(session, moving->place,
 *		    moving->place_len, moving->seconds * 1000);
 */
STAY_API enum stay_status stay_session_leave(struct stay_session *session,
    const char *place, size_t len, uint64_t within_ms);

/*
 * End this session now: for what a server says that is going away, or that does not
 * want us any more, whoever is being answered.
 *  - STAY_E_NOT_READY: the next session follows after the backoff.
 *  - STAY_E_DENIED: as for a greeting that was denied; see `on_fatal`.
 *  - STAY_E_PROTOCOL: the peer makes no sense.
 *  - STAY_E_SILENT: a heartbeat of the protocol's own went unanswered. As if nothing had
 *    been heard for silence_ms: the oldest call is suspected, and no other for its sake.
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
 * never leaves. From outside of the slots, append and expect in one go; if an append
 * fails there, take back what is there of the message by stay_buf_cut. The replies go
 * to hello, then to on_up, and to on_control when the session is up. The bytes are
 * sent before queued calls, never inside a request. Not in encode or decode.
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
