/*
 * A connection: a behaviour and its state block, a machine, and parts that have
 * a file each. From the ground up:
 *
 *	verdict.c  which callback may return which verdict
 *	mailbox.c  what waits to be delivered, and in which order
 *	callers.c  calls that wait for their answer
 *	requests.c what is asked from outside
 *	timing.c   the timers of the state, of T, of the behaviour
 *	report.c   what is told: turns, failures, notices
 *	stream.c   the stream, and its news as mail
 *	step.c     verdict -> event
 *	drive.c    event -> machine -> action -> callback, until nothing is due
 *	upgrade.c  another behaviour
 *	deliver.c  mail -> callback
 *	run.c      its turn in the loop's, and its end
 *	start.c    its beginning
 *	explain.c  what it is doing, in a sentence
 *
 * A file calls those above it, and writes its own part of the struct alone.
 */
#ifndef STAY__CONN_H
#define STAY__CONN_H

#include <stay/conn.h>

#include "conn/callers.h"
#include "conn/drive.h"
#include "conn/inner.h"
#include "conn/mailbox.h"
#include "conn/report.h"
#include "conn/requests.h"
#include "conn/step.h"
#include "conn/stream.h"
#include "conn/timing.h"
#include "loop/loop.h"
#include "machine/machine.h"

struct stay_conn {
	struct stay__member member; /* of the loop */
	struct stay_loop *loop;
	uint64_t number;
	char *label;
	const struct stay_behaviour *behaviour;
	void *state;
	struct stay_conn_options options;
	struct stay__machine machine;
	struct stay__task task;        /* run.c */
	struct stay__task flush;       /* deliver.c */
	struct stay__awaiter *awaiter; /* NULL: nobody awaits it */
	stay__threat_fn *threat;       /* NULL: none */

	struct stay__mailbox mail;
	struct stay__callers callers;
	struct stay__requests requests;
	struct stay__timing timing;
	struct stay__report report;
	struct stay__stream stream;
	struct stay__throttle throttle;
	struct stay__history history;
};

static inline enum stay_state
stay__conn_state(const struct stay_conn *conn)
{
	return (enum stay_state)conn->machine.now;
}

static inline bool
stay__conn_admits(const struct stay_conn *conn)
{
	return conn->requests.admission <= STAY__ADMIT_OPEN;
}

#endif
