/*
 * Runs loops in threads, and ends them in order: all clients are stopped, the inbox is
 * closed when the last has closed, what was in it is done, and the thread ends. So each
 * errand that was taken in is done once. This file does not know calls.
 */
#include "runner/runner.h"

#include <assert.h>

#include "base/mem.h"
#include "base/options.h"
#include "loop/waiting.h"

static const struct stay__option rows[] = {
	{ "loops", offsetof(struct stay_runner_options, loops), 1, 1, 1024 },
	{ "inbox_max", offsetof(struct stay_runner_options, inbox_max), 65536,
	    1, SIZE_MAX / 2 },
};

/* ---- a thread ---- */

/* The runner itself is told by an errand. */
static void
ignore_stop(struct stay__member *member, enum stay_status reason)
{
	(void)member;
	(void)reason;
}

static void
ignore_orphan(struct stay__member *member)
{
	(void)member;
}

static struct stay_conn *
no_conn(struct stay__member *member)
{
	(void)member;
	return NULL;
}

static const struct stay__member_ops host_ops = { ignore_stop, ignore_orphan,
	no_conn };

/* Asked between two turns; what a job starts meanwhile is stopped, too. */
static bool
is_alone(const void *arg)
{
	const struct stay__post *post = arg;

	if (!post->is_stopping)
		return false;
	stay_loop_stop(post->loop, STAY_OK);
	return stay_loop_live(post->loop) == 0;
}

static bool
is_over(const void *arg)
{
	const struct stay__post *post = arg;

	return is_alone(post) && stay__errands_are_done(post->errands);
}

static void
run_post(void *arg)
{
	struct stay__post *post = arg;

	stay__thread_set_runs(post->loop);
	(void)stay__loop_wait(post->loop, is_alone, post, UINT64_MAX);
	stay__errands_close(post->errands);
	(void)stay__loop_wait(post->loop, is_over, post, UINT64_MAX);
	post->loop->hosts--;
	stay__loop_leave(post->loop, &post->member);
}

static void
stop_post(struct stay__errand *errand)
{
	STAY__CONTAINER(errand, struct stay__post, stop)->is_stopping = true;
}

/* ---- giving errands ---- */

static void
tell_room(void *arg)
{
	struct stay_runner *runner = ((struct stay__post *)arg)->runner;

	if (atomic_load(&runner->waiting) > 0)
		stay__bell_ring(&runner->room);
}

/* It counts the rings before it tries: what rings after that has heard of it. */
static enum stay_status
give_with_patience(struct stay__post *post, struct stay__errand *errand)
{
	struct stay_runner *runner = post->runner;
	enum stay_status status;
	uint64_t rings;

	atomic_fetch_add(&runner->waiting, 1);
	for (;;) {
		rings = stay__bell_rings(&runner->room);
		status = stay__errands_give(post->errands, errand);
		if (status != STAY_E_FULL)
			break;
		(void)stay__bell_wait(&runner->room, rings + 1, UINT64_MAX);
	}
	atomic_fetch_sub(&runner->waiting, 1);
	return status;
}

enum stay_status
stay__post_give(struct stay__post *post, struct stay__errand *errand)
{
	enum stay_status status;

	if (!stay__process_is_ours(&post->runner->process))
		return STAY_E_FORKED;
	status = stay__errands_give(post->errands, errand);
	if (status == STAY_E_FULL && post->runner->full == STAY_INBOX_BLOCK &&
	    stay__thread_runs() == NULL)
		status = give_with_patience(post, errand);
	return status;
}

enum stay_status
stay__post_give_anyway(struct stay__post *post, struct stay__errand *errand)
{
	if (!stay__process_is_ours(&post->runner->process))
		return STAY_E_FORKED;
	return stay__errands_give_anyway(post->errands, errand);
}

enum stay_status
stay__post_await(struct stay__post *post, struct stay__awaited_errand *awaited,
    stay__errand_fn *run)
{
	enum stay_status status;

	if (stay__thread_runs() != NULL)
		return STAY_E_REENTRANT;
	if (!stay__bell_init(&awaited->done))
		return STAY_E_NOMEM;
	awaited->errand.run = run;
	status = stay__post_give_anyway(post, &awaited->errand);
	if (status == STAY_OK)
		(void)stay__bell_wait(&awaited->done, 1, UINT64_MAX);
	stay__bell_fini(&awaited->done);
	return status;
}

struct stay__post *
stay__runner_next_post(struct stay_runner *runner)
{
	size_t turn = atomic_fetch_add(&runner->next, 1);

	return &runner->posts[turn % runner->count];
}

/* ---- jobs ---- */

struct job {
	struct stay__awaited_errand awaited;
	struct stay_loop *loop;
	stay_job_fn *run;
	void *arg;
};

static void
do_job(struct stay__errand *errand)
{
	struct job *job = STAY__CONTAINER(errand, struct job, awaited.errand);

	job->run(job->arg, job->loop);
	stay__bell_ring(&job->awaited.done);
}

enum stay_status
stay_runner_do(
    struct stay_runner *runner, size_t loop, stay_job_fn *run, void *arg)
{
	struct job job = { .run = run, .arg = arg };

	assert(runner != NULL);
	if (run == NULL || loop >= runner->count)
		return STAY_E_ARG;
	job.loop = runner->posts[loop].loop;
	return stay__post_await(&runner->posts[loop], &job.awaited, do_job);
}

