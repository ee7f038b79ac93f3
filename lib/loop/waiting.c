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
listen_first(struct stay_loop *loop)
{
	if (loop->deaf == 0 &&
	    stay__loop_now(loop) > loop->left_at + STAY__TICK_NS)
		loop->deaf = 3; /* this turn, and the two around a wait */
}

/* Also without any time the world looks once: who asks again and again comes to a
 * result. */
static void
drive(struct stay_loop *loop, stay__settled_fn *is_settled, const void *arg,
    uint64_t deadline)
{
	if (stay__loop_now(loop) >= deadline)
		loop->ops->again(loop->world);
	do
		loop->ops->run(loop->world);
	while (!is_settled(arg) && stay__loop_now(loop) < deadline);
}

bool
stay__loop_wait(struct stay_loop *loop, stay__settled_fn *is_settled,
    const void *arg, uint64_t deadline)
{
	struct stay__timer timer;

	assert(!stay__loop_is_busy(loop));
	stay__timer_init(&timer, wake);
	stay__loop_timer(loop, &timer, deadline);
	listen_first(loop);
	stay_loop_turn(loop); /* what is due already needs no wait */
	if (!is_settled(arg))
		drive(loop, is_settled, arg, deadline);
	stay__timer_stop(&timer);
	loop->left_at = stay__loop_now(loop);
	return is_settled(arg);
}

static bool
never(const void *arg)
{
	(void)arg;
	return false;
}

void
stay__loop_look(struct stay_loop *loop)
{
	(void)stay__loop_wait(loop, never, NULL, stay__loop_now(loop));
}
