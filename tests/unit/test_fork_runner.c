/*
 * A runner in a child that was forked: it is the parent's. What the child leaves is
 * never freed there, so that valgrind has no look at it.
 */
#include <stay/redis_remote.h>

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

	EXPECT_OK(stay_runner_start(&runner, NULL));
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
	EXPECT_OK(stay_runner_do(runner, 0, note, &done));
	ck_assert(done);
	EXPECT_OK(stay_runner_free(runner));
}

/* It never completes in the child, where a wait with STAY_FOREVER would have no end. */
TEST(fork_leaves_a_future_to_its_parent)
{
	struct stay_runner *runner;
	struct stay_remote *redis;
	struct stay_future *future;
	pid_t child;
	int state;

	EXPECT_OK(stay_runner_start(&runner, NULL));
	EXPECT_OK(stay_redis_remote_start(
	    &redis, runner, "redis://127.0.0.1:1", NULL));
	future = stay_redis_remote_future(redis, "GET a");
	child = fork();
	if (child == 0)
		_exit(stay_future_wait(future, 0) == STAY_E_FORKED &&
			      stay_remote_cancel(redis, future) ==
				  STAY_E_FORKED &&
			      stay_remote_await_change(redis, 0, 0) ==
				  STAY_E_FORKED
			  ? 0
			  : 1);
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &state, 0), child);
	ck_assert_int_eq(state, 0);
	ck_assert_int_eq(stay_future_wait(future, 0), STAY_E_TIMEOUT);
	stay_future_free(future);
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
}

TEST_SUITE(fork_runner)
