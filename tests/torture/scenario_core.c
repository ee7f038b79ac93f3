/* Behaviours: mail, timers, verdicts. */
#include "scenario.h"

#include <string.h>

#include "fault.h"

/* What a message asks its connection to do. */
enum tag {
	ANSWER,
	LATER, /* a call: keep it open */
	NOW,   /* answer what is kept */
	NOTHING,
	GO,      /* connect */
	UNDO,    /* disconnect */
	WAIT,    /* postpone till connected */
	TIMEOUT, /* with a T */
	STATE_TIMEOUT,
	NEXT,
	SLEEP,
	SEND,
	WRITE
};

struct core {
	struct rig_member *member;
	struct stay_from kept;
	unsigned connects;
	bool slow; /* connect, disconnect take their time */
};

static struct core *
core_of(void *state)
{
	return state;
}

static struct stay_verdict
core_init(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	core_of(state)->member = arg;
	return stay_verdict_ok();
}

static struct stay_verdict
core_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)info;
	core_of(state)->connects++;
	return core_of(state)->slow ? stay_verdict_pending(20)
				    : stay_verdict_ok();
}

static struct stay_verdict
core_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)info;
	return core_of(state)->slow ? stay_verdict_pending(20)
				    : stay_verdict_noconnect();
}

/* A timer or an event of its own, with a message that has a release. */
static void
ask_for(struct stay_conn *conn, struct core *core, enum tag tag)
{
	struct rig *rig = core->member->rig;
	struct stay_message message = rig_message(rig, NOTHING);

	(void)rig_taken(rig, message,
	    tag == NEXT ? stay_conn_next_event(conn, message)
			: stay_conn_set_state_timeout(conn, 10, message));
}

static struct stay_verdict
obey(struct stay_conn *conn, struct core *core, int tag)
{
	switch (tag) {
	case GO:
		return stay_verdict_connect(stay_info_status(STAY_OK));
	case UNDO:
		return stay_verdict_disconnect(stay_info_status(STAY_OK));
	case WAIT:
		return stay_conn_state(conn) == STAY_CONNECTED
			   ? stay_verdict_noreply()
			   : stay_verdict_postpone();
	case TIMEOUT:
		return stay_verdict_with_timeout(stay_verdict_noreply(), 10);
	case SLEEP:
		return stay_verdict_with_hibernate(stay_verdict_noreply());
	case STATE_TIMEOUT:
	case NEXT:
		ask_for(conn, core, (enum tag)tag);
		return stay_verdict_noreply();
	case NOW:
		(void)stay_from_answer(stay_conn_loop(conn), core->kept,
		    stay_reply_status(STAY_OK));
		return stay_verdict_noreply();
	default:
		return stay_verdict_noreply();
	}
}

static struct stay_verdict
core_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	struct core *core = state;

	if (request->tag == ANSWER)
		return stay_verdict_reply(stay_reply_status(STAY_OK));
	if (request->tag == LATER)
		core->kept = from;
	return obey(conn, core, request->tag);
}

static struct stay_verdict
core_cast(
    struct stay_conn *conn, void *state, const struct stay_message *message)
{
	core_of(state)->member->seen++;
	return obey(conn, state, message->tag);
}

static struct stay_verdict
core_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	core_of(state)->member->seen++;
	if (event->type == STAY_MESSAGE)
		return obey(conn, state, event->message.tag);
	return stay_verdict_noreply();
}

static const struct stay_behaviour plain = {
	STAY_BEHAVIOUR,
	.name = "core",
	.state_size = sizeof(struct core),
	.init = core_init,
	.connect = core_connect,
	.disconnect = core_disconnect,
	.handle_call = core_call,
	.handle_cast = core_cast,
	.handle_info = core_info,
};

void
scenario_core_messages(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	for (int i = 0; i < 5; i++) {
		rig_call_conn(member, ANSWER, 0);
		rig_cast(member, NOTHING);
		rig_tell(member, NOTHING);
	}
	rig_call_conn(member, LATER, 0);
	rig_cast(member, NOW);
	rig_run(rig, 10);
	rig_expect_calls(rig, 6, STAY_OK, STAY_REPLIED);
	rig_expect(member->seen == 11, "all mail came");
}

