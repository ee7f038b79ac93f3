/*
 * A locale that writes 1,5. None may be installed, so it is made for the test:
 * of one category, with a character set as small as localedef takes one.
 */
#ifndef STAY_TESTS_COMMA_H
#define STAY_TESTS_COMMA_H

#include <stdbool.h>

/* With `point` between the digits, COMMA or COMMA_OF_TWO_BYTES, it is LC_NUMERIC of this process from now on; false: it can't be made here,
 * and it is said that the test is skipped. */
#define COMMA              ","
#define COMMA_OF_TWO_BYTES "\331\253"
bool comma_begin(const char *point);
/* LC_NUMERIC is again what it was. */
void comma_end(void);

#endif
