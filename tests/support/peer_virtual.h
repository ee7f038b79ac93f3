/* The virtual world carries a scripted peer. The wire of an end is its
 * `struct sim_peer`, for what only this world can do to it. */
#ifndef STAY_TESTS_PEER_VIRTUAL_H
#define STAY_TESTS_PEER_VIRTUAL_H

#include "sim/world_sim.h"
#include "support/peer_script.h"

/* For sim_limits_set and sim_peer_limits. */
#define LIMITS(...) (&(const struct sim_limits){ __VA_ARGS__ })

void peer_listen(
    struct peer *peer, struct stay_world *world, const char *host, int port);
/* A descriptor with the peer at its other end. */
int peer_adopted(struct peer *peer, struct stay_world *world);

#endif
