/*
 * Remotes: a client on a loop, as other threads see it. A call is encoded where it is
 * made; the errand that brings it over has its bytes. The client is the loop's thread's
 * alone. This file knows how a call is given, and not how a thread waits for it.
 */
#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "client/client.h"
#include "client/complete.h"
#include "client/encoded.h"
#include "client/future.h"
#include "runner/connectivity.h"
#include "runner/runner.h"

struct stay_remote {
	struct stay__post *post;
	/* Of its owner, of its client, of errands under way. */
	atomic_size_t refs;
	struct stay_client *client; /* NULL: it has closed */
	struct stay__list node;     /* post->remotes, while the client lives */
	struct stay__errand stop;
	atomic_bool is_stopped;
	/* For encode, which runs in all threads. */
	stay_encode_fn *encode;
	const void *config;
	size_t config_size; /* of a copy; 0: it is the program's */
	size_t bytes_max;
	struct stay__connectivity connectivity;
};

static void
hold(struct stay_remote *remote)
{
	atomic_fetch_add_explicit(&remote->refs, 1, memory_order_relaxed);
}

static void
free_remote(struct stay_remote *remote)
{
	if (remote->config_size > 0) {
		void *copy = (void *)(uintptr_t)remote->config;

		stay__wipe(copy, remote->config_size);
		stay__free(copy);
	}
	atomic_fetch_sub(&remote->post->runner->remotes, 1);
	stay__connectivity_fini(&remote->connectivity);
	stay__free(remote);
}

static void
drop(struct stay_remote *remote)
{
	if (atomic_fetch_sub_explicit(&remote->refs, 1, memory_order_acq_rel) ==
	    1)
		free_remote(remote);
}

/* ---- the client's end ---- */

static void
lose_client(struct stay_remote *remote)
{
	remote->client = NULL;
	stay__list_remove(&remote->node);
	drop(remote);
}

static void
client_gone(void *arg, const void *client)
{
	struct stay__post *post = arg;
	struct stay__list *node = post->remotes.next;

	for (; node != &post->remotes; node = node->next) {
		struct stay_remote *remote =
		    STAY__CONTAINER(node, struct stay_remote, node);

		if (remote->client != client)
			continue;
		lose_client(remote);
		return;
	}
}

static void
stop_client(struct stay__errand *errand)
{
	struct stay_remote *remote =
	    STAY__CONTAINER(errand, struct stay_remote, stop);

	if (remote->client != NULL)
		stay_client_stop(remote->client, STAY_OK);
	drop(remote);
}

void
stay_remote_stop(struct stay_remote *remote)
{
	assert(remote != NULL);
	if (atomic_exchange(&remote->is_stopped, true))
		return;
	hold(remote);
	if (stay__post_give_anyway(remote->post, &remote->stop) != STAY_OK)
		drop(remote);
}

void
stay_remote_free(struct stay_remote *remote)
{
	if (remote == NULL)
		return;
	stay_remote_stop(remote);
	drop(remote);
}

/* ---- starting ---- */

struct start {
	struct stay__awaited_errand awaited;
	struct stay_remote *remote;
	stay_starter_fn *starter;
	void *arg;
	enum stay_status status;
	char *rejection; /* the starting thread's, which waits meanwhile */
};

/* What encode will need, in any thread. */
static enum stay_status
learn(struct stay_remote *remote, const struct stay_client *client)
{
	const struct stay_client_options *options = &client->profile->options;
	size_t size = (size_t)options->config_size;
	void *copy;

	remote->encode = client->profile->protocol.top.encode;
	remote->config = client->profile->config;
	remote->bytes_max = (size_t)options->queue_bytes_max;
	if (options->config_release != NULL) {
		stay_loop_set_rejection(
		    client->loop, "a remote has no config_release");
		return STAY_E_ARG;
	}
	if (size == 0)
		return STAY_OK;
	copy = stay__zalloc(size);
	if (copy == NULL)
		return STAY_E_NOMEM;
	memcpy(copy, remote->config, size);
	remote->config = copy;
	remote->config_size = size;
	return STAY_OK;
}

static enum stay_status
start_here(struct start *start)
{
	struct stay_remote *remote = start->remote;
	struct stay_client *client = NULL;
	enum stay_status status = STAY_E_STOPPED;

	stay__loop_forget_rejection(remote->post->loop);
	if (!remote->post->is_stopping)
		status =
		    start->starter(start->arg, remote->post->loop, &client);
	if (status != STAY_OK)
		return status;
	status =
	    stay__rare_begin(client) ? learn(remote, client) : STAY_E_NOMEM;
	if (status != STAY_OK) {
		stay_client_stop(client, status);
		return status;
	}
	hold(remote);
	remote->client = client;
	client->rare->watch = &remote->connectivity.watch;
	remote->post->errands->on_gone = client_gone;
	stay__list_push(&remote->post->remotes, &remote->node);
	return STAY_OK;
}

