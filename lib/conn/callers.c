/*
 * Who waits for an answer: tokens, deadlines, completions. A completion never
 * runs inside a public call: those only mark the caller as answered.
 */
#include "conn/conn.h"

static struct stay__caller *
find(struct stay_loop *loop, struct stay_from from)
{
	return stay__ids_find(&loop->ids, STAY__TOKEN_CALLER, from.token);
}

/* From here on the token names nothing. */
static void
retire(struct stay__caller *caller)
{
	struct stay_loop *loop = caller->conn->loop;

	stay__ids_give(&loop->ids, caller->id);
	stay__loop_timer_stop(loop, &caller->timer);
	/* Nobody waits for it any more: it is not delivered. */
	if (caller->mail != NULL)
		stay__mail_take_back(caller->conn, caller->mail);
	stay__list_remove(&caller->node);
}

static void
complete(struct stay__caller *caller)
{
	struct stay_reply reply = caller->reply;

	caller->conn->caller_count--;
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

/* To be completed when the connection runs next. */
static void
answer_later(struct stay__caller *caller, struct stay_reply reply)
{
	struct stay_conn *conn = caller->conn;

	caller->reply = reply;
	retire(caller);
	stay__list_push(&conn->answered, &caller->node);
	stay__conn_nudge(conn);
}

static void
expire(struct stay__timer *timer)
{
	struct stay__caller *caller =
	    STAY__CONTAINER(timer, struct stay__caller, timer);

	answer_later(caller, stay_reply_status(STAY_E_TIMEOUT));
}

static struct stay__caller *
caller_new(struct stay_conn *conn, stay_called_fn *done, void *arg)
{
	struct stay__caller *caller = stay__zalloc(sizeof(*caller));

	if (caller == NULL)
		return NULL;
	caller->conn = conn;
	caller->done = done;
	caller->arg = arg;
	stay__list_init(&caller->node);
	stay__timer_init(&caller->timer, expire);
	if (stay__ids_take(&conn->loop->ids, STAY__TOKEN_CALLER, caller,
		&caller->id) == STAY_OK)
		return caller;
	stay__free(caller);
	return NULL;
}

static void
caller_undo(struct stay__caller *caller)
{
	stay__ids_give(&caller->conn->loop->ids, caller->id);
	stay__free(caller);
}

static struct stay_from
token_of(const struct stay__caller *caller)
{
	return (struct stay_from){ caller->id };
}

/* Somebody waits from now on. */
static void
await_answer(struct stay__caller *caller, uint64_t timeout_ms)
{
	struct stay_conn *conn = caller->conn;

	if (timeout_ms == 0)
		timeout_ms = conn->options.call_timeout_ms;
	conn->caller_count++;
	stay__list_push(&conn->callers, &caller->node);
	stay__loop_timer(conn->loop, &caller->timer,
	    stay__loop_after(conn->loop, timeout_ms));
}

enum stay_status
stay_conn_call(struct stay_conn *conn, struct stay_message request,
    uint64_t timeout_ms, stay_called_fn *done, void *arg,
    struct stay_from *from)
{
	struct stay__caller *caller;
	enum stay_status status;

	if (conn == NULL || done == NULL)
		return STAY_E_ARG;
	if (conn->admission != STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (conn->caller_count >= conn->options.callers_max)
		return STAY_E_FULL;
	caller = caller_new(conn, done, arg);
	if (caller == NULL)
		return STAY_E_NOMEM;
	status = stay__mail_post(
	    conn, STAY__MAIL_CALL, &request, token_of(caller), &caller->mail);
	if (status != STAY_OK) {
		caller_undo(caller);
		return status;
	}
	await_answer(caller, timeout_ms);
	if (from != NULL)
		*from = token_of(caller);
	return STAY_OK;
}

enum stay_status
stay_from_answer(
    struct stay_loop *loop, struct stay_from from, struct stay_reply reply)
{
	struct stay__caller *caller = find(loop, from);

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
stay__caller_delivered(struct stay_conn *conn, struct stay_from from)
{
	struct stay__caller *caller = find(conn->loop, from);

	if (caller != NULL)
		caller->mail = NULL;
}

void
stay__caller_postpone(struct stay_conn *conn, struct stay__mail *letter)
{
	struct stay__caller *caller = find(conn->loop, letter->from);

	if (caller == NULL) { /* given up inside the callback */
		stay__mail_free(conn, letter);
		return;
	}
	caller->mail = letter;
	stay__mail_postpone(conn, letter);
}

void
stay__caller_reply(
    struct stay_conn *conn, struct stay_from from, struct stay_reply reply)
{
	struct stay__caller *caller = find(conn->loop, from);

	if (caller != NULL)
		finish(caller, reply);
	else if (reply.release != NULL)
		reply.release(reply.data);
}

void
stay__callers_settle(struct stay_conn *conn)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&conn->answered)) != NULL)
		complete(STAY__LIST_OWNER(node, struct stay__caller, node));
}

void
stay__callers_fail(struct stay_conn *conn)
{
	struct stay__list *node;

	stay__callers_settle(conn);
	while ((node = stay__list_first(&conn->callers)) != NULL)
		finish(STAY__LIST_OWNER(node, struct stay__caller, node),
		    stay_reply_status(STAY_E_STOPPED));
	stay__callers_settle(conn);
}
