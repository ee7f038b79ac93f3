/*
 * A session: what a protocol has on one stream, from the greeting to the end,
 * and what it may ask for. Which calls survive it is decided in calls.c, when
 * the next one begins in engine.c.
 */
#include "client/client.h"

/* The control lane's own reserve: resubscriptions may take a good deal. */
#define CONTROL_MAX (16u << 20)

void
stay__session_init(struct stay_session *session, struct stay_client *client)
{
	session->client = client;
	stay__machine_init(&session->machine, stay_machine_session());
	stay_buf_init(&session->control, CONTROL_MAX);
	stay__health_init(session);
}

void
stay__session_fini(struct stay_session *session)
{
	stay_buf_fini(&session->control);
}

static void
turn(struct stay_session *session, enum stay__session_event event)
{
	struct stay__turn turn = stay__machine_take(&session->machine, event);

	stay__conn_turned(session->client->conn, session->machine.table, &turn);
}

/* ---- the beginning ---- */

static void
come_up(struct stay_session *session)
{
	struct stay_client *client = session->client;

	turn(session, STAY__SESSION_EV_UP);
	client->calls.counts.sessions++;
	stay__health_begin(session);
	stay__leave_begin(session);
	client->protocol.on_up(session);
	stay__output_ask(client);
}

enum stay__flow
stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text)
{
	const char *phase =
	    stay__session_state(session) == STAY__SESSION_GREETING ? "hello"
								   : "session";

	if (text == NULL)
		text = stay_strerror(why);
	session->condemned = why;
	stay__conn_fail(session->client->conn, why, phase, text);
	return STAY__END;
}

enum stay__flow
stay__session_greet(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_hello hello =
	    session->client->protocol.hello(session, frame);

	switch (hello.kind) {
	case STAY_HELLO_UP:
		come_up(session);
		return STAY__COME_UP;
	case STAY_HELLO_WAIT:
		stay__output_ask(session->client);
		return STAY__GO_ON;
	case STAY_HELLO_RETRY:
		return stay__session_break(
		    session, STAY_E_NOT_READY, hello.text);
	case STAY_HELLO_DENIED:
		break;
	}
	return stay__session_break(session, STAY_E_DENIED, hello.text);
}

struct stay_verdict
stay__session_verdict(const struct stay_session *session, enum stay__flow flow)
{
	if (flow == STAY__END)
		return stay_verdict_disconnect(
		    stay_info_status(session->condemned));
	return flow == STAY__COME_UP ? stay_verdict_ok()
				     : stay_verdict_noreply();
}

struct stay_verdict
stay__session_open(struct stay_session *session)
{
	struct stay_client *client = session->client;

	turn(session, STAY__SESSION_EV_OPENED);
	session->generation++;
	session->condemned = STAY_OK;
	session->parted = false;
	session->stalled = false;
	session->kept = 0;
	client->write_asked = false;
	stay_buf_cut(&session->control, 0);
	session->settled = 0;
	memset(session->data, 0, client->protocol.session_size);
	stay_stream_set_keep_max(
	    client->conn, (size_t)client->options.reply_bytes_max);
	return stay__session_verdict(
	    session, stay__session_greet(session, NULL));
}

/* ---- the end ---- */

bool
stay__session_leave(struct stay_session *session)
{
	if (stay__session_state(session) != STAY__SESSION_READY ||
	    session->condemned != STAY_OK)
		return false;
	turn(session, STAY__SESSION_EV_LEAVE);
	return true;
}

bool
stay__session_part(struct stay_session *session)
{
	struct stay_client *client = session->client;

	if (!session->parted) {
		session->parted = true;
		client->protocol.bye(session);
		stay__output_ask(client);
	}
	return !stay__output_is_flushed(client);
}

/* A call for this session alone outlives attempts that never came up: it is
 * bound to the session that will. */
static void
end_calls(struct stay__calls *calls, bool was_up, enum stay_status status)
{
	stay__calls_session_over(calls, status);
	if (was_up)
		stay__calls_drop_queue(calls,
		    calls->waits_offline ? STAY_THIS_SESSION : 0, status);
}

void
stay__session_over(
    struct stay_session *session, enum stay_status why, enum stay_status status)
{
	enum stay__session_state state = stay__session_state(session);
	struct stay_client *client = session->client;

	if (state == STAY__SESSION_DOWN)
		return;
	turn(session, STAY__SESSION_EV_LOST);
	stay__health_end(session);
	stay__leave_end(session);
	client->protocol.on_down(session, why);
	end_calls(&client->calls, state != STAY__SESSION_GREETING, status);
	stay__health_rest(session);
}

/*
 * The verdict that ends it is engine.c's, when it is asked next. Until then
 * nothing more is committed.
 */
void
stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text)
{
	if (session->condemned != STAY_OK ||
	    stay__session_state(session) == STAY__SESSION_DOWN)
		return;
	stay__session_break(session, why, text);
	stay__session_press(session);
}

/* A mailbox without room is asked again; who stops is not asked at all. */
void
stay__session_press(struct stay_session *session)
{
	struct stay_loop *loop = session->client->loop;
	enum stay_status status = stay_conn_next_event(
	    session->client->conn, stay_message_make(STAY__CONDEMNED, NULL));

	if (status != STAY_OK && status != STAY_E_DRAINING)
		stay__loop_timer(
		    loop, &session->silence, stay__loop_after(loop, 1));
}

/* ---- what a slot may ask ---- */

void *
stay_session_data(struct stay_session *session)
{
	return session->data;
}

void *
stay_session_keep(struct stay_session *session)
{
	return session->client->keep;
}

const void *
stay_session_config(const struct stay_session *session)
{
	return session->client->options.config;
}

struct stay_client *
stay_session_client(struct stay_session *session)
{
	return session->client;
}

const struct stay_url *
stay_session_url(const struct stay_session *session)
{
	return session->client->aim.url;
}

char *
stay_session_input(struct stay_session *session)
{
	return stay__input_bytes(&session->client->conn->stream.input) +
	       session->offset;
}

const uint64_t *
stay_session_oldest(const struct stay_session *session)
{
	const struct stay__call *call =
	    stay__calls_oldest(&session->client->calls);

	return call == NULL || call->stage == STAY__CALL_CONTROL ? NULL
								 : &call->tag;
}

struct stay_buf *
stay_session_control(struct stay_session *session)
{
	return &session->control;
}

enum stay_status
stay_session_expect(struct stay_session *session, unsigned replies)
{
	struct stay__calls *calls = &session->client->calls;
	bool idle = stay__health_is_idle(session);
	enum stay_status status = STAY_OK;

	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return STAY_E_STATE;
	if (replies > 0)
		status = stay__calls_expect(calls, replies);
	/* Bytes whose answers nobody expects would be answered to a call. */
	if (status != STAY_OK)
		stay_buf_cut(&session->control, session->settled);
	session->settled = stay_buf_len(&session->control);
	stay__health_watch(session, idle);
	stay__output_ask(session->client);
	return status;
}
