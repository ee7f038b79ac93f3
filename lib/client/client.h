/*
 * A client: the behaviour that runs a protocol on the stream of its connection.
 * Its files, each below those that follow:
 *
 *	sendbuf.c      the bytes of requests
 *	calls.c        the records of calls
 *	hold.c         replies that outlive their callback
 *	resend.c       which calls are sent again
 *	admission.c    may a call come in; a queue that fills up, and empties
 *	waiters.c      who waits for room in it
 *	target.c       where the URL points
 *	settings.c     what the options mean
 *	session_fail.c a session that must not go on
 *	output.c       what leaves in one write, and what it commits
 *	health.c       a silent peer, an idle session
 *	complete.c     a call that is given up; how its caller is told
 *	session.c      one stream: greeting, up, over, and when to come back
 *	slots.c        what a protocol may ask
 *	describe.c     counts and words
 *	receive.c      frames in, each to whom it is for
 *	leave.c        a session that ends by our own will
 *	reconfigure.c  another URL, other options
 *	submit.c       a call comes in
 *	protocol.c     every slot of a protocol filled in
 *	behaviour.c    the callbacks of its connection
 *	start.c        from options and protocol to a client, and its end
 */
#ifndef STAY__CLIENT_H
#define STAY__CLIENT_H

#include <stay/client.h>

#include "client/resend.h"
#include "conn/inner.h"

/* What comes of bytes, for the verdict. */
enum stay__flow {
	STAY__GO_ON,
	STAY__COME_UP, /* hello is content */
	STAY__END      /* the session is over: session->condemned */
};

struct stay_session {
	struct stay_client *client;
	struct stay__machine machine; /* session.def */
	uint64_t generation;          /* one more for each stream */
	void *data;
	struct stay_buf control;
	size_t settled;          /* bytes of it whose answers are expected */
	char *input;             /* what is being cut into frames... */
	size_t offset;           /* ...and how far decode has come */
	struct stay_bytes frame; /* being handed out; of no length: none */
	size_t kept;             /* bytes that come again, of the last read */
	enum stay_status condemned; /* to be ended: why */
	bool said_farewell;
	struct stay_info left; /* for connect, of a planned change */

	/* health.c; ns */
	struct stay__timer silence;
	struct stay__timer probe;
	struct stay__task prober;
	uint64_t last_heard;   /* the last sign of life */
	uint64_t looked_after; /* that one, after which we looked for more */
	uint64_t since;        /* answers are expected without a break */
	bool stalled;          /* the last write was a short one */
};

/* Where a URL points. */
struct stay__target {
	struct stay_url *url;
	struct stay_target dial;
	char *descriptors; /* the URL fd:... ; else NULL */
};

struct stay__change;

/* Changes of one turn that others have replaced. */
#define STAY__DROPPED_MAX 16

/* Looked at by every call: how full the queue may be before anybody cares. */
struct stay__water {
	uint64_t calls;
	uint64_t bytes;
	bool high;
	bool told; /* what was told last */
	struct stay__task task;
};

/* Who waits for room in the queue. */
struct stay__waiters {
	struct stay__list waiting; /* struct waiter.node, in order */
	struct stay__list over;    /* decided, and not yet told */
	uint64_t count;            /* in both */
	bool serving;              /* one of them is being told */
	struct stay__task task;
};

/* What one write has come to. */
struct stay__written {
	bool is_down;   /* the stream; nothing was taken */
	size_t offered; /* 0: there was nothing to write */
	size_t taken;
};

/* Replies that somebody keeps. */
struct stay__holds {
	struct stay__list list; /* struct stay_held.node */
	uint64_t count;
	uint64_t bytes;
};

/* The state block of the connection points here. */
struct stay_client {
	struct stay_conn *conn;
	const enum stay__admission *admission; /* the connection's */
	struct stay_loop *loop;
	struct stay_protocol protocol; /* a copy with every slot filled in */
	struct stay_client_options options;
	struct stay__target target;
	struct stay__change *change; /* for the next session; NULL: none */
	/* Those another has replaced, a chain: their configs are released. */
	struct stay__change *dropped;
	unsigned dropped_count;
	struct stay__task dropper;
	bool named; /* its label is not the URL */
	struct stay_backoff backoff;
	struct stay__calls calls;
	struct stay__water water;
	struct stay__waiters waiters;
	struct stay__holds holds;
	enum stay_status rejecting; /* calls are rejected: why */
	struct stay_session session;
	void *keep;
	bool write_asked;
	_Alignas(max_align_t) char blocks[]; /* keep, then session */
};

