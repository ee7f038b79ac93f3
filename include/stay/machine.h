/*
 * stay/machine.h - the state machines, to look at.
 *
 * A connection, its stream and its session are each one table. In it every
 * state has an answer to every event: GO (act, and change the state), KEEP
 * (legal, and nothing changes) or NEVER (cannot happen). These functions show
 * and draw the very rows that the library runs on. They are for people who
 * study them, for tests and for tools; a program that uses connections needs
 * only the states.
 *
 * All of it is static and const. The functions may be called in any thread, and
 * keep nothing; those that draw write to a stream of the caller's.
 */
#ifndef STAY_MACHINE_H
#define STAY_MACHINE_H

#include <stdbool.h>
#include <stdio.h>

#include <stay/status.h>

STAY_BEGIN

/* The states of a connection; see stay_conn_state. */
enum stay_state {
	STAY_STARTING,      /* init has run; its verdict is not taken yet */
	STAY_IDLE,          /* no stream, and nobody asked for one */
	STAY_CONNECTING,    /* connect runs, or is pending */
	STAY_CONNECTED,     /* connect has succeeded */
	STAY_DISCONNECTING, /* disconnect runs, or is pending */
	STAY_BACKING_OFF,   /* waiting for the next attempt */
	STAY_STOPPING,      /* the last disconnect runs, or is pending */
	STAY_STOPPED        /* terminate has run; only `closed` is left */
};
#define STAY_STATE_COUNT 8

/* What a state does with an event. */
enum stay_row_verb { STAY_NEVER, STAY_KEEP, STAY_GO };

struct stay_machine_row {
	enum stay_row_verb verb;
	unsigned action;     /* machine->actions[action]: "" if none */
	unsigned next;       /* the state after it */
	const char *because; /* why */
};

struct stay_machine_state {
	const char *label;
	unsigned timer;    /* machine->timers[timer]: "" if none */
	bool stream;       /* whether there may be a stream in it */
	const char *waits; /* what it waits for */
};

struct stay_machine {
	const char *name;
	unsigned state_count;
	unsigned event_count;
	const struct stay_machine_state *states;
	const char *const *events;
	const char *const *actions;
	const char *const *timers;
	const struct stay_machine_row *rows; /* [state * event_count + event] */
};

/* The three machines: of a connection, of its stream, of its session. */
STAY_API const struct stay_machine *stay_machine_conn(void);
STAY_API const struct stay_machine *stay_machine_link(void);
STAY_API const struct stay_machine *stay_machine_session(void);

/* The name of a state: "connecting" for STAY_CONNECTING. */
STAY_API const char *stay_state_name(enum stay_state state);

/* The row for a state and an event, by number; NULL if there is none such. */
STAY_API const struct stay_machine_row *stay_machine_find_row(
    const struct stay_machine *machine, unsigned state, unsigned event);

/* The number of a state or event, by name; -1 if there is none such. */
STAY_API int stay_machine_find_state(
    const struct stay_machine *machine, const char *name);
STAY_API int stay_machine_find_event(
    const struct stay_machine *machine, const char *name);

/*
 * Write a machine to `out`: as a Mermaid state diagram of its GO rows; the same
 * for graphviz; as a Markdown table of all pairs of state and event; as a list
 * of all rows with their reasons.
 */
STAY_API void stay_machine_mermaid(
    const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_dot(const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_matrix(
    const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_reasons(
    const struct stay_machine *machine, FILE *out);

/* Write to `out` which callback may return which verdict: a Markdown table. */
STAY_API void stay_machine_verdicts(FILE *out);

STAY_END

#endif
