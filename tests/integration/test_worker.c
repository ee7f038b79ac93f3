/*
 * examples/worker.c, as a process of its own: the server is killed and started again under
 * it, and it is asked to end, or killed, in the middle of its work. Each job is done, and
 * done once.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stay/redis_future.h>

#include "suites.h"
#include "support/fault_proxy.h"
#include "support/redis_server.h"

/* A signal that comes before the worker listens for it waits until it does. */
static void
mask_ends(int how)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	ck_assert_int_eq(sigprocmask(how, &ends, NULL), 0);
}

static void
let_ends_in_and_run(struct ev_loop *ev)
{
	mask_ends(SIG_UNBLOCK);
	ev_run(ev, 0);
}

int worker_main(int argc, char **argv);

#define main            worker_main
#define ev_run(ev, how) let_ends_in_and_run(ev)
#include "../../examples/worker.c" /* NOLINT(bugprone-suspicious-include) */
#undef main
#undef ev_run

#define JOBS 200

static struct redis_server server;
static struct stay_loop *loop;
static struct stay_redis *redis;
static FILE *logged; /* what the youngest worker logs */

/* ---- a worker, and its end ---- */

static void
become_worker(const char *url, int log_end)
{
	char words[3][16] = { "worker", "jobs", "w1" }, place[96];
	char *argv[] = { words[0], words[1], words[2], place, NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	dup2(log_end, STDERR_FILENO);
	snprintf(place, sizeof(place), "%s", url);
	_exit(worker_main(4, argv));
}

static pid_t
start_worker(const char *url)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	mask_ends(SIG_BLOCK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		become_worker(url, ends[1]);
	mask_ends(SIG_UNBLOCK);
	close(ends[1]);
	if (logged != NULL)
		fclose(logged);
	logged = fdopen(ends[0], "r");
	ck_assert_ptr_nonnull(logged);
	return pid;
}

/* Its exit status; -1: a signal has killed it. */
static int
end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
terminated(pid_t pid)
{
	kill(pid, SIGTERM);
	return end_of(pid);
}

/* ---- the lists ---- */

static void
begin_with(const char *const *extra)
{
	ck_assert(redis_server_start(&server, extra));
	loop = stay_loop_alone();
	ck_assert_ptr_nonnull(loop);
	EXPECT_OK(stay_redis_start(&redis, loop, server.url, NULL));
}

static void
end_all(void)
{
	EXPECT_OK(stay_loop_close(loop, 1000));
	redis_server_end(&server);
}

static void
push(const char *job)
{
	EXPECT_OK(stay_redis_command_wait(redis, NULL, "LPUSH jobs %s", job));
}

static long
length(const char *list)
{
	struct stay_future *future;
	long len;

	EXPECT_OK(stay_redis_command_wait(redis, &future, "LLEN %s", list));
	len = (long)stay_redis_integer(stay_future_reply(future), NULL);
	stay_future_free(future);
	return len;
}

/* Wait for the next job that is done; its number behind "job-". */
static int
next_done(void)
{
	struct stay_future *future;
	const char *text;
	int number;

	EXPECT_OK(stay_redis_command_wait(
	    redis, &future, "BLMOVE jobs:done jobs:seen RIGHT LEFT 20"));
	text = strstr(stay_redis_str(stay_future_reply(future)), "job-");
	ck_assert_ptr_nonnull(text);
	number = (int)strtol(text + 4, NULL, 10);
	stay_future_free(future);
	return number;
}

/* Wait until the worker has said so. */
static void
wait_for(const char *words)
{
	char line[256];

	do
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), logged));
	while (strstr(line, words) == NULL);
}

/* ---- the tests ---- */

/* One worker after the other; whatever happens, all jobs are done in order, each once. */
TEST(worker_loses_nothing)
{
	pid_t worker_pid;
	char job[32];

	begin_with(NULL);
	for (int i = 0; i < JOBS; i++) {
		snprintf(job, sizeof(job), "1 job-%d", i);
		push(job);
	}
	worker_pid = start_worker(server.url);
	for (int i = 0; i < JOBS; i++) {
		ck_assert_int_eq(next_done(), i);
		if (i % 40 == 20) {
			redis_server_kill(&server);
			redis_server_restart(&server);
		}
		if (i % 50 == 45) {
			ck_assert_int_eq(terminated(worker_pid), 0);
			ck_assert_int_eq(length("jobs:w1"), 0);
			worker_pid = start_worker(server.url);
		}
	}
	ck_assert_int_eq(terminated(worker_pid), 0);
	ck_assert_int_eq(length("jobs") + length("jobs:w1"), 0);
	ck_assert_int_eq(length("jobs:done"), 0);
	ck_assert_int_eq(length("jobs:seen"), JOBS);
	end_all();
}

/* What it has begun is in its own list, and found there. */
TEST(worker_finds_what_it_left_when_it_was_killed)
{
	pid_t pid;

	begin_with(NULL);
	push("300 job-7");
	pid = start_worker(server.url);
	wait_for(": taken: ");
	kill(pid, SIGKILL);
	ck_assert_int_eq(end_of(pid), -1);
	ck_assert_int_eq(length("jobs:w1"), 1);
	pid = start_worker(server.url);
	ck_assert_int_eq(next_done(), 7);
	ck_assert_int_eq(terminated(pid), 0);
	end_all();
}

