/*
 * A virtual world (lib/sim) in the time of virtual threads: its clock is theirs, and who
 * waits in it sleeps until something happens there or somebody wakes it.
 */
#include "threads/world.h"

#include "sim/sim.h"
#include "threads/sched.h"

static struct stay_world_ops ops;
static const struct stay_world_ops *sim_ops;

static void
keep_time(struct sim *sim)
{
	sim->now = sim->born + sched_now();
}

static uint64_t
now(struct stay_world *world)
{
	keep_time(sim_of(world));
	return sim_ops->now(world);
}

static void
wake(struct stay_world *world)
{
	sched_point("wake");
	sim_ops->wake(world);
	sched_wake(world);
}

static uint64_t
next_of(const struct sim *sim)
{
	uint64_t next = sim_event_next(sim);

	return sim->timer < next ? sim->timer : next;
}

/* Do what is there to do; if that is nothing, sleep. A time that has come meanwhile ends
 * the wait, as everywhere. Nobody comes between the last look and the sleep. */
static void
run(struct stay_world *world)
{
	struct sim *sim = sim_of(world);
	bool is_due;
	uint64_t next;

	keep_time(sim);
	is_due = next_of(sim) <= sim->now;
	if (sim_step_ms(world, 0) || is_due)
		return;
	sched_point("loop waits");
	next = next_of(sim);
	if (atomic_load(&sim->woken) || sim->again)
		return;
	(void)sched_sleep(
	    world, next == SIM_NEVER ? SCHED_NEVER : next - sim->born);
}

struct stay_world *
world_new(uint64_t seed)
{
	struct stay_world *world = sim_world_new(seed);

	sim_ops = world->ops;
	ops = *sim_ops;
	ops.now = now;
	ops.wake = wake;
	ops.run = run;
	world->ops = &ops;
	return world;
}
