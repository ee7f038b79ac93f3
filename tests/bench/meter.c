/* Stands between the program and the C library; see meter.h. */
#include "meter.h"

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);
int __wrap_clock_gettime(clockid_t clock, struct timespec *at);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

#define START_MS UINT64_C(1000000000)

static uint64_t allocations;
static size_t bytes;
static uint64_t now_ms = START_MS;

/* In front of each block malloc keeps a word. */
static size_t
held_by(void *memory)
{
	return memory == NULL ? 0 : malloc_usable_size(memory) + sizeof(size_t);
}

static void *
given(void *memory)
{
	allocations++;
	bytes += held_by(memory);
	return memory;
}

void *
__wrap_malloc(size_t size)
{
	return given(__real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return given(__real_calloc(count, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	bytes -= held_by(old);
	return given(__real_realloc(old, size));
}

void
__wrap_free(void *memory)
{
	bytes -= held_by(memory);
	__real_free(memory);
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *at)
{
	(void)clock;
	at->tv_sec = (time_t)(now_ms / 1000);
	at->tv_nsec = (long)(now_ms % 1000) * 1000000;
	return 0;
}

uint64_t
meter_allocations(void)
{
	return allocations;
}

size_t
meter_bytes(void)
{
	return bytes;
}

void
meter_pass_ms(uint64_t ms)
{
	now_ms += ms;
}
