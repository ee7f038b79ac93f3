/*
 * Promise 11 with a real redis-server: a program that has done nothing about
 * SIGPIPE lives on when its server dies under its requests, and of what belongs
 * to the whole process nothing is other than before.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/descriptors.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

static struct redis_rig rig;
static struct redis_server server;

static void
begin(void)
{
	ck_assert(redis_server_start(&server, NULL));
}

static void
end(void)
{
	redis_server_end(&server);
}

static const struct stay_redis_options brisk = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 1, .cap_ms = 5 } } };

/* ---- SIGPIPE ---- */

#define ROUNDS 2

enum over { OVER_TCP, OVER_UNIX, OVER_PIPES, OVERS };

/* As of a program that has never heard of it. */
static void
make_sigpipe_deadly(void)
{
	sigset_t pipe_only;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
}

static void
ask_some(struct stay_redis *redis)
{
	static const char value[1000];

	for (int i = 0; i < 100; i++)
		EXPECT_OK(stay_redis_command(redis, NULL, NULL, "SET key:%d %b",
		    i, value, sizeof(value)));
}

/* The socket of the session has heard of the end; the library has not. */
static void
see_hangup(const struct descriptors *before)
{
	struct descriptors opened;

	descriptors_list_new(&opened, before);
	for (size_t i = 0; i < opened.count; i++) {
		struct pollfd dead = { .fd = opened.fds[i],
			.events = POLLRDHUP };

		if (!descriptor_is_socket(opened.fds[i]))
			continue;
		ck_assert_int_eq(poll(&dead, 1, 10000), 1);
		/* Over TCP it takes one write to learn that nobody reads. */
		send(opened.fds[i], "*", 1, MSG_NOSIGNAL);
	}
}

/* Requests are written while the server is there, and into a socket whose other
 * end is gone. */
static void
die_under_requests(bool over_tcp)
{
	struct descriptors before;
	struct stay_redis *redis;

	begin();
	rig_open(&rig);
	descriptors_list(&before);
	redis =
	    rig_start(&rig, over_tcp ? server.url : server.unix_url, &brisk);
	for (int i = 0; i < ROUNDS; i++) {
		redis_server_restart(&server);
		rig_until_state(&rig, redis, STAY_CONNECTED, 20);
		ask_some(redis);
		stay_loop_turn(rig.loop);
		redis_server_kill(&server);
		see_hangup(&before);
		ask_some(redis);
		rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	}
	rig_close(&rig);
	end();
}

/* A hello that nobody will ever read. */
static void
die_under_hello(void)
{
	struct stay_redis *redis;
	int in[2], out[2];
	char url[32];

	ck_assert_int_eq(pipe(in) + pipe(out), 0);
	close(out[0]);
	rig_open(&rig);
	snprintf(url, sizeof(url), "fd:%d,%d", in[0], out[1]);
	redis = rig_start(&rig, url, &brisk);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	rig_close(&rig);
	close(in[1]);
}

static void
die(int over)
{
	if (over == OVER_PIPES)
		die_under_hello();
	else
		die_under_requests(over == OVER_TCP);
}

TEST_ROWS(promise_11_a_dying_server_is_no_signal, OVERS)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		make_sigpipe_deadly();
		die(_i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* ---- what is the whole process's ---- */

#define SIGNALS 65

struct process {
	struct sigaction actions[SIGNALS];
	sigset_t mask;
	mode_t mode;
	int flags[3]; /* of the standard streams */
	char folder[256];
	char locale[256];
};

static void
look_at_process(struct process *process)
{
	memset(process, 0, sizeof(*process));
	for (int i = 1; i < SIGNALS; i++)
		sigaction(i, NULL, &process->actions[i]);
	sigprocmask(SIG_BLOCK, NULL, &process->mask);
	process->mode = umask(0);
	umask(process->mode);
	for (int fd = 0; fd < 3; fd++)
		process->flags[fd] = fcntl(fd, F_GETFL);
	ck_assert_ptr_nonnull(getcwd(process->folder, sizeof(process->folder)));
	snprintf(process->locale, sizeof(process->locale), "%s",
	    setlocale(LC_ALL, NULL));
}

/* Of a set the kernel fills in only what it knows of. */
static bool
is_same_set(const sigset_t *one, const sigset_t *other)
{
	for (int i = 1; i < SIGNALS; i++)
		if (sigismember(one, i) != sigismember(other, i))
			return false;
	return true;
}

static bool
is_same_action(const struct sigaction *one, const struct sigaction *other)
{
	return one->sa_handler == other->sa_handler &&
	       one->sa_flags == other->sa_flags &&
	       is_same_set(&one->sa_mask, &other->sa_mask);
}

static void
check_process(const struct process *before)
{
	struct process now;

	look_at_process(&now);
	for (int i = 1; i < SIGNALS; i++)
		ck_assert(is_same_action(&now.actions[i], &before->actions[i]));
	ck_assert(is_same_set(&now.mask, &before->mask));
	ck_assert_uint_eq(now.mode, before->mode);
	ck_assert_mem_eq(now.flags, before->flags, sizeof(now.flags));
	ck_assert_str_eq(now.folder, before->folder);
	ck_assert_str_eq(now.locale, before->locale);
}

/* Found by name, killed and found again, asked in numbers; and over pipes. */
static void
live(const struct process *before)
{
	struct stay_redis *redis;
	struct answer answer;
	char url[64];

	rig_open(&rig);
	snprintf(url, sizeof(url), "redis://localhost:%d", server.port);
	redis = rig_connect(&rig, url, &brisk);
	check_process(before);
	redis_server_kill(&server);
	ask_some(redis);
	rig_until_state(&rig, redis, STAY_BACKING_OFF, 20);
	check_process(before);
	redis_server_restart(&server);
	ask_now(&rig, redis, &answer, "INCRBYFLOAT number %.17g", 2.5);
	ck_assert_double_eq(answer.number, 2.5);
	check_process(before);
	rig_close(&rig);
	die_under_hello();
}

TEST(promise_11_nothing_of_the_whole_process_is_touched)
{
	struct process before;

	begin();
	make_sigpipe_deadly();
	look_at_process(&before);
	live(&before);
	check_process(&before);
	end();
}

/* ---- errno ---- */

/* It carries nothing in and nothing out: whatever stands there, calls are taken
 * and refused for reasons of their own. */
TEST(promise_11_errno_is_not_the_channel)
{
	static const int numbers[] = { 0, EAGAIN, EINTR, ENOMEM, EPIPE };
	struct stay_redis *redis, *none;
	struct answer answer;

	begin();
	rig_open(&rig);
	redis = rig_connect(&rig, server.url, &brisk);
	for (size_t i = 0; i < LEN(numbers); i++) {
		errno = numbers[i];
		ask(redis, &answer, "ECHO %d", numbers[i]);
		errno = numbers[i];
		stay_loop_turn(rig.loop);
		await_answer(&rig, &answer, 20);
		ck_assert_int_eq(answer.integer, numbers[i]);
		errno = numbers[i];
		ck_assert_int_eq(
		    stay_redis_start(&none, rig.loop, "redis://[", NULL),
		    STAY_E_URL);
	}
	check_counts(redis);
	rig_close(&rig);
	end();
}

TEST_SUITE_WITH(promises_process, .seconds = 60)
