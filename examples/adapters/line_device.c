/*
 * Lines over a serial line and over the pipes of a child, as a stranger to the library
 * would write it: a protocol, and two transports below it that know nothing of lines.
 */
#include "line_device.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <stay/transport.h>

#define LINE_MAX  1024
#define PLACE_MAX 512
#define WORDS_MAX 16

/* ---- what both transports do ---- */

/* The end for reading, and the one for writing. */
struct ends {
	int in, out;
};

static ssize_t
read_end(void *state, struct stay_world *world, void *bytes, size_t len)
{
	const struct ends *ends = state;
	ssize_t got = world->ops->read(world, ends->in, bytes, len);

	return got == -EIO ? 0 : got; /* a terminal without another end */
}

static ssize_t
write_end(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	const struct ends *ends = state;

	return world->ops->write(world, ends->out, parts, count);
}

static bool
copy_place(const struct stay_target *target, char place[PLACE_MAX])
{
	int len = snprintf(place, PLACE_MAX, "%s", target->path);

	return len >= 0 && len < PLACE_MAX;
}

/* ---- a serial line ---- */

struct serial {
	struct ends ends; /* the first member, as of struct child */
	struct termios was;
};

static const struct {
	unsigned number;
	speed_t speed;
} speeds[] = { { 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 },
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	{ 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 } };

/* Bytes as they are, at this speed; "": as it was. */
static int
set_up(struct serial *serial, const char *speed)
{
	struct termios raw;
	size_t i = 0;

	if (tcgetattr(serial->ends.in, &serial->was) != 0)
		return -errno;
	raw = serial->was;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	while (*speed != '\0' && i < sizeof(speeds) / sizeof(speeds[0]) &&
	       speeds[i].number != strtoul(speed, NULL, 10))
		i++;
	if (i == sizeof(speeds) / sizeof(speeds[0]) ||
	    (*speed != '\0' && cfsetspeed(&raw, speeds[i].speed) != 0))
		return -EINVAL;
	if (tcsetattr(serial->ends.in, TCSANOW, &raw) != 0 ||
	    tcflush(serial->ends.in, TCIOFLUSH) != 0)
		return -errno;
	return 0;
}

static int
open_serial(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	struct serial *serial = state;
	char place[PLACE_MAX], *speed = place;
	int failure;

	(void)address;
	(void)options;
	if (!copy_place(target, place))
		return -ENAMETOOLONG;
	strsep(&speed, ",");
	fds[0] = fds[1] = serial->ends.in = serial->ends.out =
	    open(place, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fds[0] < 0)
		return -errno;
	failure = set_up(serial, speed != NULL ? speed : "");
	if (failure != 0)
		world->ops->close(world, fds[0]);
	return failure;
}

/* What is still to go out would hold up the close. */
static void
close_serial(void *state, struct stay_world *world)
{
	struct serial *serial = state;

	(void)tcflush(serial->ends.in, TCIOFLUSH);
	(void)tcsetattr(serial->ends.in, TCSANOW, &serial->was);
	world->ops->close(world, serial->ends.in);
}

const struct stay_transport line_device_serial = {
	STAY_TRANSPORT,
	.scheme = "serial",
	.state_size = sizeof(struct serial),
	.open = open_serial,
	.read = read_end,
	.write = write_end,
	.close = close_serial,
};

/* ---- a child ---- */

struct child {
	struct ends ends;
	pid_t pid;
};

/* Its own group, the signals of a fresh process, our pipes; and none of the
 * descriptors that are closed on exec. */
static int
spawn(struct child *child, char *words[], int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int failure;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setpgroup(&how, 0);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK |
					   POSIX_SPAWN_SETSIGDEF |
					   POSIX_SPAWN_SETPGROUP);
	failure =
	    posix_spawn(&child->pid, words[0], &files, &how, words, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return -failure;
}

