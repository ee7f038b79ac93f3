/*
 * Stands in for what happens by itself: threads, the names they look up, and
 * time, which passes only when nobody else has anything to do.
 */
#include "wrap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#include "fault.h"
#include "server.h"

/* What libev's calendar is ahead; it goes on like the other clock. */
#define YEARS_S  1700000000
#define EPOCH_NS UINT64_C(1000000000000)
#define WAIT_NS  UINT64_C(200000) /* even a wait for nothing takes so long */
#define MS       UINT64_C(1000000)

void *__real_malloc(size_t size);
void __real_free(void *memory);

/* ---- threads ---- */

static atomic_int threads;
static atomic_int slow; /* of them, in a name that waits for fault_settle */
static atomic_bool settling;

/* Whether this one is not the program's own. If it waits, it runs a loop. */
static _Thread_local bool is_another;

struct start {
	void *(*run)(void *arg);
	void *arg;
};

static void *
run(void *arg)
{
	struct start start = *(struct start *)arg;
	void *result;

	__real_free(arg);
	is_another = true;
	result = start.run(start.arg);
	atomic_fetch_sub(&threads, 1);
	return result;
}

REAL(int, pthread_create,
    (pthread_t * thread, const pthread_attr_t *attributes,
	void *(*routine)(void *), void *arg));

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*routine)(void *), void *arg)
{
	struct start *start;
	int error;

	if (wrap_point(WRAP_thread) != WRAP_PASS)
		return EAGAIN;
	start = __real_malloc(sizeof(*start));
	*start = (struct start){ routine, arg };
	atomic_fetch_add(&threads, 1);
	error = __real_pthread_create(thread, attributes, run, start);
	if (error != 0)
		abort();
	return error;
}

REAL(int, pthread_mutex_init,
    (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes));

int
__wrap_pthread_mutex_init(
    pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	return wrap_point(WRAP_mutex) != WRAP_PASS
		   ? ENOMEM
		   : __real_pthread_mutex_init(mutex, attributes);
}

REAL(int, pthread_cond_init,
    (pthread_cond_t * condition, const pthread_condattr_t *attributes));

int
__wrap_pthread_cond_init(
    pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
	return wrap_point(WRAP_condition) != WRAP_PASS
		   ? ENOMEM
		   : __real_pthread_cond_init(condition, attributes);
}

int
fault_threads(void)
{
	return atomic_load(&threads);
}

void
fault_settle(void)
{
	const struct timespec moment = { 0, 20000 };

	atomic_store(&settling, true);
	while (atomic_load(&threads) > 0)
		nanosleep(&moment, NULL);
	atomic_store(&settling, false);
}

/* ---- names ---- */

/* What they mean; "slow" answers when everything is over. */
static const struct name {
	const char *name;
	const char *addresses[3];
} names[] = {
	{ "localhost", { "::1", "127.0.0.1" } },
	{ "two.test", { "127.0.0.2", "127.0.0.1" } },
	{ "slow.test", { "127.0.0.1" } },
};

static const struct name *
name_find(const char *host)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, host) == 0)
			return &names[i];
	return NULL;
}

REAL(int, getaddrinfo,
    (const char *host, const char *port, const struct addrinfo *hints,
	struct addrinfo **found));
REAL(void, freeaddrinfo, (struct addrinfo * found));

/* Numbers only: nothing of this machine's configuration is asked. */
static int
name_answer(const struct name *name, const char *port,
    const struct addrinfo *hints, struct addrinfo **found)
{
	struct addrinfo numeric = *hints;
	struct addrinfo **last = found;

	numeric.ai_flags |= AI_NUMERICHOST;
	*found = NULL;
	for (size_t i = 0; name->addresses[i] != NULL; i++) {
		if (__real_getaddrinfo(
			name->addresses[i], port, &numeric, last) != 0)
			abort();
		last = &(*last)->ai_next;
	}
	wrap_live(1);
	return 0;
}

int
__wrap_getaddrinfo(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **found)
{
	const struct name *name = name_find(host);
	const struct timespec moment = { 0, 20000 };

	if (wrap_point(WRAP_getaddrinfo) != WRAP_PASS)
		return EAI_AGAIN;
	if (name == NULL)
		return EAI_NONAME;
	if (strcmp(host, "slow.test") == 0) {
		atomic_fetch_add(&slow, 1);
		while (!atomic_load(&settling))
			nanosleep(&moment, NULL);
		atomic_fetch_sub(&slow, 1);
	}
	return name_answer(name, port, hints, found);
}

void
__wrap_freeaddrinfo(struct addrinfo *found)
{
	wrap_live(-1);
	__real_freeaddrinfo(found);
}

/* ---- time ---- */