void
scenario_core_postpone(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	for (int i = 0; i < 5; i++)
		rig_cast(member, WAIT);
	rig_tell(member, WAIT);
	rig_run(rig, 10);
	rig_tell(member, GO);
	rig_run(rig, 10);
	rig_expect(member->seen == 6 + 1 + 6, "they came twice");
	rig_tell(member, UNDO);
	rig_cast(member, WAIT);
	rig_run(rig, 10);
}

void
scenario_core_timeouts(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	rig_call_conn(member, LATER, 30);
	rig_cast(member, TIMEOUT);
	rig_run(rig, 20);
	rig_expect(member->seen == 2, "T came");
	rig_cast(member, STATE_TIMEOUT);
	rig_run(rig, 20);
	rig_expect(member->seen == 4, "the state timeout came");
	rig_cast(member, STATE_TIMEOUT);
	rig_run_told(rig, 100);
	rig_expect_calls(rig, 1, STAY_E_TIMEOUT, STAY_REPLIED);
}

void
scenario_core_next_event(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	for (int i = 0; i < 3; i++)
		rig_cast(member, NEXT);
	rig_run(rig, 10);
	rig_expect(member->seen == 6, "each brought another");
	rig_cast(member, NEXT);
	rig_stop(member);
}

void
scenario_core_cancel(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);
	struct rig_call *call = rig_call_conn(member, LATER, 0);

	rig_call_conn(member, LATER, 0);
	rig_run(rig, 5);
	if (call != NULL)
		(void)stay_from_cancel(rig->loop, call->from);
	rig_run(rig, 5);
	rig_expect(call != NULL && call->status == STAY_E_CANCELLED,
	    "it is cancelled");
	rig_stop(member);
	rig_run(rig, 100);
	rig_expect_calls(rig, 1, STAY_E_STOPPED, STAY_REPLIED);
}

/* ---- upgrade ---- */

static enum stay_status
core_change(struct stay_conn *conn, void *state, void *old_state, void *arg)
{
	(void)conn;
	memcpy(state, old_state, sizeof(struct core));
	return arg == NULL ? STAY_OK : STAY_E_UNSUPPORTED;
}

static const struct stay_behaviour newer = {
	STAY_BEHAVIOUR,
	.name = "newer",
	.state_size = sizeof(struct core) + 64,
	.connect = core_connect,
	.disconnect = core_disconnect,
	.handle_call = core_call,
	.handle_cast = core_cast,
	.handle_info = core_info,
	.code_change = core_change,
};

static void
on_upgraded(void *arg, enum stay_status status)
{
	unsigned *told = arg;

	(void)status;
	++*told;
}

void
scenario_core_upgrade(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);
	unsigned told = 0, asked = 0;

	rig_call_conn(member, LATER, 0);
	rig_run(rig, 5);
	if (member->conn != NULL && stay_conn_upgrade(member->conn, &newer,
					NULL, on_upgraded, &told) == STAY_OK)
		asked++;
	if (member->conn != NULL && stay_conn_upgrade(member->conn, &newer, rig,
					on_upgraded, &told) == STAY_OK)
		asked++;
	rig_cast(member, NOW);
	rig_run_told(rig, 10);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(asked == 2, "both were asked for");
	rig_finish(rig);
	if (told != asked)
		fault_violation("upgrades: asked %u, told %u", asked, told);
}

void
scenario_core_pending_undo(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	if (member->conn != NULL)
		core_of(stay_conn_data(member->conn))->slow = true;
	rig_tell(member, GO);
	rig_run(rig, 100);
	rig_call_conn(member, ANSWER, 0);
	rig_cast(member, NOTHING);
	rig_explain(member);
	rig_run(rig, 100);
	rig_stop(member);
	rig_run(rig, 300);
	rig_expect(member->closed == 1, "it stops in the end");
}

void
scenario_core_throttle(struct rig *rig)
{
	struct rig_member *member = rig_conn(rig, &plain, NULL);

	for (int i = 0; i < 12; i++)
		rig_tell(member, GO);
	rig_run(rig, 400);
	rig_expect(member->seen == 12, "all were heard");
}

/* ---- a stream ---- */

/* For lack of memory it is not sent; the peer will be silent. */
static void
send_five(struct stay_conn *conn, const char *bytes)
{
	if (stay_stream_send(conn, bytes, 5) != STAY_OK)
		rig_expect(false, "five bytes are sent");
}

static const struct server *partner;

