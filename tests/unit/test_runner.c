/* A runner: threads that run loops, jobs for them, and their end. */
#include <stay/runner.h>

#include <pthread.h>

#include "suites.h"
#include "support/failing.h"
#include "support/line_protocol.h"
#include "support/scarce.h"

static struct stay_runner *runner;

static void
begin(uint64_t loops)
{
	const struct stay_runner_options options = { STAY_RUNNER_OPTIONS,
		.loops = loops };

	EXPECT_OK(stay_runner_start(&runner, &options));
}

static void
end(void)
{
	EXPECT_OK(stay_runner_free(runner));
}

/* ---- jobs ---- */

struct seen {
	pthread_t thread;
	struct stay_loop *loop;
	bool is_here;
	enum stay_status does, frees;
};

static void
look(void *arg, struct stay_loop *loop)
{
	struct seen *seen = arg;

	seen->thread = pthread_self();
	seen->loop = loop;
	seen->is_here = stay_runner_is_here();
	seen->does = stay_runner_do(runner, 0, look, arg);
	seen->frees = stay_runner_free(runner);
	ck_assert(stay_loop_is_busy(loop));
	ck_assert_uint_eq(stay_loop_live(loop), 0);
}

TEST(runner_does_a_job_on_the_loop_that_is_named)
{
	struct seen seen[3];

	begin(3);
	ck_assert_uint_eq(stay_runner_loops(runner), 3);
	ck_assert(!stay_runner_is_here());
	for (size_t i = 0; i < 3; i++) {
		EXPECT_OK(stay_runner_do(runner, i, look, &seen[i]));
		ck_assert(seen[i].is_here);
		ck_assert_int_eq(seen[i].does, STAY_E_REENTRANT);
		ck_assert_int_eq(seen[i].frees, STAY_E_REENTRANT);
		ck_assert(!pthread_equal(seen[i].thread, pthread_self()));
		for (size_t k = 0; k < i; k++) {
			ck_assert_ptr_ne(seen[i].loop, seen[k].loop);
			ck_assert(
			    !pthread_equal(seen[i].thread, seen[k].thread));
		}
	}
	ck_assert_int_eq(stay_runner_do(runner, 3, look, seen), STAY_E_ARG);
	ck_assert_int_eq(stay_runner_do(runner, 0, NULL, seen), STAY_E_ARG);
	end();
}

static void
count(void *arg, struct stay_loop *loop)
{
	unsigned *done = arg;

	(void)loop;
	++*done;
}

TEST(runner_does_nothing_more_when_it_is_stopped)
{
	unsigned done = 0;

	begin(2);
	EXPECT_OK(stay_runner_do(runner, 0, count, &done));
	stay_runner_stop(runner);
	stay_runner_stop(runner);
	while (stay_runner_do(runner, 1, count, &done) == STAY_OK)
		continue;
	ck_assert_int_eq(
	    stay_runner_do(runner, 1, count, &done), STAY_E_STOPPED);
	ck_assert_uint_ge(done, 1);
	end();
	EXPECT_OK(stay_runner_free(NULL));
}

static void
stop_here(void *arg, struct stay_loop *loop)
{
	(void)arg;
	(void)loop;
	stay_runner_stop(runner);
}

TEST(runner_is_stopped_from_inside)
{
	begin(2);
	EXPECT_OK(stay_runner_do(runner, 0, stop_here, NULL));
	end();
}

static pthread_barrier_t about_to_stop;

static void
stop_when_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	(void)reason;
	pthread_barrier_wait(&about_to_stop);
	stay_runner_stop(runner);
}

/* A thread may tell the others to end while they are waited for. */
TEST(runner_is_stopped_while_it_is_freed)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_closed = stop_when_closed };
	struct stay_remote *remote;
	int made = failing_made();

	pthread_barrier_init(&about_to_stop, NULL, 2);
	for (int i = 0; i < 20; i++) {
		begin(3);
		EXPECT_OK(stay_remote_start(&remote, runner,
		    &line_bare_protocol, "line://127.0.0.1:1", &options));
		stay_remote_free(remote);
		pthread_barrier_wait(&about_to_stop);
		end();
	}
	pthread_barrier_destroy(&about_to_stop);
	ck_assert_int_eq(failing_made(), made);
}

/* ---- options ---- */

TEST(runner_has_bounds)
{
	struct stay_runner_options options = { STAY_RUNNER_OPTIONS,
		.loops = 1025 };

	ck_assert_int_eq(stay_runner_start(&runner, &options), STAY_E_ARG);
	ck_assert_ptr_null(runner);
	options.loops = 0;
	options.full = (enum stay_inbox_full)2;
	ck_assert_int_eq(stay_runner_start(&runner, &options), STAY_E_ARG);
	options.size++;
	ck_assert_int_eq(stay_runner_start(&runner, &options), STAY_E_ABI);
	EXPECT_OK(stay_runner_start(&runner, NULL));
	ck_assert_uint_eq(stay_runner_loops(runner), 1);
	end();
}

/* Whatever is missing, nothing is left behind. */
TEST(runner_needs_memory)
{
	const struct stay_runner_options options = { STAY_RUNNER_OPTIONS,
		.loops = 2 };
	enum stay_status status;
	unsigned failed = 0;

	do {
		scarce_arm(++failed);
		status = stay_runner_start(&runner, &options);
		if (!scarce_disarm())
			break;
		ck_assert_int_eq(status, STAY_E_NOMEM);
		ck_assert_ptr_null(runner);
	} while (true);
	EXPECT_OK(status);
	ck_assert_uint_gt(failed, 5);
	end();
}

TEST_SUITE(runner)
