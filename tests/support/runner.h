/* Runs suites of tests and closes with one line, "N passed, N failed". */
#ifndef STAY_TESTS_RUNNER_H
#define STAY_TESTS_RUNNER_H

#include <check.h>

struct named_suite {
	const char *name;
	Suite *(*make)(void);
};

/* Those named on the command line, or all. Returns main's exit status. */
int run_suites(
    const struct named_suite *suites, size_t count, int argc, char **argv);

#endif
