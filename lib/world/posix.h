/*
 * The half of a world that is the system: clock, entropy, sockets, names, wake-ups,
 * and whose process this is. The other half waits. A world that begins with this one
 * puts these functions into its table.
 */
#ifndef STAY__POSIX_H
#define STAY__POSIX_H

#include <stay/world.h>

#include "world/ev_entropy.h"
#include "world/ev_process.h"

struct stay__lookups;

/* The world belongs to the process that made it: in a forked child every operation on a
 * descriptor or a name fails with -EPERM, but for closing. */
struct stay__posix {
	struct stay_world base;
	struct stay__lookups *lookups;
	struct stay__process process;
	int wake_fd; /* readable: stay__posix_woken is due */
};

/* False: no memory, or no descriptor. */
bool stay__posix_init(
    struct stay__posix *posix, const struct stay_world_ops *ops);
void stay__posix_fini(struct stay__posix *posix);

/* On the loop's thread, in the process that made it: hand out what has come. */
void stay__posix_woken(struct stay__posix *posix);

/* The operations. */
uint64_t stay__posix_now(struct stay_world *world);
void stay__posix_wake(struct stay_world *world);
bool stay__posix_forked(struct stay_world *world);
int stay__posix_connect(struct stay_world *world, const struct stay_address *to,
    const struct stay_socket_options *options, int *fd);
int stay__posix_finish(struct stay_world *world, int fd);
int stay__posix_adopt(struct stay_world *world, int fd);
ssize_t stay__posix_read(
    struct stay_world *world, int fd, void *bytes, size_t len);
ssize_t stay__posix_write(
    struct stay_world *world, int fd, const struct iovec *parts, int count);
int stay__posix_shutdown(struct stay_world *world, int fd);
int stay__posix_keep_alive(struct stay_world *world, int fd,
    const struct stay_socket_options *options);
void stay__posix_close(struct stay_world *world, int fd);
int stay__posix_lookup(struct stay_world *world, struct stay_lookup *lookup);
void stay__posix_lookup_cancel(
    struct stay_world *world, struct stay_lookup *lookup);

/* Those that every world takes as they are. */
#define STAY__POSIX_OPS                                                        \
	.now = stay__posix_now, .entropy = stay__ev_entropy,                   \
	.wake = stay__posix_wake, .connect = stay__posix_connect,              \
	.adopt = stay__posix_adopt, .close = stay__posix_close,                \
	.lookup = stay__posix_lookup,                                          \
	.lookup_cancel = stay__posix_lookup_cancel,                            \
	.forked = stay__posix_forked, .keep_alive = stay__posix_keep_alive

#endif
