/*
 * A client: the behaviour that runs a protocol on the stream of its connection.
 *
 *	client.c   the public functions: submit, cancel, counts
 *	start.c    from options and protocol to a client, and its end
 *	target.c   where its URL points
 *	engine.c   the callbacks of the behaviour: dial, greet, come back
 *	session.c  one stream: greeting, up, over; what a protocol may ask
 *	leave.c    a session that ends by our own will
 *	change.c   another URL, other options
 *	receive.c  frames in, each to whom it is for
 *	output.c   what leaves in one write, and what it commits
 *	water.c    a queue that fills up, and empties
 *	wait.c     who waits for room in it
 *	health.c   a silent peer, an idle session
 *	hold.c     replies that outlive their callback
 *	calls.c    the records of calls; sendbuf.c their bytes
 *	fate.c     which of them are sent again
 */
#ifndef STAY__ENGINE_H
#define STAY__ENGINE_H

#include <stay/client.h>

#include "client/resend.h"
#include "conn/conn.h"

/* What comes of bytes, for the verdict. */
enum stay__flow {
	STAY__GO_ON,
	STAY__COME_UP, /* hello is content */
	STAY__END      /* the session is over: session->condemned */
};

/* The tag of the next event that ends a condemned session. */
#define STAY__CONDEMNED 1

struct stay_session {
	struct stay_client *client;
	struct stay__machine machine; /* session.def */
	uint64_t generation;          /* one more for each stream */
	void *data;
	struct stay_buf control;
	size_t settled;          /* bytes of it whose answers are expected */
	size_t offset;           /* of the view that decode is given */
	struct stay_bytes frame; /* being handed out; of no length: none */
	size_t kept;             /* bytes that come again, of the last read */
	enum stay_status condemned; /* to be ended: why */
	bool parted;                /* the farewell is said */
	struct stay_info left;      /* for connect, of a planned change */

	/* health.c; ns */
	struct stay__timer silence;
	struct stay__timer probe;
	struct stay__task prober;
	uint64_t heard;   /* the last sign of life */
	uint64_t excused; /* that one, after which we have looked for more */
	uint64_t since;   /* answers are expected without a break */
	bool stalled;     /* the last write was a short one */
};

/* Where a URL points. */
struct stay__aim {
	struct stay_url *url;
	struct stay_target target;
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
struct stay__line {
	struct stay__list waiting; /* struct waiter.node, in order */
	struct stay__list over;    /* decided, and not yet told */
	uint64_t count;            /* in both */
	bool serving;              /* one of them is being told */
	struct stay__task task;
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
	struct stay_loop *loop;
	struct stay_protocol protocol; /* a copy with every slot filled in */
	struct stay_client_options options;
	struct stay__aim aim;
	struct stay__change *change; /* for the next session; NULL: none */
	/* Those another has replaced, a chain: their configs are released. */
	struct stay__change *dropped;
	unsigned dropped_count;
	struct stay__task dropper;
	bool named; /* its label is not the URL */
	struct stay_backoff backoff;
	struct stay__calls calls;
	struct stay__water water;
	struct stay__line line;
	struct stay__holds holds;
	enum stay_status barred; /* calls are refused: why */
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

/* ---- engine.c ---- */
extern const struct stay_behaviour stay__engine;
/* The session is lost: over, and when to come back. */
struct stay_verdict stay__engine_lost(
    struct stay_client *client, enum stay_status why);

/* ---- client.c ---- */
/* Whether calls are taken at all just now: STAY_OK, or why not. */
enum stay_status stay__client_admits(const struct stay_client *client);
/* Give a call up, in whatever stage it is. */
void stay__client_give_up(struct stay__call *call, enum stay_status status);
/* Run `done`; without one a failure goes to the observer. */
void stay__client_tell(
    const struct stay__call *call, const struct stay_result *result);
/* The hooks of its calls. */
void stay__client_expire(struct stay__timer *timer);
void stay__client_told(struct stay__calls *calls);
void stay__client_tell_over(struct stay__call *call);

/* ---- target.c ---- */
/* Where `url` points for this client; stay__aim_fini in any case. */
enum stay_status stay__client_aim(
    const struct stay_client *client, struct stay__aim *aim, const char *url);
void stay__aim_fini(struct stay__aim *aim);

/* ---- start.c ---- */
enum stay_status stay__client_fill(
    struct stay_client_options *to, const struct stay_client_options *from);
/* What the options say is in force for calls and sockets. */
void stay__client_obey(struct stay_client *client);
struct stay_socket_options stay__client_socket(
    const struct stay_client_options *options);
/* A label for `aim`, to be freed; NULL: no memory. */
char *stay__client_label(const struct stay__aim *aim, const char *url);

/* ---- session.c ---- */
static inline enum stay__session_state
stay__session_state(const struct stay_session *session)
{
	return (enum stay__session_state)session->machine.now;
}

void stay__session_init(
    struct stay_session *session, struct stay_client *client);
void stay__session_fini(struct stay_session *session);
/* The stream is open: greet. The verdict of connect or of its handle_info. */
struct stay_verdict stay__session_open(struct stay_session *session);
/* Ask hello; `frame` is NULL at first. */
enum stay__flow stay__session_greet(
    struct stay_session *session, const struct stay_frame *frame);
/* It must not go on: keeps the failure sentence. Returns STAY__END. */
enum stay__flow stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text);
struct stay_verdict stay__session_verdict(
    const struct stay_session *session, enum stay__flow flow);
/* No call is committed any more; false: there is nothing to leave. */
bool stay__session_leave(struct stay_session *session);
/* The farewell, once. Whether something is to be flushed first. */
bool stay__session_part(struct stay_session *session);
/* The stream is gone or given up; harmless without one. `why` is for on_down,
 * `status` for the calls. */
void stay__session_over(struct stay_session *session, enum stay_status why,
    enum stay_status status);
/* To be ended from outside the behaviour's callbacks. */
void stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text);
void stay__session_press(struct stay_session *session);

