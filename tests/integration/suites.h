/* One suite a subject; the list is suites.def. */
#ifndef STAY_TESTS_SUITES_H
#define STAY_TESTS_SUITES_H

#include <check.h>

#include "support/suite.h"

#define SUITE(name) Suite *suite_##name(void);
#include "suites.def"
#undef SUITE

#endif
