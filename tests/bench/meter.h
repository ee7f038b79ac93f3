/*
 * What is counted inside of a program: its allocations, and what they hold. Its
 * clock stands still, too, unless it is moved: then no deadline comes due by
 * itself, and a count comes out the same on a slow machine and a fast one.
 *
 * The linker leads malloc and its kin, and clock_gettime, of all that is linked
 * statically to meter.c; what the C library allocates for itself is not seen.
 */
#ifndef STAY_BENCH_METER_H
#define STAY_BENCH_METER_H

#include <stddef.h>
#include <stdint.h>

/* Blocks that were asked for so far; a realloc counts as one. */
uint64_t meter_allocations(void);

/* Bytes that are in use, what malloc needs for itself included. */
size_t meter_bytes(void);

void meter_pass_ms(uint64_t ms);

#endif
