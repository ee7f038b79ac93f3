/*
 * The callbacks of a probe. Each checks that it may run now, writes itself
 * down, does what its script says and returns what its script says.
 */
#include <stdio.h>

#include "probe.h"

struct probe_state {
	uint64_t zero;       /* zeroed when it is new */
	unsigned generation; /* how often it was upgraded */
};

/* ---- entering and leaving ---- */

static struct probe *
enter(const char *name)
{
	struct probe *probe = probe_now();

	if (probe->calling > 0)
		probe_fault(probe, "%s ran inside a public call", name);
	if (probe->inside > 0)
		probe_fault(probe, "%s ran inside a callback", name);
	if (probe->closed > 0)
		probe_fault(probe, "%s ran after closed", name);
	probe->inside++;
	return probe;
}

/* Its step; after the last one: nothing to say. */
static struct probe_step *
step_next(struct probe *probe, enum probe_callback callback)
{
	struct probe_steps *steps = &probe->steps[callback];
	struct probe_step *step = &steps->step[steps->next];

	if (steps->next == steps->count)
		return NULL;
	if (!step->for_ever)
		steps->next++;
	return step;
}

static void
leave_void(struct probe *probe, enum probe_callback callback)
{
	struct probe_step *step = step_next(probe, callback);

	if (step != NULL)
		probe_act(probe, step->actions, step->actions_len);
	probe->inside--;
}

static struct stay_verdict
leave(struct probe *probe, enum probe_callback callback,
    struct stay_verdict otherwise)
{
	struct probe_step *step = step_next(probe, callback);
	struct stay_verdict verdict = otherwise;

	if (step != NULL) {
		probe_act(probe, step->actions, step->actions_len);
		verdict = step->verdict;
		if (step->reply >= 0)
			verdict.reply = probe_reply(probe, step->reply);
	}
	probe->inside--;
	return verdict;
}

/* A callback's name, marked when its behaviour has taken over from another. */
static const char *
named(const void *state, const char *name)
{
	static char text[64];
	const struct probe_state *mine = state;

	snprintf(
	    text, sizeof(text), "%s%s", name, mine->generation > 0 ? "'" : "");
	return text;
}

static void
note_info(struct probe *probe, const char *name, struct stay_info info)
{
	static const char *const library[] = { "", "backoff", "stopping",
		"reconnect", "lost", "expired" };
	char tag[32], status[64] = "";

	if (info.tag > 0 && info.data != &probe->marks[info.tag])
		probe_fault(probe, "%s got another info's data", name);
	if (info.tag < 0 && info.tag > -6)
		snprintf(tag, sizeof(tag), "%s", library[-info.tag]);
	else
		snprintf(tag, sizeof(tag), "%d", info.tag);
	if (info.status != STAY_OK && info.tag != STAY_INFO_BACKOFF)
		snprintf(status, sizeof(status), ":%s",
		    probe_status_name(info.status));
	probe_note(probe, "%s(%s%s)", name, tag, status);
}

/* ---- the behaviour ---- */

static struct stay_verdict
init(struct stay_conn *conn, void *state, void *arg)
{
	struct probe_state *mine = state;
	struct probe *probe = arg;
	struct stay_verdict verdict;

	probe->calling--; /* start is the one function that runs it inside */
	enter("init");
	probe->conn = conn;
	if (mine->zero != 0 || mine->generation != 0)
		probe_fault(probe, "init got a used state block");
	probe_note(probe, "init");
	verdict = leave(probe, ON_INIT, stay_verdict_ok());
	probe->calling++;
	return verdict;
}

static struct stay_verdict
connect_(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct probe *probe = enter("connect");

	if (stay_conn_state(conn) != STAY_CONNECTING)
		probe_fault(probe, "connect runs in another state");
	if (stay_stream_is_open(conn))
		probe_fault(probe, "connect runs over an open stream");
	note_info(probe, named(state, "connect"), info);
	return leave(probe, ON_CONNECT, stay_verdict_ok());
}

static struct stay_verdict
disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct probe *probe = enter("disconnect");
	enum stay_state at = stay_conn_state(conn);

	if (at != STAY_DISCONNECTING && at != STAY_STOPPING)
		probe_fault(probe, "disconnect runs in another state");
	note_info(probe, named(state, "disconnect"), info);
	return leave(probe, ON_DISCONNECT, stay_verdict_noconnect());
}

static struct stay_verdict
handle_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	struct probe *probe = enter("handle_call");

	(void)conn;
	if (probe_tag(request->data) != request->tag)
		probe_fault(probe, "handle_call got another's message");
	probe->calls[request->tag].from = from;
	probe_note(probe, "%s(%d)", named(state, "call"), request->tag);
	return leave(probe, ON_CALL, stay_verdict_noreply());
}

static struct stay_verdict
handle_cast(
    struct stay_conn *conn, void *state, const struct stay_message *message)
{
	struct probe *probe = enter("handle_cast");

	(void)conn;
	if (probe_tag(message->data) != message->tag)
		probe_fault(probe, "handle_cast got another's message");
	probe_note(probe, "%s(%d)", named(state, "cast"), message->tag);
	return leave(probe, ON_CAST, stay_verdict_noreply());
}

