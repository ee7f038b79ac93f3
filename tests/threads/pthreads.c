/*
 * What the library asks of the system's threads, done by virtual ones: the linker puts
 * these functions in their place. They are stricter than the real ones: what those leave
 * open ends the run.
 */
#include "threads/pthreads.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "threads/sched.h"

/* In place of what the system has in them. */
struct mutex {
	uint64_t mark;
	unsigned owner; /* 0: nobody */
};

struct cond {
	uint64_t mark;
	clockid_t clock;
};

#define IS_MUTEX UINT64_C(0x6d757465786d7574)
#define IS_COND  UINT64_C(0x636f6e64636f6e64)
#define HAS_BEEN UINT64_C(0xdeaddeaddeaddead)

_Static_assert(sizeof(struct mutex) <= sizeof(pthread_mutex_t), "no room");
_Static_assert(sizeof(struct cond) <= sizeof(pthread_cond_t), "no room");

static size_t live;

int __wrap_pthread_mutex_init(
    pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_cond_init(
    pthread_cond_t *cond, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_destroy(pthread_cond_t *cond);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *deadline);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t thread, void **result);
int __real_clock_gettime(clockid_t clock, struct timespec *at);
int __wrap_clock_gettime(clockid_t clock, struct timespec *at);
void atomic_comes(const volatile void *at, size_t size, int order);
_Bool atomic_is_weak_now(void);

size_t
pthreads_live(void)
{
	return live;
}

/* ---- atomic operations ---- */

void
atomic_comes(const volatile void *at, size_t size, int order)
{
	(void)at;
	(void)size;
	(void)order;
	sched_point("atomic");
}

_Bool
atomic_is_weak_now(void)
{
	return sched_self() != 0 && sched_chance(16);
}

/* ---- mutexes ---- */

static struct mutex *
mutex_of(pthread_mutex_t *mutex)
{
	struct mutex *it = (struct mutex *)(void *)mutex;

	if (it->mark != IS_MUTEX)
		sched_broken("a mutex is used that is none%s",
		    it->mark == HAS_BEEN ? " any more" : "");
	return it;
}

int
__wrap_pthread_mutex_init(
    pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	(void)attributes;
	*(struct mutex *)(void *)mutex = (struct mutex){ .mark = IS_MUTEX };
	live++;
	return 0;
}

int
__wrap_pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	struct mutex *it;

	sched_point("mutex ends");
	it = mutex_of(mutex);
	if (it->owner != 0 || sched_has_sleepers(mutex))
		sched_broken("a mutex ends that somebody has or wants");
	it->mark = HAS_BEEN;
	live--;
	return 0;
}

static void
take(pthread_mutex_t *mutex)
{
	while (mutex_of(mutex)->owner != 0) {
		if (mutex_of(mutex)->owner == sched_self())
			sched_broken("a mutex is locked twice");
		(void)sched_sleep(mutex, SCHED_NEVER);
	}
	mutex_of(mutex)->owner = sched_self();
}

/* From here on it may be gone. */
static void
leave(pthread_mutex_t *mutex)
{
	struct mutex *it = mutex_of(mutex);

	if (it->owner != sched_self())
		sched_broken("a mutex is unlocked by who hasn't locked it");
	it->owner = 0;
	sched_wake(mutex);
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	sched_point("lock");
	take(mutex);
	return 0;
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	sched_point("unlock");
	leave(mutex);
	sched_point("unlocked");
	return 0;
}

/* ---- conditions ---- */

static struct cond *
cond_of(pthread_cond_t *cond)
{
	struct cond *it = (struct cond *)(void *)cond;

	if (it->mark != IS_COND)
		sched_broken("a condition is used that is none%s",
		    it->mark == HAS_BEEN ? " any more" : "");
	return it;
}

int
__wrap_pthread_cond_init(
    pthread_cond_t *cond, const pthread_condattr_t *attributes)
{
	struct cond *it = (struct cond *)(void *)cond;

	*it = (struct cond){ .mark = IS_COND, .clock = CLOCK_REALTIME };
	if (attributes != NULL)
		pthread_condattr_getclock(attributes, &it->clock);
	live++;
	return 0;
}

int
__wrap_pthread_cond_destroy(pthread_cond_t *cond)
{
	sched_point("condition ends");
	if (sched_has_sleepers(cond))
		sched_broken("a condition ends that somebody waits for");
	cond_of(cond)->mark = HAS_BEEN;
	live--;
	return 0;
}

/* It may end as soon as the others are woken, and may wake for no reason. */
static int
wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline)
{
	bool was_woken = true;

	sched_point("wait");
	(void)cond_of(cond);
	leave(mutex);
	if (!sched_chance(64))
		was_woken = sched_sleep(cond, deadline);
	take(mutex);
	return was_woken ? 0 : ETIMEDOUT;
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	return wait_until(cond, mutex, SCHED_NEVER);
}

int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    const struct timespec *deadline)
{
	if (cond_of(cond)->clock != CLOCK_MONOTONIC)
		sched_broken("a wait by a clock that somebody may set");
	return wait_until(cond, mutex,
	    (uint64_t)deadline->tv_sec * 1000 * SCHED_MS +
		(uint64_t)deadline->tv_nsec);
}

int
__wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
	sched_point("broadcast");
	(void)cond_of(cond);
	sched_wake(cond);
	return 0;
}

/* ---- threads and their clock ---- */

struct thread {
	void *(*run)(void *arg);
	void *arg;
};

static struct thread threads[SCHED_ROUTINES + 1];

static void
run_thread(void *arg)
{
	const struct thread *thread = arg;

	(void)thread->run(thread->arg);
}

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *arg), void *arg)
{
	static size_t next;
	struct thread *it = &threads[next];

	(void)attributes;
	if (next == SCHED_ROUTINES)
		return EAGAIN;
	*it = (struct thread){ run, arg };
	*thread = sched_spawn(run_thread, it);
	if (*thread == 0)
		return EAGAIN;
	next++;
	live++;
	sched_point("thread begins");
	return 0;
}

int
__wrap_pthread_join(pthread_t thread, void **result)
{
	sched_point("join");
	sched_join((unsigned)thread);
	live--;
	if (result != NULL)
		*result = NULL;
	return 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *at)
{
	if (sched_self() == 0 || clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, at);
	at->tv_sec = (time_t)(sched_now() / (1000 * SCHED_MS));
	at->tv_nsec = (long)(sched_now() % (1000 * SCHED_MS));
	return 0;
}
