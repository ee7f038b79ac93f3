/*
 * with_canned COMMAND...: run a command beside a server that says the same
 * every time, which it finds at BENCH_PORT of this machine. GETs are answered
 * once BENCH_BATCH of them have come, all in one write: so each turn of the
 * client is a full one, however the machine shares its time; so are BENCH_ECHO_BATCH
 * lines that are to be given back. HELLO, CLIENT and PING are answered at once, and so
 * is any other line.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "support/peer_loopback.h"

#define VALUE     "$16\r\n" BENCH_VALUE "\r\n"
#define VALUE_LEN (sizeof(VALUE) - 1)

#define ECHO_LEN (sizeof(BENCH_ECHO) - 1)

static char values[BENCH_BATCH * VALUE_LEN];
static char lines[BENCH_ECHO_BATCH * ECHO_LEN];

/* ---- what is answered ---- */

static size_t
reads(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	return in[0] == '*' ? peer_reads_commands(end, in, len, request)
			    : peer_reads_lines(end, in, len, request);
}

/* The phase of a connection is how many answers it is owed. */
static void
pay(struct peer_end *end, unsigned batch, const char *answers, size_t len)
{
	if (++end->phase < batch)
		return;
	end->phase = 0;
	peer_send(end, 0, 0, answers, len);
}

static void
get(struct peer_end *end, const struct peer_request *request)
{
	(void)request;
	pay(end, BENCH_BATCH, values, sizeof(values));
}

static void
echo(struct peer_end *end, const struct peer_request *request)
{
	(void)request;
	pay(end, BENCH_ECHO_BATCH, lines, sizeof(lines));
}

static const struct peer_row rows[] = {
	DO("GET", get),
	DO("echo", echo),
	ON("PING", "+PONG\r\n"),
	ON("CLIENT", "+OK\r\n"),
	ON("HELLO", "%1\r\n$5\r\nproto\r\n:3\r\n"),
	ON(PEER_ANYTHING, "x\n"),
	NO_MORE,
};

/* ---- and the command ---- */

static pid_t
run(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static void
tell(const struct door *door)
{
	char port[16];

	snprintf(port, sizeof(port), "%d", door->port);
	setenv("BENCH_PORT", port, 1);
}

static _Noreturn void
serve(struct ev_loop *ev)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ev_loop_fork(ev);
	ev_run(ev, 0);
	_exit(1);
}

int
main(int argc, char **argv)
{
	struct peer peer = { .rows = rows, .reads = reads };
	struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
	struct door door;
	pid_t server, pid;
	int status = 1;

	bench_need(argc > 1, "with_canned COMMAND...");
	for (size_t i = 0; i < BENCH_BATCH; i++)
		memcpy(values + i * VALUE_LEN, VALUE, VALUE_LEN);
	for (size_t i = 0; i < BENCH_ECHO_BATCH; i++)
		memcpy(lines + i * ECHO_LEN, BENCH_ECHO, ECHO_LEN);
	door_open(&door, &peer, ev, DOOR_TCP);
	tell(&door);
	server = fork();
	if (server == 0)
		serve(ev);
	pid = run(argv + 1);
	bench_need(server > 0 && pid > 0, "cannot run a process");
	waitpid(pid, &status, 0);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
