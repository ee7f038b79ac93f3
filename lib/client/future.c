/*
 * Futures: the result of one call, kept. A future stands in place of a program's own
 * callback, and uses nothing but what that could use, and the loop to wait on. If
 * another thread runs that loop, it waits for a bell.
 */
#include "client/future.h"

#include <assert.h>

#include "base/mem.h"
#include "base/text.h"
#include "client/client.h"
#include "client/complete.h"
#include "loop/waiting.h"
#include "world/thread.h"

/* It never rings. */
struct stay__bell stay__future_complete;

static struct stay_future *
new_future(struct stay_loop *loop)
{
	struct stay_future *future = stay__zalloc(sizeof(*future));

	if (future == NULL)
		return NULL;
	atomic_init(&future->refs, 1);
	atomic_init(&future->waiter, NULL);
	future->loop = loop;
	return future;
}

struct stay_future *
stay_future_new(struct stay_client *client)
{
	struct stay_future *future;

	assert(client != NULL);
	future = new_future(client->loop);
	if (future != NULL)
		future->client = client;
	return future;
}

struct stay_future *
stay__future_new_remote(
    struct stay_loop *loop, const struct stay__process *process)
{
	struct stay_future *future = new_future(loop);

	if (future != NULL)
		future->process = process;
	return future;
}

/* ---- ending ---- */

void
stay__future_hold(struct stay_future *future)
{
	atomic_fetch_add_explicit(&future->refs, 1, memory_order_relaxed);
}

/* Each has finished with it before it lets go, and the last one sees that. */
void
stay__future_drop(struct stay_future *future)
{
	if (atomic_fetch_sub_explicit(&future->refs, 1, memory_order_acq_rel) >
	    1)
		return;
	stay_held_free(future->held);
	stay__free(future->words);
	stay__free(future);
}

void
stay_future_free(struct stay_future *future)
{
	if (future != NULL)
		stay__future_drop(future);
}

/* Nobody will ask: the call alone has it. */
static bool
is_dropped(const struct stay_future *future)
{
	return atomic_load_explicit(&future->refs, memory_order_relaxed) == 1;
}

/* ---- completing ---- */

bool
stay__future_is_complete(const struct stay_future *future)
{
	return atomic_load_explicit(&future->waiter, memory_order_acquire) ==
	       &stay__future_complete;
}

/* What is written before is seen by whoever finds it complete. */
static void
complete(struct stay_future *future, const struct stay_result *result)
{
	struct stay__bell *waiter;

	future->result = *result;
	future->client = NULL;
	waiter = atomic_exchange_explicit(
	    &future->waiter, &stay__future_complete, memory_order_acq_rel);
	if (waiter != NULL)
		stay__bell_ring(waiter);
}

struct stay_result
stay__future_rejection(enum stay_status status)
{
	return (struct stay_result){ .status = status,
		.outcome = STAY_NOT_SENT,
		.why = stay_strerror(status) };
}

/* The sentence ends with the callback, unless it is only the words of the status. */
static const char *
keep_why(struct stay_future *future, const struct stay_result *result)
{
	const char *words = stay_strerror(result->status);

	if (result->why == words)
		return words;
	future->words = stay__text_copy(result->why);
	return future->words != NULL ? future->words : words;
}

/* The call is over, and trying again would be another one. */
static const char *
words_of_loss(enum stay_status status)
{
	switch ((int)status) {
	case STAY_E_TOO_BIG:
		return "the reply is lost: larger than held_bytes_max";
	case STAY_E_FULL:
		return "the reply is lost: held_replies_max or held_bytes_max "
		       "is reached by those that are kept";
	default:
		return stay_strerror(status);
	}
}

static void
keep_reply(struct stay_future *future, struct stay_result *kept)
{
	enum stay_status status =
	    stay_held_new(future->client, kept->reply, &future->held);

	kept->reply = status == STAY_OK ? stay_held_reply(future->held) : NULL;
	if (status == STAY_OK)
		return;
	kept->status = status;
	kept->why = words_of_loss(status);
}

void
stay_future_done(void *arg, const struct stay_result *result)
{
	struct stay_future *future = arg;
	struct stay_result kept;

	if (future == NULL)
		return;
	assert(future->stage == STAY__FUTURE_BEGUN &&
	       !stay__future_is_complete(future));
	if (!is_dropped(future)) {
		kept = *result;
		kept.why = keep_why(future, result);
		if (kept.reply != NULL)
			keep_reply(future, &kept);
		complete(future, &kept);
	}
	stay__future_drop(future);
}

/* Of a remote one, nobody but the loop's thread has a client to ask. */
static void
reject(struct stay_future *future, enum stay_status status)
{
	struct stay_result rejected = stay__future_rejection(status);

	if (future->client != NULL)
		rejected.why = stay__client_rejection(future->client, status);
	rejected.why = keep_why(future, &rejected);
	complete(future, &rejected);
}

enum stay_status
stay_future_begin(struct stay_future *future, enum stay_status status)
{
	if (future == NULL)
		return status;
	assert(future->stage == STAY__FUTURE_NEW);
	future->stage =
	    status == STAY_OK ? STAY__FUTURE_BEGUN : STAY__FUTURE_REJECTED;
	if (status == STAY_OK)
		stay__future_hold(future);
	else
		reject(future, status);
	return status;
}

/* ---- asking ---- */

static const struct stay_result *
no_memory(void)
{
	static const struct stay_result result = { .status = STAY_E_NOMEM,
		.outcome = STAY_NOT_SENT,
		.why = "no memory for a future" };

	return &result;
}

