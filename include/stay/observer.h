/*
 * stay/observer.h - being told what happens on a loop.
 *
 * One table of optional slots for each loop, set by stay_loop_set_observer. The
 * slots run on the loop's thread, after the fact, never inside a public
 * function; they may call every function. Texts and structs live until the slot
 * returns. None of them carries a secret.
 *
 * stay_log is a ready-made observer: a text log, good enough to study with.
 */
#ifndef STAY_OBSERVER_H
#define STAY_OBSERVER_H

#include <stdbool.h>
#include <stdio.h>

#include <stay/status.h>

STAY_BEGIN

/* One step of one state machine. All strings are static. */
struct stay_transition {
	const char *machine; /* "conn", "link" or "session" */
	const char *from;
	const char *event;
	const char *action; /* "" if the row has none */
	const char *to;
	const char *because; /* why the table has this row */
	bool kept;           /* a KEEP row: nothing changed */
	uintptr_t reserved[2];
};

/* The connection that it happened to. */
struct stay_subject {
	uint64_t number;   /* unique in the loop, from 1 */
	const char *label; /* the URL without secrets, or the options' */
	uint64_t now_ms;   /* the loop's clock */
	/* A word of this connection for the observer's own use: NULL at first,
	 * then what the observer has set. on_closed is the last to see it. If
	 * another observer is set for the loop, it finds NULL again. */
	void **own;
	/* When on_wake is to run for this connection, by the loop's clock. Set it
	 * in any slot; STAY_FOREVER, as at first: never. */
	uint64_t *wake_ms;
	uintptr_t reserved[1];
};

/* What lies behind a connection that is up. */
struct stay_up {
	const char *text;  /* "up again after 5.2 s, attempt 7, with ..." */
	uint64_t down_ms;  /* since its first failure; 0: it had not failed */
	unsigned attempts; /* it took so many */
	/* Calls that have ended since that failure, and what they came to. */
	uint64_t maybe_executed;
	uint64_t not_sent;
	uintptr_t reserved[2];
};

typedef void stay_on_transition_fn(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition);
typedef void stay_on_subject_fn(void *arg, const struct stay_subject *who);
typedef void stay_on_up_fn(
    void *arg, const struct stay_subject *who, const struct stay_up *up);
typedef void stay_on_text_fn(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text);

/* The table of slots; any may be NULL. It is const, and must live as long as it
 * is set. */
struct stay_observer {
	size_t size; /* STAY_OBSERVER sets these two */
	unsigned abi;
	void *arg; /* for all slots */
	/* Every step of every machine, KEEP rows included. */
	stay_on_transition_fn *on_transition;
	/* A dial, session or callback has failed: `text` is the sentence. */
	stay_on_text_fn *on_failure;
	/* A call without `done` has failed. */
	stay_on_text_fn *on_lost_call;
	/* A connection has closed; `status` is the reason, `text` names it. */
	stay_on_text_fn *on_closed;
	/* A connection is up, for the first time or again. */
	stay_on_up_fn *on_up;
	/* The time that *who->wake_ms named has come; it is STAY_FOREVER again.
	 * on_closed may come before. */
	stay_on_subject_fn *on_wake;
	/* A protocol has something to say that is no failure, as that it talks to
	 * a replica; or why a call was rejected, if its encode has said so, once for
	 * the same mistake, and for 32 of them on one loop. `status` is STAY_OK. */
	stay_on_text_fn *on_note;
	/* The wire trace of a client: a line for each request and each message of
	 * the control lane as the stream takes it, and for each frame that decode
	 * cuts, before it is handed out. The first 128 bytes are shown, as in C,
	 * without the words of the login; of a body, and of the rest of what was
	 * begun, only the length is told. What a protocol wraps a secret in, as base64, is not found.
	 * Must not call the library. `status` is STAY_OK.
	 *
	 *	> call, 9 bytes: "GET key\r\n"
	 *	< more, 3 bytes so far, 10 in all
	 *	< reply, 10 bytes: "$4\r\nword\r\n"
	 */
	stay_on_text_fn *on_wire;
};

#define STAY_OBSERVER .size = sizeof(struct stay_observer), .abi = STAY_ABI

/* ---- the text log ---------------------------------------------------- */

/* Which machines' steps are printed: those of connections, of their streams, of
 * their sessions. */
#define STAY_LOG_CONN    1u
#define STAY_LOG_LINK    2u
#define STAY_LOG_SESSION 4u
/* And what goes over the wire: on_wire. For whoever writes an adapter. */
#define STAY_LOG_WIRE    8u
/* Lines of JSON, for programs: an object for each event, and nothing is kept back. */
#define STAY_LOG_JSON    16u

struct stay_log;

/*
 * Make a log that writes a line for each event to `stream`, which stays the
 * caller's and must outlive the log. `machines` is any of STAY_LOG_*, or 0;
 * failures, recoveries, notes and closings are always printed.
 * Returns the log, for stay_log_free; NULL if there is no memory.
 *
 *	struct stay_log *log = stay_log_new(stderr, STAY_LOG_CONN);
 *
 *	stay_loop_set_observer(loop, stay_log_observer(log));
 *
 *	2026-11-29T03:07:11.042Z conn 3 redis://db: session: reset; next in 20 ms
 *	2026-11-29T03:07:16.203Z conn 3 redis://db: up again after 5.2 s, ...
 *
 * A failure that a connection repeats is printed once in 30 s. When the 30 s are
 * over, a line says how often it came. A recovery is printed if its failure was.
 * An observer of your own gets every failure and every recovery.
 *
 * With STAY_LOG_JSON every line is a JSON object. Its fields are time, event (a name of
 * <stay/observe.def>), conn (the number) and label; and, as far as the event has them,
 * status, class and text; machine, from, on, action and to; down_ms, attempts,
 * maybe_executed and not_sent. No line is kept back.
 *
 *	{"time":"2026-11-29T03:07:11.042Z","event":"stay.failure","conn":3,
 *	 "label":"redis://db","status":"STAY_E_RESET","class":"transient",
 *	 "text":"session redis://db: connection reset by the peer; next in 20 ms"}
 *
 * (On one line.) The log for people counts with subject->own and subject->wake_ms. An
 * observer that passes events on to a log leaves those two to it, and passes on
 * on_wake, too. Without them (NULL), or without memory, every failure is printed.
 */
STAY_API struct stay_log *stay_log_new(FILE *stream, unsigned machines);

/* The log as an observer. It lives as long as the log. */
STAY_API const struct stay_observer *stay_log_observer(
    const struct stay_log *log);

/* Free a log that no loop uses any more; NULL is fine. */
STAY_API void stay_log_free(struct stay_log *log);

STAY_END

#endif
