/* A system that has no random bytes to give, from here to there. */
#ifndef STAY_TESTS_NO_ENTROPY_H
#define STAY_TESTS_NO_ENTROPY_H

#include <stdbool.h>

extern bool no_entropy;

#endif
