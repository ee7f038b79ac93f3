/*
 * stay/stream.h - the byte stream of a connection.
 *
 * A connection has at most one stream, and the library owns it. A behaviour
 * asks for it in connect, and gets its events in handle_info. The library
 * closes it: on the way to idle, backing off and stopped, and before every
 * connect. No event of a closed stream is delivered.
 *
 *	connect:      stay_stream_dial(conn, "tcp://localhost:7777");
 *	              return stay_verdict_pending(5000);
 *	handle_info:  STAY_STREAM_UP    return stay_verdict_ok();
 *	              STAY_STREAM_DATA  ...event->bytes...
 *	              STAY_STREAM_DOWN  return stay_verdict_noreply();
 *	                                (which means: disconnect)
 *
 * URLs: tcp://host:port, unix:///path, fd:N or fd:R,W (descriptors that are
 * taken over), and the schemes that were added by stay_loop_add_transport.
 *
 * How a name is dialled (RFC 8305, Happy Eyeballs v2): another thread resolves
 * it. Its addresses are tried one after the other, IPv6 and IPv4 in turns, each
 * 250 ms after the one before; the first to connect wins. The budget of the
 * pending connect covers all of it. It begins when the dial does, that is, when
 * stay_loop_set_dials_max lets it.
 *
 * All functions are for the loop's thread, in callbacks or between them. They
 * do not run callbacks.
 */
#ifndef STAY_STREAM_H
#define STAY_STREAM_H

#include <stay/conn.h>
#include <stay/transport.h>

STAY_BEGIN

/* ---- opening --------------------------------------------------------- */

/*
 * Begin to open a stream. May be called in connect, and while connect is
 * pending. A stream that is open is closed first. STAY_STREAM_UP or
 * STAY_STREAM_DOWN follows. `url` is copied.
 * Returns: STAY_OK; STAY_E_URL; STAY_E_UNSUPPORTED (no such scheme);
 * STAY_E_NOMEM; STAY_E_STATE (not connecting); STAY_E_FORKED in a forked child
 * (see stay_loop_ev).
 */
STAY_API STAY_USE enum stay_status stay_stream_dial(
    struct stay_conn *conn, const char *url);

/* The same for `count` places, the preferred one first; all is copied. Returns also
 * STAY_E_TOO_BIG for more than 1024 places. */
STAY_API STAY_USE enum stay_status stay_stream_dial_to(
    struct stay_conn *conn, const struct stay_target *targets, size_t count);

/*
 * Use descriptors that are connected already: a socket pair, a child's pipes, a
 * serial line. Both may be the same. They are made non-blocking; the stream
 * owns them and closes them. May be called as stay_stream_dial may.
 * STAY_STREAM_UP follows.
 * Returns: STAY_OK; or the descriptors stay the caller's: STAY_E_ARG,
 * STAY_E_IO, STAY_E_NOMEM, STAY_E_STATE, STAY_E_FORKED.
 */
STAY_API STAY_USE enum stay_status stay_stream_adopt(
    struct stay_conn *conn, int read_fd, int write_fd);

/* ---- sending --------------------------------------------------------- */

/*
 * Send bytes; they are copied. What is sent in one turn is written at its end,
 * in one system call.
 * Returns: STAY_OK; STAY_E_STATE without an open stream; STAY_E_FULL if more
 * than STAY_STREAM_SEND_MAX bytes would wait; STAY_E_NOMEM.
 */
#define STAY_STREAM_SEND_MAX (1u << 20)
STAY_API STAY_USE enum stay_status stay_stream_send(
    struct stay_conn *conn, const void *bytes, size_t len);

/*
 * For a behaviour that keeps its output itself, in place of stay_stream_send:
 * handle_info gets STAY_STREAM_WRITABLE once, at the end of this turn, or later
 * when the stream has room.
 */
STAY_API void stay_stream_want_write(struct stay_conn *conn);

/*
 * Write `count` parts now, in handle_info of STAY_STREAM_WRITABLE. *taken is how
 * many bytes of them the stream has taken: these are in the kernel, unless the
 * transport keeps them. If *taken is less than all, call stay_stream_want_write
 * again.
 * Returns: STAY_OK, also if none were taken; STAY_E_STATE without an open
 * stream; any other status: the stream is down, and STAY_STREAM_DOWN follows.
 */
STAY_API STAY_USE enum stay_status stay_stream_write(struct stay_conn *conn,
    const struct iovec *parts, int count, size_t *taken);

/* ---- receiving ------------------------------------------------------- */

/*
 * In handle_info of STAY_STREAM_DATA: keep the last `len` bytes of
 * event->bytes. They come again with the next STAY_STREAM_DATA, in one piece
 * with what arrives then. `room` is how many bytes there will be in all, if
 * that is known; else 0.
 * Returns: STAY_OK; STAY_E_ARG (there are not so many); STAY_E_TOO_BIG past
 * STAY_STREAM_KEEP_MAX, or past what stay_stream_set_keep_max has set.
 */
#define STAY_STREAM_KEEP_MAX (512u << 20)
STAY_API STAY_USE enum stay_status stay_stream_keep(
    struct stay_conn *conn, size_t len, size_t room);

/* Set how many bytes stay_stream_keep may keep, from now on, on every stream of
 * this connection. The default is STAY_STREAM_KEEP_MAX. */
STAY_API void stay_stream_set_keep_max(struct stay_conn *conn, size_t bytes);

/*
 * As stay_stream_keep, but the bytes come again without waiting for more: after
 * the loop's other connections have had their turn, and before STAY_STREAM_DOWN.
 * No bound applies. It is for an event that has more to do than one turn should
 * take. If one event calls this and stay_stream_keep, the last call counts.
 * Returns: STAY_OK; STAY_E_ARG (0, or more bytes than there are).
 */
STAY_API STAY_USE enum stay_status stay_stream_again(
    struct stay_conn *conn, size_t len);

/* In handle_info of STAY_STREAM_DATA: the bytes of event->bytes, which may be
 * written over as far as they are used up. They live until handle_info returns. */
STAY_API char *stay_stream_input(struct stay_conn *conn);

/* ---- asking about it ------------------------------------------------- */

/* Whether the stream is open. */
STAY_API bool stay_stream_is_open(const struct stay_conn *conn);

/* Write the address of the other end, as "10.0.0.7:6379"; "" without an open
 * stream, or if there was no memory to keep the address. `text` is NUL-terminated,
 * and gets at most `len` bytes.
 * Returns as snprintf does. */
STAY_API int stay_stream_describe(
    const struct stay_conn *conn, char *text, size_t len);

STAY_END

#endif
