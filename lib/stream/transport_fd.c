/*
 * The transport fd: descriptors that are connected already, fd:N or fd:R,W.
 * Once the stream is open it owns them. This file does not know what they are
 * connected to.
 */
#include <errno.h>

#include "stream/builtin.h"

struct pair {
	int read_fd;
	int write_fd;
};

/* The number at *text, which moves behind it; -1: there is none. */
static int
number_at(const char **text)
{
	const char *at = *text;
	int number = 0;

	for (; *at >= '0' && *at <= '9' && number < 10000000; at++)
		number = number * 10 + (*at - '0');
	if (at == *text)
		return -1;
	*text = at;
	return number;
}

static int
parse(struct pair *pair, const char *text)
{
	pair->read_fd = pair->write_fd = number_at(&text);
	if (pair->read_fd >= 0 && *text == ',') {
		text++;
		pair->write_fd = number_at(&text);
	}
	if (pair->read_fd < 0 || pair->write_fd < 0 || *text != '\0')
		return -EINVAL;
	return 0;
}

static int
adopt(struct stay_world *world, const struct pair *pair)
{
	int result;

	if (world->ops->adopt == NULL)
		return 0;
	result = world->ops->adopt(world, pair->read_fd);
	if (result == 0 && pair->write_fd != pair->read_fd)
		result = world->ops->adopt(world, pair->write_fd);
	return result;
}

static int
open_fd(void *state, struct stay_world *world, const struct stay_target *target,
    const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	struct pair *pair = state;
	int result = parse(pair, target->path);

	(void)address;
	(void)options;
	if (result == 0)
		result = adopt(world, pair);
	fds[0] = pair->read_fd;
	fds[1] = pair->write_fd;
	return result;
}

static ssize_t
read_fd(void *state, struct stay_world *world, void *bytes, size_t len)
{
	struct pair *pair = state;

	return world->ops->read(world, pair->read_fd, bytes, len);
}

static ssize_t
write_fd(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	struct pair *pair = state;

	return world->ops->write(world, pair->write_fd, parts, count);
}

/* Of two pipes the one for writing is closed. */
static int
shut_fd(void *state, struct stay_world *world)
{
	struct pair *pair = state;
	int result = -EOPNOTSUPP;

	if (world->ops->shutdown != NULL)
		result = world->ops->shutdown(world, pair->write_fd);
	if (result != -ENOTSOCK || pair->write_fd == pair->read_fd)
		return result;
	world->ops->close(world, pair->write_fd);
	pair->write_fd = pair->read_fd;
	return 0;
}

static void
close_fd(void *state, struct stay_world *world)
{
	struct pair *pair = state;

	world->ops->close(world, pair->read_fd);
	if (pair->write_fd != pair->read_fd)
		world->ops->close(world, pair->write_fd);
}

const struct stay_transport stay__transport_fd = {
	STAY_TRANSPORT,
	.scheme = "fd",
	.state_size = sizeof(struct pair),
	.open = open_fd,
	.read = read_fd,
	.write = write_fd,
	.close = close_fd,
	.shutdown = shut_fd,
};
