/* Farewell: how both sides learn that a session ends. */
#ifndef STAY__FAREWELL_H
#define STAY__FAREWELL_H

#include <stay/client.h>

enum stay__farewell_stage {
	STAY__FAREWELL_NONE,  /* not yet */
	STAY__FAREWELL_SAID,  /* it is to be written; nothing may follow it */
	STAY__FAREWELL_HEARD, /* our half is closed; the peer may finish */
	STAY__FAREWELL_OVER   /* nothing more is read */
};

/* Only farewell.c writes these. */
struct stay__farewell {
	uint8_t stage;
	bool is_asking; /* what was said has an answer */
	uint32_t bytes; /* read when nothing was owed; the low bits */
};

/* A new stream. */
void stay__farewell_begin(struct stay_session *session);
/* Say it, if it is not said. False: nothing more is to be written or read. */
bool stay__farewell_goes_on(struct stay_session *session);
/* Something has happened: the peer's time, or its bytes, may be used up. */
void stay__farewell_follow(
    struct stay_session *session, const struct stay_event *event);
/* The connection is in a new state, which has no timeout yet. */
void stay__farewell_moved(struct stay_session *session);

#endif