static void
do_start(struct stay__errand *errand)
{
	struct start *start =
	    STAY__CONTAINER(errand, struct start, awaited.errand);

	start->status = start_here(start);
	if (start->status != STAY_OK)
		snprintf(start->rejection, STAY__THREAD_WORDS, "%s",
		    stay_loop_rejection(start->remote->post->loop));
	stay__bell_ring(&start->awaited.done);
}

static struct stay_remote *
new_remote(struct stay_runner *runner)
{
	struct stay_remote *remote = stay__zalloc(sizeof(*remote));

	if (remote == NULL)
		return NULL;
	if (!stay__connectivity_init(&remote->connectivity)) {
		stay__free(remote);
		return NULL;
	}
	atomic_init(&remote->refs, 1);
	remote->post = stay__runner_next_post(runner);
	remote->stop.run = stop_client;
	stay__list_init(&remote->node);
	atomic_fetch_add(&runner->remotes, 1);
	return remote;
}

enum stay_status
stay_remote_start_by(struct stay_remote **started, struct stay_runner *runner,
    stay_starter_fn *starter, void *arg)
{
	struct start start = { .starter = starter,
		.arg = arg,
		.rejection = stay__thread_words() };
	enum stay_status status;

	assert(runner != NULL && starter != NULL);
	start.rejection[0] = '\0';
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	start.remote = new_remote(runner);
	if (start.remote == NULL)
		return STAY_E_NOMEM;
	status = stay__post_await(start.remote->post, &start.awaited, do_start);
	if (status == STAY_OK)
		status = start.status;
	if (status == STAY_OK)
		*started = start.remote;
	else
		drop(start.remote);
	return status;
}

const char *
stay_remote_rejection(void)
{
	return stay__thread_words();
}

struct plain_start {
	const struct stay_protocol *protocol;
	const char *url;
	const struct stay_client_options *options;
};

static enum stay_status
start_plain(void *arg, struct stay_loop *loop, struct stay_client **client)
{
	const struct plain_start *plain = arg;

	return stay_client_start(
	    client, loop, plain->protocol, plain->url, plain->options);
}

enum stay_status
stay_remote_start(struct stay_remote **started, struct stay_runner *runner,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	struct plain_start plain = { protocol, url, options };

	return stay_remote_start_by(started, runner, start_plain, &plain);
}

/* ---- calls ---- */

/* A call on its way to the loop's thread. */
struct call {
	struct stay__errand errand;
	struct stay_remote *remote;
	struct stay_request request;
	struct stay_buf bytes;
	struct stay_call_options options;
	stay_done_fn *done;
	void *arg;
	struct stay_future *future; /* NULL: none waits */
};

static void
free_call(struct call *call)
{
	drop(call->remote);
	stay_buf_fini(&call->bytes);
	stay__free(call);
}

static enum stay_status
submit(struct call *call)
{
	struct stay_remote *remote = call->remote;
	struct stay_client *client = remote->client;

	if (client == NULL || remote->post->is_stopping ||
	    atomic_load(&remote->is_stopped))
		return STAY_E_STOPPED;
	if (call->future != NULL) {
		call->future->client = client;
		call->options.id = &call->future->id;
	}
	return stay__client_submit_encoded(client, &call->request,
	    stay_buf_bytes(&call->bytes), &call->options, call->done,
	    call->arg);
}

static void
do_call(struct stay__errand *errand)
{
	struct call *call = STAY__CONTAINER(errand, struct call, errand);
	struct stay_result rejected;
	enum stay_status status = submit(call);

	if (status != STAY_OK && call->done != NULL) {
		rejected = stay__future_rejection(status);
		if (call->remote->client != NULL)
			rejected.why = stay__client_rejection(
			    call->remote->client, status);
		call->done(call->arg, &rejected);
	}
	free_call(call);
}

static struct call *
new_call(
    struct stay_remote *remote, const void *data, stay_done_fn *done, void *arg)
{
	struct call *call = stay__zalloc(sizeof(*call));

	if (call == NULL)
		return NULL;
	call->errand.run = do_call;
	call->remote = remote;
	call->done = done;
	call->arg = arg;
	call->request = (struct stay_request){ .data = data,
		.config = remote->config,
		.replies = 1,
		.is_untold = done == NULL };
	stay_buf_init(&call->bytes, remote->bytes_max);
	hold(remote);
	return call;
}

/* Nobody is there to take them. */
static bool
has_parts(const struct call *call)
{
	return call->options.part != NULL || call->options.piece != NULL;
}

/* For stay_remote_rejection. NULL: the status says all. */
static void
say_why(const char *why)
{
	snprintf(stay__thread_words(), STAY__THREAD_WORDS, "%s",
	    why != NULL ? why : "");
}

