/* Finds a silent peer, and looks after an idle session. */
#ifndef STAY__HEALTH_H
#define STAY__HEALTH_H

#include <stay/client.h>

#include "loop/loop.h"

struct stay__written;

/* Only health.c writes these. Times in ns. */
struct stay__health {
	uint64_t last_heard; /* the last sign of life */
	uint64_t since;      /* answers are expected without a break */
	bool looked;         /* for more, after the last sign of life */
	bool has_errand;     /* a probe, or memory is given back */
	bool at_rest;        /* `probe` waits for more than a quiet second */
	bool awaits_room;    /* something is to be written, and has no room */
	bool was_full; /* the last write was a short one: room proves life */
	bool leans;    /* TCP keepalive looks in this session, too */
};

/* The connection runs: run the errand, if there is one. */
void stay__health_run(struct stay_session *session);
/* A timer of the connection's: STAY__CLIENT_SILENCE, STAY__CLIENT_PROBE. */
void stay__health_check_silence(struct stay_session *session);
void stay__health_check_idle(struct stay_session *session);
/* The stream is open; the session is up; the session has ended. */
void stay__health_open(struct stay_session *session);
void stay__health_begin(struct stay_session *session);
void stay__health_end(struct stay_session *session);
/* The peer has shown that it lives. */
void stay__health_heard(struct stay_session *session);
/* Whether nothing is expected of the peer: no reply and no room. */
bool stay__health_is_idle(const struct stay_session *session);
/* When the peer will have been silent for too long; UINT64_MAX: never. */
uint64_t stay__health_silent_at(const struct stay_session *session);
/* The peer may be silent from now on for longer than is looked after here, and TCP
 * keepalive has to see whether it is there, until the session ends. */
void stay__health_lean(struct stay_session *session);
/* What a write came to that the stream had asked for; `idle`: it was before. */
void stay__health_wrote(
    struct stay_session *session, bool idle, struct stay__written written);
/* What is expected of the peer has changed; `idle`: nothing was before. */
void stay__health_watch(struct stay_session *session, bool idle);
/* Something was done without a byte read or written: there may be memory to
 * give back. */
void stay__health_rest(struct stay_session *session);

#endif
