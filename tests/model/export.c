/*
 * The running tables as Promela: the states and events of the connection, its
 * rows as one inline, and per situation the verdicts' events. What is checked
 * is thus what runs, not a copy of it.
 */
#include <stdio.h>

#include "conn/verdict.h"
#include "machine/machine.h"

static const char *const situations[] = {
#define SITUATION(name, label, ...) [STAY__IN_##name] = #name,
#include "conn/verdict.def"
};

static void
export_names(const struct stay_machine *machine)
{
	for (unsigned i = 0; i < machine->state_count; i++)
		printf("#define S_%s %u\n", machine->states[i].label, i);
	for (unsigned i = 0; i < machine->event_count; i++)
		printf("#define E_%s %u\n", machine->events[i], i);
	for (unsigned i = 0; i <= STAY__ACT_TERMINATE; i++)
		printf("#define A_%s %u\n",
		    i == 0 ? "none" : machine->actions[i], i);
	for (unsigned i = 0; i < machine->state_count; i++)
		printf("#define TIMED_%s %d\n", machine->states[i].label,
		    machine->states[i].timer != STAY__TIMER_NONE);
}

static void
export_row(const struct stay_machine *machine, unsigned state, unsigned event)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(machine, state, event);

	printf("\t:: (state == %u && event == %u) -> ", state, event);
	if (row->verb == STAY_NEVER)
		printf("assert(false) /* %s in %s */\n", machine->events[event],
		    machine->states[state].label);
	else
		printf("action = %u; state = %u\n", row->action, row->next);
}

static void
export_rows(const struct stay_machine *machine)
{
	puts("inline take() {\n\td_step {\n\tif");
	for (unsigned state = 0; state < machine->state_count; state++)
		for (unsigned event = 0; event < machine->event_count; event++)
			export_row(machine, state, event);
	puts("\tfi }\n}");
}

/* One choice per verdict; what changes nothing is event NONE. */
static void
export_verdict(enum stay__situation in, unsigned kind)
{
	const struct stay_verdict verdict = { .kind = (uint8_t)kind };
	struct stay__ruling ruling = stay__verdict_rule(in, &verdict);

	if (ruling.kind == STAY__EVENT)
		printf("\t:: event = %d\n", (int)ruling.event);
	else if (ruling.kind == STAY__NOTHING)
		puts("\t:: event = NONE");
}

static void
export_verdicts(void)
{
	puts("#define NONE 255");
	for (unsigned in = 0; in < STAY__SITUATION_COUNT; in++) {
		printf("inline verdict_of_%s() {\n\tif\n", situations[in]);
		for (unsigned kind = 0; kind < STAY__VERDICT_COUNT; kind++)
			export_verdict((enum stay__situation)in, kind);
		puts("\tfi\n}");
	}
}

int
main(void)
{
	export_names(stay_machine_conn());
	export_rows(stay_machine_conn());
	export_verdicts();
	return 0;
}
