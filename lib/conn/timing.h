/*
 * The timers of a connection: its state's, T of the last verdict, and the state
 * timeout of its behaviour. A timer that fires leaves a note in the mailbox and
 * calls nobody.
 */
#ifndef STAY__TIMING_H
#define STAY__TIMING_H

#include <stay/backoff.h>
#include <stay/conn.h>

#include "loop/loop.h"

struct stay__step;

/* Only timing.c writes these. */
struct stay__timing {
	struct stay__timer due; /* of the state; at: never, if it has none */
	uint64_t due_ms;        /* what it was armed for */
	bool granted_later;     /* its budget begins at the governor's grant */
	bool throttled; /* it ends the wait of a connect: with this info */
	bool timeout_on;
	struct stay_info throttled_info;
	struct stay__timer timeout; /* T */
	uint64_t timeout_ms;
	struct stay__timer state_timeout;
	struct stay_message state_message;
	uint64_t asked_at; /* the state timeout that was asked for */
	struct stay_message asked_message;
	struct stay_backoff backoff; /* when no callback chooses */
};

void stay__timing_init(struct stay_conn *conn);
void stay__timing_fini(struct stay_conn *conn);

/* How it backs off when no callback chooses, from the next time on. */
void stay__timing_set_backoff(
    struct stay_conn *conn, const struct stay_backoff_policy *policy);

/* The timer of the state just entered by this step; and off, on leaving. */
void stay__timing_arm(struct stay_conn *conn, const struct stay__step *step);
void stay__timing_disarm(struct stay_conn *conn);
/* The governor has granted the dial: a pending budget begins now. */
void stay__timing_granted(struct stay_conn *conn);

/* T of a verdict. Any callback ends it; code_change starts it again. */
void stay__timing_timeout_start(struct stay_conn *conn, uint64_t ms);
void stay__timing_timeout_stop(struct stay_conn *conn);
void stay__timing_timeout_restart(struct stay_conn *conn);

/* Begin the state timeout that a callback asked for, if its verdict is taken.
 */
void stay__timing_take_asked(struct stay_conn *conn);
/* The message of the state timeout that has passed: the caller's from now on.
 */
struct stay_message stay__timing_take_message(struct stay_conn *conn);

#endif