/* Two pipes, of which the child gets an end each. */
static int
start(struct child *child, char *words[])
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 }, failure = 0;

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		failure = -errno;
	else
		failure = spawn(child, words, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	child->ends = (struct ends){ from[0], to[1] };
	(void)fcntl(from[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(to[1], F_SETFL, O_NONBLOCK);
	if (failure != 0) {
		close(from[0]);
		close(to[1]);
	}
	return failure;
}

static int
open_child(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	struct child *child = state;
	char place[PLACE_MAX], *words[WORDS_MAX + 1] = { NULL }, *rest = place;
	size_t count = 0;
	int failure;

	(void)world;
	(void)address;
	(void)options;
	if (!copy_place(target, place))
		return -ENAMETOOLONG;
	while (count < WORDS_MAX && (words[count] = strsep(&rest, " ")) != NULL)
		count++;
	failure = start(child, words);
	fds[0] = child->ends.in;
	fds[1] = child->ends.out;
	return failure;
}

/* It reads the end of its input, and may end by itself. */
static int
shutdown_child(void *state, struct stay_world *world)
{
	struct child *child = state;

	world->ops->close(world, child->ends.out);
	child->ends.out = -1;
	return 0;
}

/* Somebody else may have waited for it, as libev does: then the number is not ours. */
static void
close_child(void *state, struct stay_world *world)
{
	struct child *child = state;
	siginfo_t info;

	world->ops->close(world, child->ends.in);
	if (child->ends.out >= 0)
		world->ops->close(world, child->ends.out);
	if (waitid(P_PID, (id_t)child->pid, &info,
		WEXITED | WNOHANG | WNOWAIT) != 0)
		return;
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

const struct stay_transport line_device_child = {
	STAY_TRANSPORT,
	.scheme = "child",
	.state_size = sizeof(struct child),
	.open = open_child,
	.read = read_end,
	.write = write_end,
	.close = close_child,
	.shutdown = shutdown_child,
};

/* ---- the protocol ---- */

struct line_session {
	size_t seen;
	bool synced;
	char sync[32]; /* the line that is waited for */
	struct stay_bytes text;
};

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const char *line = request->data;
	size_t len = strcspn(line, "\r\n");

	if (line[len] != '\0' || len == 0 || len >= LINE_MAX ||
	    strncmp(line, "sync ", 5) == 0)
		return STAY_E_ARG;
	return stay_buf_printf(out, "%s\n", line);
}

static const struct {
	const char *text;
	enum stay_frame_kind kind;
} answers[] = { { "ok", STAY_FRAME_REPLY }, { "error", STAY_FRAME_ERROR },
	{ "!", STAY_FRAME_PUSH } };

/* Until it is in step, a device says what another session has asked for. */
static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct line_session *line = stay_session_data(session);
	size_t len = stay_bytes_line(in, &line->seen);
	struct stay_bytes said = stay_bytes_until(in, "\r\n");
	struct stay_bytes word = stay_bytes_until(said, " ");

	if (len > LINE_MAX || (len == 0 && in.len > LINE_MAX))
		return stay_frame_bad("a line that is too long");
	if (len == 0)
		return stay_frame_more();
	if (!line->synced)
		return stay_bytes_is(said, line->sync)
			   ? stay_frame_reply(len, NULL)
			   : stay_frame_skip(len);
	line->text = stay_bytes_has(said, " ") ? stay_bytes_behind(said, " ")
					       : stay_bytes_of("");
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (stay_bytes_is(word, answers[i].text))
			return stay_frame_with_text(
			    stay_frame_of(answers[i].kind, len, &line->text),
			    line->text.data, line->text.len);
	return stay_frame_bad("a line that is no answer");
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct line_session *line = stay_session_data(session);
	unsigned *syncs = stay_session_keep(session);
	struct stay_buf *out = stay_session_control(session);

	line->synced = frame != NULL;
	if (frame != NULL)
		return stay_hello_up();
	snprintf(line->sync, sizeof(line->sync), "sync %d.%u", (int)getpid(),
	    ++*syncs);
	if (stay_buf_printf(out, "\n%s\n", line->sync) != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return stay_hello_retry("no memory for the greeting");
	return stay_hello_wait();
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_device_config *config = stay_session_config(session);
	const struct stay_bytes *text = frame->reply;

	if (config != NULL && config->on_event != NULL)
		config->on_event(config->arg, *text);
}

/* Which answer the next line is, nobody can know now. */
static void
on_given_up(struct stay_session *session, uint64_t tag)
{
	const char *why = "an answer is missing";

	(void)tag;
	(void)stay_session_end(session, STAY_E_NOT_READY, why, strlen(why));
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.on_given_up = on_given_up };

const struct stay_protocol line_device_protocol = {
	STAY_PROTOCOL,
	.name = "line",
	.session_size = sizeof(struct line_session),
	.keep_size = sizeof(unsigned),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = stay_retain_bytes,
	.call = &call_ops,
};

/* A loop may have the transports already. */
enum stay_status
line_device_start(struct stay_client **client, struct stay_loop *loop,
    const char *url, const struct stay_client_options *options)
{
	struct stay_client_options own = { STAY_CLIENT_OPTIONS };

	(void)!stay_loop_add_transport(loop, &line_device_serial);
	(void)!stay_loop_add_transport(loop, &line_device_child);
	if (options != NULL)
		memcpy(&own, options, options->size);
	if (own.inflight_calls_max == 0)
		own.inflight_calls_max = 1;
	return stay_client_start(
	    client, loop, &line_device_protocol, url, &own);
}

enum stay_status
line_device_ask(
    struct stay_client *client, const char *line, stay_done_fn *done, void *arg)
{
	return stay_client_call(client, line, done, arg);
}
