/*
 * The start function of the planted adapter, and what can be wrong in one: a backoff
 * of its own, and a transport of its own, which says goodbye where it must not.
 */
#include <stay/transport.h>

#include "planted.h"

/* ---- the transport ---- */

static int
open_end(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	int *fd = state;
	int result = world->ops->connect(world, address, options, fd);

	(void)target;
	fds[0] = fds[1] = *fd;
	return result;
}

static int
finish(void *state, struct stay_world *world)
{
	return world->ops->finish(world, *(int *)state);
}

static ssize_t
read_some(void *state, struct stay_world *world, void *bytes, size_t len)
{
	return world->ops->read(world, *(int *)state, bytes, len);
}

static ssize_t
write_some(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	return world->ops->write(world, *(int *)state, parts, count);
}

static void
close_end(void *state, struct stay_world *world)
{
	static char goodbye[] = "BYE\n";
	const struct iovec part = { goodbye, sizeof(goodbye) - 1 };

	(void)write_some(state, world, &part, 1);
	world->ops->close(world, *(int *)state);
}

static const struct stay_transport polite = { STAY_TRANSPORT,
	.scheme = "polite", .state_size = sizeof(int), .open = open_end,
	.finish = finish, .read = read_some, .write = write_some,
	.close = close_end };

/* ---- starting ---- */

enum stay_status
planted_start(void *arg, struct stay_client **client, struct stay_loop *loop,
    const char *url, const struct stay_client_options *options)
{
	struct stay_client_options own = *options;
	enum stay_status status = STAY_OK;

	(void)arg;
	if (planted == HAS_NO_JITTER)
		own.backoff.jitter = STAY_JITTER_NONE;
	if (planted == SAYS_GOODBYE) {
		status = stay_loop_add_transport(loop, &polite);
		url = "polite://peer:7777";
	}
	if (status != STAY_OK)
		return status;
	return stay_client_start(client, loop, &planted_protocol, url, &own);
}
