/*
 * The public functions of a client: submitting a call, giving it up, asking.
 * None of them runs a completion: what they end is told later in the turn.
 */
#include "client/client.h"

/* ---- submitting ---- */

#define CALL_FLAGS (STAY_READ_ONLY | STAY_BLOCKS | STAY_THIS_SESSION)

static enum stay_status
admit_offline(const struct stay_client *client)
{
	if (client->options.offline == STAY_OFFLINE_FAIL)
		return STAY_E_OFFLINE;
	return client->barred;
}

static enum stay_status
admit_session(const struct stay_client *client)
{
	return stay__session_state(&client->session) == STAY__SESSION_READY
		   ? STAY_OK
		   : admit_offline(client);
}

enum stay_status
stay__client_admits(const struct stay_client *client)
{
	if (!stay__conn_admits(client->conn))
		return STAY_E_DRAINING;
	return admit_session(client);
}

static enum stay_status
admit(struct stay_client *client)
{
	const struct stay__calls *calls = &client->calls;
	enum stay_status status = STAY_OK;

	if (!stay__conn_admits(client->conn))
		return STAY_E_DRAINING;
	if (calls->counts.queued >= client->water.calls ||
	    calls->untold >= calls->untold_max ||
	    calls->sendbuf.live >= client->water.bytes)
		status = stay__water_rise(client);
	return status == STAY_OK ? admit_session(client) : status;
}

/* A request without a byte could never be committed. */
static enum stay_status
check_request(const struct stay_request *request, const struct stay__span *span)
{
	if ((request->flags & ~CALL_FLAGS) != 0 || stay__span_len(*span) == 0)
		return STAY_E_ARG;
	return STAY_OK;
}

/*
 * Straight into the send buffer. What does not fit beside the others is one bound
 * reached, what would not fit alone is another.
 */
static enum stay_status
encode(struct stay_client *client, struct stay_request *request,
    struct stay__span *span)
{
	struct stay__sendbuf *sendbuf = &client->calls.sendbuf;
	struct stay_buf *out = stay__sendbuf_open(sendbuf);
	enum stay_status status;

	if (out == NULL)
		return STAY_E_FULL;
	*span = (struct stay__span){ stay__sendbuf_end(sendbuf), 0 };
	status = client->protocol.encode(request, out);
	span->end = stay__sendbuf_end(sendbuf);
	if (status == STAY_E_TOO_BIG && sendbuf->live > 0)
		status = STAY_E_FULL;
	if (status == STAY_OK)
		status = check_request(request, span);
	if (status != STAY_OK)
		stay__sendbuf_cut(sendbuf, span->begin);
	return status;
}

static uint64_t
deadline(const struct stay_client *client, const struct stay_request *request,
    uint64_t timeout_ms)
{
	uint64_t margin = client->options.block_margin_ms;

	if (timeout_ms == 0 && !(request->flags & STAY_BLOCKS))
		timeout_ms = client->options.call_timeout_ms;
	else if (timeout_ms == 0)
		timeout_ms = request->blocks_ms > STAY_FOREVER - margin
				 ? STAY_FOREVER
				 : request->blocks_ms + margin;
	return stay__later(stay__loop_now(client->loop), timeout_ms);
}

static enum stay_status
name_call(struct stay__call *call, const struct stay_call_options *options)
{
	enum stay_status status;

	if (options->id == NULL)
		return STAY_OK;
	status = stay__ids_take(&call->owner->loop->ids, call, &call->id);
	if (status != STAY_OK)
		return status;
	options->id->index = call->id.index;
	options->id->generation = call->id.generation;
	return STAY_OK;
}

