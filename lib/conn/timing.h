/*
 * The timers of a connection: the timer of its state, the message timeout T of
 * the last verdict, and the state timeout of its behaviour. A timer that fires
 * leaves a note in the mailbox and runs no callback.
 */
#ifndef STAY__TIMING_H
#define STAY__TIMING_H

#include <stay/conn.h>

#include "base/backoff.h"
#include "conn/inner.h"
#include "loop/loop.h"

struct stay__step;

/* What only the behaviour of a program has. Only timing.c writes these. */
struct stay__alarms {
	struct stay_conn *conn;
	struct stay__timer timeout; /* T, the message timeout */
	uint64_t timeout_ms;
	bool timeout_on;
	struct stay_info throttled;        /* what that connect is run with */
	struct stay_message state_message; /* of the state timeout */
	struct stay_message asked_message; /* of the one that was asked for */
};

/* The timers of a connection. */
enum stay__conn_clock {
	STAY__CLOCK_DUE, /* of the state; not set if it has none */
	STAY__CLOCK_STATE_TIMEOUT,
	STAY__CLOCK_DRAIN,   /* requests.c: it stops */
	STAY__CLOCK_RENEWAL, /* requests.c: it reconnects by itself */
	STAY__CLOCK_CLIENT,  /* those of its client: enum stay__client_clock */
	STAY__CLOCK_COUNT = STAY__CLOCK_CLIENT + STAY__CLIENT_CLOCKS
};
_Static_assert((int)STAY__CLOCK_COUNT <= (int)STAY__TIMERS_MAX,
    "they have one entry in the wheel");

/* Only timing.c writes these. */
struct stay__timing {
	uint64_t due_ms;   /* what `due` was armed for */
	uint64_t asked_at; /* the state timeout that was asked for */
	struct stay__pace
	    pace; /* of delays that no callback chooses; or a client's */
	/* What a throttled connect is run with; of a program's, alarms->throttled. */
	int throttled_tag;
	enum stay_status throttled_status : 16;
	bool granted_later; /* the budget begins when the governor agrees */
	bool throttled;     /* the timer ends the wait of a throttled connect */
};

/* When that timer is due; UINT64_MAX: it is not set. Set it; UINT64_MAX: stop it. */
static inline uint64_t
stay__timing_at(const struct stay__timers *timers, enum stay__conn_clock clock)
{
	return timers->at[clock];
}
static inline void
stay__timing_set(struct stay_loop *loop, struct stay__timers *timers,
    enum stay__conn_clock clock, uint64_t at)
{
	stay__timers_set(&loop->wheel, timers, clock, at);
}

void stay__timing_init(struct stay_conn *conn);
void stay__timing_fini(struct stay_conn *conn);

/* Start the timer of the state that this step has entered; stop it. */
void stay__timing_arm(struct stay_conn *conn, const struct stay__step *step);
void stay__timing_disarm(struct stay_conn *conn);
/* The governor has let the dial begin: a pending budget starts now. */
void stay__timing_granted(struct stay_conn *conn);

/* What a connect that was throttled is run with. */
struct stay_info stay__timing_throttled(const struct stay_conn *conn);

/* The message timeout T of a verdict. Every callback stops T; after code_change
 * T starts again. */
void stay__timing_timeout_start(struct stay_conn *conn, uint64_t ms);
void stay__timing_timeout_stop(struct stay_conn *conn);
void stay__timing_timeout_restart(struct stay_conn *conn);

/* Ask for a state timeout without a message. */
void stay__timing_ask(struct stay_conn *conn, uint64_t ms);
/* The callback's verdict is taken: start the state timeout it has asked for. */
void stay__timing_take_asked(struct stay_conn *conn);
/* Take the message of the state timeout that has passed; the caller owns it. */
struct stay_message stay__timing_take_message(struct stay_conn *conn);

#endif
