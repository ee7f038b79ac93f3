/*
 * The memory of the library: counted, full of rubbish when it is given and when it is
 * given back; at times there is none. What was given back is nobody's for a while, so
 * that who writes to it is found.
 */
#include "threads/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "threads/sched.h"

#define NEW_BYTE  0xa5
#define DEAD_BYTE 0xdb

/* Only so much of a block is filled, and looked at. */
#define FILL_MAX 512

#define KEPT 512

void *__real_malloc(size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

/* In front of every block. */
struct head {
	_Alignas(16) size_t size;
	bool is_counted;
};

static size_t live;
static unsigned fails; /* one of so many; 0: none */
static struct head *kept[KEPT];
static size_t next_kept;

size_t
memory_live(void)
{
	return live;
}

void
memory_fail(unsigned one_in)
{
	fails = one_in;
}

static size_t
filled(const struct head *head)
{
	return head->size < FILL_MAX ? head->size : FILL_MAX;
}

void *
__wrap_malloc(size_t size)
{
	bool is_counted = sched_self() != 0 && sim_sparing == 0;
	struct head *head;

	if (is_counted && fails > 0 && sched_chance(fails))
		return NULL;
	head = __real_malloc(sizeof(*head) + size);
	if (head == NULL)
		abort();
	head->size = size;
	head->is_counted = is_counted;
	live += head->is_counted;
	memset(head + 1, NEW_BYTE, filled(head));
	return head + 1;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	void *block;

	if (size > 0 && count > SIZE_MAX / size)
		return NULL;
	block = __wrap_malloc(count * size);
	if (block != NULL)
		memset(block, 0, count * size);
	return block;
}

static void
end(struct head *head)
{
	const unsigned char *bytes = (const unsigned char *)(head + 1);

	for (size_t i = 0; i < filled(head); i++)
		if (bytes[i] != DEAD_BYTE)
			sched_broken("memory is written to that was freed");
	__real_free(head);
}

void
__wrap_free(void *old)
{
	struct head *head = old;
	size_t place = next_kept++ % KEPT;

	if (old == NULL)
		return;
	head--;
	live -= head->is_counted;
	memset(old, DEAD_BYTE, filled(head));
	if (kept[place] != NULL)
		end(kept[place]);
	kept[place] = head;
}

void
memory_look(void)
{
	for (size_t i = 0; i < KEPT; i++) {
		if (kept[i] != NULL)
			end(kept[i]);
		kept[i] = NULL;
	}
}

/* It always moves. */
void *
__wrap_realloc(void *old, size_t size)
{
	const struct head *head = old;
	void *block = __wrap_malloc(size);

	if (block == NULL || old == NULL)
		return block;
	head--;
	memcpy(block, old, head->size < size ? head->size : size);
	__wrap_free(old);
	return block;
}
