/*
 * Submission: a call is accepted, encoded into the send buffer, and queued.
 * This file runs no completion; how a call ends is complete.c's.
 */
#include "client/client.h"
#include "client/complete.h"
#include "client/encoded.h"
#include "client/feed.h"
#include "client/recorded.h"
#include "client/tagged.h"

/* What the caller may say of a call, and what encode may say. */
#define CALL_FLAGS                                                             \
	(STAY_READ_ONLY | STAY_BLOCKS | STAY_THIS_SESSION |                    \
	    STAY_MAY_GO_UNANSWERED)
#define REQUEST_FLAGS (CALL_FLAGS | STAY_BY_TAG | STAY_ACTS_ON_PARTS)

_Static_assert((REQUEST_FLAGS | STAY_IN_PIECES) <= UINT8_MAX,
    "a record keeps the flags in a byte");

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
	const struct stay__tagged *tagged = client->calls->tagged;

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

/* What was encoded is not to become a call: a request that does not fit beside the
 * others is one error; a request that would not fit alone is another. */
static __attribute__((noinline)) enum stay_status
undo(struct stay_client *client, const struct stay_request *request,
    const struct stay__span *span, enum stay_status status)
{
	struct stay__sendbuf *sendbuf = &client->calls->sendbuf;

	if (status == STAY_E_TOO_BIG && sendbuf->live > 0)
		status = STAY_E_FULL;
	stay__loop_say(client->loop, request->why);
	stay__sendbuf_cut(sendbuf, span->begin);
	return status;
}

ALWAYS_INLINE enum stay_status
check_encoded(struct stay_client *client, const struct stay_request *request,
    struct stay__span *span, enum stay_status status)
{
	span->end = stay__sendbuf_end(&client->calls->sendbuf);
	if (status == STAY_OK)
		status = check_request(request, span);
	return status == STAY_OK ? STAY_OK
				 : undo(client, request, span, status);
}

/* What is answered needs no memory: it is not moved with the rest. */
static __attribute__((noinline)) void
widen(struct stay__calls *calls)
{
	stay__calls_release(calls);
	stay__sendbuf_widen(&calls->sendbuf);
}

/* Where to write a request; NULL: nowhere, as the queue is full. If there is no memory,
 * who writes finds that out. */
ALWAYS_INLINE struct stay_buf *
open_sendbuf(struct stay__calls *calls)
{
	if (stay__sendbuf_is_short(&calls->sendbuf))
		widen(calls);
	return stay__sendbuf_open(&calls->sendbuf);
}

/* Encode the request straight into the send buffer. */
ALWAYS_INLINE enum stay_status
encode(struct stay_client *client, struct stay_request *request,
    struct stay__span *span)
{
	struct stay_buf *out = open_sendbuf(client->calls);

	if (out == NULL)
		return STAY_E_FULL;
	span->begin = stay__sendbuf_end(&client->calls->sendbuf);
	return check_encoded(client, request, span,
	    client->profile->protocol.top.encode(request, out));
}

ALWAYS_INLINE uint64_t
deadline(const struct stay_client *client, const struct stay_request *request,
    uint64_t now, uint64_t timeout_ms)
{
	uint64_t margin = client->profile->options.block_margin_ms;

	if (timeout_ms == 0 && !(request->flags & STAY_BLOCKS))
		return stay__calls_deadline(client->calls, now);
	if (timeout_ms == 0)
		timeout_ms = request->blocks_ms > STAY_FOREVER - margin
				 ? STAY_FOREVER
				 : request->blocks_ms + margin;
	return stay__later(now, timeout_ms);
}

static enum stay_status
name_call(struct stay__call *call, const struct stay_call_options *options)
{
	struct stay_token *id = &call->extras->id;
	enum stay_status status;

	if (options->id == NULL)
		return STAY_OK;
	status =
	    stay__ids_take(&call->owner->loop->ids, STAY__TOKEN_CALL, call, id);
	if (status != STAY_OK)
		return status;
	options->id->token = *id;
	call->history |= STAY__HISTORY_NAMED;
	stay__recorded_call(call);
	return STAY_OK;
}

/* What the record has no place for. */
static __attribute__((noinline)) enum stay_status
begin_extras(struct stay__call *call, const struct stay_request *request,
    const struct stay_call_options *options)
{
	struct stay__extras *extras = stay__extras_begin(call);

	if (extras == NULL)
		return STAY_E_NOMEM;
	extras->since = stay__loop_now(call->owner->loop);
	extras->blocks_ms = request->blocks_ms;
	extras->part = options->part;
	if (options->piece != NULL) {
		extras->piece = options->piece;
		call->history |= STAY__HISTORY_LONG_WAY;
	}
	return name_call(call, options);
}

ALWAYS_INLINE bool
needs_extras(
    const struct stay_request *request, const struct stay_call_options *options)
{
	return (request->flags & STAY_BLOCKS) != 0 || options->id != NULL ||
	       options->part != NULL || options->piece != NULL;
}

