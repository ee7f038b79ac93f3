/*
 * Runs every scenario once for each call that can fail in it, in every mode.
 * The scenarios are shared out among processes, so that a crash or a hang is
 * seen and told, and the rest goes on.
 *
 *	torture                          all of them
 *	torture <scenario>               this one
 *	torture <scenario> <mode> <call> this run of it (mode as a number)
 */
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "scenario.h"

#define WORKERS   6
#define SILENCE_S 30
#define RESERVE   ((size_t)256 * 1024)

static const struct scenario {
	const char *name;
	const char *text;
	void (*run)(struct rig *rig);
} scenarios[] = {
#define SCENARIO(name, text) { #name, text, scenario_##name },
#include "scenarios.def"
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* Between the processes. */
static struct shared {
	atomic_size_t next;
	atomic_ulong points;
	atomic_ulong runs;
	atomic_uint violations;
	atomic_bool failed[SCENARIOS];
	struct worker {
		atomic_ulong beat;
		size_t scenario;
		enum fault_mode mode;
		unsigned long at;
	} workers[WORKERS];
} * shared;

static struct worker *me;

/* ---- one run ---- */

static unsigned
descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (folder != NULL && readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static void
live_through(const struct scenario *scenario, struct rig *rig)
{
	rig->loop = stay_loop_ev(rig->ev);
	rig_expect(rig->loop != NULL, "there is a loop");
	if (rig->loop == NULL)
		return;
	scenario->run(rig);
	rig_finish(rig);
	if (stay_loop_live(rig->loop) == 0 &&
	    stay_loop_free(rig->loop) != STAY_OK)
		fault_violation("the loop is not freed");
}

/* What it violates, or NULL; *struck: there was such a call. */
static const char *
run(const struct scenario *scenario, enum fault_mode mode, unsigned long at,
    bool *struck)
{
	static struct rig rig;
	unsigned open = descriptors();
	long live = fault_live();

	rig = (struct rig){ .ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV) };
	fault_arm(mode, at);
	live_through(scenario, &rig);
	*struck = fault_disarm();
	fault_settle();
	ev_loop_destroy(rig.ev);
	peer_end_all();
	if (fault_live() != live)
		fault_violation(
		    "%ld blocks of memory leak", fault_live() - live);
	if (descriptors() != open)
		fault_violation(
		    "%d descriptors leak", (int)descriptors() - (int)open);
	return fault_violated();
}

/* ---- all runs of a scenario ---- */

static void
tell(size_t scenario, enum fault_mode mode, unsigned long at, const char *what)
{
	atomic_store(&shared->failed[scenario], true);
	atomic_fetch_add(&shared->violations, 1);
	printf("%s: call %lu (%s) %s: %s\n"
	       "    again: torture %s %d %lu\n",
	    scenarios[scenario].name, at, fault_kind(), fault_mode_text(mode),
	    what, scenarios[scenario].name, (int)mode, at);
	fflush(stdout);
}

/* Every call in turn, till there is none of that number. */
static unsigned long
run_mode(size_t scenario, enum fault_mode mode)
{
	unsigned told = 0;
	bool struck = true;
	unsigned long at = 0;

	me->mode = mode;
	while (struck && told < 5) {
		const char *violated;

		me->at = ++at;
		atomic_fetch_add(&me->beat, 1);
		violated = run(&scenarios[scenario], mode, at, &struck);
		atomic_fetch_add(&shared->runs, 1);
		if (violated == NULL)
			continue;
		tell(scenario, mode, at, violated);
		told++;
	}
	return at - 1;
}

static void
run_scenario(size_t scenario)
{
	unsigned long points = 0;
	bool struck;
	const char *violated;

	me->scenario = scenario;
	me->mode = FAULT_NOTHING;
	me->at = 0;
	violated = run(&scenarios[scenario], FAULT_NOTHING, 0, &struck);
	if (violated != NULL)
		tell(scenario, FAULT_NOTHING, 0, violated);
	for (int mode = FAULT_FAIL_ONCE; mode < FAULT_MODE_COUNT; mode++)
		points += run_mode(scenario, (enum fault_mode)mode);
	atomic_fetch_add(&shared->points, points);
	printf("  %-24s %6lu  %s\n", scenarios[scenario].name, points,
	    scenarios[scenario].text);
	fflush(stdout);
}

/* ---- the processes ---- */

/* The library must raise none: promise 11. */
static void
on_sigpipe(int number)
{
	(void)number;
	if (!peer_is_stepping())
		fault_violation("SIGPIPE");
}

static void
prepare(void)
{
	signal(SIGPIPE, on_sigpipe);
	if (stay_loop_ev_reserve(RESERVE) != STAY_OK)
		exit(1);
}

static void
work(struct worker *worker)
{
	size_t scenario;

	me = worker;
	prepare();
	while ((scenario = atomic_fetch_add(&shared->next, 1)) < SCENARIOS)
		run_scenario(scenario);
	exit(0);
}

static pid_t
hire(struct worker *worker)
{
	pid_t pid = fork();

	if (pid == 0)
		work(worker);
	return pid;
}

static void
lost(const struct worker *worker, const char *how)
{
	char what[64];

	snprintf(what, sizeof(what), "the process %s", how);
	tell(worker->scenario, worker->mode, worker->at, what);
}

/* A worker without a sign of life has got stuck: the pid is our own child's. */
static void
look_after(pid_t *pids, unsigned long *beats, time_t *since)
{
	for (int i = 0; i < WORKERS; i++) {
		unsigned long beat = atomic_load(&shared->workers[i].beat);

		if (pids[i] <= 0)
			continue;
		if (beat != beats[i]) {
			beats[i] = beat;
			since[i] = time(NULL);
		} else if (time(NULL) - since[i] > SILENCE_S) {
			kill(pids[i], SIGKILL);
			since[i] = time(NULL);
		}
	}
}

static void
bury(pid_t pid, int status, pid_t *pids)
{
	for (int i = 0; i < WORKERS; i++) {
		if (pids[i] != pid)
			continue;
		pids[i] = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return;
		lost(&shared->workers[i], WIFSIGNALED(status)
					      ? strsignal(WTERMSIG(status))
					      : "exits");
		pids[i] = hire(&shared->workers[i]);
	}
}

static bool
any(const pid_t *pids)
{
	for (int i = 0; i < WORKERS; i++)
		if (pids[i] > 0)
			return true;
	return false;
}

static void
run_all(void)
{
	static pid_t pids[WORKERS];
	static unsigned long beats[WORKERS];
	static time_t since[WORKERS];
	const struct timespec moment = { 0, 100000000 };

	for (int i = 0; i < WORKERS; i++) {
		pids[i] = hire(&shared->workers[i]);
		since[i] = time(NULL);
	}
	while (any(pids)) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			bury(pid, status, pids);
			continue;
		}
		look_after(pids, beats, since);
		nanosleep(&moment, NULL);
	}
}

