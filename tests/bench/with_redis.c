/*
 * with_redis COMMAND...: run a command beside a redis-server of its own, which
 * it finds at REDIS_PORT of this machine. The server has one core to itself and
 * the command another.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "redis_server.h"

/* The nth of the cores that we may use, in `one`; false: there are not so many.
 */
static bool
core(int nth, cpu_set_t *one)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		return false;
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &all) || nth-- > 0)
			continue;
		CPU_ZERO(one);
		CPU_SET(i, one);
		return true;
	}
	return false;
}

static void
pin(const cpu_set_t *one)
{
	if (sched_setaffinity(0, sizeof(*one), one) != 0)
		fprintf(stderr, "bench: cannot be pinned to a core\n");
}

/* What is asked for; nothing of it is ever written. */
static void
fill(int port)
{
	static const char set[] = "*3\r\n$3\r\nSET\r\n$12\r\n" BENCH_KEY
				  "\r\n$16\r\n" BENCH_VALUE "\r\n";
	char reply[8];
	int fd = bench_connect(port);

	bench_need(write(fd, set, sizeof(set) - 1) == sizeof(set) - 1 &&
		       read(fd, reply, sizeof(reply)) == 5 &&
		       memcmp(reply, "+OK\r\n", 5) == 0,
	    "the server does not take the key");
	close(fd);
}

static void
export_port(const struct redis_server *server)
{
	char port[16];

	snprintf(port, sizeof(port), "%d", server->port);
	setenv("REDIS_PORT", port, 1);
}

int
main(int argc, char **argv)
{
	static const char *const quiet[] = { "--appendonly", "no", NULL };
	struct redis_server server;
	cpu_set_t cores[2];
	bool apart = core(0, &cores[0]) && core(1, &cores[1]);
	int status = 1;
	bool runs;
	pid_t pid;

	bench_need(argc > 1, "with_redis COMMAND...");
	if (apart)
		pin(&cores[0]);
	else
		fprintf(stderr, "bench: server and client share one core: only "
				"what is counted means something\n");
	runs = redis_server_start(&server, quiet);
	if (runs) {
		fill(server.port);
		export_port(&server);
	}
	/* Whoever interrupts means the command; the server is still to go. */
	signal(SIGINT, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		if (apart)
			pin(&cores[1]);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	redis_server_end(&server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
