/*
 * Held replies: replies that outlive the callback they came with. A small reply
 * is copied. A large one stays where it was read, and its slab is pinned. This
 * file knows of a reply only what the protocol's slot `retain` says.
 */
#include "base/mem.h"
#include "client/client.h"
#include "loop/errands.h"
#include "world/thread.h"

/* A slab is not pinned for less than a quarter of its size. */
#define COPY_MAX (STAY__SLAB_SIZE / 4)

struct stay_held {
	struct stay__list node;    /* holds->list, while there is a client */
	struct stay__holds *holds; /* NULL: the client was freed */
	struct stay_loop *loop;
	struct stay__errand home; /* to be released by the loop's thread */
	struct stay__slab *slab;  /* pinned; NULL: the frame is copied */
	uint64_t cost;
	const void *reply;
	const char *bytes;       /* the frame, as it is kept */
	struct stay_bytes words; /* the server's, in these bytes */
	/* What retain wrote; then the frame, if it is copied. */
	_Alignas(max_align_t) char own[];
};

void
stay__holds_fini(struct stay_client *client)
{
	struct stay__holds *holds = client->rare->holds;
	struct stay__list *node;

	if (holds == NULL)
		return;
	while ((node = stay__list_pop(&holds->list)) != NULL)
		STAY__CONTAINER(node, struct stay_held, node)->holds = NULL;
	stay__free(holds);
}

static struct stay__holds *
holds_new(struct stay_client *client)
{
	struct stay__holds *holds = stay__zalloc(sizeof(*holds));

	if (holds == NULL)
		return NULL;
	stay__list_init(&holds->list);
	holds->client = client;
	return holds;
}

/* They end with the last one. */
static void
leave(struct stay__holds *holds, uint64_t cost)
{
	holds->bytes -= cost;
	if (--holds->count > 0)
		return;
	holds->client->rare->holds = NULL;
	stay__free(holds);
}

/* ---- holding ---- */

/* What is too big alone is so, whatever else is given back. */
static enum stay_status
check_bounds(const struct stay_client *client, uint64_t cost)
{
	const struct stay_client_options *options = &client->profile->options;
	const struct stay__holds *holds = client->rare->holds;
	uint64_t max = options->held_bytes_max;

	if (cost > max)
		return STAY_E_TOO_BIG;
	return holds == NULL || (holds->count < options->held_replies_max &&
				    holds->bytes <= max - cost)
		   ? STAY_OK
		   : STAY_E_FULL;
}

/* What keeping the frame that is being delivered takes, with `size` bytes of the
 * protocol's: room for it and a copy of the frame, or its slab. */
struct plan {
	size_t size;
	size_t block;
	uint64_t cost;
	struct stay__slab *slab; /* NULL: the frame is copied */
};

static struct plan
plan_for(const struct stay_client *client, size_t size)
{
	size_t len = client->session.reading->frame.len;
	struct plan plan = { .size = size,
		.block = sizeof(struct stay_held) + size };

	if (len <= COPY_MAX)
		plan.block += len;
	else
		plan.slab = stay__stream_slab(client->conn);
	plan.cost = plan.block + (plan.slab != NULL ? plan.slab->cap : 0);
	return plan;
}

/* Ask the protocol how much it takes to keep this reply. */
static enum stay_status
ask(struct stay_client *client, const void *reply, struct plan *plan)
{
	struct stay_session *session = &client->session;
	struct stay_retain keep = { .reply = reply,
		.bytes = session->reading->frame.data };
	size_t size;

	if (client->profile->protocol.top.retain == NULL)
		return STAY_E_UNSUPPORTED;
	if (session->reading->frame.len == 0 || client->hides)
		return STAY_E_STATE;
	size = reply == NULL
		   ? 0
		   : client->profile->protocol.top.retain(session, &keep);
	if (size == 0)
		return STAY_E_ARG;
	*plan = plan_for(client, size);
	return STAY_OK;
}

static struct stay_held *
hold(struct stay_client *client, const void *reply, const struct plan *plan)
{
	struct stay_bytes frame = client->session.reading->frame;
	struct stay_held *held = stay__zalloc(plan->block);
	struct stay_retain keep = { .reply = reply, .bytes = frame.data };

	if (held == NULL)
		return NULL;
	if (plan->slab != NULL)
		stay__slab_hold(plan->slab);
	else
		memcpy(held->own + plan->size, frame.data, frame.len);
	held->slab = plan->slab;
	held->cost = plan->cost;
	keep.to = held->own;
	keep.moved = held->slab != NULL ? keep.bytes : held->own + plan->size;
	(void)client->profile->protocol.top.retain(&client->session, &keep);
	held->reply = keep.kept;
	held->bytes = keep.moved;
	held->loop = client->loop;
	held->loop->held++;
	stay__list_init(&held->node);
	return held;
}

