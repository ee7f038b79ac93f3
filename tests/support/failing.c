/* The linker puts these in place of the system's own; see failing.h. */
#include "failing.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static _Thread_local struct {
	enum failing call;
	unsigned left;
	unsigned calls;
	int error;
	bool always;
	bool has_failed;
} armed;

static atomic_int made;

void
failing_arm(enum failing call, unsigned nth, int error)
{
	armed.call = call;
	armed.left = nth;
	armed.calls = 0;
	armed.error = error;
	armed.always = nth == 0;
	armed.has_failed = false;
}

bool
failing_disarm(void)
{
	armed.call = FAILING_nothing;
	return armed.has_failed;
}

unsigned
failing_calls(void)
{
	return armed.calls;
}

int
failing_made(void)
{
	return atomic_load(&made);
}

static bool
fails(enum failing call)
{
	if (armed.call != call)
		return false;
	armed.calls++;
	if (!armed.always && (armed.left == 0 || --armed.left > 0))
		return false;
	armed.has_failed = true;
	errno = armed.error;
	return true;
}

#define IN_PLACE_OF(type, name, parameters)                                    \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters

#define FAILS(type, name, parameters, arguments, failure)                      \
	IN_PLACE_OF(type, name, parameters)                                    \
	{                                                                      \
		return fails(FAILING_##name) ? failure                         \
					     : __real_##name arguments;        \
	}

FAILS(int, connect, (int fd, const struct sockaddr *to, socklen_t len),
    (fd, to, len), -1)
FAILS(int, eventfd, (unsigned count, int flags), (count, flags), -1)

/* Without an error: a byte at a time. */
IN_PLACE_OF(ssize_t, getrandom, (void *bytes, size_t len, unsigned flags))
{
	if (!fails(FAILING_getrandom))
		return __real_getrandom(bytes, len, flags);
	return armed.error != 0 ? -1 : __real_getrandom(bytes, 1, flags);
}

FAILS(int, getsockname, (int fd, struct sockaddr *to, socklen_t *len),
    (fd, to, len), -1)
FAILS(int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len), -1)
FAILS(void *, mmap,
    (void *at, size_t len, int protection, int flags, int fd, off_t offset),
    (at, len, protection, flags, fd, offset), MAP_FAILED)
FAILS(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
    (fd, message, flags), -1)
FAILS(int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len), -1)
FAILS(int, socket, (int domain, int type, int protocol),
    (domain, type, protocol), -1)
FAILS(int, sigpending, (sigset_t * set), (set), -1)
FAILS(int, sigtimedwait,
    (const sigset_t *set, siginfo_t *info, const struct timespec *timeout),
    (set, info, timeout), -1)
FAILS(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len),
    -1)
FAILS(ssize_t, writev, (int fd, const struct iovec *parts, int count),
    (fd, parts, count), -1)

int __real_fcntl(int fd, int what, ...);
int __wrap_fcntl(int fd, int what, ...);

int
__wrap_fcntl(int fd, int what, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, what);
	argument = va_arg(arguments, long);
	va_end(arguments);
	return fails(FAILING_fcntl) ? -1 : __real_fcntl(fd, what, argument);
}

/* ---- threads ---- */

#define MADE(name, parameters, arguments)                                      \
	IN_PLACE_OF(int, name, parameters)                                     \
	{                                                                      \
		int error = fails(FAILING_##name) ? armed.error                \
						  : __real_##name arguments;   \
                                                                               \
		made += error == 0;                                            \
		return error;                                                  \
	}

#define GIVEN_BACK(name, parameters, arguments)                                \
	IN_PLACE_OF(int, name, parameters)                                     \
	{                                                                      \
		made--;                                                        \
		return __real_##name arguments;                                \
	}

MADE(pthread_condattr_init, (pthread_condattr_t * attributes), (attributes))
GIVEN_BACK(
    pthread_condattr_destroy, (pthread_condattr_t * attributes), (attributes))
MADE(pthread_cond_init,
    (pthread_cond_t * condition, const pthread_condattr_t *attributes),
    (condition, attributes))
GIVEN_BACK(pthread_cond_destroy, (pthread_cond_t * condition), (condition))
MADE(pthread_mutex_init,
    (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes),
    (mutex, attributes))
GIVEN_BACK(pthread_mutex_destroy, (pthread_mutex_t * mutex), (mutex))
