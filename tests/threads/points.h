/*
 * Where a virtual thread may make room for another: in front of every atomic operation
 * of the library. In front of its files that have any (-include), for one program of the
 * tests.
 */
#ifndef STAY_TESTS_POINTS_H
#define STAY_TESTS_POINTS_H

#include <stdatomic.h>
#include <stddef.h>

void atomic_comes(const volatile void *at, size_t size, memory_order order);
/* A comparison that may fail for no reason does so now. */
_Bool atomic_is_weak_now(void);

/* What it has done is seen at once: there is one order for all. */
#define atomic_was(at, size, order) ((void)(at))
#define ATOMIC_IS_WEAK_NOW()        atomic_is_weak_now()

#include "../support/atomics.h"

#endif
