/*
 * The lesson: the machine is a table, and the table is what runs.
 *
 * Every state has an answer to every event: GO (act, and change the state),
 * KEEP (legal, and nothing changes) or NEVER (cannot happen). This program
 * prints the very rows that the library runs on. Then it leads a connection
 * through every state, and logs each step of its machine.
 *
 *	state_machine               the machine of a connection, and a live run
 *	state_machine link          the machine of its stream
 *	state_machine session       the machine of its session
 *	state_machine --step [of]   you type the events; it says what each does
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>
#include <stay/conn.h>
#include <stay/machine.h>
#include <stay/observer.h>
#include <stay/stream.h>

/* ---- the tables ---- */

static void
print_machine(const struct stay_machine *machine)
{
	printf("## The machine of %s: state x event\n\n", machine->name);
	stay_machine_matrix(machine, stdout);
	puts("\n## As a drawing (Mermaid)\n");
	stay_machine_mermaid(machine, stdout);
	puts("\n## Every row, and why\n");
	stay_machine_reasons(machine, stdout);
}

/* ---- a live run through every state ---- */

/* Messages that the connection sends to itself on the way. */
enum { RAMBLE_CONNECT, RAMBLE_LOSE, RAMBLE_STOP };

struct ramble {
	int far_end; /* of the socket pair that plays the network */
	unsigned sessions;
};

static unsigned visited; /* a bit a state */

/* init returns ok: the connection is idle until its first message. */
static struct stay_verdict
ramble_init(struct stay_conn *conn, void *state, void *arg)
{
	struct ramble *ramble = state;

	(void)arg;
	ramble->far_end = -1;
	visited |= 1u << stay_conn_state(conn);
	if (stay_conn_send(conn, stay_message_make(RAMBLE_CONNECT, NULL)) !=
	    STAY_OK)
		return stay_verdict_stop(STAY_E_NOMEM);
	return stay_verdict_ok();
}

static struct stay_verdict
ramble_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct ramble *ramble = state;
	int ends[2];

	(void)info;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return stay_verdict_stop(STAY_E_IO);
	ramble->far_end = ends[0];
	if (stay_stream_adopt(conn, ends[1], ends[1]) != STAY_OK) {
		close(ends[1]);
		return stay_verdict_stop(STAY_E_NOMEM);
	}
	return stay_verdict_pending(1000);
}

/* The one place that undoes a session, whatever ended it. */
static struct stay_verdict
ramble_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct ramble *ramble = state;

	(void)conn;
	close(ramble->far_end);
	ramble->far_end = -1;
	if (info.tag == STAY_INFO_STOPPING)
		return stay_verdict_noconnect();
	return stay_verdict_backoff(100);
}

/* The first session is lost, the second one is stopped. */
static struct stay_verdict
ramble_up(struct stay_conn *conn, struct ramble *ramble)
{
	int next = ramble->sessions++ == 0 ? RAMBLE_LOSE : RAMBLE_STOP;

	if (stay_conn_send(conn, stay_message_make(next, NULL)) != STAY_OK)
		return stay_verdict_stop(STAY_E_NOMEM);
	return stay_verdict_ok();
}

static struct stay_verdict
ramble_message(struct stay_conn *conn, struct ramble *ramble, int what)
{
	switch (what) {
	case RAMBLE_CONNECT:
		return stay_verdict_connect(stay_info_status(STAY_OK));
	case RAMBLE_LOSE: /* as if the peer had closed the stream */
		shutdown(ramble->far_end, SHUT_RDWR);
		return stay_verdict_noreply();
	default:
		stay_conn_stop(conn, STAY_OK);
		return stay_verdict_noreply();
	}
}

static struct stay_verdict
ramble_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	switch ((int)event->type) {
	case STAY_STREAM_UP:
		return ramble_up(conn, state);
	case STAY_MESSAGE:
		return ramble_message(conn, state, event->message.tag);
	default: /* STAY_STREAM_DOWN, too: noreply then means disconnect */
		return stay_verdict_noreply();
	}
}

static void
ramble_entered(struct stay_conn *conn, void *state, enum stay_state from,
    enum stay_state to)
{
	(void)conn;
	(void)state;
	(void)from;
	visited |= 1u << to;
}

static const struct stay_behaviour ramble = {
	STAY_BEHAVIOUR,
	.name = "ramble",
	.state_size = sizeof(struct ramble),
	.init = ramble_init,
	.connect = ramble_connect,
	.disconnect = ramble_disconnect,
	.handle_info = ramble_info,
	.entered = ramble_entered,
};

