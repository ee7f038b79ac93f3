/*
 * What is made on libev. It stands apart so that a program that is linked with the
 * static library, and makes its loops otherwise, needs no libev.
 */
#include <stay/runner.h>

#include "runner/runner.h"
#include "world/ev.h"

struct stay_loop *
stay_loop_ev(struct ev_loop *ev)
{
	return ev == NULL ? NULL : stay_loop_new(stay__world_ev_new(ev));
}

struct stay_loop *
stay_loop_alone(void)
{
	struct stay_world *world = stay__world_ev_alone();

	return world == NULL ? NULL : stay_loop_new(world);
}

enum stay_status
stay_runner_start(
    struct stay_runner **runner, const struct stay_runner_options *options)
{
	return stay__runner_start(
	    runner, options, stay_loop_alone, stay_loop_free);
}
