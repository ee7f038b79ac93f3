/* The kernel around a world that libuv waits for. */
#include "support/world_bed.h"

#include <check.h>

#include <stay/loop_uv.h>

#include "world/hosted.h"

static uv_loop_t uv;

static struct stay_world *
open_world(void)
{
	bed_kernel_begin();
	ck_assert_int_eq(uv_loop_init(&uv), 0);
	return stay__world_hosted(stay_uv__new(&uv));
}

static void
close_world(void)
{
	uv_run(&uv, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&uv), 0);
	bed_kernel_end();
}

static void
on_timer(uv_timer_t *timer)
{
	(*(void (**)(void))timer->data)();
}

/* The timer does not keep uv_run running. */
static void
program(unsigned ms, void (*happen)(void))
{
	static uv_timer_t timer;

	uv_timer_init(&uv, &timer);
	timer.data = &happen;
	uv_timer_start(&timer, on_timer, ms, 0);
	uv_unref((uv_handle_t *)&timer);
	uv_run(&uv, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&uv, UV_RUN_NOWAIT);
}

static void
look(void)
{
	uv_run(&uv, UV_RUN_NOWAIT);
}

void
bed_begin_uv(void)
{
	static struct bed bed;

	bed = bed_kernel;
	bed.open = open_world;
	bed.close = close_world;
	bed.program = program;
	bed.look = look;
	bed_begin(&bed);
}
