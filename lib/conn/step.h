/*
 * A step: an event for the state machine, with all the values that belong to
 * it. This file makes steps from verdicts; drive.c carries them out.
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
	unsigned with;           /* bits: what came with the verdict */
	uint64_t timeout_ms;     /* the verdict's T, also without an event */
};

/* What there is from the start of a connection until it rests, and while it dials. */
struct stay__connects {
	struct stay__step
	    *first; /* drive.c: init's verdict, until it is taken */
	unsigned count;
	/* When the last connects were asked for: a ring of throttle_burst. */
	uint64_t at[];
};

/* Only step.c writes these. */
struct stay__throttle {
	struct stay__connects *connects; /* NULL: none */
};

/* Whether init's verdict is still to be carried out. */
static inline bool
stay__step_has_first(const struct stay__throttle *throttle)
{
	return throttle->connects != NULL && throttle->connects->first != NULL;
}

/* STAY_OK, STAY_E_NOMEM. */
enum stay_status stay__step_init(struct stay_conn *conn);
/* Forget the connects, if they lie so far back that none of them counts. */
void stay__step_rest(struct stay_conn *conn);
void stay__step_fini(struct stay_conn *conn);

/* A connect is asked for: CONNECT, or THROTTLED after too many in a row. */
struct stay__step stay__step_connect(
    struct stay_conn *conn, struct stay_info info);
struct stay__step stay__step_disconnect(struct stay_info info);
struct stay__step stay__step_stop(enum stay_status reason);
struct stay__step stay__step_expired(struct stay_info info);
/* The step that follows from a verdict other than postpone. */
struct stay__step stay__step_judge(struct stay_conn *conn,
    enum stay__situation in, const struct stay_verdict *verdict);

#endif