static struct stay_verdict
stream_init(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	core_of(state)->member = arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
stream_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	if (stay_stream_dial(conn, door_url(&partner->door, "unix")) != STAY_OK)
		return stay_verdict_backoff(10);
	return stay_verdict_pending(100);
}

static struct stay_verdict
stream_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_backoff(10);
}

static struct stay_verdict
write_more(struct stay_conn *conn, struct core *core)
{
	static char bytes[300000];
	const struct iovec part = { bytes, sizeof(bytes) - core->connects };
	size_t taken = 0;

	memset(bytes, 'w', sizeof(bytes));
	if (part.iov_len == 0)
		return stay_verdict_noreply();
	if (stay_stream_write(conn, &part, 1, &taken) != STAY_OK)
		return stay_verdict_noreply();
	core->connects += (unsigned)taken;
	if (taken < part.iov_len)
		stay_stream_want_write(conn);
	return stay_verdict_noreply();
}

/* It keeps what it is given until there are 10 bytes, then all of a large one.
 */
static struct stay_verdict
take_bytes(struct stay_conn *conn, struct core *core, struct stay_bytes bytes)
{
	if (bytes.len < 10 && core->member->seen == 0) {
		if (stay_stream_keep(conn, bytes.len, 10) != STAY_OK)
			return stay_verdict_stop(STAY_E_TOO_BIG);
		return stay_verdict_noreply();
	}
	core->member->seen += (unsigned)bytes.len;
	return stay_verdict_noreply();
}

static struct stay_verdict
stream_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	switch ((int)event->type) {
	case STAY_STREAM_UP:
		send_five(conn, "01234");
		return stay_verdict_ok();
	case STAY_STREAM_DATA:
		return take_bytes(conn, state, event->bytes);
	case STAY_STREAM_WRITABLE:
		return write_more(conn, state);
	case STAY_MESSAGE:
		if (event->message.tag == SEND)
			send_five(conn, "56789");
		if (event->message.tag == WRITE)
			stay_stream_want_write(conn);
		return obey(conn, state, event->message.tag);
	default:
		return stay_verdict_noreply();
	}
}

static const struct stay_behaviour stream = {
	STAY_BEHAVIOUR,
	.name = "stream",
	.state_size = sizeof(struct core),
	.init = stream_init,
	.connect = stream_connect,
	.disconnect = stream_disconnect,
	.handle_cast = core_cast,
	.handle_info = stream_info,
};

void
scenario_core_stream(struct rig *rig)
{
	struct rig_member *member;

	partner = server_listen(SERVER_ECHO, true);
	member = rig_conn(rig, &stream, NULL);
	rig_run_up(member);
	rig_run(rig, 5);
	rig_tell(member, SEND);
	rig_run(rig, 10);
	rig_expect(member->seen == 10, "ten bytes came back");
	rig_tell(member, WRITE);
	rig_run(rig, 100);
	rig_expect(member->seen == 300010, "and so did many");
}

void
scenario_core_hibernate(struct rig *rig)
{
	struct rig_member *member;

	partner = server_listen(SERVER_ECHO, true);
	member = rig_conn(rig, &stream, NULL);
	rig_run_up(member);
	rig_run(rig, 5);
	rig_tell(member, SLEEP);
	rig_run(rig, 20);
	rig_tell(member, SEND);
	rig_run(rig, 10);
	rig_expect(member->seen == 10, "ten bytes came back");
	rig_tell(member, SLEEP);
	server_hang_up((struct server *)(uintptr_t)partner, false);
	rig_run_up(member);
}

/* ---- init's own verdicts ---- */

static struct stay_verdict
bad_init(struct stay_conn *conn, void *state, void *arg)
{
	static unsigned turn;

	(void)conn;
	(void)state;
	(void)arg;
	switch (turn++ % 3) {
	case 0:
		return stay_verdict_ignore();
	case 1:
		return stay_verdict_stop(STAY_E_DENIED);
	default:
		return stay_verdict_noconnect();
	}
}

static const struct stay_behaviour bad = {
	STAY_BEHAVIOUR,
	.name = "bad",
	.state_size = 64,
	.init = bad_init,
};

void
scenario_core_verdicts(struct rig *rig)
{
	for (int i = 0; i < 3; i++) {
		struct stay_conn *conn;

		if (stay_conn_start(&conn, rig->loop, &bad, rig, NULL) ==
		    STAY_OK)
			fault_violation("it starts");
		if (conn != NULL)
			fault_violation("there is a handle");
	}
}
