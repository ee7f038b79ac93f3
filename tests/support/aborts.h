/* Whether something is caught by an assertion. */
#ifndef STAY_TESTS_ABORTS_H
#define STAY_TESTS_ABORTS_H

#include <stdbool.h>

/* Run in a process of its own, without a core file and without a word. */
bool aborts(void (*run)(void));

#endif
