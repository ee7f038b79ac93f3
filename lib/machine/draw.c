/*
 * Draws a machine from its rows: as a state diagram, a matrix and a list. The
 * rows drawn are those that run; this file knows nothing else.
 */
#include <stay/machine.h>

/* Print one GO row in some notation. */
typedef void edge_fn(const struct stay_machine *machine, unsigned from,
    unsigned event, const struct stay_machine_row *row, FILE *out);

static void
each_edge(const struct stay_machine *machine, edge_fn *edge, FILE *out)
{
	for (unsigned from = 0; from < machine->state_count; from++)
		for (unsigned event = 0; event < machine->event_count;
		     event++) {
			const struct stay_machine_row *row =
			    stay_machine_find_row(machine, from, event);

			if (row->verb == STAY_GO)
				edge(machine, from, event, row, out);
		}
}

/* "event" or "event / action". */
static void
print_label(const struct stay_machine *machine, unsigned event,
    const struct stay_machine_row *row, FILE *out)
{
	const char *action = machine->actions[row->action];

	fprintf(out, action[0] == '\0' ? "%s%s" : "%s / %s",
	    machine->events[event], action);
}

static void
mermaid_edge(const struct stay_machine *machine, unsigned from, unsigned event,
    const struct stay_machine_row *row, FILE *out)
{
	fprintf(out, "    %s --> %s : ", machine->states[from].label,
	    machine->states[row->next].label);
	print_label(machine, event, row, out);
	fputc('\n', out);
}

void
stay_machine_mermaid(const struct stay_machine *machine, FILE *out)
{
	fprintf(
	    out, "stateDiagram-v2\n    [*] --> %s\n", machine->states[0].label);
	each_edge(machine, mermaid_edge, out);
}

static void
dot_edge(const struct stay_machine *machine, unsigned from, unsigned event,
    const struct stay_machine_row *row, FILE *out)
{
	fprintf(out, "\t%s -> %s [label=\"", machine->states[from].label,
	    machine->states[row->next].label);
	print_label(machine, event, row, out);
	fputs("\"];\n", out);
}

void
stay_machine_dot(const struct stay_machine *machine, FILE *out)
{
	fprintf(out, "digraph %s {\n\tnode [shape=box, style=rounded];\n",
	    machine->name);
	each_edge(machine, dot_edge, out);
	fputs("}\n", out);
}

static void
print_pair(const struct stay_machine *machine, unsigned state, unsigned event,
    FILE *out)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(machine, state, event);
	const char *action = machine->actions[row->action];

	if (row->verb == STAY_NEVER)
		fputs(" – |", out);
	else if (row->verb == STAY_KEEP)
		fputs(" keep |", out);
	else
		fprintf(out, action[0] == '\0' ? " %s%s |" : " %s / %s |",
		    machine->states[row->next].label, action);
}

void
stay_machine_matrix(const struct stay_machine *machine, FILE *out)
{
	fputs("| state |", out);
	for (unsigned event = 0; event < machine->event_count; event++)
		fprintf(out, " %s |", machine->events[event]);
	fputs(" timer | waits for |\n|---|", out);
	for (unsigned event = 0; event < machine->event_count + 2; event++)
		fputs("---|", out);
	fputc('\n', out);
	for (unsigned state = 0; state < machine->state_count; state++) {
		const struct stay_machine_state *of = &machine->states[state];

		fprintf(out, "| **%s** |", of->label);
		for (unsigned event = 0; event < machine->event_count; event++)
			print_pair(machine, state, event, out);
		fprintf(
		    out, " %s | %s |\n", machine->timers[of->timer], of->waits);
	}
}

void
stay_machine_reasons(const struct stay_machine *machine, FILE *out)
{
	static const char *const verbs[] = { "NEVER", "KEEP", "GO" };

	fputs(
	    "| in | on | | do | go to | because |\n|---|---|---|---|---|---|\n",
	    out);
	for (unsigned state = 0; state < machine->state_count; state++)
		for (unsigned event = 0; event < machine->event_count;
		     event++) {
			const struct stay_machine_row *row =
			    stay_machine_find_row(machine, state, event);

			fprintf(out, "| %s | %s | %s | %s | %s | %s |\n",
			    machine->states[state].label,
			    machine->events[event], verbs[row->verb],
			    machine->actions[row->action],
			    row->verb == STAY_GO
				? machine->states[row->next].label
				: "",
			    row->because);
		}
}
