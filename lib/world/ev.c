/*
 * The world on libev: one timer, a check watcher that runs the loop's turn behind
 * every wait, a prepare watcher that runs one before it if there is something to do,
 * and one descriptor by which other threads wake it. None of these keeps ev_run from
 * returning: only unfinished work does, and the operation `hold`. This file knows
 * nothing of connections.
 */
#include "world/ev.h"

#include <errno.h>

#include <stay/loop.h>

#include "base/list.h"
#include "base/mem.h"
#include "world/ev_room.h"
#include "world/posix.h"

#define NEVER UINT64_MAX

/* After so long a timer that ended inside of a callback ends again. */
#define BUSY_NS UINT64_C(20000000)

/* The shortest wait that libev does not round to none, and a wait without end. */
#define SOONEST_S 1e-9
#define NEVER_S   1e9

/* What is in the world's space of a watch; io.data is the world. */
struct watcher {
	ev_io io;
	struct watcher
	    *refused; /* the next that was refused; itself: was not */
};

_Static_assert(
    sizeof(struct watcher) <= sizeof(((struct stay_watch *)NULL)->world),
    "a watcher must fit into the world's space of a watch");

struct world_ev {
	struct stay__posix posix;
	struct ev_loop *ev;
	struct ev_loop *own; /* the same; NULL: it is the program's */
	struct stay_loop *loop;
	ev_timer timer;
	ev_prepare prepare;
	ev_check check;
	ev_fork fork;
	ev_io wake;
	struct stay__room room;
	struct watcher *refused; /* the last that the kernel has refused */
	uint64_t at;             /* when the loop wants its turn */
	uint64_t armed;          /* when `timer` ends: at `at`, or earlier */
	bool held;
	bool busy;     /* the loop has work left */
	bool waited;   /* since it was set: libev has waited, or looked */
	bool orphaned; /* the loop knows that it is in a forked child */
};

static struct world_ev *
of(struct stay_world *world)
{
	return STAY__CONTAINER(world, struct world_ev, posix.base);
}

/* ---- woken by other threads ---- */

/* If the kernel has refused to watch the descriptor, try again before every wait. It
 * is set anew: libev asks the kernel for nothing that it has asked for already. */
static void
wake_start(struct world_ev *world)
{
	if (world->orphaned || ev_is_active(&world->wake))
		return;
	ev_io_set(&world->wake, world->posix.wake_fd, EV_READ);
	ev_io_start(world->ev, &world->wake);
	ev_unref(world->ev);
}

static void
wake_stop(struct world_ev *world)
{
	if (!ev_is_active(&world->wake))
		return;
	ev_ref(world->ev);
	ev_io_stop(world->ev, &world->wake);
}

/* ---- whose process ---- */

/*
 * A forked child shares two things with its parent. A wake-up that the child reads
 * is lost to the parent; and the kernel's list of watched descriptors is one for
 * both, until libev makes its own. From here on the child leaves both alone.
 */
static void
look_for_fork(struct world_ev *world)
{
	if (world->orphaned || stay__process_is_ours(&world->posix.process))
		return;
	world->orphaned = true;
	ev_loop_fork(world->ev);
	wake_stop(world);
	stay_loop_orphan(world->loop);
}

static void
on_fork(struct ev_loop *ev, ev_fork *forked, int events)
{
	(void)ev;
	(void)events;
	look_for_fork(forked->data);
}

/* ---- time ---- */

/*
 * The timer always runs and always repeats, so that libev keeps its place. A stopped
 * timer might need memory to be started again.
 */
static void
timer_arm(struct world_ev *world, uint64_t at)
{
	uint64_t now = stay__posix_now(&world->posix.base);
	uint64_t in = at > now ? at - now : 0;

	world->timer.repeat =
	    at == NEVER ? NEVER_S : SOONEST_S + (ev_tstamp)in * 1e-9;
	ev_timer_again(world->ev, &world->timer);
	world->armed = at;
}

/* Set the timer into the past: libev does not wait at all then. */
static void
timer_expire(struct world_ev *world)
{
	ev_timer_stop(world->ev, &world->timer);
	ev_timer_set(&world->timer, -1., SOONEST_S);
	ev_timer_start(world->ev, &world->timer);
	world->armed = 0;
}

/*
 * With each call the next deadline mostly becomes later. The timer stays as it is
 * then: it wakes the loop once for nothing, and is set anew for the rest.
 */
static void
ev_world_timer(struct stay_world *base, uint64_t at_ns)
{
	struct world_ev *world = of(base);

	world->at = at_ns;
	if (at_ns < world->armed)
		timer_arm(world, at_ns);
}

/*
 * Timers of the loop are not fired here, but by its turn behind this wait. Inside of init,
 * which may run libev outside of a turn, there is none: the time is still to come then.
 */
static void
on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct world_ev *world = timer->data;
	uint64_t now = stay__posix_now(&world->posix.base);

	(void)ev;
	(void)events;
	if (stay_loop_is_busy(world->loop)) {
		timer_arm(world, now + BUSY_NS);
		return;
	}
	if (world->at <= now)
		world->at = NEVER;
	timer_arm(world, world->at);
}

