/*
 * A locale that writes 1,5. None may be installed, so it is made for the test:
 * of one category, with a character set as small as localedef takes one.
 */
#ifndef STAY_TESTS_COMMA_H
#define STAY_TESTS_COMMA_H

#include <stdbool.h>

/* It is LC_NUMERIC of this process from now on; false: it can't be made here,
 * and it is said that the test is skipped. */
bool comma_begin(void);
/* LC_NUMERIC is again what it was. */
void comma_end(void);

#endif
