/*
 * The machines: three tables, and the only function that changes a state. This
 * file knows no clock, no socket and no callback. What follows from a
 * transition is the caller's.
 */
#include "machine/machine.h"

#include <assert.h>
#include <string.h>

#define MACHINE       conn
#define DEF           "machine/conn.def"
#define STATE_(name)  STAY_##name
#define EVENT_(name)  STAY__CONN_##name
#define ACTION_(name) STAY__ACT_##name
#define TIMER_(name)  STAY__TIMER_##name
#define STATES        STAY_STATE_COUNT
#define EVENTS        STAY__CONN_EVENT_COUNT
#include "machine/table.def"

#define MACHINE       link
#define DEF           "machine/link.def"
#define STATE_(name)  STAY__LINK_##name
#define EVENT_(name)  STAY__LINK_EV_##name
#define ACTION_(name) STAY__ACT_##name
#define TIMER_(name)  STAY__TIMER_##name
#define STATES        STAY__LINK_STATE_COUNT
#define EVENTS        STAY__LINK_EVENT_COUNT
#include "machine/table.def"

#define MACHINE       session
#define DEF           "machine/session.def"
#define STATE_(name)  STAY__SESSION_##name
#define EVENT_(name)  STAY__SESSION_EV_##name
#define ACTION_(name) STAY__ACT_##name
#define TIMER_(name)  STAY__TIMER_##name
#define STATES        STAY__SESSION_STATE_COUNT
#define EVENTS        STAY__SESSION_EVENT_COUNT
#include "machine/table.def"

struct stay__transition
stay__machine_take(struct stay__machine *machine,
    const struct stay_machine *table, unsigned event)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(table, machine->now, event);
	struct stay__transition transition;

	assert(row != NULL && row->verb != STAY_NEVER);
	transition = (struct stay__transition){ row->verb, machine->now, event,
		row->next, row->action, row->because };
	machine->now = row->next;
	return transition;
}

const struct stay_machine *
stay_machine_conn(void)
{
	return &conn_machine;
}

const struct stay_machine *
stay_machine_link(void)
{
	return &link_machine;
}

const struct stay_machine *
stay_machine_session(void)
{
	return &session_machine;
}

const char *
stay_state_name(enum stay_state state)
{
	return (unsigned)state < STAY_STATE_COUNT ? conn_states[state].label
						  : "?";
}

const struct stay_machine_row *
stay_machine_find_row(
    const struct stay_machine *machine, unsigned state, unsigned event)
{
	if (state >= machine->state_count || event >= machine->event_count)
		return NULL;
	return &machine->rows[state * machine->event_count + event];
}

int
stay_machine_find_state(const struct stay_machine *machine, const char *name)
{
	for (unsigned i = 0; i < machine->state_count; i++)
		if (strcmp(machine->states[i].label, name) == 0)
			return (int)i;
	return -1;
}

int
stay_machine_find_event(const struct stay_machine *machine, const char *name)
{
	for (unsigned i = 0; i < machine->event_count; i++)
		if (strcmp(machine->events[i], name) == 0)
			return (int)i;
	return -1;
}
