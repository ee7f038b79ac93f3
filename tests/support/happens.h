/*
 * What helgrind and DRD cannot see of atomic operations: that they are no races, and what
 * happens before what because of them. They are told by the order that each of them
 * names, and no more: so an order that is too weak is found. In front of every file of a
 * build for these two (-include).
 */
#ifndef STAY_TESTS_HAPPENS_H
#define STAY_TESTS_HAPPENS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include <valgrind/helgrind.h>
/* In this order: so these are for both. */
#include <valgrind/drd.h>

__attribute__((unused)) static inline void
atomic_comes(const volatile void *at, size_t size, memory_order order)
{
	VALGRIND_HG_DISABLE_CHECKING(at, size);
	ANNOTATE_BENIGN_RACE_SIZED(at, size, "atomic");
	if (order == memory_order_release || order == memory_order_acq_rel ||
	    order == memory_order_seq_cst)
		ANNOTATE_HAPPENS_BEFORE(at);
}

__attribute__((unused)) static inline void
atomic_was(const volatile void *at, size_t size, memory_order order)
{
	(void)size;
	if (order == memory_order_acquire || order == memory_order_acq_rel ||
	    order == memory_order_seq_cst)
		ANNOTATE_HAPPENS_AFTER(at);
}

/* To unlock has happened, for helgrind, before glibc is done with the mutex. Who may end
 * it may also use its memory. */
__attribute__((unused)) static inline int
end_mutex(pthread_mutex_t *mutex)
{
	int error;

	VALGRIND_HG_DISABLE_CHECKING(mutex, sizeof(*mutex));
	error = pthread_mutex_destroy(mutex);
	VALGRIND_HG_ENABLE_CHECKING(mutex, sizeof(*mutex));
	return error;
}

#define pthread_mutex_destroy(mutex) end_mutex(mutex)

#include "atomics.h"

#endif
