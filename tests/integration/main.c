/* The tests against real servers: every suite of suites.def, or those named as
 * arguments. */
#include "suites.h"

#include "support/runner.h"

static const struct named_suite suites[] = {
#define SUITE(name) { #name, suite_##name },
#include "suites.def"
#undef SUITE
};

int
main(int argc, char **argv)
{
	return run_suites(suites, LEN(suites), argc, argv);
}
