/*
 * The drive of a connection: carries out a step, and every step that follows
 * from it.
 */
#ifndef STAY__DRIVE_H
#define STAY__DRIVE_H

#include "conn/step.h"

/* What has happened so far: only drive.c writes these. */
struct stay__history {
	uint32_t attempts; /* since it was last up */
	bool reconnects;   /* it was asked to, and is not yet up, nor idle */
	uint64_t since;    /* ns: in this state */
	uint64_t up_ms; /* the last session was up; 0: a backoff came since */
};

void stay__drive_init(struct stay_conn *conn);
void stay__drive_fini(struct stay_conn *conn);

/* Run init. If it refuses, the machine has stopped, and the reason is returned; so it
 * is with STAY_E_NOMEM, before init runs. */
enum stay_status stay__drive_start(struct stay_conn *conn, void *arg);
/* Take the step of init, which stay__step_has_first. */
void stay__drive_first(struct stay_conn *conn);

/* Take an event, and all that its actions bring; what has come with a verdict
 * is carried out even if no event is due. */
void stay__drive(struct stay_conn *conn, struct stay__step step);
/* The same for a step that begins a reconnect. */
void stay__drive_reconnect(struct stay_conn *conn, struct stay__step step);

#endif
