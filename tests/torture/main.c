/*
 * Runs every scenario once for each call that can fail in it, in every mode.
 * The scenarios are shared out among processes, so that a crash or a hang is
 * seen and told, and the rest goes on.
 *
 *	torture                          all of them
 *	torture <scenario>               this one
 *	torture <scenario> <mode> <call> this run of it (mode as a number)
 *	torture pairs                    the chosen ones (pairs.def), once for each
 *	                                 call and each of those soon after it
 *	torture pairs <scenario>         this one
 *	torture pairs <scenario> <call> <call>
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
#define PAIRS_MAX 300 /* calls after the first that fail with it, in turn */
#define STRIDE    23
#define AGAIN     4 /* so often a run is repeated that may leak */
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

/* Those whose calls fail in pairs, too. */
static void (*const chosen[])(struct rig *rig) = {
#define PAIRS(name) scenario_##name,
#include "pairs.def"
};

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
		unsigned long then; /* 0: no pair */
	} workers[WORKERS];
} * shared;

static struct worker *me;
static bool in_pairs;

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

/* Which calls fail. */
struct plan {
	enum fault_mode mode;
	unsigned long at;
	unsigned long then; /* 0: no second */
};

static void
arm(struct plan plan)
{
	if (plan.then > 0)
		fault_arm_pair(plan.at, plan.then);
	else
		fault_arm(plan.mode, plan.at);
}

/* What it violates, or NULL; *struck: there were such calls. */
static const char *
run(const struct scenario *scenario, struct plan plan, bool *struck)
{
	static struct rig rig;
	unsigned open = descriptors();
	long live = fault_live();

	rig = (struct rig){ .ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV) };
	arm(plan);
	live_through(scenario, &rig);
	*struck =
	    fault_disarm() && (plan.then == 0 || fault_has_struck_twice());
	fault_settle();
	ev_loop_destroy(rig.ev);
	servers_end();
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
tell(size_t scenario, struct plan plan, const char *what)
{
	const char *name = scenarios[scenario].name;

	atomic_store(&shared->failed[scenario], true);
	atomic_fetch_add(&shared->violations, 1);
	if (plan.then > 0)
		printf("%s: calls %lu (%s) and %lu fail: %s\n"
		       "    again: torture pairs %s %lu %lu\n",
		    name, plan.at, fault_kind(), plan.then, what, name, plan.at,
		    plan.then);
	else
		printf("%s: call %lu (%s) %s: %s\n"
		       "    again: torture %s %d %lu\n",
		    name, plan.at, fault_kind(), fault_mode_text(plan.mode),
		    what, name, (int)plan.mode, plan.at);
	fflush(stdout);
}

/* What OpenSSL keeps for later it takes once: a leak comes every time. */
static const char *
run_for_leaks(const struct scenario *scenario, struct plan plan, bool *struck)
{
	long live = fault_openssl_live(), more = 1;
	const char *violated = run(scenario, plan, struck);
	bool again;

	for (int i = 0; violated == NULL && more > 0 && i < AGAIN; i++) {
		more = fault_openssl_live() - live;
		live += more;
		if (more > 0)
			violated = run(scenario, plan, &again);
	}
	if (violated != NULL || more <= 0)
		return violated;
	fault_violation("%ld blocks of OpenSSL's leak", more);
	return fault_violated();
}

/* A run whose violation is told. False: it had one. */
static bool
try_plan(size_t scenario, struct plan plan, bool *struck)
{
	const char *violated;

	me->mode = plan.mode;
	me->at = plan.at;
	me->then = plan.then;
	atomic_fetch_add(&me->beat, 1);
	violated = run_for_leaks(&scenarios[scenario], plan, struck);
	atomic_fetch_add(&shared->runs, 1);
	if (violated != NULL)
		tell(scenario, plan, violated);
	return violated == NULL;
}

/* OpenSSL asks for memory so often that a lack of it, which stays, is much the same
 * from one call to the next. */
static unsigned long
step(enum fault_mode mode)
{
	bool stays = mode == FAULT_FAIL_KIND || mode == FAULT_FAIL_ALL;

	return stays && fault_has_struck_openssl() ? STRIDE : 1;
}

/* Every call in turn, till there is none of that number. */
static unsigned long
run_mode(size_t scenario, enum fault_mode mode)
{
	unsigned long at = 1, points = 0;
	unsigned told = 0;
	bool struck = true;

	for (; struck && told < 5; at += step(mode)) {
		told +=
		    !try_plan(scenario, (struct plan){ mode, at, 0 }, &struck);
		points += struck;
	}
	return points;
}

