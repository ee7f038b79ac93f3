/*
 * The world that a host waits for. What the operations of a world wish is told to the
 * host in two words: which descriptors, and how long at most. The descriptor by which
 * other threads wake the loop is watched while there are connections: that one keeps
 * the host waiting for them. This file knows neither the host nor connections.
 */
#include "world/hosted.h"

#include "base/list.h"
#include "base/mem.h"
#include "world/posix.h"

#define NEVER UINT64_MAX

/* The host comes at once, and need not. */
#define STALE (NEVER - 1)

/* After so long a host that could not watch the descriptor is asked again. */
#define DEAF_NS UINT64_C(20000000)

/* After so long a host that came inside of a callback comes again. */
#define BUSY_NS DEAF_NS

struct hosted {
	struct stay__posix posix;
	struct stay_host *host;
	struct stay_loop *loop;
	struct stay_watch wake;
	uint64_t at;    /* when the loop wants its turn */
	uint64_t armed; /* when the host comes: then, or earlier; 0: at once */
	bool held;
	bool driven; /* somebody waits on the loop, maybe without connections */
	bool again;  /* the last turn has left work behind */
	bool orphaned; /* the loop knows that it is in a forked child */
};

static struct hosted *
of(struct stay_world *world)
{
	return STAY__CONTAINER(world, struct hosted, posix.base);
}

/* ---- time ---- */

/* Mostly the next deadline becomes later. The host comes once for nothing then, and
 * is told the rest. */
static void
arm(struct hosted *world, uint64_t at)
{
	uint64_t now, in = at;

	if (at >= world->armed && (at != NEVER || world->armed == NEVER))
		return;
	if (at != NEVER && at != 0) {
		now = stay__posix_now(&world->posix.base);
		in = at > now ? at - now : 0;
	}
	world->armed = at;
	world->host->ops->timer(world->host, in);
}

static bool
is_kept(const struct hosted *world)
{
	return world->held || world->driven;
}

/* No other thread can wake it. */
static bool
is_deaf(const struct hosted *world)
{
	return is_kept(world) && !world->orphaned && world->wake.interest == 0;
}

/* Without connections no deadline keeps the host. */
static uint64_t
wanted(struct hosted *world)
{
	uint64_t soon;

	if (world->again)
		return 0;
	if (!is_kept(world))
		return NEVER;
	if (!is_deaf(world))
		return world->at;
	soon = stay__posix_now(&world->posix.base) + DEAF_NS;
	return world->at < soon ? world->at : soon;
}

static void
hosted_again(struct stay_world *base)
{
	of(base)->again = true;
	arm(of(base), 0);
}

static void
hosted_stir(struct stay_world *base)
{
	arm(of(base), 0);
}

/* ---- woken by other threads ---- */

/* If the host could not watch the descriptor, it is asked again after each turn, and
 * a turn comes soon. */
static void
wake_start(struct hosted *world)
{
	if (is_deaf(world))
		(void)world->host->ops->watch(
		    world->host, &world->wake, STAY_READ);
}

static void
wake_stop(struct hosted *world)
{
	if (world->wake.interest != 0)
		(void)world->host->ops->watch(world->host, &world->wake, 0);
}

/* What a forked child reads of it would be lost to the parent. */
static void
look_for_fork(struct hosted *world)
{
	if (world->orphaned || !stay__posix_forked(&world->posix.base))
		return;
	world->orphaned = true;
	wake_stop(world);
	stay_loop_orphan(world->loop);
}

static void
on_wake(struct stay_watch *wake, unsigned events)
{
	struct hosted *world = wake->owner;

	(void)events;
	look_for_fork(world);
	if (world->orphaned)
		return;
	stay__posix_woken(&world->posix);
	arm(world, 0);
}

/* ---- turns ---- */

/* Each turn ends with it. */
static void
hosted_timer(struct stay_world *base, uint64_t at_ns)
{
	struct hosted *world = of(base);

	world->at = at_ns;
	if (world->armed == 0 && !world->again)
		world->armed = STALE; /* the turn has done that */
	wake_start(world);
	arm(world, wanted(world));
}

