/*
 * A step: an event on its way into the machine, with all that belongs to it. A
 * verdict becomes one here; drive.c carries it out.
 */
#ifndef STAY__STEP_H
#define STAY__STEP_H

#include "conn/verdict.h"

struct stay__step {
	bool due; /* false: the machine takes no event */
	enum stay__conn_event event;
	struct stay_info info;   /* CONNECT, DISCONNECT, THROTTLED, EXPIRED */
	uint64_t ms;             /* PENDING, BACKOFF, THROTTLED */
	enum stay_status reason; /* STOP, QUIT */
	unsigned with;           /* what came with the verdict... */
	uint64_t timeout_ms;     /* ...its T: with no event, too */
};

/* When the last connects were asked for: only step.c writes these. */
struct stay__throttle {
	uint64_t *connects; /* throttle_burst of them: a ring */
	unsigned count;
};

/* STAY_OK, STAY_E_NOMEM. */
enum stay_status stay__step_init(struct stay_conn *conn);
void stay__step_fini(struct stay_conn *conn);

/* A connect that was asked for: CONNECT, or THROTTLED if one too many. */
struct stay__step stay__step_connect(
    struct stay_conn *conn, struct stay_info info);
struct stay__step stay__step_disconnect(struct stay_info info);
struct stay__step stay__step_stop(enum stay_status reason);
struct stay__step stay__step_expired(struct stay_info info);
/* What a verdict that is not postpone comes to. */
struct stay__step stay__step_judge(struct stay_conn *conn,
    enum stay__situation in, const struct stay_verdict *verdict);

#endif
