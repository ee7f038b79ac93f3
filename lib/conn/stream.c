/*
 * The stream of a connection: the functions a behaviour may call on it, and its
 * news as mail. How a stream is made is the link's; when it is closed is the
 * machine's; deliver.c delivers its bytes.
 */
#include "conn/stream.h"

#include <assert.h>
#include <stay/url.h>

#include "base/ease.h"
#include "conn/conn.h"

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
		    was_up ? STAY__PHASE_SESSION : STAY__PHASE_CONNECT,
		    stay__failure_text(&conn->stream.link.failure));
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_UP);
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_READABLE);
	come_again(conn);
	stay__mailbox_note(&conn->mail, STAY__NOTE_STREAM_DOWN);
}

static void
news(struct stay__link *link, enum stay__link_news what,
    const struct stay__transition *transition)
{
	static void (*const on[])(struct stay_conn *) = {
		[STAY__NEWS_GRANTED] = stay__timing_granted,
		[STAY__NEWS_UP] = is_up,
		[STAY__NEWS_READABLE] = is_readable,
		[STAY__NEWS_WRITABLE] = has_room,
		[STAY__NEWS_DOWN] = is_down,
		[STAY__NEWS_DUE] = stay__conn_nudge,
	};
	struct stay_conn *conn =
	    STAY__CONTAINER(link, struct stay_conn, stream.link);

	if (what == STAY__NEWS_TRANSITION)
		stay__conn_note_transition(
		    conn, stay_machine_link(), transition);
	else
		on[what](conn);
}

void
stay__stream_run(struct stay_conn *conn)
{
	stay__link_run(&conn->stream.link);
}

/* ---- reading ---- */

static void
show_bytes(struct stay_conn *conn, struct stay_event *event)
{
	*event = (struct stay_event){ .type = STAY_STREAM_DATA };
	event->bytes = stay__input_view(&conn->stream.input);
	stay__input_begin(&conn->stream.input);
	conn->stream.again = false;
}

/* In a pause the note is taken, and nothing else: the end of the stream, which may
 * stand behind it, does not wait. */
bool
stay__stream_read(struct stay_conn *conn, struct stay_event *event)
{
	struct stay__stream *stream = &conn->stream;
	enum stay_status status = STAY_OK;
	size_t got = 0;

	if (stream->link.is_paused)
		return false;
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
	stay__input_end(&conn->stream.input, conn->loop);
	if (!conn->stream.again)
		return;
	stay__mailbox_unnote(&conn->mail, STAY__NOTE_STREAM_DOWN);
	stay__loop_flush_soon(conn->loop, &conn->flush);
}

