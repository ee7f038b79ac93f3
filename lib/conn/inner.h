/*
 * What a client needs of its connection beyond <stay/conn.h> and
 * <stay/stream.h>. A file that includes only this header sees no field of a
 * connection.
 */
#ifndef STAY__CONN_INNER_H
#define STAY__CONN_INNER_H

#include <stay/conn.h>
#include <stay/observer.h>
#include <stay/stream.h>

#include "base/backoff.h"
#include "base/slab.h"
#include "machine/machine.h"
#include "stream/link.h"

/* Which new work the connection accepts. */
enum stay__admission {
	STAY__ADMIT_CASTS, /* while init runs: calls could not be answered yet */
	STAY__ADMIT_OPEN,
	STAY__ADMIT_DRAINING,
	STAY__ADMIT_CLOSED
};

/* The address of the connection's admission, valid as long as the connection
 * lives. A client reads it with every call. */
const enum stay__admission *stay__conn_admission(const struct stay_conn *conn);

const struct stay_behaviour *stay__conn_behaviour(const struct stay_conn *conn);
/* Why the connection stops, once it does. */
enum stay_status stay__conn_reason(const struct stay_conn *conn);
struct stay_subject stay__conn_subject(struct stay_conn *conn);

/* The first and the last that the program hears of a connection. */
struct stay__notices {
	stay_started_fn *on_started;
	stay_closed_fn *on_closed;
	void *arg; /* of both; a client's get its state block instead */
};

/* What a connection was started with, and does not change. */
struct stay__conn_settings {
	const struct stay__client_ops *client; /* NULL: it runs no client */
	const char *label;                     /* a client's says its own */
	struct stay__notices notices;
	uint64_t call_timeout_ms;
	uint64_t stop_budget_ms; /* for the last disconnect */
	uint64_t throttle_burst;
	uint64_t throttle_ms;
	uint64_t mailbox_max;
	uint64_t callers_max;
	uint64_t turn_budget;
	struct stay_backoff_policy backoff; /* where no callback chooses */
	struct stay_socket_options socket;
};

/* What the options mean. STAY_E_ARG: the loop has been told which one is wrong. */
enum stay_status stay__conn_settings_fill(struct stay_loop *loop,
    struct stay__conn_settings *settings,
    const struct stay_conn_options *options);

/* What a client lends its connection, until on_closed returns. The settings name the
 * client's operations. */
struct stay__loan {
	const struct stay__conn_settings *settings;
	void *state; /* the state block of the behaviour */
};

/* What was lent goes now, before on_closed has returned: the connection is no longer
 * counted as one of its loop. */
void stay__conn_end_loan(struct stay_conn *conn);

/* As stay_conn_start; nothing is copied. `arg` is for init. */
enum stay_status stay__conn_start_on_loan(struct stay_conn **started,
    struct stay_loop *loop, const struct stay_behaviour *behaviour, void *arg,
    const struct stay__loan *loan);

/* Of a connection on loan: other settings, which apply from the next attempt on,
 * the stop budget at once. */
void stay__conn_retune(
    struct stay_conn *conn, const struct stay__conn_settings *settings);
/* How far its delays have come that no callback chooses, when a disconnect takes too
 * long; a client has its own there, for it is one outage. */
struct stay__pace *stay__conn_own_pace(struct stay_conn *conn);
/* As stay_backoff_next. */
uint64_t stay__conn_pace(struct stay_conn *conn, struct stay__pace *pace,
    const struct stay_backoff_policy *policy);
/* Reconnect by itself after `ms`; STAY_FOREVER: not any more. */
void stay__conn_renew_after(struct stay_conn *conn, uint64_t ms);
/* The same, unless it does so sooner. */
void stay__conn_renew_within(struct stay_conn *conn, uint64_t ms);
/* Whether a reconnect was asked for that has not begun. */
bool stay__conn_is_to_reconnect(const struct stay_conn *conn);
/* Of a connection on loan: as stay_conn_set_state_timeout, without a message. */
void stay__conn_state_timeout(struct stay_conn *conn, uint64_t ms);
/* Run the connection later this turn, because something outside its callbacks
 * has changed. */
void stay__conn_nudge(struct stay_conn *conn);
/* Run handle_info soon, with STAY_NEXT_EVENT and no message. Unlike
 * stay_conn_next_event this cannot fail. In a connection that stops nothing is
 * run. */
void stay__conn_interrupt(struct stay_conn *conn);

/* The timers of a client, with those of its connection. */
enum stay__client_clock {
	STAY__CLIENT_SILENCE,
	STAY__CLIENT_PROBE,
	STAY__CLIENT_CLOCKS
};
/* When it is due; UINT64_MAX: it is not set. Set it; UINT64_MAX: stop it. It is stopped
 * with the connection. */
