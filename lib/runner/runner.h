/* A runner: its loops, and the threads that run them. */
#ifndef STAY__RUNNER_H
#define STAY__RUNNER_H

#include <stay/runner.h>

#include <stdatomic.h>

#include "loop/errands.h"
#include "world/bell.h"
#include "world/ev_process.h"
#include "world/thread.h"

/* How its loops are freed. */
typedef enum stay_status stay__free_loop_fn(struct stay_loop *loop);

/* One loop with its thread. What is not atomic is the thread's, once that runs. */
struct stay__post {
	struct stay_runner *runner;
	struct stay_loop *loop; /* NULL: it was freed */
	struct stay__errands *errands;
	struct stay__thread thread;
	struct stay__member member; /* keeps the loop running */
	struct stay__errand stop;
	bool is_stopping;
	struct stay__list remotes; /* whose clients live */
};

struct stay_runner {
	struct stay__process process;
	stay_make_loop_fn *make_loop;
	stay__free_loop_fn *free_loop;
	enum stay_inbox_full full;
	size_t count;   /* of posts */
	size_t started; /* threads that have not been joined */
	atomic_size_t next;
	atomic_size_t remotes; /* that are not freed */
	atomic_bool is_stopped;
	atomic_size_t waiting;  /* threads, for room */
	struct stay__bell room; /* rung when there is, if somebody waits */
	struct stay__post posts[];
};

/* In any thread: give an errand to a loop as the option `full` says. STAY_OK; else it
 * is still the caller's: STAY_E_FULL, STAY_E_STOPPED, STAY_E_FORKED. */
enum stay_status stay__post_give(
    struct stay__post *post, struct stay__errand *errand);
/* The same past the bound. */
enum stay_status stay__post_give_anyway(
    struct stay__post *post, struct stay__errand *errand);

/* An errand that somebody waits for, at home on the stack. */
struct stay__awaited_errand {
	struct stay__errand errand;
	struct stay__bell done; /* rung by what it runs, as its last deed */
};

/* Give it, and wait until it is done. Returns as stay_runner_do. */
enum stay_status stay__post_await(struct stay__post *post,
    struct stay__awaited_errand *awaited, stay__errand_fn *run);

/* The post whose turn it is. */
struct stay__post *stay__runner_next_post(struct stay_runner *runner);
/* Start a runner whose loops are made and freed by these two. Returns as
 * stay_runner_start. */
enum stay_status stay__runner_start(struct stay_runner **started,
    const struct stay_runner_options *options, stay_make_loop_fn *make,
    stay__free_loop_fn *free_loop);

#endif
