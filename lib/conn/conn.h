/*
 * A connection: a behaviour and its state block, a state machine, and parts
 * that have a file each. From the lowest to the highest:
 *
 *	settings.c what it was started with
 *	verdict.c  which callback may return which verdict
 *	mailbox.c  what waits to be delivered, and in which order
 *	callers.c  calls that wait for their answer
 *	rare.c     what few connections have
 *	requests.c what the program asks of a connection
 *	timing.c   the timers: of the state, message timeout, state timeout
 *	metered.c  what is added to the numbers of the loop
 *	report.c   transitions and notices, as they are reported
 *	outage.c   failures, until it is up again
 *	stream.c   the stream, and its news as mail
 *	step.c     from a verdict to an event
 *	drive.c    event -> machine -> action -> callback, until nothing is due
 *	upgrade.c  a change of the behaviour
 *	deliver.c  from mail to a callback
 *	run.c      what a connection does in a turn of the loop, and its end
 *	start.c    how a connection starts
 *	explain.c  what the connection is doing, in a sentence
 *
 * A file calls only files above it in this list, and each part of the struct is
 * written by its own file only.
 */
#ifndef STAY__CONN_H
#define STAY__CONN_H

#include <stay/conn.h>

#include "conn/callers.h"
#include "conn/drive.h"
#include "conn/inner.h"
#include "conn/mailbox.h"
#include "conn/outage.h"
#include "conn/rare.h"
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
	const struct stay_behaviour *behaviour;
	void *state;
	const struct stay__conn_settings *settings;
	struct stay__conn_rare *rare; /* rare.c */
	struct stay__task flush;      /* deliver.c */

	struct stay__mailbox mail;
	struct stay__machine machine;
	struct stay__requests requests;
	struct stay__timers timers; /* enum stay__conn_clock */
	struct stay__timing timing;
	struct stay__report report;
	struct stay__outage outage;
	struct stay__stream stream;
	struct stay__throttle throttle;
	struct stay__history history;
};

static inline enum stay_state
stay__conn_state(const struct stay_conn *conn)
{
	return (enum stay_state)conn->machine.now;
}

/* NULL: it runs no client. */
static inline const struct stay__client_ops *
stay__conn_client(const struct stay_conn *conn)
{
	return conn->settings->client;
}

static inline const char *
stay__conn_label(const struct stay_conn *conn)
{
	const struct stay__client_ops *client = stay__conn_client(conn);

	return client == NULL ? conn->settings->label
			      : client->label(conn->state);
}

/* Where it dials; NULL: its label says so. */
static inline const char *
stay__conn_place(const struct stay_conn *conn)
{
	const struct stay__client_ops *client = stay__conn_client(conn);

	return client == NULL ? NULL : client->place(conn->state);
}

/* What the table says of a state. */
static inline const struct stay_machine_state *
stay__conn_row(unsigned state)
{
	return &stay_machine_conn()->states[state];
}

static inline bool
stay__conn_admits(const struct stay_conn *conn)
{
	return conn->requests.admission <= STAY__ADMIT_OPEN;
}

#endif
