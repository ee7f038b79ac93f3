/*
 * Waiting on a loop that nobody runs. What is waited for is a question of the caller's,
 * asked between two turns.
 */
#include "loop/waiting.h"

#include <assert.h>

static void
wake(struct stay__timer *timer)
{
	(void)timer; /* the loop only had to come back */
}

/* While nobody waited, nobody has run the loop. What has come since, as the end of a
 * session, is read before anything is sent. */
static void
listen_first(struct stay_loop *loop, uint64_t deadline)
{
	uint64_t now = stay__loop_now(loop);

	if (loop->deaf == 0 && now < deadline &&
	    now > loop->left_at + STAY__TICK_NS)
		loop->deaf = 3; /* this turn, and the two around a wait */
}

bool
stay__loop_wait(struct stay_loop *loop, stay__settled_fn *is_settled,
    const void *arg, uint64_t deadline)
{
	struct stay__timer timer;

	assert(!stay__loop_is_busy(loop));
	stay__timer_init(&timer, wake);
	stay__loop_timer(loop, &timer, deadline);
	listen_first(loop, deadline);
	stay_loop_turn(loop); /* what is due already needs no wait */
	while (!is_settled(arg) && stay__loop_now(loop) < deadline)
		loop->ops->run(loop->world);
	stay__timer_stop(&timer);
	loop->left_at = stay__loop_now(loop);
	return is_settled(arg);
}