/* Returns whether the connection has been in every state. */
static bool
live_run(void)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_log *log = stay_log_new(stdout, STAY_LOG_CONN);
	struct stay_conn *conn;

	puts("\n## A live run through every state\n");
	if (loop != NULL && log != NULL) {
		stay_loop_set_observer(loop, stay_log_observer(log));
		if (stay_conn_start(&conn, loop, &ramble, NULL, NULL) ==
		    STAY_OK)
			ev_run(EV_DEFAULT, 0);
	}
	stay_loop_free(loop);
	stay_log_free(log);
	printf("\nvisited:");
	for (unsigned i = 0; i < STAY_STATE_COUNT; i++)
		if ((visited & 1u << i) != 0)
			printf(" %s", stay_state_name((enum stay_state)i));
	putchar('\n');
	return visited == (1u << STAY_STATE_COUNT) - 1;
}

/* ---- step by step ---- */

/* Print what each event would do in this state. */
static void
print_choices(const struct stay_machine *machine, unsigned state)
{
	for (unsigned event = 0; event < machine->event_count; event++) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(machine, state, event);

		printf("    %-11s ", machine->events[event]);
		if (row->verb == STAY_GO)
			printf("to %s\n", machine->states[row->next].label);
		else
			printf("%s: %s\n",
			    row->verb == STAY_KEEP ? "nothing changes"
						   : "never",
			    row->because);
	}
}

static void
print_state(const struct stay_machine *machine, unsigned state)
{
	const struct stay_machine_state *row = &machine->states[state];
	const char *timer = machine->timers[row->timer];

	printf("\n%s: waits for %s", row->label, row->waits);
	printf(timer[0] != '\0' ? "; its timer: %s\n" : "\n", timer);
	print_choices(machine, state);
}

/* Take an event, as the library would. Returns the state after it. */
static unsigned
take(const struct stay_machine *machine, unsigned state, unsigned event)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(machine, state, event);
	const char *action = machine->actions[row->action];

	if (row->verb == STAY_NEVER) {
		printf("  NEVER: %s\n", row->because);
		return state;
	}
	if (row->verb == STAY_KEEP) {
		printf("  KEEP: %s\n", row->because);
		return state;
	}
	printf("  GO: %s --%s%s%s--> %s: %s\n", machine->states[state].label,
	    machine->events[event], action[0] != '\0' ? "/" : "", action,
	    machine->states[row->next].label, row->because);
	return row->next;
}

/* Commands begin with a colon, as an event may have any name. False: to end. */
static bool
obey(const char *command, unsigned *state)
{
	if (strcmp(command, ":quit") == 0)
		return false;
	if (strcmp(command, ":reset") == 0)
		*state = 0;
	else
		puts("  an event by its name: takes it, as the library would\n"
		     "  :reset  begins anew\n"
		     "  :quit   ends\n"
		     "  :help   says this");
	return true;
}

static int
step(const struct stay_machine *machine)
{
	unsigned state = 0;
	char line[64];

	puts("Type an event, or :help, :reset, :quit.");
	print_state(machine, state);
	while (fputs("> ", stdout), fflush(stdout),
	    fgets(line, sizeof(line), stdin) != NULL) {
		int event;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == ':' || strcmp(line, "help") == 0) {
			if (!obey(line, &state))
				break;
			print_state(machine, state);
			continue;
		}
		event = stay_machine_find_event(machine, line);
		if (event >= 0)
			state = take(machine, state, (unsigned)event);
		else if (line[0] != '\0')
			printf("  there is no event \"%s\"\n", line);
		print_state(machine, state);
	}
	return 0;
}

static const struct stay_machine *
machine_named(const char *name)
{
	if (strcmp(name, "link") == 0)
		return stay_machine_link();
	if (strcmp(name, "session") == 0)
		return stay_machine_session();
	return strcmp(name, "conn") == 0 ? stay_machine_conn() : NULL;
}

int
main(int argc, char **argv)
{
	bool steps = argc > 1 && strcmp(argv[1], "--step") == 0;
	const char *name = argc > 1 + steps ? argv[1 + steps] : "conn";
	const struct stay_machine *machine = machine_named(name);

	if (machine == NULL) {
		fputs(
		    "state_machine [--step] [conn | link | session]\n", stderr);
		return 2;
	}
	if (steps)
		return step(machine);
	print_machine(machine);
	if (machine != stay_machine_conn())
		return 0;
	puts("\n## Which verdict which callback may return\n");
	stay_machine_verdicts(stdout);
	return live_run() ? 0 : 1;
}
