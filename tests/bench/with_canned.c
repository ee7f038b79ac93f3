/*
 * with_canned COMMAND...: run a command beside a server that says the same
 * every time, which it finds at BENCH_PORT of this machine. GETs are answered
 * once BENCH_BATCH of them have come, all in one write: so each turn of the
 * client is a full one, however the machine shares its time. HELLO, CLIENT and PING
 * are answered at once, and what is no command of Redis goes back as it came.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PEERS_MAX 1024
#define LINE_SIZE 64 /* the words that matter are shorter */
#define VALUE     "$16\r\n" BENCH_VALUE "\r\n"
#define VALUE_LEN (sizeof(VALUE) - 1)

struct peer {
	char line[LINE_SIZE];
	size_t len;
	unsigned lines; /* of the command, still to come */
	unsigned owed;  /* answers to GETs */
};

static struct peer peers[PEERS_MAX];
static struct pollfd fds[PEERS_MAX]; /* fds[0] listens */
static nfds_t count = 1;

/* ---- what is answered ---- */

static void
say(int fd, const char *text, size_t len)
{
	bench_need(write(fd, text, len) == (ssize_t)len, "cannot answer");
}

static void
answer_gets(int fd)
{
	static char values[BENCH_BATCH * VALUE_LEN];

	if (values[0] == '\0')
		for (size_t i = 0; i < BENCH_BATCH; i++)
			memcpy(values + i * VALUE_LEN, VALUE, VALUE_LEN);
	say(fd, values, sizeof(values));
}

/* A line of a command: the one with its name says what is due. */
static void
take_word(struct peer *peer, int fd, const char *line)
{
	static const char hello[] = "%1\r\n$5\r\nproto\r\n:3\r\n";

	peer->lines--;
	if (strcmp(line, "GET") == 0)
		peer->owed++;
	else if (strcmp(line, "PING") == 0)
		say(fd, "+PONG\r\n", 7);
	else if (strcmp(line, "CLIENT") == 0)
		say(fd, "+OK\r\n", 5);
	else if (strcmp(line, "HELLO") == 0)
		say(fd, hello, sizeof(hello) - 1);
	if (peer->lines > 0 || peer->owed < BENCH_BATCH)
		return;
	peer->owed = 0;
	answer_gets(fd);
}

static void
take_line(struct peer *peer, int fd)
{
	peer->line[peer->len] = '\0';
	peer->line[strcspn(peer->line, "\r\n")] = '\0';
	if (peer->lines > 0)
		take_word(peer, fd, peer->line);
	else if (peer->line[0] == '*')
		peer->lines = 2 * (unsigned)strtoul(peer->line + 1, NULL, 10);
	else
		say(fd, "x\n", 2);
	peer->len = 0;
}

/* ---- who is there ---- */

static void
hear(struct peer *peer, struct pollfd *from)
{
	static char bytes[65536];
	ssize_t got = read(from->fd, bytes, sizeof(bytes));

	if (got <= 0) {
		close(from->fd);
		from->fd = -1;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (peer->len < LINE_SIZE - 1)
			peer->line[peer->len++] = bytes[i];
		if (bytes[i] == '\n')
			take_line(peer, from->fd);
	}
}

static void
welcome(void)
{
	int on = 1;

	bench_need(count < PEERS_MAX, "too many connections");
	fds[count].fd = accept(fds[0].fd, NULL, NULL);
	bench_need(fds[count].fd >= 0, "cannot accept");
	setsockopt(fds[count].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fds[count++].events = POLLIN;
}

static _Noreturn void
serve(void)
{
	for (;;) {
		bench_need(poll(fds, count, -1) > 0, "cannot wait");
		for (nfds_t i = 1; i < count; i++)
			if (fds[i].revents != 0)
				hear(&peers[i], &fds[i]);
		if (fds[0].revents != 0)
			welcome();
	}
}

/* ---- and the command ---- */

static void
listen_and_tell(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	char port[16];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bench_need(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
		       listen(fd, PEERS_MAX) == 0 &&
		       getsockname(fd, (struct sockaddr *)&address, &len) == 0,
	    "cannot listen");
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	snprintf(port, sizeof(port), "%d", ntohs(address.sin_port));
	setenv("BENCH_PORT", port, 1);
}

int
main(int argc, char **argv)
{
	pid_t server;
	pid_t pid;
	int status = 1;

	bench_need(argc > 1, "with_canned COMMAND...");
	listen_and_tell();
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve();
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	bench_need(server > 0 && pid > 0, "cannot run a process");
	waitpid(pid, &status, 0);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
