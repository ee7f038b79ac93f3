/* A client of Redis in a simulated world, as most unit tests of the adapter need
 * it. The server is the test's own: at 10.0.0.1, port 6379. */
#ifndef STAY_TESTS_REDIS_VIRTUAL_H
#define STAY_TESTS_REDIS_VIRTUAL_H

#include <stay/redis.h>

#include "sim/world_sim.h"

/* What a server answers to the greeting of a client without a login. */
#define REDIS_VIRTUAL_GREETED "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n"

struct redis_virtual {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_redis *redis;
};

/* Make a world with `server` in it (NULL: without one), and a loop. */
void redis_virtual_open(
    struct redis_virtual *here, const struct sim_server *server, void *arg);

/* Start the client and let 10 ms pass. */
void redis_virtual_start(struct redis_virtual *here, const char *url,
    const struct stay_redis_options *options);

/* Stop the client and wait until nothing of it is left. */
void redis_virtual_end(struct redis_virtual *here);

#endif