/* False: no memory. */
static bool
enlist(struct stay_client *client, struct stay_held *held)
{
	if (client->rare->holds == NULL && stay__rare_begin(client))
		client->rare->holds = holds_new(client);
	if (client->rare->holds == NULL)
		return false;
	held->holds = client->rare->holds;
	held->holds->count++;
	held->holds->bytes += held->cost;
	stay__list_push(&held->holds->list, &held->node);
	return true;
}

void
stay__held_tell(struct stay_held **held)
{
	assert((*held)->holds != NULL); /* its client tells it */
	(*held)->holds->told = held;
}

void
stay__held_told(struct stay_client *client)
{
	if (client->rare->holds != NULL)
		client->rare->holds->told = NULL;
}

/* The one that is being told, if this is its reply. */
static struct stay_held *
take_over(struct stay_client *client, const void *reply)
{
	struct stay__holds *holds = client->rare->holds;
	struct stay_held *held =
	    holds == NULL || holds->told == NULL ? NULL : *holds->told;

	if (held == NULL || held->reply != reply)
		return NULL;
	*holds->told = NULL;
	return held;
}

enum stay_status
stay_held_new(
    struct stay_client *client, const void *reply, struct stay_held **held)
{
	enum stay_status status;
	struct plan plan;

	assert(client != NULL);
	if (held == NULL)
		return STAY_E_ARG;
	*held = take_over(client, reply);
	if (*held != NULL)
		return STAY_OK;
	status = ask(client, reply, &plan);
	if (status != STAY_OK)
		return status;
	status = check_bounds(client, plan.cost);
	if (status != STAY_OK)
		return status;
	*held = hold(client, reply, &plan);
	if (*held == NULL)
		return STAY_E_NOMEM;
	if (enlist(client, *held))
		return STAY_OK;
	stay_held_free(*held);
	*held = NULL;
	return STAY_E_NOMEM;
}

enum stay_status
stay__held_apart(struct stay_client *client, const void *reply, uint64_t max,
    struct stay_held **held)
{
	struct plan plan;
	enum stay_status status = ask(client, reply, &plan);

	*held = NULL;
	if (status != STAY_OK)
		return status;
	if (plan.cost > max)
		return STAY_E_TOO_BIG;
	*held = hold(client, reply, &plan);
	return *held == NULL ? STAY_E_NOMEM : STAY_OK;
}

uint64_t
stay__held_cost(const struct stay_held *held)
{
	return held->cost;
}

/* Words that are no part of the frame are gone when the callback is over. */
void
stay__held_keep_words(struct stay_held *held, const struct stay_client *client,
    const struct stay_frame *frame)
{
	const struct stay_bytes whole = client->session.reading->frame;
	size_t at;

	if (frame->why == NULL || frame->why < whole.data ||
	    frame->why > whole.data + whole.len)
		return;
	at = (size_t)(frame->why - whole.data);
	if (frame->why_len <= whole.len - at)
		held->words =
		    (struct stay_bytes){ held->bytes + at, frame->why_len };
}

struct stay_bytes
stay__held_words(const struct stay_held *held)
{
	return held->words;
}

const void *
stay_held_reply(const struct stay_held *held)
{
	assert(held != NULL);
	return held->reply;
}

static void
release(struct stay_held *held)
{
	stay__list_remove(&held->node);
	if (held->holds != NULL)
		leave(held->holds, held->cost);
	held->loop->held--;
	if (held->slab != NULL)
		stay__slab_drop(&held->loop->slabs, held->slab);
	stay__free(held);
}

static void
release_at_home(struct stay__errand *errand)
{
	release(STAY__CONTAINER(errand, struct stay_held, home));
}

/* What other threads have kept goes home in the next turn; a slab is worth one. */
void
stay_held_free(struct stay_held *held)
{
	struct stay_loop *loop;

	if (held == NULL)
		return;
	loop = held->loop;
	if (loop->errands == NULL || stay__thread_runs() == loop) {
		release(held);
		return;
	}
	held->home.run = release_at_home;
	stay__errands_put_off(loop->errands, &held->home, held->slab != NULL);
}

/* ---- the usual reply ---- */

size_t
stay_retain_bytes(struct stay_session *session, struct stay_retain *keep)
{
	const struct stay_bytes *reply = keep->reply;
	struct stay_bytes *kept = keep->to;

	(void)session;
	if (kept != NULL) {
		kept->data = keep->moved + (reply->data - keep->bytes);
		kept->len = reply->len;
		keep->kept = kept;
	}
	return sizeof(*kept);
}