void
stay__stream_look(struct stay_conn *conn)
{
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

/* What was kept comes again before anything is read. */
void
stay__stream_resume(struct stay_conn *conn)
{
	stay__link_pause(&conn->stream.link, false);
	is_readable(conn);
}

void
stay__stream_pause(struct stay_conn *conn)
{
	stay__link_pause(&conn->stream.link, true);
}

void
stay__stream_keep_alive(struct stay_conn *conn)
{
	stay__link_keep_alive(&conn->stream.link, &conn->settings->socket);
}

enum stay_status
stay_stream_keep(struct stay_conn *conn, size_t len, size_t room)
{
	assert(conn != NULL);
	if (len > stay__input_view(&conn->stream.input).len)
		return STAY_E_ARG;
	if (len > conn->stream.input.max || room > conn->stream.input.max)
		return STAY_E_TOO_BIG;
	stay__input_keep(&conn->stream.input, len, room);
	conn->stream.again = false;
	return STAY_OK;
}

enum stay_status
stay_stream_again(struct stay_conn *conn, size_t len)
{
	assert(conn != NULL);
	if (len == 0 || len > stay__input_view(&conn->stream.input).len)
		return STAY_E_ARG;
	stay__input_keep(&conn->stream.input, len, 0);
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

/* False: no memory. */
static bool
has_out(struct stay__stream *stream)
{
	if (stream->out != NULL)
		return true;
	stream->out = stay__zalloc(sizeof(*stream->out));
	if (stream->out == NULL)
		return false;
	stay_buf_init(&stream->out->buf, STAY_STREAM_SEND_MAX);
	return true;
}

static void
drop_out(struct stay__stream *stream)
{
	if (stream->out != NULL)
		stay_buf_fini(&stream->out->buf);
	stay__free(stream->out);
	stream->out = NULL;
}

/* The kernel has no room, and somebody has more to write: its owner, or `out`. */
static void
await_room(struct stay_conn *conn)
{
	if (conn->stream.blocked &&
	    (conn->stream.wants_write ||
		stay__stream_unwritten(&conn->stream) > 0))
		stay__link_want_write(&conn->stream.link);
}

static size_t
total_of(const struct iovec *parts, int count)
{
	size_t total = 0;

	for (int i = 0; i < count; i++)
		total += parts[i].iov_len;
	return total;
}

static enum stay_status
offer(
    struct stay_conn *conn, const struct iovec *parts, int count, size_t *taken)
{
	enum stay_status status =
	    stay__link_write(&conn->stream.link, parts, count, taken);

	conn->stream.blocked = *taken < total_of(parts, count) ||
			       stay__stream_unsent(conn).sealed > 0;
	return status;
}

static void
send_out(struct stay_conn *conn)
{
	struct stay__outbox *out = conn->stream.out;
	size_t len = stay__stream_unwritten(&conn->stream), taken;
	struct iovec part = { out->buf.data + out->buf.head, len };

	if (offer(conn, &part, 1, &taken) != STAY_OK)
		return;
	stay_buf_take(&out->buf, taken);
	stay__ease(&out->buf, len, &out->easy);
	await_room(conn);
	if (taken == len && conn->stream.hibernates)
		stay__stream_hibernate(conn);
}

bool
stay__stream_flush(struct stay_conn *conn)
{
	come_again(conn);
	if (conn->stream.blocked || !stay_stream_is_open(conn))
		return false;
	if (stay__stream_unwritten(&conn->stream) > 0)
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
	if (!has_out(&conn->stream))
		return STAY_E_NOMEM;
	status = stay_buf_append(&conn->stream.out->buf, bytes, len);
	if (status == STAY_E_TOO_BIG)
		return STAY_E_FULL;
	await_room(conn);
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
	await_room(conn);
	if (!conn->stream.blocked)
		stay__loop_flush_soon(conn->loop, &conn->flush);
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
	status = offer(conn, parts, count, taken);
	await_room(conn);
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
stay__stream_is_sealed(const struct stay_conn *conn)
{
	return conn->stream.link.filter != NULL;
}

/* What there is to read is the filter's now. */
enum stay_status
stay__stream_secure(
    struct stay_conn *conn, struct stay_filter *filter, const char *host)
{
	assert(stay__input_view(&conn->stream.input).len == 0);
	return stay__link_secure_now(&conn->stream.link, filter, host);
}

bool
stay__stream_shutdown(struct stay_conn *conn)
{
	return stay__link_shutdown(&conn->stream.link);
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

/* A budget that waits for a dial to be let go does not wait for what has come in its
 * place. */
static enum stay_status
begun(struct stay_conn *conn, enum stay_status status)
{
	if (conn->stream.link.machine.now != STAY__LINK_QUEUED)
		stay__timing_granted(conn);
	return status;
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
	return begun(conn, stay__link_dial(&conn->stream.link,
			       &conn->settings->socket, targets, count));
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
	return status == STAY_E_ARG ? STAY_E_URL : status; /* it has no port */
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
	return begun(
	    conn, stay__link_adopt(&conn->stream.link, read_fd, write_fd));
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
	bool named =
	    stay_stream_is_open(conn) && conn->stream.link.peer != NULL;

	return snprintf(
	    text, len, "%s", named ? stay__link_peer(&conn->stream.link) : "");
}

void
stay__stream_explain(struct stay_conn *conn)
{
	const char *text;

	stay__link_explain(&conn->stream.link, conn->timing.due_ms);
	text = stay__failure_text(&conn->stream.link.failure);
	if (text[0] == '\0')
		text = stay_strerror(STAY_E_TIMEOUT);
	stay__conn_fail(conn, STAY_E_TIMEOUT, STAY__PHASE_CONNECT, text);
	if (conn->stream.link.failure.status == STAY_OK)
		stay__link_forget(&conn->stream.link);
}

void
stay__stream_init(struct stay_conn *conn)
{
	stay__link_init(&conn->stream.link, conn->loop, news);
	stay__input_init(&conn->stream.input, STAY_STREAM_KEEP_MAX);
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
	stay__link_forget(&conn->stream.link);
	stay__input_reset(&conn->stream.input, conn->loop);
	stay__task_cancel(&conn->flush);
	drop_out(&conn->stream);
	conn->stream.hibernates = false;
	conn->stream.wants_write = false;
	conn->stream.blocked = false;
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
	conn->stream.hibernates = stay__stream_unwritten(&conn->stream) > 0;
	if (!conn->stream.hibernates)
		drop_out(&conn->stream);
}
