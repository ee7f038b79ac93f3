/* Replies past a bound: the session lives, and who waits for one is told. */
#ifndef STAY_REDIS__TOO_BIG_H
#define STAY_REDIS__TOO_BIG_H

#include <stay/protocol.h>

/* The parser has read a frame in part, and has met a bound. */
struct stay_frame stay_redis__too_big(
    struct stay_session *session, struct stay_bytes in);
/* Read past more of it. */
struct stay_frame stay_redis__too_big_on(
    struct stay_session *session, struct stay_bytes in);
/* It has the whole of one that is larger than a frame may be. */
struct stay_frame stay_redis__too_big_whole(struct stay_session *session);
/* The session has ended. */
void stay_redis__too_big_end(struct stay_session *session);

#endif