/* ---- turns ---- */

static void
busy_set(struct world_ev *world, bool busy)
{
	if (busy == world->busy)
		return;
	world->busy = busy;
	if (busy)
		ev_ref(world->ev);
	else
		ev_unref(world->ev);
}

static void
ev_world_again(struct stay_world *base)
{
	struct world_ev *world = of(base);

	if (!world->busy)
		timer_expire(world);
	busy_set(world, true);
}

static void
on_prepare(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	struct world_ev *world = prepare->data;

	(void)ev;
	(void)events;
	busy_set(world, false);
	if (world->posix.process.mark != NULL)
		look_for_fork(world); /* reads one byte */
	wake_start(world);
	if (!stay_loop_is_idle(world->loop))
		stay_loop_turn(world->loop);
}

/* The events of a wait are handled before ev_run can return: a program may run it
 * with EVRUN_ONCE. */
static void
on_check(struct ev_loop *ev, ev_check *check, int events)
{
	struct world_ev *world = check->data;

	(void)ev;
	(void)events;
	world->waited = true;
	stay_loop_turn(world->loop);
}

/*
 * The turn after a wake-up needs no call here: on_prepare runs it. After an error
 * libev has stopped the watcher, and counts one watcher less that keeps it running.
 */
static void
on_wake(struct ev_loop *ev, ev_io *wake, int events)
{
	struct world_ev *world = wake->data;

	if (events & EV_ERROR)
		ev_ref(ev);
	look_for_fork(world);
	if (world->orphaned)
		return;
	stay__posix_woken(&world->posix);
}

static void
ev_world_hold(struct stay_world *base, bool alive)
{
	struct world_ev *world = of(base);

	if (alive == world->held)
		return;
	world->held = alive;
	if (alive)
		ev_ref(world->ev);
	else
		ev_unref(world->ev);
}

/*
 * With work left, or queued since the last turn, the loop does not wait: the caller may
 * be after what comes of that. on_check handles the events of the wait; one more turn
 * here would be a third before the next wait. But a watcher of the program may have ended
 * the run before it waited: time passes all the same.
 */
static void
ev_world_run(struct stay_world *base)
{
	struct world_ev *world = of(base);
	bool busy = world->busy || !stay_loop_is_idle(world->loop);

	world->waited = false;
	ev_run(world->ev, busy ? EVRUN_NOWAIT : EVRUN_ONCE);
	if (!world->waited)
		stay_loop_turn(world->loop);
}

/* ---- descriptors ---- */

/* 0, or the negative errno with which an operation on a refused descriptor fails. */
static int
refusal(struct stay_world *base, int fd)
{
	const struct watcher *refused = of(base)->refused;

	for (; refused != NULL; refused = refused->refused)
		if (refused->io.fd == fd)
			return -EIO;
	return 0;
}

static int
ev_world_finish(struct stay_world *world, int fd)
{
	int error = refusal(world, fd);

	return error != 0 ? error : stay__posix_finish(world, fd);
}

static ssize_t
ev_world_read(struct stay_world *world, int fd, void *bytes, size_t len)
{
	int error = refusal(world, fd);

	return error != 0 ? error : stay__posix_read(world, fd, bytes, len);
}

static ssize_t
ev_world_write(
    struct stay_world *world, int fd, const struct iovec *parts, int count)
{
	int error = refusal(world, fd);

	return error != 0 ? error : stay__posix_write(world, fd, parts, count);
}

static int
ev_world_shutdown(struct stay_world *world, int fd)
{
	int error = refusal(world, fd);

	return error != 0 ? error : stay__posix_shutdown(world, fd);
}

/* ---- readiness ---- */

static void
refuse(struct world_ev *world, struct watcher *watcher)
{
	if (watcher->refused != watcher)
		return;
	watcher->refused = world->refused;
	world->refused = watcher;
}

/* Kernels refuse few. */
static void
refuse_no_more(struct world_ev *world, struct watcher *watcher)
{
	struct watcher **at = &world->refused;

	if (watcher->refused == watcher)
		return;
	while (*at != watcher)
		at = &(*at)->refused;
	*at = watcher->refused;
}

/*
 * libev stops a watcher that the kernel refuses, and says so once. From then on
 * reading and writing fail; else the connection would wait for ever.
 */
static void
on_io(struct ev_loop *ev, ev_io *io, int events)
{
	struct watcher *watcher = STAY__CONTAINER(io, struct watcher, io);
	struct stay_watch *watch =
	    STAY__CONTAINER(watcher, struct stay_watch, world);
	unsigned ready = 0;

	(void)ev;
	if (events & EV_ERROR)
		refuse(io->data, watcher);
	if (events & EV_READ)
		ready |= STAY_READ;
	if (events & EV_WRITE)
		ready |= STAY_WRITE;
	ready &= watch->interest;
	if (ready != 0)
		watch->ready(watch, ready);
}

static int
ev_events(unsigned interest)
{
	return (interest & STAY_READ ? EV_READ : 0) |
	       (interest & STAY_WRITE ? EV_WRITE : 0);
}

