/* A session of Redis. These are the slots of the vtable that see frames. */
#ifndef STAY_REDIS__SESSION_H
#define STAY_REDIS__SESSION_H

#include <stay/protocol.h>

#include "greeting.h"
#include "reply_parser.h"

/* The block that survives reconnects. Parser and tape are kept from reply to reply,
 * until the session rests. */
struct stay_redis {
	struct stay_client *client;
	bool is_apart;   /* it has subscriptions and no calls */
	bool reads_once; /* of the session's config: no read is sent again */
	struct stay_redis__agreement agreed; /* of the session that is up */
	bool sentinels_are_old;              /* of before a change */
	uint16_t sentinels_left; /* these, and those that are ending */
	struct stay_redis__lessons lessons;
	struct stay_redis__greeting *greeting; /* NULL: none is under way */
	struct stay_redis__parser *parser;     /* NULL: it rests */
	struct stay_redis__hub *hub;   /* NULL: nobody has ever subscribed */
	struct stay_redis__skip *skip; /* NULL: no reply is read past */
	struct stay_redis__sentinels *sentinels; /* NULL: nobody is asked */
	struct stay_redis__run *runs; /* script.c: those that were sent twice */
};

/* What a session knows; zeroed for each. */
/* What a server may answer in a greeting, whatever the bounds of the program: one with
 * all its modules says 60 values. */
#define STAY_REDIS__GREETING_ELEMENTS 1024u
#define STAY_REDIS__GREETING_BYTES    16384u

struct stay_redis__session {
	bool in_multi : 1;   /* what is sent is queued, not executed */
	bool watches : 1;    /* keys: EXEC may execute nothing */
	bool is_altered : 1; /* by a command: the next user must not have it */
	bool is_reset : 1;   /* reset.c: what was said for it is not answered */
	uint8_t pings; /* under way, that are none of the subscriptions' */
	/* Of scripts, under way in front of all else; the lane has no room for more. */
	uint16_t loads;
	/* The server moves: to be left from this time on, within so long. 0: no */
	uint32_t leave_within_ms;
	uint64_t leave_at_ms;
};

/* Give back what only reading needs, unless a reply is there in part; in any case. */
void stay_redis__session_rest(struct stay_redis *redis);
void stay_redis__session_fini(struct stay_redis *redis);

/* A reply to a call, or to nobody, has come. */
void stay_redis__session_answered(struct stay_session *session, unsigned type);

struct stay_hello stay_redis__session_hello(
    struct stay_session *session, const struct stay_frame *frame);
struct stay_frame stay_redis__session_decode(
    struct stay_session *session, struct stay_bytes in);
void stay_redis__session_replies(
    struct stay_session *session, struct stay_bytes in);
void stay_redis__session_push(
    struct stay_session *session, const struct stay_frame *frame);
void stay_redis__session_control(
    struct stay_session *session, const struct stay_frame *frame);
void stay_redis__session_orphan(
    struct stay_session *session, const struct stay_frame *frame);
void stay_redis__session_down(
    struct stay_session *session, enum stay_status why);
int stay_redis__session_describe(
    struct stay_session *session, char *text, size_t len);
void stay_redis__session_ping(struct stay_session *session);
struct stay_hello stay_redis__session_up(
    struct stay_session *session, const struct stay_frame *frame);
void stay_redis__session_tick(struct stay_session *session);
size_t stay_redis__session_retain(
    struct stay_session *session, struct stay_retain *keep);

#endif
