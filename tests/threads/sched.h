/*
 * Virtual threads: routines with a stack of their own, of which one runs. In front of
 * whatever the others can see it stops, and a seed chooses who goes on. Time is virtual:
 * it passes when all wait, and at times on a whim. This file knows no lock and no loop.
 */
#ifndef STAY_TESTS_SCHED_H
#define STAY_TESTS_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <stay/status.h>

#define SCHED_NEVER    UINT64_MAX
#define SCHED_MS       UINT64_C(1000000)
#define SCHED_ROUTINES 24

typedef void sched_fn(void *arg);

/* Run the first routine, and all that come of it, until the last has ended. */
void sched_run(uint64_t seed, sched_fn *first, void *arg);
/* It may run at once, or later. Returns its number, from 1; 0: there is no room. */
unsigned sched_spawn(sched_fn *run, void *arg);
void sched_join(unsigned number);
/* Who runs; 0: none of them. */
unsigned sched_self(void);

/* Somebody else may go on here. */
void sched_point(const char *what);
/* Sleep until somebody wakes those who sleep on it. False: `deadline` came first. */
bool sched_sleep(const volatile void *on, uint64_t deadline);
void sched_wake(const volatile void *on);
/* Whether anybody sleeps on it. */
bool sched_has_sleepers(const volatile void *on);

/* ns. Those of whims have passed while somebody could have run. */
uint64_t sched_now(void);
uint64_t sched_whims(void);

/* Chance: below `bound`, and one time in so many. */
uint64_t sched_draw(uint64_t bound);
bool sched_chance(unsigned one_in);

/* What happened, as the hash and the trace have it: no addresses. */
void sched_note(const char *what, uint64_t a, uint64_t b);
uint64_t sched_hash(void);
uint64_t sched_steps(void);
uint64_t sched_switches(void);
/* NULL: none. */
extern FILE *sched_trace;

/* A promise is broken: says so, with the last notes, and ends the process. */
_Noreturn void sched_broken(const char *format, ...) STAY_PRINTF(1, 2);
/* Told what was broken. */
extern void (*sched_on_broken)(const char *text);

#endif
