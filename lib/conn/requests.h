/*
 * What the program asks of a connection from outside its callbacks. A request
 * only sets a mark and wakes the connection; run.c carries it out later in the
 * turn.
 */
#ifndef STAY__REQUESTS_H
#define STAY__REQUESTS_H

#include <stay/conn.h>

#include "conn/inner.h"
#include "loop/loop.h"

/* Bits of `asked`. */
#define STAY__ASKED_STOP          1u
#define STAY__ASKED_RECONNECT     2u
#define STAY__ASKED_STATE_TIMEOUT 4u /* timing.c knows which */

/* Only requests.c writes these. */
struct stay__requests {
	enum stay__admission admission;
	enum stay_status reason : 16;        /* of the stop */
	enum stay_status reconnect_why : 16; /* of the reconnect */
	uint8_t asked; /* bits: asked for, not yet carried out */
};

/* The time to drain is over; it is time to reconnect by itself. */
void stay__conn_drained(struct stay_conn *conn);
void stay__conn_renew(struct stay_conn *conn);

/* Mark what is asked for, and wake the connection. */
void stay__conn_ask(struct stay_conn *conn, unsigned what);
/* Whether that was asked for; removes the mark. */
bool stay__conn_take_asked(struct stay_conn *conn, unsigned what);

/* init has returned: admit calls, unless the connection has stopped already. */
void stay__conn_admit(struct stay_conn *conn);
/* Admit nothing from now on. Only the first reason is kept. */
void stay__conn_close_admission(
    struct stay_conn *conn, enum stay_status reason);

#endif
