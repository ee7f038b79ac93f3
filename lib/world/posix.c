/*
 * The operations of a world that ask the system, and refuse a forked child. This file
 * does not know who waits.
 */
#include "world/posix.h"

#include <errno.h>
#include <unistd.h>

#include "base/list.h"
#include "world/ev_clock.h"
#include "world/ev_resolve.h"
#include "world/ev_socket.h"

static struct stay__posix *
of(struct stay_world *world)
{
	return STAY__CONTAINER(world, struct stay__posix, base);
}

/* ---- beginning and end ---- */

bool
stay__posix_init(struct stay__posix *posix, const struct stay_world_ops *ops)
{
	posix->base.ops = ops;
	posix->wake_fd = stay__wake_open();
	if (posix->wake_fd < 0)
		return false;
	posix->lookups = stay__lookups_new(posix->wake_fd);
	if (posix->lookups == NULL) {
		close(posix->wake_fd);
		return false;
	}
	stay__process_init(&posix->process);
	return true;
}

/* In a forked child a thread that the child lacks may hold the lock of the lookups. */
void
stay__posix_fini(struct stay__posix *posix)
{
	if (stay__process_is_ours(&posix->process))
		stay__lookups_free(posix->lookups);
	close(posix->wake_fd);
	stay__process_fini(&posix->process);
}

/* ---- time and threads ---- */

uint64_t
stay__posix_now(struct stay_world *world)
{
	(void)world;
	return stay__clock_ns(CLOCK_MONOTONIC);
}

/* In a forked child the descriptor is the parent's. */
void
stay__posix_wake(struct stay_world *world)
{
	if (stay__process_is_ours(&of(world)->process))
		stay__wake(of(world)->wake_fd);
}

void
stay__posix_woken(struct stay__posix *posix)
{
	stay__wake_clear(posix->wake_fd);
	stay__lookups_deliver(posix->lookups);
}

/* ---- whose process ---- */

bool
stay__posix_forked(struct stay_world *world)
{
	return !stay__process_is_ours(&of(world)->process);
}

/* 0, or the negative errno with which a forked child is refused. */
static int
denial(struct stay_world *world)
{
	return stay__posix_forked(world) ? -EPERM : 0;
}

/* ---- descriptors ---- */

int
stay__posix_connect(struct stay_world *world, const struct stay_address *to,
    const struct stay_socket_options *options, int *fd)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_connect(to, options, fd);
}

int
stay__posix_finish(struct stay_world *world, int fd)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_finish(fd);
}

int
stay__posix_adopt(struct stay_world *world, int fd)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_adopt(fd);
}

ssize_t
stay__posix_read(struct stay_world *world, int fd, void *bytes, size_t len)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_read(fd, bytes, len);
}

ssize_t
stay__posix_write(
    struct stay_world *world, int fd, const struct iovec *parts, int count)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_write(fd, parts, count);
}

/* In a forked child it would end the parent's stream. */
int
stay__posix_shutdown(struct stay_world *world, int fd)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_shutdown(fd);
}

int
stay__posix_keep_alive(
    struct stay_world *world, int fd, const struct stay_socket_options *options)
{
	int error = denial(world);

	return error != 0 ? error : stay__socket_keep_alive(fd, options);
}

/* Works in a forked child, too: the parent's descriptor stays open, and the peer
 * notices nothing. */
void
stay__posix_close(struct stay_world *world, int fd)
{
	(void)world;
	close(fd);
}

/* ---- names ---- */

int
stay__posix_lookup(struct stay_world *world, struct stay_lookup *lookup)
{
	int error = denial(world);

	return error != 0 ? error
			  : stay__lookups_start(of(world)->lookups, lookup);
}

void
stay__posix_lookup_cancel(struct stay_world *world, struct stay_lookup *lookup)
{
	if (denial(world) == 0)
		stay__lookups_cancel(of(world)->lookups, lookup);
}
