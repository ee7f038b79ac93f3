/*
 * Submission: a call is accepted, encoded into the send buffer, and queued.
 * This file runs no completion; how a call ends is complete.c's.
 */
#include "client/client.h"
#include "client/tagged.h"

/* What the caller may say of a call, and what encode may say. */
#define CALL_FLAGS                                                             \
	(STAY_READ_ONLY | STAY_BLOCKS | STAY_THIS_SESSION |                    \
	    STAY_MAY_GO_UNANSWERED)
#define REQUEST_FLAGS (CALL_FLAGS | STAY_BY_TAG)
/* What not every client can do at any time. */
#define ADMITTED_FLAGS                                                         \
	(STAY_THIS_SESSION | STAY_MAY_GO_UNANSWERED | STAY_BY_TAG)

/* Every call runs it, and pays for no jump because groups do, too. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* An empty request could never be committed. */
static enum stay_status
check_request(const struct stay_request *request, const struct stay__span *span)
{
	if ((request->flags & ~REQUEST_FLAGS) != 0 ||
	    stay__span_len(*span) == 0)
		return STAY_E_ARG;
	return STAY_OK;
}

/* 0: any session that is ready will do. */
static bool
has_its_session(const struct stay_client *client, uint64_t number)
{
	uint64_t ready = stay_client_session_number(client);

	return ready != 0 && (number == 0 || number == ready);
}

/* By the flags of encode and of the caller. A reply without a tag that may be missing
 * could not be told from the next one. */
static enum stay_status
admit(const struct stay_client *client, uint32_t flags, uint64_t session)
{
	const struct stay__tagged *tagged = client->calls.tagged;

	if ((flags & STAY_BY_TAG) != 0 &&
	    (tagged == NULL || tagged->prepare == NULL))
		return STAY_E_ARG;
	if ((flags & STAY_MAY_GO_UNANSWERED) != 0 && !(flags & STAY_BY_TAG))
		return STAY_E_ARG;
	if ((flags & STAY_THIS_SESSION) != 0 &&
	    !has_its_session(client, session))
		return STAY_E_OFFLINE;
	return STAY_OK;
}

/* Undo what was encoded, if it is not to become a call: a request that does not fit
 * beside the others is one error; a request that would not fit alone is another. */
static enum stay_status
check_encoded(struct stay__sendbuf *sendbuf, const struct stay_request *request,
    struct stay__span *span, enum stay_status status)
{
	span->end = stay__sendbuf_end(sendbuf);
	if (status == STAY_E_TOO_BIG && sendbuf->live > 0)
		status = STAY_E_FULL;
	if (status == STAY_OK)
		status = check_request(request, span);
	if (status != STAY_OK)
		stay__sendbuf_cut(sendbuf, span->begin);
	return status;
}

/* Encode the request straight into the send buffer. */
static enum stay_status
encode(struct stay_client *client, struct stay_request *request,
    struct stay__span *span)
{
	struct stay__sendbuf *sendbuf = &client->calls.sendbuf;
	struct stay_buf *out = stay__sendbuf_open(sendbuf);

	if (out == NULL)
		return STAY_E_FULL;
	*span = (struct stay__span){ stay__sendbuf_end(sendbuf), 0 };
	return check_encoded(sendbuf, request, span,
	    client->profile->protocol.top.encode(request, out));
}

ALWAYS_INLINE uint64_t
deadline(const struct stay_client *client, const struct stay_request *request,
    uint64_t now, uint64_t timeout_ms)
{
	uint64_t margin = client->profile->options.block_margin_ms;

	if (timeout_ms == 0 && !(request->flags & STAY_BLOCKS))
		timeout_ms = client->profile->options.call_timeout_ms;
	else if (timeout_ms == 0)
		timeout_ms = request->blocks_ms > STAY_FOREVER - margin
				 ? STAY_FOREVER
				 : request->blocks_ms + margin;
	return stay__later(now, timeout_ms);
}

ALWAYS_INLINE enum stay_status
name_call(struct stay__call *call, const struct stay_call_options *options)
{
	enum stay_status status;

	if (options->id == NULL)
		return STAY_OK;
	status = stay__ids_take(
	    &call->owner->loop->ids, STAY__TOKEN_CALL, call, &call->id);
	if (status != STAY_OK)
		return status;
	options->id->token = call->id;
	return STAY_OK;
}

ALWAYS_INLINE void
enter_queue(struct stay_client *client, struct stay__call *call,
    const struct stay_request *request, const struct stay__span *span,
    const struct stay_call_options *options)
{
	uint64_t now = stay__loop_now(client->loop);

	call->span = stay__sendbuf_close(&client->calls.sendbuf, span->begin);
	call->part = options->part;
	call->due = request->replies;
	call->flags = request->flags;
	call->blocks_ms = request->blocks_ms;
	call->tag = request->tag;
	call->since_ms = stay__call_clock(now);
	stay__call_enqueue(call);
	stay__loop_timer(client->loop, &call->timer,
	    deadline(client, request, now, options->timeout_ms));
	if (!client->session.output.asked)
		stay__output_ask(client);
}