uint64_t stay__conn_clock(
    const struct stay_conn *conn, enum stay__client_clock clock);
void stay__conn_set_clock(
    struct stay_conn *conn, enum stay__client_clock clock, uint64_t at);

/* What a connection asks its client, by the state block. */
struct stay__client_ops {
	/* What ends a connection that is up, if nothing happens: words, and how
	 * many; 0: nothing does. For stay_conn_explain. */
	int (*threat)(const void *state, char *text, size_t len);
	/* Whether completions are still to run after terminate: on_closed waits
	 * for them, and whoever runs the last one nudges the connection. */
	bool (*lingers)(const void *state);
	const char *(*label)(const void *state);
	/* The place that is dialled, for sentences; NULL: the label says so. */
	const char *(*place)(const void *state);
	/* The name of its protocol. */
	const char *(*protocol)(const void *state);
	/* The connection has run, maybe because it was nudged: no callback is below
	 * this on the stack. */
	void (*run)(void *state);
	/* A timer of the client has passed. */
	void (*fire)(void *state, enum stay__client_clock clock);
};

/* In which phase something has failed. */
enum stay__phase {
	STAY__PHASE_CONNECT,
	STAY__PHASE_HELLO,
	STAY__PHASE_RESTORE,
	STAY__PHASE_SESSION,
	STAY__PHASE_STOP,
	STAY__PHASE_CALLBACK
};

/* A static text. */
const char *stay__phase_name(unsigned phase);

/* Keep a failure sentence, "<phase> <label>: <text>", until it is told. */
void stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text);
/* The same, when nothing will be tried any more: behind it stands what has failed
 * last. */
void stay__conn_fail_finally(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text);
/* The status of the last failure since it was up; STAY_OK: none. */
enum stay_status stay__conn_failed(const struct stay_conn *conn);
/* A call has come to this; a call that nobody waits for has failed. */
void stay__conn_call_over(struct stay_conn *conn, enum stay_outcome outcome);
/* What a protocol has to say that is no failure. */
void stay__conn_tell_note(struct stay_conn *conn, const char *text);
/* Somebody wants to see it: see stay__wire_is_on. */
void stay__conn_tell_wire(struct stay_conn *conn, const char *text);
void stay__conn_tell_lost_call(
    struct stay_conn *conn, enum stay_status status, const char *text);
/* Tell the observer of one turn of a machine, now or, from inside a public
 * call, as soon as that has returned. */
void stay__conn_tell_transition(struct stay_conn *conn,
    const struct stay_machine *machine,
    const struct stay__transition *transition);

/* The bytes that are being delivered: their slab, and the first of them. */
struct stay__slab *stay__stream_slab(const struct stay_conn *conn);
char *stay__stream_bytes(struct stay_conn *conn);
/* The stream is down: the peer has closed it, and a filter has not missed its end. */
bool stay__stream_ended_in_order(const struct stay_conn *conn);
/* Give back memory that is not needed now. */
void stay__conn_rest(struct stay_conn *conn);
/* The bytes that were kept come again, without waiting for more. */
void stay__stream_redeliver(struct stay_conn *conn);
/* Read no more, and deliver nothing; go on with what was kept. */
void stay__stream_pause(struct stay_conn *conn);
void stay__stream_resume(struct stay_conn *conn);
/* Let the system look after the peer from now on; see stay__link_keep_alive. */
void stay__stream_keep_alive(struct stay_conn *conn);
/* Read when the connection runs next, although the world has not reported
 * anything to read; whether that read, or what it found, is still to come. */
void stay__stream_look(struct stay_conn *conn);
bool stay__stream_is_unread(const struct stay_conn *conn);
/* When a filter last got bytes, maybe too few to be read; see stay__link_heard_at. */
uint64_t stay__stream_heard_at(const struct stay_conn *conn);
/* What a filter has and the kernel has not; see stay__link_unsent. */
struct stay__unsent stay__stream_unsent(const struct stay_conn *conn);
/* Whether the stream goes through a filter; let an open one go through `filter` from
 * now on, if all that was sent has left: STAY_STREAM_UP or STAY_STREAM_DOWN follows.
 * `host` is whom the peer must prove to be. STAY_OK, STAY_E_STATE, STAY_E_NOMEM. */
bool stay__stream_is_sealed(const struct stay_conn *conn);
enum stay_status stay__stream_secure(
    struct stay_conn *conn, struct stay_filter *filter, const char *host);
/* Close our half of the stream, so that the peer reads its end; reading goes on,
 * nothing may be written any more, and its end is no failure. False: it cannot
 * be. */
bool stay__stream_shutdown(struct stay_conn *conn);

#endif
