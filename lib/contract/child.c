/*
 * A chapter in a process of its own: an adapter may crash there, hang or leak, and
 * the parent reads in shared memory what happened.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/kit.h"

#define RUN_CPU_S  1 /* a run takes a thousandth of that */
#define STACK_SIZE ((size_t)64 << 10)

/* ---- who crashes ---- */

static void
on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	kit_told->signal = number;
	if (number == SIGSEGV || number == SIGBUS)
		kit_told->touch = kit_guard_touch(info->si_addr);
	_exit(2);
}

/* On a stack of its own, for whoever has used up the other. */
static void
catch_signals(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
		SIGVTALRM };
	static char stack[STACK_SIZE];
	stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&own, NULL);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

/* Whoever does not come back uses up processor time. */
static void
limit_time(void)
{
	struct itimerval limit = { .it_value = { .tv_sec = RUN_CPU_S } };

	setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

/* ---- the runs ---- */

static uint64_t
real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Neighbouring seeds and numbers have nothing in common. */
static uint64_t
mix(uint64_t seed, uint64_t number)
{
	uint64_t word = seed * UINT64_C(0x9e3779b97f4a7c15) + number + 1;

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return (word ^ word >> 31) | 1;
}

static void
begin(struct kit_run *run, const struct kit_order *order,
    struct kit_known *known, uint64_t number)
{
	memset(run, 0, sizeof(*run));
	run->contract = order->contract;
	run->known = known;
	run->random = mix(order->seed, number);
	run->stays = number % 2 == 0 && known->some_stay;
	kit_told->line_count = 0;
	kit_told->run = number;
	limit_time();
}

static bool
goes_on(const struct kit_order *order, enum kit_more more, uint64_t done,
    uint64_t until)
{
	bool enough = more != KIT_MORE || done >= order->count;

	if (more == KIT_ALL)
		return false;
	return !enough || (order->time_ms > 0 && real_ms() < until);
}

static void
run_chapter(const struct kit_order *order)
{
	static struct kit_run run;
	struct kit_known known = { .is_known = false };
	uint64_t until = real_ms() + order->time_ms;
	uint64_t number = order->first;
	enum kit_more more;

	kit_traces = order->traces;
	kit_is_here = order->is_here;
	begin(&run, order, &known, 0);
	kit_learn(&run);
	do {
		begin(&run, order, &known, number++);
		more = order->chapter->fn(&run, number - 1);
		kit_told->runs++;
	} while (goes_on(order, more, number - order->first, until));
	kit_forget(&run);
}

/* ---- the two processes ---- */

/* A crash is a promise that is broken. */
static void
judge(int status)
{
	const char *slot = kit_told->slot;
	const char *who =
	    slot == NULL ? "a slot of the adapter, or the library" : slot;

	if (kit_told->is_broken || status == 0)
		return;
	kit_told->is_broken = true;
	kit_told->rule = KIT_ALIVE;
	snprintf(kit_told->words, KIT_WORDS_MAX, "%s ends the program: %s", who,
	    kit_told->signal > 0 ? strsignal(kit_told->signal)
				 : "see what it has said above");
	if (kit_told->touch == KIT_TOUCH_BEHIND) {
		kit_told->rule = KIT_INPUT;
		snprintf(kit_told->words, KIT_WORDS_MAX,
		    "%s reads behind the end of its input", who);
	} else if (kit_told->touch == KIT_TOUCH_LATE) {
		kit_told->rule = KIT_MOVES;
		snprintf(kit_told->words, KIT_WORDS_MAX,
		    "%s reads input that an earlier call of decode was given",
		    who);
	} else if (kit_told->signal == SIGVTALRM) {
		kit_told->rule = KIT_TURN;
		snprintf(
		    kit_told->words, KIT_WORDS_MAX, "%s does not return", who);
	}
}

static void
share(void)
{
	if (kit_told == NULL)
		kit_told = mmap(NULL, sizeof(*kit_told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kit_told == MAP_FAILED)
		sim_die("no memory to share");
	memset(kit_told, 0, sizeof(*kit_told));
}

/* Returns its status. A program that ignores SIGCHLD waits for it, and is told none. */
static int
wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno == ECHILD)
			return kit_told->signal;
	return status;
}

void
kit_child(const struct kit_order *order)
{
	pid_t child;

	share();
	if (order->is_here) {
		run_chapter(order);
		return;
	}
	fflush(NULL);
	child = fork();
	if (child < 0)
		sim_die("no child process");
	if (child == 0) {
		catch_signals();
		run_chapter(order);
		_exit(0);
	}
	judge(wait_for(child));
}
