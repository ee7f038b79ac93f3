/*
 * Threads. This file does not know what a loop is. The program's signals are for the
 * program's threads.
 */
#include "world/thread.h"

#include <signal.h>
#include <stddef.h>

static _Thread_local const void *runs;

const void *
stay__thread_runs(void)
{
	return runs;
}

void
stay__thread_set_runs(const void *what)
{
	runs = what;
}

char *
stay__thread_words(void)
{
	static _Thread_local char words[STAY__THREAD_WORDS];

	return words;
}

bool
stay__thread_create(pthread_t *id, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(id, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

static void *
run_thread(void *arg)
{
	const struct stay__thread *thread = arg;

	thread->run(thread->arg);
	return NULL;
}

bool
stay__thread_start(struct stay__thread *thread, stay__thread_fn *run, void *arg)
{
	thread->run = run;
	thread->arg = arg;
	return stay__thread_create(&thread->id, run_thread, thread);
}

void
stay__thread_join(struct stay__thread *thread)
{
	pthread_join(thread->id, NULL);
}
