/*
 * stay/machine.h - the state machines, to look at.
 *
 * A connection, its stream and its session are each one table: every state
 * answers every event, with GO (act and change), KEEP (legal, nothing changes)
 * or NEVER (cannot happen). The very rows that run are what these functions
 * show, draw and step through. For people who study them, for tests and tools;
 * a program that uses connections needs none of it.
 */
#ifndef STAY_MACHINE_H
#define STAY_MACHINE_H

#include <stdbool.h>
#include <stdio.h>

#include <stay/status.h>

STAY_BEGIN

/* The states of a connection, as stay_conn_state and `entered` tell them. */
enum stay_state {
	STAY_STARTING,      /* init has run; its verdict is due */
	STAY_IDLE,          /* no stream, and nobody asked for one */
	STAY_CONNECTING,    /* connect is asked, or pending */
	STAY_CONNECTED,     /* a session */
	STAY_DISCONNECTING, /* disconnect is asked, or pending */
	STAY_BACKING_OFF,   /* waiting for the next attempt */
	STAY_STOPPING,      /* the last disconnect is asked, or pending */
	STAY_STOPPED        /* terminate has run; only `closed` is left */
};
#define STAY_STATE_COUNT 8

enum stay_row_verb { STAY_NEVER, STAY_KEEP, STAY_GO };

struct stay_machine_row {
	enum stay_row_verb verb;
	unsigned action; /* machine->actions[action]: "" if none */
	unsigned next;   /* the state after it */
	const char *because;
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

/* The three machines. Static, const, any thread. */
STAY_API const struct stay_machine *stay_machine_conn(void);
STAY_API const struct stay_machine *stay_machine_link(void);
STAY_API const struct stay_machine *stay_machine_session(void);

/* "connecting" for STAY_CONNECTING. */
STAY_API const char *stay_state_name(enum stay_state state);

/* One row; NULL if there is no such state or event. */
STAY_API const struct stay_machine_row *stay_machine_find_row(
    const struct stay_machine *machine, unsigned state, unsigned event);

/* The number of a state or event by its name; -1 if it has none such. */
STAY_API int stay_machine_find_state(
    const struct stay_machine *machine, const char *name);
STAY_API int stay_machine_find_event(
    const struct stay_machine *machine, const char *name);

/*
 * Draw it: a Mermaid state diagram of its GO rows, the same for graphviz, a
 * Markdown matrix of all pairs, and a list of all rows with their reasons.
 */
STAY_API void stay_machine_mermaid(
    const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_dot(const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_matrix(
    const struct stay_machine *machine, FILE *out);
STAY_API void stay_machine_reasons(
    const struct stay_machine *machine, FILE *out);

/* Which verdict which callback may return, as a Markdown matrix. */
STAY_API void stay_machine_verdicts(FILE *out);

STAY_END

#endif