/* The request is encoded: it becomes a call, or its bytes go again. */
ALWAYS_INLINE enum stay_status
take_in(struct stay_client *client, struct stay__call *call,
    struct stay_request *request, const struct stay__span *span,
    const struct stay_call_options *options)
{
	enum stay_status status = STAY_OK;

	if (options->session != 0)
		request->flags |= STAY_THIS_SESSION;
	if ((request->flags & ADMITTED_FLAGS) != 0)
		status = admit(client, request->flags, options->session);
	if (status == STAY_OK)
		status = name_call(call, options);
	if (status == STAY_OK)
		enter_queue(client, call, request, span, options);
	else
		stay__sendbuf_cut(&client->calls.sendbuf, span->begin);
	return status;
}

static enum stay_status
submit(struct stay_client *client, const void *data,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_request request = { .data = data,
		.config = client->profile->config,
		.replies = 1,
		.is_untold = done == NULL };
	enum stay_status status = stay__admission_ask(client);
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
	if (status == STAY_OK)
		status = take_in(client, call, &request, &span, options);
	if (status != STAY_OK)
		stay__call_give(call);
	return status;
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

	assert(client != NULL);
	return counted(client, submit(client, request, &defaults, done, arg));
}

/* The program's struct may be older, and so shorter, than the library's. */
static enum stay_status
take_options(struct stay_call_options *ours,
    const struct stay_call_options *options, uint32_t flags)
{
	*ours = (struct stay_call_options){ STAY_CALL_OPTIONS };
	if (options == NULL)
		return STAY_OK;
	if (options->size < sizeof(options->size) ||
	    options->size > sizeof(*ours))
		return STAY_E_ABI;
	memcpy(ours, options, options->size);
	return (ours->flags & ~flags) != 0 ? STAY_E_ARG : STAY_OK;
}

enum stay_status
stay_client_call_with(struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_call_options ours;
	enum stay_status status;

	assert(client != NULL);
	status = take_options(&ours, options, CALL_FLAGS);
	if (status == STAY_OK)
		status = submit(client, request, &ours, done, arg);
	return counted(client, status);
}

/* ---- groups ---- */

/* Whether there is a place for each of its requests, or there ever can be. */
static enum stay_status
check_group(const struct stay_group *group)
{
	const struct stay_client *client = group->client;
	const struct stay_client_options *options = &client->profile->options;

	if (group->status != STAY_OK)
		return group->status;
	if (group->count == 0)
		return STAY_E_ARG;
	if ((group->replies > 1 &&
		client->profile->protocol.top.retain == NULL) ||
	    (client->calls.tagged != NULL &&
		client->calls.tagged->prepare != NULL))
		return STAY_E_UNSUPPORTED;
	if (group->count > options->queue_calls_max ||
	    group->count > options->inflight_calls_max)
		return STAY_E_TOO_BIG;
	if (client->calls.counts.queued >
	    options->queue_calls_max - group->count)
		return STAY_E_FULL;
	return STAY_OK;
}

/* What the requests were encoded to when they were added. */
static enum stay_status
copy_group(const struct stay_group *group, const struct stay_request *request,
    struct stay__span *span)
{
	struct stay__sendbuf *sendbuf = &group->client->calls.sendbuf;
	struct stay_bytes bytes = stay_buf_bytes(&group->bytes);
	struct stay_buf *out = stay__sendbuf_open(sendbuf);

	if (out == NULL)
		return STAY_E_FULL;
	*span = (struct stay__span){ stay__sendbuf_end(sendbuf), 0 };
	return check_encoded(sendbuf, request, span,
	    stay_buf_append(out, bytes.data, bytes.len));
}

/* As submit, of what is admitted. */
static enum stay_status
submit_group(struct stay_group *group, const struct stay_call_options *options)
{
	struct stay_client *client = group->client;
	struct stay_request request = { .replies = group->replies,
		.flags = group->flags,
		.blocks_ms = group->blocks_ms,
		.tag = stay__group_tag(group) };
	struct stay__call *call = stay__call_take(&client->calls);
	enum stay_status status;
	struct stay__span span;

	if (call == NULL)
		return STAY_E_NOMEM;
	call->done = group->done == NULL ? NULL : stay__group_done;
	call->arg = group;
	status = copy_group(group, &request, &span);
	request.flags |= options->flags;
	if (status == STAY_OK)
		status = take_in(client, call, &request, &span, options);
	if (status == STAY_OK)
		stay__call_weigh(call);
	else
		stay__call_give(call);
	return status;
}

static enum stay_status
send_group(struct stay_group *group, struct stay_call_options *options)
{
	enum stay_status status = stay__admission_ask(group->client);

	if (status == STAY_OK)
		status = check_group(group);
	if (status == STAY_OK)
		status = stay__group_prepare(group);
	if (status != STAY_OK)
		return status;
	group->is_atomic = (options->flags & STAY_GROUP_ATOMIC) != 0;
	group->part = options->part;
	options->flags &= ~STAY_GROUP_ATOMIC;
	options->part = group->part == NULL ? NULL : stay__group_part;
	stay__group_begin(group);
	status = submit_group(group, options);
	if (status == STAY_OK)
		stay_buf_fini(&group->bytes);
	return status;
}

enum stay_status
stay_group_send(struct stay_group *group,
    const struct stay_call_options *options, stay_group_done_fn *done,
    void *arg)
{
	struct stay_call_options ours;
	enum stay_status status =
	    take_options(&ours, options, STAY__CALL_FLAGS | STAY_GROUP_ATOMIC);

	if (group == NULL)
		return STAY_E_NOMEM;
	group->done = done;
	group->arg = arg;
	if (status == STAY_OK)
		status = send_group(group, &ours);
	status = counted(group->client, status);
	if (status != STAY_OK)
		stay_group_free(group);
	return status;
}
