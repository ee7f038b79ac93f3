/*
 * Runs all steps of the story against one redis-server, and kills that in the middle of
 * each. It prints their rows, one after the other.
 *
 *	tell FOLDER     the folder has the steps
 *
 * The server is its own: on a free port of the loopback interface, with a folder of its
 * own for a working folder, and stopped by its process id.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../support/peer.h"

#define OUTAGE_MS 300

static struct peer server;
static char dir[] = "/tmp/stay-story-XXXXXX";

static const struct {
	const char *program;
	const char *word; /* NULL: none */
} steps[] = {
	{ "1_silly", NULL },
	{ "2_checkout", NULL },
	{ "3_pool", NULL },
	{ "4_owner", NULL },
	{ "5_nonblocking", NULL },
	{ "6_closed", NULL },
	{ "7_start", "sync" },
	{ "7_start", "async" },
	{ "8_behaviour", NULL },
	{ "8_table", NULL },
};

static bool
start_server(void)
{
	return peer_exec(&server,
		   "redis-server --port %d --bind 127.0.0.1 --dir %s"
		   " --save \"\" --appendonly no",
		   server.port, dir) &&
	       peer_await(&server);
}

static void
become_step(const char *folder, size_t step, int killer)
{
	char program[4096], url[64], number[16];

	snprintf(
	    program, sizeof(program), "%s/%s", folder, steps[step].program);
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
	snprintf(number, sizeof(number), "%d", killer);
	setenv("STORY_KILLER", number, 1);
	execl(program, program, url, steps[step].word, (char *)NULL);
	_exit(127);
}

/* Kill the server when the step asks for it, tell it that it is done, and start the
 * server again a moment later. Returns when the step has ended. */
static bool
outlive(int step)
{
	const struct timespec outage = { 0, OUTAGE_MS * 1000000L };
	char word;
	bool well = true;

	while (well && read(step, &word, 1) == 1) {
		peer_kill(&server);
		if (write(step, &word, 1) != 1)
			return false;
		nanosleep(&outage, NULL);
		well = start_server();
	}
	return well;
}

static bool
tell(const char *folder, size_t step)
{
	int ends[2], status = 1;
	bool well;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return false;
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become_step(folder, step, ends[1]);
	close(ends[1]);
	well = pid > 0 && outlive(ends[0]);
	close(ends[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && well &&
	       status == 0;
}

int
main(int argc, char **argv)
{
	bool well = argc > 1 && mkdtemp(dir) != NULL && peer_port(&server) &&
		    start_server();

	for (size_t i = 0; well && i < sizeof(steps) / sizeof(steps[0]); i++) {
		well = tell(argv[1], i);
		if (!well)
			fprintf(stderr, "%s has failed\n", steps[i].program);
	}
	peer_kill(&server);
	rmdir(dir);
	return well ? 0 : 1;
}
