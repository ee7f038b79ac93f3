/*
 * The stream of a connection: the functions a behaviour may call on it, and its
 * news as mail. How a stream is made is link.c's; when it is closed is the
 * machine's; deliver.c delivers its bytes.
 */
#include "conn/stream.h"

#include <assert.h>
#include <stay/url.h>

#include "base/ease.h"
#include "conn/conn.h"

static void
note_transition(struct stay_conn *conn)
{
	stay__conn_note_transition(
	    conn, stay_machine_link(), conn->stream.link.transition);
}

static void
is_up(struct stay_conn *conn)
{
	stay__mailbox_note(&conn->mail, STAY__NOTE_STREAM_UP);
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

static void
is_readable(struct stay_conn *conn)
{
	stay__mailbox_note(&conn->mail, STAY__NOTE_STREAM_READABLE);
}

static void
has_room(struct stay_conn *conn)
{
	conn->stream.blocked = false;
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

/* Leave a note for the bytes put off, and behind it one for the end of the
 * stream, if it has ended. */
static void
come_again(struct stay_conn *conn)
{
	if (!conn->stream.again)
		return;
	is_readable(conn);
	if (conn->stream.link.machine.now == STAY__LINK_CLOSED)
		stay__mailbox_note(&conn->mail, STAY__NOTE_STREAM_DOWN);
}

static void
is_down(struct stay_conn *conn)
{
	bool was_up = stay__conn_state(conn) != STAY_CONNECTING;

	if (!conn->stream.link.is_shut)
		stay__conn_fail(conn, conn->stream.link.failure.status,
		    was_up ? "session" : "connect",
		    stay__failure_text(&conn->stream.link.failure));
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_UP);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_READABLE);
	come_again(conn);
	stay__mailbox_note(&conn->mail, STAY__NOTE_STREAM_DOWN);
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
		[STAY__NEWS_TRANSITION] = note_transition,
	};

	on[what](STAY__CONTAINER(link, struct stay_conn, stream.link));
}

/* ---- reading ---- */

static void
show_bytes(struct stay_conn *conn, struct stay_event *event)
{
	*event = (struct stay_event){ .type = STAY_STREAM_DATA };
	event->bytes = stay__input_view(&conn->stream.input);
	conn->stream.retained = 0;
	conn->stream.want = 0;
	conn->stream.again = false;
}

bool
stay__stream_read(struct stay_conn *conn, struct stay_event *event)
{
	struct stay__stream *stream = &conn->stream;
	enum stay_status status = STAY_OK;
	size_t got = 0;

	if (!stream->again) {
		status = stay__input_fill(&stream->input, &stream->link, &got);
		if (status != STAY_OK)
			stay__link_fail(
			    &stream->link, status, stream->link.read_error);
		if (status != STAY_OK || got == 0)
			return false;
	}
	show_bytes(conn, event);
	return true;
}

void
stay__stream_consumed(struct stay_conn *conn)
{
	/* If the verdict has closed the stream, there are no bytes to keep. */
	stay__input_keep(&conn->stream.input, conn->loop, conn->stream.retained,
	    conn->stream.want);
	if (!conn->stream.again)
		return;
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_DOWN);
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

void
stay__stream_look(struct stay_conn *conn)
{
	if (stay_stream_is_open(conn))
		is_readable(conn);
}

void
stay__stream_redeliver(struct stay_conn *conn)
{
	if (!stay_stream_is_open(conn) ||
	    stay__input_view(&conn->stream.input).len == 0)
		return;
	conn->stream.again = true;
	is_readable(conn);
}

bool
stay__stream_is_unread(const struct stay_conn *conn)
{
	return conn->stream.again ||
	       stay__mailbox_is_noted(&conn->mail, STAY__NOTE_STREAM_READABLE);
}

