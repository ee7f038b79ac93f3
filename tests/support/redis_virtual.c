#include "support/redis_virtual.h"

#include <check.h>

void
redis_virtual_open(
    struct redis_virtual *here, const struct sim_server *server, void *arg)
{
	here->world = sim_world_new(1);
	here->loop = stay_loop_new(here->world);
	if (server != NULL)
		sim_listen(here->world, "10.0.0.1", 6379, server, arg);
}

void
redis_virtual_start(struct redis_virtual *here, const char *url,
    const struct stay_redis_options *options)
{
	ck_assert_int_eq(
	    stay_redis_start(&here->redis, here->loop, url, options), STAY_OK);
	sim_run_ms(here->world, 10);
}

void
redis_virtual_end(struct redis_virtual *here)
{
	stay_redis_stop(here->redis);
	ck_assert(sim_run(here->world, 60000));
	ck_assert_int_eq(stay_loop_free(here->loop), STAY_OK);
}
