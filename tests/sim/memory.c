/*
 * The library's memory: every allocation of the program goes through here (the
 * linker sees to that), those of the library are counted and, at times, fail.
 * What is handed out and taken back is filled with rubbish, so that nothing can
 * depend on what was there before. Also the wall clock, which the library is
 * not to look at: whoever asks gets nonsense.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "run.h"

#define NEW_BYTE  0xa5
#define DEAD_BYTE 0xdb

/* Only so much of a block is filled: it is for finding faults, not for hiding.
 */
#define FILL_MAX ((size_t)512)

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
time_t __wrap_time(time_t *at);
int __wrap_gettimeofday(struct timeval *at, void *zone);
int __real_clock_gettime(clockid_t clock, struct timespec *at);
int __wrap_clock_gettime(clockid_t clock, struct timespec *at);

struct memory memory;

/* In front of every block. */
struct head {
	_Alignas(16) size_t size;
	uint64_t spared;
};

static uint64_t
chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool
fails(void)
{
	if (sim_sparing > 0 || memory.per_10000 == 0)
		return false;
	if (chance(&memory.random) % 10000 >= memory.per_10000)
		return false;
	memory.failed++;
	return true;
}

static void
fill(void *at, int byte, size_t size)
{
	memset(at, byte, size < FILL_MAX ? size : FILL_MAX);
}

static void
account(const struct head *head)
{
	if (head->spared)
		return;
	memory.live++;
	memory.bytes += head->size;
	if (memory.bytes > memory.bytes_most)
		memory.bytes_most = memory.bytes;
}

static void
discount(const struct head *head)
{
	if (head->spared)
		return;
	memory.live--;
	memory.bytes -= head->size;
}

void *
__wrap_malloc(size_t size)
{
	struct head *head;

	if (fails())
		return NULL;
	head = __real_malloc(sizeof(*head) + size);
	if (head == NULL)
		return NULL;
	head->size = size;
	head->spared = sim_sparing > 0;
	account(head);
	fill(head + 1, NEW_BYTE, size);
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

void
__wrap_free(void *old)
{
	struct head *head = old;

	if (old == NULL)
		return;
	head--;
	discount(head);
	fill(old, DEAD_BYTE, head->size);
	__real_free(head);
}

/* It always moves: nobody may count on the opposite. */
void *
__wrap_realloc(void *old, size_t size)
{
	struct head *head = old;
	void *block = __wrap_malloc(size);

	if (block == NULL || old == NULL)
		return block;
	head--;
	memcpy(block, old, head->size < size ? head->size : size);
	__wrap_free(old);
	return block;
}

/* ---- the wall clock ---- */

static time_t
wall(void)
{
	memory.asked++;
	return memory.wall_jumps ? (time_t)(chance(&memory.random) >> 32)
				 : 1000000000;
}

time_t
__wrap_time(time_t *at)
{
	time_t now = wall();

	if (at != NULL)
		*at = now;
	return now;
}

int
__wrap_gettimeofday(struct timeval *at, void *zone)
{
	(void)zone;
	*at = (struct timeval){ .tv_sec = wall() };
	return 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *at)
{
	if (the_run == NULL)
		return __real_clock_gettime(clock, at);
	*at = (struct timespec){ .tv_sec = wall() };
	return 0;
}
