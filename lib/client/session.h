/*
 * A session: the protocol's life on one stream. Each part of the struct is
 * written by its own file only; fields outside a part are session.c's.
 */
#ifndef STAY__SESSION_H
#define STAY__SESSION_H

#include <stay/client.h>

#include "client/doubt.h"
#include "client/farewell.h"
#include "client/health.h"
#include "client/later.h"
#include "client/leave.h"
#include "client/output.h"
#include "client/receive.h"
#include "client/remark.h"
#include "client/renew.h"
#include "client/tick.h"
#include "machine/machine.h"

struct stay__text;

/* What follows from bytes that were read, for the verdict. */
enum stay__flow {
	STAY__GO_ON,
	STAY__COME_UP, /* hello is content */
	STAY__LATER,   /* the frame was not taken: it comes again */
	STAY__END      /* the session is over: session->condemned */
};

/* What a session waits for that is no frame. None is cut meanwhile. */
enum stay__pause {
	STAY__PAUSE_NONE,
	STAY__PAUSE_ASKED,   /* pause.c: the session is up, and not read */
	STAY__PAUSE_LATER,   /* later.c; bytes are kept */
	STAY__PAUSE_CLEAR,   /* secure.c: what was said in clear is to leave */
	STAY__PAUSE_SECURING /* secure.c: the filter and the peer */
};

#define STAY__SECRETS_MAX 2
#define STAY__WORDS_MAX   384 /* of a server, in a text */

struct stay_session {
	struct stay_client *client;
	struct stay__machine machine; /* session.def */
	enum stay__doubt doubt;
	uint64_t generation; /* one more for each stream: its number */
	struct stay__farewell farewell;
	/* As in struct stay_backoff, of those that ended for a call given up:
	 * the attempts, at most as many as fit in, and since when. */
	uint16_t ended;
	uint8_t pause;    /* enum stay__pause */
	bool cut_off : 1; /* by its protocol: no further frame is cut */
	/* session_fail.c: the server acts on nothing in flight... */
	bool unacted : 1;
	bool is_content : 1; /* ...and it is no failure */
	struct stay__leave leave;
	uint32_t ended_since_ms;    /* goes round in 49 days */
	enum stay_status condemned; /* session_fail.c: to be ended, why */
	uint64_t up_since;          /* ns; 0: it has not come up */
	/* Words of its login beside the URL's, which are not to be shown. */
	const char *secrets[STAY__SECRETS_MAX];
	struct stay__output output;
	struct stay__health health;
	struct stay__reading *reading; /* of zeros between deliveries */
	size_t kept; /* receive.c: bytes of the last read, delivered again */
	struct stay__renew renew;
	struct stay__remark remark;
};

static inline enum stay__session_state
stay__session_state(const struct stay_session *session)
{
	return (enum stay__session_state)session->machine.now;
}

/* Between the stream's opening and the first call: the protocol is asked. */
static inline bool
stay__session_is_greeting(const struct stay_session *session)
{
	enum stay__session_state state = stay__session_state(session);

	return state == STAY__SESSION_GREETING ||
	       state == STAY__SESSION_RESTORING;
}

/* Its peer goes away now: no further call is to be sent. */
static inline bool
stay__leave_is_due(const struct stay_session *session)
{
	return session->leave.wished_now &&
	       session->leave.wished == (uint32_t)session->generation;
}

/* ---- session_fail.c ---- */
/* A new stream: the session has not failed. */
void stay__session_acquit(struct stay_session *session);
/* Mark the session as failed, and keep the failure sentence. Returns
 * STAY__END. */
enum stay__flow stay__session_break(
    struct stay_session *session, enum stay_status why, const char *text);
/* The same from outside the behaviour's callbacks. */
void stay__session_condemn(
    struct stay_session *session, enum stay_status why, const char *text);
/* The protocol ends it, in the words of the server or of its own; NULL: none.
 * What it ends for is told when the slot has returned. */
void stay__session_cut_off(struct stay_session *session, enum stay_status why,
    struct stay_bytes words);
/* The server has ended it and acts on nothing that is in flight. If that is no failure,
 * the session is marked here, else it is already. */
void stay__session_is_unacted(struct stay_session *session, bool is_content);
struct stay_verdict stay__session_verdict(
    const struct stay_session *session, enum stay__flow flow);

/* What a server said, as it may be shown: without the words of the login. */
void stay__session_show(const struct stay_session *session, const char *text,
    char *to, size_t size);
/* The sentence of STAY_E_SERVER. The words may be any bytes; NULL: none. */
void stay__session_quote(const struct stay_session *session,
    struct stay__text *text, struct stay_bytes words);

/* ---- session.c ---- */
void stay__session_init(
    struct stay_session *session, struct stay_client *client);
void stay__session_fini(struct stay_session *session);
/* The stream is open: begin the greeting. Returns the verdict of connect or of
 * handle_info. */
struct stay_verdict stay__session_open(struct stay_session *session);
/* Run hello, then on_up; `frame` is NULL the first time. */
enum stay__flow stay__session_greet(
    struct stay_session *session, const struct stay_frame *frame);
/* What was waited for without a frame has come: run slots, and ask again. */
enum stay__flow stay__session_go_on(struct stay_session *session);
/* Begin a graceful close: no further call is sent. False: no session is up. */
bool stay__session_leave(struct stay_session *session);
/* The stream is gone or given up. No effect without a session. `why` is for
 * on_down, `status` for the calls. */
void stay__session_over(struct stay_session *session, enum stay_status why,
    enum stay_status status);
/* The session is lost: end it. Returns when to connect again. */
struct stay_verdict stay__session_lost(
    struct stay_client *client, enum stay_status why);
/* The session has ended as it was to: when to connect again. */
struct stay_verdict stay__session_come_back(struct stay_client *client);
/* Whether it was up so long that what fails next fails for the first time. */
bool stay__session_was_stable(const struct stay_session *session);
/* No attempt is to follow: complete the calls, and stop the client. */
struct stay_verdict stay__session_give_up(
    struct stay_client *client, enum stay_status why);

#endif
