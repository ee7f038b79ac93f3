/*
 * The state machines. A machine is a table (a .def file), an instance is one
 * number, and only stay__machine_take changes it. No I/O, no clock, no memory.
 */
#ifndef STAY__MACHINE_H
#define STAY__MACHINE_H

#include <stay/machine.h>

/* ---- the connection: conn.def ---- */
enum stay__conn_event {
#define EVENT(name, label) STAY__CONN_##name,
#include "machine/conn.def"
	STAY__CONN_EVENT_COUNT
};

enum stay__conn_action {
	STAY__ACT_NONE,
#define ACTION(name, label) STAY__ACT_##name,
#include "machine/conn.def"
};

enum stay__conn_timer {
	STAY__TIMER_NONE,
#define TIMER(name, label) STAY__TIMER_##name,
#include "machine/conn.def"
};

/* ---- the stream: link.def ---- */
enum stay__link_state {
#define STATE(name, label, timer, stream, waits) STAY__LINK_##name,
#include "machine/link.def"
	STAY__LINK_STATE_COUNT
};

enum stay__link_event {
#define EVENT(name, label) STAY__LINK_EV_##name,
#include "machine/link.def"
	STAY__LINK_EVENT_COUNT
};

/* ---- the engine's session: session.def ---- */
enum stay__session_state {
#define STATE(name, label, timer, stream, waits) STAY__SESSION_##name,
#include "machine/session.def"
	STAY__SESSION_STATE_COUNT
};

enum stay__session_event {
#define EVENT(name, label) STAY__SESSION_EV_##name,
#include "machine/session.def"
	STAY__SESSION_EVENT_COUNT
};

/* An instance of one of the three, which its owner knows; only stay__machine_take
 * assigns `now`. Zeroed: the first state. */
struct stay__machine {
	unsigned now;
};

/* What one step did; the caller acts on it and tells the observer. */
struct stay__transition {
	enum stay_row_verb verb;
	unsigned from;
	unsigned event;
	unsigned to;
	unsigned
	    action; /* enum stay__conn_action; NONE for the other machines */
	const char *because;
};

/* Take one event, as `table` says, which is always the same. A NEVER row is a fault of
 * the library: asserted. */
struct stay__transition stay__machine_take(struct stay__machine *machine,
    const struct stay_machine *table, unsigned event);

#endif
