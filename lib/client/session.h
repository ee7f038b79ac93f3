/*
 * A session: what a protocol has on one stream. Each part of it is written by its
 * own file alone; what has no part is session.c's.
 */
#ifndef STAY__SESSION_H
#define STAY__SESSION_H

#include <stay/client.h>

#include "client/health.h"
#include "client/leave.h"
#include "client/output.h"
#include "client/receive.h"
#include "machine/machine.h"

/* What comes of bytes, for the verdict. */
enum stay__flow {
	STAY__GO_ON,
	STAY__COME_UP, /* hello is content */
	STAY__LATER,   /* the frame was not taken: it comes again */
	STAY__END      /* the session is over: session->condemned */
};

#define STAY__SECRETS_MAX 2
#define STAY__WORDS_MAX   384 /* of a server, in a text */

struct stay_session {
	struct stay_client *client;
	void *data;
	struct stay__machine machine; /* session.def */
	uint64_t generation;          /* one more for each stream */
	bool said_farewell;
	uint64_t up_since;          /* ns; 0: it has not come up */
	enum stay_status condemned; /* session_fail.c: to be ended, why */
	/* Words of its login beside the URL's, which are not to be shown. */
	const char *secrets[STAY__SECRETS_MAX];
	struct stay__output output;
	struct stay__health health;
	struct stay__reading reading;
	struct stay__leave leave;
};

static inline enum stay__session_state
stay__session_state(const struct stay_session *session)
{
	return (enum stay__session_state)session->machine.now;
}

/* ---- session_fail.c ---- */
/* A new stream: nothing is wrong with it yet. */
void stay__session_acquit(struct stay_session *session);
/* It must not go on: keeps the failure sentence. Returns STAY__END. */
enum stay__flow stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text);
/* To be ended from outside the behaviour's callbacks. */
void stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text);
struct stay_verdict stay__session_verdict(
    const struct stay_session *session, enum stay__flow flow);

/* What a server said, as it may be shown: without the words of the login. */
void stay__session_show(const struct stay_session *session, const char *text,
    char *to, size_t size);

/* ---- session.c ---- */
void stay__session_init(
    struct stay_session *session, struct stay_client *client, void *data);
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

#endif
