/*
 * A process a seed, so that a crash is a finding like any other. One that fails
 * is tried again with fewer events and fewer kinds of faults, as long as the
 * same promise breaks, and its end is shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

/* A run that takes so much processor time hangs. */
#define SECONDS_MAX 40

#define TRACE_LINES 60

/* Of smaller runs, in one process. */
#define TRIES_MAX 200

static struct verdict *verdict;

static void
share_verdict(void)
{
	if (verdict == NULL)
		verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (verdict == MAP_FAILED)
		sim_die("no memory for a verdict");
}

/* How it ended, if it has not said so itself. */
static void
judge(int status)
{
	size_t size = sizeof(verdict->text);

	if (verdict->whole || verdict->text[0] != '\0')
		return;
	if (WIFSIGNALED(status))
		snprintf(
		    verdict->text, size, "%s", strsignal(WTERMSIG(status)));
	else
		snprintf(
		    verdict->text, size, "exit status %d", WEXITSTATUS(status));
}

static void
child(uint64_t seed, uint64_t events, uint32_t faults, FILE *out, bool trace)
{
	struct rlimit limit = { SECONDS_MAX, SECONDS_MAX };

	setrlimit(RLIMIT_CPU, &limit);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (out != NULL)
		dup2(fileno(out), STDERR_FILENO);
	run_seed(verdict, seed, events, faults, trace);
	fflush(NULL);
	_exit(0);
}

/* Run it; `out` (NULL: stderr) gets what it says. */
static bool
try(uint64_t seed, uint64_t events, uint32_t faults, FILE *out, bool trace)
{
	int status;
	pid_t pid;

	share_verdict();
	memset(verdict, 0, sizeof(*verdict));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(seed, events, faults, out, trace);
	if (pid < 0)
		sim_die("cannot run a process");
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			sim_die("cannot wait for a process");
	judge(status);
	return verdict->whole;
}

/* ---- a smaller one that fails alike ---- */

/* "invariant 3", or the whole text. */
static bool
is_alike(const char *text)
{
	size_t len = strcspn(text, ":");

	return strncmp(verdict->text, text, len) == 0;
}

/* Whether it fails in the same way; only so many are tried. */
static bool
fails_alike(uint64_t seed, uint64_t events, uint32_t faults, const char *text,
    FILE *out)
{
	static unsigned tries;

	return tries++ < TRIES_MAX && !try(seed, events, faults, out, false) &&
	       is_alike(text);
}

static void
shrink(uint64_t seed, struct worker_plan *plan, const char *text, FILE *out)
{
	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		uint32_t fewer = plan->faults & ~(UINT32_C(1) << i);

		if (fewer != plan->faults &&
		    fails_alike(seed, plan->events, fewer, text, out))
			plan->faults = fewer;
	}
	for (uint64_t cut = plan->events / 2; cut > 0; cut /= 2)
		while (
		    plan->events > cut && fails_alike(seed, plan->events - cut,
					      plan->faults, text, out))
			plan->events -= cut;
}

static void
show_end(FILE *out)
{
	char line[512];
	size_t lines = 0, from;

	rewind(out);
	while (fgets(line, sizeof(line), out) != NULL)
		lines++;
	from = lines > TRACE_LINES ? lines - TRACE_LINES : 0;
	rewind(out);
	for (size_t i = 0; i < lines; i++)
		if (fgets(line, sizeof(line), out) != NULL && i >= from)
			fprintf(stdout, "    %s", line);
}

static FILE *
empty_file(FILE *old)
{
	if (old != NULL)
		fclose(old);
	old = tmpfile();
	if (old == NULL)
		sim_die("no temporary file");
	return old;
}

static void
show(uint64_t seed, const struct worker_plan *plan)
{
	struct worker_plan small = *plan;
	char text[sizeof(verdict->text)];
	FILE *out;

	memcpy(text, verdict->text, sizeof(text));
	printf("seed %" PRIu64 ": %s\n", seed, text);
	printf("  replay: make sim SEED=%" PRIu64 " EVENTS=%" PRIu64 "\n", seed,
	    plan->events);
	if (plan->quick)
		return;
	out = empty_file(NULL);
	shrink(seed, &small, text, out);
	out = empty_file(out);
	try(seed, small.events, small.faults, out, true);
	printf("  smaller: make sim SEED=%" PRIu64 " EVENTS=%" PRIu64
	       " FAULTS=%" PRIu32 ": %s\n",
	    seed, small.events, small.faults, verdict->text);
	show_end(out);
	fclose(out);
}

/* ---- figures ---- */

/* All of them are counters. */
static void
add(struct figures *to, const struct figures *from, uint64_t seed)
{
	const uint64_t *words = (const uint64_t *)(const void *)from;
	uint64_t *sums = (uint64_t *)(void *)to;
	uint64_t hash = to->hash;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sums); i++)
		sums[i] += words[i];
	to->hash = hash + (from->hash ^ seed) * UINT64_C(0x9e3779b97f4a7c15);
}

bool
worker_run(
    uint64_t seed, const struct worker_plan *plan, struct figures *figures)
{
	bool good = try(seed, plan->events, plan->faults, NULL, plan->trace);

	add(figures, &verdict->figures, seed);
	if (plan->hashes)
		printf("seed %" PRIu64 " hash %016" PRIx64 "\n", seed,
		    verdict->figures.hash);
	if (!good)
		show(seed, plan);
	return good;
}
