/*
 * The stream of a connection: what a behaviour may ask of it, and its news as
 * mail. How a stream is made is link.c's; when it is closed is the machine's.
 */
#include <stay/stream.h>
#include <stay/url.h>

#include "conn/conn.h"

static void
note_turn(struct stay_conn *conn)
{
	stay__conn_note_turn(conn, stay_machine_link(), &conn->link.turn);
}

static void
is_up(struct stay_conn *conn)
{
	stay__mail_note(conn, STAY__NOTE_STREAM_UP);
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

static void
is_readable(struct stay_conn *conn)
{
	stay__mail_note(conn, STAY__NOTE_STREAM_READABLE);
}

static void
has_room(struct stay_conn *conn)
{
	conn->blocked = false;
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

/* What was put off, and behind it the end of the stream, if that is known. */
static void
come_again(struct stay_conn *conn)
{
	if (!conn->again)
		return;
	is_readable(conn);
	if (conn->link.machine.now == STAY__LINK_CLOSED)
		stay__mail_note(conn, STAY__NOTE_STREAM_DOWN);
}

static void
is_down(struct stay_conn *conn)
{
	bool was_up = stay__conn_state(conn) != STAY_CONNECTING;

	stay__conn_fail(conn, conn->link.failure.status,
	    was_up ? "session" : "connect",
	    stay__failure_text(&conn->link.failure));
	stay__mail_unnote(conn, STAY__NOTE_STREAM_UP);
	stay__mail_unnote(conn, STAY__NOTE_STREAM_READABLE);
	come_again(conn);
	stay__mail_note(conn, STAY__NOTE_STREAM_DOWN);
}

static void
news(struct stay__link *link, enum stay__link_news what)
{
	static void (*const on[])(struct stay_conn *) = {
		[STAY__NEWS_GRANTED] = stay__timing_granted,
		[STAY__NEWS_UP] = is_up,
		[STAY__NEWS_READABLE] = is_readable,
		[STAY__NEWS_WRITABLE] = has_room,
		[STAY__NEWS_DOWN] = is_down,
		[STAY__NEWS_TURNED] = note_turn,
	};

	on[what](STAY__CONTAINER(link, struct stay_conn, link));
}

/* ---- reading ---- */

static void
deliver_bytes(struct stay_conn *conn)
{
	struct stay_event event = { .type = STAY_STREAM_DATA };

	event.bytes = stay__input_view(&conn->input);
	conn->keep = 0;
	conn->hope = 0;
	conn->again = false;
	stay__deliver_event(conn, &event);
	/* A stream that the verdict has closed kept nothing. */
	stay__input_keep(&conn->input, conn->loop, conn->keep, conn->hope);
	if (!conn->again)
		return;
	stay__mail_unnote(conn, STAY__NOTE_STREAM_DOWN);
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

void
stay__stream_read(struct stay_conn *conn)
{
	size_t got = 0;
	enum stay_status status;

	if (conn->again) {
		deliver_bytes(conn);
		return;
	}
	status = stay__input_fill(&conn->input, &conn->link, &got);
	if (status != STAY_OK)
		stay__link_fail(&conn->link, status, conn->link.read_error);
	else if (got > 0)
		deliver_bytes(conn);
}

void
stay__stream_look(struct stay_conn *conn)
{
	if (stay_stream_is_open(conn))
		is_readable(conn);
}

bool
stay__stream_is_unread(const struct stay_conn *conn)
{
	return conn->again ||
	       stay__mail_is_noted(conn, STAY__NOTE_STREAM_READABLE);
}

enum stay_status
stay_stream_keep(struct stay_conn *conn, size_t len, size_t room)
{
	struct stay_bytes live = stay__input_view(&conn->input);

	if (len > live.len)
		return STAY_E_ARG;
	if (len > conn->input.max || room > conn->input.max)
		return STAY_E_TOO_BIG;
	conn->keep = len;
	conn->hope = room;
	conn->again = false;
	return STAY_OK;
}

enum stay_status
stay_stream_again(struct stay_conn *conn, size_t len)
{
	if (len == 0 || len > stay__input_view(&conn->input).len)
		return STAY_E_ARG;
	conn->keep = len;
	conn->hope = 0;
	conn->again = true;
	return STAY_OK;
}

void
stay_stream_set_keep_max(struct stay_conn *conn, size_t bytes)
{
	conn->input.max = bytes;
}

char *
stay_stream_input(struct stay_conn *conn)
{
	return stay__input_bytes(&conn->input);
}

/* ---- writing ---- */

static void
send_out(struct stay_conn *conn)
{
	struct stay_bytes bytes = stay_buf_bytes(&conn->out);
	struct iovec part = { conn->out.data + conn->out.head, bytes.len };
	size_t taken = 0;

	if (stay_stream_write(conn, &part, 1, &taken) != STAY_OK)
		return;
	stay_buf_take(&conn->out, taken);
	if (taken < bytes.len)
		stay__link_want_write(&conn->link);
}

/* The end of a turn, or room again: one write. And what has been put off until
 * the others had theirs. */
static void
flush(struct stay__task *task)
{
	struct stay_conn *conn = STAY__CONTAINER(task, struct stay_conn, flush);
	const struct stay_event event = { .type = STAY_STREAM_WRITABLE };

	come_again(conn);
	if (conn->blocked || !stay_stream_is_open(conn))
		return;
	if (stay_buf_len(&conn->out) > 0)
		send_out(conn);
	if (!conn->wants_write || !stay_stream_is_open(conn))
		return;
	conn->wants_write = false;
	stay__deliver_event(conn, &event);
}

enum stay_status
stay_stream_send(struct stay_conn *conn, const void *bytes, size_t len)
{
	enum stay_status status;

	if (conn == NULL || (bytes == NULL && len > 0))
		return STAY_E_ARG;
	if (!stay_stream_is_open(conn))
		return STAY_E_STATE;
	status = stay_buf_append(&conn->out, bytes, len);
	if (status == STAY_E_TOO_BIG)
		return STAY_E_FULL;
	if (status == STAY_OK && !conn->blocked)
		stay__loop_flush_soon(conn->loop, &conn->flush);
	return status;
}

void
stay_stream_want_write(struct stay_conn *conn)
{
	conn->wants_write = true;
	if (!stay_stream_is_open(conn))
		return;
	if (conn->blocked)
		stay__link_want_write(&conn->link);
	else
		stay__loop_flush_soon(conn->loop, &conn->flush);
}

static size_t
total_of(const struct iovec *parts, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += parts[i].iov_len;
	return total;
}

enum stay_status
stay_stream_write(
    struct stay_conn *conn, const struct iovec *parts, int count, size_t *taken)
{
	enum stay_status status;

	*taken = 0;
	if (!stay_stream_is_open(conn))
		return STAY_E_STATE;
	status = stay__link_write(&conn->link, parts, count, taken);
	conn->blocked = *taken < total_of(parts, count);
	return status;
}

/* ---- opening and closing ---- */

static bool
may_dial(const struct stay_conn *conn)
{
	return stay__conn_state(conn) == STAY_CONNECTING;
}

enum stay_status
stay_stream_dial_to(
    struct stay_conn *conn, const struct stay_target *targets, size_t count)
{
	if (conn == NULL || targets == NULL || count == 0)
		return STAY_E_ARG;
	if (!may_dial(conn))
		return STAY_E_STATE;
	stay__stream_close(conn);
	return stay__link_dial(&conn->link, targets, count);
}

/* fd:N and fd:R,W are no URLs of RFC 3986. */
static enum stay_status
dial_descriptors(struct stay_conn *conn, const char *numbers)
{
	const struct stay_target target =
	    stay_target_make("fd", "", "", numbers);

	return stay_stream_dial_to(conn, &target, 1);
}

enum stay_status
stay_stream_dial(struct stay_conn *conn, const char *url)
{
	struct stay_url *parsed;
	struct stay_target target;
	enum stay_status status;

	if (conn == NULL || url == NULL)
		return STAY_E_ARG;
	if (strncmp(url, "fd:", 3) == 0)
		return dial_descriptors(conn, url + 3);
	status = stay_url_parse(&parsed, url, NULL);
	if (status != STAY_OK)
		return status;
	target = stay_target_make(
	    parsed->scheme, parsed->host, parsed->port, parsed->path);
	status = stay_stream_dial_to(conn, &target, 1);
	stay_url_free(parsed);
	return status;
}

enum stay_status
stay_stream_adopt(struct stay_conn *conn, int read_fd, int write_fd)
{
	if (conn == NULL || read_fd < 0 || write_fd < 0)
		return STAY_E_ARG;
	if (!may_dial(conn))
		return STAY_E_STATE;
	stay__stream_close(conn);
	return stay__link_adopt(&conn->link, read_fd, write_fd);
}

bool
stay_stream_is_open(const struct stay_conn *conn)
{
	return stay__link_is_open(&conn->link);
}

int
stay_stream_describe(const struct stay_conn *conn, char *text, size_t len)
{
	bool open = stay_stream_is_open(conn);

	return snprintf(text, len, "%s", open ? conn->link.peer : "");
}

void
stay__stream_explain(struct stay_conn *conn)
{
	const char *text;

	stay__link_explain(&conn->link, conn->timer_ms);
	text = stay__failure_text(&conn->link.failure);
	if (text[0] == '\0')
		text = stay_strerror(STAY_E_TIMEOUT);
	stay__conn_fail(conn, STAY_E_TIMEOUT, "connect", text);
}

void
stay__stream_init(struct stay_conn *conn)
{
	static const struct stay_socket_options usual = { .nodelay = true };
	const struct stay_socket_options *socket = conn->options.socket;

	stay__link_init(
	    &conn->link, conn->loop, news, socket != NULL ? socket : &usual);
	conn->options.socket = NULL;
	stay__input_init(&conn->input, STAY_STREAM_KEEP_MAX);
	stay__task_init(&conn->flush, flush);
	stay_buf_init(&conn->out, STAY_STREAM_SEND_MAX);
}

void
stay__stream_close(struct stay_conn *conn)
{
	stay__link_close(&conn->link);
	stay__input_reset(&conn->input, conn->loop);
	stay__task_cancel(&conn->flush);
	stay_buf_cut(&conn->out, 0);
	conn->wants_write = false;
	conn->blocked = false;
	conn->keep = 0;
	conn->again = false;
	stay__mail_unnote(conn, STAY__NOTE_STREAM_UP);
	stay__mail_unnote(conn, STAY__NOTE_STREAM_READABLE);
	stay__mail_unnote(conn, STAY__NOTE_STREAM_DOWN);
}

void
stay__stream_fini(struct stay_conn *conn)
{
	stay__stream_close(conn);
	stay__link_fini(&conn->link);
	stay_buf_fini(&conn->out);
}

void
stay__stream_hibernate(struct stay_conn *conn)
{
	if (stay_buf_len(&conn->out) == 0)
		stay_buf_fini(&conn->out);
}