static void
enter_queue(struct stay_client *client, struct stay__call *call,
    const struct stay_request *request, const struct stay__span *span,
    const struct stay_call_options *options)
{
	call->span = stay__sendbuf_close(&client->calls.sendbuf, span->begin);
	call->part = options->part;
	call->due = request->replies;
	call->flags = request->flags;
	call->blocks_ms = request->blocks_ms;
	call->tag = request->tag;
	stay__call_enqueue(call);
	stay__loop_timer(client->loop, &call->timer,
	    deadline(client, request, options->timeout_ms));
	if (!client->write_asked)
		stay__output_ask(client);
}

static enum stay_status
submit(struct stay_client *client, const void *data,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_request request = {
		.data = data, .config = client->options.config, .replies = 1
	};
	enum stay_status status = admit(client);
	struct stay__call *call;
	struct stay__span span;

	if (status != STAY_OK)
		return status;
	call = stay__call_take(&client->calls);
	if (call == NULL)
		return STAY_E_NOMEM;
	call->done = done;
	call->arg = arg;
	status = encode(client, &request, &span);
	request.flags |= options->flags;
	if (status == STAY_OK) {
		status = name_call(call, options);
		if (status != STAY_OK)
			stay__sendbuf_cut(&client->calls.sendbuf, span.begin);
	}
	if (status != STAY_OK) {
		stay__call_give(call);
		return status;
	}
	enter_queue(client, call, &request, &span, options);
	return STAY_OK;
}

static enum stay_status
counted(struct stay_client *client, enum stay_status status)
{
	if (status == STAY_OK)
		return STAY_OK;
	client->calls.counts.rejected++;
	stay__health_rest(&client->session);
	return status;
}

enum stay_status
stay_client_call(struct stay_client *client, const void *request,
    stay_done_fn *done, void *arg)
{
	static const struct stay_call_options defaults = { STAY_CALL_OPTIONS };

	if (client == NULL)
		return STAY_E_ARG;
	return counted(client, submit(client, request, &defaults, done, arg));
}

enum stay_status
stay_client_call_with(struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_call_options ours = { STAY_CALL_OPTIONS };

	if (client == NULL)
		return STAY_E_ARG;
	if (options == NULL)
		options = &ours;
	if (options->size < sizeof(options->size) ||
	    options->size > sizeof(ours))
		return counted(client, STAY_E_ABI);
	memcpy(&ours, options, options->size);
	if ((ours.flags & ~CALL_FLAGS) != 0)
		return counted(client, STAY_E_ARG);
	return counted(client, submit(client, request, &ours, done, arg));
}

/* ---- giving up ---- */

/* What became of a call that was already on the wire is not known; its answer
 * is still to come, and is not to reach another. */
static void
bury(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	stay__call_bury(call, status);
	stay__loop_timer(client->loop, &call->timer,
	    stay__loop_after(client->loop, client->options.tombstone_age_ms));
	if (client->calls.counts.tombstones > client->options.tombstones_max)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "too many calls were given up and never answered");
}

/* It may have been what held the others up. */
static void
withdraw(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	stay__call_withdraw(call, status);
	stay__calls_release(&client->calls);
	stay__output_ask(client);
}

void
stay__client_give_up(struct stay__call *call, enum stay_status status)
{
	if (call->stage == STAY__CALL_QUEUED)
		stay__call_drop(call, status);
	else if (call->stage == STAY__CALL_REFUSED)
		withdraw(stay__client_of_calls(call->owner), call, status);
	else
		bury(stay__client_of_calls(call->owner), call, status);
}

/* The deadline of a call, or the age of a tombstone. */
void
stay__client_expire(struct stay__timer *timer)
{
	struct stay__call *call =
	    STAY__CONTAINER(timer, struct stay__call, timer);
	struct stay_client *client = stay__client_of_calls(call->owner);

	if (call->stage == STAY__CALL_OVER)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "a call was given up and not answered for too long");
	else
		stay__client_give_up(call, STAY_E_TIMEOUT);
}

