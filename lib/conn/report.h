/*
 * What a connection reports about itself: transitions of its machines, and the notices
 * on_started and on_closed. Its failures are outage.h's.
 */
#ifndef STAY__REPORT_H
#define STAY__REPORT_H

#include <stay/conn.h>
#include <stay/observer.h>
#include <stddef.h>

#include "conn/inner.h"
#include "loop/loop.h"
#include "machine/machine.h"

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

_Static_assert(STAY__NOTED_MAX <= UINT8_MAX, "what counts them has to do so");

/* Only report.c writes these. */
struct stay__report {
	struct stay__noted_transition *noted; /* not yet told; NULL: none */
	uint8_t noted_count;
	bool has_started;   /* or has failed to, and that was told */
	unsigned observers; /* how many the loop had had when... */
	void *own;          /* ...its observer was given this */
};

/* The observer's table may be older, and end before this slot. */
#define STAY__HAS_SLOT(observer, slot)                                         \
	((observer)->size >= offsetof(struct stay_observer, slot) +            \
				 sizeof((observer)->slot) &&                   \
	    (observer)->slot != NULL)

/*
 * Telling the observer: ask stay__conn_subject whom it is about, call its slot, then this.
 * It may have named a time. Without memory for a clock it is tried again when it is told
 * of something else.
 */
void stay__observed(struct stay_conn *conn);

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

/* The first success or failure is known: run on_started, once, and tell
 * stay_conn_await. */
void stay__conn_tell_started(struct stay_conn *conn, enum stay_status status);
/* The connection has ended: run on_closed, the last notice. */
void stay__conn_tell_closed(struct stay_conn *conn);

#endif
