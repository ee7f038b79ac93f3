/*
 * What a connection reports about itself: transitions of its machines,
 * failures, and the notices on_started and on_closed.
 */
#ifndef STAY__REPORT_H
#define STAY__REPORT_H

#include <stay/conn.h>
#include <stay/observer.h>

#include "conn/inner.h"
#include "loop/loop.h"
#include "machine/machine.h"

#define STAY__FAILURE_MAX 768

/* A transition that happened inside a public call; the observer hears of it
 * later. */
#define STAY__NOTED_MAX 16

struct stay__noted_transition {
	const struct stay_machine *machine;
	struct stay__transition transition;
};

/* stay_conn_await, on its caller's stack. */
struct stay__awaiter {
	struct stay__awaiter *next; /* in the loop */
	struct stay_conn *conn;     /* NULL: it is gone */
	bool decided;
	enum stay_status status;
};

/* Who awaits it; NULL: nobody. Few wait at once, each inside of the other. */
struct stay__awaiter *stay__awaiter_of(const struct stay_conn *conn);

/* Bits of `told`. */
#define STAY__TOLD_STARTED 1u
#define STAY__TOLD_FAILURE 2u /* the last one, if there was one */

_Static_assert(STAY__FAILURE_MAX <= UINT16_MAX && STAY__NOTED_MAX <= UINT8_MAX,
    "what counts them has to do so");

/* Only report.c writes these. */
struct stay__report {
	uint8_t told;
	uint8_t noted_count;
	bool was_up;               /* it has been */
	uint8_t failed_in;         /* enum stay__phase, of the last failure */
	unsigned observers;        /* how many the loop had had when... */
	enum stay_status why : 16; /* of the last failure in this attempt */
	enum stay_status failed : 16; /* the last failure since it was up */
	uint16_t text_at;  /* where its text begins, behind the label... */
	uint16_t text_len; /* ...and how long it is, without what comes next */
	char *sentence;    /* NULL: none yet, or no memory for it */
	struct stay__noted_transition *noted; /* not yet told; NULL: none */
	void *own;           /* ...its observer was given this */
	uint64_t down_since; /* the first failure since it was up, in ns */
	uint32_t
	    maybe_executed; /* calls since then, at most as many as fit in */
	uint32_t not_sent;
};

void stay__report_init(struct stay_conn *conn);
/* Give back memory that is not needed now. */
void stay__report_rest(struct stay_conn *conn);
/* Nothing is told any more. */
void stay__report_end(struct stay_conn *conn);
void stay__report_fini(struct stay_conn *conn);

/* A transition inside a public call: the observer hears of it as soon as
 * that has returned. */
void stay__conn_note_transition(struct stay_conn *conn,
    const struct stay_machine *machine,
    const struct stay__transition *transition);
void stay__conn_tell_noted(struct stay_conn *conn);

/* Report the last failure with what happens next, if that is still to be
 * done. */
void stay__conn_report(struct stay_conn *conn);
/* An attempt begins: forget this attempt's failure. The connection is up:
 * forget the last failure, too. */
void stay__report_begin(struct stay_conn *conn);
void stay__report_up(struct stay_conn *conn);

/* The first success or failure is known: run on_started, once, and tell
 * stay_conn_await. */
void stay__conn_tell_started(struct stay_conn *conn, enum stay_status status);
/* The connection has ended: run on_closed, the last notice. */
void stay__conn_tell_closed(struct stay_conn *conn);

#endif
