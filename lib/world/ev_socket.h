/*
 * The system calls on descriptors. Results are those of struct stay_world_ops:
 * a number of bytes, 0 or a negative errno.
 */
#ifndef STAY__EV_SOCKET_H
#define STAY__EV_SOCKET_H

#include <errno.h>
#include <unistd.h>

#include <stay/world.h>

int stay__socket_connect(const struct stay_address *to,
    const struct stay_socket_options *options, int *fd);
int stay__socket_finish(int fd);
int stay__socket_adopt(int fd);
static inline ssize_t
stay__socket_read(int fd, void *bytes, size_t len)
{
	ssize_t got;

	do
		got = read(fd, bytes, len);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}
ssize_t stay__socket_write(int fd, const struct iovec *parts, int count);
int stay__socket_shutdown(int fd);
int stay__socket_keep_alive(int fd, const struct stay_socket_options *options);

/* A descriptor that stay__wake makes readable, until stay__wake_clear; or a negative
 * errno. Any thread may call stay__wake. The caller closes the descriptor. */
int stay__wake_open(void);
void stay__wake(int fd);
void stay__wake_clear(int fd);

#endif
