#include "child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Its word is a signal. At an exit valgrind looks for leaks, and takes what only the
 * threads know that a child lacks for leaked.
 */
bool
child_finds(bool (*finds)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (finds(arg))
			raise(SIGKILL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
