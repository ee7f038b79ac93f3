/* Calls and messages, entered into the books. */
#include "rig.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <stay/group.h>

#include "fault.h"

/* ---- calls ---- */

static struct rig_call *
call_new(struct rig_member *member, struct server *server, rig_then_fn *then)
{
	struct rig *rig = member->rig;
	struct rig_call *call = &rig->calls[rig->call_count];

	if (rig->call_count == RIG_CALLS)
		abort();
	*call = (struct rig_call){
		.rig = rig,
		.member = member,
		.server = server,
		.number = rig->call_count++,
		.then = then,
	};
	return call;
}

/* A refused call keeps its number, so that its completion would be seen. */
static struct rig_call *
call_made(struct rig_call *call, enum stay_status status)
{
	rig_leave(call->rig);
	call->is_accepted = status == STAY_OK;
	call->status = status;
	return call->is_accepted ? call : NULL;
}

static void
call_told(struct rig_call *call, enum stay_status status)
{
	rig_called_back(call->member, "done");
	if (!call->is_accepted)
		fault_violation("call %u was refused and told", call->number);
	call->told++;
	call->status = status;
	if (call->then != NULL)
		call->then(call);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct rig_call *call = arg;

	call->outcome = result->outcome;
	if (result->status == STAY_OK && result->outcome != STAY_REPLIED)
		fault_violation("STAY_OK, and it was not answered");
	if (result->why == NULL)
		fault_violation("no word on why");
	call_told(call, result->status);
}

static void
on_echo_done(void *arg, const struct stay_result *result)
{
	const struct rig_call *call = arg;

	if (result->status == STAY_OK &&
	    strtoul(stay_redis_str(result->reply), NULL, 10) != call->number)
		fault_violation("call %u got the answer %s", call->number,
		    stay_redis_str(result->reply));
	on_done(arg, result);
}

static void
on_text_done(void *arg, const struct stay_result *result)
{
	const struct rig_call *call = arg;

	if (result->status == STAY_OK &&
	    strtoul(result->reply, NULL, 10) != call->number)
		fault_violation(
		    "call %u got the answer of another", call->number);
	on_done(arg, result);
}

struct rig_call *
rig_submit(struct rig_member *member, struct server *server,
    const struct stay_call_options *options)
{
	struct stay_call_options ours = { STAY_CALL_OPTIONS };
	struct rig_call *call;

	if (member->client == NULL)
		return NULL;
	call = call_new(member, server, NULL);
	if (options != NULL)
		ours = *options;
	ours.id = &call->id;
	call->is_idempotent = (ours.flags & STAY_IDEMPOTENT) != 0;
	rig_enter(call->rig);
	return call_made(call, stay_client_call_with(member->client, call,
				   &ours, on_text_done, call));
}

/* Both answers are the same. */
static void
on_pair_done(void *arg, const struct stay_group_result *result)
{
	const struct stay_result whole = { .status = result->status,
		.outcome = result->outcome,
		.reply = result->answers[1].reply,
		.why = result->why };

	on_text_done(arg, &whole);
}

struct rig_call *
rig_submit_pair(struct rig_member *member, struct server *server,
    const struct stay_call_options *options)
{
	struct stay_call_options ours = *options;
	struct stay_group *group;
	struct rig_call *call;

	if (member->client == NULL)
		return NULL;
	call = call_new(member, server, NULL);
	ours.id = &call->id;
	call->is_idempotent = true;
	rig_enter(call->rig);
	group = stay_group_new(member->client);
	(void)stay_group_add(group, call);
	(void)stay_group_add(group, call);
	return call_made(
	    call, stay_group_send(group, &ours, on_pair_done, call));
}

static enum stay_status
submit(struct rig_call *call, const struct stay_call_options *options,
    stay_done_fn *done, const char *format, va_list arguments)
{
	struct stay_call_options ours = { STAY_CALL_OPTIONS };

	if (options != NULL)
		ours = *options;
	ours.id = &call->id;
	call->is_idempotent = (ours.flags & STAY_IDEMPOTENT) != 0;
	rig_enter(call->rig);
	return stay_redis_vcommand(
	    call->member->redis, &ours, done, call, format, arguments);
}

static enum stay_status
submit_echo(struct rig_call *call, const struct stay_call_options *options, ...)
{
	enum stay_status status;
	va_list arguments;

	va_start(arguments, options);
	status = submit(call, options, on_echo_done, "TAKE %u", arguments);
	va_end(arguments);
	return status;
}

struct rig_call *
rig_command(struct rig_member *member, const struct stay_call_options *options,
    rig_then_fn *then, const char *format, ...)
{
	struct rig_call *call;
	enum stay_status status;
	va_list arguments;

	if (member->redis == NULL)
		return NULL;
	call = call_new(member, NULL, then);
	va_start(arguments, format);
	status = submit(call, options, on_done, format, arguments);
	va_end(arguments);
	return call_made(call, status);
}