ALWAYS_INLINE void
enter_queue(struct stay_client *client, struct stay__call *call,
    const struct stay_request *request, const struct stay__span *span,
    const struct stay_call_options *options)
{
	uint64_t now = stay__loop_now(client->loop);

	stay__sendbuf_close(&client->calls->sendbuf, *span);
	stay__call_place(call, *span);
	call->due = request->replies;
	call->flags = (uint8_t)request->flags;
	call->tag = request->tag;
	if (!needs_extras(request, options))
		call->since = now;
	stay__call_enqueue(client->calls, call);
	stay__loop_timer_start(client->loop, &call->timer,
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
	if (status == STAY_OK && needs_extras(request, options))
		status = begin_extras(call, request, options);
	if (status == STAY_OK)
		enter_queue(client, call, request, span, options);
	else
		stay__sendbuf_cut(&client->calls->sendbuf, span->begin);
	return status;
}

/* What was encoded before. */
static enum stay_status
copy_in(struct stay_client *client, struct stay_bytes bytes,
    const struct stay_request *request, struct stay__span *span)
{
	struct stay_buf *out = open_sendbuf(client->calls);

	if (out == NULL)
		return STAY_E_FULL;
	span->begin = stay__sendbuf_end(&client->calls->sendbuf);
	return check_encoded(
	    client, request, span, stay_buf_append(out, bytes.data, bytes.len));
}

/* `encoded`: the bytes of the request; NULL: it is to be encoded. Inline, so that a call
 * without options does not ask for any. */
ALWAYS_INLINE enum stay_status
submit_as(struct stay_client *client, struct stay_request *request,
    const struct stay_bytes *encoded, const struct stay_call_options *options,
    stay_done_fn *done, void *arg)
{
	enum stay_status status = stay__admission_ask(client);
	struct stay__call *call;
	struct stay__span span;

	if (status != STAY_OK)
		return status;
	call = stay__client_take_call(client);
	if (call == NULL)
		return STAY_E_NOMEM;
	call->done = done;
	call->arg = arg;
	status = encoded == NULL ? encode(client, request, &span)
				 : copy_in(client, *encoded, request, &span);
	request->flags |= options->flags;
	if (status == STAY_OK)
		status = take_in(client, call, request, &span, options);
	if (status != STAY_OK)
		stay__call_give(client->calls, call);
	return status;
}

ALWAYS_INLINE enum stay_status
submit(struct stay_client *client, const void *data,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_request request = { .data = data,
		.config = client->profile->config,
		.replies = 1,
		.is_untold = done == NULL };

	return submit_as(client, &request, NULL, options, done, arg);
}

/* ---- with a body ---- */

static enum stay_status
encode_with_body(struct stay_feed *feed, struct stay_request *request,
    struct stay__span *span)
{
	struct stay__sendbuf *sendbuf = &feed->client->calls->sendbuf;
	struct stay_request_body body = { .len = feed->body.len };
	enum stay_status status;

	request->body = &body;
	status = encode(feed->client, request, span);
	request->body = NULL;
	if (status == STAY_OK && !body.follows) {
		stay__sendbuf_cut(sendbuf, span->begin);
		return STAY_E_UNSUPPORTED;
	}
	stay__feed_take(feed, &body);
	return status;
}

/* As submit, of what is admitted. */
static enum stay_status
submit_feed(struct stay_feed *feed, const void *data,
    const struct stay_call_options *options)
{
	struct stay_client *client = feed->client;
	struct stay_request request = { .data = data,
		.config = client->profile->config,
		.replies = 1,
		.is_untold = feed->done == NULL };
	struct stay__call *call = stay__client_take_call(client);
	enum stay_status status;
	struct stay__span span;

	if (call == NULL)
		return STAY_E_NOMEM;
	call->done = stay__client_done_with_body;
	call->arg = feed;
	status = encode_with_body(feed, &request, &span);
	request.flags |= options->flags;
	if (feed->body.rewind == NULL)
		request.flags &= ~STAY_READ_ONLY; /* it is sent once */
	if (status == STAY_OK)
		status = take_in(client, call, &request, &span, options);
	if (status == STAY_OK) {
		feed->call = call;
		stay__call_carry(call);
	} else {
		stay__call_give(client->calls, call);
	}
	return status;
}

/* The program's struct may be older, and so shorter, than the library's. */
static enum stay_status
take_body(struct stay_body *ours, const struct stay_body *body)
{
	*ours = (struct stay_body){ STAY_BODY };
	if (body->size < sizeof(body->size) || body->size > sizeof(*ours))
		return STAY_E_ABI;
	memcpy(ours, body, body->size);
	return STAY_OK;
}

static enum stay_status
begin_body(struct stay_client *client, const void *data,
    struct stay_call_options *options, struct stay_feed *feed)
{
	enum stay_status status = stay__admission_ask(client);

	if (feed == NULL)
		return STAY_E_NOMEM;
	if (status == STAY_OK && feed->body.more == NULL)
		status = STAY_E_ARG;
	if (options->part != NULL)
		options->part = stay__feed_part;
	if (options->piece != NULL)
		options->piece = stay__feed_piece;
	return status == STAY_OK ? submit_feed(feed, data, options) : status;
}

static void
tell_over(const struct stay_body *body)
{
	if (body->over != NULL)
		body->over(body->arg);
}

static enum stay_status
submit_with_body(struct stay_client *client, const void *data,
    struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_feed *feed;
	struct stay_body body;
	enum stay_status status = take_body(&body, options->body);

	if (status != STAY_OK)
		return status;
	feed = stay__feed_new(client, &body, done, options, arg);
	status = begin_body(client, data, options, feed);
	if (status != STAY_OK && feed == NULL)
		tell_over(&body);
	else if (status != STAY_OK)
		stay__feed_free(feed);
	return status;
}

/* The answers of a group come as one, and so do its requests. */
static enum stay_status
refuse_body(const struct stay_call_options *options)
{
	struct stay_body body;
	enum stay_status status;

	if (options->body == NULL)
		return STAY_OK;
	status = take_body(&body, options->body);
	if (status != STAY_OK)
		return status;
	tell_over(&body);
	return STAY_E_UNSUPPORTED;
}

/* ---- counted and checked ---- */

/* Who does not look at what is returned would never know: an observer is told. */
static void
say_why(struct stay_client *client, enum stay_status status)
{
	const char *why = stay__loop_reject_call(client->loop, status);

	if (why == NULL || !stay__loop_note_rejection(client->loop, why))
		return;
	stay__remark_make(&client->session, why);
	(void)stay__wake_soon(client);
}

static enum stay_status
counted(struct stay_client *client, enum stay_status status)
{
	if (status == STAY_OK)
		return STAY_OK;
	client->traffic.rejected++;
	say_why(client, status);
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

/* Of options that are ours. */
static enum stay_status
take_piece(const struct stay_client *client, struct stay_call_options *options)
{
	if (options->piece == NULL)
		return STAY_OK;
	if (options->part != NULL)
		return STAY_E_ARG;
	options->flags |= STAY_IN_PIECES;
	return client->profile->protocol.top.flags & STAY_IN_PIECES
		   ? STAY_OK
		   : STAY_E_UNSUPPORTED;
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
		status = take_piece(client, &ours);
	if (status == STAY_OK && ours.body == NULL)
		status = submit(client, request, &ours, done, arg);
	else if (status == STAY_OK)
		status = submit_with_body(client, request, &ours, done, arg);
	else
		(void)refuse_body(&ours);
	return counted(client, status);
}

/* ---- encoded elsewhere ---- */

enum stay_status
stay__client_submit_encoded(struct stay_client *client,
    const struct stay_request *request, struct stay_bytes bytes,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_request ours = *request;
	struct stay_call_options all = *options;
	enum stay_status status = take_piece(client, &all);

	if (status == STAY_OK)
		status = submit_as(client, &ours, &bytes, &all, done, arg);
	return counted(client, status);
}

enum stay_status
stay__encoded_take_options(
    struct stay_call_options *ours, const struct stay_call_options *options)
{
	enum stay_status status = take_options(ours, options, CALL_FLAGS);

	return status == STAY_OK ? refuse_body(ours) : status;
}

/* ---- groups ---- */

/* As submit, of what is admitted. */
static enum stay_status
submit_group(struct stay_group *group, const struct stay_call_options *options)
{
	struct stay_client *client = group->client;
	struct stay_request request = { .replies = group->replies,
		.flags = group->flags,
		.blocks_ms = group->blocks_ms,
		.tag = stay__group_tag(group) };
	struct stay__call *call = stay__client_take_call(client);
	enum stay_status status;
	struct stay__span span;

	if (call == NULL)
		return STAY_E_NOMEM;
	call->done = group->done == NULL ? NULL : stay__group_done;
	call->arg = group;
	status =
	    copy_in(client, stay_buf_bytes(&group->bytes), &request, &span);
	request.flags |= options->flags;
	if (status == STAY_OK)
		status = take_in(client, call, &request, &span, options);
	if (status == STAY_OK)
		stay__call_weigh(call);
	else
		stay__call_give(client->calls, call);
	return status;
}

static enum stay_status
send_group(struct stay_group *group, struct stay_call_options *options)
{
	enum stay_status status = stay__admission_ask(group->client);

	if (status == STAY_OK)
		status = stay__group_check(group);
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
	enum stay_status refused = refuse_body(&ours);

	if (status == STAY_OK)
		status = refused;
	if (status == STAY_OK && ours.piece != NULL)
		status = STAY_E_UNSUPPORTED;
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
