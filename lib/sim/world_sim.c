/*
 * The virtual world itself: its clock, its waiting and its table of operations.
 * Time moves only here, and only when there is nothing left to do in it.
 */
#include "sim/world_sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stay/loop.h>

#include "sim/sim.h"

/* So many waits without a millisecond passing is a loop gone wild. */
#define BUSY_MAX (UINT64_C(4) << 20)

/* The default of sim_limits.send_buffer. */
#define SEND_BUFFER ((size_t)256 << 10)

/* In the world's space of a struct stay_watch. */
struct sim_watch {
	struct stay__list node;
	struct stay_watch *watch;
};

_Static_assert(
    sizeof(struct sim_watch) <= sizeof(((struct stay_watch *)NULL)->world),
    "the world's space of a watch is too small");

static struct sim_watch *
watch_at(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct sim_watch, node);
}

/* ---- counting and failing ---- */

static bool
fails_now(struct sim *sim, enum sim_op op)
{
	if (sim->fail_in == 0)
		return false;
	if (sim->fail_op != SIM_OP_COUNT && sim->fail_op != op)
		return false;
	return --sim->fail_in == 0;
}

int
sim_enter(struct sim *sim, enum sim_op op)
{
	sim->calls[op]++;
	sim->now += sim->cost;
	if (op < SIM_FALLIBLE)
		return 0;
	sim->calls_fallible++;
	if (sim->forked && op != SIM_WATCH)
		return -EPERM;
	return fails_now(sim, op) ? sim->fail_error : 0;
}

uint64_t
sim_calls(struct stay_world *world, enum sim_op op)
{
	return sim_of(world)->calls[op];
}

uint64_t
sim_calls_fallible(struct stay_world *world)
{
	return sim_of(world)->calls_fallible;
}

void
sim_fail(struct stay_world *world, enum sim_op op, uint64_t nth, int error)
{
	struct sim *sim = sim_of(world);

	sim->fail_op = op;
	sim->fail_in = nth;
	sim->fail_error = error;
}

void
sim_fork(struct stay_world *world)
{
	struct sim *sim = sim_of(world);

	sim->forked = true;
	sim_lookups_hang(sim);
	sim_note(sim, "fork", 0, 0);
}

uint64_t
sim_leaked(struct stay_world *world)
{
	return sim_of(world)->leaked;
}

/* ---- readiness ---- */

bool
sim_is_watched(struct sim *sim, int fd)
{
	struct stay__list *node;

	for (node = sim->watches.next; node != &sim->watches; node = node->next)
		if (watch_at(node)->watch->fd == fd)
			return true;
	return false;
}

static int
world_watch(
    struct stay_world *world, struct stay_watch *watch, unsigned interest)
{
	struct sim *sim = sim_of(world);
	struct sim_watch *mine = (struct sim_watch *)(void *)watch->world;
	bool more = (interest & ~watch->interest) != 0;

	sim_fd_check(sim, watch->fd, "watch");
	if (more) {
		int error = sim_enter(sim, SIM_WATCH);

		if (error != 0)
			return error;
	}
	sim_note(sim, "watch", watch->fd, interest);
	if (watch->interest == 0 && interest != 0) {
		mine->watch = watch;
		stay__list_init(&mine->node);
		stay__list_push(&sim->watches, &mine->node);
	} else if (watch->interest != 0 && interest == 0) {
		stay__list_remove(&mine->node);
	}
	watch->interest = interest;
	return 0;
}

static unsigned
ready_of(struct sim *sim, const struct stay_watch *watch)
{
	return sim_fd_ready(sim, watch->fd, watch->interest);
}

static bool
is_any_ready(struct sim *sim)
{
	struct stay__list *node;

	for (node = sim->watches.next; node != &sim->watches; node = node->next)
		if (ready_of(sim, watch_at(node)->watch) != 0)
			return true;
	return false;
}

/* Nobody gets EPOLLOUT by mistake while connecting: finish is told for sure. */
static bool
is_spurious(struct sim *sim, const struct stay_watch *watch)
{
	return sim->limits.spurious > 0 && watch->interest == STAY_READ &&
	       sim_draw(sim) % 1000 < sim->limits.spurious;
}

/* What is level-triggered is told by the next wait. */
static bool
is_overlooked(struct sim *sim)
{
	return sim->limits.late > 0 && sim_draw(sim) % 1000 < sim->limits.late;
}

static void
tell_ready(struct sim *sim, struct stay_watch *watch)
{
	unsigned events = ready_of(sim, watch);

	if (events == 0 && is_spurious(sim, watch))
		events = STAY_READ;
	if (events == 0 || is_overlooked(sim))
		return;
	sim_note(sim, "ready", watch->fd, events);
	watch->ready(watch, events);
	sim_happened(sim);
}

