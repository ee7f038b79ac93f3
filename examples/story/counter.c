/*
 * Counts what a step asks of the system, and what it copies. The linker puts these
 * functions between the program and the C library (--wrap, see the Makefile), also for
 * libstay and libev, which are linked statically.
 *
 * So it sees each system call that is a function of the C library. A lock that has to
 * wait is none: of pthreads, a wait for a condition and a wake-up count as one each. And
 * it sees copies by memcpy and memmove; the compiler makes those of a few bytes by itself.
 */
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "story.h"

/* A thread has a place of its own, so that counting makes nobody wait. */
#define PLACES 64

static struct place {
	_Alignas(64) atomic_uint_fast64_t system_calls;
	atomic_uint_fast64_t copied, wire;
} places[PLACES];

static atomic_uint threads;
static _Thread_local unsigned own; /* the place, counted from 1; 0: none yet */

static atomic_uint_fast64_t opened;
static atomic_int_fast64_t open_now, most_open;
static atomic_bool is_socket[1024];

static struct place *
place(void)
{
	if (own == 0)
		own = atomic_fetch_add(&threads, 1) % PLACES + 1;
	return &places[own - 1];
}

static void
add(atomic_uint_fast64_t *count, uint64_t more)
{
	atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

static void
note_call(void)
{
	add(&place()->system_calls, 1);
}

static ssize_t
note_bytes(ssize_t len)
{
	if (len > 0)
		add(&place()->wire, (uint64_t)len);
	return len;
}

static void
note_socket(int fd, bool opens)
{
	if (fd < 0 || fd >= 1024 ||
	    atomic_exchange(&is_socket[fd], opens) == opens)
		return;
	atomic_fetch_add(&open_now, opens ? 1 : -1);
	if (!opens)
		return;
	atomic_fetch_add(&opened, 1);
	if (open_now > most_open)
		most_open = open_now;
}

/* ---- in the place of the C library ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
#define COUNTED(type, name, parameters, arguments)                             \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		note_call();                                                   \
		return __real_##name arguments;                                \
	}

#define MOVING(name, parameters, arguments)                                    \
	ssize_t __real_##name parameters;                                      \
	ssize_t __wrap_##name parameters;                                      \
	ssize_t __wrap_##name parameters                                       \
	{                                                                      \
		note_call();                                                   \
		return note_bytes(__real_##name arguments);                    \
	}

#define COPYING(name)                                                          \
	void *__real_##name(void *to, const void *from, size_t len);           \
	void *__wrap_##name(void *to, const void *from, size_t len);           \
	void *__wrap_##name(void *to, const void *from, size_t len)            \
	{                                                                      \
		add(&place()->copied, len);                                    \
		return __real_##name(to, from, len);                           \
	}

COPYING(memcpy)
COPYING(memmove)

MOVING(read, (int fd, void *bytes, size_t len), (fd, bytes, len))
MOVING(write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
MOVING(
    recv, (int fd, void *bytes, size_t len, int flags), (fd, bytes, len, flags))
MOVING(send, (int fd, const void *bytes, size_t len, int flags),
    (fd, bytes, len, flags))
MOVING(
    writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
MOVING(sendmsg, (int fd, const struct msghdr *message, int flags),
    (fd, message, flags))

COUNTED(int, bind, (int fd, const struct sockaddr *to, socklen_t len),
    (fd, to, len))
COUNTED(int, connect, (int fd, const struct sockaddr *to, socklen_t len),
    (fd, to, len))
COUNTED(int, shutdown, (int fd, int how), (fd, how))
COUNTED(int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len))
COUNTED(int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len))
COUNTED(int, getpeername, (int fd, struct sockaddr *at, socklen_t *len),
    (fd, at, len))
COUNTED(int, getsockname, (int fd, struct sockaddr *at, socklen_t *len),
    (fd, at, len))
COUNTED(int, eventfd, (unsigned value, int flags), (value, flags))
COUNTED(
    int, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms))
COUNTED(int, epoll_create1, (int flags), (flags))
COUNTED(int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *of),
    (epoll, what, fd, of))
COUNTED(int, epoll_wait,
    (int epoll, struct epoll_event *events, int count, int ms),
    (epoll, events, count, ms))
COUNTED(int, pthread_cond_signal, (pthread_cond_t * cond), (cond))
COUNTED(int, pthread_cond_broadcast, (pthread_cond_t * cond), (cond))
COUNTED(int, pthread_cond_wait, (pthread_cond_t * cond, pthread_mutex_t *lock),
    (cond, lock))
COUNTED(int, pthread_cond_timedwait,
    (pthread_cond_t * cond, pthread_mutex_t *lock, const struct timespec *end),
    (cond, lock, end))

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);

int
__wrap_socket(int domain, int type, int protocol)
{
	int fd = __real_socket(domain, type, protocol);

	note_call();
	note_socket(fd, true);
	return fd;
}

int
__wrap_close(int fd)
{
	note_call();
	note_socket(fd, false);
	return __real_close(fd);
}

int
__wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	long value;

	va_start(arguments, command);
	value = va_arg(arguments, long);
	va_end(arguments);
	note_call();
	return __real_fcntl(fd, command, value);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* ---- what it came to ---- */

static struct story_counts at_begin;

static void
sum(struct story_counts *counts)
{
	*counts = (struct story_counts){ .sockets = opened,
		.most_sockets = (uint64_t)most_open };
	for (int i = 0; i < PLACES; i++) {
		counts->system_calls += places[i].system_calls;
		counts->copied_bytes += places[i].copied;
		counts->wire_bytes += places[i].wire;
	}
}

void
story_count_begin(void)
{
	sum(&at_begin);
	most_open = open_now;
}

void
story_count(struct story_counts *counts)
{
	sum(counts);
	counts->system_calls -= at_begin.system_calls;
	counts->copied_bytes -= at_begin.copied_bytes;
	counts->wire_bytes -= at_begin.wire_bytes;
	counts->sockets -= at_begin.sockets;
}
