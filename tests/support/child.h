/* What a forked child finds out. */
#ifndef STAY_TESTS_CHILD_H
#define STAY_TESTS_CHILD_H

#include <stdbool.h>

/* Fork; whether `finds`, called in the child, returns true there. */
bool child_finds(bool (*finds)(void *arg), void *arg);

#endif
