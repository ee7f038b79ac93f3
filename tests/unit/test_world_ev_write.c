/* Bytes to sockets and pipes, and the signal that nobody shall see. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "suites.h"
#include "support/failing.h"
#include "support/world_bed.h"
#include "world/ev_socket.h"

static volatile sig_atomic_t signals;

static void
on_sigpipe(int number)
{
	(void)number;
	signals++;
}

static int
sigpipe_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return pthread_sigmask(how, &set, NULL);
}

/* How many came, and what would become of the next one. */
static const char *
sigpipe(const char *word)
{
	static char text[32];
	sigset_t mask, pending;

	(void)word;
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	ck_assert_int_eq(sigpending(&pending), 0);
	snprintf(text, sizeof(text), "%d%s%s", (int)signals,
	    sigismember(&mask, SIGPIPE) == 1 ? " blocked" : "",
	    sigismember(&pending, SIGPIPE) == 1 ? " pending" : "");
	return text;
}

static const char *
pipe_of(const char *word)
{
	int fds[2];

	(void)word;
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	here.fd = fds[0];
	here.other = fds[1];
	return "ok";
}

VERB(block, bed_result(sigpipe_mask(SIG_BLOCK)))
VERB(unblock, bed_result(sigpipe_mask(SIG_UNBLOCK)))
VERB(raise_it, bed_result(raise(SIGPIPE)))

static const struct verb verbs[] = { { "pipe", pipe_of }, { "block", block },
	{ "unblock", unblock }, { "raise", raise_it }, { "sigpipe", sigpipe },
	{ NULL, NULL } };

TEST(world_ev_reads_and_writes_a_pipe)
{
	bed_play("pipe; read = EAGAIN; swap; put; put abc; hang; swap;"
		 "read = abc; read = end",
	    verbs);
}

/* What was blocked stays blocked, what was pending stays pending. */
static const char *const breaks[] = {
	"pair; swap; hang; swap; put abc = EPIPE; sigpipe = 0",
	"pipe; hang; swap; put abc = EPIPE; sigpipe = 0",
	("pipe; hang; swap; block; put abc = EPIPE; sigpipe = 0 blocked;"
	 " raise; put; put abc = EPIPE; sigpipe = 0 blocked pending;"
	 " unblock; sigpipe = 1"),
};

TEST_ROWS(promise_11_no_sigpipe_of_ours, 3)
{
	const struct sigaction count = { .sa_handler = on_sigpipe };
	struct sigaction previous;

	signals = 0;
	ck_assert_int_eq(sigaction(SIGPIPE, &count, &previous), 0);
	bed_play(breaks[_i], verbs);
	ck_assert_int_eq(sigaction(SIGPIPE, &previous, NULL), 0);
}

/* As if a signal came, which ends no call for good and writes nothing twice. */
static const struct {
	enum failing call;
	const char *script;
} interrupted[] = {
	{ FAILING_sendmsg, "put abc; swap; read = abc; read = EAGAIN" },
	{ FAILING_sendmsg, "put; swap; read = EAGAIN" },
	{ FAILING_sendmsg, "swap; hang; swap; put abc = EPIPE; sigpipe = 0" },
	{ FAILING_sigtimedwait,
	    "hang; pipe; hang; swap; put abc = EPIPE; sigpipe = 0" },
};

TEST_ROWS(world_ev_write_that_is_interrupted, 4)
{
	const struct sigaction count = { .sa_handler = on_sigpipe };
	struct sigaction previous;

	signals = 0;
	ck_assert_int_eq(sigaction(SIGPIPE, &count, &previous), 0);
	bed_play("pair", NULL);
	failing_arm(interrupted[_i].call, 1, EINTR);
	bed_play(interrupted[_i].script, verbs);
	ck_assert(failing_disarm());
	ck_assert_int_eq(sigaction(SIGPIPE, &previous, NULL), 0);
}

/* Whether one is pending nobody can say: none of ours is, all the same. */
TEST(promise_11_no_sigpipe_of_ours_when_the_system_says_nothing)
{
	const struct sigaction count = { .sa_handler = on_sigpipe };
	struct sigaction previous;

	signals = 0;
	ck_assert_int_eq(sigaction(SIGPIPE, &count, &previous), 0);
	failing_arm(FAILING_sigpending, 1, EFAULT);
	bed_play("pipe; hang; swap; put abc = EPIPE; sigpipe = 0", verbs);
	ck_assert(failing_disarm());
	ck_assert_int_eq(sigaction(SIGPIPE, &previous, NULL), 0);
}

TEST_ROWS(world_ev_write_takes_any_number_of_parts, 2)
{
	static struct iovec parts[IOV_MAX + 100];
	char x = 'x';

	for (int i = 0; i < IOV_MAX + 100; i++)
		parts[i] = (struct iovec){ &x, 1 };
	bed_play(_i == 0 ? "pair" : "pipe; swap", verbs);
	ck_assert_int_eq(
	    stay__socket_write(here.fd, parts, IOV_MAX + 100), IOV_MAX);
}

TEST_SUITE_WITH(world_ev_write, .before = bed_begin_ev, .after = bed_end)
