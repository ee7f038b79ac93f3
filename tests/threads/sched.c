/* Who runs, and when it is. */
#include "threads/sched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include "world/thread.h"

#define STACK (256 * 1024)

/* A run that takes more has no end. */
#define STEPS_MAX 4000000u

/* Steps between two whims, and how far one of them goes. */
#define WHIM     1024
#define WHIM_MAX (20 * SCHED_MS)

#define NOTES_SHOWN 40

enum state { FREE, READY, ASLEEP, ENDED };

static struct routine {
	ucontext_t at;
	sched_fn *run;
	void *arg;
	enum state state;
	const volatile void *on; /* what it sleeps on */
	uint64_t deadline;
	bool was_woken;
	/* Of a thread, while it does not run. */
	const void *runs;
	int error;
	_Alignas(16) char stack[STACK];
} routines[SCHED_ROUTINES + 1]; /* by number; the first is none */

static struct sched {
	unsigned self;
	unsigned last;    /* of all numbers */
	unsigned starved; /* whose turn comes late */
	unsigned pace;    /* points between two choices */
	uint64_t random;
	uint64_t now;
	uint64_t whims;
	uint64_t steps;
	uint64_t switches;
	uint64_t hash;
	ucontext_t home;
} sched;

static struct note {
	uint64_t now, a, b;
	const char *what;
	unsigned self;
} notes[NOTES_SHOWN];
static uint64_t noted;

FILE *sched_trace;
void (*sched_on_broken)(const char *text);

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood). */
uint64_t
sched_draw(uint64_t bound)
{
	uint64_t word = sched.random += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return (word ^ word >> 31) % bound;
}

bool
sched_chance(unsigned one_in)
{
	return sched_draw(one_in) == 0;
}

/* ---- the trace ---- */

static void
print_note(FILE *to, const struct note *note)
{
	fprintf(to,
	    "    %6" PRIu64 ".%03" PRIu64 " ms  thread %u  %s %" PRIu64
	    " %" PRIu64 "\n",
	    note->now / SCHED_MS, note->now % SCHED_MS / 1000, note->self,
	    note->what, note->a, note->b);
}

static void
stir(uint64_t word)
{
	sched.hash = (sched.hash ^ word) * UINT64_C(0x100000001b3);
	sched.hash ^= sched.hash >> 32;
}

void
sched_note(const char *what, uint64_t a, uint64_t b)
{
	struct note *note = &notes[noted++ % NOTES_SHOWN];

	*note = (struct note){ sched.now, a, b, what, sched.self };
	for (const char *at = what; *at != '\0'; at++)
		stir((unsigned char)*at);
	stir(sched.self);
	stir(sched.now);
	stir(a);
	stir(b);
	if (sched_trace != NULL)
		print_note(sched_trace, note);
}

void
sched_broken(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (uint64_t i = noted > NOTES_SHOWN ? noted - NOTES_SHOWN : 0;
	     i < noted && sched_trace == NULL; i++)
		print_note(stderr, &notes[i % NOTES_SHOWN]);
	if (sched_on_broken != NULL)
		sched_on_broken(text);
	fflush(NULL);
	_exit(1);
}

/* ---- time ---- */

static uint64_t
next_deadline(void)
{
	uint64_t next = SCHED_NEVER;

	for (unsigned i = 1; i <= sched.last; i++)
		if (routines[i].state == ASLEEP && routines[i].deadline < next)
			next = routines[i].deadline;
	return next;
}

static void
pass_until(uint64_t at)
{
	if (at > sched.now)
		sched.now = at;
	for (unsigned i = 1; i <= sched.last; i++)
		if (routines[i].state == ASLEEP &&
		    routines[i].deadline <= sched.now)
			routines[i].state = READY;
}

/* Somebody takes long, and others become due meanwhile. */
static void
have_a_whim(void)
{
	uint64_t next = next_deadline();
	uint64_t by = sched_draw(WHIM_MAX);

	if (next != SCHED_NEVER && next > sched.now + by)
		by = next - sched.now;
	if (by > WHIM_MAX)
		return;
	sched.whims += by;
	pass_until(sched.now + by);
	sched_note("whim", by, 0);
}

/* ---- who goes on ---- */

static unsigned
draw_ready(void)
{
	unsigned ready[SCHED_ROUTINES], count = 0;

	for (unsigned i = 1; i <= sched.last; i++)
		if (routines[i].state == READY)
			ready[count++] = i;
	return count == 0 ? 0 : ready[sched_draw(count)];
}

