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
 *	feed.c         the records of bodies
 *	timed.c        how long calls take
 *	recorded.c     what the flight recorder keeps
 *	sending.c      how they leave
 *	extras.c       what few calls have beside their record
 *	calls.c        the records of calls
 *	rare.c         what few clients have
 *	resend.c       which calls are sent again
 *	rest.c         the calls of a client that rests
 *	admission.c    whether a call is accepted; high and low water
 *	waiters.c      callers that wait for room in the queue
 *	target.c       where the URL points
 *	settings.c     what the options mean
 *	profile.c      what equal clients have in common
 *	endpoints.c    several places, and which is dialled next
 *	detour.c       another place, that a server has named
 *	session_fail.c a session that has failed
 *	doubt.c        sessions left because the server may be the wrong one
 *	renew.c        the protocol wants another session
 *	remark.c       what the protocol wants somebody to know
 *	later.c        a greeting that waits for another thread
 *	secure.c       a greeting in clear that goes on in TLS
 *	tick.c         a timer of the protocol's own
 *	wake.c         a turn of the protocol's own
 *	pause.c        reading waits for who can't keep up
 *	lend.c         one user has the client for himself, in one session
 *	reset.c        after that the session is made as new
 *	prepare.c      what depends on the session goes into a request
 *	pour.c         a body is asked for, piece by piece
 *	output.c       what is written at once, and what that commits
 *	wire.c         what goes over the wire, for who wants to see it
 *	health.c       a silent peer, an idle session
 *	over.c         the protocol hears of the end of a call
 *	complete.c     calls that end without an answer; running `done`
 *	session.c      the protocol's life on one stream, and the retry after it
 *	slots.c        what a protocol may call
 *	peer.c         the server that a session has, as a URL
 *	describe.c     counts, and words for stay_conn_explain
 *	numbers.c      what is added to the numbers of the loop
 *	swallow.c      frames past a bound, of which no byte is kept
 *	answer.c       what a reply does to its call
 *	piece.c        a reply that its call takes in pieces
 *	frames.c       a frame of each kind, and who takes it
 *	fault.c        what is wrong with a frame, whatever it says
 *	row.c          plain replies in a row, on a short way
 *	receive.c      bytes into frames, each to its taker
 *	receive_end.c  the end of the stream, which may be the end of an answer
 *	farewell.c     how both sides learn that a session ends
 *	leave.c        graceful close
 *	named.c        what a server says that goes away
 *	trial.c        a keep block for another config
 *	reconfigure.c  another URL, other options
 *	submit.c       a call is submitted
 *	direct.c       the same, shorter, for an adapter that writes it itself
 *	protocol.c     a protocol with every slot filled in
 *	behaviour.c    the callbacks of its connection
 *	start.c        from options and protocol to a client, and its end
 */
#ifndef STAY__CLIENT_H
#define STAY__CLIENT_H

#include <stay/client.h>

#include "client/admission.h"
#include "client/calls.h"
#include "client/detour.h"
#include "client/endpoints.h"
#include "client/hold.h"
#include "client/lend.h"
#include "client/profile.h"
#include "client/rare.h"
#include "client/reconfigure.h"
#include "client/rest.h"
#include "client/session.h"
#include "client/waiters.h"
#include "client/wake.h"
#include "client/watch.h"
#include "conn/inner.h"

/* As in struct stay_client_counts: what may come at any time. */
struct stay__traffic {
	uint64_t orphans;
	uint64_t rejected;
	uint64_t pushes;
	uint64_t sessions;
	uint64_t bytes_out;
	uint64_t bytes_in;
};

struct stay_client {
	struct stay_conn *conn;
	const enum stay__admission *admission; /* the connection's */
	struct stay_loop *loop;
	struct stay__profile *profile;
	struct stay__rare *rare;   /* rare.c */
	void *arg;                 /* of its notices */
	struct stay__calls *calls; /* rest.c: at rest, stay__no_calls */
	struct stay__past past;
	struct stay__traffic traffic;
	enum stay_status
	    rejecting : 16; /* why calls are; STAY_OK: they are not */
	uint8_t lend;       /* enum stay__lend */
	bool
	    consumed : 1; /* the descriptors of its URL: no longer ours to open */
	bool hides : 1;   /* the frame: what runs now may keep nothing of it */
	uint32_t pauses; /* of its reading, that have not been taken back */
	struct stay_session session;
	_Alignas(max_align_t) char blocks[]; /* keep, then session */
};

/* Of a block of so many bytes, what keeps the next one aligned. */
static inline size_t
stay__block_size(size_t size)
{
	size_t step = _Alignof(max_align_t);

	return (size + step - 1) / step * step;
}

/* What the protocol has for the client. */
static inline void *
stay__client_keep(const struct stay_client *client)
{
	return (void *)(uintptr_t)client->blocks;
}

/* And for the session, behind it. */
static inline void *
stay__client_data(const struct stay_client *client)
{
	return (char *)stay__client_keep(client) +
	       stay__block_size(client->profile->protocol.top.keep_size);
}

static inline const char *
stay__client_label(const struct stay_client *client)
{
	return client->rare->label != NULL ? client->rare->label
					   : client->profile->label;
}

/* ---- waiters.c: inline, because every call looks here ---- */
/* Whether a call submitted now would overtake a caller in line. */
static inline bool
stay__waiters_are_ahead(const struct stay_client *client)
{
	return client->rare->waiters != NULL &&
	       !stay__list_is_empty(&client->rare->waiters->waiting);
}

static inline uint64_t
stay__waiters_count(const struct stay_client *client)
{
	return client->rare->waiters == NULL ? 0 : client->rare->waiters->count;
}

/* Whether a waiter that got room is in its callback. */
static inline bool
stay__waiters_are_serving(const struct stay_client *client)
{
	return client->rare->waiters != NULL && client->rare->waiters->serving;
}

/* Something has changed for the first caller in line. */
static inline void
stay__waiters_move_on(struct stay_client *client)
{
	if (stay__waiters_are_ahead(client))
		stay__loop_run_soon(client->loop, &client->rare->waiters->task);
}

/* ---- rest.c: inline, because every call takes a record ---- */
/* As stay__call_take, though there may be no block to take it from. */
static inline struct stay__call *
stay__client_take_call(struct stay_client *client)
{
	if (client->calls->spare == NULL && !stay__calls_wake(client))
		return NULL;
	return stay__call_take(client->calls);
}

/* Whether it is lent to somebody whose session has ended, or has been given back. */
static inline bool
stay__lend_is_shut(const struct stay_client *client)
{
	return client->lend >= STAY__LEND_OUTLIVED;
}

/* Whether it is still to be asked if its session is as new. */
static inline bool
stay__lend_is_coming_back(const struct stay_client *client)
{
	return client->lend >= STAY__LEND_RETURNING;
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
	const struct stay__calls *calls = client->calls;
	enum stay_status status = STAY_OK;

	if (*client->admission > STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (calls->counts.queued >= calls->water.calls ||
	    calls->untold >= client->profile->calls.untold_max ||
	    calls->sendbuf.live >= calls->water.bytes)
		status = stay__admission_rise(client);
	return status == STAY_OK ? stay__admission_session(client) : status;
}

#endif
