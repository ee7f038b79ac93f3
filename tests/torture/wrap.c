/*
 * Stands in for the system: each `__wrap_x` is called in place of x by the
 * library, libev and this program, asks whether to fail, and otherwise calls
 * the real one. Here: descriptors, bytes, pages, signals. Knows which call it
 * is and nothing of who needs it.
 */
#include "wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

int
wrap_fail(enum wrap_kind kind, enum wrap_way way)
{
	errno = wrap_error(kind, way);
	return -1;
}

/* ---- descriptors ---- */

/* PLAIN(name, (parameters), (arguments)): 0 or -1, and nothing between. */
#define PLAIN(name, parameters, arguments)                                     \
	REAL(int, name, parameters);                                           \
	int __wrap_##name parameters                                           \
	{                                                                      \
		enum wrap_way way = wrap_point(WRAP_##name);                   \
                                                                               \
		return way != WRAP_PASS ? wrap_fail(WRAP_##name, way)          \
					: __real_##name arguments;             \
	}

PLAIN(socket, (int domain, int type, int protocol), (domain, type, protocol))
PLAIN(bind, (int fd, const struct sockaddr *to, socklen_t len), (fd, to, len))
PLAIN(setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    (fd, level, name, value, len))
PLAIN(getsockopt, (int fd, int level, int name, void *value, socklen_t *len),
    (fd, level, name, value, len))
PLAIN(getpeername, (int fd, struct sockaddr *to, socklen_t *len), (fd, to, len))
PLAIN(getsockname, (int fd, struct sockaddr *to, socklen_t *len), (fd, to, len))
PLAIN(shutdown, (int fd, int how), (fd, how))
PLAIN(eventfd, (unsigned count, int flags), (count, flags))
PLAIN(stat, (const char *path, struct stat *found), (path, found))
PLAIN(epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event),
    (epoll, what, fd, event))

REAL(int, connect, (int fd, const struct sockaddr *to, socklen_t len));

/* A signal does not stop the kernel from connecting on. */
int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	enum wrap_way way = wrap_point(WRAP_connect);

	if (way == WRAP_INTERRUPT)
		__real_connect(fd, to, len);
	return way != WRAP_PASS ? wrap_fail(WRAP_connect, way)
				: __real_connect(fd, to, len);
}

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
	if (wrap_point(WRAP_fcntl) != WRAP_PASS)
		return wrap_fail(WRAP_fcntl, WRAP_FAIL);
	return __real_fcntl(fd, what, argument);
}

REAL(int, close, (int fd));

/* Closed it is, whatever it says. */
int
__wrap_close(int fd)
{
	enum wrap_way way = wrap_point(WRAP_close);
	int result = __real_close(fd);

	if (result != 0 && errno == EBADF && fault_is_armed())
		fault_violation("descriptor %d is closed twice", fd);
	return way != WRAP_PASS ? wrap_fail(WRAP_close, way) : result;
}

/* ---- bytes ---- */

static atomic_uint shorts;

/* One byte for a while, then enough for large answers to come to an end. */
static size_t
less(size_t len)
{
	size_t some = atomic_fetch_add(&shorts, 1) < 64 ? 1 : 8191;

	return some < len ? some : len;
}

void
wrap_reset_bytes(void)
{
	atomic_store(&shorts, 0);
}

REAL(ssize_t, read, (int fd, void *bytes, size_t len));

ssize_t
__wrap_read(int fd, void *bytes, size_t len)
{
	enum wrap_way way = wrap_point(WRAP_read);

	if (way == WRAP_DO_LESS && len > sizeof(uint64_t))
		return __real_read(fd, bytes, less(len));
	if (way != WRAP_PASS && way != WRAP_DO_LESS)
		return wrap_fail(WRAP_read, way);
	return __real_read(fd, bytes, len);
}

REAL(ssize_t, write, (int fd, const void *bytes, size_t len));

/* What a thread is woken by that may wait for ever: nobody writes to an eventfd in
 * vain but when it is readable, whatever is said of it. */
static void
ring_all_the_same(int fd, const void *bytes, size_t len, enum wrap_way way)
{
	if (len == sizeof(uint64_t) && way != WRAP_INTERRUPT)
		(void)!__real_write(fd, bytes, len);
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	enum wrap_way way = wrap_point(WRAP_write);

	if (way == WRAP_PASS)
		return __real_write(fd, bytes, len);
	if (fault_threads() > 0)
		ring_all_the_same(fd, bytes, len, way);
	return wrap_fail(WRAP_write, way);
}

/* The first part that has bytes, and less of it. */
static struct iovec
less_of(const struct iovec *parts, size_t count)
{
	struct iovec part = { NULL, 0 };

	for (size_t i = 0; i < count && part.iov_len == 0; i++)
		part = parts[i];
	part.iov_len = less(part.iov_len);
	return part;
}

REAL(ssize_t, writev, (int fd, const struct iovec *parts, int count));

ssize_t
__wrap_writev(int fd, const struct iovec *parts, int count)
{
	enum wrap_way way = wrap_point(WRAP_writev);
	struct iovec part;

	if (way == WRAP_PASS)
		return __real_writev(fd, parts, count);
	if (way != WRAP_DO_LESS)
		return wrap_fail(WRAP_writev, way);
	part = less_of(parts, (size_t)count);
	return __real_writev(fd, &part, 1);
}

REAL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags));

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	enum wrap_way way = wrap_point(WRAP_sendmsg);
	struct msghdr smaller = *message;
	struct iovec part;

	if (way == WRAP_PASS)
		return __real_sendmsg(fd, message, flags);
	if (way != WRAP_DO_LESS)
		return wrap_fail(WRAP_sendmsg, way);
	part = less_of(message->msg_iov, message->msg_iovlen);
	smaller.msg_iov = &part;
	smaller.msg_iovlen = 1;
	return __real_sendmsg(fd, &smaller, flags);
}

REAL(ssize_t, getrandom, (void *bytes, size_t len, unsigned flags));

ssize_t
__wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
	enum wrap_way way = wrap_point(WRAP_getrandom);

	if (way == WRAP_DO_LESS)
		return __real_getrandom(bytes, less(len), flags);
	return way != WRAP_PASS ? wrap_fail(WRAP_getrandom, way)
				: __real_getrandom(bytes, len, flags);
}

/* ---- pages ---- */

REAL(void *, mmap,
    (void *at, size_t len, int protection, int flags, int fd, off_t offset));
REAL(int, munmap, (void *at, size_t len));
PLAIN(madvise, (void *at, size_t len, int advice), (at, len, advice))

void *
__wrap_mmap(
    void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	if (wrap_point(WRAP_mmap) != WRAP_PASS) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	wrap_live(1);
	return __real_mmap(at, len, protection, flags, fd, offset);
}

int
__wrap_munmap(void *at, size_t len)
{
	wrap_live(-1);
	return __real_munmap(at, len);
}

/* ---- signals ---- */

PLAIN(sigpending, (sigset_t * set), (set))

REAL(int, sigtimedwait,
    (const sigset_t *set, siginfo_t *info, const struct timespec *timeout));

int
__wrap_sigtimedwait(
    const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	enum wrap_way way = wrap_point(WRAP_sigtimedwait);

	return way != WRAP_PASS ? wrap_fail(WRAP_sigtimedwait, way)
				: __real_sigtimedwait(set, info, timeout);
}