static unsigned
choose(void)
{
	unsigned next = draw_ready();

	while (next == 0) {
		uint64_t at = next_deadline();

		if (at == SCHED_NEVER)
			sched_broken("all threads wait, and none is woken");
		pass_until(at);
		next = draw_ready();
	}
	if (sched_chance(64))
		sched.starved = (unsigned)sched_draw(sched.last) + 1;
	if (next == sched.starved && !sched_chance(16))
		next = draw_ready();
	return next;
}

static void
go_on_with(unsigned next)
{
	struct routine *from = &routines[sched.self], *to = &routines[next];

	if (next == sched.self)
		return;
	from->runs = stay__thread_runs();
	from->error = errno;
	sched.self = next;
	sched.switches++;
	stay__thread_set_runs(to->runs);
	errno = to->error;
	if (from->state == ENDED)
		setcontext(&to->at);
	else
		swapcontext(&from->at, &to->at);
}

void
sched_point(const char *what)
{
	if (sched.self == 0)
		return;
	if (++sched.steps > STEPS_MAX)
		sched_broken("there is no end of it");
	sched_note(what, 0, 0);
	if (sched_chance(WHIM))
		have_a_whim();
	if (sched_chance(sched.pace))
		go_on_with(choose());
}

/* ---- sleep ---- */

bool
sched_sleep(const volatile void *on, uint64_t deadline)
{
	struct routine *self = &routines[sched.self];

	sched_note("sleeps", deadline, 0);
	self->state = ASLEEP;
	self->on = on;
	self->deadline = deadline;
	self->was_woken = false;
	pass_until(sched.now);
	go_on_with(choose());
	self->on = NULL;
	return self->was_woken;
}

void
sched_wake(const volatile void *on)
{
	for (unsigned i = 1; i <= sched.last; i++) {
		if (routines[i].state != ASLEEP || routines[i].on != on)
			continue;
		routines[i].state = READY;
		routines[i].was_woken = true;
	}
}

bool
sched_has_sleepers(const volatile void *on)
{
	for (unsigned i = 1; i <= sched.last; i++)
		if (routines[i].state == ASLEEP && routines[i].on == on)
			return true;
	return false;
}

/* ---- beginning and end ---- */

static bool
is_over(void)
{
	for (unsigned i = 1; i <= sched.last; i++)
		if (routines[i].state != ENDED)
			return false;
	return true;
}

static void
live(void)
{
	struct routine *self = &routines[sched.self];

	self->run(self->arg);
	sched_note("ends", 0, 0);
	self->state = ENDED;
	sched_wake(self);
	if (is_over())
		setcontext(&sched.home);
	go_on_with(choose());
}

unsigned
sched_spawn(sched_fn *run, void *arg)
{
	struct routine *it;

	if (sched.last == SCHED_ROUTINES)
		return 0;
	it = &routines[++sched.last];
	it->run = run;
	it->arg = arg;
	it->state = READY;
	getcontext(&it->at);
	it->at.uc_stack.ss_sp = it->stack;
	it->at.uc_stack.ss_size = sizeof(it->stack);
	it->at.uc_link = NULL;
	makecontext(&it->at, live, 0);
	sched_note("begins", sched.last, 0);
	return sched.last;
}

void
sched_join(unsigned number)
{
	while (routines[number].state != ENDED)
		(void)sched_sleep(&routines[number], SCHED_NEVER);
}

void
sched_run(uint64_t seed, sched_fn *first, void *arg)
{
	static const unsigned paces[] = { 1, 1, 2, 4, 16, 64 };

	sched = (struct sched){ .random = seed, .now = 1000 * SCHED_MS };
	sched.pace = paces[sched_draw(sizeof(paces) / sizeof(paces[0]))];
	(void)sched_spawn(first, arg);
	sched.self = 1;
	swapcontext(&sched.home, &routines[1].at);
	sched.self = 0;
	stay__thread_set_runs(NULL);
}

/* ---- asked ---- */

unsigned
sched_self(void)
{
	return sched.self;
}

uint64_t
sched_now(void)
{
	return sched.now;
}

uint64_t
sched_whims(void)
{
	return sched.whims;
}

uint64_t
sched_hash(void)
{
	return sched.hash;
}

uint64_t
sched_steps(void)
{
	return sched.steps;
}

uint64_t
sched_switches(void)
{
	return sched.switches;
}