enum stay_status
stay_stream_keep(struct stay_conn *conn, size_t len, size_t room)
{
	assert(conn != NULL);
	if (len > stay__input_view(&conn->stream.input).len)
		return STAY_E_ARG;
	if (len > conn->stream.input.max || room > conn->stream.input.max)
		return STAY_E_TOO_BIG;
	conn->stream.retained = len;
	conn->stream.want = room;
	conn->stream.again = false;
	return STAY_OK;
}

enum stay_status
stay_stream_again(struct stay_conn *conn, size_t len)
{
	assert(conn != NULL);
	if (len == 0 || len > stay__input_view(&conn->stream.input).len)
		return STAY_E_ARG;
	conn->stream.retained = len;
	conn->stream.want = 0;
	conn->stream.again = true;
	return STAY_OK;
}

void
stay_stream_set_keep_max(struct stay_conn *conn, size_t bytes)
{
	assert(conn != NULL);
	conn->stream.input.max = bytes;
}

char *
stay_stream_input(struct stay_conn *conn)
{
	assert(conn != NULL);
	return stay__input_bytes(&conn->stream.input);
}

/* ---- writing ---- */

static void
send_out(struct stay_conn *conn)
{
	struct stay_bytes bytes = stay_buf_bytes(&conn->stream.out);
	struct iovec part = { conn->stream.out.data + conn->stream.out.head,
		bytes.len };
	size_t taken = 0;

	if (stay_stream_write(conn, &part, 1, &taken) != STAY_OK)
		return;
	stay_buf_take(&conn->stream.out, taken);
	stay__ease(&conn->stream.out, bytes.len, &conn->stream.easy);
	if (taken < bytes.len)
		stay__link_want_write(&conn->stream.link);
	else if (conn->stream.hibernates)
		stay__stream_hibernate(conn);
}

bool
stay__stream_flush(struct stay_conn *conn)
{
	come_again(conn);
	if (conn->stream.blocked || !stay_stream_is_open(conn))
		return false;
	if (stay_buf_len(&conn->stream.out) > 0)
		send_out(conn);
	if (!conn->stream.wants_write || !stay_stream_is_open(conn))
		return false;
	conn->stream.wants_write = false;
	return true;
}

enum stay_status
stay_stream_send(struct stay_conn *conn, const void *bytes, size_t len)
{
	enum stay_status status;

	assert(conn != NULL);
	if (bytes == NULL && len > 0)
		return STAY_E_ARG;
	if (!stay_stream_is_open(conn))
		return STAY_E_STATE;
	status = stay_buf_append(&conn->stream.out, bytes, len);
	if (status == STAY_E_TOO_BIG)
		return STAY_E_FULL;
	if (status == STAY_OK && !conn->stream.blocked)
		stay__loop_flush_soon(conn->loop, &conn->flush);
	return status;
}

void
stay_stream_want_write(struct stay_conn *conn)
{
	assert(conn != NULL);
	conn->stream.wants_write = true;
	if (!stay_stream_is_open(conn))
		return;
	if (conn->stream.blocked)
		stay__link_want_write(&conn->stream.link);
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

	assert(conn != NULL);
	if (taken == NULL || (parts == NULL && count > 0))
		return STAY_E_ARG;
	*taken = 0;
	if (!stay_stream_is_open(conn))
		return STAY_E_STATE;
	status = stay__link_write(&conn->stream.link, parts, count, taken);
	conn->stream.blocked = *taken < total_of(parts, count) ||
			       stay__stream_unsent(conn).sealed > 0;
	return status;
}

uint64_t
stay__stream_heard_at(const struct stay_conn *conn)
{
	return stay__link_heard_at(&conn->stream.link);
}

struct stay__unsent
stay__stream_unsent(const struct stay_conn *conn)
{
	return stay__link_unsent(&conn->stream.link);
}

bool
stay__stream_shutdown(struct stay_conn *conn)
{
	return stay_buf_len(&conn->stream.out) == 0 &&
	       stay__link_shutdown(&conn->stream.link);
}

