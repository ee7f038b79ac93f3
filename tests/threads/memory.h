/* The memory that the library has. */
#ifndef STAY_TESTS_THREADS_MEMORY_H
#define STAY_TESTS_THREADS_MEMORY_H

#include <stddef.h>

/* Blocks that the threads have, but for those of their world. */
size_t memory_live(void);
/* Whether what was freed is as it was left; ends the run if not. */
void memory_look(void);

/* From now on one allocation of so many fails; 0: none. */
void memory_fail(unsigned one_in);

#endif
