/*
 * Callers that wait for room in a full queue instead of being rejected (promise
 * 7). They stand in line, first come, first served. The line holds no requests,
 * only who has one.
 */
#include "base/mem.h"
#include "base/options.h"
#include "client/client.h"

struct waiter {
	struct stay__list node; /* waiters.waiting, or .over */
	struct stay__timer timer;
	struct stay_client *client;
	struct stay_token id; /* generation 0: the caller wanted none */
	uint64_t bytes;       /* of room that it needs */
	stay_room_fn *ready;
	void *arg;
	enum stay_status status; /* once it is over */
};

static struct waiter *
first_of(const struct stay__list *list)
{
	struct stay__list *node = stay__list_first(list);

	return node == NULL ? NULL : STAY__CONTAINER(node, struct waiter, node);
}

/* ---- the end of waiting ---- */

/* Out of the line: no deadline and no token any more. */
static void
step_out(struct waiter *waiter)
{
	struct stay_client *client = waiter->client;

	stay__list_remove(&waiter->node);
	stay__timer_stop(&waiter->timer);
	if (waiter->id.generation != 0)
		stay__ids_give(&client->loop->ids, waiter->id);
	if (!stay__waiters_are_ahead(client))
		stay__admission_set_marks(client);
}

/* Decide a waiter; its callback has a turn of its own. */
static void
end_waiting(struct waiter *waiter, enum stay_status status)
{
	struct stay__waiters *waiters = waiter->client->rare->waiters;

	step_out(waiter);
	waiter->status = status;
	stay__list_push(&waiters->over, &waiter->node);
	stay__loop_run_soon(waiter->client->loop, &waiters->task);
}

static void
expire_waiter(struct stay__timer *timer)
{
	end_waiting(
	    STAY__CONTAINER(timer, struct waiter, timer), STAY_E_TIMEOUT);
}

static void
tell_waiter(struct waiter *waiter)
{
	struct stay_client *client = waiter->client;
	struct stay__waiters *waiters = client->rare->waiters;

	stay__list_remove(&waiter->node);
	waiters->count--;
	waiters->serving = waiter->status == STAY_OK;
	waiter->ready(waiter->arg, client, waiter->status);
	waiters->serving = false;
	stay__free(waiter);
}

/* ---- serving ---- */

static bool
has_room_for(const struct stay_client *client, const struct waiter *waiter)
{
	const struct stay__calls *calls = client->calls;
	uint64_t max = client->profile->options.queue_bytes_max;

	return calls->untold < client->profile->calls.untold_max &&
	       calls->counts.queued <
		   client->profile->options.queue_calls_max &&
	       calls->sendbuf.live < max &&
	       waiter->bytes <= max - calls->sendbuf.live;
}

/* STAY_E_FULL: nothing is decided yet. */
static enum stay_status
decide_about(const struct stay_client *client, const struct waiter *waiter)
{
	enum stay_status status = stay__admission_status(client);

	if (status != STAY_OK)
		return status;
	/* The bound may have been larger when the waiter stepped into line. */
	if (waiter->bytes > client->profile->options.queue_bytes_max)
		return STAY_E_TOO_BIG;
	return has_room_for(client, waiter) ? STAY_OK : STAY_E_FULL;
}

/* The first waiter in line, if it can be decided now. */
static struct waiter *
next_served(struct stay_client *client)
{
	struct waiter *waiter = first_of(&client->rare->waiters->over);
	enum stay_status status;

	if (waiter != NULL)
		return waiter;
	waiter = first_of(&client->rare->waiters->waiting);
	if (waiter == NULL)
		return NULL;
	status = decide_about(client, waiter);
	if (status == STAY_E_FULL)
		return NULL;
	step_out(waiter);
	waiter->status = status;
	return waiter;
}

static void
serve_waiters(struct stay__task *task)
{
	struct stay__waiters *waiters =
	    STAY__CONTAINER(task, struct stay__waiters, task);
	struct stay_client *client = waiters->client;
	uint64_t budget = client->profile->options.turn_calls_max;
	struct waiter *waiter = NULL;

	waiters->at_work = true;
	while (budget-- > 0 && (waiter = next_served(client)) != NULL)
		tell_waiter(waiter);
	waiters->at_work = false;
	if (waiters->count == 0)
		stay__conn_nudge(client->conn);
	else if (waiter != NULL)
		stay__loop_run_soon(client->loop, task);
}

