/*
 * The simulation: many seeds, in two processes, and the sum of it.
 *
 *	sim [-n seeds] [-f first] [-e events] [-F faults] [-j jobs] [-s seed]
 *	    [-t] [-H] [-q] [-x]
 *
 * -q no smaller run that fails as well; -s one seed; -t with its trace; -H a
 * hash a seed; -x on and on until told to stop. The last line says how many
 * seeds passed and failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

#define JOBS_MAX   64
#define FAILED_MAX 10 /* of one process: more would say no more */

struct want {
	uint64_t first;
	uint64_t seeds;
	unsigned jobs;
	bool soak;
	struct worker_plan plan;
};

struct sum {
	uint64_t passed;
	uint64_t failed;
	struct figures figures;
};

static volatile sig_atomic_t told_to_stop;

static void
on_signal(int number)
{
	(void)number;
	told_to_stop = 1;
}

/* ---- a job: every so many-th seed ---- */

static void
run_job(const struct want *want, unsigned job, struct sum *sum)
{
	for (uint64_t i = job; (want->soak || i < want->seeds) &&
			       !told_to_stop && sum->failed < FAILED_MAX;
	     i += want->jobs) {
		if (worker_run(want->first + i, &want->plan, &sum->figures))
			sum->passed++;
		else
			sum->failed++;
	}
}

static int
start_job(const struct want *want, unsigned job)
{
	struct sum sum = { 0 };
	int ends[2];
	pid_t pid;

	fflush(NULL);
	if (pipe(ends) != 0)
		sim_die("no pipe");
	pid = fork();
	if (pid < 0)
		sim_die("cannot run a process");
	if (pid > 0) {
		close(ends[1]);
		return ends[0];
	}
	close(ends[0]);
	run_job(want, job, &sum);
	fflush(NULL);
	if (write(ends[1], &sum, sizeof(sum)) != (ssize_t)sizeof(sum))
		_exit(1);
	_exit(0);
}

static void
add(struct sum *to, const struct sum *from)
{
	const uint64_t *words = (const uint64_t *)(const void *)from;
	uint64_t *sums = (uint64_t *)(void *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sums); i++)
		sums[i] += words[i];
}

static void
collect(int end, struct sum *sum)
{
	struct sum part;
	ssize_t got;

	do
		got = read(end, &part, sizeof(part));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(part))
		add(sum, &part);
	else
		sum->failed++;
	close(end);
}

/* ---- what came of it ---- */

static void
print_faults(const struct figures *figures)
{
	printf("  faults:");
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		printf("%s %" PRIu64 " %s", i > 0 ? "," : "",
		    figures->faults[i], fault_names[i]);
	printf("\n");
}

static void
print_outcomes(const struct figures *figures)
{
	printf("  outcomes:");
	for (unsigned i = 0; i < STAY_OUTCOME_COUNT; i++)
		printf("%s %" PRIu64 " %s", i > 0 ? "," : "",
		    figures->outcomes[i],
		    stay_outcome_name((enum stay_outcome)i));
	printf("\n");
}

static void
print(const struct sum *sum, double seconds)
{
	const struct figures *f = &sum->figures;

	printf("  %" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64
	       " checks of a client, in %.1f s (%.0f events/s)\n",
	    sum->passed + sum->failed, f->events, f->checks, seconds,
	    (double)f->events / (seconds > 0 ? seconds : 1));
	printf("  %" PRIu64 " clients, %" PRIu64 " sessions, %" PRIu64
	       " reconnects after a backoff, %" PRIu64
	       " planned changes, %" PRIu64 " upgrades, %" PRIu64
	       " forks, %" PRIu64 " h of virtual time\n",
	    f->clients, f->sessions, f->reconnects, f->changes, f->upgrades,
	    f->forks, f->virtual_ms / 3600000);
	printf("  %" PRIu64 " calls accepted, %" PRIu64 " refused, %" PRIu64
	       " executed, %" PRIu64 " sent again, %" PRIu64
	       " orphans, %" PRIu64 " water marks, %" PRIu64
	       " acts inside of callbacks\n",
	    f->calls, f->refused, f->executed, f->resent, f->orphans, f->marks,
	    f->inside);
	printf("  %" PRIu64 " replies held, %" PRIu64 " times in line, %" PRIu64
	       " groups, %" PRIu64 " times a server went away,"
	       " %" PRIu64 " last frames, %" PRIu64
	       " read at the end of a stream,"
	       " %" PRIu64 " lanes drained,"
	       " %" PRIu64 " bodies in %" PRIu64 " pieces\n",
	    f->held, f->waited, f->groups, f->leaves, f->ends, f->bare,
	    f->drained, f->bodies, f->pieces);
	printf("  %" PRIu64 " pools, %" PRIu64 " changes of them, %" PRIu64
	       " leases, %" PRIu64 " told that theirs is lost, %" PRIu64
	       " looks at metrics, %" PRIu64 " stories of calls\n",
	    f->pools, f->pool_changes, f->leases, f->lost, f->metered,
	    f->stories);
	print_outcomes(f);
	print_faults(f);
	printf("  %" PRIu64 " failed allocations\n", f->failed_allocations);
	printf("  trace hash %016" PRIx64 "\n", f->hash);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", sum->passed,
	    sum->failed);
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
run_all(const struct want *want)
{
	double began = seconds_now();
	struct sum sum = { 0 };
	int ends[JOBS_MAX];

	for (unsigned i = 0; i < want->jobs; i++)
		ends[i] = start_job(want, i);
	for (unsigned i = 0; i < want->jobs; i++)
		collect(ends[i], &sum);
	while (wait(NULL) > 0)
		continue;
	print(&sum, seconds_now() - began);
	return sum.failed > 0;
}

/* ---- what to run ---- */

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "sim: %s is no number\n", text);
		exit(2);
	}
	return value;
}

static void
take_option(struct want *want, int option, const char *value)
{
	switch (option) {
	case 'n':
		want->seeds = number(value);
		return;
	case 'f':
		want->first = number(value);
		return;
	case 'e':
		want->plan.events = number(value);
		return;
	case 'F':
		want->plan.faults = (uint32_t)number(value);
		return;
	case 'j':
		want->jobs = (unsigned)number(value);
		return;
	case 's':
		want->first = number(value);
		want->seeds = 1;
		want->jobs = 1;
		return;
	case 't':
		want->plan.trace = true;
		return;
	case 'H':
		want->plan.hashes = true;
		return;
	case 'q':
		want->plan.quick = true;
		return;
	case 'x':
		want->soak = true;
		return;
	default:
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct want want = { .first = 1,
		.seeds = 2000,
		.jobs = 2,
		.plan = { .events = 10000, .faults = UINT32_MAX } };
	struct sigaction action = { .sa_handler = on_signal };
	int option;

	while ((option = getopt(argc, argv, "n:f:e:F:j:s:tHqx")) != -1)
		take_option(&want, option, optarg);
	if (want.jobs == 0 || want.jobs > JOBS_MAX)
		want.jobs = 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return run_all(&want);
}