bool
stay_runner_is_here(void)
{
	return stay__thread_runs() != NULL;
}

size_t
stay_runner_loops(const struct stay_runner *runner)
{
	assert(runner != NULL);
	return runner->count;
}

/* ---- beginning ---- */

/* A loop that is not run yet; false: no memory. */
static bool
post_init(struct stay__post *post, size_t inbox_max)
{
	post->loop = post->runner->make_loop();
	if (post->loop == NULL)
		return false;
	post->errands = stay__errands_new(post->loop, inbox_max);
	if (post->errands == NULL)
		return false;
	post->errands->on_room = tell_room;
	post->errands->arg = post;
	post->stop.run = stop_post;
	stay__list_init(&post->remotes);
	return true;
}

static bool
post_start(struct stay__post *post)
{
	stay__list_init(&post->member.node);
	stay__loop_join(post->loop, &post->member, &host_ops);
	post->loop->hosts++;
	if (stay__thread_start(&post->thread, run_post, post))
		return true;
	post->loop->hosts--;
	stay__loop_leave(post->loop, &post->member);
	return false;
}

static struct stay_runner *
new_runner(const struct stay_runner_options *options,
    stay_make_loop_fn *make_loop, stay__free_loop_fn *free_loop)
{
	size_t count = (size_t)options->loops;
	struct stay_runner *runner =
	    stay__zalloc(sizeof(*runner) + count * sizeof(runner->posts[0]));

	if (runner == NULL)
		return NULL;
	if (!stay__bell_init(&runner->room)) {
		stay__free(runner);
		return NULL;
	}
	runner->make_loop = make_loop;
	runner->free_loop = free_loop;
	runner->full = options->full;
	runner->count = count;
	stay__process_init(&runner->process);
	for (size_t i = 0; i < count; i++)
		runner->posts[i].runner = runner;
	return runner;
}

/* ---- ending ---- */

/* The thread has ended, and this one stands in for it. False: replies are held. */
static bool
post_fini(struct stay__post *post)
{
	if (post->loop == NULL)
		return true;
	if (post->errands != NULL) {
		stay__thread_set_runs(post->loop);
		stay__errands_settle(post->errands);
		stay__thread_set_runs(NULL);
		if (post->loop->held > 0)
			return false;
		stay__errands_free(post->errands);
	}
	(void)post->runner->free_loop(post->loop);
	post->loop = NULL;
	return true;
}

static void
join_all(struct stay_runner *runner)
{
	for (; runner->started > 0; runner->started--)
		stay__thread_join(&runner->posts[runner->started - 1].thread);
}

static enum stay_status
end(struct stay_runner *runner)
{
	bool all = true;

	stay_runner_stop(runner);
	join_all(runner);
	if (atomic_load(&runner->remotes) > 0)
		return STAY_E_LIVE;
	for (size_t i = 0; i < runner->count; i++)
		all &= post_fini(&runner->posts[i]);
	if (!all)
		return STAY_E_LIVE;
	stay__process_fini(&runner->process);
	stay__bell_fini(&runner->room);
	stay__free(runner);
	return STAY_OK;
}

void
stay_runner_stop(struct stay_runner *runner)
{
	size_t count;

	assert(runner != NULL);
	if (atomic_exchange(&runner->is_stopped, true))
		return;
	/* Behind the last that is told here, they may be joined. */
	count = runner->started;
	for (size_t i = 0; i < count; i++)
		(void)stay__post_give_anyway(
		    &runner->posts[i], &runner->posts[i].stop);
}

enum stay_status
stay_runner_free(struct stay_runner *runner)
{
	if (runner == NULL)
		return STAY_OK;
	if (stay__thread_runs() != NULL)
		return STAY_E_REENTRANT;
	if (!stay__process_is_ours(&runner->process))
		return STAY_E_FORKED;
	return end(runner);
}

static bool
start_all(struct stay_runner *runner, size_t inbox_max)
{
	for (size_t i = 0; i < runner->count; i++)
		if (!post_init(&runner->posts[i], inbox_max))
			return false;
	for (size_t i = 0; i < runner->count; i++) {
		if (!post_start(&runner->posts[i]))
			return false;
		runner->started++;
	}
	return true;
}

static bool
is_choice(enum stay_inbox_full full)
{
	return full == STAY_INBOX_REJECT || full == STAY_INBOX_BLOCK;
}

enum stay_status
stay__runner_start(struct stay_runner **started,
    const struct stay_runner_options *options, stay_make_loop_fn *make_loop,
    stay__free_loop_fn *free_loop)
{
	struct stay_runner_options filled;
	struct stay_runner *runner;
	enum stay_status status;

	assert(started != NULL);
	*started = NULL;
	status = stay__options_fill(&filled, sizeof(filled), options, rows,
	    sizeof(rows) / sizeof(rows[0]), NULL);
	if (status == STAY_OK && !is_choice(filled.full))
		status = STAY_E_ARG;
	if (status != STAY_OK)
		return status;
	runner = new_runner(&filled, make_loop, free_loop);
	if (runner == NULL)
		return STAY_E_NOMEM;
	if (!start_all(runner, (size_t)filled.inbox_max)) {
		(void)end(runner);
		return STAY_E_NOMEM;
	}
	*started = runner;
	return STAY_OK;
}
