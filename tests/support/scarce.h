/*
 * A system that is short of memory: one allocation of this thread fails, and
 * what a test's own world needs is spared. While it is armed a test asserts by
 * EXPECT only, for the test framework allocates too.
 */
#ifndef STAY_TESTS_SCARCE_H
#define STAY_TESTS_SCARCE_H

#include <stdbool.h>

/* The `nth` allocation from here on fails, once, counted from 1. */
void scarce_arm(unsigned nth);

/* From here on each one fails. */
void scarce_drought(void);

/* No more of that; whether one has failed. */
bool scarce_disarm(void);

/* So many blocks more were taken than given back, by all threads. */
long scarce_blocks(void);
/* By this one, whatever the others do meanwhile. */
long scarce_blocks_here(void);
/* For free of the tests. */
void scarce_given_back(void);

#endif
