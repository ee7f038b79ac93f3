/* Threads, those that run a loop, and whose loop it is that the one who asks runs. */
#ifndef STAY__THREAD_H
#define STAY__THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Start a thread that takes no signals. False: there is none to be had. */
bool stay__thread_create(pthread_t *id, void *(*run)(void *), void *arg);

typedef void stay__thread_fn(void *arg);

struct stay__thread {
	pthread_t id;
	stay__thread_fn *run;
	void *arg;
};

/* The same, joined by its end: `thread` lives until then. */
bool stay__thread_start(
    struct stay__thread *thread, stay__thread_fn *run, void *arg);
void stay__thread_join(struct stay__thread *thread);

/* Room for words that are this thread's alone. */
#define STAY__THREAD_WORDS 512
char *stay__thread_words(void);

/* What this thread has said that it runs; NULL: it runs none of ours. */
const void *stay__thread_runs(void);
void stay__thread_set_runs(const void *what);

#endif
