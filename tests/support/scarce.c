/* malloc, calloc and realloc of the tests, of which one fails; see scarce.h. */
#include "scarce.h"

#include <stddef.h>

#include "sim/sim.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* How many are to succeed, and the one that is not; 0: not armed, or over. */
static _Thread_local unsigned left;
static _Thread_local bool has_failed;
static _Thread_local bool is_drought;

static bool
fails(void)
{
	if (sim_sparing > 0)
		return false;
	if (!is_drought && (left == 0 || --left > 0))
		return false;
	has_failed = true;
	return true;
}

void
scarce_arm(unsigned nth)
{
	left = nth;
	has_failed = false;
}

void
scarce_drought(void)
{
	is_drought = true;
	has_failed = false;
}

bool
scarce_disarm(void)
{
	left = 0;
	is_drought = false;
	return has_failed;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}
