/*
 * Calls of the system that fail in this thread, one of them or all:
 *
 *	failing_arm(FAILING_eventfd, 1, EMFILE);
 *	...
 *	ck_assert(failing_disarm());
 *
 * A call that says its error itself, as those of threads do, returns it. And what of
 * threads was made and not given back.
 */
#ifndef STAY_TESTS_FAILING_H
#define STAY_TESTS_FAILING_H

#include <stdbool.h>

enum failing {
	FAILING_nothing,
	FAILING_connect,
	FAILING_eventfd,
	FAILING_fcntl,
	FAILING_getrandom,
	FAILING_getsockname,
	FAILING_getsockopt,
	FAILING_mmap,
	FAILING_pthread_cond_init,
	FAILING_pthread_condattr_init,
	FAILING_pthread_mutex_init,
	FAILING_sendmsg,
	FAILING_setsockopt,
	FAILING_socket,
	FAILING_sigpending,
	FAILING_sigtimedwait,
	FAILING_write,
	FAILING_writev
};

/* The `nth` from here on fails, once, counted from 1; 0: each one does. */
void failing_arm(enum failing call, unsigned nth, int error);

/* No more of that; whether one has failed. */
bool failing_disarm(void);
/* How often it was called, from the one to the other. */
unsigned failing_calls(void);

/* Mutexes, conditions and their attributes, of all threads. */
int failing_made(void);

#endif