/* ---- opening and closing ---- */

/* A stream that is open keeps its filter until it is closed. */
enum stay_status
stay_stream_set_filter(
    struct stay_conn *conn, struct stay_filter *filter, const char *name)
{
	assert(conn != NULL);
	if (filter != NULL && !stay__filter_is_valid(filter))
		return STAY_E_ABI;
	if (conn->stream.link.ends.transport != NULL)
		stay__stream_close(conn);
	return stay__link_set_filter(&conn->stream.link, filter, name);
}

static bool
may_dial(const struct stay_conn *conn)
{
	return stay__conn_state(conn) == STAY_CONNECTING;
}

enum stay_status
stay_stream_dial_to(
    struct stay_conn *conn, const struct stay_target *targets, size_t count)
{
	assert(conn != NULL);
	if (targets == NULL || count == 0)
		return STAY_E_ARG;
	if (!may_dial(conn))
		return STAY_E_STATE;
	stay__stream_close(conn);
	return stay__link_dial(&conn->stream.link, targets, count);
}

/* fd:N and fd:R,W are not URLs in the sense of RFC 3986. */
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

	assert(conn != NULL);
	if (url == NULL)
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
	assert(conn != NULL);
	if (read_fd < 0 || write_fd < 0)
		return STAY_E_ARG;
	if (!may_dial(conn))
		return STAY_E_STATE;
	stay__stream_close(conn);
	return stay__link_adopt(&conn->stream.link, read_fd, write_fd);
}

bool
stay_stream_is_open(const struct stay_conn *conn)
{
	assert(conn != NULL);
	return stay__link_is_open(&conn->stream.link);
}

int
stay_stream_describe(const struct stay_conn *conn, char *text, size_t len)
{
	bool open = stay_stream_is_open(conn);

	return snprintf(
	    text, len, "%s", open ? stay__link_peer(&conn->stream.link) : "");
}

void
stay__stream_explain(struct stay_conn *conn)
{
	const char *text;

	stay__link_explain(&conn->stream.link, conn->timing.due_ms);
	text = stay__failure_text(&conn->stream.link.failure);
	if (text[0] == '\0')
		text = stay_strerror(STAY_E_TIMEOUT);
	stay__conn_fail(conn, STAY_E_TIMEOUT, "connect", text);
}

void
stay__stream_init(struct stay_conn *conn)
{
	stay__link_init(
	    &conn->stream.link, conn->loop, news, &conn->settings->socket);
	stay__input_init(&conn->stream.input, STAY_STREAM_KEEP_MAX);
	stay_buf_init(&conn->stream.out, STAY_STREAM_SEND_MAX);
}

void
stay__stream_set_socket(
    struct stay_conn *conn, const struct stay_socket_options *socket)
{
	stay__link_set_socket(&conn->stream.link, socket);
}

void
stay__stream_close(struct stay_conn *conn)
{
	stay__link_close(&conn->stream.link);
	stay__input_reset(&conn->stream.input, conn->loop);
	stay__task_cancel(&conn->flush);
	stay_buf_fini(&conn->stream.out);
	conn->stream.hibernates = false;
	conn->stream.wants_write = false;
	conn->stream.blocked = false;
	conn->stream.retained = 0;
	conn->stream.again = false;
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_UP);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_READABLE);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_DOWN);
}

void
stay__stream_orphan(struct stay_conn *conn)
{
	stay__link_orphan(&conn->stream.link);
}

void
stay__stream_fini(struct stay_conn *conn)
{
	stay__stream_close(conn);
	stay__link_fini(&conn->stream.link);
}

void
stay__stream_hibernate(struct stay_conn *conn)
{
	stay__link_rest(&conn->stream.link);
	conn->stream.hibernates = stay_buf_len(&conn->stream.out) > 0;
	if (!conn->stream.hibernates)
		stay_buf_fini(&conn->stream.out);
}
