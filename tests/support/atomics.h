/*
 * The atomic operations of the library, seen by a test. A build that puts such a header
 * in front of every file (-include) has two functions of its own called around each of
 * them, in the files of the library as they are:
 *
 *	static void atomic_comes(volatile const void *at, size_t size, memory_order order);
 *	static void atomic_was(volatile const void *at, size_t size, memory_order order);
 *
 * To be included behind their declarations. `order` is that of what happens: of a
 * comparison that has failed, too.
 */
#ifndef STAY_TESTS_ATOMICS_H
#define STAY_TESTS_ATOMICS_H

#include <stdatomic.h>

/* Nobody else is there yet. */
#undef atomic_init
#ifdef __clang__
#define atomic_init   __c11_atomic_init
#define RAW_LOAD      __c11_atomic_load
#define RAW_STORE     __c11_atomic_store
#define RAW_EXCHANGE  __c11_atomic_exchange
#define RAW_FETCH_ADD __c11_atomic_fetch_add
#define RAW_FETCH_SUB __c11_atomic_fetch_sub
#define RAW_COMPARE   __c11_atomic_compare_exchange_strong
#else
#define atomic_init(at, value) __atomic_store_n((at), (value), __ATOMIC_RELAXED)
#define RAW_LOAD               __atomic_load_n
#define RAW_STORE              __atomic_store_n
#define RAW_EXCHANGE           __atomic_exchange_n
#define RAW_FETCH_ADD          __atomic_fetch_add
#define RAW_FETCH_SUB          __atomic_fetch_sub
#define RAW_COMPARE(at, expected, wanted, order, otherwise)                    \
	__atomic_compare_exchange_n(at, expected, wanted, 0, order, otherwise)
#endif

/* Whether a comparison that may fail for no reason does. */
#ifndef ATOMIC_IS_WEAK_NOW
#define ATOMIC_IS_WEAK_NOW() 0
#endif

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit

#define ATOMIC_SEEN(at, order, ...)                                            \
	__extension__({                                                        \
		atomic_comes((at), sizeof(*(at)), (order));                    \
		__auto_type atomic_got = __VA_ARGS__;                          \
		atomic_was((at), sizeof(*(at)), (order));                      \
		atomic_got;                                                    \
	})

#define atomic_load_explicit(at, order)                                        \
	ATOMIC_SEEN(at, order, RAW_LOAD((at), (order)))
#define atomic_exchange_explicit(at, value, order)                             \
	ATOMIC_SEEN(at, order, RAW_EXCHANGE((at), (value), (order)))
#define atomic_fetch_add_explicit(at, value, order)                            \
	ATOMIC_SEEN(at, order, RAW_FETCH_ADD((at), (value), (order)))
#define atomic_fetch_sub_explicit(at, value, order)                            \
	ATOMIC_SEEN(at, order, RAW_FETCH_SUB((at), (value), (order)))
#define atomic_store_explicit(at, value, order)                                \
	__extension__({                                                        \
		atomic_comes((at), sizeof(*(at)), (order));                    \
		RAW_STORE((at), (value), (order));                             \
		atomic_was((at), sizeof(*(at)), (order));                      \
	})
#define ATOMIC_COMPARE(at, expected, value, order, otherwise)                  \
	__extension__({                                                        \
		atomic_comes((at), sizeof(*(at)), (order));                    \
		_Bool atomic_got = RAW_COMPARE(                                \
		    (at), (expected), (value), (order), (otherwise));          \
		atomic_was(                                                    \
		    (at), sizeof(*(at)), atomic_got ? (order) : (otherwise));  \
		atomic_got;                                                    \
	})
#define atomic_compare_exchange_weak_explicit(                                 \
    at, expected, value, order, otherwise)                                     \
	(ATOMIC_IS_WEAK_NOW()                                                  \
		? (*(expected) = atomic_load_explicit(at, otherwise), 0)       \
		: ATOMIC_COMPARE(at, expected, value, order, otherwise))

#define atomic_load(at) atomic_load_explicit(at, memory_order_seq_cst)
#define atomic_store(at, value)                                                \
	atomic_store_explicit(at, value, memory_order_seq_cst)
#define atomic_exchange(at, value)                                             \
	atomic_exchange_explicit(at, value, memory_order_seq_cst)
#define atomic_fetch_add(at, value)                                            \
	atomic_fetch_add_explicit(at, value, memory_order_seq_cst)
#define atomic_fetch_sub(at, value)                                            \
	atomic_fetch_sub_explicit(at, value, memory_order_seq_cst)
#define atomic_compare_exchange_strong(at, expected, value)                    \
	ATOMIC_COMPARE(                                                        \
	    at, expected, value, memory_order_seq_cst, memory_order_seq_cst)
#define atomic_compare_exchange_weak(at, expected, value)                      \
	atomic_compare_exchange_weak_explicit(                                 \
	    at, expected, value, memory_order_seq_cst, memory_order_seq_cst)

#endif