static atomic_ullong now = EPOCH_NS;
static uint64_t begin; /* of this run; the clock goes on and on */
static uint64_t stop_at;
static atomic_ulong waits;

void
wrap_reset(void)
{
	begin = atomic_load(&now);
	wrap_reset_bytes();
	stop_at = UINT64_MAX;
	atomic_store(&waits, 0);
}

uint64_t
fault_now_ms(void)
{
	return (atomic_load(&now) - begin) / MS;
}

void
fault_stop_at_ms(uint64_t ms)
{
	stop_at = begin + ms * MS;
}

unsigned long
fault_waits(void)
{
	return atomic_load(&waits);
}

REAL(int, clock_gettime, (clockid_t clock, struct timespec *time));

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t ns = atomic_load(&now);

	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, time);
	time->tv_sec = (time_t)(ns / 1000000000);
	time->tv_nsec = (long)(ns % 1000000000);
	return 0;
}

REAL(int, gettimeofday, (struct timeval * time, void *zone));

int
__wrap_gettimeofday(struct timeval *time, void *zone)
{
	uint64_t ns = atomic_load(&now);

	(void)zone;
	time->tv_sec = YEARS_S + (time_t)(ns / 1000000000);
	time->tv_usec = (suseconds_t)(ns % 1000000000 / 1000);
	return 0;
}

static void
jump(int timeout_ms)
{
	unsigned long long at = atomic_load(&now);
	unsigned long long to =
	    at + (uint64_t)(timeout_ms < 0 ? 60000 : timeout_ms) * MS;

	if (to > stop_at)
		to = stop_at > at ? stop_at : at;
	while (at < to && !atomic_compare_exchange_weak(&now, &at, to))
		continue;
}

REAL(int, epoll_wait,
    (int epoll, struct epoll_event *events, int max, int timeout_ms));
REAL(int, poll, (struct pollfd * asked, nfds_t count, int timeout_ms));

/* What waits, and is asked how many events there are. */
struct waiter {
	int (*look)(const struct waiter *waiter, int timeout_ms);
	int epoll, max;
	struct epoll_event *events;
	struct pollfd *asked;
};

static int
look_by_epoll(const struct waiter *by, int timeout_ms)
{
	return __real_epoll_wait(by->epoll, by->events, by->max, timeout_ms);
}

static int
look_by_poll(const struct waiter *by, int timeout_ms)
{
	return __real_poll(by->asked, (nfds_t)by->max, timeout_ms);
}

/* The peers wait by poll themselves. */
static _Thread_local bool stepping;

/* They are moved by one thread at a time. */
static bool
step_servers(void)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	bool busy;

	pthread_mutex_lock(&turn);
	stepping = true;
	busy = servers_step();
	stepping = false;
	pthread_mutex_unlock(&turn);
	return busy;
}

/* So many looks of a ms each, and nobody has had anything to do. */
#define QUIET_LOOKS 5

/* Nobody else could bring something about. Who runs a loop in a thread does not know,
 * and waits a little; if it waits without a limit, then for somebody. */
static bool
is_alone(unsigned looks, int timeout_ms)
{
	return is_another ? timeout_ms > 0 && looks > QUIET_LOOKS
			  : atomic_load(&threads) == atomic_load(&slow);
}

/*
 * Whoever could still bring something about gets his chance: the peers, the
 * kernel, the threads. If nobody does, time passes.
 */
static int
wait_by(const struct waiter *waiter, enum wrap_kind kind, int timeout_ms)
{
	enum wrap_way way = wrap_point(kind);
	unsigned looks = 0;
	int count;

	atomic_fetch_add(&waits, 1);
	atomic_fetch_add(&now, WAIT_NS);
	if (way != WRAP_PASS)
		return wrap_fail(kind, way);
	do {
		bool busy = step_servers();

		count = waiter->look(waiter, 0);
		if (count != 0 || timeout_ms == 0)
			return count;
		looks = busy ? 0 : looks + 1;
		if (!busy && is_alone(looks, timeout_ms))
			break;
		if (!busy)
			count = waiter->look(waiter, 1);
	} while (count == 0);
	if (count == 0)
		jump(timeout_ms);
	return count;
}

int
__wrap_epoll_wait(
    int epoll, struct epoll_event *events, int max, int timeout_ms)
{
	const struct waiter waiter = { .look = look_by_epoll,
		.epoll = epoll,
		.max = max,
		.events = events };

	return wait_by(&waiter, WRAP_epoll_wait, timeout_ms);
}

int
__wrap_poll(struct pollfd *asked, nfds_t count, int timeout_ms)
{
	const struct waiter waiter = {
		.look = look_by_poll, .max = (int)count, .asked = asked
	};

	return stepping ? __real_poll(asked, count, timeout_ms)
			: wait_by(&waiter, WRAP_poll, timeout_ms);
}
