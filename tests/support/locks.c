/*
 * A mutex that is unlocked by a thread that does not hold it: the lock before it has
 * gone astray. No test would see that but by luck, so it ends the program at once.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);

static _Thread_local int held;

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	int error = __real_pthread_mutex_lock(mutex);

	held += error == 0;
	return error;
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	if (held-- == 0) {
		fprintf(stderr, "a mutex is unlocked that is not locked\n");
		abort();
	}
	return __real_pthread_mutex_unlock(mutex);
}