/* In any order: from the front or the back, as chance has it. */
static void
watches_tell(struct sim *sim)
{
	struct stay__list left;

	stay__list_init(&left);
	stay__list_append_all(&left, &sim->watches);
	while (!stay__list_is_empty(&left)) {
		struct stay__list *node =
		    sim_draw(sim) & 1 ? left.next : left.prev;

		stay__list_remove(node);
		stay__list_push(&sim->watches, node);
		tell_ready(sim, watch_at(node)->watch);
	}
}

/* ---- waiting ---- */

static uint64_t
next_time(const struct sim *sim)
{
	uint64_t next = sim_event_next(sim);

	return sim->timer < next ? sim->timer : next;
}

static void
busy_check(struct sim *sim)
{
	uint64_t ms = sim->now / SIM_MS;

	if (ms != sim->busy_since) {
		sim->busy_since = ms;
		sim->busy = 0;
	}
	if (++sim->busy > BUSY_MAX)
		sim_die("time stands still: something is always ready");
}

/* Whether nobody may sleep now; what asked for that is taken. */
static bool
awake(struct sim *sim)
{
	bool woken = atomic_exchange(&sim->woken, false);
	bool again = sim->again;

	sim->again = false;
	return woken || again;
}

static void
turn(struct sim *sim)
{
	if (sim->forked && !sim->orphaned) {
		sim->orphaned = true;
		stay_loop_orphan(sim->loop);
	}
	stay_loop_turn(sim->loop);
	if (sim->after != NULL)
		sim->after(sim->after_arg);
}

/* Who waits in a callback, init included, can do nothing about it. */
static bool
has_work(const struct sim *sim)
{
	return !stay_loop_is_busy(sim->loop) && !stay_loop_is_idle(sim->loop);
}

/*
 * One wait, at most till `limit`; false: nothing happens till then. What was
 * left over before the turn still keeps it from sleeping after, because the
 * caller may have waited for just what that turn did.
 */
static bool
wait_once(struct sim *sim, uint64_t limit)
{
	bool busy = awake(sim) || has_work(sim);
	uint64_t next;

	sim_enter(sim, SIM_WAIT);
	turn(sim);
	busy |= sim->again || is_any_ready(sim);
	next = next_time(sim);
	if (!busy && (next == SIM_NEVER || next > limit)) {
		if (limit != SIM_NEVER && limit > sim->now)
			sim->now = limit;
		return false;
	}
	if (!busy && next > sim->now)
		sim->now = next;
	busy_check(sim);
	if (sim->timer <= sim->now)
		sim->timer = SIM_NEVER;
	sim_events_fire(sim);
	watches_tell(sim);
	turn(sim);
	return true;
}

bool
sim_step(struct stay_world *world)
{
	return wait_once(sim_of(world), SIM_NEVER);
}

bool
sim_step_ms(struct stay_world *world, uint64_t ms)
{
	return wait_once(sim_of(world), sim_after(sim_of(world), ms));
}

bool
sim_run_until(struct stay_world *world, bool (*holds)(void *arg), void *arg,
    uint64_t budget_ms)
{
	uint64_t limit = sim_after(sim_of(world), budget_ms);

	while (!holds(arg))
		if (!wait_once(sim_of(world), limit))
			return holds(arg);
	return true;
}

void
sim_run_ms(struct stay_world *world, uint64_t ms)
{
	struct sim *sim = sim_of(world);
	uint64_t limit = sim_after(sim, ms);

	while (wait_once(sim, limit))
		continue;
}

bool
sim_run(struct stay_world *world, uint64_t budget_ms)
{
	struct sim *sim = sim_of(world);
	uint64_t limit = sim_after(sim, budget_ms);

	while (sim->held || sim->again)
		if (!wait_once(sim, limit))
			break;
	return !sim->held;
}

/* ---- time ---- */

uint64_t
sim_now_ms(struct stay_world *world)
{
	struct sim *sim = sim_of(world);

	return (sim->now - sim->born) / SIM_MS;
}

void
sim_sleep_ms(struct stay_world *world, uint64_t ms)
{
	sim_of(world)->now += ms * SIM_MS;
}

void
sim_cost_ns(struct stay_world *world, uint64_t ns)
{
	sim_of(world)->cost = ns;
}

void
sim_limits_set(struct stay_world *world, const struct sim_limits *limits)
{
	sim_of(world)->limits = *limits;
}

/* What the test itself has in mind. */
struct errand {
	struct stay__list node;
	struct sim_event event;
	void (*fire)(void *arg);
	void *arg;
};

