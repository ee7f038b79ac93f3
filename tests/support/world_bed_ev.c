/* The kernel around the world on libev. */
#include "support/world_bed.h"

#include <check.h>
#include <ev.h>

#include "world/ev.h"

struct ev_loop *bed_ev;

static struct stay_world *
open_world(void)
{
	bed_kernel_begin();
	bed_ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(bed_ev);
	return stay__world_ev_new(bed_ev);
}

static void
close_world(void)
{
	ev_loop_destroy(bed_ev);
	bed_kernel_end();
}

static void
on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
	void (*const *happen)(void) = timer->data;

	(void)events;
	ev_ref(ev); /* libev has stopped the timer, and counted it */
	(*happen)();
}

/* The timer does not keep ev_run running. */
static void
program(unsigned ms, void (*happen)(void))
{
	ev_timer timer;

	ev_timer_init(&timer, on_timer, ms / 1000., 0.);
	timer.data = &happen;
	ev_timer_start(bed_ev, &timer);
	ev_unref(bed_ev);
	ev_run(bed_ev, 0);
	if (!ev_is_active(&timer))
		return;
	ev_ref(bed_ev);
	ev_timer_stop(bed_ev, &timer);
}

static void
look(void)
{
	ev_run(bed_ev, EVRUN_NOWAIT);
}

void
bed_begin_ev(void)
{
	static struct bed bed;

	bed = bed_kernel;
	bed.open = open_world;
	bed.close = close_world;
	bed.program = program;
	bed.look = look;
	bed_begin(&bed);
}
