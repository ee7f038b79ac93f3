/*
 * Allocations of the adapter and of the library, by their linker's grace: see the
 * options in stay-contract.pc. They are counted, so that what leaks is seen, and
 * one of them fails. What tests allocate for themselves (sim_sparing), and what
 * somebody else has allocated, is passed on.
 */
#include <stdlib.h>
#include <string.h>

#include "contract/kit.h"

#define STAY_WEAK __attribute__((weak))

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*): the linker's names */
/* Without the linker's options there are none. */
STAY_WEAK void *__real_malloc(size_t size);
STAY_WEAK void *__real_calloc(size_t count, size_t size);
STAY_WEAK void *__real_realloc(void *old, size_t size);
STAY_WEAK void __real_free(void *old);
STAY_API void *__wrap_malloc(size_t size);
STAY_API void *__wrap_calloc(size_t count, size_t size);
STAY_API void *__wrap_realloc(void *old, size_t size);
STAY_API void __wrap_free(void *old);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

/* A program's threads allocate, too. */
static _Thread_local bool counts;

struct kit_memory kit_memory;

/* ---- the blocks that are live: an open hash table, at most half full ---- */

struct block {
	void *at; /* NULL: free */
	size_t size;
};

static struct block *table;
static size_t table_size; /* a power of two */

static size_t
place_of(const void *at)
{
	return (size_t)(((uintptr_t)at >> 4) * UINT64_C(0x9e3779b97f4a7c15) >>
			20) &
	       (table_size - 1);
}

static struct block *
find(const void *at)
{
	size_t place = place_of(at);

	while (table[place].at != NULL && table[place].at != at)
		place = (place + 1) & (table_size - 1);
	return &table[place];
}

static void
grow(void)
{
	struct block *old = table;
	size_t old_size = table_size;

	table_size = old_size == 0 ? 1024 : 2 * old_size;
	table = __real_calloc(table_size, sizeof(*table));
	if (table == NULL)
		sim_die("out of memory");
	for (size_t i = 0; old != NULL && i < old_size; i++)
		if (old[i].at != NULL)
			*find(old[i].at) = old[i];
	__real_free(old);
}

static void *
enter(void *at, size_t size)
{
	if (at == NULL)
		return NULL;
	if (2 * (kit_memory.live + 1) > table_size)
		grow();
	*find(at) = (struct block){ at, size };
	kit_memory.live++;
	kit_memory.bytes += size;
	if (kit_memory.bytes > kit_memory.bytes_most)
		kit_memory.bytes_most = kit_memory.bytes;
	return at;
}

/* Those that were put behind it move up. */
static void
leave(const void *at)
{
	struct block *block = find(at);
	size_t place = (size_t)(block - table);

	if (block->at == NULL)
		return;
	kit_memory.live--;
	kit_memory.bytes -= block->size;
	block->at = NULL;
	for (;;) {
		struct block moved;

		place = (place + 1) & (table_size - 1);
		moved = table[place];
		if (moved.at == NULL)
			return;
		table[place].at = NULL;
		*find(moved.at) = moved;
	}
}

/* ---- what the program calls ---- */

static bool
is_counted(void)
{
	return counts && sim_sparing == 0;
}

static bool
fails(void)
{
	if (++kit_memory.asked != kit_memory.fail_at)
		return false;
	kit_memory.has_failed = true;
	kit_note("allocation %llu fails%s%s",
	    (unsigned long long)kit_memory.asked,
	    kit_told->slot == NULL ? "" : ", in ",
	    kit_told->slot == NULL ? "" : kit_told->slot);
	return true;
}

void *
__wrap_malloc(size_t size)
{
	if (!is_counted())
		return __real_malloc(size);
	return fails() ? NULL : enter(__real_malloc(size), size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	if (!is_counted())
		return __real_calloc(count, size);
	return fails() ? NULL : enter(__real_calloc(count, size), count * size);
}

/* It moves, so that nobody counts on the opposite. */
static void *
move(void *old, size_t size)
{
	size_t old_size = find(old)->size;
	void *block = enter(__real_malloc(size), size);

	if (block == NULL)
		return NULL;
	memcpy(block, old, old_size < size ? old_size : size);
	leave(old);
	__real_free(old);
	return block;
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (old == NULL)
		return __wrap_malloc(size);
	if (!is_counted() || find(old)->at == NULL)
		return __real_realloc(old, size);
	return fails() ? NULL : move(old, size);
}

void
__wrap_free(void *old)
{
	if (counts && old != NULL)
		leave(old);
	__real_free(old);
}

/* ---- the kit ---- */

bool
kit_memory_is_seen(void)
{
	return __real_malloc != NULL && __real_free != NULL;
}

void
kit_memory_begin(uint64_t nth)
{
	if (!kit_memory_is_seen())
		return;
	if (table == NULL)
		grow();
	memset(table, 0, table_size * sizeof(*table));
	kit_memory = (struct kit_memory){ .fail_at = nth };
	counts = true;
}

void
kit_memory_end(void)
{
	counts = false;
}
