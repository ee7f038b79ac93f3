/*
 * Promise 6 of a program that is stopped, as by a debugger or a laptop's lid: what
 * was answered in time, and lies in the kernel when it goes on, is read before the
 * clock is looked at.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_bed.h"

#define DEADLINE_MS 2000
#define ASLEEP_S    2.5

static struct answer popped;

static bool
is_sent(void *redis)
{
	return counts_of(stay_redis_client(redis)).in_flight == 1;
}

/* A program of its own: it waits for a value, says when it does, and what came. */
static void
work(int tell)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = DEADLINE_MS };
	struct stay_redis *redis;
	struct redis_rig own;
	char outcome;

	rig_open(&own);
	redis = rig_connect(&own, server.url, NULL);
	(void)stay_redis_command_with(
	    redis, &options, note_answer, &popped, "BLPOP queue 0");
	rig_until(&own, is_sent, redis, 20);
	(void)!write(tell, "s", 1);
	await_answer(&own, &popped, 10);
	outcome = (char)('0' + popped.outcome);
	(void)!write(tell, &outcome, 1);
	_exit(0);
}

static pid_t
start_worker(int *told)
{
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		work(ends[1]);
	}
	close(ends[1]);
	*told = ends[0];
	return pid;
}

TEST(promise_6_what_was_answered_while_the_program_was_stopped_is_read)
{
	struct answer pushed;
	char word = '\0';
	int told, status;
	pid_t pid = start_worker(&told);

	ck_assert_int_eq(read(told, &word, 1), 1);
	ck_assert_int_eq(word, 's');
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ask_now(&rig, admin, &pushed, "RPUSH queue value");
	ck_assert_int_eq(pushed.integer, 1);
	rig_run(&rig, ASLEEP_S);
	kill(pid, SIGCONT);
	ck_assert_int_eq(read(told, &word, 1), 1);
	ck_assert_int_eq(word, '0' + STAY_REPLIED);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(told);
}

TEST_SUITE_WITH(promises_asleep, .before = bed_open_with_admin,
    .after = bed_close, .seconds = 60)
