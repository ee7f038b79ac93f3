/*
 * examples/rate_limiter.c, as a process of its own for each question: so many may, then
 * nobody until the window is over; each has a window of his own; and without a server
 * nobody knows.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/redis_server.h"

int rate_limiter_main(int argc, char **argv);

#define main rate_limiter_main
#include "../../examples/rate_limiter.c" /* NOLINT(bugprone-suspicious-include) */
#undef main

static struct redis_server server;

/* Its exit status. */
static int
ask(const char *who, const char *limit, const char *seconds)
{
	char program[] = "rate_limiter", words[3][16];
	char *argv[] = { program, words[0], words[1], words[2], server.url,
		NULL };
	int status;
	pid_t pid;

	snprintf(words[0], sizeof(words[0]), "%s", who);
	snprintf(words[1], sizeof(words[1]), "%s", limit);
	snprintf(words[2], sizeof(words[2]), "%s", seconds);
	pid = fork();
	if (pid == 0)
		_exit(rate_limiter_main(5, argv));
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(rate_limiter_counts)
{
	ck_assert(redis_server_start(&server, NULL));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask("alice", "3", "60"), 0);
	ck_assert_int_eq(ask("alice", "3", "60"), 1);
	ck_assert_int_eq(ask("bob", "3", "60"), 0);
	ck_assert_int_eq(ask("alice", "5", "60"), 0);
	redis_server_end(&server);
}

/* The window is one for good: what comes later in it does not make it longer. */
TEST(rate_limiter_forgets_when_the_window_is_over)
{
	ck_assert(redis_server_start(&server, NULL));
	ck_assert_int_eq(ask("alice", "1", "1"), 0);
	while (ask("alice", "1", "1") == 1)
		continue;
	ck_assert_int_eq(ask("alice", "2", "60"), 0);
	redis_server_end(&server);
}

TEST(rate_limiter_does_not_know_without_a_server)
{
	ck_assert(redis_server_start(&server, NULL));
	ck_assert_int_eq(ask("alice", "1", "60"), 0);
	redis_server_kill(&server);
	ck_assert_int_eq(ask("alice", "1", "60"), 2);
	redis_server_restart(&server);
	ck_assert_int_eq(ask("alice", "1", "60"), 1);
	redis_server_end(&server);
}

TEST_SUITE_WITH(rate_limiter, .seconds = 30)