static bool
has_line(struct stay_client *client)
{
	struct stay__waiters *waiters = client->rare->waiters;

	if (waiters != NULL)
		return true;
	if (!stay__rare_begin(client))
		return false;
	waiters = client->rare->waiters = stay__zalloc(sizeof(*waiters));
	if (waiters == NULL)
		return false;
	waiters->client = client;
	stay__list_init(&waiters->waiting);
	stay__list_init(&waiters->over);
	stay__task_init(&waiters->task, serve_waiters);
	return true;
}

void
stay__waiters_rest(struct stay_client *client)
{
	struct stay__waiters *waiters = client->rare->waiters;

	if (waiters == NULL || waiters->count > 0 || waiters->at_work)
		return;
	stay__task_cancel(&waiters->task);
	stay__free(waiters);
	client->rare->waiters = NULL;
}

void
stay__waiters_fini(struct stay_client *client)
{
	assert(stay__waiters_count(client) == 0);
	stay__waiters_rest(client);
}

/* No caller may step into line any more, so this comes to an end. */
void
stay__waiters_end(struct stay_client *client)
{
	struct waiter *waiter;

	if (client->rare->waiters == NULL)
		return;
	while ((waiter = first_of(&client->rare->waiters->waiting)) != NULL)
		end_waiting(waiter, STAY_E_STOPPED);
}

bool
stay__waiters_cancel(struct stay_client *client, struct stay_token token)
{
	struct waiter *waiter =
	    stay__ids_find(&client->loop->ids, STAY__TOKEN_WAITER, token);

	if (waiter == NULL || waiter->client != client)
		return false;
	end_waiting(waiter, STAY_E_CANCELLED);
	return true;
}

/* ---- stepping into line ---- */

static enum stay_status
check_room(
    const struct stay_client *client, const struct stay_room_options *options)
{
	enum stay_status status = stay__admission_status(client);

	if (status != STAY_OK)
		return status;
	if (options->bytes > client->profile->options.queue_bytes_max)
		return STAY_E_TOO_BIG;
	return stay__waiters_count(client) <
		       client->profile->options.waiters_max
		   ? STAY_OK
		   : STAY_E_FULL;
}

static enum stay_status
make_waiter(struct waiter **made, struct stay_client *client,
    const struct stay_room_options *options)
{
	struct waiter *waiter;

	if (!has_line(client))
		return STAY_E_NOMEM;
	waiter = stay__zalloc(sizeof(*waiter));
	if (waiter == NULL)
		return STAY_E_NOMEM;
	waiter->client = client;
	waiter->bytes = options->bytes;
	stay__timer_init(&waiter->timer, expire_waiter);
	if (options->id != NULL &&
	    stay__ids_take(&client->loop->ids, STAY__TOKEN_WAITER, waiter,
		&waiter->id) != STAY_OK) {
		stay__free(waiter);
		return STAY_E_NOMEM;
	}
	if (options->id != NULL)
		options->id->token = waiter->id;
	*made = waiter;
	return STAY_OK;
}

static void
step_in(struct stay_client *client, struct waiter *waiter, uint64_t timeout_ms)
{
	struct stay_loop *loop = client->loop;

	if (timeout_ms == 0)
		timeout_ms = client->profile->options.call_timeout_ms;
	stay__list_push(&client->rare->waiters->waiting, &waiter->node);
	client->rare->waiters->count++;
	stay__loop_timer(
	    loop, &waiter->timer, stay__loop_after(loop, timeout_ms));
	stay__admission_set_marks(client);
	stay__waiters_move_on(client);
}

enum stay_status
stay_client_wait_room(struct stay_client *client,
    const struct stay_room_options *options, stay_room_fn *ready, void *arg)
{
	struct stay_room_options own;
	struct waiter *waiter;
	enum stay_status status;

	assert(client != NULL);
	if (ready == NULL)
		return STAY_E_ARG;
	status = stay__options_fill(&own, sizeof(own), options, NULL, 0, NULL);
	if (status == STAY_OK)
		status = check_room(client, &own);
	if (status == STAY_OK)
		status = make_waiter(&waiter, client, &own);
	if (status != STAY_OK)
		return status;
	waiter->ready = ready;
	waiter->arg = arg;
	step_in(client, waiter, own.timeout_ms);
	return STAY_OK;
}
