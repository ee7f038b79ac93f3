/* The strict Redis, and what its clients ask of it. */
#ifndef STAY_TESTS_REDIS_SIM_H
#define STAY_TESTS_REDIS_SIM_H

#include "run.h"

enum redis_shape {
	REDIS_ECHO, /* ECHO 12:padding */
	REDIS_INCR, /* INCR n:12 */
	REDIS_SET,  /* SET k:12 padding */
	REDIS_GET,  /* MGET 13 k:12 */
	REDIS_MAP,  /* HGETALL h:12 */
	REDIS_LIST, /* LRANGE l:12 0 -1 */
	REDIS_POP,  /* BLPOP q:12 0.05 */
	REDIS_FAIL, /* FAIL 12 */
	REDIS_SHAPES
};

#define REDIS_POP_MS 50

/* redis_sim.c */
void redis_serve(struct peer_end *end, const struct peer_request *command);
void redis_lie(struct desk *desk);
void redis_push(struct desk *desk);

/* redis_user.c */
bool redis_is_request(const struct call *call, const char *name, size_t len);

#endif