static int
watcher_open(
    struct world_ev *world, struct watcher *watcher, struct stay_watch *watch)
{
	if (!stay__room_take(&world->room, watch->fd))
		return -ENOMEM;
	ev_io_init(&watcher->io, on_io, watch->fd, 0);
	watcher->io.data = world;
	watcher->refused = watcher;
	return 0;
}

static void
watcher_close(struct world_ev *world, struct watcher *watcher)
{
	refuse_no_more(world, watcher);
	stay__room_give(&world->room);
}

/* ev_io_stop also drops the events that libev has seen but not reported yet. */
static int
ev_world_watch(
    struct stay_world *base, struct stay_watch *watch, unsigned interest)
{
	struct world_ev *world = of(base);
	struct watcher *watcher = (struct watcher *)(void *)watch->world;
	int error = 0;

	if (interest == watch->interest)
		return 0;
	if (watch->interest == 0)
		error = watcher_open(world, watcher, watch);
	else
		ev_io_stop(world->ev, &watcher->io);
	if (error != 0)
		return error;
	ev_io_modify(&watcher->io, ev_events(interest));
	if (interest != 0)
		ev_io_start(world->ev, &watcher->io);
	else
		watcher_close(world, watcher);
	watch->interest = interest;
	return 0;
}

/* ---- beginning and end ---- */

/* world_init has made room for all these watchers; that of wake-ups starts before the
 * first wait. */
static void
ev_world_attach(struct stay_world *base, struct stay_loop *loop)
{
	struct world_ev *world = of(base);

	world->loop = loop;
	ev_prepare_start(world->ev, &world->prepare);
	ev_unref(world->ev);
	ev_check_start(world->ev, &world->check);
	ev_unref(world->ev);
	ev_fork_start(world->ev, &world->fork);
	ev_unref(world->ev);
	timer_arm(world, NEVER);
	ev_unref(world->ev);
}

static void
detach(struct world_ev *world)
{
	ev_ref(world->ev);
	ev_timer_stop(world->ev, &world->timer);
	wake_stop(world);
	ev_ref(world->ev);
	ev_prepare_stop(world->ev, &world->prepare);
	ev_ref(world->ev);
	ev_check_stop(world->ev, &world->check);
	ev_ref(world->ev);
	ev_fork_stop(world->ev, &world->fork);
}

static void
ev_world_free(struct stay_world *base)
{
	struct world_ev *world = of(base);
	struct ev_loop *own = world->own;

	ev_world_hold(base, false);
	busy_set(world, false);
	if (world->loop != NULL)
		detach(world);
	stay__posix_fini(&world->posix);
	stay__free(world);
	if (own != NULL)
		ev_loop_destroy(own);
}

static const struct stay_world_ops ev_ops = {
	STAY_WORLD_OPS,
	STAY__POSIX_OPS,
	.attach = ev_world_attach,
	.free = ev_world_free,
	.timer = ev_world_timer,
	.again = ev_world_again,
	.hold = ev_world_hold,
	.run = ev_world_run,
	.finish = ev_world_finish,
	.read = ev_world_read,
	.write = ev_world_write,
	.watch = ev_world_watch,
	.shutdown = ev_world_shutdown,
};

/*
 * The prepare watcher has the lowest priority. So what the program's own watchers
 * submit before a wait still leaves in this turn.
 */
static void
watchers_init(struct world_ev *world)
{
	ev_init(&world->timer, on_timer);
	ev_prepare_init(&world->prepare, on_prepare);
	ev_check_init(&world->check, on_check);
	ev_fork_init(&world->fork, on_fork);
	ev_init(&world->wake, on_wake);
	ev_set_priority(&world->prepare, EV_MINPRI);
	ev_set_priority(&world->check, EV_MINPRI);
	world->timer.data = world;
	world->prepare.data = world;
	world->check.data = world;
	world->fork.data = world;
	world->wake.data = world;
}

/* Everything that may fail, but for allocating the block. */
static bool
world_init(struct world_ev *world, struct ev_loop *ev)
{
	if (!stay__posix_init(&world->posix, &ev_ops))
		return false;
	if (!stay__room_init(&world->room, ev) ||
	    !stay__room_take(&world->room, world->posix.wake_fd)) {
		stay__posix_fini(&world->posix);
		return false;
	}
	world->ev = ev;
	watchers_init(world);
	return true;
}

struct stay_world *
stay__world_ev_new(struct ev_loop *ev)
{
	struct world_ev *world = stay__zalloc(sizeof(*world));

	if (world == NULL)
		return NULL;
	if (!world_init(world, ev)) {
		stay__free(world);
		return NULL;
	}
	return &world->posix.base;
}

struct stay_world *
stay__world_ev_alone(void)
{
	struct ev_loop *own =
	    stay__room_for_loop() ? ev_loop_new(EVFLAG_AUTO) : NULL;
	struct stay_world *world = own != NULL ? stay__world_ev_new(own) : NULL;

	if (world != NULL)
		of(world)->own = own;
	else if (own != NULL)
		ev_loop_destroy(own);
	return world;
}
