/* A Redis of the simulated world that answers as it is told. */
#ifndef STAY_TESTS_REDIS_PEER_H
#define STAY_TESTS_REDIS_PEER_H

#include "sim/world_sim.h"

/* At the end of an answer: and then the connection is closed. */
#define REDIS_PEER_CLOSES "\x04"

/* The first rule that a command begins with answers it. */
struct redis_rule {
	const char
	    *command; /* its words, apart by spaces; NULL: no more rules */
	const char *answer; /* NULL: the connection is closed */
	unsigned times;     /* and then it is no rule any more; 0: always */
};

/* Zeroed but for `rules`, which it counts down. What is in no rule: a map for
 * HELLO, +PONG, "$1 v" for GET, and +OK for all else. */
struct redis_peer {
	struct redis_rule *rules;
	const char *banner; /* said at once; NULL: nothing */
	/* What came, a line a command, `|` before each connection; without
	 * CLIENT SETINFO, which is in each greeting. */
	char log[4096];
	size_t log_len;
	struct sim_peer *now;
	char in[4096];
	size_t in_len;
};

/* At 10.0.0.1:6379. */
void redis_peer_listen(struct redis_peer *peer, struct stay_world *world);

#endif