static void
turn(struct hosted *world)
{
	look_for_fork(world);
	if (world->at <= stay__posix_now(&world->posix.base))
		world->at = NEVER;
	world->again = false;
	stay_loop_turn(world->loop);
}

/*
 * Inside of a callback that runs the host's loop nothing can be done yet. A turn ends with
 * what there is to do; but init may run outside of any, and nobody says when it has ended.
 */
void
stay_host_due(struct stay_host *host)
{
	struct hosted *world = host->world;

	world->armed = NEVER;
	if (stay_loop_is_busy(world->loop)) {
		arm(world, stay__posix_now(&world->posix.base) + BUSY_NS);
		return;
	}
	turn(world);
	arm(world, wanted(world));
}

static void
keep(struct hosted *world)
{
	if (is_kept(world))
		wake_start(world);
	else
		wake_stop(world);
	if (world->armed != 0)
		arm(world, wanted(world));
}

static void
hosted_hold(struct stay_world *base, bool alive)
{
	of(base)->held = alive;
	keep(of(base));
}

/*
 * With work left the loop does not wait: the caller may be after the result of that
 * work. What has come is handled; what that leaves behind is for the next run, which
 * looks at the descriptors first. Without connections the host waits for the caller's
 * time; the program's own callbacks may start one meanwhile, or wait as well.
 */
static void
hosted_run(struct stay_world *base)
{
	struct hosted *world = of(base);
	bool driven = world->driven;

	look_for_fork(world);
	world->driven = true;
	keep(world);
	world->host->ops->run(world->host, world->armed != 0);
	if (world->armed == 0 && !world->again)
		turn(world);
	world->driven = driven;
	keep(world);
}

/* ---- descriptors ---- */

static int
hosted_watch(
    struct stay_world *base, struct stay_watch *watch, unsigned interest)
{
	struct stay_host *host = of(base)->host;

	return interest == watch->interest
		   ? 0
		   : host->ops->watch(host, watch, interest);
}

/* ---- beginning and end ---- */

static void
hosted_attach(struct stay_world *base, struct stay_loop *loop)
{
	of(base)->loop = loop;
}

static void
hosted_free(struct stay_world *base)
{
	struct hosted *world = of(base);
	struct stay_host *host = world->host;

	wake_stop(world);
	arm(world, NEVER);
	stay__posix_fini(&world->posix);
	stay__free(world);
	host->ops->free(host);
}

static const struct stay_world_ops hosted_ops = {
	STAY_WORLD_OPS,
	STAY__POSIX_OPS,
	.attach = hosted_attach,
	.free = hosted_free,
	.timer = hosted_timer,
	.again = hosted_again,
	.stir = hosted_stir,
	.hold = hosted_hold,
	.run = hosted_run,
	.finish = stay__posix_finish,
	.read = stay__posix_read,
	.write = stay__posix_write,
	.watch = hosted_watch,
	.shutdown = stay__posix_shutdown,
};

static struct hosted *
new_hosted(struct stay_host *host)
{
	struct hosted *world = stay__zalloc(sizeof(*world));

	if (world == NULL)
		return NULL;
	if (!stay__posix_init(&world->posix, &hosted_ops)) {
		stay__free(world);
		return NULL;
	}
	world->host = host;
	world->at = world->armed = NEVER;
	world->wake.fd = world->posix.wake_fd;
	world->wake.ready = on_wake;
	world->wake.owner = world;
	return world;
}

struct stay_world *
stay__world_hosted(struct stay_host *host)
{
	struct hosted *world = NULL;

	if (host == NULL)
		return NULL;
	if (host->ops->size == sizeof(*host->ops) && host->ops->abi == STAY_ABI)
		world = new_hosted(host);
	host->world = world;
	if (world == NULL) {
		host->ops->free(host);
		return NULL;
	}
	return &world->posix.base;
}