static int
summary(void)
{
	unsigned failed = 0;

	for (size_t i = 0; i < SCENARIOS; i++)
		failed += atomic_load(&shared->failed[i]);
	printf("torture: %zu scenarios, %lu calls made to fail, %lu runs, "
	       "%u violations\n%zu passed, %u failed\n",
	    SCENARIOS, atomic_load(&shared->points), atomic_load(&shared->runs),
	    atomic_load(&shared->violations), SCENARIOS - failed, failed);
	return failed > 0 ? 1 : 0;
}

/* ---- one of them ---- */

static int
run_named(int argc, char **argv)
{
	size_t scenario = 0;
	const char *violated;
	bool struck;

	while (scenario < SCENARIOS &&
	       strcmp(scenarios[scenario].name, argv[1]) != 0)
		scenario++;
	if (scenario == SCENARIOS)
		return 2;
	me = &shared->workers[0];
	prepare();
	if (argc < 4) {
		run_scenario(scenario);
		return atomic_load(&shared->failed[scenario]) ? 1 : 0;
	}
	violated = run(&scenarios[scenario],
	    (enum fault_mode)strtol(argv[2], NULL, 10),
	    strtoul(argv[3], NULL, 10), &struck);
	printf("%s %s: %s\n", argv[1],
	    struck ? fault_kind() : "has no such call",
	    violated == NULL ? "fine" : violated);
	return violated == NULL ? 0 : 1;
}

int
main(int argc, char **argv)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	if (argc > 1)
		return run_named(argc, argv);
	run_all();
	return summary();
}
