/* A child process that is a redis-server; knows nothing of the library. */
#include "redis_server.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "free_port.h"

#define ARGS_MAX  48
#define PORTS_MAX 3

static void
run_server(const struct redis_server *server, int out)
{
	char port[16], path[64];
	char *args[ARGS_MAX];
	int count = 0;
	const char *const fixed[] = { "redis-server", "--port", port, "--bind",
		"127.0.0.1", "--unixsocket", path, "--dir", server->dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "no",
		"--logfile", "", "--enable-debug-command", "yes",
		"--repl-diskless-sync-delay", "0" };

	snprintf(port, sizeof(port), "%d", server->port);
	snprintf(path, sizeof(path), "%s/sock", server->dir);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		args[count++] = strdup(fixed[i]);
	for (int i = 0; server->extra != NULL && server->extra[i] != NULL &&
			count < ARGS_MAX - 1;
	     i++)
		args[count++] = strdup(server->extra[i]);
	args[count] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(args[0], args);
	_exit(127);
}

/* The server says so itself; the end of its output says that it died. */
static bool
wait_until_ready(FILE *said)
{
	char line[512];

	while (fgets(line, sizeof(line), said) != NULL)
		if (strstr(line, "eady to accept connections") != NULL)
			return true;
	return false;
}

static bool
launch(struct redis_server *server)
{
	int ends[2];
	FILE *said;
	bool ready;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	server->pid = fork();
	if (server->pid == 0)
		run_server(server, ends[1]);
	close(ends[1]);
	said = fdopen(ends[0], "r");
	ready = wait_until_ready(said);
	if (!ready)
		redis_server_kill(server);
	/* Its later words have nowhere to go; redis-server ignores SIGPIPE. */
	fclose(said);
	return ready;
}

/* Somebody may come to listen there before the server does. */
static bool
launch_at(struct redis_server *server, int port)
{
	server->port = port;
	snprintf(
	    server->url, sizeof(server->url), "redis://127.0.0.1:%d", port);
	return launch(server);
}

bool
redis_server_start(struct redis_server *server, const char *const *extra)
{
	memset(server, 0, sizeof(*server));
	strcpy(server->dir, "/tmp/stay-redis-XXXXXX");
	if (mkdtemp(server->dir) == NULL)
		return false;
	server->extra = extra;
	snprintf(server->unix_url, sizeof(server->unix_url),
	    "redis+unix://%s/sock", server->dir);
	for (int i = 0; i < PORTS_MAX; i++)
		if (launch_at(server, free_port()))
			return true;
	return false;
}

/* Somebody may listen on its port meanwhile, for a while. */
#define RESTARTS_MAX 100

void
redis_server_restart(struct redis_server *server)
{
	for (int i = 0; server->pid == 0 && i < RESTARTS_MAX; i++)
		(void)launch(server);
	if (server->pid != 0)
		return;
	fprintf(stderr, "redis-server does not come up again\n");
	abort();
}

void
redis_server_kill(struct redis_server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

void
redis_server_freeze(struct redis_server *server)
{
	kill(server->pid, SIGSTOP);
	waitpid(server->pid, NULL, WUNTRACED);
}

void
redis_server_thaw(struct redis_server *server)
{
	kill(server->pid, SIGCONT);
}

static int
remove_entry(
    const char *path, const struct stat *stat, int type, struct FTW *where)
{
	(void)stat;
	(void)type;
	(void)where;
	return remove(path);
}

void
redis_server_end(struct redis_server *server)
{
	redis_server_kill(server);
	nftw(server->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