/* The job under way is finished, also while the server is away at the signal. */
TEST(worker_finishes_its_job_when_asked_to_end)
{
	pid_t pid;

	begin_with(NULL);
	push("300 job-1");
	push("1 job-2");
	pid = start_worker(server.url);
	wait_for(": taken: ");
	redis_server_kill(&server);
	kill(pid, SIGTERM);
	redis_server_restart(&server);
	ck_assert_int_eq(end_of(pid), 0);
	ck_assert_int_eq(next_done(), 1);
	ck_assert_int_eq(length("jobs"), 1);
	ck_assert_int_eq(length("jobs:w1"), 0);
	end_all();
}

/* It takes nothing any more once it has been asked to end. */
TEST(worker_takes_no_job_when_asked_to_end)
{
	pid_t pid;

	begin_with(NULL);
	push("1 job-1");
	pid = start_worker(server.url);
	ck_assert_int_eq(next_done(), 1);
	ck_assert_int_eq(terminated(pid), 0);
	push("1 job-2");
	ck_assert_int_eq(length("jobs"), 1);
	ck_assert_int_eq(length("jobs:w1"), 0);
	end_all();
}

/* ---- cut at each reply ---- */

/* The default one is the worker's. */
static struct ev_loop *loop_of_proxy;

static bool
is_blocked(void)
{
	struct stay_future *future;
	bool blocked;

	EXPECT_OK(stay_redis_command_wait(redis, &future, "INFO clients"));
	blocked = strstr(stay_redis_str(stay_future_reply(future)),
		      "blocked_clients:1") != NULL;
	stay_future_free(future);
	return blocked;
}

/* How many bytes have gone both ways when an idle worker begins to wait for a job. */
static void
count_until_idle(uint64_t bytes[2])
{
	struct fault_proxy proxy;
	pid_t pid;

	fault_proxy_open(&proxy, loop_of_proxy, server.port);
	pid = start_worker(proxy.url);
	while (!is_blocked())
		ev_run(loop_of_proxy, EVRUN_NOWAIT);
	kill(pid, SIGKILL);
	ck_assert_int_eq(end_of(pid), -1);
	fault_proxy_close(&proxy);
	memcpy(bytes, proxy.bytes, sizeof(proxy.bytes));
}

/* A process that runs the proxy. */
static pid_t
start_proxy(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ev_loop_fork(loop_of_proxy);
		ev_run(loop_of_proxy, 0);
		_exit(0);
	}
	return pid;
}

/* How often the worker that has ended has begun a job. */
static int
count_begun(void)
{
	char line[256];
	int begun = 0;

	while (fgets(line, sizeof(line), logged) != NULL)
		begun += strstr(line, ": taken: ") != NULL ||
			 strstr(line, ": found: ") != NULL;
	return begun;
}

/* Its first connection is cut after so many bytes of a way. */
static void
do_one_job(int number, enum fault_way way, uint64_t bytes)
{
	struct fault_proxy proxy;
	pid_t pid, proxy_pid;
	char job[32];

	snprintf(job, sizeof(job), "1 job-%d", number);
	push(job);
	fault_proxy_open(&proxy, loop_of_proxy, server.port);
	proxy.plan.after[way] = bytes;
	proxy.plan.kind = FAULT_RESET;
	proxy.plan_once = true;
	proxy_pid = start_proxy();
	pid = start_worker(proxy.url);
	ck_assert_int_eq(next_done(), number);
	ck_assert_int_eq(terminated(pid), 0);
	ck_assert_int_eq(count_begun(), 1);
	kill(proxy_pid, SIGKILL);
	ck_assert_int_eq(end_of(proxy_pid), -1);
	fault_proxy_close(&proxy);
}

/* The worker gets the job in one reply, and in the next one hears that it is out of the
 * list. Between them its connection is cut in the midst of all that is said. */
TEST(worker_does_a_job_once_wherever_it_is_cut_off)
{
	uint64_t idle[2];
	int count = 0;

	begin_with(NULL);
	loop_of_proxy = ev_loop_new(0);
	count_until_idle(idle);
	for (uint64_t more = 0; more < 60; more += 6)
		do_one_job(count++, FAULT_DOWN, idle[FAULT_DOWN] + more);
	for (uint64_t more = 0; more < 150; more += 15)
		do_one_job(count++, FAULT_UP, idle[FAULT_UP] + more);
	ck_assert_int_eq(length("jobs") + length("jobs:w1"), 0);
	ck_assert_int_eq(length("jobs:done"), 0);
	ck_assert_int_eq(length("jobs:seen"), count);
	ev_loop_destroy(loop_of_proxy);
	end_all();
}

TEST(worker_puts_a_job_that_fails_aside)
{
	pid_t pid;

	begin_with(NULL);
	push("nonsense");
	push("1 job-1");
	pid = start_worker(server.url);
	ck_assert_int_eq(next_done(), 1);
	ck_assert_int_eq(length("jobs:failed"), 1);
	ck_assert_int_eq(terminated(pid), 0);
	end_all();
}

/* A second signal does not wait for the job, which is left for the next one. */
TEST(worker_says_that_a_job_is_left)
{
	pid_t pid;

	begin_with(NULL);
	push("60000 job-1");
	pid = start_worker(server.url);
	wait_for(": taken: ");
	kill(pid, SIGTERM);
	kill(pid, SIGINT);
	ck_assert_int_eq(end_of(pid), 3);
	ck_assert_int_eq(length("jobs:w1"), 1);
	end_all();
}

TEST(worker_says_what_is_wrong)
{
	static const char *const secret[] = { "--requirepass", "word", NULL };

	ck_assert(redis_server_start(&server, secret));
	ck_assert_int_eq(end_of(start_worker("redis://host:0x10")), 1);
	ck_assert_int_eq(end_of(start_worker(server.url)), 2);
	redis_server_end(&server);
}

TEST_SUITE_WITH(worker, .seconds = 60)
