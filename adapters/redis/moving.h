/* A server that says that it moves: maintenance of a Redis that others run. */
#ifndef STAY_REDIS__MOVING_H
#define STAY_REDIS__MOVING_H

#include <stay/protocol.h>
#include <stay/redis.h>

/* What `moving` asks the server for, in its words; NULL: it is not asked. */
const char *stay_redis__moving_word(enum stay_redis_moving moving);

/* A push has come; if it is MOVING, this session will be left. */
void stay_redis__moving_hear(
    struct stay_session *session, const struct stay_redis_reply *push);
/* The session's tick: it is time to leave, or not yet. */
void stay_redis__moving_tick(struct stay_session *session);

#endif
