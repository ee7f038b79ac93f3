/*
 * Counting calls and making them fail. Knows nothing of the library but that it
 * has to ask somebody; which calls there are is in points.def and wrap.c.
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "wrap.h"

#define I WRAP_INTERRUPTS
#define A WRAP_AGAIN
#define S WRAP_SHORT
#define N WRAP_NEVER_FAILS

static const struct kind {
	const char *name;
	int error;
	unsigned ways;
} kinds[] = {
#define POINT(name, error, ways) { #name, error, ways },
#include "points.def"
};

/* What a kind must be capable of to count in a mode; what then happens. */
static const struct mode {
	const char *text;
	unsigned needs;
	unsigned times; /* in a row; 0: once */
	bool kind;      /* all of its kind, from then on */
	bool all;
	enum wrap_way way;
} modes[] = {
	[FAULT_NOTHING] = { .way = WRAP_PASS },
	[FAULT_FAIL_ONCE] = { .way = WRAP_FAIL },
	[FAULT_FAIL_KIND] = { .kind = true, .way = WRAP_FAIL },
	[FAULT_FAIL_ALL] = { .all = true, .way = WRAP_FAIL },
	[FAULT_INTERRUPT] = { .needs = I, .times = 2, .way = WRAP_INTERRUPT },
	[FAULT_AGAIN_ONCE] = { .needs = A, .way = WRAP_TRY_AGAIN },
	[FAULT_AGAIN_KIND] = { .needs = A,
	    .kind = true,
	    .way = WRAP_TRY_AGAIN },
	[FAULT_SHORT_ONCE] = { .needs = S, .way = WRAP_DO_LESS },
	[FAULT_SHORT_KIND] = { .needs = S, .kind = true, .way = WRAP_DO_LESS },
};

static const char *const texts[] = {
#define MODE(name, text) text,
	FAULT_MODES
#undef MODE
};

static atomic_bool armed;
static const struct mode *mode = &modes[FAULT_NOTHING];
static unsigned long first;
static unsigned long second; /* 0: none */
static atomic_ulong count;
static atomic_int struck; /* the kind, or -1 */
static atomic_bool struck_twice;
static atomic_bool healed;
static char violation[512];
static _Thread_local unsigned spared;

void
fault_arm(enum fault_mode how, unsigned long at)
{
	mode = &modes[how];
	first = at;
	second = 0;
	violation[0] = '\0';
	atomic_store(&count, 0);
	atomic_store(&struck, -1);
	atomic_store(&struck_twice, false);
	atomic_store(&healed, false);
	wrap_reset();
	atomic_store(&armed, true);
}

void
fault_arm_pair(unsigned long at, unsigned long then)
{
	fault_arm(FAULT_FAIL_ONCE, at);
	second = then;
}

bool
fault_disarm(void)
{
	atomic_store(&armed, false);
	return fault_has_struck();
}

void
fault_heal(void)
{
	atomic_store(&healed, true);
}

void
fault_spare(bool spares)
{
	spared += spares ? 1u : -1u;
}

bool
fault_is_spared(void)
{
	return spared > 0;
}

bool
fault_is_armed(void)
{
	return atomic_load(&armed);
}

bool
fault_has_struck(void)
{
	return atomic_load(&struck) >= 0;
}

bool
fault_has_struck_twice(void)
{
	return atomic_load(&struck_twice);
}

bool
fault_has_struck_openssl(void)
{
	return atomic_load(&struck) == WRAP_openssl_memory;
}

bool
fault_may_show(void)
{
	return fault_has_struck() && mode->way != WRAP_INTERRUPT &&
	       mode->way != WRAP_DO_LESS;
}

const char *
fault_mode_text(enum fault_mode how)
{
	return texts[how];
}

const char *
fault_kind(void)
{
	int kind = atomic_load(&struck);

	return kind < 0 ? "nothing" : kinds[kind].name;
}

static bool
is_named(enum wrap_kind kind, unsigned long number)
{
	int none = -1;

	if (number < first || mode->way == WRAP_PASS)
		return false;
	if (number == first)
		atomic_compare_exchange_strong(&struck, &none, (int)kind);
	if (number == second)
		atomic_store(&struck_twice, true);
	if (mode->all || number == second)
		return true;
	if (mode->kind)
		return atomic_load(&struck) == (int)kind;
	return number <= first + mode->times;
}

enum wrap_way
wrap_point(enum wrap_kind kind)
{
	unsigned needs = mode->needs == 0 ? 0 : mode->needs;
	bool counts = needs != 0 ? (kinds[kind].ways & needs) != 0
				 : (kinds[kind].ways & N) == 0;

	if (!atomic_load(&armed) || !counts || spared > 0 ||
	    atomic_load(&healed))
		return WRAP_PASS;
	return is_named(kind, atomic_fetch_add(&count, 1) + 1) ? mode->way
							       : WRAP_PASS;
}

int
wrap_error(enum wrap_kind kind, enum wrap_way way)
{
	if (way == WRAP_INTERRUPT)
		return EINTR;
	return way == WRAP_TRY_AGAIN ? EAGAIN : kinds[kind].error;
}

bool
fault_log(void)
{
	return wrap_point(WRAP_log) == WRAP_FAIL;
}

void
fault_violation(const char *format, ...)
{
	va_list arguments;

	if (violation[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(violation, sizeof(violation), format, arguments);
	va_end(arguments);
}

const char *
fault_violated(void)
{
	return violation[0] == '\0' ? NULL : violation;
}
