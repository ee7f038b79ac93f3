/* The system's threads, as virtual ones. */
#ifndef STAY_TESTS_PTHREADS_H
#define STAY_TESTS_PTHREADS_H

#include <stddef.h>

/* How many mutexes, conditions and threads have begun and not ended. */
size_t pthreads_live(void);

#endif
