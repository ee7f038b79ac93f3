/*
 * The transports tcp and unix: one socket of the world. They differ in where
 * the address comes from.
 */
#include <errno.h>

#include "base/address.h"
#include "stream/builtin.h"

struct socket_state {
	int fd;
};

static int
connect_to(struct socket_state *sock, struct stay_world *world,
    const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	int result = world->ops->connect(world, address, options, &sock->fd);

	fds[0] = fds[1] = sock->fd;
	return result;
}

static int
open_tcp(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	(void)target;
	if (address == NULL)
		return -EINVAL;
	return connect_to(state, world, address, options, fds);
}

static int
open_unix(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	struct stay_socket_options local = { 0 };
	struct stay_address path;

	(void)address;
	(void)options; /* all of them are of the internet */
	if (!stay__address_of_path(&path, target->path))
		return -ENAMETOOLONG;
	return connect_to(state, world, &path, &local, fds);
}

static int
finish_socket(void *state, struct stay_world *world)
{
	struct socket_state *sock = state;

	return world->ops->finish(world, sock->fd);
}

static ssize_t
read_socket(void *state, struct stay_world *world, void *bytes, size_t len)
{
	struct socket_state *sock = state;

	return world->ops->read(world, sock->fd, bytes, len);
}

static ssize_t
write_socket(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	struct socket_state *sock = state;

	return world->ops->write(world, sock->fd, parts, count);
}

static int
shut_socket(void *state, struct stay_world *world)
{
	struct socket_state *sock = state;

	if (world->ops->shutdown == NULL)
		return -EOPNOTSUPP;
	return world->ops->shutdown(world, sock->fd);
}

static int
keep_socket_alive(void *state, struct stay_world *world,
    const struct stay_socket_options *options)
{
	struct socket_state *sock = state;

	if (world->ops->keep_alive == NULL)
		return 0; /* since the dial */
	return world->ops->keep_alive(world, sock->fd, options);
}

static void
close_socket(void *state, struct stay_world *world)
{
	struct socket_state *sock = state;

	world->ops->close(world, sock->fd);
}

const struct stay_transport stay__transport_tcp = {
	STAY_TRANSPORT,
	.scheme = "tcp",
	.state_size = sizeof(struct socket_state),
	.open = open_tcp,
	.finish = finish_socket,
	.read = read_socket,
	.write = write_socket,
	.close = close_socket,
	.shutdown = shut_socket,
	.keep_alive = keep_socket_alive,
};

const struct stay_transport stay__transport_unix = {
	STAY_TRANSPORT,
	.scheme = "unix",
	.state_size = sizeof(struct socket_state),
	.open = open_unix,
	.finish = finish_socket,
	.read = read_socket,
	.write = write_socket,
	.close = close_socket,
	.shutdown = shut_socket,
};