static void
on_errand(struct sim_event *event)
{
	struct errand *errand = STAY__CONTAINER(event, struct errand, event);
	struct errand now = *errand;

	stay__list_remove(&errand->node);
	free(errand);
	now.fire(now.arg);
}

void
sim_at(
    struct stay_world *world, uint64_t ms, void (*fire)(void *arg), void *arg)
{
	struct sim *sim = sim_of(world);
	struct errand *errand = sim_alloc(sizeof(*errand));

	errand->fire = fire;
	errand->arg = arg;
	stay__list_push(&sim->errands, &errand->node);
	sim_event_set(sim, &errand->event, sim_after(sim, ms), on_errand);
}

/* ---- operations ---- */

static void
world_attach(struct stay_world *world, struct stay_loop *loop)
{
	sim_of(world)->loop = loop;
}

static uint64_t
world_now(struct stay_world *world)
{
	sim_enter(sim_of(world), SIM_NOW);
	return sim_of(world)->now;
}

static void
world_entropy(struct stay_world *world, void *bytes, size_t len)
{
	unsigned char *to = bytes;

	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)sim_draw(sim_of(world));
}

static void
world_timer(struct stay_world *world, uint64_t at_ns)
{
	struct sim *sim = sim_of(world);

	sim_enter(sim, SIM_TIMER);
	if (at_ns == sim->timer)
		return;
	sim_note(sim, "timer", at_ns == SIM_NEVER ? -1 : (int64_t)at_ns, 0);
	sim->timer = at_ns;
}

static void
world_again(struct stay_world *world)
{
	sim_enter(sim_of(world), SIM_AGAIN);
	sim_of(world)->again = true;
}

static void
world_hold(struct stay_world *world, bool alive)
{
	sim_note(sim_of(world), "hold", alive, 0);
	sim_of(world)->held = alive;
}

bool
sim_is_held(struct stay_world *world)
{
	return sim_of(world)->held;
}

static void
world_wake(struct stay_world *world)
{
	atomic_store(&sim_of(world)->woken, true);
}

static void
world_run(struct stay_world *world)
{
	(void)wait_once(sim_of(world), SIM_NEVER);
}

static void
world_free(struct stay_world *world)
{
	struct sim *sim = sim_of(world);
	struct stay__list *node;

	if (!stay__list_is_empty(&sim->watches))
		sim_die("the world ends with a watch");
	if (sim_open_fds(world) > 0)
		sim_die("the world ends with %zu open descriptors",
		    sim_open_fds(world));
	sim_names_free(sim);
	sim_net_free(sim);
	while ((node = stay__list_pop(&sim->errands)) != NULL)
		free(STAY__CONTAINER(node, struct errand, node));
	free(sim->queue.heap);
	free(sim);
}

static bool
world_forked(struct stay_world *world)
{
	return sim_of(world)->forked;
}

static const struct stay_world_ops ops = {
	STAY_WORLD_OPS,
	.attach = world_attach,
	.free = world_free,
	.now = world_now,
	.entropy = world_entropy,
	.timer = world_timer,
	.again = world_again,
	.hold = world_hold,
	.wake = world_wake,
	.run = world_run,
	.connect = sim_connect,
	.finish = sim_finish,
	.adopt = sim_adopt,
	.read = sim_read,
	.write = sim_write,
	.close = sim_close,
	.watch = world_watch,
	.lookup = sim_lookup,
	.lookup_cancel = sim_lookup_cancel,
	.shutdown = sim_shutdown,
	.forked = world_forked,
	.keep_alive = sim_keep_alive,
};

/* A clock that starts anywhere but at 0 finds those who count on it. */
static void
init(struct sim *sim, uint64_t seed)
{
	sim->base.ops = &ops;
	sim->random = seed;
	sim->hash = UINT64_C(0xcbf29ce484222325);
	sim->now = (1 + sim_draw(sim) % 1000000) * 1000 * SIM_MS;
	sim->now += sim_draw(sim) % (1000 * SIM_MS);
	sim->born = sim->now;
	sim->timer = SIM_NEVER;
	sim->limits.send_buffer = SEND_BUFFER;
	stay__list_init(&sim->watches);
	stay__list_init(&sim->names);
	stay__list_init(&sim->queries);
	stay__list_init(&sim->places);
	stay__list_init(&sim->peers);
	stay__list_init(&sim->errands);
}

struct stay_world *
sim_world_new(uint64_t seed)
{
	struct sim *sim = sim_alloc(sizeof(*sim));

	init(sim, seed);
	if (getenv("SIM_TRACE") != NULL)
		sim->trace = stderr;
	return &sim->base;
}