struct rig_call *
rig_ask_with(struct rig_member *member, struct server *server,
    const struct stay_call_options *options, rig_then_fn *then)
{
	struct rig_call *call;

	if (member->redis == NULL)
		return NULL;
	call = call_new(member, server, then);
	return call_made(call, submit_echo(call, options, call->number));
}

struct rig_call *
rig_ask(struct rig_member *member, struct server *server, rig_then_fn *then)
{
	return rig_ask_with(member, server, NULL, then);
}

void
rig_ask_many(struct rig_member *member, struct server *server, unsigned count)
{
	while (count-- > 0)
		rig_ask(member, server, NULL);
}

static void
on_group_done(void *arg, const struct stay_group_result *result)
{
	const struct rig_call *call = arg;
	const struct stay_result whole = { .status = result->status,
		.outcome = result->outcome,
		.why = result->why };

	if (result->count != 2)
		fault_violation("group %u has lost its answers", call->number);
	if (result->status == STAY_OK && call->server != NULL &&
	    strtoul(stay_redis_str(result->answers[0].reply), NULL, 10) !=
		call->number)
		fault_violation("group %u got another's answer", call->number);
	on_done(arg, &whole);
}

struct rig_call *
rig_group(struct rig_member *member, struct server *server, const char *command)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS };
	struct stay_redis_group *group;
	struct rig_call *call;

	if (member->redis == NULL)
		return NULL;
	call = call_new(member, server, NULL);
	options.id = &call->id;
	rig_enter(call->rig);
	if (server != NULL) {
		group = stay_redis_pipeline_new(member->redis);
		stay_redis_group_add(group, "TAKE %u", call->number);
	} else {
		group = stay_redis_multi_new(member->redis);
		stay_redis_group_add(group, "STEP 1");
	}
	stay_redis_group_add(group, command);
	return call_made(
	    call, stay_redis_group_send(group, &options, on_group_done, call));
}

struct rig_call *
rig_send(struct rig_member *member, size_t len, rig_then_fn *then)
{
	static char bytes[1 << 21];
	struct rig_call *call;

	if (member->client == NULL)
		return NULL;
	memset(bytes, 'a' + (int)(len % 26), len);
	call = call_new(member, NULL, then);
	rig_enter(call->rig);
	return call_made(
	    call, stay_echo_call(member->client, bytes, len, on_done, call));
}

void
rig_cancel(struct rig_call *call)
{
	if (call == NULL || call->member->client == NULL)
		return;
	rig_enter(call->rig);
	(void)stay_client_cancel(call->member->client, call->id);
	rig_leave(call->rig);
}

/* ---- messages ---- */

static void
release(void *data)
{
	struct rig_parcel *parcel = data;

	parcel->released++;
}

struct stay_message
rig_message(struct rig *rig, int tag)
{
	struct rig_parcel *parcel = &rig->parcels[rig->parcel_count++];

	if (rig->parcel_count == RIG_CALLS)
		abort();
	*parcel = (struct rig_parcel){ 0 };
	return (struct stay_message){
		.tag = tag, .data = parcel, .release = release
	};
}

enum stay_status
rig_taken(struct rig *rig, struct stay_message message, enum stay_status status)
{
	struct rig_parcel *parcel = message.data;

	rig_leave(rig);
	parcel->is_accepted = status == STAY_OK;
	return status;
}

static void
on_called(void *arg, const struct stay_reply *reply)
{
	struct rig_call *call = arg;

	call->outcome = STAY_REPLIED;
	call_told(call, reply->status);
}

struct rig_call *
rig_call_conn(struct rig_member *member, int tag, uint64_t timeout_ms)
{
	struct stay_message message;
	struct rig_call *call;
	enum stay_status status;

	if (member->conn == NULL)
		return NULL;
	message = rig_message(member->rig, tag);
	call = call_new(member, NULL, NULL);
	rig_enter(call->rig);
	status = stay_conn_call(
	    member->conn, message, timeout_ms, on_called, call, &call->from);
	return call_made(call, rig_taken(call->rig, message, status));
}

static void
post(struct rig_member *member, int tag,
    enum stay_status (*how)(struct stay_conn *, struct stay_message))
{
	struct stay_message message;

	if (member->conn == NULL)
		return;
	message = rig_message(member->rig, tag);
	rig_enter(member->rig);
	(void)rig_taken(member->rig, message, how(member->conn, message));
}

void
rig_cast(struct rig_member *member, int tag)
{
	post(member, tag, stay_conn_cast);
}

void
rig_tell(struct rig_member *member, int tag)
{
	post(member, tag, stay_conn_send);
}
