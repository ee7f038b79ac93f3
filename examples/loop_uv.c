/*
 * The lesson: a program on libuv. stay_loop_uv makes a loop on the program's uv_loop_t,
 * and uv_run runs both. A timer of the program's own says a word to an echo server from
 * time to time; what becomes of it is told as ever, also when the server hangs up.
 *
 *	cc loop_uv.c ... -l:libstay-echo.a $(pkg-config --cflags --libs stay-poll libuv)
 */
#include <stay/loop_uv.h>

#include "support/talk.h"

static void
on_tick(uv_timer_t *timer)
{
	if (!talk_say(timer->data))
		uv_close((uv_handle_t *)timer, NULL);
}

int
main(void)
{
	uv_loop_t *uv = uv_default_loop();
	struct stay_loop *loop = stay_loop_uv(uv);
	struct talk talk = { .said = 0 };
	uv_timer_t timer;

	if (talk_begin(&talk, loop)) {
		uv_timer_init(uv, &timer);
		timer.data = &talk;
		uv_timer_start(&timer, on_tick, 0, TALK_TICK_MS);
		uv_run(uv, UV_RUN_DEFAULT);
	}
	stay_loop_free(loop);
	uv_run(uv, UV_RUN_DEFAULT);
	return talk_end(&talk) != 0 || uv_loop_close(uv) != 0;
}
