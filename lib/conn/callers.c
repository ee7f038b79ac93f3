/*
 * Callers: their tokens, deadlines and completions. A completion never runs
 * inside a public call. A public call only moves the caller to the list
 * `answered`. This file does not know what was asked or what the answer says.
 */
#include "conn/callers.h"

#include <assert.h>

struct stay__caller {
	struct stay__list node; /* in waiting or answered */
	struct stay__callers *callers;
	struct stay_token token;
	struct stay__timer timer;
	struct stay__mail *request; /* NULL: delivered already */
	stay_called_fn *done;
	void *arg;
	struct stay_reply reply; /* once answered */
};

#define NONE(list)                                                             \
	{                                                                      \
		(struct stay__list *)(uintptr_t)&stay__no_callers.list,        \
		    (struct stay__list *)(uintptr_t)&stay__no_callers.list     \
	}

const struct stay__callers stay__no_callers = {
	.waiting = NONE(waiting),
	.answered = NONE(answered),
};

void
stay__callers_init(struct stay__callers **callers)
{
	*callers = (struct stay__callers *)(uintptr_t)&stay__no_callers;
}

bool
stay__callers_begin(struct stay__callers **callers, struct stay__mailbox *box)
{
	struct stay__callers *made;

	if (*callers != &stay__no_callers)
		return true;
	made = stay__zalloc(sizeof(*made));
	if (made == NULL)
		return false;
	made->box = box;
	stay__list_init(&made->waiting);
	stay__list_init(&made->answered);
	*callers = made;
	return true;
}

/* A message that is being delivered may still be answered. */
void
stay__callers_rest(struct stay__callers **callers)
{
	if (*callers == &stay__no_callers || (*callers)->count > 0 ||
	    !stay__mailbox_rests((*callers)->box))
		return;
	stay__free(*callers);
	stay__callers_init(callers);
}

static struct stay__caller *
find(struct stay_loop *loop, struct stay_from from)
{
	return stay__ids_find(&loop->ids, STAY__TOKEN_CALLER, from.token);
}

static struct stay_loop *
loop_of(const struct stay__caller *caller)
{
	return caller->callers->box->loop;
}

/* Invalidate the token, and take the caller out of its list. */
static void
retire(struct stay__caller *caller)
{
	stay__ids_give(&loop_of(caller)->ids, caller->token);
	stay__timer_stop(&caller->timer);
	/* No caller waits for the request any more: do not deliver it. */
	if (caller->request != NULL)
		stay__mailbox_take_back(caller->callers->box, caller->request);
	stay__list_remove(&caller->node);
}

static void
complete(struct stay__caller *caller)
{
	struct stay_reply reply = caller->reply;

	caller->callers->count--;
	caller->done(caller->arg, &reply);
	if (reply.release != NULL)
		reply.release(reply.data);
	stay__free(caller);
}

static void
finish(struct stay__caller *caller, struct stay_reply reply)
{
	caller->reply = reply;
	retire(caller);
	complete(caller);
}

/* Complete the call when the connection runs next. */
static void
answer_later(struct stay__caller *caller, struct stay_reply reply)
{
	caller->reply = reply;
	retire(caller);
	stay__list_push(&caller->callers->answered, &caller->node);
	stay__mailbox_wake(caller->callers->box);
}

/* ---- beginning to wait ---- */

static void
expire(struct stay__timer *timer)
{
	struct stay__caller *caller =
	    STAY__CONTAINER(timer, struct stay__caller, timer);

	answer_later(caller, stay_reply_status(STAY_E_TIMEOUT));
}

struct stay__caller *
stay__caller_new(struct stay__callers *callers, stay_called_fn *done, void *arg)
{
	struct stay__caller *caller = stay__zalloc(sizeof(*caller));

	if (caller == NULL)
		return NULL;
	caller->callers = callers;
	caller->done = done;
	caller->arg = arg;
	stay__list_init(&caller->node);
	stay__timer_init(&caller->timer, expire);
	if (stay__ids_take(&loop_of(caller)->ids, STAY__TOKEN_CALLER, caller,
		&caller->token) == STAY_OK)
		return caller;
	stay__free(caller);
	return NULL;
}

void
stay__caller_undo(struct stay__caller *caller)
{
	stay__ids_give(&loop_of(caller)->ids, caller->token);
	stay__free(caller);
}

struct stay_from
stay__caller_token(const struct stay__caller *caller)
{
	return (struct stay_from){ caller->token };
}

void
stay__caller_await(struct stay__caller *caller, struct stay__mail *request,
    uint64_t timeout_ms)
{
	struct stay_loop *loop = loop_of(caller);

	caller->request = request;
	caller->callers->count++;
	stay__list_push(&caller->callers->waiting, &caller->node);
	stay__loop_timer(
	    loop, &caller->timer, stay__loop_after(loop, timeout_ms));
}

/* ---- answering ---- */

enum stay_status
stay_from_answer(
    struct stay_loop *loop, struct stay_from from, struct stay_reply reply)
{
	struct stay__caller *caller;

	assert(loop != NULL);
	caller = find(loop, from);
	if (caller == NULL)
		return STAY_E_STALE;
	answer_later(caller, reply);
	return STAY_OK;
}

enum stay_status
stay_from_cancel(struct stay_loop *loop, struct stay_from from)
{
	return stay_from_answer(
	    loop, from, stay_reply_status(STAY_E_CANCELLED));
}

void
stay__callers_delivered(struct stay__callers *callers, struct stay_from from)
{
	struct stay__caller *caller = find(callers->box->loop, from);

	if (caller != NULL)
		caller->request = NULL;
}

void
stay__callers_postpone(
    struct stay__callers *callers, struct stay__mail *request)
{
	struct stay__caller *caller =
	    find(callers->box->loop, stay__mail_posted(request)->from);

	if (caller == NULL) { /* the call was cancelled inside the callback */
		stay__mailbox_free(callers->box, request);
		return;
	}
	caller->request = request;
	stay__mailbox_postpone(callers->box, request);
}

void
stay__callers_reply(struct stay__callers *callers, struct stay_from from,
    struct stay_reply reply)
{
	struct stay__caller *caller = find(callers->box->loop, from);

	if (caller != NULL)
		finish(caller, reply);
	else if (reply.release != NULL)
		reply.release(reply.data);
}

void
stay__callers_complete(struct stay__callers *callers)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&callers->answered)) != NULL)
		complete(STAY__CONTAINER(node, struct stay__caller, node));
}

void
stay__callers_fail(struct stay__callers *callers)
{
	struct stay__list *node;

	stay__callers_settle(callers);
	while ((node = stay__list_first(&callers->waiting)) != NULL)
		finish(STAY__CONTAINER(node, struct stay__caller, node),
		    stay_reply_status(STAY_E_STOPPED));
	stay__callers_settle(callers);
}

size_t
stay__callers_waiting(const struct stay__callers *callers)
{
	const struct stay__list *node = callers->waiting.next;
	size_t count = 0;

	for (; node != &callers->waiting; node = node->next)
		count++;
	return count;
}
