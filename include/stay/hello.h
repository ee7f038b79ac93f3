/*
 * stay/hello.h - the greeting of a server, before calls flow.
 *
 * A part of <stay/protocol.h>.
 */
#ifndef STAY_HELLO_H
#define STAY_HELLO_H

#include <stay/frame.h>
#include <stay/status.h>

STAY_BEGIN

struct stay_later;
struct stay_session;

enum stay_hello_kind {
	STAY_HELLO_UP,
	STAY_HELLO_WAIT,
	STAY_HELLO_LATER,
	STAY_HELLO_SECURE,
	STAY_HELLO_RETRY,
	STAY_HELLO_DENIED,
	STAY_HELLO_BAD
};

/* Make it with the functions below, which keep nothing; don't look inside. */
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

/*
 * The stream becomes TLS: through the filter of the client or of the loop
 * (<stay/filter.h>), as for a scheme that ends in "s", with what the URL says of it,
 * and with the host of the URL as the name that the peer must prove to have. Then
 * hello is asked again, with NULL; stay_session_is_secure tells it in which round it
 * is. So a server is greeted that begins in clear:
 *
 *	if (frame == NULL && !stay_session_is_secure(session))
 *		return stay_hello_wait();
 *	if (frame == NULL)
 *		return say_login(session);
 *	return wants_tls(frame) ? stay_hello_secure() : ...
 *
 * What was said on the control lane before leaves first, in clear; until hello is
 * asked again nothing can be said (STAY_E_STATE). Bytes of the peer behind the frame
 * that led to it would pass for sealed ones: STAY_E_PROTOCOL. If the stream can't be
 * secured, the attempt fails as with such a scheme; without a filter it is
 * STAY_E_INSECURE, and fatal. Only hello may say this, and once in a session: not
 * on_up, and not if the stream is secure by its scheme (STAY_E_NOT_READY).
 */
static inline struct stay_hello
stay_hello_secure(void)
{
	return stay_hello_of(STAY_HELLO_SECURE, NULL);
}

/* Not now: the attempt fails with STAY_E_NOT_READY, and the client tries again
 * after its backoff. `text` ends the failure sentence, cut, escaped, and rid of the
 * login's words. It is NUL-terminated, and copied when hello has returned: it may be
 * static, lie in the session block, or in the reply of the frame that hello was given;
 * it must not be a local array. NULL: the words of the status. */
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
 * backoff. `text` as above. */
static inline struct stay_hello
stay_hello_bad(const char *text)
{
	return stay_hello_of(STAY_HELLO_BAD, text);
}

/*
 * Greet the server. `frame` is NULL when the stream has just opened, and then a
 * frame of the server each time; pushes and what is aside have slots of their own. To
 * say something, append it to the control lane, and say how many replies it will get:
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

STAY_END

#endif
