/* The kernel around a world that libevent waits for. */
#include "support/world_bed.h"

#include <check.h>

#include <stay/loop_event.h>

#include "world/hosted.h"

static struct event_base *base;

static struct stay_world *
open_world(void)
{
	bed_kernel_begin();
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	return stay__world_hosted(stay_event__new(base));
}

static void
close_world(void)
{
	event_base_free(base);
	bed_kernel_end();
}

static void
on_timer(evutil_socket_t fd, short events, void *happen)
{
	(void)fd;
	(void)events;
	(*(void (**)(void))happen)();
}

/* How many events there are, but for one that is pending. */
static int
others(struct event *timer)
{
	return event_base_get_num_events(
		   base, EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) -
	       event_pending(timer, EV_TIMEOUT, NULL) / EV_TIMEOUT;
}

/* The timer does not keep it running. */
static void
program(unsigned ms, void (*happen)(void))
{
	struct timeval at = { ms / 1000, ms % 1000 * 1000 };
	struct event *timer = event_new(base, -1, 0, on_timer, &happen);

	event_add(timer, &at);
	while (others(timer) > 0)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
}

static void
look(void)
{
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

void
bed_begin_event(void)
{
	static struct bed bed;

	bed = bed_kernel;
	bed.open = open_world;
	bed.close = close_world;
	bed.program = program;
	bed.look = look;
	bed_begin(&bed);
}
