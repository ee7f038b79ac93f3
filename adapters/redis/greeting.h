/*
 * The handshake, without a stream: given the replies, it writes what to send
 * next and says when the session is up.
 *
 *	RESP3   HELLO 3 [AUTH ..] [SETNAME ..]   [SELECT]   PING
 *	            | not understood
 *	            v
 *	RESP2   [AUTH]   [CLIENT SETNAME]   [SELECT]   PING
 *
 * Each line leaves in one write. PING is last because a server that is loading
 * or busy answers everything else.
 */
#ifndef STAY_REDIS__GREETING_H
#define STAY_REDIS__GREETING_H

#include "config.h"

/* Zeroed: at the beginning. */
struct stay_redis__greeting {
	unsigned line; /* which of the two; 0: none yet */
	unsigned step; /* whose reply comes next */
	unsigned
	    ignored; /* replies of the line that was given up, before that */
};

/*
 * Take the next reply, NULL at the beginning. What is to be sent is appended to
 * `out`, and *due is how many replies it will have. `text` of what is returned
 * is static or lies in the reply.
 */
struct stay_hello stay_redis__greeting_answer(
    struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config,
    const struct stay_redis_reply *reply, struct stay_buf *out, unsigned *due);

#endif
