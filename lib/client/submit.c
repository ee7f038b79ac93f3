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

/* An empty request could never be committed. */
static enum stay_status
check_request(const struct stay_request *request, const struct stay__span *span)
{
	if ((request->flags & ~REQUEST_FLAGS) != 0 ||
	    stay__span_len(*span) == 0)
		return STAY_E_ARG;
	return STAY_OK;
}

/* By the flags of encode and of the caller. A reply without a tag that may be missing
 * could not be told from the next one. */
static enum stay_status
admit(const struct stay_client *client, uint32_t flags)
{
	const struct stay__tagged *tagged = client->calls.tagged;

	if ((flags & STAY_BY_TAG) != 0 &&
	    (tagged == NULL || tagged->prepare == NULL))
		return STAY_E_ARG;
	if ((flags & STAY_MAY_GO_UNANSWERED) != 0 && !(flags & STAY_BY_TAG))
		return STAY_E_ARG;
	if ((flags & STAY_THIS_SESSION) != 0 &&
	    !stay__session_is_ready(&client->session))
		return STAY_E_OFFLINE;
	return STAY_OK;
}

/*
 * Encode the request straight into the send buffer. A request that does not fit
 * beside the others is one error; a request that would not fit alone is
 * another.
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
	status = client->profile->protocol.top.encode(request, out);
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

static enum stay_status
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

static void
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
	if (status == STAY_OK) {
		if ((request.flags & ADMITTED_FLAGS) != 0)
			status = admit(client, request.flags);
		if (status == STAY_OK)
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

	assert(client != NULL);
	return counted(client, submit(client, request, &defaults, done, arg));
}

enum stay_status
stay_client_call_with(struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_call_options ours = { STAY_CALL_OPTIONS };

	assert(client != NULL);
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
