/*
 * A client: the behaviour that runs a protocol on the stream of its connection.
 * Its files, from the lowest to the highest:
 *
 *	sendbuf.c      the bytes of requests
 *	tags.c         which tag belongs to what
 *	tagged.c       calls whose answers name a tag
 *	expect.c       replies to bytes of the control lane
 *	hold.c         replies that outlive their callback
 *	group.c        the records of groups
 *	calls.c        the records of calls
 *	resend.c       which calls are sent again
 *	admission.c    whether a call is accepted; high and low water
 *	waiters.c      callers that wait for room in the queue
 *	target.c       where the URL points
 *	settings.c     what the options mean
 *	profile.c      what equal clients have in common
 *	endpoints.c    several places, and which is dialled next
 *	session_fail.c a session that has failed
 *	doubt.c        sessions left because the server may be the wrong one
 *	renew.c        the protocol wants another session
 *	remark.c       what the protocol wants somebody to know
 *	later.c        a greeting that waits for another thread
 *	tick.c         a timer of the protocol's own
 *	wake.c         a turn of the protocol's own
 *	prepare.c      what depends on the session goes into a request
 *	output.c       what is written at once, and what that commits
 *	health.c       a silent peer, an idle session
 *	over.c         the protocol hears of the end of a call
 *	complete.c     calls that end without an answer; running `done`
 *	session.c      the protocol's life on one stream, and the retry after it
 *	slots.c        what a protocol may call
 *	describe.c     counts, and words for stay_conn_explain
 *	receive.c      bytes into frames, each to its receiver
 *	farewell.c     how both sides learn that a session ends
 *	leave.c        graceful close
 *	reconfigure.c  another URL, other options
 *	submit.c       a call is submitted
 *	protocol.c     a protocol with every slot filled in
 *	behaviour.c    the callbacks of its connection
 *	start.c        from options and protocol to a client, and its end
 */
#ifndef STAY__CLIENT_H
#define STAY__CLIENT_H

#include <stay/client.h>

#include "client/admission.h"
#include "client/calls.h"
#include "client/endpoints.h"
#include "client/hold.h"
#include "client/profile.h"
#include "client/reconfigure.h"
#include "client/session.h"
#include "client/waiters.h"
#include "client/wake.h"
#include "conn/inner.h"

struct stay_client {
	struct stay_conn *conn;
	const enum stay__admission *admission; /* the connection's */
	struct stay_loop *loop;
	struct stay__profile *profile;
	struct stay__endpoints *endpoints; /* NULL: the profile's URL alone */
	void *arg;                         /* of its notices */
	char *label; /* that the program has set; NULL: the profile's */
	struct stay__changes *changes; /* NULL: none was asked for */
	bool consumed; /* the descriptors of its URL: no longer ours to open */
	struct stay__pace pace; /* of coming back */
	struct stay__calls calls;
	struct stay__water water;
	struct stay__waiters *waiters; /* NULL: nobody waits */
	struct stay__holds holds;
	enum stay_status rejecting; /* why calls are rejected; STAY_OK: not */
	struct stay_session session;
	struct stay__wake *wake; /* NULL: nobody has asked for one */
	void *keep;
	struct stay_client *self; /* the state block of the connection */
	_Alignas(max_align_t) char blocks[]; /* keep, then session */
};

static inline struct stay_client *
stay__client_of_calls(struct stay__calls *calls)
{
	return STAY__CONTAINER(calls, struct stay_client, calls);
}

/* The connection borrows it. */
static inline const char *
stay__client_label(const struct stay_client *client)
{
	return client->label != NULL ? client->label : client->profile->label;
}

/* ---- waiters.c: inline, because every call looks here ---- */
/* Whether a call submitted now would overtake a caller in line. */
static inline bool
stay__waiters_are_ahead(const struct stay_client *client)
{
	return client->waiters != NULL &&
	       !stay__list_is_empty(&client->waiters->waiting);
}

static inline uint64_t
stay__waiters_count(const struct stay_client *client)
{
	return client->waiters == NULL ? 0 : client->waiters->count;
}

/* Whether a waiter that got room is in its callback. */
static inline bool
stay__waiters_are_serving(const struct stay_client *client)
{
	return client->waiters != NULL && client->waiters->serving;
}

/* Something has changed for the first caller in line. */
static inline void
stay__waiters_move_on(struct stay_client *client)
{
	if (stay__waiters_are_ahead(client))
		stay__loop_run_soon(client->loop, &client->waiters->task);
}

/* ---- admission.c: what runs once a call ---- */
static inline enum stay_status
stay__admission_session(const struct stay_client *client)
{
	return stay__session_state(&client->session) == STAY__SESSION_READY
		   ? STAY_OK
		   : stay__admission_offline(client);
}

/* Whether one more call is accepted. Inline, because every call runs it. */
static inline enum stay_status
stay__admission_ask(struct stay_client *client)
{
	const struct stay__calls *calls = &client->calls;
	enum stay_status status = STAY_OK;

	if (*client->admission > STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (calls->counts.queued >= client->water.calls ||
	    calls->untold >= calls->bounds->untold_max ||
	    calls->sendbuf.live >= client->water.bytes)
		status = stay__admission_rise(client);
	return status == STAY_OK ? stay__admission_session(client) : status;
}

#endif
