/*
 * Step 8 once more, as a bare table: no loop, no streams, no callbacks of the library.
 *
 * Only the table of <stay/machine.h> is used. The program finds out what has happened and
 * names it, as "ok", "backoff", "expired"; the row says what to do and which state
 * follows. What is left to write is what a row cannot say: sockets, the queue, the clock.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stay/machine.h>

#include "story.h"

#define BACKOFF_MS 100

/* Callers in a row. */
struct line {
	struct caller *callers[STORY_CALLERS];
	size_t first, count;
};

static unsigned state; /* of the table */
static int fd;
static struct line queue;   /* of calls that are not sent */
static struct line waiting; /* for a reply */
static char in[4096];
static size_t in_len;

static void
push(struct line *line, struct caller *caller)
{
	line->callers[(line->first + line->count++) % STORY_CALLERS] = caller;
}

static struct caller *
pop(struct line *line)
{
	struct caller *caller = line->callers[line->first];

	line->first = (line->first + 1) % STORY_CALLERS;
	line->count--;
	return caller;
}

static void
complete(struct caller *caller, enum stay_outcome outcome)
{
	story_done(caller, outcome);
	if (story_next(caller))
		push(&queue, caller);
}

/* ---- what a row does; each returns the event that follows ---- */

static const char *
do_connect(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)story_port()),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	in_len = 0;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return "ok";
	close(fd);
	return "backoff";
}

static const char *
do_disconnect(void)
{
	size_t lost = waiting.count;

	close(fd);
	while (lost-- > 0)
		complete(pop(&waiting), STAY_MAYBE_EXECUTED);
	return state == STAY_STOPPING ? "noconnect" : "backoff";
}

static const char *
act(const char *action)
{
	if (strcmp(action, "connect") == 0)
		return do_connect();
	return strcmp(action, "disconnect") == 0 ? do_disconnect() : NULL;
}

/* One event, and those that follow from it. */
static void
take(const char *event)
{
	const struct stay_machine *machine = stay_machine_conn();

	while (event != NULL) {
		const struct stay_machine_row *row =
		    stay_machine_find_row(machine, state,
			(unsigned)stay_machine_find_event(machine, event));

		assert(row != NULL && row->verb != STAY_NEVER);
		event = NULL;
		if (row->verb == STAY_GO) {
			state = row->next;
			event = act(machine->actions[row->action]);
		}
	}
}

/* ---- calls and replies ---- */

/* All that are in the queue, in one piece. */
static void
send_queue(void)
{
	char out[STORY_CALLERS * 40];
	size_t len = 0;

	while (queue.count > 0) {
		struct caller *caller = pop(&queue);

		len += (size_t)snprintf(
		    out + len, sizeof(out) - len, "%s\r\n", caller->command);
		push(&waiting, caller);
	}
	if (len > 0 && send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
		take("disconnect");
}

/* The length of the first reply, ":7", "$-1", or "$1" and a line; 0: it is not whole. */
static size_t
reply_len(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);
	size_t first = end == NULL ? 0 : (size_t)(end - bytes) + 1;

	if (end != NULL && bytes[0] == '$' && bytes[1] != '-')
		first += strtoul(bytes + 1, NULL, 10) + 2;
	return first <= len ? first : 0;
}

static void
receive(void)
{
	ssize_t got = recv(fd, in + in_len, sizeof(in) - in_len, 0);
	size_t used = 0, len;

	if (got <= 0) {
		take("disconnect");
		return;
	}
	in_len += (size_t)got;
	while (waiting.count > 0 &&
	       (len = reply_len(in + used, in_len - used)) > 0) {
		used += len;
		complete(pop(&waiting), STAY_REPLIED);
	}
	in_len -= used;
	memmove(in, in + used, in_len);
}

/* ---- the loop ---- */

static void
turn(void)
{
	struct pollfd socket_of = { .fd = fd, .events = POLLIN };

	if (state == STAY_CONNECTED) {
		send_queue();
		if (state == STAY_CONNECTED && poll(&socket_of, 1, -1) > 0)
			receive();
	} else if (state == STAY_BACKING_OFF) {
		poll(NULL, 0, BACKOFF_MS);
		take("expired");
	}
	if (story_callers_left() == 0)
		take("stop");
}

static void
work(struct caller callers[STORY_CALLERS])
{
	state = STAY_STARTING;
	take("connect");
	for (int i = 0; i < STORY_CALLERS; i++)
		if (story_next(&callers[i]))
			push(&queue, &callers[i]);
	while (state != STAY_STOPPED)
		turn();
}

static const struct story table = {
	.name = "8 as a bare table",
	.codes = "the one thread",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&table, argc, argv);
}
