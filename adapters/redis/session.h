/* A session of Redis. These are the slots of the vtable that see frames. */
#ifndef STAY_REDIS__SESSION_H
#define STAY_REDIS__SESSION_H

#include <stay/protocol.h>

#include "greeting.h"
#include "reply_parser.h"

/* The block that survives reconnects. The tape is kept from reply to reply. */
struct stay_redis {
	struct stay_client *client;
	uint32_t changes; /* how often it was reconfigured */
	bool is_apart;    /* it has subscriptions and no calls */
	struct stay_redis__lessons lessons;
	struct stay_redis__agreement agreed; /* of the session that is up */
	struct stay_redis__parser parser;
	struct stay_redis__hub *hub; /* NULL: nobody has ever subscribed */
};

/* What a session knows; zeroed for each. */
struct stay_redis__session {
	struct stay_redis__greeting greeting;
	bool in_multi; /* what is sent is queued, not executed */
	uint8_t pings; /* under way, that are none of the subscriptions' */
};

/* The bounds of replies, as the options say. */
void stay_redis__session_bounds(
    struct stay_redis *redis, const struct stay_redis__config *config);

struct stay_hello stay_redis__session_hello(
    struct stay_session *session, const struct stay_frame *frame);
struct stay_frame stay_redis__session_decode(
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