const struct stay_result *
stay_future_result(const struct stay_future *future)
{
	if (future == NULL)
		return no_memory();
	return stay__future_is_complete(future) ? &future->result : NULL;
}

const void *
stay_future_reply(const struct stay_future *future)
{
	const struct stay_result *result = stay_future_result(future);

	return result != NULL ? result->reply : NULL;
}

const char *
stay_future_why(const struct stay_future *future)
{
	const struct stay_result *result = stay_future_result(future);

	return result != NULL ? result->why : "";
}

/* ---- waiting ---- */

struct awaited {
	struct stay_future *const *futures;
	size_t count;
};

static size_t
first_complete(const struct awaited *awaited)
{
	size_t i = 0;

	while (i < awaited->count &&
	       stay_future_result(awaited->futures[i]) == NULL)
		i++;
	return i;
}

static bool
is_settled(const void *arg)
{
	const struct awaited *awaited = arg;

	return first_complete(awaited) < awaited->count;
}

/* Of a loop that nobody runs. */
static enum stay_status
drive(const struct awaited *awaited, uint64_t budget_ms)
{
	struct stay_loop *loop = awaited->futures[0]->loop;

	if (stay__loop_is_busy(loop))
		return STAY_E_REENTRANT;
	return stay__loop_wait(
		   loop, is_settled, awaited, stay__loop_after(loop, budget_ms))
		   ? STAY_OK
		   : STAY_E_TIMEOUT;
}

/* A bell, and who rings it. */
struct hung {
	size_t places; /* looked at: all, or those up to a complete one */
	size_t bells;  /* one a future, also if it stands in two places */
};

static struct hung
hang(const struct awaited *awaited, struct stay__bell *bell)
{
	struct hung hung = { 0 };

	for (; hung.places < awaited->count; hung.places++) {
		struct stay__bell *before = NULL;

		if (atomic_compare_exchange_strong(
			&awaited->futures[hung.places]->waiter, &before, bell))
			hung.bells++;
		else if (before == &stay__future_complete)
			break;
		else
			assert(before == bell); /* one thread at a time */
	}
	return hung;
}

/* Take it from those that have not completed. Returns how many have, and so have rung
 * it or are about to. */
static size_t
take_down(const struct awaited *awaited, struct stay__bell *bell,
    const struct hung *hung)
{
	size_t rings = hung->bells;

	for (size_t i = 0; i < hung->places; i++) {
		struct stay__bell *own = bell;

		if (atomic_compare_exchange_strong(
			&awaited->futures[i]->waiter, &own, NULL))
			rings--;
	}
	return rings;
}

/* Of loops that other threads run. */
static enum stay_status
block(const struct awaited *awaited, uint64_t budget_ms)
{
	uint64_t deadline = stay__bell_after(budget_ms);
	struct stay__bell bell;
	struct hung hung;

	if (stay__thread_runs() != NULL)
		return STAY_E_REENTRANT;
	if (!stay__bell_init(&bell))
		return STAY_E_NOMEM;
	hung = hang(awaited, &bell);
	if (hung.places == awaited->count)
		(void)stay__bell_wait(&bell, 1, deadline);
	(void)stay__bell_wait(
	    &bell, take_down(awaited, &bell, &hung), UINT64_MAX);
	stay__bell_fini(&bell);
	return is_settled(awaited) ? STAY_OK : STAY_E_TIMEOUT;
}

static bool
is_remote(const struct stay_future *future)
{
	return future->process != NULL;
}

/* Its thread is not in this process: it never completes here. */
static bool
is_of_parent(const struct stay_future *future)
{
	return is_remote(future) && !stay__process_is_ours(future->process);
}

/* Whether both can be waited for at once: who drives a loop drives no other. */
static bool
go_together(const struct stay_future *a, const struct stay_future *b)
{
	return is_remote(a) == is_remote(b) &&
	       (is_remote(a) || a->loop == b->loop);
}

/* None has completed: so each of them is there. */
static enum stay_status
wait_for(const struct awaited *awaited, uint64_t budget_ms)
{
	const struct stay_future *first = awaited->futures[0];

	for (size_t i = 0; i < awaited->count; i++) {
		if (awaited->futures[i]->stage == STAY__FUTURE_NEW)
			return STAY_E_STATE;
		if (!go_together(first, awaited->futures[i]))
			return STAY_E_ARG;
		if (is_of_parent(awaited->futures[i]))
			return STAY_E_FORKED;
	}
	return is_remote(first) ? block(awaited, budget_ms)
				: drive(awaited, budget_ms);
}

/* A program that only waits runs its loop in no other way: what its call was rejected for
 * would stay so for ever. A call that was accepted has had its wait. */
static void
pay_for_rejection(struct stay_future *future)
{
	if (future == NULL || future->stage != STAY__FUTURE_REJECTED ||
	    stay__loop_is_busy(future->loop))
		return;
	future->stage = STAY__FUTURE_BEGUN;
	stay__loop_look(future->loop);
}

enum stay_status
stay_future_wait_any(struct stay_future *const *futures, size_t count,
    uint64_t budget_ms, size_t *which)
{
	const struct awaited awaited = { futures, count };
	enum stay_status status = STAY_OK;
	size_t first;

	if (futures == NULL || count == 0)
		return STAY_E_ARG;
	first = first_complete(&awaited);
	if (first < count)
		pay_for_rejection(futures[first]);
	else
		status = wait_for(&awaited, budget_ms);
	if (status == STAY_OK && which != NULL)
		*which = first_complete(&awaited);
	return status;
}

enum stay_status
stay_future_wait(struct stay_future *future, uint64_t budget_ms)
{
	return stay_future_wait_any(&future, 1, budget_ms, NULL);
}
