/*
 * Virtual threads over a runner, a process a seed.
 *
 *	threads [-n seeds] [-f first] [-j jobs] [-s seed] [-t] [-H]
 *
 * -s one seed; -t with its trace; -H a hash a seed. Each sixteenth seed runs twice, and
 * comes to the same. The last line says how many have passed and failed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "threads/play.h"
#include "threads/sched.h"

#define JOBS_MAX    16
#define FAILED_MAX  5 /* of one process: more would say no more */
#define SECONDS_MAX 10

static struct want {
	uint64_t first;
	uint64_t seeds;
	unsigned jobs;
	bool traces;
	bool hashes;
} want = { .first = 1, .seeds = 1000, .jobs = 2 };

/* What the process of a seed leaves. */
struct verdict {
	char text[256];
	bool is_whole;
	uint64_t hash;
	uint64_t steps;
	uint64_t switches;
	uint64_t calls;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
};

struct sum {
	uint64_t passed;
	uint64_t failed;
	struct verdict of_all;
};

static struct sum *sums;        /* one a job */
static struct verdict *verdict; /* of this job */

static void *
share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(2);
	return memory;
}

/* ---- a seed ---- */

static void
keep_text(const char *text)
{
	snprintf(verdict->text, sizeof(verdict->text), "%s", text);
}

static void
child(uint64_t seed)
{
	struct rlimit limit = { SECONDS_MAX, SECONDS_MAX };

	setrlimit(RLIMIT_CPU, &limit);
	sched_on_broken = keep_text;
	sched_trace = want.traces ? stdout : NULL;
	play_seed(seed);
	verdict->is_whole = true;
	verdict->hash = sched_hash();
	verdict->steps = sched_steps();
	verdict->switches = sched_switches();
	verdict->calls = play.call_count;
	memcpy(verdict->outcomes, play.outcomes, sizeof(play.outcomes));
	fflush(NULL);
	_exit(0);
}

static bool
try(uint64_t seed)
{
	int status;
	pid_t pid;

	memset(verdict, 0, sizeof(*verdict));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(seed);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			exit(2);
	if (!verdict->is_whole && verdict->text[0] == '\0')
		keep_text(WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
					      : "it has ended early");
	return verdict->is_whole;
}

static bool
is_same_again(uint64_t seed)
{
	uint64_t hash = verdict->hash;

	if (!try(seed))
		return false;
	if (verdict->hash != hash)
		keep_text("the same seed is another run");
	return verdict->hash == hash;
}

static void
add(struct verdict *to, const struct verdict *from, uint64_t seed)
{
	to->hash += (from->hash ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
	to->steps += from->steps;
	to->switches += from->switches;
	to->calls += from->calls;
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		to->outcomes[i] += from->outcomes[i];
}

static void
run_seed(uint64_t seed, struct sum *sum)
{
	bool is_good = try(seed);

	if (is_good && seed % 16 == 0)
		is_good = is_same_again(seed);
	if (!is_good)
		printf("seed %" PRIu64
		       ": %s\n  replay: make threads SEED=%" PRIu64 "\n",
		    seed, verdict->text, seed);
	else if (want.hashes)
		printf("seed %" PRIu64 " hash %016" PRIx64 "\n", seed,
		    verdict->hash);
	add(&sum->of_all, verdict, seed);
	*(is_good ? &sum->passed : &sum->failed) += 1;
}

/* ---- all seeds ---- */

static void
start_job(unsigned job)
{
	fflush(NULL);
	if (fork() != 0)
		return;
	verdict = share(sizeof(*verdict));
	for (uint64_t i = job; i < want.seeds && sums[job].failed < FAILED_MAX;
	     i += want.jobs)
		run_seed(want.first + i, &sums[job]);
	fflush(NULL);
	_exit(0);
}

static int
print(double seconds)
{
	struct sum all = { 0 };

	for (unsigned i = 0; i < want.jobs; i++) {
		all.passed += sums[i].passed;
		all.failed += sums[i].failed;
		add(&all.of_all, &sums[i].of_all, 0);
	}
	printf("  %" PRIu64 " seeds, %" PRIu64 " points, %" PRIu64
	       " switches, %" PRIu64 " calls in %.1f s\n  outcomes:",
	    all.passed + all.failed, all.of_all.steps, all.of_all.switches,
	    all.of_all.calls, seconds);
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		printf(" %" PRIu64 " %s", all.of_all.outcomes[i],
		    stay_outcome_name((enum stay_outcome)i));
	printf("\n%" PRIu64 " passed, %" PRIu64 " failed\n", all.passed,
	    all.failed);
	return all.failed > 0 || all.passed == 0;
}

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
take_option(int option, const char *value)
{
	uint64_t number = value != NULL ? strtoull(value, NULL, 0) : 0;

	if (option == 'n')
		want.seeds = number;
	else if (option == 'f')
		want.first = number;
	else if (option == 'j')
		want.jobs = number > JOBS_MAX ? JOBS_MAX : (unsigned)number;
	else if (option == 's')
		want = (struct want){ number, 1, 1, want.traces, want.hashes };
	else if (option == 't')
		want.traces = true;
	else if (option == 'H')
		want.hashes = true;
	else
		exit(2);
}

int
main(int argc, char **argv)
{
	double began = seconds_now();
	int option;

	while ((option = getopt(argc, argv, "n:f:j:s:tH")) != -1)
		take_option(option, optarg);
	if (want.jobs == 0)
		want.jobs = 1;
	sums = share(want.jobs * sizeof(*sums));
	for (unsigned i = 0; i < want.jobs; i++)
		start_job(i);
	while (wait(NULL) > 0)
		continue;
	return print(seconds_now() - began);
}
