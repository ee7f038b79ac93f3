/*
 * timed NAME WHO CALLS COMMAND...: how much time of the CPU a command takes for each
 * of its calls. For a peer that is a program, not a library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static double
ns(const struct timeval *time)
{
	return (double)time->tv_sec * 1e9 + (double)time->tv_usec * 1e3;
}

/* What it prints goes where errors go. */
static bool
runs(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int
main(int argc, char **argv)
{
	struct rusage usage;

	bench_need(argc > 4, "timed NAME WHO CALLS COMMAND...");
	bench_need(runs(argv + 4), "the command fails");
	getrusage(RUSAGE_CHILDREN, &usage);
	bench_sample(argv[1], bench_calls.cost, argv[2],
	    (ns(&usage.ru_utime) + ns(&usage.ru_stime)) / atof(argv[3]));
	return 0;
}
