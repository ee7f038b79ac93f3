/*
 * Knows nothing of loops: the allocator is the process's, and stays with it. So it has
 * memory in tests to come, too, for libev aborts without.
 */
#include "ev_asked.h"

#include <stdlib.h>

#include <ev.h>

#include "sim/sim.h"

unsigned ev_asked;

static void *
counting(void *memory, long size)
{
	if (size == 0) {
		free(memory);
		return NULL;
	}
	ev_asked++;
	sim_sparing++;
	memory = realloc(memory, (size_t)size);
	sim_sparing--;
	return memory;
}

void
ev_asked_count(void)
{
	ev_set_allocator(counting);
}
