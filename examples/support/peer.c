/*
 * Child processes for the examples to talk to: starting and ending one, and an
 * echo server. It does not know what the examples do with them.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS_FROM 10000
#define PORTS      20000

/* A listening socket on the loopback interface; port 0: any free one. */
static int
listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	/* Connections that were just closed must not keep the port in use. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, 64) == 0)
		return fd;
	close(fd);
	return -1;
}

/* None of those that the kernel gives to whoever asks for any: while the peer is away
 * somebody else would have it. Programs that run side by side begin at different ones. */
bool
peer_port(struct peer *peer)
{
	static unsigned tries;

	while (tries < PORTS) {
		int port = PORTS_FROM +
			   (int)(((unsigned)getpid() * 37 + tries++) % PORTS);
		int fd = listen_on(port);

		if (fd < 0)
			continue;
		close(fd);
		peer->port = port;
		return true;
	}
	return false;
}

bool
peer_exists(const char *program)
{
	const char *path = getenv("PATH");
	char file[4096];

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");

		snprintf(
		    file, sizeof(file), "%.*s/%s", (int)len, path, program);
		if (len > 0 && access(file, X_OK) == 0)
			return true;
		path += len;
		path += *path == ':';
	}
	return false;
}

/* In the child: end with the parent, and close the descriptors that came
 * from it, except `keep`. */
static void
become_peer(pid_t parent, int keep)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (fd != keep)
			close(fd);
}

/* Split a command at its spaces, in place. */
static void
split(char *command, char *words[], size_t count_max)
{
	size_t count = 0;
	char *word = strtok(command, " ");

	while (word != NULL && count + 1 < count_max) {
		words[count++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
		word = strtok(NULL, " ");
	}
	words[count] = NULL;
}

static void
become_program(char *command)
{
	char *words[64];
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	split(command, words, sizeof(words) / sizeof(words[0]));
	if (words[0] != NULL)
		execvp(words[0], words);
	_exit(127);
}

bool
peer_exec(struct peer *peer, const char *format, ...)
{
	pid_t parent = getpid();
	char command[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	peer->pid = fork();
	if (peer->pid != 0)
		return peer->pid > 0;
	become_peer(parent, -1);
	become_program(command);
	return false;
}

bool
peer_serve(struct peer *peer, peer_serve_fn *serve)
{
	pid_t parent = getpid();
	int listener = listen_on(peer->port);

	if (listener < 0)
		return false;
	peer->pid = fork();
	if (peer->pid != 0) {
		close(listener);
		return peer->pid > 0;
	}
	become_peer(parent, listener);
	serve(listener);
	_exit(0);
}

/* A pid of 0 or -1 would signal other processes than our child. */
static void
tell(const struct peer *peer, int what)
{
	if (peer->pid > 0)
		kill(peer->pid, what);
}

static bool
takes_connections(const struct peer *peer)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken =
	    fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	if (fd >= 0)
		close(fd);
	return taken;
}

bool
peer_await(const struct peer *peer)
{
	for (int i = 0; i < 500; i++) {
		if (takes_connections(peer))
			return true;
		usleep(10000);
	}
	return false;
}

void
peer_freeze(const struct peer *peer)
{
	tell(peer, SIGSTOP);
}

void
peer_thaw(const struct peer *peer)
{
	tell(peer, SIGCONT);
}

void
peer_kill(struct peer *peer)
{
	tell(peer, SIGKILL);
	while (
	    peer->pid > 0 && waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	peer->pid = 0;
}

/* Return what came. False when this connection is over. */
static bool
echo_once(int fd)
{
	char bytes[65536];
	ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
	ssize_t done = 0;

	if (len <= 0)
		return false;
	bytes[len] = '\0';
	if (strstr(bytes, "hang up") != NULL)
		return false;
	while (done < len) {
		ssize_t n =
		    send(fd, bytes + done, (size_t)(len - done), MSG_NOSIGNAL);

		if (n < 0)
			return false;
		done += n;
	}
	return true;
}

void
peer_echo(int listener)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		while (echo_once(fd))
			continue;
		close(fd);
	}
}
