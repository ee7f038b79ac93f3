/* How much of the heap is in use, whoever has asked for it. */
#ifndef STAY_TESTS_HEAP_H
#define STAY_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of this process, blocks mapped on their own included. What the C
 * library keeps for the next call of malloc may be among them: a few KiB. 0
 * where nobody can say. */
size_t heap_in_use(void);
/* A sanitizer keeps for a while what a thread has freed. */
bool heap_is_exact(void);

#endif