/* Every call in turn, each with those that are made soon after it failed. What
 * is made is what was reached with the first failing, and nothing else. */
static unsigned long
run_pairs(size_t scenario)
{
	unsigned long pairs = 0;
	unsigned told = 0;
	bool first = true;

	for (unsigned long at = 1; first && told < 5; at++) {
		bool both = true;

		for (unsigned long then = at + 1;
		     both && told < 5 && then <= at + PAIRS_MAX; then++) {
			const struct plan plan = { FAULT_FAIL_ONCE, at, then };

			told += !try_plan(scenario, plan, &both);
			first = fault_has_struck();
			pairs += both;
		}
	}
	return pairs;
}

static unsigned long
run_modes(size_t scenario)
{
	unsigned long points = 0;
	bool struck;

	(void)try_plan(scenario, (struct plan){ FAULT_NOTHING, 0, 0 }, &struck);
	for (int mode = FAULT_FAIL_ONCE; mode < FAULT_MODE_COUNT; mode++)
		points += run_mode(scenario, (enum fault_mode)mode);
	return points;
}

static void
run_scenario(size_t scenario)
{
	unsigned long points;

	me->scenario = scenario;
	points = in_pairs ? run_pairs(scenario) : run_modes(scenario);
	atomic_fetch_add(&shared->points, points);
	printf("  %-24s %6lu  %s\n", scenarios[scenario].name, points,
	    scenarios[scenario].text);
	fflush(stdout);
}

static bool
is_chosen(size_t scenario)
{
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
		if (chosen[i] == scenarios[scenario].run)
			return true;
	return false;
}

/* ---- the processes ---- */

/* The library must raise none: promise 11. */
static void
on_sigpipe(int number)
{
	(void)number;
	if (!fault_is_spared())
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
		if (!in_pairs || is_chosen(scenario))
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
	const struct plan plan = { worker->mode, worker->at, worker->then };
	char what[64];

	snprintf(what, sizeof(what), "the process %s", how);
	tell(worker->scenario, plan, what);
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
	size_t count =
	    in_pairs ? sizeof(chosen) / sizeof(chosen[0]) : SCENARIOS;

	for (size_t i = 0; i < SCENARIOS; i++)
		failed += atomic_load(&shared->failed[i]);
	printf("torture: %zu scenarios, %lu %s made to fail, %lu runs, "
	       "%u violations\n%zu passed, %u failed\n",
	    count, atomic_load(&shared->points), in_pairs ? "pairs" : "calls",
	    atomic_load(&shared->runs), atomic_load(&shared->violations),
	    count - failed, failed);
	return failed > 0 ? 1 : 0;
}

/* ---- one of them ---- */

/* The numbers behind the scenario: mode and call, or two calls. */
static struct plan
plan_of(char **numbers)
{
	unsigned long one = strtoul(numbers[0], NULL, 10);
	unsigned long two = strtoul(numbers[1], NULL, 10);

	if (in_pairs)
		return (struct plan){ FAULT_FAIL_ONCE, one, two };
	return (struct plan){ (enum fault_mode)one, two, 0 };
}

static int
run_named(int count, char **words)
{
	size_t scenario = 0;
	const char *violated;
	bool struck;

	while (scenario < SCENARIOS &&
	       strcmp(scenarios[scenario].name, words[0]) != 0)
		scenario++;
	if (scenario == SCENARIOS)
		return 2;
	me = &shared->workers[0];
	prepare();
	if (count < 3) {
		run_scenario(scenario);
		return atomic_load(&shared->failed[scenario]) ? 1 : 0;
	}
	(void)run(&scenarios[scenario], (struct plan){ 0 }, &struck);
	violated =
	    run_for_leaks(&scenarios[scenario], plan_of(words + 1), &struck);
	printf("%s %s: %s\n", words[0],
	    struck ? fault_kind() : "has no such call",
	    violated == NULL ? "fine" : violated);
	return violated == NULL ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (!fault_openssl_begin())
		return 2;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	in_pairs = argc > 1 && strcmp(argv[1], "pairs") == 0;
	if (argc > 1 + in_pairs)
		return run_named(argc - 1 - in_pairs, argv + 1 + in_pairs);
	run_all();
	return summary();
}
