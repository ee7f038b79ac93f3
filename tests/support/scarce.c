/* malloc, calloc and realloc of the tests, of which one fails; see scarce.h. */
#include "scarce.h"

#include <stdatomic.h>
#include <stddef.h>

#include "sim/sim.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

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

/* ---- what is in use ---- */

static atomic_long blocks;
static _Thread_local long blocks_here;

static void *
taken(void *block)
{
	blocks += block != NULL;
	blocks_here += block != NULL;
	return block;
}

long
scarce_blocks(void)
{
	return blocks;
}

long
scarce_blocks_here(void)
{
	return blocks_here;
}

void
scarce_given_back(void)
{
	blocks--;
	blocks_here--;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : taken(__real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : taken(__real_calloc(count, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	return old != NULL ? __real_realloc(old, size)
			   : taken(__real_realloc(NULL, size));
}

char *
__wrap_strdup(const char *text)
{
	return fails() ? NULL : taken(__real_strdup(text));
}