static inline struct stay_client *
stay__client_of_calls(struct stay__calls *calls)
{
	return STAY__CONTAINER(calls, struct stay_client, calls);
}

static inline enum stay__session_state
stay__session_state(const struct stay_session *session)
{
	return (enum stay__session_state)session->machine.now;
}

/* ---- hold.c ---- */
void stay__holds_init(struct stay__holds *holds);
/* What is held lives on without its client. */
void stay__holds_fini(struct stay__holds *holds);

/* ---- waiters.c: what others see of them; inline, as a call looks ---- */
/* Whether a call that comes now would push in. */
static inline bool
stay__waiters_are_ahead(const struct stay_client *client)
{
	return !stay__list_is_empty(&client->waiters.waiting);
}

/* Something has changed for who is first. */
static inline void
stay__waiters_move_on(struct stay_client *client)
{
	if (stay__waiters_are_ahead(client))
		stay__loop_run_soon(client->loop, &client->waiters.task);
}

/* ---- admission.c ---- */
void stay__admission_init(struct stay_client *client);
void stay__admission_fini(struct stay_client *client);
/* The marks of the options, in force from now on. */
void stay__admission_set_marks(struct stay_client *client);
/* A call has found a mark passed: STAY_OK, or STAY_E_FULL. */
enum stay_status stay__admission_rise(struct stay_client *client);
/* The queue has become shorter. */
void stay__admission_fall(struct stay_client *client);
/* Whether calls are taken at all just now: STAY_OK, or why not. */
enum stay_status stay__admission_status(const struct stay_client *client);
/* The same while no session is up. */
enum stay_status stay__admission_offline(const struct stay_client *client);

static inline enum stay_status
stay__admission_session(const struct stay_client *client)
{
	return stay__session_state(&client->session) == STAY__SESSION_READY
		   ? STAY_OK
		   : stay__admission_offline(client);
}

/* Whether one more call may come in. Once a call: inline. */
static inline enum stay_status
stay__admission_ask(struct stay_client *client)
{
	const struct stay__calls *calls = &client->calls;
	enum stay_status status = STAY_OK;

	if (*client->admission > STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (calls->counts.queued >= client->water.calls ||
	    calls->untold >= calls->untold_max ||
	    calls->sendbuf.live >= client->water.bytes)
		status = stay__admission_rise(client);
	return status == STAY_OK ? stay__admission_session(client) : status;
}

/* ---- waiters.c ---- */
void stay__waiters_init(struct stay_client *client);
void stay__waiters_fini(struct stay_client *client);
/* The end: all of them are told. */
void stay__waiters_end(struct stay_client *client);
/* Give up the one that `object` of a token is, if it is one of this client. */
bool stay__waiters_cancel(struct stay_client *client, void *object);

/* ---- target.c ---- */
/* Where `url` points for this client; stay__target_fini in any case. */
enum stay_status stay__target_parse(const struct stay_client *client,
    struct stay__target *target, const char *url);
void stay__target_fini(struct stay__target *target);

/* ---- settings.c ---- */
enum stay_status stay__settings_fill(
    struct stay_client_options *to, const struct stay_client_options *from);
/* What the options say is in force for calls. */
void stay__settings_apply(struct stay_client *client);
struct stay_socket_options stay__settings_socket(
    const struct stay_client_options *options);
/* A label for `target`, to be freed; NULL: no memory. */
char *stay__settings_label(const struct stay__target *target, const char *url);

/* ---- session_fail.c ---- */
/* It must not go on: keeps the failure sentence. Returns STAY__END. */
enum stay__flow stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text);
/* To be ended from outside the behaviour's callbacks. */
void stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text);
struct stay_verdict stay__session_verdict(
    const struct stay_session *session, enum stay__flow flow);