/* The caller's thread does all that needs no client. */
static enum stay_status
give_call(struct call *call, const struct stay_call_options *options)
{
	struct stay_remote *remote = call->remote;
	enum stay_status status =
	    stay__encoded_take_options(&call->options, options);

	if (status == STAY_OK && call->options.id != NULL)
		status = STAY_E_UNSUPPORTED;
	if (status == STAY_OK && call->future != NULL && has_parts(call))
		status = STAY_E_UNSUPPORTED;
	if (status == STAY_OK && atomic_load(&remote->is_stopped))
		status = STAY_E_STOPPED;
	if (status == STAY_OK)
		status = remote->encode(&call->request, &call->bytes);
	call->request.data = NULL;
	if (status == STAY_OK)
		status = stay__post_give(remote->post, &call->errand);
	if (status != STAY_OK) {
		say_why(call->request.why);
		free_call(call);
	}
	return status;
}

enum stay_status
stay_remote_call(struct stay_remote *remote, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct call *call;

	assert(remote != NULL);
	call = new_call(remote, request, done, arg);
	return call == NULL ? STAY_E_NOMEM : give_call(call, options);
}

/* ---- futures ---- */

static void
do_give_up(struct stay__errand *errand)
{
	struct stay_future *future =
	    STAY__CONTAINER(errand, struct stay_future, give_up);

	if (!stay__future_is_complete(future))
		(void)stay_client_cancel(future->client, future->id);
	stay__future_drop(future);
}

/* The call has a reference before it may complete. */
struct stay_future *
stay_remote_future(struct stay_remote *remote, const void *request,
    const struct stay_call_options *options)
{
	struct stay_future *future;
	struct stay_result rejected;
	enum stay_status status = STAY_E_NOMEM;
	struct call *call;

	assert(remote != NULL);
	future = stay__future_new_remote(
	    remote->post->loop, &remote->post->runner->process);
	if (future == NULL)
		return NULL;
	(void)stay_future_begin(future, STAY_OK);
	future->give_up.run = do_give_up;
	call = new_call(remote, request, stay_future_done, future);
	if (call != NULL) {
		call->future = future;
		status = give_call(call, options);
	}
	if (status != STAY_OK) {
		rejected = stay__future_rejection(status);
		if (call != NULL && stay__thread_words()[0] != '\0')
			rejected.why = stay__thread_words();
		stay_future_done(future, &rejected);
	}
	return future;
}

/* Whether its call is made by the thread that has this remote's client. */
static bool
is_made_there(
    const struct stay_remote *remote, const struct stay_future *future)
{
	return future->process == &remote->post->runner->process &&
	       future->loop == remote->post->loop;
}

enum stay_status
stay_remote_cancel(struct stay_remote *remote, struct stay_future *future)
{
	assert(remote != NULL);
	if (future == NULL || stay__future_is_complete(future))
		return STAY_E_STALE;
	if (!stay__process_is_ours(&remote->post->runner->process))
		return STAY_E_FORKED;
	if (!is_made_there(remote, future))
		return STAY_E_ARG;
	if (atomic_exchange(&future->is_given_up, true))
		return STAY_OK;
	stay__future_hold(future);
	if (stay__post_give_anyway(remote->post, &future->give_up) == STAY_OK)
		return STAY_OK;
	stay__future_drop(future);
	return STAY_E_STALE;
}

/* ---- jobs ---- */

struct remote_job {
	struct stay__awaited_errand awaited;
	struct stay_remote *remote;
	stay_remote_job_fn *run;
	void *arg;
};

static void
do_remote_job(struct stay__errand *errand)
{
	struct remote_job *job =
	    STAY__CONTAINER(errand, struct remote_job, awaited.errand);

	job->run(job->arg, job->remote->client);
	stay__bell_ring(&job->awaited.done);
}

enum stay_status
stay_remote_do(struct stay_remote *remote, stay_remote_job_fn *run, void *arg)
{
	struct remote_job job = { .remote = remote, .run = run, .arg = arg };

	assert(remote != NULL && run != NULL);
	return stay__post_await(remote->post, &job.awaited, do_remote_job);
}

/* ---- how its connection is ---- */

/* The program's struct may be older, and so shorter, than the library's. */
void
stay_remote_get_connectivity(
    struct stay_remote *remote, struct stay_connectivity *connectivity)
{
	struct stay_connectivity all;

	assert(remote != NULL && connectivity != NULL);
	all = stay__connectivity_now(&remote->connectivity);
	all.size =
	    connectivity->size < sizeof(all) ? connectivity->size : sizeof(all);
	memcpy(connectivity, &all, all.size);
}

enum stay_status
stay_remote_await_change(
    struct stay_remote *remote, uint64_t changes, uint64_t timeout_ms)
{
	assert(remote != NULL);
	if (stay_runner_is_here())
		return STAY_E_REENTRANT;
	if (!stay__process_is_ours(&remote->post->runner->process))
		return STAY_E_FORKED;
	return stay__connectivity_await(
	    &remote->connectivity, changes, timeout_ms);
}
