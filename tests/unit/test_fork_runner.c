/*
 * A runner in a child that was forked: it is the parent's. What the child leaves is
 * never freed there, so that valgrind has no look at it.
 */
#include <stay/runner.h>

#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"

static void
note(void *arg, struct stay_loop *loop)
{
	bool *done = arg;

	(void)loop;
	*done = true;
}

TEST(fork_leaves_a_runner_to_its_parent)
{
	struct stay_runner *runner;
	bool done = false;
	pid_t child;
	int state;

	ck_assert_int_eq(stay_runner_start(&runner, NULL), STAY_OK);
	child = fork();
	if (child == 0) {
		bool is_right =
		    stay_runner_do(runner, 0, note, &done) == STAY_E_FORKED &&
		    stay_runner_free(runner) == STAY_E_FORKED && !done;

		_exit(is_right ? 0 : 1);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &state, 0), child);
	ck_assert_int_eq(state, 0);
	ck_assert_int_eq(stay_runner_do(runner, 0, note, &done), STAY_OK);
	ck_assert(done);
	ck_assert_int_eq(stay_runner_free(runner), STAY_OK);
}

TEST_SUITE(fork_runner)