/* ---- output.c ---- */
/* Ask for room once a turn, if there is something that may leave. */
void stay__output_ask(struct stay_client *client);
/* The room that was asked for is there. */
void stay__output_granted(struct stay_client *client);
/* One write. */
struct stay__written stay__output_write(struct stay_client *client);
/* Nothing of the control lane and no half request is left. */
bool stay__output_is_flushed(const struct stay_client *client);

/* ---- health.c ---- */
void stay__health_init(struct stay_session *session);
void stay__health_begin(struct stay_session *session);
void stay__health_end(struct stay_session *session);
/* The peer has shown that it lives. */
void stay__health_heard(struct stay_session *session);
/* Nothing is expected of the peer, no answer and no room. */
bool stay__health_is_idle(const struct stay_session *session);
/* What a write came to that the stream had asked for; `idle`: it was before. */
void stay__health_wrote(
    struct stay_session *session, bool idle, struct stay__written written);
/* After a change of what is expected; `idle`: nothing was before. */
void stay__health_watch(struct stay_session *session, bool idle);
/* Something was done without a byte: it may have left memory to give back. */
void stay__health_rest(struct stay_session *session);

/* ---- complete.c ---- */
/* Give a call up, in whatever stage it is. */
void stay__client_give_up(struct stay__call *call, enum stay_status status);
/* Run `done`; without one a failure goes to the observer. */
void stay__client_tell(
    const struct stay__call *call, const struct stay_result *result);
/* The hooks of its calls. */
void stay__client_expire(struct stay__timer *timer);
void stay__client_told(struct stay__calls *calls);
void stay__client_tell_over(struct stay__call *call);

/* ---- session.c ---- */
void stay__session_init(
    struct stay_session *session, struct stay_client *client);
void stay__session_fini(struct stay_session *session);
/* The stream is open: greet. The verdict of connect or of its handle_info. */
struct stay_verdict stay__session_open(struct stay_session *session);
/* Ask hello; `frame` is NULL at first. */
enum stay__flow stay__session_greet(
    struct stay_session *session, const struct stay_frame *frame);
/* No call is committed any more; false: there is nothing to leave. */
bool stay__session_leave(struct stay_session *session);
/* The farewell, once. Whether something is to be flushed first. */
bool stay__session_say_farewell(struct stay_session *session);
/* The stream is gone or given up; harmless without one. `why` is for on_down,
 * `status` for the calls. */
void stay__session_over(struct stay_session *session, enum stay_status why,
    enum stay_status status);
/* The session is lost: over, and when to come back. */
struct stay_verdict stay__session_lost(
    struct stay_client *client, enum stay_status why);
/* No attempt is to follow: the calls are over, and the client stops. */
struct stay_verdict stay__session_give_up(
    struct stay_client *client, enum stay_status why);

/* ---- describe.c ---- */
int stay__client_describe(
    const struct stay_conn *conn, const void *state, char *text, size_t len);

/* ---- receive.c ---- */
struct stay_verdict stay__receive(
    struct stay_client *client, struct stay_bytes bytes);

/* ---- leave.c ---- */
/* By our own will: a normal reason, too, is the end of the session. */
void stay__leave_now(struct stay_client *client, enum stay_status reason);
/* The verdicts of disconnect: to stop, to connect anew. */
struct stay_verdict stay__leave_to_stop(
    struct stay_client *client, enum stay_status reason);
struct stay_verdict stay__leave_to_change(
    struct stay_client *client, struct stay_info why);
/* The same of handle_info, while it leaves. */
struct stay_verdict stay__leave_go_on(
    struct stay_client *client, const struct stay_event *event);

/* ---- reconfigure.c ---- */
/* Between two sessions: what was asked for takes effect. */
void stay__change_take(struct stay_client *client);
void stay__change_init(struct stay_client *client);
void stay__change_fini(struct stay_client *client);

/* ---- protocol.c ---- */
enum stay_status stay__protocol_check(const struct stay_protocol *protocol);
/* A copy with every slot filled in, but `ping`: only a protocol that has a probe
 * is probed. */
void stay__protocol_fill(
    struct stay_protocol *to, const struct stay_protocol *from);

/* ---- behaviour.c ---- */
extern const struct stay_behaviour stay__client_behaviour;

#endif
