/*
 * stay/stream.h - the byte stream of a connection.
 *
 * A connection has at most one stream, and the core owns it: a behaviour asks
 * for it in connect and hears of it in handle_info. Closing is the core's too:
 * on the way to idle, backing off, stopped, and before every connect. News of a
 * stream that is closed are never delivered.
 *
 *	connect:      stay_stream_dial(conn, "tcp://localhost:7777");
 *	              return stay_verdict_pending(5000);
 *	handle_info:  STAY_STREAM_UP    return stay_verdict_ok();
 *	              STAY_STREAM_DATA  ...event->bytes...
 *	              STAY_STREAM_DOWN  return stay_verdict_noreply(), which disconnects
 *
 * Dialling a name: it is resolved off the loop's thread, its addresses are
 * tried in the order and with the stagger of RFC 8305 (Happy Eyeballs v2:
 * families interleaved, IPv6 first, 250 ms), the first to connect wins. The
 * budget of the pending connect covers all of it and begins when the loop's
 * dial governor grants the dial.
 *
 * URLs: tcp://host:port, unix:///path, fd:N or fd:R,W (descriptors that are
 * taken over), and the scheme of every transport that was registered.
 */
#ifndef STAY_STREAM_H
#define STAY_STREAM_H

#include <stay/conn.h>
#include <stay/transport.h>

STAY_BEGIN

/* ---- for behaviours -------------------------------------------------- */

/*
 * All of these on the loop's thread, from callbacks or between them.
 *
 * Begin to open a stream; STAY_STREAM_UP or STAY_STREAM_DOWN follows, never
 * inside this call. An open one is closed first. Allowed in connect and while
 * it is pending.
 * Returns: STAY_OK, STAY_E_URL, STAY_E_UNSUPPORTED (scheme), STAY_E_NOMEM,
 * STAY_E_STATE; STAY_E_FORKED in a forked child (see stay_loop_ev).
 */
STAY_API STAY_USE enum stay_status stay_stream_dial(
    struct stay_conn *conn, const char *url);

/* The same for a list of places, at most 1024 (STAY_E_TOO_BIG), in the order of
 * preference; everything is copied. */
STAY_API STAY_USE enum stay_status stay_stream_dial_to(
    struct stay_conn *conn, const struct stay_target *targets, size_t count);

/*
 * Take over descriptors that are connected already (a socket pair, a child's
 * pipes, a serial line): both may be the same. They are made non-blocking and
 * belong to the stream, which closes them. STAY_STREAM_UP follows.
 */
STAY_API STAY_USE enum stay_status stay_stream_adopt(
    struct stay_conn *conn, int read_fd, int write_fd);

/*
 * Queue bytes (copied); all that a turn queued leaves in one write at its end.
 * Returns: STAY_OK, STAY_E_STATE without an open stream, STAY_E_FULL past
 * STAY_STREAM_SEND_MAX bytes waiting, STAY_E_NOMEM.
 */
#define STAY_STREAM_SEND_MAX (1u << 20)
STAY_API STAY_USE enum stay_status stay_stream_send(
    struct stay_conn *conn, const void *bytes, size_t len);

/*
 * For a behaviour with an output log of its own: STAY_STREAM_WRITABLE comes at
 * the end of this turn, or when the stream has room, once per call.
 */
STAY_API void stay_stream_want_write(struct stay_conn *conn);

/*
 * Write now, in handle_info of STAY_STREAM_WRITABLE: *taken bytes of the parts
 * are the stream's (for plain streams: in the kernel). Fewer than all: want
 * again. STAY_OK also for none; anything else: the stream is down, and
 * STAY_STREAM_DOWN follows. Not to be mixed with stay_stream_send.
 */
STAY_API STAY_USE enum stay_status stay_stream_write(struct stay_conn *conn,
    const struct iovec *parts, int count, size_t *taken);

/*
 * In handle_info of STAY_STREAM_DATA: keep the last `len` bytes of
 * event->bytes; they come again, in one piece, in front of what arrives next.
 * `room` is how many bytes in all the behaviour hopes for, if it knows (else
 * 0). STAY_E_TOO_BIG past `STAY_STREAM_KEEP_MAX` (or what stay_stream_set_keep_max
 * set).
 */
#define STAY_STREAM_KEEP_MAX (512u << 20)
STAY_API STAY_USE enum stay_status stay_stream_keep(
    struct stay_conn *conn, size_t len, size_t room);
STAY_API void stay_stream_set_keep_max(struct stay_conn *conn, size_t bytes);

/*
 * The same, but they come again without waiting for more: when the loop's other
 * connections have had their turn, and before STAY_STREAM_DOWN. For who has
 * much to do with what arrived. They may be more than stay_stream_keep would
 * take. Of the two, the last of an event stands. Returns: STAY_OK; STAY_E_ARG:
 * none, or not so many.
 */
STAY_API STAY_USE enum stay_status stay_stream_again(
    struct stay_conn *conn, size_t len);

/* The same bytes as event->bytes, for writing over those that are consumed. */
STAY_API char *stay_stream_input(struct stay_conn *conn);

/* Whether it is open; who is at the other end ("10.0.0.7:6379"), in `text`. */
STAY_API bool stay_stream_is_open(const struct stay_conn *conn);
STAY_API int stay_stream_describe(
    const struct stay_conn *conn, char *text, size_t len);

STAY_END

#endif