/* The tokens of a loop name calls of other clients and other things as well. */
enum stay_status
stay_client_cancel(struct stay_client *client, struct stay_call_id id)
{
	struct stay__call *call;

	if (client == NULL)
		return STAY_E_ARG;
	call = stay__ids_find(
	    &client->loop->ids, (struct stay__id){ id.index, id.generation });
	if (call != NULL && stay__wait_cancel(client, call))
		return STAY_OK;
	if (call == NULL || call->mark != stay__call_mark ||
	    call->owner != &client->calls)
		return STAY_E_STALE;
	stay__client_give_up(call, STAY_E_CANCELLED);
	return STAY_OK;
}

/* ---- telling ---- */

static void
tell_nobody(const struct stay_client *client, const struct stay_result *result)
{
	const struct stay_observer *observer = client->loop->observer;
	struct stay_subject who = stay__conn_subject(client->conn);

	if (result->status != STAY_OK && observer->on_lost_call != NULL)
		observer->on_lost_call(
		    observer->arg, &who, result->status, result->why);
}

void
stay__client_tell(
    const struct stay__call *call, const struct stay_result *result)
{
	if (call->done != NULL)
		call->done(call->arg, result);
	else
		tell_nobody(stay__client_of_calls(call->owner), result);
}

/* Without a session its failure says more than the status. */
static const char *
reason_of(const struct stay_client *client, enum stay_status status)
{
	const char *failure = stay_conn_failure(client->conn);

	if (status == STAY_OK || status == STAY_E_CANCELLED ||
	    status == STAY_E_STOPPED || status == STAY_E_SERVER ||
	    failure[0] == '\0' ||
	    stay__session_state(&client->session) != STAY__SESSION_DOWN)
		return stay_strerror(status);
	return failure;
}

void
stay__client_tell_over(struct stay__call *call)
{
	const struct stay_client *client = stay__client_of_calls(call->owner);
	struct stay_result result = { .status = call->status,
		.outcome = call->outcome,
		.why = reason_of(client, call->status) };

	if (call->refusal != NULL)
		result.reply = stay_held_reply(call->refusal);
	stay__client_tell(call, &result);
	stay_held_free(call->refusal);
	call->refusal = NULL;
}

/* Somebody may be waiting for the last call, to stop; and what it took of
 * memory is to be given back, though not a byte has come or gone. */
void
stay__client_told(struct stay__calls *calls)
{
	struct stay_client *client = stay__client_of_calls(calls);

	stay__health_rest(&client->session);
	stay__water_fall(client);
	stay__conn_nudge(client->conn);
}

/* ---- the rest ---- */

void
stay_client_stop(struct stay_client *client, enum stay_status reason)
{
	stay_conn_stop(client->conn, reason);
}

void
stay_client_drain(struct stay_client *client, uint64_t budget_ms)
{
	stay_conn_drain(client->conn, budget_ms);
}

void
stay_client_reconnect(struct stay_client *client, enum stay_status why)
{
	stay_conn_reconnect(client->conn, why);
}

struct stay_conn *
stay_client_conn(struct stay_client *client)
{
	return client->conn;
}

struct stay_client *
stay_client_of(struct stay_conn *conn)
{
	if (conn == NULL || conn->behaviour != &stay__engine)
		return NULL;
	return *(struct stay_client **)conn->state;
}

void *
stay_client_keep(struct stay_client *client)
{
	return client->keep;
}

const void *
stay_client_config(const struct stay_client *client)
{
	return client->options.config;
}

void
stay_client_get_counts(
    const struct stay_client *client, struct stay_client_counts *counts)
{
	struct stay_client_counts all = client->calls.counts;

	assert(counts->size >= sizeof(counts->size));
	all.size = counts->size < sizeof(all) ? counts->size : sizeof(all);
	all.queued_bytes += client->calls.sendbuf.live;
	all.waiting = client->line.count;
	all.held = client->holds.count;
	all.held_bytes = client->holds.bytes;
	memcpy(counts, &all, all.size);
}