static void
note_event(
    struct probe *probe, const void *state, const struct stay_event *event)
{
	static const char *const names[] = { [STAY_MESSAGE] = "info",
		[STAY_NEXT_EVENT] = "next",
		[STAY_STATE_TIMEOUT] = "statetimeout",
		[STAY_TIMEOUT] = "timeout",
		[STAY_PENDING_EXPIRED] = "pending_expired",
		[STAY_STREAM_UP] = "up",
		[STAY_STREAM_DATA] = "data",
		[STAY_STREAM_WRITABLE] = "writable",
		[STAY_STREAM_DOWN] = "down" };
	const char *name = named(state, names[event->type]);

	if (event->type <= STAY_STATE_TIMEOUT)
		probe_note(probe, "%s(%d)", name, event->message.tag);
	else if (event->type == STAY_STREAM_DATA)
		probe_note(probe, "%s(%.*s)", name, (int)event->bytes.len,
		    event->bytes.data);
	else if (event->type == STAY_STREAM_DOWN)
		probe_note(
		    probe, "%s(%s)", name, probe_status_name(event->status));
	else
		probe_note(probe, "%s", name);
}

static struct stay_verdict
handle_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct probe *probe = enter("handle_info");

	(void)conn;
	note_event(probe, state, event);
	return leave(probe, ON_INFO, stay_verdict_noreply());
}

static enum stay_status
code_change(struct stay_conn *conn, void *state, void *old_state, void *arg)
{
	struct probe *probe = enter("code_change");
	const struct probe_state *old = old_state;
	struct probe_step *step = step_next(probe, ON_CODE_CHANGE);
	struct probe_state *mine = state;

	(void)conn;
	if (arg != probe || mine->generation != 0 || mine == old)
		probe_fault(probe, "code_change got other things");
	mine->generation = old->generation + 1;
	probe_note(probe, "code_change");
	if (step != NULL)
		probe_act(probe, step->actions, step->actions_len);
	probe->inside--;
	return step == NULL ? STAY_OK : step->status;
}

static void
terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct probe *probe = enter("terminate");

	if (stay_conn_state(conn) != STAY_STOPPED)
		probe_fault(probe, "terminate runs in another state");
	if (stay_stream_is_open(conn))
		probe_fault(probe, "terminate runs over an open stream");
	probe_note(probe, "%s(%s)", named(state, "terminate"),
	    probe_status_name(reason));
	leave_void(probe, ON_TERMINATE);
}

static void
entered(struct stay_conn *conn, void *state, enum stay_state from,
    enum stay_state to)
{
	struct probe *probe = enter("entered");

	(void)state;
	if (from == to || from != probe->state || to != stay_conn_state(conn))
		probe_fault(probe, "entered tells %s to %s in %s",
		    stay_state_name(from), stay_state_name(to),
		    stay_state_name(stay_conn_state(conn)));
	probe->state = to;
	if (probe->shows_entered)
		probe_note(
		    probe, "%s>%s", stay_state_name(from), stay_state_name(to));
	leave_void(probe, ON_ENTERED);
}

static size_t
busy(const struct stay_conn *conn, const void *state)
{
	(void)conn;
	(void)state;
	return probe_now()->busy;
}

const struct stay_behaviour probe_behaviour = {
	STAY_BEHAVIOUR,
	.name = "probe",
	.state_size = sizeof(struct probe_state),
	.init = init,
	.connect = connect_,
	.disconnect = disconnect,
	.handle_call = handle_call,
	.handle_cast = handle_cast,
	.handle_info = handle_info,
	.code_change = code_change,
	.terminate = terminate,
	.entered = entered,
	.busy = busy,
};

/* ---- completions and notices ---- */

void
probe_done(void *arg, const struct stay_reply *reply)
{
	struct probe *probe = enter("done");
	struct probe_call *call = arg;
	const struct probe_token *token = reply->data;
	int tag = (int)(call - probe->calls);

	call->done++;
	if (reply->status != STAY_OK)
		probe_note(probe, "done(%d)!%s", tag,
		    probe_status_name(reply->status));
	else
		probe_note(probe, "done(%d)=%d", tag, token->tag);
	if (token != NULL && token->released > 0)
		probe_fault(probe, "reply %d was released early", token->tag);
	leave_void(probe, ON_DONE);
}

void
probe_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct probe *probe = enter("on_started");

	if (arg != probe || conn != probe->conn)
		probe_fault(probe, "on_started got other things");
	probe->started++;
	if (probe->shows_started)
		probe_note(probe, "started(%s)", probe_status_name(status));
	leave_void(probe, ON_STARTED);
}

void
probe_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct probe *probe = enter("on_closed");

	if (arg != probe || conn != probe->conn)
		probe_fault(probe, "on_closed got other things");
	if (stay_conn_state(conn) != STAY_STOPPED)
		probe_fault(probe, "on_closed came before stopped");
	probe_note(probe, "closed(%s)", probe_status_name(reason));
	leave_void(probe, ON_CLOSED);
	probe->closed++;
	probe->conn = NULL;
}

void
probe_upgraded(void *arg, enum stay_status status)
{
	struct probe *probe = enter("upgraded");

	if (arg != probe)
		probe_fault(probe, "upgraded got other things");
	probe_note(probe, "upgraded=%s", probe_status_name(status));
	leave_void(probe, ON_UPGRADED);
}