/* ---- leave.c ---- */
/* The session is up, and over: how old it may get. */
void stay__leave_begin(struct stay_session *session);
void stay__leave_end(struct stay_session *session);
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

/* ---- change.c ---- */
/* Between two sessions: what was asked for takes effect. */
void stay__change_take(struct stay_client *client);
void stay__change_init(struct stay_client *client);
void stay__change_fini(struct stay_client *client);

/* ---- receive.c ---- */
struct stay_verdict stay__receive(
    struct stay_client *client, struct stay_bytes bytes);

/* ---- output.c ---- */
/* Ask for room once a turn, if there is something that may leave. */
void stay__output_ask(struct stay_client *client);
/* Nothing of the control lane and no half request is left. */
bool stay__output_is_flushed(const struct stay_client *client);
/* There is room: one write. */
void stay__output_write(struct stay_client *client);
/* Nobody has said so, but there may be: one write, if the last was short. */
void stay__output_try(struct stay_client *client);

/* ---- hold.c ---- */
void stay__holds_init(struct stay__holds *holds);
/* What is held lives on without its client. */
void stay__holds_fini(struct stay__holds *holds);

/* ---- water.c ---- */
void stay__water_init(struct stay_client *client);
void stay__water_fini(struct stay_client *client);
/* The marks of the options, in force from now on. */
void stay__water_set(struct stay_client *client);
/* A call has found a mark passed: STAY_OK, or STAY_E_FULL. */
enum stay_status stay__water_rise(struct stay_client *client);
/* The queue has become shorter. */
void stay__water_fall(struct stay_client *client);

/* ---- wait.c ---- */
void stay__wait_init(struct stay_client *client);
void stay__wait_fini(struct stay_client *client);
/* Whether a call that comes now would push in. */
bool stay__wait_is_ahead(const struct stay_client *client);
/* Something has changed for who is first. */
void stay__wait_move(struct stay_client *client);
/* The end: all of them are told. */
void stay__wait_end(struct stay_client *client);
/* Give up the one that `object` of a token is, if it is one of this client. */
bool stay__wait_cancel(struct stay_client *client, void *object);

/* ---- health.c ---- */
void stay__health_init(struct stay_session *session);
void stay__health_begin(struct stay_session *session);
void stay__health_end(struct stay_session *session);
/* The peer has shown that it lives. */
void stay__health_heard(struct stay_session *session);
/* Nothing is expected of the peer, no answer and no room. */
bool stay__health_is_idle(const struct stay_session *session);
/* After a change of what is expected; `idle`: nothing was before. */
void stay__health_watch(struct stay_session *session, bool idle);
/* Something was done without a byte: it may have left memory to give back. */
void stay__health_rest(struct stay_session *session);

#endif
