/* A world of the public kind, as small as it can be. */
#include "memory_world.h"

#include <errno.h>
#include <string.h>

#include <stay/loop.h>

/* Any number that no real descriptor has. */
#define THE_FD 1000000

struct memory {
	struct stay_world base;
	struct stay_loop *loop;
	struct stay_watch *watch; /* NULL: the library waits for nothing */
	const struct memory_peer *peer;
	struct memory_counts counts;
	bool again;
};

static struct memory the_world;

static struct memory *
memory_of(struct stay_world *world)
{
	return (struct memory *)(void *)world;
}

/* ---- who says nothing ---- */

static bool
has_nothing(void *arg)
{
	(void)arg;
	return false;
}

static size_t
give_nothing(void *arg, void *to, size_t room)
{
	(void)arg;
	(void)to;
	(void)room;
	return 0;
}

static void
take_all(void *arg, const struct iovec *parts, int count)
{
	(void)arg;
	(void)parts;
	(void)count;
}

static const struct memory_peer nobody = { NULL, has_nothing, give_nothing,
	take_all };

/* ---- the operations ---- */

static void
attach(struct stay_world *world, struct stay_loop *loop)
{
	memory_of(world)->loop = loop;
}

static void
forget(struct stay_world *world)
{
	memory_of(world)->loop = NULL;
}

static uint64_t
now(struct stay_world *world)
{
	(void)world;
	return 1000000000;
}

static void
entropy(struct stay_world *world, void *bytes, size_t len)
{
	(void)world;
	memset(bytes, 1, len);
}

static void
timer(struct stay_world *world, uint64_t at_ns)
{
	(void)world;
	(void)at_ns;
}

static void
again(struct stay_world *world)
{
	memory_of(world)->again = true;
}

static void
hold(struct stay_world *world, bool alive)
{
	(void)world;
	(void)alive;
}

static int
connect_to(struct stay_world *world, const struct stay_address *to,
    const struct stay_socket_options *options, int *fd)
{
	(void)world;
	(void)to;
	(void)options;
	*fd = THE_FD;
	return 0;
}

static int
finish(struct stay_world *world, int fd)
{
	(void)world;
	(void)fd;
	return 0;
}

static ssize_t
read_bytes(struct stay_world *world, int fd, void *bytes, size_t len)
{
	struct memory *memory = memory_of(world);
	const struct memory_peer *peer = memory->peer;

	(void)fd;
	memory->counts.reads++;
	if (!peer->has(peer->arg))
		return -EAGAIN;
	return (ssize_t)peer->give(peer->arg, bytes, len);
}

static ssize_t
write_bytes(
    struct stay_world *world, int fd, const struct iovec *parts, int count)
{
	struct memory *memory = memory_of(world);
	size_t len = 0;

	(void)fd;
	memory->counts.writes++;
	memory->peer->take(memory->peer->arg, parts, count);
	for (int i = 0; i < count; i++)
		len += parts[i].iov_len;
	return (ssize_t)len;
}

static void
close_fd(struct stay_world *world, int fd)
{
	(void)world;
	(void)fd;
}

static int
watch_fd(struct stay_world *world, struct stay_watch *watch, unsigned interest)
{
	struct memory *memory = memory_of(world);

	memory->counts.watches++;
	memory->watch = interest == 0 ? NULL : watch;
	watch->interest = interest;
	return 0;
}

/* There are no names here. */
static int
refuse_name(struct stay_world *world, struct stay_lookup *name)
{
	(void)world;
	(void)name;
	return -ENOSYS;
}

static void
cancel_name(struct stay_world *world, struct stay_lookup *name)
{
	(void)world;
	(void)name;
}

static void
run(struct stay_world *world)
{
	(void)memory_world_wait(world);
}

static const struct stay_world_ops ops = {
	STAY_WORLD_OPS,
	.attach = attach,
	.free = forget,
	.now = now,
	.entropy = entropy,
	.timer = timer,
	.again = again,
	.hold = hold,
	.wake = again,
	.run = run,
	.connect = connect_to,
	.finish = finish,
	.read = read_bytes,
	.write = write_bytes,
	.close = close_fd,
	.watch = watch_fd,
	.lookup = refuse_name,
	.lookup_cancel = cancel_name,
};

struct stay_world *
memory_world_new(void)
{
	the_world = (struct memory){ .base = { &ops }, .peer = &nobody };
	return &the_world.base;
}

/* ---- for the test ---- */

void
memory_world_peer(struct stay_world *world, const struct memory_peer *peer)
{
	memory_of(world)->peer = peer == NULL ? &nobody : peer;
}

static unsigned
readiness(const struct memory *memory)
{
	unsigned events = memory->watch == NULL ? 0 : memory->watch->interest;

	if (!memory->peer->has(memory->peer->arg))
		events &= STAY_WRITE;
	return events;
}

bool
memory_world_wait(struct stay_world *world)
{
	struct memory *memory = memory_of(world);
	unsigned events = readiness(memory);

	if (events == 0 && !memory->again)
		return false;
	memory->counts.waits++;
	memory->again = false;
	if (events != 0)
		memory->watch->ready(memory->watch, events);
	stay_loop_turn(memory->loop);
	return true;
}

void
memory_world_settle(struct stay_world *world)
{
	stay_loop_turn(memory_of(world)->loop);
	while (memory_world_wait(world))
		continue;
}

struct memory_counts
memory_world_counts(struct stay_world *world)
{
	return memory_of(world)->counts;
}
